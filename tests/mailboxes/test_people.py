"""The pages of people: who sees whom, and how much; their record, and a copy of what is kept on them."""

import io
import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from mailboxes import actions
from mailboxes.forms.person_field import places_of
from mailboxes.models import (
    SYSTEM,
    AccessTrace,
    Affiliation,
    Bal,
    Claim,
    Cotitulaire,
    JournalEntry,
    Movement,
    Person,
    Structure,
)
from mailboxes.rules import NotAllowed, Refused, allows, check_describe_person, check_read_person
from mailboxes.software.actions import declare_software
from tests.mailboxes.conftest import make_professional
from tests.mailboxes.test_pages import AROUND, errors_of, said

pytestmark = pytest.mark.sqlite_run

TODAY = timezone.localdate


@pytest.fixture
def stay(people):
    return people.paul.affiliations.get()


@pytest.fixture
def file(people, stay):
    return actions.open_movement(stay, "departure", planned_on=TODAY(), by=people.gisele.user)


# --- Who gets in ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_gets_404_everywhere(client, people, stay, file, method):
    client.force_login(people.eve.user)
    paul = people.paul.pk
    pages = [
        ("person", paul), ("person-edit", paul), ("person-preferences", paul), ("person-journal", paul),
        ("person-data", paul),
        ("person-roles", paul), ("handover-ask", stay.pk), ("departure-record", stay.pk), ("departure-cancel", stay.pk),
        ("movement-open", stay.pk, "arrival"), ("movement", file.pk), ("movement-close", file.pk),
        ("movement-cancel", file.pk), ("movement-step", file.pk, "activity"),
        ("movement-step-reopen", file.pk, "activity"),
    ]  # fmt: skip
    for name, *args in pages:
        expected = 405 if (name, method) == ("person-data", "get") else 404
        assert getattr(client, method)(reverse(name, args=args)).status_code == expected, name
    assert client.get(reverse("person-list")).context["page"].paginator.count == 1, "the professional themselves"
    assert client.get(reverse("movement-list")).context["page"].paginator.count == 0


def test_every_url_of_a_person_a_stay_or_a_file_is_refused_to_strangers():
    from mailboxes.urls import urlpatterns  # noqa: PLC0415

    patterns = {str(p.pattern): p.name for p in urlpatterns if getattr(p, "name", None)}
    found = {
        name for path, name in patterns.items() if path.startswith(("personnes/<", "rattachements/", "dossiers/<"))
    }
    assert found == {
        "person", "person-edit", "person-journal", "person-data", "person-roles", "handover-ask", "departure-record",
        "departure-cancel", "movement-open", "movement", "movement-close", "movement-cancel", "movement-step",
        "movement-step-reopen", "person-preferences", "person-correct",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["person-list", "movement-list"])
def test_a_visitor_logs_in(client, db, name):
    assert client.get(reverse(name)).url.startswith(reverse("account_login"))


def test_one_sees_oneself_without_any_structure(visit, people, per, file):
    page = visit(people.paul, "person", people.paul.pk)
    assert page.status_code == 200
    assert "Vos données" in page.text
    assert visit(people.paul, "person", people.alice.pk).status_code == 404
    assert visit(people.paul, "movement", file.pk).status_code == 200


def test_a_reader_sees_the_record_and_not_what_was_told(visit, people, per):
    page = visit(people.lea, "person", people.paul.pk)
    assert per.address in page.text
    assert "journal" not in page.context
    assert reverse("person-edit", args=[people.paul.pk]) not in page.text
    assert visit(people.lea, "person-journal", people.paul.pk).status_code == 403
    assert visit(people.lea, "person-data", people.paul.pk, post={}).status_code == 403
    assert not AccessTrace.objects.exists()
    assert not JournalEntry.objects.filter(what="export_person").exists()


