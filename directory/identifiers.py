"""The field's identifiers: what a value must look like (blocks) and what makes it doubtful (warns).

Blocking patterns and Luhn advice follow the ANS's object model; the checksum only warns, because official test
identities do not satisfy it.
"""

import re

from stdnum import luhn
from stdnum.fr import siren, siret

from directory.typography import quoted

# Published by the ANS in the draft "API MSS" (schema MailboxMssAddress).
MSSANTE_ADDRESS = re.compile(r"[^@\s]+@([^@\s]+\.mssante\.fr|interop-mssante\.apicrypt\.org)")
PATIENT_DOMAIN = "patient.mssante.fr"
LONGEST = 254  # characters of a value that is looked up, as in the indexed columns
APICRYPT_DOMAIN = "interop-mssante.apicrypt.org"

PATTERNS = {
    "RPPS": (re.compile("[0-9]{11}"), "11 chiffres"),
    "FINESS": (
        re.compile("[0-9][0-9A-Z][0-9]{7}"),
        "9 caractères : un chiffre, un chiffre ou une lettre, sept chiffres",
    ),
    "SIREN": (re.compile("[0-9]{9}"), "9 chiffres"),
    "SIRET": (re.compile("[0-9]{14}"), "14 chiffres"),
    "RPPS-rang": (re.compile("[0-9]{14}"), "14 chiffres"),
    "ADELI": (re.compile("[0-9][0-9AB][0-9]{7}"), "9 caractères"),
}

# Here the key blocks; La Poste's SIRET, which follow another rule, are the library's business.
KEYED = {"SIREN": siren, "SIRET": siret}


def is_mssante(address: str) -> bool:
    """Is this lower-case address inside the trusted space, by its form alone?"""
    return MSSANTE_ADDRESS.fullmatch(address) is not None


def is_patient(address: str) -> bool:
    return address.lower().endswith(f"@{PATIENT_DOMAIN}")


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def department_of(postcode: str) -> str:
    """The code of the département that a postcode is of; "" of none. The two of Corsica share their first digits."""
    if postcode.startswith("20"):
        return "2B" if postcode[2:3] in ("2", "6") else "2A"
    return postcode[:3] if postcode.startswith(("97", "98")) else postcode[:2]


def national_id_of(rpps: str) -> str:
    """The national identification of a professional: the type of identifier (8 is RPPS), then the number."""
    return f"8{rpps}"


def malformed(name: str, value: str) -> str:
    """The sentence that says why `value` cannot be a `name` (a key of PATTERNS), or ""."""
    pattern, form = PATTERNS[name]
    if not pattern.fullmatch(value):
        return f"{quoted(value)} n’est pas un numéro {name} ({form})."
    if name in KEYED and not KEYED[name].is_valid(value):
        return f"{quoted(value)} n’est pas un numéro {name} : sa clé de contrôle est fausse."
    return ""


def doubtful(name: str, value: str) -> str:
    """The sentence that says why a well-formed `value` may be mistyped, or ""."""
    if not value.isdigit() or luhn.is_valid(value):
        return ""
    return f"La clé de contrôle du numéro {name} {quoted(value)} n’est pas celle attendue : vérifiez la saisie."
