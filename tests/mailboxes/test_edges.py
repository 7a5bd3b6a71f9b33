"""Rules at their edge, asked directly: the last day, number or state that is let through, and the first that is not."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from mailboxes.engagements.rules import check_close_engagement, check_engagement_open
from mailboxes.inbox.rules import LONGEST_PAUSE
from mailboxes.inbox.rules import check_follow as check_follow_todos
from mailboxes.inbox.subjects import SUBJECTS
from mailboxes.lifecycle import Act, Party, RequestKind, Role, State, Verb
from mailboxes.lists.models import QUERY_LENGTH, Batch, SavedView
from mailboxes.lists.rules import (
    MOST_AT_ONCE,
    MOST_VIEWS,
    check_begin,
    check_confirm,
    check_own_view,
    check_save_view,
    check_stop,
)
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Alias,
    Anomaly,
    Bal,
    Delegataire,
    Engagement,
    Joining,
    JournalEntry,
    Movement,
    Notice,
    Operator,
    Request,
    Sighting,
    Signatory,
)
from mailboxes.models.checklists import STEPS
from mailboxes.models.own_words import LONGEST
from mailboxes.models.standings import standing_of
from mailboxes.models.thresholds import BY_NAME, chosen
from mailboxes.rules.aliases import check_add_alias, check_drop_alias
from mailboxes.rules.anomalies import check_note_anomaly, check_resolve_anomaly
from mailboxes.rules.corrections import check_correct_person
from mailboxes.rules.delegations import (
    check_ask_extension,
    check_delegate,
    check_delegation,
    check_end_delegation,
    check_extend,
    check_lendable,
    check_longer,
    check_take_over,
)
from mailboxes.rules.joining import check_accept_joining, check_ask_joining, check_expire_joining, check_refuse_joining
from mailboxes.rules.notices import (
    check_answer_notice,
    check_ask_deletion,
    check_ask_use,
    check_channel,
    check_given,
    check_mend_notice,
    check_reachable,
)
from mailboxes.rules.own_words import check_words
from mailboxes.rules.people import (
    check_apply_departure,
    check_ask_handover,
    check_cancel_departure,
    check_close_movement,
    check_depart,
    check_describe_person,
    check_describe_stay,
    check_movement_step,
    check_open_movement,
    check_record_departure,
    check_rpps_free,
)
from mailboxes.rules.requests import check_ask_again, check_escalate, check_refusal_told, check_remind
from mailboxes.rules.sightings import check_dismiss_sighting, check_dismissal_told
from mailboxes.rules.thresholds import MOST_NUMBERS, check_threshold, check_together
from mailboxes.rules.usage import (
    PLAUSIBLE_MB,
    check_more_space,
    check_pushed,
    check_reading_dates,
    check_reading_sizes,
    check_said_once,
    quota_level,
    quota_level_after,
)
from tests.mailboxes.refused import refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]
DAY = timedelta(days=1)


@pytest.fixture
def by(people):
    return people.gisele.user


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def stay(people):
    return people.paul.affiliations.get()


# --- People -----------------------------------------------------------------------------------------------------------
def test_a_file_is_opened_once_of_a_kind_for_who_is_still_there(stay, by, today):
    arrival, departure = Movement.Kind.ARRIVAL, Movement.Kind.DEPARTURE
    assert refused_with(check_open_movement, stay, arrival, by=by) == ""
    file = Movement.objects.create(stay=stay, kind=arrival, planned_on=today)
    assert refused_with(check_open_movement, stay, arrival, by=by) == "open"
    assert refused_with(check_open_movement, stay, arrival, by=by, is_open=False) == ""
    assert refused_with(check_open_movement, stay, departure, by=by) == ""
    assert refused_with(check_open_movement, stay, departure, by=by, is_open=True) == "open"
    Movement.objects.filter(pk=file.pk).update(closed_at=timezone.now())
    assert refused_with(check_open_movement, stay, arrival, by=by) == ""
    stay.left_on = today + DAY
    assert refused_with(check_open_movement, stay, arrival, by=by) == ""
    stay.left_on = today
    assert refused_with(check_open_movement, stay, arrival, by=by) == "left"


@pytest.mark.parametrize("task", STEPS, ids=lambda task: f"{task.kind}-{task.name}")
def test_a_step_is_ticked_by_those_it_is_for(stay, people, by, today, task):
    file, line = Movement(stay=stay, kind=task.kind, planned_on=today), SimpleNamespace(task=task)
    for who, role in ((by, Role.GESTIONNAIRE), (people.paul.user, Role.TITULAIRE), (people.lea.user, None)):
        for act in (Act.SETTLE_STEP, Act.REOPEN_STEP):
            assert refused_with(check_movement_step, act, file, line, by=who) == ("" if role in task.by else "role")


@pytest.mark.parametrize(
    ("arrived", "left", "code"),
    [
        (None, None, "left_on"),
        (None, 0, ""),
        (0, 0, ""),
        (1, 0, "order"),
        (None, 3660, ""),
        (None, 3661, "far"),
        (None, -3660, ""),
        (None, -3661, "far"),
    ],
)
def test_a_departure_has_a_day_after_the_arrival_and_within_ten_years(stay, by, today, arrived, left, code):
    stay.arrived_on = None if arrived is None else today + arrived * DAY
    day = None if left is None else today + left * DAY
    assert refused_with(check_record_departure, standing_of(stay), day, by=by) in (code, "order" if arrived else code)
    if day:
        stay.left_on = day
        assert refused_with(check_describe_stay, stay, stay.arrived_on, by=by) == code


def test_a_departure_is_recorded_once_taken_back_and_carried_out_on_its_day(stay, by, today):
    assert refused_with(check_depart, stay, by=by) == ""
    assert refused_with(check_cancel_departure, stay, by=by) == "recorded"
    stay.left_on = today + DAY
    assert refused_with(check_depart, stay, by=by) == "recorded"
    assert refused_with(check_apply_departure, stay, by=by) == "present"
    stay.left_on = today
    stay.save()
    assert refused_with(check_apply_departure, stay, by=by) == ""
    assert refused_with(check_cancel_departure, stay, by=by) == ""
    Affiliation.objects.create(person=stay.person, structure=stay.structure)
    assert refused_with(check_cancel_departure, stay, by=by) == "back"


def test_a_stay_is_decided_of_where_it_is_not_where_the_person_is_too(stay, people, other_structure, by, today):
    """Eve manages another structure where paul works: what becomes of his stay here is not hers to say."""
    Affiliation.objects.create(person=stay.person, structure=other_structure)
    gone = Affiliation(person=stay.person, structure=stay.structure, left_on=today)
    file = Movement(stay=stay, kind=Movement.Kind.ARRIVAL, planned_on=today)
    for check in (
        lambda who: check_describe_stay(stay, None, by=who),
        lambda who: check_open_movement(stay, Movement.Kind.ARRIVAL, by=who),
        lambda who: check_close_movement(file, [], by=who),
        lambda who: check_depart(stay, by=who),
        lambda who: check_record_departure(standing_of(stay), today, by=who),
        lambda who: check_apply_departure(gone, by=who),
    ):
        assert refused_with(check, people.eve.user) == "role"
        assert refused_with(check, by) == ""
    assert refused_with(check_cancel_departure, gone, by=people.eve.user) == "role"
    assert refused_with(check_ask_handover, standing_of(stay), by=people.eve.user) == "role"


def test_whom_no_shared_bal_depends_on_has_nothing_to_hand_over(stay, org, people, by):
    assert refused_with(check_ask_handover, standing_of(stay), by=by) == "nothing"
    assert refused_with(check_ask_handover, standing_of(people.alice.affiliations.get()), by=by) == ""


def test_a_number_is_given_once_to_one_person(people, by):
    paul, lea = people.paul, people.lea
    assert refused_with(check_describe_person, paul, {"rpps": paul.rpps}, by=by) == ""
    assert refused_with(check_describe_person, paul, {}, by=by) == ""
    assert refused_with(check_describe_person, paul, {"rpps": None}, by=by) == "rpps"
    assert refused_with(check_describe_person, lea, {"rpps": "10000000058"}, by=by) == ""
    assert refused_with(check_rpps_free, paul.rpps) == "rpps"
    assert refused_with(check_rpps_free, "10000000058") == refused_with(check_rpps_free, None) == ""
    why = "Faute de frappe."
    assert refused_with(check_correct_person, paul, {"rpps": paul.rpps}, why, by=by) == ""
    assert refused_with(check_correct_person, paul, {"rpps": people.alice.rpps}, why, by=by) == "rpps"
    assert refused_with(check_correct_person, paul, {}, why, by=by) == "same"


# --- Joining ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def joining(people, other_structure):
    entry = JournalEntry.objects.create(structure=other_structure, what=Act.ASK_JOINING)
    return Joining.objects.create(
        person=people.paul,
        structure=other_structure,
        asked_by=people.eve.user,
        expires_at=timezone.now() + DAY,
        entry=entry,
    )


@pytest.mark.parametrize("state", Joining.State.values)
def test_a_joining_is_answered_once_and_until_its_moment(joining, people, time_machine, state):
    joining.state, paul = state, people.paul.user
    is_asked = state == Joining.State.ASKED
    time_machine.move_to(joining.expires_at - timedelta(microseconds=1), tick=False)
    for check in (check_accept_joining, check_refuse_joining):
        assert refused_with(check, joining, by=paul) == ("" if is_asked else "settled")
    assert refused_with(check_expire_joining, joining, by=SYSTEM) == "due"
    time_machine.move_to(joining.expires_at, tick=False)
    for check in (check_accept_joining, check_refuse_joining):
        assert refused_with(check, joining, by=paul) == ("late" if is_asked else "settled")
    assert refused_with(check_expire_joining, joining, by=SYSTEM) == ("" if is_asked else "due")


def test_who_is_there_is_not_asked_to_join(stay, by, today):
    for left_on, code in ((None, "here"), (today + DAY, "here"), (today, "")):
        Affiliation.objects.filter(pk=stay.pk).update(left_on=left_on)
        assert refused_with(check_ask_joining, stay.person, stay.structure, by=by) == code


# --- Delegations ------------------------------------------------------------------------------------------------------
@pytest.fixture
def lent(org, people):
    """By alice, to delphine; bruno is cotitulaire beside her."""
    row = org.delegataires.get()
    row.bal = Bal.objects.with_holders().get(pk=org.pk)
    return row


def test_a_delegation_ends_on_its_first_day_at_the_earliest(lent, today):
    lent.starts_on = today
    for days, code in ((-1, "invalid"), (0, ""), (1, "")):
        lent.ends_on = today + days * DAY
        assert refused_with(check_delegation, lent) == code
    lent.ends_on = None
    assert refused_with(check_delegation, lent) == ""


def test_an_access_is_lent_by_who_holds_the_bal_in_their_own_name_to_who_does_not(org, app, people):
    bal, alice = Bal.objects.with_holders().get(pk=org.pk), people.alice
    assert refused_with(check_delegate, bal, people.lea, alice, by=alice.user) == ""
    assert refused_with(check_delegate, bal, people.lea, people.bruno, by=alice.user) == "under"
    assert refused_with(check_lendable, bal, people.lea, people.paul) == "under"
    assert refused_with(check_lendable, bal, people.bruno, alice) == "duplicate"
    assert refused_with(check_lendable, app, people.lea, alice) == "kind"


def test_a_delegation_is_taken_over_by_another_holder_once_and_while_it_lasts(lent, people):
    bruno, alice = people.bruno, people.alice
    assert refused_with(check_take_over, lent, bruno, by=bruno.user) == ""
    assert refused_with(check_take_over, lent, alice, by=bruno.user) == "under"
    assert refused_with(check_take_over, lent, alice, by=alice.user) == "duplicate"
    lent.ended_at = timezone.now()
    assert refused_with(check_take_over, lent, bruno, by=bruno.user) == "state"
    assert refused_with(check_end_delegation, lent, by=alice.user) == "state"
    lent.ended_at = None
    assert refused_with(check_end_delegation, lent, by=alice.user) == ""


def test_an_access_is_prolonged_by_who_answers_for_it_past_the_day_it_ends(lent, people, today):
    delphine, alice = people.delphine.user, people.alice.user
    assert refused_with(check_ask_extension, lent, False, by=delphine) == "ends_on"
    assert refused_with(check_extend, lent, by=alice) == "ends_on"
    lent.ends_on = today
    assert refused_with(check_ask_extension, lent, False, by=delphine) == ""
    assert refused_with(check_ask_extension, lent, True, by=delphine) == "asked"
    assert refused_with(check_extend, lent, by=alice) == ""
    assert refused_with(check_extend, lent, by=people.bruno.user) == "under"
    for day, code in ((None, ""), (today, "ends_on"), (today + DAY, "")):
        assert refused_with(check_longer, lent, day) == code
    other = Delegataire(bal=lent.bal, person=people.lea, under=people.alice, ends_on=today)
    assert refused_with(check_ask_extension, other, False, by=delphine) == "person"
    lent.ended_at = timezone.now()
    assert refused_with(check_extend, lent, by=alice) == "state"


# --- Aliases, anomalies, sightings ------------------------------------------------------------------------------------
def test_an_alias_is_another_address_and_those_of_a_migration_are_its_own(per, by):
    assert refused_with(check_add_alias, per, per.address, by=by) == "same"
    assert refused_with(check_add_alias, per, "p@chu-exemple.mssante.fr", by=by) == ""
    for nature in Alias.Nature:
        alias = Alias(bal=per, address="p@chu-exemple.mssante.fr", nature=nature)
        code = "" if nature == Alias.Nature.KEPT else "migration"
        assert refused_with(check_drop_alias, alias, by=by) == code


def test_an_anomaly_is_of_today_at_the_latest_and_closed_once(org, people, by, today):
    assert refused_with(check_note_anomaly, org, today, by=by) == ""
    assert refused_with(check_note_anomaly, org, today + DAY, by=by) == "future"
    anomaly = Anomaly(bal=org)
    assert refused_with(check_resolve_anomaly, org, anomaly, by=by) == ""
    anomaly.resolved_at = timezone.now()
    assert refused_with(check_resolve_anomaly, org, anomaly, by=by) == "resolved"


def test_a_sighting_is_set_aside_once_and_with_a_reason(stay, by):
    sighting = Sighting(stay=stay, kind=Sighting.Kind.ENDED)
    assert refused_with(check_dismiss_sighting, sighting, by=by) == ""
    sighting.dismissed_at = timezone.now()
    assert refused_with(check_dismiss_sighting, sighting, by=by) == "dismissed"
    assert refused_with(check_dismissal_told, " ") == "reason"
    assert refused_with(check_dismissal_told, "Congé.") == ""


# --- Notices ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("channel", "email", "mssante", "code"),
    [
        ("email", "", "", "email"),
        ("email", "a@exemple.invalid", "", ""),
        ("mssante", "", "", "mssante_address"),
        ("mssante", "", "a@chu-exemple.mssante.fr", ""),
        ("hand", "", "", ""),
    ],
)
def test_a_channel_has_its_address(settings, channel, email, mssante, code):
    settings.MSSANTE_MAIL = {"host": "mail.invalid"}
    assert refused_with(check_channel, channel, email, mssante) == code
    settings.MSSANTE_MAIL = {}
    assert refused_with(check_channel, channel, email, mssante) == ("channel" if channel == "mssante" else code)


@pytest.fixture
def notice(per, people):
    entry = JournalEntry.objects.create(bal=per, structure=per.structure, what=Verb.ALERT_IDLE)
    return Notice.objects.create(
        entry=entry, bal=per, person=people.paul, party=Party.HOLDERS, stage=Verb.ALERT_IDLE, address="",
        recipient="Paul", created_at=timezone.now() - 3 * DAY,
    )  # fmt: skip


def test_what_did_not_reach_is_told_otherwise_on_a_day_since(notice, by, today):
    assert refused_with(check_mend_notice, notice, Act.GIVE_NOTICE, by=by) == ""
    assert refused_with(check_reachable, notice) == "address"
    notice.address = "paul@exemple.invalid"
    assert refused_with(check_reachable, notice) == ""
    for days, code in ((-4, "on"), (-3, ""), (0, ""), (1, "on")):
        assert refused_with(check_given, notice, "par téléphone", today + days * DAY) == code
    assert refused_with(check_given, notice, " ", today) == "how"
    notice.sent_at, notice.attempts = timezone.now(), 1
    assert refused_with(check_mend_notice, notice, Act.GIVE_NOTICE, by=by) == "sent"


def test_a_link_is_answered_once_by_whom_it_was_sent_to_with_one_of_its_answers(notice, per, people):
    Bal.objects.filter(pk=per.pk).update(state=State.IDLE_ALERTED, state_since=notice.created_at)
    bal = Bal.objects.with_holders().get(pk=per.pk)
    paul, alice = Signatory(people.paul), Signatory(people.alice)
    kept = Notice.Answer.KEPT
    assert refused_with(check_answer_notice, notice, bal, kept, by=paul) == ""
    assert refused_with(check_answer_notice, notice, bal, "autre", by=paul) == "answer"
    for other in (alice, people.paul.user):
        assert refused_with(check_answer_notice, notice, bal, kept, by=other) == "role"
    notice.answer = kept
    assert refused_with(check_answer_notice, notice, bal, kept, by=paul) == "answered"


@pytest.mark.parametrize("state", State)
def test_holders_are_asked_about_an_active_bal_of_unknown_use_and_about_a_depublished_one(per, by, state):
    Bal.objects.filter(pk=per.pk).update(state=state, clock_at=None)
    bal = Bal.objects.with_holders().get(pk=per.pk)
    use, deletion = (refused_with(check, bal, False, by=by) for check in (check_ask_use, check_ask_deletion))
    assert use == ("" if state == State.ACTIVE else "state")
    assert deletion == ("" if state == State.DEPUBLISHED else "state")
    for check, is_free in ((check_ask_use, not use), (check_ask_deletion, not deletion)):
        assert refused_with(check, bal, True, by=by) == ("asked" if is_free else "state")


def test_nobody_is_asked_of_what_is_known_or_where_nobody_is(per, app, make_bal, by):
    per.clock_at = timezone.now()
    assert refused_with(check_ask_use, per, False, by=by) == "known"
    assert refused_with(check_ask_use, app, False, by=by) == "kind"
    assert refused_with(check_ask_use, make_bal("ORG"), False, by=by) == "holder"
    assert refused_with(check_ask_deletion, make_bal("ORG", state=State.DEPUBLISHED), False, by=by) == "holder"


# --- Requests ---------------------------------------------------------------------------------------------------------
def test_a_request_is_made_again_where_it_is_still_wanted_and_not_asked_already(per, operator, by):
    entry = JournalEntry.objects.create(bal=per, structure=per.structure, what=Act.ASK_OPERATOR)
    facts = {"structure": per.structure, "operator": operator, "address": per.address, "entry": entry, "bal": per}
    change = Request(kind=RequestKind.CHANGE, **facts)
    assert refused_with(check_ask_again, change) == ""
    assert refused_with(check_ask_again, Request(kind=RequestKind.OPEN, **facts)) == "state"
    assert refused_with(check_ask_again, Request(kind=RequestKind.DEPUBLISH, **facts)) == ""
    asked = Request.objects.create(kind=RequestKind.CHANGE, stage="sent", **facts)
    assert refused_with(check_ask_again, change) == "asked"
    Request.objects.filter(pk=asked.pk).update(stage="done")
    assert refused_with(check_ask_again, change) == ""


def test_an_operator_with_an_address_is_reminded_of_what_is_late(operator, by):
    asked = Request(operator=operator)
    assert refused_with(check_remind, asked, False, by=SYSTEM) == "due"
    assert refused_with(check_remind, asked, True, by=SYSTEM) == refused_with(check_remind, asked, False, by=by) == ""
    operator.request_email = ""
    assert refused_with(check_remind, asked, True, by=by) == "channel"
    assert refused_with(check_escalate, asked, False, by=SYSTEM) == "due"
    assert refused_with(check_escalate, asked, True, by=SYSTEM) == ""
    assert refused_with(check_refusal_told, " ") == "answer"
    assert refused_with(check_refusal_told, "Non.") == ""


# --- Readings ---------------------------------------------------------------------------------------------------------
def test_a_reading_is_of_now_at_the_latest_and_of_a_likely_size(per, time_machine):
    time_machine.move_to(now := timezone.now(), tick=False)
    late = now + timedelta(microseconds=1)
    for at, used, code in ((now, now, ""), (now, None, ""), (late, None, "future"), (now, late, "future")):
        assert refused_with(check_reading_dates, at, used) == code
    for used, quota, code in (
        (PLAUSIBLE_MB, PLAUSIBLE_MB, ""),
        (PLAUSIBLE_MB + 1, None, "implausible"),
        (None, PLAUSIBLE_MB + 1, "implausible"),
        (None, None, ""),
    ):
        assert refused_with(check_reading_sizes, used, quota) == code
    for quota, asked, code in ((None, 1, ""), (100, 100, "space"), (100, 101, "")):
        assert refused_with(check_more_space, Bal(quota_mb=quota), asked) == code


def test_what_is_pushed_says_something_of_a_bal_that_is_seen_and_once(per):
    assert refused_with(check_pushed, None, [1], per.address) == "unknown"
    assert refused_with(check_pushed, per, [None, None], per.address) == "empty"
    assert refused_with(check_pushed, per, [None, 0], per.address) == ""
    assert refused_with(check_pushed, per, [None], per.address, says_never=True) == ""
    assert refused_with(check_said_once, False) == "twice"
    assert refused_with(check_said_once, True) == ""


def test_a_threshold_is_reached_at_its_very_percent_and_left_well_below_it():
    low, high = chosen.QUOTA_THRESHOLDS[0], chosen.QUOTA_THRESHOLDS[-1]
    gap = chosen.QUOTA_HYSTERESIS
    assert [quota_level(percent) for percent in (None, 0, low - 1, low, high)] == [0, 0, 0, low, high]
    assert [quota_level_after(low, percent) for percent in (low - gap, low - gap - 1, None)] == [low, 0, 0]
    assert quota_level_after(0, low) == low


# --- Thresholds, words ------------------------------------------------------------------------------------------------
def test_a_threshold_has_as_many_numbers_as_it_may_within_what_makes_sense():
    one = next(threshold for threshold in BY_NAME.values() if not threshold.many)
    several = BY_NAME["QUOTA_THRESHOLDS"]
    for value, code in (
        (one.low, ""),
        (one.high, ""),
        (one.low - 1, "range"),
        (one.high + 1, "range"),
        ([one.low], "number"),
    ):
        assert refused_with(check_threshold, one, value) == code
    assert refused_with(check_threshold, one, [one.low]) == "number"
    rising = [several.low + 5 * n for n in range(MOST_NUMBERS + 1)]
    assert refused_with(check_threshold, several, rising[:MOST_NUMBERS]) == ""
    assert refused_with(check_threshold, several, rising) == "many"
    assert refused_with(check_threshold, several, []) == refused_with(check_threshold, several, several.low) == "number"
    assert refused_with(check_threshold, several, [several.low, several.low]) == "order"
    falling = BY_NAME["IDLE_REMINDERS"]
    assert refused_with(check_threshold, falling, [30, 7]) == ""
    assert refused_with(check_threshold, falling, [7, 7]) == refused_with(check_threshold, falling, [7, 30]) == "order"


def test_what_is_chosen_fits_what_else_is_chosen(operator):
    Operator.objects.update(alert_after_months=10, end_after_months=12)
    for days, code in (([55], ""), ([56], "together"), ([56, 7], "together")):
        assert refused_with(check_together, BY_NAME["IDLE_REMINDERS"], days) == code
    for days, code in ((12 * 31 + 31, ""), (12 * 31 + 30, "together")):
        assert refused_with(check_together, BY_NAME["READINGS_KEPT"], days) == code
    gap = chosen.QUOTA_HYSTERESIS
    assert refused_with(check_together, BY_NAME["QUOTA_THRESHOLDS"], [80, 80 + gap]) == ""
    assert refused_with(check_together, BY_NAME["QUOTA_THRESHOLDS"], [80, 79 + gap]) == "together"
    least = min(other - one for one, other in zip(chosen.QUOTA_THRESHOLDS, chosen.QUOTA_THRESHOLDS[1:], strict=False))
    assert refused_with(check_together, BY_NAME["QUOTA_HYSTERESIS"], least) == ""
    assert refused_with(check_together, BY_NAME["QUOTA_HYSTERESIS"], least + 1) == "together"


def test_a_word_is_short_and_says_no_number_of_a_person():
    for text, code in (
        ("a" * LONGEST, ""), ("a" * (LONGEST + 1), "long"), ("0102030405", ""), ("01020304056", "identifier"),
        ("x@chu.mssante.fr", "address"), ("x@exemple.fr", ""),
    ):  # fmt: skip
        assert refused_with(check_words, text) == code


# --- Lists, things to do, engagements ---------------------------------------------------------------------------------
def test_a_view_has_a_name_of_its_own_and_so_many_are_kept(by, people):
    view = SavedView(owner=by, listing="bals", title="Pleines", query="q" * QUERY_LENGTH)
    assert refused_with(check_save_view, view) == ""
    view.query += "q"
    assert refused_with(check_save_view, view) == "query"
    view.query = ""
    SavedView.objects.create(owner=by, listing="people", title="Pleines")
    SavedView.objects.create(owner=people.lea.user, listing="bals", title="Pleines")
    assert refused_with(check_save_view, view) == ""
    SavedView.objects.create(owner=by, listing="bals", title="Pleines")
    assert refused_with(check_save_view, view) == "title"
    view.title = " "
    assert refused_with(check_save_view, view) == "title"
    view.title = "Autre"
    SavedView.objects.bulk_create(SavedView(owner=by, listing="bals", title=f"Vue {n}") for n in range(MOST_VIEWS - 3))
    assert refused_with(check_save_view, view) == "", "one is left"
    SavedView.objects.create(owner=by, listing="bals", title="La dernière")
    assert refused_with(check_save_view, view) == "many"
    assert refused_with(check_own_view, view, by=by) == ""
    assert refused_with(check_own_view, view, by=people.lea.user) == "owner"


def test_an_act_on_a_list_begins_with_some_rows_is_confirmed_once_and_stopped_at_work():
    for count, code in ((0, "none"), (1, ""), (MOST_AT_ONCE, ""), (MOST_AT_ONCE + 1, "many")):
        assert refused_with(check_begin, [1] * count) == code
    for stage in Batch.Stage:
        batch = Batch(stage=stage)
        is_foreseen = stage == Batch.Stage.FORESEEN
        assert refused_with(check_confirm, batch, 1) == ("" if is_foreseen else "stage")
        assert refused_with(check_confirm, batch, 0) == ("none" if is_foreseen else "stage")
        assert refused_with(check_stop, batch) == ("" if batch.is_at_work else "stage")


def test_a_thing_to_do_waits_from_tomorrow_to_a_year_by_who_manages_where_it_is(per, people, by, today):
    subject = SUBJECTS["bals"]
    for days, code in ((0, "until"), (1, ""), (LONGEST_PAUSE.days, ""), (LONGEST_PAUSE.days + 1, "until")):
        assert refused_with(check_follow_todos, subject, [per.pk], {"paused_until": today + days * DAY}, by=by) == code
    assert refused_with(check_follow_todos, subject, [], {}, by=by) == "none"
    assert refused_with(check_follow_todos, subject, [per.pk], {}, by=people.eve.user) == "role"
    for name, code in (("lea", ""), ("eve", "who")):
        who = {"assignee": getattr(people, name).user}
        assert refused_with(check_follow_todos, subject, [per.pk], who, by=by) == code


def test_an_engagement_is_closed_once(structure, by):
    engagement = Engagement(structure=structure)
    assert refused_with(check_close_engagement, engagement, by=by) == ""
    engagement.closed_at = timezone.now()
    assert refused_with(check_close_engagement, engagement, by=by) == "closed"
    assert refused_with(check_engagement_open, engagement) == "closed"
