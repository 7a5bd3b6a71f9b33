"""`sync_annuaire` and `make_annuaire`: what they print and how they end."""

import hashlib
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from stdnum import luhn

from directory.invented import write_annuaire
from directory.models import Entry, SyncRun
from directory.sources import get_source
from directory.sources.extraction import HEADER
from tests.directory.conftest import ALICE, line, many

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def run(db, capsys):
    """Run sync_annuaire; gives its exit code, its output and its errors."""

    def run(*words):
        out, err, code = StringIO(), StringIO(), 0
        try:
            call_command("sync_annuaire", "extraction", *map(str, words), stdout=out, stderr=err)
        except SystemExit as end:
            code = end.code
        return code, out.getvalue(), err.getvalue()

    return run


def test_json_prints_one_object_and_nothing_else(run, write):
    code, out, err = run("--file", write(line(), "x", line(address="B@aura.mssante.fr")), "--json")

    said = json.loads(out)
    assert isinstance(said.pop("seconds"), float)
    assert said == {
        "status": "applied", "reason": None, "lines": 3, "rejected": 1, "addresses": 2,
        "appeared": 2, "changed": 0, "withdrawn": 0,
    }  # fmt: skip
    assert (code, err) == (0, "")


def test_the_exit_code_is_0_for_unchanged_and_dry_runs(run, write):
    path = write(line())
    assert json.loads(run("--file", path, "--json", "--dry-run")[1])["status"] == "dry-run"
    assert not Entry.objects.exists()
    run("--file", path)
    code, out, _ = run("--file", path, "--json")
    assert (code, json.loads(out)["status"]) == (0, "unchanged")


def test_a_refused_file_ends_with_3_and_the_override_lets_it_through(run, write):
    run("--file", write(*many(20)))
    small = write(*many(5), name="small.txt")

    code, out, _ = run("--file", small, "--json")
    assert code == 3
    assert json.loads(out)["status"] == "refused"
    assert "disparaîtraient" in json.loads(out)["reason"]
    assert Entry.objects.current().count() == 20

    assert run("--file", small, "--max-withdrawn", "1")[0] == 0
    assert Entry.objects.current().count() == 5


def test_an_unreadable_file_ends_with_2_and_a_sentence(run, write):
    code, out, err = run("--file", write(raw=b""), "--json")

    assert code == 2
    assert err == "Le fichier est vide.\n"
    assert json.loads(out) == {
        "status": "refused", "reason": "Le fichier est vide.", "lines": 0, "rejected": 0, "addresses": 0,
        "appeared": 0, "changed": 0, "withdrawn": 0, "seconds": 0,
    }  # fmt: skip
    assert not Entry.objects.exists()


@pytest.mark.parametrize("share", ["1.5", "-0.1", "beaucoup"])
def test_a_share_outside_0_to_1_is_not_taken(run, share):
    with pytest.raises(CommandError, match="part entre 0 et 1"):
        run("--max-withdrawn", share)


def test_the_report_lists_rejected_lines_up_to_fifty(run, write):
    _, out, _ = run("--file", write(line(), *["x"] * 60))

    assert "61 lignes lues, 60 écartées, 1 adresses." in out
    assert "ligne 3 : 1 champs au lieu de 31" in out
    assert "ligne 53 :" not in out
    assert "et 10 autres" in out


def test_the_report_of_a_dry_run_shows_the_changes(run, write):
    run("--file", write(line()))
    _, out, _ = run("--file", write(line(service="Urgences"), name="next.txt"), "--dry-run")
    assert f"changed {ALICE.address} service : «\u00a0\u00a0» → «\u00a0Urgences\u00a0»" in out


# --- The invented file ----------------------------------------------------------------------------------------------


def lines_of(path):
    header, *lines = path.read_text().splitlines()
    assert header == HEADER
    return lines


@pytest.mark.parametrize("name", ["a.txt", "a.zip"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, name):
    def digest(file, **options):
        write_annuaire(tmp_path / file, 300, **options)
        return hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()

    assert digest(name, seed=7) == digest("again" + name[1:], seed=7)
    assert digest(name, seed=7) != digest(name, seed=8)


def test_the_next_day_changes_the_given_share(load, tmp_path):
    write_annuaire(tmp_path / "day.txt", 3000, seed=3)
    write_annuaire(tmp_path / "next.txt", 3000, seed=3, change=0.01)
    before, after = set(lines_of(tmp_path / "day.txt")), set(lines_of(tmp_path / "next.txt"))

    assert len(before - after) == 20  # ten altered, ten gone
    assert len(after - before) == 20  # ten altered, ten appeared


def test_invented_files_have_the_shape_of_the_real_one(db, tmp_path):
    call_command("make_annuaire", lines=3000, out=tmp_path / "a.zip", seed=5)
    with get_source("extraction", path=str(tmp_path / "a.zip")).open(lambda: None) as opened:
        assert opened.generated_at is not None
        records = list(opened.records())

    people = [record for record in records if record.kind == "PER"]
    assert len(records) == 3000
    assert 0.80 < len(people) / len(records) < 0.86
    assert len({record.address for record in records}) >= 2990
    assert all(luhn.is_valid(record.person_id) and len(record.person_id) == 11 for record in people)
    assert all(len(record.structure_id) in (0, 9) for record in records)
    assert any(record.address.endswith("@interop-mssante.apicrypt.org") for record in records)


def test_given_rows_stand_in_an_invented_file(tmp_path):
    write_annuaire(tmp_path / "a.txt", 10, extra_rows=[ALICE])
    assert lines_of(tmp_path / "a.txt")[0] == line()
    assert len(lines_of(tmp_path / "a.txt")) == 11


def test_an_invented_file_and_its_next_day_go_through(run, tmp_path):
    call_command("make_annuaire", lines=2000, out=tmp_path / "a.txt")
    call_command("make_annuaire", lines=2000, out=tmp_path / "b.txt", change=0.003)
    assert json.loads(run("--file", tmp_path / "a.txt", "--json")[1])["rejected"] == 0
    said = json.loads(run("--file", tmp_path / "b.txt", "--json")[1])
    assert (said["status"], said["appeared"] + said["changed"] + said["withdrawn"]) == ("applied", 6)
    assert SyncRun.objects.count() == 2
