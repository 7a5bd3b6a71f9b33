"""A person's contact details are the person's: what somebody else may ask of them, and how the person has the word."""

from django.utils import timezone

from directory.dates import day_of
from mailboxes.lifecycle import Act
from mailboxes.models import Contact, ContactChange, Person
from mailboxes.models.contacts import NEW
from mailboxes.models.system import Signatory
from mailboxes.rules.notices import check_channel
from mailboxes.rules.refusals import NotAllowed, Refused
from mailboxes.rules.roles import check_may


def check_prefer(person: Person, *, by) -> None:
    """One says oneself how one wants to be told."""
    check_may(Act.PREFER_CHANNEL, person=person, by=by)


def check_ask_contact(person: Person, *, by) -> None:
    check_may(Act.ASK_CONTACT, person=person, by=by)


def check_new_contact(now: Contact, wanted: Contact) -> None:
    check_channel(*wanted)
    if wanted == now:
        raise Refused("Rien ne change : ce sont déjà ces coordonnées.", "same")


def check_other_contact(pending: ContactChange, wanted: Contact) -> None:
    """The same, given again, would only tell the person twice."""
    if pending.new == wanted:
        raise Refused(
            f"Ces coordonnées sont déjà données, le {day_of(pending.asked_at)} : la personne en est prévenue. Sans "
            f"refus de sa part, elles valent dès le {day_of(pending.due_at)}.",
            "same",
        )


def check_confirm_contact(change: ContactChange, *, by) -> None:
    """The person, logged in; or whoever reads the new address."""
    check_may(Act.CONFIRM_CONTACT, person=change.person, by=by)
    if isinstance(by, Signatory) and not (by.notice and by.notice.stage == NEW):
        raise NotAllowed("Ce lien ne permet pas de confirmer cette adresse : suivez celui qu’elle a reçu.", "link")
    _check_open(change)
    if change.state == ContactChange.State.CONFIRMED:
        raise Refused("Cette adresse est déjà confirmée.", "confirmed")


def check_object_contact(change: ContactChange, *, by) -> None:
    """Until the delay has passed, confirmed or not."""
    check_may(Act.OBJECT_CONTACT, person=change.person, by=by)
    _check_open(change)


def check_apply_contact(change: ContactChange, *, by) -> None:
    check_may(Act.APPLY_CONTACT, person=change.person, by=by)
    if not change.is_open:
        raise Refused(f"Ces coordonnées sont déjà {change.get_state_display()}.", "settled")
    if change.due_at > timezone.now():
        raise Refused("La personne peut encore refuser ces coordonnées.", "early")


def _check_open(change: ContactChange) -> None:
    if not change.is_open:
        words = change.get_state_display()
        raise Refused(f"Ce lien, ou ce bouton, ne sert plus : ces coordonnées sont déjà {words}.", "settled")
    if change.due_at <= timezone.now():
        raise Refused("Le délai est passé : connectez-vous pour changer vos coordonnées.", "late")
