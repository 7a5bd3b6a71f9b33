"""Where the lines of an import may lead, and what was told there by those before."""

from dataclasses import dataclass, field
from functools import cached_property

from directory.folding import fold, name_key
from directory.identifiers import domain_of
from directory.typography import quoted
from mailboxes import rules
from mailboxes.imports.models import Import
from mailboxes.imports.reading import Line
from mailboxes.imports.rules import check_place_read
from mailboxes.models import Affiliation, Domain, Person, Structure


@dataclass
class Told:
    """What the batches before told of people and accesses: a forecast has it from here alone, for it writes nothing."""

    lines: dict[int, int | None] = field(default_factory=dict)  # by the person's key, or less their identity
    entered: dict[str, Person] = field(default_factory=dict)  # by RPPS
    holders: dict[str, list[tuple[Person, bool]]] = field(default_factory=dict)  # by address; is it the principal?
    lent: dict[str, list[tuple[Person, Person]]] = field(default_factory=dict)  # by address; to whom, under whom


class Places:
    """Structures to which the lines of an import may lead: its structure and those below, by all that a list may call
    them."""

    def __init__(self, run: Import):
        self.default = run.structure
        self.told = Told()
        found = list(Structure.objects.under(run.structure))
        self.by_pk = {one.pk: one for one in found}
        self._finess: dict[str, list[Structure]] = {}
        self._siret: dict[str, list[Structure]] = {}
        self._name: dict[str, list[Structure]] = {}
        for row in found:
            # A list may name for months one that was merged into another, or by the number that it had.
            one = self.by_pk.get(row.merged_into_id or 0, row)
            for number in {row.finess, row.former_finess}:
                self._finess.setdefault(number, []).append(one)
            self._siret.setdefault(row.siret, []).append(one)
            self._name.setdefault(fold(row.name), []).append(one)
        reserved = Domain.objects.filter(structure__in=self.by_pk).values_list("name", "structure")
        self._domains = {name: self.by_pk[pk] for name, pk in reserved}

    def of(self, line: Line) -> Structure:
        """The structure by the surest that the line gives; without any, by the domain, else the import's own."""
        found = self.said(line) or self._domains.get(domain_of(line.address))
        if found is None:
            check_place_read(line)
        return found or self.default

    @cached_property
    def people_by_name(self) -> dict[str, list[Person]]:
        """People who stay there today, by their folded names; read where a list names holders without their RPPS."""
        found: dict[str, list[Person]] = {}
        there = Affiliation.objects.current().filter(structure__in=self.by_pk).values("person")
        for person in Person.objects.filter(pk__in=there):
            found.setdefault(name_key(person.family_name, person.given_name), []).append(person)
        return found

    def said(self, line: Line) -> Structure | None:
        for name, label, known in (
            ("finess", "FINESS", self._finess),
            ("siret", "SIRET", self._siret),
            ("structure", "Structure", self._name),
        ):
            if value := line.facts.get(name):
                found = known.get(fold(value) if name == "structure" else value, [])
                if len(found) != 1:
                    why = "désigne plusieurs structures" if found else "n’est d’aucune structure"
                    raise rules.Refused(
                        f"{label} : {quoted(value)} {why} parmi {quoted(self.default)} et celles qui en dépendent.",
                        "structure",
                    )
                return found[0]
        return None
