"""What is kept no longer: at each edge, and as the page says."""

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from balmanager.retention import KEPT
from directory.typography import typeset
from mailboxes import actions, jobs
from mailboxes.actions.forgetting import forget_person, forgettable
from mailboxes.actions.journal import write_about
from mailboxes.actions.seals import differences
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import SYSTEM, AccessTrace, Delegataire, JournalEntry, Notice, Person, Seal
from mailboxes.models.seals import SETTLED
from mailboxes.rules import Refused
from mailboxes.software.actions import declare_software
from mailboxes.software.scim.models import ScimUser


@pytest.fixture
def gone(people):
    """Paul left every structure, longer ago than who he was is kept; his account is closed."""
    long_ago = timezone.localdate() - settings.PEOPLE_KEPT
    people.paul.affiliations.update(left_on=long_ago, applied_at=timezone.now())
    people.paul.user.is_active = False
    people.paul.user.save()
    return people.paul


def test_the_day_is_that_of_here_just_after_midnight_too(people, time_machine):
    time_machine.move_to("2026-11-30 00:30 +0100")  # the 29th still, in UTC
    people.paul.affiliations.update(left_on=date(2026, 11, 30) - settings.PEOPLE_KEPT)
    people.paul.user.is_active = False
    people.paul.user.save()
    assert people.paul in forgettable(timezone.now())


def test_one_who_left_long_ago_is_forgotten(gone):
    jobs.run("purge")
    gone.refresh_from_db()
    assert (str(gone), gone.rpps, gone.email, gone.has_cps) == ("Personne EFFACÉE", None, "", False)
    assert (gone.user.email, gone.user.first_name) == ("", "")
    assert "paul" not in gone.user.username
    assert not forgettable(timezone.now()).exists(), "once"
    line = JournalEntry.objects.get(what=Act.FORGET_PERSON, person=gone)
    assert (line.by, line.before, line.after, line.note) == (None, "", "", ""), "that it was done, not of whom"


def test_what_others_told_of_one_who_is_forgotten_goes_too(gone, people, structure):
    facts = {"channel": "email", "email": "paul@ailleurs.invalid", "former_channel": "email"}
    entry = write_about(Act.ASK_CONTACT, by=people.gisele.user, about={"person": gone})
    now = timezone.now()
    gone.contact_changes.create(**facts, state="applied", asked_by=people.gisele.user, due_at=now, entry=entry)
    software, _ = declare_software(
        name="Annuaire", structures=[structure], scopes=["identities"], days=30, by=people.gisele.user
    )
    gone.affiliations.get().scim_users.create(software=software, user_name="paul", family_name="Exemple")
    gone.user.socialaccount_set.create(provider="psc", uid="810000000033")
    jobs.run("purge")
    left = (gone.contact_changes, ScimUser.objects, gone.user.socialaccount_set)
    assert [rows.count() for rows in left] == [0, 0, 0]


def test_one_who_came_back_meanwhile_is_not(gone, structure):
    gone.affiliations.create(structure=structure)
    with pytest.raises(Refused, match="revenue"):
        forget_person(gone, by=SYSTEM)


@pytest.mark.parametrize("keeps", ["a day too early", "here again", "still logs in", "holds", "lends"])
def test_one_who_is_still_about_is_not(gone, people, structure, make_bal, org, keeps):
    match keeps:
        case "a day too early":
            gone.affiliations.update(left_on=timezone.localdate() - settings.PEOPLE_KEPT + timedelta(days=1))
        case "here again":
            gone.affiliations.create(structure=structure)
        case "still logs in":
            gone.user.is_active = True
            gone.user.save()
        case "holds":
            make_bal("PER", gone)
        case "lends":
            Delegataire.objects.create(bal=org, person=people.delphine, under=gone, reason="Secrétariat")
    jobs.run("purge")
    assert Person.objects.get(pk=gone.pk).rpps == "10000000033"


def test_the_log_of_the_administration_is_purged(people):
    now = timezone.now()
    for age in (settings.ADMIN_LOG_KEPT - timedelta(minutes=1), settings.ADMIN_LOG_KEPT + timedelta(minutes=1)):
        facts = {"user": people.gisele.user, "action_flag": 1, "object_repr": "x"}
        LogEntry.objects.filter(pk=LogEntry.objects.create(**facts).pk).update(action_time=now - age)
    jobs.run("purge", now)
    assert LogEntry.objects.count() == 1


def test_the_words_of_old_records_go_and_their_seals_hold(
    per, people, settings, capsys, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        actions.move(per, Verb.ALERT_IDLE, by=SYSTEM, note="Sans nouvelle de Paul")
    jobs.run("seal", timezone.now() + SETTLED + timedelta(minutes=1))
    call_command("forget_records", for_real=True)
    assert Notice.objects.get(person=people.paul).text, "kept ten years"
    settings.RECORD_KEPT = timedelta(microseconds=1)
    call_command("forget_records")
    assert JournalEntry.objects.get().note
    call_command("forget_records", for_real=True)
    entry, notice = JournalEntry.objects.get(), Notice.objects.get(person=people.paul)
    assert (entry.note, entry.what, entry.bal) == ("", Verb.ALERT_IDLE, per)
    assert (notice.text, notice.recipient, notice.address, notice.stage) == ("", "", "", Verb.ALERT_IDLE)
    assert list(differences()) == []
    assert not Seal.objects.filter(forgotten_at=None).exists()
    for rows in (JournalEntry.objects, Seal.objects):  # the triggers are there again
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.all()._raw_delete("default")
    settings.RECORD_KEPT = timedelta(0)
    call_command("forget_records")
    assert "0 lignes" in capsys.readouterr().out.splitlines()[-2]


def test_the_page_says_every_duration_there_is(client, people):
    told = {name for name in dir(settings) if name.endswith("_KEPT")} | {"BROWSER_KNOWN"}
    assert {row.setting for row in KEPT} == told
    client.force_login(people.paul.user)
    page = client.get(reverse("kept"))
    for row in KEPT:
        assert typeset(row.what) in page.text
    for said in ("10\u00a0ans", "5\u00a0ans", "1\u00a0an<", "180\u00a0jours", "1\u00a0jour<"):
        assert said in page.text


def test_a_number_is_not_traced(people):
    actions.trace(people.gisele.user, "export", "registre, q=10000000017&autre=1+70+01+75+123+456+78&bal=a%40b.fr")
    assert AccessTrace.objects.get().target == "registre, q=‹numéro›&autre=‹numéro›&bal=a@b.fr"


def test_what_nobody_sees_is_not_traced(client, people):
    client.force_login(people.gisele.user)
    assert client.get(reverse("bal-export"), {"x": "a\0b"}).status_code == 200
    assert AccessTrace.objects.get().target == "registre, x=ab"
