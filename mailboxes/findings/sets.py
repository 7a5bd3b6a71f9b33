"""Which BAL each finding is about: a QuerySet narrowed, never a loop.

Where a small table says which (`pk__in`), it is read first: SQLite would try an EXISTS on every BAL.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, Func, Max, Min, OuterRef, Q, QuerySet, Window
from django.utils import timezone

from directory.folding import name_key_of
from directory.models import Entry
from mailboxes.lifecycle import AWAITS_A_WORD, ENDING, LIVE, STANDING, UNFIT_TO_PREFER, Act, State
from mailboxes.models import (
    Alias,
    Anomaly,
    ApplicativeFacts,
    Bal,
    Claim,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    MailAccess,
    MailServer,
    Notice,
    Person,
    Preference,
    Request,
)
from mailboxes.models.bal_sets import holder_has_left
from mailboxes.models.fill import is_full
from mailboxes.models.preferences import ranked_there
from mailboxes.models.thresholds import chosen
from mailboxes.rules import CERTIFICATE_THRESHOLDS, MAX_COTITULAIRES, allows, check_ranks_known

SOON = 30  # days
# What says nothing of the place or the team: two services of one domain would both claim it.
NOT_EXPLICIT = (
    r"^(accueil|adresse|administration|bal|boite|cabinet|contact|direction|ehpad|hopital|info|infos|infirmier|"
    r"infirmiere|mail|medecin|medecins|messagerie|mss|mssante|org|pharmacie|secretariat|service|soins|ssiad|standard|"
    r"structure|test)[._-]?[0-9]*@"
)
NOT_ASCII = r"[^ -~]"

Narrows = Callable[[QuerySet[Bal]], QuerySet[Bal]]
_moment: ContextVar[Any] = ContextVar("moment", default=None)


@contextmanager
def as_of(moment: Any) -> Iterator[None]:
    """What is written inside asks of `moment`: of a prepared question, the place where it is given."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def what_findings_rest_on() -> tuple[date, tuple[str, ...], bool]:
    """Beside the moment: what is written of them is good as long as this is so."""
    return timezone.localdate(), chosen.told(), allows(check_ranks_known)


def _now() -> Any:
    moment = _moment.get()
    return timezone.now() if moment is None else moment


def full(bals):
    return bals.full()


def filling(bals):
    return bals.filling()


def soon_full(bals):
    """The BAL that fill up, but for those that are full or nearly: they are a finding of their own."""
    return bals.full_within(SOON, timezone.localdate()).exclude(is_full())


def orphan(bals):
    return bals.orphan()


def without_principal(bals):
    """The shared BAL none of whose holders is the principal, or whose principal has left."""
    principals = Cotitulaire.objects.filter(bal=OuterRef("pk"), is_principal=True)
    holders = Cotitulaire.objects.filter(bal=OuterRef("pk"))
    nobody_answers = ~Q(Exists(principals)) | holder_has_left()
    return bals.live().filter(nobody_answers, Exists(holders), kind__in=Bal.SHARED)


def crowded(bals):
    holders = Cotitulaire.objects.filter(bal=OuterRef("pk")).order_by().values("bal")
    too_many = holders.annotate(n=Count("pk")).filter(n__gt=MAX_COTITULAIRES)
    return bals.live().filter(Exists(too_many), kind__in=Bal.SHARED)


def expired_delegation(bals):
    return bals.filter(pk__in=Delegataire.objects.expired(timezone.localdate()).values("bal"))


def alerted(bals):
    return bals.filter(state=State.IDLE_ALERTED)


def unknown_activity(bals):
    return bals.of_unknown_use()


def unwatched(bals):
    return bals.unwatched(_now())


def undelivered(bals):
    stuck = Notice.objects.undelivered().filter(created_at__gte=F("bal__state_since"))
    return bals.live().filter(pk__in=stuck.values("bal"))


def unanswered(bals):
    """The BAL whose holders were asked and reminded, and have not said a word for as long again."""
    since = _now() - settings.UNIDENTIFIED_REMIND_AFTER
    reminded = JournalEntry.objects.filter(bal=OuterRef("pk"), what=Act.REMIND_USE, at__lte=since)
    return unknown_activity(bals).filter(Exists(reminded))


def used_in_leaving(bals):
    return bals.filter(state__in=ENDING, last_used_at__gt=F("state_since"))


def overdue(bals):
    return bals.filter(pk__in=Request.objects.overdue(timezone.localdate()).values("bal"))


def overdue_elsewhere(requests):
    """Those of addresses that the register does not hold: the others are counted by their BAL."""
    return requests.overdue(timezone.localdate()).filter(bal=None)


def refused_elsewhere(requests):
    return requests.refused(_now()).filter(bal=None)


def migrating_late(bals):
    """The BAL in migration whose new address is not in service, or whose former one is not closed, by the day that was
    meant."""
    return bals.filter(pk__in=Alias.objects.late(timezone.localdate()).values("bal"))


def preferred_leaving(bals):
    preferred = Preference.objects.values("address")
    return bals.filter(address__in=preferred).filter(state__in=UNFIT_TO_PREFER)


def preferred_elsewhere(bals):
    """The BAL preferred by somebody who no longer holds them; or to which the annuaire prefers another, with nothing
    asked."""
    wishes = Preference.objects.main().filter(address=OuterRef("address"))
    holds = Cotitulaire.objects.filter(bal__address=OuterRef("address"), person=OuterRef("person"))
    wrong = Q(~Exists(holds))
    if allows(check_ranks_known):
        there = ranked_there()
        is_asked = Q(request__stage__in=STANDING)
        wrong = wrong | (
            Exists(there.exclude(address=OuterRef("address")))
            & (Exists(there.filter(address=OuterRef("address"))) | ~is_asked)
        )
    return bals.filter(Exists(wishes.filter(wrong)), state=State.ACTIVE)


