"""What is answered while the database is away, full or blocked: 503, and when to come back, on a page without data."""

import sys

from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.defaults import bad_request, server_error

from directory.away import database_is_away

RETRY_AFTER = 10  # seconds
DETAIL = "La base de données ne répond pas. Rien n’a été enregistré à moitié : réessayez dans quelques instants."


def handle_500(request):
    return answer(request) if database_is_away(sys.exc_info()[1]) else server_error(request)


def handle_400(request, exception):
    """A session that cannot be saved is told by Django as a bad request, whatever the reason."""
    return answer(request) if database_is_away(exception) else bad_request(request, exception)


def answer(request) -> HttpResponse:
    if request.path.startswith("/api/"):
        problem = {"title": "Indisponible", "status": 503, "code": "database_away", "detail": DETAIL}
        response: HttpResponse = JsonResponse(problem, content_type="application/problem+json")
    elif request.path.startswith("/fhir/"):
        issue = {"severity": "error", "code": "transient", "diagnostics": DETAIL}
        outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
        response = JsonResponse(outcome, content_type="application/fhir+json")
    else:
        response = HttpResponse(render_to_string("503.html", {"detail": DETAIL}))
    response.status_code = 503
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    return response
