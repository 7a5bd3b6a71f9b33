"""A prepared question answers as the QuerySet that it is made of would, whatever it is asked with."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.models import Entry
from directory.prepared import Given, Prepared, prepared
from mailboxes.models.bulk import among

MOMENT = datetime(2026, 11, 29, 12, tzinfo=UTC)
ADDRESSES = ["alice@chu.mssante.fr", "o'brien@chu.mssante.fr", "100%@chu.mssante.fr", "éloïse@chu.mssante.fr"]


@pytest.fixture
def entries(make_entry):
    lines = [make_entry(address, family_name=address[:5]) for address in ADDRESSES]
    for days, line in enumerate(lines):
        Entry.objects.filter(pk=line.pk).update(changed_at=MOMENT + timedelta(days=days), ordinal=days + 1)
    return lines


@prepared
def of_address(address):
    return Entry.objects.filter(address=address)


@prepared
def named_among(wanted):
    return Entry.objects.filter(among("address", wanted)).order_by("address").values_list("address", flat=True)


@prepared
def changed_since(moment):
    return Entry.objects.filter(changed_at__gte=moment).order_by("pk").values_list("pk", "changed_at", "address")


def test_an_instance_is_the_one_that_a_queryset_reads(entries):
    for address in ADDRESSES:
        (found,) = of_address(address=address)
        read = Entry.objects.get(address=address)
        assert found == read
        assert {name: getattr(found, name) for name in vars(read) if name != "_state"} == {
            name: value for name, value in vars(read).items() if name != "_state"
        }
    assert of_address(address="personne@chu.mssante.fr") == []


@pytest.mark.parametrize("wanted", [[], ADDRESSES[:1], ADDRESSES, [*ADDRESSES, "personne@chu.mssante.fr"]])
def test_a_set_of_any_size_is_one_value(entries, wanted):
    assert set(named_among(wanted=wanted)) == {*ADDRESSES} & {*wanted}


def test_a_moment_is_compared_and_read_as_the_database_keeps_it(entries):
    for days in range(5):
        since = MOMENT + timedelta(days=days)
        read = Entry.objects.filter(changed_at__gte=since).order_by("pk")
        assert changed_since(moment=since) == [*read.values_list("pk", "changed_at", "address")]


def test_the_sql_is_written_once_and_asked_each_time(entries, monkeypatch):
    monkeypatch.setattr(Prepared, "is_checked", lambda *_: False)
    built = []

    @prepared
    def question(address):
        built.append(address)
        return Entry.objects.filter(address=address).values_list("address", flat=True)

    with CaptureQueriesContext(connection) as asked:
        assert [question(address=address) for address in ADDRESSES] == [[address] for address in ADDRESSES]
    assert len(asked) == len(ADDRESSES)
    assert [type(one) for one in built] == [Given]


def test_what_stands_by_position_has_a_text_of_its_own(entries):
    @prepared
    def question(how_many, address):
        return Entry.objects.filter(address__gte=address).order_by("address")[:how_many]

    assert [len(question(number, address="")) for number in (1, 3, 1, 2)] == [1, 3, 1, 2]


def test_a_question_that_finds_nothing_by_itself_asks_nothing(entries, django_assert_num_queries):
    @prepared
    def question(address):
        return Entry.objects.filter(pk__in=[], address=address)

    with django_assert_num_queries(0):
        assert question(address="") == question(address="x") == []


def test_a_moment_that_would_stay_as_it_is_now_is_refused(db):
    @prepared
    def question(address):
        return Entry.objects.filter(changed_at__gte=datetime.now(UTC), address=address)

    if connection.vendor == "postgresql":  # over SQLite a moment is a text
        with pytest.raises(TypeError, match="would stay as it is now"):
            question(address="")


def test_what_is_no_longer_true_is_seen_by_the_tests(entries):
    world = SimpleNamespace(most=1)

    @prepared
    def question(address):
        return Entry.objects.filter(address__gte=address)[: world.most]

    assert len(question(address="")) == 1
    world.most = 2
    with pytest.raises(AssertionError, match="is no longer"):
        question(address="")


def test_what_only_a_setting_decides_is_written_anew(entries, settings):
    @prepared
    def question(address):
        return Entry.objects.published().filter(address=address)

    assert len(question(address=ADDRESSES[0])) == 1
    settings.DIRECTORY_ORDER = []
    assert question(address=ADDRESSES[0]) == []


def test_what_cannot_be_given_is_refused(db):
    with pytest.raises(TypeError, match="cannot be given"):
        of_address(address=None)
    with pytest.raises(TypeError, match="prefetches nothing"):
        prepared(lambda address: Entry.objects.filter(address=address).prefetch_related("pk"))(address="")


def test_the_days_of_a_shape_are_its_own(entries):
    @prepared
    def question(day, address):
        return Entry.objects.filter(changed_at__date__gt=day, address__gte=address)

    assert len(question(date(2026, 11, 30), address="")) == 2
    assert len(question(date(2026, 11, 28), address="")) == 4


def test_a_moment_may_be_counted_from_the_one_that_is_given(entries):
    @prepared
    def question(moment):
        return Entry.objects.filter(changed_at__gte=moment - timedelta(days=2), changed_at__lt=moment + timedelta(1))

    for days in range(5):
        since = MOMENT + timedelta(days=days)
        around = Entry.objects.filter(changed_at__gte=since - timedelta(days=2), changed_at__lt=since + timedelta(1))
        assert {*question(moment=since)} == {*around}


def test_a_day_may_be_counted_from_the_one_of_the_shape_and_the_texts_of_another_day_are_dropped(entries):
    @prepared
    def question(day, most, address):
        return Entry.objects.filter(changed_at__date__gt=day - timedelta(days=1), address__gte=address)[:most]

    day = date(2026, 11, 30)
    assert len(question(day, 3, address="")) == len(question(day, 9, address="")) == 3
    assert len(question.kept) == 2
    assert len(question(day + timedelta(days=1), 9, address="")) == 2
    assert [shape for shape, *_ in question.kept] == [day + timedelta(days=1)]