def disowned(bals):
    """The BAL said not to be theirs by somebody who holds it here, or whose RPPS bears it in the annuaire."""
    denied = Claim.objects.filter(answer=Claim.Answer.NOT_MINE)
    holds = Cotitulaire.objects.filter(bal__address=OuterRef("address"), person=OuterRef("person"))
    listed = Entry.objects.published().filter(address=OuterRef("address"), person_id=OuterRef("person__rpps"))
    wrong = denied.filter(Exists(holds) | Exists(listed))
    return bals.live().filter(address__in=wrong.values("address"))


def to_confirm(bals):
    """The BAL whose state waits for the operator's word, unless that word was no."""
    return bals.filter(state__in=AWAITS_A_WORD).exclude(pk__in=_of_refusals())


def _of_refusals():
    return Request.objects.refused(_now()).exclude(bal=None).values("bal")


def refused(bals):
    return bals.live().filter(pk__in=_of_refusals())


def homonyms(bals):
    """The PER whose titulaire bears the name of another titulaire of the same structure, accents and capitals aside."""
    # First the few whose name somebody else bears anywhere: an index holds the names folded (`person_folded`), and to
    # fold those of all titulaires takes a quarter of a second.
    namesakes = _borne_by_several(Person.objects.order_by())
    titulaires = Cotitulaire.objects.filter(
        bal__kind=Bal.Kind.NOMINATIVE, bal__state__in=LIVE, person__in=namesakes.values("pk")
    )
    return bals.filter(pk__in=_borne_by_several(titulaires, "person__", F("bal__structure")).values("bal"))


def _borne_by_several(rows, person: str = "", *among: F):
    """The rows whose person bears the name of another person; of another who is alike in `among` too."""
    same: list[Func | F] = [name_key_of(person), *among]
    pk = f"{person}pk"
    return rows.annotate(first=Window(Min(pk), same), last=Window(Max(pk), same)).exclude(first=F("last"))


def badly_named(bals):
    """The BAL whose address has a sign that many mail systems refuse; or, shared, a name that could be anyone's."""
    vague = Q(kind__in=Bal.SHARED, address__regex=NOT_EXPLICIT)
    return bals.live().filter(Q(address__regex=NOT_ASCII) | vague)


def with_anomaly(kind: str) -> Narrows:
    def narrow(bals):
        return bals.live().filter(pk__in=Anomaly.objects.open().filter(kind=kind).values("bal"))

    return narrow


def certificate_within(days: int) -> Narrows:
    """The APP whose certificate ends between this threshold and the nearer one; the nearest takes those that are over
    too."""
    nearer = max((limit for limit in CERTIFICATE_THRESHOLDS if limit < days), default=None)

    def narrow(bals):
        today = timezone.localdate()
        facts = ApplicativeFacts.objects.expiring(today + timedelta(days=days))
        if nearer is not None:
            facts = facts.filter(certificate_expires_on__gt=today + timedelta(days=nearer))
        return bals.filter(pk__in=facts.values("bal"), kind=Bal.Kind.APPLICATIVE)

    return narrow


def undescribed(bals):
    """The APP whose software, end of certificate, or channel for answers nobody wrote down."""
    whole = ApplicativeFacts.objects.filter(
        bal=OuterRef("pk"), certificate_expires_on__isnull=False, answers__isnull=False
    )
    return bals.filter(~Q(Exists(whole)), kind=Bal.Kind.APPLICATIVE, state=State.ACTIVE)


def silent(bals):
    """The APP known not to have logged in of late: a source that is itself silent says nothing of them."""
    since = _now() - chosen.APP_SILENT_AFTER
    return bals.watched(_now()).filter(kind=Bal.Kind.APPLICATIVE, state=State.ACTIVE, last_used_at__lte=since)


def pressing_engagements(engagements):
    return engagements.pressing(timezone.localdate())


def departures_seen(sightings):
    return sightings.open().of_stays()


def red_listed(sightings):
    return sightings.open().of_bals()


def unable_to_hold(bals):
    """The BAL one of whose titulaires or cotitulaires lacks the RPPS or the card that they need."""
    able = Person.objects.able_to_hold().filter(pk=OuterRef("person"))
    return bals.live().filter(Exists(Cotitulaire.objects.filter(~Exists(able), bal=OuterRef("pk"))))


def late_departures(movements):
    return movements.late_departures(timezone.localdate())


def arrivals_to_prepare(movements):
    return movements.arrivals_to_prepare(timezone.localdate())


# --- Readings that do not come ----------------------------------------------------------------------------------------
LASTING = timedelta(days=1)  # a server restarts, a password is changed on both sides: not worth a word before


def unreadable(bals):
    """The BAL that their operator's server has not let us read for a day; not those of a server that fails for all."""
    failing = MailAccess.objects.failing().filter(failing_since__lte=_now() - LASTING)
    serving = MailServer.objects.filter(reads_space=True, failing_since=None).values("operator")
    return bals.live().filter(pk__in=failing.filter(bal__operator__in=serving).values("bal"))


def failing_servers() -> QuerySet[MailServer]:
    """The operators' servers that nothing could be asked of for a day."""
    since = _now() - LASTING
    return MailServer.objects.used().filter(failing_since__lte=since).select_related("operator")
