"""SCIM 2.0: the example payloads of RFC 7643 and 7644, and what Entra ID and Keycloak send."""

import json
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.test import Client

from mailboxes.actions import record_person, welcome_person
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, JournalEntry, Person, Sighting, Structure
from mailboxes.software.actions import declare_software
from mailboxes.software.models import Software
from mailboxes.software.scim.models import ScimUser
from mailboxes.software.scim.users import CORE, ENTERPRISE, OURS
from tests import threads

pytestmark = pytest.mark.django_db
USERS = "/scim/v2/Users"
# RFC 7643, 8.3: the enterprise user, abridged of what nobody reads here.
RFC_USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "externalId": "701984",
    "userName": "bjensen@example.com",
    "name": {
        "formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane",
        "honorificPrefix": "Ms.", "honorificSuffix": "III",
    },
    "displayName": "Babs Jensen",
    "nickName": "Babs",
    "emails": [
        {"value": "bjensen@example.com", "type": "work", "primary": True},
        {"value": "babs@jensen.org", "type": "home"},
    ],
    "addresses": [{"type": "work", "locality": "Hollywood", "country": "USA", "primary": True}],
    "phoneNumbers": [{"value": "555-555-5555", "type": "work"}],
    "userType": "Employee",
    "title": "Tour Guide",
    "preferredLanguage": "en-US",
    "timezone": "America/Los_Angeles",
    "active": True,
    "password": "t1meMa$heen",
    ENTERPRISE: {
        "employeeNumber": "701984", "costCenter": "4130", "department": "Tour Operations",
        "manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d", "displayName": "John Smith"},
    },
}  # fmt: skip
# As the provisioning service of Entra ID writes it.
ENTRA_USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "externalId": "58342554-38d6-4ec8-948c-50044d0a33fd",
    "userName": "camille.roy@chu-exemple.fr",
    "active": True,
    "displayName": "Camille Roy",
    "emails": [{"primary": True, "type": "work", "value": "camille.roy@chu-exemple.fr"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Camille Roy", "familyName": "Roy", "givenName": "Camille"},
    "roles": [],
}
# As an extension of Keycloak sends a user of a realm.
KEYCLOAK_USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "externalId": "f:9b1c:nina",
    "userName": "nina",
    "name": {"givenName": "Nina", "familyName": "Faure"},
    "emails": [{"value": "nina@chu-exemple.fr", "primary": True}],
    "active": True,
    "groups": [],
}


@pytest.fixture
def key(structure, people):
    def make(*structures, scopes=("identities",)):
        others = Software.objects.count()
        _, token = declare_software(
            name=f"Annuaire {others}" if others else "Annuaire",
            structures=structures or [structure],
            scopes=scopes,
            days=30,
            by=people.gisele.user,
        )
        return token

    return make


@pytest.fixture
def call(client, key):
    token = key()

    def go(method, path=USERS, said=None, token=token, **query):
        facts = {"content_type": "application/scim+json", "headers": {"Authorization": f"Bearer {token}"}}
        if method == "get":
            return client.get(path, query, headers=facts["headers"])
        return getattr(client, method)(path, json.dumps(said) if said is not None else "", **facts)

    return go


def patch(*operations):
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}


def test_the_user_of_the_rfc_becomes_a_person_of_the_structure(call, structure):
    answer = call("post", said=RFC_USER)
    assert answer.status_code == 201, answer.content
    assert answer["Content-Type"].startswith("application/scim+json")
    said = answer.json()
    assert answer["Location"] == said["meta"]["location"]
    assert (said["userName"], said["externalId"], said["active"]) == ("bjensen@example.com", "701984", True)
    assert said["emails"][0]["value"] == "bjensen@example.com"
    assert "password" not in said
    person = Person.objects.get(family_name="Jensen")
    stay = person.affiliations.get()
    assert (stay.structure, stay.function, person.profession) == (structure, "Tour Operations", "Tour Guide")
    assert not person.is_trusted_at("bjensen@example.com"), "an address given for somebody is theirs to confirm"
    entered = JournalEntry.objects.get(what=Act.RECORD_PERSON, person=person)
    assert entered.by.software.name == "Annuaire"
    assert call("get", f"{USERS}/{said['id']}").json() == said


