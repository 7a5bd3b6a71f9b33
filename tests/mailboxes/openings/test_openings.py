"""A BAL is asked for step by step: each rule at its edge, the steps for translation, nothing written before the end."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from directory import search_index
from directory.models import Activity, Entry
from mailboxes import actions, jobs
from mailboxes.lifecycle import Act, RequestKind, RequestStage, State
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Bal,
    Delegataire,
    JournalEntry,
    Notice,
    Operator,
    Person,
    Price,
    Structure,
)
from mailboxes.openings.actions import Foreseen, preview_opening, request_opening, set_naming
from mailboxes.openings.advice import ADVICE, Users, advise
from mailboxes.openings.forms import NAMES
from mailboxes.openings.homonyms import address_warnings, namesake_warnings, namesakes, team_namesakes
from mailboxes.openings.models import NamingPolicy, OpeningDraft
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.conftest import make_professional

pytestmark = pytest.mark.sqlite_run

DOMAIN = "chu-exemple.mssante.fr"
NEW = f"lilas.93260@{DOMAIN}"
UNKNOWN_HERE = "10000000058"


@pytest.fixture
def make_entry(db):
    def make(address, kind="PER", **facts):
        now = timezone.now()
        facts = {"digest": address[:32], "first_seen_at": now, "changed_at": now, **facts}
        entry = Entry.objects.create(source="extraction", address=address, kind=kind, **facts)
        search_index.level()
        return entry

    return make


@pytest.fixture
def ask(structure, operator, people):
    def act(kind="ORG", principal=None, by=None, **facts):
        facts = {"structure": structure, "operator": operator, "address": NEW, "purpose": "Courriers.", **facts}
        return request_opening(kind=kind, principal=principal, by=by or people.gisele.user, **facts)

    return act


# --- Who may ask ------------------------------------------------------------------------------------------------------
def test_a_gestionnaire_asks_and_the_operator_and_the_holders_are_told(ask, people):
    bal = ask("ORG", people.alice, cotitulaires=[people.bruno])
    assert (bal.state, bal.principal()) == (State.REQUESTED, people.alice)
    assert bal.requests.get().kind == RequestKind.OPEN
    assert bal.requests.get().stage == RequestStage.DRAFT
    told = {(notice.party, notice.recipient) for notice in Notice.objects.filter(bal=bal)}
    assert told == {("operator", "Opérateur régional"), ("holders", "Alice EXEMPLE"), ("holders", "Bruno EXEMPLE")}
    text = bal.notices.get(party="operator").text
    assert f"cotitulaire principal : Alice EXEMPLE, RPPS {people.alice.rpps}" in text
    assert f"Cotitulaire : Bruno EXEMPLE, RPPS {people.bruno.rpps}" in text
    assert "Usage : Courriers." in text


@pytest.mark.parametrize(("kind", "name"), [("PER", "paul"), ("ORG", "alice"), ("CAB", "bruno")])
def test_a_professional_asks_for_what_they_will_answer_for_and_the_gestionnaires_are_told(ask, people, kind, name):
    person = getattr(people, name)
    bal = ask(kind, person, by=person.user)
    assert bal.principal() == person
    assert bal.notices.filter(party="gestionnaires").values_list("recipient", flat=True).get() == "Gisele"
    assert bal.journal.get().by == person.user


@pytest.mark.parametrize(
    ("kind", "by", "principal"),
    [
        ("PER", "paul", "bruno"),  # for another
        ("ORG", "alice", None),  # for nobody
        ("APP", "alice", None),  # a software's is the structure's
        ("PER", "delphine", "paul"),
        ("PER", "lea", "paul"),
        ("PER", "eve", "eve"),  # works elsewhere
        ("ORG", "eve", "alice"),
    ],
)
def test_who_may_not_ask(ask, people, kind, by, principal):
    with pytest.raises(NotAllowed, match="est réservé à"):
        ask(kind, principal and getattr(people, principal), by=getattr(people, by).user)
    assert not Bal.objects.exists()


def test_who_has_left_the_structure_no_longer_asks(ask, people):
    Affiliation.objects.filter(person=people.paul).update(left_on=timezone.localdate())
    with pytest.raises(NotAllowed):
        ask("PER", people.paul, by=people.paul.user)


# --- What it must say -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["ORG", "CAB"])
def test_a_shared_bal_is_asked_for_a_use(ask, people, kind):
    with pytest.raises(Refused, match="ce qui s’échangera"):
        ask(kind, people.alice, purpose="  ")


def test_a_nominative_bal_needs_no_stated_use(ask, people):
    assert ask("PER", people.paul, purpose="").pk


def test_eligible_by_finess_by_siret_or_by_rpps(ask, people):
    bare = Structure.objects.create(name="Cabinet")
    with pytest.raises(Refused, match="FINESS ou un SIRET"):
        ask("ORG", structure=bare, by=SYSTEM)
    assert ask("ORG", people.alice, structure=bare, by=SYSTEM).pk
    Structure.objects.filter(pk=bare.pk).update(siret="99000000200015")
    bare.refresh_from_db()
    with pytest.raises(Refused, match="qu’au moins un professionnel avec un numéro RPPS exerce") as refusal:
        ask("ORG", structure=bare, by=SYSTEM, address=f"autre@{DOMAIN}")
    assert refusal.value.code == "habilitated"
    Affiliation.objects.create(person=people.delphine, structure=bare)  # who has no RPPS
    with pytest.raises(Refused, match="qu’au moins un professionnel"):
        ask("ORG", structure=bare, by=SYSTEM, address=f"autre@{DOMAIN}")
    Affiliation.objects.create(person=people.bruno, structure=bare)
    assert ask("ORG", structure=bare, by=SYSTEM, address=f"autre@{DOMAIN}").pk
    with pytest.raises(Refused, match="a un responsable"):
        ask("CAB", structure=bare, by=SYSTEM, address=f"cab@{DOMAIN}")


def test_a_professional_whom_the_annuaire_shows_there_is_enough(ask):
    mdph = Structure.objects.create(name="MDPH", kind=Structure.Kind.MDPH, finess_et="030000001")
    with pytest.raises(Refused, match="qu’au moins un professionnel"):
        ask("ORG", structure=mdph, by=SYSTEM)
    now = timezone.now()
    Activity.objects.create(
        source="activities", national_id="810000000090", finess_site="030000001", first_seen_at=now, changed_at=now
    )
    assert ask("ORG", structure=mdph, by=SYSTEM).pk


@pytest.mark.parametrize(("lacking", "sentence"), [("rpps", "un numéro RPPS"), ("has_cps", "une CPS ou une e-CPS")])
def test_what_a_holder_lacks_is_named(ask, people, lacking, sentence):
    Person.objects.filter(pk=people.paul.pk).update(**{lacking: None if lacking == "rpps" else False})
    people.paul.refresh_from_db()
    with pytest.raises(Refused, match=sentence):
        ask("PER", people.paul)


@pytest.mark.parametrize(("others", "fits"), [(18, True), (19, True), (20, False)])
def test_twenty_cotitulaires_at_the_request_the_principal_counted(ask, people, others, fits):
    team = [make_professional(number) for number in range(others)]
    if fits:
        assert ask("ORG", people.alice, cotitulaires=team).cotitulaires.count() == others + 1
    else:
        with pytest.raises(Refused, match="au plus 20"):
            ask("ORG", people.alice, cotitulaires=team)
        assert not Bal.objects.exists()


@pytest.mark.parametrize(
    ("kind", "principal", "others", "sentence"),
    [
        ("ORG", "alice", ["alice"], "figure deux fois"),
        ("ORG", "alice", ["bruno", "bruno"], "figure deux fois"),
        ("ORG", "alice", ["delphine"], "il lui manque un numéro RPPS"),
        ("ORG", None, ["bruno"], "Désignez d’abord"),
        ("PER", "paul", ["bruno"], "Seule une BAL organisationnelle"),
    ],
)
def test_cotitulaires_that_cannot_be(ask, people, kind, principal, others, sentence):
    with pytest.raises(Refused, match=sentence):
        ask(kind, principal and getattr(people, principal), cotitulaires=[getattr(people, name) for name in others])


def test_an_address_that_the_annuaire_shows_is_refused_and_one_it_showed_is_not(ask, people, make_entry):
    entry = make_entry(NEW, "ORG")
    with pytest.raises(Refused) as refused:
        ask("ORG", people.alice)
    assert f"{NEW}\xa0» existe déjà à l’annuaire" in refused.value.messages[0]
    Entry.objects.filter(pk=entry.pk).update(withdrawn_at=timezone.now())
    assert ask("ORG", people.alice).pk


def test_a_domain_reserved_to_another_structure_is_refused(ask, people, operator, structure, other_structure):
    domain = operator.domains.get()
    for owner, fits in ((other_structure, False), (structure.parent, True)):
        domain.structure = owner
        domain.save()
        if fits:
            assert ask("ORG", people.alice).pk
        else:
            with pytest.raises(Refused, match="réservé à une autre structure"):
                ask("ORG", people.alice)


def test_a_delegation_is_given_by_who_answers_and_only_foreseen_by_others(ask, people):
    foreseen = [Foreseen(people.delphine, "secrétariat", can_send=True)]
    bal = ask("ORG", people.alice, delegataires=foreseen)
    assert not Delegataire.objects.exists()
    assert "Délégation prévue : Delphine EXEMPLE (lecture et envoi) : secrétariat" in bal.journal.get().note
    bal = ask("PER", people.alice, by=people.alice.user, delegataires=foreseen, address=f"alice@{DOMAIN}")
    given = Delegataire.objects.get()
    assert (given.bal, given.under, given.can_send) == (bal, people.alice, True)


def test_a_preview_says_what_the_operator_will_read_and_writes_nothing(structure, operator, people):
    facts = {"structure": structure, "operator": operator, "kind": "PER", "address": f"paul@{DOMAIN}",
             "principal": people.paul, "by": people.gisele.user}  # fmt: skip
    text = preview_opening(**facts)
    assert not Bal.objects.exists()
    assert not JournalEntry.objects.exists()
    assert request_opening(**facts).notices.get(party="operator").text == text


# --- Colleagues whom the register does not have ---------------------------------------------------------------------
@pytest.fixture
def chloe(make_entry):
    make_entry("chloe@ailleurs.mssante.fr", person_id=UNKNOWN_HERE, family_name="NOUVELLE", given_name="CHLOÉ")
    return Person(rpps=UNKNOWN_HERE, has_cps=True, family_name="Autre nom")


def test_a_colleague_enters_under_the_names_of_the_annuaire(org, people, chloe):
    actions.add_cotitulaire(org, chloe, by=people.bruno.user)
    entered = org.cotitulaires.get(person__rpps=UNKNOWN_HERE).person
    assert str(entered) == "Chloé NOUVELLE"
    assert entered.affiliations.get().structure == org.structure
    line = JournalEntry.objects.get(what=Act.RECORD_PERSON)
    assert (line.by, line.person) == (people.bruno.user, entered)
    assert "attestée" in line.note


def test_without_a_card_attested_one_is_no_cotitulaire_and_is_not_recorded(org, people, chloe):
    chloe.has_cps = False
    with pytest.raises(Refused, match="une CPS ou une e-CPS"):
        actions.add_cotitulaire(org, chloe, by=people.alice.user)
    assert not Person.objects.filter(rpps=UNKNOWN_HERE).exists()


def test_one_whom_the_annuaire_lacks_is_not_recorded(org, people):
    with pytest.raises(Refused, match="ne connaît pas"):
        actions.add_cotitulaire(org, Person(rpps=UNKNOWN_HERE, has_cps=True), by=people.alice.user)


def test_the_21st_is_not_recorded_either(crowd, people, chloe):
    with pytest.raises(Refused, match="au plus 20"):
        actions.add_cotitulaire(crowd(20), chloe, by=people.alice.user)
    assert not Person.objects.filter(rpps=UNKNOWN_HERE).exists()


def test_a_colleague_is_named_by_rpps_on_the_page(client, org, people, chloe):
    client.force_login(people.alice.user)
    url = reverse("bal-holder-add", args=[org.pk])
    assert "une CPS ou une e-CPS" in client.post(url, {"person": UNKNOWN_HERE}).content.decode()
    client.post(url, {"person": UNKNOWN_HERE, "attested": "on"})
    assert org.cotitulaires.filter(person__rpps=UNKNOWN_HERE).exists()


def test_a_colleague_is_made_a_delegataire_by_rpps_on_a_per(client, per, people, chloe):
    client.force_login(people.paul.user)
    facts = {"person": UNKNOWN_HERE, "can_read": "on", "reason": "remplacement", "ends_on": "2099-12-31"}
    client.post(reverse("bal-delegate", args=[per.pk]), facts)
    assert Delegataire.objects.get(bal=per).person.rpps == UNKNOWN_HERE


# --- Advice -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("users", Users)
@pytest.mark.parametrize("goes_on", [True, False])
def test_every_answer_has_one_advice_with_reasons(users, goes_on):
    assert advise(users, goes_on).reasons
    assert sum(line.users == users and line.goes_on in (None, goes_on) for line in ADVICE) == 1


def test_a_secretary_alone_asks_for_a_delegated_per_and_absences_for_an_org():
    assert advise(Users.ONE_AND_STAFF, False).kind == "PER"
    assert "déléguée" in advise(Users.ONE_AND_STAFF, False).title
    assert advise(Users.ONE_AND_STAFF, True).kind == "ORG"


# --- Homonyms ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def claire(structure):
    Structure.objects.filter(pk=structure.pk).update(postcode="93260", town="Les Lilas")
    structure.refresh_from_db()
    return Person(given_name="Claire", family_name="Martin", rpps="10000000090")


MARTIN = {"family_name": "MARTIN", "given_name": "CLAIRE", "person_id": "10000000108", "profession": "Infirmier"}


@pytest.mark.parametrize(
    ("facts", "where", "is_same"),
    [
        ({"postcode": "93100", "address_l6": "93100 MONTREUIL"}, "même département", True),
        ({"postcode": "93100", "structure_id": "010000002"}, "votre structure", True),
        ({"address": f"c.martin@{DOMAIN}"}, "même domaine", True),
        ({"postcode": "93100", "family_name": "MARTINS"}, "même département", False),
        ({"postcode": "93100", "given_name": "CLARIE"}, "même département", False),
    ],
)
def test_homonyms_near_by_are_found_and_told_apart(claire, structure, make_entry, facts, where, is_same):
    make_entry(**{"address": "cm@autre.mssante.fr", **MARTIN, **facts})
    found = namesakes(claire, structure, DOMAIN)
    assert [(one.is_same, one.profession) for one in found] == [(is_same, "Infirmier")]
    assert where in found[0].sentence


@pytest.mark.parametrize(
    "facts",
    [
        {"postcode": "42300"},  # far, and in another domain
        {"postcode": "93100", "person_id": "10000000090"},  # the professional themselves
        {"postcode": "93100", "family_name": "DURAND", "structure_name": "CLINIQUE CLAIRE MARTIN"},
    ],
)
def test_who_is_no_homonym(claire, structure, make_entry, facts):
    make_entry(**{"address": "cm@autre.mssante.fr", **MARTIN, **facts})
    assert namesakes(claire, structure, DOMAIN) == []


def test_a_colleague_of_the_same_name_is_found_in_the_register_whatever_the_accents(claire, structure):
    other = Person.objects.create(given_name="Clairé", family_name="MARTIN", rpps="10000000116", profession="Médecin")
    Affiliation.objects.create(person=other, structure=structure)
    assert [one.profession for one in namesakes(claire, structure, DOMAIN)] == ["Médecin"]


def test_teams_of_the_same_name_are_found(claire, structure, make_entry, make_bal, people):
    make_entry("cabinet.lilas@autre.mssante.fr", "ORG", postcode="93100", trade_name="CABINET DES LILAS")
    make_bal("ORG", people.alice, address=f"lilas@{DOMAIN}", service="Cabinet des Lilas")
    found = team_namesakes("Cabinet des lilas", NEW, structure)
    assert {one.address for one in found} == {"cabinet.lilas@autre.mssante.fr", f"lilas@{DOMAIN}"}


def test_a_former_address_is_told_of_the_day_it_left_by_the_clock_of_paris(make_entry):
    make_entry(NEW, "ORG", withdrawn_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    (said,) = [warned.sentence for warned in address_warnings(NEW) if warned.code == "former"]
    assert "jusqu’au 02/03/2026" in said


# --- The steps --------------------------------------------------------------------------------------------------------
@pytest.fixture
def answers(structure, operator, people):
    """What gisele answers for an ORG, step by step."""
    return {
        "usage": {"structure": structure.pk, "users": "team", "goes_on": "yes", "exchanged": "Comptes rendus.",
                  "beside": "Les PER restent."},
        "type": {"kind": "ORG"},
        "responsable": {"service": "Cardiologie", "principal": people.alice.rpps},
        "operateur": {"domain": operator.domains.get().pk},
        "adresse": {"choice": "", "other": "Cardiologie.Lilas"},
        "acces": {},
    }  # fmt: skip


@pytest.fixture
def walk(client, answers):
    """`walk(gisele)` answers every step; `until="adresse"` stops before that one. Returns the draft."""

    def go(person, until="envoi"):
        client.force_login(person.user)
        draft = client.post(reverse("opening")).url.split("/")[3]
        for step in NAMES[: NAMES.index(until)]:
            answer = client.post(reverse("opening-step", args=[draft, step]), answers[step])
            if answer.status_code == 422 and step == "adresse":
                warned = answer.context["form"].data["warned_of"]
                typed = {**answers[step], "accepted": "on", "warned_of": warned}
                answer = client.post(reverse("opening-step", args=[draft, step]), typed)
            assert answer.status_code == 302, answer.context["form"].errors
        return OpeningDraft.objects.get(pk=draft)

    return go


def page(client, draft, step, **options):
    return client.get(reverse("opening-step", args=[draft.pk, step]), **options)


def send(client, draft, step, typed=None):
    return client.post(reverse("opening-step", args=[draft.pk, step]), typed or {})


def errors_of(answer):
    return " ".join(str(error) for errors in answer.context["form"].errors.values() for error in errors)


def test_a_gestionnaire_walks_to_the_end_and_nothing_is_written_before(client, walk, people):
    draft = walk(people.gisele)
    review = page(client, draft, "envoi").content.decode()
    assert "Merci d’ouvrir la BAL ORG cardiologie.lilas@" in review
    assert not Bal.objects.exists()
    assert not JournalEntry.objects.exists()
    answer = send(client, draft, "envoi")
    bal = Bal.objects.get()
    assert answer.url == bal.get_absolute_url()
    assert (bal.address, bal.state, bal.service) == (f"cardiologie.lilas@{DOMAIN}", State.REQUESTED, "Cardiologie")
    assert bal.purpose == "Comptes rendus.\nÀ côté des BAL nominatives : Les PER restent."
    assert not OpeningDraft.objects.exists()


def test_a_professional_walks_for_their_own_per(client, walk, people, answers):
    answers["usage"] |= {"users": "one", "goes_on": "no", "exchanged": ""}
    answers["type"] = {"kind": "PER"}
    answers["responsable"] = {"service": ""}
    answers["adresse"] = {"choice": f"paul.exemple@{DOMAIN}"}
    draft = walk(people.paul)
    send(client, draft, "envoi")
    assert Bal.objects.get().principal() == people.paul


@pytest.mark.parametrize(("general", "own", "said"), [
    (None, "24.00", "24,00 € par an"), ("18.00", "24.00", "24,00 € par an"), ("18.00", None, "18,00 € par an"),
    (None, None, "Coût inconnu ici"),
])  # fmt: skip
def test_the_cost_that_is_told_is_that_of_the_type_asked_for(client, walk, people, operator, general, own, said):
    Operator.objects.filter(pk=operator.pk).update(yearly_cost=general)
    Price.objects.create(operator=operator, offer="PER", yearly_cost="99.00")
    if own:
        Price.objects.create(operator=operator, offer="ORG", yearly_cost=own)
    assert said in page(client, walk(people.gisele, until="operateur"), "operateur").text


def test_an_app_says_its_software_its_access_and_what_each_scope_costs(client, walk, people, answers, operator, org):
    operator.yearly_cost = "18.00"
    operator.save()
    Price.objects.create(operator=operator, offer="APP_OG", yearly_cost="29.00")
    parent = org.structure.parent
    Structure.objects.create(name="EHPAD", parent=parent)
    answers["usage"] |= {"users": "software"}
    answers["type"] = {"kind": "APP"}
    answers["responsable"] = {"software": "DUI", "scope": "organisme", "channel": "software", "answering": org.pk}
    answers["adresse"] = {"choice": f"no_reply.dui@{DOMAIN}"}
    draft = walk(people.gisele)
    offers = page(client, draft, "operateur").content.decode()
    one, each = (
        "29,00 € par an pour tout l’organisme",
        "36,00 € par an s’il en faut une pour chacun des 2 établissements",
    )
    assert f"{one} ; {each}" in offers
    send(client, draft, "envoi")
    bal = Bal.objects.get(kind="APP")
    note = bal.journal.get().note
    assert bal.description == "DUI"
    assert "Accès : par ce logiciel seulement" in note
    assert f"BAL qui reçoit les réponses : {org}" in note


def test_the_advice_is_shown_and_may_be_set_aside(client, walk, people, answers):
    answers["usage"] |= {"users": "one-staff", "goes_on": "no"}
    draft = walk(people.gisele, until="type")
    shown = page(client, draft, "type")
    assert "déléguée au secrétariat" in shown.content.decode()
    assert shown.context["form"].initial.get("kind", shown.context["form"].fields["kind"].initial) == "PER"
    assert send(client, draft, "type", {"kind": "ORG"}).status_code == 302


@pytest.mark.parametrize(
    ("step", "typed", "sentence"),
    [
        ("usage", {"structure": ""}, "obligatoire"),
        ("usage", {"structure": "0"}, "valide"),
        ("type", {"kind": "XXX"}, "XXX"),
        ("responsable", {"principal": "delphine"}, "il lui manque un numéro RPPS"),
        ("responsable", {"principal": "Zoé Inconnue"}, "ne désigne personne"),
        ("operateur", {"domain": "0"}, "valide"),
        ("adresse", {"other": ""}, "Écrivez ce qui précède"),
        ("adresse", {"other": "a@b"}, "Écrivez ce qui précède"),
        ("acces", {"person": "delphine", "role": "cotitulaire"}, "il lui manque un numéro RPPS"),
        ("acces", {"person": "delphine", "role": "delegataire"}, "Dites pourquoi"),
        ("acces", {"person": "alice", "role": "cotitulaire"}, "figure déjà"),
    ],
)
def test_each_step_says_what_is_wrong_and_keeps_nothing_of_it(client, walk, people, answers, step, typed, sentence):
    draft = walk(people.gisele, until=step)
    before = draft.answers
    answer = send(client, draft, step, {**answers[step], **typed})
    assert answer.status_code == 422
    assert sentence in errors_of(answer)
    draft.refresh_from_db()
    assert draft.answers == before


def test_a_shared_bal_without_a_use_stops_at_its_type(client, walk, people, answers):
    answers["usage"] |= {"exchanged": "", "beside": "Les PER restent."}
    draft = walk(people.gisele, until="type")
    assert "ce qui s’échangera" in errors_of(send(client, draft, "type", {"kind": "ORG"}))
    assert send(client, draft, "type", {"kind": "PER"}).status_code == 302


def test_a_professional_is_told_at_once_that_an_app_is_not_theirs_to_ask(client, walk, people):
    draft = walk(people.alice, until="type")
    assert "est réservé à" in errors_of(send(client, draft, "type", {"kind": "APP"}))


def test_an_address_that_exists_is_refused_and_not_proposed(client, walk, people, make_entry, answers):
    make_entry(f"cardiologie@{DOMAIN}", "ORG")
    draft = walk(people.gisele, until="adresse")
    shown = page(client, draft, "adresse").content.decode()
    assert f'value="cardiologie@{DOMAIN}"' not in shown
    assert "existe déjà à l’annuaire" in shown
    answer = send(client, draft, "adresse", {"choice": "", "other": "cardiologie", "accepted": "on"})
    assert "existe déjà à l’annuaire" in errors_of(answer)


def test_warnings_are_read_before_the_address_is_kept_and_another_address_is_warned_of_anew(client, walk, people):
    draft = walk(people.gisele, until="adresse")
    typed = {"choice": "", "other": "Secrétariat"}
    first = send(client, draft, "adresse", typed)
    assert "accentuées" in first.content.decode()
    seen = first.context["form"].data["warned_of"]
    other = send(client, draft, "adresse", {"other": "secrétariat2", "accepted": "on", "warned_of": seen})
    assert other.status_code == 422
    assert send(client, draft, "adresse", {**typed, "accepted": "on", "warned_of": seen}).status_code == 302


def test_homonyms_are_said_of_a_per(client, walk, people, structure, make_entry, answers):
    make_entry("p@autre.mssante.fr", family_name="EXEMPLE", given_name="PAUL", person_id="10000000108",
               profession="Sage-Femme", structure_id="010000002", postcode="93100")  # fmt: skip
    Structure.objects.filter(pk=structure.pk).update(postcode="93260")
    answers["type"] = {"kind": "PER"}
    answers["responsable"] = {"principal": people.paul.rpps, "service": ""}
    draft = walk(people.gisele, until="adresse")
    said = send(client, draft, "adresse", {"choice": f"paul.exemple@{DOMAIN}"}).content.decode()
    assert "Paul EXEMPLE (Sage-Femme)\u00a0: même nom, p@autre.mssante.fr, dans votre structure." in said


def test_people_are_added_and_taken_off_one_by_one(client, walk, people, chloe):
    draft = walk(people.gisele, until="acces")
    for typed in (
        {"person": "bruno", "role": "cotitulaire"},
        {"person": UNKNOWN_HERE, "role": "cotitulaire", "attested": "on"},
        {"person": "delphine", "role": "delegataire", "reason": "secrétariat", "can_send": "on"},
    ):
        assert send(client, draft, "acces", {**typed, "add": "1"}).status_code == 302
    assert "figure déjà" in errors_of(send(client, draft, "acces", {"person": "bruno", "add": "1"}))
    shown = page(client, draft, "acces").content.decode()
    assert "Chloé NOUVELLE" in shown
    send(client, draft, "acces", {"remove": f"rpps-{people.bruno.rpps}"})
    send(client, draft, "acces", {"responsable": "gisele"})
    assert not Person.objects.filter(rpps=UNKNOWN_HERE).exists()
    send(client, draft, "envoi")
    bal = Bal.objects.get()
    assert {holder.person.rpps for holder in bal.cotitulaires.all()} == {people.alice.rpps, UNKNOWN_HERE}
    assert bal.responsable == people.gisele
    assert "Délégation prévue : Delphine EXEMPLE" in bal.journal.get(what=Act.REQUEST_OPENING).note


def test_the_colleagues_of_the_structure_are_suggested_and_nobody_elses(client, walk, people, structure):
    draft = walk(people.alice, until="acces")
    assert f"/suggestions/?structure={structure.pk}" in page(client, draft, "acces").content.decode()
    suggest = reverse("person-suggest")
    asked = {"structure": structure.pk, "person": "exemple"}
    assert "Bruno EXEMPLE" in client.get(suggest, asked).content.decode()
    client.force_login(people.eve.user)
    assert "Bruno" not in client.get(suggest, asked).content.decode()


def test_a_colleague_unattested_is_refused_at_once(client, walk, people, chloe):
    draft = walk(people.gisele, until="acces")
    typed = {"person": UNKNOWN_HERE, "role": "cotitulaire", "add": "1"}
    assert "une CPS ou une e-CPS" in errors_of(send(client, draft, "acces", typed))


# --- Drafts -----------------------------------------------------------------------------------------------------------
def test_a_draft_is_come_back_to_at_the_first_step_that_is_not_settled(client, walk, people):
    draft = walk(people.gisele, until="operateur")
    client.logout()
    client.force_login(people.gisele.user)
    assert "Cardiologie" in client.get(reverse("opening")).content.decode()
    assert page(client, draft, "envoi").url == reverse("opening-step", args=[draft.pk, "operateur"])
    shown = page(client, draft, "responsable").content.decode()
    assert f"Alice EXEMPLE (RPPS {people.alice.rpps})" in shown


def test_what_a_draft_refers_to_may_have_changed_since(client, walk, people, make_entry):
    draft = walk(people.gisele)
    make_entry(f"cardiologie.lilas@{DOMAIN}", "ORG")
    assert page(client, draft, "envoi").url == reverse("opening-step", args=[draft.pk, "adresse"])
    assert send(client, draft, "envoi").url == reverse("opening-step", args=[draft.pk, "adresse"])
    assert not Bal.objects.exists()


LENT = {"role": "delegataire", "reason": "secrétariat", "can_send": False}
SOFTWARE = {"software": "DUI", "scope": "organisme", "channel": "software"}


@pytest.mark.parametrize(("answered", "sentence"), [
    ({"acces": {"people": [{**LENT, "id": "person-0"}]}}, "n’est plus connue"),
    ({"responsable": {"service": "Cardiologie", "principal": "bruno"}}, "figure deux fois"),
    ({"type": {"kind": "APP"}, "responsable": SOFTWARE, "adresse": {"other": "no_reply.dui"}}, "ne se délègue pas"),
], ids=["forgotten", "principal since", "software now"])  # fmt: skip
def test_who_is_led_back_to_the_list_of_accesses_reads_why(client, walk, people, answered, sentence):
    draft = walk(people.gisele)
    draft.answers |= {"acces": {"people": [{**LENT, "id": f"rpps-{people.bruno.rpps}"}]}, **answered}
    draft.save()
    assert send(client, draft, "envoi").url == reverse("opening-step", args=[draft.pk, "acces"])
    assert sentence in errors_of(page(client, draft, "acces"))


def test_a_draft_is_dropped_at_any_step_once_confirmed_and_nothing_is_left(client, walk, people):
    draft = walk(people.gisele, until="adresse")
    drop = reverse("opening-drop", args=[draft.pk])
    for shown in (page(client, draft, "adresse"), client.get(reverse("opening"))):
        assert f'href="{drop}"' in shown.text
    assert "Ce que vous avez répondu est perdu" in client.get(drop).text
    assert OpeningDraft.objects.exists()
    client.post(reverse("opening-drop", args=[draft.pk]))
    assert not OpeningDraft.objects.exists()
    assert not Bal.objects.exists()


@pytest.mark.parametrize("step", NAMES)
def test_a_draft_is_its_authors_alone(client, walk, people, step):
    draft = walk(people.gisele)
    client.force_login(people.alice.user)
    assert page(client, draft, step).status_code == 404
    assert send(client, draft, step).status_code == 404
    assert client.post(reverse("opening-drop", args=[draft.pk])).status_code == 404
    assert str(draft.pk) not in client.get(reverse("opening")).content.decode().partition("Mes brouillons")[2]


@pytest.mark.parametrize("name", ["lea", "delphine"])
def test_who_may_ask_for_nothing_reads_why_and_begins_nothing(client, people, name):
    client.force_login(getattr(people, name).user)
    assert "Une BAL se demande pour une structure" in client.get(reverse("opening")).content.decode()
    client.post(reverse("opening"))
    assert not OpeningDraft.objects.exists()


def test_a_draft_left_alone_is_purged(people, settings):
    OpeningDraft.objects.create(user=people.gisele.user, changed_at=timezone.now() - settings.DRAFTS_KEPT)
    new = OpeningDraft.objects.create(user=people.gisele.user)
    assert jobs.run("purge").done == 1
    assert list(OpeningDraft.objects.all()) == [new]


@pytest.mark.parametrize("step", ["adresse", "acces", "envoi"])
def test_the_queries_of_a_step_do_not_grow(
    client, walk, people, structure, make_entry, django_assert_max_num_queries, step
):
    draft, counts = walk(people.gisele), []
    for rows in (2, 20):
        named = []
        for number in range(rows):
            entry = {"family_name": f"NOM{number}", "given_name": "PRO", "person_id": f"300000{rows:02}{number:03}"}
            if not Entry.objects.filter(address=f"x{rows}{number}@autre.mssante.fr").exists():
                make_entry(f"x{rows}{number}@autre.mssante.fr", **entry, postcode="93100")
            person = make_professional(100 * rows + number)
            Affiliation.objects.create(person=person, structure=structure)
            named.append({"id": f"rpps-{person.rpps}", "role": "delegataire", "reason": "x", "can_send": False})
        draft.answers["acces"] = {"people": named}
        draft.save()
        with django_assert_max_num_queries(300) as captured:
            assert page(client, draft, step).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- The naming policy ------------------------------------------------------------------------------------------------
POLICY = {
    "person_pattern": "p.nom", "shared_pattern": "nom.commune", "compounds": "joined", "apostrophes": "kept",
    "particles": "dropped", "max_length": "30",
}  # fmt: skip


def test_a_gestionnaire_fixes_the_policy_and_sees_what_it_gives(client, people, structure):
    client.force_login(people.gisele.user)
    url = reverse("naming", args=[structure.pk])
    shown = client.post(url, {**POLICY, "preview": "1"}).content.decode()
    assert "jm.n&#x27;diaye" in shown
    assert not NamingPolicy.objects.exists()
    client.post(url, POLICY)
    assert NamingPolicy.objects.get().person_pattern == "p.nom"
    assert JournalEntry.objects.get(what=Act.SET_NAMING).structure == structure
    client.post(url, POLICY)
    assert JournalEntry.objects.count() == 1


def test_the_examples_alone_answer_htmx(client, people, structure):
    client.force_login(people.gisele.user)
    url = reverse("naming", args=[structure.pk])
    shown = client.post(url, {**POLICY, "preview": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "<h1" not in shown
    assert "naming-examples" in shown


def test_a_reader_sees_the_policy_and_changes_nothing_a_stranger_sees_nothing(client, people, structure):
    url = reverse("naming", args=[structure.pk])
    client.force_login(people.lea.user)
    assert "est réservé à\u00a0: gestionnaire" in client.get(url).content.decode()
    assert client.post(url, POLICY).status_code == 422
    assert not NamingPolicy.objects.exists()
    client.force_login(people.eve.user)
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(("length", "fits"), [("7", False), ("8", True), ("64", True), ("65", False)])
def test_a_policy_s_length_at_its_edges(structure, length, fits):
    facts = {**POLICY, "max_length": int(length)}
    if fits:
        assert set_naming(structure, by=SYSTEM, **facts).pk
    else:
        with pytest.raises(Refused):
            set_naming(structure, by=SYSTEM, **facts)


def test_a_policy_serves_those_below_until_they_have_their_own(structure):
    site = Structure.objects.create(name="Site", parent=structure)
    set_naming(structure.parent, by=SYSTEM, **{**POLICY, "max_length": 20})
    assert NamingPolicy.objects.of(site).max_length == 20
    set_naming(structure, by=SYSTEM, **{**POLICY, "max_length": 40})
    assert NamingPolicy.objects.of(site).max_length == 40
    assert NamingPolicy.objects.of(Structure.objects.create(name="Ailleurs")).max_length == 64


def test_the_policy_is_what_is_proposed(client, walk, people, structure, answers):
    set_naming(structure.parent, by=SYSTEM, **{**POLICY, "max_length": 64})
    answers["type"] = {"kind": "PER"}
    answers["responsable"] = {"principal": people.paul.rpps, "service": ""}
    draft = walk(people.gisele, until="adresse")
    assert f'value="p.exemple@{DOMAIN}"' in page(client, draft, "adresse").content.decode()


def test_the_nearest_homonyms_are_named_and_the_others_counted(claire, structure, make_entry):
    for number in range(6):
        make_entry(f"c{number}@autre.mssante.fr", **{**MARTIN, "person_id": f"3000000000{number}", "postcode": "93100"})
    make_entry("own@autre.mssante.fr", **{**MARTIN, "person_id": "30000000009", "structure_id": "010000002"},
               postcode="93100")  # fmt: skip
    said = [warned.sentence for warned in namesake_warnings(namesakes(claire, structure, DOMAIN))]
    assert "own@autre.mssante.fr, dans votre structure" in said[0]
    assert said[-1].startswith("Et 3 de plus")
    assert len(said) == 5
