"""Whom the lines of a list name as holders of a BAL: by their RPPS, else by a name that one person alone has here."""

from collections.abc import Iterable

from django.db.models import QuerySet

from directory.folding import name_key
from directory.readers.words import AccessRole
from directory.typography import quoted
from mailboxes import rules
from mailboxes.imports.places import Places
from mailboxes.imports.reading import Line
from mailboxes.models import SYSTEM, Bal, Person, bulk


class Holders:
    """People named by so many lines, whom `by` may see; `known`: the BAL that they are about, read with their
    holders."""

    def __init__(self, lines: Iterable[Line], places: Places, *, known: Iterable[Bal], by):
        self._places, self._by = places, by
        said = [one for line in lines for one in (line, *line.others)]
        self._people = self._among({line.facts["rpps"] for line in said if "rpps" in line.facts}, known)

    def _among(self, numbers: set[str], bals: Iterable[Bal]) -> dict[str | None, Person]:
        """The people of these numbers whom one may name: mostly holders of known BAL, who were read with them."""
        known = {one.person.rpps: one.person for bal in bals for one in bal.holders()}
        held = [one for rpps, one in known.items() if rpps in numbers]
        others: QuerySet = Person.objects.filter(bulk.among("rpps", numbers - known.keys()))
        if self._by is SYSTEM:
            return {person.rpps: person for person in (*held, *others)}
        seen = Person.objects.visible_to(self._by).values("pk")
        theirs = Person.objects.filter(bulk.among("pk", {one.pk for one in held}), pk__in=seen)
        seen_held = set(theirs.order_by().values_list("pk", flat=True))
        others = others.filter(pk__in=seen)
        return {person.rpps: person for person in (*(one for one in held if one.pk in seen_held), *others)}

    def of(self, line: Line, kind: str) -> tuple[Person | None, list[Person]]:
        """Who answers for it: whom the list calls principal, else the first; then the others."""
        lines = [one for one in (line, *line.others) if may_hold(one)]
        first = next((one for one in lines if one.facts.get("role") == AccessRole.PRINCIPAL), next(iter(lines), None))
        principal = self._holder(first) if first else None
        found = {person.pk: person for one in lines if (person := self.named(one)[0])}
        others = [one for pk, one in found.items() if principal and pk != principal.pk and one.can_hold]
        if kind not in (Bal.Kind.ORGANISATIONNELLE, Bal.Kind.CABINET):
            return principal, []
        if len(others) >= rules.MAX_COTITULAIRES:
            raise rules.Refused(f"{len(others) + 1} cotitulaires : {rules.MAX_COTITULAIRES} au plus.", "places")
        return principal, others

    def named(self, line: Line) -> tuple[Person | None, str]:
        """The person whom the line names, without an RPPS or beside it, and what a person should know of it."""
        name, rpps = line.facts.get("holder"), line.facts.get("rpps")
        if name is None:
            return self._people.get(rpps), ""
        key = name_key(name.family, name.given)
        if rpps:
            person = self._people.get(rpps)
            is_same = person is None or name_key(person.family_name, person.given_name) == key
            return person, "" if is_same else f"Titulaire : {quoted(name)} n’est pas le nom de qui a ce RPPS, {person}."
        found = self._places.people_by_name.get(key, [])
        if len(found) == 1:
            number = found[0].rpps or "inconnu"
            return found[0], f"Titulaire : {quoted(name)} reconnu à son nom, {found[0]}, RPPS {number}."
        why = f"est le nom de {len(found)} personnes" if found else "n’est le nom d’aucune personne inscrite"
        return None, f"Titulaire : {quoted(name)} {why} dans ces structures ; donnez le RPPS."

    def _holder(self, line: Line) -> Person | None:
        rpps = line.facts.get("rpps")
        if rpps and rpps not in self._people:
            raise rules.Refused(
                f"RPPS du titulaire : {quoted(rpps)} n’est celui d’aucune personne inscrite ici. Inscrivez-la "
                "d’abord ; si elle est dans une autre structure, son accord lui sera demandé.",
                "holder",
            )
        return self.named(line)[0]


def may_hold(line: Line) -> bool:
    """Unless it says that its person only uses the BAL, or calls them what is no role."""
    return line.facts.get("role") != AccessRole.DELEGATAIRE and "role" not in line.aside
