"""Where structures are few they are listed; where they are many one is named."""

import pytest
from django.urls import reverse

from mailboxes.forms.structure_field import FEW
from mailboxes.models import Structure

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def gisele(client, people):
    client.force_login(people.gisele.user)
    return client


@pytest.fixture
def hundreds(structure):
    places = [Structure(name=f"Site {n}", town="Lyon", parent=structure) for n in range(FEW + 5)]
    return Structure.objects.bulk_create(places)


def test_few_are_options(gisele, structure, org):
    assert f'<option value="{structure.pk}"' in gisele.get(reverse("bal-list")).text


@pytest.mark.parametrize("view", ["bal-list", "request-list", "person-list", "gap-list", "activity", "access-list"])
def test_many_are_typed(gisele, hundreds, view):
    page = gisele.get(reverse(view)).text
    assert "Nom, commune ou numéro" in page
    assert page.count("Site ") < FEW


@pytest.mark.parametrize("said", ["CHU", "chu", "010000002"])
def test_one_that_is_named_narrows(gisele, hundreds, structure, org, said):
    listing = gisele.get(reverse("bal-list"), {"structure": said}).context["listing"]
    assert [chip.value for chip in listing.chips] == ["CHU"]
    assert listing.count == 1


def test_a_number_shows_as_the_name(gisele, hundreds, structure, org):
    assert 'value="CHU"' in gisele.get(reverse("bal-list"), {"structure": structure.pk}).text


@pytest.mark.parametrize(("said", "why"), [("Site", "Plusieurs structures répondent"), ("rien", "Aucune structure")])
def test_what_names_none_or_several_is_said_and_not_applied(gisele, hundreds, org, said, why):
    page = gisele.get(reverse("bal-list"), {"structure": said})
    assert why in page.text.replace("&#x27;", "'")
    assert page.context["listing"].count == 1
