"""What is answered while the database is away, full or blocked, or the disk full: 503, and when to come back, on a page
without data."""

import errno
import sys
from typing import NamedTuple

from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.defaults import bad_request, server_error

from directory.away import database_is_away

RETRY_AFTER = 10  # seconds


class Outage(NamedTuple):
    code: str
    detail: str


AWAY = Outage(
    "database_away",
    "La base de données ne répond pas. Rien n’a été enregistré à moitié : réessayez dans quelques instants.",
)
FULL = Outage(
    "disk_full",
    "Le serveur n’a plus de place pour enregistrer. Rien n’a été enregistré à moitié : prévenez son administrateur, "
    "puis réessayez.",
)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def handle_500(request):
    outage = outage_behind(sys.exc_info()[1])
    return answer(request, outage) if outage else server_error(request)


def handle_400(request, exception):
    """A session that cannot be saved is told by Django as a bad request, whatever the reason."""
    outage = outage_behind(exception)
    return answer(request, outage) if outage else bad_request(request, exception)


def outage_behind(error: BaseException | None) -> Outage | None:
    if database_is_away(error):
        return AWAY
    while error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return FULL
        error = error.__cause__ or error.__context__
    return None


def answer(request, outage: Outage) -> HttpResponse:
    if request.path.startswith("/api/"):
        problem = {"title": "Indisponible", "status": 503, "code": outage.code, "detail": outage.detail}
        response: HttpResponse = JsonResponse(problem, content_type="application/problem+json")
    elif request.path.startswith("/fhir/"):
        issue = {"severity": "error", "code": "transient", "diagnostics": outage.detail}
        outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
        response = JsonResponse(outcome, content_type="application/fhir+json")
    else:
        response = HttpResponse(render_to_string("503.html", {"detail": outage.detail}))
    response.status_code = 503
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    return response
