"""Each finding finds what it is about, and not what only looks like it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from directory.models import SyncRun
from mailboxes.findings import BY_NAME, count_findings, narrow
from mailboxes.lifecycle import State
from mailboxes.models import (
    Anomaly,
    ApplicativeFacts,
    Bal,
    Delegataire,
    MailAccess,
    MailServer,
    Sighting,
)
from tests.mailboxes.conftest import make_professional

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(make_bal, people, operator):
    return SimpleNamespace(make=make_bal, people=people, operator=operator, today=timezone.localdate())


def with_anomaly(kind):
    def before(world):
        noted, other, mended = (world.make("ORG", world.people.alice) for _ in range(3))
        Anomaly.objects.create(bal=noted, kind=kind)
        Anomaly.objects.create(bal=other, kind=next(one for one in Anomaly.Kind if one != kind))
        Anomaly.objects.create(bal=mended, kind=kind, resolved_at=timezone.now())
        return [noted]

    return before


def with_certificate(*, found, spared):
    """That ends in so many days."""

    def before(world):
        ends = {days: world.make("APP") for days in (*found, *spared)}
        for days, bal in ends.items():
            ApplicativeFacts.objects.create(bal=bal, certificate_expires_on=world.today + timedelta(days=days))
        return [ends[days] for days in found]

    return before


def orphan(world):
    world.make("ORG", world.people.alice)
    world.make("ORG", state=State.DELETED)
    world.make("APP")
    return [world.make("ORG")]


def without_principal(world):
    headless = world.make("ORG", world.people.alice, world.people.bruno)
    headless.cotitulaires.update(is_principal=False)
    world.make("ORG", world.people.alice)
    world.make("ORG")
    return [headless]


def of_more_than_20_cotitulaires(world):
    bals = {count: world.make("ORG") for count in (20, 21)}
    for number, person in enumerate(make_professional(number) for number in range(21)):
        for count, bal in bals.items():
            if number < count:
                bal.cotitulaires.create(person=person, is_principal=number == 0)
    return [bals[21]]


def with_a_delegation_past_its_day(world):
    past, until_today = (world.make("ORG", world.people.alice) for _ in range(2))
    for bal, days in {past: -1, until_today: 0}.items():
        of = {"bal": bal, "person": world.people.delphine, "under": world.people.alice, "reason": "Secrétariat"}
        lent = {"starts_on": world.today - timedelta(days=30), "ends_on": world.today + timedelta(days=days)}
        Delegataire.objects.create(**of, **lent)
    return [past]


def alerted(world):
    world.make("PER", world.people.paul)
    world.make("PER", world.people.paul, state=State.DEPUBLICATION_REQUESTED)
    return [world.make("PER", world.people.paul, state=State.IDLE_ALERTED)]


def not_read_for_a_day(world):
    MailServer.objects.create(operator=world.operator, host="imap.invalid", reads_space=True)
    bals = {hours: world.make("PER", world.people.paul) for hours in (25, 23, None)}
    for hours, bal in bals.items():
        since = hours and timezone.now() - timedelta(hours=hours)
        MailAccess.objects.create(bal=bal, failing_since=since)
    return [bals[25]]


def of_a_server_that_fails_for_all(world):
    long_ago = timezone.now() - timedelta(days=2)
    MailServer.objects.create(operator=world.operator, host="imap.invalid", reads_space=True, failing_since=long_ago)
    MailAccess.objects.create(bal=world.make("PER", world.people.paul), failing_since=long_ago)
    return []


def not_described(world):
    described, of_no_end, unanswered = (world.make("APP") for _ in range(3))
    answers = world.make("ORG", world.people.alice)
    ends = world.today + timedelta(days=365)
    for bal, facts in {
        described: {"certificate_expires_on": ends, "answers": answers},
        of_no_end: {"answers": answers},
        unanswered: {"certificate_expires_on": ends},
    }.items():
        ApplicativeFacts.objects.create(bal=bal, **facts)
    world.make("APP", state=State.DELETED)
    return [of_no_end, unanswered, world.make("APP")]


OF_BALS = {
    "orpheline": [orphan],
    "sans-principal": [without_principal],
    "trop": [of_more_than_20_cotitulaires],
    "mot-de-passe": [with_anomaly(Anomaly.Kind.PASSWORD)],
    "double-connexion": [with_anomaly(Anomaly.Kind.CONNECTION)],
    "liste": [with_anomaly(Anomaly.Kind.LIST)],
    "routage": [with_anomaly(Anomaly.Kind.FORWARD)],
    "certificat-7": [with_certificate(found=[-1, 0, 7], spared=[8])],
    "certificat-30": [with_certificate(found=[8, 30], spared=[7, 31])],
    "certificat-60": [with_certificate(found=[31, 60], spared=[30, 61])],
    "delegation": [with_a_delegation_past_its_day],
    "inactive": [alerted],
    "app-a-decrire": [not_described],
    "releve-impossible": [not_read_for_a_day, of_a_server_that_fails_for_all],
}


@pytest.mark.parametrize(("name", "before"), [(name, before) for name, cases in OF_BALS.items() for before in cases])
def test_it_finds_these_bals_and_no_other(name, before, world):
    found = before(world)
    assert set(narrow(Bal.objects.all(), name)) == set(found)
    counted = {one.finding.name: one.number for one in count_findings(world.people.gisele.user)}
    assert counted.get(name, 0) == len(found)


@pytest.mark.parametrize(("days", "is_old"), [(None, True), (0, False), (30, True)])
def test_an_old_annuaire_is_a_finding_for_all(days, is_old, people):
    if days is not None:
        at = timezone.now() - timedelta(days=days)
        SyncRun.objects.create(source="extraction", status="applied", generated_at=at)
    counted = {one.finding.name: one.number for one in count_findings(people.gisele.user)}
    assert counted.get("annuaire-ancien", 0) == is_old


def test_a_bal_that_may_be_red_listed_is_not_a_departure(make_bal, people):
    seen = {"seen_at": timezone.now()}
    of_bal = Sighting.objects.create(kind=Sighting.Kind.RED_LISTED, bal=make_bal("PER", people.paul), **seen)
    of_stay = Sighting.objects.create(kind=Sighting.Kind.GONE, stay=people.paul.affiliations.get(), **seen)
    dismissed = {"dismissed_at": timezone.now(), "reason": "Congé"}
    Sighting.objects.create(kind=Sighting.Kind.ENDED, stay=people.alice.affiliations.get(), **seen, **dismissed)
    assert list(BY_NAME["liste-rouge-vue"].sightings(Sighting.objects.all())) == [of_bal]
    assert list(BY_NAME["depart-vu"].sightings(Sighting.objects.all())) == [of_stay]
