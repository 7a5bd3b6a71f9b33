"""`python -m tests.soak.producer PATH FIRST COUNT RATE`: asks for numbers to be written down; says each one taken."""

import sys
import time

from balmanager.celery import app
from tests.soak.jobs import write_down

if __name__ == "__main__":
    app.set_default()
    path, (first, count, rate) = sys.argv[1], map(int, sys.argv[2:5])
    started = time.monotonic()
    for index in range(count):
        write_down.delay(path, first + index, 0.005)
        print(first + index, flush=True)
        time.sleep(max(0.0, started + (index + 1) / rate - time.monotonic()))
