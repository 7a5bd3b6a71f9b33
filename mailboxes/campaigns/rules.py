"""Who runs a campaign, when its people are told, and who answers."""

from datetime import date, timedelta

from django.utils import timezone

from directory.typography import quoted
from mailboxes.campaigns.models import Campaign, CampaignTarget
from mailboxes.lifecycle import OVER, Act
from mailboxes.models import Structure
from mailboxes.models.system import Signatory
from mailboxes.rules.places import check_standing
from mailboxes.rules.refusals import NotAllowed, Refused
from mailboxes.rules.roles import check_may

BETWEEN_REMINDERS = timedelta(days=1)


def check_launch_campaign(campaign: Campaign, *, by) -> None:
    check_may(Act.LAUNCH_CAMPAIGN, structure=campaign.structure, by=by)
    check_may(Act.ASK_CAMPAIGN, structure=campaign.structure, by=by)
    if campaign.closes_on and campaign.closes_on <= timezone.localdate():
        raise Refused("Le dernier jour de la campagne se place après aujourd’hui.", "closes_on")


def check_someone_to_ask(count: int) -> None:
    if not count:
        raise Refused(
            "Il n’y a personne à interroger : ce filtre ne retient aucune BAL, ou elles sont déjà dans une campagne "
            "ouverte de la même sorte.",
            "empty",
        )


def check_remind_campaign(campaign: Campaign, waiting: bool, *, by) -> None:
    """`waiting`: somebody who was told has not answered."""
    check_may(Act.REMIND_CAMPAIGN, structure=campaign.structure, by=by)
    check_open_campaign(campaign)
    last = campaign.reminded_at or campaign.launched_at
    if campaign.targets.due().exists():
        raise Refused("Tout le monde n’est pas encore interrogé : attendez la fin de l’envoi.", "busy")
    if timezone.now() - last < BETWEEN_REMINDERS:
        raise Refused("L’envoi précédent date de moins d’un jour : laissez le temps de répondre.", "soon")
    if not waiting:
        raise Refused("Il n’y a personne à qui le rappeler : tous ceux qui ont pu être prévenus ont répondu.", "empty")


def check_close_campaign(campaign: Campaign, *, by) -> None:
    check_may(Act.CLOSE_CAMPAIGN, structure=campaign.structure, by=by)
    check_open_campaign(campaign)


def check_open_campaign(campaign: Campaign) -> None:
    if campaign.closed_at:
        day = timezone.localtime(campaign.closed_at)
        raise Refused(f"Cette campagne est close depuis le {day:%d/%m/%Y} : elle n’attend plus de réponse.", "closed")


def check_set_recurrence(structure: Structure, next_on: date | None, every: str, *, by) -> None:
    check_may(Act.SET_RECURRENCE, structure=structure, by=by)
    if every:
        check_standing(structure)
    if every and next_on is None:
        raise Refused("Dites quel jour commence la prochaine revue.", "next_on")
    if every and next_on and next_on <= timezone.localdate():
        raise Refused("La prochaine revue se place après aujourd’hui. Pour commencer aussitôt, lancez-la.", "next_on")


def check_answer_campaign(target: CampaignTarget, said: str, answers, *, by_link: bool, by) -> None:
    """Whoever was asked, as long as they answer for the BAL: once, and while the campaign is open."""
    check_may(Act.ANSWER_CAMPAIGN, bal=target.bal, person=target.person, by=by)
    if target.person is None or not target.person.is_actor(by):
        raise NotAllowed(f"{quoted(Act.ANSWER_CAMPAIGN.label)} est réservé à la personne interrogée.", "role")
    if isinstance(by, Signatory) and not by_link:
        raise NotAllowed("Connectez-vous pour répondre à cette question.", "link")
    check_open_campaign(target.campaign)
    if target.answer:
        said = quoted(target.get_answer_display())
        raise Refused(f"Vous avez déjà répondu : {said}. Pour changer d’avis, passez par Mes BAL.", "answered")
    if said not in answers:
        raise Refused("Choisissez une des réponses.", "answer")
    if target.bal and target.bal.state in OVER:
        raise Refused(f"Il n’y a plus rien à répondre : cette BAL est {target.bal.get_state_display()}.", "state")


def check_accesses_read(shown: frozenset[str], now: frozenset[str]) -> None:
    """Nobody confirms an access that they were not shown."""
    if not now <= shown:
        raise Refused("La liste des accès a changé depuis que vous l’avez lue. Relisez-la, puis confirmez.", "changed")


def check_withdrawn(said: str, withdrawn: frozenset[str], now: frozenset[str]) -> None:
    if said == CampaignTarget.Answer.WITHDRAWN and not withdrawn & now:
        raise Refused("Cochez au moins un accès à retirer, ou confirmez la liste.", "withdrawn")
    if said == CampaignTarget.Answer.CONFIRMED and withdrawn & now:
        raise Refused(
            "Vous aviez coché des accès, et demandé de les garder tous : rien n’est enregistré. Cochez de nouveau ceux "
            "à retirer, ou gardez-les tous.",
            "withdrawn",
        )


def check_chosen(said: str, wished: dict[str, str], new: dict[str, str]) -> None:
    """`wished` at each place; `new`: what of it was not chosen before."""
    if said == CampaignTarget.Answer.CHOSEN and not wished:
        raise Refused(
            "Choisissez une BAL pour un lieu d’exercice au moins, ou dites que vous ne choisissez pas.", "choice"
        )
    if said == CampaignTarget.Answer.DECLINED and new:
        raise Refused(
            "Vous aviez choisi une BAL, et dit ne pas choisir : rien n’est enregistré. Choisissez-la de nouveau et "
            "enregistrez, ou dites seulement que vous ne choisissez pas.",
            "choice",
        )
