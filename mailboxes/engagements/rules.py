"""Who engages a structure, and what an engagement must say."""

from directory.dates import day_of
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


def check_no_such_engagement(engagement: Engagement) -> None:
    """The same programme counts the same BAL once: two windows, or a press too many, write no second one. Its
    structure is held."""
    others = Engagement.objects.open().filter(structure=engagement.structure, target=engagement.target)
    for other in others.exclude(pk=engagement.pk):
        if other.programme.strip().casefold() == engagement.programme.strip().casefold():
            raise Refused(
                f"Cet engagement est déjà inscrit ({other}, le {day_of(other.due_on)}) : modifiez-le, ou donnez un "
                "autre nom de programme.",
                "twice",
            )


def check_engagement_open(engagement: Engagement) -> None:
    if engagement.closed_at:
        raise Refused("Cet engagement est clos. Inscrivez-en un nouveau s’il reprend.", "closed")
