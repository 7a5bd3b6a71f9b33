"""The figures, as one table: name, what its keys mean, and the rows (structure, key, n) that it is."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.text import capfirst

from directory.models import SyncRun
from mailboxes.findings import BY_NAME as OF_NAME
from mailboxes.findings import FINDING, FINDINGS, OF_BALS, about_these
from mailboxes.gaps import Gaps
from mailboxes.lifecycle import State
from mailboxes.models import (
    Anomaly,
    Bal,
    Delegataire,
    Engagement,
    Movement,
    Operator,
    Request,
    Sighting,
    Structure,
    Use,
)
from mailboxes.models.bal_sets import IS_EXPECTED, BalQuerySet
from mailboxes.models.fill import Fill, fill_in_sql, filling_from, full_from
from mailboxes.models.measures import TOTAL

Rows = Iterable[tuple[int, str, int]]
Counts = Callable[[QuerySet[Structure], datetime], Rows]


class IndicatorFigure(NamedTuple):
    name: str
    label: str
    keys: Callable[[], dict[str, str]]  # key -> label, in the order shown
    counts: Counts
    curve: Callable[[str], str] | None = None  # key -> the curve it is part of, where a curve per key would be too many


def _by(column, bals: QuerySet) -> Rows:
    """`bals` by structure and by `column`, an expression or the name of a field."""
    expression = F(column) if isinstance(column, str) else column
    counted = bals.order_by().values("structure").annotate(key=expression, n=Count("pk"))
    return counted.values_list("structure", "key", "n")


def _live(structures: QuerySet[Structure]) -> BalQuerySet:
    return Bal.objects.live().filter(structure__in=structures.values("pk"))


def _choose(*whens: tuple[Q, str], default: str) -> Case:
    cases = [When(condition, then=Value(key)) for condition, key in whens]
    return Case(*cases, default=Value(default), output_field=CharField())


def _total(structures, now) -> Rows:
    """A structure without BAL has its 0."""
    counts = {pk: n for pk, _, n in _by(Value(""), _live(structures))}
    return [(pk, "", counts.get(pk, 0)) for pk in structures.values_list("pk", flat=True)]


def _states(structures, now) -> Rows:
    return _by("state", Bal.objects.filter(structure__in=structures.values("pk")))


def _activity(structures, now) -> Rows:
    """The paid BAL by use, as the costs count them: unknown is a count of its own, never idle and never used."""
    return _by("use", Bal.objects.paid().filter(structure__in=structures.values("pk")).with_use(now))


def _fill(structures, now) -> Rows:
    return _by(fill_in_sql(), _live(structures))


def _fills() -> dict[str, str]:
    first, last = filling_from(), full_from()
    told = {Fill.OK: f"moins de {first} %", Fill.FILLING: f"{first} % et plus", Fill.FULL: f"{last} % et plus"}
    return {fill.value: told.get(fill, fill.label) for fill in Fill}


def _published(structures, now) -> Rows:
    absent = "no" if SyncRun.objects.latest_public() else "unknown"
    bals = _live(structures).with_publication()
    return _by(_choose((Q(is_published=True), "yes"), (~IS_EXPECTED, "unexpected"), default=absent), bals)


def _delegations(structures, now) -> Rows:
    """Access lent today, by what it lets do."""
    current = Delegataire.objects.current().filter(bal__in=_live(structures).values("pk"))
    counted = current.annotate(key=_choose((Q(can_send=True), "send"), default="read"))
    return counted.order_by().values_list("bal__structure", "key").annotate(Count("pk"))


def _anomalies(structures, now) -> Rows:
    noted = Anomaly.objects.open().filter(bal__in=_live(structures).values("pk"))
    return noted.order_by().values_list("bal__structure", "kind").annotate(Count("pk"))


def _findings(structures, now) -> Rows:
    """The findings, each counted by its own statement; the gaps all by one."""
    ours = Bal.objects.filter(structure__in=structures.values("pk"))
    for finding in OF_BALS:
        assert finding.bals  # noqa: S101 - of BAL
        yield from _by(Value(finding.name), Bal.objects.filter(pk__in=finding.bals(ours).values("pk")))
    for finding, rows in about_these(_of_no_bal(structures.values("pk"))):
        counted = rows.order_by().values(where=PLACES[finding.about]).annotate(n=Count("pk", distinct=True))
        yield from ((structure, finding.name, n) for structure, n in counted.values_list("where", "n"))
    for structure, situation, status, n in Gaps(structures).lately().counts_by_structure():
        if status == "open":
            yield structure, situation, n


# Whose each row is, of those that a finding may be about and that are no BAL.
PLACES = {
    "movements": F("stay__structure"),
    "sightings": Coalesce("stay__structure", "bal__structure"),
    "engagements": F("structure"),
    "requests": F("structure"),
}


def _of_no_bal(places) -> dict[str, QuerySet]:
    return {
        "movements": Movement.objects.filter(stay__structure__in=places),
        "sightings": Sighting.objects.of_structures(places),
        "engagements": Engagement.objects.of_structures(places),
        "requests": Request.objects.filter(structure__in=places),
    }


def _of(labels: dict) -> Callable[[], dict[str, str]]:
    return lambda: {str(key): label for key, label in labels.items()}


FIGURES = [
    IndicatorFigure(TOTAL, "BAL en vie", _of({"": "toutes"}), _total),
    IndicatorFigure("state", "État", _of(dict(State.choices)), _states),
    IndicatorFigure(
        "kind", "Type", _of(dict(Bal.Kind.choices)), lambda structures, now: _by("kind", _live(structures))
    ),
    IndicatorFigure(
        "operator",
        "Opérateur",
        lambda: dict(Operator.objects.values_list("code", "name")),
        lambda structures, now: _by("operator__code", _live(structures)),
    ),
    IndicatorFigure("activity", "Usage des BAL payées", _of(dict(Use.choices)), _activity),
    IndicatorFigure(
        "fill",
        "Remplissage",
        _fills,
        _fill,
    ),
    IndicatorFigure(
        "published",
        "À l’annuaire public",
        _of({"yes": "publiées", "no": "absentes", "unexpected": "non attendues (APP, liste rouge)",
             "unknown": "inconnu (annuaire jamais chargé)"}),
        _published,
    ),
    IndicatorFigure("delegation", "Délégations en cours", _of({"read": "consulter", "send": "envoyer"}), _delegations),
    IndicatorFigure("anomaly", "Anomalies signalées", _of(dict(Anomaly.Kind.choices)), _anomalies),
    IndicatorFigure(FINDING, "Points d’attention", _of({f.name: f.title for f in FINDINGS if not f.holds}), _findings,
           lambda key: capfirst(OF_NAME[key].severity.label)),
]  # fmt: skip
BY_NAME = {figure.name: figure for figure in FIGURES}
