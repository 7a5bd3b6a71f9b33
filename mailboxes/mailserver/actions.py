"""An operator's mail server opened to us, the secret of one BAL, and the replies that holders ask for."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from directory.dates import day_of
from directory.typography import cut
from mailboxes.actions.journal import locked, shown, write, write_about
from mailboxes.lifecycle import Act, Party
from mailboxes.models import AutoReply, Bal, MailAccess, MailServer, Operator
from mailboxes.rules import (
    check_act,
    check_ask_reply,
    check_describe_operator,
    check_end_reply,
    check_give_secret,
    check_reply,
    check_row,
    check_set_server,
)

OF_SERVER = (
    "host", "imap_port", "imap_tls", "sieve_port", "auth", "login", "reads_space", "is_apart", "sets_replies",
)  # fmt: skip
Stage = AutoReply.Stage


# --- The server -------------------------------------------------------------------------------------------------------
@transaction.atomic
def set_mail_server(operator: Operator, *, by, password: str = "", **facts) -> MailServer:
    """Set how this operator's server is reached; each changed field leaves its line, the password only that it
    changed. An empty `password` keeps the one there is. It is visited anew at once."""
    check_describe_operator(by=by)
    operator = Operator.objects.select_for_update().get(pk=operator.pk)
    server = MailServer.objects.filter(operator=operator).first() or MailServer(operator=operator)
    changed = _changes(server, facts)
    for name, value in facts.items():
        setattr(server, name, value)
    if password:
        server.password = password
        changed.append(("mot de passe du compte de service : …", "mot de passe du compte de service : changé"))
    check_row(server, exclude=["operator"])
    check_set_server(server, by=by)
    server.note_success(next_at=timezone.now())
    server.save()
    MailAccess.objects.of_operator(operator.pk).update(next_at=timezone.now(), attempts=0)
    for before, after in changed:
        write_about(Act.DESCRIBE_OPERATOR, by=by, about={"operator": operator}, before=before, after=after)
    return server


def _changes(server: MailServer, facts: dict[str, Any]) -> list[tuple[str, str]]:
    if unknown := facts.keys() - set(OF_SERVER):
        raise TypeError(f"not a field of a mail server: {', '.join(sorted(unknown))}")
    changed = []
    for name, value in facts.items():
        before = getattr(server, name)
        if before != value or not server.pk:
            label = getattr(server._meta.get_field(name), "verbose_name", name)
            changed.append((f"{label} : {shown(before) if server.pk else '–'}", f"{label} : {shown(value)}"))
    return changed


@transaction.atomic
def give_secret(bal: Bal, secret: str, *, by) -> MailAccess:
    """Keep, locked, what opens this BAL at its operator; an empty one takes it back."""
    bal = locked(bal)
    check_give_secret(bal, by=by)
    access = MailAccess.objects.filter(bal=bal).first() or MailAccess(bal=bal)
    access.password = secret
    access.note_success(next_at=timezone.now())
    access.save()
    write(bal, Act.GIVE_SECRET, by=by, after="secret donné" if secret else "secret repris")
    return access


# --- Automatic replies ------------------------------------------------------------------------------------------------
@transaction.atomic
def ask_reply(bal: Bal, *, text: str, starts_on: date, ends_on: date, by) -> AutoReply:
    """The words stay out of the journal, which nothing effaces: it keeps who asked, and the days."""
    bal = locked(bal)
    check_ask_reply(bal, by=by)
    check_reply(text, starts_on, ends_on)
    reply = AutoReply(bal=bal, text=text.strip(), starts_on=starts_on, ends_on=ends_on, by_id=by.pk)
    check_row(reply)
    reply.save()
    write(bal, Act.ASK_REPLY, by=by, after=_days(reply))
    return reply


@transaction.atomic
def end_reply(reply: AutoReply, *, by) -> AutoReply:
    """End the reply at a holder's word, or by the automate once its last day is over."""
    bal = locked(reply.bal)
    reply = AutoReply.objects.select_for_update(of=("self",)).get(pk=reply.pk)
    reply.bal = bal
    check_end_reply(reply, by=by)
    is_untouched = reply.stage == Stage.ASKED and reply.starts_on > timezone.localdate()
    reply.stage = Stage.ENDED if is_untouched else Stage.ENDING
    reply.ended_at = timezone.now() if is_untouched else None
    reply.note_success(next_at=timezone.now())
    reply.save()
    write(bal, Act.END_REPLY, by=by, before=_days(reply))
    return reply


@transaction.atomic
def note_set(reply: AutoReply, *, by) -> bool:
    """The server has it; False where its end was asked for meanwhile, and it goes at the next visit."""
    now = timezone.now()
    return _note(reply, Stage.ASKED, "en place", by=by, stage=Stage.SET, set_at=now, failing_since=None, failure="")


@transaction.atomic
def note_removed(reply: AutoReply, *, by) -> bool:
    now = timezone.now()
    return _note(reply, Stage.ENDING, "retirée", by=by, stage=Stage.ENDED, ended_at=now, failing_since=None, failure="")


@transaction.atomic
def note_refused(reply: AutoReply, why: str, *, by) -> bool:
    """Note that the reply cannot be set, and trying again would not help: the holders hear of it."""
    now = timezone.now()
    return _note(
        reply, Stage.ASKED, "non posée", by=by, why=why, stage=Stage.REFUSED, ended_at=now, failure=cut(why, 300)
    )


def _note(reply: AutoReply, before: Stage, what: str, *, by, why: str = "", **facts) -> bool:
    """What the server answered, unless somebody asked for something else meanwhile."""
    bal = locked(reply.bal)
    check_act(bal, Act.NOTE_REPLY, by=by)
    if not AutoReply.objects.filter(pk=reply.pk, stage=before).update(attempts=0, **facts):
        return False
    told = frozenset({Party.HOLDERS}) if why else frozenset()
    write(bal, Act.NOTE_REPLY, by=by, after=f"{what}, {_days(reply)}", note=why, parties=told)
    return True


def _days(reply: AutoReply) -> str:
    return f"du {day_of(reply.starts_on)} au {day_of(reply.ends_on)}"
