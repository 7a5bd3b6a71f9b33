"""Links that let the reader of a mail answer without logging in: signed, for one person, and for a limited time.

What a link may still do is said by the rows it leads to (`Claim`): an answer given by it is not changed by it.
"""

from django.conf import settings
from django.core import signing

SALT = "bal-manager.claims"
Expired, Invalid = signing.SignatureExpired, signing.BadSignature  # the first is one of the second


def sign(person) -> str:
    return signing.dumps(person.pk, salt=SALT)


def person_of(token: str) -> int:
    """The person's primary key; raises `Expired` or `Invalid`."""
    return signing.loads(token, salt=SALT, max_age=settings.ANSWER_LINK_VALID)
