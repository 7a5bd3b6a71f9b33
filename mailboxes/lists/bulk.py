"""What may be done of many rows at once, as one table: which rows, which acts, what is foreseen of each, who does it.

A kind's `check` is the rule of the act itself, and costs no query per row; what only the act can see, under its lock,
is told in the report.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from django.db.models import QuerySet

from mailboxes import actions, rules
from mailboxes.forms.bulk import BACKS, BULK_VERBS, AnswerForm, BulkNoteForm, FactsForm, GapFactsForm
from mailboxes.forms.gaps import askable
from mailboxes.gaps import REMEDIES, Gap, Gaps, request_for
from mailboxes.lifecycle import BY_HAND, REOPENS, Act, RequestKind, Verb
from mailboxes.models import Bal, Operator, Request
from mailboxes.rules import Refused

Row = Any  # a BAL, a request, a gap: each has a name and a key


class BatchForecast(NamedTuple):
    """What would become of the rows: how many may be done, and which not, by reason."""

    possible: list[Row]
    refused: dict[str, list[Row]]

    @property
    def refused_count(self) -> int:
        return sum(map(len, self.refused.values()))


class Kind(NamedTuple):
    name: str
    nouns: tuple[str, str]
    acts: Sequence[Act | Verb]
    find: Callable[[Any, Sequence], Iterable[Row]]  # (user, keys): those that the user may see
    key: Callable[[Row], Any]
    check: Callable[..., None]  # (row, act, by=)
    do: Callable[..., actions.Tally]  # (user, keys, act, facts): one portion
    form: type[FactsForm]
    view: str  # the list that they come from
    says: Callable[[Row, Act | Verb], str]  # beside the name of a row, what one decides by
    words: dict[Act | Verb, str] = {}  # of an act, where its own are too general
    backs: Sequence[Verb] = ()  # that undo another, and are offered by its report alone

    def foresee(self, user, keys: Sequence, act: Act | Verb) -> BatchForecast:
        possible, refused = [], dict[str, list[Row]]()
        for row in self.find(user, keys):
            try:
                self.check(row, act, by=user)
                possible.append(row)
            except Refused as refusal:
                refused.setdefault(refusal.messages[0], []).append(row)
        return BatchForecast(possible, refused)

    def label_of(self, act: Act | Verb) -> str:
        return self.words.get(act) or str(act.label)

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(act.value, self.label_of(act)) for act in self.acts]

    def act_named(self, name: str) -> Act | Verb | None:
        return next((act for act in (*self.acts, *self.backs) if act == name), None)

    def act_offered(self, name: str) -> Act | Verb | None:
        """The act of this name, if the list offers it."""
        return next((act for act in self.acts if act == name), None)


# --- BAL --------------------------------------------------------------------------------------------------------------
def _bals(user, keys: Sequence) -> QuerySet[Bal]:
    rows = Bal.objects.visible_to(user).filter(pk__in=keys)
    return rows.with_holders().with_publication().prefetch_related("requests").order_by("address", "pk")


def _check_bal(bal: Bal, act: Act | Verb, *, by) -> None:
    if act == Act.ASK_USE:
        rules.check_ask_use(bal, False, by=by)
        return
    if act == Act.ASK_OPERATOR:
        rules.check_open_request(bal, RequestKind.CHANGE, by=by)
        return
    verb = Verb(act)
    rules.check_move(bal, verb, by=by)
    if verb in (Verb.VERIFY_DEPUBLICATION, Verb.VERIFY_DELETION):
        rules.check_seen_absent(bal, by=by)
    if verb in REOPENS:
        rules.check_retract(bal, verb)


def _do_bals(user, keys: Sequence, act: Act | Verb, facts: dict) -> actions.Tally:
    bals = Bal.objects.visible_to(user).filter(pk__in=keys)
    if act == Act.ASK_USE:
        return actions.ask_use_each(bals, by=user)
    if act == Act.ASK_OPERATOR:
        return _each(bals, partial(actions.ask_more_space, by=user, **facts))
    return actions.move_each(bals, Verb(act), by=user, note=facts.get("note", ""))


def _each(rows: Iterable[Row], act: Callable) -> actions.Tally:
    tally = actions.Tally()
    for row in rows:
        try:
            act(row)
            tally.done += 1
        except Refused as refused:
            tally.refused[str(row)] = refused.messages[0]
    return tally


# --- Requests ---------------------------------------------------------------------------------------------------------
def _requests(user, keys: Sequence) -> QuerySet[Request]:
    return Request.objects.visible_to(user).filter(pk__in=keys).with_letters().order_by("-pk")


def _check_request(request: Request, act: Act | Verb, *, by) -> None:
    rules.check_stage(request, Act(act), by=by)


def _do_requests(user, keys: Sequence, act: Act | Verb, facts: dict) -> actions.Tally:
    rows = Request.objects.visible_to(user).filter(pk__in=keys)
    return actions.step_each(rows, Act(act), by=user, answer=facts.get("answer", ""))


# --- Gaps -------------------------------------------------------------------------------------------------------------
def _gaps(user, keys: Sequence) -> list[Gap]:
    gaps = Gaps.visible_to(user).keyed(keys)
    operators = {domain.name: operator for operator in Operator.objects.prefetch_related("domains")
                 for domain in operator.domains.all()}  # fmt: skip
    for gap in gaps:
        gap.operator = gap.bal.operator if gap.bal else operators.get(gap.address.rpartition("@")[2])
    return gaps


def _check_gap(gap: Gap, act: Act | Verb, *, by) -> None:
    assert gap.structure  # noqa: S101 - a gap read with its facts
    rules.check_gap(gap.structure, Act(act), gap.situation.remedies, by=by)
    if act == Act.ADOPT:
        rules.check_adopt(gap, gap.operator)
    elif act == Act.ACCEPT_ANNUAIRE:
        rules.check_accept(gap.differences)
    elif act == Act.ASK_OPERATOR:
        rules.check_ask_operator(gap, gap.operator)
    elif act == Act.RESUME_GAP:
        rules.check_resume(gap.status)


MENDS: dict[Act, Callable] = {
    Act.ADOPT: actions.adopt,
    Act.ACCEPT_ANNUAIRE: actions.accept_annuaire,
    Act.ASK_OPERATOR: actions.ask_operator,
    Act.IGNORE_GAP: actions.ignore_gap,
    Act.RESUME_GAP: actions.resume_gap,
}


def _do_gaps(user, keys: Sequence, act: Act | Verb, facts: dict) -> actions.Tally:
    return _each(Gaps.visible_to(user).keyed(keys), partial(_mend, act=Act(act), facts=facts, by=user))


def _mend(gap: Gap, *, act: Act, facts: dict, by) -> None:
    if act == Act.ASK_PERSON:
        for person in askable(gap):
            actions.ask_person(person, by=by)
    else:
        MENDS[act](gap, by=by, **facts)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in [
        Kind(
            "bals",
            ("BAL", "BAL"),
            [*BULK_VERBS, Act.ASK_USE, Act.ASK_OPERATOR],
            _bals,
            lambda bal: bal.pk,
            _check_bal,
            _do_bals,
            BulkNoteForm,
            "bal-list",
            lambda bal, act: str(bal.get_state_display()),
            {Act.ASK_OPERATOR: "Demander de l’espace"},
            BACKS,
        ),
        Kind(
            "requests",
            ("demande", "demandes"),
            [act for act in BY_HAND if act != Act.ASK_AGAIN],
            _requests,
            lambda row: row.pk,
            _check_request,
            _do_requests,
            AnswerForm,
            "request-list",
            lambda row, act: f"à {row.operator}, {row.get_stage_display()}",
        ),
        Kind(
            "gaps",
            ("écart", "écarts"),
            [*REMEDIES, Act.RESUME_GAP],
            _gaps,
            lambda gap: gap.key,
            _check_gap,
            _do_gaps,
            GapFactsForm,
            "gap-list",
            lambda gap, act: request_for(gap) if act == Act.ASK_OPERATOR else gap.situation.title,
        ),
    ]
}
