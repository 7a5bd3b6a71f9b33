import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


# The log of the accounts is added to and purged, never changed: held by the database, whoever writes.
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


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('mailboxes', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='accountentry',
            name='person',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.person', verbose_name='personne'),
        ),
        migrations.AddField(
            model_name='accountentry',
            name='structure',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mailboxes.structure'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='invited_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='structure',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mailboxes.structure'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='account_address_once', violation_error_message='Cette adresse est déjà celle d’un autre compte.'),
        ),
        migrations.AddIndex(
            model_name='accountentry',
            index=models.Index(fields=['account', '-at'], name='account_entry_of'),
        ),
        migrations.AddIndex(
            model_name='accountentry',
            index=models.Index(fields=['at'], name='account_entry_at'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('role', 'administrator'), ('structure', None)), models.Q(models.Q(('role', 'administrator'), _negated=True), ('structure__isnull', False)), _connector='OR'), name='invitation_to_something', violation_error_message='Un rôle se donne pour une structure ; celui d’administrateur, pour toutes.'),
        ),
        migrations.RunPython(forbid, allow),
    ]
