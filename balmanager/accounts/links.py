"""Signed links of the accounts' mails."""

import hashlib

from django.conf import settings
from django.core import signing

from balmanager.accounts.models import AccountEntry

ADDRESS_SALT = "balmanager.accounts.address"


def write_address_link(asked: AccountEntry) -> str:
    return signing.dumps(asked.pk, salt=ADDRESS_SALT)


def read_address_link(token: str) -> int:
    """The primary key of the entry; raises BadSignature, also of a link that is too old."""
    return signing.loads(token, salt=ADDRESS_SALT, max_age=settings.ADDRESS_LINK_VALID)


def digest_of(token: str) -> str:
    """What is kept of an invitation's token: 256 random bits, which no list of passwords contains."""
    return hashlib.sha256(token.encode()).hexdigest()
