"""The search parameters of the national API: what each asks of the lines."""

from collections.abc import Callable
from datetime import datetime
from functools import partial, reduce
from operator import and_, or_
from typing import Any, NamedTuple

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.db.models.lookups import Contains, Exact
from django.http import QueryDict

from directory.folding import Folded, fold
from directory.identifiers import is_mssante
from directory.models import Entry
from directory.search_index import Term, matching
from directory.sources.fhir_records import IDNPS, IDNST, RPPS
from directory.typography import quoted
from mailboxes.api.fhir.dates import Bounds, read_moment
from mailboxes.api.fhir.resources import (
    CODES,
    IN_FORCE,
    INTERNAL,
    KINDS,
    NOTHING,
    ORGANIZATION,
    PRACTITIONER,
    ROLE,
    STRUCTURE_SYSTEMS,
    ResourceKind,
    key_of,
    of_keys,
    told,
)

DEFAULT_SIZE, MAX_SIZE = 50, 200
MAX_VALUES = 100  # of all the parameters of one search: each is a condition of the query
TOTALS = ("none", "estimate", "accurate")
SUMMARIES = ("false", "data", "true", "count")
# The elements that FHIR R4 marks as summary ones, of those that we give.
SUMMARY = {
    PRACTITIONER.name: frozenset({"identifier", "active", "name", "telecom"}),
    ROLE.name: frozenset({"identifier", "active", "practitioner", "organization", "code", "specialty", "telecom"}),
    ORGANIZATION.name: frozenset({"identifier", "active", "type", "name"}),
}
FORMATS = ("json", "application/json", "application/fhir+json")


class BadSearch(Exception):
    """A search that is not understood; said to the caller as an OperationOutcome."""


# --- What a value asks of the lines -----------------------------------------------------------------------------------
def _split(token: str) -> tuple[str, str]:
    """`system|value`, `|value` or `value`; without a system, "" stands for any."""
    system, _, value = token.rpartition("|")
    return system, value.strip()


def _person(token: str, modifier: str) -> Q:
    system, value = _split(token)
    own, national = Q(person_id=value), Q(person_id=value[1:], national_id__in=[value, ""])
    if system in RPPS:
        return own & Q(person_id_type__in=["8", ""])
    return {"": own | national, IDNPS: national}.get(system, NOTHING)


def _structure(token: str, modifier: str) -> Q:
    system, value = _split(token)
    value = value.upper()
    national = Q(structure_id=value[1:], structure_id_type__in=[value[:1], ""])
    if system in ("", IDNST):
        return national if system else national | Q(structure_id=value)
    if system == INTERNAL:
        return Q(structure_id=value) & ~Q(structure_id_type__in=STRUCTURE_SYSTEMS)
    types = [kind for kind, (own, _) in STRUCTURE_SYSTEMS.items() if own == system]
    return Q(structure_id=value, structure_id_type__in=[*types, ""]) if types else NOTHING


def _situation(token: str, modifier: str) -> Q:
    system, value = _split(token)
    return Q(holder=f"{ROLE.name}/{value}") if system in ("", *RPPS) else NOTHING


def _of_id(kind: ResourceKind, value: str, modifier: str) -> Q:
    """An id, or a reference that ends in it."""
    key = key_of(kind, value.rpartition("/")[2])
    return of_keys(kind, [key] if key else [])


def _code(token: str, modifier: str) -> Q:
    system, value = _split(token)
    found = NOTHING
    for own, field in CODES.items():
        if system in ("", own):
            found |= Q(**{field: value})
    return found & IN_FORCE


def _words(fields: list[str], scopes: list[str], text: str, modifier: str) -> Q:
    """Each word begins one of these fields' words, or the fields are exactly that; accents and capitals forgiven.

    The search tables find the few lines where the words stand somewhere, then the fields themselves decide.
    """
    words = fold(text).split()
    if not words:
        return NOTHING
    found = Q(pk__in=matching([[[Term(scopes, word, is_prefix=True)]] for word in words]))
    if modifier == "exact":
        asked = " ".join(words)
        return found & (_is(fields, asked) | Q(*[_is([field], asked) for field in fields], _connector=Q.OR))
    whole = Concat(*[part for field in fields for part in (Value(" "), Folded(field))], output_field=CharField())
    for word in words:
        found &= Q(Contains(whole, f" {word}"))
    return found


def _is(fields: list[str], text: str) -> Q:
    spaced = [part for field in fields for part in (field, Value(" "))]
    return Q(Exact(Folded(Concat(*spaced, output_field=CharField())), text))


def _begins(field: str, text: str, modifier: str) -> Q:
    return IN_FORCE & Q(**{f"{field}__startswith": text})


def _town(text: str, modifier: str) -> Q:
    words = fold(text).split()
    return Q(pk__in=matching([[[Term(["town"], word, is_prefix=True)]] for word in words])) if words else NOTHING


