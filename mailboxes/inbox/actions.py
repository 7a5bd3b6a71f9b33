"""What is decided of things to do: pause them, take them up again, entrust them, say them done."""

from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from directory.dates import day_of
from mailboxes.actions import Tally
from mailboxes.actions.journal import entry_of
from mailboxes.findings import Finding
from mailboxes.inbox.models import Todo
from mailboxes.inbox.rules import check_follow
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, JournalEntry

BATCH = 500


class Decision(NamedTuple):
    """Of each column, what it becomes; None leaves it."""

    said: str  # in words, for the journal and the page
    columns: dict


def pause_until(day: date) -> Decision:
    return Decision(f"en pause jusqu’au {day_of(day)}", {"paused_until": day})


def entrust_to(account) -> Decision:
    return Decision(f"confié à {account.get_full_name() or account.get_username()}", {"assignee": account})


def say_done() -> Decision:
    return Decision("dit fait", {"done_at": timezone.now(), "paused_until": None})


def take_up() -> Decision:
    return Decision("de nouveau à faire", {"done_at": None, "paused_until": None})


def follow(finding: Finding, bals: QuerySet[Bal], decision: Decision, *, by) -> int:
    """Decide so of `finding` about these BAL; how many. One transaction for each batch: a long list never holds the
    register."""
    pks = list(bals.order_by("pk").values_list("pk", flat=True))
    check_follow(bals, bool(pks), decision.columns, by=by)
    for start in range(0, len(pks), BATCH):
        _follow_batch(finding, pks[start : start + BATCH], decision, by=by)
    return len(pks)


@transaction.atomic
def _follow_batch(finding: Finding, pks: list[int], decision: Decision, *, by) -> None:
    Todo.objects.bulk_create([Todo(finding=finding.name, bal_id=pk) for pk in pks], ignore_conflicts=True)
    Todo.objects.filter(finding=finding.name, bal__in=pks).update(**decision.columns)
    entries = [
        entry_of(bal, Act.FOLLOW, by=by, before=finding.title, after=decision.said)
        for bal in Bal.objects.filter(pk__in=pks).order_by("pk")
    ]
    JournalEntry.objects.bulk_create(entries)


# --- Since when -------------------------------------------------------------------------------------------------------
def note_todos(findings: list[Finding]) -> Tally:
    """Keep one row for each BAL that a finding is about, for as long as it is; the new ones are counted."""
    return Tally(done=sum(_note(finding) for finding in findings if finding.bals))


def _note(finding: Finding) -> int:
    assert finding.bals  # noqa: S101 - asked of findings about BAL alone
    bals = finding.bals(Bal.objects.all()).order_by()
    rows = Todo.objects.filter(finding=finding.name)
    # Two lists of numbers compared here: each statement reads one table, and none deletes by a slow subquery.
    holds, known = set(bals.values_list("pk", flat=True)), set(rows.values_list("bal", flat=True))
    over, new = sorted(known - holds), sorted(holds - known)
    for start in range(0, len(over), BATCH):
        rows.filter(bal__in=over[start : start + BATCH]).delete()
    Todo.objects.bulk_create(
        [Todo(finding=finding.name, bal_id=pk) for pk in new], batch_size=BATCH, ignore_conflicts=True
    )
    return len(new)
