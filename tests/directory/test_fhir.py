"""The FHIR source against a server that keeps to the API's documented behaviour, and breaks as it does."""

import json
import os
import threading
from datetime import timedelta
from io import StringIO
from urllib.parse import urljoin

import httpx
import pytest
from django.core.management import call_command
from django.utils import timezone

from directory import tasks
from directory.models import Change, Entry, SourceState, SyncRun
from directory.readers.address import OF_PATIENT
from directory.sources import UnreadableSource, get_source
from directory.sources.fhir_client import LONGEST_WAIT, Client, Pace
from directory.sources.spool import FRESH
from directory.sync import sync
from tests.directory.fhir_server import (
    KEY,
    bal_type,
    child,
    cut_off,
    deleted,
    fault,
    mailbox,
    organization,
    outcome,
    practitioner,
    resource,
    role,
    run_fhir_server,
)

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]


@pytest.fixture
def server():
    with run_fhir_server() as server:
        yield server


@pytest.fixture
def slept(settings, tmp_path, server):
    """What the source would have slept; nobody sleeps in tests. The spool is the test's own."""
    settings.VAR_DIR = tmp_path
    slept: list[float] = []
    conf = settings.DIRECTORY_SOURCES["fhir"]
    options = conf["OPTIONS"] | {"url": server.url, "key": KEY, "sleep": slept.append}
    settings.DIRECTORY_SOURCES = settings.DIRECTORY_SOURCES | {"fhir": conf | {"OPTIONS": options}}
    return slept


@pytest.fixture
def load(slept):
    def load(max_withdrawn=1.0, dry_run=False, **options):
        return sync(get_source("fhir", **options), max_withdrawn=max_withdrawn, dry_run=dry_run)

    return load


def counts(run):
    return run.status, run.appeared, run.changed, run.withdrawn


def held():
    return sorted(Entry.objects.current().filter(source="fhir").values_list("address", flat=True))


def people(number, **fields):
    return [practitioner(n, mailbox(f"p{n}@aura.mssante.fr"), **fields) for n in range(1, number + 1)]


def today(days_ago=0):
    return (timezone.localtime() - timedelta(days=days_ago)).date().isoformat()


# --- What is read ---------------------------------------------------------------------------------------------------


def test_the_three_resources_give_their_mailboxes(load, server):
    server.hold(
        practitioner(1, mailbox("ANA@aura.mssante.fr", rank=1, metadata=[bal_type("PER")])),
        role(7, 1, 4, mailbox("ana@chu.mssante.fr", metadata=[child("digitization", valueBoolean=True)])),
        organization(4, mailbox("accueil@chu.mssante.fr", metadata=[
            bal_type("ORG"), child("service", valueString="Accueil"), child("digitization", valueBoolean=False)])),
        organization(5, mailbox("logiciel@chu.mssante.fr", metadata=[bal_type("APP")])),
    )  # fmt: skip
    run = load()

    assert (counts(run), run.lines, run.rejected) == (("applied", 4, 0, 0), 4, 0)
    ana, at_chu, desk, app = (
        Entry.objects.get(address=a)
        for a in ("ana@aura.mssante.fr", "ana@chu.mssante.fr", "accueil@chu.mssante.fr", "logiciel@chu.mssante.fr")
    )
    assert (ana.kind, ana.rank, ana.person_id_type, ana.person_id) == ("PER", "1", "8", "10000000001")
    assert (ana.national_id, ana.civility, ana.family_name, ana.given_name) == ("810000000001", "DR", "NOM1", "Ana Lou")
    assert (ana.profession_code, ana.profession, ana.category_code, ana.structure_id) == ("10", "Médecin", "C", "")
    assert (at_chu.kind, at_chu.person_id, at_chu.structure_id, at_chu.structure_name) == (
        "PER", "10000000001", "690000004", "CENTRE 4",
    )  # fmt: skip
    assert (at_chu.paperless, at_chu.postcode, at_chu.address_l6, at_chu.rank) == ("O", "69003", "69003 LYON", "")
    assert (desk.kind, desk.service, desk.paperless, desk.structure_id_type) == ("ORG", "Accueil", "N", "1")
    assert app.kind == "APP"


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        [child("phone", valueString="04"), child("responsible", valueString="Moi"), child("nouveau", valueRatio={})],
        [child("type")],
        [child("type", valueCodeableConcept="PER"), "rien", {}],
        [{"digitization": True}],
    ],
)
def test_missing_and_unknown_children_of_the_mailbox_metadata_are_tolerated(load, server, metadata):
    server.hold(practitioner(1, mailbox("ana@aura.mssante.fr", metadata=metadata)))
    load()
    entry = Entry.objects.get()
    assert (entry.address, entry.kind, entry.service, entry.paperless) == ("ana@aura.mssante.fr", "PER", "", "")


