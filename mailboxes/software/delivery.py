"""The journal told to software: each line once for each webhook, signed, tried again, and never to an inner address.

Signed as Standard Webhooks says (www.standardwebhooks.com), for which every language has a library that verifies:
`webhook-id`, `webhook-timestamp`, and `webhook-signature: v1,…`, the HMAC-SHA256 in base64 of "id.timestamp.body" under
the secret, read as base64 after its `whsec_`. While a former SECRET_KEY stands among the fallbacks, a second v1
follows. The receiver refuses what is older than a few minutes. Our own code: the library in Python is made to verify,
and brings packages for these few lines.

Until the end of 2027 the header of the first versions goes with it: `X-BAL-Signature: t=…,v1=…`, where v1 is the
HMAC-SHA256, in hexadecimal, of "t.body" under the secret taken as text.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import httpx
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from directory.typography import cut, quoted
from mailboxes.actions.batches import Tally
from mailboxes.lifecycle import State
from mailboxes.models import JournalEntry
from mailboxes.software.models import EVENT_OF, WAITS, Delivery, Webhook

TIMEOUT = 10  # seconds without a sign from the other side
DEADLINE = 15  # seconds for the whole exchange, whatever signs it gives
SETTLED = timedelta(hours=1)  # no transaction of ours lasts as long: below such a line, no other will appear
BATCH = 500
MOST_IN_VAIN = 3  # answers other than "received" that a webhook may give in one round
ROUND = 45  # seconds: the next one begins a minute after it
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Of IPv6, what Python calls global though it stands for an IPv4 address, for a site of old, or for this very NAT.
NOWHERE = [ipaddress.ip_network(one) for one in ("::/96", "64:ff9b:1::/48", "fec0::/10", "2001::/23", "192.88.99.0/24")]


# The same of a name that leads nowhere and of one that leads inside: who adds a webhook does not learn our machines.
NOT_CALLED = (
    "{} n’est pas appelé : ce n’est pas une machine d’internet, ni d’un "
    "réseau que l’hébergeur permet. Vérifiez l’adresse."
)


class Unsafe(Exception):
    """The address leads inside, where software of ours listens that trusts its neighbours."""


# --- What is to be told -----------------------------------------------------------------------------------------------
def enlist(webhook: Webhook, now: datetime) -> int:
    """A delivery for each line of the journal not yet enlisted; how many."""
    lines = webhook.lines().filter(pk__gt=webhook.seen_up_to).exclude(deliveries__webhook=webhook)
    settled = JournalEntry.objects.filter(at__lt=now - SETTLED).order_by("-pk").values_list("pk", flat=True).first()
    new = [
        Delivery(webhook=webhook, entry=line, body=json.dumps(told(line), ensure_ascii=False))
        for line in lines.select_related("bal", "structure").order_by("pk").iterator(BATCH)
    ]
    Delivery.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    if settled and settled > webhook.seen_up_to:
        Webhook.objects.filter(pk=webhook.pk).update(seen_up_to=settled)
    return len(new)


def enlist_each(webhooks: QuerySet[Webhook]) -> Tally:
    return Tally(done=sum(enlist(webhook, timezone.now()) for webhook in webhooks))


def told(line: JournalEntry) -> dict:
    """The body of a delivery: which BAL, what, when, from which state to which. No name of a person, no free text."""
    bal = line.bal
    return {
        "event": EVENT_OF[line.what],
        "what": line.what,
        "entry": line.pk,
        "at": line.at.isoformat(),
        "structure": bal.structure_id if bal else line.structure_id,
        "bal": {"id": bal.pk, "address": bal.address, "kind": bal.kind, "state": bal.state} if bal else None,
        "before": line.before if line.before in State else "",
        "after": line.after if line.after in State else "",
    }


# --- Telling it -------------------------------------------------------------------------------------------------------
def deliver_each(deliveries: QuerySet[Delivery]) -> Tally:
    """A webhook that does not answer, or refuses several in a row, is left alone for this round, and the round ends in
    time: neither the others nor the other jobs wait for it."""
    tally, in_vain = Tally(), Counter[int]()
    ends_at = time.monotonic() + ROUND
    for delivery in list(deliveries.select_related("webhook").order_by("next_at")):
        if time.monotonic() > ends_at:
            break
        if in_vain[delivery.webhook_id] >= MOST_IN_VAIN:
            continue
        if deliver(delivery):
            tally.done += 1
            in_vain[delivery.webhook_id] = 0
        else:
            in_vain[delivery.webhook_id] += 1 if delivery.status else MOST_IN_VAIN
            tally.refused[str(delivery)] = "non livrée"
    return tally


def deliver(delivery: Delivery) -> bool:
    """Send one that is due, under a lease; False when it was not taken, or another process holds it."""
    now = timezone.now()
    if not Delivery.objects.claim(delivery.pk, now):
        return False
    facts: dict = {"attempts": delivery.attempts + 1, "leased_until": None}
    try:
        facts["status"] = post(delivery, now)
        facts["error"] = "" if 200 <= facts["status"] < 300 else f"Réponse {facts['status']}"
    except Exception as error:  # whatever an address may hold: one webhook must not hold up the others
        facts |= {"status": None, "error": cut(str(error) or type(error).__name__, 300)}
    Delivery.objects.filter(pk=delivery.pk).update(**facts, **_outcome(facts, now))
    delivery.status = facts["status"]
    return not facts["error"]


def _outcome(facts: dict, now: datetime) -> dict:
    if not facts["error"]:
        return {"stage": Delivery.Stage.DELIVERED, "delivered_at": now}
    tried = facts["attempts"]
    if tried > len(WAITS):
        return {"stage": Delivery.Stage.FAILED}
    return {"next_at": now + WAITS[tried - 1]}


def post(delivery: Delivery, now: datetime) -> int:
    """The answer's status. The very address that was judged is called: a name may lead elsewhere a moment later."""
    url = httpx.URL(delivery.webhook.url)
    body = delivery.body.encode()
    headers = {
        "Host": url.netloc.decode(),
        "Content-Type": "application/json",
        **standard_headers(delivery.webhook.secrets, str(delivery.pk), body, now),
        "X-BAL-Delivery": str(delivery.pk),
        "X-BAL-Signature": signature(delivery.webhook.secrets, body, now),
    }
    target = url.copy_with(host=safe_address(url))
    call = _call(target, content=body, headers=headers, extensions={"sni_hostname": url.host})
    with ThreadPoolExecutor(1) as apart:  # this thread may have a loop of its own
        return apart.submit(asyncio.run, call).result()


