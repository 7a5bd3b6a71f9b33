"""The search parameters of the national API, those that our copy cannot answer, and what may come with what is found.

The searches, `metadata` and docs/api/fhir-national.md all read these tables.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Q

from mailboxes.api.fhir import asks
from mailboxes.api.fhir.kinds import ORGANIZATION, PRACTITIONER, ROLE, ResourceKind
from mailboxes.api.fhir.places import PARTIAL, entities_of, sites_of

TEXT = ("exact", "contains", "text")


class Parameter(NamedTuple):
    type: str
    ask: Callable[[str, str], Q]  # of a value and a modifier
    documentation: str
    modifiers: tuple[str, ...] = ()
    note: str = ""  # what of it our copy holds in part, told beside what is found


def _parameter(type: str, said: str, ask: Callable[..., Q], *bound: Any, **facts: Any) -> Parameter:
    return Parameter(type, partial(ask, *bound), said, **facts)


def _id(kind: ResourceKind) -> Parameter:
    return _parameter("token", "L’identifiant de la ressource.", asks.by_id, kind)


def _mailbox(kind: ResourceKind) -> Parameter:
    said = "Le début d’une adresse MSSanté de son telecom."
    return _parameter("string", said, asks.mailbox, kind, modifiers=("exact", "contains"))


def _named(said: str, fields: list[str], scopes: list[str]) -> Parameter:
    return _parameter("string", said, asks.words, fields, scopes, modifiers=TEXT)


# fmt: off
PARAMETERS: dict[str, dict[str, Parameter]] = {
    PRACTITIONER.name: {
        "_id": _id(PRACTITIONER),
        "identifier": Parameter("token", asks.person, "RPPS ou IDNPS."),
        "identifier-type": Parameter("token", asks.person_identifier_type, "RPPS ou IDNPS."),
        "name": Parameter("string", asks.full_name, "Nom, prénom ou civilité d’exercice ; chaque mot en commence un.",
                          (*TEXT, "family", "given")),
        "family": _named("Le nom d’exercice.", asks.FAMILY, ["name"]),
        "given": _named("Le prénom d’exercice.", asks.GIVEN, ["name"]),
        "mailbox-mss": _mailbox(PRACTITIONER),
        "qualification-code": Parameter("token", asks.code, "Profession (TRE_G15), catégorie (TRE_R09), spécialité "
                                        "(TRE_R38)."),
    },
    ROLE.name: {
        "_id": _id(ROLE),
        "identifier": Parameter("token", asks.situation, "Celui que l’API nationale lui donne, s’il en vient."),
        "practitioner": _parameter("reference", "Le professionnel ; aussi practitioner.identifier et les autres "
                                   "paramètres de Practitioner.", asks.by_id, PRACTITIONER),
        "organization": _parameter("reference", "La structure ; aussi organization.identifier et les autres "
                                   "paramètres de Organization.", asks.by_id, ORGANIZATION),
        "mailbox-mss": _mailbox(ROLE),
        "role": Parameter("token", asks.code, "Profession (TRE_G15), catégorie (TRE_R09), spécialité (TRE_R38)."),
    },
    ORGANIZATION.name: {
        "_id": _id(ORGANIZATION),
        "identifier": Parameter("token", asks.structure, "FINESS, SIREN, SIRET, RPPS-rang ou IDNST."),
        "identifier-type": Parameter("token", asks.structure_identifier_type, "FINEG, FINEJ, SIREN, SIRET, IDNST ou "
                                     "INTRN.", note=PARTIAL),
        "name": _named("Raison sociale ou enseigne ; chaque mot en commence un.", ["structure_name", "trade_name"],
                       ["name", "other"]),
        "type": Parameter("token", asks.type_of_place, "Nature (GEOGRAPHICAL-ENTITY, LEGAL-ENTITY) ou secteur "
                          "d’activité (TRE_R02).", ("not",), PARTIAL),
        "partof": Parameter("reference", asks.part_of, "L’entité juridique.", note=PARTIAL),
        "mailbox-mss": _mailbox(ORGANIZATION),
        "address": _parameter("string", "Voie, code postal ou commune.", asks.address,
                              [*asks.STREET, asks.TOWN, "postcode", "country"], modifiers=("exact", "contains")),
        "address-line": _parameter("string", "La voie.", asks.address, asks.STREET, modifiers=("exact", "contains")),
        "address-postalcode": Parameter("string", asks.postcode, "Le début du code postal.", ("exact", "contains")),
        "address-city": Parameter("string", asks.town, "La commune ; chaque mot en commence un.",
                                  ("exact", "contains")),
    },
}
# Parameters of the national API by what our copy does not hold.
_ORIGIN = frozenset({"data-information-system", "data-registration-authority"})
NOT_HELD = {
    PRACTITIONER.name: _ORIGIN | {"number-smartcard", "type-smartcard"},
    ROLE.name: _ORIGIN,
    ORGANIZATION.name: _ORIGIN | {"pharmacy-licence"},
}
# The references that a search may follow: (resource, parameter) -> what is referred to, and the field that both share.
CHAINS = {
    (ROLE.name, "practitioner"): (PRACTITIONER, "person_id"),
    (ROLE.name, "organization"): (ORGANIZATION, "structure_id"),
}
CONTROLS = {
    "_count", "_elements", "_total", "_totalMethod", "_include", "_revinclude", "_lastUpdated", "_format", "_summary",
    "active",
}
# fmt: on


class Include(NamedTuple):
    kind: ResourceKind
    field: str  # shared by what is found and what comes with it
    others: Callable[[set[str]], set[str]] | None = None  # else who comes with these, by their numbers


INCLUDES = {
    (ROLE.name, "_include", "PractitionerRole:practitioner"): Include(PRACTITIONER, "person_id"),
    (ROLE.name, "_include", "PractitionerRole:organization"): Include(ORGANIZATION, "structure_id"),
    (ORGANIZATION.name, "_include", "Organization:partof"): Include(ORGANIZATION, "structure_id", entities_of),
    (PRACTITIONER.name, "_revinclude", "PractitionerRole:practitioner"): Include(ROLE, "person_id"),
    (ORGANIZATION.name, "_revinclude", "PractitionerRole:organization"): Include(ROLE, "structure_id"),
    (ORGANIZATION.name, "_revinclude", "Organization:partof"): Include(ORGANIZATION, "structure_id", sites_of),
}
# Resources of the national API that our copy does not hold: the search is answered, and says that they do not come.
NOT_HELD_RESOURCES = ("Device", "HealthcareService")
NOT_HELD_INCLUDES = {
    (ORGANIZATION.name, "_revinclude", f"{name}:organization"): f"Les {name} ne sont pas tenus ici : demandez-les à "
    "l’API nationale."
    for name in NOT_HELD_RESOURCES
}
