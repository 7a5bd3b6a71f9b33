"""The pages of the runs."""

import errno
import os
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from directory.models import Entry, SyncRun
from directory.models.runs import SILENT_FOR
from directory.sources import get_source
from directory.sync import sync
from directory.tasks import MOST_TRIES, sync_upload, take_up_uploads, uploads
from tests.directory.conftest import ALICE, BRUNO, line, many
from tests.directory.test_download import serve

pytestmark = [pytest.mark.sqlite_run, pytest.mark.usefixtures("static_root")]


@pytest.fixture
def staff(client, db):
    client.force_login(get_user_model().objects.create_user("admin", is_staff=True))
    return client


def page_of(run):
    return reverse("directory:run", args=[run.pk])


def test_nobody_sees_the_runs_without_logging_in(client, db):
    assert client.get(reverse("directory:runs")).status_code == 302


def test_the_list_shows_the_runs_and_the_date_of_the_copy(visitor, load):
    load(line(), name="x_202611200300.txt")
    load(line(), line(BRUNO), name="x_202611190300.txt")

    text = visitor.get(reverse("directory:runs")).text

    assert "Notre copie est celle du 20 novembre 2026 à 03:00\u00a0: 1 adresses." in text
    assert "refusée\u00a0: Fichier plus ancien que notre copie" in text


def test_the_list_takes_the_same_queries_for_any_number_of_runs(visitor, django_assert_max_num_queries):
    SyncRun.objects.bulk_create(SyncRun(source="extraction") for _ in range(60))
    with django_assert_max_num_queries(11):  # four are the session, one the menu, one the pinned views
        visitor.get(reverse("directory:runs"), {"page": 2})


def test_a_run_shows_its_changes_by_kind_and_its_rejected_lines(visitor, load):
    load(line(), *many(20))
    run = load(line(family_name="DURAND"), *many(19), "x")

    text = visitor.get(page_of(run)).text
    assert "nom d&#x27;exercice\u00a0: «&nbsp;MARTIN&nbsp;», puis «&nbsp;DURAND&nbsp;»" in text
    assert "p19@aura.mssante.fr" in text
    assert "1 champs au lieu de 31" in text

    text = visitor.get(page_of(run), {"kind": "withdrawn"}).text
    assert "DURAND" not in text
    assert "p19@aura.mssante.fr" in text


def test_a_dry_run_shows_what_would_change(visitor, load):
    run = load(line(), dry_run=True)
    text = visitor.get(page_of(run)).text
    assert "Ce qui changerait" in text
    assert ALICE.address in text


