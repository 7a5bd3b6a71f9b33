"""A person's contact details: how each wants to be told, and what they say of those that somebody else gave."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from mailboxes import actions
from mailboxes.forms import MyPreferencesForm, PreferencesForm
from mailboxes.models import Contact, ContactChange, Notice, Person, Signatory
from mailboxes.models.contacts import FORMER, OF_CONTACTS
from mailboxes.notices import links
from mailboxes.rules import (
    allows,
    check_ask_contact,
    check_confirm_contact,
    check_object_contact,
    check_prefer,
)
from mailboxes.views.acts import ActionView
from mailboxes.views.signed import Answer, answer_with, by_signed_link

ANSWERS = {
    "confirm": Answer(
        actions.confirm_contact,
        "C’est noté : cette adresse est confirmée.",
        (ContactChange.State.CONFIRMED, ContactChange.State.APPLIED),
    ),
    "object": Answer(
        actions.object_contact,
        "C’est noté : ces coordonnées ne sont pas prises en compte.",
        (ContactChange.State.OBJECTED,),
    ),
}


# --- By the signed link -----------------------------------------------------------------------------------------------
@by_signed_link(links.CONTACT, Notice.objects.filter(stage__in=OF_CONTACTS, entry__contact_change__isnull=False).all)
def contact_link(request, token, notice):
    """The page where a person, at the former address or the new one, says what they make of a change."""
    change = ContactChange.objects.select_related("asked_by", "person__user").get(entry=notice.entry_id)
    by = Signatory(notice.person, notice)
    if request.method == "POST":
        answer_with(request, ANSWERS, change, by=by)
        return redirect("contact-link", token)
    is_former = notice.stage == FORMER
    told = masked(change.new) if is_former else str(change.new)
    facts = {"is_former": is_former, "told": told, **facts_of(change, by)}
    return render(request, "mailboxes/contact_link.html", facts)


def masked(contact: Contact) -> str:
    """Enough to know one's own again: the former mailbox may have other readers by now."""
    addresses = [f"{address[:2]}…@{address.rpartition('@')[2]}" for address in contact[1:] if address]
    return f"{Person.Channel(contact.channel).label} ({', '.join(addresses) or 'aucune adresse'})"


def facts_of(change: ContactChange, by) -> dict:
    return {
        "change": change,
        "may_confirm": allows(check_confirm_contact, change, by=by),
        "may_object": allows(check_object_contact, change, by=by),
    }


def pending_of(person: Person | None, by) -> dict:
    """What somebody else asked, and can still be refused; {} where there is nothing."""
    change = person and person.contact_changes.open().select_related("asked_by", "person__user").first()
    return facts_of(change, by) if change else {}


# --- Logged in --------------------------------------------------------------------------------------------------------
@require_POST
def contact_answer(request, pk):
    own = ContactChange.objects.filter(person__user=request.user)
    change = get_object_or_404(own.select_related("person"), pk=pk)
    answer_with(request, ANSWERS, change, by=request.user)
    return redirect("my-bals")


class PreferencesView(ActionView):
    """How a person whom one sees is told: a gestionnaire may ask that it change, and the person has the word."""

    label = "Comment prévenir cette personne"
    submit = "Demander ce changement"
    form_class = PreferencesForm
    warning = (
        "Ces coordonnées sont à la personne. Elle est prévenue de ce changement à son adresse actuelle, et peut le "
        "refuser ; il compte quand la nouvelle adresse est confirmée, ou le délai passé. Un avis déjà parti ne change "
        "pas d’adresse."
    )
    done = "C’est demandé : la personne peut confirmer ces coordonnées, ou les refuser."
    person: Person

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.person = self.find(request.user)

    def find(self, user):
        return get_object_or_404(Person.objects.visible_to(user).exclude(user=user), pk=self.kwargs["pk"])

    def get_form_kwargs(self):
        asked = super().get_form_kwargs()
        return {"person": self.person, **{name: asked[name] for name in ("data", "files") if name in asked}}

    def check(self, *, by):
        check_ask_contact(self.person, by=by)

    def perform(self, form, *, by):
        return form.perform(self.person, by=by)

    def back(self):
        return self.person.get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(person=self.person, **kwargs)


class MyPreferencesView(PreferencesView):
    label = "Mes préférences"
    submit = "Enregistrer"
    form_class = MyPreferencesForm
    warning = ""
    done = "C’est enregistré. Un avis déjà parti ne change pas de canal."

    def find(self, user):
        return get_object_or_404(Person, user=user)

    def check(self, *, by):
        check_prefer(self.person, by=by)

    def back(self):
        return reverse("my-bals")


def my_preferences(request):
    """The menu leads here whoever is logged in; an account that is nobody's of the register has its own address."""
    if Person.objects.filter(user=request.user).exists():
        return MyPreferencesView.as_view()(request)
    messages.info(
        request,
        "Votre compte n’est celui d’aucune personne du registre : les avis sont envoyés à son adresse, ci-dessous.",
    )
    return redirect("account")
