"""The filters of a list: written once where they ask nothing, and never with what another asked."""

import re

import pytest
from django.urls import reverse

import mailboxes.urls  # noqa: F401 - with it every list is known
from balmanager.form_renderer import FormRenderer
from mailboxes.lists import filters
from mailboxes.lists.listing import LISTINGS
from mailboxes.models import Operator, Structure

pytestmark = pytest.mark.sqlite_run
EMPTY = {"imports", "migrations", "notices"}  # nothing is there to be filtered
FILTERED = sorted(name for name, one in LISTINGS.items() if one.inline and one.keeps_views and name not in EMPTY)


@pytest.fixture(autouse=True)
def _nothing_is_written_yet(monkeypatch):
    monkeypatch.setattr(filters, "WRITTEN", {})


def filters_of(page) -> str:
    return re.search(r'<form class="list-filters".*?</form>', page.text, re.DOTALL).group()


def test_the_second_visit_writes_only_what_is_chosen_among_rows(visit, people, monkeypatch):
    written = []
    render = FormRenderer.render

    def noted(self, template, context, request=None):
        if "field" in context:
            written.append(context["field"].name)
        return render(self, template, context, request)

    monkeypatch.setattr(FormRenderer, "render", noted)
    first = filters_of(visit(people.gisele, "bal-list"))
    assert {"operator", "holder", "published"} <= set(written)
    written.clear()
    assert filters_of(visit(people.gisele, "bal-list")) == first
    assert set(written) == {"operator", "structure", "unanswered"}


@pytest.mark.parametrize("name", FILTERED)
def test_what_one_asks_is_not_what_the_next_is_shown(visit, people, org, structure, name):
    page = LISTINGS[name].view
    fresh = filters_of(visit(people.gisele, page))
    names = set(re.findall(r'name="(\w+)"', fresh))
    filters.WRITTEN.clear()
    asked = filters_of(visit(people.gisele, page, query="?" + "&".join(f"{one}=zz" for one in names)))
    assert asked != fresh
    assert filters_of(visit(people.gisele, page)) == fresh


def test_a_choice_stands_out_and_an_error_is_told(visit, people):
    visit(people.gisele, "bal-list")
    page = filters_of(visit(people.gisele, "bal-list", query="?kind=PER&state=zz"))
    assert re.search(r'<option value="PER"\s+selected', page)
    assert "is-invalid" in page
    assert reverse("bal-list") in page


def test_rows_to_choose_are_those_of_who_asks_and_of_now(visit, people, org, structure, other_structure):
    """Prepared questions: what they are asked for is never kept."""

    def offered(person):
        return re.findall(r'<option value="(\d+)"', filters_of(visit(person, "bal-list")))

    before = offered(people.gisele)
    assert str(structure.pk) in before
    assert str(other_structure.pk) not in before
    assert str(structure.pk) not in offered(people.eve)
    new = Structure.objects.create(name="Site neuf", parent=structure)
    operator = Operator.objects.create(code="neuf", name="Opérateur neuf")
    assert sorted(offered(people.gisele)) == sorted([*before, str(new.pk), str(operator.pk)])
    assert str(new.pk) not in offered(people.eve)
