"""Who may move a BAL or act on it, from which state; and what the way out demands besides."""

from django.utils import timezone
from django.utils.text import capfirst

from directory.models import Entry, SyncRun
from directory.typography import quoted
from mailboxes.lifecycle import (
    BECAUSE,
    BY_VERB,
    CORRECTING,
    LED_TO,
    LIVE,
    OF_ACCESSES,
    OPENS,
    REOPENS,
    SHOWN_NO_HISTORY,
    Act,
    RequestKind,
    RequestStage,
    State,
    Verb,
)
from mailboxes.models import Bal
from mailboxes.models.system import SYSTEM
from mailboxes.rules.refusals import NotAllowed, Refused
from mailboxes.rules.roles import check_may


def check_move(bal: Bal, verb: Verb, *, by) -> None:
    """The lifecycle table alone: who may, from where. Costs no query after `with_holders`."""
    check_may(verb, bal=bal, by=by)
    if bal.state not in BY_VERB[verb].before:
        raise Refused(f"{quoted(verb.label)} est impossible : {BECAUSE[State(bal.state)]}.", "state")
    if verb == Verb.ALERT_IDLE and not bal.has_users:
        raise Refused("Une BAL applicative n’est relevée par personne : on ne l’alerte pas.", "kind")
    if verb == Verb.REQUEST_DELETION:
        check_depublished_first(bal)
    if verb == Verb.CANCEL_DELETION and not bal.is_expected_in_annuaire:
        raise Refused("Cette BAL n’a pas été dépubliée : pour arrêter sa suppression, gardez-la.", "unpublished")


def check_explained(verb: Verb | Act, why: str) -> None:
    """What contradicts the register says why, for whoever reads the journal later."""
    if verb in (*CORRECTING, Act.CORRECT, Act.CORRECT_PERSON, Act.DESCRIBE_STRUCTURE) and not why.strip():
        raise Refused("Dites pourquoi, dans le motif : le journal le garde à côté de ce qui était écrit.", "reason")


def check_retract(bal: Bal, verb: Verb) -> None:
    """There must be a request whose answer was recorded; one query, unless its requests are read already."""
    if not any(row.kind == REOPENS[verb] and row.stage == RequestStage.DONE for row in bal.requests.all()):
        way_round = (
            "si l’opérateur l’a gardée ou rouverte, enregistrez que l’adresse revit"
            if verb == Verb.RETRACT_DELETION
            else "si la BAL n’existe pas, dites qu’elle n’a jamais existé"
        )
        raise Refused(f"Aucune réponse de l’opérateur n’est à reprendre ici : {way_round}.", "request")


def check_act(bal: Bal, act: Act, *, by) -> None:
    check_may(act, bal=bal, by=by)
    if bal.state not in LIVE:
        raise Refused(f"{quoted(act.label)} est impossible : {BECAUSE[State(bal.state)]}.", "state")


def check_open_request(bal: Bal, kind: RequestKind, *, by) -> None:
    """A request that moves the state has its own verb; what the operator has not answered yet is not asked twice."""
    check_act(bal, Act.ASK_OPERATOR, by=by)
    if kind in OF_ACCESSES:
        raise Refused("Un accès se demande depuis la BAL, avec la personne et qui en répond.", "kind")
    if kind in OPENS.values():
        raise Refused(f"{quoted(capfirst(kind.label))} ne se demande pas ainsi : cela change l’état de la BAL.", "kind")
    if any(request.kind == kind and request.is_awaited for request in bal.requests.all()):
        raise Refused(
            "Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu. Relancez-le, depuis les demandes.",
            "asked",
        )


def check_read_history(bal: Bal, *, by) -> None:
    """Who sees a BAL sees its journal and its notices, but for a délégataire."""
    roles = bal.roles_of(by)
    if roles and roles <= SHOWN_NO_HISTORY:
        raise NotAllowed(
            "Le journal et les avis d’une BAL ne sont pas montrés à ses délégataires : demandez-les à ses titulaires.",
            "role",
        )


def check_depublished_first(bal: Bal) -> None:
    if bal.is_expected_in_annuaire and bal.state != State.DEPUBLISHED:
        raise Refused("Dépubliez d’abord cette BAL : ses correspondants doivent cesser de la trouver.", "published")


def check_replacement(bal: Bal) -> None:
    """Correspondents are led to a BAL that exists and is used, not to a void."""
    if not bal.replaced_by:
        return
    if bal.replaced_by == bal.address:
        raise Refused("Une BAL ne se remplace pas elle-même : choisissez-en une autre.", "replacement")
    is_ours = Bal.objects.filter(address=bal.replaced_by, state__in=LED_TO).exists()
    if not is_ours and not Entry.objects.published().filter(address=bal.replaced_by).exists():
        raise Refused(
            f"{quoted(bal.replaced_by)} n’est ni une BAL active du registre, ni une adresse de l’annuaire : "
            "vos correspondants n’y trouveraient personne.",
            "replacement",
        )


def check_attested(attested: bool) -> None:
    if not attested:
        raise Refused(
            "Attestez d’abord que les messages et documents utiles sont enregistrés : "
            "après la suppression, les courriers envoyés à cette adresse sont perdus.",
            "attestation",
        )


def check_seen_absent(bal: Bal, *, by, run: SyncRun | None = None) -> None:
    """What is said to be gone must have been seen gone, in an annuaire that is fresh.

    Two queries, unless the BAL was read `with_publication`, and `run`, that brought the annuaire, is given.
    """
    if not bal.is_expected_in_annuaire:
        if by is SYSTEM:  # absence proves nothing here: a person registers the operator's answer
            raise Refused("Cette BAL n’est jamais à l’annuaire public : son absence ne prouve rien.", "unpublished")
        return
    check_fresh(run or SyncRun.objects.latest_public())
    is_shown = getattr(bal, "is_published", None)  # of a list's rows it was read together
    if Entry.objects.published().filter(address=bal.address).exists() if is_shown is None else is_shown:
        raise Refused(
            "Cette BAL figure encore à l’annuaire : relancez l’opérateur, ou attendez la prochaine "
            "lecture de l’annuaire.",
            "published",
        )


def check_annuaire_fresh() -> None:
    check_fresh(SyncRun.objects.latest_public())


def check_fresh(run: SyncRun | None) -> None:
    """`run`: the one that brought the annuaire, read once for many rows."""
    if run is None:
        raise Refused(
            "L’annuaire n’a pas encore été chargé : on ne peut rien en conclure. Qu’un administrateur le charge.",
            "annuaire",
        )
    if run.is_stale:
        day = timezone.localtime(run.as_of)
        raise Refused(
            f"L’annuaire connu ici date du {day:%d/%m/%Y} : trop ancien pour en conclure. Attendez sa "
            "prochaine lecture.",
            "annuaire",
        )
