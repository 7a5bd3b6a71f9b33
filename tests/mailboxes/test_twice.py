"""Whatever is sent twice, from two windows or by going back, is refused the second time, or writes nothing more."""

from collections import Counter
from contextlib import suppress

import pytest
from django.apps import apps

from mailboxes.lifecycle import Act
from mailboxes.rules import Refused
from tests.mailboxes.before import CAST
from tests.mailboxes.test_matrix import CASES, DRAWN, files, stage, undone  # noqa: F401 - fixtures of this file too

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]
# Done again they say something again, and why that is right.
AGAIN = {
    Act.RECORD_PERSON: "two people may have one name: the form asks, and takes no second one by itself",
    Act.DECLARE_USE: "each use has its moment",
    Act.RECORD_USAGE: "each reading has its moment",
    Act.REMIND_MOVEMENT: "a sweep, whose list has left it out by then",
    Act.ANSWER: "said once more, later, it is fresh",
    Act.EXPORT_PERSON: "each copy that is handed out is written down",
    Act.IMPORT_LIST: "a file received changes nothing: its readings are taken once, by their date",
    Act.GIVE_SECRET: "which secret stood before is not read",
    Act.CHOOSE_THRESHOLD: "what was chosen counts once it is committed: this test never does",
}
# Their attempt makes, beside the act, a row that there is already.
MADE_BESIDE = {"extend_delegation-ORG", "share_view-structure"}


def rows() -> Counter[str]:
    kept = (model for model in apps.get_models() if model._meta.app_label not in ("admin", "sessions"))
    return Counter({model._meta.label: model._base_manager.count() for model in kept})


def of_second_time(case, stage) -> Counter[str]:  # noqa: F811
    """What the same act writes when it is done again; nothing where it is refused."""
    what, attempt, on = case.values
    with undone():
        it = attempt.before(stage, stage.subject(on))
        name = next(name for name, roles in CAST[on].items() if roles & DRAWN[what])
        attempt.do(it, stage.by(name), stage)
        before = rows()
        with suppress(Refused):
            attempt.do(it, stage.by(name), stage)
        return rows() - before


def test_what_is_done_again_writes_nothing_more(stage):  # noqa: F811
    written, seen = {}, set()
    for case in CASES:
        if case.id in MADE_BESIDE:
            continue
        more = of_second_time(case, stage)
        if not more:
            continue
        if case.values[0] in AGAIN:
            seen.add(case.values[0])
        else:
            written[case.id] = dict(more)
    assert not written
    assert seen == AGAIN.keys(), "excused for nothing"
