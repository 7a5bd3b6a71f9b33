"""The browsers that an account logged in from: a signed cookie remembers them, nothing of ours does.

A known browser is not announced by mail, and its wrong passwords are counted apart: whoever tries an account's
password from elsewhere cannot keep its owner out.
"""

import secrets

from django.conf import settings

COOKIE = "browser"
SALT = "balmanager.accounts.browsers"
ACCOUNTS = 10  # of one shared computer that the cookie holds


# Each says it is those below it too: the first found is the one.
NAMES = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {sign: sign for sign in ("Android", "iPhone", "iPad", "Windows", "Mac", "Linux")}


def named(user_agent: str) -> str:
    """A browser as people know it: "Firefox, Windows"; what it says of itself where that tells nothing."""
    found = [next((label for sign, label in table.items() if sign in user_agent), "") for table in (NAMES, SYSTEMS)]
    return ", ".join(filter(None, found)) or user_agent[:100] or "inconnu"


def known(request) -> dict[str, str]:
    """What tells this browser apart from others, for each account that logged in from it, by primary key."""
    value = request.get_signed_cookie(COOKIE, "", salt=SALT, max_age=settings.BROWSER_KNOWN)
    return dict(part.split("-", 1) for part in value.split(".") if "-" in part)


def mark_of(request, account) -> str:
    """ "" where the account never logged in from this browser."""
    return known(request).get(str(account.pk), "") if account else ""


def remember(request, response, account) -> None:
    marks = known(request)
    mark = marks.pop(str(account.pk), "") or secrets.token_urlsafe(12).replace("-", "_")
    kept = [*[*marks.items()][1 - ACCOUNTS :], (str(account.pk), mark)]
    response.set_signed_cookie(
        COOKIE,
        ".".join(f"{pk}-{mark}" for pk, mark in kept),
        salt=SALT,
        max_age=settings.BROWSER_KNOWN,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
