"""The two nights when the hour changes: the schedule alone, a day of it in five minutes, and what it sent."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.faults.clock import Clock
from tests.servers import ROOT, die_with_parent, wait_until

HERE = ZoneInfo("Europe/Paris")
NIGHTS = {"to winter time": datetime(2026, 10, 25, tzinfo=HERE), "to summer time": datetime(2027, 3, 28, tzinfo=HERE)}
BEFORE = timedelta(minutes=20)  # the schedule has started when the day begins
RATE = 300
BEAT = [sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "balmanager", "beat", "--pidfile="]
# The schedule as a process of the service reads it.
SCHEDULE = """
import json
from datetime import date
from celery import current_app
from celery.schedules import crontab
from balmanager.schedule import expires, falls_on
current_app.loader.import_default_modules()
print(json.dumps({{
    name: [entry["task"], repr(entry.get("args") or ()), expires(when), sorted(when.minute), sorted(when.hour),
           falls_on(when, date({day}))]
    for name, entry in current_app.conf.beat_schedule.items() if isinstance(when := entry["schedule"], crontab)
}}))
"""


class Night:
    def __init__(self, folder: Path, env: dict, day: datetime):
        folder.mkdir()
        self.day, self.folder, self.clock = day, folder, Clock(folder)
        self.env = {
            **env, **self.clock.env, "DATABASE_URL": f"sqlite:///{folder}/bal.sqlite3", "REDIS_URL": "",
            "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "balmanager.settings",
        }  # fmt: skip
        self.clock.run_from((day - BEFORE).timestamp(), 0)  # it stands still until the schedule is there
        with (folder / "beat.log").open("wb") as log:
            self.beat = subprocess.Popen(
                # Its own longest sleep is of real seconds.
                [*BEAT, "--max-interval", "1", "-s", str(folder / "schedule")],
                cwd=ROOT, env=self.env, stdout=log, stderr=log, preexec_fn=die_with_parent,
            )  # fmt: skip
        wait_until(lambda: any(folder.glob("schedule*")), folder / "beat.log", self.beat, seconds=120)
        self.clock.run_from((day - BEFORE).timestamp(), RATE)
        self.ends_at = time.monotonic() + (self.length + BEFORE).total_seconds() / RATE

    @property
    def length(self) -> timedelta:
        return (self.day + timedelta(days=1)).astimezone(UTC) - self.day.astimezone(UTC)

    def is_over(self) -> bool:
        return time.monotonic() > self.ends_at

    def stop(self) -> None:
        self.beat.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.beat.wait(20)
        self.beat.kill()

    def sent(self) -> dict[tuple[str, str], list[datetime]]:
        """When each task was sent, or rather when it expires."""
        found = defaultdict(list)
        with contextlib.closing(sqlite3.connect(self.folder / "queue.sqlite3")) as queue:
            for (payload,) in queue.execute("SELECT payload FROM messages"):
                headers = json.loads(payload)["headers"]
                found[headers["task"], headers["argsrepr"]].append(datetime.fromisoformat(headers["expires"]))
        return found

    def judge(self) -> dict[str, tuple[int, int, int]]:
        """Of each job whose hours are said and that ran too seldom or too often: how often, the least and the most."""
        command = [sys.executable, "manage.py", "shell", "--no-imports", "--verbosity", "0", "-c"]
        command.append(SCHEDULE.format(day=f"{self.day:%Y, %-m, %-d}"))
        env = {**self.env, "LD_PRELOAD": ""}
        said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
        sent, wrong = self.sent(), {}
        for name, (task, args, lasts, minutes, hours, falls) in json.loads(said).items():
            least, most = self.bounds(set(minutes), set(hours)) if falls else (0, 0)
            of_the_day = (moment - timedelta(seconds=lasts) for moment in sent[task, args])
            times = sum(moment.astimezone(HERE).date() == self.day.date() for moment in of_the_day)
            if not least <= times <= most:
                wrong[name] = (times, least, most)
        return wrong

    def bounds(self, minutes: set[int], hours: set[int]) -> tuple[int, int]:
        """By the clock on the wall, which shows an hour twice or not at all: what asks for that hour must run once, and
        may run twice; what runs each hour goes on so, the one of midnight being of either day."""
        by_wall = len(minutes) * len(hours)
        moments = [
            self.day.astimezone(UTC) + timedelta(minutes=n) for n in range(int(self.length.total_seconds()) // 60)
        ]
        passed = sum((local := moment.astimezone(HERE)).hour in hours and local.minute in minutes for moment in moments)
        if len(hours) == 24:
            return min(by_wall, passed) - 1, max(by_wall, passed) + 1
        return by_wall, max(by_wall, passed)
