"""Who they are and where, as FHIR and its French profiles say it."""

from directory.sources.fhir_records import IDNPS, IDNST, RPPS, STRUCTURES
from mailboxes.api.fhir.kinds import ORGANIZATION, PRACTITIONER, ROLE, Resource, ToldLine, id_of
from mailboxes.api.fhir.places import ENTITY, SITE, Place

NOS = "https://mos.esante.gouv.fr/NOS"
# Table of codes -> the field of a line that holds the code; its words stand in the field of that name without "_code".
PRACTICE = {
    f"{NOS}/TRE_R09-CategorieProfessionnelle/FHIR/TRE-R09-CategorieProfessionnelle": "category_code",
    f"{NOS}/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante": "profession_code",
}
SKILL = {f"{NOS}/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale": "skill_code"}
CODES = PRACTICE | SKILL
SECTORS = f"{NOS}/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
NATURES = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-3307"
FR_CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
PROFILES = {
    PRACTITIONER.name: [f"{FR_CORE}fr-core-practitioner", f"{STRUCTURES}as-dp-practitioner"],
    ROLE.name: [f"{FR_CORE}fr-core-practitioner-role", f"{STRUCTURES}as-dp-practitionerrole"],
    ORGANIZATION.name: [f"{FR_CORE}fr-core-organization", f"{STRUCTURES}as-dp-organization"],
}
IDENTIFIER_TYPES = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
# By the annuaire's type of structure identifier (TRE_G07): its own system and the code of its type.
STRUCTURE_SYSTEMS = {
    "1": ("https://finess.esante.gouv.fr", "FINEG"),
    "2": ("https://sirene.fr", "SIREN"),
    "3": ("https://sirene.fr", "SIRET"),
    "4": ("https://rppsrang.esante.gouv.fr", "INTRN"),
}
BY_LENGTH = {9: "1", 14: "3"}  # where a source left the type out
INTERNAL = "http://rpps.interne.esante.gouv.fr"


# --- Who they are -----------------------------------------------------------------------------------------------------
def stated(facts: Resource) -> Resource:
    """The fields that say something: FHIR knows no empty value, but `false` is one."""
    return {name: value for name, value in facts.items() if value or value is False}


def _identifier(system: str, value: str, code: str) -> Resource:
    coding = {"system": IDENTIFIER_TYPES, "code": code}
    return {"use": "official", "type": {"coding": [coding]}, "system": system, "value": value}


def _of_person(lines: list[ToldLine], place: Place) -> list[Resource]:
    line = lines[0]
    is_rpps = line.person_id_type == "8" or (not line.person_id_type and len(line.person_id) == 11)
    national = line.national_id or f"{'8' if is_rpps else line.person_id_type}{line.person_id}"
    rpps = [_identifier(RPPS[0], line.person_id, "RPPS")] if is_rpps else []
    return [_identifier(IDNPS, national, "IDNPS"), *rpps]


def _of_structure(lines: list[ToldLine], place: Place) -> list[Resource]:
    value, kind = lines[0].structure_id, _type_of(lines[0])
    if kind not in STRUCTURE_SYSTEMS:
        return [_identifier(INTERNAL, value, "INTRN")]
    system, code = STRUCTURE_SYSTEMS[kind]
    if place.nature == ENTITY and code == "FINEG":
        code = "FINEJ"
    return [_identifier(IDNST, f"{kind}{value}", "IDNST"), _identifier(system, value, code)]


def _type_of(line: ToldLine) -> str:
    """The type of the identifier of its structure (TRE_G07)."""
    return line.structure_id_type or BY_LENGTH.get(len(line.structure_id), "")


def _of_role(lines: list[ToldLine], place: Place) -> list[Resource]:
    """The identifier of a situation d'exercice: only the FHIR API gives one, kept as the `holder` of the line."""
    holders = dict.fromkeys(line.holder for line in lines if line.holder.startswith("PractitionerRole/"))
    names = [holder.partition("/")[2] for holder in holders]
    return [{"use": "official", "system": RPPS[0], "value": name} for name in names if not name.startswith("#")]


def _name(line: ToldLine) -> list[Resource]:
    name = {
        "text": f"{line.family_name} {line.given_name}".strip(),
        "family": line.family_name,
        "given": [line.given_name] if line.given_name else [],
        "suffix": [line.civility] if line.civility else [],
    }
    return [stated(name)] if name["text"] else []


def _codings(line: ToldLine, tables: dict[str, str]) -> list[Resource]:
    said = [
        (system, getattr(line, field), getattr(line, field.removesuffix("_code"))) for system, field in tables.items()
    ]
    return [stated({"system": system, "code": code, "display": words}) for system, code, words in said if code]


def _concepts(lines: list[ToldLine], tables: dict[str, str]) -> list[Resource]:
    """A CodeableConcept for each profession as it is exercised, or for each skill."""
    said = [codings for line in lines if (codings := _codings(line, tables))]
    return [{"coding": codings} for place, codings in enumerate(said) if codings not in said[:place]]


def _practitioner(lines: list[ToldLine], place: Place) -> Resource:
    concepts = _concepts(lines, PRACTICE) + _concepts(lines, SKILL)  # apart, as the profile slices them
    return {"name": _name(lines[0]), "qualification": [{"code": concept} for concept in concepts]}


def _role(lines: list[ToldLine], place: Place) -> Resource:
    return {
        "practitioner": {"reference": f"Practitioner/{id_of((lines[0].person_id,))}"},
        "organization": {"reference": f"Organization/{id_of((lines[0].structure_id,))}"},
        "code": _concepts(lines, PRACTICE),
        "specialty": _concepts(lines, SKILL),
    }


def _organization(lines: list[ToldLine], place: Place) -> Resource:
    line = lines[0]
    street = " ".join(filter(None, [line.street_number, line.street_number_suffix, line.street_type, line.street_name]))
    town = line.address_l6.removeprefix(line.postcode).strip()
    address = {
        "line": [part for part in (line.address_l2, line.address_l3, street, line.address_l5) if part],
        "city": town,
        "postalCode": line.postcode,
        "country": line.country,
    }
    return {
        "name": line.structure_name or line.trade_name,
        "alias": [line.trade_name] if line.trade_name else [],
        "address": [said] if (said := stated(address)) else [],
        "type": _types(line, place),
        "partOf": _part_of(place),
    }


def _types(line: ToldLine, place: Place) -> list[Resource]:
    nature = place.nature or {"2": ENTITY, "3": SITE}.get(_type_of(line), "")
    told = [
        ("organizationType", NATURES, nature, ""),
        ("secteurActiviteRASS", SECTORS, place.sector_code, place.sector),
    ]
    return [
        {
            "extension": [{"url": f"{STRUCTURES}as-ext-organization-types", "valueCode": kind}],
            "coding": [stated({"system": system, "code": code, "display": words})],
        }
        for kind, system, code, words in told
        if code
    ]


def _part_of(place: Place) -> Resource:
    """The legal entity, by its number alone where no mailbox here is of it."""
    if not place.entity:
        return {}
    reference = {"reference": f"Organization/{id_of((place.entity,))}"} if place.has_entity else {}
    return reference | {"identifier": _identifier(STRUCTURE_SYSTEMS["1"][0], place.entity, "FINEJ")}


IDENTIFIERS = {PRACTITIONER.name: _of_person, ROLE.name: _of_role, ORGANIZATION.name: _of_structure}
FACTS = {PRACTITIONER.name: _practitioner, ROLE.name: _role, ORGANIZATION.name: _organization}
