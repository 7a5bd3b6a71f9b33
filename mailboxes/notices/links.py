"""Links that let the reader of a mail answer without logging in: signed, for one person, and for a limited time.

What a link may still do is said by the rows it leads to: it changes no answer that is given, and opens nothing that
was asked after it was sent.
The Message-ID of a mail is signed too: who returns it has received the mail, and may say what became of it.
"""

import re

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from mailboxes.models.thresholds import chosen

CLAIMS, NOTICE, MESSAGE = "bal-manager.claims", "bal-manager.notice", "bal-manager.message"
CONTACT, JOINING = "bal-manager.contact", "bal-manager.joining"
Expired, Invalid = signing.SignatureExpired, signing.BadSignature  # the first is one of the second


def sign_notice(notice, salt: str = NOTICE) -> str:
    return signing.dumps(notice.pk, salt=salt)


def notice_of(token: str, salt: str = NOTICE) -> int:
    """The notice's primary key; raises `Expired` or `Invalid`."""
    return signing.loads(token, salt=salt, max_age=chosen.ANSWER_LINK_VALID)


def message_id(notice) -> str:
    """The Message-ID of a notice, the same at each sending."""
    return f"<avis.{notice.pk}.{_seal(notice.pk)}@{settings.MESSAGE_ID_DOMAIN}>"


def notice_of_message(text: str) -> int | None:
    """The primary key of the notice whose Message-ID stands in `text`."""
    for pk, seal in re.findall(r"<avis\.(\d+)\.([0-9a-f]+)@", text):
        keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)  # a mail of before a new key may come back
        if any(constant_time_compare(seal, _seal(pk, key)) for key in keys):
            return int(pk)
    return None


def _seal(pk: int | str, key: str | None = None) -> str:
    return salted_hmac(MESSAGE, str(pk), secret=key).hexdigest()[:20]
