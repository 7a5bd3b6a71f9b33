"""From a resource of the FHIR API to the mailboxes it carries.

The resources are read as plain dictionaries, leniently: real answers break the strict profiles (an integer
`meta.versionId`), and from one version of the guide to the next children of the mailbox extension come and go.
"""

from collections.abc import Iterator
from typing import Any

from directory.records import EntryRecord
from directory.sources.values import address_of, clean

Resource = dict[str, Any]

STRUCTURES = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/"
METADATA = STRUCTURES + "as-ext-mailbox-mss-metadata"
EMAIL_TYPE = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type"
IDNPS = "urn:oid:1.2.250.1.71.4.2.1"
IDNST = "urn:oid:1.2.250.1.71.4.2.2"
RPPS = ("https://rpps.esante.gouv.fr", "http://rpps.fr")
# By type of identifier, the first found names the structure: the place before the legal entity, as in the extraction.
STRUCTURE_IDS = {"FINEG": "1", "FINEJ": "1", "SIRET": "3", "SIREN": "2", "RPPSRG": "4", "INTRN": "4"}
HOLDER_IDS = {
    "Practitioner": [IDNPS, *RPPS],
    "PractitionerRole": list(RPPS),
    "Organization": [IDNST, "https://finess.esante.gouv.fr", "https://sirene.fr"],
}
YES_NO: dict[object, str] = {True: "O", False: "N"}


def holder_of(resource: Resource) -> str:
    """What to know this resource by, today and when it comes back deleted, with its identifiers alone.

    A business identifier: the technical ids changed from one version of the API to the next.
    """
    kind, identifiers = resource["resourceType"], _dicts(resource.get("identifier"))
    for system in HOLDER_IDS[kind]:
        for identifier in identifiers:
            if identifier.get("system") == system and (value := clean(identifier.get("value"))):
                return f"{kind}/{value}"
    technical = clean(resource.get("id"))
    return f"{kind}/#{technical}" if technical else ""


def entries_of(resource: Resource, included: dict[str, Resource]) -> Iterator[EntryRecord]:
    """The mailboxes of a resource; `included` holds those it refers to, by reference ("Practitioner/…")."""
    if resource.get("active") is False:
        return
    said: dict[str, str] | None = None
    for telecom in _dicts(resource.get("telecom")):
        metadata = _children(telecom, METADATA)
        if not _is_mailbox(telecom) or _value(metadata.get("listeRouge")) is True:
            continue
        said = said or _of_carrier(resource, included)
        yield EntryRecord(
            kind=_kind(resource, metadata),
            address=address_of(clean(telecom.get("value"))),
            service=clean(_value(metadata.get("service"))),
            paperless=YES_NO.get(_value(metadata.get("digitization")), ""),
            rank=clean(telecom.get("rank")),
            holder=holder_of(resource),
            **said,
        )


def _is_mailbox(telecom: Resource) -> bool:
    """Ordinary e-mails and telephones stand beside the mailboxes: the extension alone tells them apart."""
    types = [e.get("valueCoding") for e in _dicts(telecom.get("extension")) if e.get("url") == EMAIL_TYPE]
    # The drafts and the `_elements` answers show mailboxes with their metadata alone.
    return any(isinstance(t, dict) and t.get("code") == "MSSANTE" for t in types) or bool(_children(telecom, METADATA))


def _kind(resource: Resource, metadata: dict[str, Resource]) -> str:
    code = _code(_value(metadata.get("type")), "")
    return code.upper() or ("ORG" if resource["resourceType"] == "Organization" else "PER")


# --- Who carries it ---------------------------------------------------------------------------------------------------


def _of_carrier(resource: Resource, included: dict[str, Resource]) -> dict[str, str]:
    match resource["resourceType"]:
        case "Practitioner":
            return _of_person(resource) | _of_profession(resource.get("qualification"))
        case "PractitionerRole":
            return _of_role(resource, included)
        case _:
            return _of_structure(resource)


