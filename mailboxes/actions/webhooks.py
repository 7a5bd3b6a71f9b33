"""Having software told of changes."""

import json

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.models import Delivery, JournalEntry, Structure, Webhook
from mailboxes.models.webhooks import new_salt


@transaction.atomic
def add_webhook(*, structure: Structure, url: str, events: list[str], by) -> Webhook:
    """From now on: what happened before is in the register."""
    rules.check_webhook(Act.ADD_WEBHOOK, structure, by=by)
    rules.check_webhook_url(url)
    last = JournalEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    webhook = Webhook(structure=structure, url=url, events=sorted(events), seen_up_to=last)
    rules.check_row(webhook)
    webhook.save()
    _write(webhook, Act.ADD_WEBHOOK, by=by)
    return webhook


@transaction.atomic
def change_webhook(webhook: Webhook, *, url: str, events: list[str], paused: bool, by) -> Webhook:
    webhook = _held(webhook, by=by)
    rules.check_webhook_url(url)
    before = str(webhook)
    webhook.url, webhook.events = url, sorted(events)
    webhook.paused_at = (webhook.paused_at or timezone.now()) if paused else None
    rules.check_row(webhook)
    webhook.save()
    _write(webhook, Act.CHANGE_WEBHOOK, by=by, before=before)
    return webhook


@transaction.atomic
def renew_secret(webhook: Webhook, *, by) -> Webhook:
    webhook = _held(webhook, by=by)
    webhook.salt = new_salt()
    webhook.save(update_fields=["salt"])
    _write(webhook, Act.CHANGE_WEBHOOK, by=by, note="Nouveau secret.")
    return webhook


@transaction.atomic
def try_webhook(webhook: Webhook, *, by) -> Delivery:
    """A delivery like the others, of an event that nobody lived."""
    webhook = _held(webhook, by=by)
    body = {"event": "test", "what": "test", "entry": None, "at": timezone.now().isoformat(), "bal": None}
    return Delivery.objects.create(webhook=webhook, body=json.dumps(body))


@transaction.atomic
def replay(delivery: Delivery, *, by) -> Delivery:
    """Once more, as it was, with its tries before it again; taken or given up alike."""
    _held(delivery.webhook, by=by)
    facts = {"stage": Delivery.Stage.WAITING, "next_at": timezone.now(), "attempts": 0, "error": "", "status": None}
    for name, value in facts.items():
        setattr(delivery, name, value)
    delivery.save(update_fields=[*facts])
    return delivery


def _held(webhook: Webhook, *, by) -> Webhook:
    webhook = Webhook.objects.select_for_update(of=("self",)).select_related("structure").get(pk=webhook.pk)
    rules.check_webhook(Act.CHANGE_WEBHOOK, webhook.structure, by=by)
    return webhook


def _write(webhook: Webhook, act: Act, *, by, before: str = "", note: str = "") -> None:
    about = {"structure": webhook.structure}
    write_about(act, by=by, about=about, before=before, after=webhook.url, note=note or webhook.get_events_display())
