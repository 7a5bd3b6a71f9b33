"""How an address is named: what a structure's policy proposes, and what is wrong with a name.

Pure functions over text: no query. An operator's choice that stands is never refused here, only warned of.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from django.db.models import TextChoices

from directory.folding import LIGATURES
from directory.identifiers import department_of, domain_of
from directory.typography import quoted

LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1
NUMBERS = range(2, 5)


class PersonPattern(TextChoices):
    GIVEN_FAMILY = "prenom.nom", "prénom.nom"
    INITIAL_FAMILY = "p.nom", "p.nom (initiale du prénom)"
    FAMILY_GIVEN = "nom.prenom", "nom.prénom"
    FAMILY_INITIAL = "nom.p", "nom.p (initiale du prénom)"


class SharedPattern(TextChoices):
    POSTCODE = "nom.code-postal", "nom.code-postal"
    TOWN = "nom.commune", "nom.commune"
    DEPARTMENT = "nom.departement", "nom.département (son numéro)"
    ALONE = "nom", "nom seul (le domaine est propre à la structure)"


class Compounds(TextChoices):
    HYPHEN = "hyphen", "avec un tiret : jean-marc"
    JOINED = "joined", "collés : jeanmarc"


class Apostrophes(TextChoices):
    DROPPED = "dropped", "retirées : ndiaye"
    KEPT = "kept", "gardées : n'diaye"
    HYPHEN = "hyphen", "remplacées par un tiret : n-diaye"


class Particles(TextChoices):
    KEPT = "kept", "gardées : de-montbrun"
    DROPPED = "dropped", "retirées : montbrun"


class Policy(Protocol):
    """What `models.NamingPolicy` holds; `DEFAULT` where a structure has decided nothing."""

    person_pattern: str
    shared_pattern: str
    compounds: str
    apostrophes: str
    particles: str
    max_length: int


@dataclass
class Default:
    person_pattern: str = PersonPattern.GIVEN_FAMILY
    shared_pattern: str = SharedPattern.POSTCODE
    compounds: str = Compounds.HYPHEN
    apostrophes: str = Apostrophes.DROPPED
    particles: str = Particles.KEPT
    max_length: int = LONGEST_LOCAL


DEFAULT = Default()


class Named(NamedTuple):
    """What an address is about: a professional, or the name of a team, a practice or a software, and its place."""

    given_name: str = ""
    family_name: str = ""
    detail: str = ""  # tells homonyms apart: a service, a profession
    name: str = ""
    postcode: str = ""
    town: str = ""


class Warned(NamedTuple):
    code: str
    sentence: str


# --- Words --------------------------------------------------------------------------------------------------------
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´＇", "'"))
# What NFKD does not take apart.
LETTERS = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "ı": "i"})
PARTICLE = re.compile(r"^(d'|(de|du|des)\s+(la\s+|l')?)(?=\w)")
MARKS = {Apostrophes.DROPPED: "", Apostrophes.KEPT: "'", Apostrophes.HYPHEN: "-"}
LINKS = {Compounds.HYPHEN: "-", Compounds.JOINED: ""}


def ascii_of(text: str) -> str:
    """The text without accents nor ligatures, with the keyboard's apostrophes; what has no ASCII form is left out."""
    plain = text.translate(APOSTROPHES).translate(LIGATURES).translate(LETTERS)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


def written(policy: Policy, name: str, *, is_person: bool = True) -> str:
    """A name as the policy writes it; the words of a team's name stay apart, to be read."""
    words = _words(policy, name, is_person)
    return (LINKS[Compounds(policy.compounds)] if is_person else "-").join(words)


def initials(policy: Policy, name: str) -> str:
    """« Jean-Marc » gives « jm »."""
    return "".join(word[0] for word in _words(policy, name, is_person=True))


def _words(policy: Policy, name: str, is_person: bool) -> list[str]:
    plain = ascii_of(name).lower().strip()
    if is_person and policy.particles == Particles.DROPPED:
        plain = PARTICLE.sub("", plain)
    words = (word.strip("'") for word in re.split(r"[^a-z0-9']+", plain))
    return [re.sub("'+", MARKS[Apostrophes(policy.apostrophes)], word) for word in words if word]


# --- Proposals ----------------------------------------------------------------------------------------------------


def proposals(policy: Policy, kind: str, about: Named) -> list[str]:
    """What may stand before the @, the policy's own form first, then what tells it from others; ASCII, short enough."""
    found = {"PER": _of_person, "APP": _of_software}.get(kind, _of_team)(policy, about)
    fitting = (_fitted(local, policy.max_length) for local in found)
    return list(dict.fromkeys(local for local in fitting if local))


def _of_person(policy: Policy, about: Named) -> Iterable[str]:
    given, family = written(policy, about.given_name), written(policy, about.family_name)
    first = initials(policy, about.given_name)
    forms = {
        PersonPattern.GIVEN_FAMILY: (given, family),
        PersonPattern.INITIAL_FAMILY: (first, family),
        PersonPattern.FAMILY_GIVEN: (family, given),
        PersonPattern.FAMILY_INITIAL: (family, first),
    }
    own = _dotted(*forms.pop(PersonPattern(policy.person_pattern)))
    if not own:
        return []
    detail = written(policy, about.detail, is_person=False)
    return [own, *([f"{own}.{detail}"] if detail else []), *(_dotted(*form) for form in forms.values()),
            *(f"{own}{number}" for number in NUMBERS)]  # fmt: skip


