"""Two at once, on PostgreSQL: threads with connections of their own. SQLite lets one writer in at a time."""

from datetime import timedelta
from functools import partial
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from balmanager.accounts import grants
from mailboxes import actions
from mailboxes.engagements.actions import set_engagement
from mailboxes.findings import BY_NAME as FINDINGS
from mailboxes.imports.actions import apply_import
from mailboxes.imports.work import carry_on
from mailboxes.inbox.actions import follow, pause_until
from mailboxes.lifecycle import AWAITED, BY_VERB, TRANSITIONS, Act, Role, State, Verb
from mailboxes.lists.actions import save_view
from mailboxes.models import (
    SYSTEM,
    Bal,
    Cotitulaire,
    Engagement,
    JournalEntry,
    Notice,
    RequestLayout,
    Structure,
    bulk,
)
from mailboxes.notices.telling import tell, tell_one
from mailboxes.rules import Refused
from mailboxes.software.actions import add_webhook, declare_software, rotate_key
from mailboxes.software.models import SoftwareKey, digest_of
from tests import threads
from tests.mailboxes.conftest import make_professional

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql_run,
]


def at_once(*acts):
    """The codes of the refusals."""
    refused = []

    def play(act):
        try:
            act()
        except Refused as refusal:
            refused.append(refusal.code)

    threads.at_once(*[partial(play, act) for act in acts])
    return refused


def test_eight_at_once_for_the_twentieth_place(crowd, people):
    org = crowd(19)
    alice = people.alice.user
    others = [make_professional(n) for n in range(100, 108)]
    refused = at_once(*[lambda person=person: actions.add_cotitulaire(org, person, by=alice) for person in others])
    assert refused == ["full"] * 7
    assert org.cotitulaires.count() == 20


def test_two_hand_over_at_once_and_one_principal_stands(crowd, people):
    org = crowd(4)
    heirs = [c.person for c in org.cotitulaires.filter(is_principal=False).select_related("person")[:2]]
    alice = people.alice.user
    refused = at_once(*[lambda heir=heir: actions.transfer_principal(org, heir, by=alice) for heir in heirs])
    assert refused == ["role"]
    assert Cotitulaire.objects.filter(bal=org, is_principal=True).count() == 1


def test_two_sweeps_at_once_alert_once(make_bal, people):
    for _ in range(40):
        make_bal("PER", people.paul)
    at_once(*[lambda: actions.move_each(Bal.objects.all(), Verb.ALERT_IDLE, by=SYSTEM)] * 2)
    assert JournalEntry.objects.filter(what=Verb.ALERT_IDLE).count() == 40


def test_an_opposition_and_a_sweep_at_once_leave_one_story(per, people):
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    paul = people.paul.user
    at_once(
        lambda: actions.move(per, Verb.OPPOSE, by=paul),
        lambda: actions.move_each(Bal.objects.all(), Verb.DEPUBLISH_IDLE, by=SYSTEM),
    )
    moves = per.journal.filter(what__in=Verb.values).order_by("pk")
    states = [entry.before for entry in moves] + [Bal.objects.get().state]
    afters = [entry.after for entry in moves]
    assert states[1:] == afters  # each step begins where the former ended
    assert Bal.objects.get().state == "active"  # whichever came first, the opposition stands


def mover(verb, people):
    """One who may: the automaton where it does, else the gestionnaire, else who answers for the BAL."""
    by = BY_VERB[verb].by
    return SYSTEM if Role.SYSTEM in by else people.gisele.user if Role.GESTIONNAIRE in by else people.alice.user


def test_all_that_may_be_done_to_a_bal_at_once_is_one_story(make_bal, people):
    """From each state, each verb that leaves it, twice, beside what changes no state."""
    told = {}
    for number, state in enumerate(State):
        bal = make_bal("ORG", people.alice, people.bruno, state=state, clock_at=timezone.now())
        verbs = [line.verb for line in TRANSITIONS if state in line.before]
        moves = [
            partial(actions.move, bal, verb, by=mover(verb, people), attested=True, note="Il le fallait.")
            for verb in verbs * 2
        ]
        beside = [
            partial(actions.describe_bal, bal, by=people.gisele.user, service=f"Accueil {number}"),
            partial(actions.add_cotitulaire, bal, make_professional(100 + number), by=people.alice.user),
            partial(actions.delegate, bal, people.lea, under=people.alice, reason="Secrétariat", by=people.alice.user),
        ]
        refused = at_once(*moves, *beside)
        lines = bal.journal.filter(what__in=Verb.values).order_by("pk")
        story = [state, *lines.values_list("after", flat=True)]
        bal.refresh_from_db()
        others = bal.journal.exclude(what__in=[*Verb.values, Act.CANCEL_REQUEST])
        asked = bal.requests.filter(stage__in=AWAITED).values_list("kind", "entry__person")
        told[state] = (
            list(lines.values_list("before", flat=True)) == story[:-1],
            story[-1] == bal.state,
            len(refused) + len(lines) + others.count() == len(moves) + len(beside),
            len(asked) == len(set(asked)),
        )
    assert told == dict.fromkeys(State, (True, True, True, True))


def ask_at_once(people, path, headers):
    """Two callers of the API, each with a connection of its own; the answers' statuses."""
    statuses = []

    def call():
        client = Client()
        client.force_login(people.gisele.user)
        statuses.append(client.post(path, {}, content_type="application/json", headers=headers).status_code)

    at_once(call, call)
    return sorted(statuses)


def test_two_writes_on_the_same_reading_and_one_passes(org, people):
    client = Client()
    client.force_login(people.gisele.user)
    etag = client.get(f"/api/v1/bals/{org.pk}/")["ETag"]
    path = f"/api/v1/bals/{org.pk}/request_depublication/"
    assert ask_at_once(people, path, {"If-Match": etag}) == [200, 412]


