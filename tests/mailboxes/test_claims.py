"""Each professional says of every address under their RPPS whether it is theirs: logged in, or by a signed link."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from directory.models import Entry, SyncRun
from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME
from mailboxes.lifecycle import Act, State
from mailboxes.models import SYSTEM, Affiliation, Bal, Claim, JournalEntry, Notice, Person, Reading, Signatory
from mailboxes.notices import links
from mailboxes.rules import NotAllowed, Refused, check_ask_person, check_remind_person

ELSEWHERE = "paul@ailleurs.mssante.fr"
USED, UNUSED, NOT_MINE = Claim.Answer


@pytest.fixture
def listed(db):
    """`listed(paul, address)`: the annuaire, fresh, lists this address under paul's RPPS."""
    SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())

    def enter(person, address=ELSEWHERE):
        now = timezone.now()
        return Entry.objects.create(
            source="extraction", address=address, kind="PER", digest="x", person_id_type="8", person_id=person.rpps,
            first_seen_at=now, changed_at=now,
        )  # fmt: skip

    return enter


@pytest.fixture
def asked(people, listed):
    listed(people.paul)
    actions.ask_person(people.paul, by=SYSTEM)
    return Claim.objects.get()


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


def ask():
    return jobs.run("ask_unidentified")


# --- Asking -----------------------------------------------------------------------------------------------------------
def test_each_is_asked_once_and_reminded_once_in_a_cycle(people, listed, time_machine):
    listed(people.paul)
    listed(people.paul, "paul.bis@ailleurs.mssante.fr")
    for days, stages in [(0, 1), (0, 1), (13, 1), (2, 2), (30, 2), (319, 2), (2, 3), (15, 4)]:
        time_machine.move_to(timezone.now() + timedelta(days), tick=False)
        SyncRun.objects.update(generated_at=timezone.now())
        ask()
        assert Notice.objects.count() == stages, days
    assert set(Notice.objects.values_list("person", "stage")) == {
        (people.paul.pk, Act.ASK_PERSON), (people.paul.pk, Act.REMIND_PERSON),
    }  # fmt: skip
    assert set(Claim.objects.values_list("cycle", flat=True)) == {2}


def test_the_answered_one_is_not_reminded_and_a_new_one_is_asked_alone(people, listed, asked):
    actions.answer(people.paul, ELSEWHERE, USED, by=people.paul.user)
    Claim.objects.update(asked_at=timezone.now() - timedelta(days=400))
    assert ask().done == 0
    listed(people.paul, "paul.bis@ailleurs.mssante.fr")
    ask()
    text = Notice.objects.order_by("pk").last().text
    assert "paul.bis@" in text
    assert ELSEWHERE not in text


def test_what_they_hold_in_the_register_is_not_asked(people, listed, per):
    listed(people.paul, per.address)
    assert ask().done == 0


def test_who_works_nowhere_and_who_is_unknown_are_not_asked(people, listed):
    listed(people.paul)
    Affiliation.objects.filter(person=people.paul).update(left_on=timezone.localdate())
    assert ask().done == 0


def test_a_stale_annuaire_asks_nobody(people, listed):
    listed(people.paul)
    SyncRun.objects.update(generated_at=timezone.now() - timedelta(days=3, minutes=1))
    assert ask().done == 0
    with pytest.raises(Refused, match="trop ancien"):
        actions.ask_person(people.paul, by=people.gisele.user)


def test_what_left_the_annuaire_is_not_reminded(asked):
    Claim.objects.update(asked_at=timezone.now() - timedelta(days=20))
    Entry.objects.update(withdrawn_at=timezone.now())
    assert ask().done == 0


def test_the_command_is_dry_until_told_for_real(people, listed, capsys):
    listed(people.paul)
    call_command("job", "ask_unidentified")
    assert "Paul EXEMPLE" in capsys.readouterr().out
    assert not Claim.objects.exists()
    call_command("job", "ask_unidentified", for_real=True)
    assert Claim.objects.get().person == people.paul


@pytest.mark.parametrize("name", ["eve", "alice", "lea"])
def test_only_a_gestionnaire_of_their_structure_asks_a_person(people, listed, name):
    listed(people.paul)
    with pytest.raises(NotAllowed):
        actions.ask_person(people.paul, by=getattr(people, name).user)
    actions.ask_person(people.paul, by=people.gisele.user)


def test_the_mail_is_a_pointer_with_a_link_and_nothing_else(
    people, listed, mailoutbox, django_capture_on_commit_callbacks, client
):
    listed(people.paul)
    with django_capture_on_commit_callbacks(execute=True):
        actions.ask_person(people.paul, by=SYSTEM)
    (mail,) = mailoutbox
    assert mail.to == [people.paul.email]
    assert ELSEWHERE not in mail.body
    assert people.paul.rpps not in mail.body
    link = next(word for word in mail.body.split() if word.startswith(settings.SITE_URL))
    assert ELSEWHERE in client.get(link.removeprefix(settings.SITE_URL)).content.decode()
    assert JournalEntry.objects.get().told_at


