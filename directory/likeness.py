"""Do two names of a service mean the same? « Service de cardiologie » and « Cardio »; not « Chirurgie cardiaque »."""

import re
from enum import IntEnum
from functools import lru_cache

from directory.folding import fold
from directory.understanding import Token, understand
from directory.vocabulary import stands

UNIT_NUMBER = re.compile(r"\d{3,}")
# Of one word of each, a service that says the other is not the one asked.
OPPOSITES = [
    (re.compile(rf"\b(?:{one})"), re.compile(rf"\b(?:{other})"))
    for one, other in (
        (r"medica(?:l|le|les|ux)\b", "chirurg"), ("adulte", "pediatr|enfant"), ("femme", "homme"),
        ("jour", "nuit|semaine"), (r"nord\b", r"sud\b"), (r"est\b", r"ouest\b"),
    )
]  # fmt: skip


class Likeness(IntEnum):
    NONE = 0
    SHARED = 1  # a word in common: worth proposing
    WIDER = 2  # all that was asked, and more: « Cardiologie pédiatrique » where « cardiologie » was asked
    SAME = 3
    IDENTICAL = 4


@lru_cache(4096)  # the same few services are asked all day
def likeness(asked: str, service: str) -> Likeness:
    """How well `service`, as the annuaire writes it, is the one asked."""
    if not (fold(asked) and fold(service)):
        return Likeness.NONE
    if fold(asked) == fold(service):
        return Likeness.IDENTICAL
    ours, theirs = _tokens(asked), _tokens(service)
    if _are_opposed(fold(asked), fold(service)):
        return Likeness.SHARED
    met = [_is_met(token, _words(service)) for token in ours]
    if all(met):
        return Likeness.SAME if all(_is_met(token, _words(asked)) for token in theirs) else Likeness.WIDER
    return Likeness.SHARED if any(met) else Likeness.NONE


def _are_opposed(asked: str, service: str) -> bool:
    """« Réanimation médicale » is not « Réanimation chirurgicale », however little « médicale » says elsewhere."""
    return any(
        one.search(asked) and other.search(service) and not one.search(service)
        for pair in OPPOSITES
        for one, other in (pair, reversed(pair))
    )


def _tokens(text: str) -> list[Token]:
    """A letter counts: « Médecine A » is not « Médecine B ». The number of a unit does not: « UF 3412 »."""
    words = understand(text)
    named = [token for token in words.tokens if not UNIT_NUMBER.fullmatch(token.typed)] or words.tokens
    return named + [Token(letter, ((letter,),)) for letter in words.initials]


def _words(text: str) -> set[str]:
    words = fold(text).split()
    return {*words, "".join(words), *map(_singular, words)}


def _is_met(token: Token, words: set[str]) -> bool:
    return any(stands(form, words) or stands(tuple(map(_singular, form)), words) for form in token.strictly)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith(("s", "x")) else word
