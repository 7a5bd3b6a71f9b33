"""Our copy of the national annuaire, the same for every key, and the runs that brought it here."""

from collections.abc import Mapping

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.response import Response

from directory.forms import SearchForm
from directory.models import Entry, SyncRun
from directory.search import SHOWN, Asked, How, search
from mailboxes.api.strict import is_lenient
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.forms.filters import RunFilter
from mailboxes.lifecycle import Scope


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Une BAL nominative",
            response_only=True,
            value={
                "id": 501,
                "address": "alice.exemple@chu-exemple.mssante.fr",
                "kind": "PER",
                "rpps": "10000000017",
                "family_name": "EXEMPLE",
                "given_name": "Alice",
                "profession": "Médecin",
                "skill": "Cardiologie",
                "structure": "010000002",
                "structure_name": "CHU",
                "service": "",
                "postcode": "01000",
                "town": "01000 BOURG-EN-BRESSE",
                "rank": "1",
                "first_seen_at": "2025-09-01T03:00:00+02:00",
                "changed_at": "2026-11-20T03:12:00+01:00",
                "match": "exact",
            },
        )
    ]
)
class EntrySerializer(serializers.ModelSerializer):
    rpps = serializers.CharField(source="person_id")
    structure = serializers.CharField(source="structure_id")
    town = serializers.CharField(source="address_l6")
    match = serializers.SerializerMethodField(
        help_text="Autre chose que `exact` : ce n’est pas tout à fait la demande."
    )

    @extend_schema_field(serializers.ChoiceField([(how.name.lower(), how.value or "tous les mots") for how in How]))
    def get_match(self, entry):
        return self.context.get("how", {}).get(entry.pk, How.EXACT).name.lower()

    class Meta:
        model = Entry
        fields = [
            "id",
            "address",
            "kind",
            "rpps",
            "family_name",
            "given_name",
            "profession",
            "skill",
            "structure",
            "structure_name",
            "service",
            "postcode",
            "town",
            "rank",
            "first_seen_at",
            "changed_at",
            "match",
        ]
        read_only_fields = fields


ONE_PAGE = "Une recherche tient en une page, les meilleures réponses d’abord : retirez ce paramètre."
ASKED = [
    OpenApiParameter("q", str, description="Nom, adresse, RPPS, FINESS ou domaine ; fautes de frappe pardonnées."),
    OpenApiParameter("kind", str, enum=["PER", "ORG", "APP", "CAB"]),
    OpenApiParameter("profession", str, description="Code de la profession."),
    OpenApiParameter("place", str, description="Département, code postal ou commune."),
    OpenApiParameter("domain", str),
]


def check_one_page(said: Mapping) -> None:
    """The best answers come first, in one page: they are neither sorted otherwise, nor counted beyond it."""
    problems = {name: [ONE_PAGE] for name in ("cursor", "ordering", "total") if name in said}
    if problems:
        raise serializers.ValidationError(problems)


class EntryViewSet(ResourceViewSet):
    """L’annuaire public tel que nous le connaissons : une ligne par porteur."""

    scopes = {"GET": Scope.RESOLVE}
    serializer_class = EntrySerializer

    def parameters(self):
        return [*super().parameters(), *(one.name for one in ASKED if self.action == "list")]

    def get_queryset(self):
        return Entry.objects.published()

    @extend_schema(parameters=ASKED, operation_id="annuaire_list")
    def list(self, request):
        """La recherche de la page « Annuaire » : les meilleures réponses d’abord, 200 au plus, en une page.

        Sans critère, tout l’annuaire public, page après page. Avec un critère, ni `cursor`, ni `ordering`, ni `total` ;
        `page_size` n’en garde que les premières.
        """
        # Any code may be looked for: one that nobody has finds nobody.
        code = request.query_params.get("profession", "")
        form = SearchForm(request.query_params, professions=[(code, code)] if code else [])
        if not form.is_valid():
            raise serializers.ValidationError(dict(form.errors))
        asked = form.cleaned_data
        words = Asked(asked["q"], asked["kind"], asked["profession"], asked["place"], asked["domain"])
        if not words:
            return super().list(request)
        if not is_lenient(request):
            check_one_page(request.query_params)
        size = self.paginator.get_page_size(request) if "page_size" in request.query_params else SHOWN
        found = search(words)
        context = self.get_serializer_context() | {"how": found.how}
        lines = self.get_serializer_class()(found.entries(0, size), many=True, context=context)
        self.keep_asked(lines.child)
        return Response({"next": None, "previous": None, "results": lines.data})


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Celle de la nuit",
            response_only=True,
            value={
                "id": 88,
                "source": "extraction",
                "status": "applied",
                "reason": "",
                "started_at": "2026-11-20T03:12:00+01:00",
                "finished_at": "2026-11-20T03:13:10+01:00",
                "as_of": "2026-11-20T02:00:00+01:00",
                "is_stale": False,
                "lines": 560000,
                "rejected": 2,
                "addresses": 512000,
                "appeared": 310,
                "changed": 120,
                "withdrawn": 95,
            },
        )
    ]
)
class RunSerializer(serializers.ModelSerializer):
    as_of = serializers.DateTimeField(help_text="Date de l’image de l’annuaire.")
    is_stale = serializers.BooleanField(help_text="Trop ancienne pour conclure d’une absence.")

    class Meta:
        model = SyncRun
        fields = [
            "id",
            "source",
            "status",
            "reason",
            "started_at",
            "finished_at",
            "as_of",
            "is_stale",
            "lines",
            "rejected",
            "addresses",
            "appeared",
            "changed",
            "withdrawn",
        ]
        read_only_fields = fields


class RunViewSet(ResourceViewSet):
    """Les synchronisations de l’annuaire, de la plus ancienne à la plus récente."""

    serializer_class = RunSerializer
    filterset_class = RunFilter

    def get_queryset(self):
        return SyncRun.objects.defer("preview")
