"""What the inbox remembers: since when each thing is to be done, who has put it aside or taken it, and who was here."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from mailboxes.models import Bal, Engagement, Movement, Request, Sighting, Structure

DONE_FOR = timedelta(days=14)  # said done and still there after that: it is shown again


def is_paused(now: datetime) -> Q:
    return Q(paused_until__gt=timezone.localdate(now))


def is_done(now: datetime) -> Q:
    return Q(done_at__gt=now - DONE_FOR)


class TodoQuerySet(models.QuerySet):
    def paused(self, now: datetime):
        return self.filter(is_paused(now))

    def done(self, now: datetime):
        return self.filter(is_done(now))

    def aside(self, now: datetime):
        """The things that ask for nothing today: paused, or said done."""
        return self.filter(is_paused(now) | is_done(now))


def _about(column: str, *, address: str | None = "") -> Q:
    """About this alone, of all that a thing to do may be about."""
    others = [one for one in ("bal", "movement", "sighting", "engagement", "request", "structure") if one != column]
    held = Q(**{f"{column}__isnull": False}, **dict.fromkeys(others))
    return held if address is None else held & Q(address=address)


class Todo(models.Model):
    """One finding about one BAL, file, sighting, engagement, request or gap: the row lasts as long as the finding does.

    What is decided of it is shared by all who follow the structure.
    """

    finding = models.CharField("point", max_length=40)
    bal = models.ForeignKey(Bal, models.CASCADE, null=True, blank=True, related_name="todos")
    movement = models.ForeignKey(Movement, models.CASCADE, null=True, blank=True, related_name="todos")
    sighting = models.ForeignKey(Sighting, models.CASCADE, null=True, blank=True, related_name="todos")
    engagement = models.ForeignKey(Engagement, models.CASCADE, null=True, blank=True, related_name="todos")
    request = models.ForeignKey(Request, models.CASCADE, null=True, blank=True, related_name="todos")
    # Of a gap, which is computed: where it is, and of which address.
    structure = models.ForeignKey(Structure, models.CASCADE, null=True, blank=True, related_name="+")
    address = models.CharField("adresse", max_length=254, blank=True, db_default="")
    since = models.DateTimeField("depuis le", default=timezone.now)
    paused_until = models.DateField("en pause jusqu’au", null=True, blank=True)
    done_at = models.DateTimeField("dit fait le", null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="todos", verbose_name="confié à"
    )

    objects = TodoQuerySet.as_manager()

    class Meta:
        verbose_name = "chose à faire"
        verbose_name_plural = "choses à faire"
        constraints = [
            models.UniqueConstraint(fields=["finding", "bal"], name="todo_once"),
            models.UniqueConstraint(fields=["finding", "movement"], name="todo_of_movement_once"),
            models.UniqueConstraint(fields=["finding", "sighting"], name="todo_of_sighting_once"),
            models.UniqueConstraint(fields=["finding", "engagement"], name="todo_of_engagement_once"),
            models.UniqueConstraint(fields=["finding", "request"], name="todo_of_request_once"),
            models.UniqueConstraint(fields=["finding", "structure", "address"], name="todo_of_gap_once"),
            models.CheckConstraint(
                condition=_about("bal")
                | _about("movement")
                | _about("sighting")
                | _about("engagement")
                | _about("request")
                | (_about("structure", address=None) & ~Q(address="")),
                name="todo_about_one_thing",
            ),
        ]

    def __str__(self):
        about = self.bal or self.movement or self.sighting or self.engagement or self.request or self.address
        return f"{self.finding} : {about}"

    @property
    def key(self) -> str:
        """The key of a gap, written as `Gap.key`."""
        return f"{self.finding}:{self.structure_id}:{self.address}"


class DeskQuerySet(models.QuerySet):
    def due_for_digest(self, monday):
        """The desks whose digest of this week is still to be sent."""
        return self.filter(Q(digest_on=None) | Q(digest_on__lt=monday), wants_digest=True)


class Desk(models.Model):
    """What one account saw last, and whether it wants the Monday mail."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="desk", primary_key=True)
    wants_digest = models.BooleanField("résumé du lundi", default=True, db_default=True)
    digest_on = models.DateField("dernier résumé", null=True, blank=True)
    visited_at = models.DateTimeField("dernière visite", null=True, blank=True)
    before_at = models.DateTimeField("visite d’avant", null=True, blank=True)

    objects = DeskQuerySet.as_manager()

    class Meta:
        verbose_name = "bureau"
        verbose_name_plural = "bureaux"

    def __str__(self):
        return str(self.user)


VISIT = timedelta(hours=2)  # without a page for so long, the next one begins another visit


def desk_of(user) -> Desk:
    """The desk of `user`, whose visit goes on or begins; written once in a while, not at each page."""
    desk, _ = Desk.objects.get_or_create(user=user)
    now = timezone.now()
    if desk.visited_at is None or now - desk.visited_at > timedelta(minutes=5):
        if desk.visited_at and now - desk.visited_at > VISIT:
            Desk.objects.filter(pk=desk.pk).update(before_at=F("visited_at"), visited_at=now)
        else:
            Desk.objects.filter(pk=desk.pk).update(visited_at=now)
        desk.refresh_from_db()
    return desk
