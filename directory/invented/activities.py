"""An invented file of activities, `PS_LibreAcces_Personne_activite`, in the real format."""

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path

from directory.invented.annuaire import (
    FAMILY_NAMES,
    FIRST_DAY,
    GIVEN_NAMES,
    PROFESSIONS,
    SKILLS,
    InventedPlace,
    make_places,
    open_written,
    rpps_of,
)
from directory.records import ActivityRecord
from directory.sources.activities import COLUMNS, HEADER

LABELS = HEADER.rstrip("|").split("|")
SHARE_OF_PEOPLE = 0.7  # the other lines are second and third activities
OTHERS = ("Dipl_AutExerc", "SavoirFaire")  # what the published zip also holds


def write_activities(
    path: Path | str, lines: int, seed: int = 1, days: int = 0, extra_rows: Iterable[ActivityRecord] = ()
) -> None:
    """Write `lines` invented lines after `extra_rows`, zipped with the other two files when the path ends so."""
    stamp = f"{FIRST_DAY + timedelta(days=days):%Y%m%d%H%M}"
    members = [f"PS_LibreAcces_{name}_{stamp}.txt" for name in ("Personne_activite", *OTHERS)]
    with open_written(Path(path), *members) as file:
        file.write(HEADER + "\n")
        rows = chain(map(line_of, extra_rows), _lines(lines, seed))
        while block := list(islice(rows, 5000)):
            file.write("\n".join(block) + "\n")


def line_of(record: ActivityRecord) -> str:
    """A line as the file writes it, the columns that we do not keep left empty."""
    values = {COLUMNS[field]: value for field, value in record._asdict().items()}
    return "|".join(values.get(label, "") for label in LABELS) + "|"


def _lines(lines: int, seed: int) -> Iterator[str]:
    """Everybody once, then again some of them elsewhere: the lines of a person stand far from one another."""
    rng = random.Random(seed)
    tails = [_place_of(place, number) for number, place in enumerate(make_places(random.Random(f"{seed}:places")))]
    people = max(1, round(lines * SHARE_OF_PEOPLE))
    for number in range(lines):
        yield _person_of(number % people) + tails[int(rng.random() * len(tails))]


def _person_of(number: int) -> str:
    rpps = rpps_of(number)
    code, profession, *_ = PROFESSIONS[number % len(PROFESSIONS)]
    family = FAMILY_NAMES[number % len(FAMILY_NAMES)]
    given = GIVEN_NAMES[number // len(FAMILY_NAMES) % len(GIVEN_NAMES)]
    skill, skill_label = SKILLS[number % len(SKILLS)] if code == "10" else ("", "")
    title = ("DR", "Docteur") if code in ("10", "40") else ("", "")
    mode = ("L", "Libéral") if number % 3 else ("S", "Salarié")
    return "|".join(
        ["8", rpps, f"8{rpps}", *title, "M", "Monsieur", family, given, code, profession, "C", "Civil",
         "S" if skill else "", "Spécialité ordinale" if skill else "", skill, skill_label, *mode, ""]
    )  # fmt: skip


def _place_of(place: InventedPlace, number: int) -> str:
    """The end of a line, from the SIRET on; the large operators' shared domains stand for practices without FINESS."""
    town, postcode, *_ = place.town
    finess = place.structure_id
    siren = f"{900_000_000 + number}"
    name = place.name or f"CABINET {number}"
    fields = [
        f"{siren}{number % 10_000:05}", siren, finess, finess and f"{finess[:2]}9{finess[3:]}",
        f"F{finess}" if finess else f"R{number}",
        name, "", "", "", str(number % 180 + 1), "", "R", "Rue", "DE LA RÉPUBLIQUE", "", f"{postcode} {town}", postcode,
        "", town, "99000", "France", "0400000000", "", "", "", "", "", "", "ARS/ARS/ARS", "SA01",
        "Établissement public de santé", "", "", "FON-01", "Titulaire", "GENR01",
        "Activité standard de soin ou de pharmacien",
    ]  # fmt: skip
    return "|".join([*fields, ""])
