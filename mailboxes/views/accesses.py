"""*État des accès*: who may do what in which BAL, since when, until when, under whom; and what changed since a day.

What an inspector asks first. Read from the rows that stand, and for the changes from the journal.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from functools import reduce
from operator import or_
from typing import Any, NamedTuple, cast

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone

from directory.dates import day_of
from directory.sheets import as_xlsx
from mailboxes import actions
from mailboxes.findings import KeptCount, kept_of_many
from mailboxes.forms.accesses import AccessReportForm
from mailboxes.lifecycle import AWAITED, OF_ACCESSES, Act, RequestStage, Role, State
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import place_of, places_within
from mailboxes.models import Bal, Cotitulaire, Delegataire, JournalEntry, Person, Request, Structure, bulk
from mailboxes.views.files import pdf_file, xlsx_file
from mailboxes.views.frame import sees_structures
from mailboxes.views.pdf import heading, note, pdf, table

CHANGES_SHOWN = 200
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


# fmt: off
COLUMNS = [
    ("Structure",           lambda one: one.bal.structure.name),
    ("BAL",                 lambda one: one.bal.address),
    ("Type",                lambda one: one.bal.kind),
    ("État de la BAL",      lambda one: one.bal.get_state_display()),
    ("Personne",            lambda one: str(one.person)),
    ("RPPS",                lambda one: one.person.rpps or ""),
    ("Rôle",                lambda one: one.title),
    ("Droit",               lambda one: one.right),
    ("Depuis",              lambda one: day_of(one.since)),
    ("Jusqu’au",            lambda one: day_of(one.until)),
    ("Sous",                lambda one: str(one.under or "")),
    ("Dernière revue",      lambda one: day_of(one.recertified)),
    ("Chez l’opérateur",    lambda one: one.standing),
]
# fmt: on
CHANGE_COLUMNS = [
    ("Le", lambda line: f"{timezone.localtime(line.at):%d/%m/%Y %H:%M}"),
    ("BAL", lambda line: line.bal.address if line.bal else ""),
    ("Ce qui a changé", lambda line: line.get_what_display()),
    ("Personne", lambda line: str(line.person or "")),
    ("Avant", lambda line: line.get_before_display()),
    ("Après", lambda line: line.get_after_display()),
    ("Par", lambda line: str(line.actor)),
    ("Note", lambda line: line.note),
]


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
        """The live BAL that somebody may open, each with who."""
        bals = Bal.objects.live().filter(structure__in=self.structures.values("pk"))
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
                facts = ("lecture et envoi", row.since, None, None, reviewed.get(bal.pk))
                yield HeldAccess(bal, row.person, row.role, *facts, asked.get((bal.pk, row.person_id), ""))
            for row in bal.shown_delegates:
                facts = (right_of(row), row.starts_on, row.ends_on, row.under, reviewed.get(bal.pk))
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


def right_of(row: Delegataire) -> str:
    """« lecture et envoi »."""
    return " et ".join(word for word, may in (("lecture", row.can_read), ("envoi", row.can_send)) if may)


class AccessList(Listing):
    """A list of BAL, each with all its accesses: no page cuts a BAL in two."""

    name, view, nouns = "accesses", "access-list", ("BAL ouverte à quelqu’un", "BAL ouvertes à quelqu’un")
    row, empty = "mailboxes/accesses/_row.html", "mailboxes/accesses/_none.html"
    inline = ("structure", "personne", "depuis")
    columns = (
        Column("bal", "BAL", ("address",)),
        Column("structure", "Structure", ("structure__name", "address")),
        Column("person", "Personne"),
        Column("role", "Rôle et droit"),
        Column("since", "Depuis"),
        Column("until", "Jusqu’au"),
        Column("review", "Dernière revue"),
    )


def access_list(request, recertified: Recertified):
    form, report = _asked(request, recertified)
    count, counted_at = report.counted()
    loaded = report.with_accesses(Bal.objects.all())
    listing = AccessList(request, report.bals(), form=form, loaded=loaded, count=count)
    held: dict[int, list[HeldAccess]] = {}
    for one in report.accesses(listing.page):
        held.setdefault(one.bal.pk, []).append(one)
    for bal in listing.page:
        bal.accesses = held.get(bal.pk, [])
    changes = report.changes()
    context = {
        "listing": listing,
        "page": listing.page,
        "counted_at": counted_at,
        "since": report.since,
        "changes": changes[:CHANGES_SHOWN],
        "is_cut": changes.count() > CHANGES_SHOWN,
        "query": request.GET.urlencode(),
    }
    return render(request, "mailboxes/accesses.html", context)


def access_export(request, form, recertified: Recertified):
    """The whole as a workbook or a document; who took it is written down."""
    _, report = _asked(request, recertified)
    actions.trace(request.user, "export", f"état des accès ({form}), {request.GET.urlencode()}")
    name = "etat-des-acces"
    if form == "pdf":
        return pdf_file(name, printed(report))
    if report.since:
        rows = ([read(line) for _, read in CHANGE_COLUMNS] for line in report.changes())
        content = as_xlsx("Changements", [label for label, _ in CHANGE_COLUMNS], rows)
        return xlsx_file(f"{name}-changements", content)
    rows = ([read(one) for _, read in COLUMNS] for one in report.all_accesses())
    return xlsx_file(name, as_xlsx("Accès", [label for label, _ in COLUMNS], rows))


def _asked(request, recertified: Recertified) -> tuple[AccessReportForm, AccessReport]:
    if not sees_structures(request.user):
        raise Http404
    form = AccessReportForm(request.GET, seen=places_within(request))
    facts = form.cleaned_data if form.is_valid() else {}  # what is no value of the form asks for nothing
    named = (facts.get("personne") or "").replace("\0", "")
    structure = facts.get("structure") or place_of(request)
    return form, AccessReport(places_within(request), structure, named, facts.get("depuis"), recertified)


PRINTED = 2000  # accesses of a document; the workbook holds them all


def printed(report: AccessReport) -> bytes:
    parts: list = []
    where, count = "", 0
    rows: list[list] = []
    for one in report.all_accesses():
        if one.bal.structure.name != where:
            parts += _table_of(where, rows)
            where, rows = one.bal.structure.name, []
        if count < PRINTED:
            rows.append(_printed(one))
        count += 1
    parts += _table_of(where, rows)
    if count > PRINTED:
        parts.insert(0, note(f"{count} accès : les {PRINTED} premiers figurent ici, tous sont dans le classeur."))
    if not parts:
        parts.append(note("Personne n’a d’accès ici."))
    if report.since:
        changes = report.changes()
        lines = [[read(line) for _, read in CHANGE_COLUMNS[:6]] for line in changes[:PRINTED]]
        parts += [heading(f"Ce qui a changé depuis le {report.since:%d/%m/%Y}")]
        if len(lines) == PRINTED:
            parts.append(note(f"Au plus {PRINTED} lignes figurent ici ; toutes sont dans le classeur."))
        parts += [table([label for label, _ in CHANGE_COLUMNS[:6]], lines, widths=[1.2, 2.4, 1.4, 1.4, 1.4, 1.4])]
    return pdf("État des accès aux BAL MSSanté", parts, structure=report.title, day=timezone.localdate())


def _table_of(where: str, rows: list[list]) -> list:
    header = ["BAL", "Personne", "Rôle et droit", "Depuis", "Jusqu’au", "Revue"]
    return [heading(where), table(header, rows, widths=[2.6, 2, 2, 1.1, 1.1, 1.1])] if rows else []


def _printed(one: HeldAccess) -> list:
    what = one.what if one.standing == "confirmé" else f"{one.what} ({one.standing})"
    return [one.bal.address, str(one.person), what, day_of(one.since), day_of(one.until), day_of(one.recertified)]
