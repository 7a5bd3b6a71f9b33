"""What several sources say of one address, as one picture, and which of them said what."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from django.conf import settings

from directory.records import EntryRecord


class SourceLine(Protocol):
    """A row of a source for an address: its fields are EntryRecord's."""

    source: str
    ordinal: int
    address: str


# Fields that tell of one thing, and by which that thing is known. What a second source adds must be of the same thing:
# the name of one structure never stands beside the identifier of another.
THINGS = [
    ("person_id", ["person_id_type", "person_id", "national_id", "civility", "family_name", "given_name"]),
    ("profession_code", ["profession_code", "profession", "category_code", "category", "skill_code", "skill"]),
    (
        "structure_id",
        [
            "structure_id_type", "structure_id", "structure_name", "trade_name", "address_l2", "address_l3",
            "street_number", "street_number_suffix", "street_type", "street_name", "address_l5", "address_l6",
            "postcode", "department", "country",
        ],
    ),
    ("", ["kind"]),
    ("", ["service"]),
    ("", ["paperless"]),
    ("", ["rank"]),
]  # fmt: skip


@dataclass
class Picture:
    """One address as our sources together show it."""

    record: EntryRecord
    said_by: dict[str, str] = field(default_factory=dict)  # field -> source; a field nobody fills is not in it
    sources: list[str] = field(default_factory=list)  # that know the address, the first one's word first

    @property
    def is_published(self) -> bool:
        return not set(self.sources).isdisjoint(public_sources())


def public_sources() -> list[str]:
    """The sources whose showing an address proves that it is published."""
    return [name for name in settings.DIRECTORY_ORDER if settings.DIRECTORY_SOURCES[name].get("PUBLIC")]


def ranking_sources() -> list[str]:
    """The sources that tell which mailbox its holder prefers; the public file does not."""
    return [name for name in public_sources() if settings.DIRECTORY_SOURCES[name].get("RANKS")]


def pictures(lines: Iterable[Any]) -> dict[str, Picture]:
    """The pictures by address. The first source of DIRECTORY_ORDER has the first word; one it does not name has
    none."""
    order = settings.DIRECTORY_ORDER
    known = [line for line in lines if line.source in order]
    known.sort(key=lambda line: (line.address, order.index(line.source), line.ordinal))
    return {address: _picture(address, list(own)) for address, own in groupby(known, lambda line: line.address)}


def _picture(address: str, lines: list[SourceLine]) -> Picture:
    values: dict[str, str] = {}
    said_by: dict[str, str] = {}
    for key, fields in THINGS:
        for line in _of_one_thing(lines, key, fields):
            for name in fields:
                if name not in values and (value := getattr(line, name)):
                    values[name], said_by[name] = value, line.source
    record = EntryRecord(**{"kind": "", **values, "address": address})
    return Picture(record, said_by, list(dict.fromkeys(line.source for line in lines)))


def _of_one_thing(lines: list[SourceLine], key: str, fields: list[str]) -> list[SourceLine]:
    """The first line that says something of it, and those that surely speak of the same."""
    saying = [line for line in lines if any(getattr(line, name) for name in fields)]
    known_by = getattr(saying[0], key) if key and saying else ""
    return saying[:1] + [line for line in saying[1:] if known_by and getattr(line, key) == known_by]
