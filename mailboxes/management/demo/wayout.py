"""How BAL leave, and how some come back: each story is a few dated acts of the people concerned."""

from mailboxes.actions import declare_use, describe_bal, move, register_bal
from mailboxes.actions.delegations import end_delegation
from mailboxes.lifecycle import Verb
from mailboxes.management.demo import usage
from mailboxes.management.demo.foundation import Foundation, Holder
from mailboxes.management.demo.movements import Movements
from mailboxes.management.demo.people import DOCTOR, NURSE, local_of, plain
from mailboxes.management.demo.places import COMPANY_DOMAIN
from mailboxes.management.demo.practices import by_address
from mailboxes.models import Bal, Delegataire, Person

CLOSED = ["Médecine du travail", "Consultation voyageurs", "Unité Covid", "Filière AVC", "Hôpital de semaine"]
SAVED = "Messages et documents utiles enregistrés au dossier."
LEFT = "Départ de l’établissement."


class WayOut:
    def __init__(self, foundation: Foundation, readings: usage.Readings, movements: Movements):
        self.foundation, self.readings, self.movements = foundation, readings, movements
        self.time, self.cast, self.gisele = foundation.time, foundation.cast, foundation.gisele
        self.hospital = foundation.places.hospital
        self._spare = iter(foundation.nominatives[1::2])  # every second one keeps an ordinary life

    def tell(self) -> None:
        self._fill()
        self._fall_idle()
        self._come_back()
        self._leave()
        self._close_services()
        self._end_unpublished()
        self._ask_for_new_ones()
        self._end_one_delegation()

    def _act(self, days_ago: float, holder: Holder, verb: Verb, by=None, **facts) -> None:
        self.time.on(days_ago, by_address, move, holder.address, verb, by=by or holder.person.user, **facts)

    def _next(self, habit=None) -> Holder:
        holder = next(self._spare)
        if habit:
            self.readings.of(holder.address, habit)
        return holder

    # --- Use ----------------------------------------------------------------------------------------------------------
    def _fill(self) -> None:
        for percent in (98, 96, 93, 91, 88, 84, 82):
            self._next(usage.filling(percent))
        for service, percent in (("Urgences", 97), ("Imagerie médicale", 92), ("Laboratoire", 86)):
            self.readings.of(self.foundation.shared[service].address, usage.filling(percent))
        for _ in range(4):
            self._next(usage.emptied)
        roomier = self._next(usage.filling(94))  # the operator gave more space
        self.time.on(31, by_address, describe_bal, roomier.address, by=self.gisele, quota_mb=4096)
        for _ in range(8):
            self._next(usage.unknown)
        for address in self.foundation.orphans:
            self.readings.of(address, usage.silent)
        self.readings.of(self.foundation.shared["Centre de vaccination"].address, usage.idle(10.5))

    def _fall_idle(self) -> None:
        """Alerted, then depublished when neither use nor opposition followed."""
        for months in (10.3, 10.5, 10.6, 10.9, 11.1, 11.3, 11.5, 11.7, 12.3, 12.35, 12.9, 13.4, 14.5, 15.5):
            self._next(usage.idle(months))
        for months in (10.8, 12.4, 13.0):
            holder = self._next(usage.idle(months))
            Person.objects.filter(pk=holder.person.pk).update(email="")  # nobody can be told: no end without an alert

        idle_elsewhere = f"igor.vlaminck@{COMPANY_DOMAIN}"  # where the alert comes after eight months
        self.readings.of(idle_elsewhere, usage.idle(8.6))

    def _come_back(self) -> None:
        for _ in range(4):
            self._next(usage.woken)
        for months, days_ago in ((12.0, 20), (14.0, 90)):
            holder = self._with_account(self._next(usage.idle(months)))
            self._act(days_ago, holder, Verb.OPPOSE, note="Je remplace en libéral et m’en sers l’été.")
        answering = self._with_account(self._next(usage.unknown))
        self.time.on(15, by_address, declare_use, answering.address, by=answering.person.user)

    def _with_account(self, holder: Holder) -> Holder:
        self.cast.let_in(holder.person)
        return holder

    # --- Departures ---------------------------------------------------------------------------------------------------
    def _leave(self) -> None:
        """(left, depublication, deletion asked, deletion confirmed), in days ago; nobody acts for the holder before."""
        for left, depublished, asked, confirmed in (
            (228, 225, 190, 150), (226, 224, 188, 149), (225, 222, 170, 125), (150, 148, 110, 70), (146, 144, 100, 66),
            (95, 90, 50, 0.03), (92, 89, 40, 0.02), (90, 86, 6, None), (88, 84, 4, None), (80, 76, None, None),
            (78, 75, None, None), (40, 36, None, None), (9, 6, None, None), (7, 3, None, None), (6, 2, None, None),
        ):  # fmt: skip
            holder = self._next(usage.idle(left / usage.MONTH))
            self.movements.leave(holder, left)
            if left == 228:
                self.movements.with_file(holder, left, closed=110)
            self._act(depublished, holder, Verb.REQUEST_DEPUBLICATION, by=self.gisele, note=LEFT)
            if asked:
                self._act(asked, holder, Verb.REQUEST_DELETION, by=self.gisele, attested=True, note=SAVED)
            if confirmed:
                self._act(confirmed, holder, Verb.CONFIRM_DELETION, by=self.gisele)

    def _close_services(self) -> None:
        """The principal alone asks for the deletion of a shared BAL."""
        dates = ((226, 180, 140), (145, 110, 62), (91, 55, None), (74, 5, None), (8, None, None))
        for service, (depublished, asked, confirmed) in zip(CLOSED, dates, strict=True):
            principal = self.cast.let_in(self.cast.enter(self.hospital, DOCTOR))
            address = self.foundation.enter(self.hospital, Bal.Kind.ORGANISATIONNELLE, plain(service), principal,
                                            service=service)  # fmt: skip
            holder = Holder(principal, address)
            self.readings.of(address, usage.idle((depublished + 2) / usage.MONTH))
            self._act(depublished, holder, Verb.REQUEST_DEPUBLICATION, note="Le service ferme.")
            if asked:
                self._act(asked, holder, Verb.REQUEST_DELETION, attested=True, note=SAVED)
            if confirmed:
                self._act(confirmed, holder, Verb.CONFIRM_DELETION, by=self.gisele)

    def _end_unpublished(self) -> None:
        """An APP and BAL in liste rouge are never in the public annuaire: a person registers that they are gone."""
        address = self.foundation.enter(self.hospital, Bal.Kind.APPLICATIVE, "no_reply.ancien-dpi",
                                        description="Ancien dossier patient")  # fmt: skip
        software = Holder(self.foundation.alice, address)
        self.readings.of(software.address, usage.idle(135 / usage.MONTH))
        self._act(130, software, Verb.REQUEST_DELETION, by=self.gisele, attested=True, note="Logiciel remplacé.")
        self._act(101, software, Verb.CONFIRM_DELETION, by=self.gisele)
        self._act(95, software, Verb.VERIFY_DELETION, by=self.gisele, note="Courriel de l’opérateur.")
        for rank in range(4):
            person = self.cast.let_in(self.cast.enter(self.hospital, DOCTOR))
            holder = self.foundation.nominative(self.hospital, person, "Psychiatrie de liaison", liste_rouge=True)
            if rank < 2:
                self.readings.of(holder.address, usage.idle(40 / usage.MONTH))
                self._act(30 - rank, holder, Verb.REQUEST_DELETION, attested=True, note=SAVED)
                self._act(11 - rank, holder, Verb.CONFIRM_DELETION, by=self.gisele)

    # --- Openings -----------------------------------------------------------------------------------------------------
    def _ask_for_new_ones(self) -> None:
        for days_ago, profession, outcome in (
            (160, DOCTOR, Verb.ACTIVATE), (132, NURSE, Verb.ACTIVATE), (118, NURSE, Verb.ABANDON),
            (74, DOCTOR, Verb.ACTIVATE), (66, DOCTOR, Verb.ABANDON), (25, NURSE, Verb.ACTIVATE),
            (12, DOCTOR, None), (8, NURSE, None), (5, DOCTOR, None), (1.5, NURSE, None),
        ):  # fmt: skip
            person = self.cast.enter(self.hospital, profession)
            holder = Holder(person, self.foundation.free(local_of(person)))
            self.time.on(days_ago, register_bal, structure=self.hospital, operator=self.foundation.operator,
                         kind=Bal.Kind.NOMINATIVE, address=holder.address, principal=person, by=self.gisele,
                         note="Arrivée dans le service")  # fmt: skip
            if outcome:
                self._act(days_ago - 6, holder, outcome, by=self.gisele)

    def _end_one_delegation(self) -> None:
        holder = self.foundation.shared["Maternité"]
        self.time.on(45, self._end_delegations_of, holder)

    def _end_delegations_of(self, holder: Holder) -> None:
        for delegation in Delegataire.objects.standing().filter(bal__address=holder.address):
            end_delegation(delegation, by=holder.person.user)
