"""A list as a workbook (.xlsx, .xls, .xlsb, .ods): read by a process apart, then row after row from what it wrote."""

import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from mailboxes.imports import workbook_child
from mailboxes.imports.rows import Cell, Row, Unreadable, clean

SECONDS = 120  # of waiting: the process itself may take thirty of work
IN_CSV = "enregistrez-le à nouveau, ou en CSV."
TOO_LONG = "Ce classeur est trop gros, ou trop compliqué, pour être lu sans risque : enregistrez la liste en CSV."


class WorkbookFile:
    def __init__(self, path: Path, sheet: str = ""):
        self.read, self.total = 0, 0
        self._kept = tempfile.TemporaryDirectory(dir=path.parent)
        self._lines = Path(self._kept.name) / "rows.jsonl"
        try:
            self._convert(path, sheet)
            with self._lines.open(encoding="utf-8") as file:
                named = json.loads(file.readline())
        except BaseException:
            self._kept.cleanup()
            raise
        self.sheets: list[str] = named["sheets"]
        self.sheet: str = named["sheet"]
        self.also: list[str] = named["also"]  # where none was asked for: the other sheets that hold addresses
        self.total = self._lines.stat().st_size

    def _convert(self, path: Path, sheet: str) -> None:
        command = [sys.executable, "-I", workbook_child.__file__, str(path), str(self._lines), sheet]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - no shell
        except subprocess.TimeoutExpired as error:
            raise Unreadable(TOO_LONG) from error
        if done.returncode == workbook_child.REFUSED:
            raise Unreadable(done.stderr.decode(errors="replace")[-500:])
        if done.returncode == workbook_child.NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._lines))
        if done.returncode < 0:  # ended by a limit: memory, time
            raise Unreadable(TOO_LONG)
        if done.returncode:
            raise Unreadable(f"Ce classeur est tronqué ou abîmé : {IN_CSV}")

    def __enter__(self) -> "WorkbookFile":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._kept.cleanup()

    def rows(self) -> Iterator[Row]:
        self.read = 0
        with self._lines.open(encoding="utf-8") as file:
            self.read += len(file.readline())
            for line in file:
                self.read += len(line)
                number, remark, fault, *cells = json.loads(line)
                yield Row(number, [_cell(cell) for cell in cells], fault, remark)


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return clean(value)
    text = value["d"]
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
