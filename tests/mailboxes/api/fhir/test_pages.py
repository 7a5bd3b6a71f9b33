"""The pages of a search."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from directory.models import Entry
from mailboxes.api.fhir import resources
from tests.mailboxes.api.fhir.conftest import ALICE, CHU, CLINIC

pytestmark = pytest.mark.sqlite_run


# --- Pages ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def walk(ask):
    """Every id, page by page; `between` is done between two pages."""

    def go(path, between=lambda number: None, **query):
        found, totals = [], []
        bundle = ask(path, **query)
        while True:
            found.append([entry["resource"]["id"] for entry in bundle.get("entry", [])])
            totals.append(bundle.get("total"))
            following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
            if not following:
                return found, totals
            between(len(found))
            url = urlsplit(following[0])
            bundle = ask(url.path.removeprefix("/fhir/"), **parse_qs(url.query))

    return go


def flat(pages):
    return [one for page in pages for one in page]


@pytest.fixture
def crowd_of(publish):
    def go(*numbers, **facts):
        for number in numbers:
            publish(f"p{number:03}", rpps=f"3{number:010}", **facts)

    return go


def test_pages_lead_through_everything_once(crowd_of, walk):
    crowd_of(*range(7))
    pages, totals = walk("Practitioner", _count=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert flat(pages) == [f"3{number:010}" for number in range(7)]
    assert totals == [7] * 3


def test_situations_of_one_person_are_cut_between_pages(crowd_of, walk):
    for place in ("010000001", CHU, CLINIC):
        crowd_of(1, 2, place=place)
    pages, _ = walk("PractitionerRole", _count=2)
    assert flat(pages) == [
        f"3{number:010}-{place}" for number in (1, 2) for place in sorted(("010000001", CHU, CLINIC))
    ]


def test_what_comes_and_goes_between_pages_shifts_nothing(crowd_of, walk):
    crowd_of(*range(1, 20, 2))

    def between(number):
        Entry.objects.filter(person_id=f"3{1:010}").update(withdrawn_at=timezone.now())
        crowd_of(0, 18, 19) if number == 1 else None

    pages, _ = walk("Practitioner", between=between, _count=3)
    seen = flat(pages)
    assert len(seen) == len(set(seen))
    assert {f"3{number:010}" for number in range(1, 20, 2)} <= set(seen)
    assert f"3{18:010}" in seen, "it came before its place was read"


def test_the_total_is_given_where_it_is_asked_or_costs_nothing(crowd_of, walk):
    crowd_of(*range(4))
    assert walk("Practitioner")[1] == [4]
    assert walk("Practitioner", _count=3, _total="none")[1] == [None, None]
    for total in ("accurate", "estimate"):
        assert walk("Practitioner", _count=3, _total=total)[1] == [4, 4]


def test_the_total_is_counted_once_for_all_pages(crowd_of, walk):
    crowd_of(*range(4))
    assert walk("Practitioner", between=lambda number: crowd_of(9), _count=3, _total="accurate")[1] == [4, 4]


def test_the_parameters_go_with_the_pages(crowd_of, walk, publish):
    crowd_of(*range(4))
    publish("q", rpps=ALICE)
    query = {"_count": 3, "mailbox-mss": "p,z", "_elements": "identifier"}
    assert flat(walk("Practitioner", **query)[0]) == [f"3{number:010}" for number in range(4)]


def test_a_page_has_at_most_200(crowd_of, ask, monkeypatch):
    monkeypatch.setattr("mailboxes.api.fhir.searches.MAX_SIZE", 2)
    crowd_of(*range(4))
    assert len(ask("Practitioner", _count=10_000)["entry"]) == 2


def test_nothing_found_is_an_empty_bundle(ask):
    bundle = ask("Practitioner", name="personne")
    assert (bundle["type"], bundle["total"], "entry" in bundle) == ("searchset", 0, False)
    assert bundle["link"] == [{"relation": "self", "url": "http://testserver/fhir/Practitioner?name=personne"}]


INCLUDED = {
    "Practitioner": {"_revinclude": "PractitionerRole:practitioner"},
    "PractitionerRole": {"_include": ["PractitionerRole:practitioner", "PractitionerRole:organization"]},
    "Organization": {"_revinclude": "PractitionerRole:organization"},
}


@pytest.mark.parametrize("path", INCLUDED)
def test_the_queries_do_not_grow_with_the_page(path, crowd_of, ask, make_bal, django_assert_max_num_queries):
    counts = []
    for numbers in (range(2), range(2, 20)):
        for number in numbers:
            crowd_of(number, place=f"02{number:07}")
            make_bal("PER", address=f"p{number:03}@chu-exemple.mssante.fr")
        with django_assert_max_num_queries(40) as captured:
            assert len(ask(path, **INCLUDED[path])["entry"]) >= len(numbers)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_structure_does_not_cost_a_line_for_each_of_its_professionals(crowd_of, ask, monkeypatch):
    crowd_of(*range(6), place=CHU)
    read = []
    make = resources.ToldLine._make
    monkeypatch.setattr(resources.ToldLine, "_make", lambda row: read.append(row) or make(row))
    ask("Organization")
    assert len(read) == 1
