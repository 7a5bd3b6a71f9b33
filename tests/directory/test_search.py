"""The search: names as people type them, numbers and addresses by their form, filters, and truth after each run."""

import pytest
from django.db import connection
from django.utils import timezone

from directory import search_index
from directory.folding import fold
from directory.models import Entry
from directory.search import SHOWN, Asked, How, search
from directory.words import distance
from tests.directory.conftest import ALICE, BRUNO, SERVICE, line, many

NDIAYE = ALICE._replace(
    address="jm.ndiaye@pro.mssante.fr", person_id="10000000033", family_name="N'DIAYE", given_name="Jean-Marc",
    profession_code="60", profession="Infirmier", postcode="20200", department="Haute-Corse", address_l6="20200 BASTIA",
)  # fmt: skip
LEGOFF = ALICE._replace(
    address="francoise.legoff@pro.mssante.fr", person_id="10000000041", family_name="LE GOFF", given_name="Françoise",
    postcode="29200", department="Finistère", address_l6="29200 BREST CEDEX", structure_name="CABINET DU PORT",
)  # fmt: skip
HOMONYM = ALICE._replace(
    address="alice.martin2@pro.mssante.fr", person_id="10000000058", profession_code="60", profession="Infirmier"
)


@pytest.fixture
def annuaire(load):
    load(*(line(record) for record in (ALICE, BRUNO, NDIAYE, LEGOFF, HOMONYM, SERVICE)))


def addresses(text="", **filters):
    return [entry.address for entry in search(Asked(text, **filters)).entries(0, SHOWN)]


@pytest.mark.parametrize(
    "text",
    [
        "N'Diaye Jean-Marc",
        "jean-marc ndiaye",
        "ndiaye jeanmarc",
        "n’diaye",
        "NDIAYE",
        "diaye marc",
        "jm.ndiaye",
        "ndiay",
        "ndaiye",
        "ndiyae jean",
        "10000000033",
        "1 0000 0000 33",
        "810000000033",
        "jm.ndiaye@pro.mssante.fr",
        "JM.Ndiaye@Pro.MSSante.fr",
        "jm.ndiaye@pro",
    ],
)
def test_one_is_found_as_people_type_the_name(annuaire, text):
    assert addresses(text) == [NDIAYE.address]


@pytest.mark.parametrize("text", ["legoff", "Le Goff", "le-goff francoise", "FRANÇOISE LE GOFF", "francoise legof"])
def test_a_name_in_two_words_is_found_in_one(annuaire, text):
    assert addresses(text) == [LEGOFF.address]


def test_homonyms_stand_side_by_side(annuaire):
    assert addresses("martin alice") == sorted([ALICE.address, HOMONYM.address])


def test_exact_names_come_before_beginnings_and_those_before_typing_errors(load):
    names = ["MARTINEZ", "MARTIN", "MARTYN"]
    load(*(line(family_name=name, address=f"a.{name.lower()}@pro.mssante.fr") for name in names))
    found = search(Asked("martin"))
    assert [entry.family_name for entry in found.entries(0, 9)] == ["MARTIN", "MARTINEZ", "MARTYN"]
    assert [found.how.get(pk, How.EXACT) for pk in found.ids] == [How.EXACT, How.BEGINNING, How.NEAR]


SIMON = ALICE._replace(
    address="martine.simon@pro.mssante.fr", person_id="10000000066", family_name="SIMON", given_name="Martine",
    skill="Cardiologie et maladies vasculaires",
)  # fmt: skip
JEAN = SIMON._replace(
    address="jean.martin@pro.mssante.fr", person_id="10000000074", family_name="MARTIN", given_name="Jean"
)


def test_nobody_is_given_for_another(load):
    load(line(SIMON), line(JEAN))
    assert addresses("martin jean cardio") == [JEAN.address]


def test_where_the_one_asked_is_not_found_words_are_given_up_and_told_never_a_name(load):
    load(line(SIMON), line(JEAN, skill="Dermatologie et vénéréologie"))
    found = search(Asked("martin jean cardio"))
    assert [entry.address for entry in found.entries(0, 9)] == [JEAN.address]
    assert (set(found.how.values()), found.without) == ({How.WITHOUT}, ["cardio"])


def test_one_word_alone_is_corrected_the_others_keep_their_meaning(load):
    load(line(SIMON), line(JEAN, family_name="MARTIN"))
    found = search(Asked("matrin jean cardio"))
    assert [entry.address for entry in found.entries(0, 9)] == [JEAN.address]
    assert set(found.how.values()) == {How.NEAR}
    assert addresses("simone jeanne cardio") == []


def test_another_hospital_is_told_as_such(load):
    load(line(SERVICE, structure_name="CENTRE HOSPITALIER DE LYON"))
    found = search(Asked("chu lyon urgences"))
    assert [*found.how.values()] == [How.WIDER]
    assert not search(Asked("ch lyon urgences")).how


def test_the_words_beside_a_number_choose_among_its_lines(load):
    load(line(), line(SERVICE), line(BRUNO))
    assert addresses("FINESS 690000013 urgences")[0] == SERVICE.address
    assert len(addresses("FINESS 690000013 urgences")) == 3


def test_short_words_are_never_corrected(load):
    load(line(family_name="ROY"))
    assert addresses("ray") == []


