"""Write an invented extraction file, for demonstrations and measures."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from directory.invented import write_annuaire


class Command(BaseCommand):
    help = "Écrit un fichier d'annuaire inventé, au format exact ; les mêmes options donnent le même fichier."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lines", type=int, required=True, help="nombre de lignes, sans l'en-tête")
        parser.add_argument("--out", type=Path, required=True, help="fichier à écrire ; compressé s'il finit par .zip")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--change", type=float, default=0.0, help="part des lignes que chaque jour change, de 0 à 1"
        )
        parser.add_argument("--day", type=int, default=1, help="avec --change : nombre de jours écoulés")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["lines"] < 0 or options["day"] < 0 or not 0 <= options["change"] <= 1:
            raise CommandError("--lines et --day sont positifs, --change est compris entre 0 et 1.")
        try:
            write_annuaire(
                options["out"], options["lines"], seed=options["seed"], change=options["change"], days=options["day"]
            )
        except OSError as error:
            raise CommandError(f"{options['out']} ne peut pas être écrit : {error.strerror}.") from error
