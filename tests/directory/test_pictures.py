"""What several sources say of one address, as one picture."""

from datetime import timedelta

import pytest
from django.utils import timezone

from directory.models import Entry, SyncRun
from directory.pictures import pictures

pytestmark = pytest.mark.django_db
ADDRESS = "alice@chu.mssante.fr"


def say(source, address=ADDRESS, ordinal=1, **fields):
    now = timezone.now()
    return Entry.objects.create(
        **{"source": source, "address": address, "ordinal": ordinal, "digest": f"{source}{ordinal}", "kind": "PER"}
        | {"first_seen_at": now, "changed_at": now}
        | fields
    )


def picture():
    return pictures(Entry.objects.current())[ADDRESS]


def test_the_first_source_has_the_first_word_and_the_others_complete_it():
    say("ldap", kind="ORG", service="Accueil", rank="3")
    say("fhir", service="Urgences", rank="1")
    say("extraction", paperless="O")

    found = picture()

    assert found.sources == ["extraction", "fhir", "ldap"]
    assert (found.record.kind, found.record.service, found.record.paperless, found.record.rank) == (
        "PER", "Urgences", "O", "1",
    )  # fmt: skip
    assert found.said_by == {"kind": "extraction", "service": "fhir", "paperless": "extraction", "rank": "fhir"}


def test_the_order_is_a_setting_and_a_source_left_out_has_no_word(settings):
    say("extraction", service="A")
    say("fhir", service="B")
    settings.DIRECTORY_ORDER = ["fhir", "extraction"]
    assert picture().record.service == "B"
    settings.DIRECTORY_ORDER = ["extraction"]
    assert picture().sources == ["extraction"]
    assert Entry.objects.published().count() == 1


def test_what_completes_a_structure_is_of_the_same_structure():
    say("extraction", structure_id="690000013")
    say("ldap", structure_id="690000021", structure_name="UN AUTRE", postcode="69001")
    say("fhir", ordinal=1, structure_id="690000013", structure_name="CH DES LILAS")
    say("fhir", ordinal=2, structure_id="690000039", trade_name="ENCORE UN")

    said = picture().record

    assert (said.structure_id, said.structure_name, said.trade_name, said.postcode) == (
        "690000013", "CH DES LILAS", "", "",
    )  # fmt: skip


def test_nothing_is_guessed_when_no_identifier_says_it_is_the_same_person():
    say("extraction", family_name="MARTIN")
    say("fhir", person_id="10000000017", family_name="DURAND", given_name="Alice")
    assert (picture().record.person_id, picture().record.given_name) == ("", "")


def test_lines_of_one_address_are_taken_in_their_order():
    say("fhir", ordinal=2, structure_id="2", structure_name="DEUX")
    say("fhir", ordinal=1, structure_id="1")
    assert (picture().record.structure_id, picture().record.structure_name) == ("1", "")


def test_what_is_withdrawn_is_not_in_the_picture():
    say("extraction", withdrawn_at=timezone.now())
    assert pictures(Entry.objects.current()) == {}


@pytest.mark.parametrize(("source", "published"), [("extraction", True), ("fhir", True), ("ldap", False)])
def test_only_a_public_source_proves_publication(source, published):
    say(source)
    assert picture().is_published == published
    assert Entry.objects.published().exists() == published


def test_many_addresses_take_one_query(django_assert_num_queries):
    for number in range(20):
        say("fhir", address=f"p{number}@chu.mssante.fr")
        say("ldap", address=f"p{number}@chu.mssante.fr")
    with django_assert_num_queries(1):
        assert len(pictures(Entry.objects.current())) == 20


def test_the_copy_is_as_fresh_as_its_latest_public_source():
    now = timezone.now()
    SyncRun.objects.create(source="extraction", status="applied", generated_at=now - timedelta(days=9), started_at=now)
    fhir = SyncRun.objects.create(source="fhir", status="unchanged", generated_at=now - timedelta(days=1))
    SyncRun.objects.create(source="fhir", status="failed")
    SyncRun.objects.create(source="ldap", status="applied")
    assert SyncRun.objects.latest_public() == fhir
