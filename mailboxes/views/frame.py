"""What the frame of every page needs to know."""

from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString

from directory.models import SyncRun
from mailboxes.lists.place import choices_of, place_of
from mailboxes.models import Structure
from mailboxes.models.roles import managed_structures
from mailboxes.views.crumbs import crumbs_of
from mailboxes.views.menu import menu_for, pinned_of


def sees_structures(user) -> bool:
    """Does this account follow a structure's BAL, or only its own?"""
    if not user.is_authenticated:
        return False
    return user.is_superuser or bool(managed_structures(user)) or Structure.objects.visible_to(user).exists()


def _menu(request, follows: bool) -> SafeString:
    view = request.resolver_match.view_name if request.resolver_match else ""
    return menu_for(request.path, view, follows, pinned_of(request.user))


def frame(request):
    """A context processor; each query is made only by a page that shows what it is for."""
    choices = SimpleLazyObject(lambda: choices_of(request))
    # The header shows the choices on every page: whoever has any sees a structure.
    follows = SimpleLazyObject(lambda: request.user.is_superuser or bool(choices))
    if not request.user.is_authenticated:
        return {"sees_structures": False, "main_menu": "", "annuaire": None}
    return {
        "acting_for": SimpleLazyObject(lambda: place_of(request)),
        "acting_choices": choices,
        "sees_structures": follows,
        "crumbs": SimpleLazyObject(lambda: crumbs_of(request, follows=bool(follows))),
        "main_menu": SimpleLazyObject(lambda: _menu(request, bool(follows))),
        "annuaire": SimpleLazyObject(SyncRun.objects.latest_public),
    }
