"""A software of the Fondation, let in with every right, to try the API with."""

from mailboxes.lifecycle import Scope
from mailboxes.management.demo.places import Places
from mailboxes.software.actions import declare_software

DAYS = 365


def let_in(places: Places, *, by) -> str:
    """Let the software in; returns its key, which is shown once and kept nowhere."""
    _, token = declare_software(
        name="DPI de démonstration", structures=[places.foundation], scopes=list(Scope.values), days=DAYS, by=by
    )
    return token
