"""The mail servers of operators that let us in: how full each BAL is (IMAP QUOTA), and the replies that holders asked
for (ManageSieve). And of our own mail servers, which ones rest."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from directory.clocks import to_come
from directory.typography import cut
from mailboxes.lifecycle import LIVE, OPENED
from mailboxes.models.bals import Bal
from mailboxes.models.operators import Operator
from mailboxes.models.secrets import lock, locked_anew, unlock

PORT = (MinValueValidator(1), MaxValueValidator(65535))
HOST = RegexValidator(
    r"^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$",
    "Donnez un nom de serveur, comme imap.operateur.fr, sans espace ni « https:// ».",
)
PURPOSE = "mailboxes.mailserver"  # of the lock on the secrets
LONGEST_WAIT = 24 * 60  # minutes between two tries of what fails


def wait_after(attempts: int) -> timedelta:
    """Ten minutes after the first failure, twice as long after each further one, a day at most."""
    return timedelta(minutes=min(LONGEST_WAIT, 10 * 2 ** min(attempts - 1, 10)))


def is_put_off(field: str, now: datetime) -> Q:
    """Is its next try still to come?"""
    return to_come(field, now, max(timedelta(minutes=LONGEST_WAIT), settings.MAILBOX_READ_EVERY))


class FailingQuerySet(models.QuerySet):
    def failing(self):
        return self.exclude(failing_since=None)


class Failing(models.Model):
    """Something tried again and again, later each time it fails."""

    attempts = models.PositiveSmallIntegerField("échecs de suite", default=0, db_default=0)
    failing_since = models.DateTimeField("en échec depuis", null=True, blank=True)
    failure = models.CharField("échec", max_length=300, blank=True, db_default="")
    next_at = models.DateTimeField("prochain essai", default=timezone.now)

    OF_FAILURE = ("attempts", "failing_since", "failure", "next_at")

    class Meta:
        abstract = True

    def note_failure(self, sentence: str, now: datetime) -> None:
        """Unsaved."""
        self.attempts = min(self.attempts + 1, 1000)
        self.failing_since = self.failing_since or now
        self.failure = cut(sentence, 300)
        self.next_at = now + wait_after(self.attempts)

    def note_success(self, next_at: datetime) -> None:
        """Unsaved."""
        self.attempts, self.failing_since, self.failure, self.next_at = 0, None, "", next_at


class Locked:
    """What opens a mail server: its secret is kept under lock."""

    secret: Any  # a column of the row

    @property
    def password(self) -> str | None:
        return unlock(PURPOSE, self.secret)

    @password.setter
    def password(self, password: str) -> None:
        self.secret = lock(PURPOSE, password)


class MailServerQuerySet(FailingQuerySet):
    def used(self):
        return self.filter(Q(reads_space=True) | Q(sets_replies=True))

    def due(self, now: datetime):
        """The servers to visit: asked for, not waited for, and that no process is at."""
        held = to_come("leased_until", now, settings.MAIL_VISIT_LEASE)
        return self.used().exclude(is_put_off("next_at", now)).exclude(held)

    def claim(self, pk: int, now: datetime) -> bool:
        """Take the lease on one that is due; False where another process was first."""
        return bool(self.due(now).filter(pk=pk).update(leased_until=now + settings.MAIL_VISIT_LEASE))


class MailServer(Locked, Failing):
    """An operator's mail server, where its administrators opened it to us."""

    class Tls(models.TextChoices):
        DIRECT = "tls", "chiffré dès la connexion (port 993)"
        STARTTLS = "starttls", "STARTTLS (port 143)"

    class Auth(models.TextChoices):
        MASTER = "master", "un compte de service, qui ouvre chaque BAL (SASL PLAIN, « authorization identity »)"
        OWN = "own", "un secret propre à chaque BAL, donné par ses titulaires"

    operator = models.OneToOneField(Operator, models.CASCADE, related_name="mail_server", verbose_name="opérateur")
    host = models.CharField("serveur", max_length=253, validators=[HOST])
    imap_port = models.PositiveIntegerField("port IMAP", default=993, validators=PORT)
    imap_tls = models.CharField("chiffrement IMAP", max_length=8, choices=Tls, default=Tls.DIRECT)
    sieve_port = models.PositiveIntegerField("port ManageSieve", default=4190, validators=PORT)
    auth = models.CharField("authentification", max_length=6, choices=Auth, default=Auth.MASTER)
    login = models.CharField("compte de service", max_length=100, blank=True)
    secret = models.TextField("mot de passe du compte de service", blank=True, editable=False)  # locked
    reads_space = models.BooleanField("relever l’espace occupé (IMAP QUOTA)", default=False)
    is_apart = models.BooleanField(
        "l’opérateur confirme que ces connexions ne comptent pas comme une utilisation", default=False
    )
    sets_replies = models.BooleanField("poser les réponses automatiques (ManageSieve)", default=False)
    worked_at = models.DateTimeField("dernière visite réussie", null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MailServerQuerySet.as_manager()

    class Meta:
        verbose_name = "serveur d’un opérateur"
        verbose_name_plural = "serveurs des opérateurs"
        ordering = ["operator__name"]

    def __str__(self):
        return f"{self.operator} ({self.host})"

    @property
    def is_used(self) -> bool:
        """`used`, in Python."""
        return self.reads_space or self.sets_replies


class MailAccessQuerySet(FailingQuerySet):
    def of_operator(self, operator: int):
        return self.filter(bal__operator=operator)


class MailAccess(Locked, Failing):
    """The access to one BAL at its operator's server: its own secret, where there is one, and how its readings go."""

    bal = models.OneToOneField(Bal, models.CASCADE, related_name="mail_access")
    secret = models.TextField("secret de la BAL", blank=True, editable=False)  # locked
    read_at = models.DateTimeField("dernier relevé IMAP", null=True, blank=True, editable=False)

    objects = MailAccessQuerySet.as_manager()

    class Meta:
        verbose_name = "accès au serveur d’un opérateur"
        verbose_name_plural = "accès aux serveurs des opérateurs"

    def __str__(self):
        return f"{self.bal}"


def bals_to_read(server: MailServer, now: datetime) -> models.QuerySet[Bal]:
    """The BAL of the operator whose space is to be read now; without a secret, where each wants its own, none is."""
    if not server.reads_space:
        return Bal.objects.none()
    bals = Bal.objects.filter(operator=server.operator_id, state__in=OPENED)
    if server.auth == MailServer.Auth.OWN:
        bals = bals.filter(mail_access__isnull=False).exclude(mail_access__secret="")
    due = bals.exclude(is_put_off("mail_access__next_at", now))
    return due.select_related("mail_access").order_by("mail_access__next_at", "pk")


def lock_anew() -> None:
    """Lock by the present key every secret that a former one locks."""
    for model in (MailServer, MailAccess):
        for pk, locked in model.objects.exclude(secret="").values_list("pk", "secret"):
            if (anew := locked_anew(PURPOSE, locked)) != locked:
                model.objects.filter(pk=pk, secret=locked).update(secret=anew)


OVER = ["ended", "refused"]  # the stages of an automatic reply of which nothing is left to do
IS_OVER = models.Q(stage__in=OVER)


class AutoReplyQuerySet(FailingQuerySet):
    def standing(self):
        """The replies that are asked for, set, or to be taken away."""
        return self.exclude(IS_OVER)

    def past(self, today):
        """The replies whose last day is over, and that nobody has taken away yet."""
        stages = (AutoReply.Stage.ASKED, AutoReply.Stage.SET)
        return self.filter(stage__in=stages, ends_on__lt=today, bal__state__in=LIVE).select_related("bal")

    def to_carry(self, operator: int, now: datetime):
        """What is to be done now at the operator's server: set from the first day on, taken away when it is over."""
        today = timezone.localdate(now)
        set_them = Q(stage=AutoReply.Stage.ASKED, starts_on__lte=today)
        due = self.filter(
            set_them | Q(stage=AutoReply.Stage.ENDING), bal__operator=operator, bal__state__in=OPENED
        ).exclude(is_put_off("next_at", now))
        return due.select_related("bal__mail_access", "bal__operator")


class AutoReply(Failing):
    """A reply that a holder asked for, with their words and dates: nobody else asks for one."""

    class Stage(models.TextChoices):
        ASKED = "asked", "demandée, pas encore en place"
        SET = "set", "en place chez l’opérateur"
        ENDING = "ending", "à retirer chez l’opérateur"
        ENDED = "ended", "terminée"
        REFUSED = "refused", "non posée"

    bal = models.ForeignKey(Bal, models.CASCADE, related_name="auto_replies")
    text = models.TextField("texte de la réponse", max_length=1000)
    starts_on = models.DateField("du", default=timezone.localdate)
    ends_on = models.DateField("au")
    stage = models.CharField("étape", max_length=7, choices=Stage, default=Stage.ASKED)
    asked_at = models.DateTimeField("demandée le", default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    set_at = models.DateTimeField("posée le", null=True, blank=True)
    ended_at = models.DateTimeField("retirée le", null=True, blank=True)

    objects = AutoReplyQuerySet.as_manager()

    class Meta:
        verbose_name = "réponse automatique"
        verbose_name_plural = "réponses automatiques"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["bal"],
                condition=~IS_OVER,
                name="auto_reply_once_at_a_time",
                violation_error_message="Cette BAL a déjà une réponse automatique : retirez-la d’abord.",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")),
                name="auto_reply_ends_after_it_starts",
                violation_error_message="Le dernier jour ne peut pas précéder le premier.",
            ),
        ]

    def __str__(self):
        return f"{self.bal}, du {self.starts_on:%d/%m/%Y} au {self.ends_on:%d/%m/%Y}"

    @property
    def is_over(self) -> bool:
        return self.stage in OVER


class RestingServer(models.Model):
    """One of our own mail servers that failed a moment ago: every process leaves it alone until then."""

    name = models.CharField("serveur", max_length=20, primary_key=True)  # the channel of the notices that it carries
    until = models.DateTimeField("au repos jusqu’à")
    since = models.DateTimeField("en échec depuis", default=timezone.now)
    error = models.CharField("échec", max_length=300, blank=True)

    class Meta:
        verbose_name = "serveur de courriel au repos"
        verbose_name_plural = "serveurs de courriel au repos"
        ordering = ["name"]

    def __str__(self):
        return self.name
