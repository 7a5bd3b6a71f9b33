"""Software let in by a key, whose key changes, or is shown out."""

import json
from collections.abc import Collection
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act, Scope
from mailboxes.models import JournalEntry, Membership, Structure
from mailboxes.software.models import Delivery, Software, SoftwareKey, Webhook, digest_of, new_token
from mailboxes.software.rules import (
    check_key_days,
    check_key_not_renewed,
    check_key_stands,
    check_no_such_software,
    check_no_such_webhook,
    check_software,
    check_webhook,
    check_webhook_url,
)

OVERLAP_DAYS = 7  # the old key still opens, the old secret still signs, while the software is given the new one


@transaction.atomic
def declare_software(
    *, name: str, structures: Collection[Structure], scopes: Collection[str], days: int, by
) -> tuple[Software, str]:
    """Let a software in for these structures and what is below them; returns it and its token, which is not kept."""
    check_software(Act.DECLARE_SOFTWARE, structures, by=by)
    check_key_days(days)
    held = list(Structure.objects.select_for_update(no_key=True).filter(pk__in=[each.pk for each in structures]))
    there = Software.objects.of_structures(held, timezone.now())
    check_no_such_software(name, scopes, there)
    account = get_user_model()(username=f"logiciel-{new_token()[0]}", first_name=name[:150])
    account.set_unusable_password()
    software = Software(name=name, user=account, scopes=sorted(scopes), created_by=by)
    rules.check_row(software, exclude=["user"])
    account.save()
    software.save()
    role = Membership.Role.GESTIONNAIRE if Scope.MANAGE in scopes else Membership.Role.READER
    Membership.objects.bulk_create(Membership(user=account, structure=each, role=role) for each in structures)
    key, token = _new_key(software, days)
    _write_of_software(software, Act.DECLARE_SOFTWARE, by=by, after=_named(key), note=software.get_scopes_display())
    return software, token


@transaction.atomic
def rotate_key(key: SoftwareKey, *, days: int, by, overlap_days: int = OVERLAP_DAYS) -> str:
    """A new token; the present one ends when the overlap does, unless it would have ended before."""
    key = _held_key(key, Act.ROTATE_KEY, by=by)
    check_key_stands(key)
    check_key_not_renewed(key)
    check_key_days(days)
    key.expires_at = min(key.expires_at, timezone.now() + timedelta(days=overlap_days))
    key.save(update_fields=["expires_at"])
    new, token = _new_key(key.software, days)
    _write_of_software(key.software, Act.ROTATE_KEY, by=by, before=_named(key), after=_named(new))
    return token


@transaction.atomic
def revoke_key(key: SoftwareKey, *, by) -> SoftwareKey:
    """Revoke a key: from this moment it opens nothing."""
    key = _held_key(key, Act.REVOKE_KEY, by=by)
    check_key_stands(key)
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    _write_of_software(key.software, Act.REVOKE_KEY, by=by, before=_named(key))
    return key


def _held_key(key: SoftwareKey, act: Act, *, by) -> SoftwareKey:
    key = SoftwareKey.objects.select_for_update(of=("self", "software")).select_related("software").get(pk=key.pk)
    check_software(act, list(key.software.structures()), by=by)
    return key


def _new_key(software: Software, days: int) -> tuple[SoftwareKey, str]:
    prefix, token = new_token()
    expires_at = timezone.now() + timedelta(days=days)
    key = SoftwareKey.objects.create(software=software, prefix=prefix, digest=digest_of(token), expires_at=expires_at)
    return key, token


def _named(key: SoftwareKey) -> str:
    """The key as the journal and the list of keys name it."""
    return f"clé {key.prefix}"


def _write_of_software(software: Software, act: Act, *, by, before: str = "", after: str = "", note: str = "") -> None:
    """Write in the journal of each structure that the software was let in for."""
    text = f"{software.name}{' : ' if note else ''}{note}"
    for structure in software.structures():
        write_about(act, by=by, about={"structure": structure}, before=before, after=after, note=text)


