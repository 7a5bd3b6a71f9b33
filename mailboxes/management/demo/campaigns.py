"""A clean-up that ran its course, a review that half of the principals have answered, a choice that begins."""

from dateutil.relativedelta import relativedelta

from mailboxes.campaigns.actions import answer_campaign, launch_campaign
from mailboxes.campaigns.models import Campaign, CampaignTarget
from mailboxes.campaigns.questions import accesses
from mailboxes.campaigns.reviews import set_recurrence
from mailboxes.gaps.choices import own_places
from mailboxes.lifecycle import CampaignKind
from mailboxes.management.demo import usage
from mailboxes.management.demo.foundation import Foundation
from mailboxes.models import Bal, Person, Signatory, Structure

CLEANED, CLEAN, REVIEWED, CHOSEN = 100, 60, 9, 5  # days ago: the clean-up begins and ends, the others begin
DUSTY = slice(100, 124, 2)  # of the hospital's nominative BAL
Answer = CampaignTarget.Answer
SAID = [Answer.USED, Answer.USED, Answer.UNUSED, Answer.USED, Answer.NOT_MINE, Answer.UNUSED]
HALF = 11  # answers to the review
TOO_MANY = (12, 16)  # whose principal withdraws somebody’s access
CHOICES = [Answer.CHOSEN, Answer.CHOSEN, Answer.DECLINED, Answer.CHOSEN, Answer.CHOSEN, Answer.CHOSEN]


def tell(foundation: Foundation, readings: usage.Readings) -> None:
    time = foundation.time
    dusty = foundation.nominatives[DUSTY]
    for rank, holder in enumerate(dusty):
        readings.of(holder.address, usage.idle(9.4 + rank / 40))  # old, and not yet alerted today
    cleanup = Campaign(kind=CampaignKind.CLEANUP, title="Nettoyage de l’été", closes_on=time.day(CLEAN))
    time.on(CLEANED, _launch, foundation, cleanup)
    for rank, (holder, said) in enumerate(zip(dusty, SAID, strict=False)):
        time.on(CLEANED - 3 - 2 * rank, _answer, holder.address, cleanup, said)
    review = Campaign(kind=CampaignKind.RECERTIFICATION, title="Revue annuelle des accès", closes_on=time.day(-21))
    time.on(REVIEWED, _launch, foundation, review)
    for rank in range(HALF):
        time.on(REVIEWED - 1 - rank / 3, _review, review, foundation.alice, 2 * rank)
    next_on = time.day(REVIEWED) + relativedelta(years=1)
    time.on(REVIEWED, set_recurrence, foundation.places.foundation, every="year", next_on=next_on, by=foundation.gisele)
    choice = Campaign(kind=CampaignKind.PREFERRED, title="Une adresse que l’on donne", closes_on=time.day(-25))
    time.on(CHOSEN, _launch, foundation, choice)
    for rank, said in enumerate(CHOICES):
        time.on(CHOSEN - 1 - rank / 2, _choose, choice, 3 * rank, said)


def _launch(foundation: Foundation, campaign: Campaign) -> None:
    campaign.structure = foundation.places.foundation
    within = Structure.objects.under(campaign.structure).values("pk")
    launch_campaign(campaign, Bal.objects.filter(structure__in=within), by=foundation.gisele)


def _answer(address: str, campaign: Campaign, said: str) -> None:
    """One answer, by the link of the mail."""
    target = CampaignTarget.objects.select_related("person").get(campaign=campaign, bal__address=address)
    answer_campaign(target, said, by=Signatory(target.person))


def _review(campaign: Campaign, alice: Person, rank: int) -> None:
    """One of those who were asked, logged in as one must; alice has yet to answer."""
    others = campaign.targets.exclude(person=alice).filter(person__user__isnull=False)
    target = others.select_related("person__user").order_by("pk")[rank]
    assert target.person  # noqa: S101 - they were asked
    bal = Bal.objects.with_holders().get(pk=target.bal_id)
    shown = [access.key for access in accesses(bal)]
    ticked = shown[:1] if rank in TOO_MANY else []
    said = Answer.WITHDRAWN if ticked else Answer.CONFIRMED
    answer_campaign(target, said, by=target.person.user, shown=shown, withdrawn=ticked)


def _choose(campaign: Campaign, rank: int, said: str) -> None:
    """The person's own BAL, wherever they practise."""
    asked = campaign.targets.filter(person__user__isnull=False)
    target = asked.select_related("person__user").order_by("pk")[rank]
    assert target.person  # noqa: S101 - they were asked
    own = Bal.objects.get(kind=Bal.Kind.NOMINATIVE, cotitulaires__person=target.person).address
    chosen = {place.situation: own for place in own_places(target.person) if place.is_current}
    answer_campaign(target, said, by=target.person.user, chosen=chosen if said == Answer.CHOSEN else {})
