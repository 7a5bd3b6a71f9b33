"""The BAL: what it is, and what is known of it."""

from datetime import datetime

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Max, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from mailboxes.lifecycle import LIVE, TO_BE_LEFT, Role, State, Verb
from mailboxes.models import bal_sets
from mailboxes.models.bal_sets import HAS_USERS, BalQuerySet, holder_has_left, holder_left_in_row
from mailboxes.models.bulk import among
from mailboxes.models.fields import validate_address
from mailboxes.models.fill import Fill, fill_of
from mailboxes.models.forecast import Forecast, Point, Unknown, forecast
from mailboxes.models.holders import Cotitulaire, Delegataire
from mailboxes.models.movements import Movement
from mailboxes.models.operators import Operator
from mailboxes.models.people import Person
from mailboxes.models.roles import roles_of_facts, with_shared
from mailboxes.models.structures import Structure
from mailboxes.models.system import SYSTEM, Signatory
from mailboxes.models.usage import Reading


class Bal(models.Model):
    class Kind(models.TextChoices):
        NOMINATIVE = "PER", "nominative"
        ORGANISATIONNELLE = "ORG", "organisationnelle"
        APPLICATIVE = "APP", "applicative"
        CABINET = "CAB", "de cabinet"

    SHARED = bal_sets.SHARED

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
        """The moment when its operator's BAL in its structure were last read; None: never. One query."""
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

    @property
    def is_to_be_left(self) -> bool:
        """Are its correspondents to be led elsewhere?"""
        return self.state in TO_BE_LEFT

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
        """Holders as they were read with it, where they were: the manager alone takes longer to make than they to look
        at."""
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
