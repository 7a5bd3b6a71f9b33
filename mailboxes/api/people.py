"""The people of the structures; who holds a BAL; to whom access is lent."""

from django.db.models import Prefetch
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action

from mailboxes import actions
from mailboxes.api.corrections import CorrectPersonSerializer, correct_person
from mailboxes.api.fields import Abilities, PartOfName, PersonSaid, Rpps, VisibleField, person_of
from mailboxes.api.filters import DelegationKeys, HolderKeys, PersonKeys
from mailboxes.api.serializers import PersonLineSerializer, example
from mailboxes.api.strict import StrictSerializer
from mailboxes.api.viewsets import ResourceViewSet
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Bal, Cotitulaire, Delegataire, Person, Structure
from mailboxes.models.fields import length_of
from mailboxes.rules import allows, check_end_delegation, check_remove_cotitulaire, check_transfer_principal

ALICE = {"id": 7, "name": "Alice EXEMPLE", "rpps": "10000000017"}


# --- People -----------------------------------------------------------------------------------------------------------
class AffiliationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Affiliation
        fields = ["structure", "function", "arrived_on", "left_on"]
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Un médecin",
            response_only=True,
            value={
                "id": 7,
                "rpps": "10000000017",
                "has_cps": True,
                "given_name": "Alice",
                "family_name": "Exemple",
                "profession": "Médecin",
                "affiliations": [{"structure": 3, "function": "", "arrived_on": "2024-01-02", "left_on": None}],
                "can_hold": True,
            },
        )
    ]
)
class PersonSerializer(serializers.ModelSerializer):
    """A person, without e-mail nor channel of notices: these stay between the person and who tells them."""

    affiliations = AffiliationSerializer(many=True, source="seen_affiliations", help_text="Dans les structures vues.")
    can_hold = serializers.BooleanField(help_text="Peut être titulaire : RPPS, et CPS ou e-CPS.")

    class Meta:
        model = Person
        fields = ["id", "rpps", "has_cps", "given_name", "family_name", "profession", "affiliations", "can_hold"]
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        example(
            "Une secrétaire",
            {"structure": 3, "given_name": "Delphine", "family_name": "Exemple", "function": "secrétaire"},
        )
    ]
)
class RecordPersonSerializer(StrictSerializer):
    structure = VisibleField(queryset=Structure.objects.all())
    given_name = PartOfName(max_length=length_of(Person, "given_name"))
    family_name = PartOfName(max_length=length_of(Person, "family_name"))
    rpps = Rpps(required=False, help_text="RPPS, 11 chiffres ; beaucoup n’en ont pas.")
    has_cps = serializers.BooleanField(required=False)
    profession = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Person, "profession"))
    function = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Affiliation, "function"))
    email = serializers.EmailField(required=False, allow_blank=True, max_length=length_of(Person, "email"))


class PersonViewSet(ResourceViewSet):
    """Les personnes des structures de la clé, et où elles exercent."""

    serializer_class = PersonSerializer
    filterset_class = PersonKeys

    def get_queryset(self):
        user = self.request.user
        seen = Affiliation.objects.filter(structure__in=Structure.objects.visible_to(user).values("pk"))
        affiliations = Prefetch("affiliations", seen.order_by("pk"), to_attr="seen_affiliations")
        return Person.objects.visible_to(user).prefetch_related(affiliations)

    @extend_schema(request=RecordPersonSerializer, responses={201: PersonSerializer}, summary=Act.RECORD_PERSON.label)
    def create(self, request):
        """Inscrire une personne parmi celles d’une structure."""
        return self.add(lambda: actions.record_person(by=request.user, **self.said(RecordPersonSerializer)))

    @extend_schema(request=CorrectPersonSerializer, responses=PersonSerializer, summary=Act.CORRECT_PERSON.label)
    @action(detail=True, methods=["post"])
    def correct(self, request, pk):
        """Corriger un nom ou un RPPS ; la personne en est prévenue."""
        return self.act(lambda person: correct_person(person, self.said(CorrectPersonSerializer), request.user))


# --- Those who hold ---------------------------------------------------------------------------------------------------
def abilities_of_holder(holder: Cotitulaire, user) -> dict[str, bool]:
    checks = {
        Act.REMOVE_COTITULAIRE: check_remove_cotitulaire,
        Act.TRANSFER_PRINCIPAL: check_transfer_principal,
    }
    return {act.value: allows(check, holder.bal, holder.person, by=user) for act, check in checks.items()}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "La principale",
            response_only=True,
            value={
                "id": 21,
                "bal": 12,
                "address": "accueil@chu-exemple.mssante.fr",
                "person": ALICE,
                "is_principal": True,
                "since": "2026-01-12",
                "abilities": {"remove_cotitulaire": False, "transfer_principal": False},
            },
        )
    ]
)
class HolderSerializer(serializers.ModelSerializer):
    address = serializers.CharField(source="bal.address")
    person = PersonLineSerializer()
    abilities = Abilities(abilities_of_holder)

    class Meta:
        model = Cotitulaire
        fields = ["id", "bal", "address", "person", "is_principal", "since", "abilities"]
        read_only_fields = fields


@extend_schema_serializer(examples=[example("Par son RPPS", {"bal": 12, "rpps": "10000000025"})])
class AddHolderSerializer(PersonSaid):
    bal = VisibleField(queryset=Bal.objects.all())


