"""Fill the search anew: its labels now tell a family name from the given ones, and a service from its house."""

from django.db import migrations

from directory.search_index import SEARCH, level


def fill(apps, schema_editor):
    schema_editor.execute(f"DELETE FROM {SEARCH}")
    level()


class Migration(migrations.Migration):
    dependencies = [("directory", "0006_person_place")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
