"""What an account may change of itself, and what one account may do to another."""

from allauth.socialaccount.models import SocialAccount

from balmanager.accounts.models import User
from mailboxes.models import Person
from mailboxes.models.bals import managed_structures
from mailboxes.rules import NotAllowed, Refused


def check_address(account: User, address: str) -> None:
    if not address:
        raise Refused("Indiquez une adresse.", "address")
    if address.lower() == account.email.lower():
        raise Refused("C’est déjà l’adresse de ce compte.", "same")
    check_address_free(address)


def check_address_free(address: str) -> None:
    if User.objects.filter(email__iexact=address).exists():
        raise Refused("Cette adresse est déjà celle d’un autre compte.", "taken")


def check_tie(account: User, person: Person, *, by: User | None) -> None:
    """`by` None: an identity provider vouches for the RPPS. Else who manages the person's structure, for another."""
    if person.user_id or Person.objects.filter(user=account.pk).exists():
        raise Refused("Ce compte, ou cette personne, est déjà rattaché.", "tied")
    vouched = rpps_vouched(account)
    if vouched and person.rpps and vouched != person.rpps:
        raise Refused("Le RPPS de cette personne n’est pas celui que le fournisseur d’identité atteste.", "rpps")
    if by is None:
        return
    if by.pk == account.pk:
        raise NotAllowed("On ne rattache pas son propre compte : demandez-le à un autre gestionnaire.", "self")
    stays = person.affiliations.current().values_list("structure", flat=True)
    if not by.is_superuser and not set(stays) & managed_structures(by):
        raise NotAllowed("Rattacher un compte est réservé à un gestionnaire de la structure de la personne.", "role")


def rpps_vouched(account: User) -> str:
    """The RPPS that an identity provider gives this account, or ""."""
    known = SocialAccount.objects.filter(user=account.pk).values_list("extra_data", flat=True)
    return next((data["rpps"] for data in known if data.get("rpps")), "")
