"""The question that software asks all day: which address, for this person, here, now?"""

from collections.abc import Callable
from functools import cache

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.response import Response

from directory.check import CheckVerdict, check
from directory.identifiers import LONGEST
from directory.models import Entry
from directory.readers.identifiers import READERS, read_structure_number
from directory.readers.texts import Read
from directory.typography import for_software
from mailboxes.api.bal_lines import written
from mailboxes.api.candidates import AnnuaireLine, ResolverQuestion
from mailboxes.api.resolver import (
    IDLE,
    MAX_QUESTIONS,
    Ranked,
    ResolverAnswer,
    freshness,
    resolve,
)
from mailboxes.api.schema import IF_NONE_MATCH
from mailboxes.api.statement import signed
from mailboxes.api.strict import StrictSerializer, StrictView
from mailboxes.api.viewsets import unless_known
from mailboxes.lifecycle import Scope
from mailboxes.models import Bal, Preference
from mailboxes.models.aliases import alias_told
from mailboxes.models.fields import length_of

QUESTION = {"rpps": "10000000017", "finess": "010000002", "service": "", "purpose": ""}
FRESHNESS = {"as_of": "2026-11-20T03:12:00+01:00", "is_stale": False}
ANSWER: dict = {
    "question": QUESTION,
    "best": {
        "address": "alice.exemple@chu-exemple.mssante.fr",
        "kind": "PER",
        "family_name": "EXEMPLE",
        "given_name": "Alice",
        "profession": "Médecin",
        "structure": "010000002",
        "structure_name": "CHU",
        "service": "",
        "bal": 12,
        "reason": "preferred",
        "reason_label": "BAL privilégiée de la situation d’exercice",
        "read_at": "2026-11-19T22:00:00+01:00",
    },
    "why": "BAL privilégiée de la situation d’exercice",
    "alternatives": [],
    "warnings": [{"code": "idle", "detail": IDLE}],
    "freshness": FRESHNESS,
}
STATEMENT = "eyJhbGciOiJFZERTQSIsImtpZCI6IuKApiJ9.eyJ0b2xkIjpbXX0.c2lnbmF0dXJl"
NOT_OF_LINE = ("bal", "reason", "reason_label", "read_at")
LINE = {name: value for name, value in ANSWER["best"].items() if name not in NOT_OF_LINE}


class QuestionSerializer(StrictSerializer):
    rpps = serializers.CharField(required=False, default="", allow_blank=True, help_text="RPPS, 11 chiffres.")
    finess = serializers.CharField(
        required=False, default="", allow_blank=True, help_text="FINESS (9 caractères), SIRET ou RPPS-rang (14)."
    )
    service = serializers.CharField(required=False, default="", allow_blank=True, max_length=length_of(Bal, "service"))
    purpose = serializers.ChoiceField(
        Preference.Purpose.choices,
        required=False,
        default="",
        allow_blank=True,
        help_text="La sorte de message à envoyer ; vide : toutes.",
    )

    def validate_rpps(self, value):
        return _read(value, READERS["RPPS"])

    def validate_finess(self, value):
        return _read(value, read_structure_number)

    def validate(self, facts):
        if not facts["rpps"] and not facts["finess"]:
            raise serializers.ValidationError("Donnez un RPPS, un FINESS, ou les deux.", "empty")
        return facts


def _read(value: str, read: Callable[[str], Read]) -> str:
    """However it is written: with spaces, its label, or the 8 of the national identifier."""
    found = read(value) if value.strip() else Read("")
    if found.problem:
        raise serializers.ValidationError(found.problem, "malformed")
    return found.value


@cache
def _reader() -> QuestionSerializer:
    """One for all: it keeps nothing of what it reads, and to make it costs more than to read."""
    return QuestionSerializer()


def _asked(params) -> ResolverQuestion:
    """Of the parameters of an address, of which `StrictView` has seen that it knows them all."""
    said = {name: params[name] for name in QuestionSerializer._declared_fields if name in params}
    return question_of(_reader().run_validation(said))


def question_of(facts: dict) -> ResolverQuestion:
    return ResolverQuestion(facts["rpps"], facts["finess"], facts["service"], facts["purpose"])


class LineSerializer(serializers.Serializer):
    """One line of the annuaire."""

    address = serializers.CharField()
    kind = serializers.CharField()
    family_name = serializers.CharField()
    given_name = serializers.CharField()
    profession = serializers.CharField()
    structure = serializers.CharField()
    structure_name = serializers.CharField()
    service = serializers.CharField()


