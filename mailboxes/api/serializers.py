"""How a BAL reads, and what a request may say."""

from rest_framework import serializers

from mailboxes.lifecycle import EXPOSED
from mailboxes.models import Bal, Person
from mailboxes.rules import allows, check_move


class HolderSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="person.pk")
    name = serializers.CharField(source="person.__str__")
    rpps = serializers.CharField(source="person.rpps")
    is_principal = serializers.BooleanField()
    since = serializers.DateField()


class BalSerializer(serializers.ModelSerializer):
    structure_name = serializers.CharField(source="structure.name")
    operator = serializers.CharField(source="operator.code")
    is_published = serializers.BooleanField()
    cotitulaires = HolderSerializer(many=True)
    abilities = serializers.SerializerMethodField()

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
            "liste_rouge",
            "is_published",
            "last_used_at",
            "last_used_source",
            "used_mb",
            "quota_mb",
            "percent_full",
            "full_on",
            "cotitulaires",
            "abilities",
        ]
        read_only_fields = fields

    def get_abilities(self, bal) -> dict[str, bool]:
        user = self.context["request"].user
        return {verb.value: allows(check_move, bal, verb, by=user) for verb in EXPOSED}


class MoveSerializer(serializers.Serializer):
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=500)
    attested = serializers.BooleanField(required=False, default=False)


class CotitulaireSerializer(serializers.Serializer):
    person = serializers.PrimaryKeyRelatedField(queryset=Person.objects.none())

    def __init__(self, *args, people=None, **kwargs):
        super().__init__(*args, **kwargs)
        if people is not None:
            self.fields["person"].queryset = people
