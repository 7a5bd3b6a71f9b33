"""What the GRADeS follows: the small structures of its region, which it manages, beside those that it only sees."""

from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from mailboxes.actions import move, note_anomaly, register_bal
from mailboxes.engagements.actions import set_engagement
from mailboxes.lifecycle import Verb
from mailboxes.management.demo import usage
from mailboxes.management.demo.clock import Timeline
from mailboxes.management.demo.people import DOCTOR, NURSE, PHARMACIST, PHYSIO, Cast, local_of, plain
from mailboxes.management.demo.places import REGION_DOMAIN, Places, checked, entrust, make_structure
from mailboxes.management.demo.practices import by_address
from mailboxes.models import Anomaly, Bal, Engagement, Membership, Person, Structure
from mailboxes.openings.actions import set_naming
from mailboxes.openings.naming import SharedPattern

JOINED = 214  # days ago: the region's structures are entered, all at once
Kind = Structure.Kind
PLACES = """ehpad/EHPAD Les Étangs/01400/Châtillon-sur-Chalaronne
practice/Maison de santé des Trois Ponts/01500/Ambérieu-en-Bugey
network/CPTS Plaine et Coteaux/01000/Bourg-en-Bresse
ehpad/EHPAD Les Tilleuls bleus/03200/Vichy
ssiad/SSIAD du Val d’Or/03000/Moulins
ehpad/EHPAD La Châtaigneraie/07000/Privas
practice/Maison de santé du Pont d’Arche/07200/Aubenas
practice/Maison de santé du Plateau/15100/Saint-Flour
ehpad/EHPAD La Planèze/15000/Aurillac
residence/Résidence autonomie Les Cigales/26200/Montélimar
hospital/Centre hospitalier des Collines/26100/Romans-sur-Isère
ehpad/EHPAD Le Belvédère/38500/Voiron
pharmacy/Pharmacie des Deux Rives/38200/Vienne
csapa/CSAPA Le Relais/38000/Grenoble
ehpad/EHPAD Les Marronniers/42600/Montbrison
network/CPTS Monts et Plaine/42110/Feurs
ehpad/EHPAD Le Prieuré/43100/Brioude
practice/Maison de santé de la Haute Vallée/43000/Le Puy-en-Velay
ehpad/EHPAD Les Volcans/63500/Issoire
ssiad/SSIAD des Quatre Vents/63300/Thiers
practice/Centre de santé de la Croix des Canuts/69004/Lyon
ehpad/EHPAD Les Hortensias/69400/Villefranche-sur-Saône
network/CPTS Rives de Saône/69270/Fontaines-sur-Saône
ehpad/EHPAD Les Alpages/73200/Albertville
practice/Maison de santé du Lac/73100/Aix-les-Bains
ehpad/EHPAD Les Sapins/74300/Cluses
ssiad/SSIAD des Aravis/74230/Thônes"""
TEAMS = {
    Kind.HOSPITAL: [DOCTOR, DOCTOR, NURSE, PHARMACIST, DOCTOR],
    Kind.EHPAD: [DOCTOR, NURSE],
    Kind.SSIAD: [NURSE, NURSE],
    Kind.PHARMACY: [PHARMACIST],
    Kind.PRACTICE: [DOCTOR, NURSE, PHYSIO],
}
PAIR = [DOCTOR, NURSE]  # of any other
# Of the nominative BAL, in the order in which they are entered: what becomes of every so many.
USES: dict[int, Callable] = {
    4: usage.idle(10.6), 7: usage.unknown, 11: usage.idle(11.2), 13: usage.filling(96), 17: usage.idle(10.2),
    19: usage.unknown, 23: usage.filling(92), 29: usage.idle(13.1), 31: usage.silent, 37: usage.idle(10.9),
    43: usage.idle(12.6), 47: usage.unknown, 53: usage.filling(88), 59: usage.idle(10.4),
}  # fmt: skip
SILENT = {"EHPAD La Planèze", "CPTS Rives de Saône"}  # of which the operator's list says nothing
UNPUBLISHED = {
    "EHPAD Les Volcans",
    "SSIAD des Aravis",
    "CSAPA Le Relais",
}  # their shared BAL, nor found in the annuaire
ORPHANED = {"EHPAD Le Prieuré", "Résidence autonomie Les Cigales"}  # whose shared BAL has no principal
OPENED = [
    # structure, days ago asked, days ago opened
    ("EHPAD Les Sapins", 40, 33),
    ("Maison de santé du Lac", 24, 19),
    ("CSAPA Le Relais", 16, None),
    ("CPTS Monts et Plaine", 3, None),
]
NOTED = [
    ("EHPAD Les Étangs", Anomaly.Kind.PASSWORD, 18, "Un seul mot de passe pour l’équipe de nuit."),
    ("Maison de santé des Trois Ponts", Anomaly.Kind.FORWARD, 5, "Renvoyée vers une messagerie ordinaire."),
]


