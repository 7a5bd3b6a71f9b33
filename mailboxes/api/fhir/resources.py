"""From lines of the annuaire to the resources of FHIR."""

import hashlib
import json
from datetime import date, datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, Max, Min
from django.utils import timezone

from directory.pictures import public_sources
from directory.prepared import Prepared, prepared
from directory.sources.fhir_records import EMAIL_TYPE, METADATA
from mailboxes.api.fhir.kinds import (
    IN_FORCE,
    MOMENT,
    NOTHING,
    ORGANIZATION,
    Key,
    Resource,
    ResourceKind,
    ToldLine,
    id_of,
    of_parts,
    parts_of,
    told,
)
from mailboxes.api.fhir.places import NOWHERE, Place, places
from mailboxes.api.fhir.shapes import FACTS, IDENTIFIERS, NOS, PROFILES, stated
from mailboxes.models import Bal, Person, Preference
from mailboxes.models.bulk import among

MAIL_TYPES = f"{NOS}/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie"
BAL_TYPES = f"{NOS}/TRE_R257-TypeBAL/FHIR/TRE-R257-TypeBAL"
YES_NO = {"O": True, "TRUE": True, "1": True, "N": False, "FALSE": False, "0": False}


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
    summaries = _summaries(kind, keys) if keys else {}
    lines: dict[Key, list[ToldLine]] = {key: [] for key in keys if key in summaries}
    for line in _lines(kind, keys, [summary.first for summary in summaries.values()]) if summaries else ():
        if (own := tuple(getattr(line, name) for name in kind.key)) in lines:
            lines[own].append(line)
    carried = [line for group in lines.values() for line in group if _carries(line)]
    register = _register(carried, user) if is_reached else None
    where = places(key[0] for key in keys) if _asks_where(kind, elements) else {}
    return [
        _resource(kind, key, summaries[key], group, register, where.get(key[0], NOWHERE))
        for key, group in lines.items()
        if group  # else gone from between the two queries
    ]


def _asks_where(kind: ResourceKind, elements: frozenset[str]) -> bool:
    """Asked with `telecom` too: the version that is then told is of the whole."""
    told_by = {"type", "partOf", "identifier", "telecom"}
    return kind.name == ORGANIZATION.name and (not elements or not elements.isdisjoint(told_by))


def _are_few(kind: ResourceKind) -> bool:
    """A person has a few lines, a hospital thousands."""
    return kind.name != ORGANIZATION.name


def _asked(question: Prepared, kind: ResourceKind, **given) -> list[tuple]:
    """The plan that is good for the few lines of a person is not for those of two hundred hospitals: PostgreSQL then
    makes one for these."""
    return question(kind, **given) if _are_few(kind) else list(question.build(kind, **given))


def _summaries(kind: ResourceKind, keys: list[Key]) -> dict[Key, Summary]:
    rows, size = _asked(_summed_up, kind, **parts_of(kind, keys)), len(kind.key)
    return {row[:size]: Summary(row[size] or row[size + 1], row[size] is not None, row[size + 2]) for row in rows}


@prepared
def _summed_up(kind: ResourceKind, **parts):
    groups = told(few=_are_few(kind)).filter(of_parts(kind, parts)).values_list(*kind.key)
    return groups.annotate(here=Min("pk", filter=IN_FORCE), ever=Min("pk"), changed=Max(MOMENT)).order_by()


def _lines(kind: ResourceKind, keys: list[Key], firsts: list[int]) -> list[ToldLine]:
    """The lines of these resources, those of the first source first."""
    order = public_sources()
    lines = map(ToldLine._make, _asked(_wanted, kind, firsts=firsts, **parts_of(kind, keys)))
    return sorted(lines, key=lambda line: (order.index(line.source), line.ordinal, line.pk))


@prepared
def _wanted(kind: ResourceKind, firsts, **parts):
    wanted = among("pk", firsts) | (IN_FORCE & (kind.mailboxes | kind.others))
    carried = ExpressionWrapper(kind.mailboxes, BooleanField())
    found = told(few=_are_few(kind)).filter(of_parts(kind, parts)).filter(wanted).annotate(is_carried=carried)
    return found.values_list(*ToldLine._fields)


class Register(NamedTuple):
    """What the register knows of these mailboxes, as far as the asker sees it: the rest is another structure's
    business."""

    bals: dict[str, tuple[str, str]]  # address -> description, state
    wishes: dict[Key, str]  # person, place -> the address that its holder prefers there for every message


def _register(lines: list[ToldLine], user) -> Register:
    today, addresses = timezone.localdate(), {line.address for line in lines}
    bals = {address: (said, state) for address, said, state in _seen(today, user=user, addresses=addresses)}
    wishes = _wishes(today, user=user, addresses=bals) if bals else []
    return Register(bals, {(rpps or "", place): address for rpps, place, address in wishes})


@prepared
def _seen(today: date, user, addresses):
    seen = Bal.objects.visible_to(user).filter(among("address", addresses))
    return seen.values_list("address", "description", "state")


@prepared
def _wishes(today: date, user, addresses):
    people = Person.objects.visible_to(user).values("pk")
    wishes = Preference.objects.main().filter(among("address", addresses), person__in=people).order_by()
    return wishes.values_list("person__rpps", "situation", "address")


def _carries(line) -> bool:
    """Does this line put its address in the telecom of the resource it was read for?"""
    return line.is_carried and line.withdrawn_at is None


def _resource(
    kind: ResourceKind, key: Key, summary: Summary, lines: list[ToldLine], register: Register | None, place: Place
) -> Resource:
    """One resource; without `register`, neither its mailboxes nor its version are told. Gone from the annuaire, it
    keeps its identifiers alone, as the national API shows the deleted."""
    resource: Resource = {
        "resourceType": kind.name,
        "id": id_of(key),
        "language": "fr",
        "identifier": IDENTIFIERS[kind.name](lines, place),
        "active": summary.active,
    }
    if summary.active:
        resource |= FACTS[kind.name](lines, place)
        resource["telecom"] = _telecom(lines, register) if register else []
    resource = stated(resource)
    version = {"versionId": _version(resource)} if register else {}
    moment = timezone.localtime(summary.changed).isoformat(timespec="milliseconds")
    return resource | {"meta": {**version, "lastUpdated": moment, "profile": PROFILES[kind.name]}}


def _version(resource: Resource) -> str:
    """The version of what is shown: it depends on the register and on who asks, and `lastUpdated` dates only the
    annuaire."""
    return hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()[:16]


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
