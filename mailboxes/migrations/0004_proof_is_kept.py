import django.utils.timezone
from django.db import migrations, models

# What is written is proof: the journal, the notices once sent, the seals. Held by the database, whoever writes.
# As with the journal's, a later migration that makes SQLite remake one of these tables must make its triggers anew.
JOURNAL, NOTICE, SEAL = "mailboxes_journalentry", "mailboxes_notice", "mailboxes_seal"
SENTENCE = {
    NOTICE: "Un avis remis ne se modifie pas : il prouve ce qui a été dit.",
    SEAL: "Un sceau ne se modifie pas : on en ajoute.",
}
NOTICE_FACTS = "id, entry_id, bal_id, key, stage, party, person_id, recipient, subject, text, created_at"
# name -> table, event, condition
TRIGGERS = {
    "notice_no_update": (NOTICE, f"UPDATE OF {NOTICE_FACTS}", "OLD.sent_at IS NOT NULL"),
    "notice_no_delete": (NOTICE, "DELETE", "OLD.sent_at IS NOT NULL"),
    "seal_no_update": (SEAL, "UPDATE", ""),
    "seal_no_delete": (SEAL, "DELETE", ""),
}


def forbid(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    if postgresql:
        schema_editor.execute(
            """CREATE FUNCTION proof_is_kept() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$""",
            params=None,  # its % is no place of a parameter
        )
        for table in (JOURNAL, NOTICE, SEAL):  # SQLite has no TRUNCATE
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
                "EXECUTE FUNCTION proof_is_kept('Cette table ne se vide pas.')"
            )
    for name, (table, event, condition) in TRIGGERS.items():
        sentence = SENTENCE[table]
        does = f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        if postgresql:
            does = f"EXECUTE FUNCTION proof_is_kept('{sentence}')"
        when = f"WHEN ({condition}) " if condition else ""
        row = "FOR EACH ROW " if postgresql else ""
        schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {row}{when}{does}")


def lift(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for name, (table, *_) in TRIGGERS.items():
        schema_editor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        for table in (JOURNAL, NOTICE, SEAL):
            schema_editor.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        schema_editor.execute("DROP FUNCTION proof_is_kept()")


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0003_import_state_words")]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "chain",
                    models.CharField(
                        choices=[("journal", "journal"), ("notices", "avis remis")],
                        max_length=10,
                        verbose_name="chaîne",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="numéro")),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="posé le")),
                ("last", models.BigIntegerField(default=0, verbose_name="dernière ligne")),
                ("until", models.DateTimeField(null=True, verbose_name="jusqu’au")),
                ("fields", models.JSONField(verbose_name="colonnes")),
                ("lines", models.JSONField(verbose_name="empreintes des lignes")),
                ("before", models.CharField(blank=True, max_length=64, verbose_name="sceau précédent")),
                ("digest", models.CharField(max_length=64, verbose_name="empreinte")),
                ("forgotten_at", models.DateTimeField(null=True, verbose_name="oublié le")),
            ],
            options={
                "verbose_name": "sceau",
                "verbose_name_plural": "sceaux",
                "ordering": ["chain", "number"],
                "constraints": [models.UniqueConstraint(fields=("chain", "number"), name="seal_once")],
            },
        ),
        migrations.RunPython(forbid, lift),
    ]
