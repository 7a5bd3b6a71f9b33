"""The façade read as the national API is, over HTTP, by our own client: the copy of a copy."""

from datetime import timedelta

import pytest
from django.utils import timezone

from directory.models import Entry
from directory.records import EntryRecord
from directory.sources import get_source
from directory.sync import sync

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_run]  # its data are its own: once is enough

KEY = """
from django.contrib.auth import get_user_model
from mailboxes.software.actions import declare_software
from mailboxes.models import Membership, Structure
gisele = get_user_model().objects.create_user("gisele")
chu = Structure.objects.create(name="CHU", kind="hospital", finess_et="010000002")
Membership.objects.create(user=gisele, structure=chu, role="gestionnaire")
facts = {"name": "DPI", "structures": [chu], "scopes": ["resolve"], "days": 30}
print(declare_software(by=gisele, **facts)[1])
"""
LINES = 600
# FHIR has a town, a post code and lines of address; our reader makes of them what it can. A structure has one name
# there, the annuaire may write several; and one whom no structure employs has no place.
FOLDED = ("address_l2", "address_l3", "street_number", "street_number_suffix", "street_type", "street_name",
          "address_l5", "address_l6", "department", "structure_name", "trade_name", "holder")  # fmt: skip
PLACE = ("postcode", "country")
SAME = [name for name in EntryRecord._fields if name not in FOLDED]


@pytest.fixture
def facade(app_server, migrated_url, tmp_path, settings):
    """The application with an annuaire; `facade.serve(day)` brings it to the file of that day."""
    settings.VAR_DIR = tmp_path
    app = app_server(DATABASE_URL=migrated_url)
    key = app.manage("shell", "-v", "0", "-c", KEY).split()[-1]

    def serve(day):
        path = tmp_path / f"annuaire-{day}.txt"
        app.manage("make_annuaire", f"--lines={LINES}", f"--out={path}", "--change=0.05", f"--day={day}")
        app.manage("sync_annuaire", "extraction", f"--file={path}", "--max-withdrawn=1")
        return path

    def read(**options):
        # The key may ask 1200 times a minute: no pause is needed for so few pages.
        return sync(get_source("fhir", url=f"{app.url}/fhir", key=key, sleep=lambda seconds: None, **options),
                    max_withdrawn=1.0)  # fmt: skip

    app.serve, app.read = serve, read
    return app


def told_by(source):
    """Those by which somebody or some place is known: the others stand in no resource."""
    return Entry.objects.current().filter(source=source).exclude(person_id="", structure_id="")


def lines(source):
    rows = told_by(source).values(*SAME)
    return sorted(tuple((row | dict.fromkeys(PLACE, "") if not row["structure_id"] else row).values()) for row in rows)


def names(source):
    return set(told_by(source).exclude(structure_id="").values_list("structure_id", "structure_name"))


def test_a_copy_of_the_copy_is_the_same(facade):
    path = facade.serve(day=1)
    sync(get_source("extraction", path=str(path)))
    run = facade.read(count=60)
    assert (run.status, run.rejected) == ("applied", 0)
    assert len(lines("fhir")) > 0.9 * LINES
    assert lines("fhir") == lines("extraction")
    assert names("fhir") <= names("extraction")
    assert facade.read(full=True).status == "unchanged"


def test_a_delta_brings_the_copy_level_with_the_next_day(facade):
    facade.serve(day=1)
    facade.read()
    path = facade.serve(day=2)
    # An hour ago, as if it had been read before: the picture is of then.
    sync(get_source("extraction", path=str(path)))
    run = facade.read(since=timezone.now() - timedelta(hours=1))
    assert run.status == "applied"
    assert run.withdrawn > 0
    assert lines("fhir") == lines("extraction")
    assert names("fhir") <= names("extraction")
