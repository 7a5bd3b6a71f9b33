"""What moved since, and what is no longer there: found by the lines that an index holds, and the same as of each
resource apart."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.models import Entry
from mailboxes.api.fhir.searches import Search, found_keys, read_search

FIRST = datetime(2026, 3, 10, 12, tzinfo=UTC)
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "person": st.integers(1, 2),
            "place": st.sampled_from(["", "010000002", "020000001"]),
            "changed": st.sampled_from([0, 4]),
            "withdrawn": st.none() | st.sampled_from([0, 4]),
            "profession": st.sampled_from(["10", "60"]),
        }
    ),
    max_size=8,
)
DAYS = st.sampled_from(["2026-03-09", "2026-03-12", "2026-03-14", "2026-03-15"])
PREFIXES = st.sampled_from(["ge", "gt", "le", "lt", "eq", "ne", "sa", "eb", ""])
MOMENTS = st.tuples(PREFIXES, DAYS).map("".join)
SEARCHES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["Practitioner", "PractitionerRole", "Organization"]),
        "_lastUpdated": st.lists(MOMENTS, min_size=1, max_size=2),
        "active": st.sampled_from(["", "true", "false"]),
        "code": st.booleans(),
    }
)


def moved(entry: Entry) -> datetime:
    return entry.withdrawn_at or entry.changed_at


def naive(search: Search, entries: list[Entry], profession: str) -> set[tuple]:
    """Of each resource: when it last moved, whether it is still there."""
    resources: dict[tuple, list[Entry]] = {}
    for entry in entries:
        key = tuple(getattr(entry, name) for name in search.kind.key)
        if all(key):
            resources.setdefault(key, []).append(entry)
    found = set()
    for key, lines in resources.items():
        latest = max(map(moved, lines))
        within = all(
            any(all((latest >= at) == (bound == "gte") for bound, at in bounds) for bounds in alternatives)
            for alternatives in search.changed
        )
        there = [entry for entry in lines if entry.withdrawn_at is None]
        answering = [entry for entry in there if entry.profession_code == profession] if profession else lines
        is_so = {None: True, True: bool(there), False: not there}[search.active]
        if within and is_so and answering:
            found.add(key)
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(lines=LINES, search=SEARCHES)
def test_a_search_by_moment_or_presence_finds_the_resources_that_are_so(db, lines, search):
    with transaction.atomic():
        Entry.objects.bulk_create(
            Entry(
                source="extraction", address=f"a{rank}@chu.mssante.fr", ordinal=rank, digest=str(rank), kind="PER",
                person_id=f"1000000000{one['person']}", structure_id=one["place"], first_seen_at=FIRST,
                profession_code=one["profession"], changed_at=FIRST + timedelta(days=one["changed"]),
                withdrawn_at=None if one["withdrawn"] is None else FIRST + timedelta(days=one["withdrawn"]),
            )
            for rank, one in enumerate(lines)
        )  # fmt: skip
        query = QueryDict(mutable=True)
        query.setlist("_lastUpdated", search["_lastUpdated"])
        if search["active"]:
            query["active"] = search["active"]
        asks_code = search["code"] and search["kind"] == "Practitioner"
        if asks_code:
            query["qualification-code"] = "10"
        asked = read_search(search["kind"], query)
        assert set(found_keys(asked)) == naive(asked, list(Entry.objects.all()), "10" if asks_code else "")
        transaction.set_rollback(True)
