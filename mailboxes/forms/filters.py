"""How a list is narrowed and sorted: the same names and meanings on the pages, in the export and in the API."""

import re
from datetime import UTC

import django_filters as filters
from dateutil.relativedelta import relativedelta
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_filters.fields import IsoDateTimeField

from directory.folding import in_address
from directory.models import SyncRun
from directory.prepared import prepared
from directory.readers.identifiers import read_structure_number
from directory.typography import quoted
from mailboxes.forms.offered import OfferedChoice
from mailboxes.forms.structure_field import StructureChoice, seen_structures
from mailboxes.lifecycle import RequestKind, RequestStage
from mailboxes.models import (
    Affiliation,
    Bal,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Operator,
    Person,
    Reading,
    Request,
    Structure,
)
from mailboxes.models.journal import LABELS
from mailboxes.models.movements import leaves

YES_NO = [("oui", "oui"), ("non", "non")]


def seen_bals(request):
    return Bal.objects.visible_to(request.user) if request else Bal.objects.none()


def seen_people(request):
    return Person.objects.visible_to(request.user) if request else Person.objects.none()


# A "+" left as it is in an address reads as a space; before a time zone it was nothing else.
ZONE_AFTER_A_SPACE = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")


class MomentField(IsoDateTimeField):
    """A moment of any clock on earth or beyond, told to the database by that of Greenwich: PostgreSQL knows no clock
    sixteen hours away."""

    def to_python(self, value):
        if isinstance(value, str) and ":" in value.partition(" ")[0]:  # else the space stands between day and hour
            value = ZONE_AFTER_A_SPACE.sub("+", value.strip())
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("Cette date sort du calendrier : donnez-en une de 1900 à 9998.", "invalid") from error


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


class TruthField(forms.Field):
    """True, false or nothing; Django's own reads any other word as nothing."""

    def to_python(self, value):
        if value in self.empty_values:
            return None
        if (said := str(value).lower()) not in ("true", "false"):
            raise ValidationError(f"Donnez true ou false, au lieu de {quoted(value)}.", "invalid")
        return said == "true"


class TruthFilter(filters.BooleanFilter):
    field_class = TruthField


@prepared
def _operators():
    return Operator.objects.all()


class OperatorChoice(OfferedChoice):
    def __init__(self, *args, **options):
        super().__init__(*args, queryset=_operators.build(), rows=lambda user: _operators(), **options)


class RequestFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label="Adresse")
    stage = filters.ChoiceFilter(
        method="at_stage",
        choices=[("awaited", "sans réponse"), *RequestStage.choices],
        label="Étape",
        empty_label="toutes",
    )
    kind = filters.ChoiceFilter(choices=RequestKind, label="Demande", empty_label="toutes")
    operator = OperatorChoice(label="Opérateur", empty_label="tous")
    structure = StructureChoice(label="Structure", empty_label="toutes")
    overdue = filters.ChoiceFilter(method="late", label="En retard", choices=YES_NO[:1], empty_label="peu importe")
    registered = filters.ChoiceFilter(
        method="of_register", label="BAL du registre", choices=YES_NO, empty_label="peu importe"
    )

    class Meta:
        model = Request
        fields: list[str] = []

    def search(self, queryset, name, value):
        return queryset.filter(in_address("address", value, "icontains"))

    def at_stage(self, queryset, name, value):
        return queryset.awaited() if value == "awaited" else queryset.filter(stage=value)

    def of_register(self, queryset, name, value):
        return queryset.filter(bal__isnull=value != YES_NO[0][0])

    def late(self, queryset, name, value):
        return queryset.overdue(timezone.localdate())


