"""A question put to many at once: who is asked, what each answers, what is left at the end."""

from collections.abc import Iterable
from datetime import date, datetime

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, ExpressionWrapper, F, Max, OuterRef, Q, Value, When
from django.urls import reverse
from django.utils import timezone

from directory.folding import in_address
from mailboxes.lifecycle import IN_SERVICE, WITH_ACCESSES, CampaignKind, State
from mailboxes.models.bals import Bal
from mailboxes.models.holders import Cotitulaire
from mailboxes.models.journal import Notice
from mailboxes.models.people import Person
from mailboxes.models.preferences import Preference
from mailboxes.models.structures import Structure
from mailboxes.models.thresholds import chosen


class CampaignQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The campaigns of the structures one sees. Who is asked sees their own question, not the campaign."""
        if user.is_superuser:
            return self
        return self.filter(structure__in=Structure.objects.visible_to(user).values("pk"))

    def open(self):
        return self.filter(closed_at=None)

    def to_ask(self):
        """The campaigns with somebody not told yet in this round: just launched or reminded, or the job that told them
        died."""
        due = CampaignTarget.objects.due().filter(campaign=OuterRef("pk"))
        return self.open().filter(Exists(due))

    def to_remind(self, now):
        """Launched so long ago, never reminded, and not everybody answered."""
        waiting = CampaignTarget.objects.with_outcome().filter(campaign=OuterRef("pk"), outcome=Outcome.PENDING)
        since = now - chosen.CAMPAIGN_REMIND_AFTER
        return self.open().filter(Exists(waiting), rounds=1, launched_at__lte=since)

    def to_close(self, today):
        """The campaigns past their last day."""
        return self.open().filter(closes_on__lt=today)

    def with_counts(self):
        """Adds how many are targets, and how many of them wait for nothing any more."""
        answered = ~Q(targets__answer="")
        return self.annotate(total=models.Count("targets"), answered=models.Count("targets", filter=answered))


class RecurrenceQuerySet(models.QuerySet):
    def due(self, today: date):
        return self.filter(next_on__lte=today, structure__in=Structure.objects.standing().values("pk"))


class Campaign(models.Model):
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="campaigns")
    kind = models.CharField("sorte", max_length=10, choices=CampaignKind)
    title = models.CharField("titre", max_length=100)
    filter = models.TextField("filtre", blank=True)  # the register's own query string
    closes_on = models.DateField("dernier jour", null=True, blank=True)
    launched_at = models.DateTimeField("lancée le", default=timezone.now, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    # How often its targets are to have been told: each catches up with it, so a round that was cut short goes on.
    rounds = models.PositiveSmallIntegerField(default=1, editable=False)
    reminded_at = models.DateTimeField("rappelée le", null=True, blank=True, editable=False)
    closed_at = models.DateTimeField("close le", null=True, blank=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = "campagne"
        ordering = ["-launched_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["cleanup", "recertify", "preferred"]), name="campaign_kind_known"
            )
        ]
        indexes = [models.Index(fields=["structure", "-launched_at"], name="campaign_of_structure")]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("campaign", args=[self.pk])


class Recurrence(models.Model):
    """How often a structure, with those below it, has its accesses gone through; no row: only when it asks."""

    class Every(models.TextChoices):
        QUARTER = "quarter", "chaque trimestre"
        HALF_YEAR = "half_year", "deux fois par an"
        YEAR = "year", "chaque année"

    MONTHS = {Every.QUARTER: 3, Every.HALF_YEAR: 6, Every.YEAR: 12}

    structure = models.OneToOneField(Structure, models.CASCADE, primary_key=True, related_name="review")
    every = models.CharField("fréquence", max_length=10, choices=Every)
    next_on = models.DateField("prochaine revue le")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="fixée par")

    objects = RecurrenceQuerySet.as_manager()

    class Meta:
        verbose_name = "revue périodique des accès"
        verbose_name_plural = "revues périodiques des accès"
        constraints = [
            models.CheckConstraint(condition=Q(every__in=["quarter", "half_year", "year"]), name="review_every_known")
        ]

    def __str__(self):
        return f"{self.structure} : {self.get_every_display()}"

    def after(self, day: date) -> date:
        """The next day of a review, once that day has come; one that was missed is not made up for twice."""
        step = relativedelta(months=self.MONTHS[self.Every(self.every)])
        following = self.next_on + step
        return following if following > day else day + step


class Outcome(models.TextChoices):
    """What became of a target, besides what was answered: read from what happened, not written down."""

    PENDING = "pending", "sans réponse"
    UNREACHED = "unreached", "pas atteint"
    ELSEWHERE = "elsewhere", "réglé autrement"


def _is_replaced() -> Q:
    """The condition, on CampaignTarget, that whoever is asked does not answer for the BAL any more."""
    answers = Cotitulaire.objects.filter(bal=OuterRef("bal"), person=OuterRef("person"), is_principal=True)
    return Q(~Exists(answers), bal__isnull=False, person__isnull=False)


def awaits_another() -> Q:
    """The condition that it has still to be asked of somebody else: nobody has gone through the accesses."""
    return Q(_is_replaced(), open_kind=CampaignKind.RECERTIFICATION, answer="")


def settled_elsewhere() -> Q:
    """The condition, on CampaignTarget, that nothing is left to ask, however it was settled: a use, a transfer, a way
    out."""
    serves = Q(bal__state__in=IN_SERVICE)
    used = Q(bal__clock_at__gt=F("campaign__launched_at"))
    cleanup = Q(campaign__kind=CampaignKind.CLEANUP) & (used | ~serves)
    wishes = Preference.objects.main().filter(
        person=OuterRef("person"), wished_at__gt=OuterRef("campaign__launched_at")
    )
    preferred = Q(Exists(wishes), campaign__kind=CampaignKind.PREFERRED)
    is_gone = Q(bal__state__in=frozenset(State) - WITH_ACCESSES)
    return Q(_is_replaced(), ~awaits_another()) | is_gone | cleanup | preferred


def recertified_on(bals: Iterable[int]) -> dict[int, datetime]:
    """The day on which the accesses of each of these BAL were last gone through in a campaign; one query."""
    answered = CampaignTarget.objects.filter(
        campaign__kind=CampaignKind.RECERTIFICATION,
        bal__in=bals,
        answer__in=(CampaignTarget.Answer.CONFIRMED, CampaignTarget.Answer.WITHDRAWN),
    )
    return dict(answered.order_by().values_list("bal").annotate(last=Max("answered_at")))


class CampaignTargetQuerySet(models.QuerySet):
    def with_outcome(self):
        """Adds `outcome`: the answer, else what holds it up. Once the campaign is closed, life changes it no more."""
        stuck = Q(person=None) | awaits_another() | Exists(Notice.objects.undelivered().filter(pk=OuterRef("notice")))
        waits = Case(
            When(~Q(answer=""), then=F("answer")),
            When(settled_elsewhere() & ~Q(open_kind=""), then=Value(Outcome.ELSEWHERE.value)),
            When(stuck, then=Value(Outcome.UNREACHED.value)),
            default=Value(Outcome.PENDING.value),
            output_field=models.CharField(),
        )
        another = ExpressionWrapper(awaits_another(), output_field=models.BooleanField())
        return self.annotate(outcome=waits, awaits_another=another)

    def open(self):
        return self.exclude(open_kind="")

    def due(self):
        """The targets to tell in this round; those who could not be reached are left to the gestionnaire, among the
        notices."""
        behind = self.open().filter(told__lt=F("campaign__rounds")).exclude(person=None)
        return behind.with_outcome().filter(outcome=Outcome.PENDING)

    def put_to(self, person):
        """What one person is asked, or has answered, in campaigns that are still open."""
        return self.open().filter(~awaits_another(), person=person, told__gt=0)

    def named(self, text: str):
        """The targets whose address or name holds these words, in any order."""
        found = self
        for word in text.split():
            people = Person.objects.named(word).values("pk")
            found = found.filter(in_address("bal__address", word) | Q(person__in=people))
        return found

    def outcomes(self) -> dict[str, int]:
        """How many targets of each outcome; in one query."""
        rows = self.with_outcome().order_by().values_list("outcome").annotate(count=models.Count("pk"))
        return dict(rows)

    def states(self) -> dict[str, int]:
        """How many of their BAL are in each state today."""
        rows = self.exclude(bal=None).order_by().values_list("bal__state")
        return dict(rows.annotate(count=models.Count("pk")))

    def withdrawn(self) -> int:
        """How many accesses the answers withdrew."""
        return self.aggregate(sum=models.Sum("withdrawn"))["sum"] or 0

    def unanswered(self):
        return self.with_outcome().filter(outcome__in=[Outcome.PENDING, Outcome.UNREACHED])


class CampaignTarget(models.Model):
    """One BAL about which one person is asked; or, in a campaign about the preferred BAL, the person themselves."""

    class Answer(models.TextChoices):
        USED = "used", "Je m’en sers"
        UNUSED = "unused", "Je ne m’en sers plus"
        NOT_MINE = "not_mine", "Elle n’est pas à moi"
        CONFIRMED = "confirmed", "Accès confirmés"
        WITHDRAWN = "withdrawn", "Accès retirés"
        CHOSEN = "chosen", "BAL privilégiée choisie"
        DECLINED = "declined", "Ne veut pas choisir"
        ELSEWHERE = "elsewhere", "Réglé autrement"  # written at the end of the campaign

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="targets")
    bal = models.ForeignKey(Bal, models.PROTECT, null=True, blank=True, related_name="campaign_targets")
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="campaign_targets")
    # The campaign's kind as long as it is open, then "": so the database holds "one open question of each kind".
    open_kind = models.CharField(max_length=10, choices=CampaignKind, blank=True, editable=False)
    told = models.PositiveSmallIntegerField("fois", default=0, editable=False)
    told_at = models.DateTimeField("interrogé le", null=True, blank=True, editable=False)
    notice = models.ForeignKey(Notice, models.PROTECT, null=True, blank=True, related_name="targets")  # the last one
    answer = models.CharField("réponse", max_length=10, choices=Answer, blank=True)
    answered_at = models.DateTimeField("répondu le", null=True, blank=True)
    withdrawn = models.PositiveSmallIntegerField("accès retirés", default=0)

    objects = CampaignTargetQuerySet.as_manager()

    outcome: str  # of a row read by `with_outcome`
    awaits_another: bool

    class Meta:
        verbose_name = "question d’une campagne"
        verbose_name_plural = "questions d’une campagne"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["open_kind", "bal"], condition=~Q(open_kind="") & Q(bal__isnull=False), name="campaign_bal_once"
            ),
            models.UniqueConstraint(
                fields=["open_kind", "person"],
                condition=~Q(open_kind="") & Q(bal=None),
                name="campaign_person_once",
            ),
            models.CheckConstraint(
                condition=Q(bal__isnull=False) | Q(person__isnull=False), name="campaign_target_of_something"
            ),
        ]
        indexes = [models.Index(fields=["campaign", "told", "person"], name="campaign_round")]

    def __str__(self):
        return f"{self.bal or self.person} ({self.campaign})"

    def get_outcome_display(self) -> str:
        return OUTCOMES[self.outcome]

    @property
    def is_awaited(self) -> bool:
        return self.outcome in (Outcome.PENDING, Outcome.UNREACHED)

    @property
    def why_unreached(self) -> str:
        if self.person is None:
            return "sans principal : personne n’en répond"
        if self.awaits_another:
            return "n’en est plus le principal"
        return self.notice.get_delivery_display() if self.notice else ""


OUTCOMES: dict[str, str] = {**dict(CampaignTarget.Answer.choices), **dict(Outcome.choices)}
