"""What an operator is asked, and what became of it: they alone create, publish and delete."""

from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from directory.dates import start_of
from directory.models import Entry
from mailboxes.lifecycle import (
    AWAITED,
    AWAITS,
    OF_OPEN_ACCESSES,
    SHOWN_ONCE_DONE,
    STANDING,
    Party,
    RequestKind,
    RequestStage,
)
from mailboxes.models.aliases import Alias
from mailboxes.models.bals import Bal
from mailboxes.models.holders import Cotitulaire
from mailboxes.models.journal import JournalEntry, Notice
from mailboxes.models.operators import Operator
from mailboxes.models.people import Person
from mailboxes.models.structures import Structure
from mailboxes.models.thresholds import chosen


class RequestQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The requests of the structures one sees, and those on a BAL that one holds; a délégataire only uses it."""
        if user.is_superuser:
            return self
        structures = Structure.objects.visible_to(user).values("pk")
        held = Cotitulaire.objects.filter(person__user_id=user.pk).values("bal")
        return self.filter(Q(structure__in=structures) | Q(bal__in=held))

    def awaited(self):
        """Requests not yet answered by the operator."""
        return self.filter(stage__in=AWAITED)

    def closings(self):
        """The accesses taken away here, and not closed yet at the operator's."""
        return self.awaited().filter(kind=RequestKind.WITHDRAW, person__isnull=False)

    def done(self):
        """Done by the operator's word, and not yet seen."""
        return self.filter(stage=RequestStage.DONE)

    def refused(self, now):
        """Refused by the operator, and not asked again: while its BAL stays in the state that awaits it, or awaits the
        address refused, or else for so long that somebody has read it."""
        same_person = Q(person=OuterRef("person")) | Q(person=None)
        same_box = Q(bal=OuterRef("bal")) | Q(bal=None, address=OuterRef("address"))
        again = Request.objects.filter(same_person, same_box, kind=OuterRef("kind"), pk__gt=OuterRef("pk"))
        awaited = reduce(or_, (Q(kind=kind, bal__state__in=states) for kind, states in AWAITS.items()))
        coming = Alias.objects.coming().filter(bal=OuterRef("bal"), address=OuterRef("address"))
        migrating = Q(Exists(coming), kind=RequestKind.OPEN)
        beside = (Q(bal=None) | ~Q(kind__in=AWAITS)) & Q(closed_at__gt=now - settings.REFUSAL_SHOWN)
        return self.filter(awaited | migrating | beside, ~Exists(again), stage=RequestStage.REFUSED)

    def mark_sent(self, now) -> int:
        """Mark as sent; the operator has as many days as their record says. One statement per length of time."""
        drafts = self.filter(stage=RequestStage.DRAFT)
        sent = 0
        for days in set(drafts.values_list("operator__answer_days", flat=True)):
            due_on = timezone.localdate(now) + timedelta(days=days)
            asked = drafts.filter(operator__answer_days=days)
            sent += asked.update(stage=RequestStage.SENT, sent_at=now, due_on=due_on)
        return sent

    def overdue(self, today):
        return self.filter(stage=RequestStage.SENT, due_on__lt=today)

    def to_remind(self, today):
        """Overdue, and the operator not yet reminded in this cycle: of whom we know an address."""
        return self.overdue(today).filter(reminded_at=None).exclude(operator__request_email="")

    def to_escalate(self, now):
        """Overdue, and reminded in vain for so long; or of an operator who cannot be reminded by mail."""
        in_vain = Q(reminded_at__lte=now - chosen.REQUEST_ESCALATE_AFTER) | Q(operator__request_email="")
        return self.overdue(timezone.localdate(now)).filter(in_vain, escalated_at=None)

    def seen_in_annuaire(self, as_of):
        """What a picture of the annuaire taken since they were asked shows to be done, and no BAL's state awaits."""
        listed = Exists(Entry.objects.published().filter(address=OuterRef("address")))
        shown = Q(listed, kind__in=[kind for kind, is_shown in SHOWN_ONCE_DONE.items() if is_shown])
        withdrawn = Q(~listed, kind=RequestKind.DEPUBLISH)
        moving = Q(bal__state__in=AWAITS[RequestKind.DEPUBLISH])
        asked = self.filter(stage__in=STANDING).alias(asked=Coalesce("sent_at", "created_at"))
        return asked.filter(shown | (withdrawn & ~(Q(bal__isnull=False) & moving)), asked__lt=as_of)

    def with_letters(self):
        """The requests with everything that a list or a file shows, in as many queries for a thousand as for one."""
        letters = Notice.objects.filter(party=Party.OPERATOR)
        rows = self.select_related("structure", "operator", "by", "entry", "person").prefetch_related(
            Prefetch("entry__notices", letters, to_attr="letters"),
            Prefetch("bal", Bal.objects.with_holders()),
        )
        return rows


