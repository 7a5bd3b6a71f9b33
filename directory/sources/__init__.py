"""Where directory records come from; `settings.DIRECTORY_SOURCES` names those in use."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from directory.records import EntryRecord, RejectedLine

Heartbeat = Callable[[], None]


class UnreadableSource(Exception):
    """The source cannot be read to its end; the message is a French sentence for whoever launched the run."""


class Opened(Protocol):
    """A source being read."""

    generated_at: datetime | None  # when the publisher made it, None when nothing says so
    bytes_total: int
    bytes_read: int

    def records(self) -> Iterator[EntryRecord | RejectedLine]:
        """Every line, one at a time, never the whole directory in memory; UnreadableSource when it breaks off."""


class Source(Protocol):
    name: str
    whole: bool  # True when absence from it means the address has left the directory
    origin: str  # for the history: a file name or an address

    def open(self, heartbeat: Heartbeat) -> AbstractContextManager[Opened]:
        """Fetch and open; `heartbeat` is called now and then while that lasts."""


def get_source(name: str, **overrides: Any) -> Source:
    """The source settings name so; `overrides` replace its options."""
    conf: dict[str, Any] = settings.DIRECTORY_SOURCES[name]
    return import_string(conf["SOURCE"])(name=name, **{**conf.get("OPTIONS", {}), **overrides})
