"""A person's contact details are the person's: whoever else gives others, they hear of it where they were told before,
may refuse, and no link that acts goes there before a delay."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.jobs import run
from mailboxes.lifecycle import Act, State, Verb
from mailboxes.models import SYSTEM, Bal, ContactChange, JournalEntry, Notice, Person
from mailboxes.models.contacts import FORMER, NEW
from mailboxes.notices import links
from mailboxes.notices.telling import path_of
from mailboxes.rules import NotAllowed, Refused, check_apply_contact, check_object_contact

PAUL, NEWER, THIRD = "paul@exemple.invalid", "nouvelle@exemple.invalid", "troisieme@exemple.invalid"


def ask(people, email=NEWER, channel="email", **facts):
    return actions.ask_contact(people.paul, by=people.gisele.user, channel=channel, email=email, **facts)


@pytest.fixture
def change(people):
    return ask(people)


def email(person):
    return Person.objects.get(pk=person.pk).email


def state(change):
    return ContactChange.objects.get(pk=change.pk).state


def link(change, stage):
    return path_of(Notice.objects.get(entry=change.entry, stage=stage))


def answer(change, stage, said):
    """What the page says, by the link that this mail held."""
    done = Client().post(link(change, stage), {"answer": said})
    return " ".join(str(message) for message in get_messages(done.wsgi_request))


def alerted(per):
    """The notice of an idle alert, written now."""
    Bal.objects.filter(pk=per.pk).update(clock_at=timezone.now() - timedelta(days=330), state=State.ACTIVE)
    actions.move(Bal.objects.get(pk=per.pk), Verb.ALERT_IDLE, by=SYSTEM)
    return Notice.objects.select_related("person", "bal", "entry").filter(stage=Verb.ALERT_IDLE).latest("pk")


def acts(notice):
    """Does its mail lead to where one answers without logging in?"""
    notice = Notice.objects.select_related("person", "bal", "entry").get(pk=notice.pk)
    return path_of(notice).startswith("/avis/repondre/")


@pytest.fixture
def pass_time(time_machine):
    def go(**delta):
        time_machine.move_to(timezone.now() + timedelta(**delta), tick=False)

    return go


# --- The attack of the review, within one structure -------------------------------------------------------------------
def test_a_gestionnaire_does_not_take_over_the_notices_of_a_professional(
    client, people, per, mailoutbox, django_capture_on_commit_callbacks, pass_time
):
    """They give an address of their own; the next idle alert goes on to the professional, who hears of it and says
    no; even confirmed, that address gets no link that acts."""
    client.force_login(people.gisele.user)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("person-preferences", args=[people.paul.pk]), {"channel": "email", "email": NEWER})
    change = ContactChange.objects.get()
    assert sorted(mail.to[0] for mail in mailoutbox) == [NEWER, PAUL]
    assert alerted(per).address == PAUL
    assert "confirmée" in answer(change, NEW, "confirm")
    notice = alerted(per)
    assert (notice.address, acts(notice)) == (NEWER, False)
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer(change, FORMER, "object")
    assert email(people.paul) == PAUL
    assert [mail.to for mail in mailoutbox] == [[people.gisele.user.email]]
    pass_time(days=8)
    run("settle_waiting")
    notice = alerted(per)
    assert (notice.address, acts(notice)) == (PAUL, True)


def test_the_journal_of_the_person_tells_every_step_and_who_did_it(people, change):
    answer(change, NEW, "confirm")
    answer(change, FORMER, "object")
    lines = {line.what: line for line in JournalEntry.objects.filter(person=people.paul)}
    assert set(lines) == {Act.ASK_CONTACT, Act.CONFIRM_CONTACT, Act.OBJECT_CONTACT}
    assert lines[Act.ASK_CONTACT].actor == people.gisele.user
    assert NEWER in lines[Act.ASK_CONTACT].after
    for act in (Act.CONFIRM_CONTACT, Act.OBJECT_CONTACT):
        assert lines[act].by is None, "nobody was logged in"
        assert lines[act].actor == "lien signé envoyé à Paul EXEMPLE"
        assert "Gisele" in lines[act].note, "who gave that address may have read it"


def test_an_answer_by_a_link_says_who_gave_the_address_it_was_sent_to(client, people, per, pass_time):
    ask(people)
    pass_time(days=7)
    run("settle_waiting")
    client.post(path_of(alerted(per)), {"answer": "kept"})
    line = per.journal.get(what=Verb.OPPOSE)
    assert "adresse donnée par Gisele" in line.note
    assert line.by is None


# --- The delay --------------------------------------------------------------------------------------------------------
def test_without_a_word_it_counts_once_the_delay_has_passed(people, per, change, pass_time):
    pass_time(days=6, hours=23)
    run("settle_waiting")
    assert (email(people.paul), state(change)) == (PAUL, "asked")
    pass_time(hours=2)
    assert run("settle_waiting").done == 1
    assert (email(people.paul), state(change)) == (NEWER, "applied")
    notice = alerted(per)
    assert (notice.address, acts(notice)) == (NEWER, True)
    assert JournalEntry.objects.filter(what=Act.APPLY_CONTACT, person=people.paul, by=None).count() == 1
    assert run("settle_waiting").done == 0


def test_a_confirmed_address_gets_links_that_act_once_the_delay_has_passed(people, per, change, pass_time):
    answer(change, NEW, "confirm")
    notice = alerted(per)
    assert not acts(notice)
    pass_time(days=7)
    assert acts(notice), "even before the job has come by"
    run("settle_waiting")
    assert state(change) == "applied"


def test_the_delay_is_a_setting(people, settings):
    settings.CONTACT_DELAY = timedelta(0)
    change = ask(people)
    run("settle_waiting")
    assert (state(change), email(people.paul)) == ("applied", NEWER)


def test_a_second_change_is_announced_where_the_person_was_told_before_the_first(people, change):
    """Else the one who gave the first would alone hear of the second."""
    answer(change, NEW, "confirm")
    second = ask(people, THIRD)
    assert state(change) == "replaced"
    assert email(people.paul) == PAUL
    told = set(Notice.objects.filter(entry=second.entry).values_list("stage", "address"))
    assert told == {(FORMER, PAUL), (NEW, THIRD)}
    assert "ne sert plus" in answer(change, FORMER, "object")
    answer(second, FORMER, "object")
    assert email(people.paul) == PAUL


def test_the_channel_is_of_the_person_too(people, per, change):
    """« de vive voix, par le gestionnaire » would leave every notice in the gestionnaire's hands."""
    ask(people, email="", channel="hand")
    assert alerted(per).channel == "email"
    assert Notice.objects.filter(stage=FORMER, address=PAUL).count() == 2


