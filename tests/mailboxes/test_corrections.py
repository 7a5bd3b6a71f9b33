"""An error of the register put right: why, before and after; what rests on it follows; those concerned are told."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import SyncRun
from directory.typography import of
from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME
from mailboxes.gaps import Gaps
from mailboxes.lifecycle import (
    BY_VERB,
    CORRECTING,
    Act,
    RequestKind,
    RequestStage,
    State,
    Verb,
)
from mailboxes.models import SYSTEM, Bal, Claim, Notice, Operator, Person, Preference, Request, Structure
from mailboxes.rules import NotAllowed, Refused
from mailboxes.rules.corrections import check_holds_nothing
from mailboxes.rules.refusals import NAMED
from tests.mailboxes.conftest import make_professional

WHY = "Erreur de saisie."


@pytest.fixture
def by(people):
    return people.gisele.user


@pytest.fixture
def fresh_annuaire(operator):
    return SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())


def fresh(bal):
    return Bal.objects.with_holders().get(pk=bal.pk)


def told(what):
    return set(Notice.objects.filter(stage=what, person__isnull=False).values_list("person__given_name", flat=True))


# --- A BAL ------------------------------------------------------------------------------------------------------------
def test_a_wrong_titulaire_is_replaced_and_both_are_told(per, people, by):
    actions.delegate(per, people.delphine, under=people.paul, reason="Secrétariat", by=people.paul.user)
    actions.correct_bal(per, by=by, why=WHY, principal=people.bruno)
    row = fresh(per)
    assert [(holder.person, holder.is_principal) for holder in row.cotitulaires.all()] == [(people.bruno, True)]
    assert not row.current_delegations(), "nobody answers for it any more"
    entry = row.journal.get(what=Act.CORRECT)
    assert (entry.before, entry.after, entry.note, entry.by) == (
        "titulaire : Paul EXEMPLE", "titulaire : Bruno EXEMPLE", WHY, by,
    )  # fmt: skip
    assert told(Act.CORRECT) == {"Paul", "Bruno"}


def test_a_wrong_principal_leaves_the_other_cotitulaires_where_they_are(org, people, by):
    actions.correct_bal(org, by=by, why=WHY, principal=people.paul)
    held = {holder.person: holder.is_principal for holder in fresh(org).cotitulaires.all()}
    assert held == {people.paul: True, people.bruno: False}
    assert fresh(org).current_delegations() == [], "delphine's stood under who never was principal"


def test_a_cotitulaire_becomes_the_right_principal_and_stands_there_once(org, people, by):
    actions.correct_bal(org, by=by, why=WHY, principal=people.bruno)
    held = {holder.person: holder.is_principal for holder in fresh(org).cotitulaires.all()}
    assert held == {people.bruno: True}


def test_a_corrected_address_is_followed_by_all_that_names_the_bal_by_it(per, org, people, by):
    former, right = per.address, "paul.juste@chu-exemple.mssante.fr"
    asked = actions.open_request(per, RequestKind.CHANGE, by=by, detail="2 Go")
    Bal.objects.filter(pk=org.pk).update(replaced_by=former)
    Preference.objects.create(person=people.paul, address=former, by=people.paul.user)
    Preference.objects.create(person=people.alice, address=former, by=people.alice.user)
    actions.correct_bal(per, by=by, why=WHY, address=" Paul.Juste@chu-exemple.mssante.fr ")
    assert fresh(per).address == right
    asked.refresh_from_db()
    assert (asked.address, fresh(org).replaced_by) == (right, right)
    assert set(Preference.objects.values_list("person__given_name", "address")) == {("Paul", right), ("Alice", former)}


def test_type_structure_and_operator_are_corrected_each_with_its_line(per, org, structure, by):
    company = Operator.objects.create(code="autre", name="Autre")
    company.domains.create(name="autre.mssante.fr")
    facts = {"kind": "CAB", "structure": structure, "operator": company, "address": "cabinet@autre.mssante.fr"}
    actions.correct_bal(per, by=by, why=WHY, **facts)
    row = fresh(per)
    assert (row.kind, row.operator, row.address) == ("CAB", company, "cabinet@autre.mssante.fr")
    lines = set(row.journal.filter(what=Act.CORRECT).values_list("before", "after"))
    assert ("type : nominative", "type : de cabinet") in lines
    assert ("opérateur : Opérateur régional", "opérateur : Autre") in lines
    assert len(lines) == 3, "the structure was right"


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, "Rien ne change"),
        ({"why": " ", "kind": "CAB"}, "Dites pourquoi"),
        ({"address": "paul@ailleurs.mssante.fr"}, "n’est pas un domaine d"),
        ({"address": "accueil@chu-exemple.mssante.fr"}, "déjà au registre"),
        ({"kind": "APP"}, "n’a pas de titulaire"),
        ({"principal": None}, "a un titulaire"),
        ({"principal": "delphine"}, "il lui manque"),
    ],
)
def test_what_would_break_a_rule_is_refused_and_nothing_moves(per, org, people, by, facts, says):
    facts = {"why": WHY, **facts}
    if isinstance(facts.get("principal"), str):
        facts["principal"] = getattr(people, facts["principal"])
    with pytest.raises(Refused, match=says):
        actions.correct_bal(per, by=by, **facts)
    assert (fresh(per).address, fresh(per).kind, fresh(per).principal()) == (per.address, "PER", people.paul)
    assert not per.journal.exists()


def test_an_org_with_other_cotitulaires_is_no_per_until_they_leave(org, people, by):
    with pytest.raises(Refused, match="faites d’abord retirer Bruno EXEMPLE"):
        actions.correct_bal(org, by=by, why=WHY, kind="PER")
    actions.remove_cotitulaire(org, people.bruno, by=people.alice.user)
    assert actions.correct_bal(org, by=by, why=WHY, kind="PER").kind == "PER"


def test_an_operator_who_owes_an_answer_is_not_corrected_away(per, by):
    company = Operator.objects.create(code="autre", name="Autre")
    company.domains.create(name="chu.autre.mssante.fr")
    facts = {"operator": company, "address": "paul@chu.autre.mssante.fr"}
    asked = actions.open_request(per, RequestKind.CHANGE, by=by, detail="2 Go")
    with pytest.raises(Refused, match="annulez d’abord"):
        actions.correct_bal(per, by=by, why=WHY, **facts)
    actions.step(asked, Act.CANCEL_REQUEST, by=by)
    assert actions.correct_bal(per, by=by, why=WHY, **facts).operator == company


def test_a_bal_moves_only_to_a_structure_that_one_manages(per, structure, other_structure, by):
    site = Structure.objects.create(name="Site", parent=structure)
    with pytest.raises(NotAllowed):
        actions.correct_bal(per, by=by, why=WHY, structure=other_structure)
    assert actions.correct_bal(per, by=by, why=WHY, structure=site).structure == site


def test_the_same_page_asks_the_operator_where_it_is_they_who_are_wrong(per, people, client):
    client.force_login(people.gisele.user)
    page = reverse("bal-correct", args=[per.pk])
    facts = {"at_fault": "operator", "principal": "Paul Exemple", "kind": "PER", "structure": per.structure_id,
             "operator": per.operator_id, "why": "Un accent est refusé."}  # fmt: skip
    assert client.post(page, {**facts, "address": "paul.e@chu-exemple.mssante.fr"}).status_code == 302
    request = Request.objects.get(kind=RequestKind.CHANGE)
    assert "Adresse : paul.e@chu-exemple.mssante.fr, et non paul.exemple@chu-exemple.mssante.fr." in request.detail
    assert fresh(per).address == "paul.exemple@chu-exemple.mssante.fr"
    assert client.post(page, {**facts, "at_fault": "register", "address": "paul.e@chu-exemple.mssante.fr"}).url
    assert fresh(per).address == "paul.e@chu-exemple.mssante.fr"


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("demandes@exemple.org", "est prié de modifier cette BAL."),
        ("", "le gestionnaire MSSanté doit la lui transmettre."),
    ],
)
def test_the_operator_is_asked_for_the_alias_too_and_their_answer_leads_back_to_the_record(
    per, people, client, email, sentence
):
    Operator.objects.update(request_email=email)
    client.force_login(people.gisele.user)
    facts = {"at_fault": "operator", "principal": "Paul Exemple", "kind": "PER", "structure": per.structure_id,
             "operator": per.operator_id, "address": "paul.e@chu-exemple.mssante.fr", "keeps_former": "on",
             "why": "Mariage."}  # fmt: skip
    page = reverse("bal-correct", args=[per.pk])
    assert sentence in client.post(page, facts, follow=True).text
    request = Request.objects.get(kind=RequestKind.CHANGE)
    assert f"Merci de garder {per.address} comme alias" in request.detail
    assert page not in client.get(request.get_absolute_url()).text
    Request.objects.update(stage=RequestStage.DONE)
    assert page in client.get(request.get_absolute_url()).text
    client.force_login(people.paul.user)
    assert page not in client.get(request.get_absolute_url()).text


def test_the_page_starts_from_what_the_annuaire_says_and_tells_what_follows(per, people, make_entry, client):
    make_entry(per.address, "PER", person_id=people.bruno.rpps)
    actions.delegate(per, people.delphine, under=people.paul, reason="Secrétariat", by=people.paul.user)
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-correct", args=[per.pk]) + "?annuaire=oui").text
    assert "Bruno EXEMPLE (RPPS 10000000025)" in page
    assert "Les délégations données par qui n’est pas titulaire prennent fin" in page


# --- A person, a structure --------------------------------------------------------------------------------------------
def test_a_name_and_an_rpps_are_corrected_and_the_person_is_told(per, people, by):
    actions.correct_person(people.paul, by=by, why="Mariage.", family_name="Durand")
    actions.correct_person(people.paul, by=by, why="Coquille.", rpps="10000000090")
    people.paul.refresh_from_db()
    assert (people.paul.family_name, people.paul.rpps) == ("Durand", "10000000090")
    lines = people.paul.journal.filter(what=Act.CORRECT_PERSON).order_by("pk")
    assert [(line.before, line.note) for line in lines] == [
        ("nom : Exemple", "Mariage."), ("RPPS : 10000000033", "Coquille."),
    ]  # fmt: skip
    assert told(Act.CORRECT_PERSON) == {"Paul"}


def test_an_rpps_that_is_another_s_or_that_a_titulaire_needs_is_refused_with_the_way_round(per, people, by):
    with pytest.raises(Refused, match="gardez cette autre fiche"):
        actions.correct_person(people.paul, by=by, why=WHY, rpps=people.alice.rpps)
    with pytest.raises(Refused, match=f"titulaire {of(per.address)} : corrigez d’abord leur titulaire"):
        actions.correct_person(people.paul, by=by, why=WHY, rpps="")
    actions.correct_bal(per, by=by, why=WHY, principal=people.bruno)
    assert actions.correct_person(people.paul, by=by, why=WHY, rpps="").rpps is None


@pytest.mark.parametrize(
    ("count", "named"),
    [(1, "a0@b.fr"), (NAMED, "a0@b.fr, a1@b.fr, a2@b.fr"), (NAMED + 1, "a0@b.fr, a1@b.fr, a2@b.fr …")],
)
def test_a_refusal_names_the_first_bal_and_says_that_there_are_others(make_bal, people, by, count, named):
    for n in range(count):
        make_bal("PER", people.alice, address=f"a{n}@b.fr")
    make_bal("PER", people.alice, address="z@b.fr", state="deleted")
    with pytest.raises(Refused, match=f"titulaire {of(named)} : corrigez"):
        check_holds_nothing(people.alice)


def test_a_structure_s_finess_is_corrected_unless_another_has_it(structure, other_structure, make_bal, by, admin_user):
    with pytest.raises(NotAllowed):  # by its numbers a structure is known to the annuaire: nobody gives their own
        actions.describe_structure(structure, by=by, why=WHY, finess_et="010000093")
    by = admin_user
    actions.describe_structure(structure, by=by, why=WHY, finess_et="010000093")
    assert Structure.objects.get(pk=structure.pk).finess_et == "010000093"
    with pytest.raises(Refused, match="déjà celui de «"):
        actions.describe_structure(structure, by=by, why=WHY, finess_et=other_structure.finess_et)
    make_bal("ORG", address="vide@chu-exemple.mssante.fr")
    with pytest.raises(Refused, match="vide@chu-exemple"):
        actions.describe_structure(structure, by=by, why=WHY, finess_et="")


# --- What life does to a BAL ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verb", sorted(CORRECTING))
def test_what_contradicts_the_register_says_why(per, by, verb):
    Bal.objects.update(state=sorted(BY_VERB[verb].before)[0])
    with pytest.raises(Refused, match="Dites pourquoi"):
        actions.move(per, verb, by=by)


def test_a_bal_that_never_existed_leaves_and_its_address_may_be_entered_again(per, people, structure, operator, by):
    actions.open_request(per, RequestKind.CHANGE, by=by, detail="2 Go")
    actions.move(per, Verb.NEVER_EXISTED, by=by, note=WHY)
    assert fresh(per).state == State.ABANDONED
    assert not Request.objects.awaited().exists()
    assert told(Verb.NEVER_EXISTED) == {"Paul"}
    facts = {"structure": structure, "operator": operator, "kind": "PER", "address": per.address, "exists": True}
    assert actions.register_bal(by=by, principal=people.bruno, **facts).pk == per.pk


def test_an_opening_recorded_by_mistake_awaits_the_operator_again(structure, operator, people, by):
    facts = {"structure": structure, "operator": operator, "kind": "PER", "address": "p@chu-exemple.mssante.fr"}
    bal = actions.register_bal(by=by, principal=people.paul, **facts)
    with pytest.raises(Refused):
        actions.move(bal, Verb.RETRACT_OPENING, by=by, note=WHY)
    request = Request.objects.get()
    actions.step(request, Act.MARK_SENT, by=by)
    actions.step(request, Act.RECORD_DONE, by=by, answer="Ouverte.")
    assert fresh(bal).state == State.ACTIVE
    actions.move(bal, Verb.RETRACT_OPENING, by=by, note=WHY)
    request.refresh_from_db()
    assert (fresh(bal).state, request.stage, request.done_at) == (State.REQUESTED, RequestStage.SENT, None)
    actions.step(request, Act.RECORD_DONE, by=by, answer="Cette fois, oui.")
    assert fresh(bal).state == State.ACTIVE


def test_a_deletion_confirmed_by_mistake_is_awaited_again_and_may_still_be_stopped(per, people, by):
    Bal.objects.update(state=State.DEPUBLISHED)
    actions.move(per, Verb.REQUEST_DELETION, by=people.paul.user, attested=True)
    actions.move(per, Verb.CONFIRM_DELETION, by=by)
    actions.move(per, Verb.RETRACT_DELETION, by=by, note=WHY)
    request = Request.objects.get(kind=RequestKind.DELETE)
    assert (fresh(per).state, request.stage) == (State.DELETION_REQUESTED, RequestStage.SENT)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert fresh(per).state == State.ACTIVE


def test_without_an_answer_to_take_back_the_way_round_is_told(per, by):
    Bal.objects.update(state=State.DELETION_CONFIRMED)
    with pytest.raises(Refused, match="enregistrez que l’adresse revit"):
        actions.move(per, Verb.RETRACT_DELETION, by=by, note=WHY)
    actions.move(per, Verb.REVIVE, by=by, note=WHY)
    assert fresh(per).clock_at is not None, "the year starts anew"


def test_what_the_operator_deleted_settles_what_was_asked(per, by, people, structure):
    structure.memberships.filter(user=people.lea.user).update(role="gestionnaire")  # of one’s own act nobody is written
    for kind in (RequestKind.CHANGE, RequestKind.PUBLISH):
        actions.open_request(per, kind, by=by, detail="2 Go")
    actions.move(per, Verb.OPERATOR_DELETED, by=by, note=WHY)
    assert fresh(per).state == State.DELETION_CONFIRMED
    assert not Request.objects.awaited().exists()
    assert Notice.objects.filter(party="gestionnaires", stage=Verb.OPERATOR_DELETED).exists()


def test_a_list_that_says_deleted_of_an_active_bal_is_a_fact(per, bring_in):
    run = bring_in(f"Adresse;État\n{per.address};Supprimée\n")
    assert (run.updated, run.rejected, fresh(per).state) == (1, 0, State.DELETION_CONFIRMED)
    assert not Bal.objects.paid().filter(pk=per.pk).exists()
    assert told(Verb.OPERATOR_DELETED) == {"Paul"}


def test_a_list_brings_a_deleted_address_back_but_not_to_another_s_notices(per, people, bring_in):
    Bal.objects.update(state=State.DELETED)
    other = f"Adresse;RPPS;État\n{per.address};{people.alice.rpps};active\n"
    assert bring_in(other).lines.get().remark.endswith("puis corrigez son titulaire.")
    assert fresh(per).state == State.DELETED
    bring_in(f"Adresse;RPPS;État\n{per.address};{people.paul.rpps};active\n")
    assert fresh(per).state == State.ACTIVE


def test_a_deleted_address_is_not_entered_twice(per, structure, operator, people, by):
    Bal.objects.update(state=State.DELETED)
    facts = {"structure": structure, "operator": operator, "kind": "PER", "address": per.address, "exists": True}
    with pytest.raises(Refused, match="Si elle revit, enregistrez-le depuis sa fiche"):
        actions.register_bal(by=by, principal=people.bruno, **facts)


# --- The story: a wrong titulaire corrected after an alert went out ---------------------------------------------------
def test_a_wrong_titulaire_corrected_after_an_alert_went_out(per, people, by, client, time_machine):
    """The list named paul; the BAL is bruno's, who was never told anything."""
    start = timezone.now()
    Bal.objects.update(clock_at=start - timedelta(days=400))
    jobs.run("alert_idle")
    Notice.objects.update(sent_at=start, attempts=1)
    assert told(Verb.ALERT_IDLE) == {"Paul"}
    Claim.objects.create(person=people.paul, address=per.address, answer=Claim.Answer.NOT_MINE)
    assert per in BY_NAME["pas-a-lui"].bals(Bal.objects.all())

    client.force_login(by)
    finding = client.get(reverse("finding", args=["pas-a-lui"])).text
    page = reverse("bal-correct", args=[per.pk])
    assert page in finding
    assert "ce que l’ancien a laissé passer ou demandé ne compte plus" in client.get(page).text
    facts = {"at_fault": "register", "principal": "10000000025", "kind": "PER", "address": per.address,
             "structure": per.structure_id, "operator": per.operator_id, "why": "La liste se trompait."}  # fmt: skip
    assert client.post(page, facts).status_code == 302
    assert fresh(per).state == State.ACTIVE
    assert per not in BY_NAME["pas-a-lui"].bals(Bal.objects.all())
    assert fresh(per).journal.filter(what=Verb.RECONSIDER, by=None).exists()

    jobs.run("alert_idle")
    assert told(Verb.ALERT_IDLE) == {"Paul", "Bruno"}
    Notice.objects.filter(sent_at=None).update(sent_at=start, attempts=1)
    time_machine.move_to(start + timedelta(days=40), tick=False)
    Bal.objects.update(read_at=timezone.now())
    jobs.run("depublish_idle")
    assert fresh(per).state == State.IDLE_ALERTED, "bruno has his own two months"
    actions.move(per, Verb.OPPOSE, by=people.bruno.user)
    assert fresh(per).state == State.ACTIVE


