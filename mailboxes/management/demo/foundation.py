"""The foundation's BAL, entered from its operator's list: a hospital, an EHPAD, an SSIAD; and how accesses grew."""

from typing import NamedTuple

from mailboxes.actions import add_cotitulaire, delegate, register_bal
from mailboxes.management.demo.clock import Timeline
from mailboxes.management.demo.people import (
    DIETICIAN,
    DOCTOR,
    MIDWIFE,
    NURSE,
    PHARMACIST,
    PHYSIO,
    SECRETARY,
    SPEECH,
    Cast,
    local_of,
    plain,
)
from mailboxes.management.demo.places import FOUNDATION_DOMAIN, Places
from mailboxes.management.demo.practices import by_address
from mailboxes.models import Bal, Operator, Person, Structure

START = 428  # days ago: the register is filled from what the operator knows
Kind = Bal.Kind

SERVICES = {
    # service: how many doctors and others hold its BAL ORG
    "Cardiologie": 2, "Urgences": 20, "Pédiatrie": 3, "Gériatrie": 4, "Imagerie médicale": 2, "Pharmacie": 2,
    "Maternité": 4, "Chirurgie viscérale": 2, "Oncologie": 3, "Néphrologie": 2, "Médecine polyvalente": 3,
    "Laboratoire": 2, "Équipe mobile de soins palliatifs": 3, "Hôpital de jour": 2, "Consultations externes": 2,
    "Anesthésie-réanimation": 4, "Unité neuro-vasculaire": 2, "Hospitalisation à domicile": 3, "Rééducation": 3,
    "Diabétologie": 2, "Pneumologie": 2, "Centre de vaccination": 1,
}  # fmt: skip
TEAM = 7  # people of a service, at least
ORPHANS = ["Addictologie", "Consultation mémoire"]  # their principal left before the register was opened
PROFESSIONS = [DOCTOR, NURSE, DOCTOR, NURSE, DOCTOR, PHYSIO, DOCTOR, PHARMACIST, NURSE, MIDWIFE, DOCTOR, DIETICIAN,
               NURSE, SPEECH]  # fmt: skip


class Holder(NamedTuple):
    person: Person
    address: str  # of the PER


