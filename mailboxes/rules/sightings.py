"""Who answers what was seen in the annuaire."""

from mailboxes.lifecycle import Act
from mailboxes.models import Sighting
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may


def check_dismiss_sighting(sighting: Sighting, *, by) -> None:
    check_may(Act.DISMISS_SIGHTING, structure=sighting.structure, by=by)
    if sighting.dismissed_at:
        raise Refused("Cette proposition est déjà écartée.", "dismissed")


def check_dismissal_told(reason: str) -> None:
    if not reason.strip():
        raise Refused("Dites pourquoi cette proposition est écartée : c’est ce qui restera au journal.", "reason")