async def _call(target: httpx.URL, **options) -> int:
    try:
        async with (
            asyncio.timeout(DEADLINE),
            httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
            # Streamed and never read: an answer without end is not ours to swallow.
            client.stream("POST", target, **options) as got,
        ):
            return got.status_code
    except TimeoutError:
        raise TimeoutError(
            f"Pas de réponse en {DEADLINE} secondes : voyez si le logiciel "
            "est en marche, et répond avant de travailler."
        ) from None


def standard_headers(secrets: list[str], name: str, body: bytes, now: datetime) -> dict[str, str]:
    at = int(now.timestamp())
    signed = b"%b.%d.%b" % (name.encode(), at, body)
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    signatures = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def signature(secrets: list[str], body: bytes, now: datetime) -> str:
    at = int(now.timestamp())
    signed = b"%d.%b" % (at, body)
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={digest}" for digest in digests)])


def safe_address(url: httpx.URL) -> str:
    """The first address of the host, when all of its addresses may be called."""
    try:
        found = socket.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unsafe(NOT_CALLED.format(quoted(url.host))) from error
    addresses = [str(info[4][0]) for info in found]
    for address in addresses:
        if not may_call(address, url.scheme):
            raise Unsafe(NOT_CALLED.format(quoted(url.host)))
    return addresses[0]


def may_call(address: str, scheme: str) -> bool:
    """May this address be called? In clear only inside, where the settings allow it; outside only by https, on the
    internet."""
    ip = _embedded(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip in network for network in settings.WEBHOOK_NETWORKS):
        return True
    if any(ip in network for network in NOWHERE):
        return False
    return scheme == "https" and ip.is_global and not ip.is_multicast


def _embedded(ip):
    """The IPv4 address that an IPv6 one stands for."""
    if ip.version == 4:
        return ip
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
