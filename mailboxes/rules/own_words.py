"""What a structure may add to its notices: they are also mailed, and others read an ordinary mail."""

import re

from mailboxes.lifecycle import Act
from mailboxes.models import Structure
from mailboxes.models.own_words import LONGEST
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may

_SECURE_ADDRESS = re.compile(r"\S*@\S*mssante\S*", re.IGNORECASE)
_IDENTIFIER = re.compile(r"\d{11,}")  # RPPS, INS, SIRET; a telephone number has ten digits


def check_write_words(structure: Structure, *, by) -> None:
    check_may(Act.WRITE_WORDS, structure=structure, by=by)


def check_words(text: str) -> None:
    if len(text) > LONGEST:
        raise Refused(f"Ce mot fait {len(text)} caractères : {LONGEST} au plus.", "long")
    if found := _SECURE_ADDRESS.search(text):
        raise Refused(
            f"{found.group()} est une adresse MSSanté : ce mot part aussi par courriel, qui est lu par d’autres. "
            "Dites la boîte autrement, ou donnez un téléphone.",
            "address",
        )
    if found := _IDENTIFIER.search(text):
        raise Refused(
            f"{found.group()} ressemble au numéro d’une personne : retirez-le. Un téléphone s’écrit par groupes de "
            "deux chiffres.",
            "identifier",
        )
