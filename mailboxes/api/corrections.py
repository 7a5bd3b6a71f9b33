"""What a request may say of an error of the register, and of an access that somebody vouched for."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from mailboxes import actions
from mailboxes.actions.corrections import OF_BAL, OF_PERSON
from mailboxes.api.fields import Coded, PartOfName, PersonSaid, Rpps, VisibleField, person_of
from mailboxes.api.serializers import example
from mailboxes.api.strict import StrictSerializer
from mailboxes.models import Bal, Cotitulaire, Delegataire, Person, Structure
from mailboxes.models.fields import NOTE_LENGTH, length_of, validate_address

EXISTS, ASKED = "exists", "asked"
NOT_A_TITULAIRE = (
    "Ce RPPS n’est celui d’aucun titulaire de cette BAL : donnez celui de qui a autorisé l’accès, et en répond."
)
COTITULAIRE, DELEGATAIRE = "cotitulaire", "delegataire"


def why_field() -> serializers.CharField:
    return serializers.CharField(
        max_length=NOTE_LENGTH, help_text="Pourquoi ; gardé au journal, lu par les personnes prévenues."
    )


@extend_schema_serializer(
    examples=[
        example(
            "Le mauvais titulaire",
            {"why": "La liste de l’opérateur se trompait.", "principal": {"rpps": "10000000025"}},
        )
    ]
)
class CorrectBalSerializer(StrictSerializer):
    """Facts of a BAL to correct: only the fields given change."""

    why = why_field()
    kind = serializers.ChoiceField(Bal.Kind.choices, required=False)
    address = serializers.CharField(required=False, max_length=length_of(Bal, "address"), validators=[validate_address])
    structure = VisibleField(queryset=Structure.objects.all(), required=False)
    operator = Coded(required=False)
    principal = PersonSaid(required=False, help_text="Le titulaire, ou le cotitulaire principal.")


@extend_schema_serializer(examples=[example("Un nom d’usage", {"why": "Mariage.", "family_name": "Roy-Martin"})])
class CorrectPersonSerializer(StrictSerializer):
    why = why_field()
    family_name = PartOfName(required=False, max_length=length_of(Person, "family_name"))
    given_name = PartOfName(required=False, max_length=length_of(Person, "given_name"))
    rpps = Rpps(required=False, help_text="RPPS, 11 chiffres.")


@extend_schema_serializer(examples=[example("Un nom", {"why": "Faute de frappe.", "name": "CHU des Lilas"})])
class CorrectStructureSerializer(StrictSerializer):
    """Les numéros sont à un administrateur de la plateforme."""

    why = why_field()
    name = serializers.CharField(required=False, max_length=length_of(Structure, "name"))
    finess_ej = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Structure, "finess_ej"))
    finess_et = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Structure, "finess_et"))
    siret = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Structure, "siret"))
    rpps_rang = serializers.CharField(required=False, allow_blank=True, max_length=length_of(Structure, "rpps_rang"))


@extend_schema_serializer(
    examples=[
        example(
            "Une secrétaire, sur la parole d’un médecin",
            {
                "person": 9,
                "under": "10000000017",
                "role": "delegataire",
                "how": "exists",
                "told_on": "2026-02-01",
                "told_how": "par téléphone",
                "reason": "secrétariat",
            },
        )
    ]
)
class AccessSerializer(PersonSaid):
    under = Rpps(help_text="RPPS du titulaire qui en répond : il en est prévenu, et peut le démentir.")
    role = serializers.ChoiceField([(COTITULAIRE, "cotitulaire"), (DELEGATAIRE, "délégataire")])
    how = serializers.ChoiceField(
        [(EXISTS, "existe chez l’opérateur"), (ASKED, "à demander à l’opérateur")],
        help_text="`exists` : il est inscrit, et rien n’est demandé. `asked` : il est demandé à l’opérateur.",
    )
    told_on = serializers.DateField(help_text="Le jour où le titulaire l’a dit.")
    told_how = serializers.CharField(max_length=length_of(Cotitulaire, "told_how"))
    can_read = serializers.BooleanField(default=True)
    can_send = serializers.BooleanField(default=False)
    ends_on = serializers.DateField(required=False, allow_null=True, help_text="Vide : sans date de fin.")
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=length_of(Delegataire, "reason"), help_text="D’un délégataire."
    )


def correct_bal(bal: Bal, facts: dict, user) -> None:
    said = {name: facts[name] for name in OF_BAL if name in facts}
    if "principal" in facts:
        said["principal"] = person_of(facts["principal"], user, bal=bal)
    actions.correct_bal(bal, by=user, why=facts["why"], **said)


def correct_person(person: Person, facts: dict, user) -> None:
    said = {name: facts[name] for name in OF_PERSON if name in facts}
    actions.correct_person(person, by=user, why=facts["why"], **said)


def correct_structure(structure: Structure, facts: dict, user) -> None:
    actions.describe_structure(structure, by=user, **facts)


def vouch(bal: Bal, facts: dict, user) -> None:
    """Who is said to have given it is a titulaire of this BAL, or nobody that the caller may name."""
    under = Person.objects.filter(held__bal=bal, rpps=facts["under"]).first()
    if under is None:
        raise serializers.ValidationError({"under": [NOT_A_TITULAIRE]})
    person = person_of(facts, user, bal=bal)
    terms = {name: facts[name] for name in ("told_on", "told_how", "can_read", "can_send", "ends_on", "reason")
             if name in facts}  # fmt: skip
    do = actions.record_access if facts["how"] == EXISTS else actions.request_access
    do(bal, person, under=under, by=user, as_cotitulaire=facts["role"] == COTITULAIRE, **terms)