@pytest.mark.parametrize(
    ("who", "stands"), [("paul", False), ("gisele", True)], ids=["asked by the wrong titulaire", "by a gestionnaire"]
)
def test_what_the_wrong_titulaire_asked_for_is_taken_back_and_what_another_did_stands(per, people, by, who, stands):
    actions.request_depublication(per, by=getattr(people, who).user, note="Ne sert plus.")
    actions.correct_bal(per, by=by, why=WHY, principal=people.bruno)
    assert (fresh(per).state == State.DEPUBLICATION_REQUESTED) == stands
    assert Request.objects.awaited().filter(kind=RequestKind.DEPUBLISH).exists() == stands


def test_a_homonym_written_wrongly_is_mended_by_a_correction(make_bal, per, people, by):
    twin = make_professional(7)
    Person.objects.filter(pk=twin.pk).update(family_name="Exemple", given_name="Paul")
    make_bal("PER", twin)
    twins = BY_NAME["homonyme"]
    assert per in twins.bals(Bal.objects.all())
    twin.affiliations.create(structure=per.structure)
    actions.correct_person(Person.objects.get(pk=twin.pk), by=by, why="Paule, et non Paul.", given_name="Paule")
    assert per not in twins.bals(Bal.objects.all())


def test_a_badly_named_address_is_mended_by_a_correction(make_bal, people, by):
    bal = make_bal("ORG", people.alice, address="secrétariat.lilas@chu-exemple.mssante.fr")
    assert bal in BY_NAME["nom"].bals(Bal.objects.all())
    actions.correct_bal(bal, by=by, why="Coquille.", address="secretariat.lilas@chu-exemple.mssante.fr")
    assert bal not in BY_NAME["nom"].bals(Bal.objects.all())


def test_reconsidering_is_the_automate_s_alone(per, by):
    Bal.objects.update(state=State.IDLE_ALERTED)
    with pytest.raises(NotAllowed):
        actions.move(per, Verb.RECONSIDER, by=by)
    actions.move(per, Verb.RECONSIDER, by=SYSTEM)


def test_what_the_annuaire_says_otherwise_is_no_gap_once_the_register_is_corrected(
    per, people, make_entry, by, client, fresh_annuaire
):
    make_entry(per.address, "PER", person_id=people.bruno.rpps, structure_id=per.structure.finess_et)
    gaps = Gaps.visible_to(by).narrowed(situation="differe")
    (gap,) = gaps
    client.force_login(by)
    page = client.get(reverse("gap", args=["differe", per.structure_id, per.address])).text
    assert reverse("bal-correct", args=[per.pk]) in page
    with pytest.raises(Refused, match="corrigez la fiche si c’est le registre qui se trompe"):
        actions.accept_annuaire(gap, by=by)
    actions.correct_bal(per, by=by, why="L’annuaire dit juste.", principal=people.bruno)
    assert not list(Gaps.visible_to(by).narrowed(situation="differe"))
