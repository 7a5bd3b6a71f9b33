"""What operators are asked: the list, one request, what becomes of it, and the files for their consoles."""

import json
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from mailboxes import actions
from mailboxes.forms import RequestStepForm
from mailboxes.forms.filters import RequestFilter
from mailboxes.lifecycle import ANSWERED, BY_HAND, FOLLOWS, Act, RequestKind, RequestStage, Verb
from mailboxes.lists.bulk import KINDS
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import place_of
from mailboxes.models import Request
from mailboxes.models.aliases import alias_told
from mailboxes.requests.fhir_patch import patch_of
from mailboxes.requests.letters import files_of
from mailboxes.rules import allows, check_act, check_move, check_somewhere, check_step, verb_of
from mailboxes.views.acts import ActionView
from mailboxes.views.batches import asked_of, begin, picked
from mailboxes.views.files import csv_file

IN_A_FILE = 5000
BULK = KINDS["requests"]


# What every list of requests tells of each, in mailboxes/requests/_asked.html and _due.html.
ASKED = (
    Column("kind", "Demande", ("kind",)),
    Column("address", "Adresse", ("address",)),
    Column("stage", "Étape", ("stage",)),
    Column("operator", "Opérateur", ("operator__name",)),
    Column("structure", "Structure", ("structure__name",)),
)
DUE = Column("due", "Réponse d’ici le", ("due_on",))


class RequestList(Listing):
    name, view, nouns = "requests", "request-list", BULK.nouns
    row, empty = "mailboxes/requests/_row.html", "mailboxes/requests/_none.html"
    picks, bulk_view, bulk_more = "requests", "request-bulk", "mailboxes/requests/_file.html"
    inline = ("q", "stage", "kind")
    columns = (
        *ASKED,
        Column("created", "Écrite le", ("created_at",)),
        DUE,
        Column("number", "Numéro", ("pk",), is_usual=False, is_number=True),
    )


def filtered(request, asked: QueryDict | None = None) -> RequestFilter:
    rows = RequestList.within(Request.objects.visible_to(request.user), place_of(request)).order_by("-pk")
    return RequestFilter(request.GET if asked is None else asked, queryset=rows, request=request)


def request_list(request):
    found = filtered(request)
    can_follow = any(allows(check_somewhere, act, by=request.user) for act in BY_HAND)
    listing = RequestList(
        request,
        found.qs,
        form=found.form,
        loaded=Request.objects.select_related("structure", "operator", "bal"),
        acts=BULK.choices if can_follow else (),
    )
    return render(request, "mailboxes/requests/list.html", {"listing": listing, "page": listing.page})


def request(request, pk):
    row = get_object_or_404(Request.objects.visible_to(request.user).with_letters(), pk=pk)
    patch = patch_of(row)
    return render(
        request,
        "mailboxes/requests/request.html",
        {
            "row": row,
            "alias": None if row.bal else alias_told(row.address, request.user),
            "letter": row.letter,
            "acts": [(act, label_of(row, act)) for act in BY_HAND if allows(check_step, row, act, by=request.user)],
            "verbs": ways_on(row, request.user),
            "may_change": may_change(row, request.user),
            "lines": row.lines.select_related("by", "person", "signatory").prefetch_related("notices").order_by("-pk"),
            "patch": patch,
            "patch_text": json.dumps(patch["body"], indent=2, ensure_ascii=False) if patch else "",
        },
    )


def label_of(row: Request, act: Act) -> str:
    """The button's words: to cancel what moves the BAL is to move it back, and the button says so."""
    verb = verb_of(row, act) if act == Act.CANCEL_REQUEST else None
    return verb.label if verb else act.label


def ways_on(row: Request, user) -> list[Verb]:
    """Refused by the operator, a request leaves its BAL in a state that must be left some way."""
    if row.stage != RequestStage.REFUSED or not row.moves_bal:
        return []
    verbs = {FOLLOWS[RequestKind(row.kind), Act.CANCEL_REQUEST], Verb.OPPOSE}
    return [verb for verb in sorted(verbs) if allows(check_move, row.bal, verb, by=user)]


def may_change(row: Request, user) -> bool:
    """Is it a change that the operator made, which the register does not follow by itself?"""
    is_made = row.kind == RequestKind.CHANGE and row.stage in ANSWERED
    return is_made and row.bal is not None and allows(check_act, row.bal, Act.CORRECT, by=user)


class RequestStepView(ActionView):
    """One line of `lifecycle.STEPS`; a stranger gets 404 before anything else."""

    WARNINGS = {
        Act.RECORD_DONE: "C’est la parole de l’opérateur. Ce que l’annuaire en montre sera constaté ensuite.",
        Act.MARK_SENT: "La demande ne partira plus par courriel : c’est à vous de l’avoir transmise.",
        Act.REMIND_OPERATOR: "L’opérateur reçoit un courriel, et un nouveau délai pour répondre.",
    }
    form_class = RequestStepForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.act = Act(kwargs["act"])
        rows = Request.objects.visible_to(request.user).with_letters()
        self.row = get_object_or_404(rows, pk=kwargs["pk"])
        self.label, self.warning = label_of(self.row, self.act), self.WARNINGS.get(self.act, "")

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "act": self.act}

    def check(self, *, by):
        check_step(self.row, self.act, by=by)

    def perform(self, form, *, by):
        row = form.perform(self.row, by=by)
        self.done = f"C’est enregistré. Étape de la demande : {row.get_stage_display()}."
        return row

    def back(self):
        return (self.result or self.row).get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(asked=self.row, **kwargs)


@require_POST
def request_bulk(request):
    """The requests that were ticked, or all those of the list: what would be done is foreseen first."""
    if request.POST.get("scope") == "all":
        return begin(request, BULK, filtered(request, asked_of(request)).qs.values_list("pk", flat=True))
    return begin(request, BULK, picked(request, "requests"))


def request_file(request):
    """The ticked requests, else the filtered ones, in their operators' columns. To take the file marks nothing."""
    is_of_all = request.POST.get("scope") == "all"
    asked = filtered(request, asked_of(request) if is_of_all else None).qs
    if request.method == "POST" and not is_of_all:
        asked = Request.objects.visible_to(request.user).filter(pk__in=picked(request, "requests")[:IN_A_FILE])
    files = files_of(asked.with_letters().order_by("operator__code", "pk")[:IN_A_FILE])
    if not files:
        messages.error(request, "Aucune demande à mettre dans un fichier : cochez-en au moins une.")
        return redirect("request-list")
    actions.trace(request.user, "export", f"demandes, {request.GET.urlencode()}")
    if len(files) == 1:
        return csv_file(files[0].name, files[0].lines)
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(f"{file.name}.csv", "".join(file.lines))
    name = f"demandes-{timezone.localdate():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(packed.getvalue(), content_type="application/zip", headers=headers)
