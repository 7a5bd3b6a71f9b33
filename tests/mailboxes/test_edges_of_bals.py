"""Rules about BAL at their edge, asked directly: who may hold one, what may be asked of it, where it may stand."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from directory.models import SyncRun
from mailboxes.lifecycle import MAX_COTITULAIRES, Act, RequestKind, RequestStage, State, Verb
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Bal,
    Claim,
    Cotitulaire,
    Domain,
    JournalEntry,
    Operator,
    Person,
    Preference,
    Request,
    Signatory,
    Structure,
)
from mailboxes.openings.rules import (
    check_domain_open_to,
    check_first_cotitulaires,
    check_habilitated,
    check_not_published,
    check_stated_use,
    roles_to_be,
)
from mailboxes.rules import Refused
from mailboxes.rules.claims import check_answer
from mailboxes.rules.corrections import check_nothing_awaited, check_people_of_kind
from mailboxes.rules.gaps import check_accept, check_adopt, check_gap, check_gap_stands, check_ignore, check_resume
from mailboxes.rules.holders import (
    check_add_cotitulaire,
    check_can_hold,
    check_name_principal,
    check_number,
    check_remove_cotitulaire,
    check_stays,
    check_transfer_principal,
    has_left,
)
from mailboxes.rules.joining import needs_agreement
from mailboxes.rules.moves import (
    check_act,
    check_depublished_first,
    check_explained,
    check_fresh,
    check_move,
    check_open_request,
    check_replacement,
    check_retract,
    check_seen_absent,
)
from mailboxes.rules.places import (
    check_domain_free,
    check_drop_domain,
    check_finess_free,
    check_place,
    check_standing,
    check_still_eligible,
)
from mailboxes.rules.preferences import (
    check_make_known,
    check_prefer_bal,
    check_preferable,
    check_preference_seen,
    check_ranking,
    check_request_preference,
)
from mailboxes.rules.register import check_domain, check_holder_of_kind
from tests.mailboxes.refused import refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]
DAY = timedelta(days=1)


@pytest.fixture
def by(people):
    return people.gisele.user


def read(bal):
    return Bal.objects.with_holders().get(pk=bal.pk)


# --- Holders ----------------------------------------------------------------------------------------------------------
def test_who_holds_a_bal_has_a_number_and_a_card_and_twenty_at_most_do():
    for rpps, has_cps, code in (("10000000017", True, ""), (None, True, "holder"), ("10000000017", False, "holder")):
        assert refused_with(check_can_hold, Person(rpps=rpps, has_cps=has_cps)) == code
    assert refused_with(check_number, MAX_COTITULAIRES) == ""
    assert refused_with(check_number, MAX_COTITULAIRES + 1) == "full"


def test_a_shared_bal_alone_has_cotitulaires_each_once(org, per, crowd, people):
    alice, bal = people.alice.user, read(org)
    assert refused_with(check_add_cotitulaire, bal, people.paul, by=alice) == ""
    assert refused_with(check_add_cotitulaire, bal, people.bruno, by=alice) == "duplicate"
    assert refused_with(check_add_cotitulaire, bal, people.lea, by=alice) == "holder"
    crowd(MAX_COTITULAIRES - 1)
    assert refused_with(check_add_cotitulaire, read(org), people.paul, by=alice) == ""
    crowd(MAX_COTITULAIRES)
    assert refused_with(check_add_cotitulaire, read(org), people.paul, by=alice) == "full"


def test_a_cotitulaire_leaves_but_not_the_principal_nor_a_titulaire(org, per, people):
    bal = read(org)
    assert refused_with(check_remove_cotitulaire, bal, people.bruno, by=people.alice.user) == ""
    assert refused_with(check_remove_cotitulaire, bal, people.bruno, by=people.bruno.user) == ""
    assert refused_with(check_remove_cotitulaire, bal, people.alice, by=people.alice.user) == "orphan"
    assert refused_with(check_remove_cotitulaire, bal, people.paul, by=people.alice.user) == "holder"
    assert refused_with(check_remove_cotitulaire, read(per), people.paul, by=people.paul.user) == "kind"


def test_the_role_of_principal_goes_to_another_cotitulaire(org, people):
    bal = read(org)
    assert refused_with(check_transfer_principal, bal, people.bruno, by=people.alice.user) == ""
    assert refused_with(check_transfer_principal, bal, people.alice, by=people.alice.user) == "duplicate"
    assert refused_with(check_transfer_principal, bal, people.paul, by=people.alice.user) == "holder"


def test_an_orphan_alone_is_given_a_principal(org, per, crowd, people, by):
    assert refused_with(check_name_principal, read(org), people.paul, by=by) == "principal"
    Cotitulaire.objects.filter(bal=org, is_principal=True).update(is_principal=False)
    assert refused_with(check_name_principal, read(org), people.paul, by=by) == ""
    assert refused_with(check_name_principal, read(org), people.lea, by=by) == "holder"
    crowd(MAX_COTITULAIRES)
    assert refused_with(check_name_principal, read(org), people.paul, by=by) == "full"
    assert refused_with(check_name_principal, read(org), people.bruno, by=by) == "", "one of the twenty"


def test_who_leaves_takes_charge_of_nothing_there(per, people):
    today = timezone.localdate()
    stays = people.bruno.affiliations
    for left_on, code, is_gone in ((None, "", False), (today + DAY, "left", False), (today, "left", True)):
        stays.update(left_on=left_on)
        assert refused_with(check_stays, per, Person.objects.get(pk=people.bruno.pk)) == code
        assert has_left(per, Person.objects.get(pk=people.bruno.pk)) is is_gone
    Affiliation.objects.create(person=people.bruno, structure=per.structure)
    assert refused_with(check_stays, per, Person.objects.get(pk=people.bruno.pk)) == "", "and is back"
    assert refused_with(check_stays, per, people.eve) == "", "who was never there may, as in a network"
    assert has_left(per, people.eve) is False
    assert refused_with(check_stays, per, Person()) == ""


def test_who_is_elsewhere_alone_needs_to_agree(people, other_structure, by):
    assert needs_agreement(people.eve, by=by) is True
    assert needs_agreement(people.eve, by=SYSTEM) is needs_agreement(people.eve, by=people.eve.user) is False
    assert needs_agreement(people.paul, by=by) is False
    people.eve.affiliations.update(left_on=timezone.localdate())
    assert needs_agreement(people.eve, by=by) is False


# --- What may be asked of a BAL ---------------------------------------------------------------------------------------
def test_an_answer_is_taken_back_where_one_was_recorded(per, operator):
    entry = JournalEntry.objects.create(bal=per, structure=per.structure, what=Act.ASK_OPERATOR)
    facts = {"structure": per.structure, "operator": operator, "address": per.address, "entry": entry, "bal": per}
    request = Request.objects.create(kind=RequestKind.OPEN, stage=RequestStage.SENT, **facts)
    for stage in RequestStage:
        Request.objects.filter(pk=request.pk).update(stage=stage)
        code = "" if stage == RequestStage.DONE else "request"
        assert refused_with(check_retract, read(per), Verb.RETRACT_OPENING) == code
        assert refused_with(check_retract, read(per), Verb.RETRACT_DELETION) == "request"


def test_what_moves_a_bal_or_opens_an_access_is_not_asked_as_the_rest_is(per, operator, by):
    entry = JournalEntry.objects.create(bal=per, structure=per.structure, what=Act.ASK_OPERATOR)
    facts = {"structure": per.structure, "operator": operator, "address": per.address, "entry": entry, "bal": per}
    Request.objects.create(kind=RequestKind.PUBLISH, stage=RequestStage.SENT, **facts)
    Request.objects.create(kind=RequestKind.CHANGE, stage=RequestStage.DONE, **facts)
    asked = {kind: refused_with(check_open_request, read(per), kind, by=by) for kind in RequestKind}
    assert asked.pop(RequestKind.PUBLISH) == "asked"
    assert {kind for kind, code in asked.items() if not code} == {RequestKind.CHANGE, RequestKind.PREFER}
    assert set(asked.values()) == {"", "kind"}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("is_red", [False, True])
def test_what_the_annuaire_shows_is_depublished_before_it_is_deleted(per, people, state, is_red):
    Bal.objects.filter(pk=per.pk).update(state=state, liste_rouge=is_red)
    code = "" if is_red or state == State.DEPUBLISHED else "published"
    assert refused_with(check_depublished_first, read(per)) == code
    if state == State.DELETION_REQUESTED:
        cancelling = refused_with(check_move, read(per), Verb.CANCEL_DELETION, by=people.paul.user)
        assert cancelling == ("unpublished" if is_red else "")


def test_an_app_is_not_alerted_and_a_bal_is_not_its_own_successor(app, per):
    assert refused_with(check_move, app, Verb.ALERT_IDLE, by=SYSTEM) == "kind"
    assert refused_with(check_move, per, Verb.ALERT_IDLE, by=SYSTEM) == ""
    per.replaced_by = per.address
    assert refused_with(check_replacement, per) == "replacement"
    per.replaced_by = ""
    assert refused_with(check_replacement, per) == ""


@pytest.mark.parametrize("state", State)
def test_an_act_is_refused_of_what_is_a_bal_no_more_and_named(per, by, state):
    Bal.objects.filter(pk=per.pk).update(state=state)
    if state in (State.DELETED, State.ABANDONED):
        with pytest.raises(Refused, match=f"{Act.DESCRIBE.label}.* est impossible") as refusal:
            check_act(read(per), Act.DESCRIBE, by=by)
        assert refusal.value.code == "state"
    else:
        assert refused_with(check_act, read(per), Act.DESCRIBE, by=by) == ""


def test_what_contradicts_the_register_says_why():
    for what in (Verb.NEVER_EXISTED, Verb.REVIVE, Act.CORRECT, Act.CORRECT_PERSON, Act.DESCRIBE_STRUCTURE):
        assert refused_with(check_explained, what, " ") == "reason"
        assert refused_with(check_explained, what, "Faute.") == ""
    assert refused_with(check_explained, Verb.WAKE, "") == ""


def test_a_picture_proves_something_while_it_is_fresh(per, make_entry, settings):
    assert refused_with(check_fresh, None) == "annuaire"
    run = SyncRun(source="extraction", status="applied", generated_at=timezone.now())
    assert refused_with(check_fresh, run) == ""
    run.generated_at = timezone.now() - timedelta(days=400)
    assert refused_with(check_fresh, run) == "annuaire"
    fresh = SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())
    assert refused_with(check_seen_absent, per, by=SYSTEM, run=fresh) == ""
    make_entry(per.address)
    assert refused_with(check_seen_absent, per, by=SYSTEM) == "published"
    per.is_published = False
    assert refused_with(check_seen_absent, per, by=SYSTEM) == "", "as it was read with its row"
    per.liste_rouge = True
    assert refused_with(check_seen_absent, per, by=SYSTEM) == "unpublished"


def test_a_bal_of_a_correction_is_held_as_its_new_kind_is(org, per, people):
    """Cotitulaires beside the principal, and delegations, stand on what is shared, or on what is not software's."""
    bal = read(org)
    kinds = {kind: refused_with(check_people_of_kind, bal, kind) for kind in Bal.Kind.values}
    assert kinds == {"ORG": "", "CAB": "", "PER": "holders", "APP": "holders"}
    Cotitulaire.objects.filter(bal=org, is_principal=False).delete()
    kinds = {kind: refused_with(check_people_of_kind, read(org), kind) for kind in Bal.Kind.values}
    assert kinds == {"ORG": "", "CAB": "", "PER": "", "APP": "delegations"}
    org.delegataires.update(ended_at=timezone.now())
    assert refused_with(check_people_of_kind, read(org), "APP") == ""


