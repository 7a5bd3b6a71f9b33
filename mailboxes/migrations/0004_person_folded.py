from django.db import migrations

# As `directory.folding.name_key_of` writes it: two people are homonyms where it is the same.
FOLDED = (
    r"trim(regexp_replace(regexp_replace(lower(normalize(replace(replace(replace(replace("
    r"(COALESCE(family_name, '') || COALESCE((COALESCE(' ', '') || COALESCE(given_name, '')), '')), "
    r"'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'), NFKD)), '[\u0300-\u036f]', '', 'g'), '[^a-z0-9]+', ' ', 'g'))"
)


def index_names(apps, schema_editor):
    """With the names themselves, without which PostgreSQL reads them in the table and folds them again."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE INDEX person_folded ON mailboxes_person ({FOLDED}) INCLUDE (family_name, given_name, id)",
            params=None,
        )


def leave_names(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX person_folded")


class Migration(migrations.Migration):

    dependencies = [
        ('mailboxes', '0003_found_gaps'),
    ]

    operations = [migrations.RunPython(index_names, leave_names)]
