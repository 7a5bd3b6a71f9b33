"""The pages translate: each rule is tested elsewhere, here only that it reaches the reader, and a stranger nothing."""

import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.utils import timezone

from directory.models import Entry, SyncRun
from directory.typography import of
from mailboxes.lifecycle import BECAUSE, EXPOSED, RequestStage, State, Verb
from mailboxes.lists.models import SavedView
from mailboxes.models import AccessTrace, Affiliation, Bal, Cotitulaire, Delegataire, Notice, Person

pytestmark = pytest.mark.sqlite_run


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


def errors_of(answer):
    return [error for errors in answer.context["form"].errors.values() for error in errors]


# --- Who gets in ------------------------------------------------------------------------------------------------------
OF_A_BAL = [
    ("bal", ()),
    ("bal-chain", ()),
    ("bal-journal", ()),
    ("bal-notices", ()),
    ("bal-ask-use", ()),
    ("bal-ask-deletion", ()),
    ("bal-alias", ()),
    ("bal-migration", ()),
    ("bal-edit", ()),
    ("bal-correct", ()),
    ("bal-access", ()),
    ("bal-space", ()),
    *[("bal-verb", (verb,)) for verb in EXPOSED],
    ("bal-depublish", ()),
    ("bal-holder-add", ()),
    ("bal-principal-name", ()),
    ("bal-delegate", ()),
    ("bal-declare-use", ()),
    ("bal-kit", ()),
    ("bal-kit-zip", ()),
    ("bal-kit-piece", ("lettre", "pdf")),
    ("bal-anomaly", ()),
    ("bal-applicative", ()),
    ("bal-secret", ()),
    ("bal-reply", ()),
    ("bal-reply-end", ()),
]
ALONE = [
    "dashboard",
    "my-bals",
    "bal-list",
    "bal-export",
    "bal-new",
    "person-new",
    "person-suggest",
    "costs",
    "operators",
]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "rest"), OF_A_BAL, ids=lambda value: str(value))
def test_a_stranger_gets_404(client, people, org, name, rest, method):
    client.force_login(people.eve.user)
    assert getattr(client, method)(reverse(name, args=[org.pk, *rest])).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["bal-holder-remove", "bal-principal-transfer"])
def test_a_stranger_gets_404_on_a_holder(client, people, org, name, method):
    client.force_login(people.eve.user)
    assert getattr(client, method)(reverse(name, args=[org.pk, people.bruno.pk])).status_code == 404


@pytest.mark.parametrize("name", ["delegation-end", "delegation-take-over", "delegation-ask", "delegation-extend"])
def test_a_stranger_gets_404_on_a_delegation(visit, people, org, name):
    assert visit(people.eve, name, org.delegataires.get().pk, post={}).status_code == 404


@pytest.mark.parametrize("name", ALONE)
def test_a_visitor_is_sent_to_log_in(client, db, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


def test_every_url_of_a_bal_stands_in_the_matrix(org):
    listed = {name for name, _ in OF_A_BAL} | {"bal-holder-remove", "bal-principal-transfer"}
    listed |= {"delegation-end", "delegation-take-over", "delegation-ask", "delegation-extend", "bal-access-object"}
    names = [name for name in get_resolver().reverse_dict if isinstance(name, str)]
    paths = {name: path for name in names for path, _ in get_resolver().reverse_dict.getlist(name)[0][0]}
    of_a_bal = {name for name, path in paths.items() if path.startswith(("bal/%(pk)s", "delegations/%(pk)s"))}
    assert of_a_bal == listed


# --- The dashboard ----------------------------------------------------------------------------------------------------
def test_the_dashboard_counts_the_findings_and_links_to_them(visit, people, make_bal):
    make_bal("ORG", percent_full=97)
    page = visit(people.gisele, "dashboard").content.decode()
    assert reverse("finding", args=["orpheline"]) in page
    assert reverse("finding", args=["pleine"]) in page


def test_the_dashboard_says_when_the_annuaire_was_never_loaded_and_when_it_is_stale(visit, people, org):
    assert "n’a pas encore été chargé" in visit(people.gisele, "dashboard").content.decode()
    SyncRun.objects.create(status="applied", source="extraction", generated_at=timezone.now() - timedelta(9))
    assert "trop ancien" in visit(people.gisele, "dashboard").content.decode()


def test_a_gestionnaire_without_bal_is_told_to_register_one(visit, people):
    assert reverse("bal-new") in visit(people.gisele, "dashboard").content.decode()
    assert reverse("bal-new") not in visit(people.lea, "dashboard").content.decode()


def test_who_follows_no_structure_lands_on_their_own_bal(visit, people, per):
    assert visit(people.paul, "dashboard").url == reverse("my-bals")


# --- One BAL ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("page", "where"),
    [
        ("dashboard", ["À traiter"]),
        ("bal", ["BAL", "Toutes les BAL"]),
        ("gap-list", ["Annuaire", "Écarts"]),
        ("request-list", ["Opérateurs", "Demandes"]),
        ("software-list", ["Réglages", "Logiciels et clés"]),
    ],
)
def test_the_menu_marks_where_one_stands(visit, people, org, page, where):
    answer = visit(people.gisele, page, *([org.pk] if page == "bal" else []))

    current = re.findall(r'aria-current="[a-z]+">\s*<svg.*?</svg>\s*([^<]+?)\s*<', menu_of(answer), re.DOTALL)
    assert current == where


