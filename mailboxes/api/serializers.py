"""How a BAL reads, and what a request may say of it."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from mailboxes.api.expand import BalExpandedSerializer
from mailboxes.api.fields import Coded, PersonSaid, VisibleField
from mailboxes.api.strict import StrictSerializer
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Person, Structure
from mailboxes.models.fields import NOTE_LENGTH, length_of, validate_address

# What is done around a BAL and has an address here. The table alone says who may, without a query after `with_holders`;
# what more a rule asks (a place left, an orphan) is said when one tries.
ACTS = (
    Act.DESCRIBE,
    Act.CORRECT,
    Act.RECORD_ACCESS,
    Act.REQUEST_ACCESS,
    Act.ADD_COTITULAIRE,
    Act.NAME_PRINCIPAL,
    Act.DELEGATE,
    Act.DECLARE_USE,
    Act.ASK_OPERATOR,
    Act.RECORD_USAGE,
)


class PersonLineSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="*")  # as it is written
    rpps = serializers.CharField(allow_null=True)


class HolderOfBalSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="person.pk")
    name = serializers.CharField(source="person")
    rpps = serializers.CharField(source="person.rpps", allow_null=True)
    is_principal = serializers.BooleanField()
    since = serializers.DateField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "La BAL d’un accueil",
            response_only=True,
            value={
                "id": 12,
                "address": "accueil@chu-exemple.mssante.fr",
                "kind": "ORG",
                "state": "active",
                "state_since": "2026-01-12T09:30:00+01:00",
                "structure": 3,
                "structure_name": "CHU",
                "operator": "regional",
                "service": "Accueil",
                "description": "",
                "purpose": "Comptes rendus, avec les médecins traitants.",
                "responsable": None,
                "liste_rouge": False,
                "is_published": True,
                "replaced_by": "",
                "last_used_at": "2026-11-02T08:00:00+01:00",
                "last_used_source": "push",
                "read_at": "2026-11-03T02:00:00+01:00",
                "used_mb": 850,
                "quota_mb": 1000,
                "percent_full": 85,
                "full_on": "2027-02-14",
                "cotitulaires": [
                    {
                        "id": 7,
                        "name": "Alice EXEMPLE",
                        "rpps": "10000000017",
                        "is_principal": True,
                        "since": "2026-01-12",
                    }
                ],
                "abilities": {"request_depublication": True, "describe": True, "add_cotitulaire": False},
            },
        )
    ]
)
class BalSerializer(serializers.ModelSerializer):
    """Describes what `bal_lines` writes."""

    structure_name = serializers.CharField(source="structure.name")
    operator = serializers.CharField(source="operator.code")
    is_published = serializers.BooleanField(help_text="L’annuaire public la montre aujourd’hui.")
    cotitulaires = HolderOfBalSerializer(many=True)
    abilities = serializers.DictField(
        child=serializers.BooleanField(), help_text="Ce que la clé peut en faire, acte par acte."
    )
    expanded = BalExpandedSerializer(required=False, help_text="Si `expand` le demande.")

    class Meta:
        model = Bal
        fields = [
            "id",
            "address",
            "kind",
            "state",
            "state_since",
            "structure",
            "structure_name",
            "operator",
            "service",
            "description",
            "purpose",
            "responsable",
            "liste_rouge",
            "is_published",
            "replaced_by",
            "last_used_at",
            "last_used_source",
            "read_at",
            "used_mb",
            "quota_mb",
            "percent_full",
            "full_on",
            "cotitulaires",
            "abilities",
            "expanded",
        ]
        read_only_fields = fields


def example(name: str, value: dict) -> OpenApiExample:
    """An example of a request's body."""
    return OpenApiExample(name, request_only=True, value=value)


@extend_schema_serializer(examples=[example("Avec son motif", {"note": "La BAL du service la remplace."})])
class MoveSerializer(StrictSerializer):
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=NOTE_LENGTH)
    attested = serializers.BooleanField(required=False, default=False)


@extend_schema_serializer(
    examples=[example("Vers la BAL du service", {"replaced_by": "accueil@chu-exemple.mssante.fr", "note": "Doublon."})]
)
class DepublishSerializer(StrictSerializer):
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=NOTE_LENGTH)
    replaced_by = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=length_of(Bal, "replaced_by"),
        help_text="BAL à utiliser à la place.",
    )
    auto_reply = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=length_of(Bal, "auto_reply"),
        help_text="Réponse automatique demandée.",
    )


@extend_schema_serializer(examples=[example("Une personne du registre", {"person": 7})])
class CotitulaireSerializer(PersonSaid):
    pass


@extend_schema_serializer(
    examples=[
        example(
            "Une BAL qui existe déjà chez l’opérateur",
            {
                "structure": 3,
                "operator": "regional",
                "kind": "ORG",
                "address": "accueil@chu-exemple.mssante.fr",
                "principal": 7,
                "exists": True,
                "service": "Accueil",
            },
        )
    ]
)
class RegisterSerializer(StrictSerializer):
    structure = VisibleField(queryset=Structure.objects.all())
    operator = Coded()
    kind = serializers.ChoiceField(Bal.Kind.choices)
    address = serializers.CharField(max_length=length_of(Bal, "address"), validators=[validate_address])
    principal = VisibleField(queryset=Person.objects.all(), required=False, allow_null=True, default=None)
    exists = serializers.BooleanField(
        default=False, help_text="Vrai : elle existe chez l’opérateur. Faux : il lui est demandé de l’ouvrir."
    )
    service = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Bal, "service"))
    description = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Bal, "description"))
    purpose = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    liste_rouge = serializers.BooleanField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_LENGTH)


@extend_schema_serializer(examples=[example("Le service a changé de nom", {"service": "Accueil et orientation"})])
class DescribeSerializer(StrictSerializer):
    """Facts to describe anew: only the fields given change."""

    service = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Bal, "service"))
    description = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Bal, "description"))
    purpose = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    liste_rouge = serializers.BooleanField(required=False)
    responsable = VisibleField(queryset=Person.objects.all(), required=False, allow_null=True)
    quota_mb = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**31 - 1)
