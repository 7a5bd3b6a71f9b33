"""`Extraction_Correspondance_MSSante`: every published mailbox, one line each, 31 columns parted by "|".

A line is put aside for a wrong number of fields, a byte that is no UTF-8, no address, an address that is not of MSSanté
or that is a patient's, an identifier of more than 254 characters (it guards the indexes). Any other oddity (an unknown
kind, an unknown code) is kept as it stands: the copy shows what the annuaire says, and a line is never lost for a value
we merely do not know. A column that the header lacks is lost alone, where it can be done without; it is told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from directory.identifiers import LONGEST, is_mssante
from directory.readers.address import OF_PATIENT, is_of_patient
from directory.readers.identifiers import READERS, read_structure_number
from directory.records import EntryRecord, RejectedRecord
from directory.sources import Heartbeat, UnreadableSource
from directory.sources.files import SpoiltLine, TextFile, open_text
from directory.sources.headers import find_columns
from directory.sources.published import PublishedFile, stamp_of
from directory.sources.values import address_of, put_aside, seen
from directory.typography import quoted

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

# Without these nobody could be told from anybody: a header that lacks one is refused.
ESSENTIAL = {"Type de BAL", "Adresse BAL", "Identifiant PP", "Type identifiant structure", "Identification Structure"}

# The one label that has been seen written otherwise and that normalisation does not bring back.
ALIASES = {"L4TYPEVOIE structure BAL": "NL4TYPEVOIE structure BAL"}
UNSAID = [""] * (len(EntryRecord._fields) - len(COLUMNS))  # the last fields: other sources tell those

# Whether the real file gives codes or labels is not established: both are taken, the code is kept.
STRUCTURE_ID_TYPES = {
    "FINESS": "1", "SIREN": "2", "SIRET": "3", "CABINET ADELI": "0", "ADELI": "0", "CABINET RPPS": "4", "RPPS": "4",
}  # fmt: skip
PERSON_ID_TYPES = {"RPPS": "8", "ADELI": "0"}
YES_NO = {"TRUE": "O", "1": "O", "OUI": "O", "FALSE": "N", "0": "N", "NON": "N"}


@dataclass
class Extraction(PublishedFile):
    name: str = "extraction"
    url_setting = "ANNUAIRE_URL"
    record = EntryRecord

    @contextmanager
    def open(self, heartbeat: Heartbeat) -> Iterator["OpenedExtraction"]:
        with self.fetched(heartbeat) as (file, names), open_text(file) as text:
            yield OpenedExtraction(text, stamp_of(names[0], text.name, *names[1:]))


class OpenedExtraction:
    scope = ""

    def __init__(self, text: TextFile, generated_at: datetime | None):
        self.text = text
        self.generated_at = generated_at
        self.bytes_total = text.bytes_total
        self.lines = 0
        self._lines = enumerate(text.lines(), start=1)
        header = next(self._lines)[1]
        self._header = header
        self._width = len(header.rstrip("|").split("|"))
        self._ends_with_bar = header.endswith("|")
        self._places = find_columns(header, COLUMNS, ALIASES, optional=set(COLUMNS) - ESSENTIAL)

    @property
    def bytes_read(self) -> int:
        return self.text.bytes_read

    # Half a million turns a run: written for speed, with the rare cases behind a cheap test.
    def records(self) -> Iterator[EntryRecord | RejectedRecord]:
        width, pick, last, before = self._width, self._pick(), "", ""
        yield from self._missing()
        for number, line in self._lines:
            if not line.isprintable():
                if isinstance(line, SpoiltLine):
                    self.lines += 1
                    yield RejectedRecord(number, line.reason, line[1:])
                    before, last = last, line
                    continue
                line = seen(line)
            if not line or line.isspace():
                continue
            self.lines += 1
            before, last = last, line
            fields = line.split("|")
            if '"' in line:
                fields = [_without_quotes(field) for field in fields]
            if (len(fields) != width or self._ends_with_bar) and not self._has_its_fields(fields):
                yield RejectedRecord(number, f"{line.count('|') + 1} champs au lieu de {width}", line)
                continue
            if " |" in line or "| " in line or line[0] == " " or line[-1] == " ":
                fields = [field.strip() for field in fields]
            if pick:
                fields.append("")
                fields = [fields[index] for index in pick]
            _normalise(fields)
            reason = _refuse(fields, line)
            yield put_aside(number, reason, line) if reason else tuple.__new__(EntryRecord, fields + UNSAID)
        if not self.text.ends_well and self._is_cut(last, before):
            raise UnreadableSource(f"Le fichier est tronqué : il s’arrête au milieu de la ligne {number}.")

    def _has_its_fields(self, fields: list[str]) -> bool:
        """What follows a bar at the end is no field where the header ends so too; else it is one too many."""
        if self._ends_with_bar and len(fields) == self._width + 1 and not fields[-1].strip():
            fields.pop()
            return True
        # Short of one field, a line that ends with a bar has as many pieces: its values would slip by a column.
        return len(fields) == self._width and (not self._ends_with_bar or bool(fields[-1].strip()))

    def _is_cut(self, last: str, before: str) -> bool:
        """The last line, which has no end, lacks fields, or the rest of its last one."""
        if isinstance(last, SpoiltLine) or last.rstrip("|").count("|") == 0:
            return bool(last)
        end, usual = last.rpartition("|")[2], before.rpartition("|")[2]
        if before.endswith("|") and not last.endswith("|"):
            return True
        return last.count("|") < self._width - 1 or (end != usual and usual.startswith(end))

    def _missing(self) -> Iterator[RejectedRecord]:
        for label, place in zip(COLUMNS, self._places, strict=True):
            if place is None:
                reason = (
                    f"colonne absente de l’en-tête : {quoted(label)} ; ce qu’elle disait manque à toutes les lignes"
                )
                yield RejectedRecord(1, reason, self._header)

    def _pick(self) -> list[int]:
        """The places of each of EntryRecord's fields in a line; empty when they already stand in that order.

        -1 is the empty value put after a line's own.
        """
        places = [-1 if place is None else place for place in self._places]
        return places if places != list(range(self._width)) else []


def _normalise(fields: list[str]) -> None:
    kind, address, person_id_type, structure_id_type, paperless = (
        fields[0], fields[1], fields[2], fields[5], fields[17],
    )  # fmt: skip
    fields[0], fields[1] = kind.upper(), address_of(address)
    if person_id_type and person_id_type != "8":
        fields[2] = PERSON_ID_TYPES.get(person_id_type.upper(), person_id_type)
    if structure_id_type and structure_id_type != "1":
        fields[5] = STRUCTURE_ID_TYPES.get(structure_id_type.upper(), structure_id_type)
    if paperless and paperless != "O" and paperless != "N":
        fields[17] = YES_NO.get(paperless.upper(), paperless.upper())

    if not (person_id := fields[3]).isalnum() and person_id:
        fields[3] = READERS["RPPS"](person_id).value or person_id
    if (number := fields[6]) and (not number.isalnum() or (len(number) == 8 and fields[5] == "1")):
        fields[6] = read_structure_number(number).value or number


def _without_quotes(field: str) -> str:
    """A spreadsheet that saved the file again may have put each value between quotes."""
    said = field.strip()
    return said[1:-1].replace('""', '"') if len(said) > 1 and said[0] == said[-1] == '"' else field


def _refuse(fields: list[str], line: str) -> str:
    """Why a line is put aside, "" when it is taken."""
    address = fields[1]
    if not address:
        return "adresse absente"
    if is_of_patient(address):
        return OF_PATIENT
    if not is_mssante(address) or len(address) > LONGEST:
        return f"{quoted(address)} n’est pas une adresse MSSanté"
    if "E+" in fields[3] or "E+" in fields[6]:
        return "identifiant abîmé par un tableur : des chiffres en sont perdus"
    if len(line) > LONGEST and max(len(fields[3]), len(fields[6])) > LONGEST:
        return f"identifiant de plus de {LONGEST} caractères"
    return ""