class Request(models.Model):
    """One thing asked of an operator; its text is that of the operator's notice of `entry`."""

    structure = models.ForeignKey(Structure, models.PROTECT, related_name="requests")
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="requests", verbose_name="opérateur")
    bal = models.ForeignKey(Bal, models.PROTECT, null=True, blank=True, related_name="requests")
    person = models.ForeignKey(  # whose access is opened or closed
        Person, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="personne"
    )
    address = models.CharField("adresse", max_length=254)  # of the BAL, or one that the register does not hold
    kind = models.CharField("demande", max_length=10, choices=RequestKind)
    stage = models.CharField("étape", max_length=10, choices=RequestStage, default=RequestStage.DRAFT, editable=False)
    detail = models.TextField("détail", blank=True)
    reason = models.TextField("motif", blank=True)
    answer = models.TextField("réponse de l’opérateur", blank=True)
    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="requests")
    lines = models.ManyToManyField(JournalEntry, related_name="+", editable=False)  # what was done of it since
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    created_at = models.DateTimeField("écrite le", default=timezone.now)
    sent_at = models.DateTimeField("envoyée le", null=True, blank=True)
    due_on = models.DateField("réponse attendue le", null=True, blank=True)
    done_at = models.DateTimeField("faite le", null=True, blank=True)
    verified_at = models.DateTimeField("constatée le", null=True, blank=True)
    closed_at = models.DateTimeField("refusée ou annulée le", null=True, blank=True)
    # The clock of reminders; a reminder by hand starts it anew.
    cycle = models.PositiveSmallIntegerField("cycle", default=1, editable=False)
    reminded_at = models.DateTimeField("relancée le", null=True, blank=True, editable=False)
    escalated_at = models.DateTimeField("retard signalé le", null=True, blank=True, editable=False)

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = "demande à l’opérateur"
        verbose_name_plural = "demandes aux opérateurs"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["stage", "due_on"], name="request_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["bal", "kind"],
                condition=Q(person=None, stage__in=[stage.value for stage in AWAITED]),
                name="request_once_at_a_time",
                violation_error_message="Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu.",
            ),
            models.UniqueConstraint(
                fields=["bal", "kind", "person"],
                condition=Q(person__isnull=False, stage__in=[stage.value for stage in AWAITED]),
                name="request_once_of_an_access",
                violation_error_message="Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu.",
            ),
            models.UniqueConstraint(
                fields=["structure", "address", "kind"],
                condition=Q(bal=None, stage__in=[stage.value for stage in AWAITED]),
                name="request_once_of_an_address",
                violation_error_message="Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu.",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} : {self.address}"

    def get_absolute_url(self):
        return reverse("request", args=[self.pk])

    @property
    def asks(self) -> str:
        """« fermeture d’un accès pour Alice MOREL »: of several on one BAL, which."""
        return f"{self.get_kind_display()} pour {self.person}" if self.person else self.get_kind_display()

    @property
    def moves_bal(self) -> bool:
        """Does the state of its BAL wait for it? Then the BAL moves with the request."""
        return self.bal is not None and self.bal.state in AWAITS.get(RequestKind(self.kind), ())

    @property
    def opens_access(self) -> bool:
        """Does it ask to let somebody in, and not to change an access that is open already?"""
        return self.kind == RequestKind.GRANT and self.entry.what not in OF_OPEN_ACCESSES

    @property
    def closes_access(self) -> bool:
        """`closings`, in Python."""
        return self.kind == RequestKind.WITHDRAW and self.is_awaited

    @property
    def is_awaited(self) -> bool:
        """`awaited`, in Python."""
        return self.stage in AWAITED

    @property
    def is_overdue(self) -> bool:
        return self.stage == RequestStage.SENT and self.due_on is not None and self.due_on < timezone.localdate()

    @property
    def reminder_on(self) -> date | None:
        """The day on which its operator is reminded, without an answer: `to_remind`, as a date."""
        if self.stage != RequestStage.SENT or self.due_on is None or self.reminded_at:
            return None
        return self.due_on + timedelta(days=1) if self.operator.request_email else None

    @property
    def escalates_at(self) -> datetime | None:
        """The moment when its delay is told to those who manage the structure: `to_escalate`, as a date."""
        if self.stage != RequestStage.SENT or self.due_on is None or self.escalated_at:
            return None
        overdue = start_of(self.due_on + timedelta(days=1))
        if not self.operator.request_email:
            return overdue
        return max(overdue, self.reminded_at + chosen.REQUEST_ESCALATE_AFTER) if self.reminded_at else None

    @property
    def letter(self) -> Notice | None:
        """What the operator was written, or is to be given by hand."""
        if hasattr(self.entry, "letters"):
            return next(iter(self.entry.letters), None)
        return self.entry.notices.filter(party=Party.OPERATOR).first()