def test_resources_of_odd_shapes_cost_nothing_but_what_they_do_not_say(load, server):
    server.hold(
        practitioner(1, mailbox("a@aura.mssante.fr"), name="x", qualification=[{"code": None}], identifier=[{}]),
        role(1, 99, 99, mailbox("b@aura.mssante.fr"), organization=None, code="x", extension=[{"url": 3}]),
        organization(1, mailbox("c@aura.mssante.fr"), address=[{"line": 4}], alias="x", identifier=None),
        resource("Organization", None, telecom=[mailbox("d@aura.mssante.fr")]),
        organization(2, "x", {"extension": [{"url": None, "extension": 3}]}),
    )
    run = load()
    assert held() == ["a@aura.mssante.fr", "b@aura.mssante.fr", "c@aura.mssante.fr"]
    assert [line.reason for line in run.rejected_lines.all()] == ["Organization, page 1 : ressource sans identifiant"]


def test_ordinary_e_mails_and_red_listed_mailboxes_are_left_aside(load, server):
    server.hold(
        organization(1),
        practitioner(1, mailbox("rouge@aura.mssante.fr", metadata=[child("listeRouge", valueBoolean=True)])),
        practitioner(2, mailbox("ana@ailleurs.fr")),
    )
    run = load()
    assert held() == []
    assert [line.reason for line in run.rejected_lines.all()] == [
        "Practitioner, page 1 : «\u00a0ana@ailleurs.fr\u00a0» n’est pas une adresse MSSanté"
    ]


def test_pages_are_followed_to_the_last_and_the_key_is_in_each_request(load, server):
    server.hold(*people(7))
    progress = []
    sync(get_source("fhir", count=3), progress=lambda run: progress.append((run.bytes_read, run.bytes_total)))
    assert len(held()) == 7
    assert [path.split("?")[0].rsplit("/", 1)[1] for path in server.asked] == [
        "Practitioner", "_page", "_page", "PractitionerRole", "Organization",
    ]  # fmt: skip
    assert "_count=3" in server.asked[0]
    assert "_include=PractitionerRole%3Apractitioner" in server.asked[3]
    assert (1, 3) in progress
    assert (5, 5) in progress


def test_the_default_page_is_of_200(load, server):
    load()
    assert all("_count=200" in path for path in server.asked)


# --- What changed since -----------------------------------------------------------------------------------------------


def level(days_ago):
    SourceState.objects.filter(source="fhir").update(generated_at=timezone.now() - timedelta(days=days_ago))


def test_a_delta_asks_from_the_day_before_our_picture_and_leaves_the_rest(load, server):
    server.hold(*people(5))
    load()
    server.asked.clear()
    level(days_ago=3)
    server.hold(
        practitioner(2, mailbox("p2@aura.mssante.fr", rank=1), day=today()),
        practitioner(6, mailbox("p6@aura.mssante.fr"), day=today()),
    )
    run = load()
    assert all(f"_lastUpdated=ge{today(4)}" in path for path in server.asked)
    assert (counts(run), run.lines, run.addresses) == (("applied", 1, 1, 0), 2, 6)
    assert run.changes.get(kind="changed").details == {"rank": ["", "1"]}
    assert load().status == "unchanged"


