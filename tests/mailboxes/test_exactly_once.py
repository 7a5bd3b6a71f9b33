"""Exactly one notice per stage and cycle, with real processes: two at once, killed in the middle, real mail."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from threading import Event

import psycopg
import pytest
from aiosmtpd.controller import Controller

from tests.forks import ROOT, OwnCommand
from tests.servers import free_port, wait_for

pytestmark = pytest.mark.postgresql_run

HOW_MANY = 30
PREPARE = """
from datetime import timedelta
from django.utils import timezone
from mailboxes.lifecycle import State
from mailboxes.models import *
structure = Structure.objects.create(name="CHU", finess_et="010000002")
operator = Operator.objects.create(code="regional", name="Régional", request_email="demandes@op.invalid")
long_ago = timezone.now() - timedelta(days=330)
for n in range({count}):
    person = Person.objects.create(
        family_name=f"Nom{{n}}", given_name="Pro", rpps=f"1{{n:010}}", has_cps=True, email=f"p{{n}}@exemple.invalid"
    )
    bal = Bal.objects.create(
        address=f"p{{n}}@chu.mssante.fr", kind="PER", state=State.ACTIVE, clock_at=long_ago,
        read_at=timezone.now(),
        structure=structure, operator=operator,
    )
    Cotitulaire.objects.create(bal=bal, person=person, is_principal=True)
"""
REPORT = """
import json
from mailboxes.models import *
print(json.dumps({
    "alerts": JournalEntry.objects.filter(what="alert_idle").count(),
    "bals": JournalEntry.objects.filter(what="alert_idle").values("bal").distinct().count(),
    "notices": Notice.objects.count(),
    "sent": Notice.objects.exclude(sent_at=None).count(),
    "untold": JournalEntry.objects.filter(told_at=None).count(),
}))
"""


class Sink:
    """A real SMTP server that keeps the Message-ID of what it accepts; told to, it answers one mail when released."""

    def __init__(self):
        self.accepted, self.hold_at, self.holding, self.release = [], None, Event(), Event()
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, server, session, envelope):
        if len(self.accepted) + 1 == self.hold_at:
            self.holding.set()
            await asyncio.get_running_loop().run_in_executor(None, self.release.wait)
            return "451 the sender is gone"
        self.accepted.append(message_from_bytes(envelope.content)["Message-ID"].strip())
        return "250 OK"

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.controller.port}"


@pytest.fixture
def sink():
    sink = Sink()
    sink.controller.start()
    yield sink
    sink.release.set()
    sink.controller.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request, app_data, sink):
    """The application's data on either database, with so many BAL due for an alert."""
    env = {"EMAIL_URL": sink.url, "NOTICE_LEASE_MINUTES": "0"}
    if request.param == "postgresql":
        env["DATABASE_URL"] = request.getfixturevalue("migrated_url")
    return app_data(**env)


def shell(app, code):
    return app.manage("shell", "--no-imports", "-c", code)


def prepare(app, count=HOW_MANY, then=""):
    shell(app, PREPARE.format(count=count) + then)


def report(app):
    return json.loads(shell(app, REPORT))


