"""A notice is answered by its link, without logging in: signed, for a time, once; and its outcome is proven."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import ANSWERABLE, Act, State, Verb
from mailboxes.models import SYSTEM, AccessTrace, Bal, JournalEntry, Notice, Person, Signatory, Structure
from mailboxes.notices import links
from mailboxes.notices.proof import with_outcomes
from mailboxes.notices.telling import path_of
from mailboxes.rules import NotAllowed, Refused

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def alert(per):
    """Paul was alerted of an idle PER."""
    Bal.objects.update(clock_at=timezone.now() - timedelta(days=330))
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    Notice.objects.update(sent_at=timezone.now())
    return Notice.objects.get()


@pytest.fixture
def link(alert):
    return path_of(alert)


def said(answer):
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def state(bal):
    return Bal.objects.get(pk=bal.pk).state


def test_every_step_that_can_be_opposed_is_answered_by_its_link():
    assert {line for line in ANSWERABLE if line in Verb.values} == {
        Verb.ALERT_IDLE, Verb.REQUEST_DEPUBLICATION, Verb.DEPUBLISH_IDLE, Verb.VERIFY_DEPUBLICATION,
        Verb.REQUEST_DELETION, Verb.CANCEL_DELETION, Verb.RETRACT_DELETION,
    }  # fmt: skip


def test_the_link_needs_no_log_in_and_looking_changes_nothing(client, per, alert, link):
    for method in (client.get, client.head):
        assert method(link).status_code == 200
    page = client.get(link)
    assert per.address in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "same-origin", "the link is told to nobody else"
    assert state(per) == State.IDLE_ALERTED
    assert JournalEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("said_", "after", "is_used"),
    [
        ("used", State.ACTIVE, True),
        ("kept", State.ACTIVE, False),
        ("unused", State.DEPUBLICATION_REQUESTED, False),
    ],
)
def test_each_answer_does_what_it_says(client, people, per, alert, link, said_, after, is_used):
    Person.objects.filter(pk=people.paul.pk).update(user=None)  # paul has no account
    assert "C’est noté" in said(client.post(link, {"answer": said_}))
    per.refresh_from_db()
    assert per.state == after
    assert (per.last_used_at is not None) == is_used
    alert.refresh_from_db()
    assert alert.answer == said_
    entry = per.journal.exclude(what=Verb.ALERT_IDLE).get()
    assert (entry.by, entry.person, str(entry.actor)) == (None, people.paul, f"lien signé envoyé à {people.paul}")


def test_the_link_serves_once_and_says_so(client, per, alert, link):
    client.post(link, {"answer": "kept"})
    assert "déjà répondu" in said(client.post(link, {"answer": "unused"}))
    assert state(per) == State.ACTIVE
    page = client.get(link).content.decode()
    assert "Ce lien a servi" in page
    assert 'name="answer"' not in page


@pytest.mark.parametrize("answer", Notice.Answer)
def test_a_thumb_that_presses_twice_is_told_the_same(client, per, alert, link, answer):
    told = said(client.post(link, {"answer": answer}))
    assert told.startswith("C’est noté")
    before = JournalEntry.objects.count()
    assert said(Client().post(link, {"answer": answer})) == told
    assert JournalEntry.objects.count() == before


def test_whom_to_ask_is_named(client, structure, per, alert, link):
    client.post(link, {"answer": "kept"})
    assert "ou demandez au gestionnaire MSSanté (CHU)." in client.get(link).text
    Structure.objects.filter(pk=structure.pk).update(referent="Anne Ruiz", referent_phone="01 02 03 04 05")
    assert "ou demandez à Anne Ruiz, qui suit MSSanté (CHU), 01 02 03 04 05." in client.get(link).text


def test_a_link_that_has_expired_says_how_long_it_held_and_what_to_do(client, alert, link, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=31))
    page = client.get(link)
    assert page.status_code == 410
    assert "Un lien est valable 30\u00a0jours" in page.text
    assert "Me connecter et voir mes BAL" in page.text


def test_an_old_mail_s_link_does_not_undo_a_later_decision(client, people, per, alert, link):
    """The alert was opposed in the application; the mail still lies in the mailbox."""
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    for answer in Notice.Answer:
        client.post(link, {"answer": answer})
        assert state(per) == State.ACTIVE
    assert "plus rien à répondre" in client.get(link).content.decode()


def test_the_link_expires_and_tells_how_to_go_on(client, per, link, time_machine):
    time_machine.move_to(timezone.now() + settings.ANSWER_LINK_VALID - timedelta(minutes=1), tick=False)
    assert client.get(link).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(minutes=2), tick=False)
    page = client.get(link)
    assert page.status_code == 410
    assert "connectez-vous" in page.content.decode()
    assert client.post(link, {"answer": "kept"}).status_code == 410
    assert state(per) == State.IDLE_ALERTED


@pytest.mark.parametrize("where", [0, 5, -1])
def test_a_tampered_link_is_refused(client, per, alert, where):
    letters = list(links.sign_notice(alert))
    letters[where] = "A" if letters[where] != "A" else "B"
    url = reverse("notice-link", args=["".join(letters)])
    assert client.get(url).status_code == client.post(url, {"answer": "kept"}).status_code == 404
    assert state(per) == State.IDLE_ALERTED


def test_a_link_of_one_sort_is_not_one_of_the_other(client, alert):
    assert client.get(reverse("notice-link", args=[links.sign_notice(alert, links.CLAIMS)])).status_code == 404
    assert client.get(reverse("claims-link", args=[links.sign_notice(alert)])).status_code == 404


def test_who_holds_it_no_more_answers_nothing(client, org, people):
    actions.move(org, Verb.REQUEST_DEPUBLICATION, by=people.gisele.user)
    notice = Notice.objects.get(person=people.bruno)
    actions.remove_cotitulaire(org, people.bruno, by=people.alice.user)
    assert "n’êtes plus titulaire" in client.get(path_of(notice)).content.decode()
    assert "réservé" in said(client.post(path_of(notice), {"answer": "kept"}))
    assert state(org) == State.DEPUBLICATION_REQUESTED


def test_a_cotitulaire_keeps_it_but_does_not_ask_for_its_end(client, org, people):
    Bal.objects.update(state=State.ACTIVE)
    actions.move(org, Verb.ALERT_IDLE, by=SYSTEM)
    page = client.get(path_of(Notice.objects.get(person=people.bruno))).content.decode()
    assert 'value="kept"' in page
    assert 'value="unused"' not in page
    assert 'value="unused"' in client.get(path_of(Notice.objects.get(person=people.alice))).content.decode()


def test_the_question_on_use_is_answered_by_its_link(client, per):
    actions.ask_use(per, by=SYSTEM)
    url = path_of(Notice.objects.get())
    page = client.get(url).content.decode()
    assert "inconnue" in page
    assert 'value="kept"' not in page
    client.post(url, {"answer": "used"})
    per.refresh_from_db()
    assert (per.state, per.last_used_source) == (State.ACTIVE, "answer")


def test_the_answer_of_another_and_a_notice_without_answer_are_refused(people, per, alert):
    with pytest.raises(NotAllowed):
        actions.answer_notice(alert, "kept", by=Signatory(people.alice))
    with pytest.raises(NotAllowed):
        actions.answer_notice(alert, "kept", by=people.paul.user)
    Notice.objects.update(sent_at=None)  # once sent, its stage stands
    Notice.objects.update(stage=Verb.ACTIVATE)
    with pytest.raises(NotAllowed):
        actions.answer_notice(Notice.objects.get(), "kept", by=Signatory(people.paul))


def test_what_is_no_answer_is_refused(people, alert):
    with pytest.raises(Refused, match="Choisissez une des réponses"):
        actions.answer_notice(alert, "maybe", by=Signatory(people.paul))


def test_csrf_guards_the_link(link):
    assert Client(enforce_csrf_checks=True).post(link, {"answer": "kept"}).status_code == 403


def test_the_mail_leads_to_the_link_and_says_nothing_of_the_bal(
    per, people, django_capture_on_commit_callbacks, mailoutbox
):
    with django_capture_on_commit_callbacks(execute=True):
        actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    [mail] = mailoutbox
    assert f"{settings.SITE_URL}/avis/repondre/" in mail.body
    assert per.address not in mail.subject + mail.body


# --- Proof ------------------------------------------------------------------------------------------------------------
def outcome(notice):
    return with_outcomes([Notice.objects.get(pk=notice.pk)])[0].outcome


def test_the_outcome_is_read_from_what_followed(client, people, per, alert, link):
    assert outcome(alert) == "sans réponse à ce jour"
    client.post(link, {"answer": "kept"})
    assert outcome(alert).startswith("répondu «\u00a0Je la garde")
    Notice.objects.update(answered_at=None)
    assert outcome(alert).startswith("opposition le")
    assert outcome(alert).endswith("(lien signé envoyé à Paul EXEMPLE)")


def test_what_was_not_delivered_awaits_no_answer(alert):
    Notice.objects.update(bounced_at=timezone.now())
    assert outcome(alert) == ""


def test_an_alert_without_answer_ends_in_a_depublication(per, alert):
    actions.move(per, Verb.DEPUBLISH_IDLE, by=SYSTEM)
    assert outcome(alert).startswith("sans réponse, dépublication demandée")


def test_the_proof_shows_text_recipient_channel_date_and_outcome(client, people, per, alert):
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-notices", args=[per.pk])).content.decode()
    for fact in (alert.text[:40], "Paul EXEMPLE", "Courriel", f"{timezone.localtime(alert.sent_at):%d/%m/%Y à %H:%M}",
                 "Sans réponse à ce jour"):  # fmt: skip
        assert fact in page, fact
    assert people.paul.email not in page, "other holders read this page"
    assert AccessTrace.objects.get().what == "notices"


def test_a_delegataire_reads_no_proof(client, people, org):
    client.force_login(people.delphine.user)
    assert client.get(reverse("bal-notices", args=[org.pk])).status_code == 403


@pytest.mark.parametrize("name", ["bal-notices", "notice-list", "bal"])
def test_the_queries_do_not_grow_with_the_notices(client, people, per, name, django_assert_max_num_queries):
    client.force_login(people.gisele.user)
    url = reverse(name, args=[] if name == "notice-list" else [per.pk])

    def queries():
        with django_assert_max_num_queries(40) as seen:
            client.get(url)
        return len(seen)

    def write(count, about):
        for number in range(count):
            entry = JournalEntry.objects.create(what=Act.ASK_USE, **about)
            Notice.objects.create(
                entry=entry, bal=about.get("bal"), person=people.paul, stage=entry.what, party="holders",
                recipient="Paul", channel="none", key=f"{entry.pk}-{number}",
            )  # fmt: skip

    for about in ({"bal": per}, {"person": people.paul}):
        write(2, about)
    few = queries()
    for about in ({"bal": per}, {"person": people.paul}):
        write(10, about)
    assert queries() == few
