"""What shows that somebody may have gone, or chosen not to be shown: seen in the annuaire, or said by who manages
identities. A proposal, never an act: somebody opens the departure, notes the liste rouge, or says why not."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import connection, models
from django.db.models import Exists, F, Max, OuterRef, Q, Subquery
from django.utils import timezone

from directory.models import Activity, Entry, SyncRun, current_in_sql, published_in_sql
from directory.pictures import public_sources
from mailboxes.lifecycle import STANDING, RequestKind
from mailboxes.models.bals import Bal
from mailboxes.models.movements import leaves
from mailboxes.models.numbers import is_at_in_sql
from mailboxes.models.people import Affiliation, Person
from mailboxes.models.presence import present_in_sql
from mailboxes.models.requests import Request
from mailboxes.models.structures import Structure


class SightingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Sightings of the structures one sees."""
        if user.is_superuser:
            return self
        return self.of_structures(Structure.objects.visible_to(user).values("pk"))

    def of_structures(self, structures):
        return self.filter(Q(stay__structure__in=structures) | Q(bal__structure__in=structures))

    def of_stays(self):
        return self.filter(stay__isnull=False)

    def of_bals(self):
        return self.filter(bal__isnull=False)

    def open(self):
        """Sightings that nobody answered: no reason given, no departure prepared, no liste rouge noted."""
        going = Affiliation.objects.filter(leaves(), pk=OuterRef("stay"))
        noted = Bal.objects.filter(pk=OuterRef("bal"), liste_rouge=True)
        return self.filter(~Exists(going), ~Exists(noted), dismissed_at=None)


class Sighting(models.Model):
    """One fact, about a stay or about a BAL; its row lasts as long as the fact does."""

    class Kind(models.TextChoices):
        ENDED = "ended", "son activité dans la structure n’est plus à l’annuaire"
        GONE = "gone", "l’annuaire ne montre plus rien de cette personne"
        DISABLED = "disabled", "son compte est désactivé dans l’annuaire de l’établissement"
        RED_LISTED = "red_listed", "elle n’est plus à l’annuaire, et son opérateur la connaît toujours"

    kind = models.CharField("fait", max_length=10, choices=Kind)
    stay = models.ForeignKey(
        Affiliation, models.CASCADE, null=True, blank=True, related_name="sightings", verbose_name="rattachement"
    )
    bal = models.ForeignKey(Bal, models.CASCADE, null=True, blank=True, related_name="sightings", verbose_name="BAL")
    seen_at = models.DateTimeField("depuis le")  # since when the source no longer shows it
    noted_at = models.DateTimeField("relevé le", default=timezone.now)
    dismissed_at = models.DateTimeField("écarté le", null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="écarté par"
    )
    reason = models.CharField("motif", max_length=300, blank=True)

    objects = SightingQuerySet.as_manager()

    class Meta:
        verbose_name = "départ à confirmer"
        verbose_name_plural = "départs à confirmer"
        ordering = ["-seen_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "stay"], name="sighting_once_of_a_stay"),
            models.UniqueConstraint(fields=["kind", "bal"], name="sighting_once_of_a_bal"),
            models.CheckConstraint(
                condition=Q(stay__isnull=False, bal=None) | Q(stay=None, bal__isnull=False),
                name="sighting_of_a_stay_or_a_bal",
            ),
            models.CheckConstraint(
                condition=Q(dismissed_at=None) | ~Q(reason=""),
                name="sighting_dismissed_with_a_reason",
                violation_error_message="Dites pourquoi cette proposition est écartée.",
            ),
        ]

    def __str__(self):
        return f"{self.subject} : {self.get_kind_display()}"

    @property
    def subject(self) -> Person | Bal | None:
        """The person or the BAL that it is about; one of the two, as the database holds."""
        return self.stay.person if self.stay else self.bal

    @property
    def structure(self) -> Structure:
        about = self.stay or self.bal
        assert about  # noqa: S101 - as the database holds
        return about.structure


