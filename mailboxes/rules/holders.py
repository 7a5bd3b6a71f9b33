"""Who may hold a BAL, and who says so."""

from directory.typography import quoted
from mailboxes.lifecycle import MAX_COTITULAIRES, Act
from mailboxes.models import Bal
from mailboxes.rules.moves import check_act
from mailboxes.rules.refusals import Refused


def check_can_hold(person) -> None:
    if not person.can_hold:
        lacks = "un numéro RPPS" if not person.rpps else "une CPS ou une e-CPS"
        raise Refused(
            f"{person} ne peut pas être titulaire : il lui manque {lacks}. Un gestionnaire MSSanté complète sa fiche.",
            "holder",
        )


def check_add_cotitulaire(bal: Bal, person, *, by) -> None:
    check_act(bal, Act.ADD_COTITULAIRE, by=by)
    if not bal.is_shared:
        raise Refused("Seule une BAL organisationnelle ou de cabinet a des cotitulaires.", "kind")
    check_can_hold(person)
    if bal.is_held_by(person):
        raise Refused(f"{person} est déjà cotitulaire.", "duplicate")
    check_number(len(bal.cotitulaires.all()) + 1)


def check_remove_cotitulaire(bal: Bal, person, *, by) -> None:
    if not person.is_actor(by):
        check_act(bal, Act.REMOVE_COTITULAIRE, by=by)
    holder = _holder(bal, person)
    if not bal.is_shared:
        raise Refused(
            "Le titulaire d’une BAL nominative ne peut pas en être retiré. Si ce n’est pas la bonne "
            "personne, un gestionnaire MSSanté corrige la fiche.",
            "kind",
        )
    if holder.is_principal:
        raise Refused(
            "Transmettez d’abord le rôle de cotitulaire principal : sans lui la BAL serait orpheline.", "orphan"
        )


def check_transfer_principal(bal: Bal, person, *, by) -> None:
    check_act(bal, Act.TRANSFER_PRINCIPAL, by=by)
    if _holder(bal, person).is_principal:
        raise Refused(f"{person} est déjà le cotitulaire principal.", "duplicate")
    check_can_hold(person)


def check_name_principal(bal: Bal, person, *, by) -> None:
    check_repair_orphan(bal, by=by)
    if bal.principal() == person:
        raise Refused(f"{person} est déjà le cotitulaire principal.", "duplicate")
    check_can_hold(person)
    if not bal.is_held_by(person):
        check_number(len(bal.cotitulaires.all()) + 1)


def check_repair_orphan(bal: Bal, *, by) -> None:
    """A gestionnaire names the principal of an orphan; a principal who is still there alone hands over."""
    check_act(bal, Act.NAME_PRINCIPAL, by=by)
    if not bal.is_shared:
        raise Refused("Seule une BAL organisationnelle ou de cabinet a un cotitulaire principal.", "kind")
    if not bal.is_orphan():
        raise Refused("Cette BAL a un cotitulaire principal : lui seul peut transmettre ce rôle.", "principal")


def check_stays(bal: Bal, person) -> None:
    """Who leaves does not take charge of a BAL; who was never in its structure may, as in a network."""
    stays = stays_at(bal, person)
    if stays and all(stay.left_on for stay in stays):
        day = max(stay.left_on for stay in stays)
        raise Refused(
            f"{person} quitte {quoted(bal.structure)} le {day:%d/%m/%Y} : désignez quelqu’un qui reste.", "left"
        )


def has_left(bal: Bal, person) -> bool:
    """Was this person in the BAL's structure, and are they there no more?"""
    stays = stays_at(bal, person)
    return bool(stays) and all(stay.is_over for stay in stays)


def stays_at(bal: Bal, person) -> list:
    """The person's stays in the structure of the BAL, past ones too."""
    if person.pk is None:  # about to be entered
        return []
    return [stay for stay in person.affiliations.all() if stay.structure_id == bal.structure_id]


def check_number(holders: int) -> None:
    """A BAL has so many cotitulaires at most."""
    if holders > MAX_COTITULAIRES:
        raise Refused(
            f"Une BAL a au plus {MAX_COTITULAIRES} cotitulaires, le principal compris. Retirez-en un, "
            "ou donnez un accès de délégataire.",
            "full",
        )


def _holder(bal: Bal, person):
    for holder in bal.cotitulaires.all():
        if holder.person_id == person.pk:
            return holder
    raise Refused(f"{person} n’est pas cotitulaire de cette BAL : ajoutez d’abord cette personne.", "holder")