@pytest.mark.parametrize("user", [RFC_USER, ENTRA_USER, KEYCLOAK_USER], ids=["rfc", "entra", "keycloak"])
def test_who_is_told_is_found_by_each_name_and_not_told_twice(call, user):
    assert call("get", filter=f'userName eq "{user["userName"]}"').json()["totalResults"] == 0
    made = call("post", said=user).json()
    filters = [
        f'userName eq "{user["userName"].upper()}"',
        f'externalId eq "{user["externalId"]}"',
        f'id eq "{made["id"]}"',
        f'emails.value eq "{made["emails"][0]["value"]}"',
        "active eq true",
    ]
    for said in filters:
        found = call("get", filter=said).json()
        assert (found["totalResults"], found["itemsPerPage"]) == (1, 1), said
        assert found["Resources"] == [made]
    again = call("post", said=user)
    assert (again.status_code, again.json()["scimType"], again.json()["status"]) == (409, "uniqueness", "409")
    assert Person.objects.filter(family_name=user["name"]["familyName"]).count() == 1


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},  # Entra ID
        {"op": "replace", "value": {"active": False}},  # Okta, and RFC 7644, 3.5.2.3
        {"op": "replace", "path": "active", "value": False},
        {"op": "Add", "path": "active", "value": "false"},
    ],
)
def test_an_account_that_is_closed_proposes_a_departure_and_takes_nothing_away(call, operation):
    made = call("post", said=ENTRA_USER).json()
    answer = call("patch", f"{USERS}/{made['id']}", patch(operation))
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    stay = Affiliation.objects.get(person__family_name="Roy")
    sighting = Sighting.objects.open().get()
    assert (sighting.kind, sighting.stay) == (Sighting.Kind.DISABLED, stay)
    assert (stay.left_on, stay.movements.count()) == (None, 0)
    noted = JournalEntry.objects.filter(what=Act.NOTE_SIGHTING, person=stay.person)
    call("patch", f"{USERS}/{made['id']}", patch(operation))
    assert noted.count() == 1
    assert noted.get().by.software.name == "Annuaire"
    call("patch", f"{USERS}/{made['id']}", patch({"op": "Replace", "path": "active", "value": "True"}))
    assert not Sighting.objects.exists(), "gone with the fact"


def test_a_user_deleted_there_is_a_departure_proposed_too(call):
    made = call("post", said=KEYCLOAK_USER).json()
    assert call("delete", f"{USERS}/{made['id']}").status_code == 204
    assert call("get", f"{USERS}/{made['id']}").status_code == 404
    assert Sighting.objects.open().get().stay.person.family_name == "Faure"
    assert Person.objects.filter(family_name="Faure").exists()


def test_what_entra_patches_reaches_the_stay_and_the_register_keeps_its_name(call):
    made = call("post", said=ENTRA_USER).json()
    answer = call("patch", f"{USERS}/{made['id']}", patch(
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Cardiologie"},
        {"op": "Replace", "path": "title", "value": "Infirmière"},
        {"op": "Replace", "path": "name.familyName", "value": "Roy-Martin"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "c.roy@chu-exemple.fr"},
        {"op": "Add", "path": f"{OURS}:rpps", "value": "10000000090"},
    ))  # fmt: skip
    said = answer.json()
    assert answer.status_code == 200, said
    assert (said["name"]["familyName"], said["title"]) == ("Roy-Martin", "Infirmière")
    assert (said["emails"][0]["value"], said[OURS]["rpps"]) == ("c.roy@chu-exemple.fr", "10000000090")
    stay = Affiliation.objects.get(person__rpps="10000000090")
    assert (stay.function, stay.person.profession) == ("Cardiologie", "Infirmière")
    assert stay.person.family_name == "Roy", "a name is corrected by a gestionnaire, with its reason"
    lines = JournalEntry.objects.count()
    call("put", f"{USERS}/{made['id']}", said)
    assert JournalEntry.objects.count() == lines, "what did not change is no line"


