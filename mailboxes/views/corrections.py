"""Errors of the register put right: a BAL's titulaire, type, address, structure, operator; a person."""

from django.urls import reverse

from directory.models import Entry
from mailboxes.forms.corrections import CorrectBalForm, CorrectPersonForm
from mailboxes.lifecycle import STOPPABLE, Act, RequestKind
from mailboxes.models import Bal, Person, Preference, Request
from mailboxes.models.people import people_of_annuaire
from mailboxes.requests.asked import asked_of_operator
from mailboxes.rules import check_may
from mailboxes.views.acts import ActView
from mailboxes.views.people import PersonActionView


class CorrectView(ActView):
    act = Act.CORRECT
    template_name = "mailboxes/correct.html"
    form_class = CorrectBalForm

    def get_form_kwargs(self):
        initial = said_by_annuaire(self.bal) if "annuaire" in self.request.GET else {}
        return {**super().get_form_kwargs(), "bal": self.bal, "user": self.request.user, "initial": initial}

    def perform(self, form, *, by):
        result = super().perform(form, by=by)
        self.done = "La fiche est corrigée, et le journal le dit."
        if isinstance(result, Request):
            self.done = asked_of_operator(self.bal, RequestKind.CHANGE)
        return result

    def back(self):
        """The BAL; but what is no longer in one's structures leads to the register."""
        still_seen = Bal.objects.visible_to(self.request.user).filter(pk=self.bal.pk).exists()
        return super().back() if still_seen else reverse("bal-list")

    def get_context_data(self, **kwargs):
        return super().get_context_data(consequences=consequences(self.bal), **kwargs)


def said_by_annuaire(bal: Bal) -> dict:
    """What its line in the annuaire says of its type and titulaire, to start from."""
    entry = Entry.objects.published().filter(address=bal.address).order_by("ordinal", "pk").first()
    if entry is None:
        return {}
    said = {"kind": entry.kind} if entry.kind in Bal.Kind.values else {}
    person = Person.objects.filter(rpps=entry.person_id or "-").first()
    person = person or people_of_annuaire([entry.person_id]).get(entry.person_id)
    return said | ({"principal": person} if person else {})


def consequences(bal: Bal) -> list[str]:
    """What follows from a correction of this BAL, one sentence each."""
    awaited = Request.objects.filter(bal=bal).awaited().count()
    preferred = Preference.objects.filter(address=bal.address).count()
    lent = bal.delegataires.standing().count()
    told = bal.notices.delivered().filter(created_at__gte=bal.state_since).count()
    said = ["Les titulaires, et qui l’était par erreur, sont prévenus de ce qui change et de votre motif."]
    if bal.state in STOPPABLE:
        said.append(
            f"La BAL est {bal.get_state_display()}{f', et {told} avis sont partis' if told > 1 else ''} : un autre "
            "titulaire reprend depuis le début, ce que l’ancien a laissé passer ou demandé ne compte plus."
        )
    if lent:
        said.append("Les délégations données par qui n’est pas titulaire prennent fin ; le vrai titulaire les redonne.")
    if awaited:
        said.append(
            "Ce qui est demandé à l’opérateur l’a été avec l’ancienne fiche : relisez ces demandes, et relancez-le ou "
            "annulez-les. Son opérateur ne se corrige pas tant qu’il doit une réponse."
        )
    if preferred:
        said.append(
            "Quelqu’un l’a choisie pour BAL privilégiée : son choix suit une adresse corrigée ; il ne passe pas à un "
            "autre titulaire."
        )
    said.append("Les kits, signatures et affiches déjà remis portent l’ancienne adresse et l’ancien nom.")
    return said


class CorrectPersonView(PersonActionView):
    form_class = CorrectPersonForm
    label = Act.CORRECT_PERSON.label
    done = "L’identité est corrigée, et la personne en est prévenue."
    warning = (
        "C’est par son numéro RPPS que l’annuaire connaît une personne : ses situations d’exercice, ses adresses et "
        "ses écarts en dépendent. Ses BAL, ses accès et ses demandes restent les siens ; les kits déjà remis portent "
        "l’ancien nom. Ses adresses ne changent pas : demandez-les à l’opérateur."
    )

    def check(self, *, by):
        check_may(Act.CORRECT_PERSON, person=self.person, by=by)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "person": self.person}

    def perform(self, form, *, by):
        return form.perform(self.person, by=by)
