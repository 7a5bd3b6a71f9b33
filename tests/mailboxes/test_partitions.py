"""Readings and traces laid out by month: what stood stays, what comes is taken in, what is past goes whole."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from balmanager.operations import partitions
from balmanager.operations.checks import Unwell, months
from mailboxes.actions import Pushed, record_readings
from mailboxes.jobs import run
from mailboxes.models import SYSTEM, AccessTrace, Reading
from mailboxes.models.thresholds import chosen

pytestmark = [pytest.mark.postgresql_run, pytest.mark.django_db]
READINGS = Reading._meta.db_table
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(NOW)


@pytest.fixture
def bal(org, people):
    """With readings of five years ago, of each of the last months, and of tomorrow; and a trace."""
    moments = [NOW - timedelta(days=days) for days in (5 * 365, 300, 60, 30, 1, -1)]
    Reading.objects.bulk_create(Reading(bal=org, at=at, source="import", used_mb=10) for at in moments)
    AccessTrace.objects.create(user=people.gisele.user, at=NOW - timedelta(days=40), what="export")
    connection.check_constraints()  # a table with promises still to be kept is not altered
    return org


@pytest.fixture
def by_month(bal):
    call_command("partition")


def partitions_held():
    """The partition of each reading, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text FROM {READINGS} ORDER BY at")
        return [name.removeprefix(f"{READINGS}_") for (name,) in cursor.fetchall()]


def described(table):
    """What a table promises, and its indexes, but for its key."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    return {
        name: {key: kept for key, kept in facts.items() if key != "definition"}
        for name, facts in found.items()
        if not facts["primary_key"]
    }


def test_every_row_promise_and_index_stays_and_each_month_has_its_own(bal):
    before = [list(model.objects.order_by("pk").values()) for model in (Reading, AccessTrace)]
    promised = {table: described(table) for table in partitions.BY_MONTH}
    call_command("partition")
    assert [list(model.objects.order_by("pk").values()) for model in (Reading, AccessTrace)] == before
    assert {table: described(table) for table in partitions.BY_MONTH} == promised
    assert partitions_held() == ["rest", "2025_05", "2026_01", "2026_02", "2026_03", "2026_03"]


def test_the_numbers_go_on_and_a_reading_is_kept_once(by_month, bal):
    highest = Reading.objects.latest("pk").pk
    [verdict] = record_readings([Pushed(bal.address, NOW, used_mb=20)], source="push", by=SYSTEM)
    record_readings([Pushed(bal.address, NOW, used_mb=21)], source="push", by=SYSTEM)
    assert verdict.reading
    kept = Reading.objects.get(bal=bal, at=NOW, source="push")
    assert (kept.pk > highest, kept.used_mb) == (True, 21)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reading.objects.create(bal=bal, at=NOW, source="push")


def test_asked_again_it_prepares_the_months_to_come_and_takes_in_what_fell_outside(by_month, bal, time_machine):
    assert partitions.fewest_months_ahead() == 24
    late = NOW + timedelta(days=3 * 365)
    Reading.objects.create(bal=bal, at=late, source="push")
    connection.check_constraints()
    assert partitions_held()[-1] == "rest"
    time_machine.move_to(late)
    with pytest.raises(Unwell, match=r"manage\.py partition"):
        months()
    call_command("partition")
    assert partitions_held()[-1] == f"{late:%Y_%m}"
    assert months() == "24\u00a0mois d’avance"


def test_what_goes_with_its_month_is_what_the_purge_would_have_taken(by_month, bal, time_machine):
    time_machine.move_to(NOW + chosen.READINGS_KEPT - timedelta(days=45))
    old = Reading.objects.filter(at__lt=Reading.kept_since(timezone.now()))
    with transaction.atomic():
        run("purge")
        left = set(Reading.objects.values_list("pk", flat=True))
        transaction.set_rollback(True)
    connection.check_constraints()
    assert old.count() == 3
    call_command("partition")
    assert left <= set(Reading.objects.values_list("pk", flat=True))
    assert partitions_held()[:2] == [
        "rest",
        "2026_01",
    ]  # not wholly past: for the purge
    run("purge")
    assert set(Reading.objects.values_list("pk", flat=True)) == left


def test_a_table_that_nobody_asked_for_stays_whole(bal):
    partitions.keep_months()
    assert months() == "aucune"
    assert not partitions.is_partitioned(READINGS)


def test_only_who_owns_the_tables_lays_them_out(bal):
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE bal_app")
        call_command("grant_runtime_role", "bal_app")
        cursor.execute("SET LOCAL ROLE bal_app")
    with pytest.raises(CommandError, match="possède les tables"):
        call_command("partition")
