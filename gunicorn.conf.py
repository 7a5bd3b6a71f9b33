"""How the web process serves; each value can be set from the environment (docs/settings.md)."""

import os
from pathlib import Path

bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
workers = int(os.environ.get("WEB_WORKERS", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
loglevel = "warning"
control_socket_disable = True


def when_ready(_server):
    """The last thing `make run` says is where to go, and as whom."""
    demo = Path(os.environ.get("VAR_DIR", "var")) / "demo.txt"
    logins = demo.read_text() if demo.exists() else ""
    print(f"\n{logins}\n  BAL Manager: http://{bind}  (Ctrl-C stops it)\n", flush=True)  # noqa: T201
