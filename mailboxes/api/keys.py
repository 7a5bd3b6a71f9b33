"""Software opens the API with its key: who it is, what the key opens, how often."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.throttling import SimpleRateThrottle

from mailboxes.actions import trace
from mailboxes.models import SoftwareKey
from mailboxes.models.software import Scope

NATIONAL_HEADER = "ESANTE-API-KEY"  # of the national FHIR API: its clients change their base URL and their key
IMPLIED = {Scope.MANAGE: {Scope.READ}}  # who may change the register may read it


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer balm_…`. `request.auth` is then the key, `request.user` the account of its software."""

    keyword = b"bearer"

    def authenticate(self, request):
        if (token := self._token(request)) is None:
            return None
        key = self._key(token)
        # The path alone: what is looked for (a RPPS, a name) stands in the query, and is nobody else's business.
        trace(key.software.user, "api", f"{request.method} {request.path} ({key.prefix}…)")
        return key.software.user, key

    def _token(self, request) -> str | None:
        if (token := request.headers.get(NATIONAL_HEADER)) is not None:
            return token
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != self.keyword:
            return None
        if len(words) != 2:
            raise AuthenticationFailed("L’en-tête s’écrit « Authorization: Bearer » suivi de la clé.", "malformed_key")
        return words[1].decode(errors="replace")

    def _key(self, token: str) -> SoftwareKey:
        now = timezone.now()
        key = SoftwareKey.objects.of_token(token, now).select_related("software__user").first()
        if key is None:
            raise AuthenticationFailed("Cette clé est inconnue, expirée ou révoquée.", "unknown_key")
        key.mark_used(now)
        return key

    def authenticate_header(self, request):
        return 'Bearer realm="BAL Manager"'


class ScopeOpens(BasePermission):
    """A view may name in `scopes` what a method asks of a key; else to read needs `read`, to write `manage`.

    Who is logged in by the browser has no key: the rules alone say what he may.
    """

    message = "Cette clé n’ouvre pas cette adresse : demandez à un gestionnaire le droit « {} »."
    code = "scope"

    def has_permission(self, request, view):
        if not isinstance(request.auth, SoftwareKey):
            return True
        needed = scope_of(view, request.method)
        self.message = type(self).message.format(needed.label)
        return needed in granted(request.auth.software.scopes)


def scope_of(view, method: str) -> Scope:
    default = Scope.READ if method in SAFE_METHODS else Scope.MANAGE
    return Scope(getattr(view, "scopes", {}).get(method, default))


def granted(scopes: list[str]) -> set[str]:
    return set(scopes).union(*(IMPLIED.get(Scope(scope), set()) for scope in scopes))


class KeyThrottle(SimpleRateThrottle):
    """So many requests a minute for each key, or each account: `settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]`.

    Counted minute by minute: one number that every process adds to, where the list of moments that DRF keeps would be
    read and written whole at each request, and lose those that two processes write at once.
    """

    scope = "api"

    def allow_request(self, request, view) -> bool:
        who = self.get_cache_key(request, view)
        if self.rate is None or who is None:
            return True
        window, self.elapsed = divmod(self.timer(), self.duration)
        counter = f"{who}-{window:.0f}"
        self.cache.add(counter, 0, timeout=2 * self.duration)
        return self.cache.incr(counter) <= self.num_requests

    def wait(self) -> float:
        """Seconds until the next window."""
        return self.duration - self.elapsed

    def get_cache_key(self, request, view):
        if isinstance(request.auth, SoftwareKey):
            return f"throttle-key-{request.auth.pk}"
        return f"throttle-user-{request.user.pk}" if request.user.pk else None
