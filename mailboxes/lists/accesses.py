"""Who may do what in which BAL, since when, until when, under whom; and what changed since a day.

Read from the rows that stand, and for the changes from the journal.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from functools import reduce
from operator import or_
from typing import Any, NamedTuple, cast

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from mailboxes.findings import KeptCount, kept_of_many
from mailboxes.lifecycle import AWAITED, OF_ACCESSES, WITH_ACCESSES, Act, RequestStage, Role, State
from mailboxes.models import Bal, Cotitulaire, Delegataire, JournalEntry, Person, Request, Structure, bulk
from mailboxes.models.holders import WHOLE_RIGHTS

# What gives, changes or takes away an access; where a BAL enters the register its holders come with it.
CHANGES = (
    Act.REGISTER, Act.REQUEST_OPENING, Act.ADD_COTITULAIRE, Act.REMOVE_COTITULAIRE, Act.TRANSFER_PRINCIPAL,
    Act.NAME_PRINCIPAL, Act.DELEGATE, Act.EXTEND_DELEGATION, Act.END_DELEGATION, Act.TAKE_OVER, Act.RECORD_ACCESS,
    Act.REQUEST_ACCESS, Act.OBJECT_ACCESS, Act.IMPORT_ACCESSES, Act.UNDO_IMPORT, Act.LEAVE,
)  # fmt: skip
OF_AN_ACCESS = Q(what__in=CHANGES) | Q(what=Act.CORRECT, person__isnull=False)  # of a titulaire, not of an address
Recertified = Callable[[Iterable[int]], dict[int, datetime]]


class HeldAccess(NamedTuple):
    """One person's access to one BAL, today; without a role, one that was taken away here, and is not closed yet at the
    operator's."""

    bal: Bal
    person: Person
    role: Role | None
    right: str
    since: date | None
    until: date | None
    under: Person | None
    recertified: datetime | None
    asked: str = ""  # the stage of what was last asked of the operator for this person, where it was to be let in

    @property
    def title(self) -> str:
        return self.role.label if self.role else "accès retiré"

    @property
    def what(self) -> str:
        return ", ".join(filter(None, [self.title, self.right, f"sous {self.under}" if self.under else ""]))

    @property
    def standing(self) -> str:
        """Asked of the operator, refused, or confirmed: an access stands with its BAL, or with its own request."""
        if self.role is None:
            return "fermeture demandée"
        if self.asked == RequestStage.REFUSED:
            return "refusé"
        return "demandé" if self.bal.state == State.REQUESTED or self.asked in AWAITED else "confirmé"


