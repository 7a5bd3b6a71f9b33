import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailboxes", "0013_addresses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Choice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="réglage")),
                ("value", models.JSONField(blank=True, null=True, verbose_name="valeur")),
                ("why", models.CharField(max_length=300, verbose_name="motif")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="le")),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+",
                                         to=settings.AUTH_USER_MODEL, verbose_name="par")),
            ],
            options={
                "verbose_name": "réglage choisi",
                "verbose_name_plural": "réglages choisis",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["name", "-id"], name="choice_of_threshold")],
            },
        ),
    ]
