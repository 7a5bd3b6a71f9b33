"""What changed since a moment, for software that keeps a copy."""

from datetime import timedelta

import pytest
from django.utils import timezone

from directory.models import Entry
from mailboxes import actions
from mailboxes.lifecycle import Act, RequestKind, RequestStage, State, Verb
from mailboxes.models import Affiliation, Bal, Person, Request, Structure
from mailboxes.moves.structures import merge_structures
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


def measured(org, people):
    record(org, used_mb=850, at=timezone.now(), source="imap")
    assert Bal.objects.get(pk=org.pk).used_mb == 850


def shown(org, people):
    make_entry(org.address, kind="ORG")


def withdrawn(org, people):
    long_ago = timezone.now() - timedelta(days=9)
    make_entry(org.address, kind="ORG", first_seen_at=long_ago, changed_at=long_ago)
    Entry.objects.update(withdrawn_at=timezone.now())


def held(org, people):
    actions.add_cotitulaire(org, people.paul, by=people.alice.user)


@pytest.mark.parametrize("happens", [described, read, measured, shown, withdrawn, held])
def test_a_bal_has_changed_by_an_act_a_reading_or_what_the_annuaire_shows(changed, org, people, happens):
    assert changed() == []
    happens(org, people)
    assert changed() == [org.pk]
    assert changed(since=timezone.now() + timedelta(minutes=1)) == []


def test_a_bal_has_changed_whose_replacement_has_another_address(changed, org, per, people):
    Bal.objects.filter(pk=per.pk).update(replaced_by=org.address)
    assert changed() == []
    actions.correct_bal(org, by=people.gisele.user, why="Faute.", address="reception@chu-exemple.mssante.fr")
    assert Bal.objects.get(pk=per.pk).replaced_by == "reception@chu-exemple.mssante.fr"
    assert changed() == [org.pk, per.pk]


def test_a_request_has_changed_by_each_of_its_steps(changed, org, people, time_machine):
    request = actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user)
    assert changed("requests") == [request.pk]
    later = timezone.now() + timedelta(days=1)
    time_machine.move_to(later)
    assert changed("requests", later) == []
    actions.step(request, Act.RECORD_DONE, by=people.gisele.user)
    assert changed("requests", later) == [request.pk]


def test_a_request_said_to_be_done_by_mistake_and_awaited_again_has_changed(changed, org, people, time_machine):
    actions.move(org, Verb.REQUEST_DEPUBLICATION, by=people.gisele.user)
    Bal.objects.filter(pk=org.pk).update(state=State.REQUESTED)
    request = Request.objects.get()
    Request.objects.update(kind=RequestKind.OPEN, stage=RequestStage.DONE, done_at=timezone.now())
    later = timezone.now() + timedelta(days=1)
    time_machine.move_to(later)
    Bal.objects.filter(pk=org.pk).update(state=State.ACTIVE)
    assert changed("requests", later) == []
    actions.move(Bal.objects.get(pk=org.pk), Verb.RETRACT_OPENING, by=people.gisele.user, note="Par erreur.")
    request.refresh_from_db()
    assert (request.stage, request.done_at) == (RequestStage.SENT, None)
    assert changed("requests", later) == [request.pk]


def test_a_request_follows_its_bal_to_another_address(changed, org, people, time_machine):
    request = actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user)
    later = timezone.now() + timedelta(days=1)
    time_machine.move_to(later)
    actions.correct_bal(org, by=people.gisele.user, why="Faute.", address="reception@chu-exemple.mssante.fr")
    request.refresh_from_db()
    assert request.address == "reception@chu-exemple.mssante.fr"
    assert changed("requests", later) == [request.pk]


def test_people_have_changed_who_went_with_their_structure_into_another(changed, structure, people, time_machine):
    site = Structure.objects.create(name="Site", parent=structure, finess_et="010000009")
    Affiliation.objects.filter(person=people.paul).update(structure=site)
    later = timezone.now() + timedelta(days=1)
    time_machine.move_to(later)
    gisele = type(people.gisele.user).objects.get(pk=people.gisele.user.pk)  # who manages the site as well, since
    assert changed("people", later) == []
    merge_structures(site, structure, by=gisele, why="Un seul établissement.")
    assert Affiliation.objects.get(person=people.paul).structure == structure
    assert people.paul.pk in changed("people", later)


def test_a_person_has_changed_by_what_the_journal_tells_of_them(changed, people):
    assert changed("people") == []
    actions.describe_person(people.paul, by=people.gisele.user, profession="Sage-femme")
    assert Person.objects.get(pk=people.paul.pk).profession == "Sage-femme"
    assert changed("people") == [people.paul.pk]


def test_a_moment_that_cannot_be_read_is_refused(ask, key, org):
    answer = ask(key, "bals/?updated_since=hier")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["updated_since"])
