"""The decision table of docs/api: each reason stands there in its order, with a question that is answered by it."""

import re

import pytest
from django.conf import settings
from django.utils import timezone

from directory.models import Entry, SyncRun
from mailboxes.api.resolver import REASONS
from mailboxes.models import AccessTrace, Preference

README = (settings.BASE_DIR / "docs" / "api" / "README.md").read_text()
DOMAIN = "chu-exemple.mssante.fr"
RPPS = "10000000033"


def table(name: str) -> list[list[str]]:
    lines = README.partition(f"<!-- {name} -->\n")[2].splitlines()
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    width = len(rows[0])
    return [row for row in rows[2:] if len(row) == width]


DECISIONS = table("reasons")


@pytest.fixture
def annuaire(people):
    now = timezone.now()
    SyncRun.objects.create(source="extraction", status="applied", generated_at=now)
    for ordinal, (local, kind, rpps, structure, service, rank, chosen) in enumerate(table("annuaire")):
        address = f"{local}@{DOMAIN}"
        Entry.objects.create(
            source="extraction", address=address, kind=kind, person_id=rpps, structure_id=structure, service=service,
            rank=rank, digest=local, ordinal=ordinal, first_seen_at=now, changed_at=now,
        )  # fmt: skip
        if chosen:
            purpose = "" if chosen == "tous les messages" else chosen
            assert people.paul.rpps == rpps == RPPS
            facts = {"situation": structure, "purpose": purpose, "by": people.paul.user}
            Preference.objects.create(person=people.paul, address=address, **facts)


def test_the_table_tells_every_reason_in_its_order_and_words():
    assert [(code, label) for code, label, *_ in DECISIONS] == [(one.code, one.label) for one in REASONS]


@pytest.mark.parametrize(("reason", "question", "wanted"), [(row[0], row[2], row[3]) for row in DECISIONS])
def test_the_example_of_each_reason_is_answered_so(ask, key, annuaire, reason, question, wanted):
    best = ask(key, f"resolve/?{question}").json()["best"]
    assert (best["reason"], best["address"]) == (reason, f"{wanted}@{DOMAIN}")


def test_the_answer_known_already_is_not_sent_again(ask, key, annuaire):
    asked = f"resolve/?rpps={RPPS}"
    etag = ask(key, asked)["ETag"]
    again = ask(key, asked, **{"If-None-Match": etag})
    assert (again.status_code, again["ETag"], again.content) == (304, etag, b"")
    Entry.objects.filter(address=f"paul.choix@{DOMAIN}").update(withdrawn_at=timezone.now())
    assert ask(key, asked, **{"If-None-Match": etag}).status_code == 200


def test_a_question_that_is_posted_leaves_its_number_in_no_address(ask, key, annuaire):
    told = ask(key, "resolve/", "post", {"questions": [{"rpps": RPPS}]})
    assert told.json()["answers"][0]["best"]["address"] == f"paul.choix@{DOMAIN}"
    assert told.wsgi_request.get_full_path() == "/api/v1/resolve/"
    assert not re.search(r"\d{11}", "".join(AccessTrace.objects.values_list("target", flat=True)))
