"""Passwords as the ANSSI advises: long, and not among those that everybody tries first."""

import re
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError

from directory.folding import fold

WORDS = Path(__file__).with_name("common_words.txt")
# What people write for a letter, when a digit or a sign is asked of them.
AS_LETTERS = str.maketrans("013457@$!€", "oieastasie")
FEWEST_SIGNS = 6


@cache
def common_words() -> frozenset[str]:
    lines = (line.partition("#")[0] for line in WORDS.read_text().splitlines())
    return frozenset(word for line in lines for word in line.split())


class CommonWordsValidator:
    """Refuses what is but one or two common words, whatever digits, year, season or signs go with them."""

    def validate(self, password, user=None):
        if len(set(password.lower())) < FEWEST_SIGNS:
            raise ValidationError("Ce mot de passe répète trop peu de signes différents.", "password_repeats")
        if is_common(password):
            raise ValidationError(
                "Ce mot de passe est de ceux que l’on essaie en premier : un mot courant, une saison ou un mois, "
                "suivi d’une année ou de signes. Préférez plusieurs mots sans rapport entre eux.",
                "password_common",
            )

    def get_help_text(self):
        return "Le mieux : plusieurs mots sans rapport entre eux. Un mot courant suivi d’une année est refusé."


def is_common(password: str) -> bool:
    begun = re.sub(r"[\W\d_]+$", "", password)  # the year at the end stands for no letters; at times the beginning does
    inner = re.sub(r"^[\W\d_]+", "", begun)
    readings = (fold(password), *(fold(part.translate(AS_LETTERS)) for part in (begun, inner)))
    return any(_is_made_of_common(re.sub(r"[^a-z]", "", reading)) for reading in readings)


def _is_made_of_common(letters: str) -> bool:
    """True of nothing at all, one common word, or two; a plural or a last letter held down hides nothing."""
    words = common_words()
    bare = re.sub(r"(.)\1+$", r"\1", letters)
    return any(part in words or _is_two(part, words) for part in (letters, bare, letters.rstrip("s"))) or not letters


def _is_two(letters: str, words: frozenset[str]) -> bool:
    return any(letters[:cut] in words and letters[cut:] in words for cut in range(2, len(letters) - 1))
