"""What an address is about, to who may see it."""

from django.http import Http404

from mailboxes.models import Bal
from mailboxes.models.one_bal import seen_bal


def bal_or_404(pk: int, user) -> Bal:
    try:
        return seen_bal(pk, user)
    except Bal.DoesNotExist:
        raise Http404 from None
