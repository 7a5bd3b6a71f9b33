"""Acts at the same moment, each in a thread and with connections of its own."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import TypeVar

from django.core.cache import caches
from django.db import connection

Given = TypeVar("Given")


def at_once(*acts: Callable[[], Given]) -> list[Given]:
    """What each gave, in no order; one that raised gave nothing."""
    start, given = Barrier(len(acts)), []

    def play(act):
        connection.ensure_connection()
        start.wait()
        try:
            given.append(act())
        finally:
            connection.close()
            _leave_redis()

    threads = [Thread(target=play, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def _leave_redis() -> None:
    """Each thread asks Redis by a client of its own, which would stand open until the garbage is collected: in another
    test, or as the session ends."""
    for cache in caches.all(initialized_only=True):
        client = getattr(cache, "_cache", None)
        for pool in getattr(client, "_pools", {}).values():
            pool.disconnect()
