"""Search of the national annuaire, the same over both databases: what was typed, read by its form, then in steps.

A step is asked only while the former ones found little: exact names, beginnings of names, words of anywhere (structure,
service, town, profession), typing errors. Ranking is that order, then how far the errors are, then the alphabet.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from directory.models import Entry
from directory.models.entries import EntryQuerySet
from directory.search_index import READ, WORDS, Condition, Term, match, near_words
from directory.words import allowed_errors, distance, fold, readings

SHOWN = 200  # results given; beyond them we only say that there are more
ENOUGH = 10  # results of a step that make the looser ones superfluous
VARIANTS = 8  # spellings tried for a word
ANY = WORDS

PERSON_ID = re.compile(r"8?(\d{11})")
STRUCTURE_ID = re.compile(r"\d[0-9A-B]\d{7}|\d{14}")
DOMAIN = re.compile(r"@?([^@\s]+\.(?:fr|org|com|net))")
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


@dataclass
class Found:
    """The best entries first; `form` says how the text was read, `corrected` where the typing errors begin."""

    form: str
    ids: list[int] = field(default_factory=list)
    more: bool = False
    corrected: int | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, ids: Iterable[int]) -> None:
        known = set(self.ids)
        self.ids += [pk for pk in ids if pk not in known]
        self.more = self.more or len(self.ids) > SHOWN
        del self.ids[SHOWN:]

    def entries(self, start: int, stop: int) -> list[Entry]:
        """Those of a page; one that was withdrawn since the search was brought level is left out."""
        ids = self.ids[start:stop]
        rows = Entry.objects.published().in_bulk(ids)
        return [rows[pk] for pk in ids if pk in rows]


def search(asked: Asked) -> Found:
    text = asked.text.strip()
    filters = _filters(asked)
    if among := _identified(text):
        form, query = among
        return _matching(form, filters, list(query.values_list("pk", flat=True)[:READ]))
    if domain := DOMAIN.fullmatch(text.lower()):
        return _matching("domain", [*filters, [[_facet("m", domain[1])]]])
    if POSTCODE.fullmatch(text.upper()):
        return _matching("place", [*filters, _place(text)])
    if "@" in text:
        return _by_address(text.lower(), filters)
    return _by_words(text, filters)


def _identified(text: str) -> tuple[str, EntryQuerySet] | None:
    """An RPPS, a structure's number, a known address: by the entries' own indexes."""
    compact = re.sub(r"[\s.]", "", text).upper()
    current = Entry.objects.published()
    if number := PERSON_ID.fullmatch(compact):
        return "rpps", current.filter(person_id=number[1])
    if STRUCTURE_ID.fullmatch(compact):
        return "structure", current.filter(Q(structure_id=compact) | Q(person_id=compact))
    return None


def _matching(form: str, condition: Condition, among: list[int] | None = None) -> Found:
    found = Found(form)
    if condition or among:
        found.add(pk for _, pk in match(condition, among))
    return found


def _by_address(address: str, filters: Condition) -> Found:
    """The address itself; unknown or unfinished, the words before the @ in the domain after it."""
    exact = list(Entry.objects.published().filter(address=address).values_list("pk", flat=True)[:READ])
    if exact:
        return _matching("address", filters, exact)
    local, _, domain = address.partition("@")
    condition = [*filters, [[_facet("m", domain, is_prefix=True)]]] if domain else filters
    found = _by_words(local, condition)
    found.form = "address"
    return found


def _by_words(text: str, filters: Condition) -> Found:
    found = Found("words" if text else "filters")
    chunks = [choices for chunk in text.split() if (choices := readings(chunk))]
    if not chunks:
        return _matching(found.form, filters)
    for scopes, is_prefix in ((["name"], False), (["name"], True), (ANY, False)):
        if is_prefix and not any(_can_begin(word) for choices in chunks for words in choices for word in words):
            continue
        found.add(pk for _, pk in match(_condition(chunks, scopes, is_prefix) + filters))
        if len(found) >= ENOUGH:
            return found
    exact = len(found)
    found.add(_with_errors(chunks, filters))
    found.corrected = exact if len(found) > exact else None
    return found


def _can_begin(word: str) -> bool:
    """Shorter beginnings are those of too many words."""
    return len(word) >= 3


def _condition(chunks: list[list[list[str]]], scopes, is_prefix: bool) -> Condition:
    return [
        [[Term(scopes, word, is_prefix and _can_begin(word)) for word in words] for words in choices]
        for choices in chunks
    ]


def _with_errors(chunks: list[list[list[str]]], filters: Condition) -> list[int]:
    spellings = [_spellings(choices) for choices in chunks]
    if all(len(known) <= 1 for known in spellings):
        return []
    condition = [[[Term(ANY, word)] for word in known] for known in spellings]
    rows = match(condition + filters)
    return [pk for _, _, pk in sorted((_errors(label, spellings), label, pk) for label, pk in rows)]


def _spellings(choices: list[list[str]]) -> dict[str, int]:
    """The words a piece may have meant, with how far each is from what was typed."""
    typed = choices[-1][-1] if len(choices) == 1 else "".join(choices[0])
    limit = allowed_errors(typed)
    near = ((distance(typed, word, limit), word) for word in near_words(typed)) if limit else []
    best = sorted((far, word) for far, word in near if far <= limit)[:VARIANTS]
    return {typed: 0} | {word: far for far, word in best}


def _errors(label: str, spellings: list[dict[str, int]]) -> int:
    """Of the best reading of a row; a word found elsewhere than in its name counts as one error more."""
    words = set(fold(label).split())
    return sum(
        min((far for word, far in known.items() if word in words), default=1 + min(known.values()))
        for known in spellings
    )


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
