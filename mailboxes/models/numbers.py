"""Whose number is this? By which numbers the annuaire knows our structures, for Python, the ORM and SQL alike.

The FINESS of a legal entity is that of all its establishments: it is the *own* number of the entity alone, that is of a
structure without a FINESS of its own. Said of one of its establishments it proves nothing, nor does it contradict.
"""

from typing import TYPE_CHECKING

from django.db.models import Q

from directory.models import Activity

if TYPE_CHECKING:
    from mailboxes.models.structures import Structure


def own_numbers(structure: "Structure") -> frozenset[str]:
    """Whatever bears one of these is this structure's."""
    return frozenset({structure.finess, structure.siret, structure.rpps_rang} - {""})


def known_numbers(structure: "Structure") -> frozenset[str]:
    """What may be said of this structure without contradicting the register."""
    return own_numbers(structure) | (frozenset({structure.finess_ej}) - {""})


def numbered(number: str) -> Q:
    """The condition, on Structure, that this number is its own."""
    if not number:
        return Q(pk__in=())
    return Q(finess_et=number) | Q(siret=number) | Q(rpps_rang=number) | Q(finess_et="", finess_ej=number)


def own_numbers_in_sql(structures: str) -> str:
    """(structure_id, number) of all in this table."""
    selects = [
        f"SELECT id AS structure_id, {name} AS number FROM {structures} WHERE {name} <> '' {alone}"  # noqa: S608 - ours
        for name, alone in (("finess_et", ""), ("siret", ""), ("rpps_rang", ""), ("finess_ej", "AND finess_et = ''"))
    ]
    return " UNION ".join(selects)


def known_numbers_in_sql(row: str) -> str:
    """The list of those of the row so named, "" where it lacks one."""
    return ", ".join(f"{row}.{name}" for name in ("finess_et", "finess_ej", "siret", "rpps_rang"))


def is_at(activity: Activity, structure: "Structure") -> bool:
    """Is this work done in that structure? Each number has its column; an RPPS-rang may bear its type, 4, first."""
    rang = structure.rpps_rang
    return bool(
        (structure.finess_et and activity.finess_site == structure.finess_et)
        or (structure.siret and activity.siret == structure.siret)
        or (rang and activity.technical_id in (rang, f"4{rang}"))
        or (structure.finess_ej and not structure.finess_et and activity.finess_ej == structure.finess_ej)
    )


def at_structure(structure: "Structure") -> Q:
    """`is_at`, on Activity."""
    found = Q(pk__in=())
    if structure.finess_et:
        found |= Q(finess_site=structure.finess_et)
    elif structure.finess_ej:
        found |= Q(finess_ej=structure.finess_ej)
    if structure.siret:
        found |= Q(siret=structure.siret)
    if structure.rpps_rang:
        found |= Q(technical_id__in=[structure.rpps_rang, f"4{structure.rpps_rang}"])
    return found


def is_at_in_sql(activity: str, structure: str) -> str:
    """`is_at` of the rows so named in a query."""
    a, s = activity, structure
    return (
        f"(({s}.finess_et <> '' AND {a}.finess_site = {s}.finess_et) OR ({s}.siret <> '' AND {a}.siret = {s}.siret)"
        f" OR ({s}.rpps_rang <> '' AND {a}.technical_id IN ({s}.rpps_rang, '4' || {s}.rpps_rang))"
        f" OR ({s}.finess_et = '' AND {s}.finess_ej <> '' AND {a}.finess_ej = {s}.finess_ej))"
    )