@pytest.mark.parametrize(("count", "words"), [(1, "Une demande attend la"), (2, "2 demandes attendent la")])
def test_an_operator_that_owes_answers_is_told_with_how_many(per, operator, count, words):
    entry = JournalEntry.objects.create(bal=per, structure=per.structure, what=Act.ASK_OPERATOR)
    facts = {"structure": per.structure, "operator": operator, "address": per.address, "entry": entry, "bal": per}
    assert refused_with(check_nothing_awaited, read(per)) == ""
    for kind in (RequestKind.CHANGE, RequestKind.PUBLISH)[:count]:
        Request.objects.create(kind=kind, stage=RequestStage.SENT, **facts)
    Request.objects.create(kind=RequestKind.PREFER, stage=RequestStage.DONE, **facts)
    with pytest.raises(Refused, match=words):
        check_nothing_awaited(read(per))


# --- Gaps, claims -----------------------------------------------------------------------------------------------------
def test_a_gap_is_mended_by_its_remedies_while_it_stands(structure, people, by):
    for act, code in ((Act.ADOPT, ""), (Act.RESUME_GAP, ""), (Act.ASK_OPERATOR, "remedy")):
        assert refused_with(check_gap, structure, act, [Act.ADOPT], by=by) == code
    with pytest.raises(Refused, match=f"{Act.ASK_OPERATOR.label}.* ne répond pas à cet écart"):
        check_gap(structure, Act.ASK_OPERATOR, [Act.ADOPT], by=by)
    assert refused_with(check_gap, structure, Act.ADOPT, [Act.ADOPT], by=people.lea.user) == "role"
    assert (refused_with(check_gap_stands, True), refused_with(check_gap_stands, False)) == ("", "gone")
    today = timezone.localdate()
    for reason, until, code in (
        ("Connu.", None, ""), (" ", None, "reason"), ("Connu.", today, "until"), ("Connu.", today + DAY, ""),
    ):  # fmt: skip
        assert refused_with(check_ignore, reason, until) == code
    assert [refused_with(check_resume, status) for status in ("ignored", "asked", "open")] == ["", "status", "status"]


