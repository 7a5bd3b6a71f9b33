"""The gaps with the annuaire: each situation at its edge, each remedy, and who sees what."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from directory.folding import fold, folded_in_sql
from directory.models import Entry, SyncRun, TrustedDomain
from mailboxes import actions
from mailboxes.gaps import SITUATIONS, Gaps
from mailboxes.lifecycle import LIVE, Act, State
from mailboxes.models import (
    Affiliation,
    Bal,
    Claim,
    Domain,
    GapDecision,
    JournalEntry,
    Notice,
    Person,
    Structure,
)
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.in_bulk import do_in_bulk, foresee

FINESS = "010000002"  # the CHU's
OTHER_RPPS = "10000000090"


@pytest.fixture
def see(people, operator):
    """`see(gisele)`: the names of the situations and the addresses that gisele is shown."""

    def look(person=people.gisele, **facts):
        found = Gaps.visible_to(person.user).narrowed(**facts)
        return sorted((gap.situation.name, gap.address) for gap in found)

    return look


@pytest.fixture
def one(people):
    """The one gap that gisele sees."""

    def find(person=people.gisele, **facts):
        (gap,) = list(Gaps.visible_to(person.user).narrowed(**facts))
        return gap

    return find


# --- Published and unknown here ---------------------------------------------------------------------------------------
NEW = "nouvelle@chu-exemple.mssante.fr"


@pytest.mark.parametrize("number", ["finess_et", "siret", "rpps_rang"])
def test_what_bears_a_number_of_the_structure_is_unknown(see, fresh, structure, make_entry, number):
    Structure.objects.filter(pk=structure.pk).update(siret="12345678901234", rpps_rang="10000000000101")
    structure.refresh_from_db()
    make_entry(NEW, "ORG", structure_id=getattr(structure, number))
    assert see() == [("inconnue", NEW)]


def test_the_number_of_the_legal_entity_names_the_entity_alone(see, one, fresh, structure, make_entry, people):
    Structure.objects.filter(pk=structure.pk).update(finess_ej=structure.parent.finess_ej)
    make_entry(NEW, "ORG", structure_id=structure.parent.finess_ej)
    assert see() == [], "the entity's, not the hospital's"
    people.gisele.user.memberships.update(structure=structure.parent)
    people.gisele.refresh_from_db()  # as of her next request
    assert one().structure == structure.parent


def test_the_domain_alone_says_nothing_unless_it_is_reserved(see, one, fresh, structure, make_entry):
    make_entry(NEW, "ORG", structure_id="990000001")
    assert see() == []
    Domain.objects.update(structure=structure)
    assert one().situation.name == "inconnue"


def test_what_another_structure_holds_is_not_unknown(see, fresh, make_bal, other_structure, make_entry):
    make_bal("ORG", address=NEW, structure=other_structure)
    make_entry(NEW, "ORG", structure_id=FINESS, structure_name="CHU")
    assert see() == []


def test_what_is_withdrawn_is_no_gap(see, fresh, make_entry):
    make_entry(NEW, "ORG", structure_id=FINESS, withdrawn_at=timezone.now())
    assert see() == []


def test_our_people_on_our_operator_are_unknown_here_and_elsewhere_are_elsewhere(see, fresh, people, make_entry):
    make_entry("paul@chu-exemple.mssante.fr", person_id=people.paul.rpps)
    make_entry("paul@ailleurs.mssante.fr", person_id=people.paul.rpps)
    make_entry("inconnu@ailleurs.mssante.fr", person_id=OTHER_RPPS)
    assert see() == [("ailleurs", "paul@ailleurs.mssante.fr"), ("inconnue", "paul@chu-exemple.mssante.fr")]


def test_who_left_is_not_ours_any_more(see, fresh, people, make_entry):
    make_entry("paul@ailleurs.mssante.fr", person_id=people.paul.rpps)
    Affiliation.objects.filter(person=people.paul).update(left_on=timezone.localdate())
    assert see() == []


def test_an_address_that_its_holder_said_to_be_in_use_is_settled(see, fresh, people, make_entry):
    make_entry("paul@ailleurs.mssante.fr", person_id=people.paul.rpps)
    claim = Claim.objects.create(person=people.paul, address="paul@ailleurs.mssante.fr", answer="not_mine")
    assert see() == [("ailleurs", "paul@ailleurs.mssante.fr")]
    Claim.objects.filter(pk=claim.pk).update(answer="used")
    assert see() == []


# --- Known here and absent --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", State)
def test_an_active_bal_is_missed_and_no_other(see, fresh, make_bal, state):
    bal = make_bal("ORG", state=state)
    assert see() == ([("absente", bal.address)] if state in (State.ACTIVE, State.IDLE_ALERTED) else [])


def test_an_app_and_a_red_listed_bal_are_never_missed(see, fresh, app, make_bal):
    make_bal("PER", liste_rouge=True)
    assert see() == []


@pytest.mark.parametrize("run", ["stale", "none"])
def test_a_stale_annuaire_concludes_no_absence_and_asks_nobody(see, one, make_bal, people, run, make_entry):
    if run == "stale":
        SyncRun.objects.create(
            source="extraction", status="applied", generated_at=timezone.now() - timedelta(days=3, minutes=1)
        )
    make_bal("ORG")
    assert see() == []
    make_entry(NEW, "ORG", structure_id=FINESS)
    with pytest.raises(Refused, match="annuaire"):
        actions.ask_operator(one(), by=people.gisele.user)
    assert not Notice.objects.exists()


# --- Published though it should not be --------------------------------------------------------------------------------
@pytest.mark.parametrize("state", State)
def test_what_is_gone_and_yet_published_is_seen(see, fresh, make_bal, make_entry, state):
    bal = make_bal("ORG", state=state)
    make_entry(bal.address, "ORG")
    wrong = state in (State.DEPUBLISHED, State.DELETED)
    assert see(situation="a-tort") == ([("a-tort", bal.address)] if wrong else [])


def test_a_red_listed_bal_that_is_published_is_seen(see, fresh, make_bal, make_entry):
    bal = make_bal("ORG", liste_rouge=True)
    make_entry(bal.address, "ORG")
    assert see() == [("a-tort", bal.address)]


# --- Different --------------------------------------------------------------------------------------------------------
AGREE = {"structure_id": FINESS, "structure_name": "C.H.U.", "service": "CARDIOLOGIE"}
DIFFER = [
    ("ORG", {**AGREE}, False),
    ("ORG", {**AGREE, "service": ""}, False),
    ("ORG", {**AGREE, "service": "Cardiologíe "}, False),
    ("ORG", {**AGREE, "service": "Urgences"}, True),
    ("PER", {**AGREE}, True),
    ("ORG", {**AGREE, "structure_id": "990000001"}, True),
    ("ORG", {"structure_name": "Autre clinique"}, True),
    ("ORG", {"structure_name": "Autre clinique", "trade_name": "CHU"}, False),
    ("ORG", {"structure_name": "chu"}, False),
]


@pytest.mark.parametrize(("kind", "facts", "differs"), DIFFER)
def test_an_org_differs_field_by_field(see, one, fresh, make_bal, make_entry, kind, facts, differs):
    bal = make_bal("ORG", service="Cardiologie")
    make_entry(bal.address, kind, **facts)
    assert see() == ([("differe", bal.address)] if differs else [])
    if differs:
        assert one().differences, "the page says why, as the set does"


@pytest.mark.parametrize(
    ("facts", "differs"),
    [
        ({"person_id": "10000000033", "family_name": "EXEMPLE", "given_name": "PAUL"}, False),
        ({"person_id": "10000000033", "family_name": "EXEMPLÉ", "given_name": "Paul"}, False),
        ({"person_id": OTHER_RPPS, "family_name": "EXEMPLE", "given_name": "PAUL"}, True),
        ({"person_id": "10000000033", "family_name": "AUTRE", "given_name": "PAUL"}, True),
        ({}, False),
    ],
)
def test_a_per_differs_by_its_holder(see, one, fresh, per, make_entry, facts, differs):
    make_entry(per.address, **facts)
    assert see() == ([("differe", per.address)] if differs else [])
    if differs:
        assert one().differences


def test_a_cab_may_be_shown_as_an_org(see, fresh, make_bal, people, make_entry):
    bal = make_bal("CAB", people.alice)
    make_entry(bal.address, "ORG")
    assert see() == []


def test_one_line_that_agrees_is_enough(see, fresh, per, people, make_entry):
    """A professional has a line for each of their situations d'exercice."""
    make_entry(per.address, ordinal=1, person_id=people.paul.rpps, structure_id="990000001")
    make_entry(per.address, ordinal=2, person_id=people.paul.rpps, structure_id=FINESS)
    assert see() == []


