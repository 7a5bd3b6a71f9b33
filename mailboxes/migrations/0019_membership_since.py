import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0018_fill_at_any_threshold")]

    operations = [
        # First without a default: since when the roles of today were given, nobody wrote down.
        migrations.AddField("membership", "since", models.DateTimeField(null=True, editable=False)),
        migrations.AlterField(
            "membership",
            "since",
            models.DateTimeField(
                default=django.utils.timezone.now, editable=False, null=True, verbose_name="depuis"
            ),
        ),
    ]
