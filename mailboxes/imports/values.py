"""What operators write in a cell, as a value of ours: `(value, remark)`, or `Unread` with the reason.

A remark says how a doubtful value was read. None: the cell says nothing.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from django.utils import timezone

from directory import folding
from directory.identifiers import LONGEST, malformed
from directory.sheets import FORMULA
from mailboxes.imports.rows import Cell
from mailboxes.models import Bal

Read = tuple[Any, str]
folded = lru_cache(2048)(folding.folded)  # the same few words stand on every line

NOTHING = {"", "-", "--", "–", "—", "?", "n/a", "#n/a", "null", "none", "nul"}
NO_DATE = {"jamais", "never", "inconnu", "inconnue", "nc", "aucun", "aucune", "0", "0000-00-00", "00/00/0000"}
NO_LIMIT = {"illimite", "illimitee", "unlimited", "inconnu", "inconnue", "nc", "aucun", "aucune", "sans limite"}
OLDEST = 2000  # before, a date is that of an empty clock (1970, 1900, 1601)
EXCEL_DAYS = (36526, 73051)  # of the years 2000 to 2099
EXCEL_EPOCH = datetime(1899, 12, 30)
LARGEST = 2**31 - 1

FRENCH = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:[ T,à]+(\d{1,2})[:hH](\d{2})?(?::(\d{2})(?:[.,]\d+)?)?)?"
)
ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?)?")
COMPACT = re.compile(r"(\d{8})(\d{6})?(Z?)")  # LDAP's generalized time among them
SIZE = re.compile(r"(\d[\d .,'\u2019]*)([a-z]*)", re.IGNORECASE)
SCIENTIFIC = re.compile(r"\d([.,]\d+)?e[+]?\d+", re.IGNORECASE)

# Bytes; the operators' Mo are taken as the decimal ones of the law, Mio as binary.
UNITS = {
    **dict.fromkeys(["o", "b", "octet", "octets", "byte", "bytes"], 1),
    **{f"{letter}{end}": 1000**power for power, letter in enumerate("kmgt", 1) for end in ("", "o", "b")},
    **{f"{letter}i{end}": 1024**power for power, letter in enumerate("kmgt", 1) for end in ("o", "b")},
}
MEGA = 1_000_000
YES = {"oui", "o", "yes", "y", "true", "vrai", "1", "x"}
NO = {"non", "n", "no", "false", "faux", "0"}


class Said(Enum):
    """What an operator says of a BAL's state."""

    OPEN = "ouverte"
    PENDING = "en cours d’ouverture"
    SUSPENDED = "suspendue"
    DELETED = "supprimée"
    UNCLEAR = "dans un état qui n’est pas compris"


STATES = {
    **dict.fromkeys(
        ["active", "actif", "activee", "ouverte", "ouvert", "ok", "en service", "operationnelle", "creee", "enabled",
         "open", "publiee", "valide", "oui", "1", "alertee pour inactivite", "depubliee", "depublication demandee",
         "non publiee"], Said.OPEN),
    **dict.fromkeys(
        ["en attente", "en cours", "en cours de creation", "demandee", "a creer", "pending", "creation en cours"],
        Said.PENDING),
    **dict.fromkeys(
        ["suspendue", "suspendu", "desactivee", "desactive", "inactive", "inactif", "bloquee", "bloque", "verrouillee",
         "verrouille", "disabled", "locked", "suspended"], Said.SUSPENDED),
    **dict.fromkeys(
        ["supprimee", "supprime", "fermee", "ferme", "cloturee", "resiliee", "deleted", "closed", "detruite"],
        Said.DELETED),
}  # fmt: skip
KINDS = {
    **dict.fromkeys(["per", "nominative", "nominatif", "personnelle", "personnel", "individuelle", "perso"], "PER"),
    **dict.fromkeys(["org", "organisationnelle", "organisationnel", "orga", "service", "generique", "partagee"], "ORG"),
    **dict.fromkeys(["app", "applicative", "applicatif", "application", "logiciel"], "APP"),
    **dict.fromkeys(["cab", "cabinet", "de cabinet"], "CAB"),
}


class Unread(ValueError):
    """Why a cell cannot be read; the sentence names its value."""


def is_nothing(cell: Cell) -> bool:
    return isinstance(cell, str) and (not cell or cell.lower() in NOTHING)


def read_text(length: int) -> Callable[[Cell], Read]:
    def read(cell: Cell) -> Read:
        text = " ".join(_text(cell).split())
        if len(text) > length:
            return text[:length].rstrip(), f"coupé à {length} caractères"
        return text, ""

    return read


def read_address(cell: Cell) -> Read:
    text = _text(cell).lower()
    bare = text.removeprefix("mailto:")
    if named := re.search(r"<([^<>]+)>\s*$", bare):
        bare = named[1].removeprefix("mailto:")
    bare = bare.strip(" <>\"'")
    if "@" not in bare or " " in bare or len(bare) > LONGEST:
        raise Unread(f"« {text[:100]} » n’est pas une adresse.")
    return bare, "" if bare == text else f"« {text[:100]} » lu {bare}"


