import django.db.models.deletion
from django.db import migrations, models


def forget(apps, schema_editor):
    """One mapping served all the structures of an operator: none of them chose it for the others."""
    apps.get_model("mailboxes", "ColumnMapping").objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('mailboxes', '0019_membership_since'),
    ]

    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
        migrations.AddField(
            model_name='columnmapping',
            name='date_order',
            field=models.CharField(blank=True, max_length=3, verbose_name='ordre des dates'),
        ),
        migrations.AddField(
            model_name='columnmapping',
            name='signature',
            field=models.CharField(max_length=64, verbose_name='empreinte des en-têtes'),
        ),
        migrations.AddField(
            model_name='columnmapping',
            name='structure',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='column_mappings', to='mailboxes.structure'),
        ),
        migrations.AddField(
            model_name='import',
            name='date_order',
            field=models.CharField(blank=True, max_length=3, verbose_name='ordre des dates'),
        ),
        migrations.AddField(
            model_name='import',
            name='head',
            field=models.JSONField(default=list, verbose_name='début du fichier'),
        ),
        migrations.AddField(
            model_name='import',
            name='judged',
            field=models.JSONField(default=dict, verbose_name='lecture des colonnes'),
        ),
        migrations.AddField(
            model_name='import',
            name='mended',
            field=models.JSONField(default=dict, verbose_name='lignes corrigées'),
        ),
        migrations.AddField(
            model_name='import',
            name='sheet',
            field=models.CharField(blank=True, max_length=100, verbose_name='feuille'),
        ),
        migrations.AddField(
            model_name='import',
            name='sheets',
            field=models.JSONField(default=list, verbose_name='feuilles'),
        ),
        migrations.AddField(
            model_name='importline',
            name='after',
            field=models.JSONField(default=dict, verbose_name='après'),
        ),
        migrations.AlterField(
            model_name='columnmapping',
            name='operator',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='column_mappings', to='mailboxes.operator'),
        ),
        migrations.AlterField(
            model_name='columnmapping',
            name='size_unit',
            field=models.CharField(blank=True, max_length=2, verbose_name='unité des tailles'),
        ),
        migrations.AlterField(
            model_name='import',
            name='size_unit',
            field=models.CharField(blank=True, max_length=2, verbose_name='unité des tailles'),
        ),
        migrations.AlterField(
            model_name='import',
            name='stage',
            field=models.CharField(choices=[('opening', 'lecture du fichier en cours'), ('received', 'colonnes à vérifier'), ('reading', 'simulation en cours'), ('previewed', 'simulé, rien n’est écrit'), ('applying', 'en cours d’application'), ('applied', 'appliqué'), ('undoing', 'annulation en cours'), ('undone', 'annulé'), ('failed', 'refusé')], default='received', editable=False, max_length=10, verbose_name='étape'),
        ),
        migrations.AddConstraint(
            model_name='columnmapping',
            constraint=models.UniqueConstraint(fields=('structure', 'operator', 'signature'), name='column_mapping_once'),
        ),
    ]
