"""The journal tells of operators too; the steps of the first day that were passed."""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

initial = import_module("mailboxes.migrations.0001_initial")
# SQLite remakes the table, without its triggers.
JOURNAL = {name: rule for name, rule in initial.TRIGGERS.items() if rule[0] == initial.JOURNAL}
FACTS = f"{initial.JOURNAL_FACTS}, operator_id"


def lift(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for name in JOURNAL:
        schema_editor.execute(f"DROP TRIGGER {name}" + (f" ON {initial.JOURNAL}" if postgresql else ""))


def forbid(facts):
    def run(apps, schema_editor):
        postgresql = schema_editor.connection.vendor == "postgresql"
        sentence = initial.SENTENCE[initial.JOURNAL]
        does = f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        if postgresql:
            does = f"FOR EACH ROW EXECUTE FUNCTION proof_is_kept('{sentence}')"
        for name, event in {"journal_no_update": f"UPDATE OF {facts}", "journal_no_delete": "DELETE"}.items():
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {initial.JOURNAL} {does}")

    return run


class Migration(migrations.Migration):
    dependencies = [
        ("mailboxes", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(lift, forbid(initial.JOURNAL_FACTS)),
        migrations.AddField(
            "journalentry",
            "operator",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="journal",
                to="mailboxes.operator",
            ),
        ),
        migrations.RemoveConstraint("journalentry", "journal_about_something"),
        migrations.AddConstraint(
            "journalentry",
            models.CheckConstraint(
                condition=models.Q(
                    ("bal__isnull", False),
                    ("person__isnull", False),
                    ("structure__isnull", False),
                    ("operator__isnull", False),
                    _connector="OR",
                ),
                name="journal_about_something",
            ),
        ),
        migrations.CreateModel(
            "PassedStep",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(unique=True, verbose_name="étape")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="passée le")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="par",
                    ),
                ),
            ],
            options={"verbose_name": "étape passée", "verbose_name_plural": "étapes passées"},
        ),
        migrations.RunPython(forbid(FACTS), lift),
    ]