def _mailbox(kind: ResourceKind, text: str, modifier: str) -> Q:
    """The lines whose address stands in the resource's own telecom."""
    carried = IN_FORCE & kind.mailboxes
    text = text.lower()
    if modifier == "exact":
        return carried & Q(address=text)
    if modifier == "contains":
        # A whole domain, to which nothing can be added, is found by its index.
        whole = text.startswith("@") and is_mssante(f"x{text}")
        return carried & (Q(domain=text[1:]) if whole else Q(address__contains=text))
    return carried & Q(address__startswith=text)


class Parameter(NamedTuple):
    type: str
    ask: Callable[[str, str], Q]  # of a value and a modifier
    modifiers: tuple[str, ...] = ()


def _parameter(type: str, ask: Callable[..., Q], *bound: Any, modifiers: tuple[str, ...] = ()) -> Parameter:
    return Parameter(type, partial(ask, *bound), modifiers)


def _named(fields: list[str], scopes: list[str]) -> Parameter:
    return _parameter("string", _words, fields, scopes, modifiers=("exact",))


def _of_mailbox(kind: ResourceKind) -> Parameter:
    return _parameter("string", _mailbox, kind, modifiers=("exact", "contains"))


PARAMETERS: dict[str, dict[str, Parameter]] = {
    PRACTITIONER.name: {
        "_id": _parameter("token", _of_id, PRACTITIONER),
        "identifier": Parameter("token", _person),
        "name": _named(["family_name", "given_name"], ["name"]),
        "family": _named(["family_name"], ["name"]),
        "given": _named(["given_name"], ["name"]),
        "mailbox-mss": _of_mailbox(PRACTITIONER),
        "qualification-code": Parameter("token", _code),
    },
    ROLE.name: {
        "_id": _parameter("token", _of_id, ROLE),
        "identifier": Parameter("token", _situation),
        "practitioner": _parameter("reference", _of_id, PRACTITIONER),
        "organization": _parameter("reference", _of_id, ORGANIZATION),
        "mailbox-mss": _of_mailbox(ROLE),
        "role": Parameter("token", _code),
    },
    ORGANIZATION.name: {
        "_id": _parameter("token", _of_id, ORGANIZATION),
        "identifier": Parameter("token", _structure),
        "name": _named(["structure_name", "trade_name"], ["name", "other"]),
        "mailbox-mss": _of_mailbox(ORGANIZATION),
        "address-postalcode": _parameter("string", _begins, "postcode"),
        "address-city": Parameter("string", _town),
    },
}
CONTROLS = {"_count", "_elements", "_total", "_include", "_revinclude", "_lastUpdated", "_format", "_summary", "active"}


class Include(NamedTuple):
    kind: ResourceKind
    field: str  # shared by what is found and what comes with it


INCLUDES = {
    (ROLE.name, "_include", "PractitionerRole:practitioner"): Include(PRACTITIONER, "person_id"),
    (ROLE.name, "_include", "PractitionerRole:organization"): Include(ORGANIZATION, "structure_id"),
    (PRACTITIONER.name, "_revinclude", "PractitionerRole:practitioner"): Include(ROLE, "person_id"),
    (ORGANIZATION.name, "_revinclude", "PractitionerRole:organization"): Include(ROLE, "structure_id"),
}


# --- A search, read ---------------------------------------------------------------------------------------------------
class Search(NamedTuple):
    kind: ResourceKind
    query: str  # as it was asked, for the links
    condition: Q
    active: bool | None
    changed: list[list[Bounds]]  # all of these, each any of its alternatives
    size: int
    elements: frozenset[str]
    total: bool  # asked for
    includes: list[Include]


def read_search(name: str, query: QueryDict) -> Search:
    if "\0" in query.urlencode(safe="\0") or not all(all(values) for _, values in query.lists()):
        raise BadSearch("Une valeur est vide ou illisible.")
    if sum(value.count(",") + 1 for _, values in query.lists() for value in values) > MAX_VALUES:
        raise BadSearch(f"Au plus {MAX_VALUES} valeurs par recherche : faites-en plusieurs.")
    if query.get("_format", "json").replace(" ", "+") not in FORMATS:  # a "+" left as it is reads as a space
        raise BadSearch("Seul le JSON est servi : « _format=json ».")
    return Search(
        KINDS[name],
        query.urlencode(),
        _read_condition(name, query),
        _read_active(query),
        [_read_changed(value) for value in query.getlist("_lastUpdated")],
        size := _read_size(query),
        _read_elements(name, query),
        _read_total(query) or not size,
        _read_includes(name, query),
    )