def test_of_what_is_done_elsewhere_a_gestionnaire_sees_nothing(visit, people, per, make_bal, other_structure):
    there = Affiliation.objects.create(person=people.paul, structure=other_structure, function="Consultant")
    other = make_bal("PER", people.paul, structure=other_structure, address="paul@chu-exemple.mssante.fr")
    Claim.objects.create(person=people.paul, address=other.address, answer="not_mine", at=timezone.now())
    Claim.objects.create(person=people.paul, address="p@ailleurs.mssante.fr", answer="used", at=timezone.now())
    actions.open_movement(there, "departure", planned_on=TODAY(), by=people.eve.user)
    actions.describe_stay(there, function="Consultante", by=people.eve.user)
    pages = [visit(people.gisele, name, people.paul.pk) for name in ("person", "person-journal")]
    data = visit(people.gisele, "person-data", people.paul.pk, post={"format": "json"})
    for page in [*pages, data]:
        for word in ("Clinique voisine", other.address, "Consultant"):
            assert word not in page.text
    assert "p@ailleurs.mssante.fr" in pages[0].text
    assert "Clinique voisine" in visit(people.eve, "person", people.paul.pk).text
    assert per.address not in visit(people.eve, "person", people.paul.pk).text
    own = visit(people.paul, "person-data", people.paul.pk, post={"format": "json"}).text
    assert "Clinique voisine" in own
    assert per.address in own


# --- The list ---------------------------------------------------------------------------------------------------------
def listed(visit, people, query):
    page = visit(people.gisele, "person-list", query=query).context["page"]
    return {person.given_name for person in page}


def test_the_filters(visit, people, org, per, structure):
    Affiliation.objects.filter(person=people.lea).update(left_on=TODAY())
    Affiliation.objects.filter(person=people.bruno).update(left_on=TODAY() + timedelta(days=9))
    Affiliation.objects.filter(person=people.paul).update(arrived_on=TODAY() + timedelta(days=5))
    delphine = people.delphine.affiliations.get()
    actions.open_movement(delphine, "departure", planned_on=TODAY(), by=people.gisele.user)
    everybody = {"Alice", "Bruno", "Delphine", "Paul", "Gisele", "Lea"}
    for query, names in {
        "": everybody,
        "?rpps=avec": {"Alice", "Bruno", "Paul"},
        "?rpps=sans": {"Delphine", "Gisele", "Lea"},
        "?presence=presents": {"Alice", "Bruno", "Delphine", "Gisele"},
        "?presence=arrivent": {"Paul"},
        "?presence=partent": {"Bruno", "Delphine"},
        "?presence=partis": {"Lea"},
        "?access=titulaire": {"Alice", "Bruno", "Paul"},
        "?access=principal": {"Alice"},
        "?access=delegataire": {"Delphine"},
        "?access=aucun": {"Gisele", "Lea"},
        "?q=paul": {"Paul"},
        f"?q={people.alice.rpps}": {"Alice"},
        f"?structure={structure.pk}&presence=partis": {"Lea"},
        "?presence=autre": everybody,
    }.items():
        assert listed(visit, people, query) == names, query


def test_an_empty_list_says_what_to_do(visit, people):
    assert "Élargissez" in visit(people.gisele, "person-list", query="?q=personne").text


def test_a_file_shows_on_the_line_of_the_person(visit, people, file):
    assert file.get_absolute_url() in visit(people.gisele, "person-list").text


@pytest.mark.parametrize("name", ["person-list", "movement-list"])
def test_the_lists_do_not_cost_more_with_more_people(
    visit, people, structure, make_bal, name, django_assert_max_num_queries
):
    counts = []
    for count in (2, 20):
        for number in range(count):
            person = make_professional(100 * count + number)
            place = Structure.objects.create(name=f"Site {count} {number}", parent=structure)
            stay = Affiliation.objects.create(person=person, structure=place)
            make_bal("ORG", person, structure=place)
            actions.open_movement(stay, "departure", planned_on=TODAY(), by=SYSTEM)
        with django_assert_max_num_queries(60) as captured:
            visit(people.gisele, name)
        counts.append(len([q for q in captured if not any(word in q["sql"] for word in AROUND)]))
    assert counts[0] == counts[1]


