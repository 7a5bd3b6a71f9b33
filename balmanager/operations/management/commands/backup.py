"""`manage.py backup`: writes one archive, in BACKUP_DIR unless told otherwise."""

from pathlib import Path

import pyrage
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from balmanager.operations import backup


class Command(BaseCommand):
    help = "Sauvegarde la base et les listes importées dans une archive."

    def add_arguments(self, parser):
        parser.add_argument("--to", type=Path, default=settings.BACKUP_DIR, help="dossier (BACKUP_DIR)")
        parser.add_argument("--new-key", action="store_true", help="écrit une clé de chiffrement, sans sauvegarder")

    def handle(self, *, to, new_key, **options):
        if new_key:
            key = pyrage.x25519.Identity.generate()
            self.stdout.write(f"# À garder hors de ce serveur ; ici : BACKUP_RECIPIENT={key.to_public()}\n{key}")
            return
        with backup.said_by(CommandError):
            archive = backup.save(to)
        self.stdout.write(f"{archive} ({archive.stat().st_size // 1024} Ko)")
