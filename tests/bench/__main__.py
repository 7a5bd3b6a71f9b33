"""`make bench`: runs each module beside this one on a private PostgreSQL, and writes docs/benchmarks.md.

A module of tests.bench offers `rows()`, which gives `Row`s: what was done, how long it took, and against what.
"""

import argparse
import importlib
import os
import pkgutil
import secrets
from collections.abc import Iterable
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection

from tests import bench
from tests.bench.row import Row
from tests.servers import private_folder, run_postgresql, run_redis

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
TEMPLATE = "bench"
AS_INSTALLED = {"shared_buffers": "256MB", "autovacuum": "on", "jit": "on"}


def main():
    names = [
        module.name
        for module in pkgutil.iter_modules(bench.__path__)
        if not (module.ispkg or module.name in ("__main__", "row"))
    ]
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which to run, and not write: {', '.join(names)}")
    chosen = parser.parse_args().names
    with private_folder() as folder, run_postgresql(folder, **AS_INSTALLED) as url, run_redis(folder) as queue:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="balmanager.settings",
            ENV_FILE=os.devnull,
            SECRET_KEY=secrets.token_urlsafe(50),
            VAR_DIR=str(folder),
            STATIC_MANIFEST="false",
            DATABASE_URL=create_database(url, TEMPLATE),
            REDIS_URL=queue,
            LOG_LEVEL="WARNING",
        )
        django.setup()
        call_command("migrate", verbosity=0)
        sections = {}
        for name in chosen or names:
            move_to_own_database(url, f"bench_{name}")
            module = importlib.import_module(f"tests.bench.{name}")
            sections[module] = list(told(module.rows()))
        page = render(sections)
    if not chosen:
        PAGE.write_text(page)
        print(f"Written: {PAGE}")  # noqa: T201


def create_database(url, name, template="template1"):
    import psycopg  # noqa: PLC0415

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{url.rpartition('/')[0]}/{name}"


def move_to_own_database(url, name):
    """Empty and migrated: what one section leaves weighs on no other. The processes that it starts go there too."""
    connection.close()
    os.environ["DATABASE_URL"] = create_database(url, name, TEMPLATE)
    connection.settings_dict["NAME"] = name


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