class Entered(NamedTuple):
    structure: Structure
    shared: str  # the address of its team's BAL


class Region:
    def __init__(self, time: Timeline, cast: Cast, places: Places, readings: usage.Readings):
        self.time, self.cast, self.places, self.readings = time, cast, places, readings
        self.unpublished: set[str] = set()
        self._ranks = count(1)
        self._taken: set[str] = set()

    def tell(self) -> None:
        self._settle()
        entered = {name: self._enter(*facts) for facts in self._lines() for name in facts[1:2]}
        self.unpublished = {entered[name].shared for name in UNPUBLISHED}
        for name, asked, opened in OPENED:
            self._open(entered[name].structure, asked, opened)
        for name, kind, ago, note in NOTED:
            self.time.on(ago, by_address, note_anomaly, entered[name].shared, kind, note=note, by=self.solange)
        self.time.on(JOINED - 3, set_naming, self.grades, by=self.solange, shared_pattern=SharedPattern.POSTCODE)
        self.time.on(120, self._engage)

    def _settle(self) -> None:
        """The GRADeS itself: it manages what is below it, and sees the other structures whose operator it is."""
        self.solange = self.cast.account("solange", "Solange", "Pernet-Bahri", "solange.pernet@example.org")
        self.grades = make_structure("Confluences e-santé", Kind.GRADES, siret=checked("9900000280001"),
                                     postcode="69007", town="Lyon", referent="Solange Pernet-Bahri",
                                     referent_phone="04 65 71 12 40")  # fmt: skip
        entrust(self.solange, self.grades)
        places = self.places
        for seen in (places.foundation, places.nurses, places.screening, places.health_house, places.sgami):
            entrust(self.solange, seen, Membership.Role.READER)

    @staticmethod
    def _lines():
        return [tuple(line.split("/")) for line in PLACES.splitlines()]

    def _enter(self, kind: str, name: str, postcode: str, town: str) -> Entered:
        """A structure, the BAL of each of its people and that of its team, as the operator lists them."""
        number = f"{postcode[:2]}9903{len(self._taken) % 100:02}"
        structure = make_structure(name, kind, parent=self.grades, postcode=postcode, town=town,
                                   finess_et=checked(number))  # fmt: skip
        team = [self.cast.enter(structure, profession) for profession in TEAMS.get(Kind(kind), PAIR)]
        for person in team:
            address = self._register(structure, Bal.Kind.NOMINATIVE, local_of(person), person)
            rank = next(self._ranks)
            habit = usage.silent if name in SILENT else USES.get(rank)
            if habit:
                self.readings.of(address, habit)
        local = f"{plain(name).replace('.', '')}.{postcode}"
        principal = None if name in ORPHANED else team[0]
        shared = self._register(structure, Bal.Kind.ORGANISATIONNELLE, local, principal, service=name,
                                purpose="Courriers adressés à l’équipe.")  # fmt: skip
        return Entered(structure, shared)

    def _register(self, structure: Structure, kind: str, local: str, principal: Person | None, **described) -> str:
        address = f"{local}@{REGION_DOMAIN}"
        self._taken.add(address)
        self.time.on(JOINED, register_bal, structure=structure, operator=self.places.region, kind=kind,
                     address=address, principal=principal, exists=True, by=self.solange, **described)  # fmt: skip
        return address

    def _open(self, structure: Structure, asked: float, opened: float | None) -> None:
        person = self.cast.enter(structure, NURSE)
        address = f"{local_of(person)}@{REGION_DOMAIN}"
        self.time.on(asked, register_bal, structure=structure, operator=self.places.region, kind=Bal.Kind.NOMINATIVE,
                     address=address, principal=person, by=self.solange, note="Arrivée dans l’équipe")  # fmt: skip
        if opened:
            self.time.on(opened, by_address, move, address, Verb.ACTIVATE, by=self.solange)

    def _engage(self) -> None:
        facts = {"programme": "ESMS numérique, deuxième vague", "target": Engagement.Target.SHARED, "number": 30}
        due_on = self.time.day(-45)
        set_engagement(Engagement(structure=self.grades), by=self.solange, due_on=due_on, **facts)
