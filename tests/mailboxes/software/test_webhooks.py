"""Software is told of each change once, by signed calls that are tried again and never lead inside."""

import base64
import contextlib
import hashlib
import hmac
import ipaddress
import json
import socket
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from balmanager.operations import checks
from directory.dates import day_of
from mailboxes import actions
from mailboxes.jobs import run
from mailboxes.lifecycle import Verb
from mailboxes.models import Membership
from mailboxes.moves.structures import move_service
from mailboxes.rules import NotAllowed, Refused
from mailboxes.software import delivery as webhooks
from mailboxes.software.actions import add_webhook, change_webhook, renew_secret, replay, try_webhook
from mailboxes.software.models import Delivery, Webhook


class Receiver:
    """A real HTTP server of the other side: what it got, and what it shall answer (200 when nothing is said)."""

    def __init__(self):
        self.calls, self.answers = [], []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((self.headers, body))
                status = receiver.answers.pop(0) if receiver.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/ailleurs")
                self.end_headers()

            def log_message(self, *args):
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/bal"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def inside(settings):
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def webhook(receiver, inside, people, structure):
    return add_webhook(structure=structure, url=receiver.url, events=["state"], by=people.gisele.user)


def depublish(bal, people):
    actions.move(bal, Verb.REQUEST_DEPUBLICATION, by=people.gisele.user, note="Un motif.")