class PersonFilter(filters.FilterSet):
    """Among the people of the structures one sees; what is asked of their stays and BAL is asked of those one sees."""

    PRESENCE = [
        ("presents", "présents"),
        ("arrivent", "à venir, ou arrivés depuis trois mois"),
        ("partent", "départ prévu"),
        ("partis", "partis"),
    ]
    ACCESS = [
        ("titulaire", "titulaires ou cotitulaires"),
        ("principal", "cotitulaires principaux"),
        ("delegataire", "délégataires seulement"),
        ("aucun", "sans aucun accès"),
    ]

    q = filters.CharFilter(method="search", label="Nom ou RPPS")
    structure = StructureChoice(
        field_name="affiliations__structure",
        method="in_structure",
        label="Structure",
        empty_label="toutes",
    )
    rpps = filters.ChoiceFilter(
        method="with_rpps", choices=[("avec", "avec"), ("sans", "sans")], label="RPPS", empty_label="avec ou sans"
    )
    presence = filters.ChoiceFilter(method="present", choices=PRESENCE, label="Présence", empty_label="peu importe")
    access = filters.ChoiceFilter(
        method="with_access", choices=ACCESS, label="Accès aux BAL", empty_label="peu importe"
    )

    class Meta:
        model = Person
        fields: list[str] = []

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset).order_by("family_name", "given_name", "pk")

    def _stays(self):
        stays = Affiliation.objects.filter(person=OuterRef("pk"), structure__in=seen_structures(self.request))
        chosen = self.form.cleaned_data.get("structure")
        return stays.filter(structure=chosen) if chosen else stays

    def search(self, queryset, name, value):
        return queryset.named(value)

    def in_structure(self, queryset, name, value):
        return queryset.filter(Exists(self._stays()))

    def with_rpps(self, queryset, name, value):
        return queryset.filter(rpps__isnull=value == "sans")

    def present(self, queryset, name, value):
        stays, today = self._stays(), timezone.localdate()
        if value == "presents":
            return queryset.filter(Exists(stays.current().exclude(arrived_on__gt=today)))
        if value == "arrivent":
            return queryset.filter(Exists(stays.current().filter(arrived_on__gt=today - relativedelta(months=3))))
        if value == "partent":
            return queryset.filter(Exists(stays.current().filter(leaves())))
        return queryset.filter(Exists(stays), ~Exists(stays.current()))

    def with_access(self, queryset, name, value):
        bals = Bal.objects.live().visible_to(self.request.user).values("pk")
        held = Cotitulaire.objects.filter(person=OuterRef("pk"), bal__in=bals)
        lent = Delegataire.objects.current().filter(person=OuterRef("pk"), bal__in=bals)
        if value == "titulaire":
            return queryset.filter(Exists(held))
        if value == "principal":
            return queryset.filter(Exists(held.filter(is_principal=True, bal__kind__in=Bal.SHARED)))
        if value == "delegataire":
            return queryset.filter(Exists(lent), ~Exists(held))
        return queryset.filter(~Exists(lent), ~Exists(held))


class StructureFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="holds", label="Nom")
    kind = filters.ChoiceFilter(choices=Structure.Kind, label="Nature")
    parent = filters.ModelChoiceFilter(queryset=seen_structures, label="Rattachée à")
    finess = filters.CharFilter(method="numbered", label="FINESS, SIRET ou RPPS-rang")

    class Meta:
        model = Structure
        fields: list[str] = []

    def numbered(self, queryset, name, value):
        return queryset.numbered(read_structure_number(value).value or value)


class OperatorFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="holds", label="Nom")
    domain = filters.CharFilter(method="of_domain", label="Un de ses domaines")

    class Meta:
        model = Operator
        fields: list[str] = []

    def of_domain(self, queryset, name, value):
        return queryset.filter(domains__name=value.lower())


class HolderFilter(filters.FilterSet):
    bal = filters.ModelChoiceFilter(queryset=seen_bals, label="BAL")
    person = filters.ModelChoiceFilter(queryset=seen_people, label="Personne")
    is_principal = TruthFilter(label="Cotitulaire principal, ou titulaire d’une nominative")

    class Meta:
        model = Cotitulaire
        fields: list[str] = []


class DelegationFilter(filters.FilterSet):
    bal = filters.ModelChoiceFilter(queryset=seen_bals, label="BAL")
    person = filters.ModelChoiceFilter(queryset=seen_people, label="Délégataire")
    current = TruthFilter(method="is_current", label="En cours aujourd’hui")

    class Meta:
        model = Delegataire
        fields: list[str] = []

    def is_current(self, queryset, name, value):
        return queryset.current() if value else queryset.exclude(pk__in=Delegataire.objects.current().values("pk"))


class ReadingFilter(filters.FilterSet):
    bal = filters.ModelChoiceFilter(queryset=seen_bals, label="BAL")
    source = filters.ChoiceFilter(choices=Reading.Source, label="Source")
    since = MomentFilter(field_name="at", lookup_expr="gte", label="Relevé à partir de")
    until = MomentFilter(field_name="at", lookup_expr="lt", label="Relevé avant")

    class Meta:
        model = Reading
        fields: list[str] = []


class JournalFilter(filters.FilterSet):
    bal = filters.ModelChoiceFilter(queryset=seen_bals, label="BAL")
    structure = filters.ModelChoiceFilter(queryset=seen_structures, method="about", label="Structure ou ses BAL")
    what = filters.ChoiceFilter(choices=list(LABELS.items()), label="Acte")
    since = MomentFilter(field_name="at", lookup_expr="gte", label="À partir de")
    until = MomentFilter(field_name="at", lookup_expr="lt", label="Avant")

    class Meta:
        model = JournalEntry
        fields: list[str] = []

    def about(self, queryset, name, value):
        return queryset.filter(Q(structure=value) | Q(bal__structure=value))


class RunFilter(filters.FilterSet):
    source = filters.CharFilter(label="Source")
    status = filters.ChoiceFilter(choices=SyncRun.Status, label="État")
    since = MomentFilter(field_name="started_at", lookup_expr="gte", label="Commencée à partir de")

    class Meta:
        model = SyncRun
        fields: list[str] = []
