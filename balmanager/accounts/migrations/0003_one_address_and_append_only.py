"""An account has one address, on its own row; the log of the accounts is added to and purged, never changed."""

from django.db import migrations

SENTENCE = "Le journal des comptes ne se modifie pas : on y ajoute."

SQLITE = [
    f"""CREATE TRIGGER account_entry_no_update BEFORE UPDATE ON accounts_accountentry
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END""",
]
POSTGRESQL = [
    f"""CREATE FUNCTION account_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER account_entry_no_update BEFORE UPDATE ON accounts_accountentry
        FOR EACH ROW EXECUTE FUNCTION account_log_is_append_only()""",
]


def forbid(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def allow(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute("DROP TRIGGER account_entry_no_update" + (" ON accounts_accountentry" if postgresql else ""))
    if postgresql:
        schema_editor.execute("DROP FUNCTION account_log_is_append_only()")


def forget_other_addresses(apps, schema_editor):
    apps.get_model("account", "EmailAddress").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_account_log"), ("account", "0001_initial")]

    operations = [
        migrations.RunPython(forbid, allow),
        migrations.RunPython(forget_other_addresses, migrations.RunPython.noop),
    ]
