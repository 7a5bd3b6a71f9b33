"""Sealing the proof, and finding what no longer is as it was sealed."""

import errno
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from mailboxes.actions.batches import Tally
from mailboxes.lifecycle import Act
from mailboxes.models import JournalEntry, Notice, Seal
from mailboxes.models.seals import START, digests, facts_of, last_of, latest

CHAINS: dict[type, Seal.Chain] = {JournalEntry: Seal.Chain.JOURNAL, Notice: Seal.Chain.NOTICES}
GIVEN_AGAIN = (Act.RESEND_NOTICE, Act.GIVE_NOTICE)


def seal(rows: QuerySet) -> Tally:
    """Seal these rows as one batch. Nobody waits for it: what it reads is no longer written."""
    chain, fields = CHAINS[rows.model], facts_of(rows.model)
    lines = dict(digests(rows, fields))
    if not lines:
        return Tally()
    former = latest(chain)
    row = Seal(chain=chain, number=former.number + 1 if former else 1, fields=fields, lines=lines, **last_of(rows))
    row.before = former.digest if former else START
    row.digest = row.compute()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # another process sealed them meanwhile
        return Tally()
    put_outside(row)
    return Tally(done=len(lines))


# --- The copy outside -------------------------------------------------------------------------------------------------
def put_outside(row: Seal) -> None:
    """Add the seal to SEALS_FILE, with those that it could not take before: whoever can rewrite the whole database
    cannot rewrite what was carried away."""
    if not settings.SEALS_FILE:
        return
    with open(settings.SEALS_FILE, "ab+", buffering=0, opener=partial(os.open, mode=0o600)) as file:
        size = file.tell()
        last = max((n for chain, n, _ in _outside(settings.SEALS_FILE) if chain == row.chain), default=row.number)
        lacking = Seal.objects.filter(chain=row.chain, number__gt=min(last, row.number - 1)).order_by("number")
        facts = lacking.values_list("chain", "number", "digest", "made_at")
        lines = "".join(f"{chain} {n} {digest} {at.isoformat()}\n" for chain, n, digest, at in facts).encode()
        if file.write(lines) < len(lines):  # a full disk: half a line would be taken for another seal
            file.truncate(size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), settings.SEALS_FILE)


def _outside(path: str) -> Iterator[tuple[str, int, str]]:
    for line in Path(path).read_text().splitlines():
        chain, number, digest, *_ = line.split()
        yield chain, int(number), digest


# --- Verifying --------------------------------------------------------------------------------------------------------
def differences(kept_outside: str = "") -> Iterator[str]:
    """What is no longer as it was sealed, a sentence each, the first line first."""
    for model, chain in CHAINS.items():
        yield from _broken_links(chain)
        for row in Seal.objects.filter(chain=chain, forgotten_at=None).order_by("number").iterator(chunk_size=10):
            yield from _changed(model, row)
    if kept_outside:
        seals = {(row.chain, row.number): row.digest for row in Seal.objects.defer("lines")}
        for name, number, digest in _outside(kept_outside):
            if seals.get((name, number)) != digest:
                yield f"{Seal.Chain(name).label}, sceau {number} : il n’est plus celui qui a été gardé au-dehors."


def _broken_links(chain: Seal.Chain) -> Iterator[str]:
    before = START
    for place, row in enumerate(Seal.objects.filter(chain=chain).order_by("number").iterator(chunk_size=10), 1):
        if row.number != place or row.before != before or row.digest != row.compute():
            yield f"{row} : il a été modifié, ou celui qui le précède a disparu."
            return
        before = row.digest


def _changed(model: type, row: Seal) -> Iterator[str]:
    """The first line of one seal that no longer is what was sealed."""
    pks = sorted(int(pk) for pk in row.lines)
    if not pks:
        return
    rows: QuerySet = Notice.objects.filter(pk__in=pks)
    if model is JournalEntry:
        rows = JournalEntry.objects.filter(pk__range=(pks[0], pks[-1]))
    now = dict(digests(rows, row.fields))
    again = _given_again(pks) if model is Notice else set()
    for pk, sealed in sorted(row.lines.items(), key=lambda line: int(line[0])):
        if pk not in now:
            yield f"{row} : la ligne {pk} a disparu."
            return
        said, _, how = sealed.partition(":")
        said_now, _, how_now = now[pk].partition(":")
        if said != said_now or (how != how_now and pk not in again):
            yield f"{row} : la ligne {pk} n’est plus telle qu’elle a été scellée."
            return
    if added := sorted(int(pk) for pk in now.keys() - row.lines.keys()):
        yield f"{row} : la ligne {added[0]} a été ajoutée après coup."


def _given_again(pks: list[int]) -> set[str]:
    """The notices that, by the journal, were given again since they were written: they were sent anew, or by hand."""
    about = Q(bal=OuterRef("bal")) | Q(bal=None, person=OuterRef("person"))
    later = JournalEntry.objects.filter(about, what__in=GIVEN_AGAIN, at__gte=OuterRef("created_at"))
    found = Notice.objects.filter(Exists(later), pk__in=pks).values_list("pk", flat=True)
    return {str(pk) for pk in found}
