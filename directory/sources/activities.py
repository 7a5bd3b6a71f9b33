"""`PS_LibreAcces_Personne_activite`: the practices of every professional, of which we keep those of our people.

Ours are the people with at least one activity in a managed structure; of them we keep every activity, wherever it is.
Their lines stand anywhere in the file: it is read twice, once to know who they are, once to take their lines. Two
million lines are told apart as bytes, by the few columns that matter; only those taken are decoded.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from operator import itemgetter
from typing import AnyStr

from django.utils.module_loading import import_string

from directory.identifiers import LONGEST
from directory.records import ActivityRecord, ManagedStructures, RejectedRecord
from directory.sources import Heartbeat, UnreadableSource
from directory.sources.files import TextFile, open_text
from directory.sources.headers import find_columns
from directory.sources.published import PublishedFile, stamp_of
from directory.sources.values import seen

HEADER = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|"
    "Libellé civilité exercice|Code civilité|Libellé civilité|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|"
    "Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|Code mode exercice|Libellé mode exercice|"
    "Numéro SIRET site|Numéro SIREN site|Numéro FINESS site|Numéro FINESS établissement juridique|"
    "Identifiant technique de la structure|Raison sociale site|Enseigne commerciale site|"
    "Complément destinataire (coord. structure)|Complément point géographique (coord. structure)|"
    "Numéro Voie (coord. structure)|Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|"
    "Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Mention distribution (coord. structure)|"
    "Bureau cedex (coord. structure)|Code postal (coord. structure)|Code commune (coord. structure)|"
    "Libellé commune (coord. structure)|Code pays (coord. structure)|Libellé pays (coord. structure)|"
    "Téléphone (coord. structure)|Téléphone 2 (coord. structure)|Télécopie (coord. structure)|"
    "Adresse e-mail (coord. structure)|Code Département (structure)|Libellé Département (structure)|"
    "Ancien identifiant de la structure|Autorité d'enregistrement|Code secteur d'activité|Libellé secteur d'activité|"
    "Code section tableau pharmaciens|Libellé section tableau pharmaciens|Code fonction|Libellé fonction|"
    "Code genre d'activité|Libellé genre d'activité|"
)
# What is kept. Neither telephone nor e-mail: a situation d'exercice needs none.
COLUMNS = {
    "person_id_type": "Type d'identifiant PP",
    "person_id": "Identifiant PP",
    "national_id": "Identification nationale PP",
    "civility": "Code civilité d'exercice",
    "family_name": "Nom d'exercice",
    "given_name": "Prénom d'exercice",
    "profession_code": "Code profession",
    "profession": "Libellé profession",
    "category_code": "Code catégorie professionnelle",
    "category": "Libellé catégorie professionnelle",
    "skill_code": "Code savoir-faire",
    "skill": "Libellé savoir-faire",
    "mode_code": "Code mode exercice",
    "mode": "Libellé mode exercice",
    "siret": "Numéro SIRET site",
    "siren": "Numéro SIREN site",
    "finess_site": "Numéro FINESS site",
    "finess_ej": "Numéro FINESS établissement juridique",
    "technical_id": "Identifiant technique de la structure",
    "structure_name": "Raison sociale site",
    "trade_name": "Enseigne commerciale site",
    "address_l2": "Complément destinataire (coord. structure)",
    "address_l3": "Complément point géographique (coord. structure)",
    "street_number": "Numéro Voie (coord. structure)",
    "street_number_suffix": "Indice répétition voie (coord. structure)",
    "street_type": "Libellé type de voie (coord. structure)",
    "street_name": "Libellé Voie (coord. structure)",
    "address_l6": "Bureau cedex (coord. structure)",
    "postcode": "Code postal (coord. structure)",
    "town": "Libellé commune (coord. structure)",
    "sector_code": "Code secteur d'activité",
    "sector": "Libellé secteur d'activité",
    "function_code": "Code fonction",
    "function": "Libellé fonction",
    "genre_code": "Code genre d'activité",
    "genre": "Libellé genre d'activité",
}
FORMER_ID = "Ancien identifiant de la structure"  # of a cabinet: "4", then its RPPS-rang
LATER = [COLUMNS[field] for field in ("function_code", "function", "genre_code", "genre")]  # absent from older files
ALIASES = {"Code rôle": "Code fonction", "Libellé rôle": "Libellé fonction"}
# What stands between a value and its bar and is no part of it, as bytes: blanks, NBSP, characters that nobody sees.
BLANK = rb"(?:[ \t\x0b\x0c]|\xc2\xa0|\xe2\x80[\x8b-\x8f\xaf]|\xe2\x81\xa0|\xef\xbb\xbf)+"
PADDING = re.compile(rb"(?m)" + BLANK + rb"(?=\||\r?$)|(?:(?<=\|)|^)" + BLANK)
# One byte is looked for ten times as fast as a pattern, which is asked only where the first byte of a blank stands.
BLANK_BEGINS = (b"\t", b"\x0b", b"\x0c", b"\xc2", b"\xe2", b"\xef")
PAUSE = 64  # blocks of 256 KB between two signs of life


@dataclass
class Activities(PublishedFile):
    """`managed` names a function without arguments that gives the ManagedStructures."""

    name: str = "activities"
    managed: str = ""
    url_setting = "ACTIVITIES_URL"
    record = ActivityRecord

    @contextmanager
    def open(self, heartbeat: Heartbeat) -> Iterator["OpenedActivities"]:
        managed: Callable[[], ManagedStructures] = import_string(self.managed)
        with self.fetched(heartbeat) as (file, names), open_text(file, "Personne_activite") as text:
            yield OpenedActivities(text, stamp_of(names[0], text.name, *names[1:]), managed())


class OpenedActivities:
    def __init__(self, text: TextFile, generated_at: datetime | None, managed: ManagedStructures):
        self.text = text
        self.generated_at = generated_at
        self.bytes_total = 2 * text.bytes_total
        self.lines = 0
        self._padded: dict[int, bool] = {}  # by rank of the block, as the first pass found it
        self.scope = _fingerprint(managed)
        header = next(text.lines())
        text.rewind()
        text.bytes_read = 0
        self._width = len(header.rstrip("|").split("|"))
        self._ends_with_bar = header.endswith("|")
        self._places = find_columns(header, COLUMNS.values(), ALIASES, optional=LATER)
        self._identity = [self._place(field) for field in ("person_id_type", "person_id", "national_id")]
        self._where = self._wanted(header, managed)

    @property
    def bytes_read(self) -> int:
        return self.text.bytes_read

    def records(self) -> Iterator[ActivityRecord | RejectedRecord | None]:
        people: set[bytes] = set()
        yield from self._find(people)
        self.text.rewind()
        yield from self._take(people)

    # --- First pass: who ----------------------------------------------------------------------------------------------
    def _wanted(self, header: str, managed: ManagedStructures) -> list[tuple[int, frozenset[bytes]]]:
        """The columns that may name a managed structure, and what each must hold for that."""
        cabinets = frozenset(f"4{number}" for number in managed.technical)
        (former,) = find_columns(header, [FORMER_ID], optional=[FORMER_ID])
        wanted = [
            (self._place("finess_site"), managed.finess),
            (self._place("finess_ej"), managed.finess),
            (self._place("siret"), managed.siret),
            (self._place("siren"), managed.siren),
            (self._place("technical_id"), managed.technical | cabinets),
            *([] if former is None else [(former, cabinets)]),
        ]
        return [(place, frozenset(value.encode() for value in values)) for place, values in wanted if values]

    def _find(self, people: set[bytes]) -> Iterator[None]:
        """Adds to `people` the keys of those who have an activity in a managed structure."""
        if not self._where:
            return
        places = [place for place, _ in self._where]
        last = max(*places, *self._identity) + 1
        pick = itemgetter(places[0], *places)  # twice the first: with two at least, it gives a tuple
        are_unknown = frozenset().union(*(values for _, values in self._where)).isdisjoint
        for rank, block in enumerate(self.text.blocks()):
            for line in self._lines(rank, block):
                fields = line.split(b"|", last)
                # Nearly every line ends here: one look for all the columns; which of them held it is asked afterwards.
                try:
                    if are_unknown(pick(fields)):
                        continue
                except IndexError:
                    continue  # too short: the second pass puts it aside
                if any(fields[place] in values for place, values in self._where):
                    people.add(self._key_of(fields))
            if rank % PAUSE == 0:
                yield None

    # --- Second pass: what --------------------------------------------------------------------------------------------
    def _take(self, people: set[bytes]) -> Iterator[ActivityRecord | RejectedRecord | None]:
        key = self._identity[-1]
        bars = {self._width} if self._ends_with_bar else {self._width - 1, self._width}
        suspects = people | {b""}  # without a national identifier a line must be looked at more closely
        number = blank = 0
        for rank, block in enumerate(self.text.blocks()):
            for line in self._lines(rank, block):
                number += 1
                if line.count(b"|") in bars and line.split(b"|", key + 1)[key] not in suspects:
                    continue
                if not line.strip():
                    blank += 1
                elif number > 1 and (found := self._read(number, line, people)):
                    yield found
            self.lines = number - 1 - blank
            if rank % PAUSE == 0:
                yield None
        if line.strip() and line.count(b"|") < self._width - 1 and not block.endswith(b"\n"):
            raise UnreadableSource(f"Le fichier est tronqué : il s’arrête au milieu de la ligne {number}.")

    def _read(self, number: int, line: bytes, people: set[bytes]) -> ActivityRecord | RejectedRecord | None:
        try:
            text = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            where = f"octet 0x{line[error.start]:02X} en position {error.start + 1}"
            return RejectedRecord(number, f"ligne qui n’est pas en UTF-8 : {where}", line.decode(errors="replace"))
        text = text if text.isprintable() else seen(text)
        fields = [field.strip() for field in text.split("|")]
        # What follows the trailing bar is no field. Where the header has one, a line short of one field has it too:
        # counted, it would let every value after the missing one slip by a column.
        if not fields[-1] and (self._ends_with_bar or len(fields) > self._width):
            fields.pop()
        if len(fields) != self._width:
            return RejectedRecord(number, f"{len(fields)} champs au lieu de {self._width}", text)
        key = self._key_of(fields)
        if not key:
            return RejectedRecord(number, "identifiant de la personne absent", text)
        if len(key) > LONGEST:
            return RejectedRecord(number, f"identifiant de plus de {LONGEST} caractères", text)
        if key.encode() not in people:
            return None
        values = ("" if place is None else fields[place] for place in self._places)
        return ActivityRecord(*values)._replace(national_id=key)

    def _lines(self, rank: int, block: bytes) -> list[bytes]:
        if rank not in self._padded:
            is_suspect = b" |" in block or b"| " in block or any(byte in block for byte in BLANK_BEGINS)
            self._padded[rank] = is_suspect and PADDING.search(block) is not None
        if self._padded[rank]:
            block = PADDING.sub(b"", block)
        return block.removesuffix(b"\n").split(b"\n")

    def _place(self, field: str) -> int:
        place = self._places[list(COLUMNS).index(field)]
        assert place is not None  # noqa: S101 - only the last four may be missing, and none of them is asked for
        return place

    def _key_of(self, fields: list[AnyStr]) -> AnyStr:
        kind, number, national_id = (fields[place] for place in self._identity)
        return national_id or kind + number


def _fingerprint(managed: ManagedStructures) -> str:
    text = "\n".join(",".join(sorted(values)) for values in managed)
    return blake2b(text.encode(), digest_size=16).hexdigest()
