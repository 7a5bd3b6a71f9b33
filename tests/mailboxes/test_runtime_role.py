"""On PostgreSQL, the application served by a role that owns nothing: it does all that it does, and no more."""

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.db.models.signals import post_migrate
from django.utils import timezone

from balmanager.operations import roles
from balmanager.operations.checks import database
from directory import search_index
from directory.models import Entry
from directory.search import SHOWN, Asked, search
from mailboxes import jobs
from mailboxes.models import JournalEntry, Notice, Seal
from tests.mailboxes.attempts import ATTEMPTS
from tests.mailboxes.before import CAST, set_stage
from tests.mailboxes.test_matrix import DRAWN, undone

pytestmark = [pytest.mark.postgresql_run, pytest.mark.django_db]
ROLE = "bal_app"
WHOLE, BY_MONTH = "whole tables", "by month"
REFUSED = [
    "CREATE TABLE mine (id int)",
    "ALTER TABLE mailboxes_journalentry DISABLE TRIGGER USER",
    "DROP TABLE mailboxes_seal",
    "CREATE INDEX mine ON mailboxes_bal (address)",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "SET session_replication_role = replica",
    "TRUNCATE mailboxes_bal CASCADE",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('mailboxes', '9999_false', now())",
    *(
        statement.format(table=table)
        for table in ("mailboxes_journalentry", "mailboxes_notice", "mailboxes_seal")
        for statement in ("TRUNCATE {table} CASCADE", "DELETE FROM {table}", "UPDATE {table} SET id = id")
    ),
    "UPDATE mailboxes_journalentry SET note = ''",
    "UPDATE mailboxes_notice SET text = ''",
]


@pytest.fixture
def role(db):
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    return ROLE


def become(role):
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")


@pytest.fixture
def served(request, role, settings, tmp_path):
    """All that follows is done by the role that serves."""
    settings.VAR_DIR = tmp_path
    stage = set_stage()
    if getattr(request, "param", WHOLE) == BY_MONTH:
        settings.RUNTIME_ROLE = role
        connection.check_constraints()  # a table with promises still to be kept is not altered
        call_command("partition")  # grants by itself
    else:
        call_command("grant_runtime_role", role)
    return stage


EITHER_WAY = pytest.mark.parametrize("served", [WHOLE, BY_MONTH], indirect=True)


@EITHER_WAY
def test_every_act_is_done_by_the_role_that_serves(served):
    tried = [(what, attempt, attempt.on[0]) for what, attempts in ATTEMPTS.items() for attempt in attempts]
    done = [what for what, attempt, on in tried if is_done(served, what, attempt, on)]
    assert set(done) == ATTEMPTS.keys()


def is_done(stage, what, attempt, on) -> bool:
    """What stands before is set by whoever owns the tables; the act itself is not."""
    name = next((name for name, roles in CAST[on].items() if roles & DRAWN[what]), None)
    if name is None:
        return False
    with undone():
        it = attempt.before(stage, stage.subject(on))
        become(ROLE)
        attempt.do(it, stage.by(name), stage)
    return True


@EITHER_WAY
def test_every_job_runs_by_the_role_that_serves(served, caplog):
    become(ROLE)
    for name in jobs.JOBS:
        jobs.run(name)
    assert "permission denied" not in caplog.text


def test_the_first_annuaire_is_found_by_the_role_that_serves(role):
    call_command("grant_runtime_role", role)
    become(role)
    now = timezone.now()
    Entry.objects.create(
        source="extraction", address="alice.martin@exemple.mssante.fr", kind="PER", family_name="MARTIN",
        first_seen_at=now, changed_at=now, digest="x",
    )  # fmt: skip
    search_index.level()
    assert [one.address for one in search(Asked("martin")).entries(0, SHOWN)] == ["alice.martin@exemple.mssante.fr"]


@pytest.mark.parametrize("statement", REFUSED)
def test_what_would_touch_the_tables_or_the_proof_is_refused(served, statement):
    become(ROLE)
    with pytest.raises(ProgrammingError, match=r"permission denied|must be (owner|superuser)"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_models_and_the_grants_agree(role):
    """Each column of the proof is either written once, or of its delivery."""
    call_command("grant_runtime_role", role)
    with connection.cursor() as cursor:
        for model in (JournalEntry, Notice, Seal):
            cursor.execute(
                "SELECT column_name FROM information_schema.column_privileges "
                "WHERE grantee = %s AND table_name = %s AND privilege_type = 'UPDATE'",
                [role, model._meta.db_table],
            )
            assert {name for (name,) in cursor.fetchall()} == set(getattr(model, "DELIVERY", ()))


def test_a_migration_grants_by_itself_where_the_role_is_named(role, settings):
    settings.RUNTIME_ROLE = role
    operations = apps.get_app_config("operations")
    post_migrate.send(sender=operations, app_config=operations, using="default", apps=apps, verbosity=0)
    become(role)
    assert JournalEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "says"), [("nobody_here", "Il n’y a pas de rôle"), ("bal", "aucun droit ne le borne")]
)
def test_a_role_that_cannot_be_bounded_is_said(db, role, says):
    with pytest.raises(CommandError, match=says):
        call_command("grant_runtime_role", role)
    with pytest.raises(CommandError, match="Nommez le rôle"):
        call_command("grant_runtime_role", "")


def test_a_role_that_could_still_make_tables_is_said(role):
    """As on PostgreSQL 14, where the owner of the database cannot take this right back."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE makers; GRANT CREATE ON SCHEMA public TO makers; GRANT makers TO {role}")
    with pytest.raises(CommandError, match="peut encore créer des tables"):
        call_command("grant_runtime_role", role)


def test_the_statements_can_be_read_before_they_are_passed(role, capsys):
    call_command("grant_runtime_role", role, show=True)
    said = capsys.readouterr().out
    assert 'GRANT SELECT, INSERT, UPDATE ("told_at", "leased_until") ON "public"."mailboxes_journalentry"' in said
    become(role)
    with pytest.raises(ProgrammingError), transaction.atomic():
        JournalEntry.objects.count()


def test_the_service_says_whether_two_roles_serve(role):
    assert roles.owns_tables()
    assert "un seul rôle" in database()
    call_command("grant_runtime_role", role)
    become(role)
    assert not roles.owns_tables()
    assert database() == "postgresql, deux rôles"
