"""What pages, exports, calls of the API and jobs cost in CPU: a hospital group's register, PostgreSQL as installed."""

import gc
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import Client
from django.urls import reverse

from directory.models import Entry
from directory.patience import limit_pages, unlimited
from mailboxes import jobs
from mailboxes.api.keys import KeyThrottle
from mailboxes.lifecycle import Scope
from mailboxes.models import Affiliation, Bal, Membership, Operator, Structure
from mailboxes.software.actions import declare_software
from mailboxes.views.menu import MENU, MenuGroup
from tests.bench import shape
from tests.bench.cpu import backend, spent
from tests.bench.row import Row

SIZES = (1_000, 10_000) if os.environ.get("BENCH_QUICK") else (1_000, 10_000, 100_000)
BALS = SIZES[-1]
JOURNAL = 50  # lines a BAL
QUESTIONS = 200
EMPTY = "an empty view with its key"
EMPTY_THERE = 1.11  # ms of CPU, on the machine where the limits below were set: they are so many times that
MOST_OF_A_PAGE = 120  # ms
FILTERED = ("published=non", "finding=homonyme")
MOST_OF_A_SUGGESTION = 100  # ms
TYPED = ("NOM1019", "Prénom32 NOM1019", "essai", "zzzz")  # a name, a whole one, what is in addresses, in nothing
EXPORTS = (
    "bal-export",
    "bal-export-xlsx",
    "gap-export",
    "preference-export",
    "structure-compare-csv",
    "structure-compare-xlsx",
    "indicators-xlsx",
    "indicators-pdf",
)
CLIENT = Client()
WITH_BOTH = "_include=PractitionerRole:practitioner&_include=PractitionerRole:organization"


def rows() -> Iterator[Row]:
    settings.ALLOWED_HOSTS, settings.ROOT_URLCONF = ["*"], "tests.bench.served.urls"
    KeyThrottle.THROTTLE_RATES = {"api": "100000000/min"}
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # one backend, whose CPU is read
    limit_pages()
    connection.close()  # the next is told what those of a web process are
    for bals in SIZES:
        cache.clear()
        with unlimited():
            shape.empty()
            shape.fill(bals, journal=JOURNAL * bals)
        call_command("job", "take_measures", for_real=True, stdout=StringIO())  # as every quarter of an hour
        whole, one = keys()
        look(reverse("dashboard"))  # loads the rest
        gc.collect()
        gc.freeze()  # as gunicorn.conf.py does
        empty = partial(ask, "/empty/", whole)
        if bals == BALS:
            for name, limit, go in calls(whole, one):
                yield beside(f"{name}, {bals} BAL", go, empty, limit)
        for name, path in pages().items():
            yield beside(f"page {name}, {bals} BAL", partial(look, path), empty, MOST_OF_A_PAGE)
        if bals == BALS:
            for name, path in pages().items():
                go = partial(look, path, "bench-one")
                yield beside(f"page {name} of one structure, {bals} BAL", go, empty, MOST_OF_A_PAGE)
        for text in TYPED:
            path = f"{reverse('find-suggestions')}?{urlencode({'q': text})}"
            yield beside(f"typed: {text}, {bals} BAL", partial(look, path), empty, MOST_OF_A_SUGGESTION)
    for name in EXPORTS:
        yield Row(f"{name}, {BALS} BAL", spent(partial(look, reverse(name))), "ms CPU")
    yield from every_job()


def beside(work: str, go: Callable, empty: Callable, limit: float | None) -> Row:
    """What it costs, beside an empty view measured before and after: a shared machine changes from one to the next."""
    before = spent(empty)
    took = spent(go)
    most = None if limit is None else round(limit / EMPTY_THERE, 1)
    return Row(work, took, "ms CPU", EMPTY, (before + spent(empty)) / 2, most)