def test_what_comes_back_inactive_is_withdrawn_and_nothing_else(load, server):
    one, two = people(2)
    desk = organization(4, mailbox("accueil@chu.mssante.fr"))
    at_work = role(7, 2, 4, mailbox("p2@chu.mssante.fr"))
    server.hold(one, two, desk, at_work)
    load()
    server.hold(deleted(one, today()), deleted(at_work, today()), deleted(desk, today()))
    run = load()
    assert counts(run) == ("applied", 0, 0, 3)
    assert held() == ["p2@aura.mssante.fr"]
    assert set(run.changes.values_list("kind", flat=True)) == {"withdrawn"}


def test_a_mailbox_taken_off_a_resource_that_remains_is_withdrawn(load, server):
    server.hold(practitioner(1, mailbox("a@aura.mssante.fr"), mailbox("b@aura.mssante.fr")), *people(3)[1:])
    load()
    server.hold(practitioner(1, mailbox("b@aura.mssante.fr"), day=today()))
    assert counts(load()) == ("applied", 0, 0, 1)
    assert "a@aura.mssante.fr" not in held()


def test_a_mailbox_that_another_resource_still_carries_stays(load, server):
    server.hold(organization(4), role(1, 1, 4, mailbox("a@aura.mssante.fr")), *people(1))
    server.hold(role(2, 1, 4, mailbox("a@aura.mssante.fr"), telecom=[mailbox("a@aura.mssante.fr")]))
    load()
    server.hold(deleted(role(1, 1, 4), today()))
    run = load()
    assert counts(run) == ("applied", 0, 1, 0)
    assert run.changes.get().details == {"lines": [2, 1]}
    assert "a@aura.mssante.fr" in held()


def test_a_delta_that_empties_too_much_is_refused_and_asked_again(load, server):
    everyone = people(10)
    server.hold(*everyone)
    load()
    server.hold(*(deleted(one, today()) for one in everyone[:5]))
    assert load(max_withdrawn=None).status == "refused"
    assert len(held()) == 10
    assert counts(load()) == ("applied", 0, 0, 5)


@pytest.mark.parametrize(("days_ago", "is_delta"), [(28, True), (29, False), (200, False)])
def test_what_changed_more_than_30_days_ago_is_not_asked_for_everything_is(load, server, days_ago, is_delta):
    server.hold(*people(2))
    load()
    level(days_ago)
    server.asked.clear()
    assert load().status == "unchanged"
    assert all(("_lastUpdated" in path) == is_delta for path in server.asked)


def test_a_full_reading_can_be_asked_for_and_withdraws_what_is_no_more(load, server):
    server.hold(*people(3))
    load()
    server.resources["Practitioner"].pop()
    assert load().status == "unchanged"  # a delta does not tell it
    assert counts(load(full=True)) == ("applied", 0, 0, 1)


def test_sources_are_compared_with_themselves_alone(load, server):
    now = timezone.now()
    Entry.objects.create(
        source="extraction", address="p1@aura.mssante.fr", kind="PER", digest="x", first_seen_at=now, changed_at=now
    )
    server.hold(*people(2))
    load()
    server.hold(deleted(people(1)[0], today()))
    load()
    assert held() == ["p2@aura.mssante.fr"]
    assert Entry.objects.published().filter(address="p1@aura.mssante.fr").exists()


# --- Faults ----------------------------------------------------------------------------------------------------------


def test_429_is_waited_out_as_long_as_asked(load, server, slept):
    server.hold(*people(2))
    server.faults = {1: fault(429, Retry_After="7"), 2: fault(429, Retry_After="9999")}
    assert load().status == "applied"
    assert 7 in slept
    assert max(slept) == LONGEST_WAIT


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_passing_fault_in_the_middle_is_retried_with_growing_waits(load, server, slept, status):
    server.hold(*people(5))
    server.faults = {2: fault(status, b"<html>Bad Gateway</html>"), 3: fault(status), 4: fault(status)}
    assert load(count=2).status == "applied"
    assert len(held()) == 5
    assert [wait for wait in slept if wait >= 2] == [2, 4, 8]