def test_who_is_known_by_their_rpps_is_recognised_and_another_rpps_is_refused(call, people):
    made = call("post", said={**KEYCLOAK_USER, OURS: {"rpps": people.paul.rpps}}).json()
    assert ScimUser.objects.get().stay.person == people.paul
    assert Person.objects.filter(family_name="Faure").count() == 0
    refused = call("put", f"{USERS}/{made['id']}", {**KEYCLOAK_USER, OURS: {"rpps": "10000000090"}})
    assert (refused.status_code, refused.json()["scimType"]) == (409, "mutability")
    twice = call("post", said={**ENTRA_USER, OURS: {"rpps": people.paul.rpps}})
    assert twice.status_code == 409
    elsewhere = call("post", said={**ENTRA_USER, OURS: {"rpps": people.eve.rpps}})
    assert elsewhere.status_code == 409, "who stays elsewhere is asked for, not taken"
    assert people.eve.affiliations.count() == 1


def test_a_key_sees_what_it_told_and_no_other(call, key, structure):
    made = call("post", said=ENTRA_USER).json()
    other = key(structure)
    assert call("get", token=other).json()["totalResults"] == 0
    for method in ("get", "put", "patch", "delete"):
        said = None if method in ("get", "delete") else ENTRA_USER
        assert call(method, f"{USERS}/{made['id']}", said, token=other).status_code == 404, method
    assert ScimUser.objects.count() == 1


@pytest.mark.parametrize("scope", ["read", "usage", "resolve", "manage"])
def test_its_scope_is_its_own(call, key, scope):
    answer = call("post", said=ENTRA_USER, token=key(scopes=[scope]))
    assert answer.status_code == 403
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert call("get", "/api/v1/people/").status_code == 403, "and opens nothing else"


def test_without_a_key_nothing_is_said_even_to_a_gestionnaire(client, people):
    assert client.get(USERS).status_code == 401
    client.force_login(people.gisele.user)
    assert client.get(USERS).status_code == 403


def test_of_several_structures_the_number_says_which(call, key, structure, people):
    site = Structure.objects.create(name="Site", parent=structure, finess_et="010000009")
    token = key(structure)
    refused = call("post", said=ENTRA_USER, token=token)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    told = {**ENTRA_USER, ENTERPRISE: {"organization": "010000009"}}
    made = call("post", said=told, token=token)
    assert made.status_code == 201
    assert made.json()[ENTERPRISE]["organization"] == "010000009"
    assert Affiliation.objects.get(person__family_name="Roy").structure == site
    elsewhere = {**KEYCLOAK_USER, ENTERPRISE: {"organization": "020000001"}}
    assert call("post", said=elsewhere, token=token).status_code == 400


def test_pages_and_what_is_served(call):
    for number in range(3):
        call("post", said={**KEYCLOAK_USER, "userName": f"nina{number}", "externalId": f"{number}"})
    page = call("get", startIndex=2, count=1).json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    assert page["Resources"][0]["userName"] == "nina1"
    assert call("get", count=0).json()["Resources"] == []
    config = call("get", "/scim/v2/ServiceProviderConfig").json()
    assert (config["patch"]["supported"], config["bulk"]["supported"]) == (True, False)
    assert call("get", "/scim/v2/ResourceTypes").json()["Resources"][0]["endpoint"] == "/Users"
    assert call("get", "/scim/v2/Groups").status_code == 404


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ([], "invalidSyntax"),
        ({}, "invalidValue"),
        ({"userName": 3}, "invalidValue"),
        ({"userName": "x"}, "invalidValue"),  # nobody without a name
        ({**KEYCLOAK_USER, "active": "peut-être"}, "invalidValue"),
        ({**KEYCLOAK_USER, "name": "Nina"}, "invalidSyntax"),
        ({**KEYCLOAK_USER, "emails": [{"value": "pas une adresse"}]}, "invalidValue"),
        ({**KEYCLOAK_USER, OURS: {"rpps": "12"}}, "invalidValue"),
    ],
)
def test_what_cannot_be_read_is_refused_and_writes_nothing(call, said, kind):
    answer = call("post", said=said)
    assert answer.status_code in (400, 409), answer.content
    assert answer.json().get("scimType", "") == kind
    assert answer.json()["detail"]
    assert not ScimUser.objects.exists()
    assert not Person.objects.filter(family_name="Faure").exists()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, "invalidSyntax"),
        (patch({"op": "move", "path": "title"}), "invalidSyntax"),
        (patch({"op": "remove"}), "noTarget"),
        (patch({"op": "replace", "path": "a b c", "value": 1}), "invalidPath"),
        (patch({"op": "replace", "value": 3}), "invalidValue"),
        (patch({"op": "remove", "path": "userName"}), "invalidValue"),
        (patch({"op": "replace", "path": "emails", "value": "camille@chu-exemple.fr"}), "invalidValue"),
    ],
)
def test_a_patch_that_cannot_be_done_changes_nothing(call, said, kind):
    made = call("post", said=ENTRA_USER).json()
    answer = call("patch", f"{USERS}/{made['id']}", said)
    assert (answer.status_code, answer.json()["scimType"]) == (400, kind)
    assert call("get", f"{USERS}/{made['id']}").json() == made