# --- Answering --------------------------------------------------------------------------------------------------------
def test_used_dates_the_last_use_of_a_bal_they_hold(people, listed, per):
    listed(people.paul, per.address)
    actions.answer(people.paul, per.address, USED, by=people.paul.user)
    assert Reading.objects.get().source == "answer"
    per.refresh_from_db()
    assert per.last_used_at


def test_used_stops_the_way_out(people, listed, per):
    Bal.objects.update(state=State.IDLE_ALERTED)
    listed(people.paul, per.address)
    actions.answer(people.paul, per.address, USED, by=people.paul.user)
    per.refresh_from_db()
    assert per.state == State.ACTIVE


def test_used_outside_the_register_is_remembered(people, asked):
    answered = actions.answer(people.paul, ELSEWHERE, USED, by=people.paul.user)
    asked.refresh_from_db()
    assert (asked.answer, asked.channel, answered.bal) == (USED, "app", None)
    entry = JournalEntry.objects.get(what=Act.ANSWER)
    assert (entry.person, entry.address, entry.by) == (people.paul, ELSEWHERE, people.paul.user)


def test_unused_asks_for_the_depublication_of_a_bal_they_hold(people, listed, per):
    listed(people.paul, per.address)
    assert actions.answer(people.paul, per.address, UNUSED, by=people.paul.user).moved
    per.refresh_from_db()
    assert per.state == State.DEPUBLICATION_REQUESTED
    assert Notice.objects.filter(party="operator").count() == 1


def test_unused_by_a_cotitulaire_asks_for_nothing(people, listed, org):
    listed(people.bruno, org.address)
    assert not actions.answer(people.bruno, org.address, UNUSED, by=people.bruno.user).moved
    org.refresh_from_db()
    assert org.state == State.ACTIVE


def test_not_mine_is_a_finding_until_it_is_mended(people, listed, per):
    find = BY_NAME["pas-a-lui"].bals
    entry = listed(people.bruno, per.address)
    actions.answer(people.bruno, per.address, NOT_MINE, by=people.bruno.user)
    assert list(find(Bal.objects.all())) == [per]
    Entry.objects.filter(pk=entry.pk).update(person_id=people.paul.rpps)
    assert not find(Bal.objects.all())
    actions.answer(people.paul, per.address, NOT_MINE, by=people.paul.user)
    assert list(find(Bal.objects.all())) == [per], "who holds it says so"


@pytest.mark.parametrize("name", ["bruno", "gisele", "eve"])
def test_nobody_answers_for_another(people, asked, name):
    with pytest.raises(NotAllowed):
        actions.answer(people.paul, ELSEWHERE, USED, by=getattr(people, name).user)
    with pytest.raises(NotAllowed):
        actions.answer(people.paul, ELSEWHERE, USED, by=SYSTEM)


def test_two_persons_without_account_are_not_each_other(people):
    Person.objects.update(user=None)
    paul, bruno = Person.objects.get(pk=people.paul.pk), Person.objects.get(pk=people.bruno.pk)
    assert paul.is_actor(Signatory(paul))
    assert not bruno.is_actor(Signatory(paul))
    assert not bruno.is_actor(SYSTEM)


def test_an_address_that_is_not_under_their_rpps_is_refused(people, listed):
    listed(people.bruno)
    with pytest.raises(Refused, match="ne donne pas"):
        actions.answer(people.paul, ELSEWHERE, USED, by=people.paul.user)
    with pytest.raises(Refused, match="trois réponses"):
        actions.answer(people.paul, ELSEWHERE, "peut-être", by=people.paul.user)


# --- In the application -----------------------------------------------------------------------------------------------
def test_my_bals_shows_every_address_and_takes_the_answer(client, people, listed, per):
    listed(people.paul)
    listed(people.bruno, "bruno@ailleurs.mssante.fr")
    client.force_login(people.paul.user)
    page = client.get(reverse("my-bals")).content.decode()
    assert ELSEWHERE in page
    assert "bruno@ailleurs" not in page
    answer = client.post(reverse("claim-answer"), {"address": ELSEWHERE, "answer": "unused"})
    guide = client.get(answer.url).content.decode()
    assert "Je suis titulaire de la BAL MSSanté" in guide
    assert per.address in guide, "the box to which the auto-reply sends"
    claim = Claim.objects.get()
    client.force_login(people.bruno.user)
    assert client.get(reverse("claim-guide", args=[claim.pk])).status_code == 404


def test_a_refusal_is_told(client, people, listed):
    client.force_login(people.paul.user)
    assert "ne donne pas" in said(client.post(reverse("claim-answer"), {"address": "x@y.fr", "answer": "used"}))[0]


# --- By the signed link -----------------------------------------------------------------------------------------------
@pytest.fixture
def link(asked):
    return reverse("claims-link", args=[links.sign_notice(Notice.objects.get(person=asked.person), links.CLAIMS)])


def test_the_link_needs_no_log_in_and_acts_by_a_button_alone(client, asked, link):
    for method in (client.get, client.head):
        assert method(link).status_code == 200
    asked.refresh_from_db()
    assert asked.answer == ""
    assert JournalEntry.objects.count() == 1
    client.post(link, {"address": ELSEWHERE, "answer": "used"})
    asked.refresh_from_db()
    assert (asked.answer, asked.channel) == (USED, "link")
    assert "no-store" in client.get(link).headers["Cache-Control"]


