"""A search as it is asked, and the resources it finds."""

import re
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from directory.models import Entry
from directory.typography import quoted
from mailboxes.api.fhir.asks import BadSearch, NotHeld
from mailboxes.api.fhir.dates import Bounds, read_moment
from mailboxes.api.fhir.kinds import IN_FORCE, KINDS, NOTHING, ORGANIZATION, PRACTITIONER, ROLE, ResourceKind, told
from mailboxes.api.fhir.parameters import (
    CHAINS,
    CONTROLS,
    INCLUDES,
    NOT_HELD,
    NOT_HELD_INCLUDES,
    PARAMETERS,
    Include,
    Parameter,
)

DEFAULT_SIZE, MAX_SIZE = 50, 200
MAX_VALUES = 100  # of all the parameters of one search: each is a condition of the query
TOTALS = ("none", "estimate", "accurate")
SUMMARIES = ("false", "data", "true", "count")
# The elements that FHIR R4 marks as summary ones, of those that we give.
SUMMARY = {
    PRACTITIONER.name: frozenset({"identifier", "active", "name", "telecom"}),
    ROLE.name: frozenset({"identifier", "active", "practitioner", "organization", "code", "specialty", "telecom"}),
    ORGANIZATION.name: frozenset({"identifier", "active", "type", "name", "partOf"}),
}
FORMATS = ("json", "application/json", "application/fhir+json")
ONCE = ("_count", "_total", "_totalMethod", "_summary", "_format", "active")  # of two, one would be passed over
OF_READING = ("_elements", "_format", "_summary")
# A comma parts alternatives, unless a backslash stands before it; so with the other characters that FHIR reserves.
ALTERNATIVE, ESCAPED = re.compile(r"(?:\\.|[^,])+", re.DOTALL), re.compile(r"\\([,$\\])")


class Search(NamedTuple):
    kind: ResourceKind
    query: str  # as it was asked, for the links
    condition: Q
    active: bool | None
    changed: list[list[Bounds]]  # all of these, each any of its alternatives
    size: int
    elements: frozenset[str]
    is_summary: bool
    total: str  # one of TOTALS; "": where it is cheap
    is_long_to_count: bool
    includes: list[Include]
    notes: list[str]  # what of it our copy does not hold

    def elements_of(self, kind: ResourceKind) -> frozenset[str]:
        """What is shown of what comes with those found: of a summary, what FHIR marks in that resource."""
        return SUMMARY[kind.name] if self.is_summary else self.elements


def read_search(name: str, query: QueryDict) -> Search:
    if "\0" in query.urlencode(safe="\0") or not all(all(values) for _, values in query.lists()):
        raise BadSearch("Une valeur est vide ou illisible : donnez-en une à chaque paramètre, ou retirez-le.")
    if sum(value.count(",") + 1 for _, values in query.lists() for value in values) > MAX_VALUES:
        raise BadSearch(f"Au plus {MAX_VALUES} valeurs par recherche : faites-en plusieurs.")
    for one in ONCE:
        if len(set(query.getlist(one))) > 1:
            raise BadSearch(f"{quoted(one)} est donné plusieurs fois : gardez la bonne valeur.")
    check_format(query)
    asked = [_asked(name, one) for one in query if one not in CONTROLS]
    includes, missing = _read_includes(name, query)
    return Search(
        KINDS[name],
        query.urlencode(),
        reduce(and_, (one.of(value) for one in asked for value in query.getlist(one.name)), Q()),
        _read_active(query),
        [_read_changed(value) for value in query.getlist("_lastUpdated")],
        size := _read_size(query),
        elements := _read_elements(name, query),
        bool(elements) and "_elements" not in query,
        _read_total(query, size),
        "_lastUpdated" in query or any(one.parameter.type == "string" for one in asked),
        includes,
        list(dict.fromkeys([one.parameter.note for one in asked if one.parameter.note] + missing)),
    )


