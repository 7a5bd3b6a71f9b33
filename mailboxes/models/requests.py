"""What an operator is asked, and what became of it: only he creates, publishes and deletes."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mailboxes.lifecycle import RequestKind, RequestStage
from mailboxes.models.bals import Bal
from mailboxes.models.journal import JournalEntry
from mailboxes.models.structures import Operator, Structure

AWAITED = (RequestStage.DRAFT, RequestStage.SENT)


class RequestQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of the structures one sees, and those on one's own BAL."""
        if user.is_superuser:
            return self
        structures = Structure.objects.visible_to(user).values("pk")
        return self.filter(Q(structure__in=structures) | Q(bal__in=Bal.objects.mine(user).values("pk")))

    def awaited(self):
        """Not yet answered by the operator."""
        return self.filter(stage__in=AWAITED)

    def mark_sent(self, now) -> int:
        """The operator was told; he has as many days as his file says. One statement per length of time."""
        drafts = self.filter(stage=RequestStage.DRAFT)
        sent = 0
        for days in set(drafts.values_list("operator__answer_days", flat=True)):
            due_on = timezone.localdate(now) + timedelta(days=days)
            asked = drafts.filter(operator__answer_days=days)
            sent += asked.update(stage=RequestStage.SENT, sent_at=now, due_on=due_on)
        return sent

    def overdue(self, today):
        return self.filter(stage=RequestStage.SENT, due_on__lt=today)


class Request(models.Model):
    """One thing asked of an operator; its text is that of the operator's notice of `entry`."""

    structure = models.ForeignKey(Structure, models.PROTECT, related_name="requests")
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="requests", verbose_name="opérateur")
    bal = models.ForeignKey(Bal, models.PROTECT, null=True, blank=True, related_name="requests")
    address = models.CharField("adresse", max_length=254)  # of the BAL, or one that the register does not hold
    kind = models.CharField("demande", max_length=10, choices=RequestKind)
    stage = models.CharField("étape", max_length=10, choices=RequestStage, default=RequestStage.DRAFT, editable=False)
    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="requests")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    created_at = models.DateTimeField("écrite le", default=timezone.now)
    sent_at = models.DateTimeField("envoyée le", null=True, blank=True)
    due_on = models.DateField("réponse attendue le", null=True, blank=True)
    done_at = models.DateTimeField("faite le", null=True, blank=True)
    verified_at = models.DateTimeField("constatée le", null=True, blank=True)
    closed_at = models.DateTimeField("refusée ou annulée le", null=True, blank=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = "demande à l’opérateur"
        verbose_name_plural = "demandes aux opérateurs"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["stage", "due_on"], name="request_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["bal", "kind"],
                condition=Q(stage__in=[stage.value for stage in AWAITED]),
                name="request_once_at_a_time",
                violation_error_message="Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu.",
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()} : {self.address}"
