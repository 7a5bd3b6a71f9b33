"""How full the BAL of an operator are, asked of a real Dovecot by IMAP QUOTA; and each way it can go wrong."""

import contextlib
import imaplib
import logging
import socket
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from unittest import mock

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from balmanager.operations import checks
from mailboxes import jobs
from mailboxes.findings import BY_NAME
from mailboxes.mailserver import connection, imap, visits
from mailboxes.mailserver.actions import give_secret, set_mail_server
from mailboxes.mailserver.imap import Space, read_space
from mailboxes.mailserver.visits import visit
from mailboxes.models import Bal, JournalEntry, MailAccess, MailServer, Operator, Reading
from mailboxes.rules import Refused
from tests.certificates import make_certificate
from tests.mailboxes.mailserver.dovecot import LOGIN, PASSWORD, run_dovecot
from tests.servers import free_port, or_skip, private_folder, wait_for

pytestmark = pytest.mark.django_db


def again(server):
    """As if what is waited for were past; what the server is then."""
    MailServer.objects.update(next_at=timezone.now())
    MailAccess.objects.update(next_at=timezone.now())
    visit(server.pk)
    server.refresh_from_db()
    return server


# --- What is read -------------------------------------------------------------------------------------------------
def test_the_space_of_a_bal_is_read_and_says_nothing_of_its_use(dovecot, set_server, per):
    dovecot.add(per.address, storage_mb=2)
    dovecot.fill(per.address, 1500)
    Bal.objects.update(read_at=None)
    server = set_server(dovecot)
    assert visit(server.pk) == 1
    reading = Reading.objects.get()
    assert (reading.source, reading.used_mb, reading.quota_mb) == (Reading.Source.IMAP, 2, 2)  # 1 500 Kio, 2 048 Kio
    per.refresh_from_db()
    assert (per.percent_full, per.last_used_at, per.clock_at) == (100, None, None)
    assert per.read_at is None  # its use is not seen, so nothing will be concluded from its silence
    assert not Reading.objects.seeing_use().exists()


def test_only_the_quota_is_asked_for(dovecot, set_server, per):
    """Dovecot tells what was fetched: neither a header nor a body; and a message stays new."""
    dovecot.add(per.address)
    dovecot.fill(per.address, 10)
    sent = []
    send = imaplib.IMAP4.send

    def heard(client, data):
        sent.append(bytes(data).split())
        return send(client, data)

    with mock.patch("imaplib.IMAP4.send", heard):
        visit(set_server(dovecot).pk)
    tagged = [words[1] for words in sent if len(words) > 1]
    assert tagged == [b"CAPABILITY", b"AUTHENTICATE", b"GETQUOTAROOT", b"LOGOUT"]
    assert "hdr_count=0 hdr_bytes=0 body_count=0 body_bytes=0" in dovecot.told().splitlines()[-1]
    assert [path.name for path in (dovecot.home(per.address) / "Maildir" / "new").iterdir()] != []


def test_a_bal_is_read_once_a_day_and_each_bal_of_the_operator(dovecot, set_server, per, org, make_bal, time_machine):
    time_machine.move_to(timezone.now(), tick=True)
    make_bal("ORG", state="deleted", address="partie@chu-exemple.mssante.fr")
    for bal in (per, org):
        dovecot.add(bal.address)
    server = set_server(dovecot)
    assert visit(server.pk) == 2
    assert visit(server.pk) == 0
    time_machine.shift(timedelta(days=1, minutes=1))
    assert visit(server.pk) == 2
    assert Reading.objects.count() == 4


def test_a_box_without_a_limit_is_told_as_such(dovecot, set_server, per):
    dovecot.add(per.address, storage_mb=None)
    server = again(set_server(dovecot))
    assert server.failing_since is None
    assert MailAccess.objects.get().failure.endswith("aucun espace pour cette BAL : rien n’est à relever.")


def test_a_space_that_makes_no_sense_is_not_kept_and_is_told(set_server, per, monkeypatch):
    monkeypatch.setattr(visits, "read_space", lambda *_: Space(10**9, 10**9))
    server = again(set_server())
    assert not Reading.objects.exists()
    assert "invraisemblable" in MailAccess.objects.get().failure
    assert server.failing_since is None


def test_a_fault_of_ours_is_told_and_the_server_is_free_again(set_server, per, monkeypatch):
    monkeypatch.setattr(visits, "read_space", lambda *_: 1 / 0)
    server = again(set_server())
    assert server.failure.startswith("Une erreur de notre côté")
    assert server.leased_until is None


