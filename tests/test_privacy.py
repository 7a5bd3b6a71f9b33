"""The policy of what our pages may load: written once, and the very one that django-csp writes."""

import pytest
from csp.constants import HEADER, HEADER_REPORT_ONLY, NONCE, NONE, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.http import HttpResponse

from balmanager.privacy import UsualPolicy

VIEWS = {
    "says nothing": {},
    "adds": {"_csp_update": {"style-src": [UNSAFE_INLINE]}},
    "replaces": {"_csp_replace": {"img-src": [NONE]}},
    "has its own": {"_csp_config": {"default-src": [NONE]}},
    "has none": {"_csp_exempt": True},
}


def answered(middleware, request, said, header="", *, reads_nonce=False):
    def view(request):
        response = HttpResponse()
        vars(response).update(said)
        if header:
            response[HEADER] = header
        if reads_nonce:
            assert str(request.csp_nonce)
        return response

    response = middleware(view)(request)
    return response.get(HEADER), response.get(HEADER_REPORT_ONLY)


@pytest.mark.parametrize("said", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("header", ["", "default-src 'self'"])
@pytest.mark.parametrize("debug", [False, True])
def test_it_is_what_django_csp_writes(rf, settings, said, header, debug):
    settings.DEBUG = debug
    ours, theirs = (answered(each, rf.get("/"), said, header) for each in (UsualPolicy, CSPMiddleware))
    assert ours == theirs


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONTENT_SECURITY_POLICY_REPORT_ONLY", {"DIRECTIVES": {"default-src": [NONE]}}),
        ("CONTENT_SECURITY_POLICY", {"EXCLUDE_URL_PREFIXES": ["/"], "DIRECTIVES": {"default-src": [NONE]}}),
        ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": {"default-src": [NONE]}}),
    ],
)
def test_whatever_is_set(rf, settings, name, value):
    setattr(settings, name, value)
    assert answered(UsualPolicy, rf.get("/"), {}) == answered(CSPMiddleware, rf.get("/"), {})


def test_a_nonce_is_in_it(rf, settings, monkeypatch):
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"script-src": [NONCE]}}
    monkeypatch.setattr("os.urandom", lambda _: b"0123456789abcdef")
    ours, theirs = (answered(each, rf.get("/"), {}, reads_nonce=True) for each in (UsualPolicy, CSPMiddleware))
    assert ours == theirs
    assert "nonce-" in ours[0]
