"""What mail servers say of our mail afterwards: delivery status notifications (RFC 3464).

Headers are read as they stand: on a malformed one, as unsolicited mail has, the parser of the newer policies fails.
"""

import mailbox
import re
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple


class Bounce(NamedTuple):
    original: str  # the headers of the mail that came back
    recipient: str
    reason: str


def messages_of(content: bytes) -> Iterator[Message]:
    """The messages in `content`: one, or all those of an mbox."""
    if not content.startswith(b"From "):
        yield message_from_bytes(content)
        return
    with NamedTemporaryFile(suffix=".mbox") as file:
        Path(file.name).write_bytes(content)
        with closing(mailbox.mbox(file.name, create=False)) as box:
            for message in box:
                yield message_from_bytes(message.as_bytes())


def failures_of(message: Message) -> list[Bounce]:
    """The recipients that were refused for good, by this report; a delayed message or an automatic reply is no
    failure."""
    parts = list(message.walk())
    reports = [part for part in parts if part.get_content_type() in REPORTS]
    original = "\n".join(_headers(part) for part in parts if part.get_content_type() in ORIGINALS)
    original += f"\n{message.get('In-Reply-To', '')} {message.get('References', '')}"
    # A report is a list of groups of headers: one about the message, then one for each recipient.
    groups = [group for report in reports for group in _groups(report)]
    return [_bounce(group, original) for group in groups if _is_failure(group)]


REPORTS = ("message/delivery-status", "message/global-delivery-status")
ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")


def _headers(part) -> str:
    content = _content(part) if part.is_multipart() else part.get_payload(decode=True) or b""
    return f"Message-ID: {message_from_bytes(content).get('Message-ID', '')}"


def _groups(report: Message) -> list[Message]:
    return [message_from_bytes(group) for group in re.split(rb"(?:\r?\n){2,}", _content(report))]


def _content(part: Message) -> bytes:
    """What a part holds that is itself of messages: Python reads them without undoing the part's own encoding."""
    held: Any = part.get_payload() if part.is_multipart() else []
    encoded = Message()
    encoded["Content-Transfer-Encoding"] = str(part.get("Content-Transfer-Encoding", "8bit"))
    encoded.set_payload(b"\n".join(inner.as_bytes() for inner in held).decode("ascii", "surrogateescape"))
    content: Any = encoded.get_payload(decode=True)
    return content


def _is_failure(group) -> bool:
    return str(group.get("Action", "")).strip().lower() == "failed"


def _bounce(group, original: str) -> Bounce:
    _, _, recipient = str(group.get("Original-Recipient") or group.get("Final-Recipient", "")).rpartition(";")
    _, _, said = str(group.get("Diagnostic-Code", "")).partition(";")
    reason = " ".join([str(group.get("Status", "")), *said.split()]).strip()
    return Bounce(original, recipient.strip(), reason or "refusé")
