"""The indicators: curves, tables and files, of one structure or of all that one sees."""

from django.shortcuts import render
from django.utils import timezone

from directory.sheets import as_xlsx
from mailboxes import actions
from mailboxes.documents.indicators import printed
from mailboxes.forms import IndicatorsForm
from mailboxes.views.files import pdf_file, xlsx_file

SHOWN_AS_CURVES = ("state", "kind", "operator", "activity", "fill", "published", "finding")


def indicators(request):
    form = IndicatorsForm(request.GET, user=request.user)
    asked = form.asked()
    sections = [
        {"figure": figure, "lines": lines, "chart": asked.chart(figure) if figure.name in SHOWN_AS_CURVES else None}
        for figure, lines in asked.sections()
    ]
    return render(request, "mailboxes/indicators.html", {"form": form, "asked": asked, "sections": sections})


def indicators_xlsx(request):
    form = IndicatorsForm(request.GET, user=request.user)
    actions.trace(request.user, "export", f"indicateurs, {request.GET.urlencode()}")
    content = as_xlsx("Indicateurs", ["Jour", "Indicateur", "Détail", "Nombre"], form.asked().rows())
    return xlsx_file("indicateurs", content)


def indicators_pdf(request):
    form = IndicatorsForm(request.GET, user=request.user)
    actions.trace(request.user, "export", f"indicateurs (PDF), {request.GET.urlencode()}")
    asked = form.asked()
    return pdf_file("indicateurs", printed(asked, form.title, asked.last or timezone.localdate()))
