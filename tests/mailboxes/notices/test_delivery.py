"""By which channel a notice goes, what becomes of it, and what the gestionnaire does where it did not reach."""

import contextlib
import os
import re
import socket
from base64 import encodebytes
from datetime import timedelta
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from io import BytesIO, TextIOWrapper
from smtplib import SMTPAuthenticationError, SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected
from threading import Thread
from unittest import mock

import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from balmanager.operations import checks
from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import SYSTEM, Bal, JournalEntry, Notice, Person, RestingServer
from mailboxes.notices import links, telling
from mailboxes.notices.telling import tell_one
from mailboxes.rules import NotAllowed, Refused
from tests.servers import free_port

MSSANTE = {"backend": "django.core.mail.backends.locmem.EmailBackend"}


def alert(bal):
    actions.move(bal, Verb.ALERT_IDLE, by=SYSTEM)
    return Notice.objects.get(stage=Verb.ALERT_IDLE)


def send(notice):
    JournalEntry.objects.filter(pk=notice.entry_id).update(leased_until=None)
    done = tell_one(notice.entry_id)
    notice.refresh_from_db()
    return done


# --- The channel that one chose -------------------------------------------------------------------------------------
def prefer(person, by, **facts):
    return actions.prefer_channel(person, by=by.user, **{"channel": "email", "email": person.email, **facts})


def test_one_chooses_oneself_and_the_next_notice_goes_that_way(per, people, settings, mailoutbox):
    settings.MSSANTE_MAIL, settings.MSSANTE_FROM_EMAIL = MSSANTE, "avis@chu-exemple.mssante.fr"
    prefer(people.paul, people.paul, channel="mssante", mssante_address="Paul.Autre@chu-exemple.mssante.fr")
    notice = alert(per)
    assert (notice.channel, notice.address) == ("mssante", "paul.autre@chu-exemple.mssante.fr")
    assert send(notice)
    [mail] = mailoutbox
    assert (mail.to, mail.from_email) == (["paul.autre@chu-exemple.mssante.fr"], "avis@chu-exemple.mssante.fr")
    entry = JournalEntry.objects.get(what=Act.PREFER_CHANNEL)
    assert (entry.by, entry.person) == (people.paul.user, people.paul)


def test_a_bal_is_not_told_of_itself_in_itself(per, people, settings):
    settings.MSSANTE_MAIL = MSSANTE
    prefer(people.paul, people.paul, channel="mssante", mssante_address=per.address)
    assert alert(per).channel == "email"


def test_who_wants_no_mail_is_left_to_the_gestionnaire(per, people):
    prefer(people.paul, people.paul, channel="hand")
    notice = alert(per)
    assert (notice.channel, notice.sent_at) == ("hand", None)
    assert "à remettre" in notice.get_delivery_display()
    assert list(BY_NAME["non-remis"].bals(Bal.objects.all())) == [per]


@pytest.mark.parametrize("name", ["bruno", "lea", "eve", "gisele"])
def test_nobody_else_says_how_a_person_is_told(people, name):
    with pytest.raises(NotAllowed):
        prefer(people.paul, getattr(people, name))


@pytest.mark.parametrize(
    ("facts", "has_server", "said"),
    [
        ({"email": ""}, False, "courriel"),
        ({"channel": "mssante", "mssante_address": "a@b.mssante.fr"}, False, "n’envoie pas"),
        ({"channel": "mssante"}, True, "adresse MSSanté"),
        ({"channel": "mssante", "mssante_address": "a@exemple.invalid"}, True, "n’est pas une adresse MSSanté"),
    ],
)
def test_a_channel_needs_its_address(people, settings, facts, has_server, said):
    settings.MSSANTE_MAIL = MSSANTE if has_server else {}
    with pytest.raises(Refused, match=said):
        prefer(people.paul, people.paul, **facts)


