import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('name', models.CharField(max_length=100, primary_key=True, serialize=False, verbose_name='tâche')),
                ('started_at', models.DateTimeField(verbose_name='dernier départ')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='dernière fin')),
                ('seconds', models.FloatField(null=True, verbose_name='durée (s)')),
                ('done', models.IntegerField(null=True, verbose_name='faits')),
                ('refused', models.IntegerField(null=True, verbose_name='refusés')),
                ('succeeded_at', models.DateTimeField(null=True, verbose_name='dernier succès')),
                ('runs', models.PositiveBigIntegerField(default=0, verbose_name='passages')),
                ('failures', models.PositiveBigIntegerField(default=0, verbose_name='échecs')),
            ],
            options={
                'verbose_name': 'tâche planifiée',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Failure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='le')),
                ('error', models.CharField(max_length=300, verbose_name='erreur')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='failed', to='operations.job')),
            ],
            options={
                'verbose_name': 'échec d’une tâche',
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Trouble',
            fields=[
                ('name', models.CharField(max_length=30, primary_key=True, serialize=False, verbose_name='contrôle')),
                ('label', models.CharField(max_length=100, verbose_name='nom')),
                ('says', models.CharField(max_length=500, verbose_name='constat')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='depuis')),
                ('told_at', models.DateTimeField(null=True, verbose_name='dit le')),
            ],
            options={
                'verbose_name': 'situation à regarder',
                'verbose_name_plural': 'situations à regarder',
                'ordering': ['since', 'pk'],
            },
        ),
    ]
