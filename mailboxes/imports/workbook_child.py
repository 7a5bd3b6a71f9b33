"""A workbook turned into lines of JSON, in a process of its own that may take neither much memory nor much time.

Run by its path, with what it reads, what it writes and the sheet: it imports nothing of the project. The first line it
writes names the sheets; each other one is a row: its number, then its cells, a date as `{"d": …}`.
"""

import html
import json
import re
import resource
import sys
import zipfile
from datetime import date, datetime, time
from itertools import islice

from python_calamine import CalamineWorkbook, PasswordError, SheetVisibleEnum

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


def main(source: str, target: str, asked: str) -> None:
    memory = memory_for(source)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    links = check_parts(source)
    with open(source, "rb") as file, CalamineWorkbook.from_filelike(file) as book:
        names = [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible][:MAX_SHEETS]
        if not names:
            refuse("Ce classeur n’a aucune feuille visible.")
        name = asked if asked in names else fullest(book, names)
        with open(target, "w", encoding="utf-8") as out:
            out.write(json.dumps({"sheets": names, "sheet": name}) + "\n")
            write_rows(book.get_sheet_by_name(name), links.get(name, {}), out)


def write_rows(sheet, links: dict[str, str], out) -> None:
    first, left = sheet.start or (0, 0)
    if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS or sheet.height * sheet.width > MAX_CELLS:
        refuse(f"Ce classeur a {sheet.total_height} lignes et {sheet.total_width} colonnes : il est trop grand.")
    for number, cells in enumerate(sheet.iter_rows(), first + 1):
        values = [""] * left + [value_of(cell) for cell in cells]
        for rank, value in enumerate(values):
            link = links.get(f"{letters(rank)}{number}")
            if link and isinstance(value, str) and "@" not in value:
                values[rank] = f"{value} <{link}>"
        out.write(json.dumps([number, *values]) + "\n")


def value_of(cell) -> object:
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime | date):
        return {"d": cell.isoformat()}
    if isinstance(cell, time):
        return cell.isoformat()
    return str(cell)[:LONGEST]


def fullest(book, names: list[str]) -> str:
    """Each is parsed whole to be looked at: one alone is not."""
    return names[0] if len(names) == 1 else max(names, key=lambda one: addresses_in(book, one))


def addresses_in(book, name: str) -> tuple[int, int]:
    sheet = book.get_sheet_by_name(name)
    if sheet.height * sheet.width > MAX_CELLS:
        return -1, 0
    rows = list(islice(sheet.iter_rows(), LOOKED_AT))
    return sum(isinstance(cell, str) and "@" in cell for row in rows for cell in row), len(rows)


def letters(rank: int) -> str:
    name = ""
    while rank >= 0:
        name, rank = chr(65 + rank % 26) + name, rank // 26 - 1
    return name


def memory_for(source: str) -> int:
    """By what its cells hold: nothing else of a list, as its styles, needs more than the least."""
    if not zipfile.is_zipfile(source):
        return MEMORY
    with zipfile.ZipFile(source) as archive:
        held = sum(part.file_size for part in archive.infolist() if part.filename.startswith(CELLS))
    return min(MEMORY + int(SWELLS * held), MOST_MEMORY)


# --- What is looked at before anything is read ------------------------------------------------------------------------
def check_parts(source: str) -> dict[str, dict[str, str]]:
    """Refuses a zip that would swell; gives, by sheet, the mail addresses that its links hold, by cell."""
    if not zipfile.is_zipfile(source):
        return {}
    with zipfile.ZipFile(source) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or any(
            part.file_size > min(MAX_PART, MAX_RATIO * max(part.compress_size, 64 * 1024)) for part in parts
        ):
            refuse("Ce classeur est trop gros pour être lu sans risque.")
        names = {part.filename for part in parts}
        if "xl/workbook.xml" not in names:
            return {}
        for part in parts:
            if part.filename.startswith("xl/worksheets/sheet"):
                check_cells(archive, part)
        return links_of(archive, names)


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


def links_of(archive: zipfile.ZipFile, names: set[str]) -> dict[str, dict[str, str]]:
    found = {}
    targets = relations(archive, "xl/_rels/workbook.xml.rels", names)
    sheets = re.findall(r'<sheet\s[^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"', head_of(archive, "xl/workbook.xml"))
    for name, identifier in sheets:
        part = "xl/" + targets.get(identifier, "").removeprefix("/xl/").removeprefix("xl/")
        folder, _, file = part.rpartition("/")
        known = relations(archive, f"{folder}/_rels/{file}.rels", names)
        mails = {key: target[7:].partition("?")[0] for key, target in known.items() if target.startswith("mailto:")}
        if mails and part in names:
            found[html.unescape(name)] = mailed_in(tail_of(archive, part), mails)
    return found


def mailed_in(text: str, mails: dict[str, str]) -> dict[str, str]:
    cells = {}
    for tag in re.findall(r"<hyperlink\s[^>]*>", text):
        cell, link = re.search(r'\bref="([A-Z]+\d+)"', tag), re.search(r'r:id="([^"]+)"', tag)
        if cell and link and link[1] in mails:
            cells[cell[1]] = mails[link[1]]
    return cells


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
    except MemoryError:
        refuse("Ce classeur est trop gros pour être lu sans risque.")
