"""What software narrows a list by: the pages' filters, and the keys that it knows without having read us."""

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import or_

import django_filters as filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from directory.models import Entry
from directory.readers.address import read_address
from directory.readers.identifiers import READERS, read_structure_number
from directory.readers.texts import Read
from mailboxes.forms.bal_filter import BalFilter
from mailboxes.forms.filters import (
    DelegationFilter,
    HolderFilter,
    JournalFilter,
    MomentFilter,
    PersonFilter,
    ReadingFilter,
    RequestFilter,
    StructureFilter,
)
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Cotitulaire, JournalEntry, Operator, Reading, Structure

# They end or begin stays without a line for each person.
MOVING_PEOPLE = (Act.MOVE_SERVICE, Act.MERGE_STRUCTURES, Act.CLOSE_STRUCTURE, Act.UNDO_MOVE)


class ReadField(forms.CharField):
    """A value however it is written; one that cannot be read is refused, for it would find nothing and not say why."""

    def __init__(self, *args, read: Callable[[str], Read], **kwargs):
        super().__init__(*args, **kwargs)
        self.read = read

    def clean(self, value):
        said = super().clean(value)
        found = self.read(said) if said else Read("")
        if found.problem:
            raise forms.ValidationError(found.problem, "malformed")
        return found.value


class Key(filters.CharFilter):
    """Narrowed by what `read` makes of the value."""

    field_class = ReadField


def address_key(field_name: str) -> Key:
    return Key(field_name=field_name, read=read_address, label="Adresse de la BAL, en entier")


def operator_key() -> filters.ModelChoiceFilter:
    return filters.ModelChoiceFilter(queryset=Operator.objects.all(), to_field_name="code", label="Code de l’opérateur")


def _rpps_or_not(text: str) -> Read:
    return Read(text) if text in ("avec", "sans") else READERS["RPPS"](text)


class BalKeys(BalFilter):
    address = address_key("address")
    rpps = Key(method="held_by_number", read=READERS["RPPS"], label="RPPS de qui en est titulaire ou cotitulaire")
    finess = Key(method="of_number", read=read_structure_number, label="FINESS, SIRET ou RPPS-rang de sa structure")
    operator = operator_key()
    updated_since = MomentFilter(method="changed_since", label="Changées depuis ce moment")
    sort = None  # a list goes in the order of its cursor

    def changed_since(self, queryset: QuerySet, name: str, value: datetime) -> QuerySet:
        """BAL changed by the journal, which tells every act, or by that of the BAL that replaces it, whose address it
        shows; by a reading, of use or of space; by what the annuaire shows of the address."""
        acts = JournalEntry.objects.filter(at__gte=value)
        told = Exists(acts.filter(bal=OuterRef("pk"))) | Exists(acts.filter(bal__address=OuterRef("replaced_by")))
        readings = Reading.objects.filter(bal=OuterRef("pk"), at__gte=value)
        entries = Entry.objects.filter(address=OuterRef("address"))
        shown = entries.filter(Q(first_seen_at__gte=value) | Q(changed_at__gte=value) | Q(withdrawn_at__gte=value))
        return queryset.filter(Q(state_since__gte=value) | told | Exists(readings) | Exists(shown))

    def held_by_number(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(Exists(Cotitulaire.objects.filter(bal=OuterRef("pk"), person__rpps=value)))

    def of_number(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(structure__in=Structure.objects.numbered(value).values("pk"))


class PersonKeys(PersonFilter):
    rpps = Key(method="with_rpps", read=_rpps_or_not, label="RPPS, ou `avec`, ou `sans`")
    updated_since = MomentFilter(method="changed_since", label="Changées depuis ce moment")

    def changed_since(self, queryset: QuerySet, name: str, value: datetime) -> QuerySet:
        """People changed by an act about them, or about a structure whose people came or went by it."""
        acts = JournalEntry.objects.filter(at__gte=value)
        moved = acts.filter(what__in=MOVING_PEOPLE).values("structure")
        stays = Affiliation.objects.filter(person=OuterRef("pk"), structure__in=moved)
        return queryset.filter(Exists(acts.filter(person=OuterRef("pk"))) | Exists(stays))

    def with_rpps(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return super().with_rpps(queryset, name, value) if value in ("avec", "sans") else queryset.filter(rpps=value)


class RequestKeys(RequestFilter):
    MOMENTS = ("created_at", "sent_at", "done_at", "verified_at", "closed_at", "reminded_at", "escalated_at")

    address = address_key("address")
    operator = operator_key()
    updated_since = MomentFilter(method="changed_since", label="Changées depuis ce moment")

    def changed_since(self, queryset: QuerySet, name: str, value: datetime) -> QuerySet:
        """Requests changed by one of their steps, or by an act on their BAL: it takes them to another address or
        structure, and awaits again what was said to be done."""
        stepped = reduce(or_, (Q(**{f"{moment}__gte": value}) for moment in self.MOMENTS))
        return queryset.filter(stepped | Exists(JournalEntry.objects.filter(bal=OuterRef("bal"), at__gte=value)))


class StructureKeys(StructureFilter):
    finess = Key(method="numbered", read=read_structure_number, label="FINESS, SIRET ou RPPS-rang")


class HolderKeys(HolderFilter):
    address = address_key("bal__address")
    rpps = Key(field_name="person__rpps", read=READERS["RPPS"], label="RPPS de la personne")


class DelegationKeys(DelegationFilter):
    address = address_key("bal__address")


class ReadingKeys(ReadingFilter):
    address = address_key("bal__address")


class JournalKeys(JournalFilter):
    address = address_key("bal__address")
