"""What was judged of the lines of an operator's list: its writing, and what is kept of each line."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from directory.typography import cut, quoted
from mailboxes.actions.accesses import confirm_addresses, confirm_listed
from mailboxes.actions.journal import entry_of
from mailboxes.actions.moves import write_moves
from mailboxes.actions.register import description_entries, write_rows
from mailboxes.actions.usage import LEARNT, write_readings
from mailboxes.imports.columns import all_kept
from mailboxes.imports.holders import Holders
from mailboxes.imports.models import Import, ImportLine
from mailboxes.imports.reading import Line
from mailboxes.lifecycle import Act, RequestKind, State, Verb
from mailboxes.models import (
    Bal,
    Cotitulaire,
    JournalEntry,
    Person,
    Reading,
    Request,
    bulk,
)

Outcome = ImportLine.Outcome
DESCRIBED = ("service", "description", "liste_rouge")
KEPT_CELLS = 2000  # characters of each cell of a rejected line


def not_taken(label: str, theirs: object, ours: object) -> str:
    """Of what a list says otherwise, and an import does not change."""
    return f"{label} : {quoted(theirs)} n’est pas repris, le registre dit {quoted(ours)}."


@dataclass
class Verdict:
    line: Line
    outcome: str = Outcome.UNCHANGED
    why: str = ""
    remarks: list[str] = field(default_factory=list)
    bal: Bal | None = None
    is_new: bool = False
    principal: Person | None = None
    cotitulaires: list[Person] = field(default_factory=list)
    befores: dict[str, Any] = field(default_factory=dict)  # of what the register says of it, and is now said otherwise
    known: dict[str, Any] = field(default_factory=dict)  # what the register knew of its use
    reading: Reading | None = None
    verb: Verb | Act | None = None  # what of it people hear
    answers: RequestKind | None = None  # what was asked about this address, and is done by this line

    def changes(self) -> dict[str, Any]:
        """The columns that change, as they were."""
        learnt = {name: value for name, value in self.known.items() if value != getattr(self.bal, name)}
        return self.befores | learnt

    def is_to_level(self, bal: Bal) -> bool:
        """The forecast comes after the reading: a new BAL, written before it, has its own still to be saved."""
        return bal.full_on is not None if self.is_new else bool(self.reading or self.changes())

    def forgive_account(self, kind: str) -> bool:
        """Does the line say no more than that the account of a shared mailbox is closed, as it always is?"""
        remark = self.line.of_account
        if remark is None or kind == Bal.Kind.NOMINATIVE:
            return False
        self.remarks = [one for one in self.remarks if one != remark]
        return True


def write(verdicts: Iterable[Verdict], holders: Holders, run: Import) -> None:
    """All that was judged, in a constant number of statements."""
    assert run.operator  # noqa: S101 - of a list of BAL there is one
    by, note = run.actor, run.note
    new = [verdict for verdict in verdicts if verdict.is_new]
    write_rows([(verdict.bal, verdict.principal) for verdict in new if verdict.bal])
    bulk.insert([Cotitulaire(bal=verdict.bal, person=one) for verdict in new for one in verdict.cotitulaires])
    entries = [_entry(verdict, run) for verdict in new]
    moved: dict[Verb, list[Bal]] = {}
    for verdict in verdicts:
        if isinstance(verdict.verb, Verb) and verdict.bal:
            moved.setdefault(verdict.verb, []).append(verdict.bal)
    for verb, bals in moved.items():
        write_moves(bals, verb, by=by, note=note)
    described = [(verdict.bal, verdict.befores) for verdict in verdicts if verdict.befores and verdict.bal]
    for bal, befores in described:
        entries += description_entries(bal, befores, by=by, note=note)
    bulk.insert(entries)
    confirm_listed(*_accesses(verdicts, holders), by=by, note=note)
    answered = {(verdict.line.address, verdict.answers) for verdict in verdicts if verdict.answers}
    confirm_addresses(answered, run.operator, by=by, note=note)
    followed = write_readings([verdict.reading for verdict in verdicts if verdict.reading])
    changed = [verdict.bal for verdict in verdicts if verdict.bal and verdict.is_to_level(verdict.bal)]
    bulk.update(changed, [*DESCRIBED, *LEARNT])
    for verdict in verdicts:
        if verdict.bal and verdict.bal.pk in followed:
            verdict.verb = followed[verdict.bal.pk]


def _accesses(verdicts: Iterable[Verdict], holders: Holders) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """Two sets of people by known BAL: those whom the list names; and those whose access it no longer names, which
    counts only where it tells roles, that is where it names everybody."""
    there: dict[int, set[int]] = {}
    whole: set[int] = set()
    for verdict in verdicts:
        if verdict.bal is None or verdict.is_new:
            continue
        lines = [verdict.line, *verdict.line.others]
        people = {person.pk for line in lines if (person := holders.named(line)[0])}
        if people:
            there.setdefault(verdict.bal.pk, set()).update(people)
        if any("role" in line.facts for line in lines):
            whole.add(verdict.bal.pk)
    asked = Request.objects.closings().filter(bulk.among("bal", whole))
    gone: dict[int, set[int]] = {}
    for bal, person in asked.values_list("bal", "person") if whole else ():
        if person not in there.get(bal, set()):
            gone.setdefault(bal, set()).add(person)
    return there, gone


def _entry(verdict: Verdict, run: Import) -> JournalEntry:
    note = f"{run.note[:-1]}, ligne {verdict.line.number}."
    return entry_of(verdict.bal, Act.REGISTER, by=run.actor, after=State.ACTIVE, note=note)


def kept(run: Import, verdict: Verdict, before: dict[str, Any], mark: int | None) -> ImportLine:
    line = verdict.line
    is_rejected = verdict.outcome == Outcome.REJECTED
    return ImportLine(
        run_id=run.pk,
        number=line.number,
        address=line.address,
        outcome=verdict.outcome,
        remark=verdict.why or " ".join(verdict.remarks),
        cells=[cut(cell, KEPT_CELLS) for cell in all_kept(line.cells, run.headers)] if is_rejected else [],
        bal_id=verdict.bal.pk if verdict.bal else None,
        before={name: _plain(value) for name, value in before.items()},
        after={name: _plain(getattr(verdict.bal, name)) for name in before},
        reading_id=verdict.reading.pk if verdict.reading else None,
        verb=verdict.verb or "",
        mark=mark,
    )


def _plain(value: Any) -> Any:
    """The moment as JSON holds it, to the microsecond: a notice's key holds the idle clock."""
    return value.isoformat() if isinstance(value, datetime) else value
