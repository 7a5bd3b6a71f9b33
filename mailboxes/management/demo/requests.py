"""What operators are asked: one in a layout of its own, one that reads no mail; answered, refused, late, taken back."""

from mailboxes.actions import move, open_request, register_bal, request_depublication, step, write_layout
from mailboxes.lifecycle import Act, RequestKind, Verb
from mailboxes.management.demo import usage
from mailboxes.management.demo.foundation import START, Foundation
from mailboxes.management.demo.people import DOCTOR, NURSE, local_of
from mailboxes.management.demo.places import PORTAL_DOMAIN
from mailboxes.management.demo.practices import by_address
from mailboxes.models import Bal, Domain, Operator, Person, Request, RequestLayout

ROOM = "Porter l’espace accordé à 4 Go."
BODY = """Établissement : {structure} (FINESS {finess})
Objet de la demande : {demande}
BAL : {adresse}
Titulaire : {titulaire} (RPPS {rpps})
Détail : {detail}
Motif : {motif}
Adresse de remplacement : {bal_active}
Message d’absence : {reponse_automatique}
Réponse souhaitée avant le {echeance}."""
COLUMNS = """BAL = {adresse}
ACTION = {demande}
FINESS = {finess}
RPPS = {rpps}
REMPLACANTE = {bal_active}
COMMENTAIRE = {detail} {motif}
REFERENCE = {numero}"""


class Requests:
    def __init__(self, foundation: Foundation, readings: usage.Readings):
        self.foundation, self.readings = foundation, readings
        self.time, self.cast, self.gisele = foundation.time, foundation.cast, foundation.gisele
        self.places = foundation.places

    def tell(self) -> None:
        self._lay_out()
        self._by_portal()
        self._answered()
        self._taken_back()
        self._replaced()

    def _lay_out(self) -> None:
        layout = RequestLayout(
            structure=self.places.foundation, operator=self.places.region, body=BODY, columns=COLUMNS,
            subject="Demande MSSanté n° {numero} : {demande}, {adresse}",
        )  # fmt: skip
        self.time.on(START - 2, write_layout, layout, by=self.gisele)

    def _ask(self, days_ago: float, address: str, kind: RequestKind, detail: str) -> None:
        self.time.on(days_ago, by_address, open_request, address, kind, by=self.gisele, detail=detail)

    def _step(self, days_ago: float, address: str, act: Act, answer: str = "") -> None:
        self.time.on(days_ago, self._latest, address, act, answer)

    def _latest(self, address: str, act: Act, answer: str) -> None:
        step(Request.objects.filter(address=address).latest("pk"), act, by=self.gisele, answer=answer)

    def _by_portal(self) -> None:
        """One request to an operator that no mail reaches: it is typed into the portal, then said to be sent."""
        portal = Operator.objects.create(code="forez", name="Forez Messagerie (portail seul)", default_quota_mb=1024)
        Domain.objects.create(operator=portal, name=PORTAL_DOMAIN)
        addresses = []
        for _ in range(6):
            nurse = self.cast.enter(self.places.ssiad, NURSE)
            addresses.append(f"{local_of(nurse)}@{PORTAL_DOMAIN}")
            self.time.on(START, register_bal, structure=self.places.ssiad, operator=portal, kind=Bal.Kind.NOMINATIVE,
                         address=addresses[-1], principal=nurse, exists=True, by=self.gisele)  # fmt: skip
        for days_ago, address in zip((50, 34, 8, 2), addresses, strict=False):
            self._ask(days_ago, address, RequestKind.CHANGE, ROOM)
        self._step(49, addresses[0], Act.MARK_SENT, "Portail, dossier n° 4471.")  # and never answered
        self._step(33, addresses[1], Act.MARK_SENT, "Portail, dossier n° 4502.")
        self._step(28, addresses[1], Act.RECORD_DONE, "Fait le jour même.")
        self._step(7, addresses[2], Act.MARK_SENT, "Portail, dossier n° 4533.")

    def _answered(self) -> None:
        shared = self.foundation.shared
        self._ask(40, shared["Imagerie médicale"].address, RequestKind.CHANGE, ROOM)
        self._step(30, shared["Imagerie médicale"].address, Act.RECORD_DONE, "Courriel du support.")
        self._step(29, shared["Imagerie médicale"].address, Act.VERIFY_REQUEST, "Relevé à 4 Go.")
        self._ask(33, shared["Urgences"].address, RequestKind.CHANGE, ROOM)
        self._step(24, shared["Urgences"].address, Act.RECORD_REFUSAL, "Pas plus de 2 Go par BAL avec cette offre.")
        self._ask(45, shared["Pneumologie"].address, RequestKind.PUBLISH, "Elle n’est pas à l’annuaire.")  # late
        self._ask(6, shared["Laboratoire"].address, RequestKind.CHANGE, ROOM)
        self._step(5, shared["Laboratoire"].address, Act.CANCEL_REQUEST, "De la place a été faite.")

    def _enter(self, months: float = 0) -> tuple[Person, str]:
        person = self.cast.let_in(self.cast.enter(self.places.hospital, DOCTOR))
        address = self.foundation.nominative(self.places.hospital, person, "Chirurgie viscérale").address
        if months:
            self.readings.of(address, usage.idle(months))
        return person, address

    def _taken_back(self) -> None:
        """A depublication that the gestionnaire cancels, a deletion that its holder cancels."""
        _, kept = self._enter()
        self.time.on(30, by_address, move, kept, Verb.REQUEST_DEPUBLICATION, by=self.gisele, note="Doublon.")
        self.time.on(27, by_address, move, kept, Verb.CANCEL_DEPUBLICATION, by=self.gisele, note="Ce n’en est pas un.")
        holder, leaving = self._enter(3.2)
        self.time.on(90, by_address, move, leaving, Verb.REQUEST_DEPUBLICATION, by=holder.user)
        self.time.on(50, by_address, move, leaving, Verb.REQUEST_DELETION, by=holder.user, attested=True)
        self.time.on(48, by_address, move, leaving, Verb.CANCEL_DELETION, by=holder.user,
                     note="Il reste des documents à enregistrer.")  # fmt: skip

    def _replaced(self) -> None:
        """A former address that leads to the one in use."""
        holder, former = self._enter(0.3)
        used = self.foundation.enter(self.places.hospital, Bal.Kind.NOMINATIVE, f"dr.{local_of(holder)}", holder,
                                     service="Chirurgie viscérale")  # fmt: skip
        self.time.on(4, by_address, request_depublication, former, by=holder.user, replaced_by=used,
                     auto_reply=f"Cette boîte n’est plus utilisée. Merci d’écrire désormais à {used}.",
                     note="Une seule BAL suffit.")  # fmt: skip
