"""Who chooses the preferred BAL of a place of practice, which BAL it may be, and what the annuaire has shown of it."""

from django.utils import timezone

from directory.models import SyncRun
from mailboxes.lifecycle import BECAUSE, OVER, Act, State
from mailboxes.models import Bal, Claim, Person, Preference, Signatory
from mailboxes.rules.refusals import NotAllowed, Refused
from mailboxes.rules.roles import check_may


def check_prefer_bal(person: Person, places, situation: str, purpose: str, *, by) -> None:
    """The holder alone chooses, at a place where the annuaire says that they practise; a choice is dropped anywhere."""
    check_may(Act.PREFER, person=person, by=by)
    if isinstance(by, Signatory):
        raise NotAllowed("Connectez-vous pour choisir votre BAL privilégiée.", "link")
    if situation not in places:
        raise Refused(
            "L’annuaire ne vous donne pas cette situation d’exercice, ou ne vous la donne plus. Si "
            "c’est une erreur, votre ordre ou votre employeur la corrige au RPPS.",
            "situation",
        )
    if purpose not in Preference.Purpose.values:
        raise Refused("Choisissez une des sortes de messages proposées.", "purpose")


def check_preferable(person: Person, bal: Bal | None, *, is_listed: bool, answer: str) -> None:
    """A BAL of theirs that is read and will stay; outside the register, one that the annuaire gives them
    (`is_listed`)."""
    if answer in (Claim.Answer.NOT_MINE, Claim.Answer.UNUSED):
        raise Refused(
            "Vous avez dit que cette adresse n’est pas à vous, ou que vous ne vous en servez pas : "
            "changez d’abord cette réponse, dans « Mes BAL ».",
            "claim",
        )
    if bal is None:
        if not is_listed:
            raise Refused("L’annuaire ne donne pas cette adresse à votre numéro RPPS.", "unknown")
        return
    if not bal.is_held_by(person):
        raise Refused("Cette BAL n’est pas à vous : vous n’en êtes ni titulaire ni cotitulaire.", "holder")
    if bal.state == State.IDLE_ALERTED:
        raise Refused("Cette BAL est alertée pour inactivité : dites d’abord que vous vous en servez.", "state")
    if bal.state != State.ACTIVE:
        raise Refused(f"Cette BAL ne peut pas être privilégiée : {BECAUSE[State(bal.state)]}.", "state")


def check_request_preference(preference: Preference, bal: Bal | None, *, by) -> None:
    """What the annuaire could show, and does not."""
    if bal:
        check_may(Act.ASK_OPERATOR, bal=bal, by=by)
    if preference.purpose:
        raise Refused("L’annuaire ne connaît qu’une BAL privilégiée par lieu, sans distinguer les messages.", "purpose")
    if bal is None:
        raise Refused("Cette BAL n’est pas au registre : son titulaire s’adresse lui-même à son opérateur.", "unknown")
    if bal.liste_rouge:
        raise Refused("Cette BAL est en liste rouge : l’annuaire ne la montre pas.", "liste-rouge")
    if bal.state != State.ACTIVE:
        raise Refused(f"Demandez à son titulaire d’en choisir une autre : {BECAUSE[State(bal.state)]}.", "state")
    if preference.is_requested:
        raise Refused("Cette demande est déjà faite à l’opérateur : sa réponse est attendue.", "asked")
    if Preference.objects.observed().filter(pk=preference.pk).exists():
        raise Refused("L’annuaire la montre déjà comme privilégiée.", "observed")


def check_preference_seen(is_seen: bool, run: SyncRun | None) -> None:
    """A fresh source that tells ranks (`run`) shows it for every place that it was asked for."""
    check_ranking(run)
    if not is_seen:
        raise Refused(
            "L’annuaire ne la montre pas encore comme privilégiée : attendez sa prochaine lecture, "
            "ou relancez l’opérateur.",
            "observed",
        )


def check_ranks_known() -> None:
    """The public extraction does not say which BAL is preferred: only a source that does, and is fresh, proves it."""
    check_ranking(SyncRun.objects.latest_ranking())


def check_ranking(run: SyncRun | None) -> None:
    """`run`: the one that brought the ranks, read once for many rows."""
    if run is None:
        raise Refused(
            "Aucune source chargée ne dit quelle BAL est privilégiée : l’extraction publique l’ignore.", "rank"
        )
    if run.is_stale:
        day = timezone.localtime(run.as_of)
        raise Refused(f"La source qui dit quelle BAL est privilégiée date du {day:%d/%m/%Y} : trop ancienne.", "rank")


def check_make_known(bal: Bal, *, by) -> None:
    """An open BAL that someone reads is made known; of one on its way out, only the address to write to instead."""
    check_may(Act.MAKE_KNOWN, bal=bal, by=by)
    if not bal.has_users:
        raise Refused("Une BAL applicative n’est lue par personne : ne la faites pas connaître.", "kind")
    if bal.state == State.REQUESTED:
        raise Refused("Cette BAL n’est pas encore ouverte : attendez la réponse de l’opérateur.", "state")
    if bal.state in OVER:
        raise Refused(f"Ne faites plus connaître cette adresse : {BECAUSE[State(bal.state)]}.", "state")
