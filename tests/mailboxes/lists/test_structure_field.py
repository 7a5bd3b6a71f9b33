"""Where structures are few they are listed; where they are many one is named."""

import pytest
from django.urls import reverse

from mailboxes.forms.structure_field import FEW
from mailboxes.lists.models import SavedView
from mailboxes.models import Structure
from mailboxes.software.models import Software
from tests.mailboxes.conftest import pressed_by_enter

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


# --- Several at once --------------------------------------------------------------------------------------------------
KEY = {"name": "DUI", "scopes": ["read"], "days": 30}


def test_few_are_ticked(gisele, structure):
    page = gisele.get(reverse("software-new")).text
    assert f'type="checkbox" name="structures" value="{structure.pk}"' in page
    assert "<textarea" not in page


def test_of_many_those_that_one_wants_are_typed_one_a_line(gisele, hundreds, structure):
    page = gisele.get(reverse("software-new")).text
    assert "Site 7" not in page
    assert 'for="id_structures"' in page
    assert '<textarea name="structures"' in page
    gisele.post(reverse("software-new"), KEY | {"structures": "site 7\r\n\r\n 010000002 \nSite 44"})
    memberships = Software.objects.get().user.memberships
    assert sorted(memberships.values_list("structure__name", flat=True)) == ["CHU", "Site 44", "Site 7"]


def test_each_line_that_names_none_or_several_is_said_and_all_are_kept(gisele, hundreds):
    page = gisele.post(reverse("software-new"), KEY | {"structures": "Site 7\nSite\nAilleurs"}).text
    assert "Plusieurs structures répondent à «\u00a0Site\u00a0»" in page
    assert "Aucune structure ne répond à «\u00a0Ailleurs\u00a0»" in page
    assert "Site 7\nSite\nAilleurs</textarea>" in page
    assert not Software.objects.exists()


def test_numbers_come_back_as_names(gisele, hundreds):
    page = gisele.post(reverse("software-new"), {"structures": [hundreds[7].pk, hundreds[8].pk, 999_999]}).text
    assert "Site 7\nSite 8\n999999</textarea>" in page


def test_none_is_asked_for(gisele, hundreds):
    assert "obligatoire" in gisele.post(reverse("software-new"), KEY | {"structures": " \n"}).text


# --- With whom a view is shared ---------------------------------------------------------------------------------------
@pytest.fixture
def view(people):
    return SavedView.objects.create(owner=people.gisele.user, listing="bals", title="Pleines")


def test_with_one_of_few_a_view_is_shared_by_a_list_with_one_of_many_by_its_name(gisele, view, structure):
    assert f'<option value="{structure.pk}">' in gisele.get(reverse("view-list")).text
    Structure.objects.bulk_create(Structure(name=f"Site {n}", parent=structure) for n in range(FEW))
    page = gisele.get(reverse("view-list")).text
    assert "Site 7" not in page
    assert 'value="share"' in pressed_by_enter(page, f"share-{view.pk}")
    gisele.post(reverse("view-change", args=[view.pk]), {"what": "share", "structure": "site 7"})
    view.refresh_from_db()
    assert view.structure.name == "Site 7"


@pytest.mark.parametrize(
    ("said", "why"),
    [("", "Choisissez la structure"), ("ailleurs", "Aucune structure ne répond"), ("Site", "Plusieurs structures")],
)
def test_what_names_none_is_said_and_the_view_stays_ones_own(gisele, view, hundreds, said, why):
    change = {"what": "share", "structure": said}
    page = gisele.post(reverse("view-change", args=[view.pk]), change, follow=True).text
    assert why in page
    view.refresh_from_db()
    assert view.structure is None


# --- Whose BAL change operator ----------------------------------------------------------------------------------------
def test_the_structure_of_a_migration_is_typed_too_where_they_are_many(gisele, hundreds):
    page = gisele.get(reverse("migration-list")).text
    assert 'placeholder="Nom, commune ou numéro"' in page
    assert "Site 7" not in page
    asked = gisele.get(reverse("migration-select"), {"structure": "site 7"})
    site = Structure.objects.get(name="Site 7")
    assert asked.url == reverse("migration-new", args=[site.pk])
    for said, why in (("Site", "Plusieurs structures"), ("", "obligatoire"), ("ailleurs", "Aucune structure")):
        page = gisele.get(reverse("migration-select"), {"structure": said}, follow=True)
        assert page.redirect_chain[-1][0] == reverse("migration-list")
        assert why in page.text
