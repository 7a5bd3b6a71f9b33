"""What is amiss, on the page of the one BAL that it is about."""

import pytest
from django.urls import reverse

from mailboxes import actions
from mailboxes.findings import OF_BALS
from mailboxes.findings.of_one import FOLLOWED, OF_ONE, TO_USERS
from mailboxes.gaps import SITUATIONS
from mailboxes.lifecycle import Verb
from mailboxes.models import SYSTEM, Person

# About addresses that the register does not have.
OF_NO_BAL = {"inconnue", "ailleurs"}


def test_each_finding_and_gap_is_said_of_one_bal_too():
    assert OF_ONE.keys() == {point.name for point in [*OF_BALS, *SITUATIONS]} - OF_NO_BAL


@pytest.mark.django_db
@pytest.mark.sqlite_run
def test_the_page_of_a_bal_speaks_of_one(client, people, make_bal):
    bal = make_bal("ORG", people.alice, percent_full=97, used_mb=97, quota_mb=100)
    client.force_login(people.gisele.user)
    page = client.get(bal.get_absolute_url()).text
    assert OF_ONE["pleine"].sentence in page
    assert "BAL pleines ou presque" not in page


@pytest.mark.django_db
@pytest.mark.sqlite_run
def test_a_notice_that_did_not_reach_is_mended_from_the_bal_and_from_the_list(client, people, per):
    Person.objects.filter(pk=people.paul.pk).update(email="")
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    proofs = reverse("bal-notices", args=[per.pk])
    client.force_login(people.gisele.user)
    for page in (per.get_absolute_url(), reverse("finding", args=["non-remis"])):
        text = client.get(page).text
        attention = text[text.index("<main") :]
        assert f'href="{proofs}"' in attention
        assert "Voir les avis" in attention
    assert reverse("notice-give", args=[per.notices.get().pk]) in client.get(proofs).text
    client.force_login(people.lea.user)  # who only reads is led to no act
    assert f'<a class="btn btn-sm" href="{proofs}"' not in client.get(per.get_absolute_url()).text


def test_what_is_said_to_those_who_use_a_bal_is_said_of_findings_that_there_are():
    assert TO_USERS.keys() < OF_ONE.keys()


@pytest.mark.django_db
@pytest.mark.sqlite_run
@pytest.mark.parametrize("name", ["alice", "delphine"])
def test_nobody_is_asked_to_do_what_they_may_not(client, people, org, name):
    Person.objects.filter(pk__in=[people.alice.pk, people.bruno.pk]).update(email="")
    actions.move(org, Verb.ALERT_IDLE, by=SYSTEM)
    client.force_login(people.gisele.user)
    assert "corrigez son courriel" in client.get(org.get_absolute_url()).text
    client.force_login(getattr(people, name).user)
    page = client.get(org.get_absolute_url()).text
    assert OF_ONE["non-remis"].title in page
    assert "corrigez son courriel" not in page
    assert FOLLOWED in page
