"""A published text file, zipped or not: its lines, how far we are, and what is wrong with it in plain words."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from typing import IO

from directory.sources import UnreadableSource
from directory.typography import quoted

BLOCK = 256 * 1024
LONGEST_LINE = 1024 * 1024
MAX_BYTES = 4 * 1024**3  # the largest file of the ANS is under 1 GB
MAX_RATIO = 200  # the ANS's zips hold 4 to 6 times their size, invented ones up to 15
TWICE = "Ã©".encode()  # é in UTF-8 taken for cp1252, and encoded again
BOM = b"\xef\xbb\xbf"
ADDED = ("__macosx/", "/._", "/.ds_store", "/thumbs.db", "/desktop.ini")  # by those who zip again
SPOILT = 20  # lines that are no UTF-8, from which on a tenth of them condemns the file


class SpoiltLine(str):
    """A line that is no UTF-8; `reason` says where. Never printable, so that a cheap test finds it."""

    reason: str


class TextFile:
    """The lines of a UTF-8 file, read in blocks; a BOM, CRLF and a missing last line end make no difference."""

    def __init__(self, stream: IO[bytes] | BufferedIOBase, bytes_total: int, name: str = ""):
        self.stream = stream
        self.bytes_total = bytes_total
        self.bytes_read = 0
        self.name = name  # that of the member in a zip
        self.ends_well = True  # once read: its last line has its end
        self._line = 1
        self._spoilt = 0
        self._of_old_mac = False  # its lines end on CR alone

    def lines(self) -> Iterator[str]:
        for block in self.blocks():
            lines = self._decode(block)
            yield from lines[:-1] if block.endswith(b"\n") else lines

    def blocks(self) -> Iterator[bytes]:
        """The file cut after line ends, undecoded; only the last block may lack its line end."""
        rest = self._first_block()
        while rest:
            cut = rest.rfind(b"\n") + 1
            if not cut and len(rest) > LONGEST_LINE:
                raise UnreadableSource(f"La ligne {self._line} dépasse {LONGEST_LINE} octets : ce n’est pas un fichier "
                                       "de l’annuaire.")  # fmt: skip
            if cut:
                yield rest[:cut]
            block = self._with_our_ends(self._read())
            rest = rest[cut:] + block
            if not block:
                break
        self.ends_well = not rest
        if rest:
            yield rest

    def rewind(self) -> None:
        """Back to the first line; `bytes_read` goes on, for it says how much was done."""
        self.stream.seek(0)
        self._line, self._spoilt = 1, 0

    def _first_block(self) -> bytes:
        block = self._read()
        if not block.removeprefix(BOM).strip():
            raise UnreadableSource("Le fichier est vide.")
        if block.removeprefix(BOM).lstrip().startswith(b"<"):
            raise UnreadableSource("Le fichier est une page web (HTML ou XML), et non un fichier de l’annuaire.")
        if TWICE in block.partition(b"\n")[0]:
            raise UnreadableSource(
                "Les accents du fichier sont encodés deux fois : un tableur l’a enregistré. Téléchargez-le à nouveau."
            )
        self._of_old_mac = b"\r" in block and b"\n" not in block
        return self._with_our_ends(block.removeprefix(BOM))

    def _with_our_ends(self, block: bytes) -> bytes:
        return block.replace(b"\r", b"\n") if self._of_old_mac else block

    def _read(self) -> bytes:
        try:
            block = self.stream.read(BLOCK)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise UnreadableSource(f"L’archive est abîmée ou tronquée : lecture arrêtée à l’octet "
                                   f"{self.bytes_read} de {quoted(self.name)}.") from error  # fmt: skip
        self.bytes_read += len(block)
        if self.bytes_read > 2 * MAX_BYTES:  # a gzip does not say its size, or lies; the activities are read twice
            raise UnreadableSource(f"Le fichier dépasse {MAX_BYTES} octets : il est refusé par prudence.")
        return block

    def _decode(self, block: bytes) -> list[str]:
        try:
            text = block.decode()
        except UnicodeDecodeError:
            return [self._decode_alone(number, line) for number, line in enumerate(block.split(b"\n"), self._line)]
        finally:
            self._line += block.count(b"\n")
        # Blocks end on "\n", so that no CRLF is ever cut in two.
        return (text.replace("\r\n", "\n") if "\r" in text else text).split("\n")

    def _decode_alone(self, number: int, line: bytes) -> str:
        try:
            return line.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            where = f"octet 0x{line[error.start]:02X} en position {error.start + 1}"
            self._spoilt += 1
            if number == 1 or (self._spoilt > SPOILT and self._spoilt * 10 > number):
                raise UnreadableSource(f"Le fichier n’est pas en UTF-8 : {where}, ligne {number}.") from error
            spoilt = SpoiltLine("\0" + line.decode(errors="replace"))
            spoilt.reason = f"ligne qui n’est pas en UTF-8 : {where}"
            return spoilt


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
    elif magic[:2] == b"\x1f\x8b":
        with gzip.open(file) as stream:
            yield TextFile(stream, _size_of_gzip(file, size))
    else:
        yield TextFile(file, size)


def _size_of_gzip(file: IO[bytes], size: int) -> int:
    """The size that its last four bytes tell; only good for a percentage."""
    file.seek(max(size - 4, 0))
    told = int.from_bytes(file.read(4), "little")
    file.seek(0)
    return told


@contextmanager
def _open_zip(file: IO[bytes], word: str) -> Iterator[TextFile]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableSource("L’archive zip est illisible ou tronquée.") from error
    with archive:
        member = _only_member(archive, word)
        try:
            stream = archive.open(member)
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
            raise UnreadableSource(f"{quoted(member.filename)} ne peut pas être extrait de l’archive zip (chiffré, "
                                   "abîmé ou compressé autrement).") from error  # fmt: skip
        with stream:
            yield TextFile(stream, member.file_size, member.filename)


def _only_member(archive: zipfile.ZipFile, word: str) -> zipfile.ZipInfo:
    members = [one for one in archive.infolist() if not one.is_dir() and not is_added(one.filename)]
    if not members:
        raise UnreadableSource("L’archive zip ne contient aucun fichier.")
    if word and len(members) > 1:
        members = _named(members, word)
    if len(members) > 1:
        names = ", ".join(member.filename for member in members[:3])
        raise UnreadableSource(f"L’archive zip contient {len(members)} fichiers au lieu d’un seul ({names}…).")
    member = members[0]
    # zipfile never gives more than the declared size, and checks the CRC at its end.
    if member.file_size > MAX_BYTES or member.file_size > MAX_RATIO * max(member.compress_size, BLOCK):
        raise UnreadableSource(f"L’archive zip déclare {member.file_size} octets pour {member.compress_size} "
                               "compressés : elle est refusée par prudence.")  # fmt: skip
    return member


def is_added(name: str) -> bool:
    """What a Mac or a Windows puts into an archive beside the file."""
    return any(mark in f"/{name.lower()}" for mark in ADDED)


def _named(members: list[zipfile.ZipInfo], word: str) -> list[zipfile.ZipInfo]:
    named = [member for member in members if word.lower() in member.filename.lower()]
    if not named:
        names = ", ".join(member.filename for member in members[:3])
        raise UnreadableSource(f"L’archive zip ne contient pas de fichier {quoted(word)} ({names}…).")
    return named
