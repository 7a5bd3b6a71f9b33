"""Who engages a structure, and what an engagement must say."""

from mailboxes.lifecycle import Act
from mailboxes.models import Engagement, Structure
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may


def check_set_engagement(structure: Structure, *, by) -> None:
    check_may(Act.SET_ENGAGEMENT, structure=structure, by=by)


def check_change_engagement(engagement: Engagement, *, by) -> None:
    check_set_engagement(engagement.structure, by=by)
    check_engagement_open(engagement)


def check_close_engagement(engagement: Engagement, *, by) -> None:
    check_may(Act.CLOSE_ENGAGEMENT, structure=engagement.structure, by=by)
    check_engagement_open(engagement)


def check_engagement_open(engagement: Engagement) -> None:
    if engagement.closed_at:
        raise Refused("Cet engagement est clos. Inscrivez-en un nouveau s’il reprend.", "closed")
