"""Does a test notice each change of the tables and of the rules? A pytest plugin that makes them, one after the other.

`make mutants`, not part of the suite. The tests are collected once, the database is made once and kept in memory, and
the tests are played once as things are: those that fail are left out, the others are known by how long they take, and
by what they call. Each change is then made in a child of the process, which plays the tests that could notice it, up
to the first that fails. Survivors are printed; with --tell, also who noticed each of the others.
"""

import inspect
import json
import os
import re
import signal
import sys
import traceback
from collections import defaultdict, deque
from functools import cache
from importlib import import_module
from itertools import accumulate, groupby
from math import ceil, sqrt
from pathlib import Path
from random import Random
from statistics import NormalDist
from time import process_time
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from django.db import connection
from hypothesis.internal.conjecture import engine
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from pytest_django.plugin import blocking_manager_key

from tests.mutants import rules

TABLES = "tests.mutants.tables"  # imported once Django is set up, which is after its plugins are read
# What a child starts, nobody would end; and what one commits, the next would find.
LEFT_OUT = {"page", "app_data", "app_server", "serve", "dovecot", "openldap", "openid_provider", "transactional_db"}
ENDLESS = "nobody, for they do not end"
PATIENCE = 15  # times as long as the tests take, before a change is said to make them endless


class Played(NamedTuple):
    seconds: float
    failed: bool
    calls: tuple[str, ...]


reports: list = []  # of the test that is played


def pytest_addoption(parser):
    parser.addoption("--table", default="", help="change these tables alone, with a comma between")
    parser.addoption("--change", default="", help="of the tables, make these changes alone (a regular expression)")
    parser.addoption("--rules", default="", help="change the rules, of the modules whose names match")
    parser.addoption("--tell", action="store_true", help="of each change that is noticed, by which test")
    parser.addoption("--again", type=Path, help="make again those that survived, of what was printed to this file")
    parser.addoption("--sample", type=int, default=0, help="make only as many, drawn among all")
    parser.addoption("--seed", type=int, default=1, help="of the sample: the same draws the same")
    parser.addoption("--budget", type=int, default=60, help="seconds of tests that a change of a rule may take")


@pytest.hookimpl(wrapper=True)  # before Django is set up
def pytest_load_initial_conftests(early_config):
    if pattern := early_config.known_args_namespace.rules:
        rules.import_mutated(pattern)
    return (yield)


def pytest_runtest_logreport(report):
    reports.append(report)


def pytest_runtestloop(session):
    engine.MAX_SHRINKS = 0  # Hypothesis: that a test fails is enough, by however long an example
    option = session.config.getoption
    mutants = rules.mutants() if option("rules") else import_module(TABLES).mutants()
    tables = option("table")
    mutants = [mutant for mutant in mutants if not tables or mutant.table in tables.split(",")]
    mutants = [mutant for mutant in mutants if re.match(option("change"), mutant.change)]
    if option("again"):
        survived = option("again").read_text()
        mutants = [mutant for mutant in mutants if f"SURVIVED {told(mutant)} (" in survived]
    if option("sample"):
        mutants = Random(option("seed")).sample(mutants, min(option("sample"), len(mutants)))
    mutants.sort(key=lambda mutant: mutant.table)
    items = [item for item in session.items if not LEFT_OUT & set(item.fixturenames)]
    if not option("rules"):
        items = [item for item in items if any(could_notice(mutant, item, ()) for mutant in mutants)]
    make_database(items)
    played = as_it_is(items)
    for nodeid in [nodeid for nodeid, one in played.items() if one.failed]:
        write(f"LEFT OUT, for it fails as things are: {nodeid}\n")
    items = [item for item in items if not played[item.nodeid].failed]

    for table, changes in groupby(mutants, key=lambda mutant: mutant.table):
        session.testsfailed += change_one_by_one(table, list(changes), items, played, option)
    if option("sample"):
        noticed = len(mutants) - session.testsfailed
        low, high = (100 * share for share in interval(noticed, len(mutants)))
        write(f"sample: {noticed} of {len(mutants)} noticed; of all there are, {low:.1f} to {high:.1f} % (95 %)\n")
    return True


def interval(noticed: int, count: int) -> tuple[float, float]:
    """The share of all, said by a sample of them, as Wilson reckons it: 95 times of 100 it is in between."""
    z = NormalDist().inv_cdf(0.975)
    share, about = noticed / count, z * z / count
    middle, beside = share + about / 2, z * sqrt(share * (1 - share) / count + about / (4 * count))
    return (middle - beside) / (1 + about), (middle + beside) / (1 + about)


