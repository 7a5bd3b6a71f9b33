"""The BAL: what it is, which ones are sought, and who may do what on it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import or_

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, Exists, F, Max, OuterRef, Prefetch, Q, Value, When
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from directory.models import Entry
from directory.prepared import prepared
from mailboxes.lifecycle import IN_SERVICE, LIVE, PAID, WITHDRAWN, Party, Role, Scope, State, Verb
from mailboxes.models.bulk import among
from mailboxes.models.fields import validate_address
from mailboxes.models.fill import Fill, fill_of, is_filling, is_full
from mailboxes.models.forecast import Forecast, Point, Unknown, forecast
from mailboxes.models.holders import Cotitulaire, Delegataire
from mailboxes.models.months import DaysBefore, MonthsBefore, Shortest
from mailboxes.models.movements import Movement
from mailboxes.models.operators import Operator
from mailboxes.models.people import Affiliation, Person
from mailboxes.models.structures import Structure
from mailboxes.models.system import SYSTEM, Signatory
from mailboxes.models.thresholds import chosen
from mailboxes.models.usage import Reading

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


def is_orphan() -> Q:
    """A shared BAL that nobody holds: nobody may ask for its deletion, nor answers for it."""
    return Q(~Exists(Cotitulaire.objects.filter(bal=OuterRef("pk"))), kind__in=Bal.SHARED)


class BalQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The BAL of the structures one sees, those one holds, those delegated to one today."""
        if user.is_superuser:
            return self
        return self.filter(Q(structure__in=Structure.objects.visible_to(user).values("pk")) | Q(pk__in=_used_by(user)))

    def seen_by(self, user):
        """`visible_to`, by numbers read beforehand: PostgreSQL then takes the index of a structure, and software of one
        structure pays for its own rows alone. Two queries more, of which a page has no need."""
        if user.is_superuser:
            return self
        used = used_bals(user)
        seen = among("structure", seen_structures(user))
        return self.filter(seen | Q(pk__in=used) if used else seen)

    def mine(self, user):
        """The BAL that `user` holds or has delegated access to, whatever the structure."""
        return self.filter(pk__in=_used_by(user))

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
        """The BAL whose last use nobody tells, where an answer can still matter: not before they open, nor once an
        alert or the way out asks the same people the same."""
        return self.with_users().filter(state=State.ACTIVE, clock_at=None)

    def with_cotitulaires(self):
        """What a line of the register shows, in two queries."""
        holders = Cotitulaire.objects.select_related("person", "on_word_of").order_by("-is_principal", "pk")
        return self.select_related("structure", "operator").prefetch_related(Prefetch("cotitulaires", holders))

    def with_holders(self):
        """The BAL with all that tells who may do what, in as many queries for a thousand as for one; `roles_of` then
        costs none."""
        delegations = Delegataire.objects.current().select_related("person", "under")
        return (
            self.with_cotitulaires()
            .annotate(holder_has_left=holder_left_in_row())
            .prefetch_related(Prefetch("delegataires", delegations, to_attr="delegations"))
        )

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
        return self.filter(is_watched(now))

    def idle(self, now: datetime):
        """The BAL known not to serve: their clock says so, and a recent reading could have said otherwise."""
        return self.idle_since_months(F("operator__alert_after_months"), now).watched(now)

    def unwatched(self, now: datetime):
        """The BAL in service of which some use was known, and whose source is now silent."""
        once = Q(read_at__isnull=False) | Q(clock_at__lte=MonthsBefore(now, F("operator__alert_after_months")))
        return self.in_service().with_users().filter(once & ~is_watched(now), clock_at__isnull=False)

    def with_idleness(self, now: datetime):
        """Adds `is_idle`: `idle`, row by row."""
        return self.annotate(is_idle=in_row(Bal.objects.filter(pk=OuterRef("pk")).idle(now)))

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
                When(state=State.ACTIVE, clock_at=None, then=Value(Use.UNKNOWN)),
                When(~is_watched(now), then=Value(Use.UNKNOWN)),
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
        """Risen to a threshold not yet warned of, or fallen well below the one that was."""
        rising = [Q(percent_full__gte=limit, quota_warned__lt=limit) for limit in chosen.QUOTA_THRESHOLDS]
        falling = [
            Q(quota_warned=limit, percent_full__lt=limit - chosen.QUOTA_HYSTERESIS) for limit in chosen.QUOTA_THRESHOLDS
        ]
        return self.live().filter(reduce(or_, rising + falling))

    def locked(self):
        return self.select_for_update(of=("self",))


