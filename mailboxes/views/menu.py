"""What the frame of every page needs to know."""

from django.utils.functional import SimpleLazyObject

from mailboxes.models import Structure


def sees_structures(user) -> bool:
    """Does this account follow a structure's BAL, or only its own?"""
    if not user.is_authenticated:
        return False
    return user.is_superuser or Structure.objects.visible_to(user).exists()


def menu(request):
    """A context processor; the query is made only by a page that shows the menu."""
    return {"sees_structures": SimpleLazyObject(lambda: sees_structures(request.user))}
