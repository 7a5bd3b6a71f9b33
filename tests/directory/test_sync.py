"""What a run writes, and what it refuses to."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.models import Change, Entry, RejectedLine, SourceState, SyncRun
from directory.sources import UnreadableSource
from tests.directory.conftest import ALICE, BRUNO, SERVICE, line, many

STAMP = "Extraction_Correspondance_MSSante_{}.txt"


def counts(run):
    return run.status, run.appeared, run.changed, run.withdrawn


def held():
    return sorted(Entry.objects.current().values_list("address", "service"))


def contents():
    return list(Entry.objects.order_by("pk").values())


def test_the_first_load_is_a_baseline_without_changes(load):
    run = load(line(), line(BRUNO), line(SERVICE))

    assert counts(run) == ("applied", 3, 0, 0)
    assert (run.lines, run.rejected, run.addresses) == (3, 0, 3)
    assert Change.objects.count() == 0
    alice = Entry.objects.get(address=ALICE.address)
    assert {field: getattr(alice, field) for field in ALICE._fields} == ALICE._asdict()
    assert (alice.source, alice.ordinal, alice.domain, alice.withdrawn_at) == ("extraction", 1, "aura.mssante.fr", None)


def test_the_same_file_twice_is_once(load):
    load(line(), line(BRUNO))
    before = contents()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = load(line(), line(BRUNO))

    assert counts(run) == ("unchanged", 0, 0, 0)
    assert contents() == before
    written = [
        q["sql"]
        for q in queries
        if re.match(r"\s*(INSERT INTO|UPDATE|DELETE FROM) .?directory_(entry|change)", q["sql"])
    ]
    assert written == []


def test_only_what_differs_is_written(load):
    load(line(), line(BRUNO), *many(20))
    before = {entry["address"]: entry for entry in contents()}

    run = load(line(family_name="DURAND", service="Pôle 1"), *many(20), line(address="new@aura.mssante.fr"))

    assert counts(run) == ("applied", 1, 1, 1)
    after = {entry["address"]: entry for entry in contents()}
    touched = {address for address in after if after[address] != before.get(address)}
    assert touched == {ALICE.address, BRUNO.address, "new@aura.mssante.fr"}
    assert after[ALICE.address]["id"] == before[ALICE.address]["id"]
    assert after[ALICE.address]["first_seen_at"] == before[ALICE.address]["first_seen_at"]
    assert after[BRUNO.address]["withdrawn_at"] is not None
    assert list(run.changes.order_by("address").values_list("address", "kind", "details")) == [
        (ALICE.address, "changed", {"family_name": ["MARTIN", "DURAND"], "service": ["", "Pôle 1"]}),
        (BRUNO.address, "withdrawn", {}),
        ("new@aura.mssante.fr", "appeared", {}),
    ]


def test_an_address_that_comes_back_has_appeared_and_keeps_its_entry(load):
    load(line(), *many(20))
    load(*many(20))

    run = load(line(service="Ailleurs"), *many(20))

    assert counts(run) == ("applied", 1, 0, 0)
    alice = Entry.objects.get(address=ALICE.address)
    assert (alice.withdrawn_at, alice.service) == (None, "Ailleurs")
    assert alice.first_seen_at < alice.changed_at


def test_an_address_on_several_lines_has_several_entries_whatever_their_order(load):
    lines = [line(service=service) for service in ("Urgences", "Cardiologie", "Accueil")]
    run = load(*lines, line(BRUNO))
    before = contents()

    again = load(line(BRUNO), *reversed(lines))

    assert (run.addresses, run.appeared) == (2, 2)
    assert sorted(Entry.objects.filter(address=ALICE.address).values_list("ordinal", flat=True)) == [1, 2, 3]
    assert again.status == "unchanged"
    assert contents() == before


def test_exactly_equal_lines_are_one_entry(load):
    run = load(line(), line(), line(address=ALICE.address.upper()))

    assert (run.lines, run.rejected, run.addresses) == (3, 0, 1)
    assert Entry.objects.count() == 1
    assert load(line()).status == "unchanged"


def test_a_line_that_leaves_or_joins_an_address_changes_it(load):
    load(line(), line(service="Urgences"))

    fewer = load(line())
    assert counts(fewer) == ("applied", 0, 1, 0)
    assert fewer.changes.get().details == {"lines": [2, 1]}
    assert held() == [(ALICE.address, "")]

    more = load(line(), line(service="Urgences"), line(service="Accueil"))
    assert counts(more) == ("applied", 0, 1, 0)
    assert more.changes.get().details == {"lines": [1, 3]}
    assert held() == [(ALICE.address, ""), (ALICE.address, "Accueil"), (ALICE.address, "Urgences")]
    assert sorted(Entry.objects.values_list("ordinal", flat=True)) == [1, 2, 3]


def test_one_altered_line_among_several_leaves_the_others_alone(load):
    load(line(), line(service="Urgences"))
    untouched = Entry.objects.get(service="")

    run = load(line(service="Accueil"), line())

    assert run.changes.get().details == {"service": ["Urgences", "Accueil"]}
    assert Entry.objects.get(service="").changed_at == untouched.changed_at
    assert Entry.objects.count() == 2


def test_sources_do_not_see_each_other(load):
    Entry.objects.create(
        source="fhir", address=ALICE.address, kind="PER", digest="x",
        first_seen_at="2026-01-01T00:00Z", changed_at="2026-01-01T00:00Z",
    )  # fmt: skip
    assert counts(load(line())) == ("applied", 1, 0, 0)
    assert Change.objects.count() == 0
    assert Entry.objects.current().filter(address=ALICE.address).count() == 2


def test_rejected_lines_are_counted_and_kept(load):
    run = load(line(), "PER|x", line(address=""), line(address="a@b.fr"), "", line(BRUNO))

    assert (run.lines, run.rejected, run.addresses) == (5, 3, 2)
    assert list(run.rejected_lines.values_list("number", "reason")) == [
        (3, "2 champs au lieu de 31"),
        (4, "adresse absente"),
        (5, "«\u00a0a@b.fr\u00a0» n’est pas une adresse MSSanté"),
    ]


def test_odd_characters_survive_the_way_to_the_database(load):
    odd = " ".join([r"back\slash \N \. 'quote' \"double\" % %s é", "漢"])
    load(line(structure_name=odd))

    assert Entry.objects.get().structure_name == odd
    assert load(line(structure_name=odd)).status == "unchanged"


# --- Refusals -------------------------------------------------------------------------------------------------------


def test_an_older_file_is_refused(load):
    load(line(), name=STAMP.format("202611200300"))
    run = load(line(service="Urgences"), name=STAMP.format("202611190300"))

    assert counts(run) == ("refused", 0, 0, 0)
    assert "19/11/2026 03:00" in run.reason
    assert "20/11/2026 03:00" in run.reason
    assert held() == [(ALICE.address, "")]


def test_a_file_without_a_date_asks_for_it_over_a_copy_that_has_one(load):
    load(line(), name=STAMP.format("202611200300"))
    run = load(line(service="Urgences"), name="annuaire.txt")
    assert run.status == "refused"
    assert "ne dit pas sa date" in run.reason
    assert held() == [(ALICE.address, "")]
    newer = datetime(2026, 11, 21, tzinfo=UTC)
    assert load(line(service="Urgences"), name="annuaire.txt", dated=newer).status == "applied"
    assert SourceState.objects.get().generated_at == newer
    assert load(line(), name="annuaire.txt", dated=datetime(2026, 11, 20, tzinfo=UTC)).status == "refused"


def test_a_file_without_a_date_is_taken_where_nothing_had_one(load):
    load(line(), name="annuaire.txt")
    assert load(line(service="Urgences"), name="annuaire.txt").status == "applied"


def test_an_unchanged_newer_file_moves_the_date_on(load):
    load(line(), name=STAMP.format("202611180300"))
    load(line(), name=STAMP.format("202611200300"))
    assert load(line(), name=STAMP.format("202611190300")).status == "refused"


@pytest.mark.parametrize(("left", "status"), [(18, "applied"), (17, "refused")])
def test_more_than_a_tenth_may_not_disappear(load, left, status):
    load(*many(20))
    run = load(*many(left))

    assert run.status == status
    assert Entry.objects.current().count() == (left if status == "applied" else 20)
    if status == "refused":
        assert run.reason == (
            "3 adresses sur 20 (15,0 %) disparaîtraient, plus que les 10,0 % admis : fichier sans doute incomplet."
        )


def test_the_share_can_be_raised_for_one_run(load):
    load(*many(20))
    assert counts(load(*many(5), max_withdrawn=0.75)) == ("applied", 0, 0, 15)


def test_a_file_without_a_valid_line_is_refused_unless_told_otherwise(load, settings):
    settings.ANNUAIRE_MAX_WITHDRAWN = 1.0
    load(*many(3))

    assert load().reason == "Fichier sans aucune adresse valide, alors que notre copie en compte 3."
    assert load("PER|x").status == "refused"
    assert Entry.objects.current().count() == 3
    assert counts(load(max_withdrawn=1.0)) == ("applied", 0, 0, 3)


def test_a_dry_run_shows_and_writes_nothing(load):
    load(line(), line(BRUNO), *many(20))
    before = contents()

    run = load(line(service="Urgences"), *many(20), line(address="new@aura.mssante.fr"), dry_run=True)

    assert counts(run) == ("dry-run", 1, 1, 1)
    assert contents() == before
    assert Change.objects.count() == 0
    assert run.preview == [
        ["appeared", "new@aura.mssante.fr", {}],
        ["changed", ALICE.address, {"service": ["", "Urgences"]}],
        ["withdrawn", BRUNO.address, {}],
    ]


def test_a_first_dry_run_shows_what_would_appear(load):
    run = load(line(), dry_run=True)
    assert counts(run) == ("dry-run", 1, 0, 0)
    assert run.preview == [["appeared", ALICE.address, {}]]
    assert not Entry.objects.exists()


def test_a_dry_run_of_a_shrunken_file_says_that_it_would_be_refused(load):
    load(*many(20))
    assert load(*many(5), dry_run=True).status == "refused"


def test_an_unreadable_file_fails_the_run_and_writes_nothing(load):
    load(line())
    before = contents()

    with pytest.raises(UnreadableSource):
        load(raw="\n".join([*many(3)]).encode())

    failed = SyncRun.objects.first()
    assert (failed.status, failed.finished_at is not None) == ("failed", True)
    assert "colonne absente" in failed.reason
    assert contents() == before


@pytest.mark.django_db(transaction=True)
def test_a_file_that_turns_bad_half_way_writes_nothing(load, write):
    load(line())
    good = write(*many(9000), name="good.txt").read_bytes()

    with pytest.raises(UnreadableSource):
        load(raw=good + b"PER|cut")

    if connection.vendor == "sqlite":
        assert not connection.connection.in_transaction  # else the end of the run would not be committed
    assert SyncRun.objects.first().status == "failed"
    assert held() == [(ALICE.address, "")]


def test_the_latest_run_dates_the_copy(load):
    load(line(), name=STAMP.format("202601010300"))
    load(line(), name=STAMP.format("202512310300"))  # refused

    latest = SyncRun.objects.latest_of("extraction")
    assert latest.status == "applied"
    assert latest.is_stale


# --- Numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [10, 2000])
def test_the_number_of_queries_does_not_grow_with_the_file(load, number):
    load(*many(number))
    with CaptureQueriesContext(connection) as queries:
        load(line(address="p0@aura.mssante.fr", service="Urgences"), *many(number)[1:])
    assert len(queries) < 110


def test_more_changes_than_a_page_are_all_recorded(load):
    load(*many(2500))
    run = load(*many(2500, service="Urgences"))
    assert counts(run) == ("applied", 0, 2500, 0)
    assert Change.objects.filter(details={"service": ["", "Urgences"]}).count() == 2500


def test_rejected_lines_beyond_the_cap_are_counted_and_not_kept(load, monkeypatch):
    monkeypatch.setattr("directory.sync.REJECTED_KEPT", 3)
    run = load(*["x"] * 5)
    assert (run.rejected, RejectedLine.objects.count()) == (5, 3)
