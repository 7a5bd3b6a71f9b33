"""What is answered where no view does: a page to a person; under `/api/` a problem (RFC 9457), under `/fhir/` an
OperationOutcome, under `/scim/` an Error (RFC 7644), as their own views answer."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults

from balmanager.outage import RETRY_AFTER, Unavailable, outage_behind
from directory.away import holds_nul, is_taken_meanwhile
from directory.typography import for_software
from mailboxes.api.problems import NOT_OPEN, TAKEN_MEANWHILE

# status -> title, code of the API, code of FHIR, sentence
SAYS = {
    400: (
        "Demande invalide",
        "invalid",
        "invalid",
        "Cette demande ne se lit pas : vérifiez son adresse, ses en-têtes et son corps.",
    ),
    403: ("Non autorisé", "permission_denied", "forbidden", NOT_OPEN),
    404: ("Introuvable", "not_found", "not-found", "Cette adresse n’existe pas : vérifiez comment elle est écrite."),
    409: ("Refusé", "race", "conflict", TAKEN_MEANWHILE.messages[0]),
    413: ("Trop long", "too_long", "too-long", "Le corps est trop long : envoyez-le en plusieurs fois."),
    500: ("Erreur", "error", "exception", "Une erreur est survenue ; elle est notée. Réessayez plus tard."),
}


def handle_400(request, exception):
    """A session that cannot be saved is told by Django as a bad request, whatever the reason."""
    if outage := outage_behind(exception):
        return unavailable(request, outage)
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    return to_software(request, status) or defaults.bad_request(request, exception)


def handle_403(request, exception=None):
    return to_software(request, 403) or defaults.permission_denied(request, exception)


def handle_404(request, exception):
    return to_software(request, 404) or defaults.page_not_found(request, exception)


def handle_500(request):
    error = sys.exc_info()[1]
    if outage := outage_behind(error):
        return unavailable(request, outage)
    if holds_nul(error):
        return handle_400(request, error)
    if is_taken_meanwhile(error):
        return to_software(request, 409) or render(request, "409.html", status=409)
    return to_software(request, 500) or defaults.server_error(request)


def unavailable(request, outage: Unavailable) -> HttpResponse:
    """503, and when to come back, on a page without data."""
    page = software_reads(request, 503, "Indisponible", outage.code, "transient", outage.detail)
    response = page or HttpResponse(render_to_string("503.html", {"detail": outage.detail}), status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store, private"
    return response


def to_software(request, status: int) -> HttpResponse | None:
    """The error as software reads it; None where a person asks."""
    return software_reads(request, status, *SAYS[status])


def software_reads(request, status: int, title: str, code: str, fhir_code: str, detail: str) -> HttpResponse | None:
    detail = for_software(detail)
    if request.path.startswith("/api/"):
        problem = {"title": title, "status": status, "code": code, "detail": detail}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    if request.path.startswith("/fhir/"):
        issue = {"severity": "error", "code": fhir_code, "diagnostics": detail}
        outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
        return JsonResponse(outcome, status=status, content_type="application/fhir+json")
    if request.path.startswith("/scim/"):
        schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"]
        error = {"schemas": schemas, "status": str(status), "detail": detail}
        return JsonResponse(error, status=status, content_type="application/scim+json")
    return None
