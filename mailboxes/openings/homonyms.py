"""Who else bears the name of a BAL to come, here and in the annuaire. Homonyms get each other's letters: they are told
apart by profession and town, and nothing is refused for them."""

from collections.abc import Iterable
from typing import NamedTuple

from directory.check import ERRORS, CheckVerdict
from directory.check import check as check_address
from directory.dates import day_of
from directory.folding import Folded, fold, name_key, name_key_of
from directory.identifiers import domain_of
from directory.models import Entry
from directory.search import Asked, search
from directory.typography import quoted
from directory.words import allowed_errors, distance
from mailboxes.models import Affiliation, Bal, Person, Structure
from mailboxes.models.numbers import own_numbers
from mailboxes.openings.naming import Warned

LOOKED_AT = 60  # results of a search that are compared
SHOWN = 4
ORDER = ("dans votre structure", "dans le même domaine", "dans le même département")


class Namesake(NamedTuple):
    name: str
    address: str = ""
    profession: str = ""
    town: str = ""
    where: str = ORDER[0]  # what it shares with the BAL to come
    is_same: bool = True  # else only alike

    @property
    def sentence(self) -> str:
        facts = ", ".join(filter(None, [self.profession, self.town]))
        like = "même nom" if self.is_same else "nom proche"
        at = f", {self.address}" if self.address else ""
        return f"{self.name}{f' ({facts})' if facts else ''} : {like}{at}, {self.where}."


def taken(addresses: Iterable[str]) -> dict[str, str]:
    """The addresses among these that exist, with where: they alone cannot be asked for."""
    addresses = list(addresses)
    published = Entry.objects.published().filter(address__in=addresses).values_list("address", flat=True)
    here = Bal.objects.filter(address__in=addresses).values_list("address", flat=True)
    return dict.fromkeys(published, "à l’annuaire") | dict.fromkeys(here, "au registre")


def address_warnings(address: str) -> list[Warned]:
    """What the annuaire says of this very address, and of those a letter or two away."""
    answer, warned = check_address(address), []
    if answer.verdict == CheckVerdict.FORMER and answer.withdrawn_at:
        left = f"{quoted(address)} était à l’annuaire jusqu’au {day_of(answer.withdrawn_at)}"
        warned.append(Warned("former", f"{left} : on peut encore écrire là à son ancien titulaire."))
    if not answer.verdict.is_inside:
        warned.append(Warned("outside", f"{answer.verdict.value} Voyez avec l’opérateur."))
    if near := [entry.address for entry in answer.near if entry.address != address][:SHOWN]:
        warned.append(Warned("near", f"À une ou deux lettres près, ces adresses existent : {', '.join(near)}."))
    return warned


def boxes_of(rpps: str | None) -> list[str]:
    """The addresses that the annuaire gives to a professional today: another one must have a reason."""
    listed = Entry.objects.published().filter(person_id=rpps or "-")
    return sorted(set(listed.values_list("address", flat=True)))[:SHOWN]


def namesakes(person: Person, structure: Structure, domain: str) -> list[Namesake]:
    """Professionals of the same or a similar name, in the structure, the département or the domain."""
    found = {entry.person_id or entry.address: namesake
             for entry in _found(f"{person.family_name} {person.given_name}", "PER", structure, domain)
             if entry.person_id != person.rpps and (namesake := _person_like(entry, person, structure, domain))
             }  # fmt: skip
    here = {row.rpps or str(row.pk): _colleague(row) for row in _colleagues(person, structure)}
    return _sorted([*found.values(), *(row for key, row in here.items() if key not in found)])


def team_namesakes(name: str, address: str, structure: Structure) -> list[Namesake]:
    """Shared BAL of the same or a similar name, in the structure, the département or the domain."""
    domain = domain_of(address)
    found = {entry.address: namesake for entry in _found(name, "ORG", structure, domain)
             if (namesake := _team_like(entry, name, address, structure, domain))}  # fmt: skip
    ours = Bal.objects.live().filter(structure=structure, kind__in=Bal.SHARED).exclude(service="")
    for bal in ours.alias(folded=Folded("service")).filter(folded=fold(name))[:SHOWN]:
        found.setdefault(bal.address, Namesake(bal.service, bal.address))
    return _sorted(found.values())


def _sorted(found: Iterable[Namesake]) -> list[Namesake]:
    return sorted(found, key=lambda one: (ORDER.index(one.where), not one.is_same, one.name, one.address))


def namesake_warnings(found: list[Namesake]) -> list[Warned]:
    """The nearest, and how many more there are."""
    warned = [Warned("namesake", one.sentence) for one in found[:SHOWN]]
    if (more := len(found) - SHOWN) > 0:
        warned.append(Warned("namesake", f"Et {more} de plus du même nom, ou d’un nom proche, dans les environs."))
    return warned


# --- The annuaire -------------------------------------------------------------------------------------------------
def _found(text: str, kind: str, structure: Structure, domain: str) -> list[Entry]:
    """The boxes found under this name by two searches: in the département and in the domain."""
    entries: dict[int, Entry] = {}
    place = structure.postcode[:3] if structure.postcode.startswith("97") else structure.postcode[:2]
    for asked in ([Asked(text, kind, place=place)] if place else []) + [Asked(text, kind, domain=domain)]:
        entries |= {entry.pk: entry for entry in search(asked).entries(0, LOOKED_AT)}
    return list(entries.values())


def _person_like(entry: Entry, person: Person, structure: Structure, domain: str) -> Namesake | None:
    pairs = [(fold(entry.family_name), fold(person.family_name)), (fold(entry.given_name), fold(person.given_name))]
    if not all(distance(one, other, limit := allowed_errors(other)) <= limit for one, other in pairs):
        return None
    is_same = all(one == other for one, other in pairs)
    name = f"{entry.given_name.title()} {entry.family_name.upper()}"
    where = _where(entry, structure, domain)
    return Namesake(name, entry.address, entry.profession, entry.address_l6.title(), where, is_same)


def _team_like(entry: Entry, name: str, address: str, structure: Structure, domain: str) -> Namesake | None:
    theirs = entry.address.rpartition("@")[0]
    names = {fold(text) for text in (entry.service, entry.structure_name, entry.trade_name)}
    is_same = fold(name) in names
    if not is_same and distance(fold(theirs), fold(address.rpartition("@")[0]), ERRORS) > ERRORS:
        return None
    label = entry.service or entry.trade_name or entry.structure_name or theirs
    where = _where(entry, structure, domain)
    return Namesake(label, entry.address, entry.structure_name, entry.address_l6.title(), where, is_same)


def _where(entry: Entry, structure: Structure, domain: str) -> str:
    if entry.structure_id in own_numbers(structure):
        return ORDER[0]
    return ORDER[1] if domain_of(entry.address) == domain else ORDER[2]


# --- The register -------------------------------------------------------------------------------------------------
def _colleagues(person: Person, structure: Structure):
    """The people of the structure today who bear the same name, published or not."""
    there = Affiliation.objects.current().filter(structure=structure).values("person")
    others = Person.objects.filter(pk__in=there).exclude(pk=person.pk).exclude(rpps__isnull=False, rpps=person.rpps)
    named = others.alias(name=name_key_of())
    return named.filter(name=name_key(person.family_name, person.given_name))[:SHOWN]


def _colleague(row: Person) -> Namesake:
    return Namesake(str(row), profession=row.profession)
