"""What every answer to software carries, errors included: its number in our log, what is left to ask, and little
weight."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.middleware.gzip import GZipMiddleware
from django.utils.http import escape_leading_slashes

from balmanager.logs import REQUEST_ID

OURS = ("/api/", "/fhir/", "/scim/")
HEADER = "X-Request-Id"
GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")


class ForSoftware:
    """Compression is for software alone: what it asks holds no secret of ours beside what a stranger chose."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response
        self.compressed = GZipMiddleware(get_response).process_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(OURS):
            return self.get_response(request)
        said = request.headers.get(HEADER, "")
        name = said if GIVEN.fullmatch(said) else uuid.uuid4().hex
        token = REQUEST_ID.set(name)
        try:
            response = self.compressed(request, self.get_response(request))
        finally:
            REQUEST_ID.reset(token)
        response[HEADER] = name
        for header, value in getattr(request, "rate_limit", {}).items():
            response[header] = value
        return response


class PermanentRedirect(HttpResponsePermanentRedirect):
    """308."""

    def __init__(self, to: str):
        super().__init__(to, preserve_request=True)


class KeepsTheBody(CommonMiddleware):
    """An address without its last slash is answered by 308: by 301 a client would send a GET, without its body."""

    response_redirect_class = PermanentRedirect

    def get_full_path_with_slash(self, request: HttpRequest) -> str:
        return escape_leading_slashes(request.get_full_path(force_append_slash=True))
