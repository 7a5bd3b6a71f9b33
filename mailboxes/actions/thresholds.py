"""The thresholds of the whole installation, chosen by its administrator; each choice is kept, with why."""

from django.db import transaction

from mailboxes import rules
from mailboxes.models.thresholds import Choice, Threshold, chosen


@transaction.atomic
def choose_threshold(threshold: Threshold, value: int | list[int] | None, *, by, why: str) -> Choice:
    """`value`: None gives back the one of the installation. It counts at once here, and in every other process within
    `CHOSEN_FRESH_SECONDS`."""
    rules.check_choose_threshold(by=by)
    if value is not None:
        rules.check_threshold(threshold, value)
    wanted = threshold.default if value is None else value
    rules.check_together(threshold, wanted)
    if threshold.plain(getattr(chosen, threshold.name)) == wanted:
        raise rules.Refused("Rien ne change : c’est déjà ce réglage.", "same")
    if not why.strip():
        raise rules.Refused("Dites pourquoi, dans le motif : il reste à côté de ce qui valait avant.", "reason")
    choice = Choice(name=threshold.name, value=value, why=why.strip(), by=by)
    rules.check_row(choice)
    choice.save()
    transaction.on_commit(chosen.refresh)
    return choice