def _of_team(policy: Policy, about: Named) -> Iterable[str]:
    name, detail = (written(policy, text, is_person=False) for text in (about.name, about.detail))
    if not name:
        return []
    places = {
        SharedPattern.POSTCODE: about.postcode,
        SharedPattern.TOWN: written(policy, about.town, is_person=False),
        SharedPattern.DEPARTMENT: department_of(about.postcode).lower(),
        SharedPattern.ALONE: "",
    }
    own = places.pop(SharedPattern(policy.shared_pattern))
    others = [place for place in places.values() if place]
    detailed = [_dotted(name, detail, own)] if detail else []
    return [_dotted(name, own), *(_dotted(name, place) for place in others), *detailed]


def _of_software(policy: Policy, about: Named) -> Iterable[str]:
    name, town = (written(policy, text, is_person=False) for text in (about.name, about.town))
    return [_dotted("no_reply", name), _dotted("no_reply", name, town), "no_reply"]


def _dotted(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _fitted(local: str, longest: int) -> str:
    return local[: min(longest, LONGEST_LOCAL)].strip(".-'")


# --- Warnings -----------------------------------------------------------------------------------------------------
GENERIC = {
    "accueil", "administration", "bal", "boite", "cabinet", "centre", "clinique", "contact", "courrier",
    "direction", "ehpad", "hopital", "ide", "idel", "infirmier", "infirmiere", "infirmiers", "info", "maison",
    "medecin", "medecins", "medical", "mss", "mssante", "msp", "org", "pharmacie", "secretariat", "sante",
    "service", "soins", "ssiad", "standard", "de", "des", "du", "d", "la", "le", "les", "l", "et",
}  # fmt: skip


def name_warnings(address: str, policy: Policy, kind: str = "", about: Named | None = None) -> list[Warned]:
    """What may go wrong with this name, whoever chose it; `about`, where it is known, tells what the policy expects."""
    local = address.rpartition("@")[0] if domain_of(address) != address else address
    return [
        *_unreadable(local),
        *_too_long(local, policy),
        *_confusing(local, policy, kind),
        *_off_policy(local, policy, kind, about),
    ]


def _unreadable(local: str) -> Iterable[Warned]:
    plain = ascii_of(local).lower()
    if re.search(r"[^\W\d_]", re.sub(r"[\x00-\x7f]", "", local)):
        yield Warned("accents", f"Beaucoup de messageries refusent les lettres accentuées : préférez {quoted(plain)}.")
    if odd := sorted(set(re.sub(r"[a-z0-9.'_-]", "", plain)) | (set("’‘") & set(local))):
        named = ", ".join("espace" if sign.isspace() else quoted(sign) for sign in odd)
        yield Warned("characters", f"Ces signes sont mal reçus dans une adresse : {named}.")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        yield Warned("dots", "Une adresse ne commence ni ne finit par un point, et n’en a pas deux de suite.")


def _too_long(local: str, policy: Policy) -> Iterable[Warned]:
    if len(local) > LONGEST_LOCAL:
        yield Warned("length", f"{len(local)} signes avant le @ : {LONGEST_LOCAL} au plus sont acceptés.")
    elif len(local) > policy.max_length:
        yield Warned("length", f"{len(local)} signes avant le @ : votre règle en veut {policy.max_length} au plus.")


def _confusing(local: str, policy: Policy, kind: str) -> Iterable[Warned]:
    plain = ascii_of(local).lower()
    is_generic = set(re.findall(r"[a-z]+", plain)) <= GENERIC and not re.search(r"\d{2}", plain)
    if kind in ("ORG", "CAB") and is_generic and policy.shared_pattern != SharedPattern.ALONE:
        yield Warned("generic", "Ce nom irait à beaucoup de structures : ajoutez ce qui la distingue, comme le lieu.")
    if kind and kind != "APP" and re.search(r"no.?reply|ne.?pas.?repondre", plain):
        yield Warned("no-reply", "On répond à cette BAL : « no_reply » convient à une BAL applicative seulement.")
    if kind == "PER" and re.search(r"\d$", plain):
        yield Warned("number", "Un numéro ne dit pas de qui il s’agit : un service ou une profession le dirait mieux.")


def _off_policy(local: str, policy: Policy, kind: str, about: Named | None) -> Iterable[Warned]:
    plain = ascii_of(local).lower()
    if "'" in plain and policy.apostrophes != Apostrophes.KEPT:
        yield Warned("apostrophe", "Votre règle ne garde pas les apostrophes : peu de gens les tapent.")
    expected = proposals(policy, kind, about)[:1] if about and kind in ("PER", "ORG", "CAB") else []
    if expected and not re.fullmatch(re.escape(expected[0]) + r"(\d*|\..+)", plain):
        yield Warned("pattern", f"Votre règle de nommage donnerait {quoted(expected[0])}.")
