"""What a call costs the database; and that nothing of a key is kept to spare it a query."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from mailboxes.models import Operator
from mailboxes.software.actions import revoke_key
from mailboxes.software.models import SoftwareKey


def test_a_bal_is_entered_in_fourteen_queries_and_read_in_five(
    ask, key, org, structure, operator, people, django_assert_num_queries
):
    said = {"structure": structure.pk, "operator": operator.code, "kind": "ORG", "principal": people.alice.pk}
    with django_assert_num_queries(14):  # a transaction's begin and end among them
        answer = ask(key, "bals/", "post", {**said, "address": "neuve@chu-exemple.mssante.fr", "exists": True})
    assert answer.status_code == 201, answer.content
    with django_assert_num_queries(5):
        assert ask(key, f"bals/{org.pk}/").status_code == 200


def test_what_software_asks_all_day_costs_a_few_queries(
    ask, key, org, structure, people, make_entry, django_assert_num_queries
):
    make_entry(org.address, "ORG", structure_id=structure.finess, person_id=people.alice.rpps)
    for path, number in {
        "bals/": 7,
        f"resolve/?rpps={people.alice.rpps}&finess={structure.finess}": 8,
        f"check/?address={org.address}": 5,
    }.items():
        assert ask(key, path).status_code == 200
        with django_assert_num_queries(number):
            ask(key, path)


@pytest.mark.parametrize("how", ["revoked", "expired", "shut out"])
def test_a_key_taken_back_opens_nothing_from_the_next_call_on(how, ask, key, org, people):
    """Nothing of a key is kept between two calls: its one query is what makes this true in every process at once."""
    assert ask(key, f"bals/{org.pk}/").status_code == 200
    row = SoftwareKey.objects.get()
    if how == "revoked":
        revoke_key(row, by=people.gisele.user)
    elif how == "expired":
        SoftwareKey.objects.update(expires_at=timezone.now())
    else:
        get_user_model().objects.filter(pk=row.software.user_id).update(is_active=False)
    assert ask(key, f"bals/{org.pk}/").status_code == 401


@pytest.mark.parametrize("names", [[], ["un-exemple.mssante.fr"], ["un-exemple.mssante.fr", "deux_exemple.mssante.fr"]])
def test_an_operator_read_with_its_domains_needs_no_other_query(names, db, django_assert_num_queries):
    operator = Operator.objects.create(code="op", name="Opérateur")
    for name in names:
        operator.domains.create(name=name)
    assert Operator.objects.get(code="op").domain_names == {*names}
    with django_assert_num_queries(1):
        assert Operator.objects.with_domains().get(code="op").domain_names == {*names}
