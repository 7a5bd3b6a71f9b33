"""The FHIR API and an LDAP directory, each against the bare reading of the same pages.

The servers run on this machine: what is measured is our own work, not a network.
"""

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx

from directory.models import Entry
from directory.sources import get_source
from directory.sources.fhir import SEARCHES
from directory.sync import sync
from tests.bench.programs import SLAPADD, SLAPD
from tests.bench.row import Row
from tests.certificates import make_certificate
from tests.directory.fhir_server import KEY, mailbox, organization, practitioner, role, run_fhir_server
from tests.servers import Ldap, free_port, port_answers, private_folder, run

ENTRIES = 10_000
ROUNDS = 3
OPENLDAP = Path(__file__).parents[1] / "openldap"
MAP = {"kind": "mssTypeBal", "person_id": "mssRpps", "structure_id": "mssFiness"}
BASE = "o=mssante,c=fr"


def rows():
    with run_fhir_server() as server:
        yield from fhir_rows(server)
    with run_ldap() as ldap:
        yield from ldap_rows(ldap)


def taken(act):
    started = perf_counter()
    act()
    return perf_counter() - started


def measure(read, bare, source):
    """Medians, taken in turn so that a busy machine slows all alike: a first load, the same again, the bare reading."""
    first, again, alone = [], [], []
    for _ in range(ROUNDS):
        Entry.objects.filter(source=source).delete()
        first.append(taken(read))
        again.append(taken(read))
        alone.append(taken(bare))
    return median(first), median(again), median(alone)


# --- FHIR -----------------------------------------------------------------------------------------------------------


def fhir_rows(server):
    for n in range(ENTRIES // 2):
        server.resources["Practitioner"].append(practitioner(n, mailbox(f"p{n}@aura.mssante.fr")))
        server.resources["PractitionerRole"].append(role(n, n, n % 500, mailbox(f"r{n}@chu.mssante.fr")))
    for n in range(500):
        server.resources["Organization"].append(organization(n, mailbox(f"o{n}@chu.mssante.fr")))

    def read():
        # The pace is the ANS's, not ours: it is not slept here.
        source = get_source("fhir", url=server.url, key=KEY, full=True, sleep=lambda seconds: None)
        assert sync(source, max_withdrawn=1.0).addresses == ENTRIES + 500

    def bare():
        with httpx.Client(headers={"ESANTE-API-KEY": KEY}) as client:
            for search, options in SEARCHES.items():
                url = httpx.URL(f"{server.url}/{search}", params=[("_count", "200"), *options])
                while url:
                    links = client.get(url).json()["link"]
                    url = next((link["url"] for link in links if link["relation"] == "next"), None)

    first, again, alone = measure(read, bare, "fhir")
    yield Row(f"FHIR, {ENTRIES + 500} mailboxes, first load", first, "s", "bare fetch of the pages", alone, 3)
    yield Row(f"FHIR, {ENTRIES + 500} mailboxes, same again", again, "s", "bare fetch of the pages", alone, 3)


# --- LDAP -----------------------------------------------------------------------------------------------------------


@contextmanager
def run_ldap():
    slapd, slapadd = SLAPD.path(), SLAPADD.path()
    with private_folder() as home:
        make_certificate(home)
        (home / "db").mkdir()
        (home / "slapd.conf").write_text((OPENLDAP / "slapd.conf").read_text().replace("$DIR", str(home)))
        shutil.copy(OPENLDAP / "mss.schema", home)
        command = [slapadd, "-q", "-f", str(home / "slapd.conf")]
        subprocess.run(command, input="".join(ldif()), text=True, check=True, capture_output=True)
        port, tls_port = free_port(), free_port()
        ldap = Ldap(f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{tls_port}", str(home / "ca.pem"), home)
        command = [slapd, "-d", "0", "-f", str(home / "slapd.conf"), "-h", f"{ldap.uri} {ldap.tls_uri}"]
        with run(command, home / "log", port_answers(tls_port)):
            yield ldap


def ldif():
    yield f"dn: {BASE}\nobjectClass: organization\no: mssante\n\n"
    for n in range(ENTRIES):
        yield (
            f"dn: cn=p{n},{BASE}\nobjectClass: mssBal\ncn: p{n}\nsn: Nom{n}\ngivenName: Prénom\nmssTypeBal: PER\n"
            f"mssRpps: 1{n:010}\nmssFiness: 690000013\nmail: p{n}@aura.mssante.fr\n\n"
        )


def ldap_rows(server):
    import ldap  # noqa: PLC0415 - an extra
    from ldap.controls import SimplePagedResultsControl  # noqa: PLC0415

    options = {"url": server.tls_uri, "ca_file": server.ca_file, "user": server.admin_dn, "password": server.password}
    source = get_source("ldap", base=BASE, attributes=MAP, **options)

    def read():
        assert sync(source, max_withdrawn=1.0).addresses == ENTRIES

    def bare():
        connection = source._connect()
        control, found = SimplePagedResultsControl(True, size=source.count, cookie=""), 0
        wanted = ["mail", "givenName", "sn", *MAP.values()]
        while True:
            message = connection.search_ext(BASE, ldap.SCOPE_SUBTREE, source.filter, wanted, serverctrls=[control])
            _, entries, _, controls = connection.result3(message)
            found, control.cookie = found + len(entries), controls[0].cookie
            if not control.cookie:
                break
        connection.unbind_s()
        assert found == ENTRIES

    first, again, alone = measure(read, bare, "ldap")
    yield Row(f"LDAP, {ENTRIES} entries, first load", first, "s", "bare paged read", alone)
    yield Row(f"LDAP, {ENTRIES} entries, same again", again, "s", "bare paged read", alone)
