"""For which structure one acts: chosen in the header, narrowed everywhere, shown, and left again. And breadcrumbs."""

import re
from pathlib import Path

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from mailboxes.lifecycle import Act, State
from mailboxes.models import Membership, Notice, Structure
from mailboxes.views.menu import ABOVE, MENU, MenuGroup, place_in_menu
from tests.mailboxes.conftest import pressed_by_enter
from tests.safety import routes

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def annexe(structure):
    return Structure.objects.create(name="Annexe", town="Lyon", finess_et="010000109", parent=structure)


@pytest.fixture
def gisele(client, people):
    client.force_login(people.gisele.user)
    return client


def act_for(client, place):
    return client.post(reverse("place-choose"), {"place": place.pk if place else "", "next": reverse("bal-list")})


def test_who_sees_one_structure_is_offered_no_choice(gisele, org):
    assert "J’agis pour" not in gisele.get(reverse("bal-list")).text


def test_lists_the_inbox_and_entering_are_narrowed_until_it_is_left(gisele, annexe, structure, org, make_bal, people):
    there = make_bal("ORG", people.alice, structure=annexe, percent_full=99, quota_mb=100, used_mb=99)
    assert "J’agis pour" in gisele.get(reverse("bal-list")).text
    assert act_for(gisele, annexe).url == reverse("bal-list")
    page = gisele.get(reverse("bal-list"))
    assert list(page.context["page"]) == [there]
    assert "Revenir à toutes les structures" in page.text
    assert [row.number for row in gisele.get(reverse("dashboard")).context["rows"] if row.finding.name == "pleine"] == [
        1
    ]
    form = gisele.get(reverse("bal-new")).context["form"]
    assert list(form.fields["structure"].queryset) == [annexe]
    assert form["structure"].value() == annexe.pk
    assert gisele.get(org.get_absolute_url()).status_code == 200, "a link of a mail still leads there"
    act_for(gisele, None)
    assert gisele.get(reverse("bal-list")).context["listing"].count == 2


def test_the_export_and_the_bulk_take_what_the_list_shows(gisele, annexe, org, make_bal, people):
    there = make_bal("ORG", people.alice, structure=annexe)
    act_for(gisele, annexe)
    lines = b"".join(gisele.get(reverse("bal-export")).streaming_content).decode()
    assert there.address in lines
    assert org.address not in lines
    answer = gisele.post(reverse("bal-bulk"), {"act": "request_depublication", "scope": "all"})
    assert gisele.get(answer.url).context["possible"] == 1


def test_figures_reports_and_what_may_be_saved_are_narrowed_too(gisele, annexe, org, make_bal, people):
    there = make_bal("ORG", people.alice, structure=annexe, state=State.DEPUBLISHED)
    act_for(gisele, annexe)
    shown = gisele.get(reverse("access-list"))
    assert list(shown.context["page"]) == [there]
    assert org.address not in gisele.get(reverse("access-list")).text
    saved = gisele.get(reverse("savings")).context
    assert [(one.hurdle.name, one.cost.count) for one in saved["blocked"]] == [("depubliee", 1)]
    assert saved["to_ask"] == 1
    assert [count for *_, count in gisele.get(reverse("operators")).context["operators"]] == [1]
    assert [str(one) for one in gisele.get(reverse("indicators")).context["form"].seen] == [str(annexe)]
    assert gisele.get(reverse("indicators")).context["form"].title == str(annexe)
    assert gisele.get(reverse("protocols")).url == reverse("protocol", args=[annexe.pk])
    assert [one for one, _ in gisele.get(reverse("recurrence-list")).context["rows"]] == [annexe]
    assert gisele.get(reverse("panorama")).context["structure"] == annexe