def test_the_page_of_a_person_does_not_cost_more_with_more_bal(visit, people, make_bal, django_assert_max_num_queries):
    counts = []
    for count in (2, 20):
        for _ in range(count):
            bal = make_bal("ORG", people.paul)
            actions.delegate(bal, people.delphine, under=people.paul, reason="x", by=people.paul.user)
        with django_assert_max_num_queries(60) as captured:
            visit(people.gisele, "person", people.paul.pk)
        counts.append(len([q for q in captured if not any(word in q["sql"] for word in AROUND)]))
    assert counts[0] == counts[1]


# --- The record -------------------------------------------------------------------------------------------------------
def test_a_record_is_changed_and_each_field_leaves_its_line(visit, people, stay):
    typed = {
        "has_cps": "on", "profession": "Médecin", "email": "nouveau@exemple.invalid",  # which is not theirs to change
        f"function_{stay.pk}": "Chef de clinique", f"arrived_on_{stay.pk}": "2026-01-05",
    }  # fmt: skip
    assert visit(people.gisele, "person-edit", people.paul.pk, post=typed).url == people.paul.get_absolute_url()
    people.paul.refresh_from_db()
    stay.refresh_from_db()
    assert (people.paul.profession, people.paul.email) == ("Médecin", "paul@exemple.invalid")
    assert (stay.function, f"{stay.arrived_on}") == ("Chef de clinique", "2026-01-05")
    lines = JournalEntry.objects.filter(person=people.paul, what="describe_person")
    assert {line.after.split(" : ")[0] for line in lines} == {
        "profession",
        "fonction",
        "arrivée",
    }
    assert lines.get(after__startswith="arrivée").after == "arrivée : 05/01/2026"


def test_an_rpps_is_given_once(visit, people):
    page = visit(people.gisele, "person-edit", people.delphine.pk)
    assert 'name="rpps"' in page.text
    visit(people.gisele, "person-edit", people.delphine.pk, post={"rpps": "10000000090"})
    assert Person.objects.get(pk=people.delphine.pk).rpps == "10000000090"
    assert 'name="rpps"' not in visit(people.gisele, "person-edit", people.delphine.pk).text
    with pytest.raises(Refused, match="ne se change pas"):
        actions.describe_person(people.delphine, rpps="10000000108", by=people.gisele.user)
    assert "déjà" in errors_of(visit(people.gisele, "person-edit", people.lea.pk, post={"rpps": people.paul.rpps}))[0]


@pytest.mark.parametrize("name", ["paul", "lea", "eve"])
def test_only_a_gestionnaire_changes_a_record(people, stay, name):
    by = getattr(people, name).user
    with pytest.raises(NotAllowed):
        actions.describe_person(people.paul, profession="x", by=by)
    with pytest.raises(NotAllowed):
        actions.describe_stay(stay, function="x", by=by)


def test_a_person_is_recorded_with_the_file_of_their_arrival(visit, people, structure):
    typed = {
        "structure": structure.pk, "given_name": "Zoé", "family_name": "Martin", "rpps": "", "function": "Interne",
        "arrived_on": f"{TODAY() + timedelta(days=20)}", "with_file": "on",
    }  # fmt: skip
    answer = visit(people.gisele, "person-new", post=typed)
    zoe = Person.objects.get(family_name="Martin")
    assert answer.url == zoe.get_absolute_url()
    file = Movement.objects.get(stay__person=zoe)
    assert (file.kind, file.planned_on, file.stay.function) == ("arrival", TODAY() + timedelta(days=20), "Interne")


def test_someone_who_is_nowhere_comes_here_if_their_name_is_known(visit, people, structure):
    people.eve.affiliations.update(left_on=TODAY())
    typed = {"structure": structure.pk, "given_name": "Eve", "family_name": "EXÊMPLE", "rpps": people.eve.rpps}
    visit(people.gisele, "person-new", post=typed)
    assert people.eve.affiliations.count() == 2
    assert Person.objects.filter(rpps=people.eve.rpps).count() == 1
    answer = visit(people.gisele, "person-new", post={**typed, "family_name": "Autre"})
    assert "RPPS" in errors_of(answer)[0]
    answer = visit(people.gisele, "person-new", post=typed)
    assert errors_of(answer), "already here"
    assert people.eve.affiliations.count() == 2


