"""What a mail to a person says: its subject, its one button, who to ask; and what it must not say."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from directory.typography import typeset
from mailboxes import actions
from mailboxes.lifecycle import State, Verb
from mailboxes.models import SYSTEM, JournalEntry, Notice, Structure
from mailboxes.notices.mails import sample_mail
from mailboxes.notices.telling import tell_one
from mailboxes.notices.wordings import WORDINGS, Awaits
from tests.mailboxes.notices.test_notices import FOLDER
from tests.test_typography import BREAKABLE, words_of


@pytest.fixture
def alert(per, mailoutbox):
    """The mail of an alert to Paul."""

    def go():
        actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
        JournalEntry.objects.update(leased_until=None)
        tell_one(Notice.objects.get(stage=Verb.ALERT_IDLE).entry_id)
        return mailoutbox[-1]

    return go


def test_each_text_of_a_notice_has_its_mail_and_no_mail_is_left_over():
    assert {name.partition("-")[0] for name in WORDINGS} == {path.stem for path in FOLDER.iterdir()}


@pytest.mark.parametrize("name", WORDINGS)
def test_a_mail_says_what_it_wants_in_a_few_words(name):
    wording = WORDINGS[name]
    assert len(wording.subject) <= 75
    assert not wording.subject.endswith((".", "!"))
    assert wording.says.endswith((".", "?"))
    assert not wording.button.endswith(".")
    if wording.awaits == Awaits.NOTHING:
        assert "?" not in wording.subject


def test_an_alert_names_the_structure_and_the_last_day(alert, per, settings):
    per.clock_at = timezone.now() - timedelta(days=305)
    per.save()
    mail = alert()
    assert re.fullmatch(
        r"\[CHU\] Une de vos boîtes MSSanté semble inutilisée : répondez avant le \d+(er)? \w+ \d{4}|"
        r"\[CHU\] Une de vos boîtes MSSanté semble inutilisée : répondez avant le \d\d/\d\d/\d{4}",
        mail.subject,
    )
    assert Notice.objects.get(stage=Verb.ALERT_IDLE).subject == mail.subject, "the proof keeps it"


def test_html_and_text_say_the_same_and_name_no_address(alert, per):
    Structure.objects.filter(pk=per.structure.parent_id).update(referent="Gisèle Fournel", referent_phone="04 77 00 21")
    mail = alert()
    ((html, kind),) = mail.alternatives
    assert kind == "text/html"
    for said in (mail.body, html):
        assert per.address not in said
        assert "Gisèle Fournel" in said
        assert "04 77 00 21" in said
        assert "valable une seule fois, jusqu’au" in said
        assert said.count(f"{settings.SITE_URL}/avis/repondre/") == 1
        assert typeset(WORDINGS[Verb.ALERT_IDLE].says) in said
    assert html.count("<a ") == 1, "one button"


def test_without_a_name_the_structure_is_named(alert):
    assert "Adressez-vous au gestionnaire MSSanté (CHU)" in alert().body


def test_nobody_is_written_about_their_own_act(org, people):
    actions.move(org, Verb.ALERT_IDLE, by=SYSTEM)
    actions.move(org, Verb.OPPOSE, by=people.bruno.user)
    told = Notice.objects.filter(stage=Verb.OPPOSE)
    assert list(told.values_list("recipient", flat=True)) == [str(people.alice)]
    assert told.get().subject == "[CHU] Pour information : une de vos boîtes MSSanté est gardée"


@pytest.mark.parametrize("name", WORDINGS)
def test_no_mail_lets_a_line_break_before_a_sign(name, structure):
    wording = WORDINGS[name]
    mail = sample_mail(wording, f"[CHU] {wording.subject} : répondez avant le 2 mai", structure)
    words = [mail.text, *words_of(mail.html, is_html=True)]
    assert [text for text in words if BREAKABLE.search(text)] == []


def test_the_preview_of_all_mails_is_for_administrators(client, people, admin_client):
    client.force_login(people.gisele.user)
    for path in (reverse("styleguide"), reverse("styleguide-mail", args=["alert_idle"])):
        assert client.get(path).status_code == 404
        assert admin_client.get(path).status_code == 200
    page = admin_client.get(reverse("styleguide")).content.decode()
    for wording in WORDINGS.values():
        assert typeset(wording.says) in page
    for scheme in ("light", "dark"):
        assert f'<div class="scheme-shown" data-bs-theme="{scheme}">' in page
    for state, label in State.choices:
        assert page.count(f'<span class="badge state-{state}">{label}</span>') == 2, "in both schemes"
    assert admin_client.get(reverse("styleguide-mail", args=["rien"])).status_code == 404
    assert "unsafe-inline" not in admin_client.get(reverse("styleguide")).headers["Content-Security-Policy"]
