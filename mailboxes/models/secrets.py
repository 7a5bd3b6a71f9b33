"""Secrets that must be given back as they were, and so are locked in the database, not hashed."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def locks(purpose: str) -> list[Fernet]:
    """Locks for the secrets of this purpose: by our key, and by the former ones while they are kept."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(f"{purpose}:{key}".encode()).digest() for key in keys)
    return [Fernet(base64.urlsafe_b64encode(digest)) for digest in digests]


def box(purpose: str) -> MultiFernet:
    return MultiFernet(locks(purpose))


def lock(purpose: str, secret: str) -> str:
    return box(purpose).encrypt(secret.encode()).decode() if secret else ""


def unlock(purpose: str, locked: str) -> str | None:
    """None: it was locked by a key that is kept no longer."""
    try:
        return box(purpose).decrypt(locked.encode()).decode() if locked else ""
    except InvalidToken:
        return None


def locked_anew(purpose: str, locked: str) -> str:
    """The same secret locked by the present key, so that the former ones can be thrown away; as it was where it is
    already, or where no key opens it any more."""
    present = locks(purpose)[0]
    try:
        present.decrypt(locked.encode())
    except InvalidToken:
        secret = unlock(purpose, locked)
        return locked if secret is None else lock(purpose, secret)
    return locked
