"""Which of the rows found answers best: whose own name is asked before whose place is, the whole before a part."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from directory.search_index import OF_PERSON, OF_UNIT
from directory.understanding import Token, Understood
from directory.vocabulary import PARTICLES, WEAK, stands

Row = tuple[str, int]  # label, entry


def ranked(rows: Iterable[Row], asked: Understood) -> list[int]:
    """The rows ranked, the best first; equals stay in the order they came in, which is the alphabet's."""
    key = _key_of(asked)
    return [pk for _, pk in sorted(rows, key=lambda row: key(row[0]))]


def having_initials(rows: Iterable[Row], initials: list[str]) -> list[Row]:
    """The rows of people whose names begin so, and of services where the letter stands alone."""
    return [row for row in rows if all(_initial(row[0], letter) < NOWHERE for letter in initials)]


NOT_NAMED = (2, 0, 0, 0, 0, 0)  # a person of whose name nothing was asked
NOWHERE = 3
NOTHING_SAID = PARTICLES | WEAK


def _initial(label: str, letter: str) -> int:
    """0: a person's given name begins so; 1: the family name; 2: a word of theirs, or a service's letter."""
    family, is_person, given = label.partition(OF_PERSON)
    if not is_person:
        return 2 if letter in label.replace(OF_UNIT, " ").split() else NOWHERE
    if given.lstrip().startswith(letter):
        return 0
    if family.startswith(letter):
        return 1
    return 2 if any(word.startswith(letter) for word in label.split()) else NOWHERE


def _key_of(asked: Understood) -> Callable[[str], tuple]:
    # A speciality's word may be a name too: then as it was typed, not as what it stands for.
    names = [_Finder([token if token.is_name else token.reads([(token.typed,)])]) for token in asked.tokens]
    whole = [_Finder([token]) for token in asked.tokens]
    strays_of_name = cache(_Finder(asked.tokens, is_strict=True).strays)
    strays_of_unit = cache(_Finder(asked.tokens).strays)
    initials, hints = asked.initials, asked.hints
    is_house = asked.is_house and not asked.is_person

    # Thousands of labels are made of some hundreds of names, services and houses.
    @cache
    def as_name(text: str) -> Met:
        return _met(text, names)

    @cache
    def as_unit(text: str) -> Met:
        return _met(text, whole)

    def of_person(label: str, family: str, given: str) -> tuple:
        (words, by), (given_words, given_by) = as_name(family), as_name(given)
        if not (by or given_by):
            return NOT_NAMED
        initial = sum(_initial(label, letter) for letter in initials)
        strays = strays_of_name(family) + (strays_of_name(given) if given_by else 0)
        hinted = _hinted(words | given_words, hints) if hints else 0
        return (1 if is_house else 0, -(by | given_by).bit_count(), -bool(by), initial, strays, -hinted)

    def of_unit(service: str, house: str) -> tuple:
        (words, by), (house_words, house_by) = as_unit(service), as_unit(house)
        strays = strays_of_unit(service) if by else len(words)
        hinted = _hinted(words | house_words, hints) if hints else 0
        named = (by | house_by).bit_count()
        return (0 if is_house else 1, -named, -by.bit_count(), strays, -hinted, strays_of_unit(house))

    def key(label: str) -> tuple:
        family, is_person, given = label.partition(OF_PERSON)
        if is_person:
            return of_person(label, family, given)
        service, _, house = label.partition(OF_UNIT)
        return of_unit(service, house)

    return key


class Met(NamedTuple):
    """A part of a label: its words, and which finders they meet, a bit for each."""

    words: set[str]
    by: int


def _met(text: str, finders: list["_Finder"]) -> Met:
    words = _words(text)
    return Met(words, sum(1 << place for place, finder in enumerate(finders) if finder.finds(words)))


def _words(text: str) -> set[str]:
    words = text.split()
    return {*words, "".join(words)} if len(words) > 1 else set(words)


class _Finder:
    """Are some tokens met by these words? Thousands of rows are asked: words apart, beginnings apart, groups apart."""

    def __init__(self, tokens: list[Token], is_strict: bool = False):
        forms = [form for token in tokens for form in (token.forms if token.is_name or not is_strict else ())]
        self.words = frozenset(form[0] for form in forms if len(form) == 1 and not form[0].endswith("*"))
        self.beginnings = tuple(form[0][:-1] for form in forms if len(form) == 1 and form[0].endswith("*"))
        self.groups = [form for form in forms if len(form) > 1]
        self.asked = self.words | NOTHING_SAID | {word.rstrip("*") for form in self.groups for word in form}

    def finds(self, words: set[str]) -> bool:
        if not self.words.isdisjoint(words):
            return True
        if self.beginnings and any(word.startswith(self.beginnings) for word in words):
            return True
        return bool(self.groups) and any(stands(form, words) for form in self.groups)

    def strays(self, text: str) -> int:
        """Words that nobody asked for."""
        return sum(not (word in self.asked or word.startswith(self.beginnings)) for word in text.split())


def _hinted(words: set[str], hints: list[str]) -> int:
    return sum(any(word == hint or (len(hint) == 1 and word.startswith(hint)) for word in words) for hint in hints)
