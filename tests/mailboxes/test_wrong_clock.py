"""What a clock that was ahead wrote holds nothing up once it is set right; one ahead by a little is believed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from directory.models import SyncRun
from mailboxes.imports.models import Import
from mailboxes.lists.models import Batch
from mailboxes.models import AutoReply, JournalEntry, MailAccess, MailServer, RestingServer
from mailboxes.models.mailservers import bals_to_read
from mailboxes.notices import telling
from mailboxes.software.actions import add_webhook
from mailboxes.software.models import WAITS, Delivery

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def entry(stage):
    """Held by who tells it."""
    row = JournalEntry.objects.create(bal=stage.bal, structure=stage.bal.structure, what="alert_idle")
    assert JournalEntry.objects.claim(row.pk, timezone.now())
    return lambda now: JournalEntry.objects.untold(now).filter(pk=row.pk)


def delivery(stage):
    webhook = add_webhook(structure=stage.bal.structure, url="https://dpi.example.fr/", events=["state"], by=stage.by)
    return Delivery.objects.create(webhook=webhook, body="{}")


def held_delivery(stage):
    row = delivery(stage)
    assert Delivery.objects.claim(row.pk, timezone.now())
    return Delivery.objects.due


def put_off_delivery(stage):
    row = delivery(stage)
    Delivery.objects.filter(pk=row.pk).update(next_at=timezone.now() + WAITS[0])
    return Delivery.objects.due


def visited_server(stage):
    row = MailServer.objects.create(operator=stage.bal.operator, host="imap.example.fr", reads_space=True, next_at=NOW)
    assert MailServer.objects.claim(row.pk, timezone.now())
    return lambda now: MailServer.objects.filter(pk=row.pk) & MailServer.objects.due(now)


def put_off_server(stage):
    row = MailServer(operator=stage.bal.operator, host="imap.example.fr", reads_space=True)
    row.note_failure("Pas de réponse.", timezone.now())
    row.save()
    return MailServer.objects.due


def put_off_mailbox(stage):
    access = MailAccess(bal=stage.bal)
    access.note_success(timezone.now() + settings.MAILBOX_READ_EVERY)
    access.save()
    server = MailServer.objects.create(operator=stage.bal.operator, host="imap.example.fr", reads_space=True)
    return lambda now: bals_to_read(server, now).filter(pk=stage.bal.pk)


def put_off_reply(stage):
    reply = AutoReply(bal=stage.bal, starts_on=NOW.date(), ends_on=NOW.date(), by=stage.by)
    reply.note_failure("Pas de réponse.", timezone.now())
    reply.save()
    return lambda now: AutoReply.objects.to_carry(stage.bal.operator_id, now)


def resting_server(stage):
    telling.let_rest("email", OSError())
    return lambda now: [] if telling.is_resting("email") else RestingServer.objects.all()


def reading_of_the_annuaire(stage):
    SyncRun.objects.create(source="extraction", status=SyncRun.Status.RUNNING, seen_at=timezone.now())
    return SyncRun.objects.silent


def list_at_work(stage):
    Import.objects.create(
        structure=stage.bal.structure, operator=stage.bal.operator, stage=Import.AT_WORK[0], seen_at=timezone.now()
    )
    return Import.objects.interrupted


def act_in_bulk(stage):
    Batch.objects.create(by=stage.by, stage=Batch.Stage.RUNNING, seen_at=timezone.now())
    return Batch.objects.forgotten


HELD = [
    entry,
    held_delivery,
    put_off_delivery,
    visited_server,
    put_off_server,
    put_off_mailbox,
    put_off_reply,
    resting_server,
    reading_of_the_annuaire,
    list_at_work,
    act_in_bulk,
]


@pytest.fixture
def stage(org, people):
    people.bal, people.by = org, people.gisele.user
    return people


@pytest.mark.parametrize("hold", HELD)
def test_what_was_held_under_a_clock_that_was_years_ahead_is_taken_up_once_it_is_right(hold, stage, time_machine):
    time_machine.move_to(NOW + timedelta(days=4000))
    free = hold(stage)
    time_machine.move_to(NOW)
    assert len(free(timezone.now())) == 1


@pytest.mark.parametrize("hold", HELD)
def test_what_another_machine_holds_whose_clock_is_a_little_ahead_is_left_to_it(hold, stage, time_machine):
    assert timedelta(minutes=1) < settings.NOTICE_LEASE
    time_machine.move_to(NOW + timedelta(seconds=20))
    free = hold(stage)
    time_machine.move_to(NOW)
    assert len(free(timezone.now())) == 0
