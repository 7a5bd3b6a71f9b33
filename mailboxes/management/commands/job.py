"""A job by hand: by default it says what it would do; `--for-real` does it. Without a name, the jobs are listed."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from mailboxes.jobs import JOBS, Sweep, run

SHOWN = 50


class Command(BaseCommand):
    help = "Un travail périodique, à la main : dit ce qu’il ferait, ou le fait avec --for-real. Sans nom, les liste."
    requires_system_checks = ()  # they would import every page, for a job that shows none

    def add_arguments(self, parser):
        parser.add_argument("name", nargs="?", choices=JOBS, help="le travail ; sans nom, la liste de tous")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--dry-run", action="store_true", help="dit ce qui serait fait (par défaut)")
        which.add_argument("--for-real", action="store_true", help="le fait")

    def handle(self, *, name, for_real, **options):
        if name is None:
            self.list_all()
        elif for_real:
            self.do(name)
        else:
            self.tell(name)

    def list_all(self):
        for name, job in JOBS.items():
            self.stdout.write(f"{name} : {titles_of(job.sweeps)}")

    def tell(self, name: str):
        for sweep in JOBS[name].sweeps:
            rows = sweep.due(timezone.now())
            count = rows.count()
            self.stdout.write(f"{sweep.title} : {count}")
            for row in rows[:SHOWN]:
                self.stdout.write(f"  {row}")
            if count > SHOWN:
                self.stdout.write(f"  … et {count - SHOWN} autres")
        self.stdout.write("Rien n’a été écrit. Ajoutez --for-real pour agir.")

    def do(self, name: str):
        tally = run(name)
        self.stdout.write(f"{titles_of(JOBS[name].sweeps)} : {tally.done} faits, {len(tally.refused)} refusés.")
        for what, reason in tally.refused.items():
            self.stdout.write(f"  {what} : {reason}")


def titles_of(sweeps: list[Sweep]) -> str:
    return " ; ".join(sweep.title for sweep in sweeps)
