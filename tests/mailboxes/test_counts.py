"""How many are unknown, idle, live, paid: every page, figure and sweep that counts them counts the same."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailboxes.api.candidates import ResolverQuestion
from mailboxes.api.resolver import resolve
from mailboxes.findings import BY_NAME as FINDING
from mailboxes.indicators import BY_NAME as FIGURE
from mailboxes.indicators.costs import Costs
from mailboxes.lifecycle import LIVE, PAID, Act, State
from mailboxes.models import SYSTEM, Bal, JournalEntry, Notice, Signatory, Structure, Use
from mailboxes.notices import idleness
from mailboxes.rules import allows, check_answer_notice, check_ask_use
from mailboxes.views.mine import facts_of

NOW = datetime(2026, 11, 21, 6, 20, tzinfo=UTC)
LIMIT = NOW - relativedelta(months=10)  # from then on the operator calls it idle


@pytest.fixture(autouse=True)
def _frozen(time_machine):
    time_machine.move_to(NOW, tick=False)


def figure(name) -> Counter:
    found: Counter = Counter()
    for _, key, count in FIGURE[name].counts(Structure.objects.all(), NOW):
        found[key] += count
    return found


@pytest.fixture
def of_each_state(make_bal, people):
    """A PER in each state, of which nobody ever told any use."""
    return {state: make_bal("PER", people.paul, state=state) for state in State}


def test_unknown_use_is_counted_alike_wherever_it_is_counted(of_each_state):
    """By the finding, the figure, the costs, the filter of the register, the nightly question."""
    found = Bal.objects.of_unknown_use()
    assert set(found) == {of_each_state[State.ACTIVE]}
    assert set(FINDING["usage-inconnu"].bals(Bal.objects.all())) == set(found)
    assert set(idleness.to_ask_about()) == set(found)
    assert figure("activity")[Use.UNKNOWN] == 1
    assert Costs(Structure.objects.all(), NOW).total.unknown.count == 1


def test_it_is_asked_about_where_an_answer_can_still_matter_through_every_door(of_each_state, people):
    """By the gestionnaire's button, and then by the link of the mail; the holder's own page asks the same."""
    for state, bal in of_each_state.items():
        bal = Bal.objects.with_holders().get(pk=bal.pk)
        entry = JournalEntry.objects.create(bal=bal, what=Act.ASK_USE)
        asked = Notice.objects.create(
            entry=entry, bal=bal, person=people.paul, stage=Act.ASK_USE, party="holders", key=f"{bal.pk}"
        )
        may_ask = allows(check_ask_use, bal, False, by=people.gisele.user)
        may_answer = {
            said: allows(check_answer_notice, asked, bal, said, by=Signatory(people.paul))
            for said in ("used", "unused")
        }
        assert may_ask == (state == State.ACTIVE), state
        assert may_answer == {"used": may_ask, "unused": may_ask}, state
        assert facts_of(bal, people.paul.user)["is_unknown"] == may_ask, state
        assert may_ask == allows(check_ask_use, bal, False, by=SYSTEM)


def test_live_and_paid_are_counted_alike_wherever_they_are_counted(of_each_state, people, client):
    found = Costs(Structure.objects.all(), NOW).total
    assert figure("total")[""] == Bal.objects.live().count() == len(LIVE)
    assert found.total.count == figure("activity").total() == Bal.objects.paid().count() == len(PAID)
    client.force_login(people.gisele.user)
    assert f"<strong>{len(LIVE)}</strong> BAL en vie" in client.get(reverse("dashboard")).text
    assert (
        f"{len(State)} BAL\u00a0: {len(LIVE)} en vie, {len(State) - len(LIVE)}\u00a0closes"
        in client.get(reverse("bal-list")).text
    )
    assert f"{len(PAID)} BAL ouvertes et pas encore supprimées" in client.get(reverse("costs")).text


# --- Idle -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "late", "is_idle"), [("PER", 0, True), ("PER", 1, False), ("ORG", 0, True), ("APP", 0, False)]
)
def test_one_is_idle_from_the_very_moment_of_the_limit_and_an_app_never(
    make_bal, people, make_entry, kind, late, is_idle
):
    """In the sweep of alerts, in the costs, in what the resolver says."""
    bal = make_bal(kind, people.paul, clock_at=LIMIT + timedelta(seconds=late))
    assert Bal.objects.due_for_alert(NOW).exists() == is_idle
    assert bool(Costs(Structure.objects.all(), NOW).total.idle.count) == is_idle
    make_entry(bal.address, kind, person_id=people.paul.rpps)
    (answer,) = resolve([ResolverQuestion(rpps=people.paul.rpps)], user=people.gisele.user)
    assert ("idle" in dict(answer.warnings)) == is_idle


CLOCKS = st.none() | st.integers(-2, 2).map(lambda seconds: LIMIT + timedelta(seconds=seconds))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(kind=st.sampled_from(Bal.Kind.values), state=st.sampled_from(State.values), clock=CLOCKS, red=st.booleans())
def test_python_and_sql_agree_on_the_use_of_a_bal(make_bal, kind, state, clock, red):
    bal = make_bal(kind, state=state, clock_at=clock, liste_rouge=red)
    found = Bal.objects.filter(pk=bal.pk)
    assert found.of_unknown_use().exists() == bal.is_of_unknown_use
    assert found.idle(NOW).exists() == found.with_idleness(NOW).get().is_idle
    assert found.with_users().exists() == bal.has_users
    assert found.expected_in_annuaire().exists() == bal.is_expected_in_annuaire
    assert (found.with_use(NOW).get().use == Use.UNKNOWN) == bal.is_of_unknown_use
    bal.delete()
