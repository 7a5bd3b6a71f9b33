"""`/fhir/`: read, search, follow the pages, and say what is understood."""

from django.http import QueryDict
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import parse_etags
from django.views.decorators.cache import cache_control
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, UnsupportedMediaType
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from directory.typography import for_software, quoted
from mailboxes.api.fhir.asks import BadSearch, NotHeld
from mailboxes.api.fhir.bundles import SearchExpired, SearchPage, bundle_of, read_token, subset
from mailboxes.api.fhir.kinds import KINDS, ResourceKind, key_of
from mailboxes.api.fhir.parameters import INCLUDES, PARAMETERS, Parameter
from mailboxes.api.fhir.resources import resources
from mailboxes.api.fhir.searches import check_format, read_search, read_shown
from mailboxes.api.fhir.shapes import PROFILES
from mailboxes.api.parsers import SearchParser
from mailboxes.api.problems import headers_of, sentence_of
from mailboxes.lifecycle import Scope

ISSUES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    410: "expired",
    415: "not-supported",
    429: "throttled",
}

FORMS_ALONE = (
    "Seuls les formulaires sont lus ici : envoyez les paramètres en application/x-www-form-urlencoded, et dites-le "
    "dans l’en-tête Content-Type."
)


class FhirRenderer(JSONRenderer):
    media_type = "application/fhir+json"
    format = "fhir"  # not DRF's business: `_format` is FHIR's own word for it


class PlainRenderer(JSONRenderer):
    format = "plain"


def fhir_exception_handler(exc, context):
    """Every refusal as an OperationOutcome."""
    if isinstance(exc, BadSearch):
        return outcome(400, str(exc), issue_code="not-supported" if isinstance(exc, NotHeld) else "")
    if isinstance(exc, SearchExpired):
        return outcome(410, str(exc))
    answer = exception_handler(exc, context)
    if answer is None:
        return None
    said = FORMS_ALONE if isinstance(exc, UnsupportedMediaType) else sentence_of(exc, answer)
    return outcome(answer.status_code, said, headers_of(answer))


def outcome(code: int, text: str, headers: dict | None = None, issue_code: str = "") -> Response:
    issue = {
        "severity": "error",
        "code": issue_code or ISSUES.get(code, "processing"),
        "diagnostics": for_software(text),
    }
    return Response({"resourceType": "OperationOutcome", "issue": [issue]}, status=code, headers=headers)


# Kept by the asker alone, who asks whether it still stands: what is shown depends on who asks.
@method_decorator(cache_control(private=True, no_cache=True), name="dispatch")
@extend_schema(exclude=True)  # FHIR describes itself: see `metadata`
class FhirView(APIView):
    renderer_classes = [FhirRenderer, PlainRenderer]
    parser_classes = [SearchParser]
    scopes = {method.upper(): Scope.RESOLVE for method in APIView.http_method_names}

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        check_format(request.query_params)

    def get_exception_handler(self):
        return fhir_exception_handler

    def base(self) -> str:
        return self.request.build_absolute_uri(reverse("fhir")).rstrip("/")

    def show(self, page) -> Response:
        return Response(bundle_of(page, self.base(), self.request.user))


class TypeView(FhirView):
    def get(self, request, name):
        return self.show(SearchPage(read_search(name, request.query_params)))


class SearchView(FhirView):
    def post(self, request, name):
        """The parameters of the address and of the form together."""
        query = QueryDict(request.query_params.urlencode(), mutable=True)
        query.update(request.data)
        return self.show(SearchPage(read_search(name, query)))


class PageView(FhirView):
    def get(self, request):
        return self.show(read_token(request.query_params.get("id", "")))


class ReadView(FhirView):
    def get(self, request, name, resource_id):
        elements = read_shown(name, request.query_params)
        key = key_of(KINDS[name], resource_id)
        found = resources(KINDS[name], [key], request.user) if key else []
        if not found:
            raise NotFound(
                f"{name}/{resource_id} n’est pas connu : l’annuaire a pu le retirer. Cherchez-le par son identifier."
            )
        version = found[0]["meta"]["versionId"]
        known = [tag.removeprefix("W/").strip('"') for tag in parse_etags(request.headers.get("If-None-Match", ""))]
        headers = {"ETag": f'W/"{version}"'}
        return (
            Response(status=304, headers=headers)
            if version in known
            else Response(subset(found[0], elements), headers=headers)
        )


class MetadataView(FhirView):
    """Open to all: a client reads it before it says who it is, and nobody is named there."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request):
        security = {"description": "Une clé de logiciel, en-tête ESANTE-API-KEY ou Authorization: Bearer."}
        rest = {"mode": "server", "security": security, "resource": [_capability(kind) for kind in KINDS.values()]}
        return Response(
            {
                "resourceType": "CapabilityStatement",
                "status": "active",
                "date": "2026-11-29",
                "kind": "instance",
                "software": {"name": "BAL Manager"},
                "implementation": {"description": "Copie locale de l’Annuaire Santé", "url": self.base()},
                "fhirVersion": "4.0.1",
                "format": ["application/fhir+json", "json"],
                "rest": [rest],
            }
        )


CONTROLLED = {
    "active": ("token", "En vigueur, ou non ; les uns et les autres par défaut."),
    "_lastUpdated": ("date", "Le moment du dernier changement : eq, ne, ge, gt, sa, le, lt, eb, ap."),
}


def _capability(kind: ResourceKind) -> dict:
    own = {name: (one.type, _documented(one)) for name, one in PARAMETERS[kind.name].items()} | CONTROLLED
    included = {
        field: [value for name, control, value in INCLUDES if (name, control) == (kind.name, asked)]
        for field, asked in (("searchInclude", "_include"), ("searchRevInclude", "_revinclude"))
    }
    return {
        "type": kind.name,
        "supportedProfile": PROFILES[kind.name],
        "versioning": "versioned",
        "readHistory": False,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        **{field: ["*", *values] for field, values in included.items() if values},
        "searchParam": [
            {"name": name, "type": type, "documentation": said} for name, (type, said) in sorted(own.items())
        ],
    }


def _documented(parameter: Parameter) -> str:
    modifiers = ", ".join(f":{modifier}" for modifier in parameter.modifiers)
    return f"{parameter.documentation} Modificateurs : {modifiers}." if modifiers else parameter.documentation


class NotHeldView(FhirView):
    """What the national API has, and our copy does not."""

    def get(self, request, name, rest=""):
        text = f"{name} n’est pas tenu ici : demandez-le à l’API nationale. Ressources : {', '.join(KINDS)}."
        return outcome(404, text, issue_code="not-supported")

    post = get


class UnknownView(FhirView):
    """Any other address under `/fhir/`."""

    def get(self, request, rest=""):
        raise NotFound(f"{quoted(rest or '/')} n’est pas servi ici. Ressources : {', '.join(KINDS)}.")

    post = get