def test_a_signature_is_the_one_of_the_standard():
    """The example that www.standardwebhooks.com gives its implementers."""
    at = datetime.fromtimestamp(1614265330, UTC)
    secret, name = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert webhooks.standard_headers([secret], name, b'{"test": 2432232314}', at) == {
        "webhook-id": name,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_verifies_by_the_standard_with_a_former_key_too(webhook, receiver, org, people, settings):
    former = base64.b64decode(webhook.secret.removeprefix("whsec_"))
    assert 24 <= len(former) <= 64
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "z" * 60
    depublish(org, people)
    run("deliver_webhooks")
    ((headers, body),) = receiver.calls
    assert headers["webhook-id"] == headers["X-BAL-Delivery"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(former, signed, hashlib.sha256).digest()).decode()
    present, past = headers["webhook-signature"].split()
    assert past == f"v1,{expected}" != present


def test_a_change_is_told_once_and_signed(webhook, receiver, org, people):
    depublish(org, people)
    run("deliver_webhooks")
    run("deliver_webhooks")
    ((headers, body),) = receiver.calls
    told = json.loads(body)
    assert (told["what"], told["bal"]["address"], told["after"]) == (
        "request_depublication", org.address, "depublication_requested",
    )  # fmt: skip
    at, digest = (part.partition("=")[2] for part in headers["X-BAL-Signature"].split(","))
    expected = hmac.new(webhook.secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(digest, expected)
    assert headers["Host"] == receiver.url.split("/")[2]


def test_a_new_secret_key_leaves_the_receivers_time_to_learn_their_new_secret(webhook, receiver, org, people, settings):
    known = webhook.secret
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-fifty-characters-that-nobody-would-guess"
    assert webhook.secret != known
    depublish(org, people)
    run("deliver_webhooks")
    ((headers, body),) = receiver.calls
    at, *digests = (part.partition("=")[2] for part in headers["X-BAL-Signature"].split(","))
    said = f"{at}.".encode() + body
    signed = [hmac.new(secret.encode(), said, hashlib.sha256).hexdigest() for secret in (webhook.secret, known)]
    assert digests == signed


def test_a_new_secret_leaves_the_software_a_week_with_the_former_even_pressed_twice(
    webhook, receiver, org, people, time_machine
):
    time_machine.move_to(timezone.now(), tick=False)
    known = webhook.secret
    for _ in range(2):
        webhook = renew_secret(webhook, by=people.gisele.user)
    until = webhook.former_until
    assert until == timezone.now() + timedelta(days=7)
    depublish(org, people)
    run("deliver_webhooks")
    time_machine.move_to(until + timedelta(seconds=1))
    actions.move(org, Verb.CANCEL_DEPUBLICATION, by=people.gisele.user)
    run("deliver_webhooks")
    assert [_verifies(known, call) for call in receiver.calls] == [True, False]
    assert all(_verifies(webhook.secret, call) for call in receiver.calls)
    assert Webhook.objects.get().former_until is None


def test_a_header_holds_five_signatures_at_most(webhook, people):
    for _ in range(10):
        webhook = renew_secret(webhook, by=people.gisele.user)
    assert len(set(webhook.secrets)) == len(webhook.secrets) == 5


def _verifies(secret: str, call) -> bool:
    headers, body = call
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split()


def test_neither_names_nor_reasons_leave(webhook, receiver, org, people):
    depublish(org, people)
    run("deliver_webhooks")
    body = receiver.calls[0][1].decode()
    assert "motif" not in body
    assert "Gisele" not in body


def test_only_the_chosen_events_of_ones_own_structures_are_told(
    webhook, receiver, org, make_bal, people, other_structure
):
    stranger = make_bal("ORG", structure=other_structure, address="ailleurs@chu-exemple.mssante.fr")
    actions.move(stranger, Verb.REQUEST_DEPUBLICATION, by=people.eve.user)
    actions.describe_bal(org, service="Accueil", by=people.gisele.user)
    run("deliver_webhooks")
    assert receiver.calls == []


def test_what_happened_before_is_not_told(receiver, inside, org, people, structure):
    depublish(org, people)
    add_webhook(structure=structure, url=receiver.url, events=["state"], by=people.gisele.user)
    run("deliver_webhooks")
    assert receiver.calls == []


def test_the_webhook_of_an_organisme_hears_of_its_establishments(receiver, inside, org, people, structure):
    Membership.objects.create(user=people.gisele.user, structure=structure.parent, role="gestionnaire")
    by = type(people.gisele.user).objects.get(pk=people.gisele.user.pk)
    add_webhook(structure=structure.parent, url=receiver.url, events=["state"], by=by)
    depublish(org, people)
    run("deliver_webhooks")
    assert len(receiver.calls) == 1


def test_a_structure_whose_service_goes_elsewhere_is_told_of_it(
    receiver, inside, org, people, structure, other_structure
):
    """Its BAL are the other's from then on: nothing else would be heard of them here."""
    actions.describe_bal(org, service="Accueil", by=people.gisele.user)
    Membership.objects.create(user=people.gisele.user, structure=other_structure, role="gestionnaire")
    by = type(people.gisele.user).objects.get(pk=people.gisele.user.pk)
    for place in (structure, other_structure):
        add_webhook(structure=place, url=f"{receiver.url}/{place.pk}", events=["description"], by=by)
    move_service(structure, "Accueil", other_structure, by=by, why="Il y va.")
    run("deliver_webhooks")
    told = [json.loads(body) for _, body in receiver.calls]
    assert {(one["event"], one["what"]) for one in told} == {("description", "move_service")}
    places = {
        one["structure"]: one["bal"] and one["bal"]["address"] for one in told if one["structure"] == structure.pk
    }
    assert places == {structure.pk: None}
    assert {one["structure"] for one in told if one["bal"]} == {other_structure.pk}
    assert "Il y va" not in str(told)


def test_a_structure_whose_bal_is_corrected_to_be_anothers_is_told_of_it(
    receiver, inside, org, people, structure, other_structure
):
    Membership.objects.create(user=people.gisele.user, structure=other_structure, role="gestionnaire")
    by = type(people.gisele.user).objects.get(pk=people.gisele.user.pk)
    for place in (structure, other_structure):
        add_webhook(structure=place, url=f"{receiver.url}/{place.pk}", events=["description"], by=by)
    actions.correct_bal(org, by=by, why="Mal lue.", structure=other_structure)
    run("deliver_webhooks")
    told = [json.loads(body) for _, body in receiver.calls]
    assert {(one["what"], one["structure"], one["bal"] and one["bal"]["id"]) for one in told} == {
        ("correct", structure.pk, None), ("correct", other_structure.pk, org.pk),
    }  # fmt: skip
    assert "Mal lue" not in str(told)


def test_a_failure_is_tried_again_later_under_the_same_name(webhook, receiver, org, people, time_machine):
    receiver.answers = [500, 302]
    depublish(org, people)
    for wait in (timedelta(0), *webhooks.WAITS[:2]):
        time_machine.move_to(timezone.now() + wait + timedelta(seconds=1), tick=False)
        run("deliver_webhooks")
    assert len({headers["X-BAL-Delivery"] for headers, _ in receiver.calls}) == 1
    assert len(receiver.calls) == 3
    delivery = webhook.deliveries.get()
    assert (delivery.stage, delivery.attempts, delivery.status, delivery.error) == ("delivered", 3, 200, "")


def test_it_is_not_tried_before_its_time(webhook, receiver, org, people):
    receiver.answers = [500]
    depublish(org, people)
    run("deliver_webhooks")
    run("deliver_webhooks")
    assert len(receiver.calls) == 1


def test_after_the_last_try_it_is_given_up_and_may_be_replayed(webhook, receiver, org, people):
    depublish(org, people)
    run("deliver_webhooks")
    Delivery.objects.update(stage="waiting", attempts=len(webhooks.WAITS))
    receiver.answers = [500]
    run("deliver_webhooks")
    delivery = webhook.deliveries.get()
    assert (delivery.stage, delivery.error) == ("failed", "Réponse 500")
    replay(delivery, by=people.gisele.user)
    run("deliver_webhooks")
    assert webhook.deliveries.get().stage == "delivered"
    assert receiver.calls[0][1] == receiver.calls[-1][1]


def test_who_died_while_sending_is_followed_by_another(webhook, receiver, org, people, settings, time_machine):
    depublish(org, people)
    webhooks.enlist(webhook, timezone.now())
    delivery = webhook.deliveries.get()
    assert Delivery.objects.claim(delivery.pk, timezone.now())  # and no more is heard of it
    run("deliver_webhooks")
    assert receiver.calls == []
    time_machine.move_to(timezone.now() + settings.NOTICE_LEASE + timedelta(seconds=1), tick=False)
    run("deliver_webhooks")
    assert len(receiver.calls) == 1


def test_one_that_is_down_does_not_hold_up_the_others(webhook, receiver, inside, org, people, structure, unused_port):
    add_webhook(structure=structure, url=f"http://127.0.0.1:{unused_port}/", events=["state"], by=people.gisele.user)
    depublish(org, people)
    run("deliver_webhooks")
    assert len(receiver.calls) == 1
    assert sorted(Delivery.objects.values_list("stage", flat=True)) == ["delivered", "waiting"]


@pytest.fixture
def unused_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_paused_webhook_is_told_when_it_comes_back(webhook, receiver, org, people):
    facts = {"url": webhook.url, "events": webhook.events, "by": people.gisele.user}
    change_webhook(webhook, paused=True, **facts)
    depublish(org, people)
    run("deliver_webhooks")
    assert receiver.calls == []
    change_webhook(webhook, paused=False, **facts)
    run("deliver_webhooks")
    assert len(receiver.calls) == 1


def test_a_webhook_that_does_not_answer_is_told_by_its_server_until_it_is_paused(webhook, people):
    webhook.deliveries.create(attempts=3)
    check = next(check for check in checks.CHECKS if check.name == "webhooks")
    assert checks.look_at(check).troubles == {str(webhook.pk): "127.0.0.1 ne répond pas"}
    change_webhook(webhook, url=webhook.url, events=webhook.events, paused=True, by=people.gisele.user)
    assert checks.look_at(check).is_well


def test_a_webhook_paused_for_longer_than_deliveries_are_kept_is_told_each_thing_once(
    webhook, receiver, org, people, time_machine
):
    depublish(org, people)
    run("deliver_webhooks")
    receiver.answers = [503]
    actions.move(org, Verb.OPPOSE, by=people.alice.user)
    run("deliver_webhooks")
    facts = {"url": webhook.url, "events": webhook.events, "by": people.gisele.user}
    change_webhook(webhook, paused=True, **facts)
    time_machine.move_to(timezone.now() + timedelta(days=100), tick=False)
    run("purge")
    assert Delivery.objects.count() == 2
    change_webhook(webhook, paused=False, **facts)
    run("deliver_webhooks")
    assert [json.loads(body)["what"] for _, body in receiver.calls] == ["request_depublication", "oppose", "oppose"]
    run("purge")
    assert not Delivery.objects.exists()


def test_lines_long_seen_are_not_looked_at_again_and_none_is_lost(webhook, receiver, org, people, time_machine):
    depublish(org, people)
    run("deliver_webhooks")
    time_machine.move_to(timezone.now() + timedelta(hours=2), tick=False)
    run("deliver_webhooks")
    assert Webhook.objects.get().seen_up_to == org.journal.latest("pk").pk
    actions.move(org, Verb.OPPOSE, by=people.alice.user)
    run("deliver_webhooks")
    assert [json.loads(body)["what"] for _, body in receiver.calls] == ["request_depublication", "oppose"]


def test_a_test_is_a_delivery_like_the_others(webhook, receiver, people):
    try_webhook(webhook, by=people.gisele.user)
    run("deliver_webhooks")
    assert json.loads(receiver.calls[0][1])["event"] == "test"


# --- Where it may lead ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "scheme", "may"),
    [
        ("93.184.216.34", "https", True),
        ("93.184.216.34", "http", False),
        ("127.0.0.1", "https", False),
        ("10.0.0.1", "https", False),
        ("169.254.169.254", "https", False),
        ("100.64.0.1", "https", False),
        ("0.0.0.0", "https", False),
        ("224.0.0.1", "https", False),
        ("::1", "https", False),
        ("fe80::1%eth0", "https", False),
        ("fd00::1", "https", False),
        ("::ffff:127.0.0.1", "https", False),
        ("64:ff9b::7f00:1", "https", False),
        ("2002:7f00:1::", "https", False),
        ("::127.0.0.1", "https", False),
        ("::5db8:d822", "https", False),
        ("64:ff9b:1::7f00:1", "https", False),
        ("fec0::1", "https", False),
        ("2001:0:7f00:1::", "https", False),
        ("192.88.99.1", "https", False),
        ("2606:4700::1111", "https", True),
    ],
)
def test_only_addresses_of_the_internet_are_called(address, scheme, may):
    assert webhooks.may_call(address, scheme) is may


def test_an_inner_network_may_be_allowed(settings):
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("10.1.0.0/16")]
    assert webhooks.may_call("10.1.2.3", "http")
    assert not webhooks.may_call("10.2.2.3", "https")


