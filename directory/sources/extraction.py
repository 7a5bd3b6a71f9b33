"""`Extraction_Correspondance_MSSante`: every published mailbox, one line each, 31 columns parted by "|".

Three reasons put a line aside: a wrong number of fields, no address, an address that is not of MSSanté. A fourth guards
the indexes: an identifier of more than 254 characters. Any other oddity (an unknown kind, an unknown code) is kept as
it stands: the copy shows what the annuaire says, and a line is never lost for a value we merely do not know.
"""

import re
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils import timezone

from directory.identifiers import is_mssante
from directory.records import EntryRecord, RejectedLine
from directory.sources import Heartbeat, UnreadableSource
from directory.sources.download import download
from directory.sources.files import TextFile, open_text

HEADER = (
    "Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Identification nationale PP|Type identifiant structure|"
    "Identification Structure|Service de rattachement|Civilité d'exercice|Nom d'exercice|Prénom d'exercice|"
    "Catégorie profession|Libellé de catégorie profession|Code Profession|Libellé Profession|Code savoir-faire|"
    "Libellé savoir-faire|Dématérialisation|Raison Sociale structure BAL|Enseigne commerciale structure BAL|"
    "L2COMPLEMENTLOCALISATION structure BAL|L3COMPLEMENTDISTRIBUTION structure BAL|L4NUMEROVOIE structure BAL|"
    "L4COMPLEMENTNUMEROVOIE structure BAL|NL4TYPEVOIE structure BAL|L4LIBELLEVOIE structure BAL|"
    "L5LIEUDITMENTION structure BAL|L6LIGNEACHEMINEMENT structure BAL|Code postal structure BAL|"
    "Département structure BAL|Pays structure BAL"
)
COLUMNS = HEADER.split("|")  # in the order of EntryRecord's fields

UNSAID = [""] * (len(EntryRecord._fields) - len(COLUMNS))  # the last fields: other sources tell those

LONGEST = 254
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
STAMP = re.compile(r"_(\d{12})\.(?:zip|txt)", re.IGNORECASE)
STAMP_IN_URL = re.compile(r"/(\d{8})-(\d{4})\d{2}/")

# Whether the real file gives codes or labels is not established: both are taken, the code is kept.
STRUCTURE_ID_TYPES = {
    "FINESS": "1", "SIREN": "2", "SIRET": "3", "CABINET ADELI": "0", "ADELI": "0", "CABINET RPPS": "4", "RPPS": "4",
}  # fmt: skip
PERSON_ID_TYPES = {"RPPS": "8", "ADELI": "0"}
YES_NO = {"TRUE": "O", "1": "O", "OUI": "O", "FALSE": "N", "0": "N", "NON": "N"}


@dataclass
class Extraction:
    """The extraction from a file on disk (`path`, with the name it had before an upload) or from an address."""

    name: str = "extraction"
    url: str = ""
    ca_file: str = ""
    path: str = ""
    filename: str = ""
    whole = True

    @property
    def origin(self) -> str:
        return self.filename or self.path or self.url

    @contextmanager
    def open(self, heartbeat: Heartbeat) -> Iterator["OpenedExtraction"]:
        if self.path:
            with _open_path(self.path) as file, open_text(file) as text:
                yield OpenedExtraction(text, _stamp(text.name, self.filename, Path(self.path).name))
        elif self.url:
            # An unnamed file: a killed run leaves nothing behind.
            with tempfile.TemporaryFile(dir=settings.VAR_DIR) as file:
                got = download(self.url, self.ca_file, file, heartbeat)
                file.seek(0)
                with open_text(file) as text:
                    yield OpenedExtraction(text, _stamp(got.filename, text.name, got.url.split("?")[0]))
        else:
            raise UnreadableSource("Aucun fichier à lire : donnez un fichier, une adresse, ou renseignez ANNUAIRE_URL.")


