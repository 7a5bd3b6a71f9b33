"""A refused form says at its head what is wrong, each sentence leading to its field."""

import re

import pytest
from django.urls import reverse

pytestmark = [pytest.mark.sqlite_run, pytest.mark.django_db]
LINK = re.compile(r'<li>\s*<a href="#(\w+)">([^<]+)</a>\u00a0: ([^<]+?)\s*</li>')


@pytest.fixture
def refused(client, people):
    client.force_login(people.gisele.user)

    def ask(name, **data):
        return client.post(reverse(name), data).content.decode()

    return ask


@pytest.mark.parametrize(
    ("name", "field"), [("bal-new", "address"), ("person-new", "family_name"), ("structure-new", "name")]
)
def test_each_error_leads_to_its_field(refused, name, field):
    page = refused(name)
    assert "<title>Erreur\u00a0: " in page
    links = {target: said for target, _, said in LINK.findall(page)}
    assert f"id_{field}" in links
    assert all(f'id="{target}"' in page for target in links)
    assert page.index("autofocus") < page.index("invalid-feedback"), "what is wrong is read first"


def test_a_page_that_asks_for_the_first_time_blames_nobody(client, people):
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-new")).content.decode()
    assert "Erreur" not in page
    assert "autofocus" not in page


def test_a_refused_log_in_says_it_too(client):
    page = client.post(reverse("account_login"), {"login": "gisele", "password": "faux"}).content.decode()
    assert "<title>Erreur\u00a0: " in page
