"""The request for a BAL, step by step: plain forms over a draft; nothing enters the register before the last."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.generic import FormView

from mailboxes.lifecycle import RequestKind
from mailboxes.models import Structure
from mailboxes.models.fields import doubts
from mailboxes.models.thresholds import chosen
from mailboxes.openings.accesses import AccessForm
from mailboxes.openings.actions import begin_draft, drop_draft, preview_opening, request_opening, save_draft
from mailboxes.openings.advice import CASES
from mailboxes.openings.forms import NAMES, STEPS, NamingPolicyForm, Opening
from mailboxes.openings.models import NamingPolicy, OpeningDraft
from mailboxes.requests.asked import asked_of_operator
from mailboxes.rules import Refused, check_request_somewhere, check_set_naming, refusal_of
from mailboxes.views.acts import ActionView
from mailboxes.views.refusals import refusals_told
from mailboxes.views.structures_named import structures_named


def opening(request):
    """The page where one begins, or comes back to what one has begun."""
    if request.method == "POST":
        with refusals_told(request):
            draft = begin_draft(by=request.user)
            return redirect("opening-step", draft.pk, STEPS[0].name)
        return redirect("opening")
    refusal = refusal_of(check_request_somewhere, by=request.user)
    drafts = request.user.opening_drafts.all()
    managed = Structure.objects.managed_by(request.user).select_related("naming_policy")
    context = {
        "refusal": refusal,
        "drafts": [(draft, _about(draft)) for draft in drafts],
        "managed": structures_named(request, managed),
        "kept_days": chosen.DRAFTS_KEPT.days,
    }
    return render(request, "mailboxes/openings/opening.html", context)


def _about(draft: OpeningDraft) -> str:
    """The words by which its author recognises a draft; the list runs no query for them."""
    answers = draft.answers
    address = answers.get("adresse", {}).get("warned_of", "")
    holder = answers.get("responsable", {})
    return address or holder.get("service") or holder.get("software") or holder.get("principal") or ""


class OpeningStepView(FormView):
    """One step. A step beyond what is settled leads back to the first that is not."""

    template_name = "mailboxes/openings/step.html"

    def dispatch(self, request, *args, **kwargs):
        draft = get_object_or_404(OpeningDraft, pk=kwargs["draft"], user=request.user)
        self.step = STEPS[NAMES.index(kwargs["step"])]
        self.opening = Opening(draft, request.user)
        reached = self.opening.reached()
        if NAMES.index(reached) < NAMES.index(self.step.name):
            return redirect("opening-step", draft.pk, reached)
        if self.step.form is None:
            return self.review(request)
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class=None):
        if self.request.method != "POST":
            form = self.opening.form(self.step)
            return form.shown() if isinstance(form, AccessForm) else form
        extra = {}
        if self.step.form is AccessForm:
            extra["people"] = self.opening.draft.answers.get(self.step.name, {}).get("people", [])
        assert self.step.form  # noqa: S101 - see `dispatch`
        return self.step.form(self.request.POST, opening=self.opening, **extra)

    def post(self, request, *args, **kwargs):
        if "remove" in request.POST:
            return self.remove(request.POST["remove"])
        return super().post(request, *args, **kwargs)

    def form_valid(self, form):
        draft = save_draft(self.opening.draft, self.step.name, form.answers())
        if "add" in self.request.POST:
            return redirect("opening-step", draft.pk, self.step.name)
        return redirect("opening-step", draft.pk, NAMES[NAMES.index(self.step.name) + 1])

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def remove(self, identity: str):
        """Take a person off the list of those who will have access."""
        draft = self.opening.draft
        answers = draft.answers.get(self.step.name, {})
        people = [one for one in answers.get("people", []) if one["id"] != identity]
        save_draft(draft, self.step.name, {**answers, "people": people})
        return redirect("opening-step", draft.pk, self.step.name)

    def get_context_data(self, **kwargs):
        rank = NAMES.index(self.step.name)
        kwargs["own_case"] = CASES.get(self.opening.structure.kind, "") if rank else ""
        return super().get_context_data(**self.frame(rank), back=NAMES[rank - 1] if rank else "", **kwargs)

    def frame(self, rank: int) -> dict:
        return {
            "opening": self.opening,
            "draft": self.opening.draft,
            "step": self.step,
            "steps": [(step, number, number < rank) for number, step in enumerate(STEPS)],
            "number": rank + 1,
        }

    def review(self, request):
        """What the operator would get; confirmed, it is done."""
        facts, refusal, text, status = self.opening.request(), "", "", 200
        try:
            if request.method == "POST":
                return self.done(request_opening(**facts, draft=self.opening.draft, by=request.user))
            text = preview_opening(**facts, by=request.user)
        except Refused as refused:
            refusal, status = refused.messages[0], 422 if request.method == "POST" else 200
        context = {**self.frame(len(STEPS) - 1), "facts": facts, "text": text, "refusal": refusal, "back": NAMES[-2]}
        return render(request, "mailboxes/openings/review.html", context, status=status)

    def done(self, bal):
        messages.success(self.request, f"Demande inscrite au registre. {asked_of_operator(bal, RequestKind.OPEN)}")
        for person in (holder.person for holder in bal.cotitulaires.select_related("person")):
            for sentence in doubts(person):
                messages.warning(self.request, sentence)
        return redirect(bal)


class DropDraftView(ActionView):
    label = "Effacer ce brouillon"
    warning = "Ce que vous avez répondu est perdu. Rien n’a été demandé à un opérateur."
    done = "Le brouillon est effacé : rien n’a été demandé."
    is_dangerous = True
    draft: OpeningDraft

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.draft = get_object_or_404(OpeningDraft, pk=kwargs["draft"], user=request.user)
        self.about = _about(self.draft)

    def perform(self, form, *, by):
        drop_draft(self.draft)

    def back(self):
        return reverse("opening")


class NamingPolicyView(ActionView):
    """A structure's naming policy, with what it gives; « preview » shows without saving."""

    template_name = "mailboxes/openings/naming.html"
    form_class = NamingPolicyForm
    done = "La règle de nommage vaut pour les BAL à venir."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.structure = get_object_or_404(Structure.objects.visible_to(request.user), pk=kwargs["structure"])

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "instance": NamingPolicy.objects.own(self.structure)}

    def check(self, *, by):
        check_set_naming(self.structure, by=by)

    def perform(self, form, *, by):
        return form.perform(self.structure, by=by)

    def back(self):
        return reverse("naming", args=[self.structure.pk]) if self.result else reverse("opening")

    def form_valid(self, form):
        if "preview" in self.request.POST:
            is_partial = "HX-Request" in self.request.headers
            template = "mailboxes/openings/_naming_examples.html" if is_partial else self.template_name
            return render(self.request, template, self.get_context_data(form=form))
        return super().form_valid(form)

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(structure=self.structure, **kwargs)
        return {**context, "examples": context["form"].examples(self.structure)}