def start(app, *words):
    command = [sys.executable, "manage.py", *words]
    return OwnCommand(command, cwd=ROOT, env=app.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(*processes):
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output


def test_two_processes_at_once_alert_and_tell_once(app, sink):
    app.env["NOTICE_LEASE_MINUTES"] = "10"
    prepare(app)
    finish(*[start(app, "job", "alert_idle", "--for-real") for _ in range(2)])
    assert report(app) == {
        "alerts": HOW_MANY, "bals": HOW_MANY, "notices": HOW_MANY, "sent": 0, "untold": HOW_MANY,
    }  # fmt: skip
    finish(*[start(app, "job", "tell_again", "--for-real") for _ in range(2)])
    assert report(app)["sent"] == HOW_MANY
    assert Counter(sink.accepted).most_common(1)[0][1] == 1
    assert len(sink.accepted) == HOW_MANY


LATE = """
from datetime import timedelta
from django.utils import timezone
from mailboxes import actions
from mailboxes.lifecycle import RequestKind
from mailboxes.models import *
from django.contrib.auth import get_user_model
user = get_user_model().objects.create_user("gisele", "gisele@exemple.invalid")
Membership.objects.create(user=user, structure=Structure.objects.get(), role="gestionnaire")
for bal in Bal.objects.all():
    actions.open_request(bal, RequestKind.CHANGE, by=user)
now = timezone.now()
JournalEntry.objects.update(told_at=now)
Notice.objects.update(sent_at=now)
Request.objects.update(stage="sent", sent_at=now, due_on=timezone.localdate() - timedelta(days=9))
half = Request.objects.order_by("pk")[: {half}].values_list("pk", flat=True)
Request.objects.filter(pk__in=list(half)).update(reminded_at=now - timedelta(days=8))
"""
OF_DELAYS = """
import json
from collections import Counter
from mailboxes.models import *
stages = ["remind_operator-remind", "escalate_request"]
told = Counter(Notice.objects.filter(stage__in=stages).values_list("party", flat=True))
acts = ["remind_operator", "escalate_request"]
done = Counter(JournalEntry.objects.filter(what__in=acts).values_list("what", flat=True))
print(json.dumps(told + done))
"""


def test_two_processes_at_once_remind_operators_and_tell_of_delays_once(app, sink):
    app.env["NOTICE_LEASE_MINUTES"] = "10"
    half = HOW_MANY // 2
    prepare(app, then=LATE.format(half=half))
    finish(*[start(app, "job", "remind_operators", "--for-real") for _ in range(2)])
    assert json.loads(shell(app, OF_DELAYS)) == {
        "operator": half, "remind_operator": half, "gestionnaires": half, "escalate_request": half,
    }  # fmt: skip
    finish(*[start(app, "job", "tell_again", "--for-real") for _ in range(2)])
    assert len(sink.accepted) == len(set(sink.accepted)) == 2 * half


def test_a_process_killed_while_it_tells_loses_and_doubles_nothing(app, sink):
    prepare(app)
    finish(start(app, "job", "alert_idle", "--for-real"))
    sink.hold_at = 10
    teller = start(app, "job", "tell_again", "--for-real")
    assert sink.holding.wait(timeout=60)
    teller.kill()
    teller.communicate()
    sink.hold_at = None
    sink.release.set()
    finish(start(app, "job", "tell_again", "--for-real"))
    told = report(app)
    assert (told["sent"], told["untold"]) == (HOW_MANY, 0)
    assert len(set(sink.accepted)) == HOW_MANY
    # At most the one whose acceptance the dead process had no time to mark, under the same Message-ID.
    assert len(sink.accepted) <= HOW_MANY + 1


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def is_stopped(process, watcher):
    assert process.poll() is None, process.stdout.read()
    return watcher.execute(WAITING).fetchone()[0]


def test_a_sweep_killed_between_two_batches_is_taken_up_again(app_data, migrated_url):
    """A lock held from outside stops the sweep in its second batch: there it dies."""
    app, count = app_data(DATABASE_URL=migrated_url), 502
    prepare(app, count)
    with psycopg.connect(migrated_url) as blocker, psycopg.connect(migrated_url, autocommit=True) as watcher:
        blocker.execute("SELECT 1 FROM mailboxes_bal ORDER BY id DESC LIMIT 1 FOR UPDATE")
        sweep = start(app, "job", "alert_idle", "--for-real")
        wait_for(lambda: is_stopped(sweep, watcher))
        sweep.kill()
        sweep.communicate()
    assert report(app)["alerts"] == 500
    finish(start(app, "job", "alert_idle", "--for-real"))
    assert report(app) == {"alerts": count, "bals": count, "notices": count, "sent": 0, "untold": count}


def are_told(watcher, sink):
    assert len(sink.accepted) <= HOW_MANY
    return watcher.execute("SELECT count(*) = 0 FROM mailboxes_journalentry WHERE told_at IS NULL").fetchone()[0]


def test_celery_workers_tell_what_a_sweep_wrote(app_data, sink, migrated_url, redis_url):
    """The production chain: PostgreSQL, Redis, two workers, mail."""
    app = app_data(DATABASE_URL=migrated_url, REDIS_URL=redis_url, EMAIL_URL=sink.url)
    prepare(app)
    app.start_worker("-n", "one@%h")
    app.start_worker("-n", "two@%h")
    finish(start(app, "job", "alert_idle", "--for-real"))
    with psycopg.connect(migrated_url, autocommit=True) as watcher:
        wait_for(lambda: are_told(watcher, sink))
    assert report(app)["sent"] == HOW_MANY
    assert sorted(set(sink.accepted)) == sorted(sink.accepted)


ALERTED = """
from dateutil.relativedelta import relativedelta
from django.utils import timezone
from mailboxes.lifecycle import Verb
from mailboxes.models import *
from mailboxes import actions
now = timezone.now()
actions.move_each(Bal.objects.all(), Verb.ALERT_IDLE, by=SYSTEM)
long_ago = now - relativedelta(months=12) + relativedelta(days=20)
Bal.objects.update(clock_at=long_ago, state_since=now - relativedelta(months=2))
Notice.objects.update(created_at=now - relativedelta(months=2), sent_at=now - relativedelta(months=2))
JournalEntry.objects.update(told_at=now)
"""
REMINDED = """
import json
from mailboxes.models import *
reminders = JournalEntry.objects.filter(what="remind_idle")
notices = Notice.objects.filter(stage="remind_idle-30")
print(json.dumps([reminders.count(), reminders.values("bal").distinct().count(), notices.count()]))
"""


def test_two_processes_at_once_remind_once(app):
    prepare(app, then=ALERTED)
    finish(*[start(app, "job", "follow_alerts", "--for-real") for _ in range(2)])
    assert json.loads(shell(app, REMINDED)) == [HOW_MANY] * 3


def test_reminders_killed_between_two_batches_are_taken_up_again(app_data, migrated_url):
    """A lock held from outside stops them in their second batch: there they die."""
    app, count = app_data(DATABASE_URL=migrated_url), 502
    prepare(app, count, then=ALERTED)
    with psycopg.connect(migrated_url) as blocker, psycopg.connect(migrated_url, autocommit=True) as watcher:
        blocker.execute("SELECT 1 FROM mailboxes_bal ORDER BY id DESC LIMIT 1 FOR UPDATE")
        reminders = start(app, "job", "follow_alerts", "--for-real")
        wait_for(lambda: is_stopped(reminders, watcher))
        reminders.kill()
        reminders.communicate()
    assert json.loads(shell(app, REMINDED)) == [500] * 3
    finish(start(app, "job", "follow_alerts", "--for-real"))
    assert json.loads(shell(app, REMINDED)) == [count] * 3


def test_a_broker_that_is_down_stops_no_act(app_data, sink):
    app = app_data(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0", EMAIL_URL=sink.url)
    prepare(app, 3)
    finish(start(app, "job", "alert_idle", "--for-real"))
    assert report(app) == {"alerts": 3, "bals": 3, "notices": 3, "sent": 0, "untold": 3}
    finish(start(app, "job", "tell_again", "--for-real"))
    assert len(sink.accepted) == 3
