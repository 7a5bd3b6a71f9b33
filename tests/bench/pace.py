"""How much slower this machine is than the one on which the limits in time were set."""

import time

ADDITIONS = 1_000_000
THERE = 0.05  # seconds of CPU that they took
TRIES = 3


def pace() -> float:
    """Times slower, at this moment: other work on the same cores counts."""
    return min(_add() for _ in range(TRIES)) / THERE


def _add() -> float:
    began, total = time.thread_time(), 0
    for number in range(ADDITIONS):
        total += number
    return time.thread_time() - began
