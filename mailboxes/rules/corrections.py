"""Which errors of the register may be corrected, by whom; what would break a rule is refused, with the way round."""

from typing import Any

from directory.typography import of
from mailboxes.lifecycle import AWAITED, Act
from mailboxes.models import Bal, Cotitulaire, Person
from mailboxes.rules.holders import check_can_hold, check_stays
from mailboxes.rules.moves import check_act, check_explained
from mailboxes.rules.refusals import NAMED, Refused
from mailboxes.rules.register import check_domain, check_holder_of_kind
from mailboxes.rules.roles import check_may


def check_correct(bal: Bal, changed: dict[str, Any], why: str, *, by) -> None:
    """`changed`: what is said otherwise than the register has it, among principal, kind, address, structure and
    operator."""
    check_act(bal, Act.CORRECT, by=by)
    check_changes(changed)
    check_explained(Act.CORRECT, why)
    said = {name: changed.get(name, getattr(bal, name)) for name in ("kind", "address", "structure", "operator")}
    principal = changed.get("principal", bal.principal())
    if "structure" in changed:
        check_may(Act.CORRECT, structure=said["structure"], by=by)
    if {"address", "operator"} & changed.keys():
        check_domain(said["operator"], said["address"])
    if "operator" in changed:
        check_nothing_awaited(bal)
    if changed.get("principal"):
        check_can_hold(principal)
        check_stays(bal, principal)
    if {"structure", "kind", "principal"} & changed.keys():
        check_holder_of_kind(said["structure"], said["kind"], principal)
        check_people_of_kind(bal, said["kind"])


def check_changes(changed: dict[str, Any]) -> None:
    if not changed:
        raise Refused("Rien ne change : dites ce qui est à corriger.", "same")


def check_nothing_awaited(bal: Bal) -> None:
    """One operator's answer cannot come from another."""
    if asked := [row for row in bal.requests.all() if row.stage in AWAITED]:
        count = "Une demande attend" if len(asked) == 1 else f"{len(asked)} demandes attendent"
        raise Refused(
            f"{count} la réponse {of(bal.operator)} : annulez d’abord, depuis les demandes, ce qui lui a été demandé à "
            "tort.",
            "asked",
        )


def check_people_of_kind(bal: Bal, kind: str) -> None:
    """The people beside the titulaire must be able to stand on a BAL of that kind."""
    others = [row for row in bal.cotitulaires.all() if not row.is_principal]
    if kind not in Bal.SHARED and others:
        named = ", ".join(str(row.person) for row in others[:NAMED]) + (" …" if len(others) > NAMED else "")
        raise Refused(
            f"Une BAL {Bal.Kind(kind).label} n’a pas de cotitulaires : faites d’abord retirer {named}.", "holders"
        )
    if kind == Bal.Kind.APPLICATIVE and bal.delegataires.standing().exists():
        raise Refused(
            "Une BAL applicative ne se délègue pas : mettez d’abord fin aux délégations en cours.", "delegations"
        )


def check_correct_person(person: Person, changed: dict[str, Any], why: str, *, by) -> None:
    """`changed`: among family_name, given_name and rpps."""
    check_may(Act.CORRECT_PERSON, person=person, by=by)
    check_changes(changed)
    check_explained(Act.CORRECT_PERSON, why)
    number = changed.get("rpps", person.rpps)
    if "rpps" in changed and number and Person.objects.filter(rpps=number).exclude(pk=person.pk).exists():
        raise Refused(
            f"Le numéro RPPS {number} est déjà celui d’une autre fiche du registre. Si c’est la même personne, gardez "
            "cette autre fiche : corrigez le titulaire des BAL qui portent celle-ci, puis enregistrez ici son départ.",
            "rpps",
        )
    if person.rpps and not number:
        check_holds_nothing(person)


def check_holds_nothing(person: Person) -> None:
    held = Cotitulaire.objects.filter(person=person).select_related("bal").order_by("bal__address")
    live = [row.bal.address for row in held if not row.bal.is_over]
    if live:
        named = ", ".join(live[:NAMED]) + (" …" if len(live) > NAMED else "")
        raise Refused(
            f"Sans numéro RPPS {person} ne peut pas rester titulaire {of(named)} : corrigez d’abord leur titulaire, ou "
            "donnez le bon numéro.",
            "holder",
        )
