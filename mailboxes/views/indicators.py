"""The indicators: curves, tables and files, of one structure or of all that one sees."""

from datetime import date

from django.shortcuts import render
from django.utils import timezone

from directory.sheets import as_xlsx
from mailboxes import actions
from mailboxes.forms import IndicatorsForm
from mailboxes.indicators import Indicators
from mailboxes.lists.place import place_of, places_within
from mailboxes.views.files import pdf_file, xlsx_file
from mailboxes.views.pdf import heading, note, pdf, room, table

SHOWN_AS_CURVES = ("state", "kind", "operator", "activity", "fill", "published", "finding")


def _asked(request) -> IndicatorsForm:
    return IndicatorsForm(request.GET, seen=places_within(request), within=place_of(request))


def indicators(request):
    form = _asked(request)
    asked = form.asked()
    sections = [
        {"figure": figure, "lines": lines, "chart": asked.chart(figure) if figure.name in SHOWN_AS_CURVES else None}
        for figure, lines in asked.sections()
    ]
    return render(request, "mailboxes/indicators/indicators.html", {"form": form, "asked": asked, "sections": sections})


def indicators_xlsx(request):
    form = _asked(request)
    actions.trace(request.user, "export", f"indicateurs, {request.GET.urlencode()}")
    content = as_xlsx("Indicateurs", ["Jour", "Indicateur", "Détail", "Nombre"], form.asked().rows())
    return xlsx_file("indicateurs", content)


def indicators_pdf(request):
    form = _asked(request)
    actions.trace(request.user, "export", f"indicateurs (PDF), {request.GET.urlencode()}")
    asked = form.asked()
    return pdf_file("indicateurs", printed(asked, form.title, asked.last or timezone.localdate()))


UNKNOWN = "Une BAL dont l’usage ou le remplissage est inconnu est comptée à part : inconnu ne veut pas dire inactif."


def printed(asked: Indicators, structure: str, day: date) -> bytes:
    parts = [note(UNKNOWN)]
    for figure, lines in asked.sections():
        header = [figure.label, "Nombre"]
        rows: list[list] = [[label, now] for _, label, now, _ in lines]
        if asked.first != asked.last:
            header.append(f"Depuis le {asked.first:%d/%m/%Y}")
            rows = [[label, now, f"{now - (before or 0):+d}"] for _, label, now, before in lines]
        parts += [room(40), heading(figure.label), table(header, rows, widths=[3, 1, 1.3][: len(header)])]
    if len(parts) == 1:
        parts.append(note("Aucune mesure n’a encore été prise."))
    return pdf("Indicateurs des BAL MSSanté", parts, structure=structure, day=day)
