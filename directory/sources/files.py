"""A published text file, zipped or not: its lines, how far we are, and what is wrong with it in plain words."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from directory.sources import UnreadableSource

BLOCK = 256 * 1024
LONGEST_LINE = 1024 * 1024
MAX_BYTES = 4 * 1024**3  # the largest file of the ANS is under 1 GB
MAX_RATIO = 200  # the ANS's zips hold 4 to 6 times their size, invented ones up to 15
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # characters that no value of a published file needs
BOM = b"\xef\xbb\xbf"


class TextFile:
    """The lines of a UTF-8 file, read in blocks; a BOM, CRLF and a missing last line end make no difference."""

    def __init__(self, stream: IO[bytes], bytes_total: int, name: str = ""):
        self.stream = stream
        self.bytes_total = bytes_total
        self.bytes_read = 0
        self.name = name  # that of the member in a zip
        self._decoded = 0
        self._line = 1

    def lines(self) -> Iterator[str]:
        for block in self.blocks():
            lines = self._decode(block).split("\n")
            yield from lines[:-1] if block.endswith(b"\n") else lines

    def blocks(self) -> Iterator[bytes]:
        """The file cut after line ends, undecoded; only the last block may lack its line end."""
        rest = self._first_block()
        while rest:
            cut = rest.rfind(b"\n") + 1
            if not cut and len(rest) > LONGEST_LINE:
                raise UnreadableSource(f"La ligne {self._line} dépasse {LONGEST_LINE} octets : ce n'est pas un fichier "
                                       "de l'annuaire.")  # fmt: skip
            if cut:
                yield rest[:cut]
            block = self._read()
            rest = rest[cut:] + block
            if not block:
                break
        if rest:
            yield rest

    def rewind(self) -> None:
        """Back to the first line; `bytes_read` goes on, for it says how much was done."""
        self.stream.seek(0)
        self._decoded, self._line = 0, 1

    def _first_block(self) -> bytes:
        block = self._read()
        if not block.removeprefix(BOM).strip():
            raise UnreadableSource("Le fichier est vide.")
        if block.removeprefix(BOM).lstrip().startswith(b"<"):
            raise UnreadableSource("Le fichier est une page web (HTML ou XML), et non un fichier de l'annuaire.")
        if block.startswith(BOM):
            self._decoded = len(BOM)
        return block.removeprefix(BOM)

    def _read(self) -> bytes:
        try:
            block = self.stream.read(BLOCK)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise UnreadableSource(f"L'archive zip est abîmée ou tronquée : lecture arrêtée à l'octet "
                                   f"{self.bytes_read} de « {self.name} ».") from error  # fmt: skip
        self.bytes_read += len(block)
        return block

    def _decode(self, block: bytes) -> str:
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            line = self._line + block.count(b"\n", 0, error.start)
            raise UnreadableSource(f"Le fichier n'est pas en UTF-8 : octet 0x{block[error.start]:02X} en position "
                                   f"{self._decoded + error.start + 1}, ligne {line}.") from error  # fmt: skip
        self._decoded += len(block)
        self._line += block.count(b"\n")
        # Blocks end on "\n", so that no CRLF is ever cut in two.
        return text.replace("\r\n", "\n") if "\r" in text else text


@contextmanager
def open_text(file: IO[bytes], member: str = "") -> Iterator[TextFile]:
    """Open a seekable file; whether it is a zip is read from its first bytes, never from its name.

    `member` is a word in the name of the one to take, where a zip holds several.
    """
    magic = file.read(4)
    size = file.seek(0, 2)
    file.seek(0)
    if magic[:2] == b"PK" and magic[2:] in (b"\x03\x04", b"\x05\x06", b"\x07\x08"):
        with _open_zip(file, member) as text:
            yield text
    else:
        yield TextFile(file, size)


@contextmanager
def _open_zip(file: IO[bytes], word: str) -> Iterator[TextFile]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableSource("L'archive zip est illisible ou tronquée.") from error
    with archive:
        member = _only_member(archive, word)
        try:
            stream = archive.open(member)
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
            raise UnreadableSource(f"« {member.filename} » ne peut pas être extrait de l'archive zip (chiffré, abîmé "
                                   "ou compressé autrement).") from error  # fmt: skip
        with stream:
            yield TextFile(stream, member.file_size, member.filename)


def _only_member(archive: zipfile.ZipFile, word: str) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if not members:
        raise UnreadableSource("L'archive zip ne contient aucun fichier.")
    if word and len(members) > 1:
        members = _named(members, word)
    if len(members) > 1:
        names = ", ".join(member.filename for member in members[:3])
        raise UnreadableSource(f"L'archive zip contient {len(members)} fichiers au lieu d'un seul ({names}…).")
    member = members[0]
    # zipfile never gives more than the declared size, and checks the CRC at its end.
    if member.file_size > MAX_BYTES or member.file_size > MAX_RATIO * max(member.compress_size, BLOCK):
        raise UnreadableSource(f"L'archive zip déclare {member.file_size} octets pour {member.compress_size} "
                               "compressés : elle est refusée par prudence.")  # fmt: skip
    return member


def _named(members: list[zipfile.ZipInfo], word: str) -> list[zipfile.ZipInfo]:
    named = [member for member in members if word.lower() in member.filename.lower()]
    if not named:
        names = ", ".join(member.filename for member in members[:3])
        raise UnreadableSource(f"L'archive zip ne contient pas de fichier « {word} » ({names}…).")
    return named
