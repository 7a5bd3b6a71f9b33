"""Which thresholds make sense, alone and together."""

from itertools import pairwise

from django.db.models import F, Max, Min

from directory.typography import quoted
from mailboxes.lifecycle import Act
from mailboxes.models import Operator
from mailboxes.models.thresholds import BY_NAME, FALLING, RISING, Threshold, chosen
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may

DAYS_OF_A_MONTH = 28  # at least
MOST_NUMBERS = 3  # of one threshold; the jobs lay out as many sweeps of reminders


def check_choose_threshold(*, by) -> None:
    check_may(Act.CHOOSE_THRESHOLD, by=by)


def check_threshold(threshold: Threshold, value: int | list[int]) -> None:
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) > MOST_NUMBERS:
        raise Refused(f"Donnez-en {MOST_NUMBERS} au plus.", "many")
    if isinstance(value, list) != bool(threshold.many) or not numbers:
        raise Refused("Donnez un nombre." if not threshold.many else "Donnez au moins un nombre.", "number")
    for number in numbers:
        if not threshold.low <= number <= threshold.high:
            raise Refused(
                f"{number} {threshold.unit} n’a pas de sens ici : de {threshold.low} à {threshold.high}.", "range"
            )
    if threshold.many == RISING and not all(one < other for one, other in pairwise(numbers)):
        raise Refused("Donnez des seuils différents, du plus petit au plus grand.", "order")
    if threshold.many == FALLING and not all(one > other for one, other in pairwise(numbers)):
        raise Refused("Donnez des délais différents, du plus long au plus court.", "order")


def check_together(threshold: Threshold, value: int | list[int]) -> None:
    """Beside what else is chosen: that of the installation, given back, may no longer fit either."""
    if threshold.name in BESIDE:
        BESIDE[threshold.name](value if isinstance(value, list) else [value])


def check_fits_thresholds() -> None:
    """Asked once an operator's months are written: the other half of `check_together`."""
    for name in OF_OPERATORS:
        threshold = BY_NAME[name]
        try:
            check_together(threshold, threshold.plain(getattr(chosen, name)))
        except Refused as refused:
            raise Refused(
                f"{refused.messages[0]} C’est le réglage {quoted(threshold.label)} de toute la plateforme : il se "
                "change à la page « Seuils et délais » ; ou laissez d’autres mois à cet opérateur.",
                "together",
            ) from refused


def _check_before_the_end(numbers: list[int]) -> None:
    """What comes before the end comes after the alert, at every operator."""
    between = Operator.objects.annotate(months=F("end_after_months") - F("alert_after_months")).aggregate(
        least=Min("months")
    )["least"]
    if between is not None and max(numbers) >= between * DAYS_OF_A_MONTH:
        raise Refused(
            f"{max(numbers)} jours avant la fin, l’alerte ne serait pas encore partie : chez un opérateur il n’y a que "
            f"{between} mois entre les deux. Donnez moins de {between * DAYS_OF_A_MONTH} jours.",
            "together",
        )


def _check_remembers_a_year(numbers: list[int]) -> None:
    """Idleness is concluded from readings: they are kept longer than it takes."""
    longest = Operator.objects.aggregate(longest=Max("end_after_months"))["longest"] or 12
    needed = longest * 31 + 31
    if numbers[0] < needed:
        raise Refused(
            f"L’inactivité se conclut après {longest} mois : gardez les relevés {needed} jours au moins.", "together"
        )


def _check_clears(numbers: list[int]) -> None:
    """An alert that is lifted is below the threshold before it, or it would come back at once."""
    thresholds = chosen.QUOTA_THRESHOLDS
    least = min((other - one for one, other in pairwise(thresholds)), default=thresholds[0])
    if numbers[0] > least:
        raise Refused(
            f"Deux seuils de remplissage ne sont qu’à {least} points l’un de l’autre : {least} au plus.", "together"
        )


def _check_apart(numbers: list[int]) -> None:
    least = min((other - one for one, other in pairwise(numbers)), default=numbers[0])
    if least < chosen.QUOTA_HYSTERESIS:
        raise Refused(
            f"Écartez ces seuils d’au moins {chosen.QUOTA_HYSTERESIS} points : c’est ce qui lève une alerte.",
            "together",
        )


OF_OPERATORS = ("IDLE_REMINDERS", "IDLE_ESCALATE_BEFORE", "READINGS_KEPT")
BESIDE = {
    "IDLE_REMINDERS": _check_before_the_end,
    "IDLE_ESCALATE_BEFORE": _check_before_the_end,
    "READINGS_KEPT": _check_remembers_a_year,
    "QUOTA_HYSTERESIS": _check_clears,
    "QUOTA_THRESHOLDS": _check_apart,
}
