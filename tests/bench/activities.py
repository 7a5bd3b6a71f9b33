"""The activities of our people out of two million lines, against one full csv.reader pass over the same file.

Both are processes of their own, so that their peak memory is their own; they take turns, and times are medians.
`LINES` says how long the file is; the real one has 2.2 million lines.
"""

import csv
import io
import os
import resource
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from subprocess import PIPE, run
from time import perf_counter

from tests.bench.row import Row

LINES = int(os.environ.get("BENCH_ACTIVITIES", "2200000"))
ROUNDS = 3
STRUCTURES = 20


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("activities.txt", "activities.zip"):
            yield from _measure(Path(folder) / name)
            (Path(folder) / name).unlink()


def _measure(path: Path) -> Iterator[Row]:
    _child("write", path)
    seconds: dict[str, list[float]] = {"csv": [], "sync": []}
    memory = 0.0
    for _ in range(ROUNDS):
        for step in seconds:
            took, peak = _child(step, path)
            seconds[step].append(took)
            memory = max(memory, peak) if step == "sync" else memory
    what = f"{LINES:,}".replace(",", " ") + f" lines of activities, {path.suffix[1:]}"
    base = median(seconds["csv"])
    yield Row(f"sync of {what}", median(seconds["sync"]), "s", "one csv.reader pass", base, limit=1.5)
    yield Row(f"peak memory, {what}", memory, "MB", limit=150)


def _child(step: str, path: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "tests.bench.activities", step, str(path)]
    out = run(command, stdout=PIPE, text=True, check=True).stdout.split()
    return float(out[0]), float(out[1])


# --- In the child -----------------------------------------------------------------------------------------------------
def managed():
    from directory.records import ManagedStructures  # noqa: PLC0415

    return ManagedStructures(siren=frozenset(f"{900_000_000 + 7 * number}" for number in range(STRUCTURES)))


def _write(path: Path) -> None:
    from directory.invented import write_activities  # noqa: PLC0415

    write_activities(path, LINES)


def _csv(path: Path) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as raw:
            _read_all(io.TextIOWrapper(raw, "utf-8", newline=""))
    else:
        with path.open(encoding="utf-8", newline="") as file:
            _read_all(file)


def _read_all(file) -> None:
    for _ in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE):
        pass


def _sync(path: Path) -> None:
    from directory.models import Activity, SourceState  # noqa: PLC0415
    from directory.sources import get_source  # noqa: PLC0415
    from directory.sync import sync  # noqa: PLC0415

    Activity.objects.all().delete()
    SourceState.objects.all().delete()
    done = sync(get_source("activities", path=str(path), managed="tests.bench.activities.managed"))
    assert (done.status, done.lines) == ("applied", LINES)


def _main(step: str, path: Path) -> None:
    import django  # noqa: PLC0415

    django.setup()
    started = perf_counter()
    {"write": _write, "csv": _csv, "sync": _sync}[step](path)
    seconds = perf_counter() - started
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)  # noqa: T201


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
