"""Accesses recorded or asked for on a professional's word, and that professional's own word against it."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from mailboxes import actions
from mailboxes.forms.recorded_accesses import RecordAccessForm
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.models import Bal, Cotitulaire, Delegataire, Person
from mailboxes.requests.asked import asked_of_operator, asked_of_what_was_lost
from mailboxes.rules import check_object_access
from mailboxes.views.acts import ActView
from mailboxes.views.holders import NamePersonView


class AccessView(NamePersonView):
    act = Act.RECORD_ACCESS
    form_class = RecordAccessForm
    label = "Inscrire ou demander un accès"
    done = "C’est inscrit : la personne et le professionnel cité en sont prévenus."
    warning = (
        "Chaque accès a un professionnel qui en répond. Vous n’agissez ici que sur sa parole : dites quand et comment "
        "il vous l’a donnée. Il en est prévenu, et un démenti retire l’accès."
    )

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.label = AccessView.label

    def perform(self, form, *, by):
        access = super().perform(form, by=by)
        if form.is_asked:
            self.done = f"{AccessView.done} {asked_of_operator(self.bal, RequestKind.GRANT, access.person)}"
        return access


class ObjectAccessView(ActView):
    """An access of a person who stands on the page."""

    act = Act.OBJECT_ACCESS
    is_dangerous = True
    warning = (
        "Le gestionnaire a inscrit cet accès en citant votre parole. Si vous n’avez rien dit de tel, l’accès est "
        "retiré du registre ; s’il est ouvert chez l’opérateur, sa fermeture lui est demandée."
    )
    access: Cotitulaire | Delegataire

    def find(self):
        bal = super().find()
        person = get_object_or_404(Person, pk=self.kwargs["person"])
        self.access = vouched(bal, person)
        self.access.bal = bal
        return bal

    def check(self, *, by):
        check_object_access(self.access, by=by)

    def perform(self, form, *, by):
        actions.object_access(self.access, by=by)
        asked = asked_of_what_was_lost(self.bal, self.access.person)
        self.done = f"L’accès est retiré, et le gestionnaire en est prévenu. {asked}"

    def get_context_data(self, **kwargs):
        return super().get_context_data(person=self.access.person, **kwargs)


def vouched(bal: Bal, person: Person) -> Cotitulaire | Delegataire:
    """The access of this person that was written down on somebody's word."""
    held = Cotitulaire.objects.filter(bal=bal, person=person, on_word_of__isnull=False)
    lent = Delegataire.objects.standing().filter(bal=bal, person=person, told_on__isnull=False)
    access = held.select_related("person", "on_word_of").first() or lent.select_related("person", "under").first()
    if access is None:
        raise Http404
    return access
