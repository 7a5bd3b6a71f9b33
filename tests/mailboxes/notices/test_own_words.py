"""What a structure adds to the notices of its people: where it is read, who writes it, and what it must not say."""

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from directory.typography import of, typeset
from mailboxes import actions
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import SYSTEM, JournalEntry, Membership, Notice, Structure
from mailboxes.models.memory import per_request
from mailboxes.models.own_words import LONGEST, OwnWords, own_words
from mailboxes.models.thresholds import chosen
from mailboxes.notices.mails import mail_of
from mailboxes.notices.telling import tell_one
from mailboxes.notices.wordings import OF_PEOPLE, WORDINGS
from mailboxes.rules import Refused

pytestmark = pytest.mark.django_db

WORDS = "Un doute ?\nPoste 4212, de 9 h à 17 h."


@pytest.fixture(autouse=True)
def _nothing_said():
    yield
    own_words.forget()


@pytest.fixture
def write(people, django_capture_on_commit_callbacks):
    def go(structure, text, *, kind=Verb.ALERT_IDLE, by=people.gisele.user):
        with django_capture_on_commit_callbacks(execute=True):
            return actions.write_words(structure, kind, text, by=by)

    return go


@pytest.fixture
def group(per, people):
    """The structure above, that Gisèle manages too."""
    above = per.structure.parent
    Membership.objects.create(user=people.gisele.user, structure=above, role=Membership.Role.GESTIONNAIRE)
    return above


def alerted(bal):
    actions.move(bal, Verb.ALERT_IDLE, by=SYSTEM)
    notice = Notice.objects.filter(stage=Verb.ALERT_IDLE, party="holders").latest("pk")
    JournalEntry.objects.update(leased_until=None)
    tell_one(notice.entry_id)
    return notice


def test_it_is_read_in_the_notice_and_in_both_halves_of_the_mail(write, per, mailoutbox):
    write(per.structure, WORDS)
    notice = alerted(per)
    assert notice.text.endswith(f"\n\n{per.structure} ajoute : {WORDS}"), "the proof keeps it"
    ((html, _),) = mailoutbox[-1].alternatives
    assert WORDS in mailoutbox[-1].body
    assert "ajoute\u00a0: Un doute ?<br>Poste 4212" in html
    assert per.address not in mailoutbox[-1].body


def test_markup_in_it_stays_text(write, per, mailoutbox):
    write(per.structure, "<b>Urgent</b> & vrai")
    alerted(per)
    assert "&lt;b&gt;Urgent&lt;/b&gt; &amp; vrai" in mailoutbox[-1].alternatives[0][0]
    assert "<b>Urgent</b> & vrai" in mailoutbox[-1].body


def test_only_the_notices_of_its_kind_and_its_structure_say_it(write, per, org, mailoutbox):
    write(per.structure, "Pour les délégués.", kind=Act.DELEGATE)
    assert "ajoute" not in alerted(per).text
    elsewhere = Structure.objects.create(name="Ailleurs", kind=Structure.Kind.EHPAD)
    write(per.structure, WORDS)
    type(org).objects.filter(pk=org.pk).update(structure=elsewhere)
    org.refresh_from_db()
    assert "ajoute" not in alerted(org).text
    assert "ajoute" not in mailoutbox[-1].body


def test_that_of_the_structure_above_is_taken_where_there_is_none(write, per, group):
    write(group, "Mot du groupe.")
    assert own_words.of(per.structure, Verb.ALERT_IDLE) == "Mot du groupe."
    write(per.structure, "Mot du site.")
    assert own_words.of(per.structure, Verb.ALERT_IDLE) == "Mot du site."
    assert own_words.of(group, Verb.ALERT_IDLE) == "Mot du groupe."
    write(per.structure, "")
    assert own_words.of(per.structure, Verb.ALERT_IDLE) == "Mot du groupe.", "taken back, that of the group again"


def test_a_kind_with_a_number_is_said_of_all_its_numbers(write, per, mailoutbox):
    write(per.structure, WORDS, kind=Act.WARN_QUOTA)
    entry = JournalEntry.objects.create(bal=per, what=Act.WARN_QUOTA, at=timezone.now())
    notice = Notice(entry=entry, bal=per, stage="warn_quota-90")
    assert own_words.of(per.structure, Act.WARN_QUOTA) == WORDS
    assert mail_of(notice, "x", is_signed=False).own_words == WORDS


def test_the_journal_keeps_what_was_said_before(write, per, people):
    write(per.structure, "Poste 4212.")
    write(per.structure, "Poste 4213.")
    line = JournalEntry.objects.filter(what=Act.WRITE_WORDS).latest("pk")
    assert (line.before, line.after, line.by) == ("Poste 4212.", "Poste 4213.", people.gisele.user)
    assert line.note == WORDINGS[Verb.ALERT_IDLE].subject
    assert line.structure == per.structure
    assert OwnWords.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Écrivez à accueil@chu.mssante.fr.", "accueil@chu.mssante.fr. est une adresse MSSanté"),
        ("ACCUEIL@CHU.AURA.MSSANTE.FR", "adresse MSSanté"),
        ("Le patient 190017500100123 attend.", "190017500100123 ressemble au numéro d’une personne"),
        ("x" * (LONGEST + 1), f"fait {LONGEST + 1} caractères : {LONGEST} au plus"),
        ("  ", "Rien ne change"),
    ],
)
def test_what_a_mail_must_not_say_is_refused(write, per, text, says):
    with pytest.raises(Refused, match=says):
        write(per.structure, text)
    assert not OwnWords.objects.exists()


