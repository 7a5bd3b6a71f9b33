"""Of many BAL, what is long to count is kept a quarter of an hour, and every page that shows it says of when it is."""

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from django.core.cache import cache
from django.utils import timezone

from mailboxes import jobs
from mailboxes.findings import counts
from mailboxes.models import Bal, JournalEntry

PAGES = ["gap-list", "costs", "savings", "movement-list", "directory:observatory", "structure-compare", "access-list"]
SAID = "ces nombres sont ceux de 10:20"


@pytest.fixture
def register(time_machine, people, make_bal, fresh):
    """Three BAL, of which two nobody holds; measured at ten in the morning, looked at five minutes later."""
    time_machine.move_to("2026-03-02 10:15 +0100", tick=False)
    fresh.generated_at = timezone.now()
    fresh.save()
    found = [make_bal("PER", people.paul, clock_at=timezone.now()), make_bal("ORG"), make_bal("ORG")]
    jobs.run("take_measures")
    time_machine.move_to("2026-03-02 10:20 +0100", tick=False)
    cache.clear()
    yield found
    cache.clear()


@pytest.fixture
def many(register, monkeypatch):
    monkeypatch.setattr(counts, "MANY", 2)
    return register


@pytest.mark.parametrize("name", PAGES)
def test_of_few_nothing_is_kept_and_nothing_said(register, visit, people, name):
    assert "ces nombres sont ceux de" not in visit(people.gisele, name).text


@pytest.mark.parametrize("name", PAGES)
def test_of_many_the_page_says_of_when_it_is(many, visit, people, name, time_machine):
    """The gaps are of the latest measure, five minutes before; the rest is counted at the first visit."""
    said = "ces nombres sont ceux de 10:15" if name == "gap-list" else SAID
    assert said in visit(people.gisele, name).text
    time_machine.move_to(timezone.now() + timedelta(minutes=9), tick=False)
    assert said in visit(people.gisele, name).text


def test_what_stands_in_the_way_is_counted_of_then_and_shown_of_now(many, visit, people):
    def told():
        found = visit(people.gisele, "savings").context["blocked"]
        return {one.hurdle.name: (one.cost.count, len(one.dearest)) for one in found}

    assert told()["orpheline"] == (2, 2)
    Bal.objects.filter(pk=many[1].pk).update(state="deleted")
    assert told()["orpheline"] == (2, 1), "of what is no longer there, nothing is shown"


def test_the_orphans_touched_since_they_were_counted_are_not_shown(many, visit, people, time_machine):
    def told():
        orphans = visit(people.gisele, "movement-list").context["orphans"]
        return orphans["count"], len(orphans["rows"])

    assert told() == (2, 2)
    time_machine.move_to(timezone.now() + timedelta(minutes=1), tick=False)
    JournalEntry.objects.create(bal=many[1], what="describe")
    assert told() == (2, 1)


def test_a_file_of_costs_is_of_now(many, visit, people, make_bal):
    before = visit(people.gisele, "costs").context["total"].total.count
    make_bal("ORG")
    assert visit(people.gisele, "costs").context["total"].total.count == before
    lines = visit(people.gisele, "costs-csv", "type").text
    assert f"Total;{before + 1};" in lines


def test_the_files_of_structures_side_by_side_say_of_when_they_are(register, visit, people, time_machine, request):
    def told():
        table = visit(people.gisele, "structure-compare-csv").content.decode("utf-8-sig")
        book = openpyxl.load_workbook(io.BytesIO(visit(people.gisele, "structure-compare-xlsx").content))
        header, *rows = book.active.values
        lines = [
            *csv.DictReader(io.StringIO(table), delimiter=";"),
            *(dict(zip(header, row, strict=True)) for row in rows),
        ]
        return {(line["Mesuré le"], line["Sans usage compté le"]) for line in lines}

    assert told() == {("02/03/2026", "02/03/2026 à 10:20")}
    request.getfixturevalue("many")
    visit(people.gisele, "structure-compare")
    time_machine.move_to(timezone.now() + timedelta(minutes=9), tick=False)
    assert told() == {("02/03/2026", "02/03/2026 à 10:20")}
    time_machine.move_to(timezone.now() + timedelta(minutes=9), tick=False)
    cache.clear()
    assert told() == {("02/03/2026", "02/03/2026 à 10:38")}
