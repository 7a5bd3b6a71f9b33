"""The resources that the façade gives: which lines of the annuaire make each, and what its id is made of."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from directory.models import Entry
from directory.pictures import public_sources
from mailboxes.models import Bal
from mailboxes.models.bal_sets import in_row
from mailboxes.models.bulk import among

Resource = dict[str, Any]
Key = tuple[str, ...]


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


def told(*, few: bool = False) -> QuerySet[Entry]:
    """Every line that a public source tells or told, less those in force of an address that is in liste rouge here.

    Once withdrawn a line gives no address: it only says that somebody or some place is no longer there. `few`: hundreds
    of them are read, and each address is looked up; else PostgreSQL first reads all those in liste rouge.
    """
    red = Bal.objects.filter(address=OuterRef("address"), liste_rouge=True)
    is_red = Q(in_row(red)) if few else Q(Exists(red))
    return Entry.objects.filter(~IN_FORCE | ~is_red, source__in=public_sources())


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


def parts_of(kind: ResourceKind, keys: Sequence[Key]) -> dict[str, frozenset[str]]:
    """What these keys are made of, part by part."""
    return {name: frozenset(key[place] for key in keys) for place, name in enumerate(kind.key)}


def of_parts(kind: ResourceKind, parts: Mapping[str, Any]) -> Q:
    """The lines of these resources; of two-part keys, also of others that share both parts with some of them."""
    return Q(kind.lines, *[among(name, values) for name, values in parts.items()])


# --- What is read of a line -------------------------------------------------------------------------------------------
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
