"""What operators are asked, and what becomes of it."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action

from mailboxes import actions
from mailboxes.api.expand import RequestExpandedSerializer
from mailboxes.api.fields import Abilities, VisibleField
from mailboxes.api.filters import RequestKeys
from mailboxes.api.serializers import example
from mailboxes.api.strict import StrictSerializer
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.lifecycle import BY_HAND, Act, RequestKind
from mailboxes.models import Bal, Request
from mailboxes.models.fields import NOTE_LENGTH
from mailboxes.rules import allows, check_stage


def abilities_of_request(request: Request, user) -> dict[str, bool]:
    """What the caller may do of a request, by the table alone, as for a BAL's verbs: what the annuaire must show
    besides is told on trying."""
    return {act.value: allows(check_stage, request, act, by=user) for act in BY_HAND}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Une dépublication demandée",
            response_only=True,
            value={
                "id": 31,
                "kind": "depublish",
                "stage": "sent",
                "bal": 12,
                "address": "accueil@chu-exemple.mssante.fr",
                "structure": 3,
                "operator": "regional",
                "detail": "",
                "reason": "Doublon.",
                "answer": "",
                "created_at": "2026-11-02T08:00:00+01:00",
                "sent_at": "2026-11-02T08:01:00+01:00",
                "due_on": "2026-11-17",
                "done_at": None,
                "verified_at": None,
                "closed_at": None,
                "is_overdue": False,
                "abilities": {"record_done": True, "cancel_request": True},
            },
        )
    ]
)
class RequestSerializer(serializers.ModelSerializer):
    operator = serializers.CharField(source="operator.code")
    is_overdue = serializers.BooleanField()
    abilities = Abilities(abilities_of_request)
    expanded = RequestExpandedSerializer(required=False, help_text="Si `expand` le demande.")

    class Meta:
        model = Request
        fields = [
            "id",
            "kind",
            "stage",
            "bal",
            "address",
            "structure",
            "operator",
            "detail",
            "reason",
            "answer",
            "created_at",
            "sent_at",
            "due_on",
            "done_at",
            "verified_at",
            "closed_at",
            "is_overdue",
            "abilities",
            "expanded",
        ]
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        example("Plus d’espace", {"bal": 12, "kind": "change", "detail": "Merci d’accorder 2 000 Mo à cette BAL."})
    ]
)
class OpenRequestSerializer(StrictSerializer):
    bal = VisibleField(queryset=Bal.objects.all())
    kind = serializers.ChoiceField(RequestKind.choices)
    detail = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="Ce que lit l’opérateur."
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_LENGTH, help_text="Le motif.")


@extend_schema_serializer(examples=[example("Ce qu’il a répondu", {"answer": "Confirmé par courriel le 12 mars."})])
class StepSerializer(StrictSerializer):
    answer = serializers.CharField(required=False, default="", allow_blank=True, max_length=NOTE_LENGTH)


class RequestViewSet(ResourceViewSet):
    """Ce qui est demandé aux opérateurs, et ce qu’ils en ont fait."""

    serializer_class = RequestSerializer
    filterset_class = RequestKeys
    expansions = ("structure", "operator", "bal")

    def get_queryset(self):
        return Request.objects.visible_to(self.request.user).with_letters()

    def lock_of(self, row):
        return row.bal or row

    @extend_schema(request=OpenRequestSerializer, responses={201: RequestSerializer}, summary=Act.ASK_OPERATOR.label)
    def create(self, request):
        """Demander à l’opérateur ce qui ne change pas l’état de la BAL ; pour le reste, la BAL a ses verbes."""

        def perform():
            facts = self.said(OpenRequestSerializer)
            kind = RequestKind(facts.pop("kind"))
            return actions.open_request(facts.pop("bal"), kind, by=request.user, **facts)

        return self.add(perform)


def _step_route(act: Act):
    """One address per line of `lifecycle.STEPS` that is done by hand."""

    def step(self, request, pk):
        return self.act(lambda row: actions.step(row, act, by=request.user, **self.said(StepSerializer)))

    step.__name__ = act.value
    step.__doc__ = act.label
    described = extend_schema(request=StepSerializer, responses=RequestSerializer, summary=act.label)
    return described(action(detail=True, methods=["post"], url_path=act.value)(step))


for _act in BY_HAND:
    setattr(RequestViewSet, _act.value, _step_route(_act))
