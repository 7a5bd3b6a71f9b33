"""What changed since a moment, for software that keeps a copy."""

from datetime import timedelta

import pytest
from django.utils import timezone

from directory.models import Entry
from mailboxes import actions
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.models import Bal, Person
from tests.mailboxes.api.conftest import make_entry
from tests.mailboxes.conftest import record


@pytest.fixture
def quiet(org, per, time_machine):
    """Both BAL were last touched an hour before `since`."""
    since = timezone.now()
    Bal.objects.update(state_since=since - timedelta(hours=1), read_at=None)
    time_machine.move_to(since + timedelta(minutes=1))
    return since


@pytest.fixture
def changed(ask, key, quiet):
    def go(resource="bals", since=quiet):
        answer = ask(key, f"{resource}/?updated_since={since.isoformat().replace('+', '%2B')}")
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()["results"]]

    return go


def described(org, people):
    actions.describe_bal(org, by=people.gisele.user, service="Accueil")


def read(org, people):
    record(org, last_used_at=timezone.now(), at=timezone.now())


def shown(org, people):
    make_entry(org.address, kind="ORG")


def withdrawn(org, people):
    long_ago = timezone.now() - timedelta(days=9)
    make_entry(org.address, kind="ORG", first_seen_at=long_ago, changed_at=long_ago)
    Entry.objects.update(withdrawn_at=timezone.now())


def held(org, people):
    actions.add_cotitulaire(org, people.paul, by=people.alice.user)


@pytest.mark.parametrize("happens", [described, read, shown, withdrawn, held])
def test_a_bal_has_changed_by_an_act_a_reading_or_what_the_annuaire_shows(changed, org, people, happens):
    assert changed() == []
    happens(org, people)
    assert changed() == [org.pk]
    assert changed(since=timezone.now() + timedelta(minutes=1)) == []


def test_a_request_has_changed_by_each_of_its_steps(changed, org, people, time_machine):
    request = actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user)
    assert changed("requests") == [request.pk]
    later = timezone.now() + timedelta(days=1)
    time_machine.move_to(later)
    assert changed("requests", later) == []
    actions.step(request, Act.RECORD_DONE, by=people.gisele.user)
    assert changed("requests", later) == [request.pk]


def test_a_person_has_changed_by_what_the_journal_tells_of_them(changed, people):
    assert changed("people") == []
    actions.describe_person(people.paul, by=people.gisele.user, profession="Sage-femme")
    assert Person.objects.get(pk=people.paul.pk).profession == "Sage-femme"
    assert changed("people") == [people.paul.pk]


def test_a_moment_that_cannot_be_read_is_refused(ask, key, org):
    answer = ask(key, "bals/?updated_since=hier")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["updated_since"])
