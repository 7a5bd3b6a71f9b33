"""Operators' lists: the history, a new one, its columns, what it would do, what it did, and its undoing."""

from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from directory.dates import moment_of
from directory.readers.words import AccessRole, Rights, Said
from directory.typography import grouped
from mailboxes.imports.actions import apply_import, undo_import
from mailboxes.imports.forms import ImportColumnsForm, ImportForm, ImportMendForm
from mailboxes.imports.models import Import
from mailboxes.imports.reading import LineReader
from mailboxes.imports.rows import Row
from mailboxes.imports.rules import check_apply_import, check_mend, check_preview, check_undo_import
from mailboxes.imports.sorts import BY_NAME, ListSort, labels_of
from mailboxes.imports.survey import Survey
from mailboxes.lifecycle import Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.paging import KeyPaginator
from mailboxes.models.holders import rights_of
from mailboxes.rules import allows, check_somewhere
from mailboxes.views.acts import ActionView, EnteringView

LINES_PER_PAGE = 50
SORTS = {  # of lines, in the order in which they matter
    "rejected": "Rejetées",
    "corrected": "Lues avec une remarque",
    "created": "Inscrites",
    "updated": "Mises à jour",
    "unchanged": "Inchangées",
    "absent": "Absentes du fichier",
}


class ImportList(Listing):
    name, view, nouns = "imports", "import-list", ("import", "imports")
    row, empty = "mailboxes/imports/_row.html", "mailboxes/imports/_none.html"
    columns = (
        Column("file", "Fichier", ("file_name",)),
        Column("source", "Source"),
        Column("structure", "Structure", ("structure__name",)),
        Column("at", "Déposé le", ("at",)),
        Column("stage", "Étape", ("stage",)),
        Column("created", "Inscrites", ("created",), is_number=True),
        Column("updated", "Mises à jour", ("updated",), is_number=True),
        Column("rejected", "Rejetées", ("rejected",), is_number=True),
        Column("by", "Par"),
    )


def import_list(request: HttpRequest) -> HttpResponse:
    loaded = Import.objects.select_related("operator", "structure", "by").defer("headers", "columns", "sample")
    listing = ImportList(request, Import.objects.visible_to(request.user), loaded=loaded)
    can_import = allows(check_somewhere, Act.IMPORT_LIST, by=request.user)
    context = {"listing": listing, "page": listing.page, "can_import": can_import}
    return render(request, "mailboxes/imports/list.html", context)


def find(request: HttpRequest, pk: int) -> Import:
    runs = Import.objects.visible_to(request.user).select_related("operator", "structure", "by", "undone_by")
    return get_object_or_404(runs, pk=pk)


def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    run = find(request, pk)
    if request.headers.get("HX-Request"):  # the page asks for its progress alone while the work lasts
        response = render(request, "mailboxes/imports/_progress.html", {"run": run})
        if not run.is_at_work:
            response["HX-Refresh"] = "true"
        return response
    counts = {name: getattr(run, name) for name in SORTS}
    asked = request.GET.get("lignes", "")
    shown = asked if asked in SORTS else next((name for name, count in counts.items() if count), "rejected")
    paginator = KeyPaginator(lines_of(run, shown), LINES_PER_PAGE)
    paginator.count = counts[shown]  # known already: not counted again
    return render(
        request,
        "mailboxes/imports/import.html",
        {
            "run": run,
            "sorts": [
                (name, label, counts[name])
                for name, label in SORTS.items()
                if run.sort == ListSort.BAL or name != "absent"
            ],
            "shown": shown,
            "shown_label": SORTS[shown],
            "page": paginator.get_page(request.GET.get("page")) if not run.is_at_work else None,
            "understood": list(understood(run)) if run.forecasts else [],
            "survey": Survey.from_json(run.judged),
            "can_mend": allows(check_mend, run, by=request.user),
            "can_read": allows(check_preview, run, by=request.user),
            "can_apply": run.accepted and allows(check_apply_import, run, by=request.user),
            "can_undo": allows(check_undo_import, run, by=request.user),
        },
    )


