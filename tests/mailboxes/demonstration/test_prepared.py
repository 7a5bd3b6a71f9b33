"""What is prepared of the findings answers as the findings themselves, at any moment, for whoever asks."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Count
from django.utils import timezone

from mailboxes.findings import OF_BALS, asked_within, reach_of, what_findings_rest_on
from mailboxes.findings.counts import _counted
from mailboxes.inbox.rows import _firsts_of_all
from mailboxes.inbox.subjects import worst_first
from mailboxes.models import Bal, Structure
from mailboxes.models.one_bal import locked_bal, seen_bal
from mailboxes.views.findings import QUICK, _which_hold

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]
NAMES = tuple(finding.name for finding in OF_BALS)
BEFORE, LATER = timedelta(days=-40), timedelta(days=400)


@pytest.mark.parametrize("moved", [BEFORE, timedelta(0), LATER])
@pytest.mark.parametrize("name", ["gisele", "direction", "admin"])
def test_the_counts_and_the_worst_are_those_of_the_lists(name, moved, time_machine):
    time_machine.move_to(timezone.now() + moved, tick=False)
    user = get_user_model().objects.get(username=name)
    largest = Structure.objects.visible_to(user).annotate(number=Count("bals")).latest("number")
    for within in (None, Structure.objects.filter(pk=largest.pk)):
        seen = Bal.objects.visible_to(user).filter(**{"structure__in": within} if within else {})
        listed = {one.name: worst_first(one, one.bals(seen)) for one in OF_BALS}
        reach, now = reach_of(user, within), timezone.now()
        counted = dict(asked_within(reach, _counted, NAMES, now=now))
        assert counted == {each: len(bals) for each, bals in listed.items()}
        firsts = dict(asked_within(reach, _firsts_of_all, now=now))
        quick = {one.name for one in QUICK}
        assert firsts == {each: bals[0].pk for each, bals in listed.items() if bals and each in quick}
        assert len(firsts) > 3


@pytest.mark.parametrize("moved", [BEFORE, timedelta(0), LATER])
def test_the_page_of_one_bal_says_what_the_lists_say_of_it(moved, time_machine):
    time_machine.move_to(timezone.now() + moved, tick=False)
    listed = {one.name: set(one.bals(Bal.objects.all()).values_list("pk", flat=True)) for one in QUICK}
    looked_at = {min(found) for found in listed.values() if found} | {max(found) for found in listed.values() if found}
    assert len(looked_at) > 10
    for pk in looked_at:
        (hold,) = _which_hold(*what_findings_rest_on(), pk=pk, now=timezone.now())
        assert {one.name for one, holds in zip(QUICK, hold, strict=True) if holds} == {
            name for name, found in listed.items() if pk in found
        }


@pytest.mark.parametrize("moved", [BEFORE, timedelta(0), LATER])
def test_a_bal_that_is_locked_knows_what_those_of_a_list_know(moved, time_machine, django_assert_num_queries):
    time_machine.move_to(timezone.now() + moved, tick=False)
    listed = list(Bal.objects.with_holders())
    assert {len(bal.delegations) for bal in listed} > {0}
    gisele = get_user_model().objects.get(username="gisele")
    seen = set(Bal.objects.visible_to(gisele))
    for bal in listed:
        locked = locked_bal(bal.pk)
        with django_assert_num_queries(0):
            assert known_of(locked) == known_of(bal)
        assert set(locked.cotitulaires.filter(is_principal=True)) == {one for one in bal.holders() if one.is_principal}
        if bal in seen:
            assert known_of(seen_bal(bal.pk, gisele)) == known_of(bal)
        else:
            with pytest.raises(Bal.DoesNotExist):
                seen_bal(bal.pk, gisele)
    assert set() < seen < set(listed)
    with pytest.raises(Bal.DoesNotExist):
        locked_bal(0)


def known_of(bal):
    return facts_of(bal), [facts_of(one) for one in (*bal.cotitulaires.all(), *bal.delegations)]


def facts_of(row):
    """Its own, and those of the rows that were read with it."""
    own = {name: value for name, value in row.__dict__.items() if not name.startswith("_")}
    beside = {name: one.__dict__ for name, one in row._state.fields_cache.items() if one}
    return own, {name: {key: said for key, said in one.items() if key[0] != "_"} for name, one in beside.items()}
