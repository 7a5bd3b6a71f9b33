"""Where, how and as what the people of the managed structures practise."""

from collections.abc import Iterable

from django.db import models

from directory.identifiers import national_id_of
from directory.models.copied import Copied, CopiedQuerySet

# What a place is known by, the first that the annuaire gives: the order in which the FHIR API names a structure.
PLACE_NUMBERS = ("finess_site", "finess_ej", "siret", "siren", "technical_id")
PLACE_LENGTH = 254


class ActivityQuerySet(CopiedQuerySet):
    def of_rpps(self, numbers: Iterable[str]):
        """The activities of these RPPS, by national identifier, which the unique constraint indexes."""
        return self.filter(national_id__in=[national_id_of(number) for number in numbers])


class Activity(Copied):
    """One *situation d'exercice* of a professional.

    Neither telephone nor e-mail is kept, nor anybody who has no activity in a managed structure.
    """

    person_id_type = models.TextField("type d'identifiant PP", blank=True)
    person_id = models.TextField("identifiant PP", blank=True)
    national_id = models.CharField("identification nationale PP", max_length=254)
    civility = models.TextField("civilité", blank=True)
    family_name = models.TextField("nom d'exercice", blank=True)
    given_name = models.TextField("prénom d'exercice", blank=True)
    profession_code = models.TextField("code profession", blank=True)
    profession = models.TextField("profession", blank=True)
    category_code = models.TextField("code catégorie", blank=True)
    category = models.TextField("catégorie de profession", blank=True)
    skill_code = models.TextField("code savoir-faire", blank=True)
    skill = models.TextField("savoir-faire", blank=True)
    mode_code = models.TextField("code mode d'exercice", blank=True)
    mode = models.TextField("mode d'exercice", blank=True)
    siret = models.TextField("SIRET du site", blank=True)
    siren = models.TextField("SIREN du site", blank=True)
    finess_site = models.TextField("FINESS du site", blank=True)
    finess_ej = models.TextField("FINESS de l'entité juridique", blank=True)
    technical_id = models.TextField("identifiant technique de la structure", blank=True)
    structure_name = models.TextField("raison sociale", blank=True)
    trade_name = models.TextField("enseigne commerciale", blank=True)
    address_l2 = models.TextField("complément destinataire", blank=True)
    address_l3 = models.TextField("complément géographique", blank=True)
    street_number = models.TextField("numéro de voie", blank=True)
    street_number_suffix = models.TextField("complément de numéro", blank=True)
    street_type = models.TextField("type de voie", blank=True)
    street_name = models.TextField("voie", blank=True)
    address_l6 = models.TextField("acheminement", blank=True)
    postcode = models.TextField("code postal", blank=True)
    town = models.TextField("commune", blank=True)
    sector_code = models.TextField("code secteur d'activité", blank=True)
    sector = models.TextField("secteur d'activité", blank=True)
    function_code = models.TextField("code fonction", blank=True)
    function = models.TextField("fonction", blank=True)
    genre_code = models.TextField("code genre d'activité", blank=True)
    genre = models.TextField("genre d'activité", blank=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = "situation d'exercice"
        verbose_name_plural = "situations d'exercice"
        constraints = [
            models.UniqueConstraint(fields=["national_id", "source", "ordinal"], name="activity_once"),
        ]
        indexes = [
            models.Index(fields=["finess_site"], name="activity_finess_site"),
            models.Index(fields=["finess_ej"], name="activity_finess_ej"),
        ]

    def __str__(self):
        return f"{self.given_name} {self.family_name}, {self.place or self.profession}"

    @property
    def place_key(self) -> str:
        """The identifier of the place, as the lines of the mailboxes give it; of one without any, its name."""
        found = next(filter(None, (getattr(self, name) for name in PLACE_NUMBERS)), self.structure_name)
        if found == self.technical_id and len(found) == 15 and found.startswith("4"):
            found = found[1:]  # the type of identifier (RPPS-rang) comes first here, and apart there
        return found[:PLACE_LENGTH]

    @property
    def place(self) -> str:
        return self.trade_name or self.structure_name


def place_key_in_sql(row: str) -> str:
    """`Activity.place_key` of the row so named in a query."""
    technical = f"{row}.technical_id"
    numbers = [f"nullif({row}.{name}, '')" for name in PLACE_NUMBERS[:-1]]
    number = f"CASE WHEN length({technical}) = 15 AND substr({technical}, 1, 1) = '4' THEN substr({technical}, 2)"
    numbers.append(f"nullif({number} ELSE {technical} END, '')")
    return f"substr(coalesce({', '.join(numbers)}, {row}.structure_name), 1, {PLACE_LENGTH})"