def test_a_bal_is_adopted_with_one_titulaire_at_an_operator_of_ours(operator):
    def gap(kind, *rpps):
        return SimpleNamespace(address="a@b.fr", entry=SimpleNamespace(kind=kind), rpps=rpps)

    assert refused_with(check_adopt, gap("PER", "1"), None) == "domain"
    for kind, rpps, code in (("PER", "1", ""), ("PER", "12", "holder"), ("ORG", "12", ""), ("PER", "", "")):
        assert refused_with(check_adopt, gap(kind, *rpps), operator) == code
    service, kind = SimpleNamespace(label="Service de rattachement"), SimpleNamespace(label="Type")
    assert refused_with(check_accept, [kind, service]) == ""
    assert refused_with(check_accept, [kind]) == refused_with(check_accept, []) == "field"


def test_a_link_answers_what_had_been_asked_when_it_was_written_and_once(people, make_entry):
    paul, now = people.paul, timezone.now()
    claim = Claim.objects.create(person=paul, address="paul@ailleurs.mssante.fr", asked_at=now)
    for written, code in ((now - timedelta(seconds=1), "link"), (now, ""), (now + DAY, "")):
        link = Signatory(paul, notice=SimpleNamespace(created_at=written))
        assert refused_with(check_answer, claim, Claim.Answer.USED, by=link) == code
    assert refused_with(check_answer, claim, "autre", by=paul.user) == "answer"
    claim.answer = Claim.Answer.USED
    link = Signatory(paul, notice=SimpleNamespace(created_at=now))
    assert refused_with(check_answer, claim, Claim.Answer.USED, by=link) == "answered"
    assert refused_with(check_answer, claim, Claim.Answer.USED, by=paul.user) == "", "logged in, one changes one's mind"
    claim.asked_at = None
    assert refused_with(check_answer, claim, Claim.Answer.USED, by=link) == "link"
    other = Claim(person=paul, address="autre@ailleurs.mssante.fr")
    assert refused_with(check_answer, other, Claim.Answer.USED, by=paul.user) == "unknown"
    make_entry("autre@ailleurs.mssante.fr", person_id=paul.rpps)
    assert refused_with(check_answer, other, Claim.Answer.USED, by=paul.user) == ""


