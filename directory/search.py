"""Search of the national annuaire, the same over both databases: what was typed, understood, and the filters."""

import re
from dataclasses import dataclass

from django.db.models import Q

from directory.folding import fold
from directory.models import Entry
from directory.prepared import prepared
from directory.readers.identifiers import LENGTHS
from directory.search_rows import READ, Condition, Term, match
from directory.steps import SHOWN, ByWords, Found, How, anywhere
from directory.understanding import Understood, understand

__all__ = ["SHOWN", "Asked", "Found", "How", "search"]

POSTCODE = re.compile(r"\d[\dAB]\d{3}")
DEPARTMENT_CODE = re.compile(r"\d{2,3}|2[AB]")


@dataclass(frozen=True)
class Asked:
    """What was typed in the box, and the filters; all may be empty."""

    text: str = ""
    kind: str = ""
    profession: str = ""  # its code
    place: str = ""  # département, postcode or town
    domain: str = ""

    def __bool__(self) -> bool:
        return any((self.text, self.kind, self.profession, self.place, self.domain))


def search(asked: Asked) -> Found:
    filters = _filters(asked)
    words = understand(asked.text)
    if words.number:
        form = "rpps" if len(words.number) == LENGTHS["RPPS"] else "structure"
        return _among(form, words, filters, _identified(form, number=words.number))
    if words.address:
        return _by_address(words, filters)
    if words.domain:
        filters = [*filters, [[_facet("m", words.domain)]]]
    found = ByWords(words, filters).run() if words.tokens else _matching("filters", filters)
    found.form = _form(asked.text, words, found.form)
    found.ignored = words.ignored
    return found


def _form(text: str, words: Understood, form: str) -> str:
    if words.domain and not words.tokens:
        return "domain"
    return "place" if POSTCODE.fullmatch(text.strip().upper()) else form


@prepared
def _identified(form: str, number):
    """An RPPS or a structure's number, by the entries' own indexes."""
    own = Q(person_id=number) if form == "rpps" else Q(structure_id=number) | Q(person_id=number)
    return Entry.objects.published().filter(own).values_list("pk", flat=True)[:READ]


@prepared
def _at_address(address):
    return Entry.objects.published().filter(address=address).values_list("pk", flat=True)[:READ]


def _among(form: str, words: Understood, filters: Condition, ids: list[int]) -> Found:
    """The entries under a number; those that the other words tell come first."""
    found = Found(form, ignored=words.ignored)
    if ids and words.tokens:
        found.add(pk for _, pk in match([*filters, *map(anywhere, words.tokens)], ids))
    if ids:
        found.add(pk for _, pk in match(filters, ids))
    return found


def _matching(form: str, condition: Condition) -> Found:
    found = Found(form)
    if condition:
        found.add(pk for _, pk in match(condition))
    return found


def _by_address(words: Understood, filters: Condition) -> Found:
    """The address itself; unknown or unfinished, the words before the @ in the domain after it."""
    if exact := _at_address(address=words.address):
        return _among("address", Understood(), filters, exact)
    local, _, domain = words.address.partition("@")
    condition = [*filters, [[_facet("m", domain, is_prefix=True)]]] if domain else filters
    found = ByWords(understand(local), condition).run()
    found.form = "address"
    return found


# --- Filters ------------------------------------------------------------------------------------------------------


def _facet(letter: str, value: str, is_prefix: bool = False) -> Term:
    return Term(["facet"], letter + re.sub(r"[^\w.-]", "", value.lower()), is_prefix)


def _filters(asked: Asked) -> Condition:
    simple = (("k", asked.kind.lower()), ("p", asked.profession), ("m", asked.domain.strip().lower().lstrip("@")))
    filters = [[[_facet(letter, value)]] for letter, value in simple if value]
    return [*filters, _place(asked.place.strip())] if fold(asked.place) else filters


def _place(text: str) -> list[list[Term]]:
    """A postcode, the number or the name of a département, or words of a town."""
    code = text.upper().replace(" ", "")
    if POSTCODE.fullmatch(code):
        return [[_facet("c", code)]]
    if corsica := {"2A": "corsedusud", "2B": "hautecorse"}.get(code):
        return [[_facet("d", corsica)]]
    if DEPARTMENT_CODE.fullmatch(code):
        return [[_facet("c", code, is_prefix=True)]]
    words = fold(text).split()
    return [[_facet("d", "".join(words))], [Term(["town"], word) for word in words]]
