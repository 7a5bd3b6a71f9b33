"""A backup is worth what its restoration brings back: compared table by table. What cannot be restored
touches nothing."""

import contextlib
import io
import json
import os
import secrets
import shutil
import sqlite3
import tarfile
import time

import psycopg
import pytest
from django.db import connection

from balmanager.operations import backup

pytestmark = pytest.mark.postgresql_run  # databases of its own, of both kinds: once is enough

FILL = """
from django.contrib.auth import get_user_model
from mailboxes.models import JournalEntry, Person, Structure
user = get_user_model().objects.create_user('gisele', 'gisele@exemple.invalid', 'x')
person = Person.objects.create(user=user, given_name='Gisèle', family_name='Exemple', rpps='10000000017')
structure = Structure.objects.create(name='CHU d’Exemple')
JournalEntry.objects.create(person=person, structure=structure, what='welcome_person', by=user)
"""
# What may be laid out by month: of today, of two months ago, and of before the first month.
FILL_MONTHS = """
from datetime import timedelta
from django.utils import timezone
from mailboxes.models import AccessTrace, Bal, Operator, Reading
operator = Operator.objects.create(code='regional', name='Régional')
bal = Bal.objects.create(address='p@chu.mssante.fr', kind='ORG', structure=structure, operator=operator)
for days in (0, 60, 5 * 365):
    at = timezone.now() - timedelta(days=days)
    Reading.objects.create(bal=bal, at=at, source='import', used_mb=days)
    AccessTrace.objects.create(user=user, at=at, what='export')
"""
SPOIL = """
from mailboxes.models import Structure
Structure.objects.update(name='Clinique')
Structure.objects.create(name='Ajoutée depuis')
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request, app_data):
    url = {"DATABASE_URL": request.getfixturevalue("migrated_url")} if request.param == "postgresql" else {}
    app = app_data(**url)
    app.manage("shell", "-c", FILL)
    put_list(app, "Adresse;Type")
    return app


def calling(*words):
    return f"\nfrom django.core.management import call_command\ncall_command(*{list(words)!r})\n"


def put_list(app, text):
    folder = app.var / "imports" / "1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "liste.csv").write_text(text)


def save(app, **env):
    app.env.update(env)
    return app.manage("backup").split(" (")[0]


def tables(app):
    """All that the database holds, by table."""
    if app.env["DATABASE_URL"].startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(app.var / "bal.sqlite3")) as database:
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%fts%'")
            return {
                name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"'))) for (name,) in names.fetchall()
            }
    with psycopg.connect(app.env["DATABASE_URL"]) as database:
        names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: rows_of(database, name) for (name,) in names}


def rows_of(database, name):
    return sorted(map(repr, database.execute(f'SELECT * FROM "{name}"').fetchall()))


def restore(app, archive, *words, first=""):
    """What the command says: on success, or why not. `first`: what the same process does before."""
    return app.manage(
        "shell",
        "--verbosity",
        "0",
        "-c",
        f"""{first}
from django.core.management import call_command
from django.core.management.base import CommandError
try:
    call_command('restore', *{[archive, *words]!r})
except CommandError as error:
    print(error)
""",
    )


def test_what_is_restored_is_what_was_saved_table_by_table(app):
    before = tables(app)
    archive = save(app)
    app.manage("shell", "-c", SPOIL)
    put_list(app, "autre")
    assert tables(app) != before
    assert "Restauré" in restore(app, archive)
    after = tables(app)
    assert {name: after.get(name) for name in before} == before
    assert after.keys() == before.keys()
    assert (app.var / "imports" / "1" / "liste.csv").read_text() == "Adresse;Type"
    # The database is whole: the journal still refuses to be rewritten.
    forge = "from mailboxes.models import JournalEntry; JournalEntry.objects.update(note='autre')"
    app.manage("shell", "-c", forge, check=False)
    assert tables(app) == after


@pytest.fixture
def with_two_roles(app_data, migrated_url):
    """On PostgreSQL, as deployed: one role owns the tables, `app.env` says another, that serves."""
    role = f"serving_{secrets.token_hex(6)}"
    with psycopg.connect(migrated_url, autocommit=True) as database:
        database.execute(f"CREATE ROLE {role} LOGIN")
    app = app_data(DATABASE_URL=migrated_url, RUNTIME_ROLE=role)
    app.manage("shell", "-c", FILL + FILL_MONTHS + calling("grant_runtime_role"))
    app.served_by = migrated_url.replace("//bal@", f"//{role}@")
    return app


def save_as_served(app):
    """As the role that serves, which alone the backup's unit and container know."""
    owner, app.env["DATABASE_URL"] = app.env["DATABASE_URL"], app.served_by
    archive = save(app)
    app.env["DATABASE_URL"] = owner
    return archive


