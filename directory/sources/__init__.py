"""Where directory records come from; `settings.DIRECTORY_SOURCES` names those in use."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

from directory.records import Record, RejectedRecord, Retold


class Heartbeat(Protocol):
    def __call__(self, done: int = 0, total: int = 0) -> None:
        """A sign of life while the source is fetched; with `total`, how far that is, in whatever the source counts."""


class UnreadableSource(Exception):
    """The source cannot be read to its end; the message is a French sentence for whoever launched the run."""


class Opened(Protocol):
    """A source being read."""

    generated_at: datetime | None  # when the publisher made it, None when nothing says so
    bytes_total: int
    bytes_read: int
    lines: int  # read so far, those put aside or left out included
    scope: str  # when only a part of the source concerns us: a fingerprint of which one, else ""

    def records(self) -> Iterator[Record | RejectedRecord | Retold | None]:
        """Every line, one at a time, never the whole directory in memory; UnreadableSource when it breaks off.

        None is a sign of life, in a long stretch of lines that do not concern us. Asked while a COPY holds the
        database's connection: no heartbeat here, it would wait for itself.
        """


class Source(Protocol):
    name: str
    record: type[Record]  # what its lines become
    whole: bool  # True when absence from it means the address has left the directory
    origin: str  # for the history: a file name or an address

    def open(self, heartbeat: Heartbeat) -> AbstractContextManager[Opened]:
        """Fetch and open; `heartbeat` is called now and then while that lasts."""


@runtime_checkable
class Incremental(Protocol):
    """A source that can also tell only what changed; then it says which holders it tells anew (`Retold`)."""

    since: datetime | None  # given before it is opened: the picture we hold is of then; None: we hold nothing
    is_delta: bool  # once opened: it tells what changed, and all the rest stands


def get_source(name: str, **overrides: Any) -> Source:
    """The source settings name so; `overrides` replace its options."""
    options: dict[str, Any] = settings.DIRECTORY_SOURCES[name].get("OPTIONS", {})
    return source_class(name)(name=name, **{**options, **overrides})


def source_class(name: str) -> Any:
    """The class of that source, which holds what is true of it wherever it is read from."""
    return import_string(settings.DIRECTORY_SOURCES[name]["SOURCE"])
