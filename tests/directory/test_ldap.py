"""The LDAP source against a real OpenLDAP, whose size limit only paging gets past."""

import importlib
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from directory.models import Change, Entry, SyncRun
from directory.readers.address import OF_PATIENT
from directory.sources import UnreadableSource, get_source
from directory.sources import ldap as source_module
from directory.sync import sync
from tests.certificates import make_certificate
from tests.servers import Ldap, find_program, free_port, or_skip, port_answers, run

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]

OPENLDAP = Path(__file__).parents[1] / "openldap"
MAP = {
    "kind": "mssTypeBal", "person_id": "mssRpps", "structure_id": "mssFiness", "person_id_type": "",
    "structure_id_type": "", "profession_code": "", "service": "ou",
}  # fmt: skip


@pytest.fixture
def load(settings):
    pytest.importorskip("ldap", reason="python-ldap is not installed")

    def load(openldap, max_withdrawn=1.0, **changes):
        options = {
            "url": openldap.tls_uri, "ca_file": openldap.ca_file, "user": openldap.admin_dn,
            "password": openldap.password, "base": openldap.base, "filter": "(objectClass=mssBal)", "attributes": MAP,
        }  # fmt: skip
        return sync(get_source("ldap", **options | changes), max_withdrawn=max_withdrawn)

    return load


def person(n, **attributes):
    said = {
        "objectClass": "mssBal", "cn": f"p{n}", "sn": f"Émile{n}", "givenName": "Zoé", "mssTypeBal": "PER",
        "mssRpps": f"1{n:010}", "mail": f"P{n}@aura.mssante.fr", **attributes,
    }  # fmt: skip
    return f"dn: cn=p{n},o=mssante,c=fr\n" + "".join(f"{name}: {value}\n" for name, value in said.items()) + "\n"


def people(number):
    return "".join(map(person, range(number)))


def counts(run):
    return run.status, run.appeared, run.changed, run.withdrawn


def held():
    return Entry.objects.current().filter(source="ldap").count()


@pytest.mark.parametrize("uri", ["tls_uri", "uri"])
def test_entries_are_read_over_ldaps_and_starttls(load, openldap, uri):
    openldap.add(person(1, ou="Urgences") + person(2, mail="autre@ailleurs.fr"))
    run = load(openldap, url=getattr(openldap, uri))

    assert (counts(run), run.lines, run.rejected) == (("applied", 1, 0, 0), 2, 1)
    entry = Entry.objects.get()
    assert (entry.address, entry.kind, entry.family_name, entry.given_name) == (
        "p1@aura.mssante.fr", "PER", "Émile1", "Zoé",
    )  # fmt: skip
    assert (entry.person_id, entry.service, entry.source) == ("10000000001", "Urgences", "ldap")


def test_the_default_attributes_are_those_of_the_documents_and_can_be_replaced():
    fields = source_module._fields(get_source("ldap", attributes={"service": "ou", "kind": ""}).attributes)
    assert (fields["address"], fields["person_id"], fields["service"]) == ("mail", "identifiantpp", "ou")
    assert "kind" not in fields
    with pytest.raises(ImproperlyConfigured, match="couleur"):
        get_source("ldap", attributes={"couleur": "x"})


def test_labels_of_identifier_types_become_codes():
    values = {"mail": [b"A@x.mssante.fr"], "typebal": [b"org"], "typeidentifiantpm": [b"Finess"], "sn": [b"a\x00b"]}
    (record,) = source_module.records_of(1, "cn=x", values, source_module._fields({}))
    assert (record.kind, record.structure_id_type, record.family_name) == ("ORG", "1", "a b")


def test_an_entry_with_several_addresses_is_several_lines_and_one_without_is_put_aside(load, openldap):
    openldap.add(person(1, mail="a@aura.mssante.fr\nmail: b@aura.mssante.fr") + person(2).replace("mail: ", "ou: "))
    run = load(openldap)
    assert (run.appeared, run.rejected) == (2, 1)
    assert run.rejected_lines.get().reason == "adresse absente"


def records_of(**values):
    named = {name: [text.encode() for text in texts] for name, texts in values.items()}
    return list(source_module.records_of(1, "cn=x", named, source_module._fields({})))


