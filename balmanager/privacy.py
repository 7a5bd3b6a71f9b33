"""What neither a browser nor a proxy may keep: all that we answer, unless a view says otherwise; and what our pages may
load."""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.utils.functional import cached_property

PRIVATE = "no-store, private"


class NothingKept:
    """A page is about someone unless it says that it is not: one without `Cache-Control` of its own is kept nowhere."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", PRIVATE)
        return response


class UsualPolicy(CSPMiddleware):
    """The policy of the settings, written once: nearly every answer has that one, and to write it took a twentieth of
    an answer to software. Where a view says anything of its own, or anything else is set, CSPMiddleware decides."""

    SAID = frozenset(f"_csp_{what}{mode}" for what in ("config", "update", "replace", "exempt") for mode in ("", "_ro"))

    @cached_property
    def usual(self) -> str:
        """ "" where it is not the same for all."""
        policy = settings.CONTENT_SECURITY_POLICY
        is_alone = set(policy) == {"DIRECTIVES"} and not hasattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY")
        return build_policy() if is_alone and not settings.DEBUG else ""

    def process_response(self, request, response):
        is_usual = self.usual and HEADER not in response and self.SAID.isdisjoint(vars(response))
        if not is_usual or getattr(request, "_csp_nonce", None) is not None:
            return super().process_response(request, response)
        response[HEADER] = self.usual
        return response