def menu_of(answer):
    return re.search(r'<nav class="app-nav.*?</nav>', answer.text, re.DOTALL)[0]


def test_who_follows_no_structure_has_a_short_menu(visit, people, per):
    answer = visit(people.alice, "my-bals")

    pages = [reverse(name) for name in ("directory:search", "directory:check", "my-bals")]
    assert re.findall(r'<a href="([^"]*)"', menu_of(answer)) == pages


def test_the_menu_is_drawn_anew_for_each_place_and_each_view_that_is_pinned(visit, people, org):
    def pinned(person):
        return re.findall(r"Vue [a-z]+", menu_of(visit(person, "bal-list")))

    assert pinned(people.gisele) == []
    view = SavedView.objects.create(owner=people.gisele.user, listing="bals", title="Vue une", query="state=active")
    view.pinned_by.add(people.gisele.user)
    assert pinned(people.gisele) == ["Vue une"]
    SavedView.objects.filter(pk=view.pk).update(title="Vue deux")
    assert pinned(people.gisele) == ["Vue deux"]
    assert pinned(people.lea) == []
    view.delete()
    assert pinned(people.gisele) == []


def test_the_page_offers_what_the_rules_allow_and_nothing_else(visit, people, org):
    page = visit(people.alice, "bal", org.pk).content.decode()
    assert reverse("bal-verb", args=[org.pk, "request_depublication"]) in page
    assert reverse("bal-holder-remove", args=[org.pk, people.bruno.pk]) in page
    page = visit(people.bruno, "bal", org.pk).content.decode()
    assert reverse("bal-verb", args=[org.pk, "request_depublication"]) not in page
    assert reverse("bal-holder-remove", args=[org.pk, people.bruno.pk]) in page, "bruno may leave"
    assert reverse("bal-principal-transfer", args=[org.pk, people.bruno.pk]) not in page


def test_an_absence_is_never_called_a_deletion(visit, people, org, app):
    page = visit(people.gisele, "bal", org.pk).content.decode()
    assert "absente de l’annuaire public (supprimée, non publiée ou en liste rouge)" in page
    assert "jamais attendue à l’annuaire public" in visit(people.gisele, "bal", app.pk).content.decode()


def test_what_differs_from_the_annuaire_is_marked_but_not_capitals_and_accents(visit, people, org):
    Bal.objects.filter(pk=org.pk).update(service="Cardiologie")
    now = timezone.now()
    facts = {"first_seen_at": now, "changed_at": now, "structure_name": "C.H.U.", "structure_id": "010000002"}
    entry = Entry.objects.create(source="extraction", address=org.address, kind="ORG", service="CARDIOLOGIE", **facts)
    lines = {line.label: line.differs for line in visit(people.gisele, "bal", org.pk).context["comparison"]}
    assert lines == {
        "Type": False,
        "Service de rattachement": False,
        "Identifiant de la structure": False,
        "Nom de la structure": True,
    }
    Entry.objects.filter(pk=entry.pk).update(withdrawn_at=now)
    assert "Elle y figurait encore" in visit(people.gisele, "bal", org.pk).content.decode()


