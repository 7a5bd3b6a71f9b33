"""A departure on one page: what is decided, what is foreseen, and one act that does it all or nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import Act, State, Verb
from mailboxes.models import Affiliation, Bal, Delegataire, JournalEntry, Movement, Notice, Request
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.conftest import make_person


def today():
    return timezone.localdate()


@pytest.fixture
def stay(people):
    return people.alice.affiliations.get()


@pytest.fixture
def lent(org):
    return org.delegataires.get()


@pytest.fixture
def own(make_bal, people):
    return make_bal("PER", people.alice, address="alice.exemple@chu-exemple.mssante.fr")


@pytest.fixture
def post(client, people, stay):
    def go(by=None, **facts):
        client.force_login((by or people.gisele).user)
        said = {"left_on": f"{today()}", "note": ""} | facts
        return client.post(reverse("departure-record", args=[stay.pk]), said)

    return go


def written():
    return list(JournalEntry.objects.order_by("pk").values_list("what", "bal"))


def plan(**facts):
    return actions.Departure(**{"left_on": today(), **facts})


# --- The act ----------------------------------------------------------------------------------------------------------
def test_all_is_done_at_once(org, own, lent, people, stay):
    facts = {"successors": {org: people.bruno}, "takers": {lent: people.bruno}, "told_how": "de vive voix"}
    movement = actions.depart(stay, plan(**facts, withdrawn=[own]), by=people.gisele.user)
    stay.refresh_from_db()
    assert (stay.left_on, stay.applied_at is None) == (today(), False)
    assert Bal.objects.get(pk=org.pk).principal() == people.bruno
    assert not Bal.objects.get(pk=org.pk).is_held_by(people.alice)
    former, taken = Delegataire.objects.order_by("pk")
    assert former.ended_at
    assert (taken.under, taken.person, taken.ended_at) == (people.bruno, people.delphine, None)
    assert (taken.reason, taken.can_read, taken.told_how) == (lent.reason, lent.can_read, "de vive voix")
    own.refresh_from_db()
    assert own.state == State.DEPUBLICATION_REQUESTED
    assert movement.closed_at is None  # the rest of the steps is followed there
    assert not Request.objects.filter(person=people.delphine, kind="withdraw").exists(), "her access goes on"


def test_one_refusal_undoes_all(org, own, lent, people, stay):
    own.state = State.DELETED
    own.save()
    before = written()
    with pytest.raises(Refused, match=own.address):
        actions.depart(stay, plan(successors={org: people.bruno}, withdrawn=[own]), by=people.gisele.user)
    stay.refresh_from_db()
    assert stay.left_on is None
    assert written() == before
    assert Bal.objects.get(pk=org.pk).principal() == people.alice
    assert not Movement.objects.exists()


def test_what_nobody_takes_up_is_asked_of_who_leaves_and_the_day_waits(org, people, stay):
    movement = actions.depart(stay, plan(), by=people.gisele.user)
    stay.refresh_from_db()
    assert stay.left_on is None
    assert movement.planned_on == today()
    assert Notice.objects.filter(person=people.alice, stage=Act.ASK_HANDOVER).count() == 1


def test_before_the_day_the_principal_alone_hands_over(org, people, stay):
    later = plan(left_on=today() + timedelta(days=9), successors={org: people.bruno})
    with pytest.raises(Refused, match="lui seul peut transmettre"):
        actions.depart(stay, later, by=people.gisele.user)


def test_a_file_already_open_moves_to_the_day(people, stay):
    opened = actions.open_movement(stay, "departure", by=people.gisele.user, planned_on=today() + timedelta(days=9))
    actions.depart(stay, plan(), by=people.gisele.user)
    opened.refresh_from_db()
    assert opened.planned_on == today()
    line = JournalEntry.objects.filter(what=Act.OPEN_MOVEMENT).order_by("pk").last()
    assert line.before != line.after


@pytest.mark.parametrize("name", ["lea", "eve", "alice", "bruno"])
def test_who_does_not_manage_the_structure_may_not(people, stay, name):
    with pytest.raises(NotAllowed):
        actions.depart(stay, plan(), by=getattr(people, name).user)
    assert not JournalEntry.objects.exists()


def test_it_is_recorded_once(people, stay):
    actions.depart(stay, plan(), by=people.gisele.user)
    stay.refresh_from_db()
    with pytest.raises(Refused, match="déjà enregistré"):
        actions.depart(stay, plan(), by=people.gisele.user)


# --- The forecast -----------------------------------------------------------------------------------------------------
def test_the_forecast_is_what_the_act_then_writes(org, own, lent, people, stay):
    facts = {"successors": {org: people.bruno}, "takers": {lent: people.bruno}, "told_how": "de vive voix"}
    departure = plan(**facts, withdrawn=[own])
    now, later = actions.foresee_departure(stay, departure, by=people.gisele.user)
    assert later == []
    assert not JournalEntry.objects.exists(), "a forecast writes nothing"
    assert not Notice.objects.exists()
    actions.depart(stay, departure, by=people.gisele.user)
    assert [(line.what, line.bal_id) for line in now] == written()
    told = sorted(notice.recipient for line in now for notice in line.notices.all())
    assert told == sorted(Notice.objects.values_list("recipient", flat=True))


def test_what_only_the_day_brings_is_foreseen_apart(org, people, time_machine):
    stay = people.bruno.affiliations.get()
    day = today() + timedelta(days=9)
    now, later = actions.foresee_departure(stay, plan(left_on=day), by=people.gisele.user)
    assert [line.what for line in now] == [Act.OPEN_MOVEMENT, Act.RECORD_DEPARTURE]
    assert [(line.what, line.bal) for line in later] == [(Act.REMOVE_COTITULAIRE, org)]
    stay.refresh_from_db()
    assert stay.left_on is None


def test_somebody_whom_the_register_lacks_is_foreseen_and_then_named(org, people, stay, structure):
    new = make_person("zoe", structure, "10000000058")
    departure = plan(successors={org: new})
    actions.foresee_departure(stay, departure, by=people.gisele.user)
    actions.depart(stay, departure, by=people.gisele.user)
    assert Bal.objects.get(pk=org.pk).principal() == new


# --- The page ---------------------------------------------------------------------------------------------------------
def test_nothing_is_written_before_the_confirmation(post, org, own, lent, people, stay):
    said = {f"bal_{org.pk}": people.bruno.rpps, f"lent_{lent.pk}": str(people.bruno.pk), "told_how": "par téléphone",
            f"out_{own.pk}": "on"}  # fmt: skip
    page = post(**said)
    assert not JournalEntry.objects.exists()
    text = page.content.decode()
    acts = [Act.NAME_PRINCIPAL, Act.REMOVE_COTITULAIRE, Act.END_DELEGATION, Verb.REQUEST_DEPUBLICATION]
    for words in ("Ce qui va se passer", "Seront prévenus", org.address, own.address, *(act.label for act in acts)):
        assert words in text, words
    done = post(**said, confirmed="1")
    assert done.status_code == 302
    assert done.url == Movement.objects.get().get_absolute_url()
    assert set(written()) >= {(Act.NAME_PRINCIPAL, org.pk), (Verb.REQUEST_DEPUBLICATION, own.pk)}


def test_one_may_go_back_to_the_choices(post, org, people):
    page = post(**{f"bal_{org.pk}": people.bruno.rpps, "back": "1"})
    assert "Ce qui va se passer" not in page.content.decode()
    assert people.bruno.rpps in page.content.decode()
    assert not JournalEntry.objects.exists()


def test_a_word_that_is_not_told_is_asked_for(post, org, lent, people):
    page = post(**{f"bal_{org.pk}": people.bruno.rpps, f"lent_{lent.pk}": str(people.bruno.pk)})
    assert "Dites comment le professionnel vous l’a dit" in page.content.decode()
    assert not JournalEntry.objects.exists()


def test_a_reader_sees_why_not_and_no_form(client, people, org, stay):
    client.force_login(people.lea.user)
    page = client.get(reverse("departure-record", args=[stay.pk]))
    assert "est réservé à" in page.context["refusal"]
    assert "Voir ce qui va se passer" not in page.content.decode()


def test_who_leaves_too_is_not_offered_to_take_over(client, people, org, lent, stay):
    Affiliation.objects.filter(person=people.bruno).update(left_on=today() + timedelta(days=3))
    client.force_login(people.gisele.user)
    page = client.get(reverse("departure-record", args=[stay.pk])).content.decode()
    assert "Continue sous Bruno" not in page
