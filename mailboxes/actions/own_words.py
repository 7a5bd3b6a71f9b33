"""What a structure adds to the notices of one kind."""

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.models import Structure
from mailboxes.models.own_words import OwnWords, own_words
from mailboxes.notices.wordings import WORDINGS


@transaction.atomic
def write_words(structure: Structure, kind: str, text: str, *, by) -> OwnWords:
    """`text`: empty takes them back. They stand in the notices written from then on; every other process knows them
    within `CHOSEN_FRESH_SECONDS`."""
    structure = Structure.objects.select_for_update(no_key=True).get(pk=structure.pk)
    rules.check_write_words(structure, by=by)
    text = text.strip()
    rules.check_words(text)
    words = structure.own_words.filter(kind=kind).first() or OwnWords(structure=structure, kind=kind)
    if words.text == text:
        raise rules.Refused("Rien ne change : c’est déjà ce mot.", "same")
    before, words.text, words.by, words.at = words.text, text, by, timezone.now()
    rules.check_row(words)
    words.save()
    about, note = {"structure": structure}, WORDINGS[kind].subject
    write_about(Act.WRITE_WORDS, by=by, about=about, before=before, after=text, note=note)
    transaction.on_commit(own_words.refresh)
    return words
