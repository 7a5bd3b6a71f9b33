"""The tables of the search. They are no models: each database has its own kind (see directory/search_index.py).

PostgreSQL needs the extensions pg_trgm and unaccent. Since PostgreSQL 13 the owner of the database may create them;
elsewhere an administrator does, once, before this migration.
"""

from django.db import DatabaseError, migrations, transaction

from directory.search_index import POSTGRESQL_INDEX, POSTGRESQL_TABLES, SEARCH, SQLITE_TABLES, WORD

EXTENSIONS = ["pg_trgm", "unaccent"]
SENTENCE = """
L'extension PostgreSQL « {name} » manque et ce compte ne peut pas la créer ({error}).
Demandez à l'administrateur de la base d'exécuter, dans la base « {database} » :
    CREATE EXTENSION pg_trgm; CREATE EXTENSION unaccent;
(sous Debian elles viennent avec le paquet postgresql), puis relancez « manage.py migrate ».

The PostgreSQL extension "{name}" is missing and this role may not create it. Have an administrator run the line above
in the database "{database}" (on Debian the extensions come with the package postgresql), then migrate again.
"""


class MissingExtension(Exception):
    pass


def create(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        for statement in SQLITE_TABLES:
            schema_editor.execute(statement)
        return
    for name in EXTENSIONS:
        create_extension(schema_editor, name)
    schema_editor.execute(POSTGRESQL_TABLES, params=None)
    schema_editor.execute(POSTGRESQL_INDEX, params=None)


def create_extension(schema_editor, name):
    connection = schema_editor.connection
    try:
        with transaction.atomic(using=connection.alias):
            schema_editor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
    except DatabaseError as error:
        words = {"name": name, "error": str(error).strip(), "database": connection.settings_dict["NAME"]}
        raise MissingExtension(SENTENCE.format(**words)) from error


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute(f"DROP TABLE {SEARCH}_terms")
    for table in (SEARCH, WORD):
        schema_editor.execute(f"DROP TABLE {table}")


class Migration(migrations.Migration):
    dependencies = [("directory", "0003_entry_rank")]

    operations = [migrations.RunPython(create, drop)]
