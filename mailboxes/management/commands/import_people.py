"""Read the people of the establishment's directory; what it would change waits on the page of imports."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directory.sources import UnreadableSource
from mailboxes.imports.establishment import read_people
from mailboxes.imports.work import carry_on
from mailboxes.models import SYSTEM
from mailboxes.rules import Refused


class Command(BaseCommand):
    help = "Lit les personnes de l’annuaire de l’établissement (PEOPLE_LDAP_…) et simule ce qu’elles changeraient."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = read_people()
        except (UnreadableSource, Refused) as error:
            raise CommandError(" ".join(getattr(error, "messages", [str(error)]))) from error
        if run is None:
            self.stdout.write("Rien n’a changé depuis la dernière lecture.")
            return
        if run.is_at_work:
            carry_on(run, by=SYSTEM)
        self.stdout.write(
            f"Import n° {run.pk} simulé : {run.created} à inscrire, {run.updated} à mettre à jour, "
            f"{run.rejected} rejetées. Appliquez-le sur la page des imports."
        )