# --- What the annuaire shows ------------------------------------------------------------------------------------------
# The names in braces are put in by `_rows`: tables and conditions of ours, never a value.
STAYS = """
    WITH stays AS (
        SELECT a.id, a.shown_at, a.arrived_on, p.rpps, '8' || p.rpps AS national_id,
            s.finess_et, s.finess_ej, s.siret, s.rpps_rang
        FROM {affiliation} a JOIN {person} p ON p.id = a.person_id JOIN {structure} s ON s.id = a.structure_id
        WHERE {present} AND p.rpps IS NOT NULL)"""
SHOWN = """{stays}
    SELECT DISTINCT s.id FROM stays s JOIN {activity} t ON t.national_id = s.national_id
    WHERE {t_current} AND {is_at} AND s.shown_at IS NULL"""
# Once shown, or told by a line withdrawn since the arrival; and by no line of today.
UNSHOWN = """{stays},
    missing AS (
        SELECT s.*, (SELECT max(t.withdrawn_at) FROM {activity} t
                     WHERE t.national_id = s.national_id AND {is_at}) AS ended_at
        FROM stays s WHERE NOT EXISTS (
            SELECT 1 FROM {activity} t
            WHERE t.national_id = s.national_id AND {t_current} AND {is_at}))
    SELECT m.id, m.ended_at, CASE WHEN EXISTS (
            SELECT 1 FROM {activity} t WHERE t.national_id = m.national_id AND {t_current})
        OR EXISTS (SELECT 1 FROM {entry} e WHERE e.person_id = m.rpps AND {published})
        THEN 'ended' ELSE 'gone' END AS kind
    FROM missing m
    WHERE m.shown_at IS NOT NULL
        OR (m.ended_at IS NOT NULL AND (m.arrived_on IS NULL OR {day_of_end} >= m.arrived_on))"""


def _rows(query: str) -> list[tuple]:
    tables = (Affiliation, Person, Structure, Activity, Entry)
    names = {model.__name__.lower(): model._meta.db_table for model in tables}
    names |= {
        "present": present_in_sql("a", timezone.localdate()),
        "is_at": is_at_in_sql("t", "s"),
        "t_current": current_in_sql("t"),
        "published": published_in_sql("e"),
        "day_of_end": "CAST(m.ended_at AS date)" if connection.vendor == "postgresql" else "date(m.ended_at)",
    }
    with connection.cursor() as cursor:
        cursor.execute(query.format_map(names | {"stays": STAYS.format_map(names)}))
        return cursor.fetchall()


def stays_shown() -> list[int]:
    """The stays whose activity the annuaire shows for the first time."""
    return [pk for (pk,) in _rows(SHOWN)]


def facts_of_stays(as_of: datetime) -> dict[tuple[str, int], datetime]:
    """What a picture of the activities taken `as_of` no longer shows, by kind and stay, with since when."""
    return {(kind, pk): _moment(ended_at) or as_of for pk, ended_at, kind in _rows(UNSHOWN)}


def _moment(value: datetime | str | None) -> datetime | None:
    """SQLite hands a moment out as it keeps it: text, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


def facts_of_bals() -> dict[tuple[str, int], datetime]:
    """The BAL in service that left the public annuaire and that their operator has told of since; not those that the
    operator is asked to publish again, which left because we had asked for that."""
    lines = Entry.objects.filter(address=OuterRef("address"), source__in=public_sources()).order_by()
    left_at = Subquery(lines.values("address").annotate(last=Max("withdrawn_at")).values("last"))
    asked = Request.objects.filter(bal=OuterRef("pk"), kind=RequestKind.PUBLISH, stage__in=STANDING)
    absent = Bal.objects.in_service().absent().annotate(left_at=left_at)
    gone = absent.filter(~Exists(asked), read_at__gt=F("left_at"))
    return {(Sighting.Kind.RED_LISTED.value, pk): at for pk, at in gone.values_list("pk", "left_at")}


def latest_activities() -> SyncRun | None:
    """The run that brought the activities, where it is fresh enough to conclude from."""
    run = SyncRun.objects.latest_of("activities")
    return run if run and not run.is_stale else None
