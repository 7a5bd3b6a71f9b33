"""Lines of people and of accesses, judged one by one in memory, and written so many at once.

A forecast and an application judge alike; the forecast then writes nothing but what became of each line.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, Model, OuterRef, Q, QuerySet
from django.utils import timezone

from directory.folding import name_key
from directory.readers.names import Name
from directory.typography import cut
from mailboxes import rules
from mailboxes.actions.journal import entry_of
from mailboxes.actions.movements import cancel_movements
from mailboxes.imports.columns import all_kept
from mailboxes.imports.models import Import, ImportLine
from mailboxes.imports.places import Places
from mailboxes.imports.reading import Line
from mailboxes.imports.rules import check_nothing_later
from mailboxes.imports.verdicts import KEPT_CELLS
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Bal, Cotitulaire, Delegataire, JournalEntry, Movement, Person, bulk
from mailboxes.models.people import people_of_annuaire

Outcome = ImportLine.Outcome
NAMED = 5  # lines that a refusal names
CHUNK = 1000


@dataclass
class Judged:
    """What became of a line, or would. `wrote`: the rows made, by what they are, for an undoing."""

    line: Line
    subject: str = ""
    outcome: str = Outcome.UNCHANGED
    why: str = ""
    remarks: list[str] = field(default_factory=list)
    bal: Bal | None = None
    person: Person | None = None
    before: dict[str, Any] = field(default_factory=dict)
    wrote: dict[str, list[Any]] = field(default_factory=dict)


class RowBatch:
    """So many lines, and what the register knows of them: what the rules refuse of one costs itself alone."""

    locks_people = False

    def __init__(self, run: Import, places: Places, lines: list[Line], *, for_real: bool):
        self.run, self.places, self.lines, self.for_real, self.by = run, places, lines, for_real, run.actor
        self.note = run.note
        self.entered: dict[str, list[Person]] = {}  # by this batch, under their folded names
        self._backwards: list[Callable[[], object]] = []  # what takes back what a line changed in memory
        numbers = {number for line in lines for number in numbers_of(line)}
        self.annuaire = people_of_annuaire(numbers)
        named = {one.pk for key in self.keys() for one in places.people_by_name.get(key, [])}
        found = Person.objects.filter(bulk.among("rpps", numbers) | bulk.among("pk", named))
        found = found.order_by("pk").prefetch_related("affiliations")
        # As they stand now: `places` read its people at the beginning, and holds none of them.
        is_held = for_real and self.locks_people
        self.known = {one.pk: one for one in (found.select_for_update(no_key=True) if is_held else found)}
        self.people = {one.rpps: one for one in self.known.values() if one.rpps}
        self.people |= {rpps: one for rpps, one in places.told.entered.items() if rpps in numbers}
        earlier = run.lines.exclude(outcome=Outcome.REJECTED).exclude(address="")
        wanted = {self.subject(line) for line in lines}
        self.seen = dict(earlier.filter(bulk.among("address", wanted)).values_list("address", "number"))

    def keys(self) -> set[str]:
        """The folded names of all whom the lines name."""
        return {name_key(name.family, name.given) for line in self.lines for name in names_of(line)}

    def subject(self, line: Line) -> str:
        """What the line is about, in words: given twice, it is the same."""
        raise NotImplementedError

    def judge(self, line: Line, judged: Judged) -> None:
        """Refuse, or note by `add` and `put` what is to be written."""
        raise NotImplementedError

    def write(self) -> None:
        """All that was judged, in a constant number of statements."""
        raise NotImplementedError

    def treat(self) -> list[Judged]:
        """All of them, in the transaction that the caller holds."""
        found, mark = [self._treat(line) for line in self.lines], None
        if self.for_real:
            self.write()
            mark = JournalEntry.objects.aggregate(last=Max("pk"))["last"]
        bulk.insert([self._kept(one, mark) for one in found])
        self.remember()
        return found

    def remember(self) -> None:
        """Keep what was found, for the batches that follow."""
        for key, people in self.entered.items():
            self.places.people_by_name.setdefault(key, []).extend(people)
        if not self.for_real:
            everybody = [one for people in self.entered.values() for one in people]
            self.places.told.entered |= {one.rpps: one for one in everybody if one.rpps}

    def _treat(self, line: Line) -> Judged:
        subject = self.subject(line)[:254]
        judged, self._backwards = Judged(line, subject, remarks=list(line.remarks)), []
        try:
            if line.faults:
                raise rules.Refused(" ".join(line.faults), "unread")
            if subject in self.seen:
                raise rules.Refused(f"Déjà donné à la ligne {self.seen[subject]}.", "twice")
            self.judge(line, judged)
        except rules.Refused as refused:
            for take_back in reversed(self._backwards):
                take_back()
            return Judged(line, subject, Outcome.REJECTED, why=" ".join([*refused.messages, *line.remarks]))
        self.seen[subject] = line.number
        return judged

    def add(self, rows: list, row: object) -> None:
        """Note one more to be written, unless the line is refused after all."""
        rows.append(row)
        self._backwards.append(rows.pop)

    def put(self, row: Model, **facts) -> dict[str, Any]:
        """Set these values, unless the line is refused after all; what they were."""
        befores = {name: getattr(row, name) for name in facts}
        for name, value in facts.items():
            self._backwards.append(partial(setattr, row, name, befores[name]))
            setattr(row, name, value)
        return befores

    def _kept(self, judged: Judged, mark: int | None) -> ImportLine:
        is_rejected, line = judged.outcome == Outcome.REJECTED, judged.line
        of_forecast = not self.for_real
        wrote = {name: [row.pk for row in rows] for name, rows in judged.wrote.items()}
        return ImportLine(
            run_id=self.run.pk,
            number=line.number,
            address=judged.subject,
            outcome=judged.outcome,
            remark=judged.why or " ".join(judged.remarks),
            cells=[cut(cell, KEPT_CELLS) for cell in all_kept(line.cells, self.run.headers)] if is_rejected else [],
            bal_id=judged.bal.pk if judged.bal else None,
            person_id=judged.person.pk if judged.person and not of_forecast else None,
            before={} if of_forecast else judged.before,
            after={} if of_forecast else wrote,
            mark=mark,
        )

    # --- Who is named -------------------------------------------------------------------------------------------------
    def of_number(self, rpps: str) -> Person | None:
        """The person in the register; or, known to the annuaire alone, as a row still to be saved."""
        return self.people.get(rpps) or self.annuaire.get(rpps)

    def staying(self, name: Name) -> Person | None:
        """Who stays in these structures under this name, if anybody does."""
        found = self.bearing(name)
        if len(found) > 1:
            raise rules.Refused(f"{name} : {len(found)} personnes portent ce nom ici. Donnez le RPPS.", "homonyms")
        return found[0] if found else None

    def bearing(self, name: Name) -> list[Person]:
        """All those who stay in these structures under this name."""
        key = name_key(name.family, name.given)
        there = [self.known.get(one.pk, one) for one in self.places.people_by_name.get(key, [])]
        return [*there, *self.entered.get(key, [])]

    def note_entered(self, person: Person) -> None:
        """The next lines may name them."""
        if person.rpps:
            self.people[person.rpps] = person
            self._backwards.append(partial(self.people.pop, person.rpps))
        self.add(self.entered.setdefault(name_key(person.family_name, person.given_name), []), person)

    def of_name(self, name: Name) -> Person:
        """Who stays in these structures under this name; Refused where nobody does, or several."""
        if found := self.staying(name):
            return found
        raise rules.Refused(
            f"{name} : personne ne porte ce nom dans ces structures. Importez d’abord la liste des personnes, ou "
            "donnez le RPPS : il suffit s’il est connu de l’annuaire.",
            "unknown",
        )


def numbers_of(line: Line) -> list[str]:
    said = line.facts.get("rpps") or []
    return said if isinstance(said, list) else [said]


def names_of(line: Line) -> list[Name]:
    said = line.facts.get("holder") or []
    return said if isinstance(said, list) else [said]


def day_told(value: datetime | None) -> date | None:
    return timezone.localtime(value).date() if value else None


# --- Taken back -------------------------------------------------------------------------------------------------------
@transaction.atomic
def take_back_rows(run: Import, *, by) -> int:
    """Take back each stay and access that the import wrote, as long as nothing was built on it; nothing stays."""
    lines = run.lines.exclude(mark=None).exclude(after={}, before={})
    list(Bal.objects.locked().filter(pk__in=lines.values("bal")).order_by("pk").values_list("pk"))
    later = JournalEntry.objects.filter(
        Q(bal=OuterRef("bal"), bal__isnull=False) | Q(bal=None, person=OuterRef("person")), pk__gt=OuterRef("mark")
    ).exclude(what=Act.IMPORT_ACCESSES, note__startswith=run.note)  # of another batch, to the same BAL
    followed = lines.filter(Exists(later))
    check_nothing_later(list(followed.values_list("address", flat=True)[:NAMED]), followed.count())
    for chunk in _backwards(lines.select_related("bal", "person")):
        _take_back(run, chunk, by=by)
    return 0


def _backwards(lines: QuerySet[ImportLine]) -> Iterator[list[ImportLine]]:
    """The last first: what two lines changed is as it was before the first."""
    lines, before = lines.order_by("-number"), None
    while chunk := list((lines if before is None else lines.filter(number__lt=before))[:CHUNK]):
        yield chunk
        before = chunk[-1].number


def _take_back(run: Import, lines: list[ImportLine], *, by) -> None:
    who = by.get_full_name() or by.get_username() if by.pk else "l’automate"
    note = f"Annulation de l’{run}, par {who}."
    wrote: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        for name, keys in line.after.items():
            wrote[name] += keys
    Cotitulaire.objects.filter(bulk.among("pk", wrote["cotitulaires"])).delete()
    Cotitulaire.objects.filter(bulk.among("pk", wrote["principals"])).update(is_principal=False)
    Delegataire.objects.filter(bulk.among("pk", wrote["delegataires"])).update(ended_at=timezone.now())
    cancel_movements(Movement.objects.open().filter(bulk.among("pk", wrote["movements"])), by=by, note=note)
    Affiliation.objects.filter(bulk.among("pk", wrote["stays"])).delete()
    _restore([line for line in lines if line.person and line.before])
    entries = []
    for line in lines:
        if line.bal or line.person:
            about = {"bal": line.bal} if line.bal else {"bal": None, "person": line.person, "structure": run.structure}
            entries.append(entry_of(what=Act.UNDO_IMPORT, by=by, before=line.address, note=note, **about))
    bulk.insert(entries)


def _restore(lines: list[ImportLine]) -> None:
    """What was said of the people and of their stays before the import."""
    people = Person.objects.in_bulk({line.person_id for line in lines})
    stays = Affiliation.objects.in_bulk({line.before["stay"]["pk"] for line in lines if "stay" in line.before})
    names: set[str] = set()
    stay_names: set[str] = set()
    for line in lines:
        facts = {name: value for name, value in line.before.items() if name != "stay"}
        names |= _set(people[line.person_id or 0], facts)
        stay = dict(line.before.get("stay", {}))
        if row := stays.get(stay.pop("pk", 0)):
            stay_names |= _set(row, stay)
    bulk.update(list(people.values()), sorted(names))
    bulk.update(list(stays.values()), sorted(stay_names))


def _set(row: Person | Affiliation, facts: dict[str, Any]) -> set[str]:
    for name, value in facts.items():
        setattr(row, name, row._meta.get_field(name).to_python(value))  # type: ignore[union-attr]
    return set(facts)
