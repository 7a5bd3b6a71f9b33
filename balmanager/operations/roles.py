"""What the role that serves may do on PostgreSQL, where another one owns the tables: read and write rows, make nothing.

Made from the database itself and from what the models say of their delivery columns, after each migration: a new table
is never forgotten.
"""

from collections.abc import Iterator

from django.conf import settings
from django.db import connection, transaction

from directory.typography import quoted
from mailboxes.models import JournalEntry, Notice, Seal
from mailboxes.models.thresholds import Choice

# The proof: the role adds to it and reads it; beyond that, these columns alone.
APPEND_ONLY: dict[str, tuple[str, ...]] = {
    JournalEntry._meta.db_table: JournalEntry.DELIVERY,
    Notice._meta.db_table: Notice.DELIVERY,
    Seal._meta.db_table: (),
    Choice._meta.db_table: (),
}
READ_ONLY = ("django_migrations",)
MAINTAINS = 170000  # the version that lets others than the owner ANALYZE


class NotBounded(Exception):
    """The role is not there, or its rights would not hold it: said in French, with what to do."""


def statements(role: str) -> Iterator[str]:
    """The GRANTs, in order; what was granted before is taken back first."""
    quote = connection.ops.quote_name
    who = quote(role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_schema(), current_setting('server_version_num')::int")
        database, schema, version = cursor.fetchone()
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", [schema])
        tables = [name for (name,) in cursor.fetchall()]
    where = quote(schema)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {where} FROM {who}"
    yield f"REVOKE CREATE ON SCHEMA {where} FROM PUBLIC, {who}"
    yield f"GRANT CONNECT, TEMPORARY ON DATABASE {quote(database)} TO {who}"  # what is compared is staged in TEMP
    yield f"GRANT USAGE ON SCHEMA {where} TO {who}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {where} TO {who}"
    for table in tables:
        yield f"GRANT {rights_on(table, version)} ON {where}.{quote(table)} TO {who}"


def rights_on(table: str, version: int) -> str:
    if table in READ_ONLY:
        return "SELECT"
    if (columns := APPEND_ONLY.get(table)) is None:
        return "SELECT, INSERT, UPDATE, DELETE" + (", MAINTAIN" if version >= MAINTAINS else "")
    listed = ", ".join(connection.ops.quote_name(column) for column in columns)
    return "SELECT, INSERT" + (f", UPDATE ({listed})" if columns else "")


def grant(role: str) -> int:
    """Grant them, all or none; how many statements it took."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT rolsuper OR pg_has_role(rolname, tableowner, 'MEMBER')
            FROM pg_roles CROSS JOIN pg_tables WHERE rolname = %s AND tablename = %s""",
            [role, JournalEntry._meta.db_table],
        )
        found = cursor.fetchone()
    if found is None:
        raise NotBounded(f"Il n’y a pas de rôle {quoted(role)} : créez-le d’abord (docs/deploy.md).")
    if found[0]:
        raise NotBounded(
            f"Le rôle {quoted(role)} est superutilisateur ou possède les tables : aucun droit ne le borne."
        )
    with transaction.atomic(), connection.cursor() as cursor:
        every = list(statements(role))
        for statement in every:
            cursor.execute(statement)
        cursor.execute("SELECT has_schema_privilege(%s, current_schema(), 'CREATE')", [role])
        if cursor.fetchone()[0]:  # PostgreSQL 14 gives it to all, and lets a superuser alone take it back
            raise NotBounded(
                f"Le rôle {quoted(role)} peut encore créer des tables. Par un superutilisateur, dans cette base : "
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO …, le propriétaire."
            )
    return len(every)


def grant_after_migration(**_) -> None:
    """Of `post_migrate`: tables that a migration or a restoration just made are granted at once."""
    if settings.RUNTIME_ROLE and connection.vendor == "postgresql":
        grant(settings.RUNTIME_ROLE)


def owns_tables() -> bool:
    """Could this connection change the tables themselves? True too where PostgreSQL does not serve."""
    if connection.vendor != "postgresql":
        return True
    table = JournalEntry._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(tableowner, 'MEMBER') FROM pg_tables WHERE tablename = %s", [table])
        return cursor.fetchone()[0]