def test_a_telephone_or_an_ordinary_address_may_be_said(write, per):
    write(per.structure, "04 77 00 21 12 ou 0477002112, aide@chu.invalid")


def test_another_process_knows_it_with_its_next_request(per, people, settings, monkeypatch):
    OwnWords.objects.create(structure=per.structure, kind=Verb.ALERT_IDLE, text="Bonjour.", by=people.gisele.user)
    answer = per_request(lambda request: own_words.of(per.structure, Verb.ALERT_IDLE))
    settings.CHOSEN_FRESH_SECONDS = 10
    monkeypatch.setattr(own_words, "_read_at", float("-inf"))
    assert answer(None) == "Bonjour."
    OwnWords.objects.update(text="Bonsoir.")
    assert answer(None) == "Bonjour.", "ten seconds have not passed"


def test_the_page_says_each_notice_and_offers_what_one_may_do(client, people, per, group, write):
    write(group, "Mot du groupe.")
    page = reverse("notice-texts-of", args=[per.structure.pk])
    one = reverse("own-words", args=[per.structure.pk, Verb.ALERT_IDLE])
    client.force_login(people.lea.user)
    text = client.get(page).text
    assert all(typeset(WORDINGS[kind].subject) in text for kind in OF_PEOPLE)
    assert "repris ici" in text
    assert one not in text
    assert "réservé à" in client.get(one).text
    client.force_login(people.eve.user)
    assert client.get(page).status_code == client.get(one).status_code == 404
    client.force_login(people.gisele.user)
    assert one in client.get(page).text
    assert client.get(one.replace("alert_idle", "escalate_idle_gestionnaire")).status_code == 404
    assert client.get(one.replace("alert_idle", "rien")).status_code == 404
    assert "adresse MSSanté" in client.post(one, {"text": "a@chu.mssante.fr"}).text
    assert client.post(one, {"text": WORDS}, follow=True).redirect_chain[-1][0] == page
    text = client.get(page).text
    assert "Poste 4212, de 9 h à 17 h." in text
    assert "repris ici" not in text
    assert f"celui {of(group)} est repris" in client.get(one).context["form"]["text"].help_text
    told = client.post(one, {"text": " "}, follow=True)
    assert [str(message) for message in told.context["messages"]] == [
        f"Votre mot est retiré : dans les prochains avis, celui {of(group)} est repris."
    ]
    write(group, "")
    assert "Vide : rien n’est ajouté." in client.get(one).context["form"]["text"].help_text


def test_the_page_costs_the_same_for_any_number_of_words(client, people, per, write, django_assert_max_num_queries):
    client.force_login(people.gisele.user)
    page = reverse("notice-texts-of", args=[per.structure.pk])
    for kind in OF_PEOPLE:
        write(per.structure, "Poste 4212.", kind=kind)
    with django_assert_max_num_queries(14):
        client.get(page)


def test_the_sample_of_the_mail_says_how_long_its_link_lasts(client, people, per, time_machine):
    time_machine.move_to("2026-11-02T08:00:00Z", tick=False)
    client.force_login(people.gisele.user)
    text = client.get(reverse("own-words", args=[per.structure.pk, Verb.ALERT_IDLE])).text
    assert f"jusqu’au {date_format(timezone.localdate() + chosen.ANSWER_LINK_VALID, 'j F Y')}" in text


# --- About a person alone, a line names no structure: the mail is of where they are ---------------------------------
SPEAKS = "[CHU] Des adresses MSSanté à votre nom : sont-elles à vous ?"


@pytest.fixture
def asked(people, make_entry, fresh, mailoutbox):
    """`asked()`: the mail to Paul about an address that the annuaire gives him."""

    def go():
        make_entry("paul@ailleurs.mssante.fr", person_id=people.paul.rpps)
        tell_one(actions.ask_person(people.paul, by=people.gisele.user).pk)
        return mailoutbox[-1]

    return go


def test_who_is_asked_about_themselves_reads_which_structure_asks_and_what_it_adds(write, structure, asked):
    structure.referent = "Rémi Cornu"
    structure.save()
    write(structure, "Poste 4212.", kind=Act.ASK_PERSON)
    mail = asked()
    assert mail.subject == SPEAKS
    assert "Poste 4212." in mail.body
    assert "Rémi Cornu (messagerie MSSanté, CHU)" in mail.body
    assert "CHU ajoute : Poste 4212." in Notice.objects.latest("pk").text


def test_of_two_structures_the_one_that_asks_speaks(people, other_structure, asked):
    people.paul.affiliations.all().delete()
    for structure in (other_structure, people.gisele.affiliations.get().structure):
        people.paul.affiliations.create(structure=structure)
    assert asked().subject == SPEAKS
