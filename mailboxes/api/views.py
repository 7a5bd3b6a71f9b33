from rest_framework.decorators import action
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from mailboxes import actions
from mailboxes.api.serializers import BalSerializer, CotitulaireSerializer, MoveSerializer
from mailboxes.filters import BalFilter
from mailboxes.lifecycle import EXPOSED, Verb
from mailboxes.models import Bal, Person
from mailboxes.paging import KeyPaginator


class BalPagination(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def django_paginator_class(self, queryset, page_size):
        return KeyPaginator(queryset, page_size, rows=Bal.objects.with_holders().with_publication())


class BalViewSet(ReadOnlyModelViewSet):
    serializer_class = BalSerializer
    pagination_class = BalPagination
    filterset_class = BalFilter
    lookup_value_regex = r"\d+"

    def get_queryset(self):
        bals = Bal.objects.visible_to(self.request.user)
        return bals if self.action == "list" else bals.with_holders().with_publication()

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    @action(detail=True, methods=["post"], url_path=f"(?P<verb>{'|'.join(sorted(EXPOSED))})")
    def move(self, request, pk, verb):
        body = MoveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actions.move(self.get_object(), Verb(verb), by=request.user, **body.validated_data)
        return Response(self.get_serializer(self.get_object()).data)

    @action(detail=True, methods=["post"])
    def cotitulaires(self, request, pk):
        bal = self.get_object()
        body = CotitulaireSerializer(data=request.data, people=Person.objects.choosable_for(bal, request.user))
        body.is_valid(raise_exception=True)
        actions.add_cotitulaire(bal, by=request.user, **body.validated_data)
        return Response(self.get_serializer(self.get_object()).data, status=201)
