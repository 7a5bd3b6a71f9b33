"""A file of the annuaire, line by line."""

import shutil
import subprocess
import sys
import zipfile

import pytest
from django.contrib.auth import get_user_model

from directory.records import EntryRecord
from directory.sources import get_source
from directory.sources.extraction import COLUMNS, HEADER
from directory.sync import sync
from tests.forks import ROOT, OwnCommand

ALICE = EntryRecord(
    kind="PER", address="alice.martin@aura.mssante.fr", person_id_type="8", person_id="10000000017",
    national_id="810000000017", structure_id_type="1", structure_id="690000013", civility="DR", family_name="MARTIN",
    given_name="Alice", category_code="C", category="Civil", profession_code="10", profession="Médecin",
    skill_code="SM54", skill="Médecine Générale", paperless="O", structure_name="CH DES LILAS", postcode="69003",
    department="Rhône", country="France",
)  # fmt: skip
BRUNO = ALICE._replace(address="bruno.petit@aura.mssante.fr", person_id="10000000025", family_name="PETIT")
SERVICE = EntryRecord(kind="ORG", address="urgences@ch-lilas.mssante.fr", service="Urgences", structure_id="690000013")


def line(record=ALICE, **changes):
    return "|".join(record._replace(**changes)[: len(COLUMNS)])


def many(number, **changes):
    return [line(address=f"p{n}@aura.mssante.fr", **changes) for n in range(number)]


@pytest.fixture
def static_root(settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns of its absence, and warnings are errors


@pytest.fixture
def visitor(client, db):
    client.force_login(get_user_model().objects.create_user("gisele"))
    return client


@pytest.fixture
def write(tmp_path):
    """Write a file: its lines, or its very bytes; zipped when its name ends so."""

    def write(*lines, name="annuaire.txt", header=HEADER, end="\n", raw=None):
        path = tmp_path / name
        content = raw if raw is not None else "".join(text + end for text in [header, *lines]).encode()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("Extraction_Correspondance_MSSante_202611200300.txt", content)
        else:
            path.write_bytes(content)
        return path

    return write


@pytest.fixture
def load(db, write):
    """Sync a file made of these lines."""

    def load(*lines, name="annuaire.txt", dry_run=False, max_withdrawn=None, dated=None, **file):
        return sync(
            get_source("extraction", path=str(write(*lines, name=name, **file))),
            dry_run=dry_run,
            max_withdrawn=max_withdrawn,
            dated=dated,
        )

    return load


class Child:
    """A real process of tests/directory/child.py that says where it stands, and waits to be told to go on."""

    def __init__(self, url, stop_at, path, source, start=OwnCommand):
        command = [sys.executable, "-m", "tests.directory.child", url, stop_at, str(path), source]
        self.process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def says(self):
        return self.process.stdout.readline().strip()

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def child(database_url):
    children = []

    def start(stop_at, path, source="extraction", **how):
        children.append(Child(database_url, stop_at, path, source, **how))
        return children[-1]

    yield start
    for one in children:
        one.kill()
        one.process.stdin.close()
        one.process.stdout.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path, _prepared_sqlite):
    """A database of its own that real processes share, whatever --db says."""
    if request.param == "postgresql":
        return request.getfixturevalue("migrated_url")
    shutil.copy(_prepared_sqlite, tmp_path)
    return f"sqlite:///{tmp_path / 'bal.sqlite3'}"
