"""Webhooks by the API: declared, changed, tried, and what was not taken sent again."""

import json

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from directory.typography import quoted
from mailboxes.api.fields import VisibleField
from mailboxes.api.serializers import example
from mailboxes.api.strict import StrictSerializer
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Structure
from mailboxes.models.fields import length_of
from mailboxes.software.actions import add_webhook, change_webhook, renew_secret, replay, try_webhook
from mailboxes.software.models import Delivery, Event, Webhook

SHOWN = 100  # deliveries of an answer
TEST = ("test", "un essai")
HOOK = {
    "id": 4,
    "structure": 3,
    "url": "https://dpi.chu-exemple.fr/bal",
    "events": ["quota", "state"],
    "paused": False,
    "created_at": "2026-11-02T08:00:00+01:00",
}
PAYLOAD = {
    "event": "state",
    "what": "request_depublication",
    "entry": 120,
    "at": "2026-11-02T07:00:00+00:00",
    "structure": 3,
    "bal": {
        "id": 12,
        "address": "accueil@chu-exemple.mssante.fr",
        "kind": "ORG",
        "state": "depublication_requested",
    },
    "before": "active",
    "after": "depublication_requested",
}
DELIVERY = {
    "id": "5f0c4b0e-7c3f-4f51-9d0c-0a52c3c7b1de",
    "stage": "waiting",
    "attempts": 1,
    "status": 503,
    "error": "Réponse 503",
    "created_at": "2026-11-02T08:00:00+01:00",
    "next_at": "2026-11-02T08:01:00+01:00",
    "delivered_at": None,
    "payload": PAYLOAD,
}


class BalOfEventSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    address = serializers.CharField()
    kind = serializers.ChoiceField(Bal.Kind.choices)
    state = serializers.CharField(help_text="Son état quand la livraison a été écrite.")


class WebhookEventSerializer(serializers.Serializer):
    """What a webhook is told: `delivery.told` writes it. No name of a person, no free text."""

    event = serializers.ChoiceField([*Event.choices, TEST])
    what = serializers.CharField(help_text="L’acte, comme au journal.")
    entry = serializers.IntegerField(allow_null=True, help_text="La ligne du journal ; d’un essai, aucune.")
    at = serializers.DateTimeField()
    structure = serializers.IntegerField(allow_null=True)
    bal = BalOfEventSerializer(
        allow_null=True, help_text="`null` : d’un essai, ou ce qui touche toute la structure, dont les BAL se relisent."
    )
    before = serializers.CharField(allow_blank=True, help_text="De `state` : l’état d’avant.")
    after = serializers.CharField(allow_blank=True, help_text="De `state` : l’état d’après.")


@extend_schema_serializer(examples=[OpenApiExample("Un DPI", response_only=True, value=HOOK)])
class WebhookSerializer(serializers.ModelSerializer):
    events = serializers.ListField(child=serializers.ChoiceField(Event.choices))
    paused = serializers.BooleanField(source="is_paused", help_text="Ce qui arrive entre-temps est livré à la reprise.")

    class Meta:
        model = Webhook
        fields = ["id", "structure", "url", "events", "paused", "created_at"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer):
    payload = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "stage",
            "attempts",
            "status",
            "error",
            "created_at",
            "next_at",
            "delivered_at",
            "payload",
        ]
        read_only_fields = fields

    @extend_schema_field(WebhookEventSerializer)
    def get_payload(self, delivery: Delivery) -> dict:
        return json.loads(delivery.body)


@extend_schema_serializer(
    examples=[OpenApiExample("Une livraison refusée", response_only=True, value={"results": [DELIVERY]})]
)
class DeliveriesSerializer(serializers.Serializer):
    results = DeliverySerializer(many=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Le secret", response_only=True, value={"secret": "whsec_0123456789abcdef", "former_until": None}
        )
    ]
)
class SecretSerializer(serializers.Serializer):
    secret = serializers.CharField(help_text="Ce qui signe les livraisons (Standard Webhooks). À garder pour soi.")
    former_until = serializers.DateTimeField(
        allow_null=True, help_text="Jusqu’à quand l’ancien secret signe aussi, s’il vient d’être changé."
    )


def events_field(**facts) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ChoiceField(Event.choices), allow_empty=False, max_length=len(Event), **facts
    )


def url_field(**facts) -> serializers.URLField:
    return serializers.URLField(max_length=length_of(Webhook, "url"), **facts)


