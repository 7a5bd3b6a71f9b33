"""Lays readings and traces out by month, once asked; asked again, prepares the months to come. By their owner."""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from balmanager.operations import partitions
from balmanager.operations.roles import grant_after_migration, owns_tables


class Command(BaseCommand):
    help = "Range par mois les relevés et les traces d’accès (PostgreSQL) ; déjà rangés, prépare les mois à venir."

    def handle(self, **options):
        if connection.vendor != "postgresql":
            raise CommandError("SQLite ne range pas ses tables par mois.")
        if not owns_tables():
            raise CommandError("À lancer par le rôle qui possède les tables, comme « migrate » (docs/deploy.md).")
        for table in partitions.BY_MONTH:
            if not partitions.is_partitioned(table):
                self.stdout.write(f"{table} : {partitions.partition(table)} lignes rangées par mois.")
        partitions.keep_months()
        grant_after_migration()
        self.stdout.write(f"Mois préparés d’avance : {partitions.fewest_months_ahead()}.")
