"""What an address is: inside the trusted space or not, known, published, whose; nothing of it is kept."""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from stdnum.fr import nir

from directory.folding import fold
from directory.identifiers import APICRYPT_DOMAIN, LONGEST, PATIENT_DOMAIN, domain_of
from directory.messengers import messenger_of
from directory.models import Entry
from directory.models.entries import EntryQuerySet
from directory.pictures import public_sources
from directory.prepared import prepared
from directory.readers.address import INS, read_address, taken_out
from directory.readers.texts import Read, tidy
from directory.search import Asked, search
from directory.search_rows import near_words
from directory.statements import Statement
from directory.trust import is_published_domain, is_trusted_domain
from directory.words import distance, one_away

APICRYPT = "apicrypt.org"
MASK = "•••••••••••••••"
LETTERS = f"{string.ascii_lowercase}{string.digits}.-_'"  # of an address, before the @
SLIPS, INSTEAD = " ,;:", ".-_@"  # what is typed in place of what
NEAR = 5  # addresses proposed
ERRORS = 2  # letters between an address or a domain and what is proposed instead


class CheckVerdict(Enum):
    """What the check concludes. Its value is what the page says first; `is_inside` tells its colour."""

    PUBLISHED = "Cette adresse est publiée à l’annuaire."
    FORMER = "Cette adresse n’est plus à l’annuaire public."
    INSIDE = "Cette adresse est dans l’espace de confiance, mais n’est pas à l’annuaire public."
    PATIENT = "C’est une adresse de patient (Mon espace santé)."
    OLD_APICRYPT = "C’est une ancienne adresse Apicrypt, hors de l’espace de confiance."
    OUTSIDE = "Cette adresse est hors de l’espace de confiance MSSanté."
    MALFORMED = "Ce n’est pas une adresse."

    @property
    def is_inside(self) -> bool:
        return self in (CheckVerdict.PUBLISHED, CheckVerdict.FORMER, CheckVerdict.INSIDE, CheckVerdict.PATIENT)


@dataclass
class CheckAnswer:
    verdict: CheckVerdict
    address: str  # as it may be shown again: a patient's is masked
    key_is_right: bool | None = None  # of a patient's INS; None when the key was not given or makes no sense
    entries: list[Entry] = field(default_factory=list)
    withdrawn_at: datetime | None = None
    is_known_domain: bool = False
    near: list[Entry] = field(default_factory=list)
    near_domains: list[str] = field(default_factory=list)

    @property
    def domain(self) -> str:
        return domain_of(self.address)

    @property
    def messenger(self) -> tuple[str, Statement] | None:
        return messenger_of(self.domain)

    @property
    def is_apicrypt(self) -> bool:
        return self.domain == APICRYPT_DOMAIN


def check(typed: str) -> CheckAnswer:
    found = taken_out(typed)
    if patient := _patient(tidy(typed).lower() if isinstance(found, Read) else found):
        return patient
    address = read_address(typed).value
    if not address:
        said = tidy(typed).lower()
        return CheckAnswer(CheckVerdict.MALFORMED, said, near=_near_malformed(said))
    order = public_sources()
    rows = _lines(address=address)
    if current := [row for row in rows if row.withdrawn_at is None]:
        first = min((row.source for row in current), key=order.index)  # several may tell the same
        lines = [row for row in current if row.source == first]
        return CheckAnswer(CheckVerdict.PUBLISHED, address, entries=lines, is_known_domain=True)
    answer = CheckAnswer(_unpublished(address, rows), address, is_known_domain=is_published_domain(domain_of(address)))
    if rows:
        answer.entries = rows[-1:]
        answer.withdrawn_at = rows[-1].withdrawn_at
    answer.near_domains = [] if answer.is_known_domain else _near_domains(answer.domain)
    answer.near = _near(address, [answer.domain] if answer.is_known_domain else answer.near_domains)
    return answer


@prepared
def _lines(address):
    return Entry.objects.filter(address=address, source__in=public_sources()).order_by("withdrawn_at", "pk")


def _unpublished(address: str, rows: list[Entry]) -> CheckVerdict:
    domain = domain_of(address)
    if rows:
        return CheckVerdict.FORMER
    if domain.endswith(f".{APICRYPT}") and domain != APICRYPT_DOMAIN:
        return CheckVerdict.OLD_APICRYPT
    return CheckVerdict.INSIDE if is_trusted_domain(domain) else CheckVerdict.OUTSIDE


def _patient(address: str) -> CheckAnswer | None:
    """A patient's identifier never reaches the database, nor the page: neither alone, nor under a mistyped domain."""
    local, at, domain = address.rpartition("@") if "@" in address else (address, "", "")
    identifier = re.sub(r"[\s.-]", "", local).upper()
    looks_like_ins = INS.fullmatch(identifier) is not None
    if domain != PATIENT_DOMAIN and not looks_like_ins:
        return None
    has_key = looks_like_ins and len(identifier) == 15
    known_domain = domain if domain == PATIENT_DOMAIN or is_trusted_domain(domain) else ""
    return CheckAnswer(
        CheckVerdict.PATIENT if domain in ("", PATIENT_DOMAIN) else CheckVerdict.MALFORMED,
        f"{MASK}{at}{known_domain or ('…' if at else '')}",
        key_is_right=nir.is_valid(identifier) if has_key else None,
        near_domains=[PATIENT_DOMAIN] if domain not in ("", PATIENT_DOMAIN) else [],
    )


def _near_malformed(said: str) -> list[Entry]:
    """The known addresses that one slip makes no address: a comma, a blank, « @@ », no @ at all."""
    if len(said) > LONGEST:
        return []
    ends = [(said[:at], said[at:]) for at in range(len(said) + 1)]
    tried = {head + rest[1:] for head, rest in ends if rest}
    tried |= {head + mark + rest[1:] for head, rest in ends if rest and rest[0] in SLIPS for mark in INSTEAD}
    if "@" not in said:
        tried |= {f"{head}@{rest}" for head, rest in ends}
    return list(_once(Entry.objects.published().filter(address__in=tried)))[:NEAR]


def _once(entries: EntryQuerySet) -> Iterator[Entry]:
    yield from {entry.address: entry for entry in entries}.values()


def _near_domains(domain: str) -> list[str]:
    near = ((distance(domain, known, ERRORS), known) for known in near_words(domain, is_domain=True))
    return [known for far, known in sorted(near) if far <= ERRORS][:NEAR]


def _near(address: str, domains: list[str]) -> list[Entry]:
    """The known addresses at a few letters from this one."""
    found = {
        entry.address: entry for entry in [*_one_letter_away(address, domains), *_of_the_same_name(address, domains)]
    }
    limit = 2 * ERRORS
    ranked = sorted((distance(address, known, limit), known) for known in found)
    return [found[known] for far, known in ranked if far <= limit][:NEAR]


def _one_letter_away(address: str, domains: list[str]) -> EntryQuerySet:
    """The known addresses one letter away: in the name or, with the very same name, in the domain."""
    local, _, domain = address.rpartition("@")
    names = one_away(local, LETTERS) if domain in domains else {local}
    return Entry.objects.published().filter(address__in=[f"{name}@{known}" for name in names for known in domains])


def _of_the_same_name(address: str, domains: list[str]) -> Iterator[Entry]:
    """The addresses that the search gives for its words: « martin2 » is a MARTIN."""
    words = fold(re.sub(r"\d", "", address.rpartition("@")[0]))
    for domain in domains if words else []:
        near = search(Asked(text=words, domain=domain))
        yield from near.entries(0, len(near))
