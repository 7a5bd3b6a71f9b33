"""A list as an Excel workbook (.xlsx), row after row."""

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from types import TracebackType

from openpyxl import load_workbook
from openpyxl.cell.read_only import ReadOnlyCell

from mailboxes.imports.rows import Cell, Row, Unreadable, clean

# openpyxl holds every shared text of the workbook in memory, at about twice its size in the file.
MAX_SHARED = 24 * 1024**2
MAX_BYTES = 2 * 1024**3
MAX_RATIO = 300  # of a sheet to its compressed form; real lists have 5 to 40
IN_CSV = "enregistrez la liste en CSV."

warnings.filterwarnings("ignore", module="openpyxl")  # of styles and extensions, which are none of our business


class XlsxFile:
    def __init__(self, path: Path):
        _check_size(path)
        self.read, self.total = 0, 0
        self.file = path.open("rb")  # by its name, openpyxl would refuse one that does not end in .xlsx
        try:
            self.workbook = load_workbook(self.file, read_only=True, data_only=True)
            self.sheet = next(sheet for sheet in self.workbook.worksheets if sheet.sheet_state == "visible")
            self.total = self.sheet.max_row or 0
            self.sheet.reset_dimensions()  # some consoles write a wrong one, which would cut the list
        except Exception as error:  # openpyxl raises whatever a broken part provokes
            self.file.close()
            raise Unreadable(f"Ce classeur Excel est abîmé : enregistrez-le à nouveau, ou {IN_CSV}") from error

    def __enter__(self) -> "XlsxFile":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.workbook.close()
        self.file.close()

    def rows(self) -> Iterator[Row]:
        try:
            for number, cells in enumerate(self.sheet.iter_rows(), 1):
                self.read = number
                values = [_value(cell) for cell in cells]
                yield Row(number, values)
        except Exception as error:  # as above, further down
            raise Unreadable(f"Ce classeur Excel est abîmé après la ligne {self.read} : {IN_CSV}") from error


def _value(cell: ReadOnlyCell) -> Cell:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, datetime | date):
        return value
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unreadable(f"Ce classeur Excel est tronqué ou abîmé : enregistrez-le à nouveau, ou {IN_CSV}") from error
    names = {member.filename for member in members}
    if "xl/workbook.xml" not in names:
        kind = "un classeur OpenDocument" if "content.xml" in names else "une archive zip"
        raise Unreadable(f"Ce fichier est {kind}, et non un classeur .xlsx : enregistrez en .xlsx, ou {IN_CSV}")
    for member in members:
        limit = MAX_SHARED if member.filename.endswith("sharedStrings.xml") else MAX_BYTES
        if member.file_size > min(limit, MAX_RATIO * max(member.compress_size, 64 * 1024)):
            raise Unreadable(f"Ce classeur Excel est trop gros pour être lu sans risque : {IN_CSV}")
