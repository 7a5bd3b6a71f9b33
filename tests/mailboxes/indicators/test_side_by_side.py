"""Structures side by side: the worst first, each figure with its course and the rows that it counts."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory.identifiers import department_of
from mailboxes.gaps import SITUATIONS
from mailboxes.indicators.side_by_side import YARDSTICKS, SideBySide, known_share
from mailboxes.jobs import run as run_job
from mailboxes.lists.place import KEY
from mailboxes.models import AccessTrace, Measure, Membership, Structure
from mailboxes.views.side_by_side import DRAWN, sorted_lines
from tests.servers import ROOT

PAGE = "structure-compare"


def measured(structure, weeks=0, **counts):
    """As the job writes it: nothing of what is 0, the total aside."""
    day = timezone.localdate() - timedelta(days=7 * weeks)
    of = {
        "live": ("total", ""),
        "used": ("activity", "used"),
        "unknown": ("activity", "unknown"),
        "idle": ("activity", "none"),
        "full": ("finding", "pleine"),
        "gaps": ("finding", SITUATIONS[0].name),
        "orphans": ("finding", "orpheline"),
    }
    Measure.objects.bulk_create(
        Measure(structure=structure, day=day, name=of[what][0], key=of[what][1], count=count)
        for what, count in counts.items()
    )


@pytest.fixture
def below(structure, people):
    """The CHU, and two places below the same Fondation, which Gisèle follows whole."""
    fondation = structure.parent
    Membership.objects.filter(user=people.gisele.user).update(structure=fondation)
    Structure.objects.filter(pk=structure.pk).update(postcode="42000", town="Saint-Étienne")
    home = Structure.objects.create(name="EHPAD Les Lilas", parent=fondation, postcode="42100", finess_et="010000003")
    site = Structure.objects.create(name="Site de Bastia", parent=structure, postcode="20600")
    measured(fondation, live=0)
    measured(structure, live=20, used=15, unknown=2, idle=3, full=1, gaps=2, orphans=1)
    measured(structure, weeks=4, live=18, used=15, unknown=0, idle=3)
    measured(home, live=4, used=1, unknown=3, gaps=5, full=2)
    measured(site, live=1, unknown=1)
    return [fondation, structure, home, site]


@pytest.fixture
def visit(client, people):
    def go(name=PAGE, person=people.gisele, **asked):
        client.force_login(person.user)
        return client.get(reverse(name), asked)

    return go


def names(page):
    return [line.label for line in page.context["page"]]


def cells(page, label):
    (line,) = [line for line in page.context["page"] if line.label == label]
    return {cell.name: cell for cell in line.cells}


def test_the_worst_comes_first_and_each_figure_is_its_own_structure_s(visit, below):
    page = visit()
    assert names(page) == ["EHPAD Les Lilas", "CHU", "Fondation", "Site de Bastia"]
    said = {name: cell.said for name, cell in cells(page, "CHU").items()}
    assert said == {"live": "20", "known": "90\u00a0%", "idle": "3", "full": "1", "gaps": "2", "todo": "4"}
    assert cells(page, "Fondation")["known"].said == "–", "where nothing is paid no share is known"


@pytest.mark.parametrize(
    ("sort", "first"),
    [("label", "CHU"), ("-label", "Site de Bastia"), ("-live", "CHU"), ("known", "Site de Bastia"), ("-known", "CHU"),
     ("rien", "EHPAD Les Lilas")],
)  # fmt: skip
def test_each_column_sorts(visit, below, sort, first):
    assert names(visit(sort=sort))[0] == first


def test_what_is_unknown_stands_last_either_way(below):
    lines = SideBySide(Structure.objects.all(), timezone.now()).lines
    for sort in ("known", "-known"):
        assert sorted_lines(lines, sort)[-1].label == "Fondation"


def test_the_course_is_told_in_words_and_what_gets_worse_is_marked(visit, below):
    found = cells(visit(), "CHU")
    assert found["known"].course == "−10 en trois mois"
    assert found["known"].is_worse
    assert found["full"].is_worse
    assert found["live"].course == "+2 en trois mois"
    assert not found["live"].is_worse, "more BAL are no fault"
    assert found["idle"].course == ""
    assert len(found["live"].points.split()) == 2, "a week without a measure is no nought"
    assert cells(visit(), "Site de Bastia")["live"].points == "", "one point is no course"


def test_a_week_tells_by_its_last_measure_whatever_the_day(visit, below):
    """As where the service stood still on some day, or the latest measure is not of today."""
    for days, live in ((3, 19), (5, 11), (6, 12), (13, 17), (90, 5), (91, 1)):
        day = timezone.localdate() - timedelta(days=days)
        Measure.objects.create(structure=below[1], day=day, name="total", key="", count=live)
    told = SideBySide(Structure.objects.filter(pk=below[1].pk), timezone.now())
    assert told.courses(told.lines)[0]["live"] == [5, 18, 17, 20], "13 weeks, and of each the last"


@pytest.mark.parametrize("one", YARDSTICKS, ids=lambda one: one.name)
def test_each_figure_leads_to_its_rows(visit, client, below, one):
    url = cells(visit(), "CHU")[one.name].url
    assert f"structure={below[1].pk}" in url
    page = client.get(url)
    assert page.status_code == 200
    if "listing" in page.context:
        asked = {chip.name for chip in page.context["listing"].chips}
        assert {"structure", *one.query} <= asked, "each narrows the list indeed"


def test_the_figures_are_those_of_the_lists(visit, client, people, fresh, structure, make_bal):
    """Taken by the job, not written by the test."""
    long_ago = timezone.now() - timedelta(days=330)
    for clock in (timezone.now(), long_ago, None):
        make_bal("PER", people.paul, clock_at=clock)
    make_bal("ORG", people.alice, clock_at=timezone.now(), used_mb=99, quota_mb=100, percent_full=99)
    run_job("take_measures", timezone.now())
    found = cells(visit(), "CHU")
    assert (found["known"].said, found["idle"].said, found["full"].said) == ("75\u00a0%", "1", "1")
    for name in ("live", "idle", "full"):
        assert client.get(found[name].url).context["page"].paginator.count == int(found[name].said), name
    assert client.get(found["known"].url).context["page"].paginator.count == 1, "whose use is unknown"


def test_what_is_paid_for_nothing_is_told_in_euros(visit, people, structure, operator, make_bal):
    operator.yearly_cost = Decimal("18.00")
    operator.save()
    make_bal("PER", people.paul, clock_at=timezone.now() - timedelta(days=330))
    make_bal("PER", people.paul, clock_at=timezone.now())
    (line,) = visit().context["page"]
    assert (line.wasted.count, line.wasted.amount) == (1, 18)


def test_the_euros_have_their_course_since_they_are_measured(
    visit, people, structure, operator, make_bal, time_machine
):
    """Taken by the job, three weeks apart; a week measured before euros were is no point."""
    time_machine.move_to("2026-06-15 12:00 +0200")  # three weeks before midnight may be the day after, in summer
    operator.yearly_cost = Decimal("18.00")
    operator.save()
    now, idle = timezone.now(), {"clock_at": timezone.now() - timedelta(days=500)}
    measured(structure, weeks=9, live=5)
    for weeks, more in ((6, 1), (3, 0), (0, 2)):
        for _ in range(more):
            make_bal("PER", people.paul, **idle)
        time_machine.move_to(now - timedelta(weeks=weeks))
        run_job("take_measures", timezone.now())
    (line,) = [line for line in visit().context["page"] if line.label == structure.name]
    assert line.wasted.amount == 54
    assert (line.course.said, line.course.is_worse) == ("+36\u00a0€ en trois mois", True)
    assert len(line.course.points.split()) == 3
    assert "+36\u00a0€ en trois mois" in visit().text


def test_it_is_narrowed_by_name_parent_and_departement(visit, below):
    structure = below[1]
    assert names(visit(q="lilas")) == ["EHPAD Les Lilas"]
    assert sorted(names(visit(parent=structure.pk))) == ["CHU", "Site de Bastia"]
    assert names(visit(departement="2B")) == ["Site de Bastia"]
    assert len(names(visit(departement="99"))) == 4, "what is not understood is not applied"


def test_the_structure_acted_for_narrows_it(visit, client, below):
    visit()
    session = client.session
    session[KEY] = below[1].pk
    session.save()
    page = client.get(reverse(PAGE))
    assert sorted(names(page)) == ["CHU", "Site de Bastia"]


def test_a_departement_is_the_sum_of_its_structures(visit, below):
    page = visit(par="departement")
    assert names(page) == ["42", "2B", "inconnu"]
    said = {name: cell.said for name, cell in cells(page, "42").items()}
    assert (said["live"], said["gaps"], said["todo"]) == ("24", "7", "11")
    assert said["known"] == f"{known_share({'paid': 24, 'unknown': 5})}\u00a0%"
    assert len(cells(page, "42")["live"].points.split()) == 2
    assert f'href="{reverse(PAGE)}?departement=42"' in page.text


def test_the_map_is_the_darker_the_more_of_what_the_list_is_sorted_by(visit, below):
    assert visit().context["map"] == [], "of structures there is none"
    steps = dict(visit(par="departement").context["map"])
    assert steps == {"2B": 1, "42": 3}
    assert dict(visit(par="departement", sort="known").context["map"]) == {"2B": 1, "42": 3}
    assert visit(par="departement", sort="label").context["map"] == []
    page = visit(par="departement").text
    assert 'departements.svg#d42" class="map-3"' in page
    assert "CC BY 4.0" in page, "whose shapes they are"


def test_the_map_draws_what_the_package_holds():
    sprite = (ROOT / "static" / "vendor" / "departements.svg").read_text()
    assert set(re.findall(r'<symbol id="d(\w+)"', sprite)) == DRAWN
    assert department_of("20200") in DRAWN


def test_what_one_does_not_see_is_not_compared(visit, below, people, other_structure):
    measured(other_structure, live=7)
    assert "Clinique voisine" not in names(visit())
    assert names(visit(person=people.eve)) == ["Clinique voisine"]
    assert visit(person=people.paul).status_code == 404
    assert visit("structure-compare-csv", person=people.paul).status_code == 404


def test_a_reader_compares_too(visit, people, below):
    assert visit(person=people.lea).status_code == 200


def test_nothing_measured_yet_is_said(visit, people):
    assert "Pas encore de mesure" in visit().text


def test_the_files_hold_what_is_shown_and_are_written_down(visit, below):
    told = visit("structure-compare-csv", q="lilas").content.decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(told), delimiter=";")
    assert (line["Structure"], line["Usage connu (%)"], line["FINESS ou SIRET"]) == (
        "EHPAD Les Lilas",
        "25",
        "010000003",
    )
    assert line["€ par an sans usage"] == "0,00"
    book = openpyxl.load_workbook(io.BytesIO(visit("structure-compare-xlsx", par="departement").content))
    rows = list(book.active.values)
    assert [row[0] for row in rows] == ["Département", "42", "2B", "inconnu"]
    assert [trace.target for trace in AccessTrace.objects.order_by("pk")] == [
        "structures comparées, csv, q=lilas",
        "structures comparées, xlsx, par=departement",
    ]


def test_it_costs_the_same_queries_for_few_and_many(visit, below):
    counts = []
    visit()  # the first visit opens the session
    for number in (1, 20):
        for n in range(number):
            one = Structure.objects.create(name=f"Site {number}-{n}", parent=below[0], postcode="42000")
            measured(one, live=n, used=n)
            measured(one, weeks=1, live=n)
        with CaptureQueriesContext(connection) as queries:
            visit()
        counts.append(len(queries))
    assert counts[0] == counts[1], counts
