"""Every error of the API as `application/problem+json` (RFC 9457), with a stable `code`."""

from django.http import JsonResponse
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

from mailboxes.rules import NotAllowed, Refused

TITLES = {
    400: "Demande invalide",
    401: "Non authentifié",
    403: "Non autorisé",
    404: "Introuvable",
    405: "Méthode impossible",
    406: "Format impossible",
    409: "Refusé",
    412: "Changé entre-temps",
    415: "Format non lu",
    422: "Clé déjà employée",
    429: "Trop de demandes",
}


class RefusedByRule(APIException):
    def __init__(self, refused: Refused):
        self.status_code = status.HTTP_403_FORBIDDEN if isinstance(refused, NotAllowed) else status.HTTP_409_CONFLICT
        super().__init__(detail=refused.messages[0], code=refused.code)


def exception_handler(exc, context):
    """What the domain refuses becomes a 403 or a 409, in one place for the whole API."""
    if isinstance(exc, Refused):
        exc = RefusedByRule(exc)
    response = default_handler(exc, context)
    if response is None:
        return None
    response.data = problem(exc, response)
    response.content_type = "application/problem+json"
    if isinstance(getattr(context["request"], "accepted_renderer", None), TemplateHTMLRenderer):  # the page of the API
        return JsonResponse(response.data, status=response.status_code, content_type=response.content_type)
    return response


def problem(exc, response: Response) -> dict:
    facts = {"title": TITLES.get(response.status_code, response.status_text), "status": response.status_code}
    if isinstance(exc, ValidationError):
        return {
            **facts,
            "code": "invalid",
            "detail": "Des valeurs manquent ou ne conviennent pas.",
            "errors": exc.detail,
        }
    detail = response.data.get("detail", "") if isinstance(response.data, dict) else ""
    return {**facts, "code": getattr(detail, "code", "error"), "detail": str(detail)}
