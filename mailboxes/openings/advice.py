"""Which kind of BAL suits a use, as one table: whoever asks may decide otherwise.

After the ANS's sheet on the extended BAL ORG: a PER may be delegated; which of the two is a matter of organisation.
"""

from typing import NamedTuple

from django.db.models import TextChoices

from mailboxes.lifecycle import MAX_COTITULAIRES
from mailboxes.models import Structure


class Users(TextChoices):
    ONE = "one", "un seul professionnel"
    ONE_AND_STAFF = "one-staff", "un seul professionnel, et son secrétariat"
    TEAM = "team", "plusieurs professionnels, tous avec un numéro RPPS"
    TEAM_AND_STAFF = "team-staff", "plusieurs professionnels, et des personnes sans RPPS (secrétariat, cadres…)"
    SOFTWARE = "software", "un logiciel (DPI, DUI, laboratoire…), sans que personne ne la lise"


class Advice(NamedTuple):
    users: Users
    goes_on: bool | None  # must messages be answered while a person is away? None: whatever the answer
    kind: str
    title: str
    reasons: list[str]


_U = Users

# fmt: off
ADVICE = [
    Advice(_U.ONE, False, "PER", "une BAL nominative (PER)", [
        "Un seul professionnel la lit et en répond.",
        "Elle le suit : attachée à son numéro RPPS, elle reste la sienne s’il change de lieu.",
    ]),
    Advice(_U.ONE, True, "ORG", "une BAL organisationnelle (ORG)", [
        "Une BAL nominative ne se lit pas sans son titulaire : en son absence, les messages attendent.",
        "Un remplaçant devient cotitulaire de l’ORG, puis la quitte, sans changer d’adresse.",
    ]),
    Advice(_U.ONE_AND_STAFF, False, "PER", "une BAL nominative (PER), déléguée au secrétariat", [
        "La délégation donne au secrétariat l’accès à la BAL du professionnel, sous sa responsabilité.",
        "Une adresse de moins à faire connaître, et à payer.",
    ]),
    Advice(_U.ONE_AND_STAFF, True, "ORG", "une BAL organisationnelle (ORG), déléguée au secrétariat", [
        "Les messages sont suivis même en l’absence du professionnel : un remplaçant peut en être cotitulaire.",
        "Le secrétariat y accède par délégation, comme à une PER.",
    ]),
    Advice(_U.TEAM, None, "ORG", "une BAL organisationnelle (ORG)", [
        "Toute l’équipe lit et répond à une seule adresse, et assure les remplacements.",
        "Une par équipe de prise en charge, jamais une par patient.",
        "Sans FINESS, le numéro RPPS d’un des professionnels suffit. Le type « cabinet » (CAB) existe depuis fin 2023, "
        "mais peu d’opérateurs le proposent encore.",
    ]),
    Advice(_U.TEAM_AND_STAFF, None, "ORG", "une BAL organisationnelle (ORG), avec des délégations", [
        f"Les professionnels en sont cotitulaires ({MAX_COTITULAIRES} au plus) ; chacun délègue l’accès aux personnes "
        "sans RPPS, et en répond.",
        "Les correspondants n’ont qu’une adresse à connaître.",
    ]),
    Advice(_U.SOFTWARE, None, "APP", "une BAL applicative (APP)", [
        "Un logiciel envoie ou reçoit seul ; personne n’ouvre cette BAL, et elle n’est jamais à l’annuaire public.",
        "Prévoyez une BAL organisationnelle à laquelle les correspondants répondent.",
    ]),
]
# fmt: on


# What the FAQ says of a kind of structure, by the name of its statement.
CASES: dict[str, str] = {
    Structure.Kind.SSIAD: "ssiad",
    Structure.Kind.RESIDENCE: "residence-autonomie",
    Structure.Kind.MDPH: "mdph",
    Structure.Kind.CSAPA: "csapa",
    Structure.Kind.PHARMACY: "pharmacies",
}


def advise(users: str, goes_on: bool) -> Advice:
    return next(line for line in ADVICE if line.users == users and line.goes_on in (None, goes_on))
