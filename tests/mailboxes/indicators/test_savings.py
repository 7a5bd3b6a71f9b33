"""What would be saved: each BAL once, behind the first thing that stands in its way, the dearest first."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.indicators.costs import Costs
from mailboxes.indicators.savings import HURDLES, SHOWN, Savings
from mailboxes.lifecycle import Act, CampaignKind, State, Verb
from mailboxes.models import Bal, JournalEntry, Notice, Structure
from mailboxes.rules import NotAllowed, Refused

NOW = timezone.now()
DOMAIN = "chu-exemple.mssante.fr"
LONG_AGO = NOW - timedelta(days=330)
UNUSED = {"clock_at": LONG_AGO, "last_used_at": LONG_AGO, "read_at": NOW}


@pytest.fixture
def priced(operator):
    operator.yearly_cost = Decimal("18.00")
    operator.save()
    operator.prices.create(offer="ORG", yearly_cost=Decimal("24.10"))
    return operator


def savings():
    return Savings(Structure.objects.all(), NOW)


def only():
    (blocked,) = savings().blocked()
    return blocked


def put(bal, **facts):
    Bal.objects.filter(pk=bal.pk).update(**facts)
    return bal


@pytest.mark.parametrize(
    ("state", "facts", "hurdle"),
    [
        (State.DEPUBLISHED, {}, "depubliee"),
        (State.DEPUBLICATION_REQUESTED, UNUSED, "operateur"),
        (State.DELETION_REQUESTED, {}, "operateur"),
        (State.IDLE_ALERTED, UNUSED, "alertee"),
        (State.ACTIVE, UNUSED, "active"),
        (State.ACTIVE, {"clock_at": None}, "inconnue"),
    ],
)
def test_each_stands_behind_what_keeps_it(priced, make_bal, people, state, facts, hurdle):
    bal = put(make_bal("PER", people.paul), state=state, **facts)
    found = only()
    assert found.hurdle.name == hurdle
    assert (found.cost.count, found.cost.amount) == (1, Decimal("18.00"))
    assert [(row.pk, row.price) for row in found.dearest] == [(bal.pk, Decimal("18.00"))]


def test_nobody_can_close_an_orphan(priced, make_bal):
    put(make_bal("ORG"), **UNUSED)
    assert only().hurdle.name == "orpheline"


def test_what_serves_or_is_paid_no_more_is_not_there(priced, make_bal, people):
    put(make_bal("PER", people.paul), clock_at=NOW, last_used_at=NOW)
    put(make_bal("PER", people.alice), state=State.DELETION_CONFIRMED)
    assert savings().blocked() == []


def test_the_sums_are_those_of_the_costs(priced, make_bal, people, org, per):
    put(org, **UNUSED)
    put(per, clock_at=None)
    put(make_bal("PER", people.bruno), state=State.DEPUBLISHED)
    bill = Costs(Structure.objects.all(), NOW).total
    blocked = savings().blocked()
    assert sum(each.cost.amount for each in blocked) == bill.idle.amount + bill.unknown.amount
    assert sum(each.cost.count for each in blocked) == bill.idle.count + bill.unknown.count


def test_the_dearest_come_first_and_what_has_no_price_last(priced, make_bal, people):
    for number in range(SHOWN):
        put(make_bal("PER", people.paul, address=f"p{number}@{DOMAIN}"), **UNUSED)
    dear = put(make_bal("ORG", people.alice), **UNUSED)
    shown = only().dearest
    assert shown[0].pk == dear.pk
    assert len(shown) == SHOWN
    priced.yearly_cost = None
    priced.save()
    assert [row.price for row in only().dearest] == [Decimal("24.10"), *[None] * (SHOWN - 1)]
    assert only().cost.unpriced == SHOWN


def test_as_many_questions_for_any_number(priced, make_bal, people):
    def count():
        with CaptureQueriesContext(connection) as asked:
            savings().blocked()
        return len(asked)

    put(make_bal("PER", people.paul), **UNUSED)
    first = count()
    for number in range(20):
        put(make_bal("PER", people.paul, address=f"p{number}@{DOMAIN}"), **UNUSED)
    assert count() == first


def test_what_was_closed_this_year_is_gained(priced, make_bal, people):
    gone = make_bal("PER", people.paul)
    for at in (NOW, NOW):  # told twice, gained once
        JournalEntry.objects.create(bal=gone, what=Verb.CONFIRM_DELETION, at=at)
    assert savings().gained().count == 0, "it is still paid"
    put(gone, state=State.DELETED)
    assert savings().gained().amount == Decimal("18.00")
    before = make_bal("PER", people.alice)
    JournalEntry.objects.create(bal=before, what=Verb.CONFIRM_DELETION, at=NOW - timedelta(days=366))
    put(before, state=State.DELETED)
    assert savings().gained().count == 1


# --- Asking for the deletion ------------------------------------------------------------------------------------------
@pytest.fixture
def depublished(per):
    return put(per, state=State.DEPUBLISHED, state_since=NOW)


def test_who_holds_it_is_asked_once(depublished, people):
    actions.ask_deletion(depublished, by=people.gisele.user)
    assert Notice.objects.get(stage=Act.ASK_DELETION).person == people.paul
    with pytest.raises(Refused, match="déjà demandé"):
        actions.ask_deletion(depublished, by=people.gisele.user)


def test_it_is_asked_again_after_another_depublication(depublished, people):
    actions.ask_deletion(depublished, by=people.gisele.user)
    put(depublished, state_since=timezone.now() + timedelta(seconds=1))
    actions.ask_deletion(depublished, by=people.gisele.user)
    assert Notice.objects.filter(stage=Act.ASK_DELETION).count() == 2


def test_a_bal_that_is_open_or_that_nobody_holds_is_refused(per, people, make_bal):
    with pytest.raises(Refused, match="dépubliée"):
        actions.ask_deletion(per, by=people.gisele.user)
    with pytest.raises(Refused, match="Personne ne tient"):
        actions.ask_deletion(put(make_bal("ORG"), state=State.DEPUBLISHED), by=people.gisele.user)
    with pytest.raises(NotAllowed):
        actions.ask_deletion(per, by=people.lea.user)


def test_the_page_asks_for_all_at_once_and_says_how_many(client, depublished, people, priced):
    client.force_login(people.gisele.user)
    page = client.get(reverse("savings")).text
    assert reverse("savings-ask") in page
    assert str(depublished) in page
    answer = client.post(reverse("savings-ask"), follow=True)
    assert "C’est demandé pour 1 BAL." in answer.text
    assert reverse("savings-ask") not in answer.text, "there is nobody left to ask"
    assert "déjà demandé" in client.post(reverse("savings-ask")).text


def test_a_reader_sees_the_figures_and_asks_nobody(client, depublished, people, priced):
    client.force_login(people.lea.user)
    page = client.get(reverse("savings")).text
    assert "18,00" in page
    assert reverse("savings-ask") not in page
    assert "réservé" in client.post(reverse("savings-ask")).text
    assert not Notice.objects.filter(stage=Act.ASK_DELETION).exists()


def test_a_reader_is_offered_no_campaign(client, people, one_by_hurdle):
    client.force_login(people.gisele.user)
    assert reverse("campaign-new") in client.get(reverse("savings")).text
    client.force_login(people.lea.user)
    assert reverse("campaign-new") not in client.get(reverse("savings")).text


def test_who_follows_no_structure_has_no_such_page(client, people):
    client.force_login(people.paul.user)
    assert client.get(reverse("savings")).status_code == 404


@pytest.fixture
def one_by_hurdle(priced, make_bal, people):
    """A BAL behind each hurdle; beside them, one that serves in each state that may be somebody's turn."""
    idle = {
        "depubliee": {"state": State.DEPUBLISHED},
        "operateur": {"state": State.DEPUBLICATION_REQUESTED, **UNUSED},
        "alertee": {"state": State.IDLE_ALERTED, **UNUSED},
        "active": UNUSED,
        "inconnue": {"clock_at": None},
    }
    kept = {
        name: put(make_bal("PER", people.paul, address=f"{name}@{DOMAIN}"), **facts) for name, facts in idle.items()
    }
    kept["orpheline"] = put(make_bal("ORG", address=f"orpheline@{DOMAIN}"), **UNUSED)
    for state in (State.DEPUBLICATION_REQUESTED, State.IDLE_ALERTED, State.ACTIVE):
        used = {"state": state, "clock_at": NOW, "last_used_at": NOW, "read_at": NOW}
        put(make_bal("PER", people.paul, address=f"{state}-sert@{DOMAIN}"), **used)
    put(make_bal("ORG", address=f"sert@{DOMAIN}"), clock_at=NOW, last_used_at=NOW, read_at=NOW)
    return kept


@pytest.mark.parametrize("name", [hurdle.name for hurdle in HURDLES])
def test_the_register_and_a_campaign_show_what_a_hurdle_counts_and_nothing_else(client, people, one_by_hurdle, name):
    client.force_login(people.gisele.user)
    page = client.get(reverse("savings")).text
    link = f"{reverse('bal-list')}?hurdle={name}"
    assert link in page
    assert list(client.get(link).context["page"]) == [one_by_hurdle[name]]
    scope = {"hurdle": name, "kind_of": CampaignKind.CLEANUP, "for_structure": one_by_hurdle[name].structure_id}
    found = client.get(reverse("campaign-new"), scope).context["filter"]
    assert list(found.qs) == [one_by_hurdle[name]]


def test_a_campaign_keeps_the_hurdle_that_led_to_it(client, people, one_by_hurdle):
    client.force_login(people.gisele.user)
    link = f"{reverse('campaign-new')}?hurdle=active"
    assert link in client.get(reverse("savings")).text
    page = client.get(link)
    assert page.context["filter"].form["hurdle"].value() == "active"
    assert 'value="active" selected' in page.text
