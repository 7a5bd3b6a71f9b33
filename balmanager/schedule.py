"""The schedule of the jobs, which forgets none that the queue could not take at its minute."""

import time
from datetime import UTC, date, datetime, timedelta

from celery.beat import PersistentScheduler, SchedulingError
from celery.schedules import BaseSchedule, crontab, schedstate
from celery.utils.log import get_logger
from celery.utils.time import maybe_make_aware
from django.conf import settings
from django.utils import timezone

logger = get_logger(__name__)

ASK_AGAIN = 10  # seconds
LOOKED_BACK = timedelta(hours=3)  # more than the wall ever goes back
STEP = 60  # seconds: a clock set back by more is no drift


def has_come(when: crontab, last: datetime, now: datetime) -> bool:
    """Did it come since it last ran? Celery, which reckons by the wall, takes what ran in the hour that autumn shows a
    second time for due at once, again and again until that hour is over."""
    if now - last > LOOKED_BACK:
        return True
    minutes = (
        timezone.localtime(now - timedelta(minutes=n)) for n in range(int((now - last).total_seconds() // 60) + 2)
    )
    return any(
        minute.replace(second=0, microsecond=0).timestamp() > last.timestamp()
        and (minute.minute in when.minute and minute.hour in when.hour and falls_on(when, minute))
        for minute in minutes
    )


def falls_on(when: crontab, day: date) -> bool:
    return (
        day.day in when.day_of_month
        and day.month in when.month_of_year
        and day.isoweekday() % 7 in when.day_of_week  # Sunday is 0
    )


def expires(when: BaseSchedule) -> int:
    """Seconds after which a job that no worker took is dropped: the next one of its kind does the same."""
    if isinstance(when, crontab):
        return 3600 if when._orig_hour == "*" else 20 * 3600
    return int(when.run_every.total_seconds())


class Scheduler(PersistentScheduler):
    def __init__(self, *args, **kwargs):
        self.refused: dict[str, float] = {}  # jobs by name, and when to ask again
        super().__init__(*args, **kwargs)

    def tick(self, *args, **kwargs):
        self.follow_clock()
        for name in [name for name, when in self.refused.items() if time.monotonic() >= when]:
            self.apply_entry(self.schedule[name], producer=self.producer)
        wait = super().tick(*args, **kwargs)
        return min(wait, ASK_AGAIN) if self.refused else wait

    def follow_clock(self):
        """What ran at a moment still to come ran just now: else a clock that was ahead, once set right, would stop the
        schedule until then."""
        for entry in self.schedule.values():
            now = entry.default_now()
            # Not as they stand: of one time zone, they are compared by the wall, which shows an hour twice in autumn.
            ahead = maybe_make_aware(entry.last_run_at).timestamp() - maybe_make_aware(now).timestamp()
            if ahead > STEP:
                logger.warning("%s ran at %s, and it is %s: the clock was set back", entry.name, entry.last_run_at, now)
                entry.last_run_at = now
                self._heap = None  # made anew

    def is_due(self, entry):
        due = super().is_due(entry)
        if due.is_due and isinstance(entry.schedule, crontab):
            last, now = (maybe_make_aware(at).astimezone(UTC) for at in (entry.last_run_at, entry.default_now()))
            if not has_come(entry.schedule, last, now):
                return schedstate(is_due=False, next=60 - now.second)
        return due

    def apply_entry(self, entry, producer=None):
        """Send it; refused, it stays due, in the file too: a beat that is started anew sends it."""
        entry.options.setdefault("expires", expires(entry.schedule))
        entry.options.setdefault("queue", settings.BACKGROUND)
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            logger.warning("%s: asked again in %s s", error, ASK_AGAIN)
            self.schedule[entry.name] = entry
            self.refused[entry.name] = time.monotonic() + ASK_AGAIN
            return
        if self.refused.pop(entry.name, None):
            self.reserve(entry)