def test_starttls_and_a_secret_of_the_box_s_own(dovecot, set_server, per, people):
    dovecot.add(per.address, "mot-de-passe-de-paul")
    server = set_server(dovecot, auth="own", imap_tls="starttls", imap_port=dovecot.imap)
    assert visit(server.pk) == 0  # nobody gave its secret: it is not asked for
    give_secret(per, "mot-de-passe-de-paul", by=people.paul.user)
    assert again(server).failing_since is None
    assert Reading.objects.get().bal == per


# --- Secrets ------------------------------------------------------------------------------------------------------
def test_secrets_are_locked_in_the_database_and_follow_a_change_of_key(dovecot, set_server, per, people, settings):
    dovecot.add(per.address)
    server = set_server(dovecot)
    assert PASSWORD not in server.secret
    assert not [line for line in JournalEntry.objects.values_list("before", "after", "note") if PASSWORD in str(line)]
    former, settings.SECRET_KEY = settings.SECRET_KEY, "une-nouvelle-clé-tirée-au-hasard-3f8a0c1d9e7b6a5f4c2d"
    settings.SECRET_KEY_FALLBACKS = [former]
    locked = server.secret
    assert again(server).failing_since is None
    assert server.secret != locked
    settings.SECRET_KEY_FALLBACKS = []  # the former key is thrown away
    assert again(server).failing_since is None
    settings.SECRET_KEY = "encore-une-autre-clé-tirée-au-hasard-1c9e8d7f6a5b4c3d2e"
    assert again(server).failure == "Le mot de passe du compte de service est à donner de nouveau."


def test_nothing_of_a_box_is_logged_even_at_debug(dovecot, set_server, per, caplog):
    """As the settings have it: imapclient would tell each answer."""
    dovecot.add(per.address)
    assert logging.getLogger("imapclient").getEffectiveLevel() == logging.WARNING
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        again(set_server(dovecot))
    finally:
        root.setLevel(level)
    assert "QUOTA" not in caplog.text
    assert per.address not in caplog.text
    assert PASSWORD not in caplog.text


# --- What goes wrong ----------------------------------------------------------------------------------------------
def test_a_bal_that_the_operator_does_not_know_stops_no_other(dovecot, set_server, per, org):
    dovecot.add(org.address)
    server = again(set_server(dovecot))
    assert server.failing_since is None
    assert Reading.objects.get().bal == org
    access = MailAccess.objects.get(bal=per)
    assert access.failure.startswith("L’opérateur refuse l’accès à cette BAL")
    assert access.attempts == 1


def test_a_wrong_password_of_the_service_account_is_the_server_s_failure(dovecot, set_server, make_bal):
    for number in range(5):
        dovecot.add(make_bal("ORG", address=f"b{number}@chu-exemple.mssante.fr").address)
    server = again(set_server(dovecot, password="faux"))
    assert server.failure.startswith("L’opérateur refuse le compte de service")
    assert MailAccess.objects.failing().count() == 3  # the others were left alone


