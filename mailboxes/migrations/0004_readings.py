import django.core.validators
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def note_last_reading(apps, schema_editor):
    """What the readings kept so far say; a holder's own word is no reading."""
    Bal, Reading = apps.get_model("mailboxes", "Bal"), apps.get_model("mailboxes", "Reading")
    seen = Reading.objects.filter(bal=OuterRef("pk"), last_used_at__isnull=False).exclude(source="answer")
    Bal.objects.update(read_at=Subquery(seen.order_by("-at").values("at")[:1]))


class Migration(migrations.Migration):

    dependencies = [
        ('mailboxes', '0003_imports'),
    ]

    operations = [
        migrations.AddField(
            model_name='bal',
            name='read_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='dernier relevé d’utilisation'),
        ),
        migrations.AddField(
            model_name='operator',
            name='fresh_days',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Au-delà, on ne conclut plus d’inactivité. Vide : la durée réglée pour toute l’installation.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='un relevé vaut (jours)'),
        ),
        migrations.AddIndex(
            model_name='bal',
            index=models.Index(fields=['structure', 'operator', 'read_at'], name='bal_read_beside'),
        ),
        migrations.RunPython(note_last_reading, migrations.RunPython.noop, elidable=True),
    ]
