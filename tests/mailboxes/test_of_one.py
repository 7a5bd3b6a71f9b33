"""What is amiss, on the page of the one BAL that it is about."""

import pytest

from mailboxes.findings import OF_BALS
from mailboxes.findings.of_one import OF_ONE
from mailboxes.gaps import SITUATIONS

# About addresses that the register does not have.
OF_NO_BAL = {"inconnue", "ailleurs"}


def test_each_finding_and_gap_is_said_of_one_bal_too():
    assert OF_ONE.keys() == {point.name for point in [*OF_BALS, *SITUATIONS]} - OF_NO_BAL


@pytest.mark.django_db
@pytest.mark.sqlite_run
def test_the_page_of_a_bal_speaks_of_one(client, people, make_bal):
    bal = make_bal("ORG", people.alice, percent_full=97, used_mb=97, quota_mb=100)
    client.force_login(people.gisele.user)
    page = client.get(bal.get_absolute_url()).text
    assert OF_ONE["pleine"].sentence in page
    assert "BAL pleines ou presque" not in page
