"""How an action writes down what it did, and lets it be told once the transaction stands."""

from collections.abc import Callable, Iterable
from datetime import date

from django.db import transaction
from django.utils import timezone

from directory.dates import day_of
from directory.typography import cut
from mailboxes.lifecycle import Party
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Bal,
    ContactChange,
    Engagement,
    JournalEntry,
    Notice,
    Person,
    Signatory,
    bulk,
)
from mailboxes.models.fields import length_of
from mailboxes.models.journal import WHOLE
from mailboxes.models.one_bal import locked_bal
from mailboxes.notices.telling import tell
from mailboxes.notices.writing import (
    gestionnaires_of,
    is_own_act,
    notice_to_person,
    notices_for,
    notices_to_gestionnaires,
)

SHOWN = length_of(JournalEntry, "before")


def locked(bal: Bal) -> Bal:
    """The BAL as it stands now, with its holders, locked until the end of the transaction."""
    return locked_bal(bal.pk)


def entry_of(bal: Bal | None, what: str, *, by, before="", after="", note="", parties=(), **about) -> JournalEntry:
    """The line to write, unsaved; where nobody has to hear of it, it is told from the start."""
    now = timezone.now()
    signatory = None
    if isinstance(by, Signatory):
        signatory, about = by.person, {"person": by.person, **about}
        note = " ".join(filter(None, [note, _origin_of(by)]))
    before, after = str(before), str(after)
    return JournalEntry(
        bal=bal,
        **about,
        at=now,
        what=what,
        by=None if by is SYSTEM or signatory else by,
        signatory=signatory,
        before=cut(before, SHOWN),
        after=cut(after, SHOWN),
        note=_with_the_whole(note, before, after),
        told_at=None if parties else now,
    )


def _with_the_whole(note: str, before: str, after: str) -> str:
    """What is too long to stand before and after is said to be cut there, and stands whole here."""
    said = {"before": before, "after": after}
    whole = [WHOLE[name] + text for name, text in said.items() if len(text) > SHOWN]
    return "\n".join(filter(None, [note, *whole])) if whole else note


def _origin_of(signatory: Signatory) -> str:
    """Who gave the address that the link was sent to, where it was not the person: they too may have read it."""
    change = ContactChange.objects.taken().filter(person=signatory.person).select_related("asked_by").first()
    read_at = signatory.notice.address if signatory.notice else ""
    if change is None or read_at not in ("", *change.new.addresses):
        return ""
    return f"Ce lien a été envoyé à une adresse donnée par {change.asked_by} le {day_of(change.asked_at)}."


def write(
    bal: Bal,
    what: str,
    *,
    by,
    parties: frozenset[Party] = frozenset(),
    to: Iterable[Person] = (),
    stage="",
    cycle="",
    **facts,
) -> JournalEntry:
    """Save the line and, for these parties, the notices of this stage and cycle (the entry itself by default).

    `to`: people told besides, who need not hold the BAL.
    """
    to = list(to)
    entry = entry_of(bal, what, by=by, parties=[*parties, *to], **facts)
    entry.save()
    if parties or to:
        cycle = cycle or f"entry-{entry.pk}"
        accounts = gestionnaires_of([bal]) if Party.GESTIONNAIRES in parties else {}
        notices = notices_for(entry, bal, stage=stage or what, cycle=cycle, parties=parties, accounts=accounts)
        tell_of(entry, notices + notices_besides(entry, notices, to, stage=stage or what, cycle=cycle))
    return entry


def notices_besides(
    entry: JournalEntry, notices: Iterable[Notice], to: Iterable[Person], *, stage: str, cycle: str
) -> list[Notice]:
    """The notices, unsaved, to those of `to` whom `notices` do not reach already."""
    held = {notice.person_id for notice in notices}
    besides = {one.pk: one for one in to if one.pk not in held and not is_own_act(entry, one)}.values()
    return [notice_to_person(entry, person, stage=stage, cycle=cycle, party=Party.DELEGATAIRE) for person in besides]


def write_about(
    what: str,
    *,
    by,
    about: dict,
    to: Person | None = None,
    managing: Affiliation | Engagement | None = None,
    cycle="",
    **facts,
) -> JournalEntry:
    """Save a line about a person, or an address that the register does not hold; tell this person, or the gestionnaires
    of where this one stays, or is engaged."""
    parties = [party for party in (to, managing) if party]
    entry = entry_of(about.pop("bal", None), what, by=by, parties=parties, **about, **facts)
    entry.save()
    cycle = cycle or f"entry-{entry.pk}"
    notices = [notice_to_person(entry, to, stage=what, cycle=cycle)] if to else []
    notices += notices_to_gestionnaires(entry, managing, stage=what, cycle=cycle) if managing else []
    if parties:
        tell_of(entry, notices)
    return entry


def write_all(entries: list[JournalEntry], notices: Callable[[], Iterable[Notice]]) -> None:
    """Save many lines, then the notices that they call for, in as many statements as for one."""
    bulk.insert(entries)
    Notice.objects.bulk_create(notices(), ignore_conflicts=True)
    tell_on_commit(entries)


def tell_of(entry: JournalEntry, notices: list[Notice]) -> None:
    tell_all([entry], notices)


def tell_all(entries: list[JournalEntry], notices: list[Notice]) -> None:
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    tell_on_commit(entries)


def tell_on_commit(entries: list[JournalEntry]) -> None:
    """Tell these entries after the commit. With the broker down the act still stands, and `tell_again` takes them
    up."""
    pks = [entry.pk for entry in entries if entry.told_at is None]

    def tell_them():  # a function, not a partial: Django wants its name when it logs a failure
        tell.delay(pks)

    if pks:
        transaction.on_commit(tell_them, robust=True)


def shown(value) -> str:
    """A field's value, as a line of the journal tells it."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, date):
        return day_of(value)
    return "–" if value in (None, "") else str(value)
