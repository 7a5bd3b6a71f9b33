"""The people of the establishment's own directory, from a real OpenLDAP: forecast, applied by hand, a departure
proposed."""

import pytest
from django.core.management import CommandError, call_command

from directory.sources import UnreadableSource
from mailboxes.imports.actions import apply_import
from mailboxes.imports.establishment import is_closed, read_establishment, read_people
from mailboxes.imports.models import Import
from mailboxes.imports.work import carry_on
from mailboxes.lifecycle import Act
from mailboxes.models import SYSTEM, Affiliation, JournalEntry, Movement, Person, Sighting

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]

ALICE, BRUNO = "10000000990", "10000000982"


@pytest.fixture
def establishment(openldap, settings, tmp_path, structure):
    pytest.importorskip("ldap", reason="python-ldap is not installed")
    settings.VAR_DIR = tmp_path
    settings.PEOPLE_LDAP = {
        "url": openldap.tls_uri, "ca_file": openldap.ca_file, "user": openldap.admin_dn,
        "password": openldap.password, "base": openldap.base, "filter": "(objectClass=mssBal)",
    }  # fmt: skip
    settings.PEOPLE_LDAP_ATTRIBUTES = {
        "rpps": "mssRpps", "profession": "title", "function": "departmentNumber", "groups": "ou",
        "disabled": "employeeType",
    }  # fmt: skip
    settings.PEOPLE_LDAP_GROUPS = {"cn=cardio": "Cardiologie"}
    settings.PEOPLE_LDAP_STRUCTURE = structure.finess_et
    return openldap


def entry(rpps, family, given, **attributes):
    said = {"objectClass": "mssBal", "cn": rpps, "sn": family, "givenName": given, "mssRpps": rpps, **attributes}
    return f"dn: cn={rpps},o=mssante,c=fr\n" + "".join(f"{name}: {value}\n" for name, value in said.items()) + "\n"


def test_people_are_forecast_then_applied_by_a_gestionnaire(establishment, people, structure):
    group = "cn=Cardio,ou=groupes,o=mssante,c=fr"
    establishment.add(
        entry(ALICE, "MOREL", "Zoé", title="Médecin", ou=group, mail="zoe.morel@exemple.invalid")
        + entry(BRUNO, "PETIT", "Léo", title="Infirmier", departmentNumber="Urgences")
    )
    run = read_people()
    run.refresh_from_db()
    carry_on(run, by=SYSTEM)
    assert (run.stage, run.created, run.rejected) == (Import.Stage.PREVIEWED, 2, 0)
    assert not Person.objects.filter(rpps__in=[ALICE, BRUNO]).exists()
    carry_on(run := apply_import(run, by=people.gisele.user), by=SYSTEM)
    stays = Affiliation.objects.filter(person__rpps__in=[ALICE, BRUNO]).order_by("person__rpps")
    assert [(stay.person.given_name, stay.function) for stay in stays] == [("Léo", "Urgences"), ("Zoé", "Cardiologie")]
    assert {stay.structure for stay in stays} == {structure}


def test_a_closed_account_proposes_a_departure_and_opens_no_file(establishment, people, structure):
    establishment.add(
        entry(people.paul.rpps, "EXEMPLE", "Paul", employeeType="disabled")
        + entry(ALICE, "MOREL", "Zoé", employeeType="disabled")
    )
    carry_on(run := read_people(), by=SYSTEM)
    assert not run.lines.exists(), "neither entered nor described"
    seen = Sighting.objects.get()
    assert (seen.stay.person, seen.kind) == (people.paul, "disabled")
    assert not Movement.objects.exists()
    assert seen.stay.left_on is None
    read_people()
    assert JournalEntry.objects.filter(what=Act.NOTE_SIGHTING).count() == 1, "proposed once"
    establishment.add(entry("p2", "EXEMPLE", "Paul").replace("mssRpps: p2", f"mssRpps: {people.paul.rpps}"))
    read_people()
    assert not Sighting.objects.exists(), "an account of his is open"


def test_the_same_people_read_again_make_no_second_import(establishment, people, capsys):
    establishment.add(entry(ALICE, "MOREL", "Zoé"))
    call_command("import_people")
    assert "simulé : 1 à inscrire" in capsys.readouterr().out
    read_establishment()
    call_command("import_people")
    assert "Rien n’a changé" in capsys.readouterr().out
    assert Import.objects.count() == 1


def test_what_keeps_it_from_being_read_is_one_sentence(establishment, settings):
    settings.PEOPLE_LDAP = settings.PEOPLE_LDAP | {"password": "autre"}
    with pytest.raises(CommandError, match="refuse ce compte : vérifiez PEOPLE_LDAP_USER et PEOPLE_LDAP_PASSWORD"):
        call_command("import_people")
    settings.PEOPLE_LDAP_STRUCTURE = "999999999"
    with pytest.raises(CommandError, match="PEOPLE_LDAP_STRUCTURE ne désigne pas"):
        call_command("import_people")
    settings.PEOPLE_LDAP = settings.PEOPLE_LDAP | {"url": ""}
    read_establishment()  # not configured: nothing to do
    assert not Import.objects.exists()


def test_without_an_address_the_setting_is_named(establishment, settings):
    settings.PEOPLE_LDAP = settings.PEOPLE_LDAP | {"url": ""}
    with pytest.raises(UnreadableSource, match="renseignez PEOPLE_LDAP_URL"):
        read_people()


@pytest.mark.parametrize(
    ("value", "closed"),
    [
        ("514", True),
        ("512", False),
        ("66050", True),
        ("TRUE", True),
        ("Désactivé", True),
        ("", False),
        ("actif", False),
    ],
)
def test_a_closed_account_is_known_by_its_bit_or_its_word(value, closed):
    assert is_closed(value) == closed
