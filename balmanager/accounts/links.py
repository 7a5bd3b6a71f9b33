"""Signed links of the accounts' mails."""

import hashlib

from django.conf import settings
from django.core import signing

from balmanager.accounts.models import User

ADDRESS_SALT = "balmanager.accounts.address"


def write_address_link(account: User, address: str) -> str:
    return signing.dumps([account.pk, account.email, address], salt=ADDRESS_SALT)


def read_address_link(token: str) -> tuple[int, str, str]:
    """(account, its address then, the new one); raises BadSignature, also of a link that is too old."""
    pk, former, address = signing.loads(token, salt=ADDRESS_SALT, max_age=settings.ADDRESS_LINK_VALID)
    return pk, former, address


def digest_of(token: str) -> str:
    """What is kept of an invitation's token: 256 random bits, which no list of passwords contains."""
    return hashlib.sha256(token.encode()).hexdigest()
