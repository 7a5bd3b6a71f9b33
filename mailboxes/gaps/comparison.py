"""Our record of a BAL beside what the annuaire says of it, field by field."""

from typing import NamedTuple

from directory.folding import folded
from directory.pictures import Picture
from mailboxes.models import Bal

ABSENT = "absente de l’annuaire public (supprimée, non publiée ou en liste rouge)"
NEVER_EXPECTED = "jamais attendue à l’annuaire public"


class Line(NamedTuple):
    label: str
    ours: str
    theirs: str
    differs: bool
    said_by: str  # the sources whose word `theirs` is


def compare(bal: Bal, picture: Picture) -> list[Line]:
    """A line per field; what one side leaves empty is not a difference, but something one side does not say."""
    structure, holder = bal.structure, bal.principal() if bal.kind == Bal.Kind.NOMINATIVE else None
    ours = {
        "Type": {bal.kind, "ORG"} if bal.kind == Bal.Kind.CABINET else {bal.kind},
        "Service de rattachement": {bal.service},
        "Identifiant de la structure": {structure.finess_et, structure.finess_ej, structure.siret, structure.rpps_rang},
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


def _line(label: str, ours: set[str], fields: list[str], picture: Picture) -> Line:
    theirs = [value for name in fields if (value := getattr(picture.record, name))]
    if "family_name" in fields:
        theirs = [" ".join(theirs)] if theirs else []
    said_by = ", ".join(dict.fromkeys(picture.said_by[name] for name in fields if name in picture.said_by))
    same = {folded(value) for value in ours} & {folded(value) for value in theirs}
    return Line(label, " ou ".join(sorted(ours)), " ou ".join(theirs), bool(ours and theirs and not same), said_by)