class ChoiceSerializer(LineSerializer):
    """One line of the annuaire, with its place among the answers."""

    bal = serializers.IntegerField(allow_null=True, help_text="Sa fiche au registre, si la clé la voit.")
    reason = serializers.CharField()
    reason_label = serializers.CharField()
    read_at = serializers.DateTimeField(
        allow_null=True, help_text="Dernier relevé d’usage de cette BAL au registre, si la clé la voit."
    )


class WarningSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Stable.")
    detail = serializers.CharField()


class FreshnessSerializer(serializers.Serializer):
    as_of = serializers.DateTimeField(allow_null=True, help_text="Date de l’annuaire public connu ici.")
    is_stale = serializers.BooleanField()


class AnswerSerializer(serializers.Serializer):
    question = QuestionSerializer()
    best = ChoiceSerializer(allow_null=True)
    why = serializers.CharField(help_text="Pourquoi celle-ci, en une phrase.")
    alternatives = ChoiceSerializer(many=True)
    warnings = WarningSerializer(many=True)
    freshness = FreshnessSerializer()


STATED = {"help_text": "Ce qui a été répondu, et de quel annuaire, signé (JWS) ; clés : `/.well-known/jwks.json`."}


@extend_schema_serializer(
    examples=[
        OpenApiExample("Un médecin dans un hôpital", response_only=True, value={**ANSWER, "statement": STATEMENT})
    ]
)
class SignedAnswerSerializer(AnswerSerializer):
    statement = serializers.CharField(**STATED)


@extend_schema_serializer(examples=[OpenApiExample("Une question", request_only=True, value={"questions": [QUESTION]})])
class BatchSerializer(StrictSerializer):
    questions = QuestionSerializer(many=True, max_length=MAX_QUESTIONS, allow_empty=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Une réponse",
            response_only=True,
            value={"answers": [ANSWER], "freshness": FRESHNESS, "statement": STATEMENT},
        )
    ]
)
class BatchAnswerSerializer(serializers.Serializer):
    answers = AnswerSerializer(many=True)
    freshness = FreshnessSerializer()
    statement = serializers.CharField(**STATED)


# By hand rather than by the serializers above, which describe it: a batch has thousands of lines.
def shown(answer: ResolverAnswer, now: dict) -> dict:
    question = answer.question
    return {
        "question": {
            "rpps": question.rpps,
            "finess": question.structure,
            "service": question.service,
            "purpose": question.purpose,
        },
        "best": _choice(answer.best) if answer.best else None,
        "why": answer.why,
        "alternatives": [_choice(one) for one in answer.alternatives],
        "warnings": [{"code": code, "detail": for_software(sentence)} for code, sentence in answer.warnings],
        "freshness": now,
    }


def _choice(one: Ranked) -> dict:
    bal = one.candidate.bal
    return {
        **_line(one.candidate.entry),
        "bal": bal.pk if bal else None,
        "reason": one.reason.code,
        "reason_label": one.reason.label,
        "read_at": written(bal.read_at, timezone.get_current_timezone()) if bal and bal.read_at else None,
    }


def _line(entry: Entry | AnnuaireLine) -> dict:
    return {
        "address": entry.address,
        "kind": entry.kind,
        "family_name": entry.family_name,
        "given_name": entry.given_name,
        "profession": entry.profession,
        "structure": entry.structure_id,
        "structure_name": entry.structure_name,
        "service": entry.service,
    }


def _freshness() -> dict:
    now = freshness()
    as_of = written(now.as_of, timezone.get_current_timezone()) if now.as_of else None
    return {"as_of": as_of, "is_stale": now.is_stale}


def _stated(answers: list[dict], now: dict, request) -> str:
    return signed(answers, now, request.auth.software_id if request.auth else None)


UNCHANGED = OpenApiResponse(description="Rien n’a changé.")


