"""A workbook turned into lines of JSON, in a process of its own that may take neither much memory nor much time.

Run by its path, with what it reads, what it writes and the sheet: it imports nothing of the project. The first line it
writes names the sheets; each other one is a row: its number, how it was read and why it cannot be, then its cells, a
date as `{"d": …}`.
"""

import errno
import html
import json
import re
import resource
import sys
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from xml.parsers import expat

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MEMORY = 130 * 1024**2  # of data, beside the interpreter's own: 150 MB in all for a workbook of few cells
SWELLS = 1.5  # times what its cells take in the file, once unpacked: what they are given besides
MOST_MEMORY = 400 * 1024**2
SECONDS = 30
MAX_OUTPUT = 512 * 1024**2
MAX_PARTS, MAX_PART, MAX_RATIO = 2000, 512 * 1024**2, 300  # of a zip; real lists swell 5 to 40 times
MAX_ROWS, MAX_COLUMNS, MAX_CELLS, LONGEST = 300_000, 300, 6_000_000, 32_767
MAX_SHEETS, LOOKED_AT = 20, 200
CELLS = ("xl/worksheets/", "xl/sharedStrings", "content.xml")
TAIL = 1024 * 1024
REFUSED = 3  # exit code: the sentence stands on the error output
NO_ROOM = 4  # another one: the disk takes no more of what is written
EPOCH, OLDEST = datetime(1899, 12, 30), timedelta(days=36526)  # Excel counts days from the one; a BAL is younger
# A cell of a formula, or of an error; where it ends may stand in the next block.
FORMULA = re.compile(
    rb"<c\s(?P<about>[^>]*)>(?:<f(?P<of>[^>]*)(?:/>|>(?P<formula>[^<]*)</f>))?(?P<value><v>[^<]*</v>|<v\s*/>|<is>|</c>)"
)
PLACE = re.compile(rb'\br="([A-Z]{1,3}\d{1,7})"')
MAILING = re.compile(rb'HYPERLINK\((?:"|&quot;)\s*mailto:([^"&?]+)', re.IGNORECASE)
MOST_MARKS = 100_000
MERGED = "Cellule fusionnée, lue sur chacune de ses lignes"
EMPTY = re.compile(rb"<v></v>|<v\s*/>|</c>")  # `t="str"` says that the value is an empty text
NO_VALUE = "Formule sans valeur enregistrée : enregistrez ce classeur depuis un tableur"
ODS = "urn:oasis:names:tc:opendocument:xmlns:"
SPANS_OR_MAILS = re.compile(rb'number-rows-spanned="(?!1")|"mailto:', re.IGNORECASE)


@dataclass
class Marks:
    """What the reader of workbooks does not tell of a sheet. `down`: by column, the first and the last row of a merged
    cell; the others by cell, by its row and column from 0."""

    down: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    links: dict[tuple[int, int], str] = field(default_factory=dict)  # the address behind the cell
    lost: dict[tuple[int, int], str] = field(default_factory=dict)  # why it has no value

    def merge(self, first: int, last: int, column: int) -> None:
        if last > first and len(self.down) < MAX_COLUMNS:
            self.down[column].append((first, last))


def main(source: str, target: str, asked: str) -> None:
    memory = memory_for(source)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    marks = check_parts(source)
    with open(source, "rb") as file, CalamineWorkbook.from_filelike(file) as book:
        shown = [one for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
        names = [one.name for one in shown if one.typ == SheetTypeEnum.WorkSheet][:MAX_SHEETS]
        if not names:
            refuse("Ce classeur n’a aucune feuille visible.")
        name, also = (asked, []) if asked in names else fullest(book, names)
        with open(target, "w", encoding="utf-8") as out:
            out.write(json.dumps({"sheets": names, "sheet": name, "also": also}) + "\n")
            write_rows(book.get_sheet_by_name(name), marks.get(name) or Marks(), out)


def write_rows(sheet, marks: Marks, out) -> None:
    _, left = sheet.start or (0, 0)
    if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS or sheet.height * sheet.width > MAX_CELLS:
        refuse(f"Ce classeur a {sheet.total_height} lignes et {sheet.total_width} colonnes : il est trop grand.")
    for (first, column), (last, _) in sheet.merged_cell_ranges or ():
        marks.merge(first, last, column)
    links, lost = by_row(marks.links), by_row(marks.lost)
    kept: dict[int, object] = {}  # by column, what stands in the merged cell of which this row is a part
    ends = {column: dict(spans) for column, spans in marks.down.items()}
    until: dict[int, int] = {}
    for row, cells in enumerate(sheet.iter_rows()):  # from the sheet's first row, whatever it holds
        values = [""] * left + [value_of(cell) for cell in cells]
        for rank, link in links.get(row, ()):
            if rank < len(values) and isinstance(value := values[rank], str) and "@" not in value:
                values[rank] = f"{value} <{link}>"
        remark = fault = ""
        says = any(values)
        for column, spans in ends.items():
            if column >= len(values):
                continue
            if row in spans:
                until[column], kept[column] = spans[row], values[column]
            elif row <= until.get(column, -1) and says and values[column] == "" and kept[column] != "":
                values[column], remark = kept[column], MERGED
        if why := sorted({reason for _, reason in lost.get(row, ())}):
            remark, fault = ("; ".join(filter(None, [remark, *why])), "") if says else ("", f"{'; '.join(why)}.")
        out.write(json.dumps([row + 1, remark, fault, *values]) + "\n")


def by_row(marks: dict[tuple[int, int], str]) -> dict[int, list[tuple[int, str]]]:
    found = defaultdict(list)
    for (row, column), said in marks.items():
        found[row].append((column, said))
    return found


def value_of(cell) -> object:
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, timedelta) and cell >= OLDEST:  # a date, shown as so many hours
        return {"d": (EPOCH + cell).isoformat()}
    if isinstance(cell, datetime | date):
        return {"d": cell.isoformat()}
    if isinstance(cell, time):
        return cell.isoformat()
    return str(cell)[:LONGEST]