def test_an_archive_brings_its_own_layout_into_a_database_that_has_months_and_into_one_that_has_none(with_two_roles):
    app = with_two_roles
    whole, archive_of_whole = tables(app), save_as_served(app)
    app.manage("partition")
    by_month, archive_by_month = tables(app), save_as_served(app)
    assert by_month["mailboxes_reading"] == whole["mailboxes_reading"]
    assert by_month.keys() - whole.keys() > {"mailboxes_reading_rest", "mailboxes_accesstrace_rest"}
    assert len(by_month["mailboxes_reading_rest"]) == 1
    months_into_months = SPOIL + calling("restore", archive_by_month)
    assert restore(app, archive_of_whole, first=months_into_months).count("Restauré") == 2
    assert tables(app) == whole
    assert "Restauré" in restore(app, archive_by_month, first=SPOIL)
    assert tables(app) == by_month
    # What was restored is served, and saved again, by the role that owns nothing.
    with psycopg.connect(app.served_by) as served:
        assert served.execute("DELETE FROM mailboxes_reading").rowcount == 3
    assert save_as_served(app) > archive_by_month


@pytest.fixture
def small(app_data):
    app = app_data()
    app.manage("shell", "-c", FILL)
    return app


def change_manifest(archive, **facts):
    """The same archive, whose manifest says something else."""
    with tarfile.open(archive) as tar:
        parts = {member.name: tar.extractfile(member).read() for member in tar}
    manifest = json.loads(parts["manifest.json"]) | facts
    parts["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def cut(archive):
    with open(archive, "r+b") as file:
        file.truncate(file.seek(0, 2) // 2)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda archive: change_manifest(archive, migrations=[["mailboxes", "9999_later"]]), "version plus récente"),
        (lambda archive: change_manifest(archive, format=backup.FORMAT + 1), "version plus récente"),
        (lambda archive: change_manifest(archive, key="autre"), "autre SECRET_KEY"),
        (lambda archive: change_manifest(archive, database="postgresql"), "base postgresql"),
        (
            lambda archive: change_manifest(archive, files={"database": "0" * 64}),
            "«\u00a0database\u00a0» n’est pas tel",
        ),
        (cut, "coupée ou abîmée"),
    ],
    ids=["newer", "newer format", "other key", "other database", "altered", "cut"],
)
def test_what_cannot_be_restored_is_refused_with_a_sentence_and_touches_nothing(small, harm, said):
    archive = save(small)
    harm(archive)
    small.manage("shell", "-c", SPOIL)
    before = tables(small)
    assert said in restore(small, archive)
    assert tables(small) == before


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "../outside"},
        {"name": "/outside"},
        {"name": "link", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
    ],
    ids=["above", "elsewhere", "a link"],
)
def test_an_archive_that_holds_more_than_its_own_files_is_refused(tmp_path, facts):
    with tarfile.open(tmp_path / "archive", "w:gz") as tar:
        member = tarfile.TarInfo()
        for name, value in facts.items():
            setattr(member, name, value)
        tar.addfile(member)
    with pytest.raises(backup.NotRestored, match="abîmée"):
        backup.unpack(tmp_path / "archive", tmp_path / "all")
    assert not (tmp_path / "outside").exists()


def test_an_encrypted_archive_opens_with_its_key_and_no_other(small, tmp_path):
    key, other = (small.manage("backup", "--new-key") for _ in range(2))
    (tmp_path / "key").write_text(key)
    (tmp_path / "other").write_text(other)
    archive = save(small, BACKUP_RECIPIENT=key.splitlines()[0].partition("BACKUP_RECIPIENT=")[2])
    before = tables(small)
    assert archive.endswith(".age")
    with open(archive, "rb") as file:
        assert file.read(16) == b"age-encryption.o"
    assert "donnez le fichier de sa clé" in restore(small, archive)
    assert "n’ouvre pas" in restore(small, archive, "--identity", str(tmp_path / "other"))
    small.manage("shell", "-c", SPOIL)
    assert "Restauré" in restore(small, archive, "--identity", str(tmp_path / "key"))
    assert tables(small) == before


def test_a_restoration_by_a_newer_program_than_the_server_is_done(app_data, migrated_url, tmp_path):
    """The image brings PostgreSQL's programs of Debian: newer than the server that stands beside it."""
    newer = tmp_path / "pg_restore"
    newer.write_text(f"""#!/bin/sh
{shutil.which("pg_restore")} "$@" || exit
for word; do
  case $word in --file=*) sed -i '0,/^SET /s//SET transaction_timeout = 0;\\nSET /' "${{word#--file=}}";; esac
done
""")
    newer.chmod(0o755)
    app = app_data(DATABASE_URL=migrated_url)
    app.env["PATH"] = f"{tmp_path}:{app.env['PATH']}"
    app.manage("shell", "-c", FILL)
    archive, before = save(app), tables(app)
    assert "Restauré" in restore(app, archive, first=SPOIL)
    assert tables(app) == before