WORDS = [
    "Médecine A",
    "MEDECINE  a",
    "d’Aubigny",
    "D'AUBIGNY",
    "Œuvre",
    "OEUVRE",
    "ß",
    "Ça-va",
    "",
    " ",
    "Ωmega",
    "½ 2e",
]


def test_both_databases_fold_as_python_does(db):
    from django.db import connection  # noqa: PLC0415

    for word in WORDS:
        Structure.objects.create(name=word)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name, {folded_in_sql('name')} FROM mailboxes_structure")
        assert dict(cursor.fetchall()) == {word: fold(word) for word in WORDS}


# --- Several entries --------------------------------------------------------------------------------------------------
def test_a_per_under_two_rpps_is_listed_several_times(see, fresh, per, people, make_entry):
    make_entry(per.address, ordinal=1, person_id=people.paul.rpps)
    assert see() == []
    make_entry(per.address, ordinal=2, person_id=OTHER_RPPS)
    assert see() == [("plusieurs", per.address)]


def test_a_shared_bal_under_each_cotitulaire_is_listed_as_it_should(see, fresh, org, people, make_entry):
    for rank, person in enumerate([people.alice, people.bruno], 1):
        make_entry(org.address, "ORG", ordinal=rank, person_id=person.rpps)
    assert see() == []
    make_entry(org.address, "PER", ordinal=3)
    assert see() == [("plusieurs", org.address)]


