"""Is each row of the tables what the code asks? A pytest plugin that changes them, one after the other.

`make mutants`, not part of the suite. The tests are collected once and the database is made once; each change is made
in a child of the process, which plays the tests that could notice it, up to the first failure. Survivors are printed.
"""

import contextlib
import os
import sys
from importlib import import_module
from pathlib import Path

from django.db import connections

FOLDER = Path(__file__).with_name("mailboxes")
TABLES = "tests.mailboxes.mutants"  # imported once Django is set up, which is after its plugins are read


def pytest_addoption(parser):
    parser.addoption("--table", default="", help="change this table alone")


def pytest_runtestloop(session):
    make_database(session)
    tables = import_module(TABLES)
    assert not is_noticed(tables.NONE, session), "the tests fail as they are"
    survivors, count = [], 0
    for mutant in tables.mutants():
        if session.config.getoption("table") in ("", mutant.table):
            count += 1
            if not is_noticed(mutant, session):
                survivors.append(mutant)
                write(f"SURVIVED {mutant.table} {mutant.row}: {mutant.change}\n")
    write(f"\n{count} changes of the tables, {len(survivors)} survivors.\n")
    session.testsfailed = len(survivors)
    return True


def make_database(session) -> None:
    """By a test, with one of another module to come: what its module shares is taken down, the database stays. Both
    stand in no folder of a room, which the next test might not be of."""
    items = [item for item in session.items if item.path.parent == FOLDER]
    first = next(item for item in items if item.get_closest_marker("django_db"))
    play([first], then=next(item for item in items if item.path != first.path))


def is_noticed(mutant, session) -> bool:
    connections.close_all()
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] != 0
    code = 1
    with contextlib.suppress(BaseException):
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - the child ends with it
        mutant.apply()
        chosen = [item for item in session.items if item.path.name in mutant.files and mutant.words in item.name]
        chosen.sort(key=lambda item: mutant.files.index(item.path.name))
        code = int(play(chosen, then=chosen[0], stop=lambda: session.testsfailed))
    os._exit(code)


def play(items, *, then, stop=lambda: False) -> bool:
    for item, following in zip(items, [*items[1:], then], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if stop():
            return True
    return False


def write(text: str) -> None:
    sys.__stdout__.write(text)
    sys.__stdout__.flush()
