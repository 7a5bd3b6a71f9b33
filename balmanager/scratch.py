"""A folder as long-lived as the service that makes it: in memory where that is open to it, since a full disk would end
the service."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108
HELD = "held"  # its lock lasts as long as a process of the service, however that ends


def scratch_folder(prefix: str) -> str:
    """A new one; those of services that were killed are swept."""
    home = MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    for held in home.glob(f"{prefix}*/{HELD}"):
        if _is_left(held):
            shutil.rmtree(held.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=home))
    _hold(folder)
    return str(folder)


def _is_left(held: Path) -> bool:
    with contextlib.suppress(OSError), held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _hold(folder: Path) -> None:
    """Never closed: processes forked from this one hold it too. Locked before it has its name, so that no other service
    that starts takes it for left."""
    unnamed = folder / f"{HELD}.new"
    fcntl.flock(os.open(unnamed, os.O_WRONLY | os.O_CREAT, 0o600), fcntl.LOCK_EX)
    unnamed.rename(folder / HELD)
