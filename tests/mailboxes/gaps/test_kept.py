"""The gaps of many BAL, kept a quarter of an hour: the same as those looked for, told of when, and never acted on
unseen."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.models import Entry, SyncRun, TrustedDomain
from mailboxes import actions, jobs
from mailboxes.actions import keep_gaps
from mailboxes.findings import counts
from mailboxes.gaps import SITUATIONS, Gaps
from mailboxes.gaps.listing import LATELY
from mailboxes.lifecycle import State
from mailboxes.models import Alias, Bal, Claim, Cotitulaire, Domain, FoundGap, GapSearch, Structure
from mailboxes.rules import Refused

OURS, THEIRS, NOBODYS = "010000002", "020000001", "990000001"
ADDRESSES = [f"{name}@{domain}" for name in "abcd" for domain in ("chu-exemple.mssante.fr", "ailleurs.mssante.fr")]
RPPS = ["10000000011", "10000000022", "10000000090"]

ENTRIES = st.fixed_dictionaries(
    {
        "address": st.sampled_from(ADDRESSES),
        "kind": st.sampled_from(["PER", "ORG", "CAB"]),
        "structure_id": st.sampled_from(["", OURS, THEIRS, NOBODYS]),
        "person": st.none() | st.integers(0, 2),
        "service": st.sampled_from(["", "Cardiologie", "Urgences"]),
        "withdrawn": st.booleans(),
    }
)
BALS = st.fixed_dictionaries(
    {
        "address": st.sampled_from(ADDRESSES),
        "kind": st.sampled_from(Bal.Kind.values),
        "state": st.sampled_from(State.values),
        "red": st.booleans(),
        "holder": st.none() | st.integers(0, 2),
        "there": st.booleans(),
    }
)
NARROWED = [{}, *({"situation": s.name} for s in SITUATIONS), *({"status": s} for s in ("open", "asked", "ignored"))]


@pytest.fixture
def world(structure, other_structure, people, operator, fresh):
    """`world(entries, bals, ...)`: a register and an annuaire that disagree as one likes."""
    held = [people.paul, people.alice, people.eve]

    def make(entries, bals, *, reserved, listed, claimed):
        now = timezone.now()
        Entry.objects.bulk_create(
            Entry(
                source="extraction", ordinal=rank, digest=f"{rank}", first_seen_at=now, changed_at=now,
                address=one["address"], kind=one["kind"], structure_id=one["structure_id"], service=one["service"],
                person_id="" if one["person"] is None else held[one["person"]].rpps,
                person_id_type="" if one["person"] is None else "8",
                withdrawn_at=now if one["withdrawn"] else None,
            )
            for rank, one in enumerate(entries)
        )  # fmt: skip
        for one in bals:
            bal = Bal.objects.create(
                address=one["address"], kind=one["kind"], state=one["state"], liste_rouge=one["red"],
                operator=operator, structure=other_structure if one["there"] else structure,
            )  # fmt: skip
            if one["holder"] is not None:
                Cotitulaire.objects.create(bal=bal, person=held[one["holder"]], is_principal=True)
        if reserved:
            Domain.objects.update(structure=structure)
        if listed:
            TrustedDomain.objects.create(
                name="ailleurs.mssante.fr", source="whitelist", digest="x", first_seen_at=now, changed_at=now
            )
        if claimed:
            Claim.objects.create(person=people.paul, address=ADDRESSES[1], answer="used")

    return make


def assert_same(people):
    """To whoever asks, however it is narrowed, counted and cut: the rows, their facts and their numbers."""
    for person in (people.gisele, people.eve):
        looked_for = Gaps.visible_to(person.user)
        kept = looked_for.lately()
        assert kept.found_at
        numbers, rows = looked_for.counts(), looked_for._read(0, None)
        assert kept.counts() == numbers
        assert kept._read(0, None) == rows
        for narrow in NARROWED if rows else ():
            narrowed = kept.narrowed(**narrow)
            asked = [
                gap
                for gap in rows
                if narrow.get("situation") in (None, gap.situation.name) and narrow.get("status") in (None, gap.status)
            ]
            assert narrowed.keys() == [gap.key for gap in asked], narrow
            if asked:
                found, page = narrowed.counted(0, 3)
                assert (found, [gap.key for gap in page]) == (numbers, [gap.key for gap in asked[:3]]), narrow


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(
    entries=st.lists(ENTRIES, max_size=8),
    later=st.lists(ENTRIES, max_size=3),
    bals=st.lists(BALS, max_size=6, unique_by=lambda one: one["address"]),
    reserved=st.booleans(),
    listed=st.booleans(),
    claimed=st.booleans(),
    stale=st.booleans(),
    decided=st.lists(st.sampled_from(["ignore", "ask", "for a day", "resume"]), max_size=3),
)
def test_what_is_kept_is_what_is_found(world, people, entries, later, bals, reserved, listed, claimed, stale, decided):
    """Kept, decided on, told other facts, gone over to a stale annuaire, changed and kept again, and fresh again."""
    with transaction.atomic():
        world(entries, bals, reserved=reserved, listed=listed, claimed=claimed)
        keep_gaps(Structure.objects.all())
        assert_same(people)
        for what in decided:
            decide(what, people.gisele.user)
            assert_same(people)
        Entry.objects.update(digest="changed")
        keep_gaps(Structure.objects.all())
        assert_same(people)
        if stale:
            SyncRun.objects.update(generated_at=timezone.now() - timedelta(days=60))
            assert_same(people)
        Entry.objects.all().delete()
        world(later, [], reserved=False, listed=False, claimed=False)
        keep_gaps(Structure.objects.all())
        assert_same(people)
        if stale:
            SyncRun.objects.update(generated_at=timezone.now())
            assert_same(people)
        transaction.set_rollback(True)


def decide(what, user):
    for gap in Gaps.visible_to(user):
        try:
            match what:
                case "ignore":
                    actions.ignore_gap(gap, by=user, reason="Vu.")
                case "for a day":
                    actions.ignore_gap(gap, by=user, reason="Vu.", until=timezone.localdate())
                case "ask":
                    actions.ask_operator(gap, by=user)
                case "resume":
                    actions.resume_gap(gap, by=user)
        except Refused:
            continue
        return


# --- When they are those kept -----------------------------------------------------------------------------------------
NEW = "nouvelle@chu-exemple.mssante.fr"


@pytest.fixture
def kept(fresh, make_entry, structure):
    """One unknown address, found and kept."""
    make_entry(NEW, "ORG", structure_id=OURS)
    keep_gaps(Structure.objects.all())
    return FoundGap.objects.get()


def test_long_after_they_are_looked_for_again(kept, people):
    ours = Gaps.visible_to(people.gisele.user)
    GapSearch.objects.update(at=timezone.now() - LATELY + timedelta(seconds=5))
    assert ours.lately().found_at == GapSearch.objects.earliest("at").at
    GapSearch.objects.update(at=timezone.now() - LATELY - timedelta(seconds=5))
    assert ours.lately() is ours


def test_a_structure_where_they_were_never_looked_for_has_none_kept(kept, people, structure):
    ours = Gaps.visible_to(people.gisele.user)
    GapSearch.objects.filter(structure=structure).delete()
    assert ours.lately() is ours


def test_of_some_structures_nothing_is_said_of_the_others(kept, make_entry, other_structure):
    """What is kept elsewhere stays, though its annuaire changed."""
    Entry.objects.all().delete()
    keep_gaps(Structure.objects.filter(pk=other_structure.pk))
    assert FoundGap.objects.get() == kept
    keep_gaps(Structure.objects.all())
    assert not FoundGap.objects.exists()


def test_a_second_search_writes_nothing_anew(kept):
    keep_gaps(Structure.objects.all())
    assert FoundGap.objects.get().pk == kept.pk
    Entry.objects.update(digest="changed")
    keep_gaps(Structure.objects.all())
    assert FoundGap.objects.get().pk != kept.pk, "another fact, which what was decided of the former does not settle"


def test_the_job_tells_each_structure_once(kept, structure, other_structure):
    tally = jobs.run("take_measures")
    assert (tally.done, tally.refused) == (Structure.objects.count(), {})
    assert GapSearch.objects.count() == Structure.objects.count()


def test_what_is_adopted_is_no_longer_among_them(kept, people, operator):
    (gap,) = list(Gaps.visible_to(people.gisele.user).lately())
    actions.adopt(gap, by=people.gisele.user)
    assert Gaps.visible_to(people.gisele.user).lately().count() == 0


def test_what_mended_itself_is_counted_and_not_shown(kept, people, structure, operator):
    """By another way than its own acts: its number is of when it was counted, no row is shown that is not so."""
    ours = Gaps.visible_to(people.gisele.user).lately()
    bal = Bal.objects.create(address="autre@chu-exemple.mssante.fr", kind="ORG", state="active", operator=operator,
                             structure=structure)  # fmt: skip
    Alias.objects.create(bal=bal, address=NEW, nature="former", operator=operator)
    assert ours.count() == 1
    assert ours[0:50] == []
    assert list(ours) == []


# --- The page ---------------------------------------------------------------------------------------------------------
def test_of_many_the_page_is_of_the_latest_search_and_says_so(kept, client, people, make_bal, make_entry, monkeypatch):
    for _ in range(3):
        make_bal("APP")
    jobs.run("take_measures", timezone.now())
    make_entry("autre@chu-exemple.mssante.fr", "ORG", structure_id=OURS)
    client.force_login(people.gisele.user)

    def told():
        page = client.get(reverse("gap-list"))
        listing = page.context["listing"]
        return listing.count, [gap.address for gap in listing.page], "ces nombres sont ceux de" in page.text

    assert told() == (2, ["autre@chu-exemple.mssante.fr", NEW], False)
    monkeypatch.setattr(counts, "MANY", 2)
    assert told() == (1, [NEW], True)
    jobs.run("take_measures", timezone.now())
    assert told() == (2, ["autre@chu-exemple.mssante.fr", NEW], True)


def test_the_file_is_of_now_whatever_is_kept(kept, client, people, make_bal, make_entry, monkeypatch):
    for _ in range(3):
        make_bal("APP")
    jobs.run("take_measures", timezone.now())
    monkeypatch.setattr(counts, "MANY", 2)
    make_entry("autre@chu-exemple.mssante.fr", "ORG", structure_id=OURS)
    client.force_login(people.gisele.user)
    text = b"".join(client.get(reverse("gap-export")).streaming_content).decode()
    assert NEW in text
    assert "autre@chu-exemple.mssante.fr" in text
