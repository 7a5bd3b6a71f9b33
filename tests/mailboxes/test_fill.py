"""How full is full: what the installation's thresholds say, wherever it is shown, counted, found or warned of."""

import pytest
from django.db import connection
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from mailboxes.api.candidates import ResolverQuestion
from mailboxes.api.resolver import resolve
from mailboxes.findings import BY_NAME as FINDING
from mailboxes.indicators import BY_NAME as FIGURE
from mailboxes.models import Bal, Structure
from mailboxes.models.fill import Fill, fill_in_sql, is_filling, is_full
from mailboxes.views.space import is_filling as has_room_to_make

THRESHOLDS = [[80, 90, 95], [70, 85], [99], [50, 60, 100]]


@pytest.fixture(params=THRESHOLDS, ids=str)
def limits(request, settings):
    settings.QUOTA_THRESHOLDS = request.param
    return request.param[0], request.param[-1]


def edges(first, last):
    """What a BAL so full is: below each threshold, and at it."""
    between = Fill.OK if first == last else Fill.FILLING
    return {first - 1: Fill.OK, first: between, last - 1: between, last: Fill.FULL, None: Fill.UNKNOWN}


def test_a_bal_is_filling_from_the_first_threshold_and_full_from_the_last(limits, make_bal, people, make_entry, client):
    client.force_login(people.paul.user)
    bal = make_bal("PER", people.paul)
    make_entry(bal.address, person_id=people.paul.rpps)
    for percent, fill in edges(*limits).items():
        Bal.objects.update(percent_full=percent)
        bal.refresh_from_db()
        assert bal.fill == fill, percent
        assert FINDING["pleine"].bals(Bal.objects.all()).exists() == (fill == Fill.FULL), percent
        assert FINDING["se-remplit"].bals(Bal.objects.all()).exists() == (fill == Fill.FILLING), percent
        assert [key for _, key, _ in FIGURE["fill"].counts(Structure.objects.all(), None)] == [fill]
        assert has_room_to_make(bal) == (fill in (Fill.FILLING, Fill.FULL))
        (answer,) = resolve([ResolverQuestion(rpps=people.paul.rpps)], user=people.gisele.user)
        assert ("full" in dict(answer.warnings)) == (fill == Fill.FULL)
        page = client.get(reverse("bal", args=[bal.pk])).text
        assert ("alert-danger" in page, "fill-full" in page) == (fill == Fill.FULL,) * 2, percent
        assert ("fill-high" in page) == (fill == Fill.FILLING), percent


def test_the_thresholds_that_are_told_are_those_that_are_set(limits):
    first, last = limits
    assert f"À {last} % et plus" in FINDING["pleine"].sentence
    assert f"À {first} % et plus" in FINDING["se-remplit"].sentence
    assert list(FIGURE["fill"].keys().values()) == [
        f"moins de {first} %", f"{first} % et plus", f"{last} % et plus", "inconnu"
    ]  # fmt: skip


def test_the_index_of_full_bal_serves_whatever_the_thresholds(limits, make_bal):
    make_bal("PER", percent_full=limits[1])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # one row is read sooner without any index
    for narrowed in (is_full(), is_filling()):
        assert "bal_fill" in Bal.objects.filter(narrowed).order_by().explain()


@profile(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(percent=st.none() | st.integers(0, 130), limits=st.sets(st.integers(1, 100), min_size=1).map(sorted))
def test_python_and_sql_agree_on_how_full_a_bal_is(per, settings, percent, limits):
    settings.QUOTA_THRESHOLDS = limits
    Bal.objects.update(percent_full=percent)
    (bal,) = Bal.objects.annotate(told=fill_in_sql())
    assert bal.told == bal.fill
    assert Bal.objects.full().exists() == (bal.fill == Fill.FULL)
    assert Bal.objects.filling().exists() == (bal.fill == Fill.FILLING)
