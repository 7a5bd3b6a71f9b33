"""Who works there today: a departure that is planned changes nothing before its day, wherever one looks."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.models import Activity
from mailboxes.gaps import Gaps
from mailboxes.gaps.preferred import PracticePlaces
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, JournalEntry, Notice, Person, Structure
from mailboxes.models.presence import present_in_sql
from mailboxes.models.roles import sees_person
from mailboxes.openings.homonyms import namesakes
from mailboxes.openings.rules import check_may_request
from mailboxes.rules import allows, check_ask_contact, check_describe_person
from tests.mailboxes.conftest import make_person

TODAY = date(2026, 11, 21)
DAYS = st.dates(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture(autouse=True)
def _frozen(time_machine):
    time_machine.move_to(f"{TODAY}T09:00:00Z", tick=False)


@pytest.fixture(params=[60, 1, 0, -60], ids=["in_60_days", "tomorrow", "today", "60_days_ago"])
def paul(request, people):
    """Paul leaves the CHU so many days from today; `is_there` tells whether that is still ahead."""
    Affiliation.objects.filter(person=people.paul).update(left_on=TODAY + timedelta(days=request.param))
    paul = Person.objects.get(pk=people.paul.pk)
    paul.is_there = request.param > 0
    return paul


def test_a_notice_that_reached_nobody_is_shown_until_the_person_has_left(paul, people):
    entry = JournalEntry.objects.create(person=paul, what=Act.ASK_PERSON)
    stuck = Notice.objects.create(entry=entry, person=paul, stage=entry.what, channel="none", party="holders", key="k")
    assert (stuck in Notice.objects.visible_to(people.gisele.user).undelivered()) == paul.is_there


def test_a_place_of_practice_has_its_preferred_bal_until_the_person_has_left(paul, people):
    now = timezone.now()
    Activity.objects.create(
        source="activities", national_id=f"8{paul.rpps}", finess_site="010000002", first_seen_at=now, changed_at=now
    )
    assert PracticePlaces.visible_to(people.gisele.user).count() == paul.is_there


def test_a_gestionnaire_describes_a_person_and_gives_contact_details_until_they_have_left(paul, people):
    assert allows(check_ask_contact, paul, by=people.gisele.user) == paul.is_there
    assert allows(check_describe_person, paul, {}, by=people.gisele.user) == paul.is_there


def test_a_gestionnaire_sees_a_person_until_they_have_left(paul, people):
    assert Person.objects.visible_to(people.gisele.user).contains(paul) == paul.is_there
    assert Person.objects.remembered_by(people.gisele.user).contains(paul)


@pytest.mark.parametrize("who", ["gisele", "lea", "eve", "paul", "alice", "admin"])
def test_python_and_sql_agree_on_the_people_one_sees(paul, people, who, admin_user):
    user = admin_user if who == "admin" else getattr(people, who).user
    visible = set(Person.objects.visible_to(user))
    seen = Prefetch("affiliations", Affiliation.objects.visible_to(user))
    everybody = Person.objects.prefetch_related(seen)
    assert {one for one in everybody if sees_person(user, one, one.affiliations.all())} == visible
    assert (paul in visible) == ((paul.is_there and who in ("gisele", "lea")) or who in ("paul", "admin"))


def test_one_may_ask_for_a_bal_until_the_person_has_left(paul, people, structure):
    assert allows(check_may_request, structure, "PER", paul, by=people.paul.user) == paul.is_there
    assert Structure.objects.open_to(people.paul.user).contains(structure) == paul.is_there


def test_a_namesake_is_a_colleague_until_the_person_has_left(paul, structure):
    other = make_person("autre", structure, rpps="10000000058")
    Person.objects.filter(pk=paul.pk).update(given_name="Autre")
    assert bool([one for one in namesakes(other, structure, "x.mssante.fr") if one.name == "Autre EXEMPLE"]) == (
        paul.is_there
    )


def test_what_the_annuaire_gives_them_is_a_gap_until_the_person_has_left(paul, people, make_entry, fresh):
    make_entry("paul@ailleurs.mssante.fr", person_id=paul.rpps)
    gaps = Gaps.visible_to(people.gisele.user).narrowed(situation="ailleurs")
    assert gaps.count() == paul.is_there


def test_one_is_listed_among_those_present_until_the_person_has_left(paul, people, client):
    client.force_login(people.gisele.user)
    page = client.get(reverse("person-list"), {"presence": "presents", "q": paul.rpps})
    assert [row.pk for row in page.context["listing"].page] == [paul.pk] * paul.is_there


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(left_on=st.none() | DAYS, day=DAYS)
def test_python_the_orm_and_sql_agree_on_presence(people, left_on, day):
    stays = Affiliation.objects.filter(person=people.paul)
    stays.update(left_on=left_on)
    stay = stays.get()
    with connection.cursor() as cursor:
        query = f"SELECT count(*) FROM mailboxes_affiliation a WHERE a.id = %s AND {present_in_sql('a', day)}"
        cursor.execute(query, [stay.pk])
        in_sql = bool(cursor.fetchone()[0])
    assert stay.is_present_on(day) == stays.present_on(day).exists() == in_sql
