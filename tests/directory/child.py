"""A process to kill: `python -m tests.directory.child DATABASE_URL STOP_AT FILE [SOURCE]`.

STOP_AT: "staged" stops once the first lines are staged, "applied" once the entries are written and not yet committed,
"nowhere" goes to the end and says its status. "picture" says what the database holds.
"""

import os
import sys
from pathlib import Path
from unittest import mock

URL, STOP_AT, PATH, SOURCE = [*sys.argv[1:], "extraction"][:4]
os.environ.update(DATABASE_URL=URL, DJANGO_SETTINGS_MODULE="balmanager.settings", LOG_LEVEL="ERROR")
os.environ.setdefault("SECRET_KEY", "only-for-a-child-of-the-tests-never-to-serve-a-page-0123456789")

import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402

from directory import sync  # noqa: E402
from directory.kept import kept_of  # noqa: E402
from directory.models import Change, SyncRun  # noqa: E402
from directory.sources import get_source  # noqa: E402

KEPT = kept_of(SOURCE)


def stop(at):
    if at == STOP_AT:
        print(at, flush=True)
        sys.stdin.readline()


def stop_once_written(execute, sql, params, many, context):
    result = execute(sql, params, many, context)
    if f"INSERT INTO {KEPT.table}" in sql:
        stop("applied")
    return result


if STOP_AT == "picture":
    rows = KEPT.model.objects.all()
    entries = sorted(
        (getattr(row, KEPT.key), getattr(row, "family_name", ""), row.withdrawn_at is None) for row in rows
    )
    statuses = list(SyncRun.objects.order_by("pk").values_list("status", flat=True))
    print([entries, statuses, Change.objects.count()])
else:
    with (
        mock.patch.object(
            sync, "_beat", side_effect=lambda run, beat=sync._beat: (beat(run), run.lines and stop("staged"))
        ),
        connection.execute_wrapper(stop_once_written),
    ):
        run = sync.sync(get_source(SOURCE, path=PATH), max_withdrawn=1.0)
    print(run.status, flush=True)
    # The peak of this program alone; ru_maxrss would begin with that of the process it was forked from.
    status = Path("/proc/self/status")
    if status.exists():
        print(next(row.split()[1] for row in status.read_text().splitlines() if row.startswith("VmHWM")))
