"""The structures that a key opens, and the operators."""

from django.db.models import Prefetch, Q
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action

from mailboxes.api.corrections import CorrectStructureSerializer, correct_structure
from mailboxes.api.fields import Abilities
from mailboxes.api.filters import StructureKeys
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.forms.filters import OperatorFilter
from mailboxes.lifecycle import Act
from mailboxes.models import Domain, Operator, Structure
from mailboxes.rules import allows, check_record_person, check_set_naming


def abilities_of_structure(structure: Structure, user) -> dict[str, bool]:
    return {
        Act.RECORD_PERSON.value: allows(check_record_person, structure, by=user),
        Act.SET_NAMING.value: allows(check_set_naming, structure, by=user),
    }


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Un établissement",
            response_only=True,
            value={
                "id": 3,
                "name": "CHU",
                "kind": "hospital",
                "parent": 1,
                "finess_ej": "010000001",
                "finess_et": "010000002",
                "siret": "",
                "rpps_rang": "",
                "postcode": "01000",
                "town": "Bourg-en-Bresse",
                "abilities": {"record_person": True, "set_naming": True},
            },
        )
    ]
)
class StructureSerializer(serializers.ModelSerializer):
    abilities = Abilities(abilities_of_structure)

    class Meta:
        model = Structure
        fields = [
            "id",
            "name",
            "kind",
            "parent",
            "finess_ej",
            "finess_et",
            "siret",
            "rpps_rang",
            "postcode",
            "town",
            "abilities",
        ]
        read_only_fields = fields


class StructureViewSet(ResourceViewSet):
    """Les structures de la clé, et celles qui en dépendent."""

    serializer_class = StructureSerializer
    filterset_class = StructureKeys

    def get_queryset(self):
        return Structure.objects.visible_to(self.request.user)

    @extend_schema(
        request=CorrectStructureSerializer, responses=StructureSerializer, summary=Act.DESCRIBE_STRUCTURE.label
    )
    @action(detail=True, methods=["post"])
    def correct(self, request, pk):
        """Corriger son nom ; ses numéros, par un administrateur de la plateforme."""
        return self.act(
            lambda structure: correct_structure(structure, self.said(CorrectStructureSerializer), request.user)
        )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Un opérateur",
            response_only=True,
            value={
                "id": 2,
                "code": "regional",
                "name": "Opérateur régional",
                "domains": ["chu-exemple.mssante.fr"],
                "can_auto_reply": True,
                "can_notify": False,
                "can_suspend": False,
                "has_api": False,
                "default_quota_mb": 1000,
                "alert_after_months": 10,
                "end_after_months": 12,
                "fresh_days": None,
                "answer_days": 15,
            },
        )
    ]
)
class OperatorSerializer(serializers.ModelSerializer):
    domains = serializers.SerializerMethodField(
        help_text="Ses domaines, ceux réservés à d’autres structures mis à part."
    )

    class Meta:
        model = Operator
        fields = [
            "id",
            "code",
            "name",
            "domains",
            "can_auto_reply",
            "can_notify",
            "can_suspend",
            "has_api",
            "default_quota_mb",
            "alert_after_months",
            "end_after_months",
            "fresh_days",
            "answer_days",
        ]
        read_only_fields = fields

    def get_domains(self, operator) -> list[str]:
        return [domain.name for domain in operator.seen_domains]


class OperatorViewSet(ResourceViewSet):
    """Les opérateurs MSSanté : les mêmes pour toutes les clés."""

    serializer_class = OperatorSerializer
    filterset_class = OperatorFilter

    def get_queryset(self):
        seen = Structure.objects.visible_to(self.request.user).values("pk")
        domains = Domain.objects.filter(Q(structure=None) | Q(structure__in=seen)).order_by("name")
        return Operator.objects.prefetch_related(Prefetch("domains", domains, to_attr="seen_domains"))
