"""Which BAL are sought: the adjectives of their rows, and the conditions that these stand for."""

from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, Value, When
from django.db.models.functions import Coalesce

from directory.folding import fold
from directory.models import Entry
from mailboxes.lifecycle import IN_SERVICE, LIVE, PAID, WITHDRAWN, Party, State, Verb
from mailboxes.models.bulk import among
from mailboxes.models.fill import is_filling, is_full
from mailboxes.models.holders import Cotitulaire, Delegataire
from mailboxes.models.months import DaysBefore, MonthsBefore, Shortest
from mailboxes.models.people import Affiliation
from mailboxes.models.roles import seen_structures, used_bals, used_by
from mailboxes.models.structures import Structure
from mailboxes.models.thresholds import chosen

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

STALE_FORECAST = timedelta(days=90)


class Use(models.TextChoices):
    """Does a BAL serve, as far as we know?"""

    USED = "used", "utilisée"
    NONE = "none", "sans usage"
    UNKNOWN = "unknown", "usage inconnu"
    SILENT = "silent", "applicative sans trace d’usage"  # software may be silent without being idle


# The software of an APP is no user: an APP is never idle, and nobody is asked whether it serves.
HAS_USERS = ~Q(kind="APP")
# Neither an APP nor a BAL in liste rouge is ever shown in the annuaire: their absence says nothing.
IS_EXPECTED = HAS_USERS & Q(liste_rouge=False)
# Nobody tells its last use, and an answer can still matter: not before it opens, nor once an alert or the way out asks
# the same people the same.
OF_UNKNOWN_USE = HAS_USERS & Q(state=State.ACTIVE, clock_at=None)
SHARED = ("ORG", "CAB")  # by a group, one of whom answers for it


def expected_in_sql(bal: str) -> str:
    """`expected_in_annuaire`, of the row so named in a query."""
    return f"({bal}.kind <> 'APP' AND NOT {bal}.liste_rouge)"


def is_orphan() -> Q:
    """A shared BAL that nobody holds: nobody may ask for its deletion, nor answers for it."""
    return Q(~Exists(Cotitulaire.objects.filter(bal=OuterRef("pk"))), kind__in=SHARED)


def holders() -> models.QuerySet[Cotitulaire]:
    """The principal first."""
    return Cotitulaire.objects.select_related("person", "on_word_of").order_by("-is_principal", "pk")


def delegations_of_today() -> models.QuerySet[Delegataire]:
    return Delegataire.objects.current().select_related("person", "under")


class BalQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The BAL of the structures one sees, those one holds, those delegated to one today."""
        if user.is_superuser:
            return self
        return self.filter(Q(structure__in=Structure.objects.visible_to(user).values("pk")) | Q(pk__in=used_by(user)))

    def seen_by(self, user):
        """`visible_to`, by numbers read beforehand: PostgreSQL then takes the index of a structure, and software of one
        structure pays for its own rows alone. Two queries more, of which a page has no need."""
        return self if user.is_superuser else self.among(seen_structures(user), used_bals(user))

    def among(self, structures, bals):
        """The BAL of these structures and these BAL besides, by their numbers."""
        seen = among("structure", structures)
        return self.filter(seen | among("pk", bals) if bals else seen)

    def mine(self, user):
        """The BAL that `user` holds or has delegated access to, whatever the structure."""
        return self.filter(pk__in=used_by(user))

    def live(self):
        return self.filter(state__in=LIVE)

    def in_service(self):
        """The BAL that are open and whose end nobody asked for."""
        return self.filter(state__in=IN_SERVICE)

    def with_users(self):
        return self.filter(HAS_USERS)

    def orphan(self):
        """The shared BAL that nobody holds."""
        return self.live().filter(is_orphan())

    def of_unknown_use(self):
        return self.filter(OF_UNKNOWN_USE)

    def with_cotitulaires(self):
        """What a line of the register shows, in two queries."""
        return self.select_related("structure", "operator").prefetch_related(Prefetch("cotitulaires", holders()))

    def with_holders(self):
        """The BAL with all that tells who may do what, in as many queries for a thousand as for one; `roles_of` then
        costs none."""
        delegations = Prefetch("delegataires", delegations_of_today(), to_attr="delegations")
        return self.with_cotitulaires().annotate(holder_has_left=holder_left_in_row()).prefetch_related(delegations)

    def with_publication(self):
        """Adds `is_published`: the annuaire shows this address today."""
        return self.annotate(is_published=Exists(Entry.objects.published().filter(address=OuterRef("address"))))

    def expected_in_annuaire(self):
        return self.filter(IS_EXPECTED)

    def absent(self):
        """The BAL expected in the annuaire and not shown there; it proves something only of an annuaire that is
        fresh."""
        return self.expected_in_annuaire().with_publication().filter(is_published=False)

    def idle_since_months(self, months, now: datetime):
        """The BAL whose clock is older than so many months, an expression over their operator. Unknown is not idle.

        The operators' limits are read by the same statement: PostgreSQL walks `bal_idle_clock` once per operator.
        """
        return self.with_users().filter(clock_at__lte=MonthsBefore(now, months))

    def watched(self, now: datetime):
        """The BAL whose source could see a use lately: it, or another that its operator has in its structure, was read
        within the days that a reading is worth there. Of the others nothing is concluded."""
        return self.filter(self._is_watched(now))

    def _is_watched(self, now: datetime) -> Exists:
        """`watched`, as a condition: it stands among those beside it."""
        worth = Coalesce(F("operator__fresh_days"), chosen.READING_FRESH_DAYS)
        beside: BalQuerySet = BalQuerySet(self.model).filter(
            structure=OuterRef("structure"), operator=OuterRef("operator")
        )
        return Exists(beside.filter(read_at__gte=DaysBefore(now, worth)))

    def idle(self, now: datetime):
        """The BAL known not to serve: their clock says so, and a recent reading could have said otherwise."""
        return self.idle_since_months(F("operator__alert_after_months"), now).watched(now)

    def unwatched(self, now: datetime):
        """The BAL in service of which some use was known, and whose source is now silent."""
        once = Q(read_at__isnull=False) | Q(clock_at__lte=MonthsBefore(now, F("operator__alert_after_months")))
        return self.in_service().with_users().filter(once & ~self._is_watched(now), clock_at__isnull=False)

    def with_idleness(self, now: datetime):
        """Adds `is_idle`: `idle`, row by row."""
        return self.annotate(is_idle=in_row(BalQuerySet(self.model).filter(pk=OuterRef("pk")).idle(now)))

    def due_for_alert(self, now: datetime):
        # None is idle before the shortest limit. PostgreSQL cannot guess how few rows a limit read from another table
        # leaves, and would read the whole table; between two bounds it expects few, and walks `bal_idle_clock`.
        few = Q(clock_at__range=(EPOCH, MonthsBefore(now, Shortest(column="alert_after_months"))))
        return self.filter(few, state=State.ACTIVE).idle(now)

    def due_for_depublication(self, now: datetime, *, ahead: timedelta = timedelta(0)):
        """Idle to the end, and the alert really given as long ago as lies between the operator's two limits.

        `ahead`: those that will be so by then, if nothing comes; what is known of them is what is known `now`.
        """
        then = now + ahead
        idle = self.filter(state=State.IDLE_ALERTED).watched(now)
        idle = idle.idle_since_months(F("operator__end_after_months"), then)
        between = F("operator__end_after_months") - F("operator__alert_after_months")
        return idle.filter(
            notices__stage=Verb.ALERT_IDLE,
            notices__sent_at__lte=MonthsBefore(then, between),
            notices__sent_at__gte=F("state_since"),
            notices__party=Party.HOLDERS,
            notices__bounced_at=None,
        ).distinct()

    def with_use(self, now: datetime):
        """Adds `use`, of `Use`, of paid BAL: the four counts add up to theirs."""
        nothing_known = Q(clock_at=None) | Q(clock_at__lte=MonthsBefore(now, F("operator__alert_after_months")))
        return self.annotate(
            use=Case(
                When(state__in=WITHDRAWN, then=Value(Use.NONE)),
                When(~nothing_known, then=Value(Use.USED)),
                When(~HAS_USERS, then=Value(Use.SILENT)),
                When(OF_UNKNOWN_USE, then=Value(Use.UNKNOWN)),
                When(~self._is_watched(now), then=Value(Use.UNKNOWN)),
                default=Value(Use.NONE),
                output_field=models.CharField(),
            )
        )

    def paid(self):
        """The BAL that an operator charges for: opened, and not yet confirmed deleted."""
        return self.filter(state__in=PAID)

    def full_within(self, days: int, today: date):
        """Forecast to be full by then; a day long past that no reading bore out or denied says nothing any more."""
        return self.live().filter(full_on__range=(today - STALE_FORECAST, today + timedelta(days=days)))

    def full(self):
        return self.live().filter(is_full())

    def filling(self):
        """The BAL that need room made, and are not full yet."""
        return self.live().filter(is_filling())

    def crossing_quota(self):
        """Risen to a threshold not yet warned of, or fallen well below the one that was, chosen still or not."""
        rising = [Q(percent_full__gte=limit, quota_warned__lt=limit) for limit in chosen.QUOTA_THRESHOLDS]
        falling = Q(quota_warned__gt=0, percent_full__lt=F("quota_warned") - chosen.QUOTA_HYSTERESIS)
        return self.live().filter(reduce(or_, rising, falling))

    def services_with(self, word: str) -> list[str]:
        """The services whose name holds it, accents and capitals aside: those few are folded, not each BAL's own."""
        asked = fold(word)
        names = self.order_by().values_list("service", flat=True).distinct()
        return [name for name in names if asked and asked in fold(name)]

    def locked(self):
        return self.select_for_update(of=("self",))


def _of_who_left(**of) -> models.QuerySet[Affiliation]:
    """The stays, over, of the titulaire or principal of a BAL, who has no other in the same structure; `of` says which
    BAL (`person__held__bal…`).

    From the stays that are over (the index `stay_over`), which are few: to look for those of each holder would read
    all holders and all stays, even for one page.
    """
    others = Affiliation.objects.current().filter(person=OuterRef("person"), structure=OuterRef("structure"))
    return Affiliation.objects.over().filter(~Exists(others), person__held__is_principal=True, **of)


def holder_has_left() -> Q:
    """The condition, on Bal, that its titulaire or principal was in the structure, and that all their stays there are
    over."""
    return Q(pk__in=_of_who_left(person__held__bal__structure=F("structure")).values("person__held__bal"))


def in_row(rows: models.QuerySet) -> Coalesce:
    """Are there any? Of each row that is read, to annotate it: no EXISTS, of which PostgreSQL would first make a table
    of all there are, for a page as for everything."""
    any_ = models.Subquery(rows.values(yes=Value(True))[:1])
    return Coalesce(any_, Value(False), output_field=models.BooleanField())


def holder_left_in_row() -> Coalesce:
    """`holder_has_left`, of each row that is read, to annotate it."""
    return in_row(_of_who_left(person__held__bal=OuterRef("pk"), structure=OuterRef("structure")))