# --- A copy of what is kept -------------------------------------------------------------------------------------------
def test_the_copy_holds_everything_and_its_own_line_of_the_journal(visit, people, org, file):
    Claim.objects.create(person=people.alice, address="a@ailleurs.mssante.fr", asked_at=timezone.now())
    actions.add_cotitulaire(org, people.paul, by=people.alice.user)
    actions.transfer_principal(org, people.bruno, by=people.alice.user)
    actions.trace(people.alice.user, "export", "registre")
    data = json.loads(visit(people.alice, "person-data", people.alice.pk, post={"format": "json"}).content)
    assert data["Fiche"][0]["RPPS"] == people.alice.rpps
    assert [row["adresse"] for row in data["BAL tenues"]] == [org.address]
    assert [row["délégataire"] for row in data["Délégations données"]] == ["Delphine EXEMPLE"]
    assert data["Réponses sur des adresses"][0]["adresse"] == "a@ailleurs.mssante.fr"
    assert data["Journal"][0]["quoi"] == "Exporter les données d’une personne"
    assert data["Avis"] == [], "nobody is written about their own act"
    assert data["Traces d’accès"][0]["quoi"] == "export"
    paul = json.loads(visit(people.gisele, "person-data", people.paul.pk, post={"format": "json"}).content)
    assert [row["quoi"] for row in paul["Journal"]][:2] == [
        "Exporter les données d’une personne",
        "Ajouter un cotitulaire",
    ]
    bruno = json.loads(visit(people.bruno, "person-data", people.bruno.pk, post={"format": "json"}).content)
    assert bruno["Avis"][0]["étape"] == "Transmettre le rôle de principal"
    assert paul["Dossiers"][0]["dossier"] == "départ"
    assert paul["Traces d’accès"] == [], "what paul looked at is for paul alone"
    assert JournalEntry.objects.filter(what="export_person").count() == 3


def test_the_copy_holds_their_wishes_and_what_an_identity_manager_told_of_them(visit, people, structure):
    by = people.gisele.user
    people.alice.preferences.create(address="a@ailleurs.mssante.fr", purpose="letter", place="CHU", by=by)
    software, _ = declare_software(name="Entra", structures=[structure], scopes=["identities"], days=30, by=by)
    people.alice.affiliations.get().scim_users.create(software=software, user_name="alice.x", family_name="Exemple")
    for reader in (people.alice, people.gisele):
        data = json.loads(visit(reader, "person-data", people.alice.pk, post={"format": "json"}).content)
        assert data["BAL privilégiées"][0]["pour"] == "lettres d’adressage et de liaison"
        assert (data["Dit par l’établissement"][0]["structure"], data["Dit par l’établissement"][0]["userName"]) == (
            str(structure),
            "alice.x",
        )


