"""Who can read a BAL, as a chain: who decides, who answers for it, to whom it is lent and under whom.

A link that does not hold is said so: the table tells which there are, and in which words.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.text import capfirst

from directory.dates import day_of
from mailboxes.lifecycle import BECAUSE, WITH_ACCESSES, RequestKind, RequestStage, State
from mailboxes.models import Affiliation, Bal, Movement, Person, Request
from mailboxes.models.holders import WHOLE_RIGHTS
from mailboxes.rules import has_left, stays_at
from mailboxes.views.pdf import bullets, facts, heading, note, pdf, table


class Break(NamedTuple):
    name: str
    is_broken: Callable[[Any], bool]
    words: Callable[[Any], str]


def _left(bal: Bal, person: Person) -> str:
    return f"a quitté la structure le {day_of(max(stay.left_on for stay in stays_at(bal, person)))}"


# fmt: off
OF_BAL = [
    Break("nobody", lambda bal: bal.has_users and not bal.cotitulaires.all(),
          lambda bal: "Personne ne répond de cette BAL : aucun titulaire n’y est inscrit."),
    Break("no-principal", lambda bal: bal.is_shared and bool(bal.cotitulaires.all()) and bal.principal() is None,
          lambda bal: "Aucun cotitulaire principal : personne ne peut en demander la suppression."),
    Break("responsable-left", lambda bal: bal.responsable is not None and has_left(bal, bal.responsable),
          lambda bal: f"{bal.responsable}, responsable, {_left(bal, bal.responsable)}."),
]
OF_HOLDER = [
    Break("left", lambda row: has_left(row.bal, row.person),
          lambda row: f"{capfirst(_left(row.bal, row.person))}, et figure encore ici."),
    Break("due", lambda row: row.is_principal and row.bal.is_shared and not has_left(row.bal, row.person)
          and row.bal.is_principal_due_to_leave(),
          lambda row: "Le jour de son départ est passé, et son rôle de principal n’est pas transmis."),
]
OF_DELEGATION = [
    Break("past", lambda row: row.is_past,
          lambda row: f"Accès dépassé : son dernier jour était le {day_of(row.ends_on)}."),
    Break("left", lambda row: has_left(row.bal, row.person),
          lambda row: f"{capfirst(_left(row.bal, row.person))}, et a encore accès."),
    Break("under-left", lambda row: has_left(row.bal, row.under),
          lambda row: f"{row.under}, qui répond de cet accès, {_left(row.bal, row.under)}."),
    Break("under-stranger", lambda row: not row.bal.is_held_by(row.under) and not has_left(row.bal, row.under),
          lambda row: f"{row.under}, qui répond de cet accès, ne tient plus cette BAL."),
]
# fmt: on


class Chain(NamedTuple):
    closed: str  # why nobody may open it any more, whoever stands in it still; "" where it may be opened
    breaks: list[str]  # of the whole
    holders: list[dict]  # each with its `breaks`, and what is `lent` under them
    stray: list[dict]  # lent under who no longer holds it
    readers: int
    coming: int  # who will read it besides, from a day to come
    awaited: int  # of the readers, those whom the operator has not let in yet, or refused to
    closing: list[Request]  # who is no link any more, and whom the operator may not have shut out yet

    @property
    def broken(self) -> int:
        links = [*self.holders, *(lent for holder in self.holders for lent in holder["lent"]), *self.stray]
        return len(self.breaks) + sum(len(link["breaks"]) for link in links)


def chain_of(bal: Bal, holders: list[dict], delegations: list[dict]) -> Chain:
    """`holders` and `delegations`: each its `row`, what the operator was `asked` of it, and what may be done to it; the
    people with their stays."""
    closed = "" if bal.state in WITH_ACCESSES else BECAUSE[State(bal.state)]
    of_bal, of_holder, of_delegation = ([], [], []) if closed else (OF_BAL, OF_HOLDER, OF_DELEGATION)
    lent: dict[int, list[dict]] = {}
    for one in delegations:
        lent.setdefault(one["row"].under_id, []).append({**one, "breaks": _said(of_delegation, one["row"])})
    shown = [
        {**one, "breaks": _said(of_holder, one["row"]), "lent": lent.pop(one["row"].person_id, [])} for one in holders
    ]
    begun = [*holders, *(one for one in delegations if not one["row"].is_to_come)]
    people = {one["row"].person_id for one in begun}
    coming = {one["row"].person_id for one in delegations} - people
    awaited = {one["row"].person_id for one in begun if one["asked"] and one["asked"].opens_access}
    stray = [one for rows in lent.values() for one in rows]
    counts = (0, 0, 0) if closed else (len(people), len(coming), len(awaited))
    return Chain(closed, _said(of_bal, bal), shown, stray, *counts, closing_of(bal))


def asked_for(row: Bal, person: int) -> Request | None:
    """The latest request for an access of this person, where the operator has not opened or changed it, or refused
    to."""
    for request in row.requests.all():  # the latest first
        if request.person_id == person:
            is_open = request.kind == RequestKind.GRANT and (
                request.is_awaited or request.stage == RequestStage.REFUSED
            )
            return request if is_open else None
    return None


def closing_of(row: Bal) -> list[Request]:
    return [request for request in row.requests.all() if request.closes_access]


def _said(table: list[Break], row) -> list[str]:
    return [one.words(row) for one in table if one.is_broken(row)]


def with_stays(bal: Bal, delegations: Iterable, user) -> list[Affiliation]:
    """Read the stays of all the people of the chain, in one query, which of them `user` sees, and whether the principal
    is due to leave; those of the holders in its structure are given back."""
    holders = [row.person for row in bal.cotitulaires.all()]
    people = [*holders, *(person for row in delegations for person in (row.person, row.under))]
    people += [bal.responsable] if bal.responsable else []
    due = Movement.objects.due_departures(timezone.localdate()).filter(stay=OuterRef("pk"))
    seen = Affiliation.objects.visible_to(user).filter(pk=OuterRef("pk"))
    stays = Affiliation.objects.select_related("structure__parent").annotate(is_due=Exists(due), is_seen=Exists(seen))
    prefetch_related_objects(people, Prefetch("affiliations", stays))
    principal = bal.principal()
    theirs = principal.affiliations.all() if principal else []
    bal.principal_is_due = any(stay.is_due and stay.structure.is_in_line_with(bal.structure) for stay in theirs)
    return [stay for person in holders for stay in stays_at(bal, person)]


# --- For an inspector -------------------------------------------------------------------------------------------------
HEADER = ("Personne", "RPPS", "Rôle et droit", "Depuis", "Jusqu’au", "À voir")


def printed_chain(bal: Bal, chain: Chain, reviewed: datetime | None) -> bytes:
    told = [
        ("Structure", bal.structure), ("Type", bal.get_kind_display()), ("État", bal.get_state_display()),
        ("Opérateur", bal.operator), ("Responsable de structure", bal.responsable),
        ("Dernière revue des accès", day_of(reviewed) or "jamais"), ("Personnes qui y ont accès", _readers(chain)),
    ]  # fmt: skip
    rows = rows_of(chain)
    parts = [facts(told), heading("Qui reste au registre" if chain.closed else "Qui y a accès, et sous qui")]
    parts += [table(HEADER, rows, widths=[2, 1.3, 2.4, 1.1, 1.1, 2.2])] if rows else [note("Personne.")]
    broken = chain.breaks or (["Chaque lien rompu est dit à sa ligne."] if chain.broken else [])
    parts += [heading("Ce qui ne tient pas"), bullets(broken or ["Rien : chaque accès a qui en répond."])]
    return pdf(f"Qui a accès à {bal.address}", parts, structure=str(bal.structure), day=timezone.localdate())


def rows_of(chain: Chain) -> list[list[str]]:
    """The lines of the document, under `HEADER`: each holder, then to whom they lent it."""
    links = [*(line for holder in chain.holders for line in _printed(holder)), *(_lent(one) for one in chain.stray)]
    return links + [_shut_out(request) for request in chain.closing]


def _readers(chain: Chain) -> str:
    if chain.closed:
        return f"aucune : {chain.closed}"
    awaited = f", dont {chain.awaited} que l’opérateur n’a pas confirmé" if chain.awaited else ""
    coming = f" ; {chain.coming} à partir d’un jour à venir" if chain.coming else ""
    return f"{chain.readers}{awaited}{coming}"


def _to_see(link: dict) -> str:
    asked = link["asked"]
    if not asked:
        return " ".join(link["breaks"])
    refused = asked.stage == RequestStage.REFUSED
    what = "Demandé" if asked.opens_access else "Changement demandé"
    said = f"Refusé par {asked.operator}." if refused else f"{what} à {asked.operator}, pas encore confirmé."
    return " ".join([*link["breaks"], said])


def _shut_out(request: Request) -> list[str]:
    person = request.person
    asked = f"Fermeture demandée à {request.operator} le {day_of(request.created_at)}, pas encore confirmée."
    return [str(person), (person and person.rpps) or "", "Accès retiré", "", "", asked]


def _printed(holder: dict) -> list[list[str]]:
    row = holder["row"]
    said = [str(row.person), row.person.rpps or "", f"{capfirst(row.role.label)}, {WHOLE_RIGHTS}"]
    return [[*said, day_of(row.since), "", _to_see(holder)], *(_lent(one) for one in holder["lent"])]


def _lent(one: dict) -> list[str]:
    row = one["row"]
    what = f"Délégataire sous {row.under}, {row.rights} ({row.reason})"
    days = [day_of(row.starts_on), day_of(row.ends_on) or "sans fin"]
    return [str(row.person), row.person.rpps or "", what, *days, _to_see(one)]
