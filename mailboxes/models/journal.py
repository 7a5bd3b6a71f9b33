"""What happened, by whom and why; who was told, and when. The journal is history, audit and outbox in one."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from directory.clocks import to_come
from directory.dates import day_of, minute_of
from mailboxes.lifecycle import ANSWERABLE, LIVE, Act, Party, State, Verb
from mailboxes.models.bals import Bal
from mailboxes.models.holders import Cotitulaire
from mailboxes.models.operators import Operator
from mailboxes.models.people import Affiliation, Person
from mailboxes.models.structures import Structure
from mailboxes.models.system import SYSTEM
from mailboxes.models.thresholds import chosen

# What former versions wrote stays in the journal.
LABELS = {"correct_structure": "Corriger une structure", **dict(Verb.choices), **dict(Act.choices)}
STATES = dict(State.choices)
WHOLE = {"before": "Avant, en entier : ", "after": "Après, en entier : "}  # of what is cut there, in the note
# Whose form asks why. The note of any other act tells what it is about, how, or what was seen.
REASONED: frozenset[str] = frozenset(
    {
        Verb.ABANDON, Verb.OPPOSE, Verb.REQUEST_DEPUBLICATION, Verb.CANCEL_DEPUBLICATION, Verb.REQUEST_DELETION,
        Verb.CANCEL_DELETION, Verb.NEVER_EXISTED, Verb.OPERATOR_DELETED, Verb.RETRACT_OPENING, Verb.RETRACT_DELETION,
        Verb.REVIVE, Act.CORRECT, Act.CORRECT_PERSON, Act.REMOVE_COTITULAIRE, Act.DELEGATE, Act.END_DELEGATION,
        Act.EXTEND_DELEGATION, Act.ASK_EXTENSION, Act.CANCEL_REQUEST,
        Act.IGNORE_GAP, Act.RECORD_DEPARTURE, Act.CANCEL_DEPARTURE, Act.CANCEL_MOVEMENT, Act.DISMISS_SIGHTING,
        Act.DESCRIBE_STRUCTURE, Act.NUMBER_STRUCTURE, Act.CHOOSE_THRESHOLD, Act.ADD_ALIAS, Act.DROP_ALIAS,
        Act.MIGRATE, Act.LEAVE_MIGRATION, Act.MOVE_SERVICE, Act.MERGE_STRUCTURES, Act.CLOSE_STRUCTURE,
        Act.CHANGE_FINESS, Act.UNDO_MOVE,
    }
)  # fmt: skip
ATTESTED = "Attesté : "
LONGEST_WAIT = 7  # the lease on an entry doubles with each failure to tell it, so many times at most
UNITS: dict[str, str] = {Act.WARN_QUOTA: "%", Act.WARN_CERTIFICATE: "jours"}  # of a stage’s threshold


def is_held(field: str, now: datetime) -> Q:
    """Does a process hold the entry, or wait before it tries again?"""
    return to_come(field, now, settings.NOTICE_LEASE * 2**LONGEST_WAIT)


def is_of_structures(structures) -> Q:
    """Is it about one of their BAL, or about themselves? What is about a person alone stands on the person's page."""
    return Q(bal__structure__in=structures) | Q(bal=None, structure__in=structures)


class JournalQuerySet(models.QuerySet):
    def of_structures(self, structures):
        return self.filter(is_of_structures(structures))

    def visible_to(self, user):
        """The lines on the structures one sees, a BAL that one holds, oneself; a délégataire only uses the box."""
        if user.is_superuser:
            return self
        structures = Structure.objects.visible_to(user).values("pk")
        held = Cotitulaire.objects.filter(person__user_id=user.pk).values("bal")
        return self.filter(is_of_structures(structures) | Q(bal__in=held) | Q(bal=None, person__user_id=user.pk))

    def untold(self, now):
        """The entries still to be told that no process holds: a lease that ran out is taken up again."""
        return self.filter(told_at=None).exclude(is_held("leased_until", now))

    def claim(self, pk, now) -> bool:
        """Take the lease on one untold entry; False if it is told, or held by another process."""
        return bool(self.untold(now).filter(pk=pk).update(leased_until=now + settings.NOTICE_LEASE))

    def renew(self, pk, held_until, now) -> bool:
        """Hold on to a lease that ends at `held_until`; False if another process has taken it over."""
        return bool(self.filter(pk=pk, leased_until=held_until).update(leased_until=now + settings.NOTICE_LEASE))


