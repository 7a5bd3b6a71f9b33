"""What every source does to a value before it becomes a record's."""

import re

from directory.identifiers import is_mssante
from directory.records import EntryRecord

LONGEST = 254
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def clean(value: object) -> str:
    """Text without control characters; anything but text or a number says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return (text if text.isprintable() else CONTROL.sub(" ", text)).strip()


def refuse(record: EntryRecord) -> str:
    """Why this record is put aside, "" when it is taken."""
    if not record.address:
        return "adresse absente"
    if not is_mssante(record.address) or len(record.address) > LONGEST:
        return f"« {record.address[:100]} » n'est pas une adresse MSSanté"
    if max(len(record.person_id), len(record.structure_id)) > LONGEST:
        return f"identifiant de plus de {LONGEST} caractères"
    return ""
