from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0009_lists")]

    operations = [
        migrations.AddIndex(
            model_name="affiliation",
            index=models.Index(
                condition=Q(left_on__isnull=False), fields=["person", "structure"], name="stay_over"
            ),
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(condition=Q(told_at=None), fields=["id"], name="journal_to_claim"),
        ),
    ]