class JournalEntry(models.Model):
    """One fact about a BAL; or, where the register has none, about an address of a person or of a structure; or about
    an operator.

    Triggers in the database forbid changing or deleting it, its delivery columns aside.
    """

    DELIVERY = ("told_at", "leased_until")

    bal = models.ForeignKey(Bal, models.PROTECT, null=True, blank=True, related_name="journal")
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="journal", verbose_name="personne"
    )
    structure = models.ForeignKey(Structure, models.PROTECT, null=True, blank=True, related_name="journal")
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, blank=True, related_name="journal")
    address = models.CharField("adresse", max_length=254, blank=True)  # one that the register does not hold
    at = models.DateTimeField("le", default=timezone.now)
    what = models.CharField("quoi", max_length=30)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    # Done by the signed link of a mail to this person: whoever read it, so `by` is nobody.
    signatory = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    before = models.CharField("avant", max_length=300, blank=True)
    after = models.CharField("après", max_length=300, blank=True)
    note = models.TextField("motif", blank=True)
    told_at = models.DateTimeField("transmis le", null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = JournalQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne de journal"
        verbose_name_plural = "journal"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["bal", "-at"], name="journal_of_bal"),
            models.Index(fields=["at"], name="journal_since"),
            models.Index(fields=["at"], name="journal_untold", condition=Q(told_at=None)),
            # For `claim`: by the one above PostgreSQL would read every line still untold, thousands after a campaign.
            models.Index(fields=["id"], name="journal_to_claim", condition=Q(told_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(bal__isnull=False)
                | Q(person__isnull=False)
                | Q(structure__isnull=False)
                | Q(operator__isnull=False),
                name="journal_about_something",
            )
        ]

    def __str__(self):
        return f"{self.subject} : {self.get_what_display()}"

    @property
    def subject(self):
        """What the line is about."""
        return self.bal or self.address or self.person or self.structure or self.operator

    @property
    def actor(self):
        """Who did it: an account, whoever read the mail that held a signed link, or the application."""
        return f"lien signé envoyé à {self.signatory}" if self.signatory_id else self.by or SYSTEM

    @property
    def says_why(self) -> bool:
        """Does its note begin by a reason, which somebody gave? What a job notes is what it saw; of a link, by which
        it came."""
        is_told = self.by_id is not None or (self.signatory_id is not None and self.what != Verb.OPPOSE)
        return is_told and self.what in REASONED and not self.note.startswith((*WHOLE.values(), ATTESTED))

    def get_what_display(self) -> str:
        return LABELS.get(self.what, self.what)

    def get_before_display(self) -> str:
        return STATES.get(self.before, self.before)

    def get_after_display(self) -> str:
        return STATES.get(self.after, self.after)


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The notices on the BAL, or to the people, of the structures one sees."""
        if user.is_superuser:
            return self
        structures = Structure.objects.visible_to(user).values("pk")
        there = Affiliation.objects.current().filter(structure__in=structures).values("person")
        return self.filter(Q(bal__structure__in=structures) | Q(bal=None, person__in=there))

    def delivered(self):
        return self.filter(bounced_at=None).exclude(sent_at=None)

    def undelivered(self):
        """The notices that did not reach: refused, without a channel, left to the gestionnaire, or failing at each
        try."""
        stuck = ~Q(channel__in=Notice.MAILED) | Q(attempts__gt=0)
        unsent = Q(stuck, ~Q(channel=Notice.Channel.WITHDRAWN), sent_at=None)
        return self.filter(~Q(bounced_at=None) | unsent)

    def current(self):
        """The notices about what the BAL is going through now; or about a person, less than a cycle of questions
        ago."""
        since = timezone.now() - settings.UNIDENTIFIED_CYCLE
        return self.filter(
            Q(bal__state__in=LIVE, created_at__gte=F("bal__state_since")) | Q(bal=None, created_at__gte=since)
        )


class Notice(models.Model):
    """One message to one recipient, with the proof that it was given: text, channel, date, outcome.

    `key` is unique per BAL (else per person, or address), stage, cycle and recipient: whatever crashes or runs twice,
    the notice stands once. Once sent, triggers in the database forbid changing or deleting it, its delivery columns
    aside.
    """

    DELIVERY = (
        "channel", "address", "attempts", "error", "sent_at", "how", "bounced_at", "answer", "answered_at",
    )  # fmt: skip

    class Channel(models.TextChoices):
        EMAIL = "email", "courriel"
        MSSANTE = "mssante", "messagerie MSSanté"
        HAND = "hand", "le gestionnaire"
        NONE = "none", "aucun canal connu"
        WITHDRAWN = "withdrawn", "retiré avant l’envoi"

    class Answer(models.TextChoices):
        """What was answered by the signed link of the mail, without logging in; once."""

        USED = "used", "Je m’en sers"
        KEPT = "kept", "Je la garde, sans m’en servir en ce moment"
        UNUSED = "unused", "Je ne m’en sers plus"

    MAILED = (Channel.EMAIL, Channel.MSSANTE)

    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="notices")
    bal = models.ForeignKey(Bal, models.PROTECT, null=True, blank=True, related_name="notices")  # as its entry's
    key = models.CharField(max_length=150, unique=True)
    stage = models.CharField("étape", max_length=30)
    party = models.CharField("destinataire", max_length=20, choices=Party)
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="notices")
    recipient = models.CharField("nom du destinataire", max_length=250)
    channel = models.CharField("canal", max_length=10, choices=Channel)
    address = models.EmailField("adresse", blank=True)
    subject = models.CharField("objet", max_length=250, blank=True)  # of the mail
    text = models.TextField("texte")
    created_at = models.DateTimeField("écrit le", default=timezone.now)
    attempts = models.PositiveSmallIntegerField("essais", default=0)
    error = models.TextField("dernier échec", blank=True)
    sent_at = models.DateTimeField("remis le", null=True, blank=True)
    how = models.CharField("remis comment", max_length=100, blank=True)  # where it was not by mail
    bounced_at = models.DateTimeField("refusé le", null=True, blank=True)  # for good; `error` says why
    answer = models.CharField("réponse par le lien", max_length=10, choices=Answer, blank=True)
    answered_at = models.DateTimeField("répondu le", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    outcome: str  # what followed, of a row read by `with_outcomes`

    class Meta:
        verbose_name = "avis"
        verbose_name_plural = "avis"
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["bal", "stage", "sent_at"], name="notice_proof")]

    def __str__(self):
        return f"{self.stage} à {self.recipient}"

    @property
    def act(self) -> str:
        """Some stages carry a number: the threshold of a quota (`warn_quota-90`), days before the end."""
        return self.stage.partition("-")[0]

    @property
    def is_answerable(self) -> bool:
        """Does its mail lead to a page where it is answered without logging in?"""
        return bool(self.bal_id and self.person_id) and self.party == Party.HOLDERS and self.act in ANSWERABLE

    def get_delivery_display(self) -> str:
        """What became of it, and when; the address is left out, for other holders read this."""
        if self.channel == self.Channel.WITHDRAWN:
            return "retiré avant l’envoi"
        if self.bounced_at:
            return f"non remis : refusé le {minute_of(self.bounced_at)} par la messagerie du destinataire"
        if self.sent_at:
            day = day_of(self.sent_at) if self.channel == self.Channel.HAND else minute_of(self.sent_at)
            return f"remis le {day} par {self.get_channel_display()}{self.how and f' ({self.how})'}"
        if self.channel == self.Channel.HAND:
            return "à remettre par le gestionnaire, comme le destinataire le demande"
        if self.channel == self.Channel.NONE:
            return "non remis : aucune adresse connue"
        return f"non remis ({self.attempts} essais)" if self.attempts else "en attente d’envoi"

    @property
    def is_delivered(self) -> bool:
        return self.sent_at is not None and self.bounced_at is None

    @property
    def is_stuck(self) -> bool:
        """Must somebody see to it? The same as `undelivered`."""
        waits = self.channel == self.Channel.WITHDRAWN or (self.channel in self.MAILED and not self.attempts)
        return not self.is_delivered and (self.bounced_at is not None or not waits)

    def get_stage_display(self) -> str:
        number = self.stage.partition("-")[2]  # of an operator, the letter that it is (`oppose-ask`)
        label = LABELS.get(self.act, self.act)
        return f"{label} ({number} {UNITS.get(self.act, 'jours avant')})" if number.isdigit() else label


class AccessTrace(models.Model):
    """Who looked at what; kept a year by default, then purged."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField("le", default=timezone.now)
    what = models.CharField("quoi", max_length=30)
    target = models.CharField("objet", max_length=300, blank=True)

    class Meta:
        verbose_name = "trace d’accès"
        verbose_name_plural = "traces d’accès"
        ordering = ["-at"]
        indexes = [models.Index(fields=["at"], name="trace_at")]

    def __str__(self):
        return f"{self.user} : {self.what} {self.target}"

    @staticmethod
    def kept_since(now: datetime) -> datetime:
        """The moment before which traces are deleted."""
        return now - chosen.ACCESS_TRACES_KEPT
