"""Is the journal as it was sealed, and are the notices? Names the first line of each seal that is not."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailboxes.actions.seals import differences
from mailboxes.models import Seal


class Command(BaseCommand):
    help = "Vérifie que le journal et les avis remis sont tels qu’ils ont été scellés ; nomme ce qui ne l’est plus."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument(
            "--file", default=settings.SEALS_FILE, help="les sceaux gardés au-dehors (par défaut : SEALS_FILE)"
        )

    def handle(self, *, file, **options):
        try:
            found = list(differences(file))
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} n’a pas pu être lu : {error}") from error
        for sentence in found:
            self.stdout.write(sentence)
        if found:
            raise CommandError(f"{len(found)} sceaux rompus.")
        outside = f", et tels que dans {file}" if file else " ; aucun sceau gardé au-dehors (SEALS_FILE)"
        self.stdout.write(f"{Seal.objects.count()} sceaux vérifiés, tous intacts{outside}.")
