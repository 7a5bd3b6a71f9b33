"""A person's name as it is written: civility and titles apart, the family name known by its capitals."""

import re
from typing import NamedTuple

from directory.readers.texts import folded, tidy

CIVILITIES = {
    "m": "M", "mr": "M", "monsieur": "M", "mme": "MME", "madame": "MME", "mlle": "MLLE", "mademoiselle": "MLLE",
    "dr": "DR", "docteur": "DR", "dre": "DR", "docteure": "DR", "pr": "PR", "prof": "PR", "professeur": "PR",
    "professeure": "PR", "me": "ME", "maitre": "ME",
}  # fmt: skip
BORN = re.compile(
    r"[\s,(]+(?:n[ée]e?|nom de naissance)\s*:?\s+([^\s(),]+(?:[\s-][A-ZÉÈÀÂÊÎÔÛÇ]{2,})*)\)?", re.IGNORECASE
)
MARRIED = re.compile(
    r"[\s,(]+(?:[ée]p(?:ouse|\.)?|[ée]pse|veuve|vve)\s*:?\s+([^\s(),]+(?:[\s-][A-ZÉÈÀÂÊÎÔÛÇ]{2,})*)\)?", re.IGNORECASE
)


class Name(NamedTuple):
    family: str  # in use
    given: str = ""
    civility: str = ""
    birth: str = ""  # family name of birth, where another is in use
    is_sure: bool = True  # False: which word is the family name had to be guessed


def read_name(text: str) -> Name:
    """« Mme MOREL Alice née DUPONT », « Dr Alice MOREL », « MOREL, Alice »."""
    said, birth, married = tidy(text), "", ""
    if found := BORN.search(said):
        birth, said = found[1], (said[: found.start()] + said[found.end() :]).strip()
    if found := MARRIED.search(said):
        married, said = found[1], (said[: found.start()] + said[found.end() :]).strip()
    civility, said = _civility(said)
    family, given, is_sure = _apart(said)
    if married:  # « DUPONT ép. MOREL » uses MOREL and was born DUPONT
        family, birth = married, birth or family
    return Name(family, given, civility, birth, is_sure)


def without_titles(text: str) -> str:
    return _civility(tidy(text))[1]


def _civility(said: str) -> tuple[str, str]:
    """The first title, and the name without any."""
    words, found = said.replace(".", ". ").split(), ""
    while len(words) > 1 and (title := CIVILITIES.get(folded(words[0]))):
        found, words = found or title, words[1:]
    while len(words) > 2 and (title := CIVILITIES.get(folded(words[-1]))) and len(words[-1].strip(".")) > 1:
        found, words = found or title, words[:-1]
    return found, " ".join(words) if found else said


def _apart(said: str) -> tuple[str, str, bool]:
    if "," in said:
        family, _, given = said.partition(",")
        return family.strip(), given.strip(), True
    words = said.split()
    capitals = [word for word in words if word.isupper() and len(word.strip(".-'’")) > 1]
    others = [word for word in words if word not in capitals]
    if capitals and others:
        return " ".join(capitals), " ".join(others), True
    if len(words) < 2:
        return said, "", bool(capitals)
    return " ".join(words[1:]), words[0], False
