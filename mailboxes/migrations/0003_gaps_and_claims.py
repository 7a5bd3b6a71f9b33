"""Gaps with the annuaire and their decisions; a line of the journal may be about an address that is no BAL of ours.

SQLite remakes the journal's table, and its triggers go with the former one: they are dropped first, and made again last.
"""
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

FORMER_FACTS = "bal_id, at, what, by_id, before, after, note"
FACTS = f"{FORMER_FACTS}, person_id, structure_id, address"
SENTENCE = "Le journal ne se modifie pas : on y ajoute."


def lift(apps, schema_editor):
    on_table = " ON mailboxes_journalentry" if schema_editor.connection.vendor == "postgresql" else ""
    for name in ("journal_no_update", "journal_no_delete"):
        schema_editor.execute(f"DROP TRIGGER {name}{on_table}")


def forbid(facts):
    def make(apps, schema_editor):
        postgresql = schema_editor.connection.vendor == "postgresql"
        does = (
            "FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()"
            if postgresql
            else f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
        )
        for name, event in (("journal_no_update", f"UPDATE OF id, {facts}"), ("journal_no_delete", "DELETE")):
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON mailboxes_journalentry {does}")

    return make


class Migration(migrations.Migration):

    dependencies = [
        ('mailboxes', '0002_journal_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(lift, forbid(FORMER_FACTS)),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, verbose_name='adresse')),
                ('answer', models.CharField(blank=True, choices=[('used', 'à moi et utilisée'), ('unused', 'à moi et inutilisée'), ('not_mine', 'pas à moi')], max_length=10, verbose_name='réponse')),
                ('at', models.DateTimeField(blank=True, null=True, verbose_name='répondu le')),
                ('channel', models.CharField(blank=True, choices=[('app', 'dans l’application'), ('link', 'par le lien d’un courriel')], max_length=10, verbose_name='par')),
                ('cycle', models.PositiveSmallIntegerField(default=0, verbose_name='cycle')),
                ('asked_at', models.DateTimeField(blank=True, null=True, verbose_name='demandé le')),
                ('reminded_at', models.DateTimeField(blank=True, null=True, verbose_name='rappelé le')),
            ],
            options={
                'verbose_name': 'réponse sur une adresse',
                'verbose_name_plural': 'réponses sur les adresses',
                'ordering': ['address'],
            },
        ),
        migrations.CreateModel(
            name='GapDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, verbose_name='adresse')),
                ('situation', models.CharField(max_length=30, verbose_name='situation')),
                ('decision', models.CharField(choices=[('ignored', 'laissé de côté'), ('asked', 'demandé à l’opérateur')], max_length=10, verbose_name='décision')),
                ('reason', models.TextField(blank=True, verbose_name='motif')),
                ('until', models.DateField(blank=True, null=True, verbose_name='jusqu’au')),
                ('digest', models.CharField(max_length=32, verbose_name='empreinte du fait')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
            ],
            options={
                'verbose_name': 'décision sur un écart',
                'verbose_name_plural': 'décisions sur les écarts',
            },
        ),
        migrations.AddField(
            model_name='domain',
            name='structure',
            field=models.ForeignKey(blank=True, help_text='Toute adresse de ce domaine est alors la sienne. Laissez vide si d’autres structures s’en servent.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reserved_domains', to='mailboxes.structure', verbose_name='réservé à une structure'),
        ),
        migrations.AddField(
            model_name='journalentry',
            name='address',
            field=models.CharField(blank=True, max_length=254, verbose_name='adresse'),
        ),
        migrations.AddField(
            model_name='journalentry',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journal', to='mailboxes.person', verbose_name='personne'),
        ),
        migrations.AddField(
            model_name='journalentry',
            name='structure',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journal', to='mailboxes.structure'),
        ),
        migrations.AlterField(
            model_name='journalentry',
            name='bal',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journal', to='mailboxes.bal'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='bal',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='mailboxes.bal'),
        ),
        migrations.AddConstraint(
            model_name='journalentry',
            constraint=models.CheckConstraint(condition=models.Q(('bal__isnull', False), ('person__isnull', False), ('structure__isnull', False), _connector='OR'), name='journal_about_something'),
        ),
        migrations.AddField(
            model_name='claim',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='claims', to='mailboxes.person'),
        ),
        migrations.AddField(
            model_name='gapdecision',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='par'),
        ),
        migrations.AddField(
            model_name='gapdecision',
            name='structure',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='gap_decisions', to='mailboxes.structure'),
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(fields=['address', 'answer'], name='claim_of_address'),
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(condition=models.Q(('answer', '')), fields=['asked_at'], name='claim_unanswered'),
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.UniqueConstraint(fields=('person', 'address'), name='claim_once'),
        ),
        migrations.AddConstraint(
            model_name='gapdecision',
            constraint=models.UniqueConstraint(fields=('structure', 'situation', 'address'), name='gap_decided_once'),
        ),
        migrations.RunPython(forbid(FACTS), lift),
    ]