def lines_of(run: Import, sort: str):
    if sort == "corrected":
        return run.lines.corrected().order_by("number", "pk")
    return run.lines.filter(outcome=sort).order_by("number", "pk")


def understood(run: Import) -> Iterable[tuple[int, list[tuple[str, str]], list[str]]]:
    """The first lines as they are read: number, what each column says, and what is doubtful or wrong."""
    survey, labels = Survey.from_json(run.judged), labels_of(run.sort)
    reader = LineReader(run.headers, run.columns, survey, as_of=run.as_of, mended=run.mended, sort=run.sort)
    for number, cells in run.sample:
        line = reader.line(Row(number, cells))
        said = [(labels[name], _said(name, value)) for name, value in line.facts.items()]
        yield number, said, [*line.faults, *line.remarks]


def _said(name: str, value) -> str:
    if isinstance(value, datetime):
        return moment_of(value)
    if isinstance(value, list):
        return " ; ".join(map(str, value))
    if isinstance(value, Said | AccessRole):
        return value.value
    if isinstance(value, Rights):
        return rights_of(*value)
    if isinstance(value, bool):
        return "oui" if value else "non"
    return f"{grouped(int(value))} Mo" if BY_NAME[name].is_size else str(value)


class ImportNewView(EnteringView):
    act = Act.IMPORT_LIST
    form_class = ImportForm
    template_name = "mailboxes/imports/new.html"
    label = "Importer une liste"
    done = "Le fichier est reçu : il est lu à blanc, et rien n’est écrit avant votre accord."

    def get_initial(self):
        return {"sort": self.request.GET.get("contenu", ListSort.BAL)}

    def back(self):
        return self.result.get_absolute_url() if self.result else reverse("import-list")


class ImportActionView(ActionView):
    """Something done to one import; a stranger gets 404 before anything else."""

    run: Import

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.run = find(request, kwargs["pk"])

    def back(self):
        return self.run.get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(run=self.run, **kwargs)


class ImportColumnsView(ImportActionView):
    form_class = ImportColumnsForm
    template_name = "mailboxes/imports/columns.html"
    label = "Simuler l’import"
    done = "La simulation est lancée : rien n’est encore écrit au registre."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "run": self.run}

    def check(self, *, by):
        check_preview(self.run, by=by)

    def back(self):
        """To the columns again, where another line of headers was chosen."""
        result = getattr(self, "result", None)
        if result and result.stage == Import.Stage.RECEIVED:
            return reverse("import-columns", args=[self.run.pk])
        return super().back()

    def perform(self, form, *, by):
        return form.perform(by=by)


class ImportMendView(ImportActionView):
    form_class = ImportMendForm
    template_name = "mailboxes/imports/mend.html"
    label = "Réessayer ces lignes"
    done = "Les lignes corrigées sont relues."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "run": self.run}

    def check(self, *, by):
        check_mend(self.run, by=by)

    def perform(self, form, *, by):
        return form.perform(by=by)

    def back(self):
        """After it was applied, its corrected lines are an import of their own."""
        return (getattr(self, "result", None) or self.run).get_absolute_url()


class ImportApplyView(ImportActionView):
    template_name = "mailboxes/imports/action.html"
    label = "Appliquer au registre"
    done = "L’import est lancé."

    def check(self, *, by):
        check_apply_import(self.run, by=by)

    def perform(self, form, *, by):
        return apply_import(self.run, by=by)


class ImportUndoView(ImportActionView):
    template_name = "mailboxes/imports/action.html"
    label = "Annuler l’import"
    warning = (
        "Les BAL que cet import a inscrites quittent le registre, celles qu’il a mises à jour retrouvent ce qu’on en "
        "savait. C’est refusé si l’une d’elles a eu une suite. Les changements d’état annoncés à des personnes restent."
    )
    is_dangerous = True
    done = "L’annulation est lancée."

    def check(self, *, by):
        check_undo_import(self.run, by=by)

    def perform(self, form, *, by):
        return undo_import(self.run, by=by)