def test_nothing_new_is_asked_of_nobody(people):
    with pytest.raises(Refused, match="Rien ne change"):
        ask(people, PAUL)
    assert not JournalEntry.objects.exists()


# --- The first address ------------------------------------------------------------------------------------------------
@pytest.fixture
def zoe(people, structure, make_bal):
    """Entered by a gestionnaire, with an address, and no account; she holds a BAL."""
    facts = {"given_name": "Zoé", "family_name": "Exemple", "rpps": "10000000066", "has_cps": True}
    person = actions.record_person(structure, by=people.gisele.user, email=NEWER, **facts)
    make_bal("PER", person, address="zoe@chu-exemple.mssante.fr")
    return person


def test_a_first_address_is_told_at_once_and_its_links_act_once_confirmed(zoe):
    bal, change = Bal.objects.get(), ContactChange.objects.get()
    notice = alerted(bal)
    assert (notice.address, acts(notice)) == (NEWER, False)
    answer(change, NEW, "confirm")
    assert (state(change), acts(notice)) == ("applied", True)


def test_a_first_address_that_nobody_confirmed_acts_after_the_delay(zoe, pass_time):
    notice = alerted(Bal.objects.get())
    pass_time(days=7)
    assert acts(notice)


def test_whoever_reads_a_first_address_that_is_not_theirs_says_so_and_it_goes(zoe):
    answer(ContactChange.objects.get(), NEW, "object")
    assert email(zoe) == ""


def test_what_the_application_itself_enters_needs_no_confirmation(structure):
    actions.record_person(structure, by=SYSTEM, given_name="A", family_name="B", email=NEWER)
    assert not ContactChange.objects.exists()
    assert not Notice.objects.exists()


def test_the_address_of_an_account_is_one_where_the_person_is_known(people):
    Person.objects.filter(pk=people.paul.pk).update(email="")
    change = ask(people)
    assert not change.is_first
    assert (email(people.paul), Notice.objects.get(stage=FORMER).address) == ("", people.paul.user.email)