@transaction.atomic
def add_webhook(*, structure: Structure, url: str, events: list[str], by) -> Webhook:
    """Add a webhook, told from now on: what happened before is in the register."""
    check_webhook(Act.ADD_WEBHOOK, structure, by=by)
    check_webhook_url(url)
    last = JournalEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    webhook = Webhook(structure=structure, url=url, events=sorted(set(events)), seen_up_to=last)
    rules.check_row(webhook)
    _check_alone(webhook)
    webhook.save()
    _write_of_webhook(webhook, Act.ADD_WEBHOOK, by=by)
    return webhook


@transaction.atomic
def change_webhook(
    webhook: Webhook, *, by, url: str | None = None, events: list[str] | None = None, paused: bool | None = None
) -> Webhook:
    """What is not told stays as it is."""
    webhook = _held_webhook(webhook, by=by)
    before, was = str(webhook), (webhook.url, webhook.events, webhook.is_paused)
    if url is None:
        url = webhook.url
    else:
        check_webhook_url(url)
    events = webhook.events if events is None else sorted(set(events))
    paused = webhook.is_paused if paused is None else paused
    if was == (url, events, paused):
        return webhook
    webhook.url, webhook.events = url, events
    webhook.paused_at = (webhook.paused_at or timezone.now()) if paused else None
    rules.check_row(webhook)
    _check_alone(webhook)
    webhook.save()
    _write_of_webhook(webhook, Act.CHANGE_WEBHOOK, by=by, before=before)
    return webhook


def _check_alone(webhook: Webhook) -> None:
    Structure.objects.select_for_update(no_key=True).get(pk=webhook.structure_id)
    check_no_such_webhook(webhook, Webhook.objects.filter(structure=webhook.structure_id, url=webhook.url))


@transaction.atomic
def renew_secret(webhook: Webhook, *, by) -> Webhook:
    """A new secret; the one that the software knows signs too while it is given this one."""
    webhook = _held_webhook(webhook, by=by)
    webhook.renew(timezone.now() + timedelta(days=OVERLAP_DAYS))
    webhook.save(update_fields=["salt", "former_salts"])
    _write_of_webhook(webhook, Act.CHANGE_WEBHOOK, by=by, note="Nouveau secret.")
    return webhook


@transaction.atomic
def try_webhook(webhook: Webhook, *, by) -> Delivery:
    """A delivery like the others, of an event that nobody lived."""
    webhook = _held_webhook(webhook, by=by)
    body: dict = {"event": "test", "what": "test", "entry": None, "at": timezone.now().isoformat()}
    body |= {"structure": webhook.structure_id, "bal": None, "before": "", "after": ""}
    return Delivery.objects.create(webhook=webhook, body=json.dumps(body))


@transaction.atomic
def replay(delivery: Delivery, *, by) -> Delivery:
    """Queue a delivery once more, unchanged, with all its tries before it again; whether it was taken or given up."""
    _held_webhook(delivery.webhook, by=by)
    facts = {"stage": Delivery.Stage.WAITING, "next_at": timezone.now(), "attempts": 0, "error": "", "status": None}
    for name, value in facts.items():
        setattr(delivery, name, value)
    delivery.save(update_fields=[*facts])
    return delivery


def _held_webhook(webhook: Webhook, *, by) -> Webhook:
    webhook = Webhook.objects.select_for_update(of=("self",)).select_related("structure").get(pk=webhook.pk)
    check_webhook(Act.CHANGE_WEBHOOK, webhook.structure, by=by)
    return webhook


def _write_of_webhook(webhook: Webhook, act: Act, *, by, before: str = "", note: str = "") -> None:
    about = {"structure": webhook.structure}
    write_about(act, by=by, about=about, before=before, after=webhook.url, note=note or webhook.get_events_display())
