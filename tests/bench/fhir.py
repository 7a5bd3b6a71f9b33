"""The FHIR façade over 560 000 lines of the annuaire: a page as it is given, without the web server."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from django.contrib.auth import get_user_model
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from directory.invented import write_annuaire
from directory.models import Entry
from directory.sources import get_source
from directory.sync import sync
from mailboxes.api.fhir.bundles import SearchPage, bundle_of
from mailboxes.api.fhir.searches import read_search
from mailboxes.api.fhir.totals import total_of
from tests.bench.row import Row

LINES = 560_000
ROUNDS = 5
FULL = "_include=PractitionerRole:practitioner&_include=PractitionerRole:organization"


def rows() -> Iterator[Row]:
    load()
    user = get_user_model().objects.create_user("bench")
    person = Entry.objects.filter(kind="PER").exclude(structure_id="").exclude(person_id="").order_by("digest")[0]
    late = Entry.objects.exclude(person_id="").order_by("-person_id").values_list("person_id", flat=True)[500]
    for name, query in [
        ("Practitioner", f"identifier={person.person_id}"),
        ("Practitioner", f"identifier={person.person_id}&_revinclude=PractitionerRole:practitioner"),
        ("Practitioner", f"family={person.family_name}"),
        ("Practitioner", f"family={person.family_name}&given={person.given_name}"),
        ("Practitioner", "name=a"),
        ("Practitioner", "qualification-code=10"),
        ("PractitionerRole", f"mailbox-mss:exact={person.address}"),
        ("PractitionerRole", f"mailbox-mss:contains=@{person.domain}"),
        ("PractitionerRole", f"organization={person.structure_id}"),
        ("Organization", f"name={person.structure_name}"),
        ("Organization", "mailbox-mss=secretariat"),
        ("Organization", "active=false"),
        ("Practitioner", "_lastUpdated=ge2100-01-01&_count=200"),
        ("PractitionerRole", "_lastUpdated=ge2100-01-01&_count=200"),
        ("Practitioner", "_lastUpdated=ge2200-01-01"),
    ]:
        search = read_search(name, QueryDict(query))
        yield measured(f"{name}?{query}", lambda search=search: bundle_of(SearchPage(search), "", user))
    for name in ("Practitioner", "PractitionerRole", "Organization"):
        query = f"_count=200&{FULL}" if name == "PractitionerRole" else "_count=200"
        search = read_search(name, QueryDict(query))
        first = measured(f"{name}, first page of 200", lambda search=search: bundle_of(SearchPage(search), "", user))
        yield first
        if name != "Organization":
            after = (late, "") if name == "PractitionerRole" else (late,)
            yield measured(
                f"{name}, last pages", lambda s=search, a=after: bundle_of(SearchPage(s, a), "", user), first.value
            )
        counted = read_search(name, QueryDict("_total=accurate"))
        yield measured(f"{name}, the total alone", lambda counted=counted: total_of(counted))


def load() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "day.txt"
        write_annuaire(path, LINES)
        sync(get_source("extraction", path=str(path)))
    # A day's worth of changes: one line in 128, told as if of another century.
    moved = timezone.make_aware(datetime(2100, 6, 1))
    Entry.objects.filter(digest__lt="02").update(changed_at=moved)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def measured(name, go, against=None):
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        answer = go()
        times.append(1000 * (perf_counter() - start))
    size = len(answer.get("entry", [])) if isinstance(answer, dict) else answer
    return Row(
        f"{name} ({size})", median(times), "ms", "the first page" if against else "", against, 1.5 if against else None
    )
