"""`make bench`: runs each module beside this one on a private PostgreSQL, and writes docs/benchmarks.md.

A module of tests.bench offers `rows()`, which gives `Row`s: what was done, how long it took, and against what.
"""

import argparse
import importlib
import os
import pkgutil
import secrets
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection

from tests import bench
from tests.bench import programs
from tests.bench.row import Row
from tests.servers import own_database, private_folder, run_postgresql, run_redis

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
TOOLS = ("__main__", "row", "shape", "cpu", "programs")
QUICK = ["answers"]  # under five minutes, over a tenth of the BAL
AS_INSTALLED = {"shared_buffers": "256MB", "autovacuum": "on"}


def main():
    names = [
        module.name for module in pkgutil.iter_modules(bench.__path__) if not (module.ispkg or module.name in TOOLS)
    ]
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which to run, and not write: {', '.join(names)}; or quick"
    )
    chosen = parser.parse_args().names
    if chosen == ["quick"]:
        chosen, os.environ["BENCH_QUICK"] = QUICK, "1"
    programs.check(chosen or names)
    with (
        private_folder() as folder,
        run_redis(folder) as queue,
        run_postgresql(folder, **AS_INSTALLED) as server,
        own_database(server) as migrated,
    ):
        os.environ.update(
            DJANGO_SETTINGS_MODULE="balmanager.settings",
            ENV_FILE=os.devnull,
            SECRET_KEY=secrets.token_urlsafe(50),
            VAR_DIR=str(folder),
            STATIC_MANIFEST="false",
            DATABASE_URL=migrated,
            REDIS_URL=queue,
            LOG_LEVEL="WARNING",
        )
        django.setup()
        call_command("migrate", verbosity=0)
        connection.close()  # a database is copied while nobody is in it
        sections = {}
        for name in chosen or names:
            module = importlib.import_module(f"tests.bench.{name}")
            with own_database(server, migrated.rpartition("/")[2]) as url, moved_to(url):
                sections[module] = list(told(module.rows()))
        page = render(sections)
    if not chosen:
        PAGE.write_text(page)
        print(f"Written: {PAGE}")  # noqa: T201


@contextmanager
def moved_to(url):
    """On this database, and so the processes that are started: what one section leaves weighs on no other."""
    os.environ["DATABASE_URL"] = url
    connection.settings_dict["NAME"] = url.rpartition("/")[2]
    yield
    connection.close()


def told(rows: Iterable[Row]):
    for row in rows:
        print(row.line(), flush=True)  # noqa: T201
        yield row


def render(sections):
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench`; {machine()}. Ratios carry over to other machines, times do not.",
    ]
    for module, rows in sections.items():
        lines += ["", f"## {(module.__doc__ or module.__name__).strip().splitlines()[0]}"]
        lines += ["| work | measured | against | ratio | to reach | reached |", "|---|---|---|---|---|---|"]
        lines += [row.line() for row in rows]
    return "\n".join(lines) + "\n"


def machine():
    kib = int(Path("/proc/meminfo").read_text().split()[1])
    return f"{len(os.sched_getaffinity(0))} cores, {round(kib / 2**20)} GB of memory"


main()
