"""Is a domain inside the trusted space of MSSanté?"""

from directory.identifiers import is_mssante
from directory.models import Entry, TrustedDomain
from directory.readers.address import spelt_domain


def is_trusted_domain(domain: str) -> bool:
    """Trusted by the national white list; while we hold none, by its form, or because the annuaire publishes boxes
    there."""
    domain = spelt_domain(domain)
    address = f"x@{domain}"
    if TrustedDomain.objects.is_trusted(address):
        return True
    if TrustedDomain.objects.is_held():
        return False
    return is_mssante(address) or is_published_domain(domain)


def is_published_domain(domain: str) -> bool:
    return Entry.objects.published().filter(domain=domain).exists()
