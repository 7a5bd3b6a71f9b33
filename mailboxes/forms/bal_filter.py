"""How the register is narrowed and sorted: the same names and meanings on its page, in its export and in the API."""

import django_filters as filters
from dateutil.relativedelta import relativedelta
from django.db.models import F, Q
from django.utils import timezone

from directory.folding import fold, in_address
from directory.readers.identifiers import read_identifier
from directory.readers.names import CIVILITIES
from directory.readers.texts import tidy
from mailboxes.findings import OF_BALS, narrow
from mailboxes.forms.filters import YES_NO, OperatorChoice
from mailboxes.forms.structure_field import StructureChoice
from mailboxes.indicators.savings import HURDLES, with_hurdle
from mailboxes.lifecycle import State
from mailboxes.models import (
    Alias,
    Bal,
    Cotitulaire,
    Delegataire,
    Person,
    Use,
)
from mailboxes.models.forecast import HORIZON

# Each ends in the primary key: without a total order, a row can stand on two pages and another on none.
SORTS: dict[str, tuple[str, list]] = {
    "address": ("Adresse", ["address", "pk"]),
    "-address": ("Adresse, de Z à A", ["-address", "-pk"]),
    "state": ("État", ["state", "kind", "pk"]),
    "-state": ("État, à rebours", ["-state", "-kind", "-pk"]),
    "last_used": ("Dernière utilisation, la plus ancienne d’abord", [F("last_used_at").asc(nulls_first=True), "pk"]),
    "-last_used": ("Dernière utilisation, la plus récente d’abord", [F("last_used_at").desc(nulls_last=True), "-pk"]),
    "percent_full": ("Remplissage, le plus faible d’abord", [F("percent_full").asc(nulls_first=True), "pk"]),
    "full_on": ("Bientôt pleine d’abord", [F("full_on").asc(nulls_last=True), "pk"]),
    "-percent_full": ("Remplissage, le plus fort d’abord", [F("percent_full").desc(nulls_last=True), "-pk"]),
}


class BalFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label="Rechercher")
    kind = filters.ChoiceFilter(choices=Bal.Kind, label="Type", empty_label="tous")
    state = filters.ChoiceFilter(choices=State, label="État", empty_label="tous")
    operator = OperatorChoice(label="Opérateur", empty_label="tous")
    structure = StructureChoice(label="Structure", empty_label="toutes")
    service = filters.CharFilter(method="of_service", label="Service")
    holder = filters.CharFilter(method="held_by", label="Titulaire ou délégataire (nom ou RPPS)")
    idle_months = filters.NumberFilter(
        method="idle_for", label="Sans utilisation depuis (mois)", min_value=0, max_value=1200, decimal_places=0
    )
    activity = filters.ChoiceFilter(
        method="activity_known",
        label="Dernière utilisation",
        choices=[("connue", "connue"), ("inconnue", "inconnue")],
        empty_label="connue ou non",
    )
    min_percent = filters.NumberFilter(
        field_name="percent_full", lookup_expr="gte", label="Remplie au moins à (%)", min_value=0
    )
    full_within = filters.NumberFilter(
        method="full_in",
        label="Pleine d’ici (jours)",
        min_value=0,
        max_value=HORIZON.days,
        decimal_places=0,
    )
    use = filters.ChoiceFilter(
        method="paid_and_used", label="Usage des BAL payées", choices=Use.choices, empty_label="peu importe"
    )
    hurdle = filters.ChoiceFilter(
        method="kept_by",
        label="Ce qui retient une BAL payée sans usage connu",
        choices=[(hurdle.name, hurdle.title) for hurdle in HURDLES],
        empty_label="peu importe",
    )
    published = filters.ChoiceFilter(
        method="in_annuaire", label="À l’annuaire public", choices=YES_NO, empty_label="peu importe"
    )
    finding = filters.ChoiceFilter(
        method="with_finding",
        label="Point d’attention",
        choices=[(finding.name, finding.title) for finding in OF_BALS],
        empty_label="aucun en particulier",
    )
    sort = filters.ChoiceFilter(
        method="sorted_by",
        label="Trier par",
        choices=[(name, label) for name, (label, _) in SORTS.items()],
        empty_label=None,
    )

    class Meta:
        model = Bal
        fields: list[str] = []

    def filter_queryset(self, queryset):
        """The BAL filtered, and always in a total order."""
        queryset = super().filter_queryset(queryset)
        return queryset.order_by(*SORTS[self.form.cleaned_data.get("sort") or "address"][1])

    def sorted_by(self, queryset, name, value):
        return queryset

    def search(self, queryset, name, value):
        """Each word is looked for in the addresses, the service, the description, the names of who has access."""
        for word in _typed(value):
            people = Person.objects.named(word).values("pk")
            queryset = queryset.filter(
                in_address("address", word)
                | Q(pk__in=Alias.objects.filter(in_address("address", word)).values("bal"))
                | Q(service__in=Bal.objects.services_with(word))
                | Q(~Q(description=""), description__holds=word)
                | Q(pk__in=Cotitulaire.objects.filter(person__in=people).values("bal"))
                | Q(pk__in=Delegataire.objects.current().filter(person__in=people).values("bal"))
            )
        return queryset

    def of_service(self, queryset, name, value):
        return queryset.filter(service__in=Bal.objects.services_with(value))

    def held_by(self, queryset, name, value):
        people = Person.objects.named(value).values("pk")
        held = Cotitulaire.objects.filter(person__in=people).values("bal")
        lent = Delegataire.objects.current().filter(person__in=people).values("bal")
        return queryset.filter(Q(pk__in=held) | Q(pk__in=lent))

    def idle_for(self, queryset, name, value):
        return queryset.filter(last_used_at__lte=timezone.now() - relativedelta(months=int(value)))

    def activity_known(self, queryset, name, value):
        return queryset.filter(last_used_at__isnull=value == "inconnue")

    def full_in(self, queryset, name, value):
        return queryset.full_within(int(value), timezone.localdate())

    def paid_and_used(self, queryset, name, value):
        return queryset.paid().with_use(timezone.now()).filter(use=value)

    def kept_by(self, queryset, name, value):
        return with_hurdle(queryset, timezone.now()).filter(hurdle=value)

    def in_annuaire(self, queryset, name, value):
        return queryset.with_publication().filter(is_published=value == "oui")

    def with_finding(self, queryset, name, value):
        return narrow(queryset, value)


def _typed(text: str) -> list[str]:
    """What is to be found of what was typed: an RPPS is one word whatever its spaces, a civility is of no name."""
    if number := read_identifier("RPPS", tidy(text)).value:
        return [number]
    words = text.split()
    return [word for word in words if fold(word) not in CIVILITIES] or words


def words_of(found: BalFilter) -> list[str]:
    """What is filtered, as one reads it: "Type : nominative"."""
    asked = ((name, value) for name, value in found.form.cleaned_data.items() if name != "sort")
    return [
        f"{found.form.fields[name].label} : {dict(getattr(found.form.fields[name], 'choices', ())).get(value, value)}"
        for name, value in asked
        if value not in (None, "")
    ]
