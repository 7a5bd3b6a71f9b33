"""Which column says what: guessed from the headers, corrected by a person; and a row read accordingly."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from directory.folding import folded
from mailboxes.imports import values
from mailboxes.imports.rows import Cell, Row
from mailboxes.imports.values import Read, Unread


class Field(NamedTuple):
    name: str
    label: str
    read: Callable[..., Any]  # of a cell, to a value and a remark; of a size, of its unit to such a reader
    headers: list[str]  # folded, the surest first
    is_size: bool = False  # `read` then takes the unit of a bare number first


# fmt: off
FIELDS = [
    Field("address", "Adresse", values.read_address, ["adresse mssante", "adresse bal", "adresse de la bal", "adresse de messagerie", "adresse", "adresse mail", "adresse email", "adresse electronique", "bal", "boite aux lettres", "boite", "mssante", "email", "e mail", "mail", "courriel", "identifiant de la bal", "compte", "login"]),
    Field("kind", "Type", values.read_kind, ["type de bal", "type bal", "typebal", "type de boite", "type", "nature", "categorie"]),
    Field("state", "État chez l’opérateur", values.read_state, ["etat", "etat de la bal", "statut", "statut bal", "etat du compte", "status", "state"]),
    Field("rpps", "RPPS du titulaire", values.read_rpps, ["rpps du titulaire", "rpps titulaire", "rpps", "numero rpps", "n rpps", "no rpps", "rpps du responsable", "identifiant pp", "identifiantpp", "identifiant national", "idnat"]),
    Field("finess", "FINESS", values.read_finess, ["finess etablissement", "finess et", "finess geographique", "finess", "numero finess", "n finess", "no finess", "finess ej", "finess juridique"]),
    Field("siret", "SIRET", values.read_siret, ["siret", "numero siret", "n siret"]),
    Field("structure", "Structure", values.read_text(150), ["structure", "etablissement", "nom de la structure", "nom structure", "raison sociale", "organisme", "entite", "site"]),
    Field("service", "Service", values.read_text(90), ["service de rattachement", "service", "unite", "pole"]),
    Field("description", "Description", values.read_text(75), ["description", "libelle", "nom affiche", "display name", "intitule", "nom d affichage"]),
    Field("liste_rouge", "Liste rouge", values.read_yes_no, ["liste rouge", "en liste rouge", "listerouge", "masquee", "non publiee"]),
    Field("last_used_at", "Dernière authentification", values.read_date, ["derniere authentification", "date derniere authentification", "derniere connexion", "date derniere connexion", "date de derniere connexion", "dernier acces", "derniere utilisation", "derniere activite", "derniere consultation", "last login", "last logon", "lastlogin"]),
    Field("used_mb", "Espace occupé", values.read_size, ["espace occupe", "espace utilise", "espace consomme", "taille", "taille de la bal", "volume", "occupation", "utilise", "used", "size", "volumetrie"], is_size=True),
    Field("quota_mb", "Espace accordé", values.read_quota, ["espace accorde", "espace alloue", "espace disque alloue", "quota", "quota alloue", "taille maximale", "capacite", "espace total", "limite"], is_size=True),
    Field("at", "Date du relevé", values.read_date, ["date du releve", "date d extraction", "date extraction", "date de la liste", "releve le", "extrait le"]),
]
# fmt: on
BY_NAME = {one.name: one for one in FIELDS}
UNIT_OF_HEADER = re.compile(r"\(?\b(?:en )?(octets?|bytes?|[kmgt]i?[ob])\)?\s*$", re.IGNORECASE)
SIZE_UNITS = {"o": "octets", "ko": "Ko", "mo": "Mo", "go": "Go"}
LARGE = 1_000_000  # a bare number from which on it counts bytes: nobody has a terabyte of mail


@dataclass(slots=True)
class Line:
    """A row as understood."""

    number: int
    cells: list[str]  # as the file has them, to be given back with what is rejected
    facts: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.facts.get("address", "")


def is_address(cell: Cell) -> bool:
    return isinstance(cell, str) and re.fullmatch(r"\S+@\S+\.\S+", cell) is not None


def bare(header: str) -> str:
    """A header without its unit, folded: what is compared and remembered."""
    return folded(UNIT_OF_HEADER.sub("", header))


def guess(headers: Iterable[str], saved: dict[str, str] | None = None) -> list[str]:
    """The field of each column, "" for none: as it was once saved for that header, else by the surest header."""
    names = [bare(header) for header in headers]
    found = [(saved or {}).get(name, "") for name in names]
    for one in FIELDS:
        if one.name in found:
            continue
        free = [rank for rank, name in enumerate(names) if name not in (saved or {}) and not found[rank]]
        sure = [(one.headers.index(names[rank]), rank) for rank in free if names[rank] in one.headers]
        best = min(sure, default=None)
        for place, rank in sure:
            if best and place == best[0]:
                found[rank] = one.name  # the same header twice: both, and the person is asked
    return found


def guess_unit(columns: list[str], sample: list[Row]) -> str:
    """Of sizes written without one."""
    sizes = [rank for rank, name in enumerate(columns) if name and BY_NAME[name].is_size]
    numbers = [row.cells[rank] for row in sample for rank in sizes if rank < len(row.cells)]
    return "o" if any(isinstance(n, str) and n.isdigit() and int(n) >= LARGE for n in numbers) else "mo"


class LineReader:
    def __init__(self, headers: list[str], columns: list[str], size_unit: str = "mo"):
        self.width = len(headers)
        self.fields = [
            (rank, one.name, one.label, one.read(_unit_of(headers[rank]) or size_unit) if one.is_size else one.read)
            for rank, name in enumerate(columns)
            if name and (one := BY_NAME[name])
        ]

    def line(self, row: Row) -> Line:
        cells = row.cells
        line = Line(row.number, as_texts(cells))
        if row.fault:
            line.faults.append(row.fault)
        elif len(cells) > self.width and any(cells[self.width :]):
            line.faults.append(f"{len(cells)} valeurs pour {self.width} colonnes : un séparateur est-il de trop ?")
        for rank, name, label, read in self.fields if not line.faults else ():
            if rank < len(cells) and not values.is_nothing(cells[rank]):
                self._read(line, name, label, read, cells[rank])
        if not line.address and not line.faults:
            line.faults.append("Adresse : absente.")
        return line

    def _read(self, line: Line, name: str, label: str, read: Callable[[Cell], Read], cell: Cell) -> None:
        try:
            value, remark = read(cell)
        except Unread as why:
            line.faults.append(f"{label} : {why}")
            return
        if value is not None:
            line.facts[name] = value
        if remark:
            line.remarks.append(f"{label} : {remark}.")


def as_texts(cells: Iterable[Cell]) -> list[str]:
    return [cell if isinstance(cell, str) else f"{cell:%d/%m/%Y %H:%M}" for cell in cells]


def _unit_of(header: str) -> str:
    found = UNIT_OF_HEADER.search(header)
    return found[1].lower() if found else ""