class OpenedExtraction:
    def __init__(self, text: TextFile, generated_at: datetime | None):
        self.text = text
        self.generated_at = generated_at
        self.bytes_total = text.bytes_total
        self._lines = enumerate(text.lines(), start=1)
        header = next(self._lines)[1]
        self._width = len(header.rstrip("|").split("|"))
        self._pick = _columns(header)

    @property
    def bytes_read(self) -> int:
        return self.text.bytes_read

    # Half a million turns a run: written for speed, with the rare cases behind a cheap test.
    def records(self) -> Iterator[EntryRecord | RejectedLine]:
        width, pick = self._width, self._pick
        for number, line in self._lines:
            if not line.isprintable():
                line = CONTROL.sub(" ", line)
            if not line or line.isspace():
                continue
            fields = line.split("|")
            if len(fields) != width and (len(fields) != width + 1 or fields.pop().strip()):
                yield RejectedLine(number, f"{line.count('|') + 1} champs au lieu de {width}", line)
                continue
            if " |" in line or "| " in line or line[0] == " " or line[-1] == " ":
                fields = [field.strip() for field in fields]
            if pick:
                fields = [fields[index] for index in pick]
            _normalise(fields)
            reason = _refuse(fields, line)
            yield RejectedLine(number, reason, line) if reason else tuple.__new__(EntryRecord, fields + UNSAID)


def _normalise(fields: list[str]) -> None:
    kind, address, person_id_type, structure_id_type, paperless = (
        fields[0], fields[1], fields[2], fields[5], fields[17],
    )  # fmt: skip
    fields[0], fields[1] = kind.upper(), address.lower()
    if person_id_type and person_id_type != "8":
        fields[2] = PERSON_ID_TYPES.get(person_id_type.upper(), person_id_type)
    if structure_id_type and structure_id_type != "1":
        fields[5] = STRUCTURE_ID_TYPES.get(structure_id_type.upper(), structure_id_type)
    if paperless and paperless != "O" and paperless != "N":
        fields[17] = YES_NO.get(paperless.upper(), paperless.upper())


def _refuse(fields: list[str], line: str) -> str:
    """Why a line is put aside, "" when it is taken."""
    address = fields[1]
    if not address:
        return "adresse absente"
    if not is_mssante(address) or len(address) > LONGEST:
        return f"« {address[:100]} » n'est pas une adresse MSSanté"
    if len(line) > LONGEST and max(len(fields[3]), len(fields[6])) > LONGEST:
        return f"identifiant de plus de {LONGEST} caractères"
    return ""


def _columns(header: str) -> list[int]:
    """Where to find each of EntryRecord's fields in a line; empty when they already stand in that order."""
    names = [_known_name(label) for label in header.rstrip("|").split("|")]
    missing = [label for label in COLUMNS if _compact(label) not in names]
    if missing:
        raise UnreadableSource(f"Ligne 1 : colonne absente de l'en-tête : « {'», «'.join(missing[:3])} »"
                               f"{f' et {len(missing) - 3} autres' if len(missing) > 3 else ''}.")  # fmt: skip
    for label in COLUMNS:
        if names.count(_compact(label)) > 1:
            raise UnreadableSource(f"Ligne 1 : la colonne « {label} » figure deux fois dans l'en-tête.")
    places = [names.index(_compact(label)) for label in COLUMNS]
    return places if places != list(range(len(names))) else []


def _compact(label: str) -> str:
    """No accents, no capitals, no punctuation."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def _known_name(label: str) -> str:
    compact = _compact(label)
    return ALIASES.get(compact, compact)


# Header variants like those seen in the ANS's other files: "exercice" for "d'exercice", "Libellé catégorie".
ALIASES = {
    _compact(re.sub(r"\b(?:d'|de )", "", label)): _compact(label)
    for label in COLUMNS
    if re.search(r"\b(?:d'|de )", label)
} | {"l4typevoiestructurebal": "nl4typevoiestructurebal"}


def _stamp(*names: str) -> datetime | None:
    """The generation time (Paris time) that the first name able to gives."""
    for name in names:
        if found := STAMP.search(name):
            digits = found[1]
        elif found := STAMP_IN_URL.search(name):
            digits = found[1] + found[2]
        else:
            continue
        try:
            return timezone.make_aware(datetime.strptime(digits, "%Y%m%d%H%M"))
        except ValueError:  # twelve digits that are no date
            continue
    return None


def _open_path(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise UnreadableSource(f"Le fichier {path} ne peut pas être ouvert : {error.strerror}.") from error