# --- The white list ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("listed", "seen"), [(["chu-exemple.mssante.fr"], 0), (["autre.mssante.fr"], 2), ([], 0)])
def test_a_domain_outside_the_white_list_is_seen_once_there_is_a_list(see, fresh, per, make_entry, listed, seen):
    now = timezone.now()
    for name in listed:
        TrustedDomain.objects.create(source="whitelist", name=name, digest=name, first_seen_at=now, changed_at=now)
    make_entry(NEW, "ORG", structure_id=FINESS)
    assert len(see(situation="hors-liste")) == seen


# --- Who sees ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def of_each(fresh, per, make_entry, people):
    """An unknown one and an absent one, of the CHU."""
    make_entry(NEW, "ORG", structure_id=FINESS)
    return Gaps.visible_to(people.gisele.user)


def test_a_stranger_sees_nothing(see, of_each, people):
    assert len(see()) == len(see(people.lea)) == 2
    assert see(people.eve) == []
    assert see(people.paul) == []


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.fixture
def mend(client):
    def go(person, keys, act, **facts):
        client.force_login(person.user)
        return do_in_bulk(client, "gap-bulk", {"gaps": keys, "act": act}, **facts)

    return go


def test_a_stranger_gets_404_and_mends_nothing(mend, visit, of_each, people, structure):
    where = ("inconnue", structure.pk, NEW)
    assert visit(people.gisele, "gap", *where).status_code == 200
    assert visit(people.eve, "gap", *where).status_code == 404
    key = f"inconnue:{structure.pk}:{NEW}"
    mend(people.eve, [key], "adopt")
    assert not Bal.objects.filter(address=NEW).exists()
    assert NEW not in visit(people.eve, "gap-list").content.decode()
    assert NEW.encode() not in b"".join(visit(people.eve, "gap-export").streaming_content)


def test_a_reader_reads_and_mends_nothing(mend, visit, of_each, people, structure):
    key = f"inconnue:{structure.pk}:{NEW}"
    assert "réservé à\u00a0: gestionnaire" in mend(people.lea, [key], "ignore_gap", reason="x").text
    assert not GapDecision.objects.exists()
    assert 'name="act"' not in visit(people.lea, "gap-list").content.decode()


