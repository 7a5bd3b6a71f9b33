"""What is decided of things to do: pause them, take them up again, entrust them, say them done."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from directory.dates import day_of
from mailboxes.actions import Tally
from mailboxes.findings import Finding, narrowed
from mailboxes.inbox.models import Todo, is_done
from mailboxes.inbox.rules import check_follow, check_something_new
from mailboxes.inbox.seen import COLUMNS
from mailboxes.inbox.subjects import BATCH, SUBJECTS, Key, Subject, open_keys
from mailboxes.models import JournalEntry, Structure
from mailboxes.rules import allows, check_annuaire_fresh


class Decision(NamedTuple):
    """What each column of a thing to do becomes; None leaves it as it is."""

    said: str  # in words, for the journal and the page
    columns: dict
    already: Q  # the things of which it is decided so


def pause_until(day: date) -> Decision:
    return Decision(f"en pause jusqu’au {day_of(day)}", {"paused_until": day}, Q(paused_until=day))


def entrust_to(account) -> Decision:
    return Decision(
        f"confié à {account.get_full_name() or account.get_username()}", {"assignee": account}, Q(assignee=account)
    )


def say_done() -> Decision:
    now = timezone.now()
    return Decision("dit fait", {"done_at": now, "paused_until": None}, is_done(now) & Q(paused_until=None))


def take_up() -> Decision:
    aside = {"done_at": None, "paused_until": None}
    return Decision("de nouveau à faire", aside, Q(**aside))


def follow(finding: Finding, keys: Sequence[Key], decision: Decision, *, by) -> int:
    """Decide so of `finding` about these BAL, files, sightings, engagements, requests or gaps; of how many that is new:
    sent again, it is refused. One transaction for each batch: a long list never holds the register."""
    subject = SUBJECTS[finding.about]
    keys = sorted(set(keys))
    check_follow(subject, keys, decision.columns, by=by)
    batches = (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))
    count = sum(_follow_batch(finding, subject, batch, decision, by=by) for batch in batches)
    check_something_new(count)
    return count


@transaction.atomic
def _follow_batch(finding: Finding, subject: Subject, keys: list[Key], decision: Decision, *, by) -> int:
    Todo.objects.bulk_create([subject.todo(finding, key) for key in keys], ignore_conflicts=True)
    held = subject.todos(finding, keys).select_for_update(of=("self",)).order_by("pk")
    already = {subject.key_of(todo) for todo in held.filter(decision.already)}
    new = [key for key in keys if key not in already]
    subject.todos(finding, new).update(**decision.columns)
    JournalEntry.objects.bulk_create(subject.entries(finding, new, decision.said, by=by))
    return len(new)


# --- Since when -------------------------------------------------------------------------------------------------------
def note_todos(findings: list[Finding]) -> Tally:
    """Keep one row for each BAL, file, sighting, engagement or request that a finding is about, for as long as it is;
    the new ones are counted.

    Of gaps, which may be as many as the annuaire has lines, those that somebody decided of, while they are open.
    """
    forget_closed_gaps()
    return Tally(done=sum(_note(finding) for finding in findings if finding.about in COLUMNS))


def _note(finding: Finding) -> int:
    subject, (column, model) = SUBJECTS[finding.about], COLUMNS[finding.about]
    found = narrowed(finding, model._default_manager.all())
    rows = Todo.objects.filter(finding=finding.name, **{f"{column}__isnull": False})
    # Two lists of numbers compared here: each statement reads one table, and none deletes by a slow subquery.
    holds, known = set(found.order_by().values_list("pk", flat=True)), set(rows.values_list(column, flat=True))
    over, new = sorted(known - holds), sorted(holds - known)
    for start in range(0, len(over), BATCH):
        subject.todos(finding, over[start : start + BATCH]).delete()
    Todo.objects.bulk_create([subject.todo(finding, pk) for pk in new], batch_size=BATCH, ignore_conflicts=True)
    return len(new)


def forget_closed_gaps() -> None:
    """What was decided of a gap goes with it; while the annuaire is too old, none is known to be gone."""
    if not allows(check_annuaire_fresh):
        return
    rows = Todo.objects.exclude(structure=None)
    held = set(open_keys(Structure.objects.all(), rows))
    over = [todo.pk for todo in rows if todo.key not in held]
    for start in range(0, len(over), BATCH):
        rows.filter(pk__in=over[start : start + BATCH]).delete()
