"""What PostgreSQL plans once for all, and what it plans for its values."""

import re

import pytest
from django.db import connection

pytestmark = pytest.mark.postgresql_run

WITH_BOTH = ["PractitionerRole:practitioner", "PractitionerRole:organization"]


def test_people_and_their_situations_are_planned_once_and_places_for_their_values(annuaire, ask):
    """A person has a few lines, a hospital thousands: the plan that is good for the one is slow for the other."""
    for _ in range(4):
        ask("PractitionerRole", _include=WITH_BOTH)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%%MIN(%%'")
        kept = [statement.partition(", MIN(")[0] for (statement,) in cursor.fetchall()]
    assert sorted(re.findall(r'AS "(\w+)"', columns) for columns in kept) == [
        ["person_id"],
        ["person_id", "structure_id"],
    ]
