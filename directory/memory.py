"""What is read once per request, however often it is asked. Outside of a request nothing is kept: a job lives long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Read = TypeVar("Read")
_kept: ContextVar[dict[str, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def keeping() -> Iterator[None]:
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(name: str, read: Callable[[], Read]) -> Read:
    """What `read` gave at the first call of this name in the request."""
    kept = _kept.get()
    if kept is None:
        return read()
    if name not in kept:
        kept[name] = read()
    return kept[name]


def per_request(get_response):
    """The middleware that begins and forgets."""

    def middleware(request):
        with keeping():
            return get_response(request)

    return middleware
