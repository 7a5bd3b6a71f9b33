"""Keeping the day's figures and the gaps, updated as often as the job runs; a decision on a gap moves them at once."""

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from mailboxes.actions.batches import Tally
from mailboxes.findings import FINDING
from mailboxes.gaps import Gap, Gaps
from mailboxes.gaps.sql import FORGET, KEEP
from mailboxes.indicators import measure
from mailboxes.models import FoundGap, GapSearch, Measure, Structure
from mailboxes.models.measures import KEPT_AT_NOUGHT

BATCH = 2000


@transaction.atomic
def keep_measures(structures: QuerySet[Structure]) -> Tally:
    """Keep today's figures of these structures; only those that changed since the last run are written."""
    day = timezone.localdate()
    held = list(structures.order_by("pk").values_list("pk", flat=True))
    found = measure(Structure.objects.filter(pk__in=held), timezone.now())
    found = {place: n for place, n in found.items() if n or place[1] in KEPT_AT_NOUGHT}
    kept = {(m.structure_id, m.name, m.key): m for m in Measure.objects.filter(structure__in=held, day=day)}
    changed = [place for place, n in found.items() if place not in kept or kept[place].count != n]
    Measure.objects.filter(pk__in=[row.pk for place, row in kept.items() if place not in found]).delete()
    Measure.objects.bulk_create(
        [
            Measure(structure_id=pk, day=day, name=name, key=key, count=found[pk, name, key])
            for pk, name, key in changed
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["structure", "day", "name", "key"],
        update_fields=["count"],
    )
    return Tally(done=len(held))


@transaction.atomic
def keep_gaps(structures: QuerySet[Structure]) -> None:
    """Keep the gaps of these structures as they are now; only those that changed since the last run are written."""
    now, held = timezone.now(), list(structures.order_by("pk").values_list("pk", flat=True))
    if not held:
        return
    query, values = Gaps(Structure.objects.filter(pk__in=held)).as_found()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE gaps_now AS {query}", values)
        cursor.execute(FORGET.format(places=", ".join(["%s"] * len(held))), held)
        cursor.execute(KEEP)
        cursor.execute("DROP TABLE gaps_now")
    searches = [GapSearch(structure_id=pk, at=now) for pk in held]
    GapSearch.objects.bulk_create(
        searches, batch_size=BATCH, update_conflicts=True, unique_fields=["structure"], update_fields=["at"]
    )


def mend_gap(gap: Gap) -> None:
    """Take away a gap that is no more: neither counted nor kept."""
    FoundGap.objects.filter(structure=gap.structure_id, situation=gap.situation.name, address=gap.address).delete()
    settle_gap(gap)


def settle_gap(gap: Gap) -> None:
    """Count one open gap less in the latest measure, which the dashboard shows; the next measure counts afresh."""
    if gap.status != "open":
        return
    measures = Measure.objects.filter(structure=gap.structure_id)
    latest = measures.of(FINDING).filter(day=measures.latest_day(), key=gap.situation.name, count__gt=0)
    latest.update(count=F("count") - 1)


def reopen_gap(gap: Gap) -> None:
    """Count one open gap more in the latest measure, where there is one."""
    if day := Measure.objects.filter(structure=gap.structure_id).latest_day():
        place = {"structure_id": gap.structure_id, "day": day, "name": FINDING, "key": gap.situation.name}
        kept, _ = Measure.objects.get_or_create(**place, defaults={"count": 0})
        Measure.objects.filter(pk=kept.pk).update(count=F("count") + 1)