# --- One's own --------------------------------------------------------------------------------------------------------
def test_one_s_own_change_counts_at_once_and_is_announced_at_the_former_address(people, per, change):
    actions.prefer_channel(people.paul, by=people.paul.user, channel="email", email=THIRD)
    assert state(change) == "replaced"
    notice = alerted(per)
    assert (notice.address, acts(notice)) == (THIRD, True)
    told = Notice.objects.get(stage=Act.PREFER_CHANNEL)
    assert (told.address, path_of(told)) == (PAUL, reverse("my-preferences"))


@pytest.mark.parametrize(("said", "after"), [("confirm", NEWER), ("object", PAUL)])
def test_one_answers_logged_in_too(client, people, per, change, said, after):
    client.force_login(people.paul.user)
    page = client.get(reverse("my-bals")).content.decode()
    assert NEWER in page
    client.post(reverse("contact-answer", args=[change.pk]), {"answer": said})
    assert email(people.paul) == after
    act = Act.CONFIRM_CONTACT if said == "confirm" else Act.OBJECT_CONTACT
    assert JournalEntry.objects.get(what=act).actor == people.paul.user
    assert acts(alerted(per)), "it is theirs, by their own word"


def test_what_was_refused_or_may_still_be_is_not_applied(people, change):
    with pytest.raises(Refused, match="peut encore refuser"):
        actions.apply_contact(change, by=SYSTEM)
    actions.object_contact(change, by=people.paul.user)
    with pytest.raises(Refused, match="sont déjà refusées"):
        actions.apply_contact(change, by=SYSTEM)
    assert email(people.paul) == PAUL


def test_nobody_else_answers(client, people, change):
    for who in (people.gisele, people.alice, people.eve):
        client.force_login(who.user)
        assert client.post(reverse("contact-answer", args=[change.pk]), {"answer": "confirm"}).status_code == 404
        with pytest.raises(NotAllowed):
            actions.confirm_contact(change, by=who.user)
        with pytest.raises(NotAllowed):
            actions.object_contact(change, by=who.user)
    assert state(change) == "asked"


@pytest.mark.sqlite_run
def test_what_waits_is_shown_where_gestionnaire_and_person_look(client, people, change):
    for who, name in ((people.gisele, "person"), (people.paul, "person")):
        client.force_login(who.user)
        page = client.get(reverse(name, args=[people.paul.pk])).content.decode()
        assert NEWER in page
        assert ("Les refuser" in page) == (who is people.paul)


# --- The links --------------------------------------------------------------------------------------------------------
@pytest.mark.sqlite_run
def test_looking_changes_nothing(client, people, change):
    for stage in (FORMER, NEW):
        for method in (client.get, client.head):
            assert method(link(change, stage)).status_code == 200
        assert "no-store" in client.get(link(change, stage)).headers["Cache-Control"]
    assert state(change) == "asked"


@pytest.mark.sqlite_run
def test_the_former_address_is_not_told_the_new_one_whole(client, change):
    assert NEWER not in client.get(link(change, FORMER)).content.decode()


@pytest.mark.sqlite_run
def test_the_former_address_does_not_confirm(change):
    assert "ne permet pas" in answer(change, FORMER, "confirm")
    assert state(change) == "asked"


@pytest.mark.parametrize(("stage", "said"), [(FORMER, "object"), (NEW, "object"), (NEW, "confirm")])
def test_each_link_serves_once(people, change, stage, said):
    told = answer(change, stage, said)
    assert told.startswith("C’est noté")
    before = JournalEntry.objects.count()
    assert answer(change, stage, said) == told, "a thumb that presses twice is told the same"
    assert JournalEntry.objects.count() == before


def test_after_a_refusal_the_other_answer_is_refused(change):
    answer(change, NEW, "object")
    assert answer(change, NEW, "confirm").startswith("Ce lien")
    assert state(change) == "objected"


def test_a_refusal_holds_against_a_later_confirmation(people, change):
    answer(change, FORMER, "object")
    assert "ne sert plus" in answer(change, NEW, "confirm")
    assert email(people.paul) == PAUL


def test_after_the_delay_the_links_are_dead_though_the_job_has_not_come_by(people, change, pass_time):
    pass_time(days=7)
    for stage, said in ((NEW, "confirm"), (FORMER, "object")):
        assert "délai" in answer(change, stage, said)
    assert state(change) == "asked"


