"""A BAL taken along one line of the lifecycle table: alone, or a night's worth at once."""

from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from directory.models import SyncRun
from mailboxes import rules
from mailboxes.actions.batches import Tally, in_batches, sift
from mailboxes.actions.journal import entry_of, locked, tell_on_commit
from mailboxes.actions.requests import write_requests
from mailboxes.lifecycle import ATTESTATION, BY_VERB, REOPENS, STARTS_THE_CLOCK, Party, State, Verb
from mailboxes.models import Bal, Notice, bulk
from mailboxes.models.journal import ATTESTED
from mailboxes.notices.writing import gestionnaires_of, notices_for

SEEN = (Verb.VERIFY_DEPUBLICATION, Verb.VERIFY_DELETION)  # what the annuaire must have shown


@transaction.atomic
def move(bal: Bal, verb: Verb, *, by, note: str = "", attested: bool = False, led: str = "") -> Bal:
    """Take the BAL along one line of the table, and let those whom the line names hear of it.

    `led`: where its correspondents are led, for the journal; the operator reads it elsewhere.
    """
    bal = locked(bal)
    check_verb(bal, verb, by=by, attested=attested, note=note)
    write_moves([bal], verb, by=by, note=note, led=led)
    return bal


def move_each(bals: QuerySet[Bal], verb: Verb, *, by, note: str = "") -> Tally:
    """`move` for each, in batches of one transaction; a refusal is counted, and one bad BAL stops nothing."""
    return in_batches(bals, partial(_move_batch, verb=verb, by=by, note=note))


@transaction.atomic
def _move_batch(pks: list[int], verb: Verb, *, by, note: str) -> Tally:
    # Sorted: two workers on the same BAL wait for each other instead of dying in each other's arms.
    bals = Bal.objects.locked().with_holders().filter(pk__in=pks).order_by("pk")
    run = None
    if verb in SEEN:
        bals, run = bals.with_publication(), SyncRun.objects.latest_public()
    ready, tally = sift(bals, lambda bal: check_verb(bal, verb, by=by, note=note, run=run))
    write_moves(ready, verb, by=by, note=note)
    return tally


def check_verb(bal: Bal, verb: Verb, *, by, attested: bool = False, note: str = "", run: SyncRun | None = None) -> None:
    """What the table and the rules of this verb refuse, of a BAL that is locked. `run`: see `check_seen_absent`."""
    rules.check_move(bal, verb, by=by)
    rules.check_explained(verb, note)
    if verb in REOPENS:
        rules.check_retract(bal, verb)
    if verb == Verb.REQUEST_DELETION:
        rules.check_attested(attested)
    if verb in SEEN:
        rules.check_seen_absent(bal, by=by, run=run)


def write_moves(bals: list[Bal], verb: Verb, *, by, note: str, led: str = "", also: Sequence[str] = ()) -> None:
    """State, journal and notices of BAL already locked and checked, each in one statement.

    `also`: fields set on a BAL that moves alone, written with its state.
    """
    line, now = BY_VERB[verb], timezone.now()
    attested = f"{ATTESTED}{ATTESTATION}" if verb == Verb.REQUEST_DELETION else ""
    said = "\n".join(filter(None, [attested, note, led]))
    entries = [
        entry_of(bal, verb, by=by, before=bal.state, after=line.after, note=said, parties=line.tells) for bal in bals
    ]
    facts: dict = {"state": line.after, "state_since": now} | {name: getattr(bals[0], name) for name in also}
    if line.after == State.ACTIVE:
        facts |= {"replaced_by": "", "auto_reply": ""}  # it stays: nobody is led elsewhere
    if verb in STARTS_THE_CLOCK:
        facts["clock_at"] = now
    Bal.objects.filter(pk__in=[bal.pk for bal in bals]).update(**facts)
    for bal in bals:
        for name, value in facts.items():
            setattr(bal, name, value)
    bulk.insert(entries)
    write_requests(bals, entries, verb, by=by, reason=note)
    told: dict = {"stage": verb, "parties": line.tells}
    if Party.GESTIONNAIRES in line.tells:
        told["accounts"] = gestionnaires_of(bals)
    notices = [
        notice
        for bal, entry in zip(bals, entries, strict=True)
        # Of each move its own: one idleness is alerted of twice where a depublication was cancelled between.
        for notice in notices_for(entry, bal, cycle=f"entry-{entry.pk}", **told)
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    tell_on_commit(entries)
