"""Write an invented file of activities, for demonstrations and measures."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from directory.invented import write_activities


class Command(BaseCommand):
    help = "Écrit un fichier d'activités inventé, au format exact ; les mêmes options donnent le même fichier."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lines", type=int, required=True, help="nombre de lignes, sans l'en-tête")
        parser.add_argument("--out", type=Path, required=True, help="fichier à écrire ; compressé s'il finit par .zip")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["lines"] < 0:
            raise CommandError("--lines est positif.")
        try:
            write_activities(options["out"], options["lines"], seed=options["seed"])
        except OSError as error:
            raise CommandError(f"{options['out']} ne peut pas être écrit : {error.strerror}.") from error
