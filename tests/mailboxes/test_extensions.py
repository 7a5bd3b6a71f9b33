"""A délégataire asks to keep an access; who answers for it, and nobody else, lends it longer."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import Act, State
from mailboxes.models import Bal, Delegataire, JournalEntry, Notice, Request
from mailboxes.rules import NotAllowed, Refused

pytestmark = pytest.mark.sqlite_run


def soon(days=5):
    return timezone.localdate() + timedelta(days=days)


@pytest.fixture
def lent(org):
    org.delegataires.update(ends_on=soon())
    return org.delegataires.get()


# --- Asking -----------------------------------------------------------------------------------------------------------
def test_who_answers_for_the_access_hears_of_it_and_nobody_else(lent, people):
    entry = actions.ask_extension(lent, by=people.delphine.user, until=soon(40), note="Remplacement prolongé.")
    notice = Notice.objects.get()
    assert (notice.person, notice.entry) == (people.alice, entry)
    for words in ("Delphine EXEMPLE", f"{soon():%d/%m/%Y}", f"{soon(40):%d/%m/%Y}", "Remplacement prolongé."):
        assert words in notice.text
    assert "prolongez-vous" in notice.subject
    assert lent.bal.address not in notice.subject


def test_it_is_asked_once_for_each_end(lent, people):
    actions.ask_extension(lent, by=people.delphine.user)
    with pytest.raises(Refused, match="C’est déjà demandé par un avis à Alice EXEMPLE"):
        actions.ask_extension(lent, by=people.delphine.user)
    actions.extend_delegation(lent, soon(40), by=people.alice.user)
    actions.ask_extension(lent, by=people.delphine.user)  # the new end, later
    assert Notice.objects.filter(stage=Act.ASK_EXTENSION).count() == 2


def test_of_what_has_no_end_nothing_is_asked(org, people):
    with pytest.raises(Refused, match="pas de date de fin"):
        actions.ask_extension(org.delegataires.get(), by=people.delphine.user)


@pytest.mark.parametrize("name", ["alice", "bruno", "gisele", "lea", "paul"])
def test_nobody_asks_for_another(lent, people, name):
    with pytest.raises(NotAllowed):
        actions.ask_extension(lent, by=getattr(people, name).user)


def test_who_has_another_access_there_does_not_ask_for_this_one(lent, people, org):
    Delegataire.objects.create(bal=org, person=people.lea, under=people.bruno, reason="Renfort", ends_on=soon())
    with pytest.raises(NotAllowed, match="son propre accès"):
        actions.ask_extension(lent, by=people.lea.user)


def test_past_its_day_it_is_no_longer_theirs_to_ask(lent, people):
    Delegataire.objects.update(starts_on=soon(-9), ends_on=soon(-1))
    lent.refresh_from_db()
    with pytest.raises(NotAllowed):
        actions.ask_extension(lent, by=people.delphine.user)


# --- Lending longer ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("until", [40, None])
def test_it_is_lent_longer_journaled_told_and_asked_of_the_operator(lent, people, until):
    day = until and soon(until)
    actions.extend_delegation(lent, day, by=people.alice.user)
    lent.refresh_from_db()
    assert lent.ends_on == day
    line = JournalEntry.objects.get(what=Act.EXTEND_DELEGATION)
    assert line.before == f"{soon():%d/%m/%Y}"
    assert line.after == (f"{day:%d/%m/%Y}" if day else "sans date de fin")
    told = Notice.objects.get(stage=Act.EXTEND_DELEGATION, person__isnull=False)
    assert told.person == people.delphine
    assert (f"jusqu’au {line.after}" if day else "sans date de fin") in told.text
    assert Request.objects.get().kind == "grant"


@pytest.mark.parametrize("days", [5, 4])
def test_longer_is_after_the_end_it_has(lent, people, days):
    with pytest.raises(Refused, match="Donnez un jour après le"):
        actions.extend_delegation(lent, soon(days), by=people.alice.user)


@pytest.mark.parametrize("name", ["bruno", "gisele", "delphine", "lea", "paul"])
def test_nobody_extends_what_another_answers_for(lent, people, name):
    with pytest.raises(NotAllowed):
        actions.extend_delegation(lent, None, by=getattr(people, name).user)


def test_what_is_ended_is_lent_anew(lent, people):
    actions.end_delegation(lent, by=people.alice.user)
    with pytest.raises(Refused, match="déléguez à nouveau"):
        actions.extend_delegation(lent, None, by=people.alice.user)


def test_of_what_has_no_end_nothing_is_extended(org, people):
    with pytest.raises(Refused, match="pas de date de fin"):
        actions.extend_delegation(org.delegataires.get(), soon(9), by=people.alice.user)


# --- On the pages -----------------------------------------------------------------------------------------------------
def test_the_page_of_a_delegataire_says_all_of_it_and_offers_to_ask(visit, lent, people):
    Bal.objects.update(used_mb=96, quota_mb=100, percent_full=96)
    page = visit(people.delphine, "my-bals").content.decode()
    under = "Sous la responsabilité d’Alice EXEMPLE"
    for words in (under, "96", "jusqu’au", "secrétariat", "Elle se remplit", State.ACTIVE.label):
        assert words in page, words
    assert reverse("delegation-ask", args=[lent.pk]) in page
    done = visit(people.delphine, "delegation-ask", lent.pk, post={"until": "", "note": ""})
    assert done.url == reverse("my-bals")
    page = visit(people.delphine, "my-bals").content.decode()
    assert "Vous avez demandé, par un avis à Alice EXEMPLE, à prolonger cet accès." in page
    assert reverse("delegation-ask", args=[lent.pk]) not in page


def test_of_what_has_no_end_the_page_offers_nothing(visit, org, people):
    assert "Demander à prolonger" not in visit(people.delphine, "my-bals").content.decode()


def test_who_answers_extends_from_the_line_of_the_access(visit, lent, people, org):
    url = reverse("delegation-extend", args=[lent.pk])
    assert url in visit(people.alice, "bal", org.pk).content.decode()
    assert url not in visit(people.bruno, "bal", org.pk).content.decode()
    visit(people.alice, "delegation-extend", lent.pk, post={"ends_on": f"{soon(60)}"})
    lent.refresh_from_db()
    assert lent.ends_on == soon(60)


def test_without_a_day_it_must_be_said_to_have_none(visit, lent, people):
    page = visit(people.alice, "delegation-extend", lent.pk, post={})
    assert "cochez «\u00a0Sans date de fin\u00a0»" in page.content.decode()
    visit(people.alice, "delegation-extend", lent.pk, post={"is_endless": "on"})
    lent.refresh_from_db()
    assert lent.ends_on is None


def test_the_page_costs_the_same_for_one_and_for_many(visit, lent, people, make_bal, django_assert_max_num_queries):
    visit(people.delphine, "my-bals")
    counts = []
    for count in (0, 8):
        for _ in range(count):
            bal = make_bal("ORG", people.alice)
            Delegataire.objects.create(bal=bal, person=people.delphine, under=people.alice, reason="x", ends_on=soon())
        with django_assert_max_num_queries(40) as captured:
            visit(people.delphine, "my-bals")
        counts.append(len(captured))
    assert counts[0] == counts[1]
