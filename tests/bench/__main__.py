"""`make bench`: runs each module beside this one on a private PostgreSQL, and writes its section of docs/benchmarks.md
as soon as it is measured.

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
from django.utils import timezone

from tests import bench
from tests.bench import page, programs
from tests.bench.row import Row
from tests.servers import own_database, private_folder, run_postgresql, run_redis

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
TOOLS = ("__main__", "row", "shape", "cpu", "page", "programs")
QUICK = ["answers"]  # under five minutes, over a tenth of the BAL
AS_INSTALLED = {"shared_buffers": "256MB", "autovacuum": "on"}


def main():
    names = [
        module.name for module in pkgutil.iter_modules(bench.__path__) if not (module.ispkg or module.name in TOOLS)
    ]
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which to run: {', '.join(names)}; or quick, which writes nothing"
    )
    chosen = parser.parse_args().names
    is_quick = chosen == ["quick"]
    if is_quick:
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
        modules = {name: importlib.import_module(f"tests.bench.{name}") for name in names}
        titles = [title_of(module) for module in modules.values()]
        for name in chosen or names:
            with own_database(server, migrated.rpartition("/")[2]) as url, moved_to(url):
                rows = list(told(modules[name].rows()))
            if not is_quick:
                new = page.section(title_of(modules[name]), machine(), rows)
                PAGE.write_text(page.written(PAGE.read_text(), new, titles))


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


def title_of(module) -> str:
    return (module.__doc__ or module.__name__).strip().splitlines()[0]


def machine():
    kib = int(Path("/proc/meminfo").read_text().split()[1])
    cores = len(os.sched_getaffinity(0))
    return f"{timezone.localdate():%Y-%m-%d}, {cores} cores, {round(kib / 2**20)} GB of memory"


main()
