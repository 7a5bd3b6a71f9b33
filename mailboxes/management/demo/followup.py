"""What becomes of notices: one bounces, one is given by telephone, one is answered by its link; and who uses what."""

from datetime import timedelta

from django.utils import timezone

from mailboxes.actions import answer_notice, give_notice, move, prefer_channel, record_usage
from mailboxes.lifecycle import Act, Verb
from mailboxes.management.demo import usage
from mailboxes.management.demo.foundation import START, Foundation, Holder
from mailboxes.management.demo.places import FOUNDATION_DOMAIN
from mailboxes.management.demo.practices import by_address
from mailboxes.models import SYSTEM, Bal, Notice, Person, Reading, Signatory
from mailboxes.notices.telling import record_bounce


def tell(foundation: Foundation, readings: usage.Readings) -> None:
    time, (bounced, by_hand, leaving, asked) = foundation.time, foundation.nominatives[10:18:2]
    readings.of(bounced.address, usage.idle(10.4))
    time.on(3, _bounce, bounced)
    readings.of(by_hand.address, usage.idle(10.6))
    time.on(START - 1, _prefer_no_mail, foundation, by_hand)
    time.on(8, _give, foundation, by_hand)
    foundation.cast.let_in(leaving.person)
    time.on(6, by_address, move, leaving.address, Verb.REQUEST_DEPUBLICATION, by=leaving.person.user)
    time.on(0.02, by_address, _come_to_save, leaving.address)
    readings.of(asked.address, usage.unknown)
    time.on(20, _answer, asked)
    readings.of(f"no_reply.laboratoire@{FOUNDATION_DOMAIN}", usage.idle(2.2))


def link_to_try() -> Notice | None:
    """A notice that still awaits the answer of a person without account."""
    waiting = Notice.objects.delivered().filter(answer="", person__user=None, bal__state="idle_alerted")
    return waiting.filter(stage__startswith=Act.REMIND_IDLE).order_by("-pk").first()


def _notice(holder: Holder, act: str) -> Notice:
    return Notice.objects.filter(bal__address=holder.address, person=holder.person, stage__startswith=act).latest("pk")


def _bounce(holder: Holder) -> None:
    record_bounce(_notice(holder, Verb.ALERT_IDLE).pk, "5.1.1 550 user unknown")


def _prefer_no_mail(foundation: Foundation, holder: Holder) -> None:
    by = foundation.cast.let_in(holder.person).user
    prefer_channel(holder.person, by=by, channel=Person.Channel.HAND, email=holder.person.email)


def _give(foundation: Foundation, holder: Holder) -> None:
    notice, today = _notice(holder, Verb.ALERT_IDLE), timezone.localdate()
    give_notice(notice, by=foundation.gisele, how="par téléphone", on=today, note="Rappellera après ses congés.")


def _come_to_save(bal: Bal) -> None:
    now = timezone.now()
    used = now - timedelta(minutes=5)
    record_usage(bal, at=now, last_used_at=used, source=Reading.Source.PUSH, by=SYSTEM)


def _answer(holder: Holder) -> None:
    answer_notice(_notice(holder, Act.ASK_USE), Notice.Answer.USED, by=Signatory(holder.person))
