"""What webhooks are told, in the OpenAPI document: one entry an event, with the headers that sign it."""

from mailboxes.software.api import PAYLOAD, TEST
from mailboxes.software.models import Event

HEADERS = {
    "webhook-id": "Le numéro de la livraison : le même d’un essai à l’autre.",
    "webhook-timestamp": "Quand elle part, en secondes depuis 1970 : refusez ce qui a plus de cinq minutes.",
    "webhook-signature": "`v1,…` : HMAC-SHA256 de « numéro.moment.corps », en base64 ; plusieurs, séparées d’espaces.",
}


def with_webhooks(result, generator, request, public):
    """A hook of drf-spectacular."""
    result["webhooks"] = {name: {"post": _operation(name, label)} for name, label in [*Event.choices, TEST]}
    return result


def _operation(name: str, label: str) -> dict:
    schema = {"$ref": "#/components/schemas/WebhookEvent"}
    value = {**PAYLOAD, "event": name}
    if name != Event.STATE:
        value |= {"before": "", "after": ""}
    if name == TEST[0]:
        value |= {"what": "test", "entry": None, "bal": None}
    return {
        "operationId": f"on_{name}",
        "summary": f"Prévenir : {label}",
        "description": "Répondez 2xx en dix secondes ; sinon l’appel est refait, sept fois en deux jours.",
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
            for header, said in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": {name: {"value": value}}}},
        },
        "responses": {"2XX": {"description": "Pris."}},
    }