def test_the_delay_is_over_at_its_very_moment(people, change, time_machine):
    time_machine.move_to(change.due_at - timedelta(microseconds=1), tick=False)
    check_object_contact(change, by=people.paul.user)
    with pytest.raises(Refused, match="peut encore refuser"):
        check_apply_contact(change, by=SYSTEM)
    time_machine.move_to(change.due_at, tick=False)
    with pytest.raises(Refused, match="Le délai est passé"):
        check_object_contact(change, by=people.paul.user)
    check_apply_contact(change, by=SYSTEM)


@pytest.mark.sqlite_run
def test_a_tampered_or_old_link_or_one_of_another_sort_is_refused(client, people, change, pass_time):
    notice = Notice.objects.get(stage=NEW)
    token = links.sign_notice(notice, links.CONTACT)
    wrong = [token[:-1] + ("A" if token[-1] != "A" else "B"), "rien", links.sign_notice(notice)]
    for bad in wrong:
        url = reverse("contact-link", args=[bad])
        assert client.get(url).status_code == client.post(url, {"answer": "confirm"}).status_code == 404
    pass_time(seconds=settings.ANSWER_LINK_VALID.total_seconds() + 60)
    assert client.post(reverse("contact-link", args=[token]), {"answer": "confirm"}).status_code == 410
    assert state(change) == "asked"


@pytest.mark.sqlite_run
@pytest.mark.parametrize("said", ["", "autre"])
def test_an_answer_that_is_none_is_refused_in_words(change, said):
    assert answer(change, NEW, said) == "Choisissez une des réponses."


def test_the_announcement_sent_again_goes_where_it_went(people, change):
    notice = Notice.objects.get(stage=FORMER)
    actions.confirm_contact(change, by=people.paul.user)
    Notice.objects.filter(pk=notice.pk).update(sent_at=None, attempts=3)
    actions.resend_notice(notice, by=people.gisele.user)
    assert Notice.objects.get(pk=notice.pk).address == PAUL


# --- A signed link works once, whatever its sort ----------------------------------------------------------------------
def test_the_link_of_an_earlier_mail_does_not_undo_what_a_link_answered(client, people, per):
    """Low list of the review: « unused », then « used »."""
    alert = alerted(per)
    other = Notice.objects.get(pk=alert.pk)
    other.pk, other.key = None, "another mail of the same question"
    other.save()
    client.post(path_of(alert), {"answer": "unused"})
    assert Bal.objects.get(pk=per.pk).state == State.DEPUBLICATION_REQUESTED
    for notice in (alert, other):
        for said in Notice.Answer:
            client.post(path_of(notice), {"answer": said})
    assert Bal.objects.get(pk=per.pk).state == State.DEPUBLICATION_REQUESTED


@pytest.mark.sqlite_run
def test_no_link_that_acts_leaves_for_an_address_that_somebody_else_just_gave(people, per, make_entry, fresh):
    """Every sort of notice that may hold one."""
    make_entry("ailleurs@ailleurs.mssante.fr", person_id=people.paul.rpps)
    actions.ask_use(per, by=SYSTEM)
    actions.ask_person(people.paul, by=SYSTEM)
    entry = JournalEntry.objects.create(what=Act.ASK_CAMPAIGN, person=people.paul)
    facts = {"person": people.paul, "party": "holders", "recipient": "Paul", "channel": "email", "address": PAUL}
    Notice.objects.create(entry=entry, stage=f"{Act.ASK_CAMPAIGN}-cleanup", key="campaign", **facts)
    joining = JournalEntry.objects.create(what=Act.ASK_JOINING, person=people.paul)
    Notice.objects.create(entry=joining, stage=Act.ASK_JOINING, key="joining", **facts)
    notices = Notice.objects.select_related("person", "bal", "entry")
    signed = ("/avis/repondre/", "/adresses/", "/questions/", "/rattachement/")
    assert sorted(path_of(notice).startswith(signed) for notice in notices) == [True] * 4
    Person.objects.update(links_from=timezone.now() + timedelta(days=1))
    assert [path_of(notice) for notice in notices.all() if path_of(notice).startswith(signed)] == []


def test_once_confirmed_the_page_of_the_link_asks_no_more_and_says_until_when_one_may_refuse(client, change):
    page = client.get(link(change, NEW)).text
    assert "Est-ce bien votre adresse" in page
    answer(change, NEW, "confirm")
    page = client.get(link(change, NEW)).text
    assert "Cette adresse est confirmée" in page
    assert "vous pouvez encore les refuser" in page
    assert "Est-ce bien votre adresse" not in page
    assert "confirmez-la" not in page
