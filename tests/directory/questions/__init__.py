"""An invented annuaire, and what people ask of it: tables to be read, each with its columns in its first line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from directory.invented import write_annuaire
from directory.records import EntryRecord
from directory.search import SHOWN, Asked, search
from directory.sources.extraction import COLUMNS

FOLDER = Path(__file__).parent
OTHERS = 4_000  # lines of an invented annuaire around those of the tables: homonyms, the same services in other houses


def rows_of(name: str) -> Iterator[list[str]]:
    for line in (FOLDER / name).read_text().splitlines():
        if line and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("|")]


def annuaire(folder: Path) -> list[str]:
    """The lines of the file: those of the tables, among many others."""
    houses = {key: facts for key, *facts in rows_of("houses.txt")}
    records = [*map(_person, rows_of("people.txt")), *map(_service, rows_of("services.txt"))]
    ours = ["|".join(_at(record, houses[record.structure_id])[: len(COLUMNS)]) for record in records]
    write_annuaire(path := folder / "others.txt", OTHERS, seed=14)
    return path.read_text().splitlines()[1:] + ours


def _person(cells: list[str]) -> EntryRecord:
    local, family, given, civility, code, profession, skill, house, rpps = cells
    return EntryRecord(
        kind="PER", address=local, person_id_type="8", person_id=rpps, national_id=f"8{rpps}", civility=civility,
        family_name=family, given_name=given, profession_code=code, profession=profession, skill=skill,
        structure_id=house,
    )  # fmt: skip


def _service(cells: list[str]) -> EntryRecord:
    local, service, house = cells
    return EntryRecord(kind="ORG", address=local, service=service, structure_id=house)


def _at(record: EntryRecord, house: list[str]) -> EntryRecord:
    finess, name, trade_name, postcode, town, department, domain = house
    return record._replace(
        address=f"{record.address}@{domain}", structure_id_type="1", structure_id=finess, structure_name=name,
        trade_name=trade_name, postcode=postcode, address_l6=f"{postcode} {town}", department=department,
        country="France",
    )  # fmt: skip


@dataclass
class Asking:
    question: str
    right: list[str]  # addresses, any of which may come first
    found: list[str]  # the addresses given, the best first

    @property
    def is_first(self) -> bool:
        return bool(self.found) and self.found[0] in self.right

    @property
    def is_shown(self) -> bool:
        return set(self.right) <= set(self.found[: max(10, len(self.right))])

    def __str__(self) -> str:
        return f"{self.question} -> {', '.join(self.found[:3]) or 'nothing'} ({', '.join(self.right)} expected)"


def ask_all(name: str) -> list[Asking]:
    domains = {key: facts[-1] for key, *facts in rows_of("houses.txt")}
    asked = []
    for question, *answers in rows_of(name):
        named = [answer.strip().split("@") for answer in answers[0].split(",")]
        right = [f"{local}@{domains.get(house, house)}" for local, house in named]
        found = [entry.address for entry in search(Asked(question)).entries(0, SHOWN)]
        asked.append(Asking(question, right, found))
    return asked
