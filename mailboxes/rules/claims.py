"""Who may be asked about an address, and who answers."""

from directory.models import Entry
from mailboxes.lifecycle import Act
from mailboxes.models.bals import managed_structures
from mailboxes.models.system import SYSTEM, Signatory
from mailboxes.rules.moves import check_annuaire_fresh
from mailboxes.rules.refusals import NotAllowed, Refused


def check_ask_person(person, addresses: list[str], *, by) -> None:
    if by is not SYSTEM and not person.affiliations.current().filter(structure__in=managed_structures(by)).exists():
        raise NotAllowed(f"« {Act.ASK_PERSON.label} » est réservé à un gestionnaire de sa structure.", "role")
    check_annuaire_fresh()
    if not addresses:
        raise Refused(f"Il n’y a rien de nouveau à demander à {person} : c’est demandé, ou répondu.", "asked")


def check_remind_person(claims: list, *, by) -> None:
    if by is not SYSTEM:
        raise NotAllowed("Les rappels partent d’eux-mêmes.", "role")
    check_annuaire_fresh()
    if not claims:
        raise Refused("Il n’y a rien à rappeler.", "asked")


def check_answer(claim, said: str, *, by) -> None:
    """One answers for oneself, of an address that the annuaire lists under one's RPPS; by a link, once."""
    person = claim.person
    if by is SYSTEM or not person.is_actor(by):
        raise NotAllowed(f"Seul {person} dit si cette adresse est la sienne.", "role")
    if said not in claim.Answer.values:
        raise Refused("Choisissez une des trois réponses.", "answer")
    if isinstance(by, Signatory) and (claim.pk is None or claim.asked_at is None):
        raise Refused("Ce lien ne porte pas sur cette adresse.", "link")
    if isinstance(by, Signatory) and claim.answer:
        raise Refused("Vous avez déjà répondu pour cette adresse. Pour changer d’avis, connectez-vous.", "answered")
    if claim.pk is None and not Entry.objects.published().filter(address=claim.address, person_id=person.rpps).exists():
        raise Refused("L’annuaire ne donne pas cette adresse à votre numéro RPPS.", "unknown")
