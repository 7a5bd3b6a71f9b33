"""One archive of all that cannot be had again: the database and the lists under `VAR_DIR/imports`.

A manifest tells of which version it is and of which key, and how each file must hash. Nothing is restored before all of
it was checked; the database is replaced in one transaction.
"""

import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyrage
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from django.utils.crypto import salted_hmac

from directory.typography import quoted

FORMAT = 1
PREFIX, SUFFIX, ENCRYPTED = "balmanager-", ".tar.gz", ".age"
MANIFEST, DATABASE, IMPORTS = "manifest.json", "database", "imports"
WORK, LONGEST = ".work-", timedelta(days=1)  # a folder at work for longer is of a process that was killed
TRANSACTION_TIMEOUT = 170000  # the version of PostgreSQL that knows this setting, which a newer pg_restore always sets
# What other versions may have added is dropped too, in the same transaction as all is restored.
EMPTY = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'DROP TABLE IF EXISTS public.' || name || ' CASCADE';
  END LOOP;
END $$;
"""


class NotRestored(Exception):
    """Why, in a French sentence; nothing was touched."""


class NotSaved(Exception):
    """Why, in a French sentence; the archives that stand are kept."""


def key_fingerprint(key: str | None = None) -> str:
    return salted_hmac("balmanager.backup", "key", secret=key, algorithm="sha256").hexdigest()[:16]


def known_keys() -> set[str]:
    """The fingerprints of the keys under which what was signed still holds."""
    return {key_fingerprint(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}


def known_migrations() -> list[list[str]]:
    return sorted([app, name] for app, name in MigrationLoader(None).disk_migrations)


# --- Saving -----------------------------------------------------------------------------------------------------------
def save(folder: Path) -> Path:
    """Write the archive, forget those of BACKUP_DIR beyond BACKUPS_KEPT; where it stands."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with at_work_in(folder) as work:
            archive = pack(work)
            final = folder / archive.name
            archive.chmod(0o600)
            archive.replace(final)  # whole, or not there
    except OSError as error:
        raise NotSaved(f"La sauvegarde n’a pas pu être écrite dans {folder} : {error.strerror}.") from error
    if folder == settings.BACKUP_DIR:
        forget_old(folder)
    return final


@contextmanager
def at_work_in(folder: Path) -> Iterator[Path]:
    """A folder for what is not whole yet, perhaps in clear; gone afterwards, or the next time if this one is killed."""
    for left in folder.glob(f"{WORK}*"):
        if moment_of(left) < timezone.now() - LONGEST:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=WORK) as work:
        yield Path(work)


def pack(work: Path) -> Path:
    dump(work / DATABASE)
    archive, digests = work / f"{PREFIX}{timezone.localtime():%Y%m%d-%H%M%S}{SUFFIX}", {}
    with tarfile.open(archive, "w:gz", compresslevel=3) as tar:
        for name, path in {DATABASE: work / DATABASE, **lists()}.items():
            # A list that is applied meanwhile is deleted; one that is open is read to its end.
            with suppress(FileNotFoundError), path.open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                tar.addfile(tar.gettarinfo(arcname=name, fileobj=file), file)
        manifest = {
            "format": FORMAT, "made_at": timezone.now().isoformat(), "database": connection.vendor,
            "key": key_fingerprint(), "migrations": known_migrations(), "files": digests,
        }  # fmt: skip
        (work / MANIFEST).write_text(json.dumps(manifest, indent=1))
        tar.add(work / MANIFEST, MANIFEST)
    return encrypt(archive) if settings.BACKUP_RECIPIENT else archive


def lists() -> dict[str, Path]:
    folder = settings.VAR_DIR / IMPORTS
    return {str(path.relative_to(settings.VAR_DIR)): path for path in sorted(folder.rglob("*")) if path.is_file()}


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dump(path: Path) -> None:
    if connection.vendor == "sqlite":
        with (
            closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as live,
            closing(sqlite3.connect(path)) as copy,
        ):
            live.backup(copy)
    else:
        postgresql("pg_dump", "--format=custom", "--no-comments", "--schema=public", f"--file={path}", failed=NotSaved)


def encrypt(archive: Path) -> Path:
    encrypted = archive.with_name(archive.name + ENCRYPTED)
    try:
        recipient = pyrage.x25519.Recipient.from_str(settings.BACKUP_RECIPIENT)
    except pyrage.RecipientError as error:
        raise NotSaved("BACKUP_RECIPIENT n’est pas une clé publique entière d’age : recopiez-la.") from error
    with archive.open("rb") as clear, encrypted.open("wb") as closed:
        pyrage.encrypt_io(clear, closed, [recipient])
    archive.unlink()
    return encrypted


def archives(folder: Path) -> list[Path]:
    """The oldest first."""
    return sorted(folder.glob(f"{PREFIX}*{SUFFIX}*"))


def forget_old(folder: Path) -> None:
    for old in archives(folder)[: -settings.BACKUPS_KEPT]:
        old.unlink()


def moment_of(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)


def latest() -> datetime | None:
    """When the latest archive of BACKUP_DIR was made."""
    return max(map(moment_of, archives(settings.BACKUP_DIR)), default=None)


