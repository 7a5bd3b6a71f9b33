"""The jobs and the commands of the same names: dry by default, one bad BAL stops nothing, the closed loop."""

from datetime import timedelta
from functools import partial

import pytest
from celery.exceptions import Retry
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from balmanager.celery import app
from directory.models import Entry, SyncRun
from mailboxes import actions, jobs
from mailboxes.actions.batches import in_batches
from mailboxes.jobs.acts import one_by_one
from mailboxes.lifecycle import State, Verb
from mailboxes.models import SYSTEM, AccessTrace, Bal, JournalEntry, Notice, Reading, RestingServer
from mailboxes.rules import Refused

LONG_AGO = timedelta(days=400)


def publish(*addresses, as_of=None):
    now = timezone.now()
    SyncRun.objects.create(source="extraction", status=SyncRun.Status.APPLIED, generated_at=as_of or now)
    for address in addresses:
        Entry.objects.create(
            source="extraction", address=address, kind="PER", digest="x", first_seen_at=now, changed_at=now
        )


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()  # as the beat does before it reads its schedule
    assert set(jobs.JOBS) < set(app.conf.beat_schedule)
    assert {line["task"] for line in app.conf.beat_schedule.values()} < set(app.tasks)


@pytest.mark.parametrize("name", jobs.JOBS)
def test_every_job_is_a_task_and_a_command(name, db, capsys):
    assert app.conf.beat_schedule[name]["task"] == jobs.TASKS[name].name
    call_command("job", name)
    assert "Rien n’a été écrit" in capsys.readouterr().out


def test_a_command_is_dry_until_told_for_real(per, capsys):
    Bal.objects.update(clock_at=timezone.now() - LONG_AGO)
    call_command("job", "alert_idle")
    assert per.address in capsys.readouterr().out
    assert not JournalEntry.objects.exists()
    call_command("job", "alert_idle", for_real=True)
    assert "1 faits, 0 refusés" in capsys.readouterr().out
    assert JournalEntry.objects.get().what == Verb.ALERT_IDLE


def test_a_sweep_counts_refusals_and_goes_on(make_bal, people):
    bals = [make_bal("PER", people.paul), make_bal("PER", people.bruno), make_bal("PER", people.alice)]
    Bal.objects.filter(pk=bals[1].pk).update(state=State.DELETED)
    tally = actions.move_each(Bal.objects.all(), Verb.ALERT_IDLE, by=SYSTEM)
    assert tally.done == 2
    assert list(tally.refused) == [bals[1].address]


def away(*_, **__):
    raise OperationalError("the connection is closed")


@pytest.mark.parametrize("sweep", [partial(one_by_one, away), partial(in_batches, act=away)])
def test_a_database_that_is_away_is_no_refusal_of_the_rows(per, sweep):
    with pytest.raises(OperationalError):
        sweep(Bal.objects.all())


def test_a_job_whose_database_is_away_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(jobs, "run", away)
    with pytest.raises(Retry, match="Retry in 60s"):
        jobs.TASKS["apply_departures"].apply()


def test_a_sweep_costs_the_same_for_few_and_many(make_bal, people, django_assert_num_queries):
    for count in (2, 30):
        for _ in range(count):
            make_bal("PER", people.paul, clock_at=timezone.now() - LONG_AGO)
        with django_assert_num_queries(9):
            assert jobs.run("alert_idle").done == count


def test_absence_is_concluded_from_a_fresh_annuaire_only(per, make_bal, people):
    shown = make_bal("PER", people.bruno)
    red = make_bal("PER", people.alice, liste_rouge=True)
    Bal.objects.update(state=State.DEPUBLICATION_REQUESTED)
    assert jobs.run("verify_absences").done == 0  # never loaded
    publish(shown.address, as_of=timezone.now() - settings.ANNUAIRE_STALE_AFTER - timedelta(hours=1))
    assert jobs.run("verify_absences").done == 0  # stale
    publish()
    assert jobs.run("verify_absences").done == 1
    states = dict(Bal.objects.values_list("pk", "state"))
    assert states[per.pk] == State.DEPUBLISHED
    assert states[shown.pk] == states[red.pk] == State.DEPUBLICATION_REQUESTED