def test_postgresql_s_programs_reach_the_database_as_we_do(db, monkeypatch):
    asked = connection.settings_dict["OPTIONS"] | {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/ca.pem"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", asked)
    ran = []
    monkeypatch.setattr(backup, "run", lambda command, failed, env: ran.append((command, env)))
    backup.postgresql("pg_dump", "--verbose", failed=backup.NotSaved)
    [(command, env)] = ran
    assert command == ["pg_dump", "--verbose"]
    assert (env["PGSSLMODE"], env["PGSSLROOTCERT"]) == ("verify-full", "/etc/ssl/ca.pem")
    assert env["PGDATABASE"] == connection.settings_dict["NAME"]
    assert env["PGOPTIONS"] == "-c jit=off -c work_mem=16MB"


def test_a_list_that_is_applied_while_it_is_saved_costs_no_backup(tmp_path, settings, monkeypatch):
    settings.VAR_DIR, settings.BACKUP_RECIPIENT = tmp_path, ""
    (tmp_path / "imports").mkdir()
    for name in ("appliquee.csv", "gardee.csv"):
        (tmp_path / "imports" / name).write_text("Adresse;Type")
    monkeypatch.setattr(backup, "dump", lambda path: path.write_text("tables"))
    listed = backup.lists()
    monkeypatch.setattr(backup, "lists", lambda: listed)
    (tmp_path / "imports" / "appliquee.csv").unlink()
    manifest = backup.unpack(backup.save(tmp_path / "backups"), tmp_path / "all")
    assert set(manifest["files"]) == {"database", "imports/gardee.csv"}
    backup.check_files(manifest, tmp_path / "all")


def test_a_public_key_that_was_cut_is_said_and_nothing_stays_in_clear(tmp_path, settings, monkeypatch):
    settings.VAR_DIR, settings.BACKUP_RECIPIENT = tmp_path, "age1coupee"
    monkeypatch.setattr(backup, "dump", lambda path: path.write_text("tables"))
    with pytest.raises(backup.NotSaved, match="BACKUP_RECIPIENT"):
        backup.save(tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_archives_brought_elsewhere_are_all_kept(tmp_path, settings, monkeypatch):
    settings.BACKUPS_KEPT, settings.BACKUP_DIR = 1, tmp_path / "backups"
    monkeypatch.setattr(backup, "pack", lambda work: touch(work / "balmanager-20260310-020000.tar.gz"))
    for folder in (settings.BACKUP_DIR, tmp_path / "disque"):
        folder.mkdir()
        touch(folder / "balmanager-20250310-020000.tar.gz")
        backup.save(folder)
    assert [len(backup.archives(folder)) for folder in (settings.BACKUP_DIR, tmp_path / "disque")] == [1, 2]


def test_what_a_killed_backup_left_goes_a_day_later_and_one_at_work_is_let_be(tmp_path):
    left, at_work = tmp_path / ".work-left", tmp_path / ".work-now"
    for folder in (left, at_work):
        folder.mkdir()
        touch(folder / "database")
    os.utime(left, (time.time() - 25 * 3600,) * 2)
    with backup.at_work_in(tmp_path) as work:
        assert sorted(tmp_path.iterdir()) == sorted([at_work, work])
    assert list(tmp_path.iterdir()) == [at_work]


def test_a_key_that_is_not_there_is_not_said_to_open_nothing(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    archive = touch(tmp_path / "balmanager-20260310-020000.tar.gz.age")
    with pytest.raises(backup.NotRestored, match="nulle-part : No such file"):
        backup.restore(archive, tmp_path / "nulle-part")


def touch(path):
    path.touch()
    return path


def test_the_latest_archives_are_kept(tmp_path, settings):
    settings.BACKUPS_KEPT = 2
    names = [f"balmanager-2026031{day}-020000.tar.gz" for day in range(4)]
    for name in [*names, "autre.txt"]:
        (tmp_path / name).touch()
    backup.forget_old(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["autre.txt", *names[2:]]


def test_a_backup_that_cannot_be_written_says_so_and_leaves_nothing(tmp_path, settings):
    (tmp_path / "file").touch()
    with pytest.raises(backup.NotSaved, match="n’a pas pu être écrite"):
        backup.save(tmp_path / "file" / "folder")
