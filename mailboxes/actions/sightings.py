"""What the annuaire no longer shows becomes a proposal, once for each fact; it goes with the fact."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from directory.dates import day_of
from mailboxes import rules
from mailboxes.actions.batches import Tally
from mailboxes.actions.journal import entry_of, write_about
from mailboxes.lifecycle import Act
from mailboxes.models import SYSTEM, Affiliation, Bal, JournalEntry, Sighting
from mailboxes.models.sightings import facts_of_bals, facts_of_stays, latest_activities, stays_shown

Kind = Sighting.Kind
OF_ACTIVITIES = (Kind.ENDED, Kind.GONE)
BATCH = 500
Fact = tuple[str, int]  # the kind, and the stay or the BAL


def note_sightings() -> Tally:
    """Look at the latest pictures of the annuaire; one that is stale proves nothing and changes nothing."""
    tally = Tally()
    if run := latest_activities():
        with transaction.atomic():
            _note_shown()
            tally.done += _keep(facts_of_stays(run.as_of), OF_ACTIVITIES, "stay")
    if rules.allows(rules.check_annuaire_fresh):
        with transaction.atomic():
            tally.done += _keep(facts_of_bals(), (Kind.RED_LISTED,), "bal")
    return tally


def _note_shown() -> None:
    now, pks = timezone.now(), stays_shown()
    for start in range(0, len(pks), BATCH):
        Affiliation.objects.filter(pk__in=pks[start : start + BATCH]).update(shown_at=now)


def _keep(facts: dict[Fact, datetime], kinds: Iterable[str], of: str) -> int:
    """One row for each fact, for as long as it holds; how many are new."""
    known = {(kind, pk): row for row, kind, pk in Sighting.objects.filter(kind__in=kinds).values_list("pk", "kind", of)}
    over = [row for fact, row in known.items() if fact not in facts]
    for start in range(0, len(over), BATCH):
        Sighting.objects.filter(pk__in=over[start : start + BATCH]).delete()
    new = [
        Sighting(kind=kind, seen_at=at, **{f"{of}_id": pk})
        for (kind, pk), at in sorted(facts.items())
        if (kind, pk) not in known
    ]
    Sighting.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    _tell_journal(new, of)
    return len(new)


def _tell_journal(rows: list[Sighting], of: str) -> None:
    lines: list[JournalEntry] = []
    if of == "stay":
        stays = Affiliation.objects.select_related("person", "structure").in_bulk([row.stay_id for row in rows])
        for row in rows:
            stay = stays[row.stay_id]
            lines.append(_line(row, None, person=stay.person, structure=stay.structure))
    else:
        bals = Bal.objects.in_bulk([row.bal_id for row in rows])
        lines = [_line(row, bals[row.bal_id]) for row in rows]
    JournalEntry.objects.bulk_create(lines, batch_size=BATCH)


def _line(row: Sighting, bal: Bal | None, **about) -> JournalEntry:
    said = f"{row.get_kind_display()}, depuis le {day_of(row.seen_at)}"
    return entry_of(bal, Act.NOTE_SIGHTING, by=SYSTEM, after=said, **about)


@transaction.atomic
def dismiss_sighting(sighting: Sighting, *, by, reason: str) -> Sighting:
    """Say why nothing follows from it. It comes back only if the fact goes and comes again."""
    rows = Sighting.objects.select_for_update(of=("self",)).select_related("stay__person", "stay__structure", "bal")
    sighting = rows.get(pk=sighting.pk)
    rules.check_dismiss_sighting(sighting, by=by)
    rules.check_dismissal_told(reason)
    sighting.dismissed_at, sighting.dismissed_by, sighting.reason = timezone.now(), by, reason.strip()
    rules.check_row(sighting)
    sighting.save(update_fields=["dismissed_at", "dismissed_by", "reason"])
    about = {"bal": sighting.bal} if sighting.stay is None else {
        "person": sighting.stay.person, "structure": sighting.stay.structure
    }  # fmt: skip
    before = f"{sighting.get_kind_display()}, depuis le {day_of(sighting.seen_at)}"
    write_about(Act.DISMISS_SIGHTING, by=by, about=about, before=before, note=sighting.reason)
    return sighting


# --- Said by the establishment's own directory ------------------------------------------------------------------------
def see_disabled(stay: Affiliation, *, by) -> Sighting | None:
    """An account was closed there: a departure is proposed, once; None where the stay is over, or its end prepared."""
    rules.check_may(Act.NOTE_SIGHTING, structure=stay.structure, person=stay.person, by=by)
    if not Affiliation.objects.current().filter(pk=stay.pk).exists():
        return None
    row, is_new = Sighting.objects.get_or_create(kind=Kind.DISABLED, stay=stay, defaults={"seen_at": timezone.now()})
    if is_new:
        said = f"{row.get_kind_display()}, depuis le {day_of(row.seen_at)}"
        about = {"person": stay.person, "structure": stay.structure}
        write_about(Act.NOTE_SIGHTING, by=by, about=about, after=said)
    return row


def see_enabled(stay: Affiliation) -> None:
    """Note that the account is open: what proposed a departure is gone."""
    Sighting.objects.filter(kind=Kind.DISABLED, stay=stay).delete()


def see_accounts(closed: Iterable[Affiliation], opened: Iterable[Affiliation], *, by) -> None:
    """What a whole reading of a directory says of the accounts of these stays."""
    disabled = Sighting.objects.filter(kind=Kind.DISABLED)
    known = set(disabled.values_list("stay", flat=True))
    gone = {stay.pk for stay in opened} & known
    disabled.filter(stay__in=gone).delete()
    for stay in closed:
        if stay.pk not in known:
            see_disabled(stay, by=by)
