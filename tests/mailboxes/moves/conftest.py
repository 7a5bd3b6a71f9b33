import pytest
from django.utils import timezone

from mailboxes.models import Operator, Request
from mailboxes.moves.actions import launch_migration, prepare_migration
from mailboxes.moves.models import MigratedBal, Migration


@pytest.fixture
def by(people):
    return people.gisele.user


@pytest.fixture
def company(db):
    """The operator to whom the BAL go; without an e-mail address, its letters are passed on by hand."""
    operator = Operator.objects.create(code="nouveau", name="Nouvel opérateur", default_quota_mb=2000)
    operator.domains.create(name="nouveau.mssante.fr")
    return operator


@pytest.fixture
def prepare(structure, company, by):
    """`prepare(bal, …)`: their migration to the company's domain, the local part kept."""

    def go(*bals, wanted=None, **facts):
        facts = {"structure": structure, "operator": company, "domain": "nouveau.mssante.fr", **facts}
        facts = {"planned_on": timezone.localdate(), "overlap_days": 30, "auto_reply": "Écrivez à {adresse}.", **facts}
        addresses = {bal.pk: bal.address.replace("chu-exemple", "nouveau") for bal in bals}
        return prepare_migration(Migration(**facts), {**addresses, **(wanted or {})}, by=by)

    return go


@pytest.fixture
def opened(prepare, by):
    """A migration whose new boxes are open by the new operator's word."""

    def go(*bals, **facts):
        migration = launch_migration(prepare(*bals, **facts), by=by)
        openings = MigratedBal.objects.filter(migration=migration).values("opening")
        Request.objects.filter(pk__in=openings).update(stage="done", done_at=timezone.now())
        return migration

    return go
