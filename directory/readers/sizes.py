"""A size as consoles write it, in megabytes; the unit and the decimal mark of bare numbers are judged on the column."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

from directory.readers.texts import folded, tidy, unguarded
from directory.typography import grouped, quoted

NO_LIMIT = {
    "illimite", "illimitee", "unlimited", "no limit", "nolimit", "inconnu", "nc", "aucun", "aucune",
    "infini", "sans limite", "aucune limite", "pas de limite", "infinity", "infinite", "infinie",
    "non limite", "non limitee", "n d", "nd", "non defini", "non definie", "non renseigne", "inconnue",
    "sans quota", "aucun quota", "pas de quota", "default", "par defaut", "n a", "none", "null", "nan", "inf",
    "jamais",
}  # fmt: skip
# Bytes; the operators' Mo are taken as the decimal ones of the law, Mio as binary.
UNITS = {
    **dict.fromkeys(["o", "b", "octet", "octets", "byte", "bytes"], 1),
    **{f"{letter}{end}": 1000**power for power, letter in enumerate("kmgt", 1) for end in ("", "o", "b")},
    **{f"{letter}i{end}": 1024**power for power, letter in enumerate("kmgt", 1) for end in ("", "o", "b")},
    **{f"{name}{end}": 1000**power for power, name in enumerate(["kilo", "mega", "giga", "tera"], 1)
       for end in ("", "octet", "octets", "byte", "bytes")},
}  # fmt: skip
SIZE_UNITS = {"o": "octets", "ko": "Ko", "mo": "Mo", "go": "Go"}
MEGA = 1_000_000
PLAUSIBLE_MB = 10_000_000  # 10 To: beyond, the number is no size in megabytes, whatever sent it
LARGE = 1_000_000  # a bare number from which on it counts no megabytes: nobody has a terabyte of mail
IN_BYTES = 100_000_000  # and from which on it counts no kilobytes either
SPACES = " \u00a0\u202f\u2009"

AMOUNT = re.compile(
    rf"(?P<about>[~≈≃<>≤≥±]|env(?:iron)?\.?|moins de|plus de|ca\.?)?[{SPACES}]*"
    rf"(?P<digits>-?\d[\d{SPACES}.,'’]*(?:e[+-]?\d+)?)[{SPACES}]*(?P<unit>[a-zéµ]*)\.?(?:[{SPACES}]*(?:utilis|occup|consomm|accord|allou)[ée]+s?|[{SPACES}]used)?",
    re.IGNORECASE,
)
EXACT = re.compile(r".{0,50}\(\s*([\d .,'’\u00a0\u202f]+)\s*(?:bytes?|octets?|o|b)\s*\)", re.IGNORECASE)
# « 850 Mo (12 %) », « 850 Mo – 12 % », « 12 % (850 Mo) »
SHARE = re.compile(r"\s*(?:\(\s*\d{1,3}(?:[.,]\d+)?\s*%\s*\)|\s[-–]\s*\d{1,3}(?:[.,]\d+)?\s*%)$")
SHARE_FIRST = re.compile(r"^\d{1,3}(?:[.,]\d+)?\s*%\s*\(([^()%]*)\)$|^\d{1,3}(?:[.,]\d+)?\s*%\s+[-–]\s*")
BESIDE_IT = re.compile(
    r"^(?:quota|taille|total)\s*:\s*|\*+$|\s*\((?:par )?d[ée]faul?t\)$|\s*\(standard\)$", re.IGNORECASE
)
IN_TWO = re.compile(r"(\d{1,4})\s*([tg][ob])(?:\s*,|\s+et)?\s*(\d{1,3})\s*([gm][ob])", re.IGNORECASE)  # « 1 Go 200 Mo »
LONGEST = 20  # digits of a size
OF = re.compile(r"\s*(?:/|\bsur\b|\bof\b|(?<!plus )(?<!moins )\bde\b(?=\s*\d)|\bout of\b)\s*", re.IGNORECASE)
GROUPED = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
IN_THREES = re.compile(r"\d{1,3}(?:[.,]\d{3})+")  # 1,234,567
ENGLISH = re.compile(r"(?:[kmgt]i?b|bytes?)$", re.IGNORECASE)


class SizeColumn(NamedTuple):
    """How the bare numbers of a column are to be read."""

    unit: str = "mo"  # a key of UNITS; "" when the column does not tell: a bare number is then set aside
    decimal: str = ""  # "," or "." where the column proves it
    remark: str = ""
    question: str = ""


class Size(NamedTuple):
    value: int | None = None  # megabytes; None: no limit, or not known
    remark: str = ""
    problem: str = ""
    of: int | None = None  # of « 1,2 Go sur 5 », the 5
    is_bare: bool = False


class SizeTally:
    """What the bare numbers of a column say, all together, of their unit."""

    def __init__(self, is_quota: bool = False) -> None:
        self.is_quota = is_quota
        self.largest = Decimal(0)
        self.bare = self.small = 0  # numbers without a unit; those of them too small to be bytes
        self.decimals = {",": 0, ".": 0}
        self.has_decimals = False

    def add(self, cell: str) -> None:
        text = tidy(unguarded(cell))
        if (found := AMOUNT.match(text)) is None:
            return
        digits = re.sub(rf"[{SPACES}'’]", "", found["digits"])
        mark = _proven(digits)
        if mark:
            self.decimals[mark] += 1
        if found.end() < len(text) or found["unit"] or digits.startswith("-"):
            return
        value, _ = _number(digits, mark, "")
        if value:
            self.bare += 1
            self.small += value < 100_000
            self.largest = max(self.largest, value)
            self.has_decimals |= value != value.to_integral_value()

    def verdict(self) -> SizeColumn:
        point, comma = self.decimals["."], self.decimals[","]
        decimal = "," if comma and not point else "." if point and not comma else ""
        unit, sentence = self._unit()
        if unit:
            return SizeColumn(unit, decimal, sentence)
        largest = (
            grouped(int(self.largest)) if self.largest >= 100 else f"{self.largest.normalize():f}".replace(".", ",")
        )
        return SizeColumn("", decimal, "", f"Tailles écrites sans unité, jusqu’à {largest} : {sentence} ?")

    def _unit(self) -> tuple[str, str]:
        """The unit and a remark, or "" and what to ask."""
        if not self.bare:
            return "mo", ""
        if self.largest >= IN_BYTES:
            if self.small * 2 > self.bare > 2 or (self.small and self.is_quota):
                return "", "octets, ou un mélange d’octets et de Mo"
            return "o", f"Tailles sans unité lues en octets : elles vont jusqu’à {grouped(int(self.largest))}."
        if self.largest >= LARGE:
            return "", "octets, ou Ko"
        if self.largest >= 100_000:
            return "", "Ko, ou Mo"
        if self.has_decimals and self.largest <= 2 and not self.is_quota:
            return "", "Mo, Go, ou une part de l’espace accordé (ne désignez alors pas cette colonne)"
        if self.largest < 100 and (self.has_decimals or (self.is_quota and self.largest < 20)):
            return "", "Mo, ou Go"
        return "mo", ""


def judged_together(columns: list[SizeColumn], tallies: list[SizeTally]) -> list[SizeColumn]:
    """The sizes of one list, whose columns mostly share their unit: where they disagree, it is asked once."""
    sure = {column.unit for column, tally in zip(columns, tallies, strict=True) if tally.bare and column.unit}
    asking = [column for column in columns if not column.unit]
    if len(sure) == 1 and asking and sure == {"o"}:
        return [column._replace(unit="o", question="") for column in columns]
    if len(sure) > 1:
        question = "Une colonne de tailles paraît en octets et une autre en Mo : dans quelle unité sont-elles ?"
        return [
            column._replace(unit="", remark="", question=question) if tally.bare else column
            for column, tally in zip(columns, tallies, strict=True)
        ]
    return columns


MEGABYTES = SizeColumn()


def read_size(cell: str, column: SizeColumn = MEGABYTES) -> Size:
    text = tidy(unguarded(cell))
    if folded(text) in NO_LIMIT or text in ("∞", "♾", "♾️"):
        return Size()
    if re.fullmatch(r"-1(?:[.,]0+)?(?:\s*[kmgt]?i?[ob])?", text, re.IGNORECASE):
        return Size(None, f"{quoted(text)} lu « sans limite »")
    if both := IN_TWO.fullmatch(text):
        first, second = (int(both[rank]) * UNITS[both[rank + 1].lower()] for rank in (1, 3))
        return (
            _bound(Decimal(first + second), text, "", is_bare=False)
            if second < UNITS[both[2].lower()]
            else _no_size(text)
        )
    parts = OF.split(BESIDE_IT.sub("", SHARE_FIRST.sub(r"\1", SHARE.sub("", text))))
    if len(parts) == 2 and all(parts):
        return _of_two(text, parts[0], parts[1], column)
    return _amount(parts[0] if len(parts) == 1 else text, text, column)


def read_quota(cell: str, column: SizeColumn = MEGABYTES) -> Size:
    """A space granted of nothing at all says that none was set."""
    size = read_size(cell, column)
    if size.value == 0 and not size.problem and size.of is None:
        return Size(None, f"{quoted(tidy(cell))} lu « aucun espace fixé »")
    return size


def _of_two(text: str, first: str, second: str, column: SizeColumn) -> Size:
    """« 1,2 Go sur 5 », « 1.2 GiB / ∞ »: what is used, of what is granted; a unit said once is that of both."""
    units = [found["unit"].lower() if (found := AMOUNT.fullmatch(part)) else "" for part in (first, second)]
    said = next((unit for unit in reversed(units) if unit in UNITS), "")
    shared = column._replace(unit=said) if said else column
    used, granted = _amount(first, text, shared), read_quota(second, shared)
    if used.problem or granted.problem:
        return Size(problem=used.problem or granted.problem)
    return Size(used.value, f"{quoted(text)} lu occupé et accordé", of=granted.value)


def _amount(part: str, text: str, column: SizeColumn) -> Size:
    if exact := EXACT.fullmatch(part):
        digits = re.sub(r"\D", "", exact[1])
        return _bound(Decimal(digits), text, "", is_bare=False) if len(digits) <= LONGEST else _no_size(text)
    found = AMOUNT.fullmatch(part)
    unit = found["unit"].replace("é", "e") if found else ""
    if (
        not found
        or (unit and unit.lower() not in UNITS)
        or len(found["digits"]) > LONGEST
        or found["digits"].startswith("-")
    ):
        return _no_size(text)
    digits = re.sub(rf"[{SPACES}'’]", "", found["digits"])
    if "e" in digits.lower() and not unit:
        return _no_size(text)
    number, doubt = _number(digits, column.decimal, unit or column.unit)
    if number is None:
        return _no_size(text)
    if not unit and not column.unit and number:
        return Size(problem=f"{quoted(text)} n’a pas d’unité : dites celle de cette colonne.")
    remarks = [doubt, "lu environ" if found["about"] else "", "lu en octets, et non en bits" if unit[1:] == "b" and
               unit[0].isupper() else ""]  # fmt: skip
    factor = UNITS[(unit or column.unit or "mo").lower()]
    remark = ", ".join(filter(None, remarks))
    return _bound(number * factor, text, f"{quoted(text)} {remark}" if remark else "", is_bare=not unit)


def _bound(size: Decimal, text: str, remark: str, *, is_bare: bool) -> Size:
    megabytes = int((size / MEGA).quantize(Decimal(1), ROUND_HALF_UP))
    if megabytes > PLAUSIBLE_MB or (is_bare and megabytes >= LARGE):
        return Size(problem=f"{quoted(text)} est une taille invraisemblable ({grouped(megabytes)} Mo).")
    return Size(megabytes, remark, is_bare=is_bare)


def _no_size(text: str) -> Size:
    return Size(problem=f"{quoted(text)} n’est pas une taille (par exemple 850 Mo ou 1,2 Go).")


def _proven(digits: str) -> str:
    """The mark that can only be the decimal one here, "" where nothing proves it."""
    marks = [c for c in digits if c in ".,"]
    if len(set(marks)) == 2:
        return marks[-1] if marks.count(marks[-1]) == 1 else ""
    if len(marks) != 1 or GROUPED.fullmatch(digits):
        return ""
    return marks[0]


def _number(digits: str, decimal: str, unit: str) -> tuple[Decimal | None, str]:
    """A comma or a point alone is the decimal one, as in French, unless the column or an English unit says else."""
    marks, doubt = [c for c in digits if c in ".,"], ""
    if len(marks) > 1 and len(set(marks)) == 1:
        if not IN_THREES.fullmatch(digits):
            return None, ""
        plain = digits.replace(marks[0], "")
    elif GROUPED.fullmatch(digits) and decimal != marks[0] and (decimal or (marks[0] == "," and ENGLISH.search(unit))):
        plain, doubt = digits.replace(marks[0], ""), "lu en milliers"
    else:
        whole, mark, rest = digits.rpartition(marks[-1]) if marks else (digits, "", "")
        plain = re.sub(r"[.,]", "", whole) + (f".{rest or '0'}" if mark else "") if mark else digits
        doubt = "lu avec une virgule décimale" if GROUPED.fullmatch(digits) and not decimal else ""
    try:
        return Decimal(plain), doubt
    except InvalidOperation:
        return None, ""
