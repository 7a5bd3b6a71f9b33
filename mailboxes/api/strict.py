"""Nothing in silence: what a call says and nobody reads is refused by its name, never passed over.

Who asks for `Prefer: handling=lenient` (RFC 7240) is told by `Preference-Applied` that it was passed over.
"""

from collections.abc import Iterable, Mapping

from django.utils.datastructures import MultiValueDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from directory.typography import how_many

LENIENT = "handling=lenient"
TWICE = "Donné {} : une seule valeur est lue. Gardez la bonne."
EMPTY = "Donnez une valeur, ou retirez ce paramètre."


class StrictSerializer(serializers.Serializer):
    """The body of a request."""

    def to_internal_value(self, data):
        if isinstance(data, Mapping) and not is_lenient(self.context.get("request")):
            check_known(data, (name for name, field in self.fields.items() if not field.read_only), "Champ inconnu")
        return super().to_internal_value(data)


class StrictView(APIView):
    """The parameters of its address that it reads are those of `parameters()`."""

    takes_empty = False  # does an empty parameter say what leaving it out says?

    def parameters(self) -> Iterable[str]:
        return ()

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if not is_lenient(request):
            check_known(request.query_params, self.parameters(), "Paramètre inconnu")
            check_values(request.query_params, takes_empty=self.takes_empty)

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        if is_lenient(request):
            response["Preference-Applied"] = LENIENT
        return response


def is_lenient(request: Request | None) -> bool:
    said = request.headers.get("Prefer", "") if request else ""
    return LENIENT in said.replace(" ", "").lower().split(",")


def check_values(said: MultiValueDict, *, takes_empty: bool) -> None:
    """One value for each: of two, one would be passed over; an empty one, a variable that holds nothing, would narrow
    nothing, and give everything."""
    problems = {}
    for name, values in said.lists():
        if len(values) > 1:
            problems[name] = [TWICE.format(how_many(len(values), "fois"))]
        elif not takes_empty and not values[0].strip():
            problems[name] = [EMPTY]
    if problems:
        raise serializers.ValidationError(problems)


def check_known(said: Mapping | MultiValueDict, known: Iterable[str], what: str) -> None:
    names = sorted(known)
    if unknown := [name for name in said if name not in names]:
        there = f"Connus : {', '.join(names)}." if names else "Aucun n’est lu ici."
        raise serializers.ValidationError({name: [f"{what}. {there}"] for name in unknown}, "unknown")
