"""A new version's tables under the former one's running workers: what these write is still taken.

The former version names in its INSERTs the columns that it knows, and reads those it knew: so a later migration adds
only what the database fills in by itself, and takes nothing away.
"""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import NOT_PROVIDED

from balmanager.operations import checks, halfway
from balmanager.operations.checks import Unwell

APPS = ("mailboxes", "directory", "accounts", "operations")
# What takes away or renames what a former version still uses: in two releases, the first of which uses it no more.
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def later_operations():
    """Those after the first release's tables (0001, and what completes it on the same day)."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app in APPS and not name.endswith("_initial"):
            for operation in migration.operations:
                yield f"{app}.{name}: {operation.describe()}", operation


def why_not(operation) -> str:
    """Why a worker of the former version could not go on writing; empty where it can."""
    if isinstance(operation, TAKES_AWAY):
        return "take it away in two releases"
    if isinstance(operation, migrations.AddField) and not fills_itself(operation.field):
        return "give it a db_default, or let it be null"
    return ""


def fills_itself(field) -> bool:
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED or field.generated


def test_a_worker_of_the_former_version_goes_on_writing():
    assert {told: why for told, operation in later_operations() if (why := why_not(operation))} == {}


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (migrations.RemoveField("bal", "service"), "in two releases"),
        (migrations.RenameField("bal", "service", "unit"), "in two releases"),
        (migrations.DeleteModel("bal"), "in two releases"),
        (migrations.AddField("bal", "floor", models.IntegerField(default=0)), "a db_default"),
        (migrations.AddField("bal", "floor", models.IntegerField(db_default=0)), ""),
        (migrations.AddField("bal", "floor", models.IntegerField(null=True)), ""),
        (migrations.AddIndex("bal", models.Index(fields=["service"], name="bal_service")), ""),
    ],
)
def test_what_would_stop_it_is_known(operation, why):
    assert why in why_not(operation)
    assert bool(why) == bool(why_not(operation))


def first_release():
    """The tables as the first release made them."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    nodes = [key for key in loader.disk_migrations if key[0] in APPS and key[1].endswith("_initial")]
    return loader.project_state(nodes).apps.get_models()


@pytest.mark.django_db
def test_what_the_first_release_inserts_today_s_tables_take():
    """Asked of the database itself: every column that it knew stands, every other fills itself."""
    lost, unfilled = [], []
    with connection.cursor() as cursor:
        for model in first_release():
            if model._meta.app_label not in APPS:
                continue
            table = model._meta.db_table
            known = {field.column for field in model._meta.concrete_fields}
            described = {row.name: row for row in connection.introspection.get_table_description(cursor, table)}
            lost += [f"{table}.{name}" for name in known - described.keys()]
            unfilled += [
                f"{table}.{name}"
                for name, row in described.items()
                if name not in known and not row.null_ok and row.default is None
            ]
    assert lost == []
    assert unfilled == []


REPLACED = [("mailboxes", "0016_todos_of_files_and_gaps"), ("directory", "0003_places")]


@pytest.mark.django_db
def test_a_database_that_had_all_the_migrations_of_before_goes_on_from_the_initial_one():
    applied = MigrationLoader(connection).applied_migrations
    assert applied.keys() >= {*REPLACED, ("mailboxes", "0001_initial"), ("directory", "0001_initial")}
    call_command("migrate", "--check", verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize("last", REPLACED)
def test_one_that_stopped_before_the_last_of_them_is_told_to_go_through_the_version_of_then(last):
    assert halfway.missing_of() == []
    MigrationRecorder(connection).record_unapplied(*last)
    with pytest.raises(SystemCheckError, match=f"avant {last[0]}.{last[1]}"):
        call_command("migrate", "--check", verbosity=0, skip_checks=False)
    with pytest.raises(Unwell, match="version antérieure"):
        checks.migrations()
