"""The people around the BAL, with or without RPPS, with or without an account."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import reduce
from operator import or_

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from directory.folding import fold, name_key_of, spellings
from directory.identifiers import national_id_of
from directory.models import Activity, Entry
from directory.readers.identifiers import read_identifier
from directory.readers.names import read_name
from directory.readers.texts import tidy
from mailboxes.models.bulk import among
from mailboxes.models.fields import identifier_field, validate_address
from mailboxes.models.presence import LASTING, present_on
from mailboxes.models.structures import Structure
from mailboxes.models.system import Signatory


def situations_by_rpps(numbers: Iterable[str | None]) -> dict[str, list[Activity]]:
    """The *situations d'exercice* that the annuaire gives these people today, by RPPS, in one query."""
    found: dict[str, list[Activity]] = defaultdict(list)
    activities = Activity.objects.current().of_rpps(number for number in numbers if number)
    for activity in activities.order_by("structure_name", "pk"):
        found[activity.national_id[1:]].append(activity)
    return dict(found)


def people_of_annuaire(numbers: Iterable[str]) -> dict[str, "Person"]:
    """The people whom the annuaire knows under these RPPS, by RPPS, unsaved; it does not say who has a card."""
    numbers = set(numbers)
    names = ("family_name", "given_name", "profession")
    entries = Entry.objects.published().filter(person_id__in=numbers).exclude(family_name="")
    lines = {entry.person_id: entry for entry in entries.order_by("-pk").only("person_id", *names)}
    activities = Activity.objects.current().of_rpps(numbers).only("national_id", *names)
    by_national_id = {activity.national_id: activity for activity in activities.order_by("-pk")}
    found = {number: by_national_id.get(national_id_of(number), lines.get(number)) for number in numbers}
    return {
        number: Person(
            rpps=number,
            family_name=line.family_name.title()[:100],
            given_name=line.given_name.title()[:100],
            profession=line.profession[:100],
        )
        for number, line in found.items()
        if line
    }


def written_name(given_name: str, family_name: str) -> str:
    return f"{given_name} {family_name.upper()}"


class PersonQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Oneself, and the people who are today in the structures one sees: who left is theirs no more."""
        if user.is_superuser:
            return self
        # EXISTS, not IN: for one person PostgreSQL looks at their stays, where IN would first read those of all.
        there = Affiliation.objects.current().filter(person=OuterRef("pk"))
        seen = Exists(there.filter(structure__in=Structure.objects.visible_to(user).values("pk")))
        return self.filter(Q(user_id=user.pk) | seen)

    def remembered_by(self, user):
        """`visible_to`, and those who were once in these structures: of them, these structures' own past facts alone
        are shown."""
        if user.is_superuser:
            return self
        return self.visible_to(user) | self.of_structures(Structure.objects.visible_to(user).values("pk"))

    def choosable_for(self, bal, user):
        """People whom `user` may name on this BAL: the people they see, and those who work in its structure today."""
        there = Affiliation.objects.current().filter(structure=bal.structure_id).values("person")
        seen = Person.objects.visible_to(user).values("pk")
        return self.filter(Q(pk__in=there) | Q(pk__in=seen))

    def choosable_in(self, structure, user):
        """People whom `user` may name on a BAL that `structure` will have: as `choosable_for`, and themselves in any
        case."""
        there = Affiliation.objects.current().filter(structure=structure).values("person")
        return self.filter(Q(pk__in=there) | Q(pk__in=Person.objects.visible_to(user).values("pk")))

    def of_structures(self, structures):
        """The people who are, or were, in one of these structures."""
        return self.filter(pk__in=Affiliation.objects.filter(structure__in=structures).values("person"))

    def able_to_hold(self):
        """`can_hold`, in SQL."""
        return self.filter(rpps__isnull=False, has_cps=True)

    def named(self, text: str):
        """The people with this RPPS, or whose names hold these words, in any order, accents and capitals aside;
        titles are none of them."""
        said = tidy(text)
        if number := read_identifier("RPPS", said).value:
            return self.filter(rpps=number)
        # The whole name, as the index `person_folded` holds it: PostgreSQL reads it there, and folds nothing.
        found = self.alias(folded_name=name_key_of())
        for word in fold(str(read_name(said))).split():
            found = found.filter(reduce(or_, (Q(folded_name__contains=one) for one in spellings(word))))
        return found if fold(said) else self.none()


class Person(models.Model):
    class Channel(models.TextChoices):
        """How a person wants to be told; also what a notice used."""

        EMAIL = "email", "courriel ordinaire"
        MSSANTE = "mssante", "messagerie MSSanté"
        HAND = "hand", "de vive voix ou par courrier, par le gestionnaire"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="person", verbose_name="compte"
    )
    rpps = identifier_field("RPPS", 11, "RPPS", null=True, unique=True)  # null, not "": many have none
    has_cps = models.BooleanField("CPS ou e-CPS", default=False)
    family_name = models.CharField("nom", max_length=100)
    given_name = models.CharField("prénom", max_length=100)
    profession = models.CharField("profession", max_length=100, blank=True)
    email = models.EmailField("courriel de notification", blank=True)
    channel = models.CharField("prévenu par", max_length=10, choices=Channel, default=Channel.EMAIL)
    mssante_address = models.CharField(
        "adresse MSSanté de notification", max_length=254, blank=True, validators=[validate_address]
    )
    # Links that act are sent to these addresses from then on; None: always, the person gave them.
    links_from = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = "personne"
        ordering = ["family_name", "given_name"]
        indexes = [models.Index(fields=["family_name", "given_name", "id"], name="person_name")]

    def __str__(self):
        return written_name(self.given_name, self.family_name)

    def get_absolute_url(self):
        return reverse("person", args=[self.pk])

    def clean(self):
        self.rpps = self.rpps or None
        self.mssante_address = self.mssante_address.strip().lower()

    def situations(self) -> list[Activity]:
        """The person's *situations d'exercice* by the annuaire; for several people at once, `situations_by_rpps` is
        cheaper."""
        return situations_by_rpps([self.rpps]).get(self.rpps or "", [])

    @cached_property
    def homes(self) -> list[Structure]:
        """The structures where they are, the one they came to first before the others; of many people, `read_homes`."""
        read_homes([self])
        return self.homes

    def is_actor(self, actor) -> bool:
        """Is it this person who acts?"""
        if isinstance(actor, Signatory):
            return actor.person.pk == self.pk
        return self.user_id is not None and self.user_id == actor.pk

    def reached_by(self, bal=None) -> tuple[str, str]:
        """The person's channel and their address there, "" where there is none. They are not told of a BAL in that
        BAL."""
        if self.channel == self.Channel.HAND:
            return self.Channel.HAND, ""
        elsewhere = bal is None or bal.address != self.mssante_address
        if self.channel == self.Channel.MSSANTE and self.mssante_address and elsewhere and settings.MSSANTE_MAIL:
            return self.Channel.MSSANTE, self.mssante_address
        return self.Channel.EMAIL, self.email

    def is_trusted_at(self, address: str) -> bool:
        """May a link that acts be sent there? To an address of theirs, not one that somebody else gave them of late."""
        is_theirs = address.lower() in (self.email.lower(), self.mssante_address.lower())
        return bool(address) and is_theirs and (self.links_from is None or self.links_from <= timezone.now())

    @property
    def can_hold(self) -> bool:
        """May be a titulaire or a cotitulaire: RPPS and CPS or e-CPS (ANS sheet on the extended BAL ORG)."""
        return bool(self.rpps) and self.has_cps


class AffiliationQuerySet(models.QuerySet):
    def present_on(self, day: date):
        return self.filter(present_on(day))

    def current(self):
        return self.present_on(timezone.localdate())

    def lasting(self):
        """The stays of which no end is recorded, not even a planned one."""
        return self.filter(LASTING)

    def over(self):
        """The contrary of `current`."""
        return self.filter(left_on__lte=timezone.localdate())

    def to_apply(self, today):
        """The stays that are over, and whose last accesses are still to be taken away."""
        return self.filter(left_on__lte=today, applied_at=None)

    def visible_to(self, user):
        """One's own, and those in the structures one sees."""
        if user.is_superuser:
            return self
        return self.filter(
            Q(person__user_id=user.pk) | Q(structure__in=Structure.objects.visible_to(user).values("pk"))
        )


class Affiliation(models.Model):
    """A person's presence in a structure, and its recorded end. `actions.record_departure` alone writes `left_on`."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="affiliations")
    structure = models.ForeignKey(Structure, models.CASCADE, related_name="affiliations")
    function = models.CharField("fonction", max_length=100, blank=True)
    arrived_on = models.DateField("arrivée", null=True, blank=True)
    left_on = models.DateField("départ", null=True, blank=True)  # gone from that day on; in the future, planned
    applied_at = models.DateTimeField("accès retirés le", null=True, blank=True, editable=False)
    # Since when it is known that the annuaire shows their activity here, or once did; None: it never was seen to.
    shown_at = models.DateTimeField("vue à l’annuaire le", null=True, blank=True, editable=False)

    objects = AffiliationQuerySet.as_manager()

    class Meta:
        verbose_name = "rattachement"
        indexes = [
            models.Index(fields=["left_on"], name="stay_to_apply", condition=Q(left_on__isnull=False, applied_at=None)),
            models.Index(fields=["person", "structure"], name="stay_over", condition=Q(left_on__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "structure"], condition=LASTING, name="affiliation_once_at_a_time"
            ),
        ]

    def __str__(self):
        return f"{self.person}, {self.structure}"

    def is_present_on(self, day: date) -> bool:
        return self.left_on is None or self.left_on > day

    @property
    def is_over(self) -> bool:
        return not self.is_present_on(timezone.localdate())


def read_homes(people: Iterable[Person]) -> None:
    """Read the `homes` of these people, in one query."""
    found = {person.pk: person for person in people}
    for person in found.values():
        person.homes = []
    stays = Affiliation.objects.current().filter(among("person", found)).order_by("pk")
    for stay in stays.select_related("structure__parent__parent"):
        found[stay.person_id].homes.append(stay.structure)
