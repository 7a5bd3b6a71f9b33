"""Is a domain inside the trusted space of MSSanté?"""

from directory.identifiers import is_mssante
from directory.models import Entry, TrustedDomain


def is_trusted_domain(domain: str) -> bool:
    """Is this domain trusted, by the national white list? While we hold none, by its form, or because the annuaire
    publishes boxes there."""
    address = f"x@{domain}"
    if TrustedDomain.objects.is_trusted(address):
        return True
    if TrustedDomain.objects.is_held():
        return False
    return is_mssante(address) or is_published_domain(domain)


def is_published_domain(domain: str) -> bool:
    return Entry.objects.published().filter(domain=domain).exists()
