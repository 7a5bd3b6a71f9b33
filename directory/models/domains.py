"""The domains of the trusted space: the national white list."""

from django.db import models

from directory.identifiers import APICRYPT_DOMAIN, domain_of
from directory.models.copied import Copied, CopiedQuerySet, current_in_sql


class TrustedDomainQuerySet(CopiedQuerySet):
    def is_trusted(self, address: str) -> bool:
        """Is this address of a domain of the trusted space, by the white list we hold?

        Apicrypt v2 belongs to it by convention, whether or not the list names it.
        """
        domain = domain_of(address.lower())
        return domain == APICRYPT_DOMAIN or self.current().filter(name=domain).exists()

    def is_held(self) -> bool:
        """Do we hold a white list? Without one nothing is known to be outside."""
        return self.current().exists()


class TrustedDomain(Copied):
    """A domain that a MSSanté operator answers for."""

    name = models.CharField("domaine", max_length=254)  # lower case
    description = models.TextField("description", blank=True)
    operator = models.TextField("opérateur", blank=True)
    operator_siret = models.TextField("SIRET de l'opérateur", blank=True)
    contact = models.TextField("responsable", blank=True)
    support = models.TextField("assistance", blank=True)
    updated_on = models.TextField("mise à jour", blank=True)  # as the list writes it

    objects = TrustedDomainQuerySet.as_manager()

    class Meta:
        verbose_name = "domaine de confiance"
        verbose_name_plural = "domaines de confiance"
        constraints = [
            models.UniqueConstraint(fields=["name", "source", "ordinal"], name="trusted_domain_once"),
        ]

    def __str__(self):
        return self.name


def outside_in_sql(domain: str) -> str:
    """We hold a white list and this expression, a domain in lower case, is not in the trusted space (`is_trusted`)."""
    table = TrustedDomain._meta.db_table
    held = f"SELECT 1 FROM {table} w WHERE {current_in_sql('w')}"  # noqa: S608 - names of our own
    return f"({domain} <> '{APICRYPT_DOMAIN}' AND EXISTS ({held}) AND NOT EXISTS ({held} AND w.name = {domain}))"
