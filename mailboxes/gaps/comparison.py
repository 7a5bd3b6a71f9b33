"""Our record of a BAL beside what the annuaire says of it, field by field."""

from typing import NamedTuple

from directory.folding import fold, folded_in_sql
from directory.models import Entry
from directory.pictures import Picture, pictures
from mailboxes.models import Bal
from mailboxes.models.numbers import known_numbers, known_numbers_in_sql

ABSENT = "absente de l’annuaire public (supprimée, non publiée ou en liste rouge)"
NEVER_EXPECTED = "jamais attendue à l’annuaire public"


class ComparedLine(NamedTuple):
    label: str
    ours: str
    theirs: str
    differs: bool
    said_by: str  # the sources whose word `theirs` is


def compare(bal: Bal, picture: Picture) -> list[ComparedLine]:
    """A line per field; what one side leaves empty is not a difference, but something one side does not say."""
    structure, holder = bal.structure, bal.principal() if bal.kind == Bal.Kind.NOMINATIVE else None
    ours = {
        "Type": {bal.kind, "ORG"} if bal.kind == Bal.Kind.CABINET else {bal.kind},
        "Service de rattachement": {bal.service},
        "Identifiant de la structure": {*known_numbers(structure)},
        "Nom de la structure": {structure.name},
    }
    theirs = {
        "Type": ["kind"],
        "Service de rattachement": ["service"],
        "Identifiant de la structure": ["structure_id"],
        "Nom de la structure": ["structure_name", "trade_name"],
    }
    if holder:
        ours |= {"Nom du titulaire": {f"{holder.family_name} {holder.given_name}"}, "RPPS": {holder.rpps or ""}}
        theirs |= {"Nom du titulaire": ["family_name", "given_name"], "RPPS": ["person_id"]}
    return [_line(label, ours[label] - {""}, theirs[label], picture) for label in ours]


def picture_of(entry: Entry) -> Picture:
    """The picture that one line gives alone, as if nothing else spoke of its address."""
    return pictures([entry])[entry.address]


def differences(bal: Bal | None, entry: Entry) -> list[ComparedLine]:
    """The fields that differ; two names of one structure do not, once its number is the same."""
    if bal is None:
        return []
    lines = {line.label: line for line in compare(bal, picture_of(entry))}
    number, name = lines["Identifiant de la structure"], lines["Nom de la structure"]
    if name.differs and number.ours and number.theirs and not number.differs:
        del lines[name.label]
    return [line for line in lines.values() if line.differs]


def agrees_in_sql(bal: str, structure: str, holder: str, entry: str) -> str:
    """The condition that there are no `differences`, on the rows so named in a query; `holder` is the titulaire of a
    PER, NULL of any other BAL."""
    b, s, p, e = bal, structure, holder, entry
    numbers = known_numbers_in_sql(s)
    none = f"{numbers.replace(', ', ' || ')} = ''"
    name, theirs = (f"({x}.family_name || ' ' || {x}.given_name)" for x in (p, e))
    return f"""
        ({e}.kind = {b}.kind OR ({b}.kind = 'CAB' AND {e}.kind = 'ORG'))
        AND ({b}.service = '' OR {e}.service = '' OR {_same(f"{b}.service", f"{e}.service")})
        AND (({e}.structure_id <> '' AND {e}.structure_id IN ({numbers}))
             OR (({e}.structure_id = '' OR {none})
                 AND ({e}.structure_name || {e}.trade_name = '' OR {_same(f"{s}.name", f"{e}.structure_name")}
                      OR {_same(f"{s}.name", f"{e}.trade_name")})))
        AND ({p}.id IS NULL OR (({e}.person_id IN ('', {p}.rpps) OR {p}.rpps IS NULL)
                                AND ({e}.family_name || {e}.given_name = '' OR {_same(name, theirs)})))"""


def _same(ours: str, theirs: str) -> str:
    """Cheap tests first: most values differ by capitals alone."""
    return f"({ours} = {theirs} OR upper({ours}) = upper({theirs}) OR {folded_in_sql(ours)} = {folded_in_sql(theirs)})"


def _line(label: str, ours: set[str], fields: list[str], picture: Picture) -> ComparedLine:
    theirs = [value for name in fields if (value := getattr(picture.record, name))]
    if "family_name" in fields:
        theirs = [" ".join(theirs)] if theirs else []
    said_by = ", ".join(dict.fromkeys(picture.said_by[name] for name in fields if name in picture.said_by))
    same = {fold(value) for value in ours} & {fold(value) for value in theirs}
    return ComparedLine(
        label, " ou ".join(sorted(ours)), " ou ".join(theirs), bool(ours and theirs and not same), said_by
    )
