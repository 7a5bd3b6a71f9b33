"""What an account may change of itself, and what one account may do to another."""

from balmanager.accounts.models import User
from mailboxes.rules import Refused


def check_address(account: User, address: str) -> None:
    if not address:
        raise Refused("Indiquez une adresse.", "address")
    if address.lower() == account.email.lower():
        raise Refused("C’est déjà l’adresse de ce compte.", "same")
    check_address_free(address)


def check_address_free(address: str) -> None:
    if User.objects.filter(email__iexact=address).exists():
        raise Refused("Cette adresse est déjà celle d’un autre compte.", "taken")
