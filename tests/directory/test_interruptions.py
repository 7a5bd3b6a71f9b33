"""Real processes, killed in the middle or running at once, on both databases: the picture is never torn."""

import ast
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from directory.invented import write_whitelist
from directory.models import SyncRun
from tests.directory.conftest import ALICE, BRUNO, line, many
from tests.forks import ROOT, run_own

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough


def picture(url, source="extraction"):
    command = [sys.executable, "-m", "tests.directory.child", url, "picture", "-", source]
    done = run_own(command, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


@pytest.mark.parametrize("moment", ["staged", "applied"])
def test_a_killed_run_leaves_the_former_picture(child, write, database_url, moment):
    before = child("nowhere", write(line(), line(BRUNO)))
    assert before.says() == "applied"
    killed = child(moment, write(line(family_name="DURAND"), line(address="new@aura.mssante.fr"), name="next.txt"))
    assert killed.says() == moment

    killed.kill()

    entries, statuses, changes = picture(database_url)
    assert entries == [(ALICE.address, "MARTIN", True), (BRUNO.address, "PETIT", True)]
    assert statuses == ["applied", "running"]
    assert changes == 0


def test_a_killed_run_of_another_source_leaves_its_former_picture_too(child, tmp_path, database_url):
    first, following, now = tmp_path / "first.xml", tmp_path / "next.xml", timezone.now()
    write_whitelist(first, ["a.mssante.fr", "b.mssante.fr"], now)
    write_whitelist(following, ["a.mssante.fr", "c.mssante.fr"], now)
    assert child("nowhere", first, "whitelist").says() == "applied"
    killed = child("applied", following, "whitelist")
    assert killed.says() == "applied"

    killed.kill()

    domains, statuses, changes = picture(database_url, "whitelist")
    assert domains == [("a.mssante.fr", "", True), ("b.mssante.fr", "", True)]
    assert (statuses, changes) == (["applied", "running"], 0)


@pytest.mark.parametrize("moment", ["staged", "applied"])
def test_after_a_killed_run_the_next_one_does_all_the_work(child, write, database_url, moment):
    path = write(line(), line(BRUNO))
    killed = child(moment, path)
    assert killed.says() == moment
    killed.kill()

    assert child("nowhere", path).says() == "applied"

    assert len(picture(database_url)[0]) == 2


def test_two_runs_at_once_pass_one_after_the_other(child, write, database_url):
    first = child("applied", write(line(), line(BRUNO)))
    assert first.says() == "applied"
    second = child("staged", write(line(), line(address="new@aura.mssante.fr"), name="other.txt"))
    if second.process.poll() is None and database_url.startswith("postgres"):
        assert second.says() == "staged"
        second.go_on()
    # SQLite has one writer: there the second cannot even note its progress before the first has ended.
    first.go_on()
    assert first.says() == "applied"
    if not database_url.startswith("postgres"):
        assert second.says() == "staged"
        second.go_on()
    while (said := second.says()) == "staged":  # its last sign of life, under the lock
        second.go_on()
    assert said == "applied"

    entries, statuses, changes = picture(database_url)
    assert [(address, held) for address, _, held in entries] == [
        (ALICE.address, True),
        (BRUNO.address, False),
        ("new@aura.mssante.fr", True),
    ]
    assert statuses == ["applied", "applied"]
    assert changes == 2


def test_a_run_without_a_sign_of_life_is_marked_interrupted_by_the_next(load):
    dead = SyncRun.objects.create(source="extraction", seen_at=timezone.now() - timedelta(minutes=6))
    alive = SyncRun.objects.create(source="extraction", seen_at=timezone.now() - timedelta(minutes=4))

    load(line())

    dead.refresh_from_db()
    alive.refresh_from_db()
    assert dead.status == "failed"
    assert dead.reason.startswith("Interrompue")
    assert alive.status == "running"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="NOT TESTED: the peak memory is read from /proc")
def test_a_hundred_thousand_lines_stay_under_150_mb(child, write):
    # What others hold in memory counts in a process forked from theirs.
    loading = child("nowhere", write(*many(100_000)), start=subprocess.Popen)

    assert loading.says() == "applied"
    kilobytes = int(loading.says())
    assert kilobytes < 150 * 1024
