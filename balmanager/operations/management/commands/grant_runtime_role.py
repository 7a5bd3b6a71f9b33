"""Gives the role that serves its rights on the tables; by the role that owns them. `migrate` does it by itself where
RUNTIME_ROLE is set."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from balmanager.operations import roles


class Command(BaseCommand):
    help = "Donne au rôle qui sert l’application ses droits sur les tables, et rien de plus (PostgreSQL)."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("role", nargs="?", default=settings.RUNTIME_ROLE, help="par défaut : RUNTIME_ROLE")
        parser.add_argument("--show", action="store_true", help="écrit les ordres SQL sans les exécuter")

    def handle(self, *, role, show, **options):
        if not role:
            raise CommandError("Nommez le rôle, ou donnez-le par RUNTIME_ROLE.")
        if connection.vendor != "postgresql":
            raise CommandError("SQLite n’a pas de rôles : rien à donner.")
        if show:
            self.stdout.write("\n".join(f"{statement};" for statement in roles.statements(role)))
            return
        try:
            count = roles.grant(role)
        except roles.NotBounded as unbounded:
            raise CommandError(str(unbounded)) from unbounded
        self.stdout.write(f"{role} : {count} ordres passés.")
