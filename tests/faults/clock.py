"""A clock that jumps, or runs, under the processes of the service while they work (clock.c)."""

import struct
import subprocess
import time
from pathlib import Path

from tests.servers import find_program

SOURCE = Path(__file__).with_name("clock.c")
SECOND = 10**9


class Clock:
    def __init__(self, folder: Path):
        self.file, library = folder / "clock", folder / "clock.so"
        compiler = find_program("gcc", package="gcc libc6-dev")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
        self.env = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self.file)}
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """So many seconds ahead of the true time."""
        self._set(0, seconds * SECOND, 1)

    def run_from(self, moment: float, rate: int) -> None:
        """It is this moment (of `time.time()`), and time goes by so many times as fast."""
        self._set(time.time_ns(), int(moment * SECOND), rate)

    def _set(self, *numbers: int) -> None:
        with self.file.open("r+b" if self.file.exists() else "w+b") as file:  # in place: they look at it
            file.write(struct.pack("=qqq", *numbers))
