"""The annuaire's runs against a bare COPY of the same rows, on the PostgreSQL of DATABASE_URL.

    DATABASE_URL=postgres://… python -m tests.bench.annuaire [--lines 560000] [--rounds 3]

Every step is a process of its own, so that its peak memory is its own; times are medians over the rounds, which take
the steps in turn so that a busy machine slows them all alike. The work is done in a database made for it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.bench.row import Row

DATABASE = "bal_bench_annuaire"
STEPS = {
    "bare": "bare COPY, same rows, columns and indexes",
    "first": "first load",
    "drawn": "search and observatory, just after the first load",
    "resync": "re-sync, 0.1 % changes",
    "unchanged": "re-sync, same file",
    "orm": "bulk_create(update_conflicts=True), batches of 2 000",
}


LIMITS = {"first": 2.5, "resync": 1.2, "unchanged": 1.2}  # times the bare COPY
PEAK = 150  # MB


def rows(lines: int = 560_000, rounds: int = 3) -> Iterator[Row]:
    url = _new_database(os.environ["DATABASE_URL"])
    seconds: dict[str, list[float]] = {step: [] for step in STEPS}
    memory = dict.fromkeys(STEPS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        _run("prepare", folder, url, lines)
        for turn in range(rounds):
            for step in ("first", "drawn", "unchanged", "resync", "bare", "orm"):
                if step == "orm" and turn:
                    continue  # it takes longer than all the rest
                took, peak = _run(step, folder, url, lines)
                seconds[step].append(took)
                memory[step] = max(memory[step], peak)
    took = {step: median(times) for step, times in seconds.items()}
    yield Row(STEPS["drawn"], took["drawn"], "s", STEPS["bare"], took["bare"])
    for step, limit in LIMITS.items():
        yield Row(f"{STEPS[step]}, {lines} lines", took[step], "s", STEPS["bare"], took["bare"], limit)
        yield Row(f"{STEPS[step]}, peak memory", memory[step], "MB", limit=PEAK)
    yield Row(STEPS["orm"], took["orm"], "s", STEPS["first"], took["first"], 5, at_least=True)


def _new_database(url: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))


def _run(step: str, folder: str, url: str, lines: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "tests.bench.annuaire", "--step", step, "--folder", folder, "--lines", str(lines)]
    env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "balmanager.settings", "LOG_LEVEL": "WARNING",
                        "DEBUG": "False"}  # fmt: skip
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout)
    return result["seconds"], result["memory"]


# --- In the child: Django is imported only there ------------------------------------------------------------------


def _child(step: str, folder: Path, lines: int) -> None:
    import resource  # noqa: PLC0415

    import django  # noqa: PLC0415

    django.setup()
    steps: dict[str, Callable[[Path], float]] = {
        "prepare": lambda folder: _prepare(folder, lines),
        "bare": _bare,
        "first": _first,
        "drawn": _drawn,
        "resync": lambda folder: _sync(folder / "next.txt"),
        "unchanged": lambda folder: _sync(folder / "day.txt"),
        "orm": _orm,
    }
    seconds = steps[step](folder)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "memory": memory}))  # noqa: T201


def _prepare(folder: Path, lines: int) -> float:
    from django.core.management import call_command  # noqa: PLC0415

    from directory.invented import write_annuaire  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    write_annuaire(folder / "day.txt", lines)
    write_annuaire(folder / "next.txt", lines, change=0.001)
    return 0


def _clean_table() -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE directory_entry, directory_change, directory_sourcestate, directory_syncrun CASCADE")
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute("CHECKPOINT")
    _clean_search()


def _clean_search() -> None:
    from django.db import connection  # noqa: PLC0415

    from directory.search_index import SEARCH, WORD  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {SEARCH}, {WORD}")


def _sync(path: Path) -> float:
    """A daily run to its very end: entries, search and observatory."""
    from directory.sources import get_source  # noqa: PLC0415
    from directory.sync import sync  # noqa: PLC0415

    started = perf_counter()
    sync(get_source("extraction", path=str(path)))
    return perf_counter() - started


def _first(folder: Path) -> float:
    """Until the copy stands; what is drawn from it afterwards is measured by `_drawn`."""
    from directory.sources import get_source  # noqa: PLC0415
    from directory.sync import sync  # noqa: PLC0415

    _clean_table()
    return sync(get_source("extraction", path=str(folder / "day.txt"))).seconds


def _drawn(folder: Path) -> float:
    from directory import figures, search_index  # noqa: PLC0415
    from directory.models import SyncRun  # noqa: PLC0415

    _clean_search()
    started = perf_counter()
    search_index.level()
    figures.record(SyncRun.objects.get(status="applied"))
    return perf_counter() - started


def _bare(folder: Path) -> float:
    from django.db import connection  # noqa: PLC0415

    from directory.models import Entry  # noqa: PLC0415

    columns = ", ".join(f.column for f in Entry._meta.concrete_fields if not f.primary_key and not f.generated)
    with connection.cursor() as cursor:
        with (folder / "rows").open("wb") as file:
            # By their digest: in no order, as the lines of the file are.
            query = f"COPY (SELECT {columns} FROM directory_entry WHERE withdrawn_at IS NULL ORDER BY digest) TO STDOUT"
            with cursor.copy(query) as copy:
                for block in copy:
                    file.write(block)
        cursor.execute("CREATE TABLE bare (LIKE directory_entry INCLUDING ALL)")
        cursor.execute("CHECKPOINT")
        started = perf_counter()
        with (folder / "rows").open("rb") as file, cursor.copy(f"COPY bare ({columns}) FROM STDIN") as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        seconds = perf_counter() - started
        cursor.execute("DROP TABLE bare")
    return seconds


def _orm(folder: Path) -> float:
    from itertools import islice  # noqa: PLC0415

    from django.utils import timezone  # noqa: PLC0415

    from directory.models import Entry  # noqa: PLC0415
    from directory.records import EntryRecord  # noqa: PLC0415
    from directory.sources import get_source  # noqa: PLC0415
    from directory.staging import digest_of  # noqa: PLC0415

    _clean_table()
    now, started = timezone.now(), perf_counter()
    with get_source("extraction", path=str(folder / "day.txt")).open(lambda: None) as opened:
        # The few addresses on two lines: bulk_create cannot touch one row twice in a statement, each gets its own rank.
        entries = (
            Entry(
                source="orm",
                ordinal=number,
                digest=digest_of("\t".join(r)),
                first_seen_at=now,
                changed_at=now,
                **r._asdict(),
            )
            for number, r in enumerate(opened.records())
        )
        while batch := list(islice(entries, 2000)):
            Entry.objects.bulk_create(
                batch,
                update_conflicts=True,
                unique_fields=["address", "source", "ordinal"],
                update_fields=[*(set(EntryRecord._fields) - {"address"}), "digest", "changed_at"],
            )
    return perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=560_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        _child(options.step, options.folder, options.lines)
    else:
        for row in rows(options.lines, options.rounds):
            print(row.line())  # noqa: T201