def test_a_structure_is_found_by_name_service_or_number(annuaire):
    assert SERVICE.address in addresses("690000013")
    assert addresses("urgences") == [SERVICE.address]
    assert addresses("urgnces") == [SERVICE.address]
    assert set(addresses("lilas")) >= {ALICE.address, BRUNO.address}
    assert addresses("cabinet port") == [LEGOFF.address]


def test_a_domain_and_a_postcode_are_recognised(annuaire):
    assert addresses("ch-lilas.mssante.fr") == [SERVICE.address]
    assert addresses("@ch-lilas.mssante.fr") == [SERVICE.address]
    assert addresses("29200") == [LEGOFF.address]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"kind": "ORG"}, [SERVICE]),
        ({"profession": "60", "text": "ndiaye"}, [NDIAYE]),
        ({"profession": "60", "text": "petit"}, []),
        ({"place": "29"}, [LEGOFF]),
        ({"place": "2B"}, [NDIAYE]),
        ({"place": "2a"}, []),
        ({"place": "finistere"}, [LEGOFF]),
        ({"place": "brest"}, [LEGOFF]),
        ({"place": "Haute-Corse"}, [NDIAYE]),
        ({"domain": "ch-lilas.mssante.fr"}, [SERVICE]),
        ({"text": "10000000033", "kind": "ORG"}, []),
        ({"text": "10000000033", "kind": "PER"}, [NDIAYE]),
        ({"text": "ndiaye", "place": "brest"}, []),
    ],
)
def test_filters(annuaire, filters, found):
    assert addresses(**filters) == [record.address for record in found]


@pytest.mark.parametrize(
    "text", ["'", '"', "' | 'x", "a:*", "!", "NEAR(a b)", "* OR", "\\", "%", "@", "a@", "é", "()", "-", ".fr"]
)
def test_nothing_typed_breaks_the_query(annuaire, text):
    search(Asked(text))
    search(Asked("martin", place=text, domain=text, profession=text, kind=text))


def test_nothing_asked_finds_nothing(annuaire):
    assert not search(Asked())
    assert len(search(Asked("  "))) == 0


def test_the_search_follows_each_run(load):
    load(line(), *many(20, family_name="COPAIN"))
    load(line(family_name="DURAND"), *many(19, family_name="COPAIN"), line(BRUNO))

    assert addresses("martin") == [ALICE.address]  # by her address alone
    assert addresses("durand") == [ALICE.address]
    assert addresses("petit") == [BRUNO.address]
    assert len(addresses("copain")) == 19

    load(line(family_name="DURAND"), *many(20, family_name="COPAIN"), line(BRUNO))
    assert len(addresses("copain")) == 20


def test_a_dry_run_leaves_the_search(load):
    load(line())
    load(line(BRUNO), dry_run=True)
    assert addresses("petit") == []


def test_what_was_left_behind_is_repaired_by_the_next_run_even_without_change(load, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(search_index, "level", lambda: 0)
        load(line())
    assert addresses("martin") == []
    load(line())
    assert addresses("martin") == [ALICE.address]


def test_an_entry_withdrawn_meanwhile_is_not_shown(annuaire):
    Entry.objects.filter(address=BRUNO.address).update(withdrawn_at="2026-11-20T00:00:00Z")
    assert addresses("petit") == []
    search_index.level()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {search_index.SEARCH}")
        assert cursor.fetchone()[0] == 5


def test_only_public_sources_are_searched_and_an_address_once(annuaire):
    now = timezone.now()
    seen = {"first_seen_at": now, "changed_at": now, "digest": "y", "kind": "PER", "family_name": "MARTIN"}
    own = {"given_name": "Alice", "profession": "Sage-Femme"}
    Entry.objects.create(source="ldap", address="alice.martin@interne.mssante.fr", **seen, **own)
    Entry.objects.create(source="fhir", address=ALICE.address, **seen, **own)
    Entry.objects.create(source="fhir", address="alice.martin@fhir.mssante.fr", **seen, **own)
    search_index.level()
    assert sorted(addresses("martin alice")) == [HOMONYM.address, ALICE.address, "alice.martin@fhir.mssante.fr"]

    Entry.objects.filter(source="extraction", address=ALICE.address).update(withdrawn_at=now)
    search_index.level()
    assert len(addresses("martin sage-femme")) == 2


def test_levelling_twice_writes_nothing(annuaire):
    assert search_index.level() == 0


def test_more_than_what_is_shown_is_said_and_not_counted(load):
    load(*many(SHOWN + 5))
    found = search(Asked("martin"))
    assert (len(found), found.more) == (SHOWN, True)


def test_ligatures_are_taken_apart(load):
    load(line(family_name="SACRÉ-CŒUR"))
    assert addresses("sacre coeur") == addresses("sacrécœur") == [ALICE.address]


@pytest.mark.parametrize(
    ("one", "other", "far"), [("martin", "martin", 0), ("mratin", "martin", 1), ("martn", "martin", 1),
                              ("matrni", "martin", 2), ("a", "abcd", 3), ("", "", 0)],
)  # fmt: skip
def test_distance(one, other, far):
    assert distance(one, other, 2) == far


def test_folding():
    assert fold("  N’Diaye, Éric (Œuvre) ") == "n diaye eric oeuvre"