def test_a_person_concludes_nothing_while_the_annuaire_shows_the_bal(per, people):
    publish(per.address)
    Bal.objects.update(state=State.DELETION_CONFIRMED)
    with pytest.raises(Refused, match="figure encore"):
        actions.move(per, Verb.VERIFY_DELETION, by=people.gisele.user)
    Entry.objects.update(withdrawn_at=timezone.now())
    assert actions.move(per, Verb.VERIFY_DELETION, by=people.gisele.user).state == State.DELETED


def test_an_operator_s_own_directory_neither_dates_the_annuaire_nor_keeps_a_bal_in_it(per, people):
    Bal.objects.update(state=State.DEPUBLICATION_REQUESTED)
    publish(per.address)
    Entry.objects.update(source="ldap")
    SyncRun.objects.update(source="ldap")
    assert jobs.run("verify_absences").done == 0  # no public source was ever read
    SyncRun.objects.update(source="fhir")
    assert jobs.run("verify_absences").done == 1


def test_an_expired_delegation_ends_by_itself_and_is_told(org, people, django_capture_on_commit_callbacks, mailoutbox):
    org.delegataires.update(
        starts_on=timezone.localdate() - timedelta(days=9), ends_on=timezone.localdate() - timedelta(days=1)
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.run("end_delegations").done == 1
    assert jobs.run("end_delegations").done == 0
    told = {
        people.alice.email,
        people.delphine.email,
        org.operator.request_email,
    }  # who gave it, who had it, who ends it
    assert {mail.to[0] for mail in mailoutbox} == told


def test_a_broken_mail_server_loses_nothing(per, settings, mailoutbox):
    Bal.objects.update(clock_at=timezone.now() - LONG_AGO)
    jobs.run("alert_idle")  # the commit callbacks do not run here: as if the broker were down
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    assert jobs.run("tell_again").done == 0
    notice = Notice.objects.get()
    assert (notice.attempts, notice.sent_at) == (1, None)
    assert notice.error
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert jobs.run("tell_again").done == 0  # the lease still runs
    RestingServer.objects.update(until=timezone.now())  # a minute later, the server is asked again
    later = timezone.now() + settings.NOTICE_LEASE + timedelta(seconds=1)
    JournalEntry.objects.update(leased_until=timezone.now())
    assert jobs.run("tell_again", later).done == 1
    notice.refresh_from_db()
    assert (notice.attempts, notice.error) == (2, "")
    assert len(mailoutbox) == 1


def test_the_same_notice_always_carries_the_same_message_id(per, mailoutbox):
    Bal.objects.update(clock_at=timezone.now() - LONG_AGO)
    jobs.run("alert_idle")
    for _ in range(2):  # a process died between the server's "accepted" and our mark
        JournalEntry.objects.update(told_at=None, leased_until=None)
        Notice.objects.update(sent_at=None)
        jobs.run("tell_again")
    first, second = (mail.extra_headers["Message-ID"] for mail in mailoutbox)
    assert first == second


def test_a_holder_without_an_address_is_a_notice_not_delivered(per, people):
    people.paul.email = ""
    people.paul.save()
    Bal.objects.update(clock_at=timezone.now() - LONG_AGO)
    jobs.run("alert_idle")
    jobs.run("tell_again")
    notice = Notice.objects.get()
    assert (notice.channel, notice.sent_at) == (Notice.Channel.NONE, None)


def test_purge_keeps_what_must_be_kept(per, people, settings):
    user, now = people.paul.user, timezone.now()
    for days in (364, 366):
        AccessTrace.objects.create(user=user, what="export", at=now - timedelta(days=days))
    for days in (1000, 1200):
        Reading.objects.create(bal=per, at=now - timedelta(days=days), source="import")
    actions.describe_bal(per, by=people.gisele.user, service="Cardiologie")
    assert jobs.run("purge").done == 2
    assert (AccessTrace.objects.count(), Reading.objects.count(), JournalEntry.objects.count()) == (1, 1, 1)