def test_an_account_that_is_nobody_s_is_told_where_it_hears_of_things(client, structure):
    client.force_login(get_user_model().objects.create(username="direction", email="direction@exemple.invalid"))
    page = client.get(reverse("my-preferences"), follow=True)
    assert page.redirect_chain == [(reverse("account"), 302)]
    assert "celui d’aucune personne du registre" in page.text
    assert "direction@exemple.invalid" in page.text


def test_the_page_of_preferences(client, people):
    people.paul.user.set_password("correct-cheval-pile")
    people.paul.user.save()
    client.force_login(people.paul.user)
    page = client.get(reverse("my-preferences")).content.decode()
    assert 'value="hand"' in page
    assert 'value="mssante"' not in page, "no server for it here"
    for password in ("", "un-autre-que-le-sien"):
        client.post(reverse("my-preferences"), {"channel": "hand", "email": "", "password": password})
        assert Person.objects.get(pk=people.paul.pk).channel == "email"
    client.post(reverse("my-preferences"), {"channel": "hand", "email": "", "password": "correct-cheval-pile"})
    assert Person.objects.get(pk=people.paul.pk).channel == "hand"
    client.force_login(people.eve.user)
    assert client.get(reverse("person-preferences", args=[people.paul.pk])).status_code == 404
    client.force_login(people.gisele.user)
    answer = client.post(reverse("person-preferences", args=[people.paul.pk]), {"channel": "email", "email": ""})
    assert "Donnez un courriel" in str(answer.context["form"].errors)


# --- What the mail server says ----------------------------------------------------------------------------------------
class Server:
    """A real SMTP server that answers so to RCPT; `at_data`: what it says once it has the mail."""

    answer = at_data = "250 OK"

    async def handle_DATA(self, server, session, envelope):
        return self.at_data

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer


@pytest.fixture
def server(settings):
    handler = Server()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield handler
    controller.stop()


@pytest.mark.parametrize(
    ("answer", "is_bounced", "is_sent"),
    [
        ("250 OK", False, True),
        ("550 5.1.1 no such user", True, False),
        ("552 5.2.2 mailbox full", True, False),
        ("550 5.7.1 relaying denied", False, False),  # about us, not about the recipient
        ("451 4.7.1 greylisted", False, False),
    ],
)
def test_what_is_refused_for_good_is_not_sent_again(per, server, answer, is_bounced, is_sent):
    server.answer = answer
    notice = alert(per)
    assert send(notice) == (is_bounced or is_sent)
    assert (notice.bounced_at is not None, notice.sent_at is not None) == (is_bounced, is_sent)
    assert answer[4:] in notice.error or is_sent
    assert (jobs.run("tell_again", timezone.now() + timedelta(days=2)).done == 0) or not is_bounced
    notice.refresh_from_db()
    assert notice.attempts == 1 or not is_bounced


@pytest.mark.parametrize(
    ("answer", "is_bounced"),
    [
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", True),  # as Exchange does
        ("554 5.2.2 mailbox full", True),
        ("550 5.7.1 refused by policy", False),
        ("554 5.6.0 content", False),
        ("451 4.3.0 later", False),
    ],
)
def test_a_recipient_refused_once_the_mail_is_there_is_refused_too(per, server, answer, is_bounced):
    server.at_data = answer
    notice = alert(per)
    assert (send(notice), notice.bounced_at is not None) == (is_bounced, is_bounced)


def test_what_is_no_address_is_refused_and_holds_up_nothing(per, org, people, server):
    Person.objects.filter(pk=people.paul.pk).update(email="paul\n@exemple")
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    actions.move(org, Verb.ALERT_IDLE, by=SYSTEM)
    jobs.run("tell_again")
    sent = {notice.recipient: notice.sent_at is not None for notice in Notice.objects.all()}
    assert sent == {"Paul EXEMPLE": False, "Alice EXEMPLE": True, "Bruno EXEMPLE": True}
    assert Notice.objects.get(bal=per).bounced_at


