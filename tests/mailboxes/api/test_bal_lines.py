"""What the API writes of a BAL by tuples is what its serializer describes, and what the rules say of each instance."""

import random
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone
from rest_framework.fields import empty
from rest_framework.renderers import JSONRenderer

from mailboxes.api.bal_lines import bal_lines
from mailboxes.api.serializers import ACTS, BalSerializer
from mailboxes.lifecycle import EXPOSED, State
from mailboxes.models import Affiliation, Bal, Delegataire, Membership
from mailboxes.models.bal_sets import holder_has_left, holder_left_in_row
from mailboxes.rules import allows, check_act, check_move
from mailboxes.software.actions import declare_software


class Described(BalSerializer):
    """With the abilities asked of the rules, row by row."""

    def to_representation(self, bal):
        user = self.context["request"].user
        bal.abilities = {
            **{verb.value: allows(check_move, bal, verb, by=user) for verb in EXPOSED},
            **{act.value: allows(check_act, bal, act, by=user) for act in ACTS},
        }
        return super().to_representation(bal)


@pytest.fixture
def register(make_bal, make_entry, people, structure, other_structure):
    """120 BAL of every kind and state, with holders who stay, left, came back or will leave."""
    draw, today = random.Random(15), date.today()
    cast = [people.alice, people.bruno, people.delphine, people.paul, people.eve]
    Affiliation.objects.filter(person__in=[people.bruno, people.paul, people.delphine]).delete()
    ends = {people.bruno: [-9], people.paul: [-30, None], people.delphine: [5]}
    for person, days in ends.items():
        for day in days:
            left = None if day is None else today + timedelta(days=day)
            Affiliation.objects.create(person=person, structure=structure, left_on=left)
    Affiliation.objects.create(person=people.alice, structure=other_structure, left_on=today)
    for _ in range(120):
        facts = {
            "state": draw.choice(State.values),
            "structure": draw.choice([structure, structure, other_structure]),
            "liste_rouge": draw.random() < 0.2,
            "last_used_at": draw.choice([None, timezone.now() - timedelta(hours=draw.randrange(9000))]),
            "full_on": draw.choice([None, today]),
            "responsable": draw.choice([None, people.alice]),
        }
        kind = draw.choice(Bal.Kind.values)
        holders = [] if kind == "APP" else draw.sample(cast, draw.randrange(1 if kind == "PER" else 4))
        bal = make_bal(kind, *holders, **facts)
        if kind == "ORG" and draw.random() < 0.5:
            ended = draw.choice([None, timezone.now()])
            Delegataire.objects.create(
                bal=bal, person=people.delphine, under=people.alice, reason="secrétariat", ended_at=ended
            )
        if draw.random() < 0.5:
            make_entry(bal.address)
    return Bal.objects.all()


@pytest.fixture(params=["gisele", "lea", "alice", "bruno", "delphine", "eve", "usage", "read"])
def who(request, people, structure):
    """Fresh, as a request finds them: what is read once per user is not yet."""
    person = getattr(people, request.param, None)
    if person is None:
        declare_software(name="DPI", structures=[structure], scopes=[request.param], days=30, by=people.gisele.user)
        return Membership.objects.get(user__software__name="DPI").user
    return type(person.user).objects.get(pk=person.user.pk)


def test_the_lines_are_those_of_the_serializer(register, who):
    asked = {"request": SimpleNamespace(user=who)}
    rows = Bal.objects.visible_to(who).with_holders().with_publication().order_by("pk")
    told = {bal.pk: Described(bal, data=empty, context=asked).data for bal in rows}
    written = bal_lines([*told], type(who).objects.get(pk=who.pk))
    assert written.keys() == told.keys()
    for pk, line in written.items():
        assert JSONRenderer().render(line) == JSONRenderer().render(told[pk])


def test_what_is_not_asked_is_not_there(register, people):
    lines = bal_lines([*register.values_list("pk", flat=True)], people.gisele.user, ["address", "id"])
    assert all(list(line) == ["id", "address"] for line in lines.values())


def test_who_is_seen_by_numbers_is_who_is_visible(register, who):
    assert {*Bal.objects.seen_by(who)} == {*Bal.objects.visible_to(who)}


def test_a_set_a_row_and_python_agree_on_whose_holder_has_left(register):
    rows = Bal.objects.annotate(left=holder_left_in_row())
    left = {bal.pk for bal in Bal.objects.filter(holder_has_left())}
    assert {bal.pk for bal in rows if bal.left} == left
    for bal in rows:
        stays = [*Affiliation.objects.filter(structure=bal.structure, person=bal.principal())]
        assert (bal.pk in left) == (bool(stays) and all(stay.is_over for stay in stays)), bal
    assert 0 < len(left) < len(rows)
