"""What every source does to a value before it becomes a record's."""

from directory.identifiers import LONGEST, PATIENT_DOMAIN, is_mssante
from directory.readers.address import OF_PATIENT, PLAIN, is_of_patient, read_address
from directory.readers.texts import SPACES, UNSEEN
from directory.records import EntryRecord, RejectedRecord
from directory.typography import quoted


def clean(value: object) -> str:
    """Text on one line, without what is not seen; anything but text or a number says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return (text if text.isprintable() else seen(text)).strip()


def seen(text: str) -> str:
    return SPACES.sub(" ", UNSEEN.sub("", text))


def address_of(text: str) -> str:
    """The address in its one spelling; what is none stays as it is, to be named, unless it is a patient's."""
    address = text.lower()
    if PLAIN.fullmatch(address) and is_mssante(address):
        return address
    read = read_address(text)
    return f"@{PATIENT_DOMAIN}" if read.problem == OF_PATIENT else read.value or address


def put_aside(number: int, reason: str, text: str) -> RejectedRecord:
    """The record put aside; of a patient nothing is kept, not even in what was refused."""
    return RejectedRecord(number, reason, "" if reason == OF_PATIENT else text)


def refuse(record: EntryRecord) -> str:
    """Why this record is put aside, "" when it is taken."""
    if not record.address:
        return "adresse absente"
    if is_of_patient(record.address):
        return OF_PATIENT
    if not is_mssante(record.address) or len(record.address) > LONGEST:
        return f"{quoted(record.address)} n’est pas une adresse MSSanté"
    if max(len(record.person_id), len(record.structure_id)) > LONGEST:
        return f"identifiant de plus de {LONGEST} caractères"
    return ""