LASTING = {
    "html": (fault(200, b"<!doctype html><html>Maintenance</html>"), "une page web"),
    "truncated": (fault(200, b'{"resourceType": "Bundle", "entry": [{"re'), "JSON tronqué"),
    "cut": (cut_off, "s’est interrompue"),
    "down": (fault(503, b"x"), "a répondu 503"),
}
FINAL = {
    "outcome": (fault(400, outcome("HAPI-0302: Unknown")), "HAPI-0302: Unknown"),
    "outcome 200": (fault(200, outcome("HAPI-9999")), "HAPI-9999"),
    "key": (fault(401, b"{}"), "ESANTE_API_KEY"),
    "forbidden": (fault(403, b"<html>"), "ESANTE_API_KEY"),
    "no bundle": (fault(200, {"resourceType": "Patient"}), "«\u00a0Patient\u00a0»"),
    "a list": (fault(200, []), "Bundle"),
    "redirect": (fault(302, b"", Location="https://ailleurs.example"), "302"),
}


@pytest.mark.parametrize("name", LASTING | FINAL)
def test_an_answer_that_is_no_page_stops_the_run_and_nothing_is_applied(load, server, name):
    server.hold(*people(5))
    load()
    server.hold(*people(9, day=today()))
    before = held(), Change.objects.count()
    answer, sentence = (LASTING | FINAL)[name]
    first = len(server.asked) + 1
    server.faults = dict.fromkeys(range(first + 2, first + 20), answer)

    with pytest.raises(UnreadableSource) as told:
        load(count=2)

    assert sentence in str(told.value)
    assert (held(), Change.objects.count()) == before
    assert SyncRun.objects.first().status == "failed"
    assert len(server.asked) - first + 1 == 2 + (6 if name in LASTING else 1)

    server.faults = {}
    server.asked.clear()
    assert counts(load(count=2)) == ("applied", 4, 0, 0)
    # From the third page on; where the link itself may be bad, it is forgotten, and the search made anew.
    takes_up = name in LASTING or name in ("key", "forbidden")
    asked = [path.split("?")[0].rsplit("/", 1)[1] for path in server.asked[:2]]
    assert asked == (["_page", "_page"] if takes_up else ["Practitioner", "_page"])


def test_a_slow_answer_is_given_up_and_retried(load, server, monkeypatch):
    monkeypatch.setattr("directory.sources.fhir_client.TIMEOUT", 0.2)
    server.hold(*people(2))
    waiting = threading.Event()
    server.faults = {1: lambda request: waiting.wait(1)}
    assert load().status == "applied"
    waiting.set()


def test_an_expired_next_link_begins_that_resource_again_and_keeps_the_others(load, server):
    server.hold(*people(5), *(organization(n, mailbox(f"o{n}@chu.mssante.fr")) for n in range(5)))

    def expire(request):
        server.forget_pages()
        server.resources["Organization"].pop()
        fault(410, outcome("expired"))(request)

    server.faults = {6: expire}  # 3 pages of people, 1 of roles, then the second of structures
    assert load(count=2).status == "applied"
    assert len(held()) == 9
    assert sum("/Practitioner?" in path for path in server.asked) == 1
    assert sum("/Organization?" in path for path in server.asked) == 2


def test_a_link_that_always_expires_is_given_up(load, server):
    server.hold(*people(5))
    server.faults = {number: fault(410) for number in (2, 4, 6)}
    with pytest.raises(UnreadableSource, match="a encore oublié la suite"):
        load(count=2)


def test_the_key_is_never_sent_elsewhere(load, server):
    bundle = {"resourceType": "Bundle", "link": [{"relation": "next", "url": "http://127.0.0.1:9/fhir/_page?id=1"}]}
    server.faults = {1: fault(200, bundle)}
    with pytest.raises(UnreadableSource, match="vers une autre adresse"):
        load()
    with pytest.raises(UnreadableSource, match="la clé y passerait en clair"):
        load(url="http://api.exemple.fr/fhir/v2")


