"""Every list is the one component: columns, chips, sizes, order, views, and the way back."""

import inspect
import re
from pathlib import Path

import pytest
from django.urls import reverse

import mailboxes.urls  # noqa: F401 - with it every list is known
from mailboxes.lifecycle import State
from mailboxes.lists.actions import pin_view, save_view, share_view
from mailboxes.lists.listing import LISTINGS
from mailboxes.lists.models import QUERY_LENGTH, SavedView, Taste
from mailboxes.lists.rules import MOST_VIEWS
from mailboxes.models import JournalEntry, Structure
from mailboxes.rules import Refused
from tests.servers import ROOT

pytestmark = pytest.mark.sqlite_run

# The pages that one row's own page holds, beside the lists; and the structures of which one is to be opened.
PARTS = {
    "mailboxes/imports/views.py",
    "mailboxes/moves/views.py",
    "mailboxes/software/views.py",
    "mailboxes/views/notices.py",
    "mailboxes/views/structures_named.py",
}
WHOLE = {
    "engagements",
    "moves",
    "recurrence.html",
    "import.html",
    "panorama.html",
    "savings.html",
    "costs.html",
    "layout_list.html",
    "thresholds",
    "software",
    "_equipment.html",
    "_annuaire.html",
}  # a handful in all, or the parts of one row
# What is no list of ours: of the annuaire, that knows nothing of the lists; and of the API.
APART = ("directory/", "mailboxes/api/", "mailboxes/lists/", "mailboxes/management/")
TOP = [name for name, listing in LISTINGS.items() if listing.keeps_views]


@pytest.fixture
def gisele(client, people):
    client.force_login(people.gisele.user)
    return client


def test_no_page_has_a_list_of_its_own():
    """A page that cuts rows into pages does it by the one class."""
    sources = [*Path(ROOT, "mailboxes").rglob("*.py"), *Path(ROOT, "balmanager").rglob("*.py")]
    cutting = {
        str(path.relative_to(ROOT))
        for path in sources
        if re.search(r"Paginator\(", path.read_text()) and not str(path.relative_to(ROOT)).startswith(APART)
    }
    assert cutting == PARTS


def test_no_template_draws_a_list_of_its_own():
    """The table of a list, its filters and its foot stand once."""
    for path in Path(ROOT, "templates", "mailboxes").rglob("*.html"):
        own = path.read_text()
        assert "table-mobile-lg register" not in own or {path.name, path.parent.name} & WHOLE, path
        assert "data-check-all" not in own or path.name == "_decide.html", path


@pytest.mark.parametrize("name", TOP)
def test_each_list_has_as_many_cells_as_columns(gisele, name, org, per, app):
    """With every column chosen, and with the first alone."""
    listing = LISTINGS[name]
    args = ["usage-inconnu"] if name == "finding" else []
    page = reverse(listing.view, args=args)
    for chosen in ([column.name for column in listing.columns], []):
        Taste.objects.update_or_create(
            user_id=gisele.session["_auth_user_id"], listing=name, defaults={"columns": chosen}
        )
        answer = gisele.get(page)
        assert answer.status_code == 200, name
        found = answer.context["listing"]
        assert isinstance(found, listing)
        if not listing.columns or not found.count:
            continue
        head, body = answer.text.split("<tbody>")[0].split("<thead>")[1], answer.text.split("<tbody>")[1]
        cells = len(re.findall(r"<td", body.split("</tr>")[0]))
        assert len(re.findall(r"<th ", head)) == cells, name


def test_what_is_filtered_stands_as_chips_each_with_the_way_without_it(gisele, org, per):
    listing = gisele.get(
        reverse("bal-list"), {"kind": "ORG", "state": "active", "sort": "-address", "page": "1"}
    ).context["listing"]
    assert [(chip.label, chip.value) for chip in listing.chips] == [("Type", "organisationnelle"), ("État", "active")]
    assert listing.chips[0].url == f"{reverse('bal-list')}?state=active&sort=-address"
    assert listing.count == 1


def test_a_filter_that_holds_by_itself_is_removed_too(gisele):
    listing = gisele.get(reverse("gap-list")).context["listing"]
    (chip,) = listing.chips
    assert chip.url == f"{reverse('gap-list')}?status="
    assert gisele.get(chip.url).context["listing"].chips == []


def test_the_total_says_what_it_is_made_of(gisele, make_bal, org, per):
    assert gisele.get(reverse("bal-list")).context["listing"].total == "2 BAL"
    make_bal("ORG", state=State.DELETED)
    assert gisele.get(reverse("bal-list")).context["listing"].total == "3 BAL : 2 en vie, 1\u00a0close"
    assert (
        gisele.get(reverse("bal-list"), {"state": "deleted"}).context["listing"].total
        == "1 BAL : 0 en vie, 1\u00a0close"
    )


def test_columns_and_size_are_kept_for_the_account_alone(gisele, client, people, org):
    page = reverse("bal-list")
    gisele.post(
        reverse("list-taste", args=["bals"]),
        {"columns": ["state", "operator"], "size": "50", "next": f"{page}?kind=ORG"},
    )
    listing = gisele.get(page).context["listing"]
    assert [column.name for column in listing.shown] == ["address", "state", "operator"]
    assert listing.paginator.per_page == 50
    client.force_login(people.lea.user)
    assert client.get(page).context["listing"].paginator.per_page == 25


@pytest.mark.parametrize("size", ["0", "7", "1000000", "x", ""])
def test_a_size_that_is_none_is_the_usual_one(gisele, org, size):
    gisele.post(reverse("list-taste", args=["bals"]), {"size": size})
    assert gisele.get(reverse("bal-list")).context["listing"].paginator.per_page == 25


