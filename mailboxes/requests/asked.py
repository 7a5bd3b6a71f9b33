"""What an act has asked of the operator, as the one who acted reads it: of what was written, never of what is supposed.

Nothing may have been asked: the BAL is closing, the access was not opened yet, the person keeps another, or it was
asked before. And of an operator who reads no mail of ours, it waits for a gestionnaire to pass it on.
"""

from django.db.models import Q

from mailboxes.lifecycle import LEAVES_LESS, RequestKind, RequestStage
from mailboxes.models import Bal, Person, Request

WHAT = {
    RequestKind.OPEN: "d’ouvrir cette BAL",
    RequestKind.CHANGE: "de modifier cette BAL",
    RequestKind.DEPUBLISH: "de retirer cette BAL de l’annuaire",
    RequestKind.DELETE: "de supprimer cette BAL",
    RequestKind.GRANT: "d’ouvrir l’accès",
    RequestKind.WITHDRAW: "de fermer l’accès",
}


def asked_of_operator(bal: Bal, kind: RequestKind, person: Person | None = None) -> str:
    return _told(bal, Q(kind=kind, person=person), WHAT[kind])


def asked_of_what_was_lost(bal: Bal, person: Person) -> str:
    """Of an access that this person has no more; they may keep another."""
    lessened = Q(kind=RequestKind.GRANT, person=person, entry__what__in=LEAVES_LESS)
    if Request.objects.awaited().filter(lessened, bal=bal).exists():
        return _told(bal, lessened, f"de ne laisser que l’accès qui reste à {person}")
    return asked_of_operator(bal, RequestKind.WITHDRAW, person)


def _told(bal: Bal, which: Q, what: str) -> str:
    operator = bal.operator
    asked = Request.objects.awaited().filter(which, bal=bal).order_by("-pk").first()
    if asked is None:
        return f"Rien de plus n’est demandé à l’opérateur ({operator})."
    if asked.stage == RequestStage.DRAFT and not operator.request_email:
        return f"La demande à l’opérateur ({operator}) est écrite ; le gestionnaire MSSanté doit la lui transmettre."
    return f"L’opérateur ({operator}) est prié {what}."