# --- Preferred BAL ----------------------------------------------------------------------------------------------------
def test_one_prefers_logged_in_at_a_place_of_one_s_own_for_a_sort_of_messages(people):
    paul = people.paul
    for place, purpose, code in (
        ("CHU", "", ""),
        ("CHU", "letter", ""),
        ("X", "", "situation"),
        ("CHU", "x", "purpose"),
    ):
        assert refused_with(check_prefer_bal, paul, {"CHU"}, place, purpose, by=paul.user) == code
    assert refused_with(check_prefer_bal, paul, {"CHU"}, "CHU", "", by=Signatory(paul)) == "link"


@pytest.mark.parametrize("state", State)
def test_one_prefers_an_active_bal_of_one_s_own(per, people, state):
    Bal.objects.filter(pk=per.pk).update(state=state)
    code = "" if state == State.ACTIVE else "state"
    assert refused_with(check_preferable, people.paul, read(per), is_listed=False, answer="") == code
    assert refused_with(check_preferable, people.alice, read(per), is_listed=True, answer="") == "holder"


def test_outside_the_register_one_prefers_what_the_annuaire_gives_and_one_has_not_denied(people):
    for is_listed, answer, code in (
        (True, "", ""), (True, Claim.Answer.USED, ""), (False, "", "unknown"),
        (True, Claim.Answer.NOT_MINE, "claim"), (True, Claim.Answer.UNUSED, "claim"),
    ):  # fmt: skip
        assert refused_with(check_preferable, people.paul, None, is_listed=is_listed, answer=answer) == code


