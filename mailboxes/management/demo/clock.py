"""The past, lived again in order: each act of the demonstration is done by the real actions, at its own date."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from unittest import mock

from django.utils import timezone

from mailboxes.imports.work import work_on_import
from mailboxes.lifecycle import Party
from mailboxes.models import JournalEntry, Notice, Request
from mailboxes.notices.telling import tell


class _AnyDatetime(type):
    def __instancecheck__(cls, value):
        return isinstance(value, datetime)


@contextmanager
def as_of(moment: datetime) -> Iterator[None]:
    """`timezone.now()` says `moment`, whoever holds it: the default of a field keeps the function itself."""

    class Then(datetime, metaclass=_AnyDatetime):
        @classmethod
        def now(cls, tz=None):
            return moment.astimezone(tz)

    with mock.patch("django.utils.timezone.datetime", Then):
        yield


class Timeline:
    """What happened, told in any order and lived in that of the dates."""

    def __init__(self, now: datetime):
        self.now = now
        self._events: list[tuple[datetime, int, Callable, tuple, dict]] = []

    def moment(self, days_ago: float) -> datetime:
        return self.now - timedelta(days=days_ago)

    def day(self, days_ago: float) -> date:
        return timezone.localdate(self.moment(days_ago))

    def on(self, days_ago: float, act: Callable, *args, **kwargs) -> None:
        self._events.append((self.moment(days_ago), len(self._events), act, args, kwargs))

    def live(self) -> None:
        for moment, _, act, args, kwargs in sorted(self._events, key=lambda event: event[:2]):
            with as_of(moment):
                act(*args, **kwargs)
                _deliver(moment)


@contextmanager
def nothing_sent() -> Iterator[None]:
    """A block in which no mail leaves and nothing is queued; to be put around the transaction, which would queue at its
    end."""
    with mock.patch.object(tell, "delay"), mock.patch.object(work_on_import, "delay"):
        yield


def _deliver(moment: datetime) -> None:
    """What calls for a mail is written as delivered on the spot."""
    if not JournalEntry.objects.filter(told_at=None).exists():  # as after most acts
        return
    sent = {"sent_at": moment, "attempts": 1}
    letters = Notice.objects.filter(party=Party.OPERATOR, channel=Notice.Channel.EMAIL, entry__told_at=None)
    asked = list(letters.values_list("entry", flat=True))
    if asked:
        Request.objects.filter(entry__in=asked).mark_sent(moment)
    Notice.objects.filter(entry__told_at=None, sent_at=None, channel=Notice.Channel.EMAIL).update(**sent)
    JournalEntry.objects.filter(told_at=None).update(told_at=moment)
