"""The search of the annuaire over 560 000 lines, page of results included."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from django.db import connection

from directory import figures, search_index
from directory.invented import write_annuaire
from directory.models import Entry, SyncRun
from directory.search import Asked, search
from directory.sources import get_source
from directory.sync import sync
from tests.bench.row import Row

LINES = 560_000
SAMPLES = 60  # people drawn for each sort of query
ROUNDS = 3
PAGE = 25


def rows() -> Iterator[Row]:
    yield from load()
    people = list(Entry.objects.filter(kind="PER").exclude(postcode="").order_by("digest")[:SAMPLES])
    for name, ask in QUERIES.items():
        asked = [ask(person) for person in people]
        warm = [answer(one) for one in asked]
        assert all(len(found) for found in warm), name
        ours, bare = [], []
        for _ in range(ROUNDS):
            for one in asked:
                ours.append(timed(lambda one=one: answer(one)))
                bare.append(bare_time(one))
        yield Row(f"{name}, p50", 1000 * median(ours), "ms", "its SQL alone", 1000 * median(bare), 2)
        yield Row(f"{name}, p95", 1000 * quantiles(ours, n=20)[-1], "ms", limit=30)


def load() -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "day.txt"
        write_annuaire(path, LINES)
        run = sync(get_source("extraction", path=str(path)))
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {search_index.SEARCH}, {search_index.WORD}")
    yield Row("filling and indexing the search", timed(search_index.level), "s", "the first load", run.seconds)
    yield Row("levelling it when nothing changed", timed(search_index.level), "s", "the first load", run.seconds)
    run.status = SyncRun.Status.APPLIED
    yield Row(
        "counting the observatory's figures", timed(lambda: figures.record(run)), "s", "the first load", run.seconds
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def answer(asked):
    found = search(asked)
    found.entries(0, PAGE)
    return found


def bare_time(asked) -> float:
    """The very statements of the search, their rows fetched, without anything of ours or Django's around."""
    statements = []

    def note(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer(asked)
    raw = connection.connection

    def send():
        for sql, params in statements:
            raw.execute(sql, params).fetchall()

    return timed(send)


def timed(act) -> float:
    started = perf_counter()
    act()
    return perf_counter() - started


def mistyped(word: str) -> str:
    """Without its fourth letter."""
    return word[:3] + word[4:] if len(word) > 4 else word


QUERIES = {
    "exact name": lambda one: Asked(f"{one.given_name} {one.family_name}"),
    "name without accents": lambda one: Asked(f"{one.given_name} {one.family_name}".translate(PLAIN)),
    "typing error": lambda one: Asked(f"{one.given_name} {mistyped(one.family_name)}"),
    "inverted": lambda one: Asked(f"{one.family_name} {one.given_name}"),
    "RPPS": lambda one: Asked(one.person_id),
    "address": lambda one: Asked(one.address),
    "name and town": lambda one: Asked(one.family_name, place=one.address_l6.partition(" ")[2]),
    "profession and département": lambda one: Asked(profession=one.profession_code, place=one.department),
    "title, initial, profession, town": lambda one: Asked(
        f"Dr {one.given_name[0]}. {one.family_name} {one.profession} {one.address_l6.partition(' ')[2]}"
    ),
    "service and town": lambda one: Asked(f"cardio {one.address_l6.partition(' ')[2]}"),
    "service, sort of house, town": lambda one: Asked(f"urgences chu {one.address_l6.partition(' ')[2]}"),
    "town alone": lambda one: Asked(one.address_l6.partition(" ")[2]),
}
PLAIN = str.maketrans("éèêëàâîïôöûüçÉ", "eeeeaaiioouuce")
