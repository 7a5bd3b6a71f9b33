"""Pages already fetched, on the disk, so that a killed run takes up at its last page.

One file per search, one line of JSON per page, appended. A line that ends is a page that is there, with the link to the
next; a killed run leaves at most one line without its end, which is cut off. So there is no index to keep level with
the pages, and no file to rename but the first. A lock of the system, which dies with its process, keeps it to one run.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from directory.sources import UnreadableSource

Page = dict[str, Any]
FRESH = timedelta(hours=4)  # beyond, links to next pages are worth nothing, and much has changed since the first


class Spool:
    """`started_at` is when the first page was asked for, by the run that did."""

    def __init__(self, folder: Path, started_at: datetime):
        self.folder = folder
        self.started_at = started_at

    def pages(self, search: str) -> Iterator[Page]:
        path = self._path(search)
        if path.exists():
            with path.open("rb") as file:
                yield from (json.loads(line) for line in file)

    def append(self, search: str, page: Page) -> None:
        with self._path(search).open("ab") as file:
            file.write(json.dumps(page, ensure_ascii=False).encode() + b"\n")

    def forget(self, search: str) -> None:
        self._path(search).unlink(missing_ok=True)

    def clear(self) -> None:
        for path in self.folder.glob("*.json*"):
            path.unlink()

    def _path(self, search: str) -> Path:
        return self.folder / f"{search}.jsonl"


@contextmanager
def take(folder: Path, signature: str, now: datetime) -> Iterator[Spool]:
    """The spool in `folder`: what a run with this signature left there lately, else empty."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnreadableSource("Une autre lecture de cette source est en cours.") from error
        yield _resumed(folder, signature, now) or _begun(folder, signature, now)


def _begun(folder: Path, signature: str, now: datetime) -> Spool:
    spool = Spool(folder, now)
    spool.clear()
    draft = folder / "begun.tmp"
    draft.write_text(json.dumps({"signature": signature, "started_at": now.isoformat()}))
    draft.rename(folder / "begun.json")
    return spool


def _resumed(folder: Path, signature: str, now: datetime) -> Spool | None:
    try:
        begun = json.loads((folder / "begun.json").read_text())
        files = list(folder.glob("*.json*"))
        latest = max(path.stat().st_mtime for path in files)
        if begun["signature"] != signature or now.timestamp() - latest > FRESH.total_seconds():
            return None
        for path in files:
            _mend(path)
        return Spool(folder, datetime.fromisoformat(begun["started_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mend(path: Path) -> None:
    """Cut off the page that was being written; ValueError when another is no JSON (the disk failed)."""
    if path.suffix != ".jsonl":
        return
    good = 0
    with path.open("rb+") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            json.loads(line)
            good += len(line)
        file.truncate(good)