def test_a_name_that_leads_inside_is_not_called(receiver, people, structure, settings):
    """Judged when it is called, not when it is entered: what a name leads to changes."""
    webhook = Webhook.objects.create(
        structure=structure, url=receiver.url.replace("127.0.0.1", "localhost"), events=["state"]
    )
    try_webhook(webhook, by=people.gisele.user)
    run("deliver_webhooks")
    assert receiver.calls == []
    assert "n’est pas appelé" in webhook.deliveries.get().error


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://exemple.fr/bal", "scheme"),
        ("https://nom:mot@exemple.fr/", "credentials"),
        ("https://127.0.0.1/", "inside"),
        ("https://[::1]/", "inside"),
        ("ftp://exemple.fr/", "scheme"),
        ("https://exemple.fr:99999/", "malformed"),
        ("https://exemple.fr:0/", "malformed"),
        ("https://exemple.fr/bal#ici", "malformed"),
    ],
)
def test_an_address_that_cannot_do_is_refused_at_once(people, structure, url, code):
    with pytest.raises(Refused) as refused:
        add_webhook(structure=structure, url=url, events=["state"], by=people.gisele.user)
    assert refused.value.code == code


def test_an_event_named_twice_is_one(people, structure):
    webhook = add_webhook(
        structure=structure, url="https://exemple.fr/", events=["state", "quota", "state"], by=people.gisele.user
    )
    assert webhook.events == ["quota", "state"]
    change_webhook(webhook, url=webhook.url, events=["state", "state"], paused=False, by=people.gisele.user)
    assert Webhook.objects.get().events == ["state"]


