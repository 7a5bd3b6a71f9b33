"""Nothing in silence: what a call says and nobody reads is refused by its name, never passed over.

Who asks for `Prefer: handling=lenient` (RFC 7240) is told by `Preference-Applied` that it was passed over.
"""

from collections.abc import Iterable, Mapping

from django.utils.datastructures import MultiValueDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

LENIENT = "handling=lenient"


class StrictSerializer(serializers.Serializer):
    """The body of a request."""

    def to_internal_value(self, data):
        if isinstance(data, Mapping) and not is_lenient(self.context.get("request")):
            check_known(data, (name for name, field in self.fields.items() if not field.read_only), "Champ inconnu")
        return super().to_internal_value(data)


class StrictView(APIView):
    """The parameters of its address that it reads are those of `parameters()`."""

    def parameters(self) -> Iterable[str]:
        return ()

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if not is_lenient(request):
            check_known(request.query_params, self.parameters(), "Paramètre inconnu")

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        if is_lenient(request):
            response["Preference-Applied"] = LENIENT
        return response


def is_lenient(request: Request | None) -> bool:
    said = request.headers.get("Prefer", "") if request else ""
    return LENIENT in said.replace(" ", "").lower().split(",")


def check_known(said: Mapping | MultiValueDict, known: Iterable[str], what: str) -> None:
    names = sorted(known)
    if unknown := [name for name in said if name not in names]:
        there = f"Connus : {', '.join(names)}." if names else "Aucun n’est lu ici."
        raise serializers.ValidationError({name: [f"{what}. {there}"] for name in unknown}, "unknown")
