"""Takes the words out of the oldest records, by the role that owns the tables: says what it would do, or does it with
`--for-real`."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from mailboxes.actions.forgetting import forget_records, forgettable_seals


class Command(BaseCommand):
    help = "Efface les mots du journal et des avis gardés depuis plus de RECORD_KEPT_DAYS ; quoi, quand et qui restent."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--for-real", action="store_true", help="le fait")

    def handle(self, *, for_real, **options):
        now = timezone.now()
        seals = list(forgettable_seals(now))
        lines = sum(forget_records(seal, now) if for_real else len(seal.lines) for seal in seals)
        self.stdout.write(f"{lines} lignes, de {len(seals)} sceaux.")
        if not for_real:
            self.stdout.write("Rien n’a été écrit. Ajoutez --for-real pour agir.")
