"""What only people can see: misuses of a BAL, what an APP serves; the protocol's own words; and the figures, kept."""

from datetime import timedelta

from django.utils import timezone

from mailboxes.actions import describe_applicative, keep_measures, note_anomaly, resolve_anomaly, write_words
from mailboxes.lifecycle import Verb
from mailboxes.management.demo.foundation import Foundation
from mailboxes.management.demo.people import plain
from mailboxes.management.demo.places import FOUNDATION_DOMAIN
from mailboxes.management.demo.practices import by_address
from mailboxes.models import Anomaly, Bal, Structure
from mailboxes.protocol.actions import write_protocol

Kind, Section = Anomaly.Kind, "contacts"
NOTED = [
    # service, kind, days ago noted, days ago closed
    (
        "Imagerie médicale",
        Kind.PASSWORD,
        40,
        None,
        "Un seul mot de passe, affiché à l’accueil, pour cinq personnes.",
    ),
    ("Consultations externes", Kind.FORWARD, 25, None, "Renvoyée chaque nuit aux BAL des trois médecins."),
    ("Laboratoire", Kind.CONNECTION, 9, None, "Relevée par le logiciel du laboratoire et par Office 365."),
    ("Urgences", Kind.LIST, 120, 95, "Une liste « tous-urgences » chez l’opérateur."),
    ("Pédiatrie", Kind.LIST, 12, None, "Une liste « tous-pédiatrie » chez l’opérateur."),
]
APPLICATIVE = [
    # local part, software, days to the certificate's end, service that answers
    ("no_reply.dpi", "DPI Orbis", 5, "Consultations externes"),
    ("no_reply.laboratoire", "SIL Hexalab", 24, "Laboratoire"),
    ("no_reply.imagerie", "RIS Radionet", 52, "Imagerie médicale"),
    ("no_reply.dui", "DUI Titan", 300, "EHPAD Les Glycines"),
]
MEASURED = [*range(420, 91, -30), *range(91, 7, -7), *range(7, 0, -1), 0.05]  # days ago
WORDS = "Référente MSSanté : Gisèle Fournel, poste 4 21 12, du lundi au vendredi. En cas de panne : le standard."


OWN_WORDS = "Un doute, un collègue parti ? Gisèle Fournel vous répond au poste 4 21 12, du lundi au vendredi."


def tell(foundation: Foundation) -> None:
    time, gisele = foundation.time, foundation.gisele
    for service, kind, noted, closed, note in NOTED:
        address = foundation.shared[service].address
        time.on(noted, by_address, note_anomaly, address, kind, note=note, by=gisele)
        if closed:
            time.on(closed, _close, address, gisele)
    for local, software, days, service in APPLICATIVE:
        ends = timezone.localdate(time.now) + timedelta(days=days)
        time.on(70, _describe, f"{local}@{FOUNDATION_DOMAIN}", software, ends, plain(service), gisele)
    time.on(30, write_protocol, foundation.places.hospital, {Section: WORDS}, by=gisele)
    time.on(28, write_words, foundation.places.hospital, Verb.ALERT_IDLE, OWN_WORDS, by=gisele)
    for ago in MEASURED:
        time.on(ago, _measure)


def _close(address: str, by) -> None:
    resolve_anomaly(Anomaly.objects.open().get(bal__address=address), by=by, note="La liste est supprimée.")


def _describe(address: str, software: str, ends, answering: str, by) -> None:
    answers = Bal.objects.get(address=f"{answering}@{FOUNDATION_DOMAIN}")
    facts = {"software": software, "certificate_expires_on": ends, "answers": answers}
    describe_applicative(Bal.objects.get(address=address), by=by, **facts)


def _measure() -> None:
    keep_measures(Structure.objects.all())
