"""How much slower this machine is than the one on which the limits in time were set."""

import time

ADDITIONS = 3_000_000
THERE = 0.15  # seconds of CPU that they took


def pace() -> float:
    """Times slower, at this moment: other work on the same cores counts, and so does the mood of a shared machine."""
    began, total = time.thread_time(), 0
    for number in range(ADDITIONS):
        total += number
    return (time.thread_time() - began) / THERE