@pytest.mark.parametrize(
    "said",
    [
        'title co "x"',
        'userName eq "a" or userName eq "b"',
        "userName pr",
        "x" * 300,
        'active eq "x"',
        "userName eq true",
        'userName eq "a\0"',
        r'userName eq "a\u0000"',
        r'userName eq "\ud800"',
        r'userName eq "a\x"',
        'emails[type eq "work"] eq "a" and active eq true',
    ],
)
def test_a_filter_that_is_not_read_is_refused(call, said):
    answer = call("get", filter=said)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


def test_a_user_of_who_has_left_changes_nothing_here(call):
    made = call("post", said=ENTRA_USER).json()
    Affiliation.objects.filter(person__family_name="Roy").update(left_on="2026-01-01")
    closed = call("patch", f"{USERS}/{made['id']}", patch({"op": "replace", "path": "active", "value": False}))
    assert closed.status_code == 200
    assert not Sighting.objects.exists()


def active(value):
    return patch({"op": "replace", "path": "active", "value": value})


def test_who_left_and_whose_account_opens_again_is_there_again(call, structure):
    path = f"{USERS}/{call('post', said=ENTRA_USER).json()['id']}"
    call("patch", path, active(False))
    Affiliation.objects.filter(person__family_name="Roy").update(left_on="2026-01-01")
    call("patch", path, patch({"op": "replace", "path": "title", "value": "Infirmier"}))
    assert not Affiliation.objects.current().filter(person__family_name="Roy").exists()
    assert call("patch", path, active(True)).status_code == 200
    stay = Affiliation.objects.current().get(person__family_name="Roy")
    assert stay.structure == structure
    call("patch", path, active(False))
    assert Sighting.objects.filter(stay=stay).exists()


def test_an_account_left_open_brings_nobody_back(call):
    path = f"{USERS}/{call('post', said=ENTRA_USER).json()['id']}"
    Affiliation.objects.filter(person__family_name="Roy").update(left_on="2026-01-01")
    assert call("patch", path, patch({"op": "replace", "path": "title", "value": "Infirmier"})).status_code == 200
    assert not Affiliation.objects.current().filter(person__family_name="Roy").exists()


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_an_account_that_closes_is_that_of_who_came_back_or_followed_their_structure(call, structure, method):
    path = f"{USERS}/{call('post', said=ENTRA_USER).json()['id']}"
    left = Affiliation.objects.get(person__family_name="Roy")
    Affiliation.objects.filter(pk=left.pk).update(left_on="2026-01-01")
    into = Structure.objects.create(name="GHT", finess_et="010000009", parent=structure)
    Structure.objects.filter(pk=structure.pk).update(merged_into=into)
    stay = Affiliation.objects.create(person=left.person, structure=into)
    call(method, path, active(False))
    assert Sighting.objects.get().stay == stay