def test_who_does_not_manage_the_structure_has_nobody_told(people, structure):
    for who in (people.lea, people.eve):
        with pytest.raises(NotAllowed):
            add_webhook(structure=structure, url="https://exemple.fr/", events=["state"], by=who.user)


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_a_gestionnaire_adds_tries_and_replays(client, people, structure, receiver, inside):
    client.force_login(people.gisele.user)
    answer = client.post(
        "/logiciels/webhooks/ajouter/", {"structure": structure.pk, "url": receiver.url, "events": ["state"]}
    )
    webhook = Webhook.objects.get()
    assert answer.url == f"/logiciels/webhooks/{webhook.pk}/"
    client.post(f"{answer.url}essai/")
    run("deliver_webhooks")
    page = client.get(answer.url)
    assert "livrée" in page.text
    assert "no-store" in page["Cache-Control"]
    client.post(f"/logiciels/livraisons/{webhook.deliveries.get().pk}/rejouer/")
    assert webhook.deliveries.get().stage == "waiting"
    old = webhook.secret
    page = client.post(f"{answer.url}secret/", follow=True)
    webhook = Webhook.objects.get()
    assert webhook.secret != old
    assert page.text.count(f"l’ancien signe aussi jusqu’au {timezone.localtime(webhook.former_until):%d/%m/%Y}") == 1
    assert f"L’ancien signe aussi jusqu’au {day_of(webhook.former_until)}." in page.text


