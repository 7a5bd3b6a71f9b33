"""The register as a file: its columns."""

from collections.abc import Iterator

from django.db.models import QuerySet

from directory.csv_files import BATCH, csv_lines
from directory.dates import day_of
from directory.sheets import as_xlsx
from mailboxes.models import Bal, Reading


def _holders(bal: Bal) -> str:
    return ", ".join(f"{c.person} ({c.person.rpps})" for c in bal.cotitulaires.all() if not c.is_principal)


def _delegations(bal: Bal) -> str:
    return ", ".join(f"{one.person} (sous {one.under})" for one in bal.current_delegations())


# fmt: off
COLUMNS = [
    ("Adresse",                    lambda bal: bal.address),
    ("Type",                       lambda bal: bal.kind),
    ("État",                       lambda bal: bal.get_state_display()),
    ("Dans cet état depuis",       lambda bal: day_of(bal.state_since)),
    ("Structure",                  lambda bal: bal.structure.name),
    ("FINESS établissement",       lambda bal: bal.structure.finess_et),
    ("Opérateur",                  lambda bal: bal.operator.name),
    ("Service",                    lambda bal: bal.service),
    ("Description",                lambda bal: bal.description),
    ("Titulaire ou principal",     lambda bal: bal.principal() or ""),
    ("RPPS du titulaire",          lambda bal: principal.rpps if (principal := bal.principal()) else ""),
    ("Autres cotitulaires",        _holders),
    ("Délégataires",               _delegations),
    ("Liste rouge",                lambda bal: "oui" if bal.liste_rouge else "non"),
    ("À l’annuaire public",        lambda bal: "oui" if bal.is_published else "non"),
    ("Dernière utilisation",       lambda bal: day_of(bal.last_used_at) or "inconnue"),
    ("Source",                     lambda bal: dict(Reading.Source.choices).get(bal.last_used_source, "")),
    ("Relevé du",                  lambda bal: day_of(bal.read_at)),
    ("Espace occupé (Mo)",         lambda bal: bal.used_mb),
    ("Espace accordé (Mo)",        lambda bal: bal.quota_mb),
    ("Remplissage (%)",            lambda bal: bal.percent_full),
    ("Pleine vers le",             lambda bal: day_of(bal.full_on)),
]
# fmt: on


def register_lines(bals: QuerySet[Bal]) -> Iterator[str]:
    """Line by line, whatever the number of BAL; `bals` has its cotitulaires and its publication."""
    return csv_lines(COLUMNS, bals.iterator(chunk_size=BATCH))


def register_book(bals: QuerySet[Bal]) -> bytes:
    """The same columns as a workbook."""
    header = [title for title, _ in COLUMNS]
    rows = ([value(bal) for _, value in COLUMNS] for bal in bals.iterator(chunk_size=BATCH))
    return as_xlsx("Registre", header, ([_cell(value) for value in row] for row in rows))


def _cell(value):
    """Numbers stay numbers; a person is their name."""
    return value if value is None or isinstance(value, (int, str)) else str(value)
