"""Every write on an account: check, write, note in the log, tell."""

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet

from balmanager.accounts import rules
from balmanager.accounts.adapter import site_url
from balmanager.accounts.browsers import named
from balmanager.accounts.links import read_address_link, write_address_link
from balmanager.accounts.models import AccountEntry, User
from balmanager.accounts.notes import note
from mailboxes.models import Person
from mailboxes.rules import Refused, allows

What = AccountEntry.What
DEAD_LINK = "Ce lien n’est plus valable : il a déjà servi, ou il est trop ancien."


def ask_address(account: User, address: str) -> None:
    """Write to the new address, which becomes the account's once its link is followed; the former one is told."""
    rules.check_address(account, address)
    with transaction.atomic():
        asked = note(What.ADDRESS_ASKED, account, by=account, before=account.email, after=address)
        _tell(account, "address_asked", {"address": address})
    url = site_url("account-address-link", token=write_address_link(asked))
    get_adapter().send_mail("account/email/address_link", address, {"user": account, "url": url})


def address_asked(token: str, accounts: QuerySet[User] | None = None) -> tuple[User, AccountEntry]:
    """What the link of the mail asks, and of which of these accounts: it is dead once it was followed, or overtaken by
    another, for good, even where the former address came back."""
    try:
        asked = AccountEntry.objects.get(pk=read_address_link(token), what=What.ADDRESS_ASKED)
    except (signing.BadSignature, AccountEntry.DoesNotExist):
        raise Refused(DEAD_LINK, "dead") from None
    standing = User.objects.all() if accounts is None else accounts
    account = standing.filter(account_entries=asked, email=asked.before, is_active=True).first()
    about_address = (What.ADDRESS_ASKED, What.ADDRESS_CHANGED)
    since = AccountEntry.objects.filter(account=asked.account_id, what__in=about_address, pk__gt=asked.pk)
    if account is None or since.exists():
        raise Refused(DEAD_LINK, "dead")
    return account, asked


@transaction.atomic
def take_address(token: str) -> User:
    account, asked = address_asked(token, User.objects.select_for_update(of=("self",)))
    former, address = asked.before, asked.after
    rules.check_address_free(address)
    account.email = address
    account.save(update_fields=["email"])
    note(What.ADDRESS_CHANGED, account, by=account, before=former, after=address)
    _tell(account, "address_changed", {"address": address}, to=former)
    return account


@transaction.atomic
def tie(account: User, person: Person, *, by: User | None) -> None:
    """From now on the account stands for this person, who hears of it. `by` None: their RPPS did it."""
    person = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    rules.check_tie(account, person, by=by)
    person.user = account
    person.save(update_fields=["user"])
    note(What.TIED, account, by=by, person=person, after=str(person), note="" if by else "Par le numéro RPPS.")
    if person.email and person.email.lower() != account.email:
        _tell(account, "tied", {"person": person, "by": by}, to=person.email)


def tie_by_rpps(account: User, rpps: str) -> None:
    """What an identity provider vouches for; where the register has nobody of that number yet, the account waits."""
    person = Person.objects.filter(rpps=rpps, user=None).first() if rpps else None
    if person and allows(rules.check_tie, account, person, by=None):
        tie(account, person, by=None)


def close_sessions(account: User, sessions: list[UserSession]) -> None:
    for session in sessions:
        note(What.SESSION_CLOSED, account, by=account, before=f"{session.ip}, {named(session.user_agent)}")
        session.end()


def _tell(account: User, mail: str, context: dict, to: str = "") -> None:
    get_adapter().send_notification_mail(f"account/email/{mail}", account, context, to or account.email)
