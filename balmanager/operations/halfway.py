"""A database that an earlier version left half-way through the migrations that an initial one stands for now.

Django takes it for one that has no tables to make, or fails in a riddle; the version that had them brings it to their
end.
"""

from importlib import import_module

from django.core.checks import Error
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

INITIAL = ("mailboxes.migrations.0001_initial", "directory.migrations.0001_initial")


def missing_of(using: str = "default") -> list[str]:
    """The first migrations that a database lacks, by name; none where it has them all, or none at all."""
    applied, missing = MigrationRecorder(connections[using]).applied_migrations(), []
    for name in INITIAL:
        lacked = [one for one in import_module(name).Migration.replaces if one not in applied]
        is_begun = (name.partition(".")[0], "0001_initial") in applied
        missing += [".".join(one) for one in lacked if is_begun]
    return missing


def check_not_halfway(databases=None, **_) -> list[Error]:
    """A system check, which `migrate` makes before anything else."""
    return [Error(told(missing), id="operations.E001") for one in databases or () if (missing := missing_of(one))]


def told(missing: list[str]) -> str:
    return (
        f"Cette base s’est arrêtée avant {missing[0]}, qu’une version antérieure apportait : passez « manage.py "
        "migrate » avec cette version-là, puis revenez à celle-ci."
    )
