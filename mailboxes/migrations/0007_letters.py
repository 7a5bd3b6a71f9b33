from importlib import import_module

from django.db import migrations

FOLDED = import_module("mailboxes.migrations.0004_person_folded").FOLDED
# The owner of a database may create it (it is trusted); where they may not, one looks through all the rows as before.
EXTENSION = """
    DO $$ BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE WARNING 'pg_trgm cannot be created: to look for a name or an address takes longer (docs/exploitation.md)';
    END $$"""
INDEXES = {
    "person_letters": f"mailboxes_person USING gin ({FOLDED} gin_trgm_ops)",
    "bal_letters": "mailboxes_bal USING gin (address gin_trgm_ops)",
}


def index_letters(apps, schema_editor):
    """What stands anywhere in a name or an address is found by its letters, three by three."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(EXTENSION, params=None)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')")
        (is_there,) = cursor.fetchone()
    if is_there:
        for name, what in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {what}", params=None)


def leave_letters(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):

    dependencies = [
        ('mailboxes', '0006_journal_since'),
    ]

    operations = [migrations.RunPython(index_letters, leave_letters)]
