"""Every job as a command: by default it says what it would do; `--for-real` does it."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from mailboxes.tasks import JOBS, run

SHOWN = 50


def command_for(name: str) -> type[BaseCommand]:
    class Command(BaseCommand):
        help = " ; ".join(sweep.title for sweep in JOBS[name])
        requires_system_checks = ()  # they would import every page, for a job that shows none

        def add_arguments(self, parser):
            which = parser.add_mutually_exclusive_group()
            which.add_argument("--dry-run", action="store_true", help="dit ce qui serait fait (par défaut)")
            which.add_argument("--for-real", action="store_true", help="le fait")

        def handle(self, *, for_real, **options):
            self.do() if for_real else self.tell()

        def tell(self):
            for sweep in JOBS[name]:
                rows = sweep.due(timezone.now())
                count = rows.count()
                self.stdout.write(f"{sweep.title} : {count}")
                for row in rows[:SHOWN]:
                    self.stdout.write(f"  {row}")
                if count > SHOWN:
                    self.stdout.write(f"  … et {count - SHOWN} autres")
            self.stdout.write("Rien n’a été écrit. Ajoutez --for-real pour agir.")

        def do(self):
            tally = run(name)
            self.stdout.write(f"{self.help} : {tally.done} faits, {len(tally.refused)} refusés.")
            for what, reason in tally.refused.items():
                self.stdout.write(f"  {what} : {reason}")

    return Command
