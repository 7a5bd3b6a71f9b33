"""What followed each notice: the outcome is not written down, it is read from what happened afterwards."""

from collections.abc import Iterable

from directory.dates import day_of
from directory.typography import quoted
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import JournalEntry, Notice

FOLLOWED: dict[str, str] = {
    Verb.OPPOSE: "opposition",
    Verb.WAKE: "activité constatée",
    Act.DECLARE_USE: "usage déclaré",
    Verb.REQUEST_DEPUBLICATION: "dépublication demandée",
    Verb.DEPUBLISH_IDLE: "sans réponse, dépublication demandée",
    Verb.REQUEST_DELETION: "suppression demandée",
    Verb.CONFIRM_DELETION: "suppression confirmée",
    Verb.OPERATOR_DELETED: "supprimée par l’opérateur",
    Verb.NEVER_EXISTED: "n’a jamais existé",
    Verb.RECONSIDER: "repris avec le bon titulaire",
}


def with_outcomes(notices: Iterable[Notice]) -> list[Notice]:
    """The same notices, each with `outcome`, in one query for all."""
    notices = list(notices)
    asking = {notice.bal_id for notice in notices if notice.is_answerable}
    after: dict[int | None, list[JournalEntry]] = {pk: [] for pk in asking}
    if asking:
        entries = JournalEntry.objects.filter(bal__in=asking, what__in=FOLLOWED).order_by("at", "pk")
        for entry in entries.select_related("by", "signatory"):
            after[entry.bal_id].append(entry)
    for notice in notices:
        outcome = outcome_of(notice, after[notice.bal_id]) if notice.is_answerable else ""
        notice.outcome = outcome
    return notices


def outcome_of(notice: Notice, entries: Iterable[JournalEntry]) -> str:
    """`entries`: what happened to its BAL, the oldest first."""
    if notice.answered_at:
        return f"répondu {quoted(notice.get_answer_display())} par le lien, le {day_of(notice.answered_at)}"
    for entry in entries:
        if entry.at >= notice.created_at and entry.pk != notice.entry_id:
            return f"{FOLLOWED[entry.what]} le {day_of(entry.at)} ({entry.actor})"
    return "sans réponse à ce jour" if notice.is_delivered else ""
