"""What an answer costs: CPU of the thread that gives it, plus that of its PostgreSQL backend. Another's load hardly
changes it, where the clock would tell of little else.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection

TICK = 1 / os.sysconf("SC_CLK_TCK")
ENOUGH = 0.6  # seconds: the system counts a process by hundredths of one
LONG = 2  # seconds: what takes as long is done once
MOST = 200


def backend() -> float:
    """Seconds of CPU that the backend of this connection has taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        said = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text()
    times = said.rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) * TICK


def spent(go: Callable[[], object]) -> float:
    """Milliseconds of CPU for one `go`, warmed up, as the mean of as many as can be told apart."""
    go()
    rounds, took, there = 0, time.thread_time(), backend()
    began = time.perf_counter()
    while rounds < MOST and time.perf_counter() - began < (LONG if 0 < rounds < 3 else ENOUGH):
        go()
        rounds += 1
    return 1000 * (time.thread_time() - took + backend() - there) / rounds
