"""To whom access may be lent, and under whom."""

from datetime import date

from django.utils import timezone

from directory.dates import day_of
from mailboxes.lifecycle import WITH_ACCESSES, Act
from mailboxes.models import Bal, Delegataire
from mailboxes.models.holders import ENDS_FIRST
from mailboxes.rules.moves import check_act
from mailboxes.rules.refusals import NotAllowed, Refused, check_values
from mailboxes.rules.roles import check_may


def check_delegate(bal: Bal, person, under, *, by) -> None:
    check_act(bal, Act.DELEGATE, by=by)
    if not under.is_actor(by):
        raise NotAllowed("Chacun délègue en son propre nom : il répond des accès qu’il ouvre.", "under")
    check_lendable(bal, person, under)


def check_lends(kind: str) -> None:
    """Is access to a BAL of this type lent at all?"""
    if kind == Bal.Kind.APPLICATIVE:
        raise Refused("Une BAL applicative ne se délègue pas : un logiciel l’utilise.", "kind")


def check_lendable(bal: Bal, person, under) -> None:
    """Whoever writes it down: under one who holds the BAL, to one who does not."""
    check_lends(bal.kind)
    if not bal.is_held_by(under):
        raise Refused(f"{under} n’est pas titulaire de cette BAL : seul un titulaire y délègue l’accès.", "under")
    if bal.is_held_by(person):
        raise Refused(f"{person} est déjà titulaire de cette BAL.", "duplicate")


def check_delegation(row: Delegataire) -> None:
    """The part of `check_row` that asks the database nothing: values, and their order."""
    check_values(row, only=("can_read", "can_send", "starts_on", "ends_on", "reason"))
    if row.ends_on and row.ends_on < row.starts_on:
        raise Refused(ENDS_FIRST, "invalid")


def check_not_over(ends_on: date | None) -> None:
    """An access that is lent from now on has a day left: the operator would be asked to open what is over."""
    if ends_on is not None and ends_on < timezone.localdate():
        raise Refused("Ce jour de fin est déjà passé : donnez aujourd’hui, ou un jour à venir.", "ends_on")


def check_take_over(delegation, taker, *, by) -> None:
    """An access stands under one named professional: whoever takes it over answers for it from then on."""
    check_act(delegation.bal, Act.TAKE_OVER, by=by)
    if delegation.ended_at:
        raise Refused("Cette délégation est déjà terminée : déléguez à nouveau l’accès.", "state")
    if not taker.is_actor(by) or not delegation.bal.is_held_by(taker):
        raise NotAllowed("Chacun reprend une délégation en son propre nom.", "under")
    if delegation.under_id == taker.pk:
        raise Refused("Cette délégation est déjà sous votre responsabilité.", "duplicate")


def check_end_delegation(delegation, *, by) -> None:
    check_may(Act.END_DELEGATION, bal=delegation.bal, by=by)
    if delegation.ended_at:
        raise Refused("Cette délégation est déjà terminée.", "state")


def check_ask_extension(delegation, is_asked: bool, *, by) -> None:
    """`is_asked`: it was already, for the day on which it ends now."""
    check_act(delegation.bal, Act.ASK_EXTENSION, by=by)
    _check_open(delegation)
    if not delegation.person.is_actor(by):
        raise NotAllowed("Chacun demande à prolonger son propre accès.", "person")
    if delegation.ends_on is None:
        raise Refused("Cet accès n’a pas de date de fin : il n’y a rien à prolonger.", "ends_on")
    if is_asked:
        raise Refused(
            f"C’est déjà demandé par un avis à {delegation.under}, et personne d’autre ne peut y répondre. "
            "Rappelez-le-lui de vive voix.",
            "asked",
        )


def check_extend(delegation, *, by) -> None:
    check_act(delegation.bal, Act.EXTEND_DELEGATION, by=by)
    _check_open(delegation)
    if not delegation.under.is_actor(by):
        raise NotAllowed(f"Cet accès ne se prolonge que par qui en répond : {delegation.under}.", "under")
    if delegation.ended_at:
        raise Refused("Cette délégation est déjà terminée : déléguez à nouveau l’accès.", "state")
    if delegation.ends_on is None:
        raise Refused("Cet accès n’a pas de date de fin : il n’y a rien à prolonger.", "ends_on")


def _check_open(delegation) -> None:
    if delegation.bal.state not in WITH_ACCESSES:
        raise Refused("L’opérateur a supprimé cette BAL : il n’y a plus d’accès à prolonger.", "state")


def check_longer(delegation, ends_on: date | None) -> None:
    check_not_over(ends_on)
    if ends_on is not None and ends_on <= delegation.ends_on:
        raise Refused(f"Donnez un jour après le {day_of(delegation.ends_on)}, où il finit déjà.", "ends_on")
