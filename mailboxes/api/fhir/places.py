"""What the activities of the annuaire tell of a FINESS: a site or a legal entity, of which entity, in which sector.

Our copy keeps the activities of the managed structures' people alone: of another place it tells nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q

from directory.models import Activity
from mailboxes.api.fhir.kinds import ORGANIZATION, told
from mailboxes.models.bulk import among

SITE, ENTITY = "GEOGRAPHICAL-ENTITY", "LEGAL-ENTITY"
FINESS = ("1", "")  # TRE_G07; a source may leave the type out
PARTIAL = (
    "La nature, l’entité juridique et le secteur d’activité d’un FINESS ne sont connus ici que des lieux où exercent "
    "les professionnels des structures suivies : d’autres peuvent répondre à cette recherche dans l’API nationale."
)


class Place(NamedTuple):
    nature: str = ""  # SITE or ENTITY
    entity: str = ""  # the FINESS of the legal entity of a site
    has_entity: bool = False  # is that entity told here?
    sector_code: str = ""
    sector: str = ""


NOWHERE = Place()


def places(numbers: Iterable[str]) -> dict[str, Place]:
    """What is known of these FINESS, in two queries however many they are."""
    numbers = {*numbers}
    rows = Activity.objects.current().filter(among("finess_site", numbers) | among("finess_ej", numbers))
    facts = rows.values_list("finess_site", "finess_ej", "sector_code", "sector").distinct()
    found: dict[str, Place] = {}
    for site, entity, code, sector in sorted(facts):
        if site in numbers and site not in found:
            found[site] = Place(SITE, entity if entity != site else "", False, code, sector)
        if entity in numbers and entity != site and found.get(entity, NOWHERE).nature != SITE:
            found[entity] = Place(ENTITY)
    found.pop("", None)
    entities = {place.entity for place in found.values()} - {""}
    held = told_of(entities) if entities else set()
    return {number: place._replace(has_entity=place.entity in held) for number, place in found.items()}


def told_of(numbers: Iterable[str]) -> set[str]:
    """The places that are resources here."""
    return set(told().filter(ORGANIZATION.lines, among("structure_id", numbers)).values_list("structure_id", flat=True))


def entities_of(numbers: set[str]) -> set[str]:
    """The legal entities of these sites, as far as they are resources here."""
    return {place.entity for place in places(numbers).values() if place.has_entity}


def sites_of(numbers: set[str]) -> set[str]:
    rows = Activity.objects.current().filter(among("finess_ej", numbers), finess_site__gt="")
    pairs = rows.values_list("finess_site", "finess_ej").distinct()
    return told_of({site for site, entity in pairs if site != entity})


# --- What a search asks of them ---------------------------------------------------------------------------------------
def _known() -> Q:
    return Q(structure_id_type__in=FINESS)


def sites() -> Q:
    """The lines of a place that is known to be a site."""
    numbers = Activity.objects.current().filter(finess_site__gt="").values("finess_site")
    return Q(structure_id_type="3") | (_known() & Q(structure_id__in=numbers))


def entities() -> Q:
    numbers = Activity.objects.current().filter(finess_ej__gt="").values("finess_ej")
    return Q(structure_id_type="2") | (_known() & Q(structure_id__in=numbers) & ~sites())


def of_entity(number: str) -> Q:
    """The lines of the sites of this legal entity."""
    rows = Activity.objects.current().filter(finess_ej=number, finess_site__gt="").exclude(finess_site=number)
    return _known() & Q(structure_id__in=rows.values("finess_site"))


def in_sector(code: str) -> Q:
    numbers = Activity.objects.current().filter(sector_code=code, finess_site__gt="").values("finess_site")
    return _known() & Q(structure_id__in=numbers)
