"""The guided depublication: first the BAL to use instead, then what the operator will read, then the request."""

from mailboxes.forms import DepublishForm
from mailboxes.lifecycle import RequestKind, State, Verb
from mailboxes.requests.asked import asked_of_operator
from mailboxes.requests.wayout import auto_reply_for, preview
from mailboxes.rules import check_move, check_replacement
from mailboxes.views.acts import BalActionView, ForeseenView, MoveView


class DepublishView(ForeseenView, BalActionView):
    template_name = "mailboxes/requests/depublish.html"
    form_class = DepublishForm
    label = Verb.REQUEST_DEPUBLICATION.label
    warning = MoveView.WARNINGS[Verb.REQUEST_DEPUBLICATION]

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "bal": self.bal, "is_previewed": self.is_previewed}

    @property
    def is_previewed(self) -> bool:
        return self.request.method == "POST" and "back" not in self.request.POST

    def check(self, *, by):
        check_move(self.bal, Verb.REQUEST_DEPUBLICATION, by=by)

    def perform(self, form, *, by):
        moved = super().perform(form, by=by)
        asked = asked_of_operator(moved, RequestKind.DEPUBLISH)
        self.done = (
            f"La dépublication est demandée. {asked} Elle sera dite faite quand l’annuaire ne montrera plus cette "
            "adresse."
        )
        return moved

    def foresee(self, form, *, by):
        self.check(by=by)
        self.bal.replaced_by = form.replaced_by
        check_replacement(self.bal)
        form.propose()
        return {"letter": self._letter(form)}

    def refused_in(self, form):
        return "other" if form.cleaned_data["choice"] == "other" else None

    def _letter(self, form):
        facts = {"replaced_by": form.replaced_by, "auto_reply": form.cleaned_data.get("auto_reply", "")}
        reason = form.cleaned_data["note"]
        return preview(self.bal, RequestKind.DEPUBLISH, by=self.request.user, reason=reason, **facts)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if "letter" in context:
            context["reply"] = auto_reply_for(context["form"].replaced_by)
        is_own = any(holder.person.is_actor(self.request.user) for holder in self.bal.cotitulaires.all())
        return {**context, "is_own": is_own, "after": State.DEPUBLICATION_REQUESTED.label}
