"""Which BAL each finding is about: a QuerySet narrowed, never a loop.

Where a small table says which (`pk__in`), it is read first: SQLite would try an EXISTS on every BAL.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Value, Window
from django.db.models.functions import Concat
from django.utils import timezone

from directory.folding import Folded
from directory.models import Entry
from mailboxes.lifecycle import LIVE, Act, State
from mailboxes.models import (
    Anomaly,
    ApplicativeFacts,
    Bal,
    Claim,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Notice,
    Preference,
    Request,
)
from mailboxes.models.bals import holder_has_left
from mailboxes.models.preferences import STANDING
from mailboxes.rules import CERTIFICATE_THRESHOLDS, MAX_COTITULAIRES, allows, check_ranks_known

FULL, FILLING = 95, 80  # percent
SOON = 30  # days
# What says nothing of the place or the team: two services of one domain would both claim it.
NOT_EXPLICIT = (
    r"^(accueil|adresse|administration|bal|boite|cabinet|contact|direction|ehpad|hopital|info|infos|infirmier|"
    r"infirmiere|mail|medecin|medecins|messagerie|mss|mssante|org|pharmacie|secretariat|service|soins|ssiad|standard|"
    r"structure|test)[._-]?[0-9]*@"
)
NOT_ASCII = r"[^ -~]"

Narrows = Callable[[QuerySet[Bal]], QuerySet[Bal]]


def full(bals):
    return bals.filter(state__in=LIVE, percent_full__gte=FULL)


def filling(bals):
    return bals.filter(state__in=LIVE, percent_full__gte=FILLING, percent_full__lt=FULL)


def soon_full(bals):
    """Those that are full or nearly are a finding of their own."""
    return bals.full_within(SOON, timezone.localdate()).filter(percent_full__lt=FULL)


def orphan(bals):
    """Held by nobody."""
    holders = Cotitulaire.objects.filter(bal=OuterRef("pk"))
    return bals.filter(~Q(Exists(holders)), state__in=LIVE, kind__in=Bal.SHARED)


def without_principal(bals):
    """None of its holders is its principal, or who is has left."""
    principals = Cotitulaire.objects.filter(bal=OuterRef("pk"), is_principal=True)
    holders = Cotitulaire.objects.filter(bal=OuterRef("pk"))
    nobody_answers = ~Q(Exists(principals)) | holder_has_left()
    return bals.filter(nobody_answers, Exists(holders), state__in=LIVE, kind__in=Bal.SHARED)


def crowded(bals):
    holders = Cotitulaire.objects.filter(bal=OuterRef("pk")).order_by().values("bal")
    too_many = holders.annotate(n=Count("pk")).filter(n__gt=MAX_COTITULAIRES)
    return bals.filter(Exists(too_many), kind__in=Bal.SHARED, state__in=LIVE)


def expired_delegation(bals):
    return bals.filter(pk__in=Delegataire.objects.expired(timezone.localdate()).values("bal"))


def alerted(bals):
    return bals.filter(state=State.IDLE_ALERTED)


def unknown_activity(bals):
    return bals.filter(state=State.ACTIVE, clock_at=None).exclude(kind=Bal.Kind.APPLICATIVE)


def undelivered(bals):
    stuck = Notice.objects.undelivered().filter(created_at__gte=F("bal__state_since"))
    return bals.filter(pk__in=stuck.values("bal"), state__in=LIVE)


def unanswered(bals):
    """Asked and reminded, and as long again without a word."""
    since = timezone.now() - settings.UNIDENTIFIED_REMIND_AFTER
    reminded = JournalEntry.objects.filter(bal=OuterRef("pk"), what=Act.REMIND_USE, at__lte=since)
    return unknown_activity(bals).filter(Exists(reminded))


def used_in_leaving(bals):
    leaving = [State.DEPUBLICATION_REQUESTED, State.DEPUBLISHED, State.DELETION_REQUESTED]
    return bals.filter(state__in=leaving, last_used_at__gt=F("state_since"))


def overdue(bals):
    return bals.filter(pk__in=Request.objects.overdue(timezone.localdate()).values("bal"))


def preferred_leaving(bals):
    preferred = Preference.objects.values("address")
    return bals.filter(address__in=preferred).exclude(state__in=[State.ACTIVE, State.REQUESTED])


def preferred_elsewhere(bals):
    """Wished by one who holds it no more; or the annuaire ranks another first, and nothing is asked."""
    wishes = Preference.objects.main().filter(address=OuterRef("address"))
    holds = Cotitulaire.objects.filter(bal__address=OuterRef("address"), person=OuterRef("person"))
    wrong = Q(~Exists(holds))
    if allows(check_ranks_known):
        ranked = Entry.objects.preferred().filter(person_id=OuterRef("person__rpps"))
        there = ranked.filter(Q(structure_id="") | Q(structure_id=OuterRef("situation")))
        is_asked = Q(request__stage__in=STANDING)
        wrong = wrong | (
            Exists(there.exclude(address=OuterRef("address")))
            & (Exists(there.filter(address=OuterRef("address"))) | ~is_asked)
        )
    return bals.filter(Exists(wishes.filter(wrong)), state=State.ACTIVE)


def disowned(bals):
    """Said not to be his by one who holds it here, or whose RPPS bears it in the annuaire."""
    denied = Claim.objects.filter(answer=Claim.Answer.NOT_MINE)
    holds = Cotitulaire.objects.filter(bal__address=OuterRef("address"), person=OuterRef("person"))
    listed = Entry.objects.published().filter(address=OuterRef("address"), person_id=OuterRef("person__rpps"))
    wrong = denied.filter(Exists(holds) | Exists(listed))
    return bals.filter(address__in=wrong.values("address"), state__in=LIVE)


def to_confirm(bals):
    return bals.filter(state__in=[State.REQUESTED, State.DELETION_REQUESTED])


def homonyms(bals):
    """A PER whose titulaire has the name of another titulaire of the same structure, accents and capitals aside."""
    named = Cotitulaire.objects.filter(bal__kind=Bal.Kind.NOMINATIVE, bal__state__in=LIVE).annotate(
        name=Folded(Concat("person__family_name", Value(" "), "person__given_name"))
    )
    same = [F("bal__structure"), F("name")]
    twins = named.annotate(first=Window(Min("person"), same), last=Window(Max("person"), same)).exclude(first=F("last"))
    return bals.filter(pk__in=twins.values("bal"))


def badly_named(bals):
    """With an accent or a sign that many mail systems refuse; or, shared, with a name that could be anyone's."""
    vague = Q(kind__in=Bal.SHARED, address__regex=NOT_EXPLICIT)
    return bals.filter(Q(address__regex=NOT_ASCII) | vague, state__in=LIVE)


