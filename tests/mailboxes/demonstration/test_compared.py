"""What structures are compared by is what their own pages count."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from mailboxes import jobs
from mailboxes.findings import BY_NAME
from mailboxes.inbox.models import desk_of
from mailboxes.inbox.rows import Inbox
from mailboxes.indicators.side_by_side import SideBySide
from mailboxes.models import Structure

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]


def test_the_points_of_attention_of_a_structure_are_those_of_a_traiter():
    gisele = get_user_model().objects.get(username="gisele")
    jobs.run("take_measures", timezone.now())
    alone = Structure.objects.visible_to(gisele).filter(children=None)
    compared = {line.structure: line.value("todo") for line in SideBySide(alone, timezone.now()).lines}
    told = {place: rows_of(gisele, place) for place in alone}
    assert compared == {place: sum(row.number for row in rows) for place, rows in told.items()}
    assert {row.finding.about for rows in told.values() for row in rows} >= {"bals", "movements", "sightings"}


def rows_of(user, place):
    """All that is counted there, also what stands for the whole installation aside."""
    rows = Inbox(user, desk_of(user), timezone.now(), place).of("")
    return [row for row in rows if not BY_NAME[row.finding.name].holds]