def test_schemes_are_stripped_and_what_is_no_mail_is_left_aside():
    found = records_of(
        mail=["SMTP:A@x.mssante.fr", "smtp:a@x.mssante.fr", "SIP:a@x.mssante.fr", "X500:/o=x", "b@x.mssante.fr"]
    )
    assert [record.address for record in found] == ["a@x.mssante.fr", "b@x.mssante.fr"]


def test_every_holder_of_a_shared_mailbox_is_kept():
    numbers = [f"1000000000{n}" for n in range(3)]
    found = records_of(
        mail=["s@x.mssante.fr"], identifiantpp=numbers, sn=["A", "B", "C"], o=["CH", "GH"], typebal=["org"]
    )
    assert [(r.person_id, r.family_name, r.structure_name) for r in found] == [
        (numbers[0], "A", "CH, GH"), (numbers[1], "B", "CH, GH"), (numbers[2], "C", "CH, GH"),
    ]  # fmt: skip


def test_every_structure_of_an_entry_is_kept():
    found = records_of(mail=["s@x.mssante.fr"], identifiantpm=["690000013", "690000021"])
    assert [record.structure_id for record in found] == ["690000013", "690000021"]


@pytest.mark.parametrize("option", ["lang-fr", "range=0-1499", "x-primary"])
def test_values_under_an_option_are_the_attribute_s_own(option):
    values = {"mail": [b"a@x.mssante.fr"], f"Mail;{option}": [b"b@x.mssante.fr"], "sn;lang-fr": ["Été".encode()]}
    found = list(source_module.records_of(1, "cn=x", source_module.without_options(values), source_module._fields({})))
    assert [(one.address, one.family_name) for one in found] == [("a@x.mssante.fr", "Été"), ("b@x.mssante.fr", "Été")]


def test_an_option_is_read_from_a_real_server_too(load, openldap):
    openldap.add(person(1, **{"mail;lang-fr": "second@aura.mssante.fr"}))
    load(openldap)
    addresses = Entry.objects.current().values_list("address", flat=True).order_by("address")
    assert list(addresses) == ["p1@aura.mssante.fr", "second@aura.mssante.fr"]


def test_numbers_are_read_as_everywhere():
    (record,) = records_of(
        mail=["s@x.mssante.fr"], identifiantpp=["RPPS 8 81090001587"], identifiantpm=["FINESS 69 000 001 3"]
    )
    assert (record.person_id, record.structure_id) == ("81090001587", "690000013")


def test_a_patient_s_address_is_never_kept():
    (line,) = records_of(mail=["279035121518989@patient.mssante.fr"])
    assert (line.reason, line.text) == (OF_PATIENT, "")


def test_a_value_that_is_not_utf_8_puts_its_entry_aside():
    values = {"mail": [b"a@x.mssante.fr"], "sn": [b"\xe9"]}
    (line,) = source_module.records_of(4, "cn=x", values, source_module._fields({}))
    assert (line.number, line.reason, line.text) == (4, "valeur qui n’est pas en UTF-8", "cn=x")


def test_what_is_gone_is_withdrawn_and_too_much_is_refused(load, openldap):
    openldap.add(people(20))
    load(openldap)
    remove(openldap, range(2))
    assert counts(load(openldap, max_withdrawn=None)) == ("applied", 0, 0, 2)
    remove(openldap, range(2, 12))
    assert load(openldap, max_withdrawn=None).status == "refused"
    assert held() == 18


