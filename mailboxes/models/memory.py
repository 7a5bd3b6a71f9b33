"""What few people change and every request or job asks: each process keeps it in memory, and reads it again after
`CHOSEN_FRESH_SECONDS`, at the beginning of a request or of a task, never in the middle.
"""

import logging
import time

from django.conf import settings
from django.db import DatabaseError

logger = logging.getLogger(__name__)
MEMORIES: list["Memory"] = []


class Memory:
    """One such set of facts; `refresh` reads them."""

    def __init__(self) -> None:
        self._read_at = float("-inf")
        MEMORIES.append(self)

    def read(self) -> None:
        raise NotImplementedError

    def forget(self) -> None:
        """Forget all that was read."""
        raise NotImplementedError

    def refresh(self) -> None:
        self.read()
        self._read_at = time.monotonic()

    def refresh_if_old(self) -> None:
        """Read anew what is old; with the database away, it stays as it was."""
        every = settings.CHOSEN_FRESH_SECONDS
        if every and time.monotonic() - self._read_at > every:
            try:
                self.refresh()
            except DatabaseError:
                logger.warning("ce qui a été choisi : la base de données ne répond pas, ce qui était su reste")


def refresh_what_is_old(**_) -> None:
    """Before a task."""
    for memory in MEMORIES:
        memory.refresh_if_old()


def per_request(get_response):
    """A middleware: what another process changed is known from the next request on."""

    def answer(request):
        refresh_what_is_old()
        return get_response(request)

    return answer