def test_the_link_answers_what_was_asked_in_the_very_moment_of_its_mail(client, asked, link):
    Claim.objects.update(asked_at=Notice.objects.get(person=asked.person).created_at)
    client.post(link, {"address": ELSEWHERE, "answer": "used"})
    asked.refresh_from_db()
    assert asked.answer == USED


@pytest.mark.parametrize("field", ["address", "answer"])
def test_a_character_that_no_text_has_is_refused(client, asked, link, field):
    client.raise_request_exception = False
    answer = client.post(link, {"address": ELSEWHERE, "answer": "used", field: "a\0"})
    assert answer.status_code in (302, 400)
    asked.refresh_from_db()
    assert not asked.answer


def test_the_link_answers_once(client, asked, link):
    client.post(link, {"address": ELSEWHERE, "answer": "used"})
    answer = client.post(link, {"address": ELSEWHERE, "answer": "not_mine"})
    assert "déjà répondu" in " ".join(said(answer))
    asked.refresh_from_db()
    assert asked.answer == USED
    assert 'value="not_mine"' not in client.get(link).content.decode()


def test_a_thumb_that_presses_twice_is_told_the_same_and_the_title_asks_no_more(client, asked, link):
    assert "Cette adresse est-elle à vous" in client.get(link).text
    told = [said(client.post(link, {"address": ELSEWHERE, "answer": "used"})) for _ in range(2)]
    assert told[0] == told[1][-1:]
    page = client.get(link).text
    assert re.search(r"<h1[^>]*>\s*C’est noté\s*</h1>", page)
    assert "sont-elles" not in page
    assert "Me connecter et voir mes BAL" in page


def test_the_link_expires(client, asked, link, time_machine):
    time_machine.move_to(timezone.now() + settings.ANSWER_LINK_VALID - timedelta(minutes=1), tick=False)
    assert client.get(link).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(minutes=2), tick=False)
    assert client.get(link).status_code == 410
    assert client.post(link, {"address": ELSEWHERE, "answer": "used"}).status_code == 410
    asked.refresh_from_db()
    assert asked.answer == ""


@pytest.mark.parametrize("where", [0, 5, -1])
def test_a_tampered_link_is_refused(client, asked, where):
    token = links.sign_notice(Notice.objects.get(person=asked.person), links.CLAIMS)
    letters = list(token)
    letters[where] = "A" if letters[where] != "A" else "B"
    url = reverse("claims-link", args=["".join(letters)])
    assert client.get(url).status_code == 404
    assert client.post(url, {"address": ELSEWHERE, "answer": "used"}).status_code == 404
    asked.refresh_from_db()
    assert asked.answer == ""


def test_the_link_answers_only_what_was_asked(client, people, listed, asked, link):
    listed(people.paul, "paul.bis@ailleurs.mssante.fr")
    listed(people.bruno, "bruno@ailleurs.mssante.fr")
    Claim.objects.create(person=people.paul, address="paul.bis@ailleurs.mssante.fr", asked_at=timezone.now())
    for address in ("paul.bis@ailleurs.mssante.fr", "bruno@ailleurs.mssante.fr"):
        assert "ne porte pas" in " ".join(said(client.post(link, {"address": address, "answer": "used"})))
    assert not Claim.objects.exclude(answer="").exists(), "nor what was asked after this mail was sent"


def test_a_person_without_account_moves_their_bal_by_the_link(client, people, asked, per, link):
    Person.objects.filter(pk=people.paul.pk).update(user=None)
    Claim.objects.update(address=per.address)
    client.post(link, {"address": per.address, "answer": "unused"})
    per.refresh_from_db()
    assert per.state == State.DEPUBLICATION_REQUESTED
    entry = per.journal.get(what="request_depublication")
    assert (entry.by, entry.person, entry.actor) == (None, people.paul, f"lien signé envoyé à {people.paul}")


def test_csrf_guards_the_link(asked, link):
    from django.test import Client  # noqa: PLC0415

    assert Client(enforce_csrf_checks=True).post(link, {"address": ELSEWHERE, "answer": "used"}).status_code == 403


def test_nobody_is_asked_or_reminded_of_nothing(people, fresh):
    for check, by in [(check_ask_person, people.gisele.user), (check_remind_person, SYSTEM)]:
        with pytest.raises(Refused) as refusal:
            check(people.paul, [], fresh, by=by)
        assert refusal.value.code == "asked"
        check(people.paul, ["paul@ailleurs.mssante.fr"], fresh, by=by)


def test_a_place_that_the_annuaire_says_twice_is_read_once(people, listed, visit):
    for ordinal in range(2):
        entry = listed(people.paul)
        Entry.objects.filter(pk=entry.pk).update(
            structure_name="CHU", service="Imagerie", ordinal=ordinal, digest=ordinal
        )
    page = visit(people.paul, "my-bals")
    assert page.text.count("CHU, Imagerie") == 1
