"""A write that names itself is done once (draft-ietf-httpapi-idempotency-key-header), however often it is sent."""

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext

from django.db import IntegrityError, transaction
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from mailboxes.models.calls import Call

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LENGTH = Call._meta.get_field("key").max_length or 0


class OtherRequest(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_mismatch"
    default_detail = "Cette Idempotency-Key a déjà servi pour une autre demande : prenez-en une nouvelle."


def once(request: Request, go: Callable[[], Response], *, is_one_action: bool = False) -> Response:
    """`go` in one transaction; under a key that has served, what was answered then. `is_one_action`: what `go` writes
    is a transaction already.

    The row of the key is written first: a second caller waits on its unique index until the first has committed. A
    refusal rolls everything back, the row too: the same key may then be tried again.
    """
    key = request.headers.get(HEADER)
    if key is None:
        with nullcontext() if is_one_action else transaction.atomic():
            return go()
    if not key.strip():  # a variable that holds nothing: its caller thinks this write safe to send again
        raise ValidationError({HEADER: ["Donnez un nom à cette écriture, ou retirez cet en-tête."]})
    if len(key) > LENGTH:
        raise ValidationError({HEADER: [f"Au plus {LENGTH} caractères ; celle-ci en a {len(key)}."]})
    digest = _digest(request)
    if (earlier := Call.objects.filter(user=request.user, key=key).first()) is not None:
        return _again(earlier, digest)
    try:
        with transaction.atomic():
            with transaction.atomic():
                call = Call.objects.create(user=request.user, key=key, request=digest)
            answer = go()
            call.status, call.answer = answer.status_code, _kept(answer)
            call.save(update_fields=["status", "answer"])
            return answer
    except IntegrityError:
        if (earlier := Call.objects.filter(user=request.user, key=key).first()) is None:
            raise
        return _again(earlier, digest)


def _again(call: Call, digest: str) -> Response:
    if call.request != digest:
        raise OtherRequest
    said = json.loads(call.answer or "null")
    headers, body = said if isinstance(said, list) else ({}, said)
    return Response(body, status=call.status, headers={**headers, REPLAYED: "true"})


def _kept(answer: Response) -> str:
    """What is given again: the ETag, to write on by, and where the object stands, too."""
    headers = {name: answer[name] for name in ("ETag", "Location") if name in answer}
    return JSONRenderer().render([headers, answer.data]).decode()


def _digest(request: Request) -> str:
    said = json.dumps([request.method, request.path, request.data], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()