# --- Restoring --------------------------------------------------------------------------------------------------------
def restore(archive: Path, identity: Path | None = None, other_key: bool = False) -> dict:
    """Check all, then replace all; gives the manifest."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with at_work_in(settings.VAR_DIR) as work:
        try:
            manifest = unpack(decrypt(archive, identity, work), work / "all")
            check(manifest, other_key)
            check_files(manifest, work / "all")
        except OSError as error:
            where = error.filename or settings.VAR_DIR
            raise NotRestored(f"L’archive n’a pas pu être ouverte ({where} : {error.strerror}).") from error
        replace_database(work / "all" / DATABASE, work)
        replace_lists(work / "all" / IMPORTS, work / "former")
    call_command("migrate", verbosity=0)
    return manifest


def decrypt(archive: Path, identity: Path | None, work: Path) -> Path:
    if not archive.is_file():
        raise NotRestored(f"Il n’y a pas d’archive {archive}.")
    if archive.suffix != ENCRYPTED:
        return archive
    if identity is None:
        raise NotRestored("Cette archive est chiffrée : donnez le fichier de sa clé (--identity).")
    opened = work / "opened"
    try:
        lines = identity.read_text().split()
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-")]
        with archive.open("rb") as closed, opened.open("wb") as clear:
            pyrage.decrypt_io(closed, clear, keys)
    except (OSError, ValueError, pyrage.DecryptError, pyrage.IdentityError) as error:
        if getattr(error, "errno", None):  # of the machine: a file that is not there, a full disk
            raise
        raise NotRestored("Cette clé n’ouvre pas cette archive, ou l’archive est coupée.") from error
    return opened


def unpack(archive: Path, folder: Path) -> dict:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                take_out(tar, member, folder)
        return json.loads((folder / MANIFEST).read_text())
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, FileNotFoundError) as error:
        raise NotRestored("Cette archive est coupée ou abîmée.") from error


def take_out(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """A file, under `folder` alone. Not `extractall(filter=…)`: the Python 3.11.2 of Debian 12 does not know it."""
    target = (folder / member.name).resolve()
    content = tar.extractfile(member) if member.isreg() else None
    if content is None or not target.is_relative_to(folder.resolve()):
        raise NotRestored("Cette archive est abîmée : elle tient autre chose que des fichiers à elle.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(content, file)


def check(manifest: dict, other_key: bool) -> None:
    newer = [row for row in manifest["migrations"] if row not in known_migrations()]
    if manifest["format"] > FORMAT or newer:
        raise NotRestored("Cette archive vient d’une version plus récente : installez-la d’abord.")
    if manifest["database"] != connection.vendor:
        raise NotRestored(f"Cette archive est d’une base {manifest['database']} ; celle d’ici est {connection.vendor}.")
    if manifest["key"] not in known_keys() and not other_key:
        raise NotRestored(
            "Cette archive a été faite sous une autre SECRET_KEY : remettez celle-ci, ou ajoutez --other-key "
            "(les liens déjà envoyés et les secrets des webhooks ne vaudront plus)."
        )


def check_files(manifest: dict, folder: Path) -> None:
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file() or digest(folder / name) != expected:
            raise NotRestored(f"Cette archive est abîmée : {quoted(name)} n’est pas tel qu’il a été sauvegardé.")


def replace_database(saved: Path, work: Path) -> None:
    connection.close()
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(saved)) as source:
            with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=60)) as live:
                source.backup(live)  # one transaction
        return
    script, empty = work / "script.sql", work / "empty.sql"
    empty.write_text(EMPTY)
    options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--schema=public")
    run(["pg_restore", *options, f"--file={script}", str(saved)], NotRestored, {})
    if getattr(connection, "pg_version", 0) < TRANSACTION_TIMEOUT:
        leave_out_transaction_timeout(script)
    postgresql("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--single-transaction",
               f"--file={empty}", f"--file={script}", failed=NotRestored)  # fmt: skip


def leave_out_transaction_timeout(script: Path) -> None:
    """As a comment of the same length, among the first lines."""
    with script.open("r+b") as file:
        head = file.read(4096)
        file.seek(0)
        file.write(head.replace(b"\nSET transaction_timeout", b"\n--  transaction_timeout", 1))


def replace_lists(saved: Path, former: Path) -> None:
    here = settings.VAR_DIR / IMPORTS
    if here.exists():
        here.replace(former)
    if saved.exists():
        saved.replace(here)


# --- PostgreSQL's own programs ----------------------------------------------------------------------------------------
def postgresql(program: str, *words: str, failed: type[Exception]) -> None:
    """Run it on our database, reached as we reach it: DATABASE_URL may ask for TLS, and name its certificates."""
    names = {option.keyword: option.envvar for option in psycopg.pq.Conninfo.get_defaults() if option.envvar}
    facts = {key.encode(): str(value) for key, value in connection.get_connection_params().items()}
    run([program, *words], failed, {names[key].decode(): facts[key] for key in facts.keys() & names.keys()})


def run(command: list[str], failed: type[Exception], env: dict) -> None:
    if not shutil.which(command[0]):
        raise failed(f"Il manque le programme {command[0]} : apt install postgresql-client.")
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise failed(f"{command[0]} a échoué : {done.stderr.strip()[-500:]}")


@contextmanager
def said_by(command_error: type[Exception]) -> Iterator[None]:
    try:
        yield
    except (NotRestored, NotSaved) as error:
        raise command_error(str(error)) from error