@method_decorator(never_cache, name="dispatch")
class ResolveView(StrictView):
    scopes = {"GET": Scope.RESOLVE, "POST": Scope.RESOLVE}

    def parameters(self):
        return QuestionSerializer._declared_fields if self.request.method == "GET" else ()

    @extend_schema(
        parameters=[QuestionSerializer, IF_NONE_MATCH],
        responses={200: SignedAnswerSerializer, 304: UNCHANGED},
        operation_id="resolve",
    )
    def get(self, request):
        """La meilleure adresse pour un professionnel, un lieu, un service ; pourquoi ; et à quoi prendre garde.

        Par POST, ni RPPS ni lieu ne figurent dans l’URL, que des journaux gardent.
        """
        (answer,) = resolve([_asked(request.query_params)], user=request.user)
        told = shown(answer, now := _freshness())
        return unless_known(request, told, lambda: {"statement": _stated([told], now, request)})

    @extend_schema(
        parameters=[IF_NONE_MATCH],
        request=BatchSerializer,
        responses={200: BatchAnswerSerializer, 304: UNCHANGED},
        operation_id="resolve_batch",
    )
    def post(self, request):
        """Jusqu’à 500 questions à la fois ; les réponses sont dans l’ordre des questions.

        Ce POST ne fait que lire : `If-None-Match` y vaut comme pour GET.
        """
        asked = BatchSerializer(data=request.data, context={"request": request})
        asked.is_valid(raise_exception=True)
        questions = [question_of(facts) for facts in asked.validated_data["questions"]]
        now = _freshness()
        answers = [shown(answer, now) for answer in resolve(questions, user=request.user)]
        told = {"answers": answers, "freshness": now}
        return unless_known(request, told, lambda: {"statement": _stated(answers, now, request)})


@extend_schema_serializer(
    examples=[
        OpenApiExample("Une adresse", request_only=True, value={"address": "alice.exemple@chu-exemple.mssante.fr"})
    ]
)
class AddressSerializer(StrictSerializer):
    address = serializers.CharField(max_length=LONGEST)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Publiée",
            response_only=True,
            value={
                "address": LINE["address"],
                "verdict": "published",
                "detail": CheckVerdict.PUBLISHED.value,
                "is_inside": True,
                "holders": [LINE],
                "withdrawn_at": None,
                "alias_of": None,
                "near": [],
                "freshness": FRESHNESS,
            },
        )
    ]
)
class VerdictSerializer(serializers.Serializer):
    address = serializers.CharField(help_text="Telle que vérifiée ; celle d’un patient est masquée.")
    verdict = serializers.ChoiceField([(verdict.name.lower(), verdict.value) for verdict in CheckVerdict])
    detail = serializers.CharField()
    is_inside = serializers.BooleanField(help_text="Dans l’espace de confiance MSSanté.")
    holders = LineSerializer(many=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    alias_of = serializers.CharField(
        allow_null=True, help_text="L’adresse de la BAL du registre dont celle-ci est un alias, si la clé la voit."
    )
    near = serializers.ListField(child=serializers.CharField(), help_text="Adresses publiées qui lui ressemblent.")
    freshness = FreshnessSerializer()


@method_decorator(never_cache, name="dispatch")
class CheckView(StrictView):
    scopes = {"GET": Scope.RESOLVE, "POST": Scope.RESOLVE}

    def parameters(self):
        return ["address"] if self.request.method == "GET" else ()

    @extend_schema(
        parameters=[OpenApiParameter("address", str, required=True)],
        responses=VerdictSerializer,
        operation_id="check",
    )
    def get(self, request):
        """Cette adresse est-elle de l’espace de confiance, publiée, et à qui ? Rien n’en est gardé.

        Celle d’un patient ne s’écrit pas dans une URL, que des journaux gardent : demandez par POST.
        """
        return self._answer(request.query_params.get("address", ""))

    @extend_schema(request=AddressSerializer, responses=VerdictSerializer, operation_id="check_posted")
    def post(self, request):
        """La même question, sans que l’adresse figure dans l’URL."""
        asked = AddressSerializer(data=request.data, context={"request": request})
        asked.is_valid(raise_exception=True)
        return self._answer(asked.validated_data["address"])

    def _answer(self, typed: str) -> Response:
        if not typed or len(typed) > LONGEST:
            raise serializers.ValidationError({"address": [f"Donnez une adresse, de {LONGEST} caractères au plus."]})
        answer = check(typed)
        alias = alias_told(answer.address, self.request.user)
        return Response(
            {
                "address": answer.address,
                "verdict": answer.verdict.name.lower(),
                "detail": answer.verdict.value,
                "is_inside": answer.verdict.is_inside,
                "holders": [_line(entry) for entry in answer.entries],
                "withdrawn_at": answer.withdrawn_at,
                "alias_of": alias.bal.address if alias else None,
                "near": [entry.address for entry in answer.near],
                "freshness": _freshness(),
            }
        )