def _read_condition(name: str, query: QueryDict) -> Q:
    """A parameter given twice means and; a comma means or."""
    condition = Q()
    for asked, values in query.lists():
        if asked in CONTROLS:
            continue
        base, _, modifier = asked.partition(":")
        parameter = PARAMETERS[name].get(base)
        if parameter is None or (modifier and modifier not in parameter.modifiers) or asked == f"{base}:":
            raise BadSearch(
                f"Le paramètre {quoted(asked)} n’est pas connu de {name}. Connus : {', '.join(_known(name))}."
            )
        for value in values:
            asked_of = [parameter.ask(one, modifier) for one in value.split(",") if one]
            condition &= Q(NOTHING, *asked_of, _connector=Q.OR)
    return condition


def _known(name: str) -> list[str]:
    own = [f"{base}:{modifier}" for base, one in PARAMETERS[name].items() for modifier in one.modifiers]
    return sorted([*PARAMETERS[name], *own, *CONTROLS])


def _read_active(query: QueryDict) -> bool | None:
    """The condition on `active`. Left out, it means what is in force; a delta tells what is gone as well."""
    if "active" not in query:
        return None if "_lastUpdated" in query else True
    asked = {_split(one)[1] for one in str(query["active"]).split(",")}
    if not asked <= {"true", "false"}:
        raise BadSearch("« active » vaut true ou false.")
    return asked == {"true"} if len(asked) == 1 else None


def _read_changed(value: str) -> list[Bounds]:
    if (bounds := read_moment(value)) is None:
        raise BadSearch(
            f"« _lastUpdated={value} » : écrivez eq, ne, ge, gt, sa, le, lt, eb ou ap, puis AAAA, AAAA-MM, AAAA-MM-JJ "
            "ou une date et heure."
        )
    return bounds


def _read_size(query: QueryDict) -> int:
    """0: their number alone."""
    value = query.get("_count", str(DEFAULT_SIZE))
    if not (value.isascii() and value.isdigit()):
        raise BadSearch(f"« _count » est un nombre de 0 à {MAX_SIZE}.")
    return 0 if query.get("_summary") == "count" else min(int(value[:9]), MAX_SIZE)


def _read_elements(name: str, query: QueryDict) -> frozenset[str]:
    if query.get("_summary", "false") not in SUMMARIES:
        raise BadSearch(f"« _summary » vaut {', '.join(SUMMARIES)} : nous ne tenons aucun texte.")
    asked = frozenset(filter(None, ",".join(query.getlist("_elements")).split(",")))
    return asked or (SUMMARY[name] if query.get("_summary") == "true" else asked)


def _read_total(query: QueryDict) -> bool:
    total = query.get("_total", "none")
    if total not in TOTALS:
        raise BadSearch(f"« _total » vaut {', '.join(TOTALS)}.")
    return total != "none"


def _read_includes(name: str, query: QueryDict) -> list[Include]:
    asked = [(name, control, value) for control in ("_include", "_revinclude") for value in query.getlist(control)]
    every = [(name, control) for own, control, value in asked if value == "*"]
    asked = [one for one in INCLUDES if one[:2] in every] + [one for one in asked if one[2] != "*" or not _has(one)]
    for one in asked:
        if one not in INCLUDES:
            known = ", ".join(f"{control}={value}" for own, control, value in INCLUDES if own == name)
            raise BadSearch(f"{quoted(f'{one[1]}={one[2]}')} n’est pas connu de {name}. Connus : {known}.")
    return [INCLUDES[one] for one in dict.fromkeys(asked)]


def _has(asked: tuple[str, str, str]) -> bool:
    """Is there anything at all to come with these?"""
    return any(one[:2] == asked[:2] for one in INCLUDES)


# --- The resources it finds -------------------------------------------------------------------------------------------
def found_keys(search: Search) -> QuerySet[Entry, Any]:
    """The keys of the resources found, each once, in order."""
    kind = search.kind
    lines = told().filter(kind.lines, search.condition)
    for alternatives in search.changed:
        lines = lines.filter(reduce(or_, (_within(kind, bounds) for bounds in alternatives)))
    if search.active is True:
        lines = lines.filter(IN_FORCE)
    if search.active is False:
        lines = lines.filter(~Exists(_siblings(kind).filter(IN_FORCE)))
    return lines.order_by(*kind.key).values_list(*kind.key).distinct()


def _within(kind: ResourceKind, bounds: Bounds) -> Q:
    return reduce(and_, (_changed(kind, comparison, moment) for comparison, moment in bounds))


def _changed(kind: ResourceKind, comparison: str, moment: datetime) -> Q:
    """The resources whose latest change falls within these bounds."""
    # MOMENT in two halves: PostgreSQL has statistics of the columns; of their Coalesce it expects a third of all.
    moved = Q(withdrawn_at__gte=moment) | Q(IN_FORCE, changed_at__gte=moment)
    later = Exists(_siblings(kind).filter(moved))
    return Q(later) if comparison == "gte" else ~Q(later)


def _siblings(kind: ResourceKind) -> QuerySet[Entry]:
    """The lines that make the same resource as a line, itself among them."""
    return told().filter(kind.lines, **{name: OuterRef(name) for name in kind.key})
