"""What the OpenAPI document says of every operation: the key, the headers, and each refusal it may answer."""

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from mailboxes.api.expand import PARAMETER
from mailboxes.api.keys import scope_of
from mailboxes.api.once import HEADER
from mailboxes.api.problems import TITLES
from mailboxes.api.viewsets import ResourceViewSet


class Problem(serializers.Serializer):
    """RFC 9457. `code` is stable; `detail` is for people, in French."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.JSONField(required=False, help_text="Par champ, ce qui ne convient pas.")


REFUSALS = {
    400: "Une valeur manque ou ne convient pas, un nom n’est pas connu, ou le corps n’est pas lisible.",
    401: "Sans clé, ou la clé est inconnue, expirée ou révoquée.",
    403: "La clé n’ouvre pas cette adresse, ou la règle refuse ce demandeur.",
    404: "Introuvable, ou hors des structures de la clé ; d’une liste, curseur inconnu.",
    406: "Seul le JSON est servi.",
    409: "Refusé par une règle du registre, ou par l’état de l’objet.",
    412: "L’objet a changé depuis la lecture (If-Match).",
    415: "Seul le JSON est lu.",
    422: "Idempotency-Key déjà employée pour une autre demande.",
    429: "Trop de demandes : attendez le délai de Retry-After.",
}
PROBLEM = "application/problem+json"
CODES = {
    400: "invalid",
    401: "unknown_key",
    403: "scope",
    404: "not_found",
    406: "not_acceptable",
    409: "state",
    412: "changed",
    415: "unsupported_media_type",
    422: "idempotency_mismatch",
    429: "throttled",
}
NAMING = ("/api/v1/readings/",)  # the body of whose POST names what may not be found
READING, ONE, WRITING = {401, 403, 406, 429}, {404}, {400, 409, 412, 415, 422}

FIELDS = OpenApiParameter(
    "fields", OpenApiTypes.STR, description="Champs voulus, séparés par des virgules ; les autres manquent alors."
)
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


def with_refusals(result, generator, request, public):
    """What each refusal looks like, said once in the document: an operation points to it."""
    problem = {"$ref": "#/components/schemas/Problem"}
    result["components"]["responses"] = {
        f"Refusal{code}": {
            "description": said,
            "content": {PROBLEM: {"schema": problem, "example": example_of(code)}},
        }
        for code, said in REFUSALS.items()
    }
    return result


def example_of(code: int) -> dict:
    errors = {"errors": {"address": ["Ce champ est obligatoire."]}} if code == 400 else {}
    return {"title": TITLES[code], "status": code, "code": CODES[code], "detail": REFUSALS[code], **errors}


class Schema(AutoSchema):
    def get_override_parameters(self):
        is_resource = isinstance(self.view, ResourceViewSet)
        parameters = [FIELDS] if is_resource and self._shows_resource() else []
        if is_resource and self.view.expansions and self.view.action in ("list", "retrieve"):
            known = ", ".join(f"`{name}`" for name in self.view.expansions)
            said = f"Ce qu’une ligne désigne, donné avec elle dans `expanded` : {known}, séparés par des virgules."
            parameters.append(OpenApiParameter(PARAMETER, OpenApiTypes.STR, description=said))
        if self.method == "POST":
            parameters.append(IDEMPOTENCY)
        if is_resource and "{" in self.path:
            parameters.append(IF_NONE_MATCH if self.method in SAFE_METHODS else IF_MATCH)
        return parameters

    def _shows_resource(self) -> bool:
        said = self.get_response_serializers()
        shown = next(iter(said.values())) if isinstance(said, dict) else said
        return isinstance(force_instance(shown), self.view.serializer_class)

    def get_operation_id(self):
        """The operation named after its act; "create" alone would tell a POST from a GET, not what it does."""
        act = getattr(self.view, "action", None)
        if act in (None, "create", "list", "retrieve", "partial_update", "destroy"):
            return super().get_operation_id()
        return f"{self.path.split('/')[3]}_{act}"

    def get_extensions(self):
        return {"x-scope": scope_of(self.view, self.method).value}

    def get_description(self):
        scope = scope_of(self.view, self.method)
        return f"{super().get_description() or ''}\n\nDroit de la clé : `{scope}` ({scope.label}).".strip()

    def _get_response_bodies(self, direction="response"):
        answers = super()._get_response_bodies(direction)
        self._get_response_for_code(Problem, "400", [PROBLEM], direction)  # so that the document knows it
        for code in sorted(self._refusals() - {int(code) for code in answers}):
            answers[str(code)] = {"$ref": f"#/components/responses/Refusal{code}"}
        if isinstance(self.view, ResourceViewSet) and "{" in self.path and self.method in SAFE_METHODS:
            answers["304"] = {"description": "Rien n’a changé."}
        return answers

    def _refusals(self) -> set[int]:
        codes = set(READING)
        if "{" in self.path or self._is_list_view() or self.path in NAMING:
            codes |= ONE
        if self.method not in SAFE_METHODS:
            codes |= WRITING
        if self.method in SAFE_METHODS:
            codes.add(400)
        return codes