def test_each_order_of_a_list_is_one_and_its_reverse(gisele, people):
    page = reverse("person-list")
    names = [[str(one) for one in gisele.get(page, {"sort": sort}).context["page"]] for sort in ("name", "-name")]
    assert names[0] == names[1][::-1]
    assert len(names[0]) > 2


def test_who_comes_back_finds_the_list_as_it_was(gisele, org):
    gisele.get(reverse("bal-list"), {"kind": "ORG", "page": "1"})
    crumbs = gisele.get(org.get_absolute_url()).context["crumbs"]
    assert [crumb.label for crumb in crumbs] == ["BAL", "Toutes les BAL"]
    assert crumbs[-1].url == f"{reverse('bal-list')}?kind=ORG&page=1#r{org.pk}"


def test_a_list_costs_the_same_for_any_number(gisele, make_bal, people, django_assert_max_num_queries):
    for _ in range(3):
        make_bal("ORG", people.alice)
    gisele.get(reverse("bal-list"))
    with django_assert_max_num_queries(20) as few:
        gisele.get(reverse("bal-list"))
    for _ in range(15):
        make_bal("ORG", people.alice, people.bruno)
    with django_assert_max_num_queries(len(few)):
        gisele.get(reverse("bal-list"))


# --- Views ------------------------------------------------------------------------------------------------------------
def test_a_view_is_saved_pinned_and_opened(gisele, people, org):
    said = {"title": "Mes ORG", "query": "kind=ORG", "pin": "1", "next": f"{reverse('bal-list')}?kind=ORG"}
    assert gisele.post(reverse("view-save", args=["bals"]), said).url == said["next"]
    page = gisele.get(reverse("bal-list"))
    assert page.text.count("/bal/?kind=ORG") >= 2, "in the menu and among the views of the list"
    view = SavedView.objects.get()
    pin_view(view, False, by=people.gisele.user)
    assert gisele.get(reverse("person-list")).text.count("/bal/?kind=ORG") == 0


def test_two_views_of_one_name_and_a_view_without_name_are_refused(people):
    save_view("bals", "Mes ORG", "kind=ORG", by=people.gisele.user)
    for title in ("Mes ORG", " "):
        with pytest.raises(Refused):
            save_view("bals", title, "", by=people.gisele.user)
    save_view("bals", "Longue", "a" * QUERY_LENGTH, by=people.gisele.user)
    with pytest.raises(Refused, match="filtres"):
        save_view("bals", "Plus longue", "a" * (QUERY_LENGTH + 1), by=people.gisele.user)


def test_so_many_views_are_kept_and_no_more(people):
    for number in range(MOST_VIEWS):
        save_view("bals", f"Vue {number}", "", by=people.gisele.user)
    with pytest.raises(Refused, match=f"déjà {MOST_VIEWS} vues"):
        save_view("bals", "Une de plus", "", by=people.gisele.user)
    save_view("bals", "De quelqu’un d’autre", "", by=people.lea.user)


def test_a_shared_view_is_seen_by_those_who_follow_the_structure_and_its_sharing_is_written(
    client, people, structure, org
):
    view = save_view("bals", "Mes ORG", "kind=ORG", by=people.gisele.user)
    client.force_login(people.lea.user)
    assert "Mes ORG" not in client.get(reverse("view-list")).text
    share_view(view, structure, by=people.gisele.user)
    assert "Mes ORG" in client.get(reverse("view-list")).text
    assert "Mes ORG" in client.get(reverse("bal-list")).text
    assert JournalEntry.objects.get(what="share_view").structure == structure
    client.force_login(people.eve.user)
    assert "Mes ORG" not in client.get(reverse("view-list")).text


def test_a_view_shared_with_another_structure_is_told_to_the_one_that_loses_it(people, structure):
    beside = Structure.objects.create(name="Antenne", parent=structure)
    view = share_view(save_view("bals", "Mes ORG", "", by=people.gisele.user), beside, by=people.gisele.user)
    share_view(view, structure, by=people.gisele.user)
    lines = JournalEntry.objects.filter(what="share_view").order_by("pk")
    told = [(line.structure, line.before, line.after) for line in lines]
    assert told == [(beside, "", "Mes ORG"), (beside, "Mes ORG", ""), (structure, "", "Mes ORG")]


@pytest.mark.parametrize("what", ["delete", "keep", "share"])
def test_another_s_view_is_not_one_s_own_to_change(client, people, structure, what):
    view = share_view(save_view("bals", "Mes ORG", "", by=people.gisele.user), structure, by=people.gisele.user)
    client.force_login(people.lea.user)
    client.post(reverse("view-change", args=[view.pk]), {"what": what, "structure": structure.pk})
    view.refresh_from_db()
    assert view.structure == structure


def test_its_owner_takes_a_view_back_and_deletes_it(gisele, people, structure):
    view = share_view(save_view("bals", "Mes ORG", "", by=people.gisele.user), structure, by=people.gisele.user)
    pin_view(view, True, by=people.lea.user)
    gisele.post(reverse("view-change", args=[view.pk]), {"what": "keep"})
    view.refresh_from_db()
    assert (view.structure, list(view.pinned_by.all())) == (None, [])
    gisele.post(reverse("view-change", args=[view.pk]), {"what": "delete"})
    assert not SavedView.objects.exists()


def test_each_listing_says_its_own_of_what_the_class_leaves_open():
    for name, listing in LISTINGS.items():
        assert listing.name == name
        assert {"view", "row", "nouns", "columns"} <= {member for member, _ in inspect.getmembers(listing)}, name
