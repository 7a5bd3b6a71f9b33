"""What people hold, lend and are lent where they stay: read for many people at once, in as many queries as for one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from directory.models import Activity, SyncRun
from mailboxes.lifecycle import LIVE, WITH_ACCESSES
from mailboxes.models.bals import Bal
from mailboxes.models.holders import Cotitulaire, Delegataire
from mailboxes.models.numbers import is_at
from mailboxes.models.people import Affiliation
from mailboxes.models.requests import Request


@dataclass
class Standing:
    """What goes when one stay ends: the BAL of its structure, of those above and below it; but for one where the person
    has another stay."""

    stay: Affiliation
    held: list[Cotitulaire] = field(default_factory=list)  # deleted ones too: a departure's file looks back
    given: list[Delegataire] = field(default_factory=list)
    received: list[Delegataire] = field(default_factory=list)
    closings: list[Request] = field(default_factory=list)  # of accesses, asked of operators and not answered yet
    activities: list[Activity] = field(default_factory=list)  # past ones too
    run: SyncRun | None = None  # that brought the activities

    @property
    def nominatives(self) -> list[Bal]:
        return [holder.bal for holder in self.held if holder.bal.kind == Bal.Kind.NOMINATIVE]

    @property
    def shared(self) -> list[Cotitulaire]:
        return [holder for holder in self.held if holder.bal.is_shared and holder.bal.state in LIVE]

    @property
    def blocking(self) -> list[Cotitulaire]:
        """The shared BAL that the person would leave without a principal, or without anybody. A BAL whose deletion the
        operator confirmed needs neither."""
        return [
            holder
            for holder in self.shared
            if holder.bal.state in WITH_ACCESSES and (holder.is_principal or holder.holders == 1)
        ]

    @property
    def situations(self) -> list[Activity]:
        """What the annuaire says, or said, of the person's work in this structure."""
        return [activity for activity in self.activities if is_at(activity, self.stay.structure)]


def standing_of(stay: Affiliation) -> Standing:
    return standings([stay])[stay.pk]


def standings(stays: Iterable[Affiliation]) -> dict[int, Standing]:
    """The standing of each stay, by the stay's primary key."""
    found = {stay.pk: Standing(stay) for stay in stays}
    people = {standing.stay.person_id for standing in found.values()}
    chain = "bal__structure__parent"
    holders = Cotitulaire.objects.filter(person__in=people).select_related("person", chain)
    held = holders.with_holders().order_by("bal__address")
    lent = Delegataire.objects.standing().select_related("person", "under", chain).order_by("bal__address")
    given, received = lent.filter(under__in=people), lent.filter(person__in=people)
    asked = Request.objects.closings().filter(person__in=people)
    asked = asked.select_related("operator", chain).order_by("address", "pk")
    places = _other_places(people)
    rows_held, rows_closing = _grouped(held, "person_id"), _grouped(asked, "person_id")
    rows_given, rows_received = _grouped(given, "under_id"), _grouped(received, "person_id")
    activities, run = _activities(found.values()), SyncRun.objects.latest_of("activities")
    for standing in found.values():
        person = standing.stay.person_id
        elsewhere = {place for pk, place in places[person] if pk != standing.stay.pk}

        def goes(bal: Bal, structure=standing.stay.structure, elsewhere=elsewhere) -> bool:
            return bal.structure_id not in elsewhere and bal.structure.is_in_line_with(structure)

        standing.held = [row for row in rows_held[person] if goes(row.bal)]
        standing.given = [row for row in rows_given[person] if goes(row.bal)]
        standing.received = [row for row in rows_received[person] if goes(row.bal)]
        standing.closings = [row for row in rows_closing[person] if row.bal and goes(row.bal)]
        standing.activities, standing.run = activities[standing.stay.person.rpps], run
    return found


def _grouped(rows: Iterable, name: str) -> dict[int, list]:
    found = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found


def _other_places(people: set[int]) -> dict[int, list[tuple[int, int]]]:
    places = defaultdict(list)
    for pk, person, structure in (
        Affiliation.objects.current().filter(person__in=people).values_list("pk", "person", "structure")
    ):
        places[person].append((pk, structure))
    return places


def _activities(rows: Iterable[Standing]) -> dict[str | None, list[Activity]]:
    found: dict[str | None, list[Activity]] = defaultdict(list)
    numbers = {standing.stay.person.rpps for standing in rows}
    for activity in Activity.objects.of_rpps(number for number in numbers if number):
        found[activity.national_id[1:]].append(activity)
    return found
