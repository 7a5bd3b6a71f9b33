"""The worked examples of docs/api, played as they stand against the application and its demonstration."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

README = settings.BASE_DIR / "docs" / "api" / "README.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEY = re.compile(r"BAL_KEY=(\S+)")


@pytest.mark.postgresql_run  # the demonstration on the database of production; test_demo looks at that of SQLite
def test_the_examples_run_as_they_are_written(demonstration, serve):
    app, printed = demonstration()
    serve(app)
    key = KEY.search(printed)[1]
    blocks = BLOCK.findall(README.read_text())
    shell = [text for language, text in blocks if language == "sh"]
    python = "\n".join(text for language, text in blocks if language == "python")  # each goes on from those before
    assert (len(shell), len(blocks)) == (3, 16)
    env = {**os.environ, "BAL_URL": app.url, "BAL_KEY": key}
    for command in (*(["bash", "-euo", "pipefail", "-c", text] for text in shell), [sys.executable, "-c", python]):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip()
