"""The application does not start on settings that leave it open."""

import os
import subprocess
import sys

import pytest

from tests.servers import ROOT

STRONG = "only-to-load-the-settings-never-to-serve-a-page-0123456789"


def start(**env) -> str:
    """What is said where the settings are refused, "" where they are taken."""
    env = {**os.environ, "SECRET_KEY": STRONG, "DEBUG": "false", **env}
    command = [sys.executable, "-c", "import balmanager.settings"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


@pytest.mark.parametrize("key", ["x", "a" * 60, STRONG[:49], "django-insecure-" + STRONG])
def test_a_weak_key_is_refused(key):
    assert "SECRET_KEY" in start(SECRET_KEY=key)
    assert "SECRET_KEY" in start(SECRET_KEY_FALLBACKS=key)
    assert start(SECRET_KEY=key, DEBUG="true") == ""


def test_answering_to_any_host_is_refused():
    assert "ALLOWED_HOSTS" in start(ALLOWED_HOSTS="*")
    assert start(ALLOWED_HOSTS="*", DEBUG="true") == ""
    assert start(ALLOWED_HOSTS="bal.exemple.invalid") == ""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("WEB_WORKERS", "deux", "WEB_WORKERS makes no sense: expected a whole number from 1 to 1000, such as 1."),
        ("WEB_WORKERS", "0", "WEB_WORKERS makes no sense: expected a whole number from 1 to 1000, such as 1."),
        ("WEB_THREADS", "-1", "WEB_THREADS makes no sense: expected a whole number from 1 to 1000, such as 8."),
        ("PORT", "http", "PORT makes no sense: expected a whole number from 1 to 65535, such as 8000."),
        ("PORT", "70000", "PORT makes no sense: expected a whole number from 1 to 65535, such as 8000."),
        ("BIND", "0.0.0.0", "BIND makes no sense: expected an address and a port, such as 127.0.0.1:8000, or a socket, "
         "such as unix:/run/bal/web.sock."),
    ],
)  # fmt: skip
def test_the_web_process_says_which_of_its_settings_is_wrong_and_nothing_else(name, value, expected):
    command = [sys.executable, "-m", "gunicorn", "--check-config", "balmanager.wsgi"]
    env = {**os.environ, "SECRET_KEY": STRONG, name: value}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == expected
