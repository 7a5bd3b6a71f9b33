"""Bring in an operator's list from a terminal or a script."""

import hashlib
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone
from tqdm import tqdm

from directory.readers.date_columns import ORDERS
from directory.readers.identifiers import read_structure_number
from directory.readers.words import Said, state_key
from directory.typography import quoted
from mailboxes.imports.actions import apply_import, forecast_import, read_columns, receive_import
from mailboxes.imports.columns import SIZE_UNITS, bare
from mailboxes.imports.fields import BY_NAME
from mailboxes.imports.models import Import
from mailboxes.imports.survey import Survey
from mailboxes.imports.work import carry_on
from mailboxes.models import SYSTEM, Bal, Operator, Structure
from mailboxes.models.numbers import numbered
from mailboxes.rules import Refused

UNREADABLE, REJECTED = 2, 3
SHOWN = 50  # rejected lines
BLOCK = 1024 * 1024
FIELDS = ", ".join(BY_NAME)


class Command(BaseCommand):
    help = (
        "Importe la liste des BAL d’un opérateur. Sans --for-real, dit ce qui serait fait et n’écrit rien. "
        "Code de sortie : 0 tout est pris, 2 fichier ou demande refusés, 3 des lignes sont rejetées, les autres prises."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--operator", required=True, metavar="CODE", help="code de l’opérateur")
        parser.add_argument("--file", required=True, metavar="CHEMIN", help="fichier csv ou xlsx")
        parser.add_argument("--structure", metavar="N°|FINESS", help="structure, s’il y en a plusieurs au sommet")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="CHAMP=EN-TÊTE",
            help=f"corrige une colonne devinée ; en-tête vide : ne pas lire. Champs : {FIELDS}",
        )
        parser.add_argument("--default-kind", choices=Bal.Kind.values, help="type des BAL dont le fichier ne dit rien")
        parser.add_argument("--size-unit", choices=SIZE_UNITS, help="unité des tailles écrites sans unité")
        parser.add_argument("--date-order", choices=ORDERS, help="ordre du jour et du mois (jma, mja)")
        parser.add_argument(
            "--state",
            action="append",
            default=[],
            metavar="MOT=ÉTAT",
            help=f"ce que veut dire un mot de l’état qui n’est pas connu : {', '.join(Said.__members__).lower()}",
        )
        parser.add_argument("--date", metavar="AAAA-MM-JJ", help="jour où l’opérateur a tiré la liste (aujourd’hui)")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--dry-run", action="store_true", help="dit ce qui serait fait (par défaut)")
        which.add_argument("--for-real", action="store_true", help="le fait")
        parser.add_argument("--json", action="store_true", help="un seul objet JSON sur la sortie standard")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = self._run(options)
        except (Refused, OSError) as error:
            self._refuse(_sentence(error), options)
        if run.stage == Import.Stage.FAILED:
            self._refuse(run.reason, options)
        if options["json"]:
            self.stdout.write(json.dumps(_facts(run)))
        else:
            self._report(run)
        if run.rejected:
            sys.exit(REJECTED)

    def _run(self, options: dict[str, Any]) -> Import:
        run = _interrupted(options) or self._received(options)
        if not run.is_at_work:
            run = forecast_import(run, by=SYSTEM)
        self._work(run, "Simulation")
        if options["for_real"] and run.stage == Import.Stage.PREVIEWED:
            run = apply_import(run, by=SYSTEM)
            self._work(run, "Application")
        return run

    def _work(self, run: Import, title: str) -> None:
        # disable=None: no bar when the error output is not a terminal.
        with tqdm(total=100, desc=title, unit="%", file=sys.stderr, disable=None) as bar:
            carry_on(run, by=SYSTEM, progress=lambda run: bar.update(run.percent - bar.n))

    def _received(self, options: dict[str, Any]) -> Import:
        with Path(options["file"]).open("rb") as file:
            run = receive_import(
                iter(lambda: file.read(BLOCK), b""),
                options["file"],
                operator=_operator(options["operator"]),
                structure=_structure(options["structure"]),
                as_of=_day(options["date"]),
                by=SYSTEM,
            )
        return read_columns(
            run,
            _columns(run, options["column"]),
            size_unit=options["size_unit"] or run.size_unit,
            date_order=options["date_order"] or run.date_order,
            default_kind=options["default_kind"] or run.default_kind,
            state_words=run.state_words | _states(options["state"]),
            by=SYSTEM,
        )

    def _refuse(self, sentence: str, options: dict[str, Any]) -> None:
        self.stderr.write(sentence)
        if options["json"]:
            self.stdout.write(json.dumps({"status": "refused", "reason": sentence}))
        sys.exit(UNREADABLE)

    def _report(self, run: Import) -> None:
        would = "Simulation : rien n’a été écrit. Ajoutez --for-real pour appliquer."
        self.stdout.write(would if run.forecasts else f"Import n° {run.pk} appliqué.")
        self.stdout.write(
            f"{run.created} inscrites, {run.updated} mises à jour, {run.unchanged} inchangées, "
            f"{run.rejected} rejetées, {run.corrected} lues avec une remarque."
        )
        survey = Survey.from_json(run.judged)
        for sentence in [*survey.remarks, *survey.questions]:
            self.stdout.write(sentence)
        if run.absent:
            self.stdout.write(f"{run.absent} connues ici, absentes du fichier : rien n’en est conclu.")
        for line in run.lines.filter(outcome="rejected")[:SHOWN]:
            self.stdout.write(f"  ligne {line.number} : {line.address} {line.remark}")
        if run.rejected > SHOWN:
            self.stdout.write(f"  et {run.rejected - SHOWN} autres")


