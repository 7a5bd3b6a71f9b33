"""The messengers that people take for one another, told by the domain of an address; what of each is said by its
statement."""

from typing import NamedTuple

from directory.statements import BY_NAME, Statement


class Messenger(NamedTuple):
    label: str
    marks: tuple[str, ...]  # in the domain
    statement: str


MESSENGERS = [
    Messenger("Apicrypt", ("apicrypt",), "apicrypt"),
    Messenger("MonSisra", ("sisra", "sante-ra"), "monsisra"),
    Messenger("Doctolib", ("doctolib",), "doctolib"),
    Messenger("Mon espace santé", ("monespacesante", "mon-espace-sante", "patient.mssante.fr"), "patient-ouvre"),
]


def messenger_of(domain: str) -> tuple[str, Statement] | None:
    """Which of them this domain is of, and what is to be known of it."""
    found = next((one for one in MESSENGERS if any(mark in domain for mark in one.marks)), None)
    return (found.label, BY_NAME[found.statement]) if found else None
