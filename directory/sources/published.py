"""A file that the ANS publishes: from the disk or from an address, and the date that its name gives."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, ClassVar

from django.conf import settings
from django.utils import timezone

from directory.sources import Heartbeat, UnreadableSource
from directory.sources.download import download

# Wherever it stands in the name: browsers add « (1) », people « _copie »; some write the seconds too.
STAMP = re.compile(r"(?<!\d)(20\d{10})(?:\d{2})?(?!\d)")
# As people rename it: « _2026-11-20_15h42 », « _20261120_1542 »; a day alone is its first minute, so that a copy that
# has the hour is never replaced by it.
RENAMED = re.compile(
    r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)(?:[-_. T]{1,3}(?:à )?(\d\d)[-_.h:]?(\d\d)(?:[-_.m:]?\d\d)?)?(?!\d)"
)
FRENCH_DAY = re.compile(r"(?<!\d)(\d\d)([-_.])(\d\d)\2(20\d\d)(?:[-_. ]{1,3}(?:à )?(\d\d)[-_.h:]?(\d\d))?(?!\d)")
STAMP_IN_URL = re.compile(r"/(\d{8})-(\d{4})\d{2}/")


@dataclass
class PublishedFile:
    """What the sources that read one file have in common: where it is. `filename` is the name before an upload."""

    name: str
    url: str = ""
    ca_file: str = ""
    path: str = ""
    filename: str = ""

    url_setting: ClassVar[str]
    whole: ClassVar[bool] = True

    @property
    def origin(self) -> str:
        return self.filename or self.path or self.url

    @contextmanager
    def fetched(self, heartbeat: Heartbeat) -> Iterator[tuple[IO[bytes], list[str]]]:
        """The file, which can be read again from its start, and the names that may date it."""
        if self.path:
            with _open_path(self.path) as file:
                yield file, [self.filename or Path(self.path).name]  # a kept upload has a name of ours, without a date
        elif self.url:
            # An unnamed file: a killed run leaves nothing behind.
            with tempfile.TemporaryFile(dir=settings.VAR_DIR) as file:
                got = download(self.url, self.ca_file, file, heartbeat)
                file.seek(0)
                yield file, [got.filename, got.url.split("?")[0]]
        else:
            raise UnreadableSource(
                f"Aucun fichier à lire : donnez un fichier, une adresse, ou renseignez {self.url_setting}."
            )


def stamp_of(*names: str) -> datetime | None:
    """The generation time (Paris time) that the first name able to gives."""
    for name in names:
        found = [match[1] for match in STAMP.finditer(name)] + [day + at for day, at in STAMP_IN_URL.findall(name)]
        found += [f"{y}{m}{d}{hour or '00'}{minute or '00'}" for y, _, m, d, hour, minute in RENAMED.findall(name)]
        found += [f"{y}{m}{d}{hour or '00'}{minute or '00'}" for d, _, m, y, hour, minute in FRENCH_DAY.findall(name)]
        for digits in found:
            try:
                return timezone.make_aware(datetime.strptime(digits, "%Y%m%d%H%M"))
            except ValueError:  # twelve digits that are no date
                continue
    return None


def _open_path(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise UnreadableSource(f"Le fichier {path} ne peut pas être ouvert : {error.strerror}.") from error
