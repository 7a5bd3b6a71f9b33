"""The white list: which domains are kept, and what is not taken for it."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from directory.invented import write_whitelist
from directory.models import SyncRun, TrustedDomain
from directory.records import DomainRecord, RejectedRecord
from directory.sources import get_source
from directory.sources.whitelist import NAMESPACE
from directory.sync import sync
from directory.tasks import sync_annuaire

pytestmark = pytest.mark.sqlite_run

DN = "CN=mss,OU=318751275100020,O=Opérateur régional,C=FR"


def domain(name, updated="2026-11-01", description="Centre hospitalier", dn=DN):
    return (
        f"<Domaine><Nom>{name}</Nom><Description>{description}</Description>"
        f"<DNCertificatOperateur>{dn}</DNCertificatOperateur><ResponsableContact>a@b.fr</ResponsableContact>"
        f"<SupportContact>c@d.fr</SupportContact><DateMAJ>{updated}</DateMAJ></Domaine>\n"
    )


def listed(*domains, generated="2026-11-20T04:00:00+01:00", namespace=NAMESPACE, before=""):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}\n<ListeBlancheMSSante xmlns="{namespace}">'
        f"<DateDeGeneration>{generated}</DateDeGeneration><ListeDomaines>\n{''.join(domains)}</ListeDomaines>"
        "</ListeBlancheMSSante>"
    ).encode()


@pytest.fixture
def write(tmp_path):
    def write(content, name="liste.xml"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def load(db, write):
    def load(*domains, dry_run=False, max_withdrawn=None, **facts):
        source = get_source("whitelist", path=str(write(listed(*domains, **facts))))
        return sync(source, dry_run=dry_run, max_withdrawn=max_withdrawn)

    return load


def read(path):
    with get_source("whitelist", path=str(path)).open(lambda: None) as opened:
        return list(opened.records()), opened.generated_at


def run(*words):
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("sync_annuaire", "whitelist", *map(str, words), stdout=out, stderr=err)
    except SystemExit as end:
        code = end.code
    return code, json.loads(out.getvalue()), err.getvalue()


def test_a_domain_becomes_a_record_and_the_list_is_dated(write):
    (record,), generated_at = read(write(listed(domain("CHU-Lyon.AURA.mssante.fr", description="CHU &amp; CIE"))))
    assert record == DomainRecord(
        "chu-lyon.aura.mssante.fr",
        "CHU & CIE",
        "Opérateur régional",
        "18751275100020",
        "a@b.fr",
        "c@d.fr",
        "2026-11-01",
    )
    assert generated_at == datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T04:00:00", datetime(2026, 11, 20, 3, 0, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 19, 23, 0, tzinfo=UTC)),
        ("2026-13-45", None),
        ("hier", None),
        ("", None),
    ],
)
def test_the_date_of_the_list_in_paris_time(write, text, expected):
    assert read(write(listed(generated=text)))[1] == expected


def test_doubles_in_any_case_are_one_domain_and_the_latest_word_counts(write):
    old = domain("aura.mssante.fr", "2025-01-01", "ancien")
    new = domain("Aura.MSSante.FR", "2026-01-01", "nouveau")
    for order in ([old, new], [new, old, old]):
        (record,), _ = read(write(listed(*order)))
        assert (record.name, record.description) == ("aura.mssante.fr", "nouveau")


def test_what_is_no_domain_is_put_aside_with_its_line(write):
    records, _ = read(
        write(listed(domain("a.mssante.fr"), domain(""), domain("deux mots"), domain("accentué.mssante.fr")))
    )
    rejected = [(record.number, record.reason) for record in records if isinstance(record, RejectedRecord)]
    assert rejected == [
        (4, "«\u00a0\u00a0» n’est pas un nom de domaine"),
        (5, "«\u00a0deux mots\u00a0» n’est pas un nom de domaine"),
    ]
    assert [r.name for r in records if isinstance(r, DomainRecord)] == ["a.mssante.fr", "xn--accentu-hya.mssante.fr"]


def test_a_contact_of_several_elements_is_one_text(write):
    contact = "<ResponsableContact><Nom>Durand</Nom><Courriel>a@b.fr</Courriel></ResponsableContact>"
    xml = listed(domain("a.mssante.fr").replace("<ResponsableContact>a@b.fr</ResponsableContact>", contact))
    assert read(write(xml))[0][0].contact == "Durand a@b.fr"


@pytest.mark.parametrize("dn", ["", "CN=x", "OU=0002 18751275100020"])
def test_an_operator_without_a_legible_siret_has_none(write, dn):
    assert read(write(listed(domain("a.mssante.fr", dn=dn))))[0][0].operator_siret == ""


def test_a_long_list_is_cut_nowhere(write):
    """Longer than several blocks: no name or text may lose or gain a character where one ends."""
    names = [f"domaine-{n:05}.mssante.fr" for n in range(9000)]
    records, _ = read(write(listed(*map(domain, names))))
    assert [record.name for record in records] == names
    assert {record.description for record in records} == {"Centre hospitalier"}


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
LEAK = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
GOOD = listed(domain("a.mssante.fr"), domain("b.mssante.fr"))
UNREADABLE = {
    "empty": (b"", "Le fichier est vide."),
    "bomb": (listed(domain("&c;"), before=BOMB), "type de document (DTD)"),
    "leak": (listed(domain("&f;"), before=LEAK), "type de document (DTD)"),
    "outer DTD": (listed(before='<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'), "type de document (DTD)"),
    "html": (b"<!DOCTYPE html><html><body>maintenance</body></html>", "page web (HTML)"),
    "html without a type": (b"<html><body></body></html>", "n’est pas la liste blanche"),
    "other namespace": (listed(namespace="https://example.org/schema"), "«\u00a0https://example.org/schema\u00a0»"),
    "no namespace": (GOOD.replace(f' xmlns="{NAMESPACE}"'.encode(), b""), "l’espace de noms «\u00a0\u00a0»"),
    "truncated": (GOOD[:-60], "tronqué"),
    "not XML": (b"a|b|c\n", "n’est pas du XML lisible"),
    "unknown encoding": (GOOD.replace(b"UTF-8", b"klingon"), "n’est pas du XML lisible"),
    "not UTF-8": (GOOD.replace(b"Centre", b"\xe9\xff"), "n’est pas du XML lisible"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_ends_with_2_and_a_sentence(db, write, load, case):
    load(domain("held.mssante.fr"))
    raw, sentence = UNREADABLE[case]
    code, said, err = run("--file", write(raw, "next.xml"), "--json")
    assert (code, said["status"]) == (2, "refused")
    assert sentence in said["reason"]
    assert err.strip() == said["reason"]
    assert TrustedDomain.objects.current().get().name == "held.mssante.fr"


def test_the_same_json_counts_domains(db, write):
    xml = listed(domain("a.mssante.fr"), domain("A.mssante.fr"), domain("b.mssante.fr"), domain("?!"))
    code, said, _ = run("--file", write(xml), "--json")
    assert isinstance(said.pop("seconds"), float)
    assert said == {
        "status": "applied", "reason": None, "lines": 4, "rejected": 1, "addresses": 2,
        "appeared": 2, "changed": 0, "withdrawn": 0,
    }  # fmt: skip
    assert code == 0


def many(number):
    return [domain(f"d{n}.mssante.fr") for n in range(number)]


def test_what_changes_is_written_and_told(load):
    load(domain("a.mssante.fr"), *many(20))
    run = load(domain("a.mssante.fr", description="Clinique"), *many(19), domain("new.mssante.fr"))
    assert list(run.changes.order_by("address").values_list("address", "kind", "details")) == [
        ("a.mssante.fr", "changed", {"description": ["Centre hospitalier", "Clinique"]}),
        ("d19.mssante.fr", "withdrawn", {}),
        ("new.mssante.fr", "appeared", {}),
    ]
    assert (
        load(domain("a.mssante.fr", description="Clinique"), *many(19), domain("NEW.mssante.fr")).status == "unchanged"
    )


def test_an_older_and_a_shrunken_list_are_refused(load):
    load(*many(20))
    assert "plus ancien" in load(*many(20), generated="2026-11-19").reason
    assert "3 domaines sur 20" in load(*many(17)).reason
    assert load().reason == "Fichier sans aucun domaine valide, alors que notre copie en compte 20."
    assert load(*many(5), dry_run=True).status == "refused"
    assert TrustedDomain.objects.current().count() == 20
    assert load(*many(5), max_withdrawn=1.0).withdrawn == 15


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("x@aura.mssante.fr", True),
        ("X@AURA.MSSante.fr", True),
        ("x@chu.aura.mssante.fr", False),
        ("x@mssante.fr", False),
        ("x@gone.mssante.fr", False),
        ("x@interop-mssante.apicrypt.org", True),
        ("x@medical75.apicrypt.org", False),
    ],
)
def test_an_address_is_trusted_by_its_exact_domain(load, address, expected):
    load(domain("Aura.mssante.fr"), domain("gone.mssante.fr"))
    load(domain("aura.mssante.fr"), max_withdrawn=1.0)
    assert TrustedDomain.objects.is_trusted(address) is expected


def test_the_pages_list_both_kinds_of_run(client, django_user_model, load, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(django_user_model.objects.create_user("gisele"))
    load(*many(20))
    run = load(*many(19), domain("a.mssante.fr"))
    text = client.get(reverse("directory:runs")).text
    assert "Notre copie est celle du 20 novembre 2026" in text
    text = client.get(reverse("directory:run", args=[run.pk])).text
    assert "retiré de la liste blanche" in text
    assert "liste rouge" not in text


@pytest.mark.parametrize("source", ["whitelist", "activities"])
def test_without_an_address_the_nightly_task_does_nothing(db, source, settings):
    conf = settings.DIRECTORY_SOURCES[source]
    without = {**conf, "OPTIONS": {**conf["OPTIONS"], "url": ""}}
    settings.DIRECTORY_SOURCES = {**settings.DIRECTORY_SOURCES, source: without}
    sync_annuaire(source)
    assert not SyncRun.objects.exists()


def test_an_invented_list_goes_through(db, tmp_path):
    write_whitelist(tmp_path / "a.xml", ["a.mssante.fr", "b&c.mssante.fr"], datetime(2026, 11, 20, tzinfo=UTC))
    code, said, _ = run("--file", tmp_path / "a.xml", "--json")
    assert (code, said["addresses"], said["rejected"]) == (0, 2, 0)
    assert set(TrustedDomain.objects.values_list("operator_siret", flat=True)) == {"99000000000017"}
