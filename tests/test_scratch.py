"""The folder in which the processes of a service count together."""

import subprocess
import sys
from pathlib import Path

import pytest

from balmanager import scratch
from tests.servers import ROOT

MAKE = """
import sys
from pathlib import Path
from balmanager import scratch
scratch.MEMORY = Path(sys.argv[1])
print(scratch.scratch_folder("of-tests-"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def service(tmp_path):
    """A process that has such a folder, and the folder."""
    command = [sys.executable, "-c", MAKE, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_what_a_killed_service_left_is_swept_and_nothing_of_one_that_lives(service, tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "MEMORY", tmp_path)
    process, of_another = service
    first = Path(scratch.scratch_folder("of-tests-"))
    assert first.parent == of_another.parent == tmp_path
    assert of_another.is_dir(), "it lives"
    process.kill()
    process.wait()
    scratch.scratch_folder("of-tests-")
    assert not of_another.exists()
    assert first.is_dir(), "ours, by the same process"


def test_where_memory_is_not_open_to_the_service_the_folder_is_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "MEMORY", tmp_path / "none")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert Path(scratch.scratch_folder("of-tests-")).parent == tmp_path