@pytest.mark.parametrize("link", ["http://127.0.0.1:9/fhir/_page?id=1", "http://[", "ftp://x/", "/nowhere?x"])
def test_a_bad_next_link_is_forgotten_and_the_next_run_begins_anew(load, server, link):
    server.hold(*people(3))
    bundle = {"resourceType": "Bundle", "total": 3, "link": [{"relation": "next", "url": link}]}
    server.faults = {1: fault(200, bundle), 2: fault(400, outcome("HAPI-0302"))}
    with pytest.raises(UnreadableSource):
        load()
    server.faults = {}
    assert counts(load()) == ("applied", 3, 0, 0)


@pytest.mark.parametrize("link", ["_page?id={}", "/fhir/v2/_page?id={}", "?_page={}"])
def test_a_relative_next_link_is_followed(load, server, link):
    server.hold(*people(3))
    first = {"resourceType": "Bundle", "total": 3, "link": [{"relation": "next", "url": link.format("t")}]}
    rest = [{"resource": one, "search": {"mode": "match"}} for one in people(3)]
    server.faults = {1: fault(200, first), 2: fault(200, {"resourceType": "Bundle", "total": 3, "entry": rest})}
    assert counts(load()) == ("applied", 3, 0, 0)
    assert server.asked[1] == urljoin(server.asked[0], link.format("t"))


@pytest.mark.parametrize("total", [7, None])
def test_an_empty_page_after_a_promised_one_is_never_applied_nor_passed_over(load, server, total):
    server.hold(*people(3))
    load()
    mark = SourceState.objects.get().generated_at
    server.hold(*people(10, day=today()))
    entries = [{"resource": one, "search": {"mode": "match"}} for one in people(6, day=today())[3:]]
    first = {
        "resourceType": "Bundle",
        "entry": entries,
        "link": [{"relation": "next", "url": f"{server.url}/_page?id=1"}],
    }
    number = len(server.asked)
    server.faults = {
        number + 1: fault(200, first | ({"total": total} if total else {})),
        number + 2: fault(200, {"resourceType": "Bundle"}),
    }
    with pytest.raises(UnreadableSource, match="vide"):
        load()
    assert (len(held()), SourceState.objects.get().generated_at) == (3, mark)
    server.faults = {}
    assert counts(load()) == ("applied", 7, 0, 0), "taken up again, all of it"


def test_a_delta_of_fewer_entries_than_announced_is_not_applied(load, server):
    server.hold(*people(3))
    load()
    server.hold(*people(200, day=today()))
    server.total_of = lambda found: len(found) + bool(found)
    with pytest.raises(UnreadableSource, match="201 annoncés, 200 reçus"):
        load()
    assert len(held()) == 3


def test_addresses_of_the_api_are_spelt_as_everywhere_and_a_patient_s_is_never_kept(load, server):
    server.hold(practitioner(1, mailbox("mailto:P1@aura.mssante.fr"), mailbox("279035121518989@patient.mssante.fr")))
    run = load()
    assert held() == ["p1@aura.mssante.fr"]
    assert [(line.reason[-40:], line.text) for line in run.rejected_lines.all()] == [(OF_PATIENT[-40:], "")]


def test_pages_that_go_round_are_not_followed_for_ever(load, server):
    bundle = {"resourceType": "Bundle", "link": [{"relation": "next", "url": f"{server.url}/_page?id=1"}]}
    server.faults = dict.fromkeys(range(1, 9), fault(200, bundle))
    with pytest.raises(UnreadableSource, match="tourne en rond"):
        load()


def bundle(*resources, **facts):
    entries = [{"resource": one, "search": {"mode": "match"}} for one in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **facts}


def following(server, token):
    return [{"relation": "next", "url": f"{server.url}/_page?id={token}"}]


@pytest.mark.parametrize("full", [True, False])
def test_a_page_given_twice_under_another_link_does_not_stand_for_the_next_one(load, server, full):
    server.hold(*people(2))
    load()
    mark = SourceState.objects.get().generated_at
    ours = people(6, day=today())
    server.hold(*ours)
    number = len(server.asked)
    server.faults = {
        number + rank: fault(200, bundle(*ours[:3], total=6, link=following(server, rank) if rank < 3 else []))
        for rank in (1, 2, 3)
    }
    with pytest.raises(UnreadableSource, match="tourne en rond"):
        load(full=full)
    assert (len(held()), SourceState.objects.get().generated_at) == (2, mark)
    server.faults = {}
    assert load(full=full).status == "applied"
    assert len(held()) == 6


