"""The question that software asks all day: which address, for this person, here, now?"""

from collections.abc import Callable
from functools import cache

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers

from directory.readers.identifiers import READERS, read_structure_number
from directory.readers.texts import Read
from directory.typography import for_software
from mailboxes.api.bal_lines import written
from mailboxes.api.candidates import ResolverQuestion
from mailboxes.api.lines import FRESHNESS, LINE, FreshnessSerializer, LineSerializer, freshness_told, line_told
from mailboxes.api.resolver import IDLE, MAX_QUESTIONS, Ranked, ResolverAnswer, resolve
from mailboxes.api.schema import IF_NONE_MATCH
from mailboxes.api.statement import signed
from mailboxes.api.strict import StrictSerializer, StrictView
from mailboxes.api.viewsets import unless_known
from mailboxes.lifecycle import Scope
from mailboxes.models import Bal, Preference
from mailboxes.models.fields import length_of

QUESTION = {"rpps": "10000000017", "finess": "010000002", "service": "", "purpose": ""}
ANSWER: dict = {
    "question": QUESTION,
    "best": {
        **LINE,
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
    """The question in the parameters of an address: `StrictView` has seen that it knows them all."""
    said = {name: params[name] for name in QuestionSerializer._declared_fields if name in params}
    return question_of(_reader().run_validation(said))


def question_of(facts: dict) -> ResolverQuestion:
    return ResolverQuestion(facts["rpps"], facts["finess"], facts["service"], facts["purpose"])


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
        **line_told(one.candidate.entry),
        "bal": bal.pk if bal else None,
        "reason": one.reason.code,
        "reason_label": one.reason.label,
        "read_at": written(bal.read_at, timezone.get_current_timezone()) if bal and bal.read_at else None,
    }


def _stated(answers: list[dict], now: dict, request) -> str:
    return signed(answers, now, request.auth.software_id if request.auth else None)


UNCHANGED = OpenApiResponse(description="Rien n’a changé.")


@method_decorator(never_cache, name="dispatch")
class ResolveView(StrictView):
    scopes = {"GET": Scope.RESOLVE, "POST": Scope.RESOLVE}
    takes_empty = True  # as the document says: the default of each part

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
        told = shown(answer, now := freshness_told())
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
        now = freshness_told()
        answers = [shown(answer, now) for answer in resolve(questions, user=request.user)]
        told = {"answers": answers, "freshness": now}
        return unless_known(request, told, lambda: {"statement": _stated(answers, now, request)})
