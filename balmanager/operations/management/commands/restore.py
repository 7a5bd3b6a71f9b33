"""`manage.py restore FILE`: puts an archive in place of what is there, once all of it was checked."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from balmanager.operations import backup


class Command(BaseCommand):
    help = "Remplace la base et les listes importées par celles d’une archive."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("archive", type=Path)
        parser.add_argument("--identity", type=Path, help="fichier de la clé d’une archive chiffrée")
        parser.add_argument("--other-key", action="store_true", help="accepte une archive d’une autre SECRET_KEY")

    def handle(self, *, archive, identity, other_key, **options):
        with backup.said_by(CommandError):
            manifest = backup.restore(archive, identity, other_key)
        self.stdout.write(f"Restauré : l’état du {manifest['made_at'][:16].replace('T', ' à ')} (UTC).")
