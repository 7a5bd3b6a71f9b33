"""A visit to one operator's server, as a task of its own: what holders asked for first, then how full each BAL is.

What fails for the server ends the visit, and the next one comes later and later; what fails for one BAL is noted there,
and the visit goes on. What is waited for stands in the database: every process sees it.
"""

import logging
import time
from datetime import datetime

from celery import shared_task
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from mailboxes.actions import Pushed, Tally, record_readings
from mailboxes.mailserver.actions import note_refused, note_removed, note_set
from mailboxes.mailserver.connection import BalTrouble, LoginRefused, ServerTrouble
from mailboxes.mailserver.imap import Space, read_space
from mailboxes.mailserver.sieve import ForeignScript, remove_reply, set_reply
from mailboxes.models import SYSTEM, AutoReply, Bal, MailAccess, MailServer, Reading
from mailboxes.models.mailservers import Failing, bals_to_read, lock_anew

logger = logging.getLogger(__name__)

ROUND = 300  # seconds of one visit: what is left is for the next
MOST_REFUSED = 3  # BAL in a row to which the service account is not let in: it is the account
MOST_READ = 5000  # BAL of one visit
BATCH = 200  # readings written together


def hand_out(servers: QuerySet[MailServer]) -> Tally:
    """A task for each: one that waits for its operator holds up no other."""
    tally = Tally()
    for pk in servers.values_list("pk", flat=True):
        visit.delay(pk)
        tally.done += 1
    return tally


@shared_task
def visit(pk: int) -> int:
    """Visit one server, unless another process is at it; how many BAL were read."""
    now = timezone.now()
    if not MailServer.objects.claim(pk, now):
        return 0
    if settings.SECRET_KEY_FALLBACKS:
        lock_anew()
    server = MailServer.objects.select_related("operator").get(pk=pk)
    round_ = Round(server)
    try:
        troubles = round_.go()
    except Exception:
        logger.exception("La visite du serveur de l’opérateur %s a échoué", server.operator.code)
        troubles = ["Une erreur de notre côté a interrompu la visite : voir le journal du service."]
    if troubles:
        logger.warning("Opérateur %s : %s", server.operator.code, " ".join(troubles))
        server.note_failure(" ".join(troubles), timezone.now())
    else:
        server.note_success(next_at=timezone.now())
        if round_.has_reached:
            server.worked_at = timezone.now()
    server.leased_until = None
    server.save(update_fields=[*Failing.OF_FAILURE, "worked_at", "leased_until"])
    return round_.read


class Round:
    def __init__(self, server: MailServer):
        self.server, self.ends_at = server, time.monotonic() + ROUND
        self.read, self.refused, self.has_reached = 0, 0, False
        self.pushed: list[Pushed] = []

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.ends_at

    def go(self) -> list[str]:
        """What went wrong with the server: its two doors are two services, and one goes on without the other."""
        troubles = []
        for step in (self.carry_replies, self.read_spaces):
            try:
                step()
            except ServerTrouble as trouble:
                troubles.append(str(trouble))
        self.write()
        return troubles

    # --- Replies ------------------------------------------------------------------------------------------------------
    def carry_replies(self) -> None:
        """What was set is taken away in its time, even where no new one may be asked for."""
        for reply in AutoReply.objects.to_carry(self.server.operator_id, timezone.now()):
            if self.is_over:
                return
            self._carry(reply)

    def _carry(self, reply: AutoReply) -> None:
        own = _secret_of(reply.bal)
        try:
            if reply.stage == AutoReply.Stage.ENDING:
                remove_reply(self.server, reply, own)
                note_removed(reply, by=SYSTEM)
            else:
                set_reply(self.server, reply, own)
                note_set(reply, by=SYSTEM)
            self.has_reached = True
        except ForeignScript as trouble:
            note_refused(reply, str(trouble), by=SYSTEM)
        except BalTrouble as trouble:
            self._later(reply, trouble)
        except ServerTrouble as trouble:
            self._later(reply, trouble)
            raise

    def _later(self, reply: AutoReply, trouble: Exception) -> None:
        reply.note_failure(str(trouble), timezone.now())
        reply.save(update_fields=Failing.OF_FAILURE)

    # --- Space --------------------------------------------------------------------------------------------------------
    def read_spaces(self) -> None:
        for bal in list(bals_to_read(self.server, timezone.now())[:MOST_READ]):
            if self.is_over:
                return
            self._read(bal)

    def _read(self, bal: Bal) -> None:
        access = getattr(bal, "mail_access", None) or MailAccess(bal=bal)
        now = timezone.now()
        try:
            space = read_space(self.server, bal.address, access.password)
        except LoginRefused as trouble:
            self._fail(access, str(trouble), now)
            self._count_refusal()
        except BalTrouble as trouble:
            self.refused, self.has_reached = 0, True
            self._fail(access, str(trouble), now)
        else:
            self.refused, self.has_reached = 0, True
            self._keep(access, space, now)

    def _count_refusal(self) -> None:
        """Count a refusal. With the service account, each refusal may be the box's; several in a row, and none let in,
        are its own."""
        self.refused += 1
        if self.server.auth == MailServer.Auth.MASTER and self.refused >= MOST_REFUSED and not self.has_reached:
            raise ServerTrouble(
                "L’opérateur refuse le compte de service : son nom, son mot de passe ou son droit d’ouvrir les BAL "
                "a changé."
            )

    def _keep(self, access: MailAccess, space: Space, now: datetime) -> None:
        access.read_at = now
        access.note_success(next_at=now + settings.MAILBOX_READ_EVERY)
        access.save()
        self.pushed.append(Pushed(access.bal.address, now, used_mb=space.used_mb, quota_mb=space.quota_mb))
        self.read += 1
        if len(self.pushed) >= BATCH:
            self.write()

    def _fail(self, access: MailAccess, why: str, now: datetime) -> None:
        access.note_failure(why, now)
        access.save()

    def write(self) -> None:
        """Record the readings as those of any other source. They say how full a BAL is, and nothing of its use."""
        pushed, self.pushed = self.pushed, []
        verdicts = record_readings(pushed, source=Reading.Source.IMAP, by=SYSTEM) if pushed else []
        for one, verdict in zip(pushed, verdicts, strict=True):
            if verdict.refused:
                access = MailAccess.objects.get(bal__address=one.address)
                self._fail(access, verdict.detail, timezone.now())


def _secret_of(bal: Bal) -> str | None:
    access = getattr(bal, "mail_access", None)
    return access.password if access else None