class Bal(models.Model):
    class Kind(models.TextChoices):
        NOMINATIVE = "PER", "nominative"
        ORGANISATIONNELLE = "ORG", "organisationnelle"
        APPLICATIVE = "APP", "applicative"
        CABINET = "CAB", "de cabinet"

    SHARED = (Kind.ORGANISATIONNELLE, Kind.CABINET)

    address = models.CharField("adresse", max_length=254, validators=[validate_address])
    kind = models.CharField("type", max_length=3, choices=Kind)
    state = models.CharField("état", max_length=30, choices=State, default=State.REQUESTED, editable=False)
    state_since = models.DateTimeField("dans cet état depuis", default=timezone.now, editable=False)
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="bals")  # responsable juridique
    responsable = models.ForeignKey(
        Person,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="responsable de structure",
        help_text="Décide, avec le cotitulaire principal, de qui a accès.",
    )
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="bals", verbose_name="opérateur")
    service = models.CharField("service de rattachement", max_length=90, blank=True)
    description = models.CharField("description", max_length=75, blank=True)
    purpose = models.TextField(
        "usage", blank=True, help_text="Ce qui s’échange par cette BAL, et sa place à côté des BAL nominatives."
    )
    liste_rouge = models.BooleanField("liste rouge", default=False)

    # Where its correspondents are led once it is withdrawn; empty on a BAL that stays.
    replaced_by = models.CharField("remplacée par", max_length=254, blank=True, validators=[validate_address])
    auto_reply = models.TextField("réponse automatique", max_length=1000, blank=True)

    # What is known of its use; each is empty when nobody told us.
    last_used_at = models.DateTimeField("dernière authentification", null=True, blank=True, editable=False)
    last_used_source = models.CharField("source", max_length=20, blank=True, editable=False)
    clock_at = models.DateTimeField(
        "départ de l’horloge d’inactivité", null=True, blank=True, editable=False
    )  # the later of the last use and the last opposition
    # Of a reading that sees uses: it is what lets the absence of any be concluded.
    read_at = models.DateTimeField("dernier relevé d’utilisation", null=True, blank=True, editable=False)
    used_mb = models.PositiveIntegerField("espace occupé (Mo)", null=True, blank=True, editable=False)
    quota_mb = models.PositiveIntegerField(
        "espace accordé (Mo)", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    percent_full = models.PositiveIntegerField("remplissage (%)", null=True, blank=True, editable=False)
    full_on = models.DateField("pleine vers le", null=True, blank=True, editable=False)  # None: nobody can tell
    quota_warned = models.PositiveSmallIntegerField("seuil averti (%)", default=0, editable=False)
    quota_cycle = models.PositiveIntegerField("cycle de saturation", default=1, editable=False)

    objects = BalQuerySet.as_manager()

    is_published: bool  # of a row read by `with_publication`
    is_idle: bool  # of a row read by `with_idleness`
    has_aliases: bool  # of the row that a BAL's page reads, and the next
    has_anomalies: bool

    class Meta:
        verbose_name = "BAL"
        verbose_name_plural = "BAL"
        constraints = [
            models.UniqueConstraint(
                fields=["address"],
                name="bal_address_once",
                violation_error_message="Cette adresse est déjà au registre.",
            ),
            models.CheckConstraint(condition=Q(address=Lower("address")), name="bal_address_lower_case"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="bal_state_known"),
            models.CheckConstraint(condition=Q(kind__in=["PER", "ORG", "APP", "CAB"]), name="bal_kind_known"),
        ]
        indexes = [
            # Few: each reading of the annuaire for others leaves them out.
            models.Index(fields=["address"], name="bal_liste_rouge", condition=Q(liste_rouge=True)),
            # The nightly sweep reads this one alone.
            models.Index(
                fields=["operator", "clock_at"],
                name="bal_idle_clock",
                condition=Q(state=State.ACTIVE) & HAS_USERS,
            ),
            models.Index(fields=["percent_full"], name="bal_fill", condition=Q(percent_full__isnull=False)),
            models.Index(fields=["quota_warned"], name="bal_quota_warned", condition=Q(quota_warned__gt=0)),
            models.Index(fields=["full_on"], name="bal_full_on"),
            models.Index(fields=["state", "kind"], name="bal_state_kind"),
            models.Index(fields=["structure", "address"], name="bal_structure_address"),
            models.Index(fields=["structure", "operator", "read_at"], name="bal_read_beside"),
        ]

    def __str__(self):
        return self.address

    def get_absolute_url(self):
        return reverse("bal", args=[self.pk])

    def clean(self):
        """An address is one BAL's, as its own or as an alias."""
        aliases = apps.get_model("mailboxes", "Alias")  # which knows the BAL
        if aliases._default_manager.filter(address=self.address).exclude(bal=self.pk).exists():
            raise ValidationError(
                {
                    "address": (
                        "Cette adresse est déjà au registre, comme alias d’une autre BAL : cherchez-la "
                        "pour ouvrir sa fiche."
                    )
                }
            )

    @property
    def is_shared(self) -> bool:
        return self.kind in self.SHARED

    @property
    def fill(self) -> Fill:
        return fill_of(self.percent_full)

    @property
    def has_users(self) -> bool:
        return self.kind != self.Kind.APPLICATIVE

    @property
    def is_of_unknown_use(self) -> bool:
        """`of_unknown_use`, in Python."""
        return self.has_users and self.state == State.ACTIVE and self.clock_at is None

    @cached_property
    def source_read_at(self) -> datetime | None:
        """When its operator's BAL in its structure were last read; None: never. One query."""
        beside = Bal.objects.filter(structure=self.structure_id, operator=self.operator_id)
        return beside.aggregate(last=Max("read_at"))["last"]

    @property
    def watched_until(self) -> datetime | None:
        """Until when its source's last reading lets the absence of any use be concluded: `watched`, as a date."""
        return self.source_read_at and self.source_read_at + self.operator.reading_worth

    @property
    def is_expected_in_annuaire(self) -> bool:
        return self.has_users and not self.liste_rouge

    @property
    def last_used_told_by(self) -> str:
        """Who dates the last use; "" where nobody does."""
        return dict(Reading.Source.choices).get(self.last_used_source, "") if self.last_used_at else ""

    @property
    def is_over(self) -> bool:
        """`~live`, in Python."""
        return self.state not in LIVE

    def leaves_by_choice(self) -> bool:
        """Is it on its way out because one of its holders asked for that?"""
        if self.state == State.IDLE_ALERTED:
            return False  # nobody asked for anything
        asked = [Verb.REQUEST_DEPUBLICATION, Verb.DEPUBLISH_IDLE, Verb.REQUEST_DELETION]
        entry = self.journal.filter(what__in=asked).order_by("-at", "-pk").first()
        return entry is not None and any(
            holder.person_id == entry.person_id or (entry.by_id and holder.person.user_id == entry.by_id)
            for holder in self.cotitulaires.all()
        )

    def measure(self) -> None:
        """Work out `percent_full` again, from the space used and the space granted."""
        self.percent_full = None
        if self.used_mb is not None and self.quota_mb:
            self.percent_full = round(100 * self.used_mb / self.quota_mb)

    def forecast(self, points: list[Point]) -> Forecast | Unknown:
        """The forecast of the day it will be full; `points` are its own of `Reading.objects.points_of`."""
        return forecast(points, self.quota_mb)

    def foresee(self, points: list[Point]) -> None:
        """Work out `full_on` again, from the readings and the space granted."""
        told = self.forecast(points)
        self.full_on = told.likely if isinstance(told, Forecast) else None

    def holders(self):
        """Those read with it, where they were: the manager alone takes longer to make than they to look at."""
        kept = self.__dict__.get("_prefetched_objects_cache", {})
        return kept["cotitulaires"] if "cotitulaires" in kept else self.cotitulaires.all()

    def principal(self):
        """Who answers for it: the PER's titulaire, the ORG's or CAB's principal; None for an orphan or an APP."""
        return next((c.person for c in self.holders() if c.is_principal), None)

    def is_held_by(self, person) -> bool:
        if person.pk is None:  # about to be entered, with what they will hold
            return any(holder.person_id is None and holder.person is person for holder in self.holders())
        return any(holder.person_id == person.pk for holder in self.holders())

    def roles_of(self, actor) -> frozenset[Role]:
        """Every role of `actor` on this BAL. No query per BAL after `with_holders`, but one per actor."""
        if actor is SYSTEM:
            return frozenset({Role.SYSTEM})
        # Read many times for one line of a list: kept with the holders that `with_holders` read, forgotten with them.
        kept = getattr(self, "_prefetched_objects_cache", {})
        if "cotitulaires" not in kept:
            return self._roles_of(actor)
        known = kept.setdefault("roles", {})
        roles = known.get(actor)
        if roles is None:
            roles = known[actor] = self._roles_of(actor)
        return roles

    def _roles_of(self, actor) -> frozenset[Role]:
        held = {holder.role for holder in self.holders() if holder.person.is_actor(actor)}
        if isinstance(actor, Signatory):
            return with_shared(held)  # the link was sent to a holder, as such
        is_delegated = any(d.person.is_actor(actor) for d in self.current_delegations())
        return roles_of_facts(actor, self.structure_id, held, is_delegated, self.nobody_answers)

    def assume(self, actor, roles: frozenset[Role]) -> None:
        """Take these for the roles of `actor`, found otherwise, and look for none."""
        self._prefetched_objects_cache = {"cotitulaires": [], "roles": {actor: roles}}

    def current_delegations(self):
        if not hasattr(self, "delegations"):
            self.delegations = list(Delegataire.objects.current().filter(bal=self).select_related("person"))
        return self.delegations

    def nobody_answers(self) -> bool:
        """Is there no professional to answer for it? An APP has none; a PER has none once its holder has left, by
        record."""
        if not self.has_users:
            return True
        return self.kind == self.Kind.NOMINATIVE and self.has_lost_its_holder()

    def has_lost_its_holder(self) -> bool:
        if not hasattr(self, "holder_has_left"):
            self.holder_has_left = Bal.objects.filter(holder_has_left(), pk=self.pk).exists()
        return self.holder_has_left

    def is_orphan(self) -> bool:
        """Does nobody answer for a shared BAL? It has no principal; or they have left; or the day of their departure
        has come, and only this role still keeps it from being recorded."""
        return self.principal() is None or self.has_lost_its_holder() or self.is_principal_due_to_leave()

    def is_principal_due_to_leave(self) -> bool:
        """Has the day of the principal's departure come, which only this role still keeps from being recorded?"""
        if not hasattr(self, "principal_is_due"):
            due = Movement.objects.due_departures(timezone.localdate()).filter(stay__person=self.principal())
            files = due.select_related("stay__structure__parent")
            self.principal_is_due = any(file.stay.structure.is_in_line_with(self.structure) for file in files)
        return self.principal_is_due


def read_together(bals: BalQuerySet) -> list[Bal]:
    """What `with_holders` gives, of thousands: whatever many BAL point to, a structure, an operator, a person, is made
    once. Django's own prefetching makes a query set for each BAL, and each of those as often as it is pointed to."""
    found = list(bals.annotate(holder_has_left=holder_left_in_row()))
    keys = {bal.pk for bal in found}
    held: dict[int, list[Cotitulaire]] = {pk: [] for pk in keys}
    lent: dict[int, list[Delegataire]] = {pk: [] for pk in keys}
    for holder in Cotitulaire.objects.filter(among("bal", keys)).order_by("-is_principal", "pk"):
        held[holder.bal_id].append(holder)
    for delegation in Delegataire.objects.current().filter(among("bal", keys)).select_related("person", "under"):
        lent[delegation.bal_id].append(delegation)
    named = {holder.person_id for holders in held.values() for holder in holders}
    people = {one.pk: one for one in Person.objects.filter(among("pk", named))}
    structures = Structure.objects.in_bulk({bal.structure_id for bal in found})
    operators = Operator.objects.in_bulk({bal.operator_id for bal in found})
    for bal in found:
        bal.structure, bal.operator = structures[bal.structure_id], operators[bal.operator_id]
        for holder in held[bal.pk]:
            holder.bal, holder.person = bal, people[holder.person_id]
        for delegation in lent[bal.pk]:
            delegation.bal = bal
        bal._prefetched_objects_cache = {"cotitulaires": held[bal.pk]}
        bal.delegations = lent[bal.pk]
    return found


def is_watched(now: datetime) -> Exists:
    """`BalQuerySet.watched`, as a condition on Bal: it stands among those beside it."""
    worth = Coalesce(F("operator__fresh_days"), chosen.READING_FRESH_DAYS)
    beside = Bal.objects.filter(structure=OuterRef("structure"), operator=OuterRef("operator"))
    return Exists(beside.filter(read_at__gte=DaysBefore(now, worth)))


def expected_in_sql(bal: str) -> str:
    """`expected_in_annuaire`, of the row so named in a query."""
    return f"({bal}.kind <> 'APP' AND NOT {bal}.liste_rouge)"


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


def _used_by(user) -> models.QuerySet:
    held = Cotitulaire.objects.filter(person__user_id=user.pk).values("bal")
    delegated = Delegataire.objects.current().filter(person__user_id=user.pk).values("bal")
    return held.union(delegated)


@prepared
def _bals_used(today: date, user):
    return _used_by(user).values_list("bal", flat=True)


@prepared
def _structures_managed(user):
    return Structure.objects.managed_by(user).order_by().values_list("pk", flat=True)


@prepared
def _structures_seen(user):
    return Structure.objects.visible_to(user).order_by().values_list("pk", flat=True)


def used_bals(user) -> frozenset[int]:
    """The ids of the BAL that `user` holds or has delegated access to; read once per user object."""
    if not hasattr(user, "_used_bals"):
        user._used_bals = frozenset(_bals_used(timezone.localdate(), user=user))
    return user._used_bals


def with_shared(held: set[Role]) -> frozenset[Role]:
    """A principal is a cotitulaire too."""
    return frozenset(held | {Role.COTITULAIRE} if Role.PRINCIPAL in held else held)


def roles_of_facts(
    actor, structure: int, held: set[Role], is_delegated: bool, nobody_answers: Callable[[], bool]
) -> frozenset[Role]:
    """The roles of `actor` on a BAL of this structure that they hold as `held`."""
    roles = set(with_shared(held))
    if is_delegated:
        roles.add(Role.DELEGATAIRE)
    if here := roles_at(structure, actor) - {Role.IDENTITES}:  # of people, and of no BAL
        roles |= here
        if nobody_answers():
            roles.add(Role.RESPONSABLE)
    elif structure in fed_structures(actor):
        roles.add(Role.LOGICIEL)
    return frozenset(roles)


def managed_structures(user) -> frozenset[int]:
    """The ids of the structures `user` manages; read once per user object, that is once per request."""
    if not hasattr(user, "_managed_structures"):
        user._managed_structures = frozenset(_structures_managed(user=user))
    return user._managed_structures


def seen_structures(user) -> frozenset[int]:
    """The ids of the structures `user` sees; read once per user object."""
    if not hasattr(user, "_seen_structures"):
        user._seen_structures = frozenset(_structures_seen(user=user))
    return user._seen_structures


def roles_at(structure: int, actor) -> frozenset[Role]:
    """The roles of `actor` in a structure, whatever is done there. One query per actor."""
    if actor is SYSTEM:
        return frozenset({Role.SYSTEM})
    if isinstance(actor, Signatory):
        return frozenset()  # the link was sent to a person, not to who manages
    if structure in managed_structures(actor):
        return frozenset({Role.GESTIONNAIRE})
    return frozenset({Role.IDENTITES} if structure in provisioned_structures(actor) else ())


def platform_roles(actor) -> frozenset[Role]:
    """The roles of `actor` in the whole installation: on no BAL, and the same in every structure."""
    is_one = isinstance(actor, get_user_model()) and actor.is_superuser
    return frozenset({Role.ADMINISTRATEUR} if is_one else ())


def provisioned_structures(user) -> frozenset[int]:
    """The ids of the structures whose people an identity manager, if `user` is one, tells us of."""
    return _structures_of_software(user, Scope.IDENTITIES)


def fed_structures(user) -> frozenset[int]:
    """The ids of the structures that a software, if `user` is one, sends readings for; read once per user object."""
    return _structures_of_software(user, Scope.USAGE)


def _structures_of_software(user, scope: Scope) -> frozenset[int]:
    kept = f"_{scope}_structures"
    if not hasattr(user, kept):
        software = getattr(user, "software", None)
        opens = software is not None and scope in software.scopes
        setattr(user, kept, seen_structures(user) if opens else frozenset())
    return getattr(user, kept)