def test_the_operator_is_asked_for_what_the_annuaire_could_show_and_does_not(per, people, by):
    wish = Preference.objects.create(person=people.paul, address=per.address, situation="CHU", by=people.paul.user)
    bal = read(per)
    assert refused_with(check_request_preference, wish, bal, by=by) == ""
    assert refused_with(check_request_preference, wish, None, by=by) == "unknown"
    bal.liste_rouge = True
    assert refused_with(check_request_preference, wish, bal, by=by) == "liste-rouge"
    bal.liste_rouge, bal.state = False, State.IDLE_ALERTED
    assert refused_with(check_request_preference, wish, bal, by=by) == "state"
    bal.state, wish.purpose = State.ACTIVE, "letter"
    assert refused_with(check_request_preference, wish, bal, by=by) == "purpose"
    wish.purpose = ""
    for stage in RequestStage:
        wish.request = Request(kind=RequestKind.PREFER, stage=stage)
        is_standing = stage in (RequestStage.DRAFT, RequestStage.SENT, RequestStage.DONE)
        assert refused_with(check_request_preference, wish, bal, by=by) == ("asked" if is_standing else "")


def test_a_rank_is_seen_in_a_fresh_source_that_tells_ranks():
    run = SyncRun(source="fhir", status="applied", generated_at=timezone.now())
    assert refused_with(check_ranking, None) == "rank"
    assert refused_with(check_ranking, run) == ""
    assert refused_with(check_preference_seen, True, run) == ""
    assert refused_with(check_preference_seen, False, run) == "observed"
    run.generated_at = timezone.now() - timedelta(days=400)
    assert refused_with(check_ranking, run) == "rank"


@pytest.mark.parametrize("state", State)
def test_what_is_open_and_read_is_made_known(per, app, by, state):
    Bal.objects.filter(pk=per.pk).update(state=state)
    is_known = state not in (State.REQUESTED, State.DELETED, State.ABANDONED)
    assert refused_with(check_make_known, read(per), by=by) == ("" if is_known else "state")
    assert refused_with(check_make_known, app, by=by) == "kind"


# --- Where a BAL may stand --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "has_principal", "has_number", "code"),
    [
        ("PER", True, False, ""), ("PER", False, True, "holder"),
        ("CAB", True, False, ""), ("CAB", False, True, "holder"),
        ("ORG", True, False, ""), ("ORG", False, True, ""), ("ORG", False, False, "eligibility"),
        ("APP", False, False, ""), ("APP", True, True, "kind"),
    ],
)  # fmt: skip
def test_each_kind_stands_with_its_titulaire_or_by_the_structure(people, kind, has_principal, has_number, code):
    structure = Structure(name="S", finess_et="010000099" if has_number else "")
    assert refused_with(check_holder_of_kind, structure, kind, people.paul if has_principal else None) == code


def test_a_bal_is_at_a_domain_of_its_operator_which_is_one_operator_s(operator, per, by):
    other = Operator.objects.create(code="autre", name="Autre")
    for address, code in (("a@chu-exemple.mssante.fr", ""), ("a@CHU-exemple.mssante.fr", ""), ("a@x.fr", "domain")):
        assert refused_with(check_domain, operator, address) == code
    assert refused_with(check_domain_free, other, "chu-exemple.mssante.fr") == "held"
    assert refused_with(check_domain_free, operator, "chu-exemple.mssante.fr") == ""
    assert refused_with(check_domain_free, other, "libre.mssante.fr") == ""
    domain = operator.domains.get()
    assert refused_with(check_drop_domain, domain) == "used"
    Bal.objects.update(state=State.DELETED)
    assert refused_with(check_drop_domain, domain) == ""


def test_a_structure_stands_three_levels_deep_never_under_itself(structure):
    top, site = structure.parent, Structure.objects.create(name="Site", parent=structure)
    assert refused_with(check_place, Structure(name="N"), structure) == ""
    assert refused_with(check_place, Structure(name="N"), site) == "depth"
    assert refused_with(check_place, Structure(name="N"), None) == ""
    assert refused_with(check_place, top, site) == refused_with(check_place, structure, structure) == "cycle"
    alone = Structure.objects.create(name="Seule")
    assert refused_with(check_place, structure, alone) == "", "with its site: three levels"
    assert refused_with(check_place, top, alone) == "depth"
    assert refused_with(check_place, site, alone) == ""


