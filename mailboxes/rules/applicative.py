"""What may be said of a BAL applicative, and when the end of its certificate is near."""

from datetime import date

from mailboxes.lifecycle import IN_SERVICE, Act
from mailboxes.models import ApplicativeFacts, Bal
from mailboxes.rules.moves import check_act
from mailboxes.rules.refusals import Refused

CERTIFICATE_THRESHOLDS = (60, 30, 7)  # days before its end


def check_is_applicative(bal: Bal, *, by) -> None:
    check_act(bal, Act.DESCRIBE_APPLICATIVE, by=by)
    if bal.kind != Bal.Kind.APPLICATIVE:
        raise Refused("Seule une BAL applicative a un logiciel et un certificat.", "kind")


def check_describe_applicative(
    bal: Bal, before: ApplicativeFacts | None, after: ApplicativeFacts, *, replaces: bool, by
) -> None:
    """One access channel at a time (FAQ ESSMS): of two, each would fetch messages unseen by the other."""
    check_is_applicative(bal, by=by)
    answers = after.answers
    is_new = not (before and before.answers == answers)
    if (
        answers
        and is_new
        and not (answers.is_shared and answers.state in IN_SERVICE and answers.structure_id == bal.structure_id)
    ):
        raise Refused(
            "La BAL qui répond est une BAL organisationnelle ou de cabinet de la même structure, en service.",
            "answers",
        )
    if before and before.channel != after.channel and not replaces:
        raise Refused(
            f"Cette BAL est déjà connectée : {before.get_channel_display()}. Une même BAL ne peut pas l’être aussi par "
            f"un autre canal ({after.get_channel_display()}) : chacun relèverait une partie des messages, et leur "
            "traitement ne pourrait plus être suivi. Faites d’abord fermer le premier accès, puis dites-le ici.",
            "double_connection",
        )


def certificate_level(expires_on: date | None, today: date) -> int | None:
    """The nearest threshold reached, in days; None while the end is far, or unknown."""
    reached = [limit for limit in CERTIFICATE_THRESHOLDS if expires_on and (expires_on - today).days <= limit]
    return min(reached, default=None)