def read_shown(name: str, query: QueryDict) -> frozenset[str]:
    """The elements that are asked of one resource, read by its id; none: all."""
    if unknown := [one for one in query if one not in OF_READING]:
        raise BadSearch(f"{quoted(unknown[0])} n’est pas lu ici. Connus : {', '.join(OF_READING)}.")
    if query.get("_summary") == "count":
        raise BadSearch("« _summary=count » compte ce qu’une recherche trouve : retirez-le, ou cherchez.")
    return _read_elements(name, query)


def check_format(query: QueryDict) -> None:
    if query.get("_format", "json").replace(" ", "+") not in FORMATS:  # a "+" left as it is reads as a space
        raise BadSearch("Seul le JSON est servi : écrivez « _format=json ».")


class AskedParameter(NamedTuple):
    """A parameter as it is asked: its modifier, and the reference that it is asked of."""

    name: str
    parameter: Parameter
    modifier: str
    through: tuple[ResourceKind, str] | None

    def of(self, said: str) -> Q:
        """A comma means or; `not` is of all of them, and what is gone says nothing more."""
        negated = self.modifier == "not"
        values = [ESCAPED.sub(r"\1", one) for one in ALTERNATIVE.findall(said)]
        asked = [self.parameter.ask(one, "" if negated else self.modifier) for one in values]
        found = Q(NOTHING, *asked, _connector=Q.OR)
        found = IN_FORCE & ~found if negated else found
        if self.through is None:
            return found
        kind, field = self.through
        return Q(**{f"{field}__in": told().filter(kind.lines, found).values(field)})


def _asked(name: str, said: str) -> AskedParameter:
    reference, _, rest = said.partition(".")
    own, _, type_said = reference.partition(":")
    through = CHAINS.get((name, own)) if rest else None
    if through and type_said not in ("", through[0].name):
        raise _unknown(name, said)
    of, asked = (through[0].name, rest) if through else (name, said)
    base, colon, modifier = asked.partition(":")
    if base in NOT_HELD[of]:
        raise NotHeld(f"{quoted(base)} n’est pas tenu ici : demandez-le à l’API nationale.")
    parameter = PARAMETERS[of].get(base)
    if parameter is None or (modifier and modifier not in parameter.modifiers) or (colon and not modifier):
        raise _unknown(name, said)
    return AskedParameter(said, parameter, modifier, through)


def _unknown(name: str, said: str) -> BadSearch:
    return BadSearch(f"Le paramètre {quoted(said)} n’est pas connu de {name}. Connus : {', '.join(_known(name))}.")


def _known(name: str) -> list[str]:
    own = [f"{base}:{modifier}" for base, one in PARAMETERS[name].items() for modifier in one.modifiers]
    chained = [f"{base}.identifier" for kind, base in CHAINS if kind == name]
    return sorted([*PARAMETERS[name], *own, *chained, *CONTROLS])


def _read_active(query: QueryDict) -> bool | None:
    """The condition on `active`; left out, what is gone is told as well, as nationally."""
    if "active" not in query:
        return None
    asked = {one.rpartition("|")[2] for one in str(query["active"]).split(",")}
    if not asked <= {"true", "false"}:
        raise BadSearch(f"« active » vaut true ou false, et non {quoted(query['active'])}.")
    return asked == {"true"} if len(asked) == 1 else None


def _read_changed(value: str) -> list[Bounds]:
    if (bounds := read_moment(value)) is None:
        raise BadSearch(
            f"{quoted(f'_lastUpdated={value}')} ne se lit pas : écrivez eq, ne, ge, gt, "
            "sa, le, lt, eb ou ap, puis AAAA, AAAA-MM, AAAA-MM-JJ "
            "ou une date et heure."
        )
    return bounds


def _read_size(query: QueryDict) -> int:
    """0: their number alone."""
    value = query.get("_count", str(DEFAULT_SIZE))
    if not (value.isascii() and value.isdigit()):
        raise BadSearch(f"« _count » est un nombre de 0 à {MAX_SIZE}, et non {quoted(value)}.")
    return 0 if query.get("_summary") == "count" else min(int(value[:9]), MAX_SIZE)


