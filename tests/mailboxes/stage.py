"""The stage on which `test_stateful` plays: clock, mail server, annuaire, and how each act is looked at."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

from django.conf import settings
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine

from directory.models import Entry, SyncRun
from mailboxes.jobs import run as run_job
from mailboxes.lifecycle import BY_VERB, WHO_MAY, Verb
from mailboxes.models import SYSTEM, Bal, Cotitulaire, Person
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes import held_true
from tests.mailboxes.held_true import Picture

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
CAST = ["alice", "bruno", "paul", "delphine", "gisele", "lea", "eve", "system"]


class Mood(EmailBackend):
    """A mail server that takes everything, or every other mail, or is down, or refuses the recipients for good."""

    now = "takes"
    asked = 0

    def send_messages(self, messages):
        Mood.asked += 1
        if Mood.now == "down" or (Mood.now == "takes one in two" and Mood.asked % 2):
            raise SMTPServerDisconnected("Connection unexpectedly closed")
        if Mood.now == "refuses":
            raise SMTPRecipientsRefused({messages[0].to[0]: (550, b"5.1.1 unknown")})
        return super().send_messages(messages)


class Annuaire:
    """What the latest picture of it shows, as the test has drawn it."""

    def __init__(self):
        self.listed: set[str] = set()
        self.as_of: datetime | None = None

    def load(self, listed: set[str], as_of: datetime) -> None:
        SyncRun.objects.create(source="extraction", status="applied", generated_at=as_of)
        Entry.objects.exclude(address__in=listed).update(withdrawn_at=as_of)
        Entry.objects.filter(address__in=listed).update(withdrawn_at=None)
        known = set(Entry.objects.values_list("address", flat=True))
        rows = {"source": "extraction", "kind": "PER", "first_seen_at": as_of, "changed_at": as_of}
        whose = dict(Cotitulaire.objects.filter(is_principal=True).values_list("bal__address", "person__rpps"))
        new = [Entry(address=address, person_id=whose.get(address, ""), **rows) for address in sorted(listed - known)]
        Entry.objects.bulk_create(new)
        self.listed, self.as_of = listed, max(as_of, self.as_of or as_of)

    def shows(self, address: str) -> bool | None:
        is_fresh = self.as_of and timezone.now() - self.as_of <= settings.ANNUAIRE_STALE_AFTER
        return address in self.listed if is_fresh else None


class Stage(RuleBasedStateMachine):
    """Each example lives in a transaction that is undone at its end."""

    def __init__(self, cast, clock):
        super().__init__()
        self.cast, self.clock, self.now = cast, clock, START
        self.clock.move_to(START, tick=False)
        self.example = transaction.atomic()
        self.example.__enter__()
        self.annuaire, self.quotas, self.resent, self.mails = Annuaire(), held_true.Quotas(), Counter(), Counter()
        Mood.now, Mood.asked = "takes", 0
        self.picture = Picture()
        held_true.check_register(self.picture)

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # --- How each step is played and looked at ------------------------------------------------------------------------
    def pass_time(self, **delta):
        self.now += timedelta(**delta)
        self.clock.move_to(self.now, tick=False)

    def play(self, act, *args, **facts):
        """One act, a minute later."""
        self.pass_time(minutes=1)
        return self.play_now(act, *args, **facts)

    def play_now(self, act, *args, **facts):
        """Refused, it did nothing; else, everything that it wrote is explained."""
        try:
            done, refusal = act(*args, **facts), None
        except Refused as refused:
            done, refusal = None, refused
        before, self.picture = self.picture, Picture()
        if refusal:
            held_true.check_refusal(refusal, before, self.picture)
        else:
            held_true.check_done(before, self.picture, self.annuaire)
            held_true.check_register(self.picture)
            self.quotas.check(before, self.picture)
        self.look_at_mails()
        return done if refusal is None else refusal

    def look_at_mails(self):
        """The same mail leaves once, and once more each time that it is sent again by hand."""
        self.mails.update(message.extra_headers["Message-ID"] for message in mail.outbox)
        mail.outbox.clear()
        for message, times in self.mails.items():
            assert times <= 1 + self.resent[message.split(".")[1]], f"{message} left {times} times"

    def check_by_table(self, verb, bal, who, outcome):
        """Whoever the table lets do it from here is not refused for who they are, nor for where the BAL is; others
        are."""
        user = None if who == "system" else self.cast[who].user.pk
        line, refused = BY_VERB[verb], isinstance(outcome, Refused)
        may = bool(line.by & self.before.roles(bal.pk, user, None))
        assert isinstance(outcome, NotAllowed) == (not may), (verb, who, outcome)
        is_from_here = self.before[Bal][bal.pk]["state"] in line.before
        assert refused or (may and is_from_here)
        assert not (refused and may and is_from_here and outcome.code == "state"), (verb, outcome)

    def by(self, who):
        return SYSTEM if who == "system" else self.cast[who].user

    def name(self, who, act, bal: Bal | None, turn=0) -> str:
        if who != "apt":
            return who
        if bal is None:
            return "gisele"
        allowed = BY_VERB[act].by if act in Verb.values else WHO_MAY[act]
        users = {name: None if name == "system" else self.cast[name].user.pk for name in CAST}
        may = [name for name in CAST if allowed & self.picture.roles(bal.pk, users[name], None)]
        return may[turn % len(may)] if may else "gisele"

    def act(self, act, number, who, do, *args, **facts):
        """`do` it on one of the BAL, by this one."""
        bal = self.bal(number)
        return self.play(do, bal, *args, by=self.by(self.name(who, act, bal, turn=number)), **facts)

    def person(self, number) -> Person:
        return self.cast["people"][number]

    def bal(self, number) -> Bal:
        pks = sorted(self.picture[Bal])
        return Bal.objects.get(pk=pks[number % len(pks)])

    def newest(self, table, number, **facts):
        rows = table.objects.filter(**facts).order_by("-pk")[: number + 1]
        return list(rows)[-1] if rows else None

    def run(self, *jobs):
        """Nothing that a job finds due is refused, for nobody else is there."""
        tallies = [run_job(job) for job in jobs]
        refused = [tally.refused for job, tally in zip(jobs, tallies, strict=True) if job != "tell_again"]
        assert not any(refused), refused
        return sum(tally.done for tally in tallies)
