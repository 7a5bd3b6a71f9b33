"""The words that surround idleness: reminders, the gestionnaire's turn, and the question where nothing is known."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import locked, write
from mailboxes.lifecycle import Act, Party
from mailboxes.models import Bal, JournalEntry
from mailboxes.notices import idleness

HOLDERS, GESTIONNAIRES = frozenset({Party.HOLDERS}), frozenset({Party.GESTIONNAIRES})


@transaction.atomic
def remind_idle(bal: Bal, days: int, *, by) -> JournalEntry:
    """Remind the holders, some days before the depublication is asked for."""
    bal, now = locked(bal), timezone.now()
    rules.check_still_due(bal, Act.REMIND_IDLE, idleness.due_for_reminder(now, days), by=by)
    end = timezone.localdate(now + timedelta(days=days))
    return write(
        bal,
        Act.REMIND_IDLE,
        by=by,
        parties=HOLDERS,
        stage=f"{Act.REMIND_IDLE}-{days}",
        cycle=_cycle(bal),
        after=idleness.days_before(days),
        note=f"Sans réponse, la dépublication sera demandée à partir du {end:%d/%m/%Y}.",
    )


@transaction.atomic
def escalate_idle(bal: Bal, *, by) -> JournalEntry:
    """Tell those who manage the structure: no holder could be reached, or none answered."""
    bal = locked(bal)
    rules.check_still_due(bal, Act.ESCALATE_IDLE, idleness.due_for_escalation(timezone.now()), by=by)
    told = bal.notices.delivered().filter(party=Party.HOLDERS, created_at__gte=bal.state_since)
    note = "Aucun titulaire n’a répondu à l’alerte." if told.exists() else "Aucun titulaire n’a pu être prévenu."
    return write(bal, Act.ESCALATE_IDLE, by=by, parties=GESTIONNAIRES, cycle=_cycle(bal), note=note)


@transaction.atomic
def ask_use(bal: Bal, *, by) -> JournalEntry:
    """Ask the holders whether they use a BAL whose use nobody has reported; their silence changes nothing."""
    bal = locked(bal)
    asked = Bal.objects.filter(idleness.asked(timezone.now()), pk=bal.pk).exists()
    rules.check_ask_use(bal, asked, by=by)
    return write(bal, Act.ASK_USE, by=by, parties=HOLDERS, cycle=_question(bal, Act.ASK_USE))


@transaction.atomic
def remind_use(bal: Bal, *, by) -> JournalEntry:
    bal = locked(bal)
    rules.check_still_due(bal, Act.REMIND_USE, idleness.due_for_question_reminder(timezone.now()), by=by)
    return write(bal, Act.REMIND_USE, by=by, parties=HOLDERS, cycle=_question(bal, Act.REMIND_USE))


@transaction.atomic
def ask_deletion(bal: Bal, *, by) -> JournalEntry:
    """Ask those who hold a depublished BAL, paid for nothing, to ask for its deletion: they alone may."""
    bal = locked(bal)
    asked = Bal.objects.filter(idleness.deletion_asked(), pk=bal.pk).exists()
    rules.check_ask_deletion(bal, asked, by=by)
    return write(bal, Act.ASK_DELETION, by=by, parties=HOLDERS, cycle=_cycle(bal))


def _cycle(bal: Bal) -> str:
    """The cycle of the present alert: each stage is told once per alert."""
    return bal.state_since.isoformat()


def _question(bal: Bal, act: Act) -> str:
    """The question is put anew each year."""
    return f"question-{bal.journal.filter(what=act).count() + 1}"
