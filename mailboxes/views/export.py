"""The register as a file: its columns, read as tuples, for a register has a hundred thousand rows."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from directory.csv_files import BATCH, BOM, harmless
from directory.dates import day_of
from directory.sheets import as_xlsx
from mailboxes.lifecycle import State
from mailboxes.models import Cotitulaire, Delegataire, Reading
from mailboxes.models.bal_sets import BalQuerySet
from mailboxes.models.bulk import among
from mailboxes.models.people import written_name

STATES, SOURCES = dict(State.choices), dict(Reading.Source.choices)
READ = (
    "pk",
    "address",
    "kind",
    "state",
    "state_since",
    "structure__name",
    "structure__finess_et",
    "operator__name",
    "service",
    "description",
    "liste_rouge",
    "is_published",
    "last_used_at",
    "last_used_source",
    "read_at",
    "used_mb",
    "quota_mb",
    "percent_full",
    "full_on",
)


class Holder(NamedTuple):
    is_principal: bool
    name: str
    rpps: str | None


class ExportedBal(NamedTuple):
    """A BAL: `of` holds what `READ` names."""

    of: dict[str, Any]
    holders: list[Holder]
    delegations: list[str]

    def principal(self) -> Holder | None:
        return next((holder for holder in self.holders if holder.is_principal), None)

    def others(self) -> str:
        return ", ".join(f"{one.name} ({one.rpps})" for one in self.holders if not one.is_principal)


# fmt: off
COLUMNS = [
    ("Adresse",                    lambda row: row.of["address"]),
    ("Type",                       lambda row: row.of["kind"]),
    ("État",                       lambda row: STATES[row.of["state"]]),
    ("Dans cet état depuis",       lambda row: day_of(row.of["state_since"])),
    ("Structure",                  lambda row: row.of["structure__name"]),
    ("FINESS établissement",       lambda row: row.of["structure__finess_et"]),
    ("Opérateur",                  lambda row: row.of["operator__name"]),
    ("Service",                    lambda row: row.of["service"]),
    ("Description",                lambda row: row.of["description"]),
    ("Titulaire ou principal",     lambda row: principal.name if (principal := row.principal()) else ""),
    ("RPPS du titulaire",          lambda row: principal.rpps if (principal := row.principal()) else ""),
    ("Autres cotitulaires",        lambda row: row.others()),
    ("Délégataires",               lambda row: ", ".join(row.delegations)),
    ("Liste rouge",                lambda row: "oui" if row.of["liste_rouge"] else "non"),
    ("À l’annuaire public",        lambda row: "oui" if row.of["is_published"] else "non"),
    ("Dernière utilisation",       lambda row: day_of(row.of["last_used_at"]) or "inconnue"),
    ("Source",                     lambda row: SOURCES.get(row.of["last_used_source"], "")),
    ("Relevé du",                  lambda row: day_of(row.of["read_at"])),
    ("Espace occupé (Mo)",         lambda row: row.of["used_mb"]),
    ("Espace accordé (Mo)",        lambda row: row.of["quota_mb"]),
    ("Remplissage (%)",            lambda row: row.of["percent_full"]),
    ("Pleine vers le",             lambda row: day_of(row.of["full_on"])),
]
# fmt: on


def register_lines(bals: BalQuerySet) -> Iterator[str]:
    """The register as a CSV, so many lines at a time, whatever the number of BAL."""
    yield BOM + _written([[title for title, _ in COLUMNS]])
    for rows in _batches(bals):
        yield _written(_cells(row) for row in rows)


def register_book(bals: BalQuerySet) -> bytes:
    """The same columns as a workbook."""
    return as_xlsx(
        "Registre", [title for title, _ in COLUMNS], (_cells(row) for rows in _batches(bals) for row in rows)
    )


def _cells(row: ExportedBal) -> list:
    return [value(row) for _, value in COLUMNS]


def _written(rows: Iterable[list]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _batches(bals: BalQuerySet) -> Iterator[list[ExportedBal]]:
    """The rows with their holders, in three queries for each batch."""
    read: list[tuple] = []
    for values in bals.with_publication().values_list(*READ).iterator(chunk_size=BATCH):
        read.append(values)
        if len(read) == BATCH:
            yield _completed(read)
            read = []
    if read:
        yield _completed(read)


def _completed(read: list[tuple]) -> list[ExportedBal]:
    pks = [values[0] for values in read]
    holders, delegations = _holders(pks), _delegations(pks)
    return [
        ExportedBal(dict(zip(READ, values, strict=True)), holders[values[0]], delegations[values[0]]) for values in read
    ]


def _holders(pks: list[int]) -> dict[int, list[Holder]]:
    found = defaultdict(list)
    held = Cotitulaire.objects.filter(among("bal", pks)).order_by("-is_principal", "pk")
    names = ("person__given_name", "person__family_name", "person__rpps")
    for bal, is_principal, given, family, rpps in held.values_list("bal_id", "is_principal", *names):
        found[bal].append(Holder(is_principal, written_name(given, family), rpps))
    return found


def _delegations(pks: list[int]) -> dict[int, list[str]]:
    found = defaultdict(list)
    lent = Delegataire.objects.current().filter(among("bal", pks)).order_by("pk")
    names = ("person__given_name", "person__family_name", "under__given_name", "under__family_name")
    for bal, given, family, given_above, family_above in lent.values_list("bal_id", *names):
        above = written_name(given_above, family_above)
        found[bal].append(f"{written_name(given, family)} (sous {above})")
    return found
