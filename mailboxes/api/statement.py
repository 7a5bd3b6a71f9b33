"""What the resolver told, signed: software keeps it, and proves later what it was told and of which annuaire.

A JWS (RFC 7515) that any library of JSON Web Tokens reads, by Ed25519 (RFC 8037). The keys come from SECRET_KEY and its
fallbacks, and their public halves stand in a JWK Set (RFC 7517) open to all: whoever verifies asks us for nothing.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

ALGORITHM = "EdDSA"
PURPOSE = b"mailboxes.api.statement"


class Signer(NamedTuple):
    private: Ed25519PrivateKey
    public: dict[str, str]  # as a JWK


@lru_cache(maxsize=8)
def _signer(secret: str) -> Signer:
    seed = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(secret.encode())
    private = Ed25519PrivateKey.from_private_bytes(seed)
    x = _written(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    needed = {"crv": "Ed25519", "kty": "OKP", "x": x}
    name = hashlib.sha256(json.dumps(needed, separators=(",", ":"), sort_keys=True).encode())  # RFC 7638
    return Signer(private, {**needed, "kid": _written(name.digest()), "alg": ALGORITHM, "use": "sig"})


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(answers: Iterable[Mapping[str, Any]], freshness: Mapping[str, Any], software: int | None) -> str:
    """The statement of these answers, as they are shown, to the software of this number."""
    signer = _signer(settings.SECRET_KEY)
    claims = {
        "iss": settings.SITE_URL,
        "iat": int(timezone.now().timestamp()),
        "jti": str(uuid.uuid4()),
        "annuaire": dict(freshness),
        "told": [_told(answer) for answer in answers],
        **({"client_id": str(software)} if software else {}),
    }
    return jwt.encode(claims, signer.private, algorithm=ALGORITHM, headers={"kid": signer.public["kid"]})


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    best = answer["best"]
    chosen = {name: best[name] for name in ("address", "reason", "read_at")} if best else {"address": None}
    return {"question": answer["question"], **chosen, "warnings": [one["code"] for one in answer["warnings"]]}


@login_not_required
@csrf_exempt
@require_safe
def statement_keys(request):
    """The public keys: the present one first, then those of before, whose statements still hold."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return JsonResponse({"keys": [_signer(secret).public for secret in secrets]})
