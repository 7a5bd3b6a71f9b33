"""Who can read a BAL, as a chain: every link, and every way in which one does not hold, on the page and on paper."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import BECAUSE, OVER, WITH_ACCESSES, RequestKind, RequestStage, State
from mailboxes.lists.accesses import AccessReport
from mailboxes.models import (
    AccessTrace,
    Affiliation,
    Bal,
    Cotitulaire,
    Delegataire,
    Movement,
    Request,
    Structure,
)
from mailboxes.views.bals import abilities, delegations_of, whole
from mailboxes.views.chain import (
    HEADER,
    OF_BAL,
    OF_DELEGATION,
    OF_HOLDER,
    _readers,
    chain_of,
    rows_of,
    with_stays,
)

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def chain(people):
    def read(bal):
        row = whole(Bal.objects.all()).get(pk=bal.pk)
        delegations = delegations_of(row)
        with_stays(row, delegations, people.gisele.user)
        may = abilities(row, delegations, people.gisele.user)
        return chain_of(row, may["holders"], may["delegations"])

    return read


def leave(person, days=3):
    day = timezone.localdate() - timedelta(days=days)
    Affiliation.objects.filter(person=person).update(left_on=day)
    return f"{day:%d/%m/%Y}"


def said(link) -> list[str]:
    return link["breaks"]


def test_a_whole_chain_has_no_break(org, chain):
    found = chain(org)
    assert (found.breaks, found.stray, found.readers, found.broken) == ([], [], 3, 0)
    alice, bruno = found.holders
    assert [one["row"].person.given_name for one in alice["lent"]] == ["Delphine"]
    assert bruno["lent"] == []


@pytest.mark.parametrize("state", sorted(set(State) - WITH_ACCESSES))
def test_nobody_has_access_to_a_bal_that_is_closed_whoever_stands_in_it(client, people, org, chain, state):
    Bal.objects.update(state=state, percent_full=96)
    leave(people.bruno)
    found = chain(org)
    assert (found.readers, found.awaited, found.coming, found.broken) == (0, 0, 0, 0)
    assert list(AccessReport(Structure.objects.all(), None, "", None, lambda pks: {}).all_accesses()) == []
    client.force_login(people.gisele.user)
    page = client.get(org.get_absolute_url()).text
    assert f"<strong>Personne n’y a accès</strong>\u00a0: {BECAUSE[state]}." in page
    assert "y ont accès" not in page
    assert "Pleine, cette BAL" not in page or state not in OVER
    assert client.get(reverse("bal-chain", args=[org.pk])).status_code == 200
    assert _readers(found) == f"aucune : {BECAUSE[state]}"


# --- Every row of the tables ------------------------------------------------------------------------------------------
def test_nobody(make_bal, chain, app):
    assert chain(make_bal("ORG")).breaks == [OF_BAL[0].words(None)]
    assert chain(app).breaks == []  # software reads it


def test_no_principal(org, chain):
    Cotitulaire.objects.update(is_principal=False)
    assert chain(org).breaks == [OF_BAL[1].words(None)]


def test_responsable_left(org, people, chain):
    Bal.objects.update(responsable=people.lea)
    assert chain(org).breaks == []
    day = leave(people.lea)
    assert chain(org).breaks == [f"Lea EXEMPLE, responsable, a quitté la structure le {day}."]


def test_holder_left(org, people, chain):
    day = leave(people.bruno)
    assert said(chain(org).holders[1]) == [f"A quitté la structure le {day}, et figure encore ici."]
    assert said(chain(org).holders[0]) == []


@pytest.mark.parametrize("days", [0, 1])
def test_principal_due_to_leave(org, people, chain, days):
    day = timezone.localdate() + timedelta(days=days)
    Movement.objects.create(stay=people.alice.affiliations.get(), kind="departure", planned_on=day)
    assert bool(said(chain(org).holders[0])) is (days == 0)
    assert Bal.objects.get(pk=org.pk).is_orphan() is (days == 0)


def test_an_access_past_its_day(org, chain):
    today = timezone.localdate()
    Delegataire.objects.update(starts_on=today - timedelta(days=9), ends_on=today)
    assert said(chain(org).holders[0]["lent"][0]) == []
    Delegataire.objects.update(ends_on=today - timedelta(days=1))
    (words,) = said(chain(org).holders[0]["lent"][0])
    assert words.startswith("Accès dépassé : son dernier jour était le")
    assert list(Delegataire.objects.expired(today)) == [Delegataire.objects.get()]


def test_an_access_of_who_left(org, people, chain):
    leave(people.delphine)
    assert said(chain(org).holders[0]["lent"][0])[0].endswith("et a encore accès.")


def test_an_access_under_who_left(org, people, chain):
    leave(people.alice)
    assert said(chain(org).holders[0]["lent"][0])[0].startswith("Alice EXEMPLE, qui répond de cet accès, a quitté")


def test_an_access_under_who_no_longer_holds_it(org, people, chain):
    Delegataire.objects.update(under=people.paul)
    (stray,) = chain(org).stray
    assert said(stray) == ["Paul EXEMPLE, qui répond de cet accès, ne tient plus cette BAL."]
    assert chain(org).broken == 1


def test_every_row_is_read_by_a_test_above():
    names = {
        "nobody", "no-principal", "responsable-left", "left", "due", "past", "under-left", "under-stranger",
    }  # fmt: skip
    assert {row.name for row in [*OF_BAL, *OF_HOLDER, *OF_DELEGATION]} == names


def test_who_came_back_has_not_left(org, people, chain):
    leave(people.bruno)
    Affiliation.objects.create(person=people.bruno, structure=org.structure)
    assert said(chain(org).holders[1]) == []


# --- On the page ------------------------------------------------------------------------------------------------------
def test_the_page_says_it_in_words_and_first(client, people, org):
    Delegataire.objects.update(under=people.paul)
    for name in ("gisele", "lea", "alice"):
        client.force_login(getattr(people, name).user)
        page = client.get(org.get_absolute_url()).content.decode()
        assert "1 lien ne tient pas" in page
        assert "ne tient plus cette BAL" in page
        titles = [page.index(f'id="{name}-title"') for name in ("people", "life", "usage", "annuaire", "identity")]
        assert titles == sorted(titles)  # as on a phone: who has access, then what is expected


def test_what_comes_next_stands_on_the_page(client, people, per):
    Bal.objects.update(clock_at=timezone.now())
    client.force_login(people.lea.user)
    page = client.get(per.get_absolute_url())
    assert [line.title for line in page.context["ahead"]] == [
        "Relevé trop ancien pour conclure", "Alerte d’inactivité à ses titulaires",
    ]  # fmt: skip
    assert "Si elle ne sert pas d’ici là." in page.content.decode()


def test_nobody_has_access_yet_to_what_the_operator_has_not_opened(client, people, org):
    client.force_login(people.gisele.user)
    assert "y ont accès" in client.get(org.get_absolute_url()).text
    Bal.objects.filter(pk=org.pk).update(state=State.REQUESTED)
    page = client.get(org.get_absolute_url()).text
    assert "y auront accès, une fois la BAL ouverte" in page
    assert "y ont accès" not in page


# --- On paper ---------------------------------------------------------------------------------------------------------
def test_an_inspector_s_document_says_the_same(people, org, chain):
    day, today = leave(people.bruno), f"{timezone.localdate():%d/%m/%Y}"
    alice, delphine, bruno = rows_of(chain(org))
    assert alice == ["Alice EXEMPLE", "10000000017", "Cotitulaire principal, lecture et envoi", today, "", ""]
    lent = "Délégataire sous Alice EXEMPLE, lecture (secrétariat)"
    assert delphine == ["Delphine EXEMPLE", "", lent, today, "sans fin", ""]
    assert bruno[-1] == f"A quitté la structure le {day}, et figure encore ici."
    assert len(alice) == len(HEADER)


def test_what_the_operator_has_not_confirmed_is_said_of_each_access(client, people, org, chain):
    """Neither lent nor taken away before it is: an inspector reads both."""
    by, today = people.gisele.user, timezone.localdate()
    word = {"under": people.alice, "told_on": today, "told_how": "en réunion", "by": by}
    actions.request_access(org, people.lea, reason="Accueil", **word)
    opened = Request.objects.get(kind=RequestKind.GRANT, person=people.lea)
    assert (chain(org).readers, chain(org).awaited) == (4, 1)
    lea = next(line for line in rows_of(chain(org)) if line[0] == str(people.lea))
    assert lea[-1] == f"Demandé à {org.operator}, pas encore confirmé."
    client.force_login(by)
    assert "dont 1 que l’opérateur n’a pas confirmé" in client.get(org.get_absolute_url()).text
    report = AccessReport(Structure.objects.all(), None, "", None, lambda pks: {})
    told = {one.person: one.standing for one in report.all_accesses()}
    assert told == {
        people.alice: "confirmé",
        people.bruno: "confirmé",
        people.delphine: "confirmé",
        people.lea: "demandé",
    }
    Request.objects.update(stage=RequestStage.REFUSED)
    assert next(line for line in rows_of(chain(org)) if line[0] == str(people.lea))[-1] == f"Refusé par {org.operator}."
    assert {one.person: one.standing for one in report.all_accesses()}[people.lea] == "refusé"
    Request.objects.filter(pk=opened.pk).update(stage=RequestStage.DONE)
    assert chain(org).awaited == 0
    actions.end_delegation(org.delegataires.get(person=people.lea), by=people.alice.user)
    found = chain(org)
    assert found.readers == 3
    assert rows_of(found)[-1][0] == str(people.lea)
    assert "pas encore confirmée" in rows_of(found)[-1][-1]


def test_what_is_left_of_an_access_is_open_and_its_change_awaited(client, people, org, chain):
    alice = people.alice.user
    actions.delegate(org, people.paul, under=people.alice, reason="Garde", by=alice)
    actions.add_cotitulaire(org, people.paul, by=alice)
    Request.objects.update(stage=RequestStage.DONE)
    actions.remove_cotitulaire(org, people.paul, by=alice)
    assert chain(org).awaited == 0
    paul = next(line for line in rows_of(chain(org)) if line[0] == str(people.paul))
    assert paul[-1] == f"Changement demandé à {org.operator}, pas encore confirmé."
    client.force_login(people.gisele.user)
    assert f"changement demandé à {org.operator}, pas encore confirmé" in client.get(org.get_absolute_url()).text
    report = AccessReport(Structure.objects.all(), None, "", None, lambda pks: {})
    assert {one.standing for one in report.all_accesses()} == {"confirmé"}


@pytest.mark.parametrize("name", ["gisele", "lea", "alice", "delphine"])
def test_whoever_sees_the_bal_has_the_document_and_that_is_written_down(client, people, org, app, name):
    client.force_login(getattr(people, name).user)
    answer = client.get(reverse("bal-chain", args=[org.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert AccessTrace.objects.get(what="export").target == f"qui a accès à {org}"


def test_a_bal_that_nobody_reads_has_a_document_too(client, people, app):
    client.force_login(people.gisele.user)
    assert client.get(reverse("bal-chain", args=[app.pk])).content.startswith(b"%PDF")


def test_a_stranger_gets_no_document(client, people, org):
    client.force_login(people.eve.user)
    assert client.get(reverse("bal-chain", args=[org.pk])).status_code == 404


@pytest.mark.parametrize(("who", "is_led"), [("gisele", True), ("lea", True), ("bruno", False)])
def test_who_sees_a_person_is_led_to_their_page(client, org, people, who, is_led):
    client.force_login(getattr(people, who).user)
    page = client.get(org.get_absolute_url()).content.decode()
    assert (f'href="{people.alice.get_absolute_url()}"' in page) == is_led
