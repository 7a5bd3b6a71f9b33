"""The BAL: read as the pages read them, moved by the verbs of the lifecycle."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound

from mailboxes import actions
from mailboxes.api.bal_lines import READ, bal_line, bal_lines
from mailboxes.api.corrections import AccessSerializer, CorrectBalSerializer, correct_bal, vouch
from mailboxes.api.fields import person_of
from mailboxes.api.serializers import (
    BalSerializer,
    CotitulaireSerializer,
    DepublishSerializer,
    DescribeSerializer,
    MoveSerializer,
    RegisterSerializer,
)
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.lifecycle import EXPOSED, Act, Verb
from mailboxes.models import Bal


class BalViewSet(ResourceViewSet):
    """Les BAL des structures de la clé, avec leurs titulaires et ce que la clé peut en faire."""

    serializer_class = BalSerializer
    orderings = ("id", "address")
    expansions = ("structure", "operator")

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):  # the document is written without a database
            return Bal.objects.none()
        user = self.request.user
        return Bal.objects.seen_by(user) if self.action == "list" else Bal.objects.visible_to(user)

    def filter_queryset(self, queryset):
        """A list reads the keys of its page first, and then these rows alone."""
        found = super().filter_queryset(queryset)
        return found.values("pk", "address") if self.action == "list" else found

    def lines(self, page):
        pks, names = [row["pk"] for row in page], self.asked([*READ, "cotitulaires", "abilities"])
        rows = bal_lines(pks, self.request.user, names)
        return [rows[pk] for pk in pks]

    def facts(self):
        return self.facts_of(self.kwargs["pk"])

    def facts_of(self, pk):
        if (line := bal_line(int(pk), self.request.user)) is None:
            raise NotFound
        return line

    @extend_schema(request=RegisterSerializer, responses={201: BalSerializer}, summary=Act.REGISTER.label)
    def create(self, request):
        """Inscrire une BAL qui existe, ou en demander l’ouverture à l’opérateur."""
        return self.add(
            lambda: actions.register_bal(by=request.user, **self.said(RegisterSerializer)), is_one_action=True
        )

    @extend_schema(request=DescribeSerializer, responses=BalSerializer, summary=Act.DESCRIBE.label)
    def partial_update(self, request, pk):
        """Modifier la fiche ; seuls les champs donnés changent, chacun laisse sa ligne au journal."""
        return self.act(lambda bal: actions.describe_bal(bal, by=request.user, **self.said(DescribeSerializer)))

    @extend_schema(request=CotitulaireSerializer, responses={201: BalSerializer}, summary=Act.ADD_COTITULAIRE.label)
    @action(detail=True, methods=["post"])
    def cotitulaires(self, request, pk):
        """Ajouter un cotitulaire, tant que leur nombre le permet, le principal compris."""
        return self._name(actions.add_cotitulaire, status=201)

    @extend_schema(request=CotitulaireSerializer, responses=BalSerializer, summary=Act.NAME_PRINCIPAL.label)
    @action(detail=True, methods=["post"])
    def name_principal(self, request, pk):
        """Désigner le cotitulaire principal d’une BAL qui n’en a pas."""
        return self._name(actions.name_principal)

    @extend_schema(request=None, responses=BalSerializer, summary=Act.DECLARE_USE.label)
    @action(detail=True, methods=["post"])
    def declare_use(self, request, pk):
        """Un titulaire déclare qu’il s’en sert : son retrait, s’il y en a un, s’arrête."""
        return self.act(lambda bal: actions.declare_use(bal, by=request.user))

    @extend_schema(request=CorrectBalSerializer, responses=BalSerializer, summary=Act.CORRECT.label)
    @action(detail=True, methods=["post"])
    def correct(self, request, pk):
        """Corriger une erreur du registre : titulaire, type, adresse, structure, opérateur ; chacun avec sa ligne."""
        return self.act(lambda bal: correct_bal(bal, self.said(CorrectBalSerializer), request.user))

    @extend_schema(request=AccessSerializer, responses={201: BalSerializer}, summary="Inscrire ou demander un accès")
    @action(detail=True, methods=["post"])
    def accesses(self, request, pk):
        """Sur la parole du titulaire qui en répond : il en est prévenu, et peut le démentir."""
        return self.act(lambda bal: vouch(bal, self.said(AccessSerializer), request.user), status=201)

    def _name(self, do, status: int = 200):
        def perform(bal):
            do(bal, person_of(self.said(CotitulaireSerializer), self.request.user, bal=bal), by=self.request.user)

        return self.act(perform, status=status)

    def _move(self, verb):
        by = self.request.user
        if verb == Verb.REQUEST_DEPUBLICATION:
            return self.act(lambda bal: actions.request_depublication(bal, by=by, **self.said(DepublishSerializer)))
        return self.act(lambda bal: actions.move(bal, verb, by=by, **self.said(MoveSerializer)))


def _verb_route(verb: Verb):
    """One address per line of the lifecycle table: a new line has its route, and its place in the OpenAPI document."""

    def move(self, request, pk):
        return self._move(verb)

    move.__name__ = verb.value
    move.__doc__ = verb.label
    body = DepublishSerializer if verb == Verb.REQUEST_DEPUBLICATION else MoveSerializer
    described = extend_schema(request=body, responses=BalSerializer, summary=verb.label)
    return described(action(detail=True, methods=["post"], url_path=verb.value)(move))


for _verb in EXPOSED:
    setattr(BalViewSet, _verb.value, _verb_route(_verb))