def test_the_page_says_which_source_said_what_and_that_an_operator_s_own_proves_no_publication(visit, people, org):
    facts = {"address": org.address, "kind": "ORG", "first_seen_at": timezone.now(), "changed_at": timezone.now()}
    Entry.objects.create(source="ldap", service="Accueil", **facts)
    page = visit(people.gisele, "bal", org.pk).content.decode()
    assert "Seul l’annuaire de l’opérateur la connaît" in page
    assert "absente de l’annuaire public" in page
    assert "Accueil" in page
    assert Bal.objects.with_publication().get(pk=org.pk).is_published is False

    Entry.objects.create(source="fhir", **facts)
    page = visit(people.gisele, "bal", org.pk).content.decode()
    assert "absente de l’annuaire public" not in page
    assert "selon fhir" in page
    assert "selon ldap" in page
    assert Bal.objects.with_publication().get(pk=org.pk).is_published is True


def test_a_delegataire_does_not_read_the_history(visit, people, org):
    assert visit(people.delphine, "bal", org.pk).context["can_read_history"] is False
    assert visit(people.delphine, "bal-journal", org.pk).status_code == 403
    assert not AccessTrace.objects.exists()


def test_who_reads_the_journal_is_written_down(visit, people, org):
    assert visit(people.lea, "bal-journal", org.pk).status_code == 200
    trace = AccessTrace.objects.get()
    assert (trace.user, trace.what, trace.target) == (people.lea.user, "journal", org.address)


# --- The verbs --------------------------------------------------------------------------------------------------------
def test_a_verb_is_confirmed_with_its_motif(visit, people, org):
    Bal.objects.filter(pk=org.pk).update(state=State.DEPUBLICATION_REQUESTED)
    assert visit(people.gisele, "bal-verb", org.pk, "cancel_depublication").status_code == 200
    org.refresh_from_db()
    assert org.state == State.DEPUBLICATION_REQUESTED, "looking changes nothing"
    answer = visit(people.gisele, "bal-verb", org.pk, "cancel_depublication", post={"note": "Doublon"}, follow=True)
    org.refresh_from_db()
    assert org.state == State.ACTIVE
    assert org.journal.get(what="cancel_depublication").note == "Doublon"
    assert said(answer) == ["C’est enregistré. État de la BAL : active."]


def test_what_the_operator_has_to_do_is_not_said_to_be_done(visit, people, org):
    named = {"person": "Paul EXEMPLE"}
    answer = visit(people.alice, "bal-holder-add", org.pk, post=named, follow=True)
    assert said(answer) == [
        f"Paul EXEMPLE est cotitulaire au registre. L’opérateur ({org.operator}) est prié d’ouvrir l’accès."
    ]
    lent = {**named, "can_read": "on", "is_endless": "on", "reason": "Remplacement"}
    Person.objects.filter(pk=people.lea.pk).update(rpps=None)
    answer = visit(people.alice, "bal-delegate", org.pk, post={**lent, "person": "Lea EXEMPLE"}, follow=True)
    assert said(answer) == [
        f"La délégation à Lea EXEMPLE est inscrite. L’opérateur ({org.operator}) est prié d’ouvrir l’accès."
    ]
    row = org.delegataires.get(person=people.delphine, under=people.alice, ended_at=None)
    answer = visit(people.alice, "delegation-end", row.pk, post={}, follow=True)
    assert said(answer) == [f"La délégation prend fin. L’opérateur ({org.operator}) est prié de fermer l’accès."]
    answer = visit(people.alice, "bal-holder-remove", org.pk, people.paul.pk, post={}, follow=True)
    assert said(answer) == [
        f"Paul EXEMPLE n’est plus cotitulaire. Rien de plus n’est demandé à l’opérateur ({org.operator})."
    ], "its opening, which was still awaited, is cancelled"
    visit(people.alice, "bal-holder-add", org.pk, post=named, follow=True)
    org.requests.filter(person=people.paul).awaited().update(stage=RequestStage.DONE)
    answer = visit(people.alice, "bal-holder-remove", org.pk, people.paul.pk, post={}, follow=True)
    assert said(answer) == [
        f"Paul EXEMPLE n’est plus cotitulaire. L’opérateur ({org.operator}) est prié de fermer l’accès."
    ]