def test_a_running_run_asks_for_its_progress_until_it_is_over(visitor, db):
    run = SyncRun.objects.create(source="extraction", phase="reading", bytes_total=200, bytes_read=50)

    assert 'hx-trigger="every 2s"' in visitor.get(page_of(run)).text
    part = visitor.get(page_of(run), headers={"HX-Request": "true"})
    assert 'value="25"' in part.text
    assert "<html" not in part.text
    assert "HX-Refresh" not in part.headers

    SyncRun.objects.update(status="applied")
    over = visitor.get(page_of(run), headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"
    assert "every 2s" not in over.text


def test_the_progress_tells_the_writing_which_has_no_percentage(visitor, db):
    facts = {"bytes_total": 200, "bytes_read": 98, "lines": 5000}
    run = SyncRun.objects.create(source="extraction", phase="writing", **facts)
    text = visitor.get(page_of(run)).text
    assert "Comparaison et écriture de 5\xa0000 lignes" in text
    assert "49 %" not in text
    assert 'aria-current="step">Comparaison et écriture' in text


def test_a_run_is_seen_from_outside_to_fetch_then_read_then_write(db, write, monkeypatch):
    """What is written inside the transaction that applies a run, nobody sees before its end."""
    seen = []

    def beat(run):
        seen.append((run.phase, run.percent, connection.in_atomic_block and len(connection.savepoint_ids)))

    monkeypatch.setattr("directory.sync._beat", beat)
    sync(get_source("extraction", path=str(write(line(), *many(20)))))
    phases = [phase for phase, *_ in seen]
    assert list(dict.fromkeys(phases)) == ["reading", "writing"]
    outside = min(depth for *_, depth in seen)
    assert ("writing", 100, outside) in seen


def test_an_unknown_run_is_not_found(visitor):
    assert visitor.get(reverse("directory:run", args=[404])).status_code == 404


def upload(client, content, **facts):
    file = SimpleUploadedFile("x_202611200300.txt", content)
    return client.post(reverse("directory:upload"), {"source": "extraction", "file": file, **facts})


def test_only_staff_may_upload(visitor):
    assert visitor.get(reverse("directory:upload")).status_code == 403
    assert upload(visitor, b"x").status_code == 403
    assert not SyncRun.objects.exists()


def test_an_uploaded_file_is_synced_after_the_commit_and_not_kept(
    staff, write, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.VAR_DIR = tmp_path / "var"
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(staff, write(line()).read_bytes())

    run = SyncRun.objects.get()
    assert answer.headers["Location"] == page_of(run)
    assert (run.status, run.origin) == ("applied", "x_202611200300.txt")
    assert run.generated_at is not None
    assert Entry.objects.get().address == ALICE.address
    assert list((tmp_path / "var" / "uploads").iterdir()) == []


def test_an_upload_without_a_date_is_dated_by_hand(
    staff, write, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.VAR_DIR = tmp_path / "var"
    file = SimpleUploadedFile("x.txt", write(line()).read_bytes())
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(reverse("directory:upload"), {"source": "extraction", "file": file, "dated": "2026-11-20T03:00"})
    assert SyncRun.objects.get().generated_at == datetime(2026, 11, 20, 2, tzinfo=UTC)


def test_an_unreadable_upload_tells_why_on_its_page(staff, settings, tmp_path, django_capture_on_commit_callbacks):
    settings.VAR_DIR = tmp_path
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(staff, b"<html>")
    assert "page web" in staff.get(answer.headers["Location"]).text


def test_an_upload_may_be_simulated_or_forced(
    staff, write, load, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.VAR_DIR = tmp_path / "var"
    load(*many(20))
    few = write(*many(5), name="few.txt").read_bytes()
    statuses = []
    for facts in ({}, {"dry_run": "on", "accept_withdrawals": "on"}, {"accept_withdrawals": "on"}):
        with django_capture_on_commit_callbacks(execute=True):
            upload(staff, few, **facts)
        statuses.append(SyncRun.objects.latest("pk").status)
    assert statuses == ["refused", "dry-run", "applied"]


def test_an_empty_upload_is_an_error_of_the_form(staff):
    answer = upload(staff, b"")
    assert answer.status_code == 422
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize(("source", "content"), [("activities", b"x"), ("whitelist", b"x")])
def test_a_file_of_each_source_may_be_uploaded(
    staff, settings, tmp_path, source, content, django_capture_on_commit_callbacks
):
    settings.VAR_DIR = tmp_path
    with django_capture_on_commit_callbacks(execute=True):
        upload(staff, content, source=source)
    run = SyncRun.objects.get()
    assert (run.source, run.status) == (source, "failed")  # it was read by that source, which does not know this
    assert run.reason


# --- Fetched now --------------------------------------------------------------------------------------------------
def fetch(client, source="extraction"):
    return client.post(reverse("directory:download"), {"source": source})


def at(settings, url):
    settings.DIRECTORY_SOURCES["extraction"]["OPTIONS"]["url"] = url


@pytest.fixture
def published(settings, write, monkeypatch):
    """The file, at an address of this machine."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    settings.DIRECTORY_SOURCES = deepcopy(settings.DIRECTORY_SOURCES)
    with serve({"/x_202611200300.txt": (200, {}, write(line()).read_bytes())}) as url:
        at(settings, f"{url}/x_202611200300.txt")
        yield url


def test_a_source_is_fetched_now(staff, published, django_capture_on_commit_callbacks):
    assert "Télécharger maintenant" in staff.get(reverse("directory:runs")).text
    with django_capture_on_commit_callbacks(execute=True):
        answer = fetch(staff)
    run = SyncRun.objects.get()
    assert answer.headers["Location"] == page_of(run)
    assert (run.status, run.upload, run.addresses) == ("applied", None, 1)
    assert run.origin.startswith(published)


def test_a_source_that_is_being_read_is_not_fetched_twice(staff, published):
    first = SyncRun.objects.create(source="extraction", status="running")
    assert fetch(staff).headers["Location"] == page_of(first)
    assert SyncRun.objects.count() == 1


def test_a_fetch_whose_task_is_lost_is_taken_up_again(staff, published, monkeypatch):
    with monkeypatch.context() as patched:
        lose(patched)
        fetch(staff)
    fall_silent()
    take_up_uploads()
    assert SyncRun.objects.get().status == "applied"


def test_only_staff_fetches_and_only_what_has_an_address(visitor, published, settings):
    assert fetch(visitor).status_code == 403
    assert visitor.get(reverse("directory:download")).status_code == 405
    assert "Télécharger maintenant" not in visitor.get(reverse("directory:runs")).text


@pytest.mark.parametrize("source", ["whitelist", "nowhere", ""])
def test_a_source_without_an_address_is_not_fetched(staff, published, settings, source):
    settings.DIRECTORY_SOURCES["whitelist"]["OPTIONS"]["url"] = ""
    assert fetch(staff, source).status_code == 404
    assert not SyncRun.objects.exists()


def test_a_network_that_forbids_it_is_told_in_one_sentence_with_the_ways_round(
    staff, published, settings, django_capture_on_commit_callbacks
):
    at(settings, "https://127.0.0.1:9/extraction")  # nobody listens there
    with django_capture_on_commit_callbacks(execute=True):
        answer = fetch(staff)
    text = unescape(staff.get(answer.headers["Location"]).text)
    assert "Ce serveur n’atteint pas 127.0.0.1:9" in text
    assert "HTTPS_PROXY" in text
    assert "chargez-le ici" in text


def lose(monkeypatch, error=None):
    """The queue takes nothing from now on, saying so or not."""

    def never(*args):
        if error:
            raise error

    monkeypatch.setattr(sync_upload, "delay", never)


def fall_silent():
    SyncRun.objects.update(seen_at=timezone.now() - SILENT_FOR - timedelta(seconds=1))


@pytest.fixture
def lost(staff, write, settings, tmp_path, monkeypatch, django_capture_on_commit_callbacks):
    """An uploaded file whose task never ran; `uploads/` is its folder."""
    settings.VAR_DIR = tmp_path / "var"
    with monkeypatch.context() as patched, django_capture_on_commit_callbacks(execute=True):
        lose(patched, OperationalError())
        upload(staff, write(line()).read_bytes())
    return SyncRun.objects.get()


def test_an_upload_whose_task_is_lost_is_taken_up_again(lost):
    take_up_uploads()
    lost.refresh_from_db()
    assert lost.status == "waiting"  # it may still be on its way
    fall_silent()
    take_up_uploads()
    lost.refresh_from_db()
    assert (lost.status, lost.upload) == ("applied", None)
    assert list(uploads().iterdir()) == []


def test_an_upload_whose_process_died_is_read_again_three_times_at_most(lost, monkeypatch):
    lose(monkeypatch)
    for tries in range(2, MOST_TRIES + 1):
        SyncRun.objects.update(status="running")  # and no more is heard of it
        fall_silent()
        take_up_uploads()
        lost.refresh_from_db()
        assert (lost.status, lost.upload["tries"]) == ("waiting", tries)
    fall_silent()
    take_up_uploads()
    lost.refresh_from_db()
    assert (lost.status, lost.upload) == ("failed", None)
    assert "plusieurs fois" in lost.reason


def test_a_file_that_no_run_names_goes_after_a_day(lost, monkeypatch):
    lose(monkeypatch)
    (orphan := uploads() / "orphan").write_text("")
    take_up_uploads()
    assert orphan.exists()
    os.utime(orphan, (0, 0))
    os.utime(lost.upload["path"], (0, 0))
    take_up_uploads()
    assert [str(path) for path in uploads().iterdir()] == [lost.upload["path"]]


def test_a_full_disk_is_told_and_keeps_no_half_of_a_file(staff, settings, tmp_path, monkeypatch):
    def full(self, *args):
        raise OSError(errno.ENOSPC, "No space left on device")

    settings.VAR_DIR = tmp_path
    staff.raise_request_exception = False
    monkeypatch.setattr(SimpleUploadedFile, "chunks", full)
    monkeypatch.setattr("django.core.files.uploadedfile.InMemoryUploadedFile.chunks", full)
    answer = upload(staff, b"x")
    assert answer.status_code == 503
    assert "n’a plus de place" in answer.text
    assert list((tmp_path / "uploads").iterdir()) == []
    assert not SyncRun.objects.exists()


def test_an_upload_given_twice_to_the_workers_runs_once(lost):
    sync_upload(lost.pk)
    sync_upload(lost.pk)
    lost.refresh_from_db()
    assert lost.status == "applied"
    assert SyncRun.objects.count() == 1


@pytest.mark.parametrize("model", ["syncrun", "entry", "change", "rejectedline"])
def test_the_admin_shows_and_never_writes(client, load, model):
    client.force_login(get_user_model().objects.create_superuser("root"))
    load(line(), "x")
    assert client.get(reverse(f"admin:directory_{model}_changelist"), {"q": ""}).status_code == 200
    assert client.get(reverse(f"admin:directory_{model}_add")).status_code == 403
