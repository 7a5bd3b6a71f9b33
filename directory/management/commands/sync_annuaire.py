"""Update our copy of the annuaire from a source, from a terminal or a script."""

import argparse
import json
import sys
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from directory.kept import kept_of
from directory.models import SyncRun
from directory.readers.dates import read_date
from directory.sources import Source, UnreadableSource, get_source
from directory.sync import sync
from directory.typography import quoted

UNREADABLE, REFUSED = 2, 3
SHOWN = 50  # rejected lines, and changes of a dry run
COUNTS = ["lines", "rejected", "addresses", "appeared", "changed", "withdrawn"]


class Command(BaseCommand):
    help = "Met notre copie de l'annuaire à jour. Code de sortie : 0 fait, 2 source illisible, 3 refusée."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", choices=settings.DIRECTORY_SOURCES)
        place = parser.add_mutually_exclusive_group()
        place.add_argument("--file", metavar="CHEMIN", help="fichier zip, txt ou xml")
        place.add_argument("--url", help="adresse à la place de celle des réglages")
        parser.add_argument("--date", type=_moment, metavar="DATE", help="celle d'un fichier dont le nom ne la dit pas")
        parser.add_argument("--full", action="store_true", help="fhir : tout relire, et non ce qui a changé")
        parser.add_argument("--dry-run", action="store_true", help="montre ce qui changerait, n'écrit rien")
        parser.add_argument("--json", action="store_true", help="un seul objet JSON sur la sortie standard")
        parser.add_argument(
            "--max-withdrawn",
            type=_share,
            metavar="PART",
            help="part de nos adresses, personnes ou domaines, qui peut disparaître, de 0 à 1",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        source = _source(options)
        try:
            run = self._sync(source, options)
        except UnreadableSource as error:
            self.stderr.write(str(error))
            if options["json"]:
                self._write_json("refused", str(error), SyncRun())
            sys.exit(UNREADABLE)
        if options["json"]:
            self._write_json(run.status, run.reason or None, run)
        else:
            self._report(run)
        if run.status == SyncRun.Status.REFUSED:
            sys.exit(REFUSED)

    def _sync(self, source: Source, options: dict[str, Any]) -> SyncRun:
        unit = getattr(source, "unit", "o")
        # disable=None: no bar when the error output is not a terminal.
        with tqdm(unit=unit, unit_scale=unit == "o", desc="Lecture", file=sys.stderr, disable=None) as bar:

            def progress(run: SyncRun) -> None:
                bar.total = run.bytes_total
                bar.update(run.bytes_read - bar.n)

            asked = {"max_withdrawn": options["max_withdrawn"], "dated": options["date"]}
            return sync(source, dry_run=options["dry_run"], progress=progress, **asked)

    def _write_json(self, status: str, reason: str | None, run: SyncRun) -> None:
        counts = {name: getattr(run, name) for name in COUNTS}
        self.stdout.write(json.dumps({"status": status, "reason": reason, **counts, "seconds": run.seconds}))

    def _report(self, run: SyncRun) -> None:
        self.stdout.write(f"Synchronisation {run.get_status_display()} en {run.seconds:.1f} s.")
        if run.reason:
            self.stdout.write(run.reason)
        nouns = kept_of(run.source).nouns
        self.stdout.write(f"{run.lines} lignes lues, {run.rejected} écartées, {run.addresses} {nouns}.")
        if run.status != SyncRun.Status.REFUSED:
            self.stdout.write(f"{run.appeared} apparues, {run.changed} modifiées, {run.withdrawn} retirées.")
        self._list([f"ligne {line.number} : {line.reason}" for line in run.rejected_lines.all()[:SHOWN]], run.rejected)
        previewed = [f"{kind} {address} {_differences(details)}".rstrip() for kind, address, details in run.preview]
        self._list(previewed[:SHOWN], run.appeared + run.changed + run.withdrawn if previewed else 0)

    def _list(self, shown: list[str], total: int) -> None:
        for line in shown:
            self.stdout.write(f"  {line}")
        if total > len(shown):
            self.stdout.write(f"  et {total - len(shown)} autres")


def _source(options: dict[str, Any]) -> Source:
    asked = {"path": options["file"], "url": options["url"], "full": options["full"]}
    try:
        return get_source(options["source"], **{name: value for name, value in asked.items() if value})
    except TypeError as error:
        raise CommandError(
            f"--file, --full : la source {quoted(options['source'])} ne connaît pas cette option."
        ) from error


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{quoted(text)} n'est pas une part entre 0 et 1")
    return share


def _moment(text: str) -> datetime:
    read = read_date(text)
    if not read.value:
        raise argparse.ArgumentTypeError(f"{quoted(text)} n'est pas une date")
    return read.value


def _differences(details: dict[str, list]) -> str:
    return ", ".join(f"{field} : {quoted(before)} → {quoted(after)}" for field, (before, after) in details.items())
