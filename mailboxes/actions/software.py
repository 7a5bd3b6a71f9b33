"""Software let in by a key, whose key changes, or is shown out."""

from collections.abc import Collection
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.models import Membership, Software, SoftwareKey, Structure
from mailboxes.models.software import Scope, digest_of, new_token

OVERLAP_DAYS = 7  # the old key still opens while the software is given the new one


@transaction.atomic
def declare_software(
    *, name: str, structures: Collection[Structure], scopes: Collection[str], days: int, by
) -> tuple[Software, str]:
    """Let a software in for these structures and what is below them; returns it and its token, which is not kept."""
    rules.check_software(Act.DECLARE_SOFTWARE, structures, by=by)
    rules.check_key_days(days)
    account = get_user_model()(username=f"logiciel-{new_token()[0]}", first_name=name[:150])
    account.set_unusable_password()
    software = Software(name=name, user=account, scopes=sorted(scopes), created_by=by)
    rules.check_row(software, exclude=["user"])
    account.save()
    software.save()
    role = Membership.Role.GESTIONNAIRE if Scope.MANAGE in scopes else Membership.Role.READER
    Membership.objects.bulk_create(Membership(user=account, structure=each, role=role) for each in structures)
    key, token = _new_key(software, days)
    _write(software, Act.DECLARE_SOFTWARE, by=by, after=key.prefix, note=software.get_scopes_display())
    return software, token


@transaction.atomic
def rotate_key(key: SoftwareKey, *, days: int, by, overlap_days: int = OVERLAP_DAYS) -> str:
    """A new token; the present one ends when the overlap does, unless it would have ended before."""
    key = _held(key, Act.ROTATE_KEY, by=by)
    rules.check_key_stands(key)
    rules.check_key_days(days)
    key.expires_at = min(key.expires_at, timezone.now() + timedelta(days=overlap_days))
    key.save(update_fields=["expires_at"])
    new, token = _new_key(key.software, days)
    _write(key.software, Act.ROTATE_KEY, by=by, before=key.prefix, after=new.prefix)
    return token


@transaction.atomic
def revoke_key(key: SoftwareKey, *, by) -> SoftwareKey:
    """From this moment the key opens nothing."""
    key = _held(key, Act.REVOKE_KEY, by=by)
    rules.check_key_stands(key)
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    _write(key.software, Act.REVOKE_KEY, by=by, before=key.prefix)
    return key


def _held(key: SoftwareKey, act: Act, *, by) -> SoftwareKey:
    key = SoftwareKey.objects.select_for_update(of=("self",)).select_related("software").get(pk=key.pk)
    rules.check_software(act, list(key.software.structures()), by=by)
    return key


def _new_key(software: Software, days: int) -> tuple[SoftwareKey, str]:
    prefix, token = new_token()
    expires_at = timezone.now() + timedelta(days=days)
    key = SoftwareKey.objects.create(software=software, prefix=prefix, digest=digest_of(token), expires_at=expires_at)
    return key, token


def _write(software: Software, act: Act, *, by, before: str = "", after: str = "", note: str = "") -> None:
    """In the journal of each structure it was let in for."""
    text = f"{software.name}{' : ' if note else ''}{note}"
    for structure in software.structures():
        write_about(act, by=by, about={"structure": structure}, before=before, after=after, note=text)
