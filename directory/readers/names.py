"""A person's name as it is written: civility and titles apart, the family name known by its capitals."""

import re
from typing import NamedTuple

from directory.readers.texts import Read, folded, tidy
from directory.typography import quoted

CIVILITIES = {
    "m": "M", "mr": "M", "monsieur": "M", "mme": "MME", "madame": "MME", "mlle": "MLLE", "melle": "MLLE",
    "mademoiselle": "MLLE",
    "dr": "DR", "docteur": "DR", "dre": "DR", "docteure": "DR", "pr": "PR", "prof": "PR", "professeur": "PR",
    "professeure": "PR", "me": "ME", "maitre": "ME",
}  # fmt: skip
# Said of a person beside their name, and no part of it.
CALLINGS = {
    "ph", "puph", "pu ph", "mcuph", "mcu ph", "cca", "ffi", "ide", "iade", "ibode", "ipa", "infirmier", "infirmiere",
    "pharmacien", "pharmacienne", "sage femme", "cadre", "interne", "secretaire", "medecin", "kine", "psychologue",
    "soeur", "sr", "frere",
}  # fmt: skip
# « MOREL Alice – cardiologue », « MOREL Alice dite LILI »
TRAILING = re.compile(r"\s+(?:[-–—/:]\s+[^\W\d].*|dite?\s+\S.*)$")
TOGETHER = re.compile(r"[;|&/]|\s(?:et|and|ou)\s", re.IGNORECASE)  # several people in one cell
NOBODY = re.compile(r"\b(?:service|secretariat|accueil|unite|cabinet|ehpad|hopital|clinique|centre|equipe|pharmacie)\b")
# What may stand beside a name, or be another one: « MOREL Alice – CHU Lyon », « MOREL Alice, MARTIN Jean ».
PARTED = re.compile(r"\n|,|\s[-–—/:]\s")
PLACE = re.compile(r"\b(?:ch[ru]?|chru|ght|samu|smur|pole|bloc|urgences)\b")
TWO_WORDS = re.compile(r"[^\W\d_a-zà-ÿ][^\s,]+\s(?:.*\s)?[^\W\d_a-zà-ÿ][^\s,]+")
BORN = re.compile(r"[\s,(]+(?i:n[ée]e?|nom de naissance)\s*:?\s+([^\s(),]+(?:[\s-][A-ZÉÈÀÂÊÎÔÛÇ]{2,}\b)*)\)?")
MARRIED = re.compile(
    r"[\s,(]+(?i:[ée]p(?:ouse|\.)?|[ée]pse|veuve|vve)\s*:?\s+([^\s(),]+(?:[\s-][A-ZÉÈÀÂÊÎÔÛÇ]{2,}\b)*)\)?"
)


PARTICLE = re.compile(r"de|du|des|d['’]|la|le|les|von|van|der|den|di|da|del|della|dos|el|al|ben|bin")
BESIDE = re.compile(r"\s*\(([^()]*)\)")
FAMILY_FIRST, GIVEN_FIRST = "np", "pn"


class Name(NamedTuple):
    family: str  # in use
    given: str = ""
    civility: str = ""
    birth: str = ""  # family name of birth, where another is in use
    is_sure: bool = True  # False: which word is the family name had to be guessed

    def __str__(self):
        return f"{self.given} {self.family}".strip()


class NameColumn(NamedTuple):
    """How the names of a column are to be read where nothing in them tells the family name."""

    order: str = ""


NO_ORDER = NameColumn()


class NameTally:
    """What the names of a column that tell it themselves say of the order of all."""

    def __init__(self) -> None:
        self.orders = {FAMILY_FIRST: 0, GIVEN_FIRST: 0}

    def add(self, cell: str) -> None:
        name = read_name(cell)
        if name.is_sure and name.given:
            said = _without_births(tidy(cell))[0]
            self.orders[FAMILY_FIRST if said.find(name.family) < said.find(name.given) else GIVEN_FIRST] += 1

    def verdict(self) -> NameColumn:
        family, given = self.orders.values()
        return NameColumn(FAMILY_FIRST if family and not given else GIVEN_FIRST if given and not family else "")


