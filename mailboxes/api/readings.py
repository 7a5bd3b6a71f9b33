"""What software tells us of the use of the BAL, one at a time or thousands at once."""

from collections import Counter
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from directory.readers.address import read_address
from directory.typography import for_software
from mailboxes import actions
from mailboxes.actions import Pushed, ReadingVerdict, Result
from mailboxes.api.filters import ReadingKeys
from mailboxes.api.once import once
from mailboxes.api.serializers import example
from mailboxes.api.strict import StrictSerializer, check_known, is_lenient
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.lifecycle import Scope
from mailboxes.models import Bal, Reading
from mailboxes.models.fields import length_of

MAX_READINGS = 10_000
BIGGEST = 2**31 - 1
SAID = {
    "address": "accueil@chu-exemple.mssante.fr",
    "at": "2026-11-20T02:00:00+01:00",
    "last_used_at": "2026-11-19T17:42:00+01:00",
    "used_mb": 850,
    "quota_mb": 1000,
}


@extend_schema_serializer(
    examples=[OpenApiExample("Un relevé", response_only=True, value={"id": 900, "bal": 12, "source": "push", **SAID})]
)
class ReadingSerializer(serializers.ModelSerializer):
    address = serializers.CharField(source="bal.address")

    class Meta:
        model = Reading
        fields = ["id", "bal", "address", "at", "source", "last_used_at", "used_mb", "quota_mb"]
        read_only_fields = fields


@extend_schema_serializer(examples=[example("Un relevé de la nuit", SAID)])
class PushedSerializer(StrictSerializer):
    """A BAL and a moment make one reading: said again it is one, said otherwise it is corrected."""

    address = serializers.CharField(max_length=length_of(Bal, "address"))
    at = serializers.DateTimeField(help_text="Moment du relevé.")
    last_used_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Dernière authentification, si elle est connue."
    )
    used_mb = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=BIGGEST, help_text="Espace occupé, en Mo."
    )
    quota_mb = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=BIGGEST, help_text="Espace accordé, en Mo."
    )

    def validate_address(self, value):
        return read_address(value).value or value.strip().lower()


@extend_schema_serializer(examples=[example("Les relevés de la nuit", {"readings": [SAID]})])
class BulkSerializer(StrictSerializer):
    readings = PushedSerializer(many=True, min_length=1, max_length=MAX_READINGS)


class ReadingVerdictSerializer(serializers.Serializer):
    index = serializers.IntegerField(help_text="Rang dans l’envoi, à partir de 0.")
    address = serializers.CharField()
    result = serializers.ChoiceField(Result.choices)
    code = serializers.CharField(help_text="Stable : `new`, `known`, `corrected`, ou la raison du refus.")
    detail = serializers.CharField(help_text="En français, pour qui lit le journal du logiciel.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Un accepté, un refusé",
            response_only=True,
            value={
                "accepted": 1,
                "corrected": 0,
                "rejected": 1,
                "readings": [
                    {
                        "index": 0,
                        "address": SAID["address"],
                        "result": "accepted",
                        "code": "new",
                        "detail": "Enregistré.",
                    },
                    {
                        "index": 1,
                        "address": "ailleurs@exemple.mssante.fr",
                        "result": "rejected",
                        "code": "unknown",
                        "detail": "Aucune BAL « ailleurs@exemple.mssante.fr » dans les structures de cette clé.",
                    },
                ],
            },
        )
    ]
)
class BulkAnswerSerializer(serializers.Serializer):
    accepted = serializers.IntegerField()
    corrected = serializers.IntegerField()
    rejected = serializers.IntegerField()
    readings = ReadingVerdictSerializer(many=True)


class ReadingViewSet(ResourceViewSet):
    """Ce qui a été relevé de l’utilisation et de l’espace des BAL."""

    scopes = {"POST": Scope.USAGE}
    serializer_class = ReadingSerializer
    filterset_class = ReadingKeys

    def get_queryset(self):
        seen = Bal.objects.visible_to(self.request.user).values("pk")
        return Reading.objects.filter(bal__in=seen).select_related("bal")

    @extend_schema(request=PushedSerializer, responses={201: ReadingSerializer}, summary="Envoyer un relevé")
    def create(self, request):
        """Le même relevé deux fois n’en fait qu’un ; d’autres valeurs pour le même moment le corrigent."""

        def perform():
            (verdict,) = self._record([Pushed(**self.said(PushedSerializer))])
            if verdict.code == "unknown":
                raise NotFound(verdict.detail)
            if verdict.refused:
                raise verdict.refused
            return verdict.reading

        return self.add(perform)

    @extend_schema(
        request=BulkSerializer,
        responses=BulkAnswerSerializer,
        filters=False,
        summary="Envoyer des relevés, 10 000 au plus",
    )
    @action(detail=False, methods=["post"])
    def bulk(self, request):
        """Chacun est jugé à part : un relevé refusé n’arrête pas les autres, et la réponse le dit à son rang."""
        return once(request, lambda: Response(self._answer(self._items())))

    def _record(self, pushed: list[Pushed]) -> list[ReadingVerdict]:
        return actions.record_readings(pushed, source=Reading.Source.PUSH, by=self.request.user)

    def _items(self) -> list:
        said = self.request.data
        items = said.get("readings") if isinstance(said, dict) else None
        if isinstance(said, dict) and not is_lenient(self.request):
            check_known(said, ["readings"], "Champ inconnu")
        if not isinstance(items, list) or not 1 <= len(items) <= MAX_READINGS:
            raise serializers.ValidationError({"readings": [f"Donnez une liste de 1 à {MAX_READINGS} relevés."]})
        return items

    def _answer(self, items: list) -> dict[str, Any]:
        form = PushedSerializer(context=self.get_serializer_context())
        read = [_read(form, item) for item in items]
        recorded = iter(self._record([one for one in read if isinstance(one, Pushed)]))
        verdicts = [next(recorded) if isinstance(one, Pushed) else one for one in read]
        counts = Counter(verdict.result for verdict in verdicts)
        return {
            **{result.value: counts[result] for result in Result},
            "readings": [_line(index, items[index], verdict) for index, verdict in enumerate(verdicts)],
        }


def _read(form: PushedSerializer, item) -> Pushed | ReadingVerdict:
    try:
        return Pushed(**form.run_validation(item))
    except serializers.ValidationError as error:
        return ReadingVerdict(Result.REJECTED, "invalid", _sentence(error.detail))


def _sentence(errors) -> str:
    if isinstance(errors, list):  # of what is no object at all
        return " ".join(map(str, errors))
    return " ".join(f"{name} : {' '.join(map(str, said))}" for name, said in errors.items())


def _line(index: int, item, verdict: ReadingVerdict) -> dict[str, Any]:
    address = item.get("address") if isinstance(item, dict) else None
    return {
        "index": index,
        "address": address if isinstance(address, str) else "",
        "result": verdict.result.value,
        "code": verdict.code,
        "detail": for_software(verdict.detail),
    }
