"""What a line points to, told with it: `?expand=structure,operator` spares a call for each."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from rest_framework import serializers

from directory.typography import quoted
from mailboxes.models import Bal, Operator, Structure

PARAMETER = "expand"
FIELD = "expanded"
STRUCTURE = ("id", "name", "kind", "finess_ej", "finess_et", "postcode", "town")
OPERATOR = ("code", "name")
BAL = ("id", "address", "kind", "state")


class StructureToldSerializer(serializers.ModelSerializer):
    class Meta:
        model = Structure
        fields = STRUCTURE
        read_only_fields = fields


class OperatorToldSerializer(serializers.ModelSerializer):
    class Meta:
        model = Operator
        fields = OPERATOR
        read_only_fields = fields


class BalToldSerializer(serializers.ModelSerializer):
    class Meta:
        model = Bal
        fields = BAL
        read_only_fields = fields


class BalExpandedSerializer(serializers.Serializer):
    structure = StructureToldSerializer(required=False)
    operator = OperatorToldSerializer(required=False)


class RequestExpandedSerializer(BalExpandedSerializer):
    bal = BalToldSerializer(required=False, allow_null=True)


# By the field of the line that names it. The caller sees the line, and so the structure it stands on; not the BAL of an
# answered request, once it went to another structure.
READ: dict[str, Callable[[Iterable, Any], Iterable[dict]]] = {
    "structure": lambda keys, user: Structure.objects.filter(pk__in=keys).values(*STRUCTURE),
    "operator": lambda keys, user: Operator.objects.filter(code__in=keys).values(*OPERATOR),
    "bal": lambda keys, user: Bal.objects.visible_to(user).filter(pk__in=keys).values(*BAL),
}


def expand(lines: Iterable[dict], said: str, known: Collection[str], user) -> None:
    """Add to each line what `said` names, as `user` sees it; one query for each name, however many lines."""
    names, lines = list(dict.fromkeys(name.strip() for name in said.split(","))), list(lines)
    if unknown := [name for name in names if name not in known]:
        problems = [f"{quoted(name)} est inconnu. Connus : {', '.join(known)}." for name in unknown]
        raise serializers.ValidationError({PARAMETER: problems})
    for name in names:
        if any(name not in line for line in lines):
            raise serializers.ValidationError({PARAMETER: [f"Demandez aussi {quoted(name)} dans « fields »."]})
        keys = {line[name] for line in lines} - {None}
        found = {one.get("id", one.get("code")): one for one in READ[name](keys, user)}
        for line in lines:
            line.setdefault(FIELD, {})[name] = found.get(line[name])
