"""`/scim/v2/`: Users of SCIM 2.0 (RFC 7643, 7644), for an establishment's identity manager.

A door of our own and not django-scim2: that one makes a User an account of Django, under one service provider for the
installation. Ours is a person in a structure; the key says which, with its scope, its limit of calls and its trace.
"""

import json
import re
import uuid
from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView, exception_handler

from directory.away import is_taken_meanwhile
from directory.controls import CONTROLS, without_controls
from directory.typography import for_software, quoted
from mailboxes.api.parsers import StrictParser
from mailboxes.api.problems import TAKEN_MEANWHILE, headers_of, sentence_of
from mailboxes.lifecycle import Scope
from mailboxes.rules import NotAllowed, Refused
from mailboxes.software.scim.actions import change, forget, provision
from mailboxes.software.scim.models import ScimUser
from mailboxes.software.scim.patch import patched
from mailboxes.software.scim.schemas import SCHEMAS, schema_told, user_type
from mailboxes.software.scim.users import CORE, ScimError, chosen, read_user, shown

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MOST = 200  # resources of one answer
# One attribute, with its schema or without; of the addresses, which are kept as one, whatever their type.
FILTER = re.compile(
    rf'^\s*(?:{re.escape(CORE)}:)?([A-Za-z]+)(?:\[type eq "[a-z]*"\])?(\.[A-Za-z]+)?'
    r'\s+eq\s+("(?:[^"\\]|\\.)*"|true|false)\s*$',
    re.IGNORECASE,
)
LOOKED_FOR = {"username": "user_name__iexact", "externalid": "external_id", "id": "pk", "emails.value": "email__iexact",
              "emails": "email__iexact", "active": "active"}  # fmt: skip


class ScimRenderer(JSONRenderer):
    media_type = "application/scim+json"
    format = "scim"


class PlainParser(StrictParser):
    is_object = False  # what is none is refused in the words of SCIM


class ScimParser(PlainParser):
    media_type = "application/scim+json"


class ByKey(BasePermission):
    message = "Cette adresse ne s’ouvre que par la clé d’un logiciel : en-tête « Authorization: Bearer »."

    def has_permission(self, request, view):
        return request.auth is not None


def scim_exception_handler(exc, context):
    """Every refusal as an Error of RFC 7644, 3.12."""
    if isinstance(exc, ScimError):
        return error(exc.status, exc.detail, exc.scim_type)
    if is_taken_meanwhile(exc):
        return error(409, TAKEN_MEANWHILE.messages[0], "uniqueness")
    if isinstance(exc, Refused):
        if exc.code == "invalid":  # a value that its column does not take
            return error(400, exc.messages[0], "invalidValue")
        return error(403 if isinstance(exc, NotAllowed) else 409, exc.messages[0])
    answer = exception_handler(exc, context)
    if answer is None:
        return None
    return error(answer.status_code, sentence_of(exc, answer), headers=headers_of(answer))


def error(status: int, detail: str, scim_type: str = "", headers: dict | None = None) -> Response:
    body = {"schemas": [ERROR], "status": str(status), "detail": for_software(detail)}
    return Response(body | ({"scimType": scim_type} if scim_type else {}), status=status, headers=headers)


@extend_schema(exclude=True)  # SCIM describes itself: see `ServiceProviderConfig`
class ScimView(APIView):
    renderer_classes = [ScimRenderer, JSONRenderer]
    parser_classes = [ScimParser, PlainParser]
    permission_classes = [*api_settings.DEFAULT_PERMISSION_CLASSES, ByKey]
    scopes = {method.upper(): Scope.IDENTITIES for method in APIView.http_method_names}

    def get_exception_handler(self):
        return scim_exception_handler

    def users(self):
        rows = ScimUser.objects.of(self.request.auth.software)
        return rows.select_related("software__user", "stay__person", "stay__structure")

    def found(self, pk) -> ScimUser:
        row = self.users().filter(pk=pk).first()
        if row is None:
            raise ScimError(404, f"User {pk} n’est pas connu de cette clé : cherchez la personne par son userName.")
        return row

    def shown(self, row: ScimUser) -> dict[str, Any]:
        return shown(row, settings.SITE_URL)

    def chosen(self, resource: dict[str, Any]) -> dict[str, Any]:
        """What of it is asked for (RFC 7644, 3.9)."""
        asked = self.request.query_params
        return chosen(resource, asked.get("attributes", ""), asked.get("excludedAttributes", ""))

    def answer(self, row: ScimUser, status: int = 200) -> Response:
        resource = self.shown(row)
        return Response(self.chosen(resource), status=status, headers={"Location": resource["meta"]["location"]})