def _of_role(role: Resource, included: dict[str, Resource]) -> dict[str, str]:
    person = _referred(role, "practitioner", included)
    structure = _referred(role, "organization", included)
    said = _of_person(person) | _of_profession(person.get("qualification")) | _of_structure(structure)
    exercised = _of_profession([{"code": code} for code in [*_dicts(role.get("code")), *_dicts(role.get("specialty"))]])
    names = _dicts([extension.get("valueHumanName") for extension in _dicts(role.get("extension"))])
    return said | _stated(exercised) | _stated(_of_name(names[0] if names else {}))


def _of_person(person: Resource) -> dict[str, str]:
    identifiers = _dicts(person.get("identifier"))
    rpps = next((clean(i.get("value")) for i in identifiers if i.get("system") in RPPS), "")
    national = next((clean(i.get("value")) for i in identifiers if i.get("system") == IDNPS), "")
    if not rpps and national.startswith("8") and len(national) == 12:
        rpps = national[1:]
    names = _dicts(person.get("name"))
    return {
        "person_id_type": "8" if rpps else "",
        "person_id": rpps,
        "national_id": national,
        **_of_name(names[0] if names else {}),
    }


def _of_name(name: Resource) -> dict[str, str]:
    return {
        "civility": " ".join(clean(s) for s in _list(name.get("suffix"))),
        "family_name": clean(name.get("family")),
        "given_name": " ".join(clean(g) for g in _list(name.get("given"))),
    }


def _of_profession(qualifications: object) -> dict[str, str]:
    """The profession, from the codes of a person's qualifications or of a situation d'exercice, by the table each comes
    from."""
    tables = {"TRE_G15": "profession", "TRE_R09": "category", "TRE_R38": "skill"}
    said = {f"{field}{end}": "" for field in tables.values() for end in ("", "_code")}
    for qualification in _dicts(qualifications):
        for coding in _codings(qualification.get("code")):
            system = clean(coding.get("system"))
            field = next((field for table, field in tables.items() if table in system), "")
            if field and not said[f"{field}_code"]:
                said[f"{field}_code"], said[field] = clean(coding.get("code")), clean(coding.get("display"))
    return said


def _of_structure(structure: Resource) -> dict[str, str]:
    place = next(iter(_dicts(structure.get("address"))), {})
    kind, value = _structure_id(structure)
    return {
        "structure_id_type": kind,
        "structure_id": value,
        "structure_name": clean(structure.get("name")),
        "trade_name": clean(next(iter(_list(structure.get("alias"))), "")),
        "street_name": ", ".join(filter(None, map(clean, _list(place.get("line"))))),
        "address_l6": " ".join(filter(None, [clean(place.get("postalCode")), clean(place.get("city"))])),
        "postcode": clean(place.get("postalCode")),
        "country": clean(place.get("country")),
    }


def _structure_id(structure: Resource) -> tuple[str, str]:
    found = {_code(i.get("type"), ""): clean(i.get("value")) for i in _dicts(structure.get("identifier"))}
    return next(((kind, found[code]) for code, kind in STRUCTURE_IDS.items() if found.get(code)), ("", ""))


# --- The shapes of FHIR, none of them taken for granted ---------------------------------------------------------------


def _list(value: object) -> list:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[Resource]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _children(element: Resource, url: str) -> dict[str, Resource]:
    """The children of an extension, by their name."""
    found = [e for e in _dicts(element.get("extension")) if e.get("url") == url]
    return {clean(child.get("url")): child for extension in found for child in _dicts(extension.get("extension"))}


def _value(extension: Resource | None) -> object:
    return next((value for name, value in (extension or {}).items() if name.startswith("value")), None)


def _codings(concept: object) -> list[Resource]:
    return _dicts(concept.get("coding")) if isinstance(concept, dict) else []


def _code(concept: object, default: str) -> str:
    """The code of a CodeableConcept; the drafts also show a bare code."""
    if isinstance(concept, str):
        return clean(concept)
    return next((clean(c.get("code")) for c in _codings(concept)), default)


def _stated(said: dict[str, str]) -> dict[str, str]:
    return {field: value for field, value in said.items() if value}


def _referred(resource: Resource, name: str, included: dict[str, Resource]) -> Resource:
    reference = resource.get(name)
    text = clean(reference.get("reference")) if isinstance(reference, dict) else ""
    return included.get("/".join(text.split("/")[-2:]), {})