def with_anomaly(kind: str) -> Narrows:
    def narrow(bals):
        return bals.filter(pk__in=Anomaly.objects.open().filter(kind=kind).values("bal"), state__in=LIVE)

    return narrow


def certificate_within(days: int) -> Narrows:
    """Between this threshold and the nearer one; the nearest takes those that are over too."""
    nearer = max((limit for limit in CERTIFICATE_THRESHOLDS if limit < days), default=None)

    def narrow(bals):
        today = timezone.localdate()
        facts = ApplicativeFacts.objects.expiring(today + timedelta(days=days))
        if nearer is not None:
            facts = facts.filter(certificate_expires_on__gt=today + timedelta(days=nearer))
        return bals.filter(pk__in=facts.values("bal"), kind=Bal.Kind.APPLICATIVE)

    return narrow


def undescribed(bals):
    """An APP of which nobody wrote which software it serves, when its certificate ends, or where one may answer."""
    whole = ApplicativeFacts.objects.filter(
        bal=OuterRef("pk"), certificate_expires_on__isnull=False, answers__isnull=False
    )
    return bals.filter(~Q(Exists(whole)), kind=Bal.Kind.APPLICATIVE, state=State.ACTIVE)


def silent(bals):
    since = timezone.now() - settings.APP_SILENT_AFTER
    return bals.filter(kind=Bal.Kind.APPLICATIVE, state=State.ACTIVE, last_used_at__lte=since)


def late_departures(movements):
    return movements.late_departures(timezone.localdate())


def arrivals_to_prepare(movements):
    return movements.arrivals_to_prepare(timezone.localdate())
