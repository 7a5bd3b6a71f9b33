"""Every write on what accounts may do: invitations, roles, accounts closed and opened again, second factors reset."""

import secrets
from smtplib import SMTPException

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from balmanager.accounts import rules
from balmanager.accounts.adapter import site_url
from balmanager.accounts.links import digest_of
from balmanager.accounts.models import AccountEntry, Invitation, User
from balmanager.accounts.notes import note
from mailboxes.models import Membership, Person, Structure
from mailboxes.rules import Refused, check_row

What = AccountEntry.What
ADMINISTRATOR = Invitation.Role.ADMINISTRATOR


# --- Invitations --------------------------------------------------------------------------------------------------
@transaction.atomic
def invite(address: str, role: str, structure: Structure | None, *, by: User) -> Invitation:
    """Nothing is kept of an invitation whose mail did not leave."""
    rules.check_offer(role, structure, by=by)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        address=address.lower(), role=role, structure=structure, invited_by=by, digest=digest_of(token),
        expires_at=timezone.now() + settings.INVITATION_VALID,
    )  # fmt: skip
    check_row(invitation)
    _hold(structure, by)
    rules.check_not_invited(invitation)
    invitation.save()
    note(What.INVITED, None, by=by, structure=structure, after=str(invitation))
    url = site_url("invitation", token=token)
    try:
        get_adapter().send_mail("account/email/invitation", invitation.address, {"invitation": invitation, "url": url})
    except (OSError, SMTPException) as error:
        raise Refused("Le message n’a pas pu partir : rien n’est fait, réessayez plus tard.", "mail") from error
    return invitation


def _hold(structure: Structure | None, by: User) -> None:
    """Two invitations to the same structure, or of the same administrator, are written one after the other."""
    rows = Structure.objects if structure else User.objects
    list(rows.select_for_update(of=("self",), no_key=True).filter(pk=(structure or by).pk).values_list("pk"))


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: User) -> None:
    rules.check_offer(invitation.role, invitation.structure, by=by)
    if Invitation.objects.pending().filter(pk=invitation.pk).update(withdrawn_at=timezone.now()):
        note(What.UNINVITED, None, by=by, structure=invitation.structure, before=str(invitation))


def find_invitation(token: str) -> Invitation:
    rows = Invitation.objects.select_related("structure__parent", "invited_by")
    return rules.check_invitation(rows.filter(digest=digest_of(token)).first())


@transaction.atomic
def open_account(token: str, *, first_name: str, last_name: str, password: str) -> User:
    """The account of whoever was invited and had none; the address is proven by the link."""
    invitation = find_invitation(token)
    rules.check_address_free(invitation.address)
    account = User(username=invitation.address, email=invitation.address, first_name=first_name, last_name=last_name)
    account.set_password(password)
    account.save()
    accept(token, account=account)
    return account


@transaction.atomic
def accept(token: str, *, account: User) -> Invitation:
    invitation = find_invitation(token)
    rules.check_accept(invitation, account)
    if not Invitation.objects.pending().filter(pk=invitation.pk).update(accepted_at=timezone.now()):
        rules.check_invitation(None)
    if not account.email:  # one that came by an identity provider
        rules.check_address_free(invitation.address)
        account.email = invitation.address
        account.save(update_fields=["email"])
    give(account, invitation.role, invitation.structure, by=invitation.invited_by)
    return invitation


# --- Roles --------------------------------------------------------------------------------------------------------
@transaction.atomic
def give(account: User, role: str, structure: Structure | None, *, by: User) -> None:
    rules.check_give(account, role, structure, by=by)
    if role == ADMINISTRATOR:
        _make_administrator(account, True, by=by)
        return
    former = Membership.objects.select_for_update(of=("self",)).filter(user=account, structure=structure).first()
    if former and former.role == role:
        raise Refused("Ce compte a déjà ce rôle.", "same")
    facts = {"role": role, "since": timezone.now()}
    Membership.objects.update_or_create(user=account, structure=structure, defaults=facts)
    before = former.get_role_display() if former else ""
    note(What.GRANTED, account, by=by, structure=structure, before=before, after=_said(role, structure))


@transaction.atomic
def take_charge(structure: Structure, *, by: User) -> None:
    """Become the first gestionnaire of a structure that has none."""
    Structure.objects.select_for_update().get(pk=structure.pk)  # two at once: the second finds the first
    rules.check_take_charge(structure, by=by)
    role = Membership.Role.GESTIONNAIRE
    Membership.objects.update_or_create(user=by, structure=structure, defaults={"role": role, "since": timezone.now()})
    note(What.GRANTED, by, by=by, structure=structure, after=_said(role, structure), note="premier gestionnaire")


@transaction.atomic
def withdraw(membership: Membership, *, by: User) -> None:
    rules.check_withdraw(membership, by=by)
    said = _said(membership.role, membership.structure)
    if Membership.objects.filter(pk=membership.pk).delete()[0]:
        note(What.WITHDRAWN, membership.user, by=by, structure=membership.structure, before=said)


@transaction.atomic
def unmake_administrator(account: User, *, by: User) -> None:
    rules.check_administer(account, by=by)
    _make_administrator(account, False, by=by)


def _make_administrator(account: User, is_one: bool, *, by: User) -> None:
    account.is_superuser = account.is_staff = is_one
    account.save(update_fields=["is_superuser", "is_staff"])
    what, side = (What.GRANTED, "after") if is_one else (What.WITHDRAWN, "before")
    note(what, account, by=by, **{side: ADMINISTRATOR.label})


def _said(role: str, structure: Structure | None) -> str:
    return f"{Invitation.Role(role).label}, {structure}"


# --- Accounts -----------------------------------------------------------------------------------------------------
@transaction.atomic
def close_account(account: User, *, by: User) -> None:
    rules.check_administer(account, by=by)
    _open_or_close(account, False)
    _end_sessions(account)
    note(What.CLOSED, account, by=by)


@transaction.atomic
def reopen_account(account: User, *, by: User) -> None:
    rules.check_administer(account, by=by)
    _open_or_close(account, True)
    note(What.REOPENED, account, by=by)


@transaction.atomic
def reset_factor(account: User, *, by: User) -> None:
    """Forget the second factor of somebody who lost it: the next log-in asks for a new one."""
    rules.check_administer(account, by=by)
    if not Authenticator.objects.filter(user=account.pk).delete()[0]:
        raise Refused("Ce compte n’a pas de second facteur.", "none")
    _end_sessions(account)
    note(What.FACTOR_RESET, account, by=by)
    get_adapter().send_notification_mail("account/email/factor_reset", account)


@transaction.atomic
def untie(account: User, *, by: User) -> None:
    rules.check_administer(account, by=by)
    person = Person.objects.filter(user=account.pk).first()
    if person is None:
        raise Refused("Ce compte n’est rattaché à personne.", "none")
    person.user = None
    person.save(update_fields=["user"])
    note(What.UNTIED, account, by=by, person=person, before=str(person))


def _open_or_close(account: User, is_active: bool) -> None:
    if account.is_active == is_active:
        raise Refused("C’est déjà fait.", "same")
    account.is_active = is_active
    account.save(update_fields=["is_active"])


def _end_sessions(account: User) -> None:
    for session in UserSession.objects.filter(user=account.pk):
        session.end()
