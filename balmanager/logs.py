"""What is written to the log, as lines or as JSON, and what is sent to Sentry: addresses, national numbers, keys and
links that open without a password are taken out of it, wherever they came from (a message, a traceback, a constraint of
the database)."""

import logging
import re
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")  # of the request of software at hand

PERSONAL = (
    (re.compile(r"\b(?:balm|whsec)_[\w-]+"), "‹clé›"),
    # Django tells the path of what it refuses, such as a press without the CSRF cookie: the link still stands then.
    (re.compile(r"[\w.-]+:[\w-]{6}:[\w-]{43}|(?<=/invitation/)[\w-]+|(?<=/reset/key/)[\w-]+"), "‹lien›"),
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+"), "‹adresse›"),
    (re.compile(r"(?<![\w.-])\d{11,15}(?![\w-])"), "‹numéro›"),  # RPPS, identifiant national, INS
)


def without_people(text: str) -> str:
    for pattern, shown in PERSONAL:
        text = pattern.sub(shown, text)
    return text


def for_sentry(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    """The error and its trace: not the address that was asked, which may name a person or be a link."""
    return _without_people({name: part for name, part in event.items() if name != "request"})


def _without_people(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: _without_people(part) for name, part in said.items()}
    if isinstance(said, list):
        return [_without_people(part) for part in said]
    return without_people(said) if isinstance(said, str) else said


class LogLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        return without_people(f"{line} [{name}]" if (name := REQUEST_ID.get()) else line)


class Json(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        if name := REQUEST_ID.get():
            record.request_id = name
        return without_people(super().format(record))
