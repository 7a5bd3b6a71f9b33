"""What the words of a question mean: whom, what, where; which are said of anybody, and which were only a label."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from directory.folding import fold
from directory.readers.identifiers import read_number
from directory.vocabulary import (
    DEPARTMENTS,
    LABELS,
    LONE_TITLE,
    LONGEST,
    LONGEST_ABBREVIATION,
    OF_A_SERVICE,
    PARTICLES,
    SURNAMES,
    TITLES,
    WEAK,
    Form,
    Meaning,
    WordKind,
    hospitals,
    is_said,
    meanings_of,
)

INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
ADDRESS = re.compile(r"""[^\s<>,;:()"'«»]*@[^\s<>,;:()"'«»]*""")
DOMAIN = re.compile(r"@?([^@\s]+\.(?:fr|org|com|net))", re.I)
# Digits in groups, as on paper; what stands between them is no more than a space, a dot or a hyphen.
NUMBER = re.compile(r"(?<![\w@.-])\d[ .-]?[0-9AB](?:[ .-]?\d){7,}(?![\w@])", re.I)
BESIDE = re.compile(r"[(,;–]|\s-\s")  # what a number stands beside may be asked too: « 690000001 - cardiologie »
LABEL_STUCK = re.compile(r"\b(rpps|finess|siret|siren|adeli)(?=\d)", re.I)
OTHER_NUMBER = re.compile(r"\d{6,}")  # a telephone's
POSTCODE = re.compile(r"\d[\dab]\d{3}")
DEPARTMENT_CODE = re.compile(r"\d{2}|97\d|2[ab]")
DISTRICT = re.compile(r"(\d{1,2})(?:e|er|eme|ieme|ere)?")
DISTRICTS = {"paris": "750{:02}", "lyon": "6900{}", "marseille": "130{:02}"}
BETWEEN = re.compile(r"""[\s,;:/|()\[\]{}<>+&"«»“”*=!?]+""")
VOWELS = frozenset("aeiouyh")


@dataclass(frozen=True)
class Token:
    """A piece of the question that must be met: by any of its forms."""

    typed: str
    forms: tuple[Form, ...]
    kind: WordKind | None = None  # None: a word of a name or a place, like any other
    wider: tuple[Form, ...] = ()  # what is offered where none is met
    facets: tuple[str, ...] = ()  # codes of places that meet it as well; a star as in the forms
    same: tuple[Form, ...] = ()  # those of the forms that say the very same thing

    @property
    def is_plain(self) -> bool:
        return self.kind is None

    @property
    def is_name(self) -> bool:
        """May be part of the name of somebody or of a place."""
        return self.kind in (None, WordKind.SPELLING)

    @property
    def strictly(self) -> tuple[Form, ...]:
        return self.same or self.forms

    @property
    def are_initials(self) -> bool:
        """« jp » of Jean-Pierre, unless somebody bears that name."""
        return self.is_plain and len(self.typed) == 2 and self.typed.isalpha()

    def reads(self, forms: Iterable[Form]) -> "Token":
        return replace(self, forms=tuple(dict.fromkeys(forms)))


@dataclass
class Understood:
    """What was typed, each part by what it is."""

    number: str = ""  # an identifier's, without spaces
    address: str = ""
    domain: str = ""
    tokens: list[Token] = field(default_factory=list)
    initials: list[str] = field(default_factory=list)  # one of the names begins so
    hints: list[str] = field(default_factory=list)  # words or letters that decide between equals
    weak: list[str] = field(default_factory=list)  # words left out, but that may be a name's
    ignored: list[str] = field(default_factory=list)  # all that is left out
    is_person: bool = False  # somebody is looked for, not a service
    is_house: bool = False  # a service or a house is looked for


def understand(text: str) -> Understood:
    text = LABEL_STUCK.sub(r"\1 ", INVISIBLE.sub("", text))
    asked = Understood()
    if found := ADDRESS.search(text):
        asked.address = found[0].strip(".").lower().removeprefix("mailto:")
        text = text.replace(found[0], " ") if asked.address != "@" else text.replace("@", " ")
        asked.address = asked.address if asked.address != "@" else ""
    if asked.address.startswith("@"):
        asked.address, asked.domain = "", asked.address[1:]
    asked.number, text = _number_in(text)
    for chunk in text.split():
        if not asked.domain and (domain := DOMAIN.fullmatch(chunk)):
            asked.domain, text = domain[1].lower(), text.replace(chunk, " ")
    _Reader(_words_of(text), asked).read()
    return asked


def _number_in(text: str) -> tuple[str, str]:
    """The number of a person or structure, however it is written, and what else is asked."""
    if not BESIDE.search(text) and (whole := read_number(text).value):
        return whole, ""
    for run in NUMBER.finditer(text):
        if number := read_number(run[0]).value:
            return number, text.replace(run[0], " ")
    return "", text


def _words_of(text: str) -> list[tuple[str, str]]:
    """(word, what it is part of): « N'Diaye » gives « n » and « diaye », of « ndiaye »; dotted letters are one word."""
    words = []
    for chunk in BETWEEN.split(text):
        parts = fold(chunk).split()
        joined = "".join(parts)
        letters = len(parts) > 1 and all(len(part) == 1 for part in parts)
        if letters and len(joined) <= LONGEST_ABBREVIATION and meanings_of((joined,)):
            words.append((joined, ""))
        elif len(parts) > 1 and not letters and "." not in chunk:
            words += [(part, joined) for part in parts]
        else:
            words += [(part, "") for part in parts]
    return words


class _Reader:
    """Reads the words from left to right."""

    def __init__(self, words: list[tuple[str, str]], asked: Understood):
        self.words = words
        self.asked = asked

    def read(self) -> None:
        at = 0
        while at < len(self.words):
            at += (
                self._department(at)
                or self._meaning(at)
                or self._aside(at)
                or self._letter(at)
                or self._place(at)
                or self._plain(at)
            )
        asked = self.asked
        if not asked.tokens and not asked.number:
            rest = asked.initials or asked.weak or asked.hints or [fold(word) for word in asked.ignored]
            asked.tokens = [Token(word, ((word,),)) for word in rest]
            asked.initials, asked.hints, asked.weak, asked.ignored = [], [], [], []

    def _word(self, at: int) -> str:
        return self.words[at][0] if 0 <= at < len(self.words) else ""

    def _meaning(self, start: int) -> int:
        """A way of saying a row of the vocabulary; how many words it takes."""
        size, words = self._longest(start)
        if not size:
            return 0
        found = meanings_of(words)
        self.asked.tokens.append(token_of(words, found))
        self.asked.is_house |= any(meaning.kind is WordKind.HOUSE for meaning in found)
        return size

    def _longest(self, start: int) -> tuple[int, Form]:
        """The longest way of saying a row that begins here, and how many words it takes with the particles within."""
        said: Form = ()
        best: tuple[int, Form] = (0, ())
        for at in range(start, len(self.words)):
            word = self._word(at)
            if said and word in PARTICLES:
                continue
            said = (*said, word)
            if len(said) > LONGEST:
                break
            if meanings_of(said):
                best = (at + 1 - start, said)
        return (0, ()) if best[0] == 1 and self._is_part_of_a_name(start) else best

    def _is_part_of_a_name(self, at: int) -> bool:
        """« as » in « Da-As » is no abbreviation."""
        word, whole = self.words[at]
        return bool(whole) and len(word) <= 2 and word not in ("st", "ch")

    def _aside(self, at: int) -> int:
        """Titles, labels, and what distinguishes nothing."""
        word = self._word(at)
        if word in TITLES or (word == LONE_TITLE and at == 0 and len(self.words) > 1):
            self.asked.is_person = True
            if word == LONE_TITLE:
                self.asked.hints.append(word)
        elif word in WEAK:
            self.asked.weak.append(word)
            self.asked.hints.append(word)
            self.asked.is_house |= word in OF_A_SERVICE
        elif not (self.asked.number and word in LABELS) and not OTHER_NUMBER.fullmatch(word):
            return 0
        self.asked.ignored.append(word)
        return 1

    def _letter(self, at: int) -> int:
        """Alone: an initial, or what is left of « d’ » and « l’ »."""
        word, whole = self.words[at]
        if len(word) > 1 or not word.isalpha():
            return 0
        following = self._word(at + 1)
        if word in "dl" and (whole or following[:1] in VOWELS) and following:
            return 0
        if whole and following:
            return 0
        if word in PARTICLES and 0 < at < len(self.words) - 1:
            self.asked.hints.append(word)
        else:
            self.asked.initials.append(word)
            self.asked.is_person |= not self.asked.is_house
        return 1

    def _place(self, at: int) -> int:
        """A postcode, a département's number, or a district behind the name of its town."""
        word, _ = self.words[at]
        before = self._word(at - 1)
        if before in DISTRICTS and (number := DISTRICT.fullmatch(word)) and 0 < int(number[1]) <= 20:
            code = DISTRICTS[before].format(int(number[1]))
        elif POSTCODE.fullmatch(word) or DEPARTMENT_CODE.fullmatch(word):
            code = word if len(word) == 5 else f"{word}*"
        else:
            return 0
        code = {"2a*": "20*", "2b*": "20*"}.get(code, code)
        self.asked.tokens.append(Token(word, ((word,),), facets=(f"c{code}",)))
        return 1

    def _department(self, start: int) -> int:
        """« Val de Marne », which the annuaire tells apart from the other places."""
        for size in range(5, 1, -1):
            words = tuple(word for word, _ in self.words[start : start + size])
            if len(words) == size and " ".join(words) in DEPARTMENTS:
                facets = (f"d{''.join(words)}",)
                self.asked.tokens.append(Token(" ".join(words), (words,), facets=facets))
                return size
        return 0

    def _plain(self, start: int) -> int:
        """A word like any other, with the particles before it or the other parts of it."""
        at = start
        while self._word(at) in PARTICLES and self._is_content(at + 1):
            at += 1
        if self._word(start) in SURNAMES and self._word(start - 1) in TITLES and self._is_over(at, start):
            self.asked.tokens.append(Token(self._word(start), ((self._word(start),),)))
            return 1
        particles = [self._word(index) for index in range(start, at)]
        if self._word(at) in PARTICLES and self._has_content():
            self.asked.hints.append(self._word(at))
            return at + 1 - start
        if particles and not self._names(at):
            self.asked.hints += particles
            return at - start
        end = at + 1
        whole = self.words[at][1]
        while whole and end < len(self.words) and self.words[end][1] == whole:
            end += 1
        parts = [self._word(index) for index in range(at, end)]
        stuck = ["".join([*particles[index:], *parts]) for index in range(len(particles) + 1)]
        typed = " ".join([*particles, *parts])
        self.asked.hints += particles
        self.asked.tokens.append(
            Token(
                typed,
                tuple(dict.fromkeys([(*parts,), *((word,) for word in stuck)])),
                facets=tuple(dict.fromkeys((f"d{stuck[0]}", f"d{stuck[-1]}"))),
            )
        )
        return end - start

    def _is_over(self, at: int, start: int) -> bool:
        """True where no name follows: « Dr Le, dentiste » is a name of one word."""
        return bool(self._longest(at)[0]) if at > start else at + 1 == len(self.words)

    def _names(self, at: int) -> bool:
        """May be part of a name: neither a word of the field nor one that is left out."""
        return not self._longest(at)[0] and self._word(at) not in TITLES | WEAK

    def _is_content(self, at: int) -> bool:
        return at < len(self.words) and len(self._word(at)) > 1

    def _has_content(self) -> bool:
        return bool(self.asked.tokens)


def token_of(words: Form, meanings: Iterable[Meaning]) -> Token:
    """Whatever these rows mean, and the words themselves."""
    meanings = list(meanings)
    forms, same = [words], [words]
    for meaning in meanings:
        spelt = tuple(
            form for form in map(_letters, meaning.same[:1]) if form and meaning.kind is not WordKind.SPELLING
        )
        forms += meaning.forms + spelt
        if any(len(form) == len(words) and all(map(is_said, form, words)) for form in meaning.same):
            same += meaning.same + spelt
    kinds = {meaning.kind for meaning in meanings}
    kind = next(kind for kind in (WordKind.HOUSE, WordKind.SPECIALITY, WordKind.SPELLING) if kind in kinds)
    wider = hospitals() if any(meaning.is_hospital for meaning in meanings) else ()
    return Token(" ".join(words), _without_the_covered(forms), kind, wider, same=tuple(dict.fromkeys(same)))


def _letters(form: Form) -> Form:
    """« C.H.U. » stands as three words."""
    short = form[0]
    is_abbreviation = len(form) == 1 and short.isalpha() and 1 < len(short) <= LONGEST_ABBREVIATION
    return tuple(dict.fromkeys(short)) if is_abbreviation else ()


def _without_the_covered(forms: list[Form]) -> tuple[Form, ...]:
    """« cardiologie » asks no more than « cardio* » does."""
    stems = [form[0][:-1] for form in forms if len(form) == 1 and form[0].endswith("*")]
    kept = []
    for form in dict.fromkeys(forms):
        star = form[0].rstrip("*") if len(form) == 1 else ""
        if not any(
            word.rstrip("*").startswith(stem) and (len(form) > 1 or star != stem) for word in form for stem in stems
        ):
            kept.append(form)
    return tuple(kept)
