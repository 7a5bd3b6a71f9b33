"""A new version's tables under the former one's running workers: what these write is still taken.

The former version names in its INSERTs the columns that it knows, and reads those it knew: so a later migration adds
only what the database fills in by itself, and takes nothing away.
"""

import pytest
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

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
                yield pytest.param(operation, id=f"{app}.{name}:{operation.describe()[:60]}")


def fills_itself(field) -> bool:
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED or field.generated


@pytest.mark.parametrize("operation", [*later_operations()])
def test_a_worker_of_the_former_version_goes_on_writing(operation):
    assert not isinstance(operation, TAKES_AWAY), "take it away in two releases"
    if isinstance(operation, migrations.AddField):
        assert fills_itself(operation.field), "give it a db_default, or let it be null"


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