def test_the_tries_of_what_fails_grow_rarer(per, server, settings):
    server.answer = "451 4.3.0 later"
    notice = alert(per)
    for tries in range(3):
        assert not send(notice)
        wait = JournalEntry.objects.get(pk=notice.entry_id).leased_until - timezone.now()
        assert wait > settings.NOTICE_LEASE * 2**tries * 0.9


# --- A server that fails --------------------------------------------------------------------------------------------
@pytest.fixture
def silent(settings):
    """A mail server that takes the call and says nothing; how often it was called."""
    calls = []

    def pick_up():
        with contextlib.suppress(OSError):
            while True:
                calls.append(listening.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = listening.getsockname()
        settings.EMAIL_TIMEOUT = 0.2
        thread = Thread(target=pick_up)
        thread.start()
        yield calls
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for call in calls:
        call.close()


def test_a_silent_server_is_waited_for_once_and_what_waits_for_it_stays_due(per, org, people, silent):
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    actions.move(org, Verb.ALERT_IDLE, by=SYSTEM)
    jobs.run("tell_again")
    jobs.run("tell_again")
    assert len(silent) == 1
    assert sorted(Notice.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    first, second = JournalEntry.objects.order_by("at")
    assert first.leased_until > timezone.now()
    assert second.leased_until is None


def test_a_silent_server_does_not_stop_the_other_channel(per, org, people, settings, silent, mailoutbox):
    settings.MSSANTE_MAIL, settings.MSSANTE_FROM_EMAIL = MSSANTE, "avis@chu-exemple.mssante.fr"
    prefer(people.paul, people.paul, channel="mssante", mssante_address="paul.autre@chu-exemple.mssante.fr")
    actions.move(org, Verb.ALERT_IDLE, by=SYSTEM)
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    jobs.run("tell_again")
    assert [mail.to for mail in mailoutbox] == [["paul.autre@chu-exemple.mssante.fr"]]


def test_a_server_that_failed_is_asked_again_a_minute_later_by_whatever_process(per, server, time_machine):
    """Which of them it failed does not matter: it stands in the database."""
    time_machine.move_to(timezone.now(), tick=False)
    telling.let_rest("email", TimeoutError())
    notice = alert(per)
    assert not send(notice)
    since = RestingServer.objects.get().since
    time_machine.shift(telling.REST)
    telling.let_rest("email", TimeoutError())  # it fails again: it does since the first time
    assert RestingServer.objects.get().since == since
    time_machine.shift(telling.REST)
    assert send(notice)
    assert not RestingServer.objects.exists()


def test_that_a_mail_server_rests_is_seen_by_those_who_run_the_service(db):
    telling.let_rest("mssante", TimeoutError())
    (outcome,) = checks.look(["mail"])
    assert not outcome.is_well
    assert "le serveur MSSanté est laissé au repos : il échoue depuis le" in outcome.says


@pytest.mark.parametrize(
    ("error", "is_server"),
    [
        (TimeoutError(), True),
        (ConnectionRefusedError(), True),
        (SMTPServerDisconnected("gone"), True),
        (SMTPAuthenticationError(535, b"no"), True),
        (SMTPRecipientsRefused({"a@b.fr": (550, b"no")}), False),
        (SMTPDataError(554, b"no"), False),
        (ValueError("no address"), False),
    ],
)
def test_who_failed_server_or_message(error, is_server):
    assert telling.is_of_server(error) is is_server


def test_a_lease_is_renewed_at_each_notice_and_who_lost_it_sends_no_more(org, people, server, time_machine, settings):
    """Twenty slow notices last longer than one lease: another process would send them all again."""
    actions.move(org, Verb.ALERT_IDLE, by=SYSTEM)
    entry = Notice.objects.first().entry_id
    time_machine.move_to(timezone.now(), tick=False)
    send, late = telling._send, []

    def slowly(notice):
        time_machine.shift(settings.NOTICE_LEASE * 0.7)
        late.append(JournalEntry.objects.untold(timezone.now()).filter(pk=entry).exists())
        return send(notice)

    with mock.patch.object(telling, "_send", slowly):
        assert tell_one(entry)
    assert late == [False, False]

    Notice.objects.update(sent_at=None)
    JournalEntry.objects.update(told_at=None, leased_until=None)

    def lose_it(notice):
        JournalEntry.objects.filter(pk=entry).update(leased_until=timezone.now() + timedelta(hours=1))  # by another
        return send(notice)

    with mock.patch.object(telling, "_send", lose_it):
        assert not tell_one(entry)
    assert Notice.objects.exclude(sent_at=None).count() == 1


def test_the_same_mail_keeps_its_message_id_and_a_forged_one_is_nobody_s(per, mailoutbox, settings):
    notice = alert(per)
    send(notice)
    message_id = mailoutbox[0].extra_headers["Message-ID"]
    assert links.notice_of_message(f"References: <x@y> {message_id}") == notice.pk
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, [settings.SECRET_KEY]
    assert links.notice_of_message(message_id) == notice.pk, "a mail of before the new key may come back"
    assert links.notice_of_message(message_id.replace(f".{notice.pk}.", f".{notice.pk + 1}.")) is None


# --- What comes back later --------------------------------------------------------------------------------------------
def report(message_id, *, action="failed", whole=False, diagnostic="smtp; 550 5.1.1 <paul@x> unknown"):
    """A delivery status notification as Postfix writes it."""
    message = MIMEMultipart("report", **{"report-type": "delivery-status"})
    message["From"], message["Subject"] = "MAILER-DAEMON@mx.invalid", "Undelivered Mail Returned to Sender"
    message.attach(MIMEText("This is the mail system at host mx.invalid."))
    status = MIMEBase("message", "delivery-status")
    about_mail = EmailMessage()
    about_mail["Reporting-MTA"] = "dns; mx.invalid"
    about_recipient = EmailMessage()
    about_recipient["Final-Recipient"] = "rfc822; paul@exemple.invalid"
    about_recipient["Action"], about_recipient["Status"] = action, "5.1.1"
    about_recipient["Diagnostic-Code"] = diagnostic
    status.set_payload([about_mail, about_recipient])
    message.attach(status)
    original = EmailMessage()
    original["Message-ID"], original["To"] = message_id, "paul@exemple.invalid"
    original.set_content("Bonjour")
    if whole:
        message.attach(MIMEMessage(original))
    else:
        headers = MIMEBase("text", "rfc822-headers")
        headers.set_payload(f"Message-ID: {message_id}\nTo: paul@exemple.invalid\n")
        message.attach(headers)
    return message.as_bytes()


@pytest.fixture
def sent(per):
    notice = alert(per)
    send(notice)
    return notice


def read(content, tmp_path, capsys):
    path = tmp_path / "bounce.eml"
    path.write_bytes(content)
    call_command("read_bounces", file=path)
    return capsys.readouterr().out


@pytest.mark.parametrize("whole", [True, False])
def test_a_mail_that_came_back_is_not_delivered(sent, per, tmp_path, capsys, whole):
    content = report(links.message_id(sent), whole=whole)
    assert "1 avis marqués" in read(content, tmp_path, capsys)
    assert "0 avis marqués non remis, 1 déjà" in read(content, tmp_path, capsys)
    sent.refresh_from_db()
    assert sent.bounced_at
    assert "5.1.1" in sent.error
    assert list(BY_NAME["non-remis"].bals(Bal.objects.all())) == [per]
    assert not Bal.objects.due_for_depublication(timezone.now() + timedelta(days=900)).exists()


def in_base64(content):
    """Each part but the first, which is for people, with what it holds encoded."""
    start, *parts, end = content.split(b"\n--")
    for rank, part in enumerate(parts[1:], 1):
        head, _, held = part.partition(b"\n\n")
        parts[rank] = head + b"\nContent-Transfer-Encoding: base64\n\n" + encodebytes(held)
    return b"\n--".join([start, *parts, end])


@pytest.mark.parametrize("kind", ["message/delivery-status", "message/global-delivery-status"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_report_in_base64_is_read(sent, tmp_path, capsys, kind, whole):
    content = in_base64(report(links.message_id(sent), whole=whole)).replace(b"message/delivery-status", kind.encode())
    assert b"Final-Recipient" not in content
    assert "1 avis marqués" in read(content, tmp_path, capsys)
    sent.refresh_from_db()
    assert "5.1.1" in sent.error


def test_a_delay_is_no_refusal(sent, tmp_path, capsys):
    assert "0 avis marqués" in read(report(links.message_id(sent), action="delayed"), tmp_path, capsys)


def test_a_forged_and_a_foreign_report_change_nothing(sent, tmp_path, capsys):
    for message_id in (f"<avis.{sent.pk}.00000000000000000000@localhost>", "<other@exemple.invalid>"):
        assert "1 sans rapport" in read(report(message_id), tmp_path, capsys)
    assert "0 avis marqués" in read(b"Subject: Absence du bureau\n\nJe reviens lundi.", tmp_path, capsys)
    sent.refresh_from_db()
    assert sent.bounced_at is None


def test_any_bytes_are_read_without_failing(db, tmp_path, capsys):
    for content in (b"", os.urandom(4000), report("<x>")[:700], b"From \n\n\n"):
        read(content, tmp_path, capsys)


def test_a_mailbox_of_reports_and_the_standard_input_are_read(sent, tmp_path, capsys, monkeypatch):
    content = report(links.message_id(sent))
    mbox = b"From MAILER-DAEMON Sat Jan  3 01:05:34 2026\n" + content + b"\n\n"
    mbox += b"From x Sat Jan  3 01:05:35 2026\n" + report("<other@x>") + b"\n"
    assert "1 avis marqués non remis, 0 déjà connus, 1 sans" in read(mbox, tmp_path, capsys)
    Notice.objects.update(bounced_at=None)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(content)))
    call_command("read_bounces", stdin=True)
    assert "1 avis marqués" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_told(db, tmp_path):
    with pytest.raises(CommandError, match="Lecture impossible"):
        call_command("read_bounces", file=tmp_path / "rien")


# --- Mending ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def bounced(sent):
    Notice.objects.update(bounced_at=timezone.now(), error="550 5.1.1 no such user")
    sent.refresh_from_db()
    return sent


@pytest.mark.parametrize("odd", ["<", "< @ >", "<[10.0.0.1]", "<a@[b>"])
def test_a_malformed_header_of_another_mail_keeps_no_report_from_being_read(sent, tmp_path, capsys, odd):
    foreign = report("<other@x>", whole=True).replace(b"<other@x>", odd.encode())
    own = report(links.message_id(sent))
    mbox = b"".join(b"From x Sat Jan  3 01:05:34 2026\n" + one + b"\n\n" for one in (foreign, own))
    assert "1 avis marqués non remis, 0 déjà connus, 1 sans" in read(mbox, tmp_path, capsys)


def test_the_gestionnaire_sees_whom_no_notice_reached_and_the_remedies(client, people, bounced):
    client.force_login(people.gisele.user)
    page = client.get(reverse("notice-list")).content.decode()
    assert "no such user" in page
    for name, pk in (
        ("person-preferences", people.paul.pk),
        ("notice-resend", bounced.pk),
        ("notice-give", bounced.pk),
    ):
        assert reverse(name, args=[pk]) in page
    client.force_login(people.lea.user)
    page = client.get(reverse("notice-list")).content.decode()
    assert "no such user" in page
    assert reverse("notice-give", args=[bounced.pk]) not in page, "a reader mends nothing"
    client.force_login(people.eve.user)
    assert "Tous les avis sont remis" in client.get(reverse("notice-list")).content.decode()
    for name in ("notice-resend", "notice-give"):
        assert client.post(reverse(name, args=[bounced.pk])).status_code == 404


def first_remedy(client, person):
    """What stands in the row itself; the others are under the word beside it."""
    client.force_login(person.user)
    page = client.get(reverse("notice-list")).content.decode()
    row = page.partition('class="row-acts')[2]
    return re.search(r'class="btn btn-sm btn-primary"\s+href="([^"]+)"', row.partition("<details")[0])[1]


def test_what_mends_a_notice_stands_first(client, people, bounced):
    mend, resend, give = (
        reverse(name, args=[pk])
        for name, pk in (
            ("person-preferences", people.paul.pk),
            ("notice-resend", bounced.pk),
            ("notice-give", bounced.pk),
        )
    )
    assert first_remedy(client, people.gisele) == mend, "the address is wrong"
    prefer(people.paul, people.paul, email="bon@exemple.invalid")
    assert first_remedy(client, people.gisele) == resend, "it is mended"
    Notice.objects.filter(pk=bounced.pk).update(channel=Notice.Channel.HAND, bounced_at=None, sent_at=None, address="")
    assert first_remedy(client, people.gisele) == give, "no mail is wanted"


def test_once_the_address_is_mended_the_notice_goes_again(
    client, people, bounced, mailoutbox, django_capture_on_commit_callbacks
):
    mailoutbox.clear()
    prefer(people.paul, people.paul, email="bon@exemple.invalid")
    client.force_login(people.gisele.user)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("notice-resend", args=[bounced.pk]))
    assert [mail.to for mail in mailoutbox] == [["bon@exemple.invalid"]]
    bounced.refresh_from_db()
    assert bounced.is_delivered
    entry = JournalEntry.objects.get(what=Act.RESEND_NOTICE)
    assert "refusé le" in entry.before
    assert "@exemple" not in entry.before + entry.after, "the other holders read the journal"
    with pytest.raises(Refused, match="est remis"):
        actions.resend_notice(bounced, by=people.gisele.user)


def test_nothing_is_sent_again_to_nowhere(people, bounced):
    Person.objects.filter(pk=people.paul.pk).update(email="")
    with pytest.raises(Refused, match="Aucune adresse"):
        actions.resend_notice(bounced, by=people.gisele.user)


@pytest.mark.parametrize("name", ["paul", "lea", "eve"])
def test_a_gestionnaire_alone_mends(people, bounced, name):
    user = getattr(people, name).user
    with pytest.raises(NotAllowed):
        actions.resend_notice(bounced, by=user)
    with pytest.raises(NotAllowed):
        actions.give_notice(bounced, by=user, how="par téléphone", on=timezone.localdate())


def test_how_a_notice_was_given_is_told(people, bounced):
    with pytest.raises(Refused, match="Dites comment"):
        actions.give_notice(bounced, by=people.gisele.user, how=" ", on=timezone.localdate())


@pytest.mark.parametrize(("days", "is_taken"), [(-1, False), (0, True), (1, False)])
def test_a_notice_is_given_between_its_writing_and_today(people, bounced, days, is_taken):
    given = {"how": "en main propre", "on": timezone.localdate() + timedelta(days=days), "by": people.gisele.user}
    if is_taken:
        assert "en main propre" in actions.give_notice(bounced, **given).get_delivery_display()
        assert not BY_NAME["non-remis"].bals(Bal.objects.all()).exists()
        return
    with pytest.raises(Refused, match="La date"):
        actions.give_notice(bounced, **given)


def test_the_form_writes_down_how_it_was_given(client, people, bounced):
    client.force_login(people.gisele.user)
    url = reverse("notice-give", args=[bounced.pk])
    client.post(url, {"how": "par téléphone", "on": f"{timezone.localdate()}", "note": "Au secrétariat."})
    entry = JournalEntry.objects.get(what=Act.GIVE_NOTICE)
    assert (entry.note, entry.bal_id) == ("Au secrétariat.", bounced.bal_id)
    assert "par téléphone" in entry.after