def test_a_stay_told_of_by_another_name_is_not_taken_from_it(call, people, structure):
    said = {**ENTRA_USER, OURS: {"rpps": "10000000025"}}
    path = f"{USERS}/{call('post', said=said).json()['id']}"
    call("patch", path, active(False))
    people.bruno.affiliations.update(left_on="2026-01-01")
    welcome_person(people.bruno, structure, by=people.gisele.user)
    call("post", said={**said, "userName": "bruno"})
    refused = call("patch", path, active(True))
    assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")


def test_a_move_from_one_structure_of_the_key_to_another_is_refused_rather_than_passed_over(call, key, structure):
    Structure.objects.create(name="Site", parent=structure, finess_et="010000009")
    token = key(structure)
    said = {**ENTRA_USER, ENTERPRISE: {"organization": "010000002"}}
    path = f"{USERS}/{call('post', said=said, token=token).json()['id']}"
    refused = call("put", path, {**said, ENTERPRISE: {"organization": "010000009"}}, token=token)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "mutability")
    assert call("put", path, {**said, "title": "Infirmier"}, token=token).status_code == 200
    assert call("put", path, {**said, ENTERPRISE: {"organization": "Lilas"}}, token=token).status_code == 200


# --- What SCIM says of itself -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["ResourceTypes", "Schemas"])
def test_each_of_what_is_listed_is_read_where_it_says_that_it_stands(call, path):
    listed = call("get", f"/scim/v2/{path}").json()
    assert listed["totalResults"] == listed["itemsPerPage"] == len(listed["Resources"])
    for one in listed["Resources"]:
        assert call("get", urlsplit(one["meta"]["location"]).path).json() == one
    assert call("get", f"/scim/v2/{path}/urn:autre").status_code == 404


def test_the_schemas_name_every_attribute_that_is_answered_and_no_other(call, people):
    schemas = {one["id"]: one["attributes"] for one in call("get", "/scim/v2/Schemas").json()["Resources"]}
    told = {**RFC_USER, OURS: {"rpps": people.paul.rpps}}
    made = call("post", said=told).json()
    assert set(made["schemas"]) == set(schemas)
    common = {"schemas", "id", "externalId", "meta"}  # RFC 7643, 3.1: of every resource, and of no schema
    assert {one["name"] for one in schemas.pop(CORE)} == made.keys() - common - schemas.keys()
    for schema, attributes in schemas.items():
        assert made[schema].keys() == {one["name"] for one in attributes}


def test_schemas_are_not_narrowed(call):
    assert call("get", "/scim/v2/Schemas", filter='id eq "x"').status_code == 403


# --- As Entra ID and Okta ask -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("said", ["-" * 36, "abc", "{made}"])
def test_an_id_of_any_form_is_looked_for(call, said):
    made = call("post", said=ENTRA_USER).json()["id"]
    found = call("get", filter=f'id eq "{said.format(made=made)}"')
    assert (found.status_code, found.json()["totalResults"]) == (200, int(said == "{made}"))


@pytest.mark.parametrize(
    "said",
    [
        'emails[type eq "work"].value eq "camille.roy@chu-exemple.fr"',
        'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "camille.roy@chu-exemple.fr"',
        r'userName eq "camille.roy\u0040chu-exemple.fr"',
        "active eq TRUE",
    ],
)
def test_a_filter_in_full_is_read(call, said):
    call("post", said=ENTRA_USER)
    assert call("get", filter=said).json()["totalResults"] == 1


def test_the_attributes_asked_for_are_given_alone(call):
    made = call("post", said=ENTRA_USER).json()
    path = f"{USERS}/{made['id']}"
    assert call("get", path, attributes="userName,name.familyName").json().keys() == {
        "schemas", "id", "userName", "name",
    }  # fmt: skip
    assert call("get", path, excludedAttributes=f"emails,{CORE}:meta,{ENTERPRISE}:department").json().keys() == (
        made.keys() - {"emails", "meta", ENTERPRISE}
    )
    assert call("get", attributes="userName").json()["Resources"][0].keys() == {"schemas", "id", "userName"}


