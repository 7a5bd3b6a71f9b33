"""The way out of one BAL: how far it is, whom its correspondents are led to, and what the operator would read."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from directory.models import Entry
from mailboxes.lifecycle import LED_TO, ON_THE_WAY_OUT, Letter, RequestKind, State, Verb
from mailboxes.models import Bal, JournalEntry, Request
from mailboxes.models.layouts import fill
from mailboxes.models.thresholds import chosen
from mailboxes.requests.letters import Layouts, Written

_V = Verb
_ASKED = (_V.REQUEST_DEPUBLICATION, _V.DEPUBLISH_IDLE)

# fmt: off
STEPS: list[tuple[str, tuple[Verb, ...]]] = [
    ("Identifiée",                       (_V.ALERT_IDLE, *_ASKED, _V.REQUEST_DELETION)),
    ("Dépublication demandée",           _ASKED),
    ("Absence de l’annuaire constatée",  (_V.VERIFY_DEPUBLICATION,)),
    ("Contenu attesté enregistré",       (_V.REQUEST_DELETION,)),
    ("Suppression demandée",             (_V.REQUEST_DELETION,)),
    ("Suppression confirmée",            (_V.CONFIRM_DELETION, _V.OPERATOR_DELETED)),
    ("Suppression constatée",            (_V.VERIFY_DELETION,)),
]
# fmt: on
OF_PUBLISHED = {"Dépublication demandée", "Absence de l’annuaire constatée"}
BACK = (_V.ACTIVATE, _V.OPPOSE, _V.WAKE, _V.CANCEL_DEPUBLICATION, _V.REVIVE, _V.RECONSIDER)
TAKEN_BACK = {_V.CANCEL_DELETION: _V.REQUEST_DELETION, _V.RETRACT_DELETION: _V.CONFIRM_DELETION}
OFFERED = 20
AUTO_REPLY = """Bonjour,

Cette boîte aux lettres MSSanté n’est plus utilisée.
Merci d’écrire désormais à {bal_active}."""


class Progress(NamedTuple):
    label: str
    entry: JournalEntry | None  # None: yet to come


# The lines of the journal from which they are read.
TELLING = frozenset({verb for _, verbs in STEPS for verb in verbs} | {*BACK, *TAKEN_BACK})


def progress(bal: Bal, lines: Iterable[JournalEntry]) -> list[Progress]:
    """The steps of the present way out, from the lines of its journal that tell of them (`TELLING`), the oldest first;
    nothing for a BAL that stays."""
    if bal.state not in ON_THE_WAY_OUT:
        return []
    done: dict[str, JournalEntry] = {}
    for entry in lines:
        if entry.what not in TELLING:
            continue
        if entry.what in BACK:
            done.clear()
        if taken_back := TAKEN_BACK.get(Verb(entry.what)):
            done = {label: line for label, line in done.items() if line.what != taken_back}
        for label, verbs_of_step in STEPS:
            if entry.what in verbs_of_step:
                done.setdefault(label, entry)
    shown = [label for label, _ in STEPS if bal.is_expected_in_annuaire or label not in OF_PUBLISHED or label in done]
    return [Progress(label, done.get(label)) for label in shown]


def candidates(bal: Bal) -> list[tuple[str, str]]:
    """The active BAL that may take its place: those of its holder here, and those that the annuaire gives them."""
    holder = bal.principal()
    if holder is None:
        return []
    here = Bal.objects.filter(state__in=LED_TO, cotitulaires__person=holder).exclude(pk=bal.pk).order_by("address")
    found = {row.address: f"{row.address} ({row.kind}, au registre)" for row in here[:OFFERED]}
    listed = Entry.objects.published().filter(person_id=holder.rpps or "-").exclude(address=bal.address)
    for entry in listed.order_by("address")[:OFFERED]:
        found.setdefault(entry.address, f"{entry.address} ({entry.kind}, à l’annuaire)")
    return list(found.items())


def auto_reply_for(replaced_by: str) -> str:
    return fill(AUTO_REPLY, {"bal_active": replaced_by})


def preview(bal: Bal, kind: RequestKind, *, by, reason: str = "", **described) -> Written:
    """What the operator would read, were it asked now; `described`: what the BAL would then say of itself."""
    for name, value in described.items():
        setattr(bal, name, value)
    request = Request(
        structure=bal.structure, operator=bal.operator, bal=bal, address=bal.address, kind=kind, reason=reason, by=by
    )
    return Layouts([request]).write(request, Letter.ASK)


def days_to_wait(bal: Bal) -> int:
    """How long its correspondents should still be left to learn that it is gone, before it is deleted."""
    if bal.state != State.DEPUBLISHED:
        return 0
    return max(0, (deletable_at(bal) - timezone.now()).days)


def deletable_at(bal: Bal) -> datetime:
    """The moment from which on the correspondents of a depublished BAL have had the time to learn that it is gone."""
    return bal.state_since + chosen.DELETION_WAIT