class AccessReport:
    def __init__(
        self,
        seen: QuerySet[Structure],
        structure: Structure | None,
        named: str,
        since: date | None,
        recertified: Recertified,
    ) -> None:
        self.structure, self.named, self.since, self.recertified = structure, named, since, recertified
        self.structures = seen.filter(pk__in=Structure.objects.under(structure)) if structure else seen
        self.people = Person.objects.named(named) if named else None

    @property
    def title(self) -> str:
        return str(self.structure) if self.structure else "toutes les structures suivies"

    # --- Who may what -------------------------------------------------------------------------------------------------
    def bals(self) -> QuerySet[Bal]:
        """The BAL that somebody may open, each with who."""
        bals = Bal.objects.filter(state__in=WITH_ACCESSES, structure__in=self.structures.values("pk"))
        held = Cotitulaire.objects.filter(bal=OuterRef("pk"))
        lent = Delegataire.objects.current().filter(bal=OuterRef("pk"))
        if self.people is None:  # nearly all: those that nobody may open are few, and one join finds them
            found = bals.exclude(pk__in=Bal.objects.filter(~Exists(held), ~Exists(lent)).values("pk"))
        else:
            closing = Request.objects.closings().filter(bal=OuterRef("pk"))
            theirs = [rows.filter(person__in=self.people) for rows in (held, lent, closing)]
            found = bals.filter(reduce(or_, map(Exists, theirs)))
        return found.order_by("structure__name", "address")

    def counted(self) -> KeptCount[int]:
        count = self.bals().order_by().count
        return KeptCount(count(), None) if self.people is not None else kept_of_many("accesses", self.structures, count)

    def with_accesses(self, bals: QuerySet[Bal]) -> QuerySet[Bal]:
        held = Cotitulaire.objects.select_related("person").order_by("-is_principal", "person__family_name", "pk")
        lent = Delegataire.objects.current().select_related("person", "under").order_by("person__family_name", "pk")
        if self.people is not None:
            held, lent = held.filter(person__in=self.people), lent.filter(person__in=self.people)
        return bals.select_related("structure").prefetch_related(
            Prefetch("cotitulaires", held, to_attr="shown_holders"),
            Prefetch("delegataires", lent, to_attr="shown_delegates"),
        )

    def accesses(self, bals: Iterable[Any]) -> Iterator[HeldAccess]:
        """The accesses of BAL read by `with_accesses`."""
        bals = list(bals)
        reviewed = self.recertified([bal.pk for bal in bals])
        asked, closing = _asked_of_operators(bals)
        leaving = self._of_people({pk for pks in closing.values() for pk in pks})
        for bal in bals:
            for row in bal.shown_holders:
                row.bal = bal
                facts = (WHOLE_RIGHTS, row.since, None, None, reviewed.get(bal.pk))
                yield HeldAccess(bal, row.person, row.role, *facts, asked.get((bal.pk, row.person_id), ""))
            for row in bal.shown_delegates:
                facts = (row.rights, row.starts_on, row.ends_on, row.under, reviewed.get(bal.pk))
                yield HeldAccess(bal, row.person, Role.DELEGATAIRE, *facts, asked.get((bal.pk, row.person_id), ""))
            for person in filter(None, map(leaving.get, closing.get(bal.pk, ()))):
                yield HeldAccess(bal, person, None, "", None, None, None, None)

    def _of_people(self, pks: set[int]) -> dict[int, Person]:
        return (Person.objects.all() if self.people is None else self.people).in_bulk(pks) if pks else {}

    def all_accesses(self) -> Iterator[HeldAccess]:
        bals = self.with_accesses(self.bals())
        chunk: list[Bal] = []
        for bal in bals.iterator(chunk_size=1000):
            chunk.append(bal)
            if len(chunk) == 1000:
                yield from self.accesses(chunk)
                chunk = []
        yield from self.accesses(chunk)

    # --- What changed -------------------------------------------------------------------------------------------------
    def changes(self) -> QuerySet[JournalEntry]:
        if self.since is None:
            return JournalEntry.objects.none()
        start = timezone.make_aware(datetime.combine(self.since, time.min))
        found = JournalEntry.objects.of_structures(self.structures.values("pk")).filter(OF_AN_ACCESS, at__gte=start)
        if self.people is not None:
            found = found.filter(person__in=self.people)
        return found.select_related("bal", "person", "by", "signatory").order_by("-at", "-pk")


def _asked_of_operators(bals: Iterable[Bal]) -> tuple[dict[tuple[int, int], str], dict[int, list[int]]]:
    """By BAL and person, the stage of the latest request about their access, where it was to be opened; by BAL, whose
    is to be closed, and is not yet. One query."""
    about = Request.objects.filter(bulk.among("bal", [bal.pk for bal in bals]), kind__in=OF_ACCESSES)
    latest: dict[tuple[int, int], str] = {}
    closing: dict[int, list[int]] = {}
    for row in about.order_by("pk").select_related("entry").only("bal", "person", "kind", "stage", "entry__what"):
        of_whom = cast(int, row.bal_id), cast(int, row.person_id)
        latest[of_whom] = row.stage if row.opens_access else ""
        if row.closes_access:
            closing.setdefault(of_whom[0], []).append(of_whom[1])
    return latest, closing
