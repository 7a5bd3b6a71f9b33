"""What each kind of record becomes in our copy: the one description that staging, comparison and history work from."""

from dataclasses import dataclass

from django.conf import settings

from directory.models import Activity, Change, Copied, Entry, TrustedDomain
from directory.records import ActivityRecord, DomainRecord, EntryRecord, Record
from directory.sources import source_class


@dataclass(frozen=True)
class Kept:
    model: type[Copied]
    record: type[Record]  # its fields are the columns that a source fills
    key: str  # the column that tells what a line is about; a key may stand on several lines
    nouns: str  # what the keys are, for the counts
    nothing: str  # what a file without any valid line has
    withdrawn: str = "retiré"

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        return list(self.record._fields)

    @property
    def content(self) -> list[str]:
        return [column for column in self.columns if column != self.key]

    @property
    def labels(self) -> dict[str, str]:
        named = {field.name: str(field.verbose_name) for field in self.model._meta.concrete_fields}
        return named | {"lines": "nombre de lignes"}

    def label_of(self, kind: str) -> str:
        """What became of a key, in words: only an address may be unpublished or in liste rouge."""
        return self.withdrawn if kind == Change.Kind.WITHDRAWN else Change.Kind(kind).label


ENTRIES = Kept(Entry, EntryRecord, "address", "adresses", "aucune adresse valide", Change.Kind.WITHDRAWN.label)
ACTIVITIES = Kept(
    Activity, ActivityRecord, "national_id", "personnes", "aucun professionnel des structures gérées",
    "n’exerce plus dans une structure gérée, d’après l’annuaire",
)  # fmt: skip
DOMAINS = Kept(TrustedDomain, DomainRecord, "name", "domaines", "aucun domaine valide", "retiré de la liste blanche")
BY_RECORD = {kept.record: kept for kept in (ENTRIES, ACTIVITIES, DOMAINS)}


# What each source is to whoever looks after the copy, and what we hold it for.
TITLES = {
    "extraction": ("Toutes les BAL publiées", "Extraction publique de l’annuaire, chaque jour : recherche, écarts."),
    "activities": ("Activités des professionnels", "Qui exerce dans vos structures, chaque semaine : personnes, noms."),
    "whitelist": ("Liste blanche des domaines", "Les domaines de l’espace de confiance, chaque jour : vérification."),
    "fhir": ("API Annuaire Santé", "Les mêmes BAL par l’interface FHIR, avec une clé : type, BAL privilégiée."),
    "ldap": ("LDAP d’un opérateur", "Les BAL que l’opérateur montre dans son annuaire."),
}


def title_of(source: str) -> str:
    return TITLES[source][0] if source in TITLES else source


def kept_of(source: str) -> Kept:
    """What is kept of a source, by its name; one that settings name no more was one of addresses."""
    return BY_RECORD[source_class(source).record] if source in settings.DIRECTORY_SOURCES else ENTRIES