def _facts(run: Import) -> dict[str, Any]:
    counts = {name: getattr(run, name) for name in Import.COUNTED}
    rejects = [
        {"line": line.number, "address": line.address, "reason": line.remark}
        for line in run.lines.filter(outcome="rejected").iterator()
    ]
    return {"status": run.stage, "reason": None, "import": run.pk, **counts, "rejects": rejects}


def _sentence(error: Refused | OSError) -> str:
    return " ".join(error.messages) if isinstance(error, Refused) else f"{error.filename} : {error.strerror}."


def _operator(code: str) -> Operator:
    found = Operator.objects.filter(code=code).first()
    if found is None:
        known = ", ".join(Operator.objects.values_list("code", flat=True)) or "aucun"
        raise Refused(f"Aucun opérateur n’a le code {quoted(code)}. Connus : {known}.", "operator")
    return found


def _structure(asked: str | None) -> Structure:
    if asked:
        named = numbered(read_structure_number(asked).value or asked)
        found = Structure.objects.filter(named | Q(pk=asked) if asked.isdecimal() and len(asked) < 9 else named)
    else:
        found = Structure.objects.filter(parent=None)
    if len(found) != 1:
        why = f"{quoted(asked)} désigne {len(found)} structures" if asked else f"{len(found)} structures sont au sommet"
        raise Refused(f"{why} : donnez --structure avec le numéro ou le FINESS d’une seule.", "structure")
    return found[0]


def _day(text: str | None) -> datetime | None:
    try:
        return timezone.make_aware(datetime.strptime(text, "%Y-%m-%d")) if text else None
    except ValueError as error:
        raise CommandError(f"--date : {quoted(text)} n’est pas un jour (AAAA-MM-JJ).") from error


def _columns(run: Import, corrections: list[str]) -> list[str]:
    columns = list(run.columns)
    headers = [bare(header) for header in run.headers]
    for correction in corrections:
        name, _, header = correction.partition("=")
        if name not in BY_NAME or (header and bare(header) not in headers):
            known = ", ".join(map(quoted, run.headers))
            raise Refused(f"--column : {quoted(correction)} n’est pas CHAMP=EN-TÊTE ({FIELDS} ; {known}).", "field")
        columns = ["" if one == name else one for one in columns]
        if header:
            columns[headers.index(bare(header))] = name
    return columns


def _states(answers: list[str]) -> dict[str, str]:
    said = {}
    for answer in answers:
        word, _, state = answer.rpartition("=")
        if not word or state.upper() not in Said.__members__:
            states = ", ".join(Said.__members__).lower()
            raise Refused(f"--state : {quoted(answer)} n’est pas MOT=ÉTAT ({states}).", "state")
        said[state_key(word)] = state.upper()
    return said


def _interrupted(options: dict[str, Any]) -> Import | None:
    """The same file, whose application died on the way: it goes on from where it stood."""
    if not options["for_real"]:
        return None
    with Path(options["file"]).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    at_work = Import.objects.filter(sha256=digest, operator__code=options["operator"], stage=Import.Stage.APPLYING)
    return at_work.select_related("structure", "operator", "by").first()