class HolderViewSet(ResourceViewSet):
    """Les titulaires : celui d’une nominative, les cotitulaires d’une organisationnelle ou de cabinet."""

    serializer_class = HolderSerializer
    filterset_class = HolderKeys

    def get_queryset(self):
        seen = Bal.objects.visible_to(self.request.user).values("pk")
        return (
            Cotitulaire.objects.filter(bal__in=seen)
            .select_related("person")
            .prefetch_related(Prefetch("bal", Bal.objects.with_holders()))
        )

    def lock_of(self, row):
        return row.bal

    @extend_schema(request=AddHolderSerializer, responses={201: HolderSerializer}, summary=Act.ADD_COTITULAIRE.label)
    def create(self, request):
        """Ajouter un cotitulaire, tant que leur nombre le permet, le principal compris."""

        def perform():
            facts = self.said(AddHolderSerializer)
            person = person_of(facts, request.user, bal=facts["bal"])
            return actions.add_cotitulaire(facts["bal"], person, by=request.user)

        return self.add(perform)

    @extend_schema(responses={204: None}, summary=Act.REMOVE_COTITULAIRE.label)
    def destroy(self, request, pk):
        """Retirer un cotitulaire ; les délégations qu’il a données sur cette BAL prennent fin avec lui."""
        return self.remove(lambda holder: actions.remove_cotitulaire(holder.bal, holder.person, by=request.user))

    @extend_schema(request=None, responses=HolderSerializer, summary=Act.TRANSFER_PRINCIPAL.label)
    @action(detail=True, methods=["post"])
    def transfer_principal(self, request, pk):
        """Ce cotitulaire devient le principal."""
        return self.act(lambda holder: actions.transfer_principal(holder.bal, holder.person, by=request.user))


# --- Those to whom access is lent -------------------------------------------------------------------------------------
def abilities_of_delegation(delegation: Delegataire, user) -> dict[str, bool]:
    return {Act.END_DELEGATION.value: allows(check_end_delegation, delegation, by=user)}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Une secrétaire, sous un médecin",
            response_only=True,
            value={
                "id": 4,
                "bal": 12,
                "address": "accueil@chu-exemple.mssante.fr",
                "person": {"id": 9, "name": "Delphine EXEMPLE", "rpps": None},
                "under": ALICE,
                "can_read": True,
                "can_send": False,
                "starts_on": "2026-02-01",
                "ends_on": None,
                "reason": "secrétariat",
                "ended_at": None,
                "abilities": {"end_delegation": True},
            },
        )
    ]
)
class DelegationSerializer(serializers.ModelSerializer):
    address = serializers.CharField(source="bal.address")
    person = PersonLineSerializer()
    under = PersonLineSerializer()
    abilities = Abilities(abilities_of_delegation)

    class Meta:
        model = Delegataire
        fields = [
            "id",
            "bal",
            "address",
            "person",
            "under",
            "can_read",
            "can_send",
            "starts_on",
            "ends_on",
            "reason",
            "ended_at",
            "abilities",
        ]
        read_only_fields = fields


@extend_schema_serializer(
    examples=[example("Consulter, pour six mois", {"bal": 12, "person": 9, "reason": "secrétariat"})]
)
class DelegateSerializer(PersonSaid):
    bal = VisibleField(queryset=Bal.objects.all())
    reason = serializers.CharField(max_length=length_of(Delegataire, "reason"), help_text="Pourquoi cet accès.")
    can_read = serializers.BooleanField(default=True)
    can_send = serializers.BooleanField(default=False)
    starts_on = serializers.DateField(required=False, allow_null=True, help_text="Vide : dès aujourd’hui.")
    ends_on = serializers.DateField(required=False, allow_null=True, help_text="Vide : sans date de fin.")


class DelegationViewSet(ResourceViewSet):
    """Les accès délégués en cours, et ceux qui ont pris fin."""

    serializer_class = DelegationSerializer
    filterset_class = DelegationKeys

    def get_queryset(self):
        seen = Bal.objects.visible_to(self.request.user).values("pk")
        return (
            Delegataire.objects.filter(bal__in=seen)
            .select_related("person", "under")
            .prefetch_related(Prefetch("bal", Bal.objects.with_holders()))
        )

    def lock_of(self, row):
        return row.bal

    @extend_schema(request=DelegateSerializer, responses={201: DelegationSerializer}, summary=Act.DELEGATE.label)
    def create(self, request):
        """Déléguer en son propre nom : un titulaire connecté, jamais un logiciel."""

        def perform():
            facts = self.said(DelegateSerializer)
            bal, person = facts["bal"], person_of(facts, request.user, bal=facts["bal"])
            terms = {name: value for name, value in facts.items() if name not in ("bal", "person", "rpps", "attested")}
            # An account that is nobody's holds nothing: the rule says so.
            oneself = Person.objects.filter(user=request.user).first() or Person()
            return actions.delegate(bal, person, under=oneself, by=request.user, **terms)

        return self.add(perform)

    @extend_schema(request=None, responses=DelegationSerializer, summary=Act.END_DELEGATION.label)
    @action(detail=True, methods=["post"])
    def end_delegation(self, request, pk):
        """Mettre fin à une délégation ; elle reste lisible."""
        return self.act(lambda delegation: actions.end_delegation(delegation, by=request.user))
