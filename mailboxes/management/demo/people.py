"""Invented people: varied names, compound ones, apostrophes, and two who share a name."""

import random
import unicodedata
from collections.abc import Iterator
from itertools import count

from django.contrib.auth import get_user_model
from stdnum import luhn

from mailboxes.actions import record_person
from mailboxes.models import SYSTEM, Person, Structure

GIVEN_NAMES = """Adèle|Agathe|Amélie|Anne-Sophie|Aurélien|Aya|Baptiste|Bérénice|Camille|Chloé|Clémence|Corentin|Damien|
Diane|Élise|Émile|Estelle|Fanny|Farid|Florian|Gaëlle|Gaspard|Hugo|Inès|Jean-Marc|Joachim|Jules|Karim|Léonie|Loïc|Lucile|
Maëlle|Malika|Marc-Antoine|Margaux|Marie-Ange|Maud|Maxence|Mehdi|Mireille|Noémie|Octave|Odile|Ophélie|Paul-Henri|
Quentin|Rachel|Raphaël|Rose|Salomé|Samir|Simon|Solène|Tanguy|Tiphaine|Valentin|Violette|Yann|Yasmine|Zoé""".replace(
    "\n", ""
).split("|")
FAMILY_NAMES = """Abadie|Amrani|d’Aubigny|Barbotin|Ben Salah|Berthelot|Bourgoin|Cadiou|Castagnet|Chapelain|Corvaisier|
Coulibaly|Da Silva|De Brito|Delavigne|Desrosiers|Duclos-Perrin|Estournel|Fanchon|Ferrandis|Fofana|Gallois|Garrigue|
Grandjean|Guivarc’h|Hamidi|Houdart|Issartel|Jourdain|Kerbrat|Khelifi|L’Hostis|Labeyrie|Le Goff|Le Bihan|Lambrecht|
Loiseau|Malherbe|Mazurier|Mendès|Montagnier|N’Diaye|N’Guessan|Nogaret|O’Reilly|Ozanne|Palisson|Peyrelade|Pham-Tran|
Quemener|Rivoire|Roussillon|Saint-Martin|Sauvageot|Tardivel|Thévenot|Urbanski|Vaillancourt|Verdier-Lacan|Wagner|
Ximénès|Yildirim|Zimmerlin""".replace("\n", "").split("|")

DOCTOR, NURSE, PHYSIO, PHARMACIST, MIDWIFE, DIETICIAN, SPEECH = (
    "Médecin", "Infirmier", "Masseur-Kinésithérapeute", "Pharmacien", "Sage-Femme", "Diététicien", "Orthophoniste",
)  # fmt: skip
CODES = {DOCTOR: "10", PHARMACIST: "21", MIDWIFE: "50", NURSE: "60", PHYSIO: "70", SPEECH: "91", DIETICIAN: "95"}
SECRETARY = "Secrétaire médicale"


def plain(text: str) -> str:
    """The ASCII form of a name, fit for an address: no accent, no apostrophe, dashes for spaces."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join("-" if c == " " else c for c in ascii_only if c.isalnum() or c in "- .")


def local_of(person: Person) -> str:
    """What stands before the @ of a person's own BAL."""
    return f"{plain(person.given_name)}.{plain(person.family_name)}"


def names(seed: int) -> Iterator[tuple[str, str]]:
    """Pairs of given and family names, never the same twice."""
    pairs = [(given, family) for given in GIVEN_NAMES for family in FAMILY_NAMES]
    random.Random(seed).shuffle(pairs)  # noqa: S311 - the same at each run
    return iter(pairs)


class Cast:
    """Gives each person an entry in the register, an RPPS where the profession has one, an account on request."""

    def __init__(self, accounts: dict[str, str]):
        self._accounts = accounts  # user name -> hash of the password
        self._names = names(seed=3)
        self._numbers = count(1)

    def enter(self, structure: Structure, profession: str, name: str = "", login: str = "", **facts) -> Person:
        """`name` is « Prénom Nom »; without it, one is drawn."""
        given, _, family = name.partition(" ") if name else self._drawn()
        number = next(self._numbers)
        if profession in CODES:
            facts = {"rpps": _rpps(number), "has_cps": True, **facts}
        email = f"{plain(given)}.{plain(family)}.{number}@example.org"
        facts = {"email": email, "profession": profession, "function": profession, **facts}
        person = record_person(structure, by=SYSTEM, given_name=given, family_name=family, **facts)
        if login:
            self.let_in(person, login)
        return person

    def let_in(self, person: Person, login: str = "") -> Person:
        """An account: with the password of the demonstration if its name is listed, else with none."""
        if person.user is None:
            person.user = self.account(login or f"{local_of(person)}.{person.pk}",
                                       person.given_name, person.family_name, person.email)  # fmt: skip
            person.save(update_fields=["user"])
        return person

    def account(self, login: str, given: str, family: str, email: str, **flags):
        user = get_user_model()(username=login, first_name=given, last_name=family, email=email, **flags)
        if login in self._accounts:
            user.password = self._accounts[login]
        else:
            user.set_unusable_password()
        user.save()
        return user

    def _drawn(self) -> tuple[str, str, str]:
        given, family = next(self._names)
        return given, "", family


def _rpps(number: int) -> str:
    body = f"8109{number:06d}"
    return body + luhn.calc_check_digit(body)