def test_the_spreadsheet_has_the_same_tables_and_runs_no_formula(visit, people, org):
    Person.objects.filter(pk=people.alice.pk).update(profession="=1+1")
    answer = visit(people.alice, "person-data", people.alice.pk, post={"format": "xlsx"})
    assert ".xlsx" in answer["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames[:3] == ["Fiche", "Compte", "Rattachements"]
    assert "'=1+1" in [cell.value for cell in book["Fiche"][2]]
    assert book["Délégations reçues"]["A1"].value == "rien n’est gardé"


# --- The files --------------------------------------------------------------------------------------------------------
def test_a_file_is_opened_stepped_and_its_departure_recorded(visit, people, per, stay):
    visit(people.gisele, "movement-open", stay.pk, "departure", post={"planned_on": f"{TODAY()}"})
    file = Movement.objects.get()
    page = visit(people.gisele, "movement", file.pk)
    assert reverse("movement-step", args=[file.pk, "auto_reply"]) in page.text
    assert reverse("movement-step", args=[file.pk, "principal"]) not in page.text, "the register sees it"
    visit(people.gisele, "movement-step", file.pk, "auto_reply", post={"outcome": "done", "note": "Le 3."})
    assert "Fait le" in visit(people.gisele, "movement", file.pk).text
    refused = visit(people.gisele, "movement-step", file.pk, "deletion", post={"outcome": "not_applicable"})
    assert "Dites pourquoi" in errors_of(refused)[0]
    visit(people.gisele, "movement-step-reopen", file.pk, "auto_reply", post={})
    assert not file.steps.exists()
    visit(people.gisele, "departure-record", stay.pk, post={"left_on": f"{TODAY()}", "confirmed": "1"})
    stay.refresh_from_db()
    assert stay.left_on == TODAY()
    assert "Il reste à faire" in errors_of(visit(people.gisele, "movement-close", file.pk, post={}))[0]
    visit(people.gisele, "movement-cancel", file.pk, post={"note": "Finalement non"})
    assert "annulé" in visit(people.gisele, "movement", file.pk).text


def test_an_unknown_step_is_not_found(visit, people, file):
    assert visit(people.gisele, "movement-step", file.pk, "rien").status_code == 404
    assert visit(people.gisele, "movement-step", file.pk, "rpps").status_code == 404, "of an arrival"


def test_a_blocked_departure_says_of_what_and_leads_to_the_handover(visit, people, org):
    stay = people.alice.affiliations.get()
    orphan = Bal.objects.get(pk=org.pk)
    page = visit(people.gisele, "movement-open", stay.pk, "departure")
    assert org.address in page.text
    visit(people.gisele, "movement-open", stay.pk, "departure", post={"planned_on": f"{TODAY() + timedelta(days=3)}"})
    file = Movement.objects.get()
    page = visit(people.gisele, "movement", file.pk)
    assert "Le départ ne peut pas être enregistré" in page.text
    assert reverse("person-roles", args=[people.alice.pk]) in page.text
    page = visit(people.gisele, "departure-record", stay.pk)
    assert orphan.address in page.text
    foreseen = visit(people.gisele, "departure-record", stay.pk, post={"left_on": f"{TODAY()}"})
    assert "Le départ ne sera pas encore enregistré" in foreseen.text


def test_existing_orphans_come_first(visit, people, make_bal, stay):
    orphan = make_bal("ORG")
    for page in (visit(people.gisele, "movement-list"), visit(people.gisele, "movement-open", stay.pk, "departure")):
        assert reverse("bal-principal-name", args=[orphan.pk]) in page.text
    assert orphan.address not in visit(people.gisele, "movement-open", stay.pk, "arrival").text


def test_the_person_sees_their_file_and_may_tick_their_part(visit, people, file, per):
    page = visit(people.paul, "movement", file.pk)
    assert reverse("movement-step", args=[file.pk, "auto_reply"]) in page.text
    assert reverse("movement-step", args=[file.pk, "activity"]) not in page.text
    assert reverse("movement-cancel", args=[file.pk]) not in page.text
    assert reverse("departure-record", args=[file.stay_id]) not in page.text


def test_the_dashboard_tells_the_late_ones(visit, people, file, per):
    late = reverse("finding", args=["depart-en-retard"])
    assert late not in visit(people.gisele, "dashboard").text
    Movement.objects.update(planned_on=TODAY() - timedelta(days=1))
    assert late in visit(people.gisele, "dashboard").text
    assert visit(people.gisele, "movement-list", query="?point=depart-en-retard").context["page"].paginator.count == 1


def test_closed_files_are_apart(visit, people, file):
    actions.cancel_movement(file, by=people.gisele.user)
    assert visit(people.gisele, "movement-list").context["page"].object_list == []
    assert len(visit(people.gisele, "movement-list", query="?etat=clos").context["page"].object_list) == 1


# --- Handing over -----------------------------------------------------------------------------------------------------
def test_the_principal_hands_over_all_at_once_and_each_refusal_stands_on_its_line(visit, people, org, make_bal):
    second, third = make_bal("ORG", people.alice), make_bal("ORG", people.alice)
    typed = {
        f"bal_{org.pk}": people.bruno.rpps,
        f"bal_{second.pk}": f"#{people.delphine.pk}",
        f"bal_{third.pk}": "",
    }
    answer = visit(people.alice, "person-roles", people.alice.pk, post=typed)
    assert "il lui manque un numéro RPPS" in " ".join(errors_of(answer))
    assert said(answer) == ["Fait pour 1 BAL."]
    principals = {bal.pk: Cotitulaire.objects.get(bal=bal, is_principal=True).person for bal in (org, second, third)}
    assert principals == {org.pk: people.bruno, second.pk: people.alice, third.pk: people.alice}
    assert f'name="bal_{org.pk}"' not in answer.text
    assert f'name="bal_{second.pk}"' in answer.text


def test_homonyms_are_told_apart_by_where_they_work_as_far_as_one_sees(people, structure, other_structure):
    Affiliation.objects.filter(person=people.bruno, structure=structure).update(function="anesthésie")
    Affiliation.objects.create(person=people.bruno, structure=other_structure, function="consultations")
    seen = Structure.objects.visible_to(people.gisele.user)
    assert places_of([people.bruno, people.eve], seen) == {people.bruno.pk: f"anesthésie, {structure}"}
    assert places_of([people.bruno], Structure.objects.none()) == {}


def test_the_handover_proposes_cotitulaires_first_then_people_with_rpps_and_card(visit, people, org):
    visit_page = visit(people.alice, "person-roles", people.alice.pk)
    offered = [choice[0] for choice in candidates(visit_page, org)]
    assert offered[0].startswith("Bruno")
    assert any(label.startswith("Paul") for label in offered)
    assert not any(label.startswith(("Alice", "Delphine")) for label in offered)


def candidates(answer, bal):
    field = answer.context["form"].fields[f"bal_{bal.pk}"]
    return [(str(person), person.profession) for person in field.widget.candidates]


def test_a_gestionnaire_asks_before_the_day_and_names_from_it_on(visit, people, org):
    page = visit(people.gisele, "person-roles", people.alice.pk)
    assert f'name="bal_{org.pk}"' not in page.text
    stay = people.alice.affiliations.get()
    assert reverse("handover-ask", args=[stay.pk]) in page.text
    assert visit(people.gisele, "handover-ask", stay.pk, post={}).status_code == 302
    actions.open_movement(stay, "departure", planned_on=TODAY(), by=people.gisele.user)
    assert f'name="bal_{org.pk}"' in visit(people.gisele, "person-roles", people.alice.pk).text
    visit(people.gisele, "person-roles", people.alice.pk, post={f"bal_{org.pk}_chosen": people.bruno.rpps})
    assert Bal.objects.get(pk=org.pk).principal() == people.bruno


def test_who_is_neither_hands_nothing_over(visit, people, org):
    visit(people.lea, "person-roles", people.alice.pk, post={f"bal_{org.pk}": people.bruno.rpps})
    assert Bal.objects.get(pk=org.pk).principal() == people.alice


def test_nothing_to_hand_over_is_said(visit, people):
    assert "Aucune BAL partagée ne dépend" in visit(people.gisele, "person-roles", people.paul.pk).text


# --- Delegations ------------------------------------------------------------------------------------------------------
def test_a_delegation_is_taken_over_from_the_page_of_the_bal(visit, people, org):
    delegation = org.delegataires.get()
    url = reverse("delegation-take-over", args=[delegation.pk])
    assert url in visit(people.bruno, "bal", org.pk).text
    for name in ("alice", "gisele", "delphine"):
        assert url not in visit(getattr(people, name), "bal", org.pk).text
    visit(people.bruno, "delegation-take-over", delegation.pk, post={})
    assert org.delegataires.get(ended_at=None).under == people.bruno


def test_a_delegataire_reads_that_their_access_ended_but_not_that_it_was_taken_over(visit, people, org):
    actions.take_over_delegation(org.delegataires.get(), by=people.bruno.user)
    assert "terminées depuis peu" not in visit(people.delphine, "my-bals").text
    actions.end_delegation(org.delegataires.get(ended_at=None), by=people.bruno.user)
    assert "terminées depuis peu" in visit(people.delphine, "my-bals").text


def test_the_mail_of_an_ended_access_leads_where_its_reader_may_go(
    visit, people, org, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        actions.end_delegation(org.delegataires.get(), by=people.alice.user)
    mail = next(mail for mail in mailoutbox if mail.to == [people.delphine.email])
    assert reverse("my-bals") in mail.body
    assert org.get_absolute_url() not in mail.body


@pytest.mark.parametrize("query", ["bal=abc", "structure=abc", "bal=²", "structure="])
def test_suggestions_asked_for_a_number_that_is_none_are_those_one_sees(visit, people, query):
    assert visit(people.gisele, "person-suggest", query=f"?q=Exemple&{query}").status_code == 200


def test_requests_ticked_by_a_number_that_is_none_are_no_error(client, people):
    client.force_login(people.gisele.user)
    assert client.post(reverse("request-file"), {"requests": ["²", "abc"]}).status_code == 302


def test_what_a_structure_did_of_who_left_it_is_read_there_and_nothing_more(people):
    gisele, eve = people.gisele.user, people.eve.user
    Affiliation.objects.filter(person=people.paul).update(left_on=timezone.localdate() - timedelta(days=1))
    paul = Person.objects.get(pk=people.paul.pk)
    assert allows(check_read_person, paul, by=gisele)
    assert not allows(check_describe_person, paul, {}, by=gisele)
    assert not allows(check_read_person, paul, by=eve)


# --- The same person typed twice --------------------------------------------------------------------------------------
ZOE = {"given_name": "Zoé", "family_name": "NOËL"}


@pytest.fixture
def typed_twice(visit, people, structure):
    def type_in(**facts):
        return visit(people.gisele, "person-new", post={"structure": structure.pk, **ZOE, **facts})

    return type_in


@pytest.mark.sqlite_run
@pytest.mark.parametrize("again", [{}, {"given_name": "zoe", "family_name": "Noel"}, {"rpps": "10000000157"}])
def test_who_is_typed_twice_is_asked_about_and_entered_once(typed_twice, again):
    assert typed_twice().status_code == 302
    page = typed_twice(**again)
    assert "Zoé NOËL est déjà dans CHU" in page.text
    assert 'type="checkbox" name="is_another"' in page.text
    assert Person.objects.filter(family_name="NOËL").count() == 1
    assert typed_twice(**again, is_another="on").status_code == 302
    assert Person.objects.count() >= 2


@pytest.mark.sqlite_run
def test_two_of_one_name_whom_their_rpps_tells_apart_are_not_asked_about(typed_twice):
    assert 'type="hidden" name="is_another"' in typed_twice(family_name="").text
    for rpps in ("10000000157", "10000000165"):
        assert typed_twice(rpps=rpps).status_code == 302
    assert Person.objects.filter(family_name="NOËL").count() == 2


def test_of_who_left_nothing_is_said_of_what_the_annuaire_shows(client, people):
    client.force_login(people.gisele.user)
    assert "Situations d’exercice" in client.get(people.paul.get_absolute_url()).text
    people.paul.affiliations.update(left_on=timezone.localdate())
    page = client.get(people.paul.get_absolute_url()).text
    assert "a quitté vos structures" in page
    assert "Situations d’exercice" not in page
    assert "Rien ne lui a été demandé" not in page


@pytest.mark.sqlite_run
def test_who_left_or_works_elsewhere_is_nobody_s_namesake(typed_twice, people, other_structure):
    typed_twice()
    Person.objects.get(family_name="NOËL").affiliations.update(structure=other_structure)
    assert typed_twice().status_code == 302


def test_nobody_enters_a_structure_that_is_closed(structure, people, other_structure):
    Structure.objects.filter(pk=structure.pk).update(closed_on=timezone.localdate())
    structure.refresh_from_db()
    for act in (
        lambda: actions.record_person(structure, by=people.gisele.user, family_name="MOREL", given_name="Ana"),
        lambda: actions.ask_joining(people.eve, structure, by=people.gisele.user),
    ):
        with pytest.raises(Refused, match="est fermée depuis"):
            act()
