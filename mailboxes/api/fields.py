"""How a request names what it is about: always among what its caller sees."""

from datetime import date
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as Invalid
from django.db.models import BigIntegerField
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from directory.prepared import prepared
from directory.readers.identifiers import read_identifier
from directory.readers.names import read_part
from mailboxes.api.strict import StrictSerializer
from mailboxes.forms.person_field import PersonField, attest
from mailboxes.models import Bal, Operator, Person, Structure

NUMBER = serializers.IntegerField()


class VisibleField(serializers.PrimaryKeyRelatedField):
    """An object by its number; one that the caller does not see does not exist."""

    default_error_messages: ClassVar = {
        "does_not_exist": "Aucun objet n° {pk_value} dans les structures que vous voyez : vérifiez le numéro.",
        "incorrect_type": "Donnez un numéro.",
    }

    def to_internal_value(self, data):
        try:
            number = NUMBER.run_validation(data)
        except serializers.ValidationError:
            self.fail("incorrect_type")
        if 0 < number <= BigIntegerField.MAX_BIGINT:
            user = self.context["request"].user
            for found in _visible(self.queryset.model, timezone.localdate(), pk=number, user=user):
                return found
        self.fail("does_not_exist", pk_value=number)


@prepared
def _visible(model: Any, today: date, pk, user):
    return model._default_manager.visible_to(user).filter(pk=pk).order_by()


class Coded(serializers.SlugRelatedField):
    """An operator, which everyone sees, by its code; with its domains."""

    default_error_messages: ClassVar = {
        "does_not_exist": "Le code {value} est inconnu : vérifiez comment il est écrit.",
    }

    def __init__(self, **options):
        super().__init__("code", queryset=Operator.objects.all(), **options)

    def to_internal_value(self, data):
        """Checked as text before the database is asked: PostgreSQL fails on a NUL."""
        code = serializers.CharField().run_validation(data)
        for found in _coded(code=code):
            return found
        self.fail("does_not_exist", value=code)


@prepared
def _coded(code):
    return Operator.objects.with_domains().filter(code=code).order_by()


class Rpps(serializers.CharField):
    """However it is written: with spaces, its label, the 8 of the national identifier, or as a spreadsheet left it."""

    def to_internal_value(self, data):
        found = read_identifier("RPPS", super().to_internal_value(data))
        if found.problem:
            raise serializers.ValidationError(found.problem, "malformed")
        return found.value


class PartOfName(serializers.CharField):
    """A family name, or a given name, without the titles that are said before it."""

    def to_internal_value(self, data):
        return read_part(super().to_internal_value(data))


class PersonSaid(StrictSerializer):
    """A person by the number of the register, or by RPPS: then one whom only the annuaire knows enters the register."""

    person = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    rpps = Rpps(required=False, help_text="À la place de `person` : RPPS, 11 chiffres.")
    attested = serializers.BooleanField(
        default=False,
        help_text="Pour une personne que seul l’annuaire connaît : elle a une CPS ou une e-CPS, on s’en est assuré.",
    )

    def validate(self, facts):
        if ("person" in facts) == ("rpps" in facts):
            raise serializers.ValidationError(
                {"person": ["Donnez « person » ou « rpps », l’un des deux et pas l’autre."]}
            )
        return facts


def person_of(facts: dict[str, Any], user, *, bal: Bal | None = None, structure: Structure | None = None) -> Person:
    """The person whom the facts of a `PersonSaid` name, as the same field of a page finds them."""
    field = PersonField()
    field.offer(user, bal, structure)
    said = facts["rpps"] if "rpps" in facts else f"#{facts['person']}"
    try:
        person = field.clean(said)
    except Invalid as error:
        raise serializers.ValidationError({"rpps" if "rpps" in facts else "person": error.messages}) from error
    attest(person, facts)
    return person


@extend_schema_field(serializers.DictField(child=serializers.BooleanField()))
class Abilities(serializers.Field):
    """What the caller may do of the object, each asked of the rule itself: `check(user, object)` by name."""

    def __init__(self, check, **options):
        super().__init__(source="*", read_only=True, help_text="Ce que la clé peut en faire, acte par acte.", **options)
        self.check = check

    def to_representation(self, row):
        return self.check(row, self.context["request"].user)