def test_a_closed_structure_takes_nothing_new_and_a_finess_is_one_structure_s(structure, other_structure, by):
    assert refused_with(check_standing, structure) == ""
    assert refused_with(check_finess_free, structure, other_structure.finess_et, by=by) == "finess"
    assert refused_with(check_finess_free, structure, structure.finess_et, by=by) == ""
    assert refused_with(check_finess_free, structure, "", by=by) == ""
    structure.closed_on = timezone.localdate()
    assert refused_with(check_standing, structure) == "closed"


def test_an_org_that_nobody_holds_keeps_its_structure_s_number(structure, make_bal, people):
    gone = dict.fromkeys(("finess_et", "finess_ej", "siret"), "")
    make_bal("ORG", people.alice, structure=structure)
    make_bal("APP", structure=structure)
    assert refused_with(check_still_eligible, structure, gone) == ""
    bal = make_bal("ORG", structure=structure)
    assert refused_with(check_still_eligible, structure, gone) == "eligibility"
    for name in gone:
        assert refused_with(check_still_eligible, structure, {**gone, name: "1"}) == ""
    Bal.objects.filter(pk=bal.pk).update(state=State.DELETED)
    assert refused_with(check_still_eligible, structure, gone) == ""


# --- Asked for --------------------------------------------------------------------------------------------------------
def test_a_shared_bal_is_asked_for_with_its_use():
    for kind in Bal.Kind.values:
        assert refused_with(check_stated_use, kind, " ") == ("purpose" if kind in ("ORG", "CAB") else "")
        assert refused_with(check_stated_use, kind, "Avis urgents") == ""


def test_the_first_cotitulaires_are_of_a_shared_bal_beside_its_principal_each_once(people):
    alice, bruno, paul = people.alice, people.bruno, people.paul
    assert refused_with(check_first_cotitulaires, "ORG", alice, [bruno, paul]) == ""
    assert refused_with(check_first_cotitulaires, "ORG", alice, [bruno, bruno]) == "duplicate"
    assert refused_with(check_first_cotitulaires, "ORG", alice, [alice]) == "duplicate"
    assert refused_with(check_first_cotitulaires, "ORG", None, [bruno]) == "principal"
    assert refused_with(check_first_cotitulaires, "PER", alice, [bruno]) == "kind"
    assert refused_with(check_first_cotitulaires, "PER", alice, []) == ""
    assert refused_with(check_first_cotitulaires, "ORG", alice, [people.lea]) == "holder"
    many = [Person(rpps=f"2{n:010}", has_cps=True) for n in range(MAX_COTITULAIRES)]
    assert refused_with(check_first_cotitulaires, "ORG", alice, many[:-1]) == ""
    assert refused_with(check_first_cotitulaires, "ORG", alice, many) == "full"


def test_a_professional_asks_for_the_bal_that_they_will_answer_for_where_they_work(structure, other_structure, people):
    paul = people.paul
    for kind, roles in (("PER", {"titulaire"}), ("ORG", {"principal", "cotitulaire"}), ("APP", set())):
        assert roles_to_be(structure, kind, paul, paul.user) == roles
        assert roles_to_be(other_structure, kind, paul, paul.user) == set()
        assert roles_to_be(structure, kind, people.alice, paul.user) == set()
    paul.affiliations.update(left_on=timezone.localdate())
    assert roles_to_be(structure, "PER", paul, paul.user) == set()


def test_an_org_without_a_principal_needs_a_professional_known_to_practise_there(structure, people):
    assert refused_with(check_habilitated, structure, "ORG", None) == ""
    Affiliation.objects.filter(person__rpps__isnull=False).update(left_on=timezone.localdate())
    assert refused_with(check_habilitated, structure, "ORG", None) == "habilitated"
    assert refused_with(check_habilitated, structure, "ORG", people.paul) == ""
    assert refused_with(check_habilitated, structure, "APP", None) == ""


def test_a_domain_reserved_to_a_structure_serves_it_and_an_address_that_is_published_is_taken(
    structure, other_structure, operator, make_entry
):
    address = "a@chu-exemple.mssante.fr"
    assert refused_with(check_domain_open_to, other_structure, address) == ""
    Domain.objects.update(structure=structure)
    assert refused_with(check_domain_open_to, structure, address.upper()) == ""
    assert refused_with(check_domain_open_to, other_structure, address) == "domain"
    assert refused_with(check_not_published, address) == ""
    make_entry(address)
    assert refused_with(check_not_published, f" {address.upper()} ") == "taken"