def fullest(book, names: list[str]) -> tuple[str, list[str]]:
    """The fullest sheet, and the others that hold addresses. Each is parsed whole for that; a lone one is not."""
    if len(names) == 1:
        return names[0], []
    found = {name: addresses_in(book, name) for name in names}
    best = max(names, key=lambda one: found[one])
    return best, [name for name in names if name != best and found[name][0] > 0]


def addresses_in(book, name: str) -> tuple[int, int]:
    sheet = book.get_sheet_by_name(name)
    if sheet.height * sheet.width > MAX_CELLS:
        return -1, 0
    rows = list(islice(sheet.iter_rows(), LOOKED_AT))
    return sum(isinstance(cell, str) and "@" in cell for row in rows for cell in row), len(rows)


def place_of(reference: str) -> tuple[int, int]:
    """« B12 » as a row and a column, from 0."""
    column = 0
    for letter in reference.rstrip("0123456789"):
        column = column * 26 + ord(letter) - 64
    return int(reference.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) - 1, column - 1


def memory_for(source: str) -> int:
    """The memory to grant, by the size of its cells: the rest of a list, such as its styles, needs the least."""
    if not zipfile.is_zipfile(source):
        return MEMORY
    with zipfile.ZipFile(source) as archive:
        held = sum(part.file_size for part in archive.infolist() if part.filename.startswith(CELLS))
    return min(MEMORY + int(SWELLS * held), MOST_MEMORY)


# --- What is looked at before anything is read ------------------------------------------------------------------------
def check_parts(source: str) -> dict[str, Marks]:
    """Refuses a zip that would swell; gives, by sheet, what else is to be known of its cells."""
    if not zipfile.is_zipfile(source):
        return {}
    with zipfile.ZipFile(source) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or any(
            part.file_size > min(MAX_PART, MAX_RATIO * max(part.compress_size, 64 * 1024)) for part in parts
        ):
            refuse("Ce classeur est trop gros pour être lu sans risque.")
        names = {part.filename for part in parts}
        if "xl/workbook.xml" in names:
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    check_cells(archive, part)
            return marks_of(archive, names)
        return marks_of_ods(archive) if "content.xml" in names else {}


