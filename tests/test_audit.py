"""The audit of what we lock: found, nothing, or nobody to ask; the last is said, and is no pass in silence."""

import http.server
import json
import os
import subprocess
import sys
import threading

import pytest

from tests.servers import ROOT, free_port


@pytest.fixture
def base():
    """`base(vulnerable)`: an advisory base that knows one against this package."""
    servers = []

    def serve(vulnerable):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
                names = [query["package"]["name"] for query in asked]
                assert {"django", "@tabler/core"} <= set(names), "what the web process and the pages load"
                said = [{"vulns": [{"id": "GHSA-test"}]} if name == vulnerable else {} for name in names]
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"results": said}).encode())

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def audit(url):
    command = [sys.executable, ".ci/audit.py"]
    env = {**os.environ, "OSV_URL": url}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_an_advisory_fails_the_check_and_is_named(base):
    done = audit(base("django"))
    assert done.returncode == 1
    assert "PyPI django" in done.stdout
    assert "GHSA-test" in done.stdout


def test_no_advisory_is_said_with_the_count(base):
    done = audit(base("none"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Dependencies audited" in done.stdout


def test_without_a_base_it_says_loudly_that_nothing_was_audited():
    done = audit(f"http://127.0.0.1:{free_port()}/")
    assert done.returncode == 0
    assert "DEPENDENCIES NOT AUDITED" in done.stdout
    assert "audited: " not in done.stdout
