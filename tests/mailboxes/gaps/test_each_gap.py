"""Each situation: what makes it, what is done about it, and what the operator is asked."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import SyncRun, TrustedDomain
from mailboxes import actions
from mailboxes.findings import count_findings
from mailboxes.gaps import Gaps
from mailboxes.lifecycle import RequestKind, State
from mailboxes.models import Request
from mailboxes.rules import Refused

pytestmark = pytest.mark.django_db

OURS = {"structure_id": "010000002", "structure_name": "CHU"}


@pytest.fixture
def world(make_bal, make_entry, people):
    return SimpleNamespace(make=make_bal, see=make_entry, people=people)


def outside_the_white_list(world):
    now = {"first_seen_at": timezone.now(), "changed_at": timezone.now()}
    TrustedDomain.objects.create(source="whitelist", name="autre.mssante.fr", digest="d", **now)
    world.make("APP")


def shown_though_depublished(world):
    world.see(world.make("ORG", state=State.DEPUBLISHED).address, "ORG", **OURS)


def unknown_here(world):
    world.see("nouvelle@chu-exemple.mssante.fr", "ORG", **OURS)


def absent_there(world):
    world.make("ORG")


def of_another_service(world):
    world.see(world.make("ORG", service="Cardiologie").address, "ORG", **OURS, service="Urgences")


def listed_under_two_numbers(world):
    bal = world.make("PER", world.people.paul)
    for ordinal, rpps in enumerate([world.people.paul.rpps, "10000000090"], 1):
        world.see(bal.address, ordinal=ordinal, person_id=rpps, **OURS)


def elsewhere(world):
    world.see("paul@ailleurs.mssante.fr", person_id=world.people.paul.rpps)


CASES = [
    ("hors-liste", outside_the_white_list, "ask_operator ignore_gap", RequestKind.CHANGE),
    ("a-tort", shown_though_depublished, "ask_operator ignore_gap", RequestKind.DEPUBLISH),
    ("inconnue", unknown_here, "adopt ask_operator ignore_gap", RequestKind.CHANGE),
    ("absente", absent_there, "ask_operator ignore_gap", RequestKind.PUBLISH),
    ("differe", of_another_service, "accept_annuaire ask_operator ignore_gap", RequestKind.CHANGE),
    ("plusieurs", listed_under_two_numbers, "ask_operator ignore_gap", RequestKind.CHANGE),
    ("ailleurs", elsewhere, "ask_person ignore_gap", None),
]
each = pytest.mark.parametrize(("name", "before", "remedies", "asked"), CASES, ids=[name for name, *_ in CASES])


@each
def test_it_is_a_gap_a_finding_and_a_page_with_its_remedies(name, before, remedies, asked, world, fresh, client):
    before(world)
    user = world.people.gisele.user
    (gap,) = Gaps.visible_to(user)
    assert gap.situation.name == name
    assert {one.finding.name: one.number for one in count_findings(user) if one.finding.situation} == {name: 1}
    client.force_login(user)
    page = client.get(reverse("gap", args=[name, gap.structure_id, gap.address]))
    assert " ".join(page.context["remedies"]) == remedies
    if asked is None:
        with pytest.raises(Refused, match="ne répond pas à cet écart"):
            actions.ask_operator(gap, by=user)
    else:
        actions.ask_operator(gap, by=user)
        assert Request.objects.get().kind == asked


@each
def test_an_old_annuaire_concludes_no_absence_and_shows_the_rest(name, before, remedies, asked, world):
    at = timezone.now() - timedelta(days=30)
    SyncRun.objects.create(source="extraction", status="applied", generated_at=at)
    before(world)
    found = [gap.situation.name for gap in Gaps.visible_to(world.people.gisele.user)]
    assert found == ([] if name == "absente" else [name])
