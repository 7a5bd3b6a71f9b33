"""The steps of a search by words: each is asked only while the former ones found little.

The words themselves, beginnings of names, words written otherwise, another hospital, fewer words. What is not quite
what was typed says so: nobody is given for another.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise

from directory.models import Entry
from directory.prepared import prepared
from directory.ranking import having_initials, ranked
from directory.search_rows import WORDS, Condition, Term, known_words, match, near_words
from directory.understanding import Token, Understood
from directory.vocabulary import Form
from directory.words import allowed_errors, distance

SHOWN = 200  # results given; beyond them we only say that there are more
ENOUGH = 10  # results of a step that make the looser ones superfluous
VARIANTS = 8  # spellings tried for a word
MOST_ASIDE = 3  # words that may be left out, and are looked for all the same

Reading = Callable[[Token], list[list[Term]]]


class How(Enum):
    """How a result answers the words; its value is what the page says of it."""

    EXACT = ""
    BEGINNING = "nom qui commence ainsi"
    NEAR = "orthographe proche"
    WIDER = "autre établissement"
    WITHOUT = "ne répond pas à tous les mots"


@dataclass
class Found:
    """The best entries first; `form` says how the text was read."""

    form: str
    ids: list[int] = field(default_factory=list)
    how: dict[int, How] = field(default_factory=dict)  # of those that are not quite what was typed
    more: bool = False
    ignored: list[str] = field(default_factory=list)  # words that were not looked for, as typed
    without: list[str] = field(default_factory=list)  # words that nothing answers together with the others

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, ids: Iterable[int], how: How = How.EXACT) -> None:
        known = set(self.ids)
        new = [pk for pk in ids if pk not in known]
        self.how |= dict.fromkeys(new, how) if how is not How.EXACT else {}
        self.ids += new
        self.more = self.more or len(self.ids) > SHOWN
        del self.ids[SHOWN:]

    def entries(self, start: int, stop: int) -> list[Entry]:
        """The entries of a page; one withdrawn since the search tables were updated is left out."""
        ids = self.ids[start:stop]
        rows = {entry.pk: entry for entry in _published(ids=ids)} if ids else {}
        return [rows[pk] for pk in ids if pk in rows]


@prepared
def _published(ids):
    return Entry.objects.published().filter(pk__among=ids)


class ByWords:
    """One search: `found` grows step by step."""

    def __init__(self, words: Understood, filters: Condition):
        self.words, self.filters = words, filters
        self.tokens = words.tokens
        self.are_names = all(token.is_name for token in words.tokens)
        self.found = Found("words")

    def run(self) -> Found:
        self.exactly()
        if self.found and not self.are_names:  # a house or a speciality was understood: nothing is to be guessed
            return self.found
        for step in (self.beginning, self.corrected):
            if len(self.found) < ENOUGH:
                step()
        for step in (self.wider, self.fewer):
            if not self.found:
                step()
        return self.found

    def exactly(self) -> None:
        words, tokens = self.words, self.tokens
        if 0 < len(words.weak) <= MOST_ASIDE:
            aside = [Token(word, ((word,),)) for word in words.weak]
            self.look(tokens + aside, reading=lambda token: (own_name if token in aside else anywhere)(token))
        if self.are_names:
            self.look(tokens, reading=own_name)
        if len(self.found) < ENOUGH:
            self.look(tokens)
        pairs = [token for token in tokens if token.are_initials]
        if not self.found and pairs and len(pairs) < len(tokens):
            letters = [letter for token in pairs for letter in token.typed]
            self.look([token for token in tokens if token not in pairs], initials=words.initials + letters)

    def beginning(self) -> None:
        if (not self.found or len(self.tokens) == 1) and any(map(can_begin, self.tokens)):
            self.look(self.tokens, How.BEGINNING, beginning)

    def corrected(self) -> None:
        has_found = bool(self.found)
        for tokens in _corrected(self.tokens, has_found):
            self.look(tokens, How.NEAR)
            if self.found and not has_found:
                return

    def wider(self) -> None:
        if any(token.wider for token in self.tokens):
            self.look([token.reads(token.forms + token.wider) for token in self.tokens], How.WIDER)

    def fewer(self) -> None:
        for tokens in _fewer(self.tokens):
            self.look(tokens, How.WITHOUT)
            if self.found:
                self.found.without = [token.typed for token in self.tokens if token not in tokens]
                return

    def look(
        self, tokens: list[Token], how: How = How.EXACT, reading: Reading | None = None,
        initials: list[str] | None = None,
    ) -> None:  # fmt: skip
        letters = self.words.initials if initials is None else initials
        rows = match([(reading or anywhere)(token) for token in tokens] + self.filters, initials=letters)
        rows = having_initials(rows, letters) if letters else rows
        self.found.add(ranked(rows, replace(self.words, tokens=tokens, initials=letters)), how)


# --- Where a token is looked for ----------------------------------------------------------------------------------


def own_name(token: Token) -> list[list[Term]]:
    return _terms(token.forms, ["name"])


def anywhere(token: Token) -> list[list[Term]]:
    places = [[_starred(["facet"], facet)] for facet in token.facets]
    return _terms(token.forms, WORDS) + places


def beginning(token: Token) -> list[list[Term]]:
    begun = [[Term(["name"], form[0], True)] for form in token.forms if len(form) == 1] if can_begin(token) else []
    return anywhere(token) + begun


def _terms(forms: Iterable[Form], scopes) -> list[list[Term]]:
    return [[_starred(scopes, word) for word in form] for form in forms]


def _starred(scopes, word: str) -> Term:
    return Term(scopes, word.rstrip("*"), word.endswith("*"))


def can_begin(token: Token) -> bool:
    """Shorter beginnings are those of too many words."""
    return token.is_plain and len(token.typed) >= 3


# --- Other words --------------------------------------------------------------------------------------------------


def _fewer(tokens: list[Token]) -> Iterator[list[Token]]:
    """Fewer words, when nothing answers them all: never without one that may be of a person's name alone."""
    sorts = [token for token in tokens if not token.is_name]
    names = [token for token in tokens if token.is_name]
    unknown = _unknown(names)
    for given_up in ([unknown] if unknown else []) + [[sort] for sort in reversed(sorts)] + [sorts + unknown]:
        left = [token for token in tokens if token not in given_up]
        if (given_up and left and any(token.is_name for token in left)) or (left and not names):
            yield left