ERROR = outcome("HAPI-0389: the search took too long")
FATAL = {"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": "throttled"}]}
PARTIAL = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "processing"}]}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (bundle(ERROR, total=0), "incomplète : HAPI-0389"),
        (bundle(*people(1), FATAL), "incomplète : throttled"),
        (bundle(*people(3)[2:]) | {"type": "history"}, "recherche"),
        (bundle() | {"type": "batch-response", "entry": [{"response": {"status": "500"}}]}, "recherche"),
        (bundle() | {"entry": {"resource": people(1)[0]}}, "recherche"),
        ({"error": "service unavailable"}, "None"), ([], "None"), ("error", "None"),
        (bundle(*people(3)[2:], total="4"), "4 annoncés, 1 reçus"),
    ],
)  # fmt: skip
def test_what_comes_with_200_and_is_an_error_is_never_applied_nor_passed_over(load, server, answer, said):
    server.hold(*people(2))
    load()
    mark = SourceState.objects.get().generated_at
    server.faults = {len(server.asked) + 1: fault(200, answer)}
    with pytest.raises(UnreadableSource, match=said):
        load()
    assert (len(held()), SourceState.objects.get().generated_at) == (2, mark)


def test_a_warning_beside_what_was_found_costs_nothing(load, server):
    found = bundle(*people(3), total=3)
    found["entry"].append({"resource": PARTIAL, "search": {"mode": "outcome"}})
    server.faults = {1: fault(200, found)}
    assert counts(load()) == ("applied", 3, 0, 0)


@pytest.mark.parametrize("again", [fault(404, outcome("unknown page")), fault(410), fault(200, outcome("HAPI-0418"))])
def test_a_link_that_expired_under_any_answer_is_made_anew_by_this_run_or_the_next(load, server, again):
    server.hold(*people(3))
    server.faults = {1: fault(200, bundle(*people(1), total=3, link=following(server, "old"))), 2: again}
    try:
        run = load()
    except UnreadableSource:
        run = load()
    assert counts(run) == ("applied", 3, 0, 0)


def test_fewer_resources_than_announced_are_no_whole_picture(load, server):
    server.hold(*people(200))
    load()
    server.total_of = lambda found: 300
    with pytest.raises(UnreadableSource, match="300 annoncés, 200 reçus"):
        load(full=True)
    assert len(held()) == 200


def test_an_unknown_authority_is_refused_with_what_to_do(load, server, monkeypatch):
    monkeypatch.setattr(
        httpx.HTTPTransport,
        "handle_request",
        lambda self, request: (_ for _ in ()).throw(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] unknown CA")),
    )
    with pytest.raises(UnreadableSource, match="ANNUAIRE_CA_FILE"):
        load()


# --- Taking up --------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    pass


def interrupted(load, server, at, **options):
    """A run killed at its at-th page."""
    beats = []

    def progress(run):
        beats.append(run.bytes_read)
        if run.bytes_read == at:
            raise Killed

    with pytest.raises(Killed):
        sync(get_source("fhir", **options), progress=progress)


def test_a_killed_run_takes_up_at_its_last_page(load, server):
    server.hold(*people(9))
    interrupted(load, server, at=3, count=2)
    assert len(server.asked) == 3
    assert counts(load(count=2)) == ("applied", 9, 0, 0)
    assert len(server.asked) == 7  # 5 pages of people, and one of each of the others: none twice


def test_a_half_written_page_is_fetched_again(load, server, tmp_path):
    server.hold(*people(9))
    interrupted(load, server, at=3, count=2)
    path = tmp_path / "spool" / "fhir" / "Practitioner.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert counts(load(count=2)) == ("applied", 9, 0, 0)
    assert len(server.asked) == 8


