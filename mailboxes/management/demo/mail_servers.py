"""An operator that opened its mail server: its readings, one BAL that it does not know, and a doctor's reply.

Its next visit lies far ahead: the demonstration calls nobody.
"""

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from mailboxes.actions import Pushed, record_readings
from mailboxes.mailserver.actions import ask_reply, note_set, set_mail_server
from mailboxes.management.demo.foundation import Foundation
from mailboxes.models import SYSTEM, AutoReply, Bal, MailAccess, MailServer, Operator, Reading

NEVER = timedelta(days=3650)
UNKNOWN_SINCE = 4  # days ago
ADDRESS_GONE = "L’opérateur refuse l’accès à cette BAL : l’adresse n’existe plus chez lui, ou le mot de passe a changé."


def tell(foundation: Foundation) -> None:
    time, operator = foundation.time, foundation.operator
    time.on(40, _open, operator)
    read = [foundation.shared[service].address for service in ("Cardiologie", "Urgences", "Pédiatrie")]
    for days_ago in (3, 2, 1):
        time.on(days_ago, _read, read)
    time.on(UNKNOWN_SINCE, _fail, foundation.shared["Rééducation"].address)
    time.on(2, _reply, foundation)
    time.on(1, _visited, operator)


def _open(operator: Operator) -> None:
    admin = get_user_model().objects.get(username="admin")
    facts = {"host": "imap.confluences.example.org", "login": "releve-bal", "password": "mot-de-passe-inventé"}
    set_mail_server(operator, by=admin, reads_space=True, is_apart=True, sets_replies=True, **facts)
    _visited(operator)


def _visited(operator: Operator) -> None:
    now = timezone.now()
    MailServer.objects.filter(operator=operator).update(worked_at=now, next_at=now + NEVER)


def _read(addresses: list[str]) -> None:
    now = timezone.now()
    bals = Bal.objects.filter(address__in=addresses)
    pushed = [Pushed(bal.address, now, used_mb=bal.used_mb, quota_mb=bal.quota_mb) for bal in bals if bal.used_mb]
    record_readings(pushed, source=Reading.Source.IMAP, by=SYSTEM)
    for bal in bals:
        MailAccess.objects.update_or_create(bal=bal, defaults={"read_at": now, "next_at": now + NEVER})


def _fail(address: str) -> None:
    access = MailAccess(bal=Bal.objects.get(address=address))
    access.note_failure(ADDRESS_GONE, timezone.now())
    access.save()


def _reply(foundation: Foundation) -> None:
    alice = foundation.alice.user
    bal = Bal.objects.get(kind=Bal.Kind.NOMINATIVE, cotitulaires__person=foundation.alice)
    today = timezone.localdate()
    text = "Je suis en congé. Pour un avis de cardiologie, écrivez à la BAL du service, lue chaque jour."
    reply = ask_reply(bal, text=text, starts_on=today, ends_on=today + timedelta(days=12), by=alice)
    note_set(AutoReply.objects.get(pk=reply.pk), by=SYSTEM)
