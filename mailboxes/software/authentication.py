"""Software opens the API with its key: who it is."""

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from directory.prepared import prepared
from mailboxes.actions import trace
from mailboxes.software.models import SoftwareKey, digest_of

NATIONAL_HEADER = "ESANTE-API-KEY"  # of the national FHIR API: its clients change their base URL and their key


@prepared
def opening(digest, now):
    return SoftwareKey.objects.opening(digest, now).select_related("software__user")


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
        found = opening(digest=digest_of(token), now=now)
        if not found:
            raise AuthenticationFailed(
                "Cette clé est inconnue, expirée ou révoquée : demandez-en une à un gestionnaire.", "unknown_key"
            )
        (key,) = found
        key.mark_used(now)
        key.software.user._used_bals = frozenset()  # it is nobody's titulaire or délégataire: nothing to read
        return key

    def authenticate_header(self, request):
        return 'Bearer realm="BAL Manager"'


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "mailboxes.software.authentication.KeyAuthentication"
    name = "cle"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "description": "Clé d’un logiciel, donnée par un gestionnaire."}
