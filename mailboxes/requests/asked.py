"""What an act has asked of the operator, as the one who acted reads it: of what was written, never of what is supposed.

Nothing may have been asked: the BAL is closing, the access was not opened yet, the person keeps another, or it was
asked before. And of an operator who reads no mail of ours, it waits for a gestionnaire to pass it on.
"""

from mailboxes.lifecycle import RequestKind, RequestStage
from mailboxes.models import Bal, Person, Request

WHAT = {
    RequestKind.OPEN: "d’ouvrir cette BAL",
    RequestKind.DEPUBLISH: "de retirer cette BAL de l’annuaire",
    RequestKind.DELETE: "de supprimer cette BAL",
    RequestKind.GRANT: "d’ouvrir l’accès",
    RequestKind.WITHDRAW: "de fermer l’accès",
}


def asked_of_operator(bal: Bal, kind: RequestKind, person: Person | None = None) -> str:
    operator = bal.operator
    asked = Request.objects.awaited().filter(bal=bal, kind=kind, person=person).order_by("-pk").first()
    if asked is None:
        return f"Rien de plus n’est demandé à l’opérateur ({operator})."
    if asked.stage == RequestStage.DRAFT and not operator.request_email:
        return f"La demande à l’opérateur ({operator}) est écrite ; le gestionnaire MSSanté doit la lui transmettre."
    return f"L’opérateur ({operator}) est prié {WHAT[kind]}."