@extend_schema_serializer(
    examples=[example("Un DPI", {"structure": 3, "url": "https://dpi.chu-exemple.fr/bal", "events": ["state"]})]
)
class AddWebhookSerializer(StrictSerializer):
    structure = VisibleField(queryset=Structure.objects.all(), help_text="Et celles qui lui sont rattachées.")
    url = url_field()
    events = events_field()


@extend_schema_serializer(examples=[example("Le suspendre", {"paused": True})])
class ChangeWebhookSerializer(StrictSerializer):
    """Facts of a webhook to change: only the fields given do."""

    url = url_field(required=False)
    events = events_field(required=False)
    paused = serializers.BooleanField(required=False)


@extend_schema_serializer(examples=[example("Celle-ci", {"delivery": DELIVERY["id"]})])
class ReplaySerializer(StrictSerializer):
    delivery = serializers.UUIDField(help_text="Le numéro de la livraison, qui est aussi son `webhook-id`.")


class WebhookViewSet(ResourceViewSet):
    """Les adresses que nous prévenons de ce qui arrive aux BAL de vos structures."""

    serializer_class = WebhookSerializer

    def get_queryset(self):
        return Webhook.objects.visible_to(self.request.user)

    def parameters(self):
        return ["stage"] if self.action == "deliveries" else super().parameters()

    @extend_schema(request=AddWebhookSerializer, responses={201: WebhookSerializer}, summary=Act.ADD_WEBHOOK.label)
    def create(self, request):
        """Prévenir une adresse de ce qui arrive à partir de maintenant. Son secret se lit ensuite."""
        return self.add(lambda: add_webhook(by=request.user, **self.said(AddWebhookSerializer)))

    @extend_schema(request=ChangeWebhookSerializer, responses=WebhookSerializer, summary=Act.CHANGE_WEBHOOK.label)
    def partial_update(self, request, pk):
        """Changer son adresse ou ses évènements, le suspendre, le reprendre."""
        return self.act(lambda hook: change_webhook(hook, by=request.user, **self.said(ChangeWebhookSerializer)))

    @extend_schema(responses=SecretSerializer, summary="Lire le secret d’un webhook")
    @action(detail=True, methods=["get"])
    def secret(self, request, pk):
        """Ce avec quoi vérifier que nous sommes l’envoyeur."""
        return Response(SecretSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=WebhookSerializer, summary="Changer le secret d’un webhook")
    @action(detail=True, methods=["post"])
    def renew_secret(self, request, pk):
        """Un nouveau secret. L’ancien signe aussi pendant sept jours, le temps de donner celui-ci au logiciel."""
        return self.act(lambda hook: renew_secret(hook, by=request.user))

    @extend_schema(request=None, responses=WebhookSerializer, summary="Essayer un webhook")
    @action(detail=True, methods=["post"])
    def test(self, request, pk):
        """Une livraison comme les autres, d’un évènement `test` ; elle part dans la minute, ou à la reprise."""
        return self.act(lambda hook: try_webhook(hook, by=request.user))

    @extend_schema(
        parameters=[OpenApiParameter("stage", str, enum=Delivery.Stage.values, description="Celles de cette étape.")],
        responses=DeliveriesSerializer,
        summary="Lire les dernières livraisons d’un webhook",
    )
    @action(detail=True, methods=["get"])
    def deliveries(self, request, pk):
        """Les cent dernières, la plus récente d’abord : ce qui a été dit, et ce qui a été répondu."""
        rows = self.get_object().deliveries.order_by("-created_at", "-pk")
        if (stage := request.query_params.get("stage")) is not None:
            if stage not in Delivery.Stage.values:
                raise serializers.ValidationError(
                    {"stage": [f"{quoted(stage)} est inconnu. Connus : {', '.join(Delivery.Stage.values)}."]}
                )
            rows = rows.filter(stage=stage)
        return Response(DeliveriesSerializer({"results": rows[:SHOWN]}).data)

    @extend_schema(request=ReplaySerializer, responses=WebhookSerializer, summary="Refaire une livraison")
    @action(detail=True, methods=["post"])
    def replay(self, request, pk):
        """La même, telle qu’elle était et sous le même numéro ; elle repart dans la minute, ou à la reprise."""

        def perform(hook: Webhook):
            wanted = self.said(ReplaySerializer)["delivery"]
            replay(get_object_or_404(hook.deliveries.select_related("webhook"), pk=wanted), by=request.user)

        return self.act(perform)
