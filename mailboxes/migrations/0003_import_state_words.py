"""What words for a state mean, as people told: for a list, and remembered for the next with its headers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0002_contacts_and_joining")]

    operations = [
        migrations.AddField(
            model_name=model,
            name="state_words",
            field=models.JSONField(default=dict, verbose_name="mots de l’état"),
        )
        for model in ("columnmapping", "import")
    ]
