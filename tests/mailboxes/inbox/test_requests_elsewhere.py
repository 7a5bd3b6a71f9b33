"""Late or refused requests of an address that the register does not hold: their row in À traiter, where it leads."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.findings import BY_NAME, count_findings
from mailboxes.inbox.models import desk_of
from mailboxes.inbox.rows import Inbox
from mailboxes.lifecycle import Act, RequestKind, RequestStage
from mailboxes.models import Membership, Request, Structure

pytestmark = pytest.mark.django_db
LATE = BY_NAME["en-retard-ailleurs"]


@pytest.fixture
def late(structure, operator, people, org):
    """Two of addresses that the register does not hold, late; one whose day is to come; one late, of a BAL."""
    yesterday = timezone.localdate() - timedelta(days=1)
    facts = {"structure": structure, "operator": operator, "by": people.gisele.user}
    asked = [
        actions.requests.ask(RequestKind.DEPUBLISH, address=f"ancienne{n}@chu.mssante.fr", **facts) for n in range(3)
    ]
    actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="2 Go")
    Request.objects.update(stage=RequestStage.SENT, due_on=yesterday)
    Request.objects.filter(pk=asked[2].pk).update(due_on=timezone.localdate())
    return asked[:2]


def rows(user, place=None):
    return {row.finding.name: row for row in Inbox(user, desk_of(user), timezone.now(), place).of("")}


def test_they_have_their_row_beside_that_of_bal(late, people):
    found = rows(people.gisele.user)
    assert found["en-retard"].number == 1
    assert found[LATE.name].number == 2
    assert LATE.name not in rows(people.eve.user), "of another structure"


@pytest.mark.sqlite_run
def test_the_row_leads_to_these_requests_alone(client, late, people, structure):
    Structure.objects.create(name="Site", parent=structure)
    client.force_login(people.gisele.user)
    for place in (None, structure):
        url = rows(people.gisele.user, place)[LATE.name].url
        assert set(client.get(url).context["page"].object_list) == set(late)
    assert f"structure={structure.pk}" in url
    assert "Relancer, ou enregistrer une réponse" in client.get(url).text
    assert "Traiter les 2" in client.get(reverse("dashboard")).text
    client.force_login(people.lea.user)
    assert "Traiter les 2" not in client.get(reverse("dashboard")).text, "who only reads"


def test_those_of_a_structure_are_counted_there(late, people, structure, other_structure):
    Membership.objects.create(user=people.gisele.user, structure=other_structure, role=Membership.Role.READER)
    assert LATE.name in rows(people.gisele.user, structure)
    assert LATE.name not in rows(people.gisele.user, other_structure)


def test_a_refused_one_is_told_until_it_is_asked_again(late, people, org):
    def told():
        return {one.finding.name: one.number for one in count_findings(people.gisele.user)}.get("refusee-ailleurs", 0)

    for request in late:
        actions.step(request, Act.RECORD_REFUSAL, by=people.gisele.user, answer="Il manque un formulaire.")
    assert told() == 2
    actions.step(late[0], Act.ASK_AGAIN, by=people.gisele.user)
    assert told() == 1
    Request.objects.update(closed_at=timezone.now() - settings.REFUSAL_SHOWN)
    assert told() == 0


@pytest.mark.sqlite_run
def test_an_answered_one_leaves_it(late, people):
    for request in late:
        actions.step(request, "record_done", by=people.gisele.user)
    assert LATE.name not in {one.finding.name for one in count_findings(people.gisele.user)}
