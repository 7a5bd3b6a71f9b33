"""The two roles that `deploy/postgresql/roles.sh` makes, on a PostgreSQL that asks for their passwords."""

import os
import subprocess
import urllib.parse
from pathlib import Path

import psycopg
import pytest

from tests.servers import find_program, manage_in, or_skip, private_folder, run_postgresql

pytestmark = pytest.mark.postgresql_run  # a server of its own: once is enough
SCRIPT = Path("deploy/postgresql/roles.sh")
PASSWORDS = {"owner_password": "d'une clé $1", "postgres_password": "d\\une autre"}
ASKS_FOR_PASSWORDS = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture
def url_of(tmp_path):
    """The URL for a role, on a server that has just started with our script, its secrets in a folder of the test's."""
    for name, password in PASSWORDS.items():
        (tmp_path / name).write_text(password)
    with private_folder() as folder, or_skip(), run_postgresql(folder, superuser="postgres") as server:
        parts = urllib.parse.urlsplit(server)
        where = {"PGHOST": parts.hostname, "PGPORT": str(parts.port), "POSTGRES_USER": "postgres"}
        script = SCRIPT.read_text().replace("/run/secrets", str(tmp_path))
        subprocess.run([find_program("bash", package="bash"), "-c", script], check=True, env=os.environ | where)
        with psycopg.connect(server, autocommit=True) as connection:
            (rules,) = connection.execute("SHOW hba_file").fetchone()
            Path(rules).write_text(ASKS_FOR_PASSWORDS)
            connection.execute("SELECT pg_reload_conf()")

        def give(role, password):
            account = f"{role}:{urllib.parse.quote(password, safe='')}"
            return f"postgresql://{account}@{parts.hostname}:{parts.port}/bal"

        yield give


def test_one_role_migrates_and_the_other_serves(url_of, tmp_path):
    owner, serving = url_of("bal_owner", PASSWORDS["owner_password"]), url_of("bal", PASSWORDS["postgres_password"])
    manage_in(tmp_path, "migrate", DATABASE_URL=owner, RUNTIME_ROLE="bal")
    first = {"DJANGO_SUPERUSER_USERNAME": "admin", "DJANGO_SUPERUSER_PASSWORD": "un long secret d'essai"}
    manage_in(tmp_path, "createsuperuser", "--no-input", "--email=a@exemple.fr", DATABASE_URL=serving, **first)
    with psycopg.connect(serving, autocommit=True) as connection:
        assert connection.execute("SELECT username FROM accounts_user WHERE is_superuser").fetchone() == ("admin",)
        for refused in ("DELETE FROM mailboxes_journalentry", "CREATE TABLE mine (id int)", "DROP TABLE mailboxes_bal"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)


@pytest.mark.parametrize(("role", "password"), [("bal", "wrong"), ("bal_owner", PASSWORDS["postgres_password"])])
def test_neither_comes_in_by_another_password(url_of, role, password):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url_of(role, password))
