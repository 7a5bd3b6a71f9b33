"""How full a BAL is, by the thresholds of the installation: at the first it is time to make room; at the last it is
full or nearly, and may refuse a message."""

from django.db.models import Case, CharField, Q, TextChoices, Value, When

from mailboxes.models.thresholds import chosen


class Fill(TextChoices):
    OK = "ok", "moins du premier seuil"
    FILLING = "filling", "se remplit"
    FULL = "full", "pleine ou presque"
    UNKNOWN = "unknown", "inconnu"


def filling_from() -> int:
    return chosen.QUOTA_THRESHOLDS[0]


def full_from() -> int:
    return chosen.QUOTA_THRESHOLDS[-1]


def fill_of(percent: int | None) -> Fill:
    if percent is None:
        return Fill.UNKNOWN
    return Fill.FULL if percent >= full_from() else Fill.FILLING if percent >= filling_from() else Fill.OK


# Two bounds of one column: whatever the thresholds, the index `bal_fill` has these rows side by side.
def is_full() -> Q:
    return Q(percent_full__gte=full_from())


def is_filling() -> Q:
    return Q(percent_full__gte=filling_from(), percent_full__lt=full_from())


def fill_in_sql() -> Case:
    """`fill_of`, in SQL, on Bal."""
    whens = [(Q(percent_full=None), Fill.UNKNOWN), (is_full(), Fill.FULL), (is_filling(), Fill.FILLING)]
    cases = [When(condition, then=Value(fill.value)) for condition, fill in whens]
    return Case(*cases, default=Value(Fill.OK.value), output_field=CharField())