class Foundation:
    """The foundation's people and addresses, by establishment, for the rest of the story to act on."""

    def __init__(self, time: Timeline, cast: Cast, places: Places, gisele):
        self.time, self.cast, self.places, self.gisele = time, cast, places, gisele
        self.nominatives: list[Holder] = []  # those of the hospital that nothing else is told about
        self.shared: dict[str, Holder] = {}  # service -> its principal and the address of its ORG
        self.orphans: list[str] = []
        self._taken: set[str] = set()

    def tell(self) -> None:
        self._named()
        self._hospital()
        self._ehpad()
        self._ssiad()
        for structure, local in ((self.places.hospital, "no_reply.dpi"), (self.places.hospital, "no_reply.laboratoire"),
                                 (self.places.hospital, "no_reply.imagerie"), (self.places.ehpad, "no_reply.dui"),
                                 (self.places.foundation, "no_reply.portail")):  # fmt: skip
            self.enter(structure, Kind.APPLICATIVE, local, description="Envoi automatique des documents")

    def enter(self, structure: Structure, kind: str, local: str, principal: Person | None = None, **described) -> str:
        """A BAL that the operator already has, entered from its list on the first day."""
        address = self.free(local)
        self.time.on(START, register_bal, structure=structure, operator=self.operator, kind=kind, address=address,
                     principal=principal, exists=True, by=self.gisele, note="Reprise de la liste de l’opérateur",
                     **described)  # fmt: skip
        return address

    @property
    def operator(self) -> Operator:
        return self.places.region

    def nominative(self, structure: Structure, person: Person, service: str = "", **described) -> Holder:
        return Holder(
            person, self.enter(structure, Kind.NOMINATIVE, local_of(person), person, service=service, **described)
        )

    def free(self, local: str) -> str:
        """Homonyms get a number, as operators do."""
        address, rank = f"{local}@{FOUNDATION_DOMAIN}", 1
        while address in self._taken:
            rank += 1
            address = f"{local}{rank}@{FOUNDATION_DOMAIN}"
        self._taken.add(address)
        return address

    # --- The hospital -------------------------------------------------------------------------------------------------
    def _named(self) -> None:
        """The people who log in, and the two Claire Martin."""
        hospital = self.places.hospital
        self.alice = self.cast.enter(hospital, DOCTOR, "Alice Morel", login="alice", function="Cardiologue")
        self.bruno = self.cast.enter(hospital, DOCTOR, "Bruno Lefort-Diallo", login="bruno", function="Cardiologue")
        self.delphine = self.cast.enter(hospital, SECRETARY, "Delphine Caradec", login="delphine")
        alice = self.nominative(hospital, self.alice, "Cardiologie")
        self.nominative(hospital, self.bruno, "Cardiologie")
        self._service("Cardiologie", [self.alice, self.bruno])
        self._lend(alice.address, self.alice, self.delphine, 400, reason="Courriers et rendez-vous du docteur Morel",
                   ends_on=self.time.day(-21))  # fmt: skip
        self._lend(self.shared["Cardiologie"].address, self.alice, self.delphine, 400, can_send=True,
                   reason="Secrétariat de cardiologie")  # fmt: skip
        for profession, service in ((DOCTOR, "Gériatrie"), (NURSE, "Oncologie")):
            claire = self.cast.enter(hospital, profession, "Claire Martin", function=f"{profession}, {service}")
            self.nominative(hospital, claire, service)

    def _hospital(self) -> None:
        hospital = self.places.hospital
        rank = 0
        for service, size in SERVICES.items():
            team: list[Person] = []
            for _ in range(0 if service == "Cardiologie" else max(size, TEAM)):
                profession = DOCTOR if not team else PROFESSIONS[rank % len(PROFESSIONS)]
                rank += 1
                team.append(self.cast.enter(hospital, profession))
                self.nominatives.append(self.nominative(hospital, team[-1], service))
            if team:
                self._service(service, team[:size])
        for service in ORPHANS:
            self.orphans.append(self.enter(hospital, Kind.ORGANISATIONNELLE, plain(service),
                                           service=service))  # fmt: skip

    def _service(self, service: str, team: list[Person], structure: Structure | None = None) -> None:
        """The service's BAL ORG: its principal adds the others, and lends it to the secretary."""
        structure = structure or self.places.hospital
        principal = self.cast.let_in(team[0])
        address = self.enter(structure, Kind.ORGANISATIONNELLE, plain(service), principal,
                             service=service, responsable=principal,
                             purpose="Courriers adressés au service ; les BAL nominatives restent.")  # fmt: skip
        self.shared[service] = Holder(principal, address)
        for rank, person in enumerate(team[1:]):
            self.time.on(420 - 3 * rank, by_address, add_cotitulaire, address, person, by=principal.user)
        if structure == self.places.hospital and service != "Cardiologie":
            secretary = self.cast.enter(structure, SECRETARY)
            self._lend(address, principal, secretary, 380, can_send=True, reason=f"Secrétariat : {service.lower()}")

    def _lend(self, address: str, holder: Person, to: Person, days_ago: float, **facts) -> None:
        self.time.on(days_ago, by_address, delegate, address, to, under=holder, by=holder.user, **facts)

    # --- The other two ------------------------------------------------------------------------------------------------
    def _ehpad(self) -> None:
        ehpad = self.places.ehpad
        team = [self.cast.enter(ehpad, profession) for profession in [DOCTOR, *[NURSE] * 7, PHYSIO, DIETICIAN]]
        for person in team:
            self.nominative(ehpad, person, "Soins")
        self._service("EHPAD Les Glycines", team[:4], ehpad)
        self._service("Accueil de jour Les Glycines", team[4:6], ehpad)

    def _ssiad(self) -> None:
        ssiad = self.places.ssiad
        team = [self.cast.enter(ssiad, NURSE) for _ in range(8)]
        for person in team:
            self.nominative(ssiad, person, "Soins à domicile")
        self._service("SSIAD Trois Rivières", team[:5], ssiad)

    def end_delegations(self) -> None:
        """One ended by hand, one by its date, one past its date since yesterday."""
        lend = self._lend
        for rank, (service, starts, ends) in enumerate(
            [("Pédiatrie", 200, 120), ("Gériatrie", 90, 1), ("Oncologie", 60, 1)]
        ):
            holder = self.shared[service]
            substitute = self.cast.enter(self.places.hospital, SECRETARY, function="Secrétaire remplaçante")
            lend(holder.address, holder.person, substitute, starts, ends_on=self.time.day(ends),
                 reason="Remplacement pendant un congé", can_send=bool(rank))  # fmt: skip
