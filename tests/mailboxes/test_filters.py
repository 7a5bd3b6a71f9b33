"""The list of BAL: each filter, the order, the pages, the export and the bulk verbs."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from directory.models import Entry
from mailboxes.forms.bal_filter import SORTS
from mailboxes.lifecycle import State
from mailboxes.lists.paging import KeyPaginator
from mailboxes.models import AccessTrace, Bal
from tests.mailboxes.in_bulk import do_in_bulk, foresee


@pytest.fixture
def register(people, org, per, app, make_bal):
    """org: used yesterday, 95 % full, published; per: used two years ago; app: never known."""
    now = timezone.now()
    Bal.objects.filter(pk=org.pk).update(
        last_used_at=now - timedelta(days=1),
        clock_at=now - timedelta(days=1),
        percent_full=95,
        full_on=timezone.localdate() + timedelta(days=10),
        service="Accueil",
        description="Standard",
    )
    Bal.objects.filter(pk=per.pk).update(last_used_at=now - timedelta(days=730), clock_at=now, state=State.DEPUBLISHED)
    facts = {"first_seen_at": now, "changed_at": now, "source": "extraction", "kind": "ORG"}
    Entry.objects.create(address=org.address, **facts)
    return {"org": org, "per": per, "app": app}


@pytest.fixture
def listed(client, people, register):
    def names(query, person=people.gisele):
        client.force_login(person.user)
        page = client.get(reverse("bal-list"), query).context["page"]
        return [name for bal in page for name, row in register.items() if row == bal]

    return names


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kind": "PER"}, "per"),
        ({"state": "depublished"}, "per"),
        ({"service": "accu"}, "org"),
        ({"holder": "paul"}, "per"),
        ({"holder": "Exemple Alice"}, "org"),
        ({"holder": "10000000025"}, "org"),
        ({"idle_months": "12"}, "per"),
        ({"idle_months": "36"}, ""),
        ({"activity": "inconnue"}, "app"),
        ({"activity": "connue"}, "org per"),
        ({"min_percent": "95"}, "org"),
        ({"min_percent": "96"}, ""),
        ({"full_within": "30"}, "org"),
        ({"full_within": "9"}, ""),
        ({"use": "used"}, "org"),
        ({"use": "none"}, "per"),
        ({"use": "silent"}, "app"),
        ({"hurdle": "depubliee"}, "per"),
        ({"hurdle": "active"}, ""),
        ({"published": "oui"}, "org"),
        ({"published": "non"}, "app per"),
        ({"finding": "pleine"}, "org"),
        ({"q": "no_reply"}, "app"),
        ({"q": "standard accueil"}, "org"),
        ({"q": "bruno"}, "org"),
        ({"kind": "ORG", "min_percent": "50"}, "org"),
        ({}, "app org per"),
    ],
)
def test_each_filter(listed, query, expected):
    assert " ".join(sorted(listed(query))) == expected


def test_by_structure_and_operator(listed, structure, operator):
    assert set(listed({"structure": structure.pk, "operator": operator.pk})) == {"org", "per", "app"}


def test_a_structure_that_one_does_not_see_is_no_choice(client, people, register, other_structure):
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-list"), {"structure": other_structure.pk})
    assert "structure" in page.context["listing"].form.errors
    assert other_structure.name not in page.content.decode()


@pytest.mark.parametrize("query", [{"kind": "XXX"}, {"idle_months": "beaucoup"}, {"finding": "rien"}, {"sort": "rpps"}])
def test_a_filter_that_means_nothing_is_said_and_not_applied(client, people, register, query):
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-list"), query)
    assert page.status_code == 200
    assert "Un filtre n’est pas compris" in page.content.decode()


def test_the_others_see_nothing(listed, people):
    assert listed({}, people.eve) == []
    assert listed({}, people.paul) == ["per"]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("address", "org"),
        ("-address", "per"),
        ("percent_full", "per"),
        ("-percent_full", "org"),
        ("full_on", "org"),
        ("-last_used", "org"),
    ],
)
def test_sorting(listed, sort, first):
    assert listed({"sort": sort})[0] == first


# --- Pages ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 21])
def test_the_pages_hold_every_row_once_and_in_order(make_bal, sort, count):
    for number in range(count):
        make_bal("ORG", percent_full=number % 3 or None)
    bals = Bal.objects.order_by(*SORTS[sort][1])
    pages = KeyPaginator(bals, 5)
    walked = [bal.pk for number in pages.page_range for bal in pages.page(number)]
    assert walked == [bal.pk for bal in bals]


# --- Export -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def export(client, people, register):
    def read(query=None):
        client.force_login(people.gisele.user)
        answer = client.get(reverse("bal-export"), query or {})
        text = b"".join(answer.streaming_content).decode()
        assert text.startswith("\ufeff"), "Excel takes UTF-8 without a mark for cp1252"
        return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))

    return read


def test_the_export_holds_what_the_filters_leave(export):
    assert len(export()) == 3
    (line,) = export({"kind": "ORG"})
    assert line["Adresse"] == "accueil@chu-exemple.mssante.fr"
    assert line["Titulaire ou principal"] == "Alice EXEMPLE"
    assert line["Autres cotitulaires"] == "Bruno EXEMPLE (10000000025)"
    assert (line["À l’annuaire public"], line["Remplissage (%)"]) == ("oui", "95")


def test_who_exported_what_is_written_down(export, people):
    export({"kind": "ORG"})
    trace = AccessTrace.objects.get()
    assert (trace.user, trace.what, trace.target) == (people.gisele.user, "export", "registre, kind=ORG")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t="])
def test_no_cell_is_a_formula(export, org, start):
    Bal.objects.filter(pk=org.pk).update(service=f"{start}cmd|' /C calc'!A0")
    (line,) = export({"kind": "ORG"})
    assert line["Service"].startswith(f"'{start}")


# --- Bulk -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def bulk(client, people, register):
    def post(*names, act="request_depublication", is_sure=False, **facts):
        client.force_login(people.gisele.user)
        said = {"bals": [register[name].pk for name in names], "act": act}
        go = do_in_bulk if is_sure else foresee
        answer = go(client, "bal-bulk", said, **facts)
        return answer, [str(message) for message in get_messages(answer.wsgi_request)]

    return post


def test_a_bulk_verb_is_confirmed_first(bulk, org):
    answer, _ = bulk("org", "per")
    assert answer.status_code == 200
    assert org.address in answer.content.decode()
    org.refresh_from_db()
    assert org.state == State.ACTIVE


def test_a_bulk_verb_counts_the_done_and_says_why_not_the_others(bulk, org):
    _, said = bulk("org", "app", "per", is_sure=True, note="Ménage")
    assert said[0] == "«\u00a0Demander la dépublication\u00a0» : fait pour 2 BAL."
    assert "Refusé pour 1 BAL (paul.exemple@chu-exemple.mssante.fr)" in said[1]
    assert "impossible : elle est déjà retirée de l’annuaire" in said[1]
    assert org.journal.get().note == "Ménage"


@pytest.mark.parametrize(
    ("names", "act", "sentence"),
    [
        ([], "request_depublication", "Cochez au moins une ligne"),
        (["org"], "", "Choisissez ce qu’il faut faire"),
        (["org"], "request_deletion", "Choisissez ce qu’il faut faire"),
    ],
)
def test_what_is_wrong_with_a_bulk_is_said(bulk, names, act, sentence):
    answer, said = bulk(*names, act=act, is_sure=True)
    assert answer.status_code == 302
    assert sentence in " ".join(said)


def test_a_bulk_touches_nothing_unseen(bulk, client, people, org):
    client.force_login(people.eve.user)
    answer = do_in_bulk(client, "bal-bulk", {"bals": [org.pk], "act": "request_depublication"})
    org.refresh_from_db()
    assert (answer.status_code, org.state) == (302, State.ACTIVE)
