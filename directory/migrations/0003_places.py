from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0002_phase")]

    operations = [
        migrations.AddIndex("activity", models.Index(fields=["finess_site"], name="activity_finess_site")),
        migrations.AddIndex("activity", models.Index(fields=["finess_ej"], name="activity_finess_ej")),
    ]