def read_person(text: str, column: NameColumn = NO_ORDER) -> Read:
    """A `Name`, both of whose parts are known: from itself, else from the order of its column."""
    name = read_name(text)
    if _names_several(text):
        return Read(problem=f"{quoted(tidy(text))} nomme peut-être plusieurs personnes.")
    if re.search(r"\d", text) or not name.family or not name.given or NOBODY.search(folded(text)):
        return Read(problem=f"{quoted(tidy(text))} n’est pas un nom suivi d’un prénom.")
    if name.is_sure:
        return Read(name)
    if not column.order:
        return Read(problem=f"{quoted(tidy(text))} : rien ne dit lequel de ces mots est le nom.")
    if column.order == FAMILY_FIRST:
        family, _, given = f"{name.given} {name.family}".partition(" ")
        name = name._replace(family=family, given=given)
    return Read(name, f"{quoted(tidy(text))} lu nom {name.family}, prénom {name.given}, comme le reste de la colonne")


def _names_several(text: str) -> bool:
    if TOGETHER.search(TRAILING.sub("", tidy(text))):
        return True
    parts = [tidy(part) for part in PARTED.split(text.strip())]
    people = [part for part in parts if not NOBODY.search(folded(part)) and not PLACE.search(folded(part))]
    whole = [name for name in map(read_name, people) if name.given and name.is_sure]
    return len(whole) > 1 or (not whole and sum(TWO_WORDS.match(part) is not None for part in people) > 1)


def read_part(text: str) -> str:
    """A family name or a given name that has its own field, without the titles and the name of birth beside it."""
    said, _, married = _without_births(tidy(text))
    return married or _civility(said)[1]


def read_name(text: str) -> Name:
    """« Mme MOREL Alice née DUPONT », « Dr Alice MOREL », « MOREL, Alice »."""
    said, birth, married = _without_births(tidy(text))
    if found := BESIDE.search(said):
        birth = birth or (found[1] if found[1].isupper() and found[1].isalpha() else "")
        said = BESIDE.sub("", said)
    civility, said = _civility(TRAILING.sub("", said))
    family, given, is_sure = _apart(_without_callings(said))
    if married and not given and not family.isupper():  # « Mme veuve MARTIN Paulette »
        family, given, is_sure = "", family, True
    if married:  # « DUPONT ép. MOREL » uses MOREL and was born DUPONT
        family, birth = married, birth or family
    return Name(family, given, civility, birth, is_sure)


def _without_births(said: str) -> tuple[str, str, str]:
    """The rest, the name of birth, the name by marriage."""
    birth = married = ""
    if found := BORN.search(said):
        birth, said = found[1], (said[: found.start()] + said[found.end() :]).strip()
    if found := MARRIED.search(said):
        married, said = found[1], (said[: found.start()] + said[found.end() :]).strip()
    return said, birth, married


def _civility(said: str) -> tuple[str, str]:
    """The first title, and the name without any."""
    words, found = said.replace(".", ". ").split(), ""
    while len(words) > 1 and (title := CIVILITIES.get(folded(words[0]))):
        found, words = found or title, words[1:]
        if len(words) > 2 and words[0] in ("le", "la") and folded(words[1]) in CIVILITIES:  # « M. le Pr »
            words = words[1:]
    while len(words) > 2 and (title := CIVILITIES.get(folded(words[-1]))) and len(words[-1].strip(".")) > 1:
        found, words = found or title, words[:-1]
    return found, " ".join(words) if found else said


def _without_callings(said: str) -> str:
    """A surname may be one of them: there must be two words left."""
    words = said.split()
    while len(words) > 2 and folded(words[0]) in CALLINGS:
        words = words[1:]
    while len(words) > 2 and folded(words[-1]) in CALLINGS:
        words = words[:-1]
    return " ".join(words) if len(words) < len(said.split()) else said


def _with_particles(words: list[str], capitals: list[str], particles: list[str]) -> list[str]:
    """« Alice de la TOUR »: the small words just before a family name are its own."""
    start, end = words.index(capitals[0]), len(words) - words[::-1].index(capitals[-1])
    while start and words[start - 1] in particles:
        start -= 1
    return [word for word in words[start:end] if word in capitals or word in particles]


def _apart(said: str) -> tuple[str, str, bool]:
    before, comma, after = said.partition(",")
    words = before.split()
    capitals = [word for word in words if word.isupper() and len(word.strip(".-'’")) > 1]
    others = [word for word in words if word not in capitals]
    particles = [word for word in others if PARTICLE.fullmatch(word.lower() if len(others) > 1 else word)]
    if capitals and len(others) > len(particles):
        capitals = _with_particles(words, capitals, particles)
        others = [word for word in words if word not in capitals]
    if capitals and others:  # whatever stands after a comma is none of the name: « Jean MARTIN, cardiologue »
        return " ".join(capitals), " ".join(others), True
    if comma:
        return before.strip(), after.strip(), True
    if len(words) < 2:
        return said, "", bool(capitals)
    return " ".join(words[1:]), words[0], False
