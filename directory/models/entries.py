"""The mailboxes that the annuaire shows."""

from django.db import models
from django.db.models.functions import StrIndex, Substr

from directory.models.copied import Copied, CopiedQuerySet, current_in_sql
from directory.pictures import public_sources

NOMINATIVE = "PER"  # the kind of a mailbox that is one person's own


class IsShared(models.Func):
    """Said in the text of a query: PostgreSQL takes the index `entry_shared` where no value is left to be given."""

    template = f"%(expressions)s <> '{NOMINATIVE}'"
    output_field = models.BooleanField()

    def __init__(self):
        super().__init__(models.F("kind"))


class EntryQuerySet(CopiedQuerySet):
    def published(self):
        """The entries that the public annuaire shows today; an operator's own directory proves nothing of it."""
        return self.current().filter(source__in=public_sources())

    def preferred(self):
        """The entries of rank 1: each is the mailbox that its holder prefers, by the annuaire."""
        return self.published().filter(rank="1")

    def shared(self):
        """The entries of BAL that are not one person's own."""
        return self.filter(IsShared())

    def at_place(self, key):
        """The entries said of this place of practice (`Activity.place_key`), or of no place."""
        return self.filter(models.Q(structure_id="") | models.Q(structure_id=key))


def public_in_sql(row: str) -> str:
    """Is the row so named a line, present or past, of a public source?"""
    return f"{row}.source IN ({', '.join(repr(name) for name in public_sources()) or 'NULL'})"


def published_in_sql(row: str) -> str:
    """`published`, of the row so named in a query."""
    return f"({current_in_sql(row)} AND {public_in_sql(row)})"


class Entry(Copied):
    """One line of a source for one address.

    In the public file a deleted, an unpublished and a red-listed mailbox look alike: withdrawn means none of the three.
    """

    address = models.CharField("adresse", max_length=254)
    domain = models.GeneratedField(
        expression=Substr("address", StrIndex("address", models.Value("@")) + 1),
        output_field=models.CharField("domaine", max_length=254),
        db_persist=True,
    )

    # Text without a maximum: an odd value of the annuaire is kept as it stands, and never stops a run.
    kind = models.TextField("type")
    person_id_type = models.TextField("type d'identifiant PP", blank=True)
    person_id = models.TextField("identifiant PP", blank=True)
    national_id = models.TextField("identification nationale PP", blank=True)
    structure_id_type = models.TextField("type d'identifiant de structure", blank=True)
    structure_id = models.TextField("identifiant de structure", blank=True)
    service = models.TextField("service de rattachement", blank=True)
    civility = models.TextField("civilité", blank=True)
    family_name = models.TextField("nom d'exercice", blank=True)
    given_name = models.TextField("prénom d'exercice", blank=True)
    category_code = models.TextField("code catégorie", blank=True)
    category = models.TextField("catégorie de profession", blank=True)
    profession_code = models.TextField("code profession", blank=True)
    profession = models.TextField("profession", blank=True)
    skill_code = models.TextField("code savoir-faire", blank=True)
    skill = models.TextField("savoir-faire", blank=True)
    paperless = models.TextField("dématérialisation", blank=True)
    structure_name = models.TextField("raison sociale", blank=True)
    trade_name = models.TextField("enseigne commerciale", blank=True)
    address_l2 = models.TextField("complément de localisation", blank=True)
    address_l3 = models.TextField("complément de distribution", blank=True)
    street_number = models.TextField("numéro de voie", blank=True)
    street_number_suffix = models.TextField("complément de numéro", blank=True)
    street_type = models.TextField("type de voie", blank=True)
    street_name = models.TextField("voie", blank=True)
    address_l5 = models.TextField("lieu-dit", blank=True)
    address_l6 = models.TextField("acheminement", blank=True)
    postcode = models.TextField("code postal", blank=True)
    department = models.TextField("département", blank=True)
    country = models.TextField("pays", blank=True)
    rank = models.TextField("préférence", blank=True)
    holder = models.TextField("porteur dans la source", blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = "inscription à l'annuaire"
        verbose_name_plural = "inscriptions à l'annuaire"
        constraints = [
            models.UniqueConstraint(fields=["address", "source", "ordinal"], name="entry_once"),
        ]
        indexes = [
            models.Index(fields=["person_id", "structure_id"], name="entry_person_place"),
            models.Index(fields=["structure_id", "family_name"], name="entry_structure_name"),
            # The addresses of a place beside those of its people, without reading the lines of a whole hospital.
            models.Index(
                fields=["structure_id", "address", "source", "id"],
                name="entry_shared",
                condition=models.Q(withdrawn_at=None) & ~models.Q(kind=NOMINATIVE),
            ),
            models.Index(fields=["domain"], name="entry_domain"),
            # Which addresses are published, and by whom, without reading the lines themselves; and how they begin, for
            # which PostgreSQL needs these classes, whatever the language of the database.
            models.Index(
                fields=["address", "source"],
                name="entry_standing",
                condition=models.Q(withdrawn_at=None),
                opclasses=["varchar_pattern_ops", "varchar_ops"],
            ),
            # What moved since: what software that keeps a copy asks every day.
            models.Index(fields=["changed_at"], name="entry_changed"),
            models.Index(
                fields=["withdrawn_at"], name="entry_withdrawn", condition=models.Q(withdrawn_at__isnull=False)
            ),
        ]

    def __str__(self):
        return self.address