def check_cells(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """A cell at the far end of a sheet would have every one before it made: its place is looked at, as text."""
    rest = b""
    with archive.open(part) as sheet:
        while block := sheet.read(TAIL):
            text = rest + block
            for found in re.finditer(rb'<(?:\w+:)?(?:c|row)\s[^>]*?\br="([A-Z]{0,3})(\d{1,19})"', text):
                if int(found[2]) > MAX_ROWS or (len(found[1]) == 3) or (found[1] > b"KN" and len(found[1]) == 2):
                    refuse(f"Ce classeur a une cellule hors de la liste ({(found[1] + found[2]).decode()[:20]}).")
            rest = text[-200:]


def marks_of(archive: zipfile.ZipFile, names: set[str]) -> dict[str, Marks]:
    found = {}
    targets = relations(archive, "xl/_rels/workbook.xml.rels", names)
    sheets = re.findall(r'<sheet\s[^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"', head_of(archive, "xl/workbook.xml"))
    for name, identifier in sheets:
        part = "xl/" + targets.get(identifier, "").removeprefix("/xl/").removeprefix("xl/")
        folder, _, file = part.rpartition("/")
        if part not in names:
            continue
        marks = found[html.unescape(name)] = Marks()
        look_at_formulas(archive, part, marks)
        known = relations(archive, f"{folder}/_rels/{file}.rels", names)
        mails = {key: target[7:].partition("?")[0] for key, target in known.items() if target.startswith("mailto:")}
        if mails:
            marks.links |= mailed_in(tail_of(archive, part), mails)
    return found


def look_at_formulas(archive: zipfile.ZipFile, part: str, marks: Marks) -> None:
    """Programs that write workbooks leave formulas without their values, of which the reader makes empty cells."""
    rest = b""
    with archive.open(part) as sheet:
        while block := sheet.read(TAIL):
            text = rest + block
            for cell in FORMULA.finditer(text) if b"<f" in text or b't="e"' in text else ():
                about, value = cell["about"], cell["value"]
                if (place := PLACE.search(about)) is None or len(marks.lost) + len(marks.links) > MOST_MARKS:
                    continue
                where = place_of(place[1].decode())
                if b't="e"' in about and not value.startswith(b"<v>#N/A"):
                    marks.lost[where] = f"Valeur d’erreur du tableur, {value[3:-4].decode(errors='replace')[:20]}"
                elif cell["of"] is not None and b't="str"' not in about and EMPTY.fullmatch(value):
                    marks.lost[where] = NO_VALUE
                if mail := MAILING.search(cell["formula"] or b""):
                    marks.links[where] = html.unescape(mail[1].decode(errors="replace"))
            rest = text[-8192:]


def mailed_in(text: str, mails: dict[str, str]) -> dict[tuple[int, int], str]:
    cells = {}
    for tag in re.findall(r"<hyperlink\s[^>]*>", text):
        cell, link = re.search(r'\bref="([A-Z]{1,3}\d{1,7})"', tag), re.search(r'r:id="([^"]+)"', tag)
        if cell and link and link[1] in mails:
            cells[place_of(cell[1])] = mails[link[1]]
    return cells


def marks_of_ods(archive: zipfile.ZipFile) -> dict[str, Marks]:
    """Merged cells and links of a sheet of OpenDocument, which the reader does not tell."""
    rest = b""
    with archive.open("content.xml") as content:
        while block := content.read(TAIL):
            if SPANS_OR_MAILS.search(rest + block):
                break
            rest = block[-64:]
        else:
            return {}
    found = _OdsMarks()
    with archive.open("content.xml") as content:
        while block := content.read(TAIL):
            found.parser.Parse(block, False)
    return found.sheets


class _OdsMarks:
    def __init__(self) -> None:
        self.sheets: dict[str, Marks] = {}
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EntityDeclHandler = lambda *_: refuse("Ce classeur est trop gros pour être lu sans risque.")
        self._marks, self._next_row, self._row, self._column, self._cell = Marks(), 0, 0, 0, (0, 0)

    def _start(self, name: str, about: dict[str, str]) -> None:
        name = name.removeprefix(ODS)
        if name == "table:1.0 table":
            self._marks = self.sheets[about.get(f"{ODS}table:1.0 name", "")] = Marks()
            self._next_row = 0
        elif name == "table:1.0 table-row":
            self._row, self._column = self._next_row, 0
            self._next_row += _count(about, "number-rows-repeated")
        elif name in ("table:1.0 table-cell", "table:1.0 covered-table-cell"):
            self._cell = (self._row, self._column)
            self._marks.merge(self._row, self._row + _count(about, "number-rows-spanned") - 1, self._column)
            self._column += _count(about, "number-columns-repeated")
        elif name == "text:1.0 a":
            link = about.get("http://www.w3.org/1999/xlink href", "")
            if link.lower().startswith("mailto:") and len(self._marks.links) < MOST_MARKS:
                self._marks.links[self._cell] = link[7:].partition("?")[0]


def _count(about: dict[str, str], name: str) -> int:
    said = about.get(f"{ODS}table:1.0 {name}", "1")
    return int(said) if said.isdecimal() and len(said) < 8 else 1


def relations(archive: zipfile.ZipFile, name: str, names: set[str]) -> dict[str, str]:
    if name not in names:
        return {}
    tags = re.findall(r"<Relationship\s[^>]*>", head_of(archive, name))
    pairs = ((re.search(r'\bId="([^"]*)"', tag), re.search(r'\bTarget="([^"]*)"', tag)) for tag in tags)
    return {one[1]: html.unescape(other[1]) for one, other in pairs if one and other}


def head_of(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as part:
        return part.read(TAIL).decode(errors="replace")


def tail_of(archive: zipfile.ZipFile, name: str) -> str:
    """Links stand after the cells."""
    last = before = b""
    with archive.open(name) as part:
        while block := part.read(TAIL):
            before, last = last, block
    return (before + last).decode(errors="replace")


def refuse(sentence: str) -> None:
    sys.stderr.write(sentence)
    sys.exit(REFUSED)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:4])
    except PasswordError:
        refuse("Ce classeur est protégé par un mot de passe : enregistrez-le sans mot de passe.")
    except OSError as error:
        sys.exit(NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) else 1)
    except MemoryError:
        refuse("Ce classeur est trop gros pour être lu sans risque.")
