"""From lines of the annuaire to the resources of FHIR."""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

from django.conf import settings
from django.db.models import BooleanField, Exists, ExpressionWrapper, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from directory.models import Entry
from directory.pictures import public_sources
from directory.sources.fhir_records import EMAIL_TYPE, IDNPS, IDNST, METADATA, RPPS
from mailboxes.models import Bal, Person, Preference
from mailboxes.models.bulk import among

Resource = dict[str, Any]
Key = tuple[str, ...]

NOS = "https://mos.esante.gouv.fr/NOS"
MAIL_TYPES = f"{NOS}/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie"
BAL_TYPES = f"{NOS}/TRE_R257-TypeBAL/FHIR/TRE-R257-TypeBAL"
# Table of codes -> the field of a line that holds the code; its words stand in the field of that name without "_code".
CODES = {
    f"{NOS}/TRE_R09-CategorieProfessionnelle/FHIR/TRE-R09-CategorieProfessionnelle": "category_code",
    f"{NOS}/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante": "profession_code",
    f"{NOS}/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale": "skill_code",
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
YES_NO = {"O": True, "TRUE": True, "1": True, "N": False, "FALSE": False, "0": False}


class ResourceKind(NamedTuple):
    """What makes one resource: the lines that share `key`. Those of `mailboxes` stand in its telecom; of the others,
    `others` are read for what they say, and one is enough where that is none."""

    name: str
    key: tuple[str, ...]
    lines: Q
    mailboxes: Q
    others: Q


# Greater than "", not other than it: an index begins there, after all the lines that have none.
_PERSON, _PLACE, _NOMINATIVE = Q(person_id__gt=""), Q(structure_id__gt=""), Q(kind=Bal.Kind.NOMINATIVE)
ALL, NOTHING = Q(pk__isnull=False), Q(pk__in=[])
PRACTITIONER = ResourceKind("Practitioner", ("person_id",), _PERSON, Q(structure_id=""), others=ALL)
ROLE = ResourceKind(
    "PractitionerRole", ("person_id", "structure_id"), _PERSON & _PLACE & _NOMINATIVE, ALL, others=NOTHING
)
# A hospital has thousands of professionals, each with a line that says again where it is.
ORGANIZATION = ResourceKind("Organization", ("structure_id",), _PLACE, ~_NOMINATIVE, others=NOTHING)
KINDS = {kind.name: kind for kind in (PRACTITIONER, ROLE, ORGANIZATION)}

IN_FORCE = Q(withdrawn_at=None)
MOMENT = Coalesce("withdrawn_at", "changed_at")  # when a line last changed


def told() -> QuerySet[Entry]:
    """Every line that a public source tells or told, less those in force of an address that is in liste rouge here.

    Once withdrawn a line gives no address: it only says that somebody or some place is no longer there.
    """
    red = Bal.objects.filter(address=OuterRef("address"), liste_rouge=True)
    return Entry.objects.filter(~IN_FORCE | ~Exists(red), source__in=public_sources())


# --- Their ids --------------------------------------------------------------------------------------------------------
def id_of(key: Key) -> str:
    """The resource's id, made of its business identifiers; a character that an id may not hold is written in
    hexadecimal, `.2f` for a slash."""
    return "-".join(re.sub(r"[^A-Za-z0-9]", _as_bytes, part) for part in key)


def _as_bytes(odd: re.Match) -> str:
    return "".join(f".{byte:02x}" for byte in odd[0].encode())


def key_of(kind: ResourceKind, resource_id: str) -> Key | None:
    key = tuple(unquote(part.replace("%", "").replace(".", "%")) for part in resource_id.split("-"))
    return key if len(key) == len(kind.key) and all(key) and "\0" not in resource_id + "".join(key) else None


def of_keys(kind: ResourceKind, keys: Iterable[Key]) -> Q:
    """The lines of these resources; of two-part keys, also of others that share both parts with some of them."""
    keys = list(keys)
    if not keys:
        return NOTHING
    narrowed = [among(name, (key[place] for key in keys)) for place, name in enumerate(kind.key)]
    return Q(kind.lines, *narrowed)


# --- Reading them -----------------------------------------------------------------------------------------------------
class ToldLine(NamedTuple):
    """What a resource reads of a line; a hospital has thousands, and instances cost ten times what tuples do."""

    pk: int
    source: str
    ordinal: int
    withdrawn_at: datetime | None
    address: str
    kind: str
    person_id_type: str
    person_id: str
    national_id: str
    structure_id_type: str
    structure_id: str
    service: str
    civility: str
    family_name: str
    given_name: str
    category_code: str
    category: str
    profession_code: str
    profession: str
    skill_code: str
    skill: str
    paperless: str
    structure_name: str
    trade_name: str
    address_l2: str
    address_l3: str
    street_number: str
    street_number_suffix: str
    street_type: str
    street_name: str
    address_l5: str
    address_l6: str
    postcode: str
    country: str
    rank: str
    holder: str
    is_carried: bool


class Summary(NamedTuple):
    first: int  # the line that stands for it
    active: bool
    changed: datetime


def resources(kind: ResourceKind, keys: list[Key], user, elements: frozenset[str] = frozenset()) -> list[Resource]:
    """These resources, in this order, in as many queries for 200 as for one; `elements`: these fields alone, with what
    is always told."""
    is_reached = not elements or "telecom" in elements
    if not is_reached and kind.name == ORGANIZATION.name:
        kind = kind._replace(mailboxes=NOTHING)  # a hospital's thousands of lines say nothing else
    summaries = _summaries(kind, keys)
    lines: dict[Key, list[ToldLine]] = {key: [] for key in keys if key in summaries}
    for line in _lines(kind, keys, [summary.first for summary in summaries.values()]):
        if (own := tuple(getattr(line, name) for name in kind.key)) in lines:
            lines[own].append(line)
    carried = [line for group in lines.values() for line in group if _carries(line)]
    register = _register(carried, user) if is_reached else None
    # Without a line: gone from between the two queries.
    return [_resource(kind, key, summaries[key], group, register) for key, group in lines.items() if group]


def _summaries(kind: ResourceKind, keys: list[Key]) -> dict[Key, Summary]:
    groups = told().filter(of_keys(kind, keys)).values_list(*kind.key)
    rows = groups.annotate(here=Min("pk", filter=IN_FORCE), ever=Min("pk"), changed=Max(MOMENT)).order_by()
    size = len(kind.key)
    return {row[:size]: Summary(row[size] or row[size + 1], row[size] is not None, row[size + 2]) for row in rows}


def _lines(kind: ResourceKind, keys: list[Key], firsts: list[int]) -> list[ToldLine]:
    """The lines of these resources, those of the first source first."""
    wanted = Q(pk__in=firsts) | (IN_FORCE & (kind.mailboxes | kind.others))
    carried = ExpressionWrapper(kind.mailboxes, BooleanField())
    found = told().filter(of_keys(kind, keys)).filter(wanted).annotate(is_carried=carried)
    order = public_sources()
    lines = map(ToldLine._make, found.values_list(*ToldLine._fields))
    return sorted(lines, key=lambda line: (order.index(line.source), line.ordinal, line.pk))


class Register(NamedTuple):
    """What the register knows of these mailboxes, as far as the asker sees it: the rest is another structure's
    business."""

    bals: dict[str, tuple[str, str]]  # address -> description, state
    wishes: dict[Key, str]  # person, place -> the address that its holder prefers there for every message


def _register(lines: list[ToldLine], user) -> Register:
    seen = Bal.objects.visible_to(user).filter(among("address", (line.address for line in lines)))
    bals = {address: (said, state) for address, said, state in seen.values_list("address", "description", "state")}
    people = Person.objects.visible_to(user).values("pk")
    wishes = Preference.objects.main().filter(among("address", bals), person__in=people)
    rows = wishes.values_list("person__rpps", "situation", "address")
    return Register(bals, {(rpps or "", place): address for rpps, place, address in rows})


def _carries(line) -> bool:
    """Does this line put its address in the telecom of the resource it was read for?"""
    return line.is_carried and line.withdrawn_at is None


def _resource(
    kind: ResourceKind, key: Key, summary: Summary, lines: list[ToldLine], register: Register | None
) -> Resource:
    """One resource; without `register`, neither its mailboxes nor its version are told. Gone from the annuaire, it
    keeps its identifiers alone, as the national API shows the deleted."""
    resource: Resource = {
        "resourceType": kind.name,
        "id": id_of(key),
        "language": "fr",
        "identifier": IDENTIFIERS[kind.name](lines),
        "active": summary.active,
    }
    if summary.active:
        resource |= FACTS[kind.name](lines)
        resource["telecom"] = _telecom(lines, register) if register else []
    resource = _stated(resource)
    version = {"versionId": _version(resource)} if register else {}
    moment = timezone.localtime(summary.changed).isoformat(timespec="milliseconds")
    return resource | {"meta": {**version, "lastUpdated": moment}}


def _version(resource: Resource) -> str:
    """The version of what is shown: it depends on the register and on who asks, and `lastUpdated` dates only the
    annuaire."""
    return hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()[:16]


def _stated(facts: Resource) -> Resource:
    """The fields that say something: FHIR knows no empty value, but `false` is one."""
    return {name: value for name, value in facts.items() if value or value is False}


# --- Who they are -----------------------------------------------------------------------------------------------------
def _identifier(system: str, value: str, code: str) -> Resource:
    coding = {"system": IDENTIFIER_TYPES, "code": code}
    return {"use": "official", "type": {"coding": [coding]}, "system": system, "value": value}


def _of_person(lines: list[ToldLine]) -> list[Resource]:
    line = lines[0]
    is_rpps = line.person_id_type == "8" or (not line.person_id_type and len(line.person_id) == 11)
    national = line.national_id or f"{'8' if is_rpps else line.person_id_type}{line.person_id}"
    rpps = [_identifier(RPPS[0], line.person_id, "RPPS")] if is_rpps else []
    return [_identifier(IDNPS, national, "IDNPS"), *rpps]


def _of_structure(lines: list[ToldLine]) -> list[Resource]:
    value = lines[0].structure_id
    kind = lines[0].structure_id_type or BY_LENGTH.get(len(value), "")
    if kind not in STRUCTURE_SYSTEMS:
        return [_identifier(INTERNAL, value, "INTRN")]
    system, code = STRUCTURE_SYSTEMS[kind]
    return [_identifier(IDNST, f"{kind}{value}", "IDNST"), _identifier(system, value, code)]


def _of_role(lines: list[ToldLine]) -> list[Resource]:
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
    return [_stated(name)] if name["text"] else []


def _codings(line: ToldLine) -> list[Resource]:
    said = [
        (system, getattr(line, field), getattr(line, field.removesuffix("_code"))) for system, field in CODES.items()
    ]
    return [_stated({"system": system, "code": code, "display": words}) for system, code, words in said if code]


def _concepts(lines: list[ToldLine]) -> list[Resource]:
    """A CodeableConcept for each profession as it is exercised."""
    said = [codings for line in lines if (codings := _codings(line))]
    return [{"coding": codings} for place, codings in enumerate(said) if codings not in said[:place]]


def _practitioner(lines: list[ToldLine]) -> Resource:
    return {"name": _name(lines[0]), "qualification": [{"code": concept} for concept in _concepts(lines)]}


def _role(lines: list[ToldLine]) -> Resource:
    return {
        "practitioner": {"reference": f"Practitioner/{id_of((lines[0].person_id,))}"},
        "organization": {"reference": f"Organization/{id_of((lines[0].structure_id,))}"},
        "code": _concepts(lines),
    }


def _organization(lines: list[ToldLine]) -> Resource:
    line = lines[0]
    street = " ".join(filter(None, [line.street_number, line.street_number_suffix, line.street_type, line.street_name]))
    town = line.address_l6.removeprefix(line.postcode).strip()
    place = {
        "line": [part for part in (line.address_l2, line.address_l3, street, line.address_l5) if part],
        "city": town,
        "postalCode": line.postcode,
        "country": line.country,
    }
    return {
        "name": line.structure_name or line.trade_name,
        "alias": [line.trade_name] if line.trade_name else [],
        "address": [stated] if (stated := _stated(place)) else [],
    }


IDENTIFIERS = {PRACTITIONER.name: _of_person, ROLE.name: _of_role, ORGANIZATION.name: _of_structure}
FACTS = {PRACTITIONER.name: _practitioner, ROLE.name: _role, ORGANIZATION.name: _organization}


# --- Their mailboxes --------------------------------------------------------------------------------------------------
def _telecom(lines: list[ToldLine], register: Register) -> list[Resource]:
    """One ContactPoint per address: the first source's line, with the rank of whichever source tells one."""
    carried = [line for line in lines if _carries(line)]
    once = {line.address: line for line in reversed(carried)}
    ranks = _ranks(carried, register)
    return [_mailbox(line, register.bals.get(line.address), ranks) for line in carried if once[line.address] is line]


RANKS = {str(rank) for rank in range(1, 100)}


def _ranks(lines: list[ToldLine], register: Register) -> dict[str, int]:
    """The rank of each mailbox. What its holder chose here comes first: the annuaire may not know it yet."""
    ranks = {line.address: int(line.rank) for line in lines if line.rank in RANKS}
    chosen = {line.address for line in lines
              if register.wishes.get((line.person_id, line.structure_id)) == line.address}  # fmt: skip
    if chosen:
        ranks = {address: rank + 1 for address, rank in ranks.items()}
    return ranks | dict.fromkeys(chosen, 1)


def _mailbox(line: ToldLine, bal: tuple[str, str] | None, ranks: dict[str, int]) -> Resource:
    kind = {"coding": [{"system": BAL_TYPES, "code": line.kind}]}
    said: list[Resource] = [{"url": "type", "valueCodeableConcept": kind}]
    if bal and bal[0]:
        said.append({"url": "description", "valueString": bal[0]})
    if line.service:
        said.append({"url": "service", "valueString": line.service})
    if (paperless := YES_NO.get(line.paperless.upper())) is not None:
        said.append({"url": "digitization", "valueBoolean": paperless})
    extensions: list[Resource] = [
        {"url": EMAIL_TYPE, "valueCoding": {"system": MAIL_TYPES, "code": "MSSANTE", "display": "MSSANTE"}},
        {"url": METADATA, "extension": said},
    ]
    if bal:
        extensions.append({"url": state_url(), "valueCode": bal[1]})
    mailbox: Resource = {"extension": extensions, "system": "email", "value": line.address, "use": "work"}
    return mailbox | ({"rank": ranks[line.address]} if line.address in ranks else {})


def state_url() -> str:
    """The URL of our own extension: how far the BAL is in its life, for who sees it in the register."""
    return f"{settings.SITE_URL}/fhir/StructureDefinition/bal-state"
