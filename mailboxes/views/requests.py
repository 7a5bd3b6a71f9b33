"""What operators are asked: the list, one request, what becomes of it, and the files for their consoles."""

import json
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from mailboxes import actions
from mailboxes.forms import RequestBulkForm, RequestStepForm
from mailboxes.forms.filters import RequestFilter
from mailboxes.lifecycle import BY_HAND, FOLLOWS, Act, RequestKind, RequestStage, Verb
from mailboxes.models import Request
from mailboxes.requests.fhir_patch import patch_of
from mailboxes.requests.letters import files_of
from mailboxes.rules import allows, check_move, check_somewhere, check_step, verb_of
from mailboxes.views.acts import ActionView
from mailboxes.views.paging import KeyPaginator
from mailboxes.views.register import csv_file, tell_tally

PER_PAGE = 25
IN_A_FILE = 5000


def filtered(request) -> RequestFilter:
    return RequestFilter(request.GET, queryset=Request.objects.visible_to(request.user), request=request)


def request_list(request):
    found = filtered(request)
    rows = Request.objects.select_related("structure", "operator", "bal")
    paginator = KeyPaginator(found.qs.order_by("-pk"), PER_PAGE, rows=rows)
    return render(
        request,
        "mailboxes/requests/list.html",
        {
            "filter": found,
            "page": paginator.get_page(request.GET.get("page")),
            "is_filtered": any(value not in (None, "") for value in found.form.cleaned_data.values()),
            "acts": [act for act in BY_HAND if act != Act.ASK_AGAIN],
            "can_follow": any(allows(check_somewhere, act, by=request.user) for act in BY_HAND),
        },
    )


def request(request, pk):
    row = get_object_or_404(Request.objects.visible_to(request.user).with_letters(), pk=pk)
    patch = patch_of(row)
    return render(
        request,
        "mailboxes/requests/request.html",
        {
            "row": row,
            "letter": row.letter,
            "acts": [(act, label_of(row, act)) for act in BY_HAND if allows(check_step, row, act, by=request.user)],
            "verbs": ways_on(row, request.user),
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
        return form.perform(self.row, by=by)

    def back(self):
        return (self.result or self.row).get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(asked=self.row, **kwargs)


@require_POST
def request_bulk(request):
    """First the requests that were ticked are shown for confirmation; once confirmed, each goes on or says why not."""
    form = RequestBulkForm(request.POST, user=request.user)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.error(request, " ".join(map(str, sentences)))
        return redirect("request-list")
    act, rows = Act(form.cleaned_data["act"]), form.cleaned_data["requests"]
    if "confirmed" in request.POST:
        tell_tally(request, act, form.perform(by=request.user), noun="demande")
        return redirect("request-list")
    context = {"form": form, "act": act, "rows": rows.select_related("operator").order_by("-pk")}
    return render(request, "mailboxes/requests/bulk.html", context)


def request_file(request):
    """The ticked requests, else the filtered ones, in their operators' columns. To take the file marks nothing."""
    asked = filtered(request).qs
    if request.method == "POST":
        picked = [pk for pk in request.POST.getlist("requests") if pk.isascii() and pk.isdecimal()]
        asked = Request.objects.visible_to(request.user).filter(pk__in=picked[:IN_A_FILE])
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
