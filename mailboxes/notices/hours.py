"""At what hour the nightly jobs whose day is foretold pass: their schedule and the pages read it here."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

HOURS: dict[str, time] = {
    "apply_departures": time(0, 5),
    "end_delegations": time(0, 15),
    "alert_idle": time(6, 20),
    "follow_alerts": time(6, 30),
    "depublish_idle": time(6, 40),
    "ask_unknown": time(7, 10),
    "remind_operators": time(8, 0),
}


def first_pass(job: str, moment: datetime) -> date:
    """The day on which the job first passes at `moment` or after it; never before now."""
    local = timezone.localtime(max(moment, timezone.now()))
    return local.date() + timedelta(days=local.time() > HOURS[job])
