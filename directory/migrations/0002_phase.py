from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial")]

    operations = [
        migrations.AddField(
            "syncrun",
            "phase",
            models.CharField(
                choices=[
                    ("fetching", "téléchargement"),
                    ("reading", "lecture"),
                    ("writing", "comparaison et écriture"),
                ],
                db_default="fetching",
                default="fetching",
                max_length=10,
                verbose_name="phase",
            ),
        )
    ]
