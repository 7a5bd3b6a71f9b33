"""Open the first account of an installation, that of who sets it up, and print how to log in."""

import os
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.crypto import get_random_string

from balmanager.accounts.models import AccountEntry, User
from balmanager.accounts.notes import note

LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"
NAME = "admin"


class Command(BaseCommand):
    help = "Ouvre le premier compte, administrateur de la plateforme ; sans un mot s’il y en a déjà un."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        password = get_random_string(16, LEGIBLE)
        account = User.objects.create_superuser(NAME, password=password)
        note(AccountEntry.What.GRANTED, account, after="administrateur de la plateforme", note="premier compte")
        address = f"http://localhost:{os.environ.get('PORT', '8000')}"
        self.stdout.write(
            f"Installation neuve, sans démonstration : la mise en route vous attend.\n"
            f"Adresse       {address}\nIdentifiant   {NAME}\n"
            f"Mot de passe  {password}   (dit cette seule fois : changez-le dans « Mon compte »)"
        )