@pytest.mark.parametrize("name", ["id", "meta"])
def test_what_is_ours_of_a_resource_is_not_patched(call, name):
    made = call("post", said=ENTRA_USER).json()
    path = f"{USERS}/{made['id']}"
    refused = call("patch", path, patch({"op": "replace", "value": {name: "x", "title": "Infirmière"}}))
    assert (refused.status_code, refused.json()["scimType"]) == (400, "mutability")
    assert call("get", path).json() == made
    same = call("patch", path, patch({"op": "replace", "value": {name: made[name], "title": "Infirmière"}}))
    assert (same.status_code, same.json()["title"]) == (200, "Infirmière")


def test_types_and_names_of_attributes_know_no_capitals(call):
    made = call("post", said=ENTRA_USER).json()
    asked = {"op": "Replace", "path": 'emails[Type eq "Work"].Value', "value": "c.roy@chu-exemple.fr"}
    said = call("patch", f"{USERS}/{made['id']}", patch(asked)).json()
    assert [one["value"] for one in said["emails"]] == ["c.roy@chu-exemple.fr"]


# --- Deleted, and told of again ---------------------------------------------------------------------------------------
def test_who_was_deleted_and_is_told_of_again_is_the_same_person(call):
    made = call("post", said=ENTRA_USER).json()
    call("delete", f"{USERS}/{made['id']}")
    assert Sighting.objects.open().count() == 1
    again = call("post", said={**ENTRA_USER, "userName": "c.roy", OURS: {"rpps": "10000000090"}})
    assert (again.status_code, again.json()["id"] == made["id"]) == (201, False)
    assert Person.objects.get(family_name="Roy").rpps == "10000000090"
    assert Affiliation.objects.filter(person__family_name="Roy").count() == 1
    assert not Sighting.objects.exists(), "they are there again"


@pytest.mark.parametrize(
    "other",
    [
        {"name": {"familyName": "Roy", "givenName": "Camille-Anne"}},
        {"emails": [{"value": "autre@chu-exemple.fr"}]},
        {"emails": []},
    ],
)
def test_who_is_told_of_otherwise_is_somebody_else(call, other):
    made = call("post", said=ENTRA_USER).json()
    call("delete", f"{USERS}/{made['id']}")
    assert call("post", said={**ENTRA_USER, **other}).status_code == 201
    assert Person.objects.filter(family_name="Roy").count() == 2


def test_whom_a_gestionnaire_entered_is_not_taken_for_the_one_told_of(call, structure, people):
    facts = {"given_name": "Camille", "family_name": "Roy", "email": "camille.roy@chu-exemple.fr"}
    record_person(structure, by=people.gisele.user, **facts)
    assert call("post", said=ENTRA_USER).status_code == 201
    assert Person.objects.filter(family_name="Roy").count() == 2


@pytest.fixture
def at_once(key):
    """Send these (method, path, body) together, each by a connection of its own; the statuses."""
    token = key()

    def tell(method, path, said):
        facts = {"content_type": "application/scim+json", "headers": {"Authorization": f"Bearer {token}"}}
        return getattr(Client(), method)(path, json.dumps(said), **facts)

    def go(*calls):
        answers = threads.at_once(*[partial(tell, *call) for call in calls])
        return sorted(answers, key=lambda answer: answer.status_code)

    return go


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql_run
def test_the_same_told_eight_times_at_once_is_entered_once(at_once):
    answers = at_once(*[("post", USERS, ENTRA_USER)] * 8)
    assert [answer.status_code for answer in answers] == [201] + [409] * 7
    assert Person.objects.filter(family_name="Roy").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql_run
def test_of_several_given_the_same_name_at_once_one_has_it(at_once):
    users = [{**KEYCLOAK_USER, "userName": f"nina{number}", "externalId": str(number)} for number in range(4)]
    made = [at_once(("post", USERS, user))[0].json()["id"] for user in users]
    named = patch({"op": "replace", "path": "userName", "value": "la-meme"})
    answers = at_once(*[("patch", f"{USERS}/{one}", named) for one in made])
    assert [answer.status_code for answer in answers] == [200] + [409] * 3
    assert {answer.json()["scimType"] for answer in answers[1:]} == {"uniqueness"}
