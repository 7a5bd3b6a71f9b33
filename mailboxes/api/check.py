"""The other question that software asks: is this address of the trusted space, published, and whose?"""

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from directory.check import CheckVerdict, check
from directory.identifiers import LONGEST
from mailboxes.api.lines import FRESHNESS, LINE, FreshnessSerializer, LineSerializer, freshness_told, line_told
from mailboxes.api.strict import StrictSerializer, StrictView
from mailboxes.lifecycle import Scope
from mailboxes.models.aliases import alias_told


@extend_schema_serializer(
    examples=[
        OpenApiExample("Une adresse", request_only=True, value={"address": "alice.exemple@chu-exemple.mssante.fr"})
    ]
)
class AddressSerializer(StrictSerializer):
    address = serializers.CharField(max_length=LONGEST)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Publiée",
            response_only=True,
            value={
                "address": LINE["address"],
                "verdict": "published",
                "detail": CheckVerdict.PUBLISHED.value,
                "is_inside": True,
                "holders": [LINE],
                "withdrawn_at": None,
                "alias_of": None,
                "near": [],
                "freshness": FRESHNESS,
            },
        )
    ]
)
class VerdictSerializer(serializers.Serializer):
    address = serializers.CharField(help_text="Telle que vérifiée ; celle d’un patient est masquée.")
    verdict = serializers.ChoiceField([(verdict.name.lower(), verdict.value) for verdict in CheckVerdict])
    detail = serializers.CharField()
    is_inside = serializers.BooleanField(help_text="Dans l’espace de confiance MSSanté.")
    holders = LineSerializer(many=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    alias_of = serializers.CharField(
        allow_null=True, help_text="L’adresse de la BAL du registre dont celle-ci est un alias, si la clé la voit."
    )
    near = serializers.ListField(child=serializers.CharField(), help_text="Adresses publiées qui lui ressemblent.")
    freshness = FreshnessSerializer()


@method_decorator(never_cache, name="dispatch")
class CheckView(StrictView):
    scopes = {"GET": Scope.RESOLVE, "POST": Scope.RESOLVE}

    def parameters(self):
        return ["address"] if self.request.method == "GET" else ()

    @extend_schema(
        parameters=[OpenApiParameter("address", str, required=True)],
        responses=VerdictSerializer,
        operation_id="check",
    )
    def get(self, request):
        """Cette adresse est-elle de l’espace de confiance, publiée, et à qui ? Rien n’en est gardé.

        Celle d’un patient ne s’écrit pas dans une URL, que des journaux gardent : demandez par POST.
        """
        return self._answer(request.query_params.get("address", ""))

    @extend_schema(request=AddressSerializer, responses=VerdictSerializer, operation_id="check_posted")
    def post(self, request):
        """La même question, sans que l’adresse figure dans l’URL."""
        asked = AddressSerializer(data=request.data, context={"request": request})
        asked.is_valid(raise_exception=True)
        return self._answer(asked.validated_data["address"])

    def _answer(self, typed: str) -> Response:
        if not typed or len(typed) > LONGEST:
            raise serializers.ValidationError({"address": [f"Donnez une adresse, de {LONGEST} caractères au plus."]})
        answer = check(typed)
        alias = alias_told(answer.address, self.request.user)
        return Response(
            {
                "address": answer.address,
                "verdict": answer.verdict.name.lower(),
                "detail": answer.verdict.value,
                "is_inside": answer.verdict.is_inside,
                "holders": [line_told(entry) for entry in answer.entries],
                "withdrawn_at": answer.withdrawn_at,
                "alias_of": alias.bal.address if alias else None,
                "near": [entry.address for entry in answer.near],
                "freshness": freshness_told(),
            }
        )
