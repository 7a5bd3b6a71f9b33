"""Light or dark: as the device asks, or as the browser was told; and no colour stands elsewhere than in the tokens."""

import re

import pytest
from django.urls import reverse

from tests.servers import ROOT

pytestmark = [pytest.mark.sqlite_run, pytest.mark.django_db]
CSS = ROOT / "static" / "css"
LITERAL = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|:\s*(?:white|black|red)\b")


def test_nothing_is_said_until_something_is_chosen(client):
    page = client.get(reverse("account_login")).text
    assert '<html lang="fr">' in page
    assert '<meta name="color-scheme" content="light dark">' in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_chosen_stands_in_the_first_line_of_each_page(client, scheme):
    client.post(reverse("appearance"), {"scheme": scheme, "back": "/compte/login/"})
    page = client.get(reverse("account_login")).text
    assert f'<html lang="fr" data-bs-theme="{scheme}">' in page
    assert f'<meta name="color-scheme" content="{scheme}">' in page


def test_the_device_decides_again(client):
    client.post(reverse("appearance"), {"scheme": "dark"})
    client.post(reverse("appearance"), {"scheme": ""})
    assert '<html lang="fr">' in client.get(reverse("account_login")).text


def test_a_cookie_that_says_something_else_says_nothing(client):
    client.cookies["apparence"] = '"><script>'
    assert '<html lang="fr">' in client.get(reverse("account_login")).text


def test_a_choice_that_is_none_is_refused_in_french(client):
    answer = client.post(reverse("appearance"), {"scheme": "sépia"})
    assert "apparence" not in client.cookies
    assert "Sélectionnez un choix valide" in answer.text


@pytest.mark.parametrize(
    ("back", "there"), [("/bal/?q=a", "/bal/?q=a"), ("https://ailleurs.fr/", "/"), ("//ailleurs.fr", "/"), ("", "/")]
)
def test_it_leads_back_to_the_page_of_ours_one_came_from(client, back, there):
    assert client.post(reverse("appearance"), {"scheme": "dark", "back": back}).url == there


def test_the_address_of_a_signed_link_stands_in_no_other_address(client):
    page = client.get(reverse("accessibility"), {"secret": "jeton"}).text
    assert f'href="{reverse("appearance")}"' in page
    asked = client.get(reverse("appearance"), headers={"Referer": "http://testserver/avis/repondre/jeton/?a=b"}).text
    assert 'value="/avis/repondre/jeton/?a=b"' in asked
    for whence in ("https://ailleurs.fr/avis/", "http://["):
        assert "avis" not in client.get(reverse("appearance"), headers={"Referer": whence}).text


def test_colours_are_tokens_alone():
    for file in (CSS / "app.css", *sorted((ROOT / "static" / "js").glob("*.js"))):
        text = re.sub(r"/\*.*?\*/|//.*", "", file.read_text(), flags=re.S if file.suffix == ".css" else 0)
        text = text.replace('replace("rgb(", "rgba(")', "")
        assert LITERAL.findall(text) == [], file.name


def test_every_token_is_told_for_both_schemes_and_none_is_unknown():
    tokens = (CSS / "tokens.css").read_text()
    told = dict(re.findall(r"(--[\w-]+): ([^;]+);", tokens))
    of_one = {name for name, value in told.items() if not value.startswith("light-dark(")}
    assert of_one == {"--backdrop", "--paper"}
    named = set()
    for file in (CSS / "app.css", ROOT / "static" / "js" / "charts.js"):
        named |= {name for name in re.findall(r"--[a-z][\w-]+", file.read_text()) if not name.startswith("--tblr-")}
    assert named == {name for name in told if not name.startswith("--tblr-")}
