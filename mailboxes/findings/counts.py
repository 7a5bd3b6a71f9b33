"""How many of each: at once where it is quick, else as of the latest measure of the day."""

from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Count, QuerySet, Sum, Value
from django.utils import timezone

from mailboxes.findings.table import FINDINGS, OF_BALS, OF_ENGAGEMENTS, OF_MOVEMENTS, OF_SIGHTINGS, Finding
from mailboxes.gaps import Gaps
from mailboxes.models import Bal, Engagement, Measure, Movement, Sighting, Structure
from mailboxes.rules import allows, check_annuaire_fresh

FINDING = "finding"  # the measure; its key is the finding's name
MANY = 20_000  # BAL above which all is shown as it was last measured, a quarter of an hour ago at most


class Counted(NamedTuple):
    finding: Finding
    number: int
    day: date | None  # of the measure; None: counted now


def count_findings(user, *, within: QuerySet[Structure] | None = None) -> list[Counted]:
    """The findings that hold for `user` with their counts, in the order of the table; as many queries whatever the
    number of BAL.

    `within`: in these structures alone, of those that `user` sees.
    """
    structures = Structure.objects.visible_to(user)
    bals, files = Bal.objects.visible_to(user), Movement.objects.visible_to(user)
    seen, engaged = Sighting.objects.visible_to(user), Engagement.objects.visible_to(user)
    if within is not None:
        structures = structures.filter(pk__in=within.values("pk"))
        bals = bals.filter(structure__in=structures.values("pk"))
        files = files.filter(stay__structure__in=structures.values("pk"))
        seen, engaged = (rows.of_structures(structures.values("pk")) for rows in (seen, engaged))
    day, kept = _kept(structures)
    are_many = day is not None and bals.order_by()[MANY : MANY + 1].exists()
    measured = {finding.name for finding in OF_BALS if finding.is_kept or are_many} if day else set()
    counts = kept | _count([finding for finding in OF_BALS if finding.name not in measured], bals)
    if day is None:
        gaps = (Gaps.visible_to(user) if within is None else Gaps(structures)).counts()
        counts |= {name: number for (name, status), number in gaps.items() if status == "open"}
    counts |= {finding.name: finding.movements(files).count() for finding in OF_MOVEMENTS if finding.movements}
    counts |= {finding.name: finding.sightings(seen).count() for finding in OF_SIGHTINGS if finding.sightings}
    counts |= {finding.name: finding.engagements(engaged).count() for finding in OF_ENGAGEMENTS if finding.engagements}
    counts |= {finding.name: int(finding.holds()) for finding in FINDINGS if finding.holds}
    return [
        Counted(finding, number, day if finding.is_kept or finding.name in measured else None)
        for finding in FINDINGS
        if (number := counts.get(finding.name))
    ]


def _count(findings: list[Finding], bals) -> dict[str, int]:
    """How many of each, in one statement with a SELECT for each: each has its own index, which one pass over all the
    BAL would not use."""
    counted = [
        finding.bals(bals).order_by().values(name=Value(finding.name)).annotate(number=Count("pk"))
        for finding in findings
        if finding.bals
    ]
    return dict(counted[0].union(*counted[1:], all=True).values_list("name", "number")) if counted else {}


def _kept(structures: QuerySet[Structure]) -> tuple[date | None, dict[str, int]]:
    """The measures of today or yesterday of these structures; nothing older is shown."""
    measures = Measure.objects.filter(structure__in=structures.values("pk"))
    day = measures.latest_day()
    if day is None or day < timezone.localdate() - timedelta(days=1):
        return None, {}
    rows = measures.of(FINDING).filter(day=day).values_list("key").annotate(Sum("count"))
    kept = dict(rows.order_by())
    if not allows(check_annuaire_fresh):  # a stale annuaire concludes no absence, nor does what was counted from it
        kept = {name: n for name, n in kept.items() if name not in _CONCLUDE_ABSENCE}
    return day, kept


_CONCLUDE_ABSENCE = {finding.name for finding in FINDINGS if finding.situation and finding.situation.concludes_absence}
