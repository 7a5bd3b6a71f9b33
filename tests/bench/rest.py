"""The API under load, as gunicorn serves it, over 100 000 BAL and 560 000 lines of the annuaire."""

import json
import os
import random
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from directory.models import Entry
from mailboxes.lifecycle import Scope
from mailboxes.models import Bal, Membership, Reading, Structure
from mailboxes.software.actions import declare_software
from tests.bench import fhir, jobs
from tests.bench.programs import WRK
from tests.bench.row import Row
from tests.servers import free_port, run, web_answers

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/bench/served/wrk.lua"
SECONDS = 6
CONNECTIONS = 2
QUESTIONS = 2_000
BATCH = 500
PUSH = 10_000
EMPTY = "an empty view"
PAGE = "/api/v1/bals/"


class Load(NamedTuple):
    """Milliseconds that wrk measured, and how many answers a second."""

    p50: float
    p95: float
    rate: float


def rows() -> Iterator[Row]:
    fill()
    with TemporaryDirectory() as folder, served(Path(folder)) as api:
        bare, empty = api.load(["/bare/"]), api.load(["/empty/"])
        yield Row("an empty view with its key, trace and rate limit, p50", empty.p50, "ms", "without any", bare.p50)
        yield from lists(api, empty)
        yield from resolver(api, empty)
        yield from readings(api)
    with TemporaryDirectory() as folder, served(Path(folder), WEB_WORKERS="2") as api:
        yield from at_once(api)


def at_once(api) -> Iterator[Row]:
    """As through nginx: each request by a connection of its own, which the processes share out among them."""
    paths = [f"/api/v1/resolve/?rpps={one['rpps']}&finess={one['finess']}" for one in questions()]
    for connections, least in ((1, None), (8, None), (32, 250)):
        load = api.load(paths, connections, "-H", "Connection: close")
        work = f"resolver, two processes, {connections} at once"
        yield Row(work, load.rate, "answers/s", f"p95 {load.p95:.0f} ms", None, least, at_least=True)


def lists(api, empty: Load) -> Iterator[Row]:
    middle, last = api.middle_and_last()
    measured = {name: api.load([path]).p50 for name, path in {"first": PAGE, "middle": middle, "last": last}.items()}
    for name, took in measured.items():
        yield Row(f"BAL, {name} page of 50, p50", took, "ms", EMPTY, empty.p50, 5)
    yield Row("BAL, last page of 50, p50", measured["last"], "ms", "first page", measured["first"], 1.5)
    one = [f"/api/v1/bals/{pk}/" for pk in Bal.objects.order_by("?").values_list("pk", flat=True)[:QUESTIONS]]
    yield Row("one BAL with its holders and abilities, p50", api.load(one).p50, "ms", EMPTY, empty.p50)


def resolver(api, empty: Load) -> Iterator[Row]:
    asked = questions()
    single = api.load([f"/api/v1/resolve/?rpps={one['rpps']}&finess={one['finess']}" for one in asked])
    yield Row("resolver, one question, p50", single.p50, "ms", EMPTY, empty.p50, 3)
    yield Row("resolver, one question, p95", single.p95, "ms", EMPTY, empty.p95, 3)
    took = [api.post("resolve/", {"questions": asked[start : start + BATCH]}) for start in range(0, QUESTIONS, BATCH)]
    each = 1000 * median(took) / BATCH
    yield Row(f"resolver, {BATCH} questions at once, per question", each, "ms", "one question, p50", single.p50)
    known = [f"/api/v1/check/?address={address}" for address in addresses()]
    yield Row("check of an address, p50", api.load(known).p50, "ms", EMPTY, empty.p50)


def readings(api) -> Iterator[Row]:
    known = list(Bal.objects.order_by("pk").values_list("address", flat=True)[:PUSH])

    def said(address: str, day: int) -> dict:
        at = timezone.now() - timedelta(days=day)
        return {"address": address, "at": at.isoformat(), "used_mb": 500 + day, "quota_mb": 1000}

    one = median(api.post("readings/", said(address, 1)) for address in known[:300])
    took = median(
        api.post("readings/bulk/", {"readings": [said(address, day) for address in known]}) for day in (2, 3, 4)
    )
    assert Reading.objects.filter(source=Reading.Source.PUSH).count() == 300 + 3 * PUSH
    yield Row(f"readings, {PUSH} at once, per reading", 1000 * took / PUSH, "ms", "one at a time", 1000 * one)


