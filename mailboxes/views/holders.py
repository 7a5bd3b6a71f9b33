"""Who holds a BAL, and to whom access is lent."""

from django.shortcuts import get_object_or_404
from django.urls import reverse

from directory.dates import day_said
from directory.typography import of
from mailboxes import actions
from mailboxes.forms import AddCotitulaireForm, AskExtensionForm, DelegateForm, ExtendForm, NamePrincipalForm
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.models import Bal, Delegataire, Person
from mailboxes.requests.asked import asked_of_operator, asked_of_what_was_lost
from mailboxes.rules import (
    check_ask_extension,
    check_end_delegation,
    check_extend,
    check_remove_cotitulaire,
    check_repair_orphan,
    check_take_over,
    check_transfer_principal,
)
from mailboxes.views.acts import ActView
from mailboxes.views.seen import bal_or_404


class NamePersonView(ActView):
    """A person is looked for and named."""

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "bal": self.bal, "user": self.request.user}


class AddCotitulaireView(NamePersonView):
    form_class = AddCotitulaireForm
    act = Act.ADD_COTITULAIRE

    def perform(self, form, *, by):
        added = super().perform(form, by=by)
        asked = asked_of_operator(self.bal, RequestKind.GRANT, added.person)
        self.done = f"{added.person} est cotitulaire au registre. {asked}"
        return added


class NamePrincipalView(NamePersonView):
    form_class = NamePrincipalForm
    act = Act.NAME_PRINCIPAL
    warning = (
        "Cette BAL n’a personne qui en réponde. Le principal que vous désignez en répond désormais, peut en demander "
        "la suppression et transmettre son rôle ; il est prévenu, ainsi que les cotitulaires. Il lui faut un numéro "
        "RPPS et une CPS ou une e-CPS. S’il n’était pas cotitulaire, il le devient."
    )

    done = "Le principal est désigné, et prévenu."

    def check(self, *, by):
        check_repair_orphan(self.bal, by=by)


class DelegateView(NamePersonView):
    form_class = DelegateForm
    act = Act.DELEGATE
    warning = "Cette personne accédera à la BAL en votre nom : vous répondez de ce qu’elle y fait."

    def perform(self, form, *, by):
        lent = super().perform(form, by=by)
        asked = asked_of_operator(self.bal, RequestKind.GRANT, lent.person)
        self.done = f"La délégation à {lent.person} est inscrite. {asked}"
        return lent


class HolderView(ActView):
    """An act on a holder who stands on the page: nothing to type, only to confirm."""

    person: Person

    def find(self):
        bal = super().find()
        self.person = get_object_or_404(Person, held__bal=bal, pk=self.kwargs["person"])
        return bal

    def get_context_data(self, **kwargs):
        return super().get_context_data(person=self.person, **kwargs)


class RemoveCotitulaireView(HolderView):
    act = Act.REMOVE_COTITULAIRE
    is_dangerous = True
    warning = "Les délégations que cette personne a données sur cette BAL prennent fin avec elle."

    def check(self, *, by):
        check_remove_cotitulaire(self.bal, self.person, by=by)

    def perform(self, form, *, by):
        actions.remove_cotitulaire(self.bal, self.person, by=by)
        asked = asked_of_what_was_lost(self.bal, self.person)
        self.done = f"{self.person} n’est plus cotitulaire. {asked}"

    def back(self):
        """The page to go to next: who removed themselves may no longer see the BAL."""
        still_seen = Bal.objects.visible_to(self.request.user).filter(pk=self.bal.pk).exists()
        return super().back() if still_seen else reverse("my-bals")


class TransferPrincipalView(HolderView):
    act = Act.TRANSFER_PRINCIPAL
    warning = "Vous restez cotitulaire, mais vous ne pourrez plus demander la suppression, ni reprendre ce rôle seul."

    def check(self, *, by):
        check_transfer_principal(self.bal, self.person, by=by)

    def perform(self, form, *, by):
        self.done = f"{self.person} est maintenant principal {of(self.bal)}."
        return actions.transfer_principal(self.bal, self.person, by=by)


class DelegationView(ActView):
    """An act on one delegation."""

    delegation: Delegataire

    def find(self):
        delegations = Delegataire.objects.select_related("person", "under")
        self.delegation = get_object_or_404(delegations, pk=self.kwargs["pk"])
        self.delegation.bal = bal_or_404(self.delegation.bal_id, self.request.user)
        return self.delegation.bal

    def get_context_data(self, **kwargs):
        return super().get_context_data(person=self.delegation.person, under=self.delegation.under, **kwargs)


class EndDelegationView(DelegationView):
    act = Act.END_DELEGATION
    is_dangerous = True

    def check(self, *, by):
        check_end_delegation(self.delegation, by=by)

    def perform(self, form, *, by):
        ended = actions.end_delegation(self.delegation, by=by)
        asked = asked_of_what_was_lost(self.bal, self.delegation.person)
        self.done = f"La délégation prend fin. {asked}"
        return ended


class TakeOverDelegationView(DelegationView):
    act = Act.TAKE_OVER
    done = "La délégation continue, sous votre responsabilité."
    warning = "Cette personne accède désormais à la BAL en votre nom : vous répondez de ce qu’elle y fait."

    def check(self, *, by):
        check_take_over(self.delegation, oneself(by), by=by)

    def perform(self, form, *, by):
        return actions.take_over_delegation(self.delegation, by=by)


class AskExtensionView(DelegationView):
    act = Act.ASK_EXTENSION
    form_class = AskExtensionForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.done = (
            f"C’est demandé, par un avis à {self.delegation.under}. Si l’accès est prolongé, un autre vous le dira."
        )

    def check(self, *, by):
        check_ask_extension(self.delegation, actions.is_extension_asked(self.delegation), by=by)

    def perform(self, form, *, by):
        return form.perform(self.delegation, by=by)

    def back(self):
        return reverse("my-bals")


class ExtendDelegationView(DelegationView):
    """The day that was asked for is proposed, with what was said of it."""

    act = Act.EXTEND_DELEGATION
    form_class = ExtendForm
    warning = "Cette personne accède plus longtemps à la BAL en votre nom : vous répondez de ce qu’elle y fait."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.asked = actions.asked_extension(self.delegation)
        if self.asked:
            until = f" jusqu’au {self.asked.after}" if self.asked.after else ""
            said = f" Motif : {self.asked.note}" if self.asked.note else ""
            self.about = f"{self.delegation.person} demande à garder cet accès{until}.{said}"

    def get_initial(self):
        wanted = {"ends_on": day_said(self.asked.after)} if self.asked and self.asked.after else {}
        return {**super().get_initial(), **wanted}

    def check(self, *, by):
        check_extend(self.delegation, by=by)

    def perform(self, form, *, by):
        extended = form.perform(self.delegation, by=by)
        asked = asked_of_operator(self.bal, RequestKind.GRANT, extended.person)
        self.done = f"La délégation {of(extended.person)} est prolongée. {asked}"
        return extended


def oneself(user) -> Person:
    """The person whose account this is; an account of nobody holds nothing, and the rules say so."""
    return Person.objects.filter(user=user).first() or Person()
