"""What the BAL cost: each price once, unknown kept apart, and the two ways of connecting one software compared."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailboxes.indicators.costs import DIMENSIONS, Costs
from mailboxes.lifecycle import State
from mailboxes.models import AccessTrace, Operator, Price, Structure

NOW = timezone.now()
TODAY, LONG_AGO = NOW - timedelta(days=1), NOW - timedelta(days=330)


@pytest.fixture
def priced(operator):
    """18 € a BAL, 24 an ORG, 120 an APP for an establishment, 290 for a whole organisme."""
    operator.yearly_cost = Decimal("18.00")
    operator.save()
    for offer, cost in (("ORG", "24.10"), ("APP_ET", "120"), ("APP_OG", "290")):
        operator.prices.create(offer=offer, yearly_cost=Decimal(cost))
    return operator


@pytest.fixture
def organisme(structure):
    return structure.parent


def costs():
    return Costs(Structure.objects.all(), NOW)


def one_line():
    (line,) = costs().by("type")
    return line.bill


# --- Prices -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "cost"), [("PER", "18.00"), ("ORG", "24.10"), ("CAB", "18.00"), ("APP", "120.00")])
def test_a_bal_costs_its_own_price_or_else_the_general_one(make_bal, priced, kind, cost):
    make_bal(kind)
    assert one_line().total.amount == Decimal(cost)


def test_an_app_of_the_organisme_itself_costs_the_price_for_all(make_bal, priced, organisme):
    make_bal("APP", structure=organisme)
    assert one_line().total.amount == 290


def test_the_general_price_says_nothing_of_an_app_for_all(make_bal, priced, organisme):
    priced.prices.filter(offer="APP_OG").delete()
    make_bal("APP", structure=organisme)
    assert (one_line().total.amount, one_line().total.unpriced) == (0, 1)


def test_an_unknown_cost_stays_unknown_and_is_counted(make_bal, priced):
    free = Operator.objects.create(code="muet", name="Muet")
    make_bal("PER")
    make_bal("PER", operator=free)
    total = one_line().total
    assert (total.count, total.amount, total.unpriced) == (2, 18, 1)


def test_a_price_of_nothing_is_known(make_bal, priced):
    priced.prices.create(offer="PER", yearly_cost=0)
    make_bal("PER")
    assert (one_line().total.amount, one_line().total.unpriced) == (0, 0)


def test_cents_add_up_exactly(make_bal, priced):
    for _ in range(30):
        make_bal("ORG")
    assert one_line().total.amount == Decimal("723.00")


def test_a_negative_price_is_refused(priced):
    with pytest.raises(ValidationError, match="négatif"):
        Price(operator=priced, offer="PER", yearly_cost=Decimal("-0.01")).full_clean()
    with pytest.raises(IntegrityError):
        priced.prices.create(offer="PER", yearly_cost=Decimal("-0.01"))


def test_one_price_per_sort(priced):
    with pytest.raises(ValidationError, match="déjà un tarif"):
        Price(operator=priced, offer="ORG", yearly_cost=1).full_clean()


# --- What is paid, and what serves ------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", State)
def test_what_is_not_open_or_confirmed_deleted_is_not_paid(make_bal, priced, state):
    make_bal("PER", state=state)
    not_paid = (State.REQUESTED, State.DELETION_CONFIRMED, State.DELETED, State.ABANDONED)
    assert costs().total.total.count == (state not in not_paid)


@pytest.mark.parametrize(
    ("kind", "facts", "part"),
    [
        ("PER", {"clock_at": TODAY}, "used"),
        ("PER", {"clock_at": LONG_AGO}, "idle"),
        ("PER", {"clock_at": LONG_AGO, "state": State.IDLE_ALERTED}, "idle"),
        ("PER", {"clock_at": None}, "unknown"),
        ("PER", {"clock_at": None, "state": State.DEPUBLISHED}, "idle"),
        ("PER", {"clock_at": TODAY, "state": State.DEPUBLISHED}, "idle"),
        ("ORG", {"clock_at": TODAY, "state": State.DELETION_REQUESTED}, "idle"),
        ("ORG", {"clock_at": TODAY, "state": State.DEPUBLICATION_REQUESTED}, "used"),
        ("APP", {"clock_at": TODAY}, "used"),
        ("APP", {"clock_at": LONG_AGO}, "silent"),  # software is silent without being idle
        ("APP", {"clock_at": None}, "silent"),
        ("PER", {"clock_at": None, "state": State.IDLE_ALERTED}, "idle"),
        ("PER", {"clock_at": None, "state": State.DEPUBLICATION_REQUESTED}, "idle"),
        ("APP", {"clock_at": None, "state": State.DEPUBLISHED}, "idle"),
    ],
)
def test_each_paid_bal_is_used_or_idle_or_of_unknown_use_or_a_silent_app(make_bal, priced, kind, facts, part):
    make_bal(kind, **facts)
    bill = costs().total
    assert {name: getattr(bill, name).count for name in ("used", "idle", "unknown", "silent")} == {
        "used": 0,
        "idle": 0,
        "unknown": 0,
        "silent": 0,
        part: 1,
    }


def test_each_operator_s_own_limit_tells_what_is_idle(make_bal, priced):
    patient = Operator.objects.create(code="patient", name="Patient", alert_after_months=20, end_after_months=24)
    make_bal("PER", clock_at=LONG_AGO)
    make_bal("PER", clock_at=LONG_AGO, operator=patient)
    lines = {line.label: line.bill for line in costs().by("operateur")}
    assert (lines["Opérateur régional"].idle.count, lines["Patient"].idle.count) == (1, 0)


# --- Breakdowns -------------------------------------------------------------------------------------------------------
@pytest.fixture
def some(make_bal, priced, organisme):
    make_bal("PER", service="Accueil", clock_at=TODAY)
    make_bal("PER", service="Accueil", clock_at=LONG_AGO)
    make_bal("ORG", clock_at=TODAY)
    make_bal("APP", structure=organisme)


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        ("type", [("APP, applicative", "290"), ("PER, nominative", "36"), ("ORG, organisationnelle", "24.10")]),
        ("operateur", [("Opérateur régional", "350.10")]),
        ("structure", [("Fondation", "290"), ("CHU", "60.10")]),
        ("service", [("sans service, Fondation", "290"), ("Accueil, CHU", "36"), ("sans service, CHU", "24.10")]),
    ],
)
def test_by(some, dimension, expected):
    told = [(line.label, line.bill.total.amount) for line in costs().by(dimension)]
    assert told == [(label, Decimal(amount)) for label, amount in expected]


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_breakdown_adds_up_to_the_same_total(some, dimension):
    found = costs()
    for part in ("total", "used", "idle", "unknown", "silent"):
        assert sum(getattr(line.bill, part).amount for line in found.by(dimension)) == getattr(found.total, part).amount
    assert found.total.total.amount == sum(
        getattr(found.total, part).amount for part in ("used", "idle", "unknown", "silent")
    )


# --- One APP for all, or one each -------------------------------------------------------------------------------------
def test_one_app_for_all_is_compared_with_one_each(make_bal, priced, organisme, structure):
    ehpad = Structure.objects.create(name="EHPAD", parent=organisme)
    Structure.objects.create(name="SSIAD", parent=organisme)
    site = Structure.objects.create(name="Site", parent=ehpad)  # of an establishment: not one more
    for where in (structure, ehpad, site):
        make_bal("APP", structure=where)
    (row,) = costs().compared()
    (model,) = row.models
    assert (row.organisme, row.establishments) == (organisme, 3)
    assert (model.today.count, model.today.amount) == (3, 360)
    assert (model.per_establishment, model.organisme_price, model.saved) == (360, 290, 70)
    assert row.cheapest == 290


def test_the_cheaper_way_may_be_one_each(make_bal, priced, organisme):
    Structure.objects.create(name="EHPAD", parent=organisme)
    (row,) = costs().compared()
    assert (row.models[0].saved, row.models[0].extra, row.cheapest) == (-50, 50, 240)


def test_a_price_that_is_not_known_is_compared_with_nothing(priced, organisme):
    Structure.objects.create(name="EHPAD", parent=organisme)
    priced.prices.filter(offer="APP_OG").delete()
    (model,) = costs().compared()[0].models
    assert (model.per_establishment, model.organisme_price, model.saved) == (240, None, None)


def test_an_organisme_of_one_establishment_has_nothing_to_compare(priced, organisme):
    assert costs().compared() == []


# --- The pages --------------------------------------------------------------------------------------------------------
def test_a_gestionnaire_reads_what_it_costs_in_french(visit, people, some):
    text = visit(people.gisele, "costs").content.decode().replace("\xa0", " ").replace("\u202f", " ")
    assert "60,10 €" in text
    assert "18,00 €" in text  # what closing the idle one saves


def test_what_is_outside_one_s_structures_is_not_counted(visit, people, some, make_bal, other_structure):
    make_bal("PER", structure=other_structure)
    assert visit(people.gisele, "costs").context["total"].total.count == 3  # the organisme above is not hers
    assert visit(people.lea, "costs").context["total"].total.count == 3
    assert visit(people.eve, "costs").context["total"].total.count == 1


@pytest.mark.parametrize(("name", "args"), [("costs", ()), ("operators", ()), ("costs-csv", ("type",))])
def test_a_professional_without_structure_gets_404(visit, people, name, args):
    assert visit(people.paul, name, *args).status_code == 404


def test_a_link_of_the_table_leads_to_just_these_bal(visit, people, some, client):
    (line,) = [line for line in visit(people.gisele, "costs").context["lines"] if line.label.startswith("PER")]
    page = visit(people.gisele, "bal-list", query=f"?{line.asked}&use=none").context["page"]
    assert page.paginator.count == line.bill.idle.count == 1


def test_without_bal_the_page_says_so(visit, people):
    assert "Aucune BAL payée" in visit(people.gisele, "costs").content.decode()


def test_the_csv_is_for_a_french_spreadsheet(visit, people, some):
    answer = visit(people.gisele, "costs-csv", "type")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [line["Type"] for line in lines] == ["PER, nominative", "ORG, organisationnelle", "Total"]
    assert lines[-1]["Coût annuel (€)"] == "60,10"
    assert lines[0]["sans usage (€ par an)"] == "18,00"
    assert AccessTrace.objects.get().target == "coûts par type, csv"


def test_the_xlsx_holds_numbers(visit, people, some):
    answer = visit(people.gisele, "costs-xlsx", "service")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)
    assert rows[0][:3] == ("Service", "BAL payées", "Coût annuel (€)")
    assert rows[-1][:3] == ("Total", 3, 60.1)


def test_an_unknown_breakdown_is_404(visit, people, some):
    assert visit(people.gisele, "costs-csv", "rien").status_code == 404
    assert visit(people.gisele, "costs", query="?par=rien").context["chosen"] == "type"


def test_the_page_costs_the_same_queries_for_few_and_many(visit, people, make_bal, priced, organisme):
    counts = []
    visit(people.gisele, "costs")  # the first visit opens the session
    for number in (1, 12):
        for n in range(number):
            below = Structure.objects.create(name=f"Site {number}-{n}", parent=organisme)
            new = Operator.objects.create(code=f"op{number}-{n}", name=f"Op {n}", yearly_cost=10)
            make_bal("PER", service=f"S{n}", operator=new)
            make_bal("APP", structure=below)
        people.gisele.user.memberships.update(structure=organisme)
        with CaptureQueriesContext(connection) as queries:
            visit(people.gisele, "costs", query="?par=service")
        with CaptureQueriesContext(connection) as more:
            visit(people.gisele, "operators")
        counts.append((len(queries), len(more)))
    assert counts[0] == counts[1]


def test_the_operators_are_shown_with_what_they_can_do_and_ask(visit, people, priced, other_structure):
    priced.can_auto_reply = True
    priced.save()
    priced.domains.create(name="reserve.mssante.fr", structure=other_structure)
    text = visit(people.gisele, "operators").content.decode()
    assert "chu-exemple.mssante.fr" in text
    assert "réponse automatique" in text
    assert "290,00 €" in text.replace("\xa0", " ")
    assert "reserve.mssante.fr" not in text  # another structure's own
    assert reverse("operator-edit", args=[priced.pk]) not in text


def test_an_administrator_is_led_to_the_form_that_changes_prices(client, admin_user, priced, structure):
    client.force_login(admin_user)
    link = reverse("operator-edit", args=[priced.pk])
    assert link in client.get(reverse("operators")).content.decode()
    assert "price_PER" in client.get(link).content.decode()