@pytest.mark.parametrize("act", [actions.adopt, actions.ask_operator])
def test_an_action_is_refused_to_a_stranger(of_each, people, act):
    (gap,) = list(of_each.narrowed(situation="inconnue"))
    with pytest.raises(NotAllowed):
        act(gap, by=people.eve.user)


# --- Adopt ------------------------------------------------------------------------------------------------------------
def test_an_org_is_adopted_with_what_the_annuaire_says(of_each, one, people, structure):
    Entry.objects.update(service="Standard")
    bal = actions.adopt(one(situation="inconnue"), by=people.gisele.user)
    assert (bal.kind, bal.service, bal.structure, bal.state) == ("ORG", "Standard", structure, State.ACTIVE)
    assert bal.journal.get().what == Act.REGISTER
    assert not Notice.objects.exists(), "it exists already: nobody is asked to open it"


def test_a_per_is_adopted_with_its_holder(one, fresh, people, make_entry):
    make_entry(NEW, person_id=people.bruno.rpps)
    assert actions.adopt(one(), by=people.gisele.user).principal() == people.bruno


def test_an_unknown_holder_is_entered_once_their_card_is_attested(one, fresh, people, make_entry, structure):
    make_entry(NEW, person_id=OTHER_RPPS, family_name="LE GOFF", given_name="Anne", structure_id=FINESS)
    with pytest.raises(Refused, match="CPS"):
        actions.adopt(one(), by=people.gisele.user)
    assert not Person.objects.filter(rpps=OTHER_RPPS).exists(), "nothing is half written"
    bal = actions.adopt(one(), by=people.gisele.user, attested=True)
    holder = bal.principal()
    assert (holder.rpps, holder.family_name, holder.has_cps) == (OTHER_RPPS, "Le Goff", True)
    assert holder.affiliations.get().structure == structure


def test_a_per_under_two_rpps_is_not_adopted(one, fresh, people, make_entry):
    make_entry(NEW, person_id=OTHER_RPPS, structure_id=FINESS)
    make_entry(NEW, ordinal=2, person_id=people.paul.rpps, structure_id=FINESS)
    with pytest.raises(Refused, match="plusieurs titulaires"):
        actions.adopt(one(), by=people.gisele.user)


def test_a_domain_of_no_operator_is_not_adopted(one, fresh, people, make_entry):
    make_entry("standard@ailleurs.mssante.fr", "ORG", structure_id=FINESS)
    with pytest.raises(Refused, match=r"Aucun opérateur du registre n’a le domaine .*ailleurs.mssante.fr"):
        actions.adopt(one(), by=people.gisele.user)


def test_what_is_mended_meanwhile_is_refused(one, of_each, people):
    gap = one(situation="inconnue")
    actions.adopt(gap, by=people.gisele.user)
    with pytest.raises(Refused, match="n’existe plus"):
        actions.adopt(gap, by=people.gisele.user)


# --- Ask the operator -------------------------------------------------------------------------------------------------
def test_the_operator_is_asked_of_an_address_that_is_no_bal_of_ours(one, of_each, people, structure, mailoutbox):
    actions.ask_operator(one(situation="inconnue"), by=people.gisele.user, reason="Service fermé.")
    entry = JournalEntry.objects.get()
    assert (entry.bal, entry.structure, entry.address, entry.by) == (None, structure, NEW, people.gisele.user)
    notice = entry.notices.get()
    assert (notice.bal, notice.address) == (None, "demandes@op.invalid")
    assert NEW in notice.text
    assert "Service fermé." in notice.text


def test_the_operator_is_asked_field_by_field_and_told_by_mail(
    one, fresh, people, make_bal, make_entry, mailoutbox, django_capture_on_commit_callbacks
):
    bal = make_bal("ORG", service="Cardiologie")
    make_entry(bal.address, "ORG", service="Urgences")
    with django_capture_on_commit_callbacks(execute=True):
        actions.ask_operator(one(), by=people.gisele.user)
    (mail,) = mailoutbox
    assert "Service de rattachement : «\u00a0Cardiologie\u00a0», et non «\u00a0Urgences\u00a0»." in mail.body
    assert bal.journal.get().what == Act.ASK_OPERATOR


