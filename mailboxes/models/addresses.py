"""One address, one BAL: its own, or beside it as an alias. The database itself holds it, whoever writes.

PostgreSQL lets many write at once, each blind to what the others have not committed: its triggers keep a table in
which an address stands once, and whoever comes second waits for the first, then fails. SQLite lets one writer in at a
time: its triggers look at both tables. There they are made anew after each migration, for SQLite remakes a table
without them.
"""

from django.db import connections, models

ALREADY = "address_once: cette adresse est celle d’une autre BAL."
# name -> table, whose BAL it is, the other table, and the BAL there
SQLITE = {
    "bal_address_taken": ("mailboxes_bal", "id", "mailboxes_alias", "bal_id"),
    "alias_address_taken": ("mailboxes_alias", "bal_id", "mailboxes_bal", "id"),
}


class TakenAddress(models.Model):
    """Whose each address is, in PostgreSQL: written by its triggers alone."""

    address = models.CharField(max_length=254, primary_key=True)
    bal_id = models.BigIntegerField()

    class Meta:
        verbose_name = "adresse prise"
        verbose_name_plural = "adresses prises"

    def __str__(self):
        return self.address


def lift(using: str, **_) -> None:
    """Before migrations: SQLite would stumble over a trigger that names the table it remakes."""
    if connections[using].vendor == "sqlite":
        with connections[using].cursor() as cursor:
            for name in SQLITE:
                for event in ("insert", "update"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name}_{event}")


def forbid(using: str, **_) -> None:
    """After them."""
    connection = connections[using]
    if connection.vendor != "sqlite" or TakenAddress._meta.db_table not in connection.introspection.table_names():
        return
    lift(using)
    with connection.cursor() as cursor:
        for name, (table, own, other, whose) in SQLITE.items():
            is_taken = f"EXISTS (SELECT 1 FROM {other} WHERE address = NEW.address AND {whose} <> NEW.{own})"  # noqa: S608
            does = f"WHEN {is_taken} BEGIN SELECT RAISE(ABORT, '{ALREADY}'); END"
            cursor.execute(f"CREATE TRIGGER {name}_insert BEFORE INSERT ON {table} {does}")
            cursor.execute(f"CREATE TRIGGER {name}_update BEFORE UPDATE OF address ON {table} {does}")