def test_a_refused_connection_waits_longer_each_time_whoever_asks(set_server, per, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    server = set_server(imap_port=free_port())
    waits = []
    for _ in range(10):
        again(server)
        waits.append(server.next_at - timezone.now())
    assert server.failure.endswith("refuse la connexion : le service y tourne-t-il, le port est-il le bon ?")
    assert [wait.total_seconds() / 60 for wait in waits[:3]] == [10, 20, 40]
    assert waits[-1] == timedelta(days=1)
    assert visit(server.pk) == 0  # not due: whichever process comes leaves it alone
    assert not MailServer.objects.due(timezone.now()).exists()
    assert MailAccess.objects.count() == 0  # the BAL have nothing to do with it


@contextlib.contextmanager
def answering(answer):
    """A server that says this to whoever comes; None: nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    calls.append(listening.accept()[0])
                    answer(calls[-1])

        calls: list[socket.socket] = []
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        for call in calls:
            with contextlib.suppress(OSError):
                call.shutdown(socket.SHUT_RDWR)
            call.close()
        thread.join(5)


def test_a_silent_server_is_given_up(set_server, per, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE", 0.3)
    monkeypatch.setattr(imap, "PATIENCE", 0.3)
    with answering(lambda call: None) as port:
        server = again(set_server(imap_port=port))
    assert "ne répond pas en" in server.failure


GREETING = b"* OK bonjour\r\n"


@pytest.mark.parametrize(
    ("first", "tls"),
    [
        pytest.param(b"", "starttls", id="its greeting"),
        pytest.param(GREETING, "starttls", id="what it can do"),
        pytest.param(GREETING + b"* CAPABILITY IMAP4REV1 STARTTLS\r\n", "starttls", id="its answers"),
        pytest.param(b"\x16\x03\x03\x40\x00", "tls", id="its half of the handshake"),
    ],
)
def test_a_server_that_drips_is_given_up(set_server, per, monkeypatch, first, tls):
    had_to_end = Event()

    def drip(call):
        call.sendall(first)
        for _ in range(1000):
            call.sendall(b"*")
            Event().wait(0.02)
        had_to_end.set()

    monkeypatch.setattr(connection, "DEADLINE", 0.3)
    with answering(drip) as port:
        server = again(set_server(imap_port=port, imap_tls=tls))
        assert "répond trop lentement" in server.failure
        assert not had_to_end.is_set()


def test_a_line_given_up_while_it_was_dialled_waits_for_nothing():
    with answering(lambda call: None) as port:
        line = connection.MailLine()
        line.cut()
        with line.dial("127.0.0.1", port) as sock:
            assert sock.recv(1) == b""
        line.close()


def test_a_server_that_hangs_up_is_told(set_server, per):
    with answering(lambda call: call.close()) as port:
        server = again(set_server(imap_port=port, imap_tls="starttls"))
    assert server.failure.endswith("a coupé la connexion.")


def test_what_is_no_tls_is_told(set_server, per):
    with answering(lambda call: call.sendall(b"* OK bonjour\r\n")) as port:
        server = again(set_server(imap_port=port))
    assert "n’accepte pas de connexion chiffrée" in server.failure


def test_an_unknown_name_is_told(set_server, per):
    server = again(set_server(host="imap.operateur.invalid"))
    assert "Le nom «\u00a0imap.operateur.invalid\u00a0» est introuvable" in server.failure


def test_a_server_without_starttls_is_sent_nothing(set_server, per):
    with or_skip(), private_folder() as folder, run_dovecot(folder, ssl="no") as plain:
        plain.add(per.address)
        server = again(set_server(plain, imap_port=plain.imap, imap_tls="starttls"))
        assert server.failure.endswith("ne propose pas STARTTLS : rien n’y est envoyé en clair.")
        wait_for(lambda: len(plain.names_given()) > 1)
        assert plain.names_given() == ["", ""]


def test_an_unknown_authority_is_refused(dovecot, set_server, per, settings):
    settings.OPERATORS_CA_FILE = ""
    assert "n’est pas signé par une autorité connue" in again(set_server(dovecot)).failure


def test_another_name_than_the_certificate_s_is_refused(dovecot, set_server, per):
    """127.0.0.2 is the same machine, under a name that the certificate does not hold."""
    dovecot.add(per.address)
    server = set_server(dovecot, host="ip6-localhost")
    with mock.patch("socket.getaddrinfo", return_value=[(socket.AF_INET, 1, 6, "", ("127.0.0.1", dovecot.imaps))]):
        assert "est celui d’un autre nom" in again(server).failure


def test_an_expired_certificate_is_refused(set_server, per, settings):
    with or_skip(), private_folder() as folder, run_dovecot(folder, make=partial(make_certificate, days=-1)) as late:
        settings.OPERATORS_CA_FILE = late.ca_file
        assert again(set_server(late)).failure.endswith("est expiré : l’opérateur doit le renouveler.")


# --- Beside each other ----------------------------------------------------------------------------------------------
def test_one_operator_s_failure_holds_up_no_other(dovecot, set_server, per, make_bal, root):
    """Each is a task of its own."""
    set_server(imap_port=free_port())
    other = Operator.objects.create(code="autre", name="Autre opérateur")
    bal = make_bal("ORG", operator=other, address="accueil@autre.mssante.fr")
    dovecot.add(bal.address)
    facts = {"host": "127.0.0.1", "login": "releve", "password": PASSWORD, "reads_space": True, "is_apart": True}
    set_mail_server(other, by=root, imap_port=dovecot.imaps, **facts)
    assert jobs.run("visit_operators").done == 2
    assert Reading.objects.get().bal == bal
    assert MailServer.objects.failing().count() == 1


def test_two_processes_never_visit_one_server_together(dovecot, set_server, per):
    dovecot.add(per.address)
    server = set_server(dovecot)
    assert MailServer.objects.claim(server.pk, timezone.now())
    assert visit(server.pk) == 0
    MailServer.objects.update(leased_until=timezone.now())  # that process died
    assert visit(server.pk) == 1


def test_the_job_says_by_default_what_it_would_do(dovecot, set_server, per, capsys):
    set_server(dovecot)
    call_command("job", "visit_operators")
    assert "serveurs d’opérateurs à visiter : 1" in capsys.readouterr().out
    assert not Reading.objects.exists()


# --- What is seen of it ---------------------------------------------------------------------------------------------
def test_a_lasting_failure_is_a_finding_and_stands_in_the_state_of_the_service(set_server, per, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    server = again(set_server(imap_port=free_port()))
    (outcome,) = checks.look(["operators"])
    assert not outcome.is_well
    assert "Opérateur régional, visites en échec depuis le" in outcome.says
    assert not BY_NAME["serveur-operateur"].holds()
    time_machine.shift(timedelta(days=1))
    again(server)
    assert BY_NAME["serveur-operateur"].holds()
    assert "Opérateur régional, depuis le" in str(BY_NAME["serveur-operateur"].sentence)


def test_a_bal_that_cannot_be_read_for_a_day_is_a_finding(dovecot, set_server, per, org, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    dovecot.add(org.address)
    server = again(set_server(dovecot))
    finding = BY_NAME["releve-impossible"]
    assert not finding.bals(Bal.objects.all()).exists()
    time_machine.shift(timedelta(days=1))
    again(server)
    assert [*finding.bals(Bal.objects.all())] == [per]
    (outcome,) = checks.look(["operators"])
    assert (outcome.is_well, outcome.says) == (True, "1\u00a0visité, 1\u00a0BAL non relevée")


# --- Who sets it ----------------------------------------------------------------------------------------------------
@pytest.fixture
def page_of(client, root, operator):
    client.force_login(root)
    return reverse("operator-server", args=[operator.pk])


SAID = {"host": "imap.operateur.fr", "imap_port": 993, "imap_tls": "tls", "sieve_port": 4190, "auth": "master",
        "login": "releve", "password": PASSWORD, "reads_space": "on", "is_apart": "on"}  # fmt: skip


def test_an_administrator_sets_it_by_a_page_that_never_shows_the_password(client, page_of, operator):
    client.post(page_of, SAID)
    server = MailServer.objects.get()
    assert (server.host, server.password, server.reads_space, server.sets_replies) == (
        "imap.operateur.fr", PASSWORD, True, False,
    )  # fmt: skip
    lines = [line.after for line in operator.journal.all()]
    assert "serveur : imap.operateur.fr" in lines
    assert "mot de passe du compte de service : changé" in lines
    shown = client.get(page_of).content.decode()
    assert PASSWORD not in shown
    assert server.secret not in shown
    client.post(page_of, {**SAID, "password": "", "host": "imap2.operateur.fr"})
    server.refresh_from_db()
    assert (server.host, server.password) == ("imap2.operateur.fr", PASSWORD)


def test_space_is_not_read_before_the_operator_said_that_it_counts_as_no_use(client, page_of):
    answer = client.post(page_of, {**SAID, "is_apart": ""})
    assert "ne comptent pas comme une utilisation" in answer.content.decode()
    assert not MailServer.objects.exists()


def test_a_server_without_account_is_refused(client, page_of):
    answer = client.post(page_of, {**SAID, "password": ""})
    assert "Donnez le nom et le mot de passe du compte de service." in answer.content.decode()


def test_a_host_is_a_name_and_nothing_else(client, page_of):
    for host in ("https://imap.operateur.fr", "imap operateur", "-x", "a\r\nb"):
        assert "Donnez un nom de serveur" in client.post(page_of, {**SAID, "host": host}).content.decode()


def test_nobody_else_sees_the_page(client, people, operator):
    client.force_login(people.gisele.user)
    assert client.get(reverse("operator-server", args=[operator.pk])).status_code == 404


def test_a_secret_is_not_taken_where_none_is_asked_for(set_server, per, people):
    set_server()
    with pytest.raises(Refused, match="n’en confiez aucun"):
        give_secret(per, "x", by=people.paul.user)


def test_dovecot_counts_our_visits_as_uses_unless_it_is_told_otherwise(dovecot, set_server, per):
    """Why the operator is asked to confirm: by default its `last_login` names the box, whoever came."""
    dovecot.add(per.address)
    read_space(set_server(dovecot), per.address)
    assert f"last-login/{per.address}" in (dovecot.folder / "last_login").read_text()


def test_dovecot_told_as_the_page_says_counts_none_of_our_visits(set_server, per, settings):
    with or_skip(), private_folder() as folder, run_dovecot(folder, counted="auth_user") as apart:
        settings.OPERATORS_CA_FILE = apart.ca_file
        apart.add(per.address)
        read_space(set_server(apart), per.address)
        used = (apart.folder / "last_login").read_text()
        assert f"last-login/{LOGIN}\n" in used
        assert per.address not in used