def test_the_same_is_not_asked_twice_until_the_fact_changes(one, of_each, people, see):
    actions.ask_operator(one(situation="inconnue"), by=people.gisele.user)
    assert one(situation="inconnue").status == "asked"
    with pytest.raises(Refused, match="déjà demandé"):
        actions.ask_operator(one(situation="inconnue"), by=people.gisele.user)
    Entry.objects.update(digest="changed")
    assert one(situation="inconnue").status == "open"
    actions.ask_operator(one(situation="inconnue"), by=people.gisele.user)
    assert Notice.objects.count() == 2
    assert GapDecision.objects.count() == 1


@pytest.mark.parametrize("situation", ["inconnue", "absente"])
def test_what_is_asked_no_more_is_to_be_mended_again(one, of_each, people, see, situation):
    by = people.gisele.user
    asked = [actions.ask_operator(one(situation=name), by=by) for name in ("inconnue", "absente")]
    request = next(row for row in asked if row.address == one(situation=situation).address)
    actions.step(request, Act.CANCEL_REQUEST, by=by)
    assert {name: one(situation=name).status for name in ("inconnue", "absente")} == {
        "inconnue": "asked",
        "absente": "asked",
        situation: "open",
    }
    actions.ask_operator(one(situation=situation), by=by)
    assert one(situation=situation).status == "asked"


def test_what_the_operator_refuses_of_an_address_that_the_register_has_not_is_to_be_mended_again(one, of_each, people):
    by = people.gisele.user
    for name, status in (("inconnue", "open"), ("absente", "asked")):
        request = actions.ask_operator(one(situation=name), by=by)
        actions.step(request, Act.MARK_SENT, by=by)
        actions.step(request, Act.RECORD_REFUSAL, by=by, answer="Pas chez nous.")
        assert one(situation=name).status == status


# --- Accept what the annuaire says ------------------------------------------------------------------------------------
def test_the_service_is_taken_from_the_annuaire(one, see, fresh, people, make_bal, make_entry):
    bal = make_bal("ORG", service="Cardiologie")
    make_entry(bal.address, "ORG", service="Urgences")
    actions.accept_annuaire(one(), by=people.gisele.user)
    bal.refresh_from_db()
    assert bal.service == "Urgences"
    assert bal.journal.get().what == Act.DESCRIBE
    assert see() == []


def test_a_holder_is_not_taken_from_the_annuaire(one, fresh, people, per, make_entry):
    make_entry(per.address, person_id=OTHER_RPPS)
    with pytest.raises(Refused, match="Seul le service"):
        actions.accept_annuaire(one(), by=people.gisele.user)


# --- Ignore -----------------------------------------------------------------------------------------------------------
def test_an_ignored_gap_comes_back_on_its_date(one, see, of_each, people, time_machine):
    today = timezone.localdate()
    actions.ignore_gap(one(situation="inconnue"), by=people.gisele.user, reason="En cours.", until=today + timedelta(2))
    assert see(status="open", situation="inconnue") == []
    assert see(status="ignored") == [("inconnue", NEW)]
    time_machine.move_to(timezone.now() + timedelta(2), tick=False)
    assert see(status="open", situation="inconnue") == [], "until that day, included"
    time_machine.move_to(timezone.now() + timedelta(1), tick=False)
    assert see(status="open", situation="inconnue") == [("inconnue", NEW)]


def test_an_ignored_gap_comes_back_when_the_facts_change(one, see, fresh, people, make_bal, make_entry):
    bal = make_bal("ORG", service="Cardiologie")
    make_entry(bal.address, "ORG", service="Urgences")
    actions.ignore_gap(one(), by=people.gisele.user, reason="L’annuaire se trompe.")
    assert see(status="open") == []
    Bal.objects.update(description="Autre")
    assert see(status="open") == [], "not a fact of this gap"
    Bal.objects.update(service="Neurologie")
    assert see(status="open") == [("differe", bal.address)]