class Api:
    def __init__(self, url: str, folder: Path, token: str):
        self.url, self.folder = url, folder
        self.key = f"Authorization: Bearer {token}"
        self.wrk = WRK.path()

    def load(self, paths: list[str], connections: int = CONNECTIONS, *options: str) -> Load:
        """Ask these addresses in turn, for so many seconds after a short warm-up; each must be answered by 200."""
        told = self.folder / "paths"
        told.write_text("\n".join(paths))
        for seconds in (1, SECONDS):
            command = [self.wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", SCRIPT, "-H", self.key, *options]
            command.append(self.url)
            env = {**os.environ, "PATHS": str(told)}
            said = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
        requests, failed, p50, p95 = map(int, said.rpartition("measured ")[2].split())
        assert not failed, f"{failed} of {requests} failed: {paths[0]}"
        return Load(p50 / 1000, p95 / 1000, requests / SECONDS)

    def ask(self, path: str, body: dict | None = None):
        name, _, value = self.key.partition(": ")
        headers = {name: value, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None, headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict) -> float:
        """Seconds that the answer took."""
        started = perf_counter()
        self.ask(f"/api/v1/{path}", body)
        return perf_counter() - started

    def middle_and_last(self) -> tuple[str, str]:
        """By following `next`, for a cursor is not ours to make: in long steps, and near the end in short ones."""
        pages = self.walk(f"{PAGE}?page_size=500")
        middle, late = (pages[rank].replace("page_size=500", "page_size=50") for rank in (len(pages) // 2, -1))
        return middle, self.walk(late)[-1]

    def walk(self, page: str) -> list[str]:
        pages = [page]
        while following := self.ask(pages[-1])["next"]:
            pages.append(following.removeprefix(self.url))
        return pages


@contextmanager
def served(folder: Path, **also: str) -> Iterator[Api]:
    url = f"http://127.0.0.1:{free_port()}"
    env = {
        **os.environ,
        "BIND": url.removeprefix("http://"),
        "SITE_URL": url,
        "API_REQUESTS_PER_MINUTE": "10000000",
        **also,
    }
    command = [sys.executable, "-m", "gunicorn", "tests.bench.served.wsgi"]
    with run(command, folder / "web.log", web_answers(f"{url}/compte/login/"), cwd=ROOT, env=env):
        yield Api(url, folder, token())


def token() -> str:
    """Of a software that may do everything in every structure."""
    gestionnaire = get_user_model().objects.create_user(f"gestionnaire-{secrets.token_hex(4)}")
    structures = list(Structure.objects.all())
    Membership.objects.bulk_create(
        Membership(user=gestionnaire, structure=each, role=Membership.Role.GESTIONNAIRE) for each in structures
    )
    software = declare_software(name="DPI", structures=structures, scopes=Scope.values, days=30, by=gestionnaire)
    return software[1]


def fill() -> None:
    jobs.fill()
    fhir.load()
    structure, operator = Structure.objects.first(), Bal.objects.select_related("operator")[0].operator
    Bal.objects.bulk_create(
        Bal(address=address, kind="PER", state="active", structure=structure, operator=operator)
        for address in addresses()
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _drawn() -> list[Entry]:
    people = Entry.objects.published().filter(kind="PER").exclude(structure_id="").exclude(person_id="")
    return list(people.order_by("digest")[:QUESTIONS])


def addresses() -> list[str]:
    return [one.address for one in _drawn()]


def questions() -> list[dict]:
    """A correspondant with a structure, or without one time in two."""
    draw = random.Random(5)
    return [{"rpps": one.person_id, "finess": draw.choice(["", one.structure_id])} for one in _drawn()]
