"""The sentences of the doors: ours and not the framework's, with what to do next, and in plain spaces."""

import pytest

from directory.typography import NARROW, NO_BREAK

pytestmark = pytest.mark.sqlite_run

# How each door names its sentence, and an address of it that is there.
DOORS = {
    "/api/v1/bals/": lambda said: said["detail"],
    "/fhir/Practitioner": lambda said: said["issue"][0]["diagnostics"],
    "/scim/v2/Users": lambda said: said["detail"],
}


def refusal(answer) -> str:
    door = next(door for door in DOORS if answer.wsgi_request.path.startswith(door[:6]))
    return DOORS[door](answer.json())


@pytest.mark.parametrize("address", DOORS)
@pytest.mark.parametrize(
    ("how", "status", "next_step"),
    [
        ({"token": "balm_inconnue"}, 401, "demandez-en une"),
        ({"method": "delete"}, 405, "l’en-tête Allow"),
        ({"Accept": "image/png"}, 406, "dans l’en-tête Accept"),
        ({"path": "rien"}, 404, ""),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else None,
)
def test_each_door_says_what_to_do_next(ask, key, address, how, status, next_step):
    facts = {"method": "get", "token": key, "path": "", **how}
    token, method, path = (facts.pop(name) for name in ("token", "method", "path"))
    answer = ask(token, f"{address.rstrip('/')}/{path}" if path else address, method, **facts)
    assert answer.status_code == status
    assert next_step in refusal(answer)
    assert not {NO_BREAK, NARROW} & set(answer.content.decode())


@pytest.mark.parametrize("path", ["", "openapi.json", "bals/"])
def test_a_format_that_is_not_served_is_refused_in_the_form_of_all_refusals(ask, key, path):
    answer = ask(key, path, Accept="image/png")
    assert (answer.status_code, answer["Content-Type"]) == (406, "application/problem+json")
    assert answer.json()["code"] == "not_acceptable"


@pytest.mark.parametrize("address", DOORS)
def test_who_brings_no_key_is_told_how_to_bring_one(client, address):
    answer = client.get(address)
    assert (answer.status_code, "Authorization: Bearer" in refusal(answer)) == (401, True)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("bals/0/", None, "Rien de tel dans les structures que vous voyez : vérifiez le numéro."),
        ("requests/", {"bal": 0, "kind": "change"}, "Aucun objet n° 0 dans les structures que vous voyez"),
        ("bals/?page_size=1 0", None, "Donnez un nombre de 1 à 500, au lieu de « 1 0 »."),
        ("bals/?cursor=x", None, "reprenez la liste à sa première page"),
        ("bals/?fields=secret", None, "« secret » est inconnu. Connus : "),
    ],
)
def test_the_api_names_the_value_in_plain_spaces(ask, key, path, body, said):
    answer = ask(key, path, "post" if body else "get", body)
    assert answer.status_code in (400, 404)
    assert said in answer.content.decode()


@pytest.mark.parametrize("number", [-1, 2**63, 10**400, "9" * 30], ids=["negative", "big", "vast", "as text"])
def test_a_number_that_nothing_can_have_is_that_of_nothing(ask, key, number):
    answer = ask(key, "requests/", "post", {"bal": number, "kind": "change"})
    assert (answer.status_code, answer.json()["errors"]["bal"][0][:14]) == (400, "Aucun objet n°")


@pytest.mark.parametrize("said", [True, 1.5, "douze", "1e3", [1], {"id": 1}, "²"], ids=repr)
def test_what_is_no_number_is_never_taken_for_one(ask, key, org, said):
    answer = ask(key, "requests/", "post", {"bal": said, "kind": "change"})
    assert (answer.status_code, answer.json()["errors"]["bal"]) == (400, ["Donnez un numéro."])
