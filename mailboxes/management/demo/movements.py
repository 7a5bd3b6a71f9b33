"""Who comes and who goes: an arrival half done, a departure held up by a principal's role, one late, one complete."""

from mailboxes.actions import (
    close_movement,
    describe_stay,
    hand_over,
    open_movement,
    record_departure,
    settle_step,
    take_over_delegation,
)
from mailboxes.forms.holders import successors
from mailboxes.management.demo.foundation import Foundation, Holder
from mailboxes.management.demo.people import DOCTOR, NURSE
from mailboxes.management.demo.practices import by_address
from mailboxes.models import Bal, Delegataire, Movement, Person, standing_of

Kind = Movement.Kind


class Movements:
    def __init__(self, foundation: Foundation):
        self.foundation = foundation
        self.time, self.cast, self.gisele = foundation.time, foundation.cast, foundation.gisele

    def tell(self) -> None:
        self._arrive()
        self._held_up()
        self._late()
        self._taken_over()

    def _arrive(self) -> None:
        """Expected next week: a number and a team, no card and no BAL yet."""
        hospital = self.foundation.places.hospital
        doctor = self.cast.enter(hospital, DOCTOR, "Ondine Vasseur-Kerambrun", function="Praticienne, Pneumologie")
        Person.objects.filter(pk=doctor.pk).update(has_cps=False)
        self.time.on(9, self._open, doctor, Kind.ARRIVAL, -5)
        self.time.on(4, self._settle, doctor, "delegations", "not_applicable", "Aucune pour commencer.")
        self.time.on(3, self._settle, doctor, "information", "done", "Protocole d’usage remis.")
        nurse = self.cast.enter(hospital, NURSE, "Gaétan Malbranque", function="Infirmier, Urgences")
        self.time.on(30, self._open, nurse, Kind.ARRIVAL, -40)

    def _held_up(self) -> None:
        """The principal of a service goes soon; nobody has been named yet."""
        principal = self.foundation.shared["Pharmacie"].person
        self.time.on(6, self._open, principal, Kind.DEPARTURE, -8)

    def _late(self) -> None:
        holder = self.foundation.shared["Consultations externes"]
        leaving = self.cast.enter(self.foundation.places.hospital, NURSE, "Roseline Abgrall")
        self.foundation.nominative(self.foundation.places.hospital, leaving, "Consultations externes")
        self.time.on(20, self._open, leaving, Kind.DEPARTURE, 3)
        self.time.on(15, self._settle, leaving, "auto_reply", "done", f"Vers {holder.address}.")

    def _taken_over(self) -> None:
        """A delegation that goes on under another cotitulaire."""
        service = self.foundation.shared["Néphrologie"].address
        self.time.on(50, by_address, self._take_over, service)

    def _take_over(self, bal: Bal) -> None:
        other = bal.cotitulaires.filter(is_principal=False).order_by("pk")[0]
        delegation = Delegataire.objects.standing().filter(bal=bal).order_by("pk")[0]
        take_over_delegation(delegation, by=self.cast.let_in(other.person).user)

    # --- A departure from end to end ----------------------------------------------------------------------------------
    def leave(self, holder: Holder, left: float) -> None:
        """The person hands over what depends on them, and their departure is recorded."""
        self.time.on(left + 1, self._hand_over, holder.person)
        self.time.on(left, self._record_departure, holder.person, left)

    def with_file(self, holder: Holder, left: float, closed: float) -> None:
        person = holder.person
        self.time.on(left + 30, self._open, person, Kind.DEPARTURE, left)
        self.time.on(left + 5, self._settle, person, "auto_reply", "done", "Donne l’adresse du service.")
        self.time.on(closed + 1, self._settle, person, "activity", "done", "Vu dans RPPS+.")
        self.time.on(closed, self._close, person)

    def _open(self, person: Person, kind: str, days_ago: float) -> None:
        stay = person.affiliations.get()
        if kind == Kind.ARRIVAL:
            stay = describe_stay(stay, arrived_on=self.time.day(days_ago), by=self.gisele)
        open_movement(stay, kind, planned_on=self.time.day(days_ago), by=self.gisele)

    def _settle(self, person: Person, name: str, outcome: str, note: str) -> None:
        settle_step(Movement.objects.get(stay__person=person), name, outcome, note=note, by=self.gisele)

    def _close(self, person: Person) -> None:
        close_movement(Movement.objects.get(stay__person=person), by=self.gisele)

    def _hand_over(self, person: Person) -> None:
        for row in standing_of(person.affiliations.get()).blocking:
            bal = Bal.objects.with_holders().get(pk=row.bal_id)
            hand_over(bal, successors(bal)[0], by=self.cast.let_in(person).user)

    def _record_departure(self, person: Person, days_ago: float) -> None:
        record_departure(person.affiliations.get(), self.time.day(days_ago), by=self.gisele)