def every_job() -> Iterator[Row]:
    """Each with all that is due that day, undone afterwards: what one leaves is not the work of another."""
    for name in jobs.JOBS:
        with transaction.atomic():
            here, there = time.thread_time(), backend()
            done = jobs.run(name).done
            took = time.thread_time() - here + backend() - there
            transaction.set_rollback(True)
        yield Row(f"job {name}, {BALS} BAL, {done} done", took, "s CPU")


def keys() -> tuple[str, str]:
    """The tokens of a software of the whole group, and of one of a single structure."""
    tokens = []
    for name, structures in (
        ("all", Structure.objects.filter(parent=None)),
        ("one", Structure.objects.exclude(parent=None)[:1]),
    ):
        user = get_user_model().objects.create_user(f"bench-{name}")
        chosen = list(structures)
        Membership.objects.bulk_create(Membership(user=user, structure=each, role="gestionnaire") for each in chosen)
        tokens.append(declare_software(name=name, structures=chosen, scopes=Scope.values, days=30, by=user)[1])
    return tokens[0], tokens[1]


def ask(path: str, token: str, **body) -> None:
    facts = {"headers": {"Authorization": f"Bearer {token}"}}
    answer = CLIENT.post(path, body, "application/json", **facts) if body else CLIENT.get(path, **facts)
    assert answer.status_code in (200, 201), (path, answer.content)


def calls(whole: str, one: str) -> Iterator[tuple[str, float | None, Callable]]:
    def call(path: str, **body):
        ask(path, whole, **body)

    draw, count = random.Random(5), itertools.count()
    people = list(Entry.objects.filter(kind="PER").exclude(person_id="").order_by("digest")[:QUESTIONS])
    asked = [{"rpps": line.person_id, "finess": draw.choice(["", line.structure_id])} for line in people]
    pks = list(Bal.objects.order_by("?").values_list("pk", flat=True)[:QUESTIONS])
    stay = Affiliation.objects.filter(left_on=None)[0]
    domain = Operator.objects.first().domains.get_or_create(name="essai.mssante.fr")[0]
    new = {"structure": stay.structure_id, "operator": domain.operator.code, "kind": "ORG", "exists": True}

    def turn(some: list):
        return some[next(count) % len(some)]

    yield "API, 50 BAL", 10, lambda: call("/api/v1/bals/")
    yield "API, 50 BAL of a key of one structure", 10, lambda: ask("/api/v1/bals/", one)
    yield "API, one BAL", 6, lambda: call(f"/api/v1/bals/{turn(pks)}/")
    yield (
        "API, one BAL entered",
        12,
        lambda: call("/api/v1/bals/", principal=stay.person_id, address=f"n{next(count)}@{domain.name}", **new),
    )
    yield "resolver", 7, lambda: call("/api/v1/resolve/?rpps={rpps}&finess={finess}".format(**turn(asked)))
    yield (
        f"resolver, {QUESTIONS} questions at once",
        QUESTIONS / 2,
        lambda: call("/api/v1/resolve/", questions=asked),
    )
    yield "check of an address", 3, lambda: call(f"/api/v1/check/?address={turn(people).address}")
    yield "FHIR, 200 roles, includes", 150, lambda: call(f"/fhir/PractitionerRole?_count=200&{WITH_BOTH}")
    names = f"/fhir/PractitionerRole?_count=200&_elements=name&{WITH_BOTH}"
    yield "FHIR, 200 roles, includes, names alone", None, lambda: call(names)


def pages() -> dict[str, str]:
    """Each of the menu, and the lists that are filtered by what no column holds."""
    groups = [entry.pages if isinstance(entry, MenuGroup) else (entry,) for entry in MENU]
    paths = {page.view: page.url for group in groups for page in group}
    return paths | {f"bal-list?{query}": f"{reverse('bal-list')}?{query}" for query in FILTERED}


def look(path: str, account: str = "bench-all") -> None:
    client = Client()
    client.force_login(get_user_model().objects.get(username=account))
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    for _ in answer.streaming_content if answer.streaming else ():
        pass
