"""The nightly jobs over 100 000 BAL."""

from datetime import timedelta
from statistics import median
from time import perf_counter

from dateutil.relativedelta import relativedelta
from django.db import connection
from django.db.models import F
from django.utils import timezone

from mailboxes import jobs
from mailboxes.actions import usage
from mailboxes.indicators.costs import DIMENSIONS, Costs
from mailboxes.lifecycle import State
from mailboxes.models import Bal, Cotitulaire, JournalEntry, Notice, Operator, Person, Reading, Structure
from tests.bench.row import Row

BALS = 100_000
DUE = 1_000
OPERATORS = 8


def rows():
    fill()
    bare, sweep = measure_idle_sweep()
    yield Row("idle sweep, nothing due", sweep, "s", "SELECT count(*), same condition", bare, 2)
    yield Row("idle sweep, nothing due", sweep, "s", "SELECT count(*), one date for all operators", one_date())
    add_operators(OPERATORS)
    bare, sweep = measure_idle_sweep()
    yield Row(f"idle sweep, nothing due, {OPERATORS} operators", sweep, "s", "SELECT count(*), same condition", bare, 2)

    due = Bal.objects.order_by("pk").values("pk")[:DUE]
    Bal.objects.filter(pk__in=due).update(clock_at=timezone.now() - timedelta(days=430))
    took = timed(lambda: jobs.run("alert_idle"))
    assert Notice.objects.count() == JournalEntry.objects.count() == DUE
    yield Row("idle sweep, 1 000 due", DUE / took, "notices/s", limit=500, at_least=True)

    Bal.objects.filter(pk__in=due).update(percent_full=96)
    first = timed(lambda: jobs.run("check_quotas"))
    assert Notice.objects.filter(stage="warn_quota-95").count() == DUE
    yield Row("quota check, 1 000 thresholds crossed", DUE / first, "warnings/s", limit=500, at_least=True)
    before = rows_written()
    jobs.run("check_quotas")
    yield Row("quota check, second run", rows_written() - before, "rows written", limit=0)
    again = median(timed(lambda: jobs.run("check_quotas")) for _ in range(11))
    crossing = Bal.objects.crossing_quota()
    bare = median(timed(crossing.count) for _ in range(11))
    yield Row("quota check, second run", again, "s", "SELECT count(*), same condition", bare, 2)
    yield from forecasts()
    costs = Costs(Structure.objects.all(), timezone.now())
    counted = timed(lambda: costs.groups)
    whole = timed(lambda: [Costs(costs.structures, costs.now).by(name) for name in DIMENSIONS])
    yield Row("costs of 100 000 BAL, four breakdowns", whole, "s", "one grouped query", counted)


def forecasts():
    """Of 1 000 BAL read each week for half a year: what it costs to tell the day they will be full."""
    bals = list(Bal.objects.order_by("pk")[:DUE])
    now = timezone.now()
    Reading.objects.bulk_create(
        (
            Reading(bal=bal, at=now - timedelta(weeks=week), source="import", used_mb=900 - 7 * week, quota_mb=1000)
            for bal in bals
            for week in range(26)
        ),
        batch_size=5000,
    )
    for bal in bals:
        bal.quota_mb = 1000
    read = timed(lambda: Reading.objects.points_of(bals))
    both = timed(lambda: usage.foresee(bals))
    assert all(bal.full_on for bal in bals)
    yield Row("forecast of 1 000 BAL, 26 readings each", both, "s", "reading them from the database", read)


def measure_idle_sweep():
    count = Bal.objects.due_for_alert(timezone.now())
    bare = median(timed(count.count) for _ in range(101))
    return bare, median(timed(lambda: jobs.run("alert_idle")) for _ in range(101))


def one_date():
    """As if all operators had the same limit, known beforehand."""
    limit = timezone.now() - relativedelta(months=10)
    idle = Bal.objects.filter(state=State.ACTIVE, clock_at__lte=limit).exclude(kind="APP")
    return median(timed(idle.count) for _ in range(101))


def add_operators(total):
    """Each with its own limits and its share of the BAL; the statistics are new, and the table freshly rewritten."""
    for number in range(1, total):
        months = 10 + number % 4
        operator = Operator.objects.create(
            code=f"o{number}", name=f"O{number}", alert_after_months=months, end_after_months=months + 2
        )
        Bal.objects.alias(share=F("pk") % total).filter(share=number).update(operator=operator)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def fill():
    """So many PER in use, each with its holder."""
    now = timezone.now()
    structure = Structure.objects.create(name="CHU", finess_et="010000002")
    operator = Operator.objects.create(code="regional", name="Régional", request_email="demandes@op.invalid")
    people = Person.objects.bulk_create(
        (
            Person(family_name=f"Nom{n}", given_name="P", rpps=f"1{n:010}", has_cps=True, email=f"p{n}@exemple.invalid")
            for n in range(BALS)
        ),
        batch_size=5000,
    )
    bals = Bal.objects.bulk_create(
        (
            Bal(
                address=f"p{n}@chu.mssante.fr",
                kind="PER",
                state=State.ACTIVE,
                structure=structure,
                operator=operator,
                clock_at=now - timedelta(days=n % 300),
                read_at=now,
                percent_full=n % 80,
            )
            for n in range(BALS)
        ),
        batch_size=5000,
    )
    Cotitulaire.objects.bulk_create(
        (Cotitulaire(bal=bal, person=person, is_principal=True) for bal, person in zip(bals, people, strict=True)),
        batch_size=5000,
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def timed(act):
    started = perf_counter()
    act()
    return perf_counter() - started


def rows_written():
    """What the server has counted as inserted, updated or deleted in our tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()") if connection.pg_version >= 150000 else None
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
        return cursor.fetchone()[0]
