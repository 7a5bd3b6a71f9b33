"""Readings pushed by software: each is judged by itself, the same twice is one, and another value corrects."""

from datetime import UTC, datetime, timedelta

import pytest

from mailboxes import actions
from mailboxes.lifecycle import State, Verb
from mailboxes.models import SYSTEM, Bal, Reading

NOW = datetime(2026, 11, 21, 6, 20, tzinfo=UTC)
NIGHT = "2026-11-20T02:00:00Z"


@pytest.fixture(autouse=True)
def _frozen(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def feed(key_to, structure, people):
    """A key that opens nothing but the pushing of readings."""
    return key_to(structure, "usage", by=people.gisele)


@pytest.fixture
def push(ask, feed):
    def go(*readings, **headers):
        answer = ask(feed, "readings/bulk/", "post", {"readings": list(readings)}, **headers)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return go


def said(bal, at=NIGHT, **facts):
    return {"address": bal.address, "at": at, **(facts or {"used_mb": 850, "quota_mb": 1000})}


def codes(answer):
    return [(one["result"], one["code"]) for one in answer["readings"]]


def test_one_reading_is_kept_and_the_bal_is_level_with_it(ask, feed, org):
    answer = ask(feed, "readings/", "post", said(org, used_mb=850, quota_mb=1000, last_used_at="2026-11-19T17:00:00Z"))
    assert (answer.status_code, answer.json()["source"]) == (201, "push")
    org.refresh_from_db()
    assert (org.percent_full, org.last_used_source) == (85, "push")
    assert org.last_used_at == datetime(2026, 11, 19, 17, tzinfo=UTC)


def test_one_reading_of_a_box_of_another_structure_is_not_found(ask, foreign_key, org):
    answer = ask(foreign_key, "readings/", "post", said(org))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_one_reading_of_tomorrow_is_refused(ask, feed, org):
    answer = ask(feed, "readings/", "post", said(org, "2026-11-22T02:00:00Z"))
    assert (answer.status_code, answer.json()["code"]) == (409, "future")


def test_one_reading_that_would_not_be_kept_is_refused(ask, feed, org):
    answer = ask(feed, "readings/", "post", said(org, "1970-01-01T00:00:00Z"))
    assert (answer.status_code, answer.json()["code"]) == (409, "old")
    assert not org.readings.exists()


def test_a_key_that_feeds_does_nothing_else_to_a_box(ask, key_to, structure, people, org):
    token = key_to(structure, "usage", "read", by=people.gisele)
    can = ask(token, f"bals/{org.pk}/").json()["abilities"]
    assert {name for name, may in can.items() if may} == {"record_usage"}


def test_a_key_without_that_right_feeds_nothing_even_if_it_manages(ask, key_to, structure, people, org):
    token = key_to(structure, "manage", by=people.gisele)
    assert ask(token, "readings/bulk/", "post", {"readings": [said(org)]}).status_code == 403


def test_each_is_judged_by_itself(push, org, per, make_bal, other_structure):
    stranger = make_bal("ORG", structure=other_structure, address="ailleurs@chu-exemple.mssante.fr")
    gone = make_bal("ORG", state=State.DELETED)
    answer = push(
        said(org),
        said(stranger),
        {"address": "personne@chu-exemple.mssante.fr", "at": NIGHT, "used_mb": 1},
        said(gone),
        said(per, "2026-11-22T00:00:00Z"),
        said(per, used_mb=-1),
        said(per, "hier"),
        {"address": per.address, "at": NIGHT},
        "rien",
        said(per),
    )
    assert codes(answer) == [
        ("accepted", "new"),
        ("rejected", "unknown"),
        ("rejected", "unknown"),
        ("rejected", "state"),
        ("rejected", "future"),
        ("rejected", "invalid"),
        ("rejected", "invalid"),
        ("rejected", "empty"),
        ("rejected", "invalid"),
        ("accepted", "new"),
    ]
    assert (answer["accepted"], answer["corrected"], answer["rejected"]) == (2, 0, 8)
    assert [one["index"] for one in answer["readings"]] == list(range(10))
    assert answer["readings"][5]["detail"].startswith("used_mb : ")
    assert Reading.objects.count() == 2


def test_a_box_of_another_structure_and_one_that_does_not_exist_read_alike(push, make_bal, other_structure):
    stranger = make_bal("ORG", structure=other_structure, address="ailleurs@chu-exemple.mssante.fr")
    theirs, none = push(said(stranger), {"address": "rien@chu-exemple.mssante.fr", "at": NIGHT})["readings"]
    assert theirs["detail"].replace("ailleurs", "rien") == none["detail"]


def test_the_same_push_twice_changes_nothing(push, org, per):
    first = push(said(org), said(per))
    rows = list(Reading.objects.values())
    assert codes(first) == [("accepted", "new")] * 2
    assert codes(push(said(org), said(per))) == [("accepted", "known")] * 2
    assert list(Reading.objects.values()) == rows


def test_the_same_moment_in_another_zone_is_the_same_reading(push, org):
    push(said(org, "2026-11-20T02:00:00Z"))
    assert codes(push(said(org, "2026-11-20T03:00:00+01:00"))) == [("accepted", "known")]


def test_an_address_is_read_whatever_its_capitals(push, org):
    assert codes(push({"address": org.address.upper(), "at": NIGHT, "used_mb": 5})) == [("accepted", "new")]


def test_two_values_for_one_moment_in_one_push_keep_the_first(push, org):
    answer = push(said(org, used_mb=1), said(org, used_mb=2), said(org, used_mb=1))
    assert codes(answer) == [("accepted", "new"), ("rejected", "twice"), ("accepted", "known")]
    assert Reading.objects.get().used_mb == 1


def test_another_value_for_a_known_moment_corrects_it_and_the_bal(push, org):
    push(said(org, "2026-11-19T02:00:00Z", used_mb=400, quota_mb=1000), said(org, used_mb=999, quota_mb=1000))
    assert codes(push(said(org, used_mb=500, quota_mb=1000))) == [("corrected", "corrected")]
    org.refresh_from_db()
    assert (org.used_mb, org.percent_full) == (500, 50)
    push(said(org, quota_mb=1000))  # nothing is said any more of the space used: the one before tells
    org.refresh_from_db()
    assert (org.used_mb, org.percent_full) == (400, 40)


def test_a_use_said_by_mistake_is_taken_back(push, org):
    right, wrong = "2026-03-01T00:00:00Z", "2026-11-18T00:00:00Z"
    push(said(org, "2026-03-02T00:00:00Z", last_used_at=right), said(org, last_used_at=wrong))
    push(said(org, last_used_at=right))
    org.refresh_from_db()
    assert org.last_used_at == org.clock_at == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_use_taken_back_does_not_take_back_an_opposition(push, per, people):
    per.last_used_at = per.clock_at = NOW - timedelta(days=330)
    per.save()
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    push(said(per, NOW.isoformat(), last_used_at=NOW.isoformat()))
    push(said(per, NOW.isoformat(), used_mb=1))
    per.refresh_from_db()
    assert (per.last_used_at, per.clock_at) == (None, NOW)


def test_a_correction_of_an_old_reading_leaves_what_a_newer_one_told(push, org):
    push(said(org, "2026-11-01T00:00:00Z", used_mb=100, quota_mb=1000), said(org, used_mb=300, quota_mb=1000))
    push(said(org, "2026-11-01T00:00:00Z", used_mb=200, quota_mb=500))
    org.refresh_from_db()
    assert (org.used_mb, org.quota_mb) == (300, 1000)


def test_of_several_readings_of_one_box_the_latest_tells_in_whatever_order(push, org):
    push(
        said(org, "2026-11-03T00:00:00Z", used_mb=300, last_used_at="2026-11-02T00:00:00Z"),
        said(org, "2026-11-01T00:00:00Z", used_mb=100, last_used_at="2026-10-31T00:00:00Z"),
        said(org, "2026-11-02T00:00:00Z", used_mb=200, quota_mb=600),
    )
    org.refresh_from_db()
    assert (org.used_mb, org.quota_mb, org.percent_full) == (300, 600, 50)
    assert org.last_used_at == datetime(2026, 11, 2, tzinfo=UTC)


def test_uses_of_an_alerted_box_wake_it_once(push, per):
    per.clock_at = NOW - timedelta(days=330)
    per.save()
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    uses = [f"2026-11-{day:02}T00:00:00Z" for day in (17, 18, 19)]
    push(*(said(per, use, last_used_at=use) for use in uses))
    per.refresh_from_db()
    assert per.state == State.ACTIVE
    assert per.journal.filter(what=Verb.WAKE).count() == 1
    assert "19/11/2026" in per.journal.get(what=Verb.WAKE).note


def test_a_correction_that_tells_a_use_wakes_too(push, per):
    push(said(per, used_mb=5))
    per.refresh_from_db()
    Bal.objects.filter(pk=per.pk).update(clock_at=NOW - timedelta(days=330))
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    push(said(per, used_mb=5, last_used_at="2026-11-19T00:00:00Z"))
    per.refresh_from_db()
    assert per.state == State.ACTIVE


@pytest.mark.parametrize(
    "body",
    [{}, {"readings": []}, {"readings": {}}, {"readings": [{}] * 10_001}],
    ids=["none", "0", "{}", "10001"],
)
def test_a_push_of_nothing_or_of_too_much_is_refused_whole(ask, feed, body):
    answer = ask(feed, "readings/bulk/", "post", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["readings"])


def test_a_push_sent_twice_under_one_name_is_answered_twice_alike(push, org):
    first, second = (push(said(org), **{"Idempotency-Key": "nuit"}) for _ in range(2))
    assert first == second
    assert codes(second) == [("accepted", "new")]


def test_the_queries_of_a_push_do_not_grow_with_it(ask, feed, make_bal, people, django_assert_max_num_queries):
    counts = []
    for size in (2, 40):
        bals = [make_bal("ORG", people.alice, address=f"b{size}-{n}@chu-exemple.mssante.fr") for n in range(size)]
        body = [said(bal, used_mb=n, last_used_at="2026-11-19T00:00:00Z") for n, bal in enumerate(bals)]
        with django_assert_max_num_queries(60) as new:
            ask(feed, "readings/bulk/", "post", {"readings": body})
        body = [{**one, "used_mb": one["used_mb"] + 1} for one in body]
        with django_assert_max_num_queries(60) as corrected:
            answer = ask(feed, "readings/bulk/", "post", {"readings": body})
        assert answer.json()["corrected"] == size
        counts.append((len(new), len(corrected)))
    assert counts[0] == counts[1]


@pytest.mark.sqlite_run  # long: once
def test_ten_thousand_are_taken_at_once(push, make_bal, operator, structure):
    facts = {"kind": "APP", "state": State.ACTIVE, "structure": structure, "operator": operator}
    addresses = [f"b{n}@chu-exemple.mssante.fr" for n in range(10_000)]
    Bal.objects.bulk_create(Bal(address=address, **facts) for address in addresses)
    answer = push(*({"address": address, "at": NIGHT, "used_mb": 7} for address in addresses))
    assert answer["accepted"] == Reading.objects.count() == 10_000
    assert Bal.objects.filter(used_mb=7).count() == 10_000


@pytest.mark.parametrize("never", ["1970-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "1999-12-31T12:00:00Z"])
def test_an_empty_clock_says_never_and_dates_no_use(push, org, never):
    assert codes(push(said(org, last_used_at=never))) == [("accepted", "new")]
    org.refresh_from_db()
    assert (org.last_used_at, org.clock_at) == (None, None)
    assert Reading.objects.get().last_used_at is None


@pytest.mark.parametrize("facts", [{"used_mb": 1288490189, "quota_mb": 1000}, {"quota_mb": 10_000_001}])
def test_a_size_that_no_mailbox_has_is_refused(push, org, facts):
    assert codes(push(said(org, **facts))) == [("rejected", "implausible")]
    org.refresh_from_db()
    assert org.percent_full is None


def test_the_largest_plausible_size_is_taken(push, org):
    assert codes(push(said(org, used_mb=1, quota_mb=10_000_000))) == [("accepted", "new")]


def test_an_address_is_read_as_in_every_other_door(push, org):
    (line,) = push(said(org) | {"address": f"mailto:{org.address.upper()}"})["readings"]
    assert (line["result"], line["code"]) == ("accepted", "new")
