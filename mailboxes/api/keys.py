"""What a key opens, and how often. `request.auth` is the key, or None for whoever is logged in by the browser."""

import math

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.throttling import SimpleRateThrottle

from directory.typography import quoted
from mailboxes.lifecycle import Scope

IMPLIED = {Scope.MANAGE: {Scope.READ}}  # who may change the register may read it


class ScopeOpens(BasePermission):
    """A view may name in `scopes` what a method asks of a key; else to read needs `read`, to write `manage`.

    Who is logged in by the browser has no key: the rules alone say what they may.
    """

    message = "Cette clé n’ouvre pas cette adresse : demandez à un gestionnaire le droit {}."
    code = "scope"

    def has_permission(self, request, view):
        if request.auth is None:
            return True
        needed = scope_of(view, request.method)
        self.message = type(self).message.format(quoted(needed.label))
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
        try:
            asked = self.cache.incr(counter)
        except ValueError:  # the first of its window
            self.cache.add(counter, 0, timeout=2 * self.duration)
            asked = self.cache.incr(counter)
        # draft-ietf-httpapi-ratelimit-headers: what is granted, and what is left until the window ends.
        request._request.rate_limit = {
            "RateLimit-Policy": f'"{self.scope}";q={self.num_requests};w={self.duration}',
            "RateLimit": f'"{self.scope}";r={max(0, self.num_requests - asked)};t={math.ceil(self.wait())}',
        }
        return asked <= self.num_requests

    def wait(self) -> float:
        """Seconds until the next window."""
        return self.duration - self.elapsed

    def get_cache_key(self, request, view):
        if request.auth is not None:
            return f"throttle-key-{request.auth.pk}"
        return f"throttle-user-{request.user.pk}" if request.user.pk else None
