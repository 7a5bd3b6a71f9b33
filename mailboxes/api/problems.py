"""Every error of the API as `application/problem+json` (RFC 9457), with a stable `code`."""

import math
from typing import Any

from django.core.exceptions import PermissionDenied as Denied
from django.http import Http404, JsonResponse
from rest_framework import status
from rest_framework.exceptions import (
    APIException,
    MethodNotAllowed,
    NotAcceptable,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    Throttled,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

from directory.away import is_taken_meanwhile
from directory.typography import for_software, how_many
from mailboxes.rules import NotAllowed, Refused

NOT_OPEN = "Cette adresse ne vous est pas ouverte : vérifiez la clé, et ce qu’elle ouvre."
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


TAKEN_MEANWHILE = Refused(
    "La même chose vient d’être écrite par un autre appel : relisez-la, puis recommencez s’il le faut encore.", "race"
)


class RefusedByRule(APIException):
    def __init__(self, refused: Refused):
        self.status_code = status.HTTP_403_FORBIDDEN if isinstance(refused, NotAllowed) else status.HTTP_409_CONFLICT
        super().__init__(detail=refused.messages[0], code=refused.code)


def exception_handler(exc, context):
    """What the domain refuses becomes a 403 or a 409, in one place for the whole API."""
    if is_taken_meanwhile(exc):
        exc = TAKEN_MEANWHILE
    if isinstance(exc, Refused):
        exc = RefusedByRule(exc)
    response = default_handler(exc, context)
    if response is None:
        return None
    response.data = problem(exc, response)
    response.content_type = "application/problem+json"
    if TemplateHTMLRenderer in context["view"].renderer_classes:  # the page of the API, which would write it as HTML
        return JsonResponse(response.data, status=response.status_code, content_type=response.content_type)
    return response


def problem(exc, response: Response) -> dict:
    facts = {"title": TITLES.get(response.status_code, response.status_text), "status": response.status_code}
    if isinstance(exc, ValidationError):
        return {
            **facts,
            "code": "invalid",
            "detail": "Des valeurs manquent ou ne conviennent pas : « errors » les nomme.",
            "errors": _plainly(exc.detail),
        }
    detail = response.data.get("detail", "") if isinstance(response.data, dict) else ""
    return {**facts, "code": getattr(detail, "code", "error"), "detail": sentence_of(exc, response)}


def headers_of(answer: Response) -> dict[str, str]:
    """Headers of a refusal, which every format of ours passes on."""
    return {name: answer[name] for name in ("WWW-Authenticate", "Retry-After", "Allow") if name in answer}


def sentence_of(exc: Exception, response: Response) -> str:
    """What is refused, and what to do next, of every door: where only REST framework says no, in our words."""
    detail = str(response.data.get("detail", "")) if isinstance(response.data, dict) else ""
    match exc:
        case NotAuthenticated():
            detail = "Cette adresse demande une clé : envoyez l’en-tête « Authorization: Bearer », suivi de la clé."
        case MethodNotAllowed():
            detail = "Cette adresse ne connaît pas cette méthode : l’en-tête Allow dit lesquelles elle connaît."
        case NotAcceptable():
            detail = "Seul le JSON est servi : demandez-le dans l’en-tête Accept."
        case UnsupportedMediaType():
            detail = "Ce format n’est pas lu ici : envoyez du JSON, et dites-le dans l’en-tête Content-Type."
        case Throttled(wait=wait) if wait is not None:
            detail = f"Trop de demandes : attendez {how_many(math.ceil(wait), 'seconde')}, puis recommencez."
        case PermissionDenied() | Denied() if detail == str(PermissionDenied.default_detail):
            detail = NOT_OPEN
        case NotFound() | Http404() if isinstance(exc, Http404) or detail == str(NotFound.default_detail):
            detail = "Rien de tel dans les structures que vous voyez : vérifiez le numéro."
    return for_software(detail)


def _plainly(said: Any) -> Any:
    """The errors of a body, however deep."""
    if isinstance(said, dict):
        return {name: _plainly(part) for name, part in said.items()}
    return [_plainly(part) for part in said] if isinstance(said, list) else for_software(said)