def test_what_is_asked_of_holders_in_bulk_is_asked_there_alone(gisele, annexe, org, make_bal, people):
    there = make_bal("ORG", people.alice, structure=annexe, state=State.DEPUBLISHED)
    here = make_bal("ORG", people.bruno, state=State.DEPUBLISHED, address="ici@chu-exemple.mssante.fr")
    act_for(gisele, annexe)
    gisele.post(reverse("savings-ask"))
    assert set(Notice.objects.filter(stage=Act.ASK_DELETION).values_list("bal", flat=True)) == {there.pk}
    act_for(gisele, None)
    gisele.post(reverse("savings-ask"))
    assert set(Notice.objects.filter(stage=Act.ASK_DELETION).values_list("bal", flat=True)) == {there.pk, here.pk}


@pytest.mark.parametrize("named", ["annexe", "lyon", "010000109", "Ann lyo"])
def test_it_is_found_by_words_of_its_name_town_or_number(gisele, annexe, named):
    assert gisele.post(reverse("place-choose"), {"named": named}).status_code == 302
    assert gisele.session["place"] == annexe.pk
    assert "Annexe" in gisele.get(reverse("place-suggest"), {"named": named}).text


def test_enter_sends_what_is_typed_and_no_structure_of_the_list(gisele, annexe):
    assert "name=" not in pressed_by_enter(gisele.get(reverse("bal-list")).text, "acting")


def test_words_that_name_none_or_several_are_told(gisele, annexe, structure):
    Structure.objects.create(name="Annexe du bas", parent=structure)
    answer = gisele.post(reverse("place-choose"), {"named": "anne"})
    assert answer.url == f"{reverse('structure-list')}?q=anne"
    answer = gisele.post(reverse("place-choose"), {"named": "rien"})
    assert "Aucune structure ne répond" in str(list(get_messages(answer.wsgi_request))[-1])
    assert gisele.post(reverse("place-choose"), {"named": "annexe"})
    assert gisele.session["place"] == annexe.pk


def test_a_structure_that_one_does_not_see_is_not_acted_for(gisele, client, people, annexe, other_structure):
    act_for(gisele, other_structure)
    assert "place" not in gisele.session
    act_for(gisele, annexe)
    Membership.objects.filter(user=people.gisele.user).delete()
    assert gisele.get(reverse("bal-list")).status_code == 200, "what is no longer seen narrows nothing"


# --- Breadcrumbs ------------------------------------------------------------------------------------------------------
# Pages that hang below no page of the menu: one's own account, what a link opens, what looks after the platform.
WITHOUT = (
    "compte/", "avis/repondre/", "adresses/", "questions/", "rattachement/", "coordonnees/<str", "healthz", "readyz",
    "metrics", "fhir/", "api/", "admin/", "service", "mes-preferences/", "mise-en-route/", "chercher", "recherche",
    "listes/", "j-agis-pour/", "styleguide/", "gardees/", "ce-qui-est-garde", "static",
    "accessibilite/", "apparence/", "scim/",
)  # fmt: skip


ACTS = {"todo-remedy", "todo-follow", "view-change", "batch-stop", "batch-undo"}  # that lead back where one was


def test_every_page_says_where_it_stands():
    lost = []
    for route in routes.walk():
        path = route.path
        if path.startswith(WITHOUT) or not path or "." in path.rsplit("/", 1)[-1]:
            continue
        if route.name in ACTS:
            continue
        if place_in_menu("/" + path, route.name) is None:
            lost.append(path)
    assert lost == [], "\n".join(lost)


def test_what_the_table_says_is_of_the_menu():
    pages = {page.view for entry in MENU for page in (entry.pages if isinstance(entry, MenuGroup) else (entry,))}
    names = {route.name for route in routes.walk()}
    assert set(ABOVE.values()) <= pages
    assert set(ABOVE) <= names


def test_no_page_names_again_the_list_that_its_crumbs_lead_to():
    listed = {page.view for entry in MENU for page in getattr(entry, "pages", (entry,))}
    for template in Path("templates").rglob("*.html"):
        own = "".join(re.findall(r"{% block pretitle %}.*?{% endblock %}", template.read_text(), re.DOTALL))
        assert not listed & set(re.findall(r'{% url "([\w:-]+)"', own)), template
