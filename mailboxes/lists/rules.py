"""What may be kept of a list, with whom it is shared, and how much is done at once."""

from directory.typography import grouped
from mailboxes.lifecycle import Act
from mailboxes.lists.models import QUERY_LENGTH, Batch, SavedView
from mailboxes.models import Structure
from mailboxes.rules import NotAllowed, Refused, check_may

MOST_VIEWS = 50  # of one account
MOST_AT_ONCE = 5000  # rows of one act
PAGE = 25  # rows that are done at once, while one waits


def check_save_view(view: SavedView) -> None:
    if not view.title.strip():
        raise Refused("Donnez un nom à cette vue.", "title")
    if len(view.query) > QUERY_LENGTH:
        raise Refused("Cette liste a trop de filtres pour être gardée : ôtez-en, puis recommencez.", "query")
    others = SavedView.objects.filter(owner=view.owner)
    if others.count() >= MOST_VIEWS:
        raise Refused(f"Vous avez déjà {MOST_VIEWS} vues : supprimez-en une d’abord.", "many")
    if others.filter(listing=view.listing, title=view.title).exists():
        raise Refused("Vous avez déjà une vue de ce nom : choisissez-en un autre.", "title")


def check_own_view(view: SavedView, *, by) -> None:
    if view.owner_id != by.pk:
        raise NotAllowed("Seule la personne qui a enregistré cette vue peut la changer. Enregistrez la vôtre.", "owner")


def check_share_view(view: SavedView, structure: Structure, *, by) -> None:
    check_may(Act.SHARE_VIEW, structure=structure, by=by)
    check_own_view(view, by=by)


def check_begin(keys: list) -> None:
    if not keys:
        raise Refused("Cochez au moins une ligne, ou choisissez toute la liste.", "none")
    if len(keys) > MOST_AT_ONCE:
        raise Refused(
            f"Au plus {grouped(MOST_AT_ONCE)} lignes à la fois, et il y en a {grouped(len(keys))} : "
            "ajoutez un filtre, puis recommencez avec le reste.",
            "many",
        )


def check_confirm(batch: Batch, possible: int) -> None:
    if batch.stage != Batch.Stage.FORESEEN:
        raise Refused("C’est déjà confirmé : voyez où cela en est.", "stage")
    if not possible:
        raise Refused("Rien n’est possible ici : la raison est dite pour chaque ligne.", "none")


def check_stop(batch: Batch) -> None:
    if not batch.is_at_work:
        raise Refused("Rien n’est plus à arrêter.", "stage")
