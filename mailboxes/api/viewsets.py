"""What every resource of the API shares: pages by cursor, chosen fields, ETag, writes done once on what was read."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.db.models import BigIntegerField
from django.utils.http import parse_etags, quote_etag
from django_filters import FilterSet
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from directory.controls import CONTROLS
from directory.typography import quoted
from mailboxes.api.expand import FIELD, PARAMETER, expand
from mailboxes.api.once import once
from mailboxes.api.strict import EMPTY, StrictView, check_known, is_lenient


class ChangedSince(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed"
    default_detail = "L’objet a changé depuis que vous l’avez lu : relisez-le, puis recommencez."


class Pages(CursorPagination):
    """Pages by primary key: rows that come or go shift nothing, a late page costs what the first does, nothing is
    counted."""

    ordering = ("pk",)
    ordering_query_param = "ordering"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    total_query_param = "total"
    invalid_cursor_message = "Ce curseur ne se lit pas : reprenez la liste à sa première page, puis suivez « next »."
    total: int | None = None
    cursor_query_description = "Curseur de page : suivez `next`, n’en fabriquez pas."
    page_size_query_description = "Lignes par page, 500 au plus."

    def get_ordering(self, request, queryset, view):
        """Columns that no two rows share, and that none leaves empty: a cursor stands on one of them."""
        said = request.query_params.get(self.ordering_query_param)
        if said is None:
            return self.ordering
        if said not in (known := orderings_of(view)):
            raise ValidationError(
                {self.ordering_query_param: [f"{quoted(said)} n’est pas un ordre connu. Connus : {', '.join(known)}."]}
            )
        return (said.replace("id", "pk") if said.removeprefix("-") == "id" else said,)

    def decode_cursor(self, request):
        """One of another order, or that was made by hand, stands nowhere in this one."""
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None or _stands_in(self.ordering[0].lstrip("-"), cursor.position):
            return cursor
        raise NotFound(self.invalid_cursor_message)

    def get_page_size(self, request):
        """One that cannot be read is refused: another number of lines than was asked would surprise."""
        said = request.query_params.get(self.page_size_query_param)
        if said is None:
            return self.page_size
        if not (said.isascii() and said.isdigit()) or not 1 <= int(said[:9]) <= self.max_page_size:
            sentence = f"Donnez un nombre de 1 à {self.max_page_size}, au lieu de {quoted(said)}."
            raise ValidationError({self.page_size_query_param: [sentence]})
        return int(said)

    def paginate_queryset(self, queryset, request, view=None):
        said = request.query_params.get(self.total_query_param, "false")
        if said not in ("true", "false"):
            raise ValidationError({self.total_query_param: [f"Donnez true ou false, au lieu de {quoted(said)}."]})
        self.total = queryset.order_by().count() if said == "true" else None
        return super().paginate_queryset(queryset, request, view)

    def get_paginated_response(self, data):
        answer = super().get_paginated_response(data)
        if self.total is not None:
            answer.data = {"total": self.total, **answer.data}
        return answer

    def get_paginated_response_schema(self, schema):
        described = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):  # as JSON Schema has it: REST framework writes OpenAPI 3.0, and a stray quote
            described["properties"][name] = {
                "type": ["string", "null"],
                "format": "uri",
                "example": "https://bal.exemple.fr/api/v1/bals/?cursor=cD00ODY%3D",
            }
        described["properties"]["total"] = {
            "type": "integer",
            "example": 240,
            "description": "Nombre de lignes, si `total=true`.",
        }
        return described

    def get_schema_operation_parameters(self, view):
        return [
            *super().get_schema_operation_parameters(view),
            {
                "name": self.ordering_query_param,
                "in": "query",
                "required": False,
                "description": "Ordre des lignes ; `-` : à rebours.",
                "schema": {"type": "string", "enum": orderings_of(view), "default": "id"},
            },
            {
                "name": self.total_query_param,
                "in": "query",
                "required": False,
                "description": "`true` : compter aussi toutes les lignes, ce qui coûte.",
                "schema": {"type": "boolean"},
            },
        ]


def _stands_in(column: str, position: str) -> bool:
    if column == "pk":
        return position.isascii() and position.isdigit() and int(position[:20]) <= BigIntegerField.MAX_BIGINT
    return "@" in position and not CONTROLS.search(position)  # an address


def orderings_of(view) -> list[str]:
    return [f"{sign}{name}" for name in view.orderings for sign in ("", "-")]


class ResourceViewSet(StrictView, GenericViewSet):
    """A resource one reads in pages or alone, and writes through `act`."""

    pagination_class = Pages
    filterset_class: type[FilterSet] | None = None
    lookup_value_regex = r"\d+"
    orderings: tuple[str, ...] = ("id",)
    expansions: tuple[str, ...] = ()  # the fields whose object may be told with a line
    is_body_read = False

    def parameters(self):
        also = [PARAMETER] if self.expansions and self.action in ("list", "retrieve") else []
        if self.action != "list":
            return ["fields", *also]
        filters = self.filterset_class.base_filters if self.filterset_class else ()
        return ["fields", *also, *filters, "cursor", "page_size", "ordering", "total"]

    def list(self, request, *args, **kwargs):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        lines = self.lines(page)
        self._expand(lines)
        return self.get_paginated_response(lines)

    def _expand(self, lines: Iterable[dict]) -> None:
        if (said := self.request.query_params.get(PARAMETER)) is not None and self.expansions:
            expand(lines, said, self.expansions, self.request.user)

    def lines(self, page) -> Collection:
        """The rows of a page, as shown."""
        lines = self.get_serializer(page, many=True)
        self.keep_asked(lines.child)
        return lines.data

    def facts(self) -> Mapping[str, Any]:
        """All that is shown of the object."""
        return self.get_serializer(self.get_object()).data

    def facts_of(self, pk) -> Mapping[str, Any]:
        """`facts`, of the object that the call has made."""
        return self.get_serializer(self.get_queryset().get(pk=pk)).data

    def retrieve(self, request, *args, **kwargs):
        facts = dict(self.facts())
        self._expand([facts])
        etag = etag_of(facts)
        if etag in _tags(request, "If-None-Match"):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
        return self._shown(facts, etag)

    def filter_queryset(self, queryset):
        """A list is narrowed; one object is found whatever else the query says."""
        return super().filter_queryset(queryset) if self.action == "list" and self._is_narrowed() else queryset

    def _is_narrowed(self) -> bool:
        """True where something is asked for; else no form need be made."""
        filters = self.filterset_class.base_filters if self.filterset_class else ()
        return any(name in filters for name in self.request.query_params)

    def said(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        """The body's values, checked by `serializer`."""
        self.is_body_read = True
        body = serializer(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return body.validated_data

    def add(self, perform: Callable[[], Any], *, is_one_action: bool = False) -> Response:
        """The row that `perform` makes, as it reads."""

        def go():
            pk = perform().pk
            facts = self.facts_of(pk)
            answer = self._shown(facts, etag_of(facts), status.HTTP_201_CREATED)
            answer["Location"] = self.reverse_action("detail", args=[pk])
            return answer

        return once(self.request, go, is_one_action=is_one_action)

    def act(self, perform: Callable[[Any], object], status: int = status.HTTP_200_OK) -> Response:
        """`perform` on the object, held, if it is still as the caller read it (If-Match); then the object again."""

        def go():
            self._hold()
            perform(self.get_object())
            self._check_nothing_unread()
            facts = self.facts()
            return self._shown(facts, etag_of(facts), status)

        return once(self.request, go)

    def remove(self, perform: Callable[[Any], object]) -> Response:
        """`act`, where nothing is left to show."""

        def go():
            self._hold()
            perform(self.get_object())
            self._check_nothing_unread()
            return Response(status=status.HTTP_204_NO_CONTENT)

        return once(self.request, go)

    def _check_nothing_unread(self) -> None:
        """A body where the act takes none: it was meant to say something."""
        if not self.is_body_read and isinstance(self.request.data, Mapping) and not is_lenient(self.request):
            check_known(self.request.data, (), "Champ inconnu")

    def lock_of(self, row):
        """The row that the actions on this one lock first: in another order, two writers would wait for each other."""
        return row

    def _hold(self) -> None:
        """The object, locked until the transaction ends: of two callers that read the same, the second finds it
        changed."""
        row = self.lock_of(self.get_object())
        type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
        self._check_unchanged()

    def _check_unchanged(self) -> None:
        said = self.request.headers.get("If-Match", "").strip()
        if said in ("", "*"):
            return
        wanted = _tags(self.request, "If-Match")
        if not wanted:  # passed over, it would let a change through that its caller thinks guarded
            raise ValidationError(
                {"If-Match": [f"{quoted(said)} n’est pas un ETag : renvoyez-le avec ses guillemets."]}
            )
        if etag_of(self.facts()) not in wanted:
            raise ChangedSince

    def _shown(self, facts, etag: str, status: int = status.HTTP_200_OK) -> Response:
        asked = {*self.asked(facts), FIELD}
        facts = {name: value for name, value in facts.items() if name in asked}
        return Response(facts, status=status, headers={"ETag": etag})

    def keep_asked(self, serializer) -> None:
        for name in set(serializer.fields) - set(self.asked(serializer.fields)):
            serializer.fields.pop(name)

    def asked(self, known: Iterable[str]) -> Collection[str]:
        """The fields named by `?fields=`; all when it is left out."""
        said = self.request.query_params.get("fields", "")
        names = [name.strip() for name in said.split(",") if name.strip()]
        if not names:
            if said and not is_lenient(self.request):
                raise ValidationError({"fields": [EMPTY]})
            return [*known]
        if unknown := [name for name in names if name not in known]:
            there = f"Connus : {', '.join(sorted(known))}."
            raise ValidationError({"fields": [f"{quoted(name)} est inconnu. {there}" for name in unknown]})
        return names


def _tags(request, header: str) -> list[str]:
    """Compressed on its way, an answer had its ETag made a weak one: it names the same representation."""
    return [tag.removeprefix("W/") for tag in parse_etags(request.headers.get(header, ""))]


def etag_of(facts) -> str:
    """The ETag of the representation itself: it changes with whatever is shown."""
    return quote_etag(hashlib.sha256(JSONRenderer().render(facts)).hexdigest()[:32])


def unless_known(request, facts: dict, beside: Callable[[], dict] | None = None) -> Response:
    """These facts with their ETag; to who has them already, that they are the same. `beside`: what goes with them and
    differs at each answer; the ETag is then a weak one."""
    etag = etag_of(facts)
    headers = {"ETag": f"W/{etag}" if beside else etag}
    if etag in _tags(request, "If-None-Match"):
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response({**facts, **beside()} if beside else facts, headers=headers)