def remove(openldap, numbers):
    names = "".join(f"cn=p{n},o=mssante,c=fr\n" for n in numbers)
    command = ["ldapdelete", "-x", "-H", openldap.uri, "-D", openldap.admin_dn, "-w", openldap.password]
    subprocess.run(command, input=names, text=True, check=True)


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "faux"}, "vérifiez LDAP_USER et LDAP_PASSWORD"),
        ({"base": "dc=ailleurs"}, "LDAP_BASE"),
        ({"filter": "(mail="}, "LDAP_FILTER"),
        ({"ca_file": "/nulle/part.pem"}, "LDAP_CA_FILE"),
        ({"url": "http://127.0.0.1"}, "n’est pas une adresse ldap"),
        ({"url": "ldap://127.0.0.1:1"}, "injoignable"),
        ({"url": ""}, "LDAP_URL"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence_and_withdraws_nothing(load, openldap, changes, sentence):
    openldap.add(people(2))
    load(openldap)
    with pytest.raises(UnreadableSource) as told:
        load(openldap, **changes)
    assert sentence in str(told.value)
    assert "faux" not in str(told.value)
    assert held() == 2


@pytest.mark.parametrize("uri", ["tls_uri", "uri"])
def test_an_unknown_authority_is_refused_with_what_to_do(load, openldap, tmp_path, uri):
    make_certificate(tmp_path)
    for ca_file in (str(tmp_path / "ca.pem"), ""):
        with pytest.raises(UnreadableSource, match=r"(?s)IGC-Santé.*LDAP_CA_FILE"):
            load(openldap, url=getattr(openldap, uri), ca_file=ca_file)
    load(openldap)  # the refusals left nothing behind that concerns other connections
    with pytest.raises(UnreadableSource, match="IGC-Santé"):
        load(openldap, url=getattr(openldap, uri), ca_file="")


def test_an_answer_without_the_paging_control_is_not_taken_for_the_whole(load, openldap, monkeypatch):
    openldap.add(people(2))
    load(openldap)
    monkeypatch.setattr(
        source_module.ldap.ldapobject.SimpleLDAPObject, "result3", lambda *args, **options: (0, [], 1, [])
    )
    with pytest.raises(UnreadableSource, match="page par page"):
        load(openldap)
    assert held() == 2


@pytest.fixture
def own_openldap(tmp_path):
    """One of the test's own, with 10 000 entries; `process` to kill it. The anonymous never get more than 700."""
    with or_skip():
        slapd, slapadd = (find_program(name, "/usr/sbin", package="slapd") for name in ("slapd", "slapadd"))
    make_certificate(tmp_path)
    (tmp_path / "db").mkdir()
    conf = (OPENLDAP / "slapd.conf").read_text().replace("$DIR", str(tmp_path))
    (tmp_path / "slapd.conf").write_text(conf.replace("size.prtotal=unlimited", "size.prtotal=700"))
    shutil.copy(OPENLDAP / "mss.schema", tmp_path)
    entries = "dn: o=mssante,c=fr\nobjectClass: organization\no: mssante\n\n" + people(10_000)
    command = [slapadd, "-q", "-f", str(tmp_path / "slapd.conf")]
    subprocess.run(command, input=entries, text=True, check=True, capture_output=True)
    port, tls_port = free_port(), free_port()
    ldap = Ldap(f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{tls_port}", str(tmp_path / "ca.pem"), tmp_path)
    command = [slapd, "-d", "0", "-f", str(tmp_path / "slapd.conf"), "-h", f"{ldap.uri} {ldap.tls_uri}"]
    with run(command, tmp_path / "log", port_answers(tls_port)) as ldap.process:
        yield ldap


def test_10_000_entries_then_a_size_limit_then_a_server_killed_in_the_middle(load, own_openldap, monkeypatch):
    assert counts(load(own_openldap)) == ("applied", 10_000, 0, 0)
    assert load(own_openldap).status == "unchanged"

    with pytest.raises(UnreadableSource, match="limite le nombre"):
        load(own_openldap, user="", password="")

    def ask(pages, control, ask=source_module.LdapPages._ask):
        if pages.read == 7:
            own_openldap.process.send_signal(signal.SIGKILL)
            own_openldap.process.wait()
        return ask(pages, control)

    monkeypatch.setattr(source_module.LdapPages, "_ask", ask)
    with pytest.raises(UnreadableSource, match="injoignable, ou la connexion s’est interrompue"):
        load(own_openldap)

    assert (held(), Change.objects.count()) == (10_000, 0)
    assert list(SyncRun.objects.values_list("status", flat=True)) == ["failed", "failed", "unchanged", "applied"]


# --- Without python-ldap ----------------------------------------------------------------------------------------------


def test_without_python_ldap_all_else_works_and_a_sentence_tells(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ldap", None)
    try:
        importlib.reload(source_module)
        with pytest.raises(SystemExit) as end:
            call_command("sync_annuaire", "ldap", "--url", "ldaps://annuaire.exemple.fr")
    finally:
        monkeypatch.undo()
        importlib.reload(source_module)
    assert end.value.code == 2
    assert "python-ldap, qui n’est pas installé" in capsys.readouterr().err
