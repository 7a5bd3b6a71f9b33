"""Accesses that a gestionnaire records or asks for, on the word of the professional who answers for them."""

from datetime import date

from django.utils import timezone

from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Cotitulaire, Delegataire
from mailboxes.models.system import SYSTEM
from mailboxes.rules.holders import check_can_hold, check_number
from mailboxes.rules.moves import check_act
from mailboxes.rules.refusals import NotAllowed, Refused


def check_access(bal: Bal, person, responsible, act: Act, *, as_cotitulaire: bool, by) -> None:
    """`responsible` said so: a cotitulaire of the BAL, or the titulaire of a PER."""
    check_act(bal, act, by=by)
    if not bal.has_users:
        raise Refused("Une BAL applicative n’a ni cotitulaire ni délégataire : un logiciel l’utilise.", "kind")
    if not bal.is_held_by(responsible):
        raise Refused(
            f"{responsible} n’est pas titulaire de cette BAL : seul un titulaire répond des accès. "
            "Si c’est le registre qui se trompe, corrigez d’abord la fiche.",
            "under",
        )
    if responsible == person:
        raise Refused("Chacun répond des accès des autres : désignez qui a donné sa parole.", "under")
    if bal.is_held_by(person):
        raise Refused(f"{person} est déjà titulaire de cette BAL.", "duplicate")
    if as_cotitulaire:
        if not bal.is_shared:
            raise Refused("Une BAL nominative n’a qu’un titulaire : donnez un accès de délégataire.", "kind")
        check_can_hold(person)
        check_number(len(bal.cotitulaires.all()) + 1)


def check_word(told_on: date | None, told_how: str) -> None:
    """Refuse a word that does not tell who gave it, when, and how: what is kept of it is what the professional may
    contest."""
    if told_on is None or told_on > timezone.localdate():
        raise Refused("Dites quel jour le professionnel vous l’a dit : aujourd’hui ou avant.", "told_on")
    if not told_how.strip():
        raise Refused(
            "Dites comment le professionnel vous l’a dit : de vive voix, par téléphone, par écrit…", "told_how"
        )


def check_object_access(access: Cotitulaire | Delegataire, *, by) -> None:
    """Whose word it was said to be, and nobody else, says that it was not."""
    check_act(access.bal, Act.OBJECT_ACCESS, by=by)
    responsible = access.vouched_by
    if responsible is None:
        raise Refused("Cet accès n’a pas été inscrit sur la parole de quelqu’un : il se retire autrement.", "word")
    if by is SYSTEM or not responsible.is_actor(by):
        raise NotAllowed("Seul le professionnel dont la parole est citée peut la démentir.", "under")
    if isinstance(access, Delegataire) and access.ended_at:
        raise Refused("Cette délégation est déjà terminée.", "state")
