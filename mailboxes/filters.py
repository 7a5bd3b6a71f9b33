"""How a list is narrowed and sorted: the same names and meanings on the pages, in the export and in the API."""

import django_filters as filters
from dateutil.relativedelta import relativedelta
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from directory.models import SyncRun
from mailboxes.findings import OF_BALS, narrow
from mailboxes.forecast import HORIZON
from mailboxes.lifecycle import RequestKind, RequestStage, State
from mailboxes.models import (
    Affiliation,
    Bal,
    Campaign,
    CampaignTarget,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Movement,
    Operator,
    Person,
    Reading,
    Request,
    Structure,
    Use,
)
from mailboxes.models.journal import LABELS

YES_NO = [("oui", "oui"), ("non", "non")]

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


def seen_campaigns(request):
    return Campaign.objects.visible_to(request.user) if request else Campaign.objects.none()


def seen_structures(request):
    return Structure.objects.visible_to(request.user) if request else Structure.objects.none()


def seen_bals(request):
    return Bal.objects.visible_to(request.user) if request else Bal.objects.none()


def seen_people(request):
    return Person.objects.visible_to(request.user) if request else Person.objects.none()


class BalFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label="Rechercher")
    kind = filters.ChoiceFilter(choices=Bal.Kind, label="Type", empty_label="tous")
    state = filters.ChoiceFilter(choices=State, label="État", empty_label="tous")
    operator = filters.ModelChoiceFilter(queryset=Operator.objects.all(), label="Opérateur", empty_label="tous")
    structure = filters.ModelChoiceFilter(queryset=seen_structures, label="Structure", empty_label="toutes")
    service = filters.CharFilter(lookup_expr="icontains", label="Service")
    holder = filters.CharFilter(method="held_by", label="Titulaire (nom ou RPPS)")
    idle_months = filters.NumberFilter(
        method="idle_for", label="Sans utilisation depuis (mois)", min_value=0, max_value=1200
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
        method="full_in", label="Pleine d’ici (jours)", min_value=0, max_value=HORIZON.days
    )
    use = filters.ChoiceFilter(
        method="paid_and_used", label="Payée à l’opérateur et", choices=Use.choices, empty_label="peu importe"
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
    unanswered = filters.ModelChoiceFilter(
        method="silent_in", queryset=seen_campaigns, label="Sans réponse à la campagne", empty_label="peu importe"
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
        """In a total order, whatever was asked."""
        queryset = super().filter_queryset(queryset)
        return queryset.order_by(*SORTS[self.form.cleaned_data.get("sort") or "address"][1])

    def sorted_by(self, queryset, name, value):
        return queryset

    def search(self, queryset, name, value):
        """Each word is looked for in the address, the service, the description and the holders' names."""
        for word in value.split():
            holders = Person.objects.named(word).values("pk")
            queryset = queryset.filter(
                Q(address__icontains=word)
                | Q(service__icontains=word)
                | Q(description__icontains=word)
                | Q(pk__in=Cotitulaire.objects.filter(person__in=holders).values("bal"))
            )
        return queryset

    def held_by(self, queryset, name, value):
        people = Person.objects.named(value).values("pk")
        return queryset.filter(pk__in=Cotitulaire.objects.filter(person__in=people).values("bal"))

    def idle_for(self, queryset, name, value):
        return queryset.filter(last_used_at__lte=timezone.now() - relativedelta(months=int(value)))

    def activity_known(self, queryset, name, value):
        return queryset.filter(last_used_at__isnull=value == "inconnue")

    def full_in(self, queryset, name, value):
        return queryset.full_within(int(value), timezone.localdate())

    def paid_and_used(self, queryset, name, value):
        return queryset.paid().with_use(timezone.now()).filter(use=value)

    def in_annuaire(self, queryset, name, value):
        return queryset.with_publication().filter(is_published=value == "oui")

    def silent_in(self, queryset, name, value: int):  # the API's schema reads this: what is typed is a number
        left = CampaignTarget.objects.filter(campaign=value).unanswered()
        silent = Cotitulaire.objects.filter(is_principal=True, person__in=left.filter(bal=None).values("person"))
        return queryset.filter(Q(pk__in=left.exclude(bal=None).values("bal")) | Q(pk__in=silent.values("bal")))

    def with_finding(self, queryset, name, value):
        return narrow(queryset, value)


def words_of(found: BalFilter) -> list[str]:
    """What is filtered, as one reads it: "Type : nominative"."""
    asked = ((name, value) for name, value in found.form.cleaned_data.items() if name != "sort")
    return [
        f"{found.form.fields[name].label} : {dict(getattr(found.form.fields[name], 'choices', ())).get(value, value)}"
        for name, value in asked
        if value not in (None, "")
    ]


class RequestFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="address", lookup_expr="icontains", label="Adresse")
    stage = filters.ChoiceFilter(
        method="at_stage",
        choices=[("awaited", "sans réponse"), *RequestStage.choices],
        label="Étape",
        empty_label="toutes",
    )
    kind = filters.ChoiceFilter(choices=RequestKind, label="Demande", empty_label="toutes")
    operator = filters.ModelChoiceFilter(queryset=Operator.objects.all(), label="Opérateur", empty_label="tous")
    structure = filters.ModelChoiceFilter(queryset=seen_structures, label="Structure", empty_label="toutes")
    overdue = filters.ChoiceFilter(method="late", label="En retard", choices=YES_NO[:1], empty_label="peu importe")

    class Meta:
        model = Request
        fields: list[str] = []

    def at_stage(self, queryset, name, value):
        return queryset.awaited() if value == "awaited" else queryset.filter(stage=value)

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
    structure = filters.ModelChoiceFilter(
        field_name="affiliations__structure",
        method="in_structure",
        queryset=seen_structures,
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
            files = Movement.objects.open().filter(kind=Movement.Kind.DEPARTURE).values("stay")
            return queryset.filter(Exists(stays.current().filter(Q(left_on__isnull=False) | Q(pk__in=files))))
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
    q = filters.CharFilter(field_name="name", lookup_expr="icontains", label="Nom")
    kind = filters.ChoiceFilter(choices=Structure.Kind, label="Nature")
    parent = filters.ModelChoiceFilter(queryset=seen_structures, label="Rattachée à")
    finess = filters.CharFilter(method="numbered", label="FINESS, établissement ou entité juridique")

    class Meta:
        model = Structure
        fields: list[str] = []

    def numbered(self, queryset, name, value):
        return queryset.filter(Q(finess_et=value) | Q(finess_ej=value))


class OperatorFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="icontains", label="Nom")
    domain = filters.CharFilter(method="of_domain", label="Un de ses domaines")

    class Meta:
        model = Operator
        fields: list[str] = []

    def of_domain(self, queryset, name, value):
        return queryset.filter(domains__name=value.lower())


class HolderFilter(filters.FilterSet):
    bal = filters.ModelChoiceFilter(queryset=seen_bals, label="BAL")
    person = filters.ModelChoiceFilter(queryset=seen_people, label="Personne")
    is_principal = filters.BooleanFilter(label="Cotitulaire principal, ou titulaire d’une nominative")

    class Meta:
        model = Cotitulaire
        fields: list[str] = []


class DelegationFilter(filters.FilterSet):
    bal = filters.ModelChoiceFilter(queryset=seen_bals, label="BAL")
    person = filters.ModelChoiceFilter(queryset=seen_people, label="Délégataire")
    current = filters.BooleanFilter(method="is_current", label="En cours aujourd’hui")

    class Meta:
        model = Delegataire
        fields: list[str] = []

    def is_current(self, queryset, name, value):
        return queryset.current() if value else queryset.exclude(pk__in=Delegataire.objects.current().values("pk"))


class ReadingFilter(filters.FilterSet):
    bal = filters.ModelChoiceFilter(queryset=seen_bals, label="BAL")
    source = filters.ChoiceFilter(choices=Reading.Source, label="Source")
    since = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte", label="Relevé à partir de")
    until = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt", label="Relevé avant")

    class Meta:
        model = Reading
        fields: list[str] = []


class JournalFilter(filters.FilterSet):
    bal = filters.ModelChoiceFilter(queryset=seen_bals, label="BAL")
    structure = filters.ModelChoiceFilter(queryset=seen_structures, method="about", label="Structure ou ses BAL")
    what = filters.ChoiceFilter(choices=list(LABELS.items()), label="Acte")
    since = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte", label="À partir de")
    until = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt", label="Avant")

    class Meta:
        model = JournalEntry
        fields: list[str] = []

    def about(self, queryset, name, value):
        return queryset.filter(Q(structure=value) | Q(bal__structure=value))


class RunFilter(filters.FilterSet):
    source = filters.CharFilter(label="Source")
    status = filters.ChoiceFilter(choices=SyncRun.Status, label="État")
    since = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="gte", label="Commencée à partir de")

    class Meta:
        model = SyncRun
        fields: list[str] = []
