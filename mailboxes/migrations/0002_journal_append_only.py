"""The journal is append-only, its delivery columns aside: held by the database, whoever writes."""

from django.db import migrations

FACTS = "bal_id, at, what, by_id, before, after, note"
SENTENCE = "Le journal ne se modifie pas : on y ajoute."

SQLITE = [
    f"""CREATE TRIGGER journal_no_update BEFORE UPDATE OF id, {FACTS} ON mailboxes_journalentry
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END""",
    f"""CREATE TRIGGER journal_no_delete BEFORE DELETE ON mailboxes_journalentry
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END""",
]
POSTGRESQL = [
    f"""CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    f"""CREATE TRIGGER journal_no_update BEFORE UPDATE OF id, {FACTS} ON mailboxes_journalentry
        FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()""",
    """CREATE TRIGGER journal_no_delete BEFORE DELETE ON mailboxes_journalentry
        FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()""",
]


def forbid(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def allow(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for name in ("journal_no_update", "journal_no_delete"):
        schema_editor.execute(f"DROP TRIGGER {name}" + (" ON mailboxes_journalentry" if postgresql else ""))
    if postgresql:
        schema_editor.execute("DROP FUNCTION journal_is_append_only()")


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0001_initial")]

    operations = [migrations.RunPython(forbid, allow)]
