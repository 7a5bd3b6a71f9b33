"""Forgetting what is kept no longer: who the people were who left; and, by the role that owns the tables, the words of
the oldest records."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.models import (
    Affiliation,
    Claim,
    ContactChange,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Movement,
    Notice,
    Person,
    Preference,
    Seal,
)
from mailboxes.models.thresholds import chosen
from mailboxes.rules import Refused
from mailboxes.rules.roles import check_may

FORGOTTEN = {
    "given_name": "Personne", "family_name": "effacée", "rpps": None, "profession": "", "email": "",
    "mssante_address": "", "has_cps": False,
}  # fmt: skip
# What a record of long ago no longer says: that it was, of what and when, stays.
WORDS: dict[type, dict[str, str]] = {
    JournalEntry: dict.fromkeys(("before", "after", "note", "address"), ""),
    Notice: dict.fromkeys(("recipient", "address", "subject", "text", "error", "how"), ""),
}


# --- People -----------------------------------------------------------------------------------------------------------
def forgettable(now: datetime) -> QuerySet[Person]:
    """People who left every structure long enough ago, and hold nothing, lend nothing, and log in no more."""
    of_them = {"person": OuterRef("pk")}
    stays = Affiliation.objects.filter(**of_them)
    recent = stays.present_on(timezone.localdate(now - chosen.PEOPLE_KEPT))
    lent = Delegataire.objects.standing().filter(Q(person=OuterRef("pk")) | Q(under=OuterRef("pk")))
    return Person.objects.exclude(family_name=FORGOTTEN["family_name"], rpps=None).filter(
        Exists(stays),
        ~Exists(recent),
        ~Exists(Cotitulaire.objects.filter(**of_them)),
        ~Exists(lent),
        ~Exists(Movement.objects.open().filter(stay__person=OuterRef("pk"))),
        Q(user=None) | Q(user__is_active=False),
    )


@transaction.atomic
def forget_person(person: Person, *, by) -> None:
    """Who they were; what was done, and that somebody was told, stays in the journal without a name."""
    check_may(Act.FORGET_PERSON, person=person, by=by)
    person = Person.objects.select_for_update(of=("self",)).select_related("user").get(pk=person.pk)
    if not forgettable(timezone.now()).filter(pk=person.pk).exists():
        raise Refused("Cette personne est revenue, ou n’est pas partie depuis assez longtemps.", "not-due")
    Claim.objects.filter(person=person).delete()
    Preference.objects.filter(person=person).delete()
    ContactChange.objects.filter(person=person).delete()
    for stay in person.affiliations.all():
        stay.scim_users.all().delete()  # what an identity manager told of them
    if account := person.user:
        SocialAccount.objects.filter(user=account.pk).delete()  # by their RPPS
        account.username = f"compte-efface-{account.pk}"
        account.first_name = account.last_name = account.email = ""
        account.save(update_fields=["username", "first_name", "last_name", "email"])
    Person.objects.filter(pk=person.pk).update(**FORGOTTEN)
    write_about(Act.FORGET_PERSON, by=by, about={"person": person})


# --- Records ----------------------------------------------------------------------------------------------------------
def forgettable_seals(now: datetime) -> QuerySet[Seal]:
    """The seals of records kept long enough; none where they are kept for good."""
    if not settings.RECORD_KEPT:
        return Seal.objects.none()
    return Seal.objects.filter(forgotten_at=None, made_at__lt=now - settings.RECORD_KEPT).order_by("number")


@transaction.atomic
def forget_records(seal: Seal, now: datetime) -> int:
    """Take the words out of what this seal holds; it says from then on that it is no longer to be compared.

    By the role that owns the tables: the one that serves may not.
    """
    model: type[JournalEntry | Notice] = JournalEntry if seal.chain == Seal.Chain.JOURNAL else Notice
    with _lifted(model._meta.db_table, Seal._meta.db_table):
        count = model.objects.filter(pk__in=[int(pk) for pk in seal.lines]).update(**WORDS[model])
        Seal.objects.filter(pk=seal.pk).update(forgotten_at=now)
    return count


@contextmanager
def _lifted(*tables: str) -> Iterator[None]:
    """The tables with their triggers lifted, for the rest of one transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is still to be checked forbids ALTER TABLE
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            return
        places = ", ".join(["%s"] * len(tables))
        cursor.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({places})",  # noqa: S608
            tables,
        )
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, statement in triggers:
            cursor.execute(statement)
