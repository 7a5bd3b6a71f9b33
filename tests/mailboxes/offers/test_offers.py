"""The operators side by side: a structure's own marks and words, read by its people alone."""

import pytest
from django.urls import reverse

from mailboxes.lifecycle import Act
from mailboxes.models import JournalEntry, Operator
from mailboxes.offers.actions import rate_operator
from mailboxes.offers.models import Rating
from mailboxes.rules import NotAllowed, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def rate(structure, operator, people):
    def go(by=None, **said):
        return rate_operator(structure, operator, said, by=by or people.gisele.user)

    return go


def test_marks_and_words_are_kept_changed_and_taken_out_each_with_its_line(rate, people):
    assert rate(price={"mark": 4, "words": "Forfait de 20 BAL"}, support={"words": "Réponse le jour même"}) == 2
    assert rate(price={"mark": 4, "words": "Forfait de 20 BAL"}, support={"words": "Réponse le jour même"}) == 0
    assert rate(price={"mark": 2}, support={"words": ""}) == 2
    assert [(row.criterion, row.mark) for row in Rating.objects.all()] == [("price", 2)]
    lines = JournalEntry.objects.filter(what=Act.RATE_OPERATOR).order_by("pk")
    assert [(line.before, line.after) for line in lines] == [
        ("", "4 sur 5 : Forfait de 20 BAL"),
        ("", "Réponse le jour même"),
        ("4 sur 5 : Forfait de 20 BAL", "2 sur 5 : Forfait de 20 BAL"),
        ("Réponse le jour même", ""),
    ]


def test_a_mark_is_of_five_and_nobody_else_writes(rate, people):
    with pytest.raises(Refused):
        rate(price={"mark": 6})
    for name in ("lea", "alice", "eve"):
        with pytest.raises(NotAllowed):
            rate(by=getattr(people, name).user, price={"mark": 3})
    assert not Rating.objects.exists()


def test_the_page_compares_and_another_structure_reads_nothing_of_it(client, people, structure, operator, rate):
    rate(price={"mark": 4, "words": "Forfait de 20 BAL"})
    form = reverse("operator-rate", args=[structure.pk, operator.pk])
    client.force_login(people.lea.user)
    page = client.get(reverse("panorama")).text
    assert "Forfait de 20 BAL" in page
    assert form not in page
    client.force_login(people.eve.user)
    assert "Forfait de 20 BAL" not in client.get(reverse("panorama")).text
    assert client.get(form).status_code == 404
    assert "Forfait de 20 BAL" not in client.get(f"{reverse('panorama')}?structure={structure.pk}").text
    client.force_login(people.alice.user)
    assert client.get(reverse("panorama")).status_code == 404, "who follows no structure compares nothing"
    client.force_login(people.gisele.user)
    assert form in client.get(reverse("panorama")).text
    assert client.get(form).context["form"].initial == {}
    assert client.post(form, {"price_words": "", "price_mark": "5", "access_words": "e-CPS"}).status_code == 302
    assert {(row.criterion, row.mark, row.words) for row in Rating.objects.all()} == {
        ("price", 5, ""),
        ("access", None, "e-CPS"),
    }


def test_the_comparison_costs_the_same_for_few_and_many(client, people, structure, django_assert_max_num_queries):
    client.force_login(people.gisele.user)
    costs = []
    for number in range(6):
        operator = Operator.objects.create(code=f"op{number}", name=f"Opérateur {number}")

        rate_operator(structure, operator, {"price": {"mark": 3}}, by=people.gisele.user)
        with django_assert_max_num_queries(40) as captured:
            assert client.get(reverse("panorama")).status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[-1]
