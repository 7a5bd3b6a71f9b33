"""Lines of which each is an act of its own: people, accesses. A forecast does the same as an application, and takes it
back."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone
from django.utils.text import capfirst

from directory.folding import name_key
from directory.readers.names import Name
from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.actions.movements import cancel_movement
from mailboxes.imports.columns import as_kept
from mailboxes.imports.lines import KEPT_CELLS, Places
from mailboxes.imports.models import Import, ImportLine
from mailboxes.imports.reading import Line
from mailboxes.imports.rules import check_nothing_later
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Bal, Cotitulaire, Delegataire, JournalEntry, Movement, Person, bulk
from mailboxes.models.people import people_of_annuaire

Outcome = ImportLine.Outcome
NAMED = 5  # lines that a refusal names


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
    wrote: dict[str, Any] = field(default_factory=dict)


class RowBatch:
    """So many lines, each judged and written in a savepoint of its own: what the rules refuse costs itself alone."""

    def __init__(self, run: Import, places: Places, lines: list[Line], *, for_real: bool):
        self.run, self.places, self.lines, self.for_real, self.by = run, places, lines, for_real, run.actor
        self.note = f"{capfirst(str(run))}."
        self.entered: dict[str, list[Person]] = {}  # by this batch: gone again after a forecast
        numbers = {number for line in lines for number in numbers_of(line)}
        self.annuaire = people_of_annuaire(numbers)
        self.people = {one.rpps: one for one in Person.objects.filter(bulk.among("rpps", numbers))}
        earlier = run.lines.exclude(outcome=Outcome.REJECTED).exclude(address="")
        wanted = {self.subject(line) for line in lines}
        self.seen = dict(earlier.filter(bulk.among("address", wanted)).values_list("address", "number"))

    def subject(self, line: Line) -> str:
        """What the line is about, in words: given twice, it is the same."""
        raise NotImplementedError

    def judge(self, line: Line, judged: Judged) -> None:
        raise NotImplementedError

    def forget(self, line: Line) -> None:
        """Drop what was kept of a line whose writes were taken back."""

    def treat(self) -> list[Judged]:
        """All of them, in the transaction that the caller holds; a forecast takes back what it did."""
        with transaction.atomic():
            found = [self._treat(line) for line in self.lines]
            mark = JournalEntry.objects.aggregate(last=Max("pk"))["last"]
            if not self.for_real:
                transaction.set_rollback(True)
        bulk.insert([self._kept(one, mark) for one in found])
        return found

    def _treat(self, line: Line) -> Judged:
        subject = self.subject(line)[:254]
        judged = Judged(line, subject, remarks=list(line.remarks))
        try:
            with transaction.atomic():
                if line.faults:
                    raise rules.Refused(" ".join(line.faults), "unread")
                if subject in self.seen:
                    raise rules.Refused(f"Déjà donné à la ligne {self.seen[subject]}.", "twice")
                self.judge(line, judged)
        except rules.Refused as refused:
            self.forget(line)
            return Judged(line, subject, Outcome.REJECTED, why=" ".join([*refused.messages, *line.remarks]))
        self.seen[subject] = line.number
        return judged

    def _kept(self, judged: Judged, mark: int | None) -> ImportLine:
        is_rejected, line = judged.outcome == Outcome.REJECTED, judged.line
        of_forecast = not self.for_real
        return ImportLine(
            run_id=self.run.pk,
            number=line.number,
            address=judged.subject,
            outcome=judged.outcome,
            remark=judged.why or " ".join(judged.remarks),
            cells=[as_kept(cell)[:KEPT_CELLS] for cell in line.cells] if is_rejected else [],
            bal_id=judged.bal.pk if judged.bal else None,
            person_id=judged.person.pk if judged.person and not of_forecast else None,
            before={} if of_forecast else judged.before,
            after={} if of_forecast else judged.wrote,
            mark=mark if self.for_real else None,
        )

    # --- Who is named -------------------------------------------------------------------------------------------------
    def of_number(self, rpps: str) -> Person | None:
        """In the register; or, known to the annuaire alone, as a row still to be saved."""
        return self.people.get(rpps) or self.annuaire.get(rpps)

    def staying(self, name: Name) -> Person | None:
        """Who stays in these structures under this name, if anybody does."""
        key = name_key(name.family, name.given)
        found = [*self.places.people_by_name.get(key, []), *self.entered.get(key, [])]
        if len(found) > 1:
            raise rules.Refused(f"{name} : {len(found)} personnes portent ce nom ici. Donnez le RPPS.", "homonyms")
        return found[0] if found else None

    def note_entered(self, person: Person) -> None:
        """The next lines may name them."""
        if person.rpps:
            self.people[person.rpps] = person
        there = self.places.people_by_name if self.for_real else self.entered
        there.setdefault(name_key(person.family_name, person.given_name), []).append(person)

    def of_name(self, name: Name) -> Person:
        """Who stays in these structures under this name; Refused where nobody does, or several."""
        if found := self.staying(name):
            return found
        raise rules.Refused(
            f"{name} : personne de ce nom dans ces structures. Importez d’abord la liste des personnes, ou donnez le "
            "RPPS : il suffit s’il est connu de l’annuaire.",
            "unknown",
        )


def numbers_of(line: Line) -> list[str]:
    said = line.facts.get("rpps") or []
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
    )
    followed = lines.filter(Exists(later))
    check_nothing_later(list(followed.values_list("address", flat=True)[:NAMED]), followed.count())
    for line in lines.select_related("bal", "person").order_by("-number"):
        _take_back(run, line, by=by)
    return 0


def _take_back(run: Import, line: ImportLine, *, by) -> None:
    who = by.get_full_name() or by.get_username() if by.pk else "l’automate"
    note = f"Annulation de l’{run}, par {who}."
    Cotitulaire.objects.filter(pk__in=line.after.get("cotitulaires", [])).delete()
    Cotitulaire.objects.filter(pk__in=line.after.get("principals", [])).update(is_principal=False)
    Delegataire.objects.filter(pk__in=line.after.get("delegataires", [])).update(ended_at=timezone.now())
    for movement in Movement.objects.open().filter(pk__in=line.after.get("movements", [])):
        cancel_movement(movement, by=by, note=note)
    Affiliation.objects.filter(pk__in=line.after.get("stays", [])).delete()
    if line.person and line.before:
        _restore(line.person, line.before)
    if line.bal:
        write_about(Act.UNDO_IMPORT, by=by, about={"bal": line.bal}, before=line.address, note=note)
    elif line.person:
        about = {"person": line.person, "structure": run.structure}
        write_about(Act.UNDO_IMPORT, by=by, about=about, before=line.address, note=note)


def _restore(person: Person, before: dict[str, Any]) -> None:
    """What was said of the person and of their stay before the import."""
    stay = before.get("stay", {})
    facts = {name: value for name, value in before.items() if name != "stay"}
    if facts:
        Person.objects.filter(pk=person.pk).update(**facts)
    if stay:
        day = stay.pop("arrived_on", None)
        pk = stay.pop("pk")
        changed = stay | ({"arrived_on": date.fromisoformat(day) if day else None} if day is not None else {})
        Affiliation.objects.filter(pk=pk).update(**changed)