def change_one_by_one(table, mutants, items, played, option) -> int:
    survivors = endless = 0
    quick = defaultdict(lambda: deque(maxlen=4))  # those who noticed the last changes, for they may notice the next
    for mutant in mutants:
        chosen = choose(mutant, items, played, quick[mutant.calls], option("budget"))
        noticed_by = play_against(mutant, chosen, played)
        if noticed_by is None:
            survivors += 1
            write(f"SURVIVED {told(mutant)} ({len(chosen)} tests)\n")
        else:
            endless += noticed_by == ENDLESS
            quick[mutant.calls].appendleft(noticed_by)
            if option("tell"):
                write(f"noticed {told(mutant)} by {noticed_by}\n")
    share = 100 * (len(mutants) - survivors) / len(mutants)
    write(f"{table}: {len(mutants)} changes, {survivors} survivors, {share:.1f} % noticed, {endless} endless\n")
    return survivors


# --- Which tests ------------------------------------------------------------------------------------------------------
def could_notice(mutant, item, calls) -> bool:
    if mutant.calls:
        return mutant.calls in calls
    if item.path.name in mutant.files:
        return mutant.words in item.name
    return bool(mutant.says) and (mutant.says in params_of(item) or f'"{mutant.says}"' in source_of(item.function))


def params_of(item) -> list:
    return list(item.callspec.params.values()) if hasattr(item, "callspec") else []


source_of = cache(inspect.getsource)


def choose(mutant, items, played, quick, budget) -> list:
    """Of a rule, first the shortest that call little else; else in the order of the files that the change names, and in
    a file first what names the row."""
    able = [item for item in items if could_notice(mutant, item, played[item.nodeid].calls)]
    place = {name: place for place, name in enumerate(mutant.files)}

    def rank(item):
        seconds, _, calls = played[item.nodeid]
        if mutant.calls:
            return item.nodeid not in quick, seconds * len(calls)
        return item.nodeid not in quick, place.get(item.path.name, len(place)), mutant.row not in item.name, seconds

    able.sort(key=rank)
    if mutant.calls:
        spent = accumulate(played[item.nodeid].seconds for item in able)
        able = [item for item, until in zip(able, spent, strict=True) if until <= budget]
    return able


# --- The tests as they are --------------------------------------------------------------------------------------------
def make_database(items) -> None:
    """By the first test that asks for it; then it is moved into memory, which each child has for itself."""
    asking = next((item for item in items if "django_db_setup" in item.fixturenames), None)
    if asking is None:
        return
    list(play([asking]))
    with asking.config.stash[blocking_manager_key].unblock():
        connection.ensure_connection()
        file = connection.connection
        connection.connection = None
        connection.settings_dict["NAME"] = ":memory:"
        connection.connect()
        file.backup(connection.connection)
        file.close()


def as_it_is(items) -> dict[str, Played]:
    def play_all():
        set_mutant_under_test("stats")
        of_each = {}
        until = process_time()  # not that of the clock on the wall: other processes wait for the same processors
        for item, passed in play(items):
            since, until = until, process_time()
            of_each[item.nodeid] = (until - since, not passed, sorted(state()._stats))
            state()._stats.clear()
        return of_each

    of_each, _ = in_a_child(play_all)
    assert of_each is not None, "the tests as they are could not be played"
    return {nodeid: Played(*one) for nodeid, one in of_each.items()}


# --- The tests, of what is changed ------------------------------------------------------------------------------------
def play_against(mutant, chosen, played) -> str | None:
    """Who noticed, if anybody."""

    def play_changed():
        mutant.apply()
        return next((item.nodeid for item, passed in play(chosen) if not passed), "")

    if not chosen:
        return None
    patience = ceil(20 + PATIENCE * sum(played[item.nodeid].seconds for item in chosen))
    said, was_stopped = in_a_child(play_changed, seconds=patience)
    if was_stopped:
        return ENDLESS
    assert said is not None, f"{mutant} could not be made"
    return said or None


def in_a_child(do, seconds=0):
    """What it says; and whether it had to be stopped."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reading)
            signal.setitimer(signal.ITIMER_PROF, seconds)  # of the processor: others wait for the same
            signal.alarm(seconds * 20)  # what waits for ever uses none
            errors = os.fdopen(os.dup(2), "w")
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            with os.fdopen(writing, "w") as pipe:
                json.dump(do(), pipe)
        except BaseException:  # whatever it is, this process is no place to go on from
            traceback.print_exc(file=errors)
            errors.flush()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    status = os.waitpid(pid, 0)[1]
    return json.loads(said) if status == 0 else None, os.WIFSIGNALED(status)


def told(mutant) -> str:
    return f"{mutant.table} {mutant.row}: {mutant.change}"


def play(items):
    """What is shared by the session alone stands at the end."""
    end = SimpleNamespace(listchain=lambda: [items[0].session])
    for item, following in zip(items, [*items[1:], end], strict=True):
        reports.clear()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        yield item, not any(report.failed for report in reports)


def write(text: str) -> None:
    sys.__stdout__.write(text)
    sys.__stdout__.flush()