def test_who_may_not_reads_why_and_sees_no_form(visit, people, org):
    page = visit(people.bruno, "bal-verb", org.pk, "request_deletion")
    assert "est réservé à" in page.context["refusal"]
    assert "<textarea" not in page.content.decode()


def test_deletion_by_who_is_not_the_principal_is_an_error_of_the_form(visit, people, org):
    Bal.objects.filter(pk=org.pk).update(state=State.DEPUBLISHED)
    answer = visit(people.bruno, "bal-verb", org.pk, "request_deletion", post={"attested": "on"})
    assert answer.status_code == 200
    assert errors_of(answer) == [
        "«\u00a0Demander la suppression\u00a0» est réservé à : "
        "cotitulaire principal, responsable de la structure, titulaire. Demandez-le à l’une de ces personnes."
    ]


def test_deletion_wants_the_attestation(visit, people, org):
    Bal.objects.filter(pk=org.pk).update(state=State.DEPUBLISHED)
    assert "sont perdus" in visit(people.alice, "bal-verb", org.pk, "request_deletion").content.decode()
    assert "Attestez" in errors_of(visit(people.alice, "bal-verb", org.pk, "request_deletion", post={}))[0]
    visit(people.alice, "bal-verb", org.pk, "request_deletion", post={"attested": "on"})
    org.refresh_from_db()
    assert org.state == State.DELETION_REQUESTED


def test_a_verb_of_the_machine_has_no_page(client, people, org):
    client.force_login(people.gisele.user)
    assert client.post(f"/bal/{org.pk}/alert_idle/").status_code == 404


# --- Holders ----------------------------------------------------------------------------------------------------------
def test_a_cotitulaire_is_added_by_name_or_by_rpps(visit, people, org, structure):
    for text in ["paul exemple", people.paul.rpps]:
        visit(people.alice, "bal-holder-add", org.pk, post={"person": text})
        assert org.cotitulaires.filter(person=people.paul).exists()
        org.cotitulaires.filter(person=people.paul).delete()


def test_the_21st_cotitulaire_is_refused_by_the_form(visit, people, crowd):
    bal = crowd(20)
    answer = visit(people.alice, "bal-holder-add", bal.pk, post={"person": people.paul.rpps})
    assert errors_of(answer) == [
        "Une BAL a au plus 20 cotitulaires, le principal compris. Retirez-en un, ou donnez un accès de délégataire."
    ]


def test_a_name_that_fits_several_people_is_asked_again_with_the_choice(visit, people, org):
    answer = visit(people.alice, "bal-holder-add", org.pk, post={"person": "Exemple"})
    assert "«\u00a0Exemple\u00a0» désigne 6 personnes" in errors_of(answer)[0]
    chosen = f"#{people.paul.pk}"
    assert f'value="{chosen}"' in answer.text
    assert f"Paul EXEMPLE (RPPS {people.paul.rpps})" in answer.text
    visit(people.alice, "bal-holder-add", org.pk, post={"person": "Exemple", "person_chosen": chosen})
    assert org.cotitulaires.filter(person=people.paul).exists()


def test_a_name_that_fits_nobody_is_named_in_the_error(visit, people, org):
    answer = visit(people.alice, "bal-holder-add", org.pk, post={"person": "Zoé Inconnue"})
    assert "«\u00a0Zoé Inconnue\u00a0» ne désigne personne" in errors_of(answer)[0]


