"""How many wrong passwords are heard, before a wait: per account, per client address, and never against its owner.

Each try is counted before the password is looked at, and given back if it was right.
"""

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.db.models import Q

from balmanager.accounts.browsers import mark_of
from balmanager.accounts.models import User

KNOWN = "10/10m/key"  # from a browser that the account logged in from: counted for that browser alone
HERE = "5/5m/key"  # one account, from one address
ADDRESS = "60/5m/ip"  # whatever the account; a whole hospital may stand behind one address
# One account, from all addresses. A known browser is not counted here, nor is one that came by a reset link: whoever
# spends these tries keeps the owner out of nothing.
ANYWHERE = "50/h/key"


def account_of(login: str) -> User | None:
    return User.objects.filter(Q(username__iexact=login) | Q(email__iexact=login)).order_by("pk").first()


def take(request, login: str, account: User | None) -> list | None:
    """The tries taken, to give back to who was right; None where there are too many, and then none is taken."""
    whose = f"account:{account.pk}" if account else f"login:{login.lower()}"
    if mark := mark_of(request, account):
        wanted = [(KNOWN, f"{whose}:{mark}")]
    else:
        client = get_adapter().get_client_ip(request)
        wanted = [(ADDRESS, whose), (HERE, f"{whose}:{client}"), (ANYWHERE, whose)]
    taken: list = []
    for rate, key in wanted:
        usage = ratelimit.consume(request, app="balmanager", action="log_in", config={"log_in": rate}, key=key)
        if not usage:
            give_back(taken)
            return None
        taken.append(usage)
    return taken


def give_back(taken: list) -> None:
    for usage in taken:
        usage.rollback()
