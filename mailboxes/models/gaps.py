"""What people decided of the annuaire: of a gap with the register, and of each address that bears their RPPS."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from directory.models import Entry
from mailboxes.models.bals import Bal
from mailboxes.models.bulk import among
from mailboxes.models.holders import Cotitulaire
from mailboxes.models.people import Affiliation, Person
from mailboxes.models.structures import Structure


class GapDecision(models.Model):
    """The latest decision on a gap. The gap itself is computed; it comes back when `digest` is no longer its fact's."""

    class Decision(models.TextChoices):
        IGNORED = "ignored", "laissé de côté"
        ASKED = "asked", "demandé à l’opérateur"

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="gap_decisions")
    address = models.CharField("adresse", max_length=254)
    situation = models.CharField("situation", max_length=30)
    decision = models.CharField("décision", max_length=10, choices=Decision)
    reason = models.TextField("motif", blank=True)
    until = models.DateField("jusqu’au", null=True, blank=True)
    digest = models.CharField("empreinte du fait", max_length=32)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "décision sur un écart"
        verbose_name_plural = "décisions sur les écarts"
        constraints = [models.UniqueConstraint(fields=["structure", "situation", "address"], name="gap_decided_once")]

    def __str__(self):
        return f"{self.address} : {self.get_decision_display()}"


class GapSearch(models.Model):
    """The moment when the gaps of a structure were last looked for, and kept as `FoundGap`."""

    structure = models.OneToOneField(Structure, models.CASCADE, related_name="gap_search")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "recherche d’écarts"
        verbose_name_plural = "recherches d’écarts"

    def __str__(self):
        return f"{self.structure}, {self.at}"


class FoundGap(models.Model):
    """A gap as it stood at the latest `GapSearch`: what is written by `gaps.Gaps` alone, and read in its place by who
    follows too many BAL to have them looked for at each page. What was decided of it is not kept here."""

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="found_gaps")
    situation = models.CharField("situation", max_length=30)
    address = models.CharField("adresse", max_length=254)
    bal = models.ForeignKey(Bal, models.CASCADE, null=True, related_name="found_gaps")
    digest = models.CharField("empreinte du fait", max_length=32)

    class Meta:
        verbose_name = "écart trouvé"
        verbose_name_plural = "écarts trouvés"
        constraints = [models.UniqueConstraint(fields=["structure", "situation", "address"], name="gap_found_once")]

    def __str__(self):
        return f"{self.address} : {self.situation}"


class ClaimQuerySet(models.QuerySet):
    def unanswered(self):
        return self.filter(answer="")

    def settled(self, now: datetime):
        """Answered, or asked within this cycle."""
        return self.filter(~Q(answer="") | Q(asked_at__gt=now - settings.UNIDENTIFIED_CYCLE))

    def to_ask(self, people: Iterable[Person], now: datetime) -> dict[int, list[str]]:
        """The addresses, by person, that the annuaire lists under their RPPS, not held by them here, not settled. Three
        queries, however many they are."""
        by_number = {person.rpps: person.pk for person in people if person.rpps}
        keys = among("person", [person.pk for person in people])
        listed = Entry.objects.published().filter(among("person_id", by_number)).order_by()
        known = {*self.settled(now).filter(keys).values_list("person", "address")}
        known |= {*Cotitulaire.objects.filter(keys).order_by().values_list("person", "bal__address")}
        addresses: dict[int, list[str]] = {person.pk: [] for person in people}
        for number, address in sorted(listed.values_list("person_id", "address").distinct()):
            if (by_number[number], address) not in known:
                addresses[by_number[number]].append(address)
        return addresses

    def to_remind(self, now: datetime):
        """Unanswered for so long, not yet reminded in this cycle, and still listed under the person's RPPS."""
        listed = Entry.objects.published().filter(address=OuterRef("address"), person_id=OuterRef("person__rpps"))
        since = now - settings.UNIDENTIFIED_REMIND_AFTER
        return self.unanswered().filter(Exists(listed), asked_at__lte=since, reminded_at=None)

    def people_to_ask(self, now: datetime):
        """The people with something in `to_ask`, among those who work somewhere today."""
        settled = self.settled(now).filter(person=OuterRef(OuterRef("pk")), address=OuterRef("address"))
        held = Cotitulaire.objects.filter(person=OuterRef(OuterRef("pk")), bal__address=OuterRef("address"))
        listed = Entry.objects.published().filter(person_id=OuterRef("rpps"))
        unknown = listed.filter(~Exists(settled), ~Exists(held))
        there = Affiliation.objects.current().values("person")
        return Person.objects.filter(Exists(unknown), rpps__isnull=False, pk__in=there)

    def people_to_remind(self, now: datetime):
        return Person.objects.filter(pk__in=self.to_remind(now).values("person"))


class Claim(models.Model):
    """What a person was asked, and answered, of one address that the annuaire lists under their RPPS.

    Once answered by a signed link, that link changes nothing more: only its holder, logged in, may answer anew.
    """

    class Answer(models.TextChoices):
        USED = "used", "à moi et utilisée"
        UNUSED = "unused", "à moi et inutilisée"
        NOT_MINE = "not_mine", "pas à moi"

    class Channel(models.TextChoices):
        APP = "app", "dans l’application"
        LINK = "link", "par le lien d’un courriel"

    person = models.ForeignKey(Person, models.CASCADE, related_name="claims")
    address = models.CharField("adresse", max_length=254)
    answer = models.CharField("réponse", max_length=10, choices=Answer, blank=True)
    at = models.DateTimeField("répondu le", null=True, blank=True)
    channel = models.CharField("par", max_length=10, choices=Channel, blank=True)
    cycle = models.PositiveSmallIntegerField("cycle", default=0)  # how many times it was asked anew
    asked_at = models.DateTimeField("demandé le", null=True, blank=True)
    reminded_at = models.DateTimeField("rappelé le", null=True, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = "réponse sur une adresse"
        verbose_name_plural = "réponses sur les adresses"
        ordering = ["address"]
        constraints = [models.UniqueConstraint(fields=["person", "address"], name="claim_once")]
        indexes = [
            models.Index(fields=["address", "answer"], name="claim_of_address"),
            models.Index(fields=["asked_at"], name="claim_unanswered", condition=Q(answer="")),
        ]

    def __str__(self):
        return f"{self.person} : {self.address}"