def test_one_write_sent_twice_at_once_is_done_once(org, people):
    path = f"/api/v1/bals/{org.pk}/request_depublication/"
    assert ask_at_once(people, path, {"Idempotency-Key": "abc"}) == [200, 200]
    assert org.journal.count() == 1


@pytest.mark.parametrize("name", ["bruno", "paul"])  # a cotitulaire already, and one who is not
def test_nobody_becomes_principal_while_their_departure_is_recorded(org, people, name):
    heir = getattr(people, name)
    stay, alice, gisele = heir.affiliations.get(), people.alice.user, people.gisele.user
    refused = at_once(
        lambda: actions.record_departure(stay, timezone.localdate() + timedelta(days=3), by=gisele),
        lambda: actions.hand_over(org, heir, by=alice),
    )
    stay.refresh_from_db()
    leads = org.cotitulaires.filter(person=heir, is_principal=True).exists()
    assert refused in (["orphan"], ["left"])
    assert leads != bool(stay.left_on)


@pytest.fixture
def nobody_tells(monkeypatch):
    """But the test itself: the queue takes nothing."""
    monkeypatch.setattr(tell, "delay", lambda entries: None)


def test_a_letter_claimed_while_its_request_is_cancelled_does_not_leave(per, people, mailoutbox, nobody_tells):
    """The sender begins between the cancelling's look and its commit: it waits, and finds the letter withdrawn."""
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    entry = per.requests.get().entry_id
    teller = Thread(target=lambda: (tell_one(entry), connection.close()))
    with transaction.atomic():
        actions.move(per, Verb.OPPOSE, by=people.paul.user)
        teller.start()
        with connection.cursor() as cursor:
            while teller.is_alive():
                cursor.execute("SELECT pg_stat_clear_snapshot()")  # else what was seen first is seen again
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                               "datname = current_database()")  # fmt: skip
                if cursor.fetchone()[0]:
                    break
    teller.join()
    letter = Notice.objects.get(entry=entry, party="operator")
    assert (letter.sent_at, letter.channel) == (None, "withdrawn")
    assert letter.address not in [address for mail in mailoutbox for address in mail.to]
    assert per.requests.get(entry=entry).stage == "cancelled"
    assert Notice.objects.filter(party="operator").count() == 1


def test_a_letter_that_leaves_while_its_request_is_cancelled_is_followed_by_another(per, people, nobody_tells):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    entry = per.requests.get().entry_id
    JournalEntry.objects.claim(entry, timezone.now())  # by a sender, who is at it
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert Notice.objects.filter(party="operator", stage__startswith="cancel_request").count() == 1


def test_rows_that_another_has_written_meanwhile_are_an_error_of_the_database_however_many(org):
    """COPY, which writes many, is the driver's own: its errors are told as the others."""
    again = [Bal.objects.get(pk=org.pk) for _ in range(bulk.FEW)]
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(again)


def test_two_lists_of_the_same_bal_at_once_are_both_applied(bring_in, people, operator):
    count = 2 * bulk.FEW
    lines = ["Adresse;Type;Service", *[f"a{n}@{operator.domains.get().name};ORG;Accueil" for n in range(count)]]
    runs = [bring_in("\n".join(lines), stage="previewed") for _ in range(2)]
    runs = [apply_import(run, by=people.gisele.user) for run in runs]
    at_once(*[partial(carry_on, run, by=SYSTEM) for run in runs])
    for run in runs:
        run.refresh_from_db()
    assert [run.stage for run in runs] == ["applied", "applied"]
    assert sorted((run.created, run.unchanged) for run in runs) == [(0, count), (count, 0)]
    assert Bal.objects.count() == count


def test_two_windows_at_once_make_one_key_one_engagement_one_webhook_and_one_invitation(structure, people):
    gisele = people.gisele.user
    key = {"name": "DPI", "structures": [structure], "scopes": ["read"], "days": 30}
    aim = {"programme": "Ségur", "target": "used", "number": 3, "due_on": timezone.localdate() + timedelta(days=90)}
    hook = {"structure": structure, "url": "https://dpi.exemple.fr/", "events": ["state"]}
    for act in (
        lambda: declare_software(**key, by=gisele),
        lambda: set_engagement(Engagement(structure=structure), by=gisele, **aim),
        lambda: add_webhook(**hook, by=gisele),
        lambda: grants.invite("nadia@exemple.invalid", "reader", structure, by=gisele),
    ):
        assert at_once(act, act) == ["twice"]


def test_two_windows_at_once_keep_one_view_one_layout_one_site_one_key_and_one_decision(structure, people, org):
    gisele, operator = people.gisele.user, org.operator
    _, token = declare_software(name="DPI", structures=[structure], scopes=["read"], days=30, by=gisele)
    key = SoftwareKey.objects.get(digest=digest_of(token))
    layout = {"structure": structure, "operator": operator, "subject": "Ouverture", "body": "{adresse}"}
    tomorrow = timezone.localdate() + timedelta(days=1)
    for act, code in (
        (lambda: save_view("bals", "Pleines", "", by=gisele), "title"),
        (lambda: actions.write_layout(RequestLayout(**layout), by=gisele), "invalid"),
        (lambda: actions.record_structure(Structure(name="Un site", parent=structure), by=gisele), "twice"),
        (lambda: rotate_key(key, days=30, by=gisele), "twice"),
        (lambda: follow(FINDINGS["nom"], [org.pk], pause_until(tomorrow), by=gisele), "same"),
    ):
        assert at_once(act, act) == [code]
