"""A page of what a search finds, as a Bundle, and the way to the next."""

import uuid
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core import signing
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from directory.typography import for_software
from mailboxes.api.fhir.kinds import Key, Resource, told
from mailboxes.api.fhir.parameters import Include
from mailboxes.api.fhir.resources import resources
from mailboxes.api.fhir.searches import Search, found_keys, read_search
from mailboxes.api.fhir.totals import total_of

SALT = "mailboxes.api.fhir"
MAX_INCLUDED = 1000  # of one page and one `_include`: a hospital has thousands of situations d'exercice
ALWAYS = {"resourceType", "id", "meta"}  # whatever `_elements` asks
TIES = {"practitioner", "organization", "partOf"}  # by which what comes with a page is tied to it
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


class SearchExpired(Exception):
    """The link to a page is no longer good: said to the caller as a 410, for the search is to be made again."""


class SearchPage(NamedTuple):
    """`after` is the key of the last resource shown; `total` is carried from the first page, counted once."""

    search: Search
    after: Key | None = None
    total: int | None = None


def read_token(token: str) -> SearchPage:
    try:
        name, query, after, total = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise SearchExpired("Cette page n’est plus connue : reprenez la recherche à sa première page.") from error
    return SearchPage(read_search(name, QueryDict(query)), tuple(after), total)


def _token(page: SearchPage, after: Key) -> str:
    """What a `next` link carries: opaque, and nobody else's to write."""
    facts = [page.search.kind.name, page.search.query, list(after), page.total]
    return signing.dumps(facts, salt=SALT, compress=True)


def bundle_of(page: SearchPage, base: str, user) -> Resource:
    """A page of the search as a Bundle. Pages go by key and not by number: resources that come or go meanwhile shift
    none."""
    search = page.search
    keys, more = _keys(page) if search.size else ([], False)
    matches = resources(search.kind, keys, user, search.elements)
    found = [_entry(subset(one, search.elements), base, "match") for one in matches]
    for include in search.includes:
        found += _included(include, search, keys, base, user)
    found += [_outcome("not-supported", note) for note in search.notes]
    page = page._replace(total=_total(page, len(keys), more))
    links = [{"relation": "self", "url": f"{base}/{search.kind.name}{'?' if search.query else ''}{search.query}"}]
    if more:
        links.append({"relation": "next", "url": f"{base}/_page?{urlencode({'id': _token(page, keys[-1])})}"})
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "meta": {"lastUpdated": timezone.localtime().isoformat(timespec="milliseconds")},
        "type": "searchset",
        "link": links,
    }
    return bundle | ({} if page.total is None else {"total": page.total}) | ({"entry": found} if found else {})


def _total(page: SearchPage, shown: int, more: bool) -> int | None:
    """That of the first page is told by all; of a page that holds everything it is known."""
    if page.after:
        return page.total
    is_whole = page.search.size and not more
    return shown if is_whole else total_of(page.search)


def _keys(page: SearchPage) -> tuple[list[Key], bool]:
    """The keys of this page, and whether more follow."""
    search = page.search
    # By words or by moment the whole annuaire may have to be looked through, and then few addresses are not enough.
    found = found_keys(search, few=not search.is_long_to_count and search.active is None)
    if page.after:
        found = found.filter(_beyond(search.kind.key, page.after))
    keys = list(found[: search.size + 1])
    return keys[: search.size], len(keys) > search.size


def _beyond(fields: tuple[str, ...], after: Key) -> Q:
    """The keys after this one. A key has one or two fields; of two, the first condition is the one an index answers."""
    if len(fields) == 1:
        return Q(**{f"{fields[0]}__gt": after[0]})
    from_here = Q(**{f"{fields[0]}__gte": after[0]})
    return from_here & (Q(**{f"{fields[0]}__gt": after[0]}) | Q(**{f"{fields[1]}__gt": after[1]}))


def _included(include: Include, search: Search, keys: list[Key], base: str, user) -> list[Resource]:
    values = {key[search.kind.key.index(include.field)] for key in keys}
    others = _others(include, values)
    elements = search.elements_of(include.kind)
    found = resources(include.kind, others[:MAX_INCLUDED], user, elements)
    elements = elements | TIES if elements else elements
    entries = [_entry(subset(one, elements), base, "include") for one in found]
    return entries + ([_incomplete(include)] if len(others) > MAX_INCLUDED else [])


def _others(include: Include, values: set[str]) -> list[Key]:
    """The keys of what comes with those found, gone or not, as nationally; one more than may come tells that there are
    more."""
    own = include.kind.key
    if include.others:
        return [(value,) for value in sorted(include.others(values))]
    if own == (include.field,):
        return [(value,) for value in sorted(values)]
    lines = told(few=True).filter(include.kind.lines, **{f"{include.field}__in": values})
    return list(lines.order_by(*own).values_list(*own).distinct()[: MAX_INCLUDED + 1])


def _incomplete(include: Include) -> Resource:
    text = f"Seuls {MAX_INCLUDED} {include.kind.name} accompagnent cette page : demandez moins à la fois (_count)."
    return _outcome("incomplete", text)


def _outcome(code: str, text: str) -> Resource:
    issue = {"severity": "warning", "code": code, "diagnostics": for_software(text)}
    return {"resource": {"resourceType": "OperationOutcome", "issue": [issue]}, "search": {"mode": "outcome"}}


def _entry(resource: Resource, base: str, mode: str) -> Resource:
    url = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}


def subset(resource: Resource, elements: frozenset[str]) -> Resource:
    if not elements:
        return resource
    kept = {name: value for name, value in resource.items() if name in ALWAYS | elements}
    return kept | {"meta": kept["meta"] | {"tag": [SUBSETTED]}}
