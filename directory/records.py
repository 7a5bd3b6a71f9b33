"""What a directory source yields, whatever it is made of: plain values, no ORM, no network."""

from dataclasses import dataclass
from typing import NamedTuple


class EntryRecord(NamedTuple):
    """One line of the annuaire: one mailbox of one professional or structure.

    The field names are the columns that `sync` fills in `Entry`. Every value is text, "" when the source says nothing,
    without control characters; `address` is lower case. Codes are those of the ANS (TRE_G07, TRE_G08, TRE_G15...).
    A tuple and not a dataclass: half a million of them are made and joined in one run.
    """

    kind: str  # PER, ORG, APP or CAB
    address: str
    person_id_type: str = ""  # TRE_G08: 8 is RPPS, 0 is the old ADELI
    person_id: str = ""
    national_id: str = ""  # type + identifier, 12 characters for an RPPS
    structure_id_type: str = ""  # TRE_G07: 1 FINESS, 2 SIREN, 3 SIRET, 4 cabinet RPPS
    structure_id: str = ""
    service: str = ""
    civility: str = ""
    family_name: str = ""
    given_name: str = ""
    category_code: str = ""
    category: str = ""
    profession_code: str = ""
    profession: str = ""
    skill_code: str = ""
    skill: str = ""
    paperless: str = ""  # "O", "N" or ""
    structure_name: str = ""
    trade_name: str = ""
    address_l2: str = ""
    address_l3: str = ""
    street_number: str = ""
    street_number_suffix: str = ""
    street_type: str = ""
    street_name: str = ""
    address_l5: str = ""
    address_l6: str = ""
    postcode: str = ""
    department: str = ""
    country: str = ""
    rank: str = ""  # "1" is the mailbox its holder prefers; only the FHIR API tells
    holder: str = ""  # what in the source carries the mailbox, for sources that tell holder by holder what changed


@dataclass(frozen=True, slots=True)
class Retold:
    """A holder of whom the source tells everything again: what it said before and does not repeat is withdrawn."""

    holder: str


class ActivityRecord(NamedTuple):
    """One *situation d'exercice*: one person's practice at one place. The field names are the columns of `Activity`."""

    person_id_type: str = ""  # TRE_G08: 8 is RPPS
    person_id: str = ""
    national_id: str = ""
    civility: str = ""
    family_name: str = ""
    given_name: str = ""
    profession_code: str = ""
    profession: str = ""
    category_code: str = ""
    category: str = ""
    skill_code: str = ""
    skill: str = ""
    mode_code: str = ""  # L libéral, S salarié, B bénévole
    mode: str = ""
    siret: str = ""
    siren: str = ""
    finess_site: str = ""
    finess_ej: str = ""
    technical_id: str = ""
    structure_name: str = ""
    trade_name: str = ""
    address_l2: str = ""
    address_l3: str = ""
    street_number: str = ""
    street_number_suffix: str = ""
    street_type: str = ""
    street_name: str = ""
    address_l6: str = ""
    postcode: str = ""
    town: str = ""
    sector_code: str = ""
    sector: str = ""
    function_code: str = ""
    function: str = ""
    genre_code: str = ""
    genre: str = ""


class DomainRecord(NamedTuple):
    """One domain of the white list. The field names are the columns of `TrustedDomain`."""

    name: str  # lower case
    description: str = ""
    operator: str = ""
    operator_siret: str = ""
    contact: str = ""
    support: str = ""
    updated_on: str = ""


Record = EntryRecord | ActivityRecord | DomainRecord


class ManagedStructures(NamedTuple):
    """The identifiers by which the managed structures' activities are known."""

    finess: frozenset[str] = frozenset()  # of sites and of legal entities
    siret: frozenset[str] = frozenset()
    siren: frozenset[str] = frozenset()
    technical: frozenset[str] = frozenset()  # RPPS-rang, or the annuaire's own identifiers


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A line put aside: its number in the file (the header is line 1), why, and its text."""

    number: int
    reason: str
    text: str
