"""Logging in by Pro Santé Connect, or by a hospital's own identity provider: OpenID Connect, as strictly as it goes.

allauth finds `provider_classes` here, because this module bears this name. Beyond what its own provider does: a nonce,
the signature checked even over TLS, the level of authentication, no word from the visitor on what is asked, and one
claim as the key of the identity. What is kept of the claims is what we use.
"""

import secrets

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

SIGNED = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
BY_SECRET = {"HS256", "HS384", "HS512"}  # with the client's secret, for the few providers that do
DISCOVERY_KEPT = 3600  # seconds
CLOCKS_DIFFER = 60  # seconds, at most
ID_TOKEN = "id_token"  # noqa: S105 - in the session, for the log-out at the provider


class IdentityAdapter(OpenIDConnectOAuth2Adapter):
    nonce = ""  # what this log-in's answer must repeat; the view of the answer sets it

    @property
    def openid_config(self) -> dict:
        url = self.get_provider().server_url
        return cache.get_or_set(f"openid:{url}", lambda: _fetch(url), DISCOVERY_KEPT) or {}

    def get_callback_url(self, request, app) -> str:
        return settings.SITE_URL + reverse("oidc_callback", args=[self.provider_id])

    def complete_login(self, request, app, token, **kwargs):
        try:
            id_token = kwargs["response"]["id_token"]
            claims = self._checked(app, id_token)
            userinfo = self._userinfo(app, token.token)
            if userinfo["sub"] != claims["sub"]:
                raise OAuth2Error("userinfo is about someone else")
            login = self.get_provider().sociallogin_from_response(request, {"userinfo": userinfo})
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise OAuth2Error(f"answer not understood: {type(error).__name__}") from error
        request.identity_session = request.session[ID_TOKEN] = id_token
        return login

    def _checked(self, app, id_token: str) -> dict:
        claims = self._decoded(app, id_token)
        if not self.nonce or not secrets.compare_digest(str(claims.get("nonce", "")), self.nonce):
            raise OAuth2Error("wrong nonce")
        levels = app.settings.get("acr_values", "").split()
        if levels and claims.get("acr") not in levels:
            raise OAuth2Error("level of authentication too low")
        return claims

    def _userinfo(self, app, access_token: str) -> dict:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.profile_url, headers={"Authorization": f"Bearer {access_token}"})
        answer.raise_for_status()
        signed = answer.headers.get("Content-Type", "").startswith("application/jwt")
        return self._decoded(app, answer.text, require=["sub"]) if signed else answer.json()

    def _decoded(self, app, token: str, require=("exp", "iat", "sub")) -> dict:
        config, header = self.openid_config, jwt.get_unverified_header(token)
        announced = config.get("id_token_signing_alg_values_supported", ["RS256"])
        algorithm = header["alg"]
        if algorithm not in (SIGNED | BY_SECRET) & set(announced):
            raise OAuth2Error("signed otherwise than announced")
        key = app.secret if algorithm in BY_SECRET else self._key(config["jwks_uri"], header.get("kid"))
        return jwt.decode(
            token, key, algorithms=[algorithm], audience=app.client_id, issuer=config["issuer"],
            leeway=CLOCKS_DIFFER, options={"require": list(require)},
        )  # fmt: skip

    def _key(self, url: str, name: str | None):
        keys = jwt.PyJWKSet.from_dict(_fetch(url)).keys
        found = [key for key in keys if name is None or key.key_id == name]
        if not found:
            raise OAuth2Error("signed with an unknown key")
        return found[0].key


def _fetch(url: str) -> dict:
    with get_adapter().get_requests_session() as session:
        answer = session.get(url)
    answer.raise_for_status()
    return answer.json()


class IdentityProvider(OpenIDConnectProvider):
    id = "oidc"
    name = "OpenID Connect"
    oauth2_adapter_class = IdentityAdapter
    pkce_enabled_default = True

    def get_default_scope(self):
        return ["openid"]

    def get_auth_params(self):
        levels = self.app.settings.get("acr_values", "")
        return {"acr_values": levels} if levels else {}

    def get_auth_params_from_request(self, request, action):
        return self.get_auth_params()

    def get_scope_from_request(self, request):
        return self.get_scope()

    def redirect(self, request, process, next_url=None, data=None, **kwargs):
        nonce = secrets.token_urlsafe(24)
        kwargs["auth_params"] = self.get_auth_params() | {"nonce": nonce}
        return super().redirect(request, process, next_url, data, nonce=nonce, **kwargs)

    # --- What the claims say ---
    def extract_uid(self, data):
        return data["userinfo"][self.app.settings.get("uid_claim") or "sub"]

    def extract_extra_data(self, data):
        claims = data["userinfo"]
        return {"rpps": rpps_of(claims.get(self.app.settings.get("rpps_claim"))), "places": places_of(claims)}

    def extract_common_fields(self, data):
        claims = data["userinfo"]
        address = claims.get("email") if claims.get("email_verified") is True else ""
        return {
            "first_name": str(claims.get("given_name", ""))[:150],
            "last_name": str(claims.get("family_name", ""))[:150],
            # Not as "email": allauth would look whose it is, and write it down in a table of its own.
            "address": address or "",
        }

    def extract_email_addresses(self, data):
        return []


def rpps_of(value) -> str:
    """The RPPS in a claim: eleven digits, bare or after the 8 that says it is one; else ""."""
    digits = str(value or "")
    if len(digits) == 12 and digits.startswith("8"):
        digits = digits[1:]
    return digits if len(digits) == 11 and digits.isascii() and digits.isdigit() else ""


def places_of(claims: dict) -> list[str]:
    """The FINESS and SIRET where the claims say that this person exercises; none where they say nothing."""
    described = claims.get("SubjectRefPro")
    exercises = described.get("exercices") if isinstance(described, dict) else None
    activities = [a for e in exercises or [] if isinstance(e, dict) for a in e.get("activities") or []]
    names = ("numeroFinessSite", "numeroFinessetablissementJuridique", "numeroSiretSite")
    found = {str(a.get(name) or "") for a in activities if isinstance(a, dict) for name in names}
    return sorted(found - {""})


provider_classes = [IdentityProvider]