def test_nobody_of_another_structure_can_be_named(visit, people, org):
    assert (
        "ne désigne personne"
        in errors_of(visit(people.alice, "bal-holder-add", org.pk, post={"person": people.eve.rpps}))[0]
    )
    assert "Eve" not in visit(people.alice, "person-suggest", query=f"?bal={org.pk}&person=Eve").content.decode()
    assert "Bruno" in visit(people.alice, "person-suggest", query=f"?bal={org.pk}&person=Bru").content.decode()


def test_a_holder_leaves_and_lands_where_they_still_may(visit, people, org):
    assert visit(people.bruno, "bal-holder-remove", org.pk, people.bruno.pk, post={}).url == reverse("my-bals")
    assert not org.cotitulaires.filter(person=people.bruno).exists()


def test_the_principal_hands_over(visit, people, org):
    visit(people.alice, "bal-principal-transfer", org.pk, people.bruno.pk, post={})
    assert Cotitulaire.objects.get(bal=org, is_principal=True).person == people.bruno


def test_an_orphan_is_given_a_principal(visit, people, make_bal):
    orphan = make_bal("ORG")
    assert reverse("bal-principal-name", args=[orphan.pk]) in visit(people.gisele, "bal", orphan.pk).content.decode()
    visit(people.gisele, "bal-principal-name", orphan.pk, post={"person": people.bruno.rpps})
    assert orphan.cotitulaires.get().person == people.bruno


def test_a_delegation_is_given_and_ended(visit, people, org):
    facts = {"person": "gisele", "can_read": "on", "reason": "remplacement", "ends_on": "2099-12-31"}
    visit(people.alice, "bal-delegate", org.pk, post=facts)
    delegation = org.delegataires.get(person=people.gisele)
    assert (delegation.under, delegation.can_send) == (people.alice, False)
    visit(people.alice, "delegation-end", delegation.pk, post={})
    assert not Delegataire.objects.current().filter(pk=delegation.pk).exists()


def test_who_holds_nothing_delegates_nothing(visit, people, org):
    facts = {"person": "delphine", "can_read": "on", "reason": "x", "is_endless": "on"}
    assert "est réservé à" in errors_of(visit(people.gisele, "bal-delegate", org.pk, post=facts))[0]


# --- Entering ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def new_bal(structure, operator, people):
    return {
        "existing": "existing",
        "structure": structure.pk,
        "operator": operator.pk,
        "kind": "PER",
        "address": "Paul.Bis@chu-exemple.mssante.fr",
        "principal": people.paul.rpps,
    }


def test_a_bal_that_exists_is_registered(visit, people, new_bal):
    visit(people.gisele, "bal-new", post=new_bal)
    bal = Bal.objects.get()
    assert (bal.address, bal.state, bal.principal()) == (
        "paul.bis@chu-exemple.mssante.fr",
        State.ACTIVE,
        people.paul,
    )


def test_a_bal_to_open_is_asked_of_the_operator(visit, people, new_bal):
    visit(people.gisele, "bal-new", post={**new_bal, "existing": "new"})
    assert Bal.objects.get().state == State.REQUESTED
    assert Notice.objects.get().party == "operator"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("address", "paul@gmail.com", "«\u00a0paul@gmail.com\u00a0» n’est pas une adresse MSSanté"),
        ("address", "x@patient.mssante.fr", "C’est l’adresse d’un patient"),
        (
            "address",
            "x@ailleurs.mssante.fr",
            "«\u00a0ailleurs.mssante.fr\u00a0» n’est pas un domaine d’Opérateur régional",
        ),
        ("principal", "", "Une BAL nominative a un titulaire"),
        ("kind", "APP", "Une BAL applicative n’a pas de titulaire"),
    ],
)
def test_what_is_wrong_is_said_with_its_value(visit, people, new_bal, field, value, sentence):
    answer = visit(people.gisele, "bal-new", post={**new_bal, field: value})
    assert sentence in " ".join(errors_of(answer))
    assert not Bal.objects.exists()


def test_an_address_that_was_given_up_is_registered_again(visit, people, new_bal):
    visit(people.gisele, "bal-new", post=new_bal)
    bal = Bal.objects.get()
    visit(people.gisele, "bal-verb", bal.pk, Verb.NEVER_EXISTED, post={"note": "Inscrite par erreur."})
    visit(people.gisele, "bal-new", post=new_bal)
    bal.refresh_from_db()
    assert bal.state == State.ACTIVE


