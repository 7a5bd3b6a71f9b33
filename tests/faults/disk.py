"""A disk of the run's own, small enough to be filled: in memory, which root alone may mount."""

import contextlib
import os
import subprocess
from pathlib import Path

from tests.servers import Missing

SIZE = "1g"
PIECES = (1 << 20, 4096)


class Disk:
    """Mounted on the folder, which holds database, queue, files and logs; left there for who reads the logs."""

    def __init__(self, folder: Path):
        self.folder, self.ballast = folder, folder / "ballast"
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=711", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise Missing("the right to mount a small disk")

    def fill(self) -> None:
        """To the last block; called again, with what was freed since."""
        with self.ballast.open("ab") as file:
            for piece in PIECES:
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, piece)

    def make_room(self) -> None:
        self.ballast.unlink()

    def close(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=False)
