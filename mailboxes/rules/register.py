"""What may enter the register."""

from directory.identifiers import domain_of
from directory.typography import of, quoted
from mailboxes.lifecycle import Act, State
from mailboxes.models import Bal, Operator, Structure
from mailboxes.models.aliases import KnownAddress
from mailboxes.rules.holders import check_can_hold
from mailboxes.rules.places import check_standing
from mailboxes.rules.refusals import NotAllowed, Refused
from mailboxes.rules.roles import check_may


def check_register(structure: Structure, operator: Operator, kind: str, address: str, principal, *, by) -> None:
    """Whoever may open a BAL for this structure, if it or the professional is eligible."""
    check_may(Act.REGISTER, structure=structure, by=by)
    check_standing(structure)
    check_domain(operator, address)
    check_eligible(structure, kind, principal)


def already_known(known: KnownAddress, structure: Structure) -> Refused:
    """Why this address is no new BAL. One that lives again keeps its journal."""
    if known.state == State.DELETED and known.structure == structure.pk:
        return Refused(
            "Cette adresse est au registre, supprimée. Si elle revit, enregistrez-le depuis sa fiche ; si elle est à "
            "quelqu’un d’autre, corrigez ensuite le titulaire.",
            "deleted",
        )
    if not known.state:
        return Refused(
            "Cette adresse est déjà au registre, comme alias d’une autre BAL : cherchez-la pour ouvrir sa fiche.",
            "invalid",
        )
    return Refused(
        "Cette adresse est déjà au registre. Si la liste ne vous la montre pas, une autre structure "
        "l’a : voyez avec un administrateur.",
        "invalid",
    )


def check_domain(operator: Operator, address: str) -> None:
    if domain_of(address.lower()) not in operator.domain_names:
        raise Refused(
            f"Le domaine {quoted(domain_of(address))} n’est pas un domaine {of(operator)} : corrigez "
            "l’adresse, ou choisissez l’opérateur de ce domaine.",
            "domain",
        )


def check_eligible(structure: Structure, kind: str, principal) -> None:
    """A structure is eligible by its FINESS or SIRET, a professional by their RPPS and card."""
    if principal is not None:
        check_can_hold(principal)
    check_holder_of_kind(structure, kind, principal)


def check_holder_of_kind(structure: Structure, kind: str, principal) -> None:
    """Does this kind of BAL stand there with this titulaire, or without any?"""
    if kind == Bal.Kind.APPLICATIVE:
        if principal is not None:
            raise Refused("Une BAL applicative n’a pas de titulaire : un logiciel l’utilise.", "kind")
        return
    if kind == Bal.Kind.NOMINATIVE and principal is None:
        raise Refused("Une BAL nominative a un titulaire, avec un numéro RPPS.", "holder")
    if kind == Bal.Kind.CABINET and principal is None:
        raise Refused("Une BAL de cabinet a un responsable, avec un numéro RPPS.", "holder")
    if kind == Bal.Kind.ORGANISATIONNELLE and principal is None and not structure.has_national_id:
        raise Refused(
            "Une BAL organisationnelle demande un FINESS ou un SIRET de la structure, "
            "ou au moins un professionnel avec un numéro RPPS.",
            "eligibility",
        )


def check_request_somewhere(*, by) -> None:
    """There must be a structure for which this account may ask."""
    if not Structure.objects.open_to(by).exists():
        raise NotAllowed(
            "Une BAL se demande pour une structure que vous gérez, ou pour vous-même là où vous exercez : "
            "demandez au gestionnaire MSSanté de votre structure de vous y inscrire.",
            "role",
        )


def check_set_naming(structure: Structure, *, by) -> None:
    check_may(Act.SET_NAMING, structure=structure, by=by)
