"""Who comes in: by the document itself, so that a new address is held to all of this from its first day."""

import pytest

from directory.models import SyncRun
from mailboxes import actions
from mailboxes.api.keys import IMPLIED
from mailboxes.lifecycle import Act, RequestKind, Scope
from mailboxes.models import Cotitulaire, Delegataire, Domain, Operator, Person, Reading, Structure
from mailboxes.models.people import Affiliation
from mailboxes.software.models import Webhook
from tests.mailboxes.api.conftest import make_entry, named, operations, resource_of
from tests.mailboxes.conftest import make_professional

pytestmark = pytest.mark.sqlite_run

# The same for every key: what they hold is public, or of no structure.
COMMON = {"operators", "annuaire", "sync_runs", "resolve", "check"}
ALL = operations()
OF_STRUCTURES = [one for one in ALL if resource_of(one[0]) not in COMMON]
ALONE = [one for one in OF_STRUCTURES if "{id}" in one[0]]
LISTS = [one for one in OF_STRUCTURES if one[1] == "get" and "{id}" not in one[0]]
MAKING = [one for one in OF_STRUCTURES if one[1] == "post" and "{id}" not in one[0]]
PAGES = [one for one in ALL if one[0].count("/") == 4 and one[1] == "get" and "page_size" in str(one[2])]


def address(operation, world) -> str:
    path = operation[0]
    return path.replace("{id}", str(getattr(world, resource_of(path)).pk)) if "{id}" in path else path


def body_about(operation, world, people) -> dict:
    """What would make something of the structure of `world`; each new address that makes one adds its own."""
    bal, person = world.bals.pk, people.paul.pk
    return {
        "bals_create": {
            "structure": world.structures.pk,
            "operator": "regional",
            "kind": "APP",
            "address": "logiciel@chu-exemple.mssante.fr",
            "exists": True,
        },
        "people_create": {"structure": world.structures.pk, "given_name": "Zoé", "family_name": "Exemple"},
        "holders_create": {"bal": bal, "person": person},
        "delegations_create": {"bal": bal, "person": person, "reason": "secrétariat"},
        "requests_create": {"bal": bal, "kind": "publish"},
        "webhooks_create": {
            "structure": world.structures.pk,
            "url": "https://dui.exemple.fr/bal",
            "events": ["quota"],
        },
        "readings_create": {"address": world.bals.address, "at": "2026-11-20T02:00:00Z", "used_mb": 1},
        "readings_bulk": {"readings": [{"address": world.bals.address, "at": "2026-11-20T02:00:00Z", "used_mb": 1}]},
    }[named(operation)]


# --- Another structure's ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("operation", ALONE, ids=named)
def test_an_object_of_another_structure_is_not_found(ask, foreign_key, world, operation):
    answer = ask(foreign_key, address(operation, world), operation[1], {} if operation[1] != "get" else None)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("operation", [one for one in ALONE if one[1] == "get"], ids=named)
def test_the_same_object_is_found_by_its_own_key(ask, key, world, operation):
    assert ask(key, address(operation, world)).status_code == 200


@pytest.mark.parametrize("operation", LISTS, ids=named)
def test_a_list_shows_nothing_of_another_structure(ask, key, key_to, people, world, operation):
    empty = Structure.objects.create(name="Cabinet")
    people.eve.user.memberships.create(structure=empty, role="gestionnaire")
    theirs = ask(key_to(empty, by=people.eve), operation[0]).json()["results"]
    if resource_of(operation[0]) in ("structures", "journal"):  # its own: itself, and that it was given a key
        assert {row.get("id") if "structures" in operation[0] else row["structure"] for row in theirs} == {empty.pk}
    else:
        assert theirs == []
    assert ask(key, operation[0]).json()["results"] != []


@pytest.mark.parametrize("operation", MAKING, ids=named)
def test_nothing_is_made_in_another_structure(ask, foreign_key, key, world, people, operation):
    body = body_about(operation, world, people)
    answer = ask(foreign_key, operation[0], "post", body)
    if named(operation) == "readings_bulk":
        assert [one["code"] for one in answer.json()["readings"]] == ["unknown"]
    else:
        assert answer.status_code in (400, 404)
        allowed = ask(key, operation[0], "post", body).status_code
        assert allowed in (201, 403)  # a software holds nothing and lends nothing: 403, and not 404


def test_a_filter_by_an_object_of_another_structure_is_refused_as_by_one_that_does_not_exist(ask, foreign_key, world):
    for resource in ("holders", "delegations", "readings", "journal"):
        theirs = ask(foreign_key, f"{resource}/?bal={world.bals.pk}").json()["errors"]
        none = ask(foreign_key, f"{resource}/?bal=999999").json()["errors"]
        assert str(theirs).replace(str(world.bals.pk), "") == str(none).replace("999999", "")


