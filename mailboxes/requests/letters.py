"""The letters to operators about a request: in the operator's own layout where there is one, else in our words."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache, partial
from typing import NamedTuple

from django.utils import timezone

from directory.csv_files import csv_lines
from directory.plain import plain_text
from directory.typography import cut
from mailboxes.lifecycle import Letter, RequestKind
from mailboxes.models import Request, RequestLayout, Structure
from mailboxes.models.layouts import columns_of, fill

# The columns of a file where no layout says otherwise.
COLUMNS = """Numéro = {numero}
Demande = {demande}
Adresse = {adresse}
Type = {type}
Structure = {structure}
FINESS = {finess}
Titulaire = {titulaire}
RPPS = {rpps}
Service = {service}
Personne = {personne}
RPPS de la personne = {rpps_personne}
Détail = {detail}
Motif = {motif}
BAL à utiliser = {bal_active}
Réponse automatique = {reponse_automatique}
Demandée le = {date}"""


class Written(NamedTuple):
    subject: str
    text: str


class Layouts:
    """The layouts of some requests, read in two queries: for each request, the nearest structure's, its kind first."""

    def __init__(self, requests: Iterable[Request]):
        requests = list(requests)
        structures = Structure.objects.filter(pk__in={request.structure_id for request in requests})
        self._lines = structures.lines()
        known = RequestLayout.objects.filter(
            operator__in={request.operator_id for request in requests},
            structure__in=set().union(*self._lines.values()),
        )
        self._known = {(layout.structure_id, layout.operator_id, layout.kind): layout for layout in known}

    def of(self, request: Request) -> RequestLayout | None:
        for structure in self._lines[request.structure_id]:
            for kind in (request.kind, ""):
                if layout := self._known.get((structure, request.operator_id, kind)):
                    return layout
        return None

    def write(self, request: Request, letter: Letter) -> Written:
        """A cancellation and a reminder are in our words: they only point to what was asked."""
        facts = facts_of(request)
        ours = compose(*words_of(_named(request, letter)), facts)
        layout = self.of(request) if letter == Letter.ASK else None
        if layout is None:
            return ours
        theirs = compose(layout.subject, layout.body, facts)
        # Names that stand for nothing in this request may leave nothing of a layout.
        return Written(theirs.subject or ours.subject, theirs.text if theirs.text.strip() else ours.text)


def _named(request: Request, letter: Letter) -> str:
    """The words of this letter: an access that is open already is not to be opened."""
    if letter != Letter.ASK:
        return letter.value
    return "alter" if request.kind == RequestKind.GRANT and not request.opens_access else request.kind


@cache
def words_of(name: str) -> tuple[str, str]:
    """Our own subject and body, where no layout says otherwise: of a kind of request, or of another letter."""
    subject, _, body = plain_text(f"mailboxes/requests/letters/{name}.txt", {}).partition("\n")
    return subject, body


def compose(subject: str, body: str, facts: dict[str, str]) -> Written:
    """A subject is one line, whatever a value holds: a mail's header ends with it."""
    return Written(cut(" ".join(fill(subject, facts).split()), 250), fill(body, facts))


def facts_of(request: Request) -> dict[str, str]:
    """What each name of `PLACEHOLDERS` stands for in this request."""
    bal, structure = request.bal, request.structure
    holder = bal.principal() if bal else None
    today = timezone.localdate(request.created_at)
    due_on = request.due_on or today + timedelta(days=request.operator.answer_days)
    facts = {
        "adresse": request.address,
        "structure": structure.name,
        "finess": structure.finess,
        "siret": structure.siret,
        "personne": str(request.person or ""),
        "rpps_personne": (request.person.rpps or "") if request.person else "",
        "demande": request.get_kind_display(),
        "detail": request.detail,
        "motif": request.reason,
        "demandeur": (request.by.get_full_name() or request.by.get_username()) if request.by else "",
        "operateur": request.operator.name,
        "numero": str(request.pk or "…"),  # a preview has none yet
        "date": f"{today:%d/%m/%Y}",
        "echeance": f"{due_on:%d/%m/%Y}",
    }
    if bal:
        facts |= {
            "type": bal.kind,
            "service": bal.service,
            "usage": bal.purpose,
            "titulaire": str(holder or ""),
            "rpps": (holder.rpps or "") if holder else "",
            "espace": str(bal.quota_mb or ""),
            "bal_active": bal.replaced_by,
            "reponse_automatique": bal.auto_reply,
        }
    return facts


# An invented request, to see a layout at work before it is used.
SAMPLE = {
    "adresse": "claire.exemple@chu-exemple.mssante.fr",
    "type": "PER",
    "structure": "CHU d’exemple",
    "finess": "010000002",
    "siret": "",
    "service": "Cardiologie",
    "usage": "Comptes rendus d’hospitalisation.",
    "titulaire": "Claire EXEMPLE",
    "rpps": "10000000017",
    "espace": "1024",
    "personne": "Sophie EXEMPLE",
    "rpps_personne": "",
    "demande": RequestKind.DEPUBLISH.label,
    "detail": "",
    "motif": "Départ de l’établissement.",
    "bal_active": "accueil.exemple@chu-exemple.mssante.fr",
    "reponse_automatique": "Merci d’écrire désormais à accueil.exemple@chu-exemple.mssante.fr.",
    "demandeur": "Gisèle Exemple",
    "operateur": "Opérateur d’exemple",
    "numero": "1234",
    "date": "02/03/2026",
    "echeance": "17/03/2026",
}


class RequestFile(NamedTuple):
    name: str
    lines: Iterator[str]


def files_of(requests: Iterable[Request]) -> list[RequestFile]:
    """Ready for the operators' consoles: one file for each layout, in its columns and with its separator."""
    requests = list(requests)
    layouts = Layouts(requests)
    grouped: dict[tuple[str, str, str], list[Request]] = {}
    for request in requests:
        layout = layouts.of(request)
        columns = layout.columns if layout and layout.columns.strip() else COLUMNS
        separator = layout.separator if layout else RequestLayout.Separator.SEMICOLON.value
        grouped.setdefault((request.operator.code, columns, separator), []).append(request)
    counts: Counter[str] = Counter()
    files = []
    for (code, columns, separator), rows in grouped.items():
        counts[code] += 1
        name = f"demandes-{code}" + (f"-{counts[code]}" if counts[code] > 1 else "")
        named = [(title, partial(fill, value)) for title, value in columns_of(columns)]
        files.append(RequestFile(name, csv_lines(named, map(facts_of, rows), separator)))
    return files
