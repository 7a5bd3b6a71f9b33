"""Lists of people and of accesses are brought in as lists of BAL are."""

import django.db.models.deletion
from django.db import migrations, models

SORTS = [
    ("bal", "liste de BAL d’un opérateur"),
    ("people", "liste de personnes"),
    ("accesses", "titulaires, cotitulaires et délégataires"),
]


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0002_places")]

    operations = [
        migrations.AddField(
            "import",
            "sort",
            models.CharField(
                choices=SORTS, db_default="bal", default="bal", max_length=10, verbose_name="contenu"
            ),
        ),
        migrations.AddField(
            "import",
            "vouched",
            models.CharField(blank=True, db_default="", max_length=300, verbose_name="confirmé par"),
        ),
        migrations.AlterField(
            "import",
            "operator",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="imports",
                to="mailboxes.operator",
                verbose_name="opérateur",
            ),
        ),
        migrations.AlterField(
            "columnmapping",
            "operator",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="column_mappings",
                to="mailboxes.operator",
            ),
        ),
        migrations.AddField(
            "importline",
            "person",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="mailboxes.person"
            ),
        ),
    ]
