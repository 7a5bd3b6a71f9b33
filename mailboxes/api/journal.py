"""What happened, and what needs doing."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from mailboxes import actions
from mailboxes.api.filters import JournalKeys
from mailboxes.api.strict import StrictView
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.findings import count_findings
from mailboxes.models import JournalEntry


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Une dépublication demandée",
            response_only=True,
            value={
                "id": 120,
                "at": "2026-11-02T08:00:00+01:00",
                "what": "request_depublication",
                "label": "Demander la dépublication",
                "bal": 12,
                "structure": None,
                "person": None,
                "subject": "accueil@chu-exemple.mssante.fr",
                "by": "DPI",
                "before": "active",
                "after": "dépublication demandée",
                "note": "Doublon.",
            },
        )
    ]
)
class JournalLineSerializer(serializers.ModelSerializer):
    label = serializers.CharField(source="get_what_display")
    subject = serializers.CharField(help_text="Ce dont il s’agit : une adresse, une personne, une structure.")
    by = serializers.CharField(source="actor", help_text="Qui l’a fait.")
    before = serializers.CharField(source="get_before_display")
    after = serializers.CharField(source="get_after_display")

    class Meta:
        model = JournalEntry
        fields = [
            "id",
            "at",
            "what",
            "label",
            "bal",
            "structure",
            "person",
            "subject",
            "by",
            "before",
            "after",
            "note",
        ]
        read_only_fields = fields


class JournalViewSet(ResourceViewSet):
    """Le journal, du plus ancien au plus récent. La suite, plus tard : `since`, avec une heure de recouvrement."""

    serializer_class = JournalLineSerializer
    filterset_class = JournalKeys

    def get_queryset(self):
        seen = JournalEntry.objects.visible_to(self.request.user)
        return seen.select_related("bal", "person", "structure", "operator", "by", "by__software", "signatory")

    def list(self, request):
        # A key is traced at each call; who reads by the browser's session is written down too.
        if request.auth is None:
            actions.trace(request.user, "journal", "API")
        return super().list(request)


class FindingSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="Si `about` est `bals`, à donner à `/bals/?finding=`.")
    about = serializers.ChoiceField(
        ["bals", "gaps", "movements", "sightings", "engagements", "requests", "installation"],
        help_text="Ce qui est compté.",
    )
    severity = serializers.CharField()
    title = serializers.CharField()
    sentence = serializers.CharField()
    count = serializers.IntegerField(
        help_text="Nombre de BAL, d’écarts, de dossiers, de propositions, d’engagements ou de demandes."
    )
    measured_on = serializers.DateField(allow_null=True, help_text="Jour du relevé ; null : compté à l’instant.")


class FindingsSerializer(serializers.Serializer):
    results = FindingSerializer(many=True)


EXAMPLE = OpenApiExample(
    "Une BAL orpheline",
    response_only=True,
    value={
        "results": [
            {
                "name": "orpheline",
                "about": "bals",
                "severity": "urgent",
                "title": "BAL sans cotitulaire principal",
                "sentence": "Personne ne peut en demander la suppression ni en répondre. Désignez un principal.",
                "count": 1,
                "measured_on": None,
            }
        ]
    },
)


class FindingsView(StrictView):
    @extend_schema(responses=FindingsSerializer, examples=[EXAMPLE], operation_id="findings_list")
    def get(self, request):
        """Ce qui est à faire, comme à la page « À traiter » ; les BAL de chacun par `/bals/?finding=`."""
        return Response(
            {
                "results": [
                    {
                        "name": finding.name,
                        "about": finding.about,
                        "severity": finding.severity,
                        "title": finding.title,
                        "sentence": finding.sentence,
                        "count": number,
                        "measured_on": day,
                    }
                    for finding, number, day in count_findings(request.user)
                ]
            }
        )
