"""Names stand where one looks for them, over SQLite too, which sorts by code points; PostgreSQL is asked as before."""

import pytest
from django.db import connection
from django.urls import reverse

from directory.folding import as_read
from mailboxes import actions
from mailboxes.models import Affiliation, Bal, Person, Structure

pytestmark = pytest.mark.django_db
NAMES = ["Eva", "Étienne", "zoé", "Zola", "Évrard", "Œuf", "Obin", "d’Arc"]
READ = ["d’Arc", "Étienne", "Eva", "Évrard", "Obin", "Œuf", "zoé", "Zola"]


@pytest.fixture
def here(structure, people):
    Affiliation.objects.all().delete()
    for name in NAMES:
        actions.record_person(structure, by=people.gisele.user, family_name=name, given_name="Ada")
    return Person.objects.filter(family_name__in=NAMES)


def names(rows):
    return [person.family_name for person in rows]


def test_names_are_sorted_as_one_reads_them(here):
    rows = here.order_by("family_name", "pk")
    if connection.vendor == "sqlite":
        assert names(as_read(rows)) == READ
        assert names(as_read(here.order_by("-family_name", "pk"))) == READ[::-1]
        assert names(as_read(rows).reverse()) == READ[::-1], "the last page is read from its end"
    else:
        assert as_read(rows) is rows, "its collation sorts, and its indexes serve"


def test_what_is_no_name_is_sorted_as_before():
    for rows in (Bal.objects.order_by("address", "-pk"), Bal.objects.order_by()):
        assert str(as_read(rows).query) == str(rows.query)


@pytest.mark.sqlite_run
def test_lists_and_choices_are_in_that_order(client, here, people, structure):
    client.force_login(people.gisele.user)
    for sort, said in (("name", READ), ("-name", READ[::-1])):
        page = client.get(reverse("person-list"), {"sort": sort, "q": "ada"}).context["page"]
        assert names(page.object_list) == said
    for name in ("Zèbre", "Étangs", "Érables"):
        Structure.objects.create(name=name, parent=structure)
    page = client.get(reverse("structure-list"))
    shown = [row.name for _, row in page.context["page"].object_list if row.parent_id == structure.pk]
    assert shown == ["Érables", "Étangs", "Zèbre"]
    offered = [str(row) for row in client.get(reverse("activity")).context["listing"].form.fields["structure"].queryset]
    assert offered == [str(structure), "Érables", "Étangs", "Zèbre"]