def test_an_ignored_gap_is_taken_up_again_and_can_be_set_aside_anew(one, see, of_each, people):
    gisele = people.gisele.user
    with pytest.raises(Refused, match="déjà à traiter"):
        actions.resume_gap(one(situation="inconnue"), by=gisele)
    for reason in ("En cours.", "Encore."):
        actions.ignore_gap(one(situation="inconnue"), by=gisele, reason=reason)
        assert see(status="open", situation="inconnue") == []
        actions.resume_gap(one(situation="inconnue"), by=gisele)
        assert see(status="open", situation="inconnue") == [("inconnue", NEW)]
    lines = JournalEntry.objects.filter(address=NEW).order_by("pk").values_list("what", "note")
    aside = [(Act.IGNORE_GAP, "En cours."), (Act.RESUME_GAP, ""), (Act.IGNORE_GAP, "Encore."), (Act.RESUME_GAP, "")]
    assert list(lines) == aside


def test_what_was_asked_of_the_operator_is_not_taken_up_so(one, of_each, people):
    actions.ask_operator(one(situation="inconnue"), by=people.gisele.user)
    with pytest.raises(Refused, match="demandé à l’opérateur"):
        actions.resume_gap(one(situation="inconnue"), by=people.gisele.user)


def test_a_batch_set_aside_is_undone_from_its_report(client, of_each, people, structure, see):
    client.force_login(people.gisele.user)
    mended = foresee(client, "gap-bulk", {"gaps": [f"inconnue:{structure.pk}:{NEW}"], "act": "ignore_gap"})
    assert "Vous pourrez revenir en arrière" in mended.text


def test_a_gap_set_aside_offers_its_way_back_on_its_page_and_in_the_list(client, one, of_each, people, structure):
    client.force_login(people.gisele.user)
    gap = one(situation="inconnue")
    url = reverse("gap", args=["inconnue", structure.pk, NEW])
    assert 'value="resume_gap"' not in client.get(url).text
    actions.ignore_gap(gap, by=people.gisele.user, reason="x")
    page = client.get(url).text
    assert 'value="resume_gap"' in page
    assert 'value="ignore_gap"' not in page
    assert 'value="resume_gap"' in client.get(reverse("gap-list"), {"status": "ignored"}).text
    assert 'value="resume_gap"' not in client.get(reverse("gap-list"), {"status": "open"}).text


@pytest.mark.parametrize(("reason", "days"), [("", None), ("  ", None), ("x", 0), ("x", -1)])
def test_a_gap_is_ignored_with_a_reason_and_a_date_to_come(one, of_each, people, reason, days):
    until = None if days is None else timezone.localdate() + timedelta(days)
    with pytest.raises(Refused):
        actions.ignore_gap(one(situation="inconnue"), by=people.gisele.user, reason=reason, until=until)
    assert not GapDecision.objects.exists()


def test_only_the_remedies_of_the_table_mend(one, of_each, people):
    with pytest.raises(Refused, match="ne répond pas"):
        actions.adopt(one(situation="absente"), by=people.gisele.user)


# --- The pages --------------------------------------------------------------------------------------------------------
def test_a_remedy_is_confirmed_then_done_and_refusals_are_told(client, mend, of_each, people, structure, per):
    keys = [f"inconnue:{structure.pk}:{NEW}", f"absente:{structure.pk}:{per.address}"]
    client.force_login(people.gisele.user)
    page = foresee(client, "gap-bulk", {"gaps": keys, "act": "adopt"}).text
    assert NEW in page
    assert "Possible\u00a0: 1" in page
    assert "Impossible\u00a0: 1" in page
    assert not Bal.objects.filter(address=NEW).exists(), "only shown"
    answer = mend(people.gisele, keys, "adopt")
    assert Bal.objects.filter(address=NEW).exists()
    told = said(answer)
    assert any("fait pour 1" in message for message in told)
    assert any(per.address in message for message in told)


@pytest.mark.parametrize("remedy", ["ask_operator", "ignore_gap"])
def test_each_remedy_has_its_form(mend, of_each, people, structure, remedy):
    mend(people.gisele, [f"inconnue:{structure.pk}:{NEW}"], remedy, reason="Parce que.")
    assert GapDecision.objects.get().reason == "Parce que."


def test_the_service_is_accepted_by_the_form(mend, fresh, people, structure, make_bal, make_entry):
    bal = make_bal("ORG", service="Cardiologie")
    make_entry(bal.address, "ORG", service="Urgences")
    mend(people.gisele, [f"differe:{structure.pk}:{bal.address}"], "accept_annuaire")
    bal.refresh_from_db()
    assert bal.service == "Urgences"


