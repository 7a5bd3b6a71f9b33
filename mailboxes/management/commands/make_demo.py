"""Fill an empty installation with an invented register, and print how to log in."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.crypto import get_random_string

from directory.models import SyncRun
from mailboxes.management.demo.followup import link_to_try
from mailboxes.management.demo.story import ACCOUNTS, make
from mailboxes.models import Structure
from mailboxes.notices.telling import path_of

LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"


class Command(BaseCommand):
    help = "Charge une démonstration inventée : structures, BAL, quatorze mois d'histoire, annuaire et comptes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="ne fait rien, sans un mot, si le registre sert déjà"
        )
        parser.add_argument("--lines", type=int, default=20_000, help="lignes inventées de l'annuaire (20 000)")

    def handle(self, *args: Any, **options: Any) -> None:
        if why := _why_not():
            if options["if_empty"]:
                return
            raise CommandError(f"{why} : la démonstration veut une base vide.")
        password = get_random_string(12, LEGIBLE)
        key = make(options["lines"], password, self.stderr.write)
        self.stdout.write(_how_to_log_in(password))
        self.stdout.write(
            f"\nUn logiciel, par l’API ({_address()}/api/v1/) :\n  export BAL_URL={_address()} BAL_KEY={key}"
        )
        if notice := link_to_try():
            self.stdout.write(
                f"\nSans compte, le lien d’un rappel reçu par courriel :\n  {_address()}{path_of(notice)}"
            )


def _why_not() -> str:
    if Structure.objects.exists():
        return "Le registre contient déjà des structures"
    if SyncRun.objects.latest_public() is not None:  # the demonstration's would withdraw its every address
        return "Un annuaire est déjà chargé"
    return ""


def _address() -> str:
    return f"http://localhost:{os.environ.get('PORT', '8000')}"


def _how_to_log_in(password: str) -> str:
    width = max(map(len, ACCOUNTS))
    return "\n".join([
        "Démonstration chargée : personnes, structures et adresses sont inventées.",
        f"Adresse       {_address()}",
        f"Mot de passe  {password}   (le même pour tous les comptes)",
        "",
        *[f"  {login:<{width}}  {who}" for login, who in ACCOUNTS.items()],
    ])  # fmt: skip
