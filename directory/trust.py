"""Is a domain inside the trusted space of MSSanté?"""

from directory.identifiers import is_mssante
from directory.models import Entry


def is_trusted_domain(domain: str) -> bool:
    """By its form, or because the annuaire publishes boxes there.

    The one place to change once the national white list is held: its own answer first, this one while it is empty.
    """
    return is_mssante(f"x@{domain}") or is_published_domain(domain)


def is_published_domain(domain: str) -> bool:
    return Entry.objects.current().filter(domain=domain).exists()