@pytest.mark.parametrize("path", ["", "modifier/", "essai/", "secret/"])
def test_a_stranger_finds_no_webhook(client, people, webhook, path):
    client.force_login(people.eve.user)
    method = client.post if path else client.get
    assert method(f"/logiciels/webhooks/{webhook.pk}/{path}").status_code == 404


def test_a_stranger_replays_nothing(client, people, webhook):
    delivery = try_webhook(webhook, by=people.gisele.user)
    client.force_login(people.eve.user)
    assert client.post(f"/logiciels/livraisons/{delivery.pk}/rejouer/").status_code == 404


def test_an_address_that_cannot_even_be_read_holds_up_no_other(webhook, receiver, org, people, structure):
    """It passes the form, and breaks the library that reads names."""
    bad = Webhook.objects.create(structure=structure, url="https://xn--a.fr/", events=["state"])
    depublish(org, people)
    run("deliver_webhooks")
    assert len(receiver.calls) == 1
    assert Delivery.objects.get(webhook=bad).error


# --- Receivers that fail ----------------------------------------------------------------------------------------------
@pytest.fixture
def dripping(monkeypatch):
    """A receiver that gives a byte of its answer now and then, and never ends: each byte is a sign of life."""
    monkeypatch.setattr(webhooks, "DEADLINE", 0.3)
    listening = socket.create_server(("127.0.0.1", 0))

    def drip():
        with contextlib.suppress(OSError), listening.accept()[0] as call:
            call.settimeout(0.05)
            call.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
            while True:
                call.sendall(b"a")
                with contextlib.suppress(TimeoutError):
                    if not call.recv(65536):
                        return

    thread = Thread(target=drip)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    listening.close()


def test_an_answer_without_end_is_given_up(dripping, inside, people, structure):
    slow = add_webhook(structure=structure, url=dripping, events=["state"], by=people.gisele.user)
    try_webhook(slow, by=people.gisele.user)
    run("deliver_webhooks")
    assert slow.deliveries.get().error.startswith("Pas de réponse en 0.3 secondes : voyez")


def wait_on(webhook, count):
    Delivery.objects.bulk_create(Delivery(webhook=webhook, body="{}") for _ in range(count))


def test_one_failure_does_not_hold_up_the_webhook_s_other_lines_and_three_in_a_row_do(webhook, receiver):
    wait_on(webhook, 8)
    receiver.answers = [500, 500, 200, 500, 500, 500]
    run("deliver_webhooks")
    assert len(receiver.calls) == 6
    assert sorted(Delivery.objects.values_list("stage", flat=True)) == ["delivered"] + ["waiting"] * 7


def test_a_round_ends_in_time(webhook, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "ROUND", -1)
    wait_on(webhook, 2)
    run("deliver_webhooks")
    assert receiver.calls == []
    monkeypatch.undo()
    run("deliver_webhooks")
    assert len(receiver.calls) == 2
