"""Who may be asked about an address, and who answers."""

from directory.models import Entry, SyncRun
from mailboxes.lifecycle import Act
from mailboxes.models.system import Signatory
from mailboxes.rules.moves import check_fresh
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may


def check_ask_person(person, addresses: list[str], run: SyncRun | None, *, by) -> None:
    """`run`: the one that brought the annuaire."""
    check_may(Act.ASK_PERSON, person=person, by=by)
    check_fresh(run)
    if not addresses:
        raise Refused(f"Il n’y a rien de nouveau à demander à {person} : c’est demandé, ou répondu.", "asked")


def check_remind_person(person, claims: list, run: SyncRun | None, *, by) -> None:
    check_may(Act.REMIND_PERSON, person=person, by=by)
    check_fresh(run)
    if not claims:
        raise Refused("Il n’y a rien à rappeler : tout a sa réponse, ou rien n’est encore demandé.", "asked")


def check_answer(claim, said: str, *, by) -> None:
    """The answer is about an address that the annuaire lists under the person's RPPS; by a link, once."""
    person = claim.person
    check_may(Act.ANSWER, person=person, by=by)
    if said not in claim.Answer.values:
        raise Refused("Choisissez une des trois réponses.", "answer")
    if isinstance(by, Signatory) and not _is_asked_in(by.notice, claim):
        raise Refused(
            "Ce lien ne porte pas sur cette adresse : suivez celui du dernier avis, ou connectez-vous.", "link"
        )
    if isinstance(by, Signatory) and claim.answer:
        raise Refused("Vous avez déjà répondu pour cette adresse. Pour changer d’avis, connectez-vous.", "answered")
    if claim.pk is None and not Entry.objects.published().filter(address=claim.address, person_id=person.rpps).exists():
        raise Refused(
            "L’annuaire ne donne pas cette adresse à votre numéro RPPS. Si elle est à vous, demandez "
            "à son opérateur de l’y corriger.",
            "unknown",
        )


def _is_asked_in(notice, claim) -> bool:
    """True of what the link of a mail asks: one answers what had been asked when it was written."""
    return claim.asked_at is not None and (notice is None or claim.asked_at <= notice.created_at)
