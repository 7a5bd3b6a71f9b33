"""What people answer to notices, and what is done when one did not reach them."""

from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import locked, tell_on_commit, write_about
from mailboxes.actions.moves import move
from mailboxes.actions.usage import declare_use
from mailboxes.lifecycle import Act, Party, Verb
from mailboxes.models import Bal, JournalEntry, Notice
from mailboxes.models.contacts import OF_CONTACTS


@transaction.atomic
def answer_notice(notice: Notice, said: str, *, by) -> Notice:
    """The answer given by the signed link of a notice; it does what the same person would do logged in."""
    assert notice.bal  # noqa: S101 - such a link is signed for notices about a BAL alone
    bal = locked(notice.bal)
    notice = Notice.objects.select_for_update(of=("self",), no_key=True).select_related("person").get(pk=notice.pk)
    rules.check_answer_notice(notice, bal, said, by=by)
    notice.answer, notice.answered_at = said, timezone.now()
    notice.save(update_fields=["answer", "answered_at"])
    _act_on(bal, said, by=by)
    return notice


def _act_on(bal: Bal, said: str, *, by) -> None:
    by_link = "Répondu par le lien signé d’un avis."
    if said == Notice.Answer.USED:
        declare_use(bal, by=by)
    elif said == Notice.Answer.KEPT:
        move(bal, Verb.OPPOSE, by=by, note=by_link)
    else:
        move(bal, Verb.REQUEST_DEPUBLICATION, by=by, note=f"Son titulaire ne s’en sert plus. {by_link}")


@transaction.atomic
def give_notice(notice: Notice, *, by, how: str, on: date, note: str = "") -> Notice:
    """Write down that the gestionnaire gave the notice in person, by telephone or by letter."""
    notice = _locked(notice)
    rules.check_mend_notice(notice, Act.GIVE_NOTICE, by=by)
    rules.check_given(notice, how, on)
    before = notice.get_delivery_display()
    given = timezone.make_aware(datetime.combine(on, time(12)))
    notice.channel, notice.how, notice.bounced_at = Notice.Channel.HAND, how.strip(), None
    notice.sent_at = min(max(given, notice.created_at), timezone.now())
    notice.save(update_fields=["channel", "how", "bounced_at", "sent_at"])
    _write(
        notice, Act.GIVE_NOTICE, by=by, before=before, after=f"{notice.recipient} : {how}, le {on:%d/%m/%Y}", note=note
    )
    return notice


@transaction.atomic
def resend_notice(notice: Notice, *, by) -> Notice:
    """Send the notice again, by the channel and to the address that its recipient has now."""
    notice = _locked(notice)
    rules.check_mend_notice(notice, Act.RESEND_NOTICE, by=by)
    before = notice.get_delivery_display()
    if notice.person and notice.stage not in OF_CONTACTS:  # these tell each address of the other
        notice.channel, notice.address = notice.person.reached_by(notice.bal)
    elif notice.party == Party.OPERATOR and notice.bal:
        notice.channel, notice.address = Notice.Channel.EMAIL, notice.bal.operator.request_email
    rules.check_reachable(notice)
    notice.bounced_at, notice.sent_at, notice.error, notice.attempts = None, None, "", 0
    notice.save(update_fields=["channel", "address", "bounced_at", "sent_at", "error", "attempts"])
    _write(
        notice, Act.RESEND_NOTICE, by=by, before=before, after=f"{notice.recipient}, par {notice.get_channel_display()}"
    )
    JournalEntry.objects.filter(pk=notice.entry_id).update(told_at=None, leased_until=None)
    tell_on_commit([JournalEntry.objects.get(pk=notice.entry_id)])
    return notice


def _locked(notice: Notice) -> Notice:
    related = ("bal__operator", "person", "entry")
    return Notice.objects.select_for_update(of=("self",), no_key=True).select_related(*related).get(pk=notice.pk)


def _write(notice: Notice, act: Act, **facts) -> None:
    about = {"bal": notice.bal} if notice.bal else {"person": notice.person}
    write_about(act, about=about, **facts)
