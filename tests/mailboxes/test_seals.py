"""The proof, sealed: what was changed behind the application's back is named."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from mailboxes import actions, jobs
from mailboxes.actions import seals as sealing
from mailboxes.lifecycle import Verb
from mailboxes.models import SYSTEM, JournalEntry, Notice, Seal
from mailboxes.models.seals import SETTLED

SENT = "Un avis remis ne se modifie pas"


@pytest.fixture
def told(per, people, django_capture_on_commit_callbacks):
    """An alert and its notice, sent; and a line that tells nobody."""
    with django_capture_on_commit_callbacks(execute=True):
        actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
        actions.describe_bal(per, by=people.gisele.user, service="Cardiologie")
    return Notice.objects.get(person=people.paul)


def seal(after=SETTLED + timedelta(minutes=1)):
    return jobs.run("seal", timezone.now() + after).done


@pytest.fixture
def behind():
    """`behind("UPDATE …")`: as whoever owns the tables could, the triggers lifted first."""

    def go(statement, table="mailboxes_journalentry"):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what hangs from earlier statements forbids ALTER
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
                for (name,) in cursor.fetchall():
                    cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(statement)

    return go


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mailboxes_notice SET text = 'autre'",
        "UPDATE mailboxes_notice SET recipient = recipient, sent_at = NULL",
        "DELETE FROM mailboxes_notice",
    ],
)
def test_a_notice_once_sent_is_neither_changed_nor_deleted(told, statement):
    with pytest.raises(DatabaseError, match=SENT), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_notice_not_yet_sent_is_nobody_s_proof(told):
    Notice.objects.filter(pk=told.pk).update(sent_at=None)
    assert Notice.objects.filter(pk=told.pk).update(text="autre") == 1


def test_a_seal_is_neither_changed_nor_deleted(told):
    seal()
    for statement in ("UPDATE mailboxes_seal SET digest = ''", "DELETE FROM mailboxes_seal"):
        with pytest.raises(DatabaseError, match="Un sceau"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.postgresql_run
@pytest.mark.parametrize("table", ["mailboxes_journalentry", "mailboxes_notice", "mailboxes_seal"])
def test_the_proof_is_not_emptied(table, db):
    with pytest.raises(DatabaseError, match="ne se vide pas"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_lines_are_sealed_once_settled_and_once_only(told):
    assert seal(SETTLED - timedelta(minutes=1)) == 0, "another line may still slip under"
    assert seal() == JournalEntry.objects.count() + 1
    assert seal() == 0
    assert sorted(Seal.objects.values_list("chain", "number")) == [("journal", 1), ("notices", 1)]


def test_each_seal_holds_the_one_before(told, per, people):
    seal()
    actions.describe_bal(per, by=people.gisele.user, service="Pneumologie")
    seal()
    first, second = Seal.objects.filter(chain="journal")
    assert (second.before, second.number) == (first.digest, 2)
    assert list(sealing.differences()) == []


JOURNAL, NOTICE = "mailboxes_journalentry", "mailboxes_notice"


@pytest.mark.parametrize(
    ("table", "statement", "says"),
    [
        (JOURNAL, "UPDATE {table} SET note = 'autre' WHERE id = {first}", "sceau 1 : la ligne {first} n’est plus"),
        (JOURNAL, "UPDATE {table} SET at = '2020-01-01' WHERE id >= {first}", "la ligne {first} n’est plus"),
        (NOTICE, "DELETE FROM {table} WHERE id = {notice}", "avis remis, sceau 1 : la ligne {notice} a disparu"),
        (NOTICE, "UPDATE {table} SET text = 'autre'", "la ligne {notice} n’est plus"),
        (NOTICE, "UPDATE {table} SET sent_at = '2020-01-01'", "la ligne {notice} n’est plus"),
        (NOTICE, "UPDATE {table} SET address = 'x@y.z'", "la ligne {notice} n’est plus"),
        ("mailboxes_seal", "UPDATE {table} SET lines = '{{}}' WHERE chain = 'journal'", "sceau 1 : il a été modifié"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(told, behind, capsys, table, statement, says):
    seal()
    pks = {"first": JournalEntry.objects.order_by("pk").first().pk, "notice": told.pk}
    behind(statement.format(table=table, **pks), table)
    with pytest.raises(CommandError, match="rompu"):
        call_command("verify_seals")
    assert says.format(**pks) in capsys.readouterr().out


def test_a_line_added_afterwards_is_named(told, per):
    last = JournalEntry.objects.create(pk=JournalEntry.objects.latest("pk").pk + 1000, bal=per, what=Verb.OPPOSE)
    seal()
    JournalEntry.objects.create(pk=last.pk - 1, bal=per, what=Verb.OPPOSE)
    assert list(sealing.differences()) == [f"journal, sceau 1 : la ligne {last.pk - 1} a été ajoutée après coup."]


def test_a_notice_given_again_by_the_journal_is_not_a_fault(told, per, people):
    seal()
    Notice.objects.filter(pk=told.pk).update(bounced_at=timezone.now())
    actions.resend_notice(told, by=people.gisele.user)
    assert list(sealing.differences()) == []


def test_the_seals_kept_outside_tell_of_a_database_rewritten_whole(told, behind, settings, tmp_path, capsys):
    settings.SEALS_FILE = str(tmp_path / "seals")
    seal()
    file = tmp_path / "seals"
    assert file.stat().st_mode & 0o777 == 0o600
    call_command("verify_seals", file=str(file))
    assert "2 sceaux vérifiés, tous intacts, et tels que" in capsys.readouterr().out
    behind("DELETE FROM mailboxes_seal WHERE chain = 'journal'", "mailboxes_seal")
    assert list(sealing.differences()) == [], "inside, nothing shows it"
    with pytest.raises(CommandError, match="1 sceaux rompus"):
        call_command("verify_seals", file=str(file))
    assert "journal, sceau 1 : il n’est plus celui" in capsys.readouterr().out


def test_what_the_file_outside_could_not_take_is_added_once_it_can(told, per, people, settings, tmp_path):
    file, away = tmp_path / "seals", tmp_path / "unmounted" / "seals"
    settings.SEALS_FILE = str(file)
    seal()
    settings.SEALS_FILE = str(away)
    JournalEntry.objects.create(bal=per, what=Verb.OPPOSE)
    with pytest.raises(OSError, match="No such file"):
        seal()
    settings.SEALS_FILE = str(file)
    JournalEntry.objects.create(bal=per, what=Verb.OPPOSE)
    seal()
    kept = [line.split()[:2] for line in file.read_text().splitlines()]
    assert [number for chain, number in kept if chain == Seal.Chain.JOURNAL] == ["1", "2", "3"]
    assert list(sealing.differences(str(file))) == []


def test_half_a_seal_is_not_left_outside(told, settings, tmp_path, monkeypatch):
    settings.SEALS_FILE = str(tmp_path / "seals")
    monkeypatch.setattr(sealing, "open", lambda path, *args, **options: AlmostFull(path, "ab+"), raising=False)
    with pytest.raises(OSError, match="No space left"):
        seal()
    assert (tmp_path / "seals").read_text() == ""


class AlmostFull(io.FileIO):
    def write(self, data):
        return super().write(data[:10])


def test_a_file_of_seals_that_is_none_is_said(told, tmp_path):
    with pytest.raises(CommandError, match="n’a pas pu être lu"):
        call_command("verify_seals", file=str(tmp_path / "nowhere"))
