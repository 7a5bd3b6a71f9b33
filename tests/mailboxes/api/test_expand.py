"""What a line points to, told with it."""

import pytest

from mailboxes import actions
from mailboxes.lifecycle import Act
from mailboxes.models import Bal


@pytest.mark.parametrize("one", [True, False])
def test_the_structure_and_the_operator_of_a_bal_come_with_it(ask, key, org, structure, operator, one):
    answer = ask(key, f"bals/{org.pk}/?expand=structure,operator" if one else "bals/?expand=structure,operator").json()
    (line,) = [answer] if one else answer["results"]
    assert line["expanded"]["operator"] == {"code": operator.code, "name": operator.name}
    assert line["expanded"]["structure"] == {
        "id": structure.pk, "name": "CHU", "kind": "hospital", "finess_ej": "", "finess_et": "010000002",
        "postcode": "", "town": "",
    }  # fmt: skip


def test_the_bal_of_a_request_comes_with_it(ask, key, world):
    (line,) = ask(key, "requests/?expand=bal").json()["results"]
    said = {"id": world.bals.pk, "address": world.bals.address, "kind": "ORG", "state": "active"}
    assert line["expanded"] == {"bal": said}


def test_a_bal_that_went_to_another_structure_does_not_come_with_its_former_request(
    ask, key, world, people, other_structure
):
    actions.step(world.requests, Act.RECORD_DONE, by=people.gisele.user)
    Bal.objects.filter(pk=world.bals.pk).update(structure=other_structure)
    (line,) = ask(key, "requests/?expand=bal").json()["results"]
    assert line["bal"] == world.bals.pk
    assert line["expanded"] == {"bal": None}


def test_who_does_not_ask_has_the_lines_as_they_were(ask, key, world):
    for path in ("bals/", "requests/", f"bals/{world.bals.pk}/"):
        assert "expanded" not in str(ask(key, path).json())


def test_a_long_page_is_told_with_one_query_more(ask, key, make_bal, people, django_assert_num_queries):
    for _ in range(12):
        make_bal("ORG", people.alice)
    with django_assert_num_queries(7):
        ask(key, "bals/")
    with django_assert_num_queries(8):
        assert len(ask(key, "bals/?expand=structure").json()["results"]) == 12


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("expand=holders", "« holders » est inconnu. Connus : structure, operator."),
        ("expand=", "Donnez une valeur, ou retirez ce paramètre."),
        ("expand=structure&fields=id", "Demandez aussi « structure » dans « fields »."),
    ],
)
def test_what_cannot_be_told_so_is_refused(ask, key, org, query, said):
    answer = ask(key, f"bals/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"]["expand"][0].startswith(said)


def test_fewer_fields_and_what_one_of_them_points_to(ask, key, org):
    line = ask(key, f"bals/{org.pk}/?fields=id,structure&expand=structure").json()
    assert set(line) == {"id", "structure", "expanded"}