@pytest.mark.parametrize("damage", ["old", "garbled", "another url"])
def test_pages_too_old_or_damaged_or_of_another_search_are_not_taken_up(load, server, tmp_path, damage):
    server.hold(*people(9))
    interrupted(load, server, at=3, count=2)
    folder = tmp_path / "spool" / "fhir"
    if damage == "old":
        then = timezone.now().timestamp() - FRESH.total_seconds() - 60
        for path in folder.iterdir():
            os.utime(path, (then, then))
    elif damage == "garbled":
        path = folder / "Practitioner.jsonl"
        path.write_bytes(b"\0" * 50 + b"\n" + path.read_bytes())
    assert counts(load(count=3 if damage == "another url" else 2)) == ("applied", 9, 0, 0)
    assert sum("/Practitioner?" in path for path in server.asked) == 2


def test_the_picture_is_dated_by_its_first_page_even_when_taken_up(load, server):
    server.hold(*people(9))
    before = timezone.now()
    interrupted(load, server, at=3, count=2)
    between = timezone.now()
    load(count=2)
    assert before < SourceState.objects.get(source="fhir").generated_at < between


def test_nothing_is_left_of_a_run_that_ended(load, server, tmp_path):
    server.hold(*people(3))
    load()
    assert [path.name for path in (tmp_path / "spool" / "fhir").iterdir()] == ["lock"]


def test_two_readings_at_once_do_not_mix(load, server):
    source = get_source("fhir")
    with source.open(lambda done=0, total=0: None):
        with pytest.raises(UnreadableSource, match="Une autre lecture"):
            load()


# --- Doors ------------------------------------------------------------------------------------------------------------


def test_calls_are_paced():
    clock, slept = [0.0], []

    def sleep(seconds):
        slept.append(round(seconds, 4))
        clock[0] += seconds

    pace = Pace(17, clock=lambda: clock[0], sleep=sleep)
    for _ in range(18):
        pace.wait()
    assert len(slept) == 17
    assert clock[0] == pytest.approx(1.0)
    clock[0] += 5
    pace.wait()
    assert len(slept) == 17  # no credit is kept, and none is needed


def command(*words):
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("sync_annuaire", "fhir", *words, stdout=out, stderr=err)
    except SystemExit as end:
        code = end.code
    return code, out.getvalue(), err.getvalue()


def test_the_command_prints_the_same_json_and_ends_with_the_same_codes(load, server):
    server.hold(*people(20))
    code, out, _ = command("--json", "--dry-run")
    assert (code, json.loads(out)["status"], Entry.objects.count()) == (0, "dry-run", 0)
    code, out, _ = command("--json")
    assert (code, json.loads(out)["status"], json.loads(out)["appeared"]) == (0, "applied", 20)
    server.resources["Practitioner"].clear()
    code, out, _ = command("--json", "--full")
    assert (code, json.loads(out)["status"]) == (3, "refused")
    server.faults = {len(server.asked) + 1: fault(401)}
    code, out, err = command("--json")
    assert (code, json.loads(out)["status"]) == (2, "refused")
    assert "ESANTE_API_KEY" in err


def test_the_job_does_nothing_unconfigured_or_done_already_and_goes_on_by_slices(load, server, settings, monkeypatch):
    server.hold(*people(9))
    options = settings.DIRECTORY_SOURCES["fhir"]["OPTIONS"]
    key, options["key"] = options["key"], ""
    tasks.sync_if_due("fhir")
    tasks.sync_if_due("ldap")
    assert SyncRun.objects.count() == 0
    options["key"] = key
    options["count"] = 2
    monkeypatch.setattr(tasks, "SLICE", 1e-9)
    tasks.sync_if_due("fhir")
    assert "la suite reprendra là" in SyncRun.objects.get().reason
    monkeypatch.undo()
    tasks.sync_if_due("fhir")
    asked = len(server.asked)
    assert SyncRun.objects.latest_of("fhir").appeared == 9
    tasks.sync_if_due("fhir")
    assert len(server.asked) == asked


@pytest.mark.parametrize("proxy", ["socks5://proxy:1080", "htp://proxy"])
def test_a_proxy_that_is_none_of_http_is_said(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UnreadableSource, match="HTTPS_PROXY"):
        Client("https://api.exemple.fr", "key", "", alive=lambda: None, sleep=lambda _: None, pace=Pace(1))