def read_date(cell: Cell) -> Read:
    """A moment, in our time zone where the cell names none; a day begins at midnight."""
    if isinstance(cell, datetime | date):
        return _moment(cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day), str(cell))
    text = _text(cell)
    if folded(text) in NO_DATE or text in NO_DATE:
        return None, ""
    try:
        if found := FRENCH.fullmatch(text):
            day, month, year, *clock = found.groups()
            year = f"20{year}" if len(year) == 2 else year
            hour, minute, second = (int(part or 0) for part in clock)
            return _moment(datetime(int(year), int(month), int(day), hour, minute, second), text)
        if ISO.fullmatch(text):
            return _moment(datetime.fromisoformat(re.sub(r"\s+(?=[Z+-])", "", text.replace(",", "."))), text)
        if found := COMPACT.fullmatch(text):
            moment = datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")
            return _moment(moment.replace(tzinfo=timezone.get_fixed_timezone(0)) if found[3] else moment, text)
        if re.fullmatch(r"\d{5}([.,]\d+)?", text):
            return _of_excel(text)
    except (ValueError, OverflowError):
        pass
    raise Unread(f"« {text[:50]} » n’est pas une date (JJ/MM/AAAA).")


def _of_excel(text: str) -> Read:
    number = float(text.replace(",", "."))
    if not EXCEL_DAYS[0] <= number < EXCEL_DAYS[1]:
        raise ValueError(text)
    moment, _ = _moment(EXCEL_EPOCH + timedelta(seconds=round(number * 86_400)), text)
    return moment, f"« {text} » lu comme une date d’Excel : {moment:%d/%m/%Y}"


def _moment(moment: datetime, text: str) -> Read:
    if moment.year < OLDEST:
        return None, f"« {text} » lu « jamais »"
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return moment, ""


def read_size(unit: str) -> Callable[[Cell], Read]:
    """In megabytes; `unit` is that of a bare number."""

    def read(cell: Cell) -> Read:
        text = _text(cell)
        if folded(text) in NO_LIMIT:
            return None, ""
        found = SIZE.fullmatch(text)
        factor = UNITS.get((found[2] or unit).lower()) if found else None
        if not found or factor is None or len(found[1]) > 25:
            raise Unread(f"« {text[:50]} » n’est pas une taille (par exemple 850 Mo ou 1,2 Go).")
        number, remark = _number(found[1], text)
        size = int((number * factor / MEGA).quantize(Decimal(1), ROUND_HALF_UP))
        if size > LARGEST:
            raise Unread(f"« {text[:50]} » est une taille impossible.")
        return size, remark

    return read


def read_quota(unit: str) -> Callable[[Cell], Read]:
    """A space granted of nothing at all says that none was set."""
    read_it = read_size(unit)

    def read(cell: Cell) -> Read:
        size, remark = read_it(cell)
        return (None, f"« {cell} » lu « aucun espace fixé »") if size == 0 else (size, remark)

    return read


def _number(digits: str, text: str) -> tuple[Decimal, str]:
    """A comma or a point alone is the decimal one, as in French; the last one, where both stand."""
    bare = re.sub(r"[ '\u2019]", "", digits)
    marks = [c for c in bare if c in ".,"]
    if not marks:
        return Decimal(bare), ""
    if len(marks) > 1 and len(set(marks)) == 1:  # 1,234,567
        return Decimal(bare.replace(marks[0], "")), ""
    whole, _, rest = bare.rpartition(marks[-1])
    number = Decimal(re.sub(r"[.,]", "", whole) + "." + (rest or "0"))
    is_doubtful = len(marks) == 1 and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", bare)
    return number, f"« {text} » lu avec une virgule décimale" if is_doubtful else ""


def read_yes_no(cell: Cell) -> Read:
    word = folded(_text(cell))
    if word in YES or word in NO:
        return word in YES, ""
    raise Unread(f"« {_text(cell)[:50]} » n’est ni oui ni non.")


def read_kind(cell: Cell) -> Read:
    word = folded(_text(cell)).removeprefix("bal ").removeprefix("boite ")
    if word not in KINDS:
        raise Unread(f"« {_text(cell)[:50]} » n’est pas un type de BAL ({', '.join(Bal.Kind.values)}).")
    return KINDS[word], ""


def read_state(cell: Cell) -> Read:
    """A word that we do not know is no reason to put a line aside: it concludes nothing."""
    said = STATES.get(folded(_text(cell)))
    return (said, "") if said else (Said.UNCLEAR, f"« {_text(cell)[:50]} » n’est pas compris : rien n’en est conclu")


def read_rpps(cell: Cell) -> Read:
    text = re.sub(r"[ .]", "", _digits(cell, "RPPS"))
    bare, remark = text, ""
    if re.fullmatch(r"8\d{11}", text):
        bare, remark = text[1:], f"« {text} » lu {text[1:]}"
    if sentence := malformed("RPPS", bare):
        raise Unread(sentence)
    return bare, remark


def read_finess(cell: Cell) -> Read:
    text = _digits(cell, "FINESS").replace(" ", "").upper()
    bare, remark = text, ""
    if re.fullmatch(r"\d{8}", text):
        bare, remark = f"0{text}", f"« {text} » lu 0{text} : un tableur avait ôté le zéro"
    if sentence := malformed("FINESS", bare):
        raise Unread(sentence)
    return bare, remark


def read_siret(cell: Cell) -> Read:
    text = _digits(cell, "SIRET").replace(" ", "")
    if sentence := malformed("SIRET", text):
        raise Unread(sentence)
    return text, ""


def _digits(cell: Cell, name: str) -> str:
    text = _text(cell)
    if SCIENTIFIC.fullmatch(text):
        raise Unread(f"« {text} » : un tableur a abîmé ce numéro {name}. Mettez la colonne au format texte.")
    return text


def _text(cell: Cell) -> str:
    """Without the apostrophe that exports put before what a spreadsheet would take for a formula."""
    text = cell if isinstance(cell, str) else f"{cell:%d/%m/%Y}"
    if "\ufffd" in text:
        raise Unread(f"« {text[:100]} » contient un caractère illisible.")
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