def _corrected(tokens: list[Token], has_found: bool) -> Iterator[list[Token]]:
    """The same question with words of the annuaire for the unknown ones, or else for one alone; the nearest first.

    A word that means something is never replaced together with another one.
    """
    plain = [token for token in tokens if token.is_plain and token.typed.replace(" ", "").isalpha()]
    unknown = _unknown(plain) if not has_found else []
    if not has_found:
        yield from _regrouped(tokens, unknown)
    spelt = {token: _spellings(token) for token in unknown or plain}
    for errors in (1, 2):
        near = {token: token.reads(words[errors]) for token, words in spelt.items() if words[errors]}
        if unknown and len(near) == len(unknown):
            yield [near.get(token, token) for token in tokens]
        for one in near if not unknown else ():
            yield [near[token] if token is one else token for token in tokens]


def _unknown(tokens: list[Token]) -> list[Token]:
    """The tokens of which no word stands in the annuaire."""
    known = known_words({word for token in tokens for form in token.forms for word in form if len(word) > 2})
    return [
        token for token in tokens
        if not any(word in known or len(word) <= 2 or not word.isalpha() for form in token.forms for word in form)
    ]  # fmt: skip


def _spellings(token: Token) -> dict[int, list[Form]]:
    """The words that may have been meant, by how many errors away they are; those nearer are among those farther."""
    typed = token.typed.replace(" ", "")
    limit = allowed_errors(typed)
    near = ((distance(typed, word, limit), word) for word in near_words(typed)) if limit else ()
    best = sorted((far, word) for far, word in near if far <= limit and (word,) not in token.forms)[:VARIANTS]
    return {errors: [(word,) for far, word in best if far <= errors] for errors in (1, 2)}


def _regrouped(tokens: list[Token], unknown: list[Token]) -> Iterator[list[Token]]:
    """Words that were stuck together, or cut in two."""
    pairs = {one.typed + two.typed: (one, two) for one, two in pairwise(tokens)
             if one.is_plain and two.is_plain}  # fmt: skip
    cuts = {(token.typed[:at], token.typed[at:]): token for token in unknown for at in range(3, len(token.typed) - 2)}
    known = known_words({*pairs, *(half for cut in cuts for half in cut)})
    for (left, right), token in cuts.items():
        if left in known and right in known:
            halves = [Token(left, ((left,),)), Token(right, ((right,),))]
            yield [other for one in tokens for other in (halves if one is token else [one])]
    for whole, (one, two) in pairs.items():
        if whole in known:
            yield [Token(whole, ((whole,),)) if token is one else token for token in tokens if token is not two]
