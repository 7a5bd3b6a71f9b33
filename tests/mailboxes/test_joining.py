"""A person who is elsewhere joins a structure with their agreement, or that structure's; until then, and once they have
left, it sees no more of them than the annuaire. A past stay opens nothing."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.jobs import run
from mailboxes.lifecycle import Act
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Bal,
    Joining,
    JournalEntry,
    Membership,
    Movement,
    Notice,
    Person,
)
from mailboxes.notices import links
from mailboxes.notices.telling import path_of
from mailboxes.rules import NotAllowed, Refused

SECRETS = ("paul@exemple.invalid", "Cardiologue secret", "paul.exemple@chu-exemple.mssante.fr")


@pytest.fixture
def paul(people, per):
    Person.objects.filter(pk=people.paul.pk).update(profession="Cardiologue secret")
    return people.paul


@pytest.fixture
def typed(paul, other_structure):
    """What eve, gestionnaire of the other structure, knows from the annuaire."""
    return {"structure": other_structure.pk, "given_name": "Paul", "family_name": "EXEMPLE", "rpps": paul.rpps}


@pytest.fixture
def eve(client, people):
    client.force_login(people.eve.user)
    return client


@pytest.fixture
def joining(people, paul, other_structure):
    return actions.ask_joining(paul, other_structure, by=people.eve.user)


def state(joining):
    return Joining.objects.get(pk=joining.pk).state


def link(joining):
    return path_of(Notice.objects.get(entry=joining.entry, person=joining.person))


def answer(joining, said):
    done = Client().post(link(joining), {"answer": said})
    return " ".join(str(message) for message in get_messages(done.wsgi_request))


def texts_seen_by(client, person):
    """All that the doors give of a person, or of a search for them."""
    pages = [
        ("person", person.pk), ("person-edit", person.pk), ("person-journal", person.pk),
        ("person-preferences", person.pk),
        ("person-roles", person.pk), ("person-list",), ("joining-list",), ("notice-list",), ("dashboard",),
        ("bal-list",), ("bal-export",), ("movement-list",), ("preference-list",), ("api-people-list",),
        ("api-people-detail", person.pk), ("api-journal-list",), ("api-holder-list",), ("api-bal-list",),
    ]  # fmt: skip
    found = {name: client.get(reverse(name, args=args)).getvalue().decode() for name, *args in pages}
    for query in ("person=exemple", f"person={person.rpps}"):
        found[query] = client.get(f"{reverse('person-suggest')}?{query}").content.decode()
    found["data"] = client.post(reverse("person-data", args=[person.pk]), {"format": "json"}).content.decode()
    return found


def leaks(client, person, secrets=SECRETS):
    return {(name, word) for name, text in texts_seen_by(client, person).items() for word in secrets if word in text}


# --- The attack of the review -----------------------------------------------------------------------------------------
def test_nobody_attaches_a_professional_of_another_structure_to_their_own(eve, people, paul, typed):
    """Step by step: attach by RPPS and name, read the data, set another address."""
    eve.post(reverse("person-new"), typed)
    assert paul.affiliations.count() == 1
    assert Joining.objects.get().state == "asked"
    for name in ("person", "person-journal", "person-preferences", "person-edit"):
        assert eve.get(reverse(name, args=[paul.pk])).status_code == 404
    assert eve.post(reverse("person-data", args=[paul.pk])).status_code == 404
    contact = {"channel": "email", "email": "evil@exemple.invalid"}
    assert eve.post(reverse("person-preferences", args=[paul.pk]), contact).status_code == 404
    assert Person.objects.get(pk=paul.pk).email == "paul@exemple.invalid"
    with pytest.raises(NotAllowed):
        actions.ask_contact(paul, by=people.eve.user, **contact)


def test_no_door_says_more_than_the_annuaire_until_it_is_accepted(eve, people, paul, joining):
    assert leaks(eve, paul) == set()
    answer(joining, "accept")
    assert ("person", "paul@exemple.invalid") in leaks(eve, paul), "else this test sees nothing"


def test_the_action_itself_refuses(people, paul, other_structure):
    with pytest.raises(Refused, match="autre structure"):
        actions.welcome_person(paul, other_structure, by=people.eve.user)
    assert paul.affiliations.count() == 1


@pytest.mark.sqlite_run
def test_the_api_attaches_nobody_of_another_structure(eve, typed):
    answer = eve.post(reverse("api-people-list"), json.dumps(typed), content_type="application/json")
    assert answer.status_code in (400, 409)
    assert Affiliation.objects.filter(person__rpps=typed["rpps"]).count() == 1


# --- Asked, and answered ----------------------------------------------------------------------------------------------
def test_the_person_and_where_they_are_hear_of_it(joining):
    told = set(Notice.objects.filter(entry=joining.entry).values_list("party", "address"))
    assert told == {("holders", "paul@exemple.invalid"), ("gestionnaires", "gisele@exemple.invalid")}


def test_the_person_accepts_by_the_link_and_the_file_of_their_arrival_opens(eve, people, paul, typed):
    eve.post(reverse("person-new"), {**typed, "function": "Consultant", "with_file": "on"})
    joining = Joining.objects.get()
    assert "accepté" in answer(joining, "accept")
    stay = paul.affiliations.get(structure=typed["structure"])
    assert stay.function == "Consultant"
    assert Movement.objects.get().stay == stay
    line = JournalEntry.objects.get(what=Act.ACCEPT_JOINING)
    assert (line.by, line.actor, line.structure) == (None, "lien signé envoyé à Paul EXEMPLE", stay.structure)
    assert Notice.objects.get(stage=Act.ACCEPT_JOINING).address == people.eve.user.email


def test_where_they_are_answers_too_and_the_asker_does_not(client, people, joining, monkeypatch):
    for who in (people.eve, people.lea, people.alice):
        client.force_login(who.user)
        assert client.post(reverse("joining-answer", args=[joining.pk]), {"answer": "accept"}).status_code == 404
        with pytest.raises(NotAllowed):
            actions.accept_joining(joining, by=who.user)
    client.force_login(people.gisele.user)
    assert "Clinique voisine" in client.get(reverse("joining-list")).content.decode()
    assert "Il y en a davantage" not in client.get(reverse("joining-list")).content.decode()
    monkeypatch.setattr("mailboxes.views.joining.SHOWN", 0)
    assert "Il y en a davantage\u00a0: 0 au plus" in client.get(reverse("joining-list")).content.decode()
    client.post(reverse("joining-answer", args=[joining.pk]), {"answer": "accept"})
    assert state(joining) == "accepted"
    assert JournalEntry.objects.get(what=Act.ACCEPT_JOINING).by == people.gisele.user


def test_the_person_refuses_logged_in_and_nothing_changes(client, people, paul, joining):
    client.force_login(paul.user)
    assert "Clinique voisine" in client.get(reverse("my-bals")).content.decode()
    assert client.post(reverse("joining-answer", args=[joining.pk]), {"answer": "refuse"}).url == reverse("my-bals")
    assert (state(joining), paul.affiliations.count()) == ("refused", 1)
    assert Notice.objects.get(stage=Act.REFUSE_JOINING).address == people.eve.user.email


def test_it_is_asked_once_at_a_time(people, paul, joining, other_structure):
    with pytest.raises(Refused, match="déjà demandé"):
        actions.ask_joining(paul, other_structure, by=people.eve.user)
    with pytest.raises(Refused, match="déjà dans"):
        actions.ask_joining(people.eve, other_structure, by=people.eve.user)


def test_without_an_answer_it_ends_and_may_be_asked_again(people, paul, joining, other_structure, time_machine):
    time_machine.move_to(timezone.now() + settings.JOINING_VALID + timedelta(minutes=1), tick=False)
    assert "a expiré" in Client().get(link(joining)).content.decode()
    assert "a expiré" in answer(joining, "accept")
    with pytest.raises(Refused, match="expiré"):
        actions.accept_joining(joining, by=people.gisele.user)
    assert run("settle_waiting").done == 1
    assert state(joining) == "expired"
    assert Notice.objects.get(stage=Act.EXPIRE_JOINING).address == people.eve.user.email
    again = actions.ask_joining(paul, other_structure, by=people.eve.user)
    actions.accept_joining(again, by=paul.user)
    assert paul.affiliations.count() == 2


def test_a_late_demand_that_nobody_closed_does_not_hinder_a_new_one(people, paul, joining, other_structure):
    Joining.objects.update(expires_at=timezone.now())
    actions.ask_joining(paul, other_structure, by=people.eve.user)
    assert sorted(Joining.objects.values_list("state", flat=True)) == ["asked", "expired"]


# --- Who needs no agreement -------------------------------------------------------------------------------------------
def test_who_manages_both_brings_them_in_at_once(client, people, paul, typed, other_structure, structure):
    Membership.objects.create(user=people.eve.user, structure=structure, role="gestionnaire")
    client.force_login(people.eve.user)
    client.post(reverse("person-new"), typed)
    assert not Joining.objects.exists()
    assert paul.affiliations.count() == 2


def test_who_left_and_holds_a_bal_elsewhere_is_asked_all_the_same(people, paul, per, typed, eve):
    paul.affiliations.update(left_on=timezone.localdate())
    eve.post(reverse("person-new"), typed)
    assert Joining.objects.get().state == "asked"
    Bal.objects.filter(pk=per.pk).update(state="deleted")
    Joining.objects.update(state="refused")
    eve.post(reverse("person-new"), typed)
    assert paul.affiliations.current().exists(), "who is nowhere and holds nothing comes at once"


# --- The links --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("said", ["accept", "refuse"])
def test_the_link_serves_once(client, joining, said):
    assert client.get(link(joining)).status_code == client.head(link(joining)).status_code == 200
    assert state(joining) == "asked"
    told = answer(joining, said)
    before = JournalEntry.objects.count(), state(joining), Affiliation.objects.count()
    assert answer(joining, said) == told, "a thumb that presses twice is told the same"
    assert "déjà" in answer(joining, {"accept": "refuse", "refuse": "accept"}[said])
    assert (JournalEntry.objects.count(), state(joining), Affiliation.objects.count()) == before
    assert "ne sert plus" in client.get(link(joining)).content.decode()


@pytest.mark.sqlite_run
def test_a_tampered_link_or_one_of_another_sort_is_refused(client, joining):
    notice = Notice.objects.get(entry=joining.entry, party="holders")
    token = links.sign_notice(notice, links.JOINING)
    to_gestionnaire = Notice.objects.get(entry=joining.entry, party="gestionnaires")
    wrong = ["rien", f"{token}x", links.sign_notice(notice), links.sign_notice(to_gestionnaire, links.JOINING)]
    for bad in wrong:
        url = reverse("joining-link", args=[bad])
        assert client.get(url).status_code == client.post(url, {"answer": "accept"}).status_code == 404
    assert state(joining) == "asked"


@pytest.mark.sqlite_run
def test_an_answer_that_is_none_is_refused_in_words(joining):
    assert answer(joining, "autre") == "Choisissez une des réponses."


# --- A past stay opens nothing ----------------------------------------------------------------------------------------
@pytest.fixture
def gone(people, paul, structure, other_structure, make_bal):
    """Paul was with eve; he is at the CHU alone since, with a new address and a new BAL."""
    Affiliation.objects.create(
        person=paul, structure=other_structure, function="Consultant", left_on=timezone.localdate()
    )
    entry = JournalEntry.objects.create(what=Act.RECORD_DEPARTURE, person=paul, structure=other_structure, after="hier")
    facts = {"stage": entry.what, "party": "holders", "recipient": "Paul", "channel": "email", "text": "Au revoir."}
    Notice.objects.create(entry=entry, person=paul, key="gone", address="paul@exemple.invalid", **facts)
    actions.ask_contact(paul, by=people.gisele.user, channel="email", email="neuve@exemple.invalid")
    actions.confirm_contact(paul.contact_changes.get(), by=paul.user)
    return paul


def test_of_who_left_a_structure_sees_its_own_past_facts_alone(eve, gone):
    page = eve.get(reverse("person", args=[gone.pk])).content.decode()
    assert "Consultant" in page
    assert "Enregistrer un départ" in page
    assert "a quitté vos structures" in page
    assert leaks(eve, gone, (*SECRETS, "neuve@exemple.invalid", "CHU")) == set()


def test_who_left_is_not_written_about_by_where_they_were(eve, people, gone):
    for name in ("person-edit", "person-preferences"):
        page = eve.get(reverse(name, args=[gone.pk]))
        assert page.status_code == 404 or page.context["refusal"]
    with pytest.raises(NotAllowed):
        actions.describe_person(gone, by=people.eve.user, profession="x")
    with pytest.raises(NotAllowed):
        actions.ask_contact(gone, by=people.eve.user, channel="hand")


def test_a_departure_is_not_undone_to_have_back_who_is_elsewhere(eve, people, gone):
    stay = gone.affiliations.get(structure__name="Clinique voisine")
    with pytest.raises(Refused, match="autre structure"):
        actions.cancel_departure(stay, by=people.eve.user)
    file = Movement.objects.create(stay=stay, kind="departure", planned_on=timezone.localdate())
    with pytest.raises(Refused, match="autre structure"):
        actions.cancel_movement(file, by=people.eve.user)
    stay.refresh_from_db()
    assert stay.is_over


def test_a_departure_recorded_by_mistake_is_undone_for_who_is_nowhere_else(people):
    stay = people.delphine.affiliations.get()
    actions.record_departure(stay, timezone.localdate(), by=people.gisele.user)
    actions.cancel_departure(stay, by=people.gisele.user)
    assert people.delphine.affiliations.current().count() == 1


def test_who_left_is_not_suggested_nor_named_from_afar(people, gone, other_structure):
    user = people.eve.user
    assert gone not in Person.objects.visible_to(user)
    assert gone not in Person.objects.choosable_in(other_structure, user)
    assert gone in Person.objects.remembered_by(user)


def test_the_address_of_who_left_is_not_told_among_the_notices_of_our_bal(eve, people, gone, make_bal, other_structure):
    """A notice that did not reach them, about a BAL of the structure that they still hold."""
    bal = make_bal("PER", gone, structure=other_structure, address="paul.clinique@chu-exemple.mssante.fr")
    actions.ask_use(bal, by=SYSTEM)
    lost = {"bounced_at": timezone.now(), "error": "550 neuve@exemple.invalid unknown"}
    Notice.objects.filter(bal=bal).update(**lost)
    page = eve.get(reverse("notice-list")).content.decode()
    assert bal.address in page
    assert "neuve@exemple.invalid" not in page
    assert reverse("person-preferences", args=[gone.pk]) not in page


# --- Lists ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["elsewhere", "left"])
def test_a_list_that_names_them_says_so_on_its_line_and_makes_nobody_join(
    request, bring_in, people, paul, other_structure, operator, how
):
    if how == "left":
        request.getfixturevalue("gone")
    where = {"structure": other_structure, "by": people.eve.user}
    content = f"Adresse;Type;RPPS\npaul.liste@chu-exemple.mssante.fr;PER;{paul.rpps}\n"
    report = bring_in(content, **where)
    line = report.lines.get()
    assert line.outcome == "rejected"
    assert "n’est celui d’aucune personne inscrite ici" in line.remark
    assert not Bal.objects.filter(address="paul.liste@chu-exemple.mssante.fr").exists()
    assert paul.affiliations.current().count() == 1