def test_the_person_is_asked_by_the_form(mend, fresh, people, structure, make_entry):
    make_entry("paul@ailleurs.mssante.fr", person_id=people.paul.rpps)
    mend(people.gisele, [f"ailleurs:{structure.pk}:paul@ailleurs.mssante.fr"], "ask_person")
    assert Notice.objects.get().person == people.paul


@pytest.mark.parametrize(
    "post", [{}, {"act": "adopt"}, {"act": "x", "gaps": "y"}, {"gaps": "inconnue:1", "act": "adopt"}]
)
def test_a_request_that_makes_no_sense_is_told(visit, people, post):
    assert said(visit(people.gisele, "gap-bulk", post=post))


def test_the_list_filters_and_the_export_follows(visit, of_each, people, per):
    page = visit(people.gisele, "gap-list", query="?situation=absente").content.decode()
    assert per.address in page
    assert f">{NEW}<" not in page
    lines = b"".join(visit(people.gisele, "gap-export", query="?q=nouvelle").streaming_content).decode()
    assert NEW in lines
    assert per.address not in lines
    assert lines.startswith("\ufeffAdresse;")
    odd = visit(people.gisele, "gap-list", query="?situation=rien&structure=x&q=100%25_'").content.decode()
    assert "Un filtre n’est pas compris" in odd


def test_the_dashboard_counts_the_gaps(visit, of_each, people):
    page = visit(people.gisele, "dashboard").content.decode()
    assert reverse("finding", args=["inconnue"]) in page


def test_a_stale_annuaire_is_said_on_every_page(visit, people, org):
    SyncRun.objects.create(
        source="extraction", status="applied", generated_at=timezone.now() - timedelta(days=3, minutes=1)
    )
    for name, args in [("bal-list", ()), ("bal", (org.pk,)), ("my-bals", ()), ("gap-list", ()), ("directory:runs", ())]:
        assert visit(people.gisele, name, *args).content.decode().count("trop ancien pour conclure") == 1, name
    assert "suspendu" in visit(people.gisele, "gap-list").content.decode()


AROUND = ("django_session", "accounts_user", "SAVEPOINT", "BEGIN")


def test_the_queries_do_not_grow_with_the_gaps(
    visit, fresh, people, make_bal, make_entry, django_assert_max_num_queries
):
    counts = []
    for count in (1, 20):
        for number in range(Bal.objects.count(), count):
            bal = make_bal("ORG", people.alice, service="Cardiologie")
            make_entry(bal.address, "ORG", service="Urgences")
            make_entry(f"n{number}@chu-exemple.mssante.fr", "ORG", structure_id=FINESS)
        with django_assert_max_num_queries(200) as captured:
            visit(people.gisele, "gap-list")
        own = [q["sql"] for q in captured if not any(word in q["sql"] for word in AROUND)]
        assert len(own) <= 17, "\n".join(own)
        counts.append(len(own))
    assert counts[0] == counts[1]


def test_the_table_is_whole():
    assert len({s.name for s in SITUATIONS}) == len(SITUATIONS)
    assert all(Act.IGNORE_GAP in s.remedies for s in SITUATIONS)
    assert all(s.request for s in SITUATIONS if Act.ASK_OPERATOR in s.remedies)
    assert State.DELETED not in LIVE


# --- Counted and cut at once ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("facts", [{}, {"status": "open"}, {"situation": "inconnue"}, {"text": "3"}])
def test_what_is_counted_and_cut_at_once_is_what_each_tells_alone(people, fresh, make_entry, make_bal, facts):
    for number in range(7):
        make_entry(f"n{number}@chu-exemple.mssante.fr", "ORG", structure_id=FINESS)
    for number in range(4):
        make_bal("ORG", address=f"b{number}@chu-exemple.mssante.fr")
    gaps = Gaps.visible_to(people.gisele.user).narrowed(**facts)
    for start in (0, 3, 40):
        counts, rows = gaps.counted(start, start + 3)
        assert counts == gaps.counts()
        assert [gap.key for gap in rows] == [gap.key for gap in gaps[start : start + 3]]
    assert gaps.counts()