def test_an_address_of_the_register_is_refused_with_what_to_do_next(visit, people, new_bal):
    visit(people.gisele, "bal-new", post=new_bal)
    again = visit(people.gisele, "bal-new", post=new_bal)
    assert "Si la liste ne vous la montre pas, une autre structure l’a" in " ".join(errors_of(again))
    Bal.objects.update(state=State.DELETED)
    again = visit(people.gisele, "bal-new", post=new_bal)
    assert "Si elle revit, enregistrez-le depuis sa fiche" in " ".join(errors_of(again))


def test_only_a_gestionnaire_registers(visit, people, new_bal):
    assert "réservé à : gestionnaire" in visit(people.lea, "bal-new").context["refusal"]
    visit(people.lea, "bal-new", post=new_bal)
    assert not Bal.objects.exists()


def test_the_record_is_described_and_each_change_is_written(visit, people, org):
    visit(people.gisele, "bal-edit", org.pk, post={"service": "Accueil", "responsable": "paul", "quota_mb": "500"})
    org.refresh_from_db()
    assert (org.service, org.responsable, org.quota_mb) == ("Accueil", people.paul, 500)
    assert org.journal.count() == 3


def test_a_person_is_recorded_and_a_bad_rpps_named(visit, people, structure):
    facts = {"structure": structure.pk, "given_name": "Zoé", "family_name": "Martin", "rpps": "123"}
    assert "«\u00a0123\u00a0» n’est pas un numéro RPPS" in errors_of(visit(people.gisele, "person-new", post=facts))[0]
    visit(people.gisele, "person-new", post={**facts, "rpps": ""})
    assert Person.objects.get(family_name="Martin").affiliations.get().structure == structure


# --- Mes BAL ----------------------------------------------------------------------------------------------------------
def test_an_alert_is_opposed_in_one_click(visit, people, per):
    Bal.objects.filter(pk=per.pk).update(state=State.IDLE_ALERTED)
    page = visit(people.paul, "my-bals").content.decode()
    assert "Garder la BAL, je m’en sers" in page
    assert reverse("bal-verb", args=[per.pk, Verb.REQUEST_DEPUBLICATION]) in page
    assert visit(people.paul, "bal-declare-use", per.pk, post={"mine": 1}).url == reverse("my-bals")
    per.refresh_from_db()
    assert per.state == State.ACTIVE
    assert per.last_used_source == "answer"


def test_a_delegataire_sees_which_boxes_until_when_and_under_whom(visit, people, org):
    org.delegataires.update(ends_on=timezone.localdate() + timedelta(30))
    page = visit(people.delphine, "my-bals").content.decode()
    assert org.address in page
    assert "Sous la responsabilité d’Alice EXEMPLE" in page


def test_who_has_no_bal_is_told_whom_to_ask(visit, people):
    assert "Vous n’avez aucune BAL ici" in visit(people.lea, "my-bals").content.decode()
    Person.objects.filter(pk=people.lea.pk).update(user=None)
    assert "relié à aucune personne" in visit(people.lea, "my-bals").content.decode()


# --- The queries ------------------------------------------------------------------------------------------------------
AROUND = ("django_session", "accounts_user", "SAVEPOINT", "BEGIN")


@pytest.mark.parametrize(("name", "limit"), [("bal-list", 14), ("my-bals", 14), ("dashboard", 27)])
def test_the_queries_do_not_grow_with_the_rows(visit, people, make_bal, django_assert_max_num_queries, name, limit):
    """Beside the session and the account. Each page asks which structures one may act for and which views stand in the
    menu, a list how its reader wants it and which views it has."""
    visit(people.gisele, name)  # the first visit is written down
    counts = []
    for count in (2, 40):
        for _ in range(count - Bal.objects.count()):
            make_bal("ORG", people.gisele, people.bruno)
        with django_assert_max_num_queries(200) as captured:
            visit(people.gisele, name)
        own = [q["sql"] for q in captured if not any(word in q["sql"] for word in AROUND)]
        assert len(own) <= limit, "\n".join(own)
        counts.append(len(own))
    assert counts[0] == counts[1]


