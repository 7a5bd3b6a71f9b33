"""How a list of texts is laid out, told by its first lines: what parts its values, what stands around them."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

TALLEST = 20  # lines of one record, where a quoted value holds line ends
SEPARATORS = ";\t,|^~"
RULE = re.compile(r"(?=.*(?:--|==|__))[\s+|;,=_:-]{3,}")  # drawn below headers, or around a table
UNDERLINES = re.compile(r"\s*-{2,}(?:\s+-{2,})+\s*")  # one below each header: they tell where the columns stand
FOOTER = re.compile(r"\s*\(\d+ (?:rows?|lignes?)(?: affected)?\)\s*")
# « PrimarySmtpAddress : a@x.fr », one value a line, as PowerShell's Format-List, YAML and LDIF have them.
OF_A_FORM = re.compile(r"\s*(?:- )?([\w][\w .-]{0,50}?)\s*:(?:\s|$)")
# Of columns that only blanks part: two at least where every line has them, since a date and its hour have one between.
BLANKS = [re.compile(r"\s{2,}"), re.compile(r"\s+")]
QUOTES = {"'": "'", "“": "”", "«": "»"}  # what some put around each value in place of the plain ones
LONE_QUOTE = re.compile('(?<!")"(?:"")*(?!")')  # within a line quoted whole, those of its values are doubled
PASTED = 3  # lines at most of what was copied from a message's recipients
IS_ADDRESS = re.compile(r"\s*[^\s@;,|<>\"]+@[^\s@;,|<>\"]+\.[^\s@;,|<>\"]+\s*")


def shape(lines: list[str]) -> tuple[str, int]:
    """The separator by which the first records hold whole addresses, then are of one width; and that width."""
    return max((_judged(lines, mark) for mark in SEPARATORS), key=lambda found: found[0])[1:]


def _judged(lines: list[str], mark: str) -> tuple[tuple[int, int, int], str, int]:
    try:
        doubled = [line.replace('\\"', '""') for line in lines]
        records = [cells for cells in parsed([f"{line}\n" for line in doubled], mark) if any(cells)]
    except csv.Error:
        records = [line.split(mark) for line in lines if line]
    if len(records) < len(lines) // TALLEST:  # a quote never closed swallowed the rest
        records = [line.split(mark) for line in lines if line]
    widths = Counter(map(len, records))
    width = max(widths, key=lambda width: (widths[width], width), default=1)
    addresses = sum(IS_ADDRESS.fullmatch(cell) is not None for cells in records for cell in cells)
    return (addresses, widths[width] if width > 1 else 0, width), mark, width


def unwrapped(lines: list[str]) -> list[str]:
    """The lines without the quotes around each, [] where they are not so, the headers aside, or hold nothing more."""
    said = [line for line in lines if line.strip()]
    inner = [without_its_quotes(line) for line in said]
    if any(LONE_QUOTE.search(line) for line in map(_bare_of_ends, said)):
        return []
    if not said or any(line == bare for line, bare in zip(said[1:], inner[1:], strict=True)) or inner == said:
        return []
    return inner if shape(inner)[1] > 1 else []


def without_its_quotes(line: str) -> str:
    bare = line.strip().rstrip(SEPARATORS)
    return bare[1:-1].replace('""', '"') if len(bare) > 1 and bare[0] == bare[-1] == '"' else line


def _bare_of_ends(line: str) -> str:
    return line.strip().rstrip(SEPARATORS)[1:-1]


def quote_of(lines: list[str]) -> str:
    """The mark that opens each value of the first line that has several, "" where it is the plain one or none."""
    for mark in SEPARATORS:
        cells = [cell.strip() for cell in next((line for line in lines if line.strip()), "").split(mark)]
        for opens, closes in QUOTES.items():
            if len(cells) > 1 and all(len(cell) > 1 and cell[0] == opens and cell[-1] == closes for cell in cells):
                return opens
    return ""


def in_plain_quotes(line: str, quote: str) -> str:
    """Each value between plain quotes; one of the marks within a value is a character like any other."""
    if not quote:
        return line
    opens, closes = re.escape(quote), re.escape(QUOTES[quote])
    marks = re.escape(SEPARATORS)
    said = re.sub(rf"(^|[{marks}])\s*{opens}", r'\1"', line.replace('"', '""'))
    said = re.sub(rf"{closes}\s*(?=[{marks}]|$)", '"', said)
    return said.replace("''", "'") if quote == "'" else said


def holds_addresses_alone(lines: list[str], separator: str) -> bool:
    """« a@x.fr; b@x.fr; c@x.fr », as copied from the recipients of a message: each is a line of its own."""
    said = [line for line in lines if line.strip()]
    if not said or len(said) > PASTED:
        return False
    cells = [cell for line in said for cell in line.split(separator) if cell.strip()]
    return len(cells) > len(said) and all("@" in cell for cell in cells)


def parsed(lines: list[str], separator: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t")


def blanks_of(lines: list[str]) -> re.Pattern | None:
    """What parts the columns of a table that a terminal showed: an address, then as many values on every line."""
    said = [line.strip() for line in lines if line.strip() and not RULE.fullmatch(line)]
    held = [line for line in said if IS_ADDRESS.match(line)]
    if not held or len(held) < len(said) / 2 or any(mark in line for line in held for mark in SEPARATORS):
        return None
    for blanks in BLANKS:
        widths = {len(blanks.split(line)) for line in held}
        if len(widths) == 1 and widths != {1}:
            return blanks
    return None


def cuts_of(lines: list[str]) -> list[int]:
    """The places where each column begins, told by the lines drawn below their headers: a cell may be empty, a number
    stand on the right. [] where no blank parts two of them on every line."""
    rank = next((rank for rank, line in enumerate(lines) if UNDERLINES.fullmatch(line)), 0)
    if not rank:
        return []
    rest = [line for line in lines[rank - 1 :] if line.strip() and not FOOTER.fullmatch(line)]
    cuts, drawn = [0], list(re.finditer("-+", lines[rank]))
    for before, after in pairwise(drawn):
        between = range(after.start() - 1, before.end() - 1, -1)
        cut = next((at for at in between if all(line[at : at + 1] in ("", " ") for line in rest)), None)
        if cut is None:
            return []
        cuts.append(cut)
    return cuts


def cut_at(line: str, cuts: list[int]) -> str:
    ends = [*cuts[1:], None]
    return "\t".join(line[start:end].strip() for start, end in zip(cuts, ends, strict=True)) if line.strip() else ""


def is_a_form(lines: list[str]) -> bool:
    said = [line for line in lines if line.strip()]
    keys = [found[1] for line in said if (found := OF_A_FORM.match(line))]
    held = sum("@" in line for line in said)
    return len(set(keys)) >= 2 and len(keys) >= len(said) * 0.8 and 0 < held <= len(said) / 2
