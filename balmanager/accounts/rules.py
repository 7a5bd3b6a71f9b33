"""What an account may change of itself, and what one account may do to another."""

from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from balmanager.accounts.models import Invitation, User
from directory.dates import day_of
from directory.typography import of, quoted
from mailboxes.models import Membership, Person, Structure
from mailboxes.models.roles import managed_structures
from mailboxes.models.thresholds import chosen
from mailboxes.rules import NotAllowed, Refused, allows


def check_address(account: User, address: str) -> None:
    if not address:
        raise Refused("Indiquez une adresse.", "address")
    if address.lower() == account.email.lower():
        raise Refused("C’est déjà l’adresse de ce compte.", "same")
    check_address_free(address)


def check_address_free(address: str) -> None:
    if User.objects.filter(email__iexact=address).exists():
        raise Refused("Cette adresse est déjà celle d’un autre compte : donnez-en une autre.", "taken")


def check_tie(account: User, person: Person, *, by: User | None) -> None:
    """`by` None: an identity provider vouches for the RPPS. Else who manages the person's structure, for another.

    The account will act as the person, in other structures too: its address must be one that the person is known to
    read, or its RPPS vouched for.
    """
    if person.user_id or Person.objects.filter(user=account.pk).exists():
        raise Refused("Ce compte, ou cette personne, est déjà rattaché : détachez d’abord ce qui l’est à tort.", "tied")
    vouched = rpps_vouched(account)
    if vouched and person.rpps and vouched != person.rpps:
        raise Refused(
            "Le RPPS de cette personne n’est pas celui que le fournisseur d’identité atteste : vérifiez que c’est "
            "la bonne personne.",
            "rpps",
        )
    if by is None:
        return
    if by.pk == account.pk:
        raise NotAllowed("On ne rattache pas son propre compte : demandez-le à un autre gestionnaire.", "self")
    stays = person.affiliations.current().values_list("structure", flat=True)
    if not by.is_superuser and not set(stays) & managed_structures(by):
        raise NotAllowed(
            "Rattacher un compte est réservé à un gestionnaire de la structure de la personne : demandez-le-lui.",
            "role",
        )
    is_vouched = vouched and vouched == person.rpps
    if not (by.is_superuser or is_vouched or person.is_trusted_at(account.email)):
        raise Refused(
            f"Ce compte est à l’adresse {account.email}, qui n’est pas, ou pas encore, celle {of(person)} : il agirait "
            "en son nom, ailleurs aussi. Inscrivez d’abord cette adresse dans ses coordonnées ; une fois confirmée, ou "
            f"après {chosen.CONTACT_DELAY.days} jours, le compte se rattache.",
            "address",
        )


def rpps_vouched(account: User) -> str:
    """The RPPS that an identity provider gives this account, or ""."""
    known = SocialAccount.objects.filter(user=account.pk).values_list("extra_data", flat=True)
    return next((data["rpps"] for data in known if data.get("rpps")), "")


# --- What accounts may do -----------------------------------------------------------------------------------------
def check_offer(role: str, structure: Structure | None, *, by: User) -> None:
    """A role is given by who manages the structure, or one above it; that of administrator, by administrators."""
    if by.is_superuser:
        return
    if role == Invitation.Role.ADMINISTRATOR or structure is None:
        raise NotAllowed("Ce rôle est donné par un administrateur de la plateforme : demandez-le-lui.", "role")
    if structure.pk not in managed_structures(by):
        raise NotAllowed(
            f"Donner un rôle est réservé à un gestionnaire de {quoted(structure)} : demandez-le-lui.", "role"
        )


def check_not_invited(invitation: Invitation) -> None:
    """Two windows, or a press too many, send no second mail for the same role."""
    same = {"address": invitation.address, "role": invitation.role, "structure": invitation.structure}
    if there := Invitation.objects.pending().filter(**same).first():
        until = day_of(there.expires_at)
        raise Refused(
            f"Cette adresse est déjà invitée à ce rôle, jusqu’au {until} : si le message s’est perdu, retirez cette "
            "invitation, puis invitez de nouveau.",
            "twice",
        )


def check_give(account: User, role: str, structure: Structure | None, *, by: User) -> None:
    check_offer(role, structure, by=by)
    check_other(account, by=by)
    if not account.is_active:
        raise Refused("Ce compte est désactivé : un administrateur de la plateforme peut le rouvrir.", "inactive")
    if hasattr(account, "software"):
        raise Refused("Un logiciel reçoit ses droits avec sa clé.", "software")


def check_take_charge(structure: Structure, *, by: User) -> None:
    """One gives oneself no role: but somebody is the first, where nobody manages yet, and it is noted who."""
    if not by.is_superuser:
        raise NotAllowed("C’est réservé à un administrateur de la plateforme : demandez-le-lui.", "role")
    if Membership.objects.managing().filter(structure__in=structure.line()).exists():
        raise Refused(
            f"{quoted(structure)} a déjà un gestionnaire : demandez-lui ce rôle, ou invitez quelqu’un.", "managed"
        )


def check_withdraw(membership: Membership, *, by: User) -> None:
    """One may always give up a role of one's own."""
    if membership.user_id != by.pk:
        check_offer(membership.role, membership.structure, by=by)


def check_administer(account: User, *, by: User) -> None:
    if not by.is_superuser:
        raise NotAllowed("C’est réservé à un administrateur de la plateforme : demandez-le-lui.", "role")
    check_other(account, by=by)


def check_other(account: User, *, by: User) -> None:
    if account.pk == by.pk:
        raise NotAllowed("On ne change pas ses propres droits : demandez-le à quelqu’un d’autre.", "self")


def check_invitation(invitation: Invitation | None) -> Invitation:
    """Whoever invited must still be one who may give that role."""
    if invitation is None or invitation.accepted_at or invitation.withdrawn_at:
        raise Refused(
            "Cette invitation n’est plus valable : elle a déjà servi, ou elle a été retirée. Demandez-en une nouvelle.",
            "dead",
        )
    if invitation.expires_at <= timezone.now():
        raise Refused("Cette invitation a expiré : demandez-en une nouvelle.", "expired")
    giver = invitation.invited_by
    if not giver.is_active or not allows(check_offer, invitation.role, invitation.structure, by=giver):
        raise Refused(
            "Cette invitation n’est plus valable : qui l’a envoyée ne peut plus donner ce rôle. Demandez-en une au "
            "gestionnaire MSSanté de la structure.",
            "giver",
        )
    return invitation


def check_accept(invitation: Invitation, account: User) -> None:
    check_invitation(invitation)
    if account.email and account.email != invitation.address:
        raise Refused(
            "Cette invitation a été envoyée à une autre adresse que celle de votre compte : demandez-en une à la "
            "vôtre.",
            "address",
        )
    check_give(account, invitation.role, invitation.structure, by=invitation.invited_by)
