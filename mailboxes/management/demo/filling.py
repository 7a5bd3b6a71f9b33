"""Three BAL read more often than each month, so that the day they will be full can be told."""

import random
from collections.abc import Callable

from mailboxes.management.demo.foundation import Foundation
from mailboxes.management.demo.people import local_of
from mailboxes.management.demo.places import FOUNDATION_DOMAIN
from mailboxes.management.demo.usage import Habit, Readings, regular

WEEKLY = range(205, 2, -7)


def tell(foundation: Foundation, readings: Readings) -> None:
    alice = f"{local_of(foundation.alice)}@{FOUNDATION_DOMAIN}"
    readings.closely(alice, _wavering(lambda ago: 93 - ago / 3), WEEKLY)  # full within the month
    elderly = foundation.shared["Gériatrie"].address
    readings.closely(elderly, _wavering(lambda ago: 99 - ago / 4 if ago > 76 else 52 - ago / 4), WEEKLY)  # emptied
    children = foundation.shared["Pédiatrie"].address
    readings.closely(children, _wavering(lambda ago: 74 - ago / 8), [190, 183, 176, 96, 61, 40, 33, 9])  # with gaps


def _wavering(course: Callable[[float], float]) -> Callable[[random.Random], Habit]:
    """Habits along a course that is not quite a straight line: some weeks bring more than others."""

    def habit(rng: random.Random) -> Habit:
        strays = [rng.uniform(-1.2, 1.2) for _ in range(500)]
        return regular(rng)._replace(percent=lambda ago: max(1.0, course(ago) + strays[int(ago)]))

    return habit