def _read_elements(name: str, query: QueryDict) -> frozenset[str]:
    if query.get("_summary", "false") not in SUMMARIES:
        raise BadSearch(f"« _summary » vaut {', '.join(SUMMARIES)} : nous ne tenons aucun texte.")
    asked = frozenset(filter(None, ",".join(query.getlist("_elements")).split(",")))
    return asked or (SUMMARY[name] if query.get("_summary") == "true" else asked)


def _read_total(query: QueryDict, size: int) -> str:
    total = query.get("_total", "")
    if total and total not in TOTALS:
        raise BadSearch(f"« _total » vaut {', '.join(TOTALS)}.")
    # fhirpy asks for a number in a word of its own.
    return (total if total != "none" else "accurate") or "accurate" if not size or "_totalMethod" in query else total


def _read_includes(name: str, query: QueryDict) -> tuple[list[Include], list[str]]:
    """What comes with what is found, and what is said not to."""
    asked = [(name, control, value) for control in ("_include", "_revinclude") for value in query.getlist(control)]
    every = [(name, control) for own, control, value in asked if value == "*"]
    asked = [one for one in INCLUDES if one[:2] in every] + [one for one in asked if one[2] != "*" or not _has(one)]
    missing = [NOT_HELD_INCLUDES[one] for one in asked if one in NOT_HELD_INCLUDES]
    asked = [one for one in asked if one not in NOT_HELD_INCLUDES]
    for one in asked:
        if one not in INCLUDES:
            known = ", ".join(f"{control}={value}" for own, control, value in INCLUDES if own == name)
            raise BadSearch(f"{quoted(f'{one[1]}={one[2]}')} n’est pas connu de {name}. Connus : {known}.")
    return [INCLUDES[one] for one in dict.fromkeys(asked)], missing


def _has(asked: tuple[str, str, str]) -> bool:
    """Is there anything at all to come with these?"""
    return any(one[:2] == asked[:2] for one in INCLUDES)


# --- The resources it finds -------------------------------------------------------------------------------------------
def found_keys(search: Search, *, few: bool = False) -> QuerySet[Entry, Any]:
    """The keys of the resources found, each once, in order; `few`: a page of them is wanted."""
    kind = search.kind
    lines = told(few=few).filter(kind.lines, search.condition)
    # Of what else is asked, the line that moved may answer nothing, and another of the same resource all.
    own = not search.condition and search.active is not True
    for alternatives in search.changed:
        lines = lines.filter(reduce(or_, (_within(kind, bounds, own) for bounds in alternatives)))
    if search.active is True:
        lines = lines.filter(IN_FORCE)
    if search.active is False:  # the line itself is none in force: an index holds those few
        lines = lines.filter(~Exists(_siblings(kind).filter(IN_FORCE)), withdrawn_at__isnull=False)
    return lines.order_by(*kind.key).values_list(*kind.key).distinct()


def _within(kind: ResourceKind, bounds: Bounds, own: bool) -> Q:
    return reduce(and_, (_changed(kind, comparison, moment, own) for comparison, moment in bounds))


def _changed(kind: ResourceKind, comparison: str, moment: datetime, own: bool) -> Q:
    """The lines of the resources whose latest change falls within these bounds; `own`: the line that moved will do for
    all those of its resource, which an index finds."""
    # MOMENT in two halves: PostgreSQL has statistics of the columns; of their Coalesce it expects a third of all.
    moved = Q(withdrawn_at__gte=moment) | Q(IN_FORCE, changed_at__gte=moment)
    if own and comparison == "gte":
        return moved
    later = Exists(_siblings(kind).filter(moved))
    return Q(later) if comparison == "gte" else ~Q(later)


def _siblings(kind: ResourceKind) -> QuerySet[Entry]:
    """The lines that make the same resource as a line, itself among them."""
    return told().filter(kind.lines, **{name: OuterRef(name) for name in kind.key})
