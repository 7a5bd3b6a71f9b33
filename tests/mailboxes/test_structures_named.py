"""Pages that go structure by structure, for whoever follows hundreds."""

import re

import pytest
from django.urls import reverse

from mailboxes.forms.structure_field import FEW
from mailboxes.models import Structure

pytestmark = pytest.mark.sqlite_run

PAGES = ["protocols", "notice-texts", "recurrence-list", "opening"]


@pytest.fixture
def many(structure):
    return [
        Structure.objects.create(name=f"Établissement {n:02}", kind="hospital", town="Nantes", parent=structure)
        for n in range(FEW + 4)
    ]


@pytest.fixture
def visit(client, people):
    def go(name, **asked):
        client.force_login(people.gisele.user)
        return client.get(reverse(name), asked)

    return go


@pytest.mark.parametrize("name", PAGES)
def test_of_few_all_are_there_and_nothing_is_asked(name, visit, structure):
    Structure.objects.create(name="Annexe", kind="hospital", parent=structure)
    said = visit(name).text
    assert "Annexe" in said
    assert 'name="nom"' not in said


def shown(answer) -> list[str]:
    main = answer.text.partition("<main")[2]
    return sorted(set(re.findall(r"Établissement \d\d", main)))


@pytest.mark.parametrize("name", PAGES)
def test_hundreds_are_read_by_pages_or_found_by_their_name(name, visit, many):
    first, second = shown(visit(name)), shown(visit(name, page=2))
    assert sorted({*first, *second}) == [one.name for one in many]
    assert (len(first), len(second)) == (FEW - 1, 5)  # the CHU, which is above them, is one
    found = visit(name, nom=" 43 nantes")
    assert shown(found) == ["Établissement 43"]
    assert 'href="?"' in found.text


@pytest.mark.parametrize("name", PAGES)
def test_a_name_that_none_bears_is_told(name, visit, many):
    said = visit(name, nom="<b>Ailleurs\0").text
    assert "Aucune structure ne répond à «\u00a0&lt;b&gt;Ailleurs\u00a0»" in said
    assert 'name="nom"' in said


@pytest.mark.parametrize("name", PAGES)
def test_as_many_queries_for_hundreds_as_for_forty(name, visit, many, structure, django_assert_max_num_queries):
    visit(name)
    counts = []
    for _ in range(2):
        with django_assert_max_num_queries(60) as asked:
            visit(name)
        counts.append(len(asked))
        Structure.objects.bulk_create(
            Structure(name=f"Autre {n}", kind="hospital", parent=structure) for n in range(100)
        )
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("name", "leads_to"), [("protocols", "protocol"), ("notice-texts", "notice-texts-of")])
def test_where_there_is_one_it_is_opened_at_once(name, leads_to, visit, structure):
    assert visit(name).url == reverse(leads_to, args=[structure.pk])
