"""What is done to a BAL: each page is a form whose `perform` is an action."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import FormView

from directory.typography import quoted
from mailboxes import actions
from mailboxes.forms import (
    CorrectingMoveForm,
    DescribeForm,
    EmptyForm,
    MoveForm,
    RegisterForm,
    RequestDeletionForm,
)
from mailboxes.forms.offers import ShowingForm
from mailboxes.lifecycle import BY_VERB, CORRECTING, OPENS, REOPENS, Act, Party, RequestKind, Verb, told_of
from mailboxes.lists.place import place_of
from mailboxes.models import Bal, Structure
from mailboxes.models.fields import doubts
from mailboxes.requests.asked import asked_of_operator
from mailboxes.requests.wayout import days_to_wait, preview
from mailboxes.rules import (
    Refused,
    check_act,
    check_declare_use,
    check_move,
    check_retract,
    check_somewhere,
    refusal_of,
)
from mailboxes.views.seen import bal_or_404

SEVERAL = {Party.DELEGATAIRE: "délégataires"}  # whose label says one


class ActionView(FormView):
    """A form whose `perform` is an action: what the domain refuses becomes an error of the form.

    `check` is the part of the rule known before anything is typed: who may not reads why, and sees no form.
    """

    template_name = "mailboxes/action.html"
    form_class: type[forms.BaseForm] = EmptyForm
    label = ""
    submit = ""  # the button's words, where they are not the label
    about = ""  # what it is done to, where that is neither a BAL nor a person
    warning = ""
    done = ""
    is_dangerous = False
    result = None  # of `perform`, once done

    def check(self, *, by) -> None:
        """Raises what can be refused at once."""

    def perform(self, form, *, by):
        raise NotImplementedError

    def back(self) -> str:
        raise NotImplementedError

    def form_valid(self, form):
        try:
            self.result = self.perform(form, by=self.request.user)
        except Refused as refused:
            form.add_error(None, refused)
            return self.form_invalid(form)
        messages.success(self.request, self.done or f"{quoted(self.label)} : c’est fait.")
        if replaced := isinstance(form, ShowingForm) and form.replaced():
            messages.warning(
                self.request,
                f"Pendant que cette page était ouverte, ceci avait changé : {', '.join(map(quoted, replaced))}. "
                "C’est votre saisie qui compte.",
            )
        for sentence in doubts(self.result):
            messages.warning(self.request, sentence)
        return redirect(self.back())

    def get_context_data(self, **kwargs):
        refusal = refusal_of(self.check, by=self.request.user)
        facts = {name: getattr(self, name) for name in ("label", "submit", "about", "warning", "is_dangerous")}
        return super().get_context_data(**facts, back=self.back(), refusal=refusal, **kwargs)


class ForeseenView(ActionView):
    """An action that first shows what it will do: nothing is done before that is confirmed, and one may go back."""

    def foresee(self, form, *, by) -> dict:
        """What the page then shows; raises what can be refused."""
        raise NotImplementedError

    def refused_in(self, form) -> str | None:
        """The field beside which a refusal is read, where it is not above them all."""
        return None

    def form_valid(self, form):
        if "confirmed" in self.request.POST:
            return super().form_valid(form)
        if "back" in self.request.POST:
            return self.render_to_response(self.get_context_data(form=form))
        try:
            facts = self.foresee(form, by=self.request.user)
        except Refused as refused:
            form.add_error(self.refused_in(form), refused)
            return self.form_invalid(form)
        return self.render_to_response(self.get_context_data(form=form, **facts))


class BalActionView(ActionView):
    """An action on one BAL; a stranger gets 404 before anything else."""

    bal: Bal

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.bal = self.find()

    def find(self) -> Bal:
        return bal_or_404(self.kwargs["pk"], self.request.user)

    def perform(self, form, *, by):
        return form.perform(self.bal, by=by)

    def back(self):
        return self.bal.get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(bal=self.bal, **kwargs)


class ActView(BalActionView):
    """One line of `lifecycle.WHO_MAY`."""

    act: Act

    def setup(self, request, *args, **kwargs):
        self.label = self.act.label
        super().setup(request, *args, **kwargs)

    def check(self, *, by):
        check_act(self.bal, self.act, by=by)


class MoveView(BalActionView):
    """One line of `lifecycle.TRANSITIONS`."""

    WARNINGS = {
        Verb.REQUEST_DELETION: "Après la suppression, les courriers envoyés à cette adresse sont perdus, "
        "et les messages qu’elle contient aussi. On ne revient pas en arrière.",
        Verb.REQUEST_DEPUBLICATION: "Il est demandé à l’opérateur de retirer cette BAL de l’annuaire : ses "
        "correspondants ne la trouveront plus. Elle continue de recevoir ce qui lui est adressé.",
        Verb.NEVER_EXISTED: "Pour une BAL inscrite par erreur : elle sort du registre, ce qui était demandé à "
        "l’opérateur est annulé, et son adresse peut être inscrite de nouveau.",
        Verb.OPERATOR_DELETED: "L’opérateur l’a supprimée, que vous l’ayez demandé ou non. Elle n’est plus payée ; sa "
        "disparition de l’annuaire sera constatée.",
        Verb.RETRACT_OPENING: "L’opérateur ne l’a pas encore ouverte : sa réponse est de nouveau attendue.",
        Verb.RETRACT_DELETION: "L’opérateur ne l’a pas encore supprimée : sa réponse est de nouveau attendue.",
        Verb.REVIVE: "L’opérateur l’a gardée, ou rouverte. Ses titulaires d’alors la retrouvent : si elle est "
        "désormais à quelqu’un d’autre, corrigez aussitôt son titulaire.",
    }

    def setup(self, request, *args, **kwargs):
        self.verb = Verb(kwargs["verb"])
        self.label = self.verb.label
        self.warning = self.WARNINGS.get(self.verb, "")
        self.is_dangerous = self.verb == Verb.REQUEST_DELETION
        super().setup(request, *args, **kwargs)
        if self.verb == Verb.REQUEST_DELETION and (days := days_to_wait(self.bal)):
            self.warning += f" Elle n’est dépubliée que depuis peu : mieux vaut attendre encore {days} jours."

    def get_form_class(self):
        if self.verb in CORRECTING:
            return CorrectingMoveForm
        return RequestDeletionForm if self.verb == Verb.REQUEST_DELETION else MoveForm

    def check(self, *, by):
        check_move(self.bal, self.verb, by=by)
        if self.verb in REOPENS:
            check_retract(self.bal, self.verb)

    def perform(self, form, *, by):
        moved = form.perform(self.bal, self.verb, by=by)
        asked = f" {asked_of_operator(moved, OPENS[self.verb])}" if self.verb in OPENS else ""
        self.done = f"C’est enregistré. État de la BAL : {moved.get_state_display()}.{asked}"
        return moved

    def get_context_data(self, **kwargs):
        line = BY_VERB[self.verb]
        told = [SEVERAL.get(party, party.label) for party in Party if party in told_of(self.verb)]
        if self.verb == Verb.REQUEST_DELETION:
            kwargs["letter"] = preview(self.bal, RequestKind.DELETE, by=self.request.user)
        return super().get_context_data(after=line.after.label, told=told, **kwargs)


class DescribeView(ActView):
    act = Act.DESCRIBE
    form_class = DescribeForm
    done = "La fiche est à jour."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "bal": self.bal, "user": self.request.user}


class DeclareUseView(ActView):
    """A holder's "je m'en sers": one click from Mes BAL, and back there."""

    act = Act.DECLARE_USE
    warning = (
        "Sa dernière utilisation connue sera celle d’aujourd’hui : l’inactivité se compte à partir de ce jour, et un "
        "retrait en cours s’arrête."
    )
    done = "C’est noté : vous vous servez de cette BAL."

    def check(self, *, by):
        check_declare_use(self.bal, by=by)

    def perform(self, form, *, by):
        return actions.declare_use(self.bal, by=by)

    def back(self):
        return reverse("my-bals") if "mine" in self.request.POST else super().back()


class EnteringView(ActionView):
    """Something new for one of the structures where one may do this."""

    act: Act

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_form(self, form_class=None):
        """Offers the structures of the one that is acted for, and proposes it."""
        form, place = super().get_form(form_class), place_of(self.request)
        field = form.fields.get("structure")
        if place and isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
            below = Structure.objects.under(place).values("pk")
            field.queryset = field.queryset.filter(pk__in=below)
            if field.queryset.filter(pk=place.pk).exists():
                form.initial.setdefault("structure", place.pk)
        return form

    def check(self, *, by):
        check_somewhere(self.act, by=by)

    def perform(self, form, *, by):
        return form.perform(by=by)

    def back(self):
        return reverse("bal-list")


class RegisterView(EnteringView):
    act = Act.REGISTER
    form_class = RegisterForm
    label = Act.REGISTER.label
    done = "La BAL est inscrite."

    def back(self):
        return self.result.get_absolute_url() if self.result else super().back()
