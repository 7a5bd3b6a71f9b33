"""The files that an import gives: a model to fill in, the report of every line, the rejected ones to correct."""

from collections.abc import Callable
from itertools import chain

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from directory.csv_files import csv_lines
from mailboxes import actions
from mailboxes.imports.models import ImportLine
from mailboxes.imports.sorts import ListSort
from mailboxes.imports.views import find
from mailboxes.views.files import csv_file

CHUNK = 2000


REPORT = [
    ("Ligne", lambda line: line.number),
    ("Adresse", lambda line: line.address),
    ("Résultat", lambda line: line.get_outcome_display()),
    ("Remarque", lambda line: line.remark),
    ("Avant → après", lambda line: " ; ".join(f"{label} : {old} → {new}" for label, old, new in line.changes)),
]


TEMPLATES: dict[str, list[tuple[str, str, str]]] = {}


TEMPLATES[ListSort.BAL] = [
    ("Adresse", "prenom.nom@votre-domaine.mssante.fr", "secretariat.cardiologie@votre-domaine.mssante.fr"),
    ("Type", "PER", "ORG"),
    ("État", "ouverte", "ouverte"),
    ("RPPS du titulaire", "10000000017", ""),
    ("FINESS", "010000002", "010000002"),
    ("Service", "Cardiologie", "Cardiologie"),
    ("Description", "", "Secrétariat de cardiologie"),
    ("Dernière authentification", "15/03/2026 08:30", ""),
    ("Espace occupé", "850 Mo", "1,2 Go"),
    ("Espace accordé", "2 Go", "5 Go"),
    ("Liste rouge", "non", "non"),
]


TEMPLATES[ListSort.PEOPLE] = [
    ("RPPS", "10000000017", ""),
    ("Nom de famille", "MARTIN", "PETIT"),
    ("Prénom", "Alice", "Delphine"),
    ("Profession", "Médecin", "Secrétaire médicale"),
    ("Service", "Cardiologie", "Cardiologie"),
    ("Courriel", "alice.martin@exemple.fr", "delphine.petit@exemple.fr"),
    ("CPS", "oui", "non"),
    ("FINESS", "010000002", "010000002"),
    ("Arrivée", "01/09/2026", ""),
]


TEMPLATES[ListSort.ACCESSES] = [
    ("Adresse", "secretariat.cardiologie@votre-domaine.mssante.fr", "secretariat.cardiologie@votre-domaine.mssante.fr"),
    ("RPPS", "10000000017 ; 10000000025", ""),
    ("Nom et prénom", "", "PETIT Delphine"),
    ("Rôle", "cotitulaire", "délégataire"),
    ("Droit", "", "lecture et envoi"),
    ("Sous la responsabilité de", "", "10000000017"),
    ("Depuis", "", "01/09/2026"),
    ("Mission", "", "Secrétariat"),
]


def import_template(request: HttpRequest) -> HttpResponseBase:
    sort = request.GET.get("contenu", ListSort.BAL)
    if sort not in TEMPLATES:
        raise Http404
    columns = [(label, values.__getitem__) for label, *values in TEMPLATES[sort]]
    return csv_file(f"modele-{'liste-bal' if sort == ListSort.BAL else sort}", csv_lines(columns, range(2)))


def import_report(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every line, then the BAL that the file no longer has."""
    run = find(request, pk)
    actions.trace(request.user, "export", f"rapport de l’{run}")
    lines = run.lines.order_by("number", "pk").defer("cells")
    named, absent = lines.exclude(number=None), lines.filter(number=None)
    rows = chain(named.iterator(chunk_size=CHUNK), absent.iterator(chunk_size=CHUNK))
    return csv_file(f"import-{run.pk}-rapport", csv_lines(REPORT, rows))


def import_rejects(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rejected lines in the form of the file: to be corrected there and brought in anew."""
    run = find(request, pk)
    actions.trace(request.user, "export", f"rejets de l’{run}")
    columns: list[tuple[str, Callable]] = [(header, _cell_of(rank)) for rank, header in enumerate(run.headers)]
    columns.append(("Motif du rejet", lambda line: f"ligne {line.number} : {line.remark}"))
    rejected = run.lines.filter(outcome=ImportLine.Outcome.REJECTED).order_by("number", "pk")
    return csv_file(f"import-{run.pk}-rejets", csv_lines(columns, rejected.iterator(chunk_size=CHUNK)))


def _cell_of(rank: int) -> Callable[[ImportLine], str]:
    return lambda line: line.cells[rank] if rank < len(line.cells) else ""
