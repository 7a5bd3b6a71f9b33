"""The BAL: read as the pages read them, moved by the verbs of the lifecycle."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from mailboxes import actions
from mailboxes.api.serializers import BalSerializer, CotitulaireSerializer, MoveSerializer
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.filters import BalFilter
from mailboxes.lifecycle import EXPOSED, Verb
from mailboxes.models import Bal, Person


class BalViewSet(ResourceViewSet):
    serializer_class = BalSerializer
    filterset_class = BalFilter

    def get_queryset(self):
        return Bal.objects.visible_to(self.request.user).with_holders().with_publication()

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def _move(self, request, verb):
        body = MoveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self.act(lambda bal: actions.move(bal, Verb(verb), by=request.user, **body.validated_data))

    @extend_schema(request=CotitulaireSerializer, responses={201: BalSerializer})
    @action(detail=True, methods=["post"])
    def cotitulaires(self, request, pk):
        """Ajouter un cotitulaire, 20 au plus, le principal compris."""

        def perform(bal):
            body = CotitulaireSerializer(data=request.data, people=Person.objects.choosable_for(bal, request.user))
            body.is_valid(raise_exception=True)
            actions.add_cotitulaire(bal, by=request.user, **body.validated_data)

        return self.act(perform, status=201)


def _verb_route(verb: Verb):
    """One address per line of the lifecycle table: a new line has its route, and its place in the OpenAPI document."""

    def move(self, request, pk):
        return self._move(request, verb)

    move.__name__ = verb.value
    move.__doc__ = verb.label
    described = extend_schema(request=MoveSerializer, responses=BalSerializer, summary=verb.label)
    return action(detail=True, methods=["post"], url_path=verb.value)(described(move))


for _verb in EXPOSED:
    setattr(BalViewSet, _verb.value, _verb_route(_verb))
