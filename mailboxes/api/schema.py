"""What the OpenAPI document says of every operation: the key, the headers, and each refusal it may answer."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from mailboxes.api.keys import scope_of
from mailboxes.api.once import HEADER
from mailboxes.api.viewsets import ResourceViewSet


class Problem(serializers.Serializer):
    """RFC 9457. `code` is stable; `detail` is for people, in French."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.JSONField(required=False, help_text="Par champ, ce qui ne convient pas.")


REFUSALS = {
    400: "Une valeur manque, ne convient pas, ou le corps n’est pas lisible.",
    401: "Sans clé, ou la clé est inconnue, expirée ou révoquée.",
    403: "La clé n’ouvre pas cette adresse, ou la règle refuse ce demandeur.",
    404: "Introuvable, ou hors des structures de la clé.",
    405: "Méthode sans objet ici.",
    406: "Seul le JSON est servi.",
    409: "Refusé par une règle du registre, ou par l’état de l’objet.",
    412: "L’objet a changé depuis la lecture (If-Match).",
    415: "Seul le JSON est lu.",
    422: "Idempotency-Key déjà employée pour une autre demande.",
    429: "Trop de demandes : attendez le délai de Retry-After.",
}
READING, ONE, WRITING = {401, 403, 406, 429}, {404}, {400, 409, 412, 415, 422}

FIELDS = OpenApiParameter("fields", OpenApiTypes.STR, description="Champs voulus, séparés par des virgules.")
IDEMPOTENCY = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    "header",
    description="Nom unique de cette écriture : renvoyée, elle n’est faite qu’une fois.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, "header", description="ETag lu : l’écriture est refusée si l’objet a changé depuis."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, "header", description="ETag déjà connu : 304 si rien n’a changé."
)


class Schema(AutoSchema):
    def get_override_parameters(self):
        is_resource = isinstance(self.view, ResourceViewSet)
        parameters = [FIELDS] if is_resource else []
        if self.method == "POST":
            parameters.append(IDEMPOTENCY)
        if is_resource and "{" in self.path:
            parameters.append(IF_NONE_MATCH if self.method in SAFE_METHODS else IF_MATCH)
        return parameters

    def get_description(self):
        scope = scope_of(self.view, self.method)
        return f"{super().get_description() or ''}\n\nDroit de la clé : `{scope}` ({scope.label}).".strip()

    def _get_response_bodies(self, direction="response"):
        answers = super()._get_response_bodies(direction)
        for code in sorted(self._refusals() - {int(code) for code in answers}):
            answer = self._get_response_for_code(Problem, str(code), ["application/problem+json"], direction)
            answers[str(code)] = answer | {"description": REFUSALS[code]}
        if isinstance(self.view, ResourceViewSet) and "{" in self.path and self.method in SAFE_METHODS:
            answers["304"] = {"description": "Rien n’a changé."}
        return answers

    def _refusals(self) -> set[int]:
        codes = set(READING)
        if "{" in self.path:
            codes |= ONE
        if self.method not in SAFE_METHODS:
            codes |= WRITING
        if self.method in SAFE_METHODS and self._get_parameters():
            codes.add(400)
        return codes


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "mailboxes.api.keys.KeyAuthentication"
    name = "cle"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "description": "Clé d’un logiciel, donnée par un gestionnaire."}
