"""The search as people use it: the questions of tests/directory/questions/, each with its right answer."""

import pytest

from tests.directory.questions import annuaire, ask_all

FIRST, SHOWN = 0.85, 0.95  # of the questions, whose right answer comes first; comes among the first ten


@pytest.fixture
def asked_of(load, tmp_path):
    load(*annuaire(tmp_path))
    return ask_all


@pytest.mark.parametrize(
    ("table", "size"), [("asked.txt", 120), ("asked_otherwise.txt", 60), ("asked_by_others.txt", 60)]
)
def test_what_people_ask_is_found(asked_of, table, size):
    asked = asked_of(table)
    not_shown = [str(one) for one in asked if not one.is_shown]
    not_first = [str(one) for one in asked if not one.is_first]
    assert len(asked) >= size
    assert len(not_shown) <= (1 - SHOWN) * len(asked), "\n".join(not_shown)
    assert len(not_first) <= (1 - FIRST) * len(asked), "\n".join(not_first)