def test_a_doubtful_rpps_is_kept_and_said(client, people, structure):
    client.force_login(people.gisele.user)
    typed = {"structure": structure.pk, "given_name": "Zoé", "family_name": "Nouvelle", "rpps": "10102727017"}
    page = client.post("/personnes/inscrire/", typed, follow=True)
    assert any(
        "clé de contrôle du numéro RPPS «\u00a010102727017\u00a0»" in str(message)
        for message in page.context["messages"]
    )
    assert Person.objects.filter(rpps="10102727017").exists()


# --- What pages cost --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["gisele", "alice", "delphine", "lea"])
def test_the_page_of_a_bal_asks_the_database_18_times_at_most(client, people, org, name, django_assert_max_num_queries):
    client.force_login(getattr(people, name).user)
    client.get(org.get_absolute_url())  # the session is written down once a minute
    with django_assert_max_num_queries(18):
        assert client.get(org.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("state", State)
def test_whatever_its_state_it_asks_21_times_at_most(client, people, org, state, django_assert_max_num_queries):
    """An alert reads what was given of it; an alias or an anomaly is read where there is one."""
    Bal.objects.update(state=state, clock_at=timezone.now() - timedelta(days=320))
    org.anomalies.create(kind="password", noted_on=timezone.localdate())
    client.force_login(people.gisele.user)
    client.get(org.get_absolute_url())
    with django_assert_max_num_queries(21):
        assert client.get(org.get_absolute_url()).status_code == 200


def test_the_click_on_depublication_asks_the_database_21_times_at_most(client, people, org, make_bal):
    other = make_bal("ORG", people.alice)
    client.force_login(people.alice.user)
    client.get(org.get_absolute_url())
    with CaptureQueriesContext(connection) as asked:
        said = {"choice": other.address, "note": "Fusion des services.", "confirmed": "1"}
        assert client.post(reverse("bal-depublish", args=[org.pk]), said).status_code == 302
    # The last one reads what was asked of the operator: the next page says that, and supposes nothing.
    assert len([query for query in asked if "SAVEPOINT" not in query["sql"]]) <= 21
    org.refresh_from_db()
    assert (org.state, org.replaced_by) == (State.DEPUBLICATION_REQUESTED, other.address)


# --- Words ------------------------------------------------------------------------------------------------------------
def test_what_one_is_of_a_bal_is_said_once(visit, people, org):
    assert "Vous êtes le cotitulaire principal." in visit(people.alice, "my-bals").text
    assert "Vous êtes cotitulaire." in visit(people.bruno, "my-bals").text


@pytest.mark.parametrize(
    ("name", "said"), [("Alice", "d’Alice"), ("Élise", "d’Élise"), ("Bruno", "de Bruno"), ("Hugo", "de Hugo")]
)
def test_a_name_is_led_to_by_the_right_word(name, said):
    assert of(name) == said


def test_every_state_has_its_reason_for_a_refusal():
    assert set(BECAUSE) == set(State)


def test_a_new_principal_is_named(client, people, org):
    client.force_login(people.alice.user)
    url = reverse("bal-principal-transfer", args=[org.pk, people.bruno.pk])
    page = client.post(url, follow=True).text
    assert f"{people.bruno} est maintenant principal {of(org.address)}." in page


def test_who_is_chosen_among_homonyms_is_told_by_a_trade_once(visit, people, new_bal):
    Person.objects.filter(pk__in=[people.paul.pk, people.lea.pk]).update(profession="Infirmier")
    Affiliation.objects.filter(person=people.paul).update(function="Infirmier")
    Affiliation.objects.filter(person=people.lea).update(function="Accueil")
    page = visit(people.gisele, "bal-new", post={**new_bal, "principal": "exemple"}).text
    assert "Paul EXEMPLE (RPPS 10000000033), Infirmier, " in page
    assert page.count("Infirmier") == 2, "Lea's, beside the work that she does"