class UsersView(ScimView):
    def get(self, request):
        rows = self.users().filter(**read_filter(request.query_params.get("filter", "")))
        start = max(1, _number(request, "startIndex", 1))
        count = min(MOST, max(0, _number(request, "count", MOST)))
        page = rows[start - 1 : start - 1 + count]
        return Response(
            {
                "schemas": [LIST],
                "totalResults": rows.count(),
                "startIndex": start,
                "itemsPerPage": len(page),
                "Resources": [self.chosen(self.shown(row)) for row in page],
            }
        )

    def post(self, request):
        row = provision(request.auth.software, read_user(request.data))
        return self.answer(self.found(row.pk), 201)


class UserView(ScimView):
    def get(self, request, pk):
        return self.answer(self.found(pk))

    def put(self, request, pk):
        change(self.found(pk), read_user(request.data))
        return self.answer(self.found(pk))

    def patch(self, request, pk):
        row = self.found(pk)
        change(row, read_user(patched(self.shown(row), request.data)))
        return self.answer(self.found(pk))

    def delete(self, request, pk):
        forget(self.found(pk))
        return Response(status=204)


def read_filter(said: str) -> dict[str, Any]:
    """One comparison, which is what identity managers ask: who has this userName, this externalId?"""
    if not said.strip():
        return {}
    found = FILTER.match(said)
    column = LOOKED_FOR.get(f"{found[1]}{found[2] or ''}".lower()) if found else None
    value = _compared(found[3]) if found else None
    if column is None or value is None or (column == "active") is not isinstance(value, bool):
        names = "userName, externalId, id, emails.value, active"
        raise ScimError(
            400,
            f"Le filtre {quoted(without_controls(said))} n’est pas lu ici : écrivez un attribut ({names}), eq, une "
            "valeur entre guillemets ; d’active, true ou false.",
            "invalidFilter",
        )
    return {"pk": _uuid(value)} if column == "pk" else {column: value}


def _compared(said: str) -> str | bool | None:
    """The value of a comparison, written as in JSON (RFC 7644, 3.4.2.2); None where it cannot be read."""
    try:
        value: str | bool = json.loads(said if said.startswith('"') else said.lower())
    except ValueError:
        return None
    return None if isinstance(value, str) and CONTROLS.search(value) else value


def _uuid(said: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(said)
    except ValueError:
        return None


def _number(request, name: str, default: int) -> int:
    said = request.query_params.get(name, "")
    if not said:
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", said):
        raise ScimError(400, f"{name} doit être un nombre, au lieu de {quoted(said)}.", "invalidValue")
    return int(said)


class ConfigView(ScimView):
    def get(self, request):
        no = {"supported": False}
        bearer = {
            "type": "oauthbearertoken",
            "name": "Clé d’un logiciel",
            "description": "En-tête Authorization: Bearer ; la clé a le droit « tenir la liste des personnes ».",
        }
        return Response(
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
                "patch": {"supported": True},
                "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": True, "maxResults": MOST},
                "changePassword": no,
                "sort": no,
                "etag": no,
                "authenticationSchemes": [bearer],
            }
        )


class ResourceTypesView(ScimView):
    def get(self, request):
        return Response(listed([user_type(address("scim-types"))]))


class ResourceTypeView(ScimView):
    def get(self, request):
        return Response(user_type(address("scim-types")))


class SchemasView(ScimView):
    def get(self, request):
        if "filter" in request.query_params:  # RFC 7644, 4: these are never narrowed
            raise ScimError(403, "Les schémas ne se filtrent pas : lisez-les tous, ou un seul par son nom.")
        return Response(listed([schema_told(schema, address("scim-schemas")) for schema in SCHEMAS]))


class SchemaView(ScimView):
    def get(self, request, schema):
        if schema not in SCHEMAS:
            raise ScimError(404, f"Le schéma {quoted(schema)} n’est pas servi ici. Servis : {', '.join(SCHEMAS)}.")
        return Response(schema_told(schema, address("scim-schemas")))


def address(name: str) -> str:
    return f"{settings.SITE_URL}{reverse(name)}"


def listed(resources: list[dict]) -> dict[str, Any]:
    """All of them, in one answer."""
    number = len(resources)
    return {
        "schemas": [LIST], "totalResults": number, "startIndex": 1, "itemsPerPage": number, "Resources": resources
    }  # fmt: skip


class ScimUnknownView(ScimView):
    """Any other address under `/scim/`: Groups are not kept, for a group opens no mailbox here."""

    def get(self, request, rest=""):
        raise ScimError(
            404, f"{quoted(rest)} n’est pas servi ici. Servis : Users, ServiceProviderConfig, ResourceTypes, Schemas."
        )

    post = put = patch = delete = get