def test_a_domain_reserved_to_another_structure_is_not_told(ask, key, foreign_key, world, operator, structure):
    Domain.objects.create(operator=operator, name="prive.mssante.fr", structure=structure)
    path = f"operators/{operator.pk}/"
    assert "prive.mssante.fr" in ask(key, path).json()["domains"]
    assert ask(foreign_key, path).json()["domains"] == ["chu-exemple.mssante.fr"]


def test_a_person_and_a_number_are_read_however_they_are_written(ask, key, structure):
    said = {"structure": structure.pk, "given_name": "Dr Zoé", "family_name": "Mme Lisible née DURAND"}
    told = ask(key, "people/", "post", {**said, "rpps": "RPPS 8 20000 000 771"}).json()
    assert [told[name] for name in ("given_name", "family_name", "rpps")] == ["Zoé", "Lisible", "20000000771"]
    refused = ask(key, "people/", "post", {**said, "rpps": "2,0E+10"})
    assert (refused.status_code, "un tableur a abîmé" in refused.content.decode()) == (400, True)
    for asked in (
        "people/?q=Dr Lisible Zoé",
        "people/?q=200 000 007 71",
        f"structures/?finess=FINESS {structure.finess}.0",
    ):
        assert ask(key, asked).json()["results"], asked


def test_of_a_person_who_works_elsewhere_too_only_what_one_sees_is_told(ask, key, world, people, other_structure):
    Affiliation.objects.create(person=people.alice, structure=other_structure, function="vacations")
    told = ask(key, f"people/{people.alice.pk}/").json()
    assert [one["structure"] for one in told["affiliations"]] == [world.structures.pk]
    assert "email" not in told


def test_the_journal_of_a_box_is_not_its_delegataires(client, world, people):
    client.force_login(people.delphine.user)
    assert client.get(f"/api/v1/bals/{world.bals.pk}/").status_code == 200
    assert client.get(f"/api/v1/journal/{world.journal.pk}/").status_code == 404
    assert client.get("/api/v1/journal/").json()["results"] == []


# --- Without the right ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("operation", ALL, ids=named)
def test_a_key_without_the_right_is_refused_before_anything_is_looked_for(ask, key_to, structure, people, operation):
    needed = operation[2]["x-scope"]
    others = [scope for scope in Scope.values if scope != needed and needed not in IMPLIED.get(Scope(scope), ())]
    token = key_to(structure, *others, by=people.gisele)
    path = operation[0].replace("{id}", "999999")
    answer = ask(token, path, operation[1], {} if operation[1] != "get" else None)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


@pytest.mark.parametrize("operation", ALL, ids=named)
def test_without_a_key_nothing_opens(client, db, operation):
    answer = getattr(client, operation[1])(operation[0].replace("{id}", "1"))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


# --- As many queries for a page of thirty as for one of three ---------------------------------------------------------
def more(world, people, structure, make_bal):
    """Thirty more of each, all different."""
    for n in range(30):
        person = make_professional(n)
        Affiliation.objects.create(person=person, structure=structure)
        Affiliation.objects.create(person=person, structure=structure.parent)
        Structure.objects.create(name=f"Site {n}", parent=structure)
        other = Operator.objects.create(code=f"op{n}", name=f"Opérateur {n}", request_email=f"op{n}@op.invalid")
        other.domains.create(name=f"op{n}.mssante.fr")
        bal = make_bal("ORG", person, people.alice, operator=other)
        Delegataire.objects.create(bal=bal, person=people.delphine, under=person, reason="secrétariat")
        Reading.objects.create(bal=bal, at="2026-11-20T02:00:00Z", source="push", used_mb=n)
        request = actions.open_request(bal, RequestKind.CHANGE, by=people.gisele.user)
        act = Act.RECORD_REFUSAL if n % 2 else Act.MARK_SENT
        actions.step(request, act, by=people.gisele.user, answer="Impossible")
        make_entry(bal.address, family_name=f"Nom{n}")
        SyncRun.objects.create(source="extraction", status="applied")
        Webhook.objects.create(structure=structure, url=f"https://dpi{n}.exemple.fr/", events=["state"])
    assert Cotitulaire.objects.count() > 60
    assert Person.objects.count() > 30


@pytest.mark.parametrize("operation", PAGES, ids=named)
def test_a_long_page_asks_as_many_queries_as_a_short_one(
    ask, key, world, people, structure, make_bal, operation, django_assert_max_num_queries
):
    more(world, people, structure, make_bal)
    counts = []
    for size in (3, 30):
        with django_assert_max_num_queries(60) as asked:
            answer = ask(key, f"{operation[0]}?page_size={size}").json()
        assert len(answer["results"]) == size
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_every_list_of_the_document_is_among_those_pages():
    assert len(PAGES) == 12
