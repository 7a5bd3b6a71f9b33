"""The activities of our people: what the file may look like, who is kept, and when nothing is believed."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.invented import write_activities
from directory.invented.activities import line_of
from directory.models import Activity, Change, SourceState, SyncRun
from directory.records import ActivityRecord, ManagedStructures, RejectedRecord
from directory.sources import UnreadableSource, get_source
from directory.sources.activities import COLUMNS, HEADER
from directory.sync import sync

pytestmark = pytest.mark.sqlite_run

OURS = ManagedStructures(
    finess=frozenset({"690000013"}), siret=frozenset({"13001234500017"}), siren=frozenset({"130012345"}),
    technical=frozenset({"99700237045007"}),
)  # fmt: skip
ALICE = ActivityRecord(
    person_id_type="8", person_id="10000000017", national_id="810000000017", civility="DR", family_name="MARTIN",
    given_name="Zoé", profession_code="10", profession="Médecin", mode_code="S", mode="Salarié",
    finess_site="690000013", structure_name="CH DES LILAS", postcode="69003", town="Lyon", sector="Public",
    function_code="FON-01", function="Chef de service", genre_code="GENR01", genre="Activité standard",
)  # fmt: skip
ALICE_ALONE = ALICE._replace(mode_code="L", mode="Libéral", finess_site="", structure_name="CABINET MARTIN")
STRANGER = ALICE._replace(person_id="10000000025", national_id="810000000025", finess_site="690000021")


def managed():
    return managed.structures


@pytest.fixture(autouse=True)
def ours(settings):
    """`managed.structures` is what the register would answer."""
    managed.structures = OURS
    conf = settings.DIRECTORY_SOURCES["activities"]
    options = {**conf["OPTIONS"], "managed": "tests.directory.test_activities.managed"}
    settings.DIRECTORY_SOURCES = {**settings.DIRECTORY_SOURCES, "activities": {**conf, "OPTIONS": options}}


@pytest.fixture
def write(tmp_path):
    def write(*records, name="a.txt", header=HEADER, end="\n", raw=None):
        lines = [record if isinstance(record, str) else line_of(record) for record in records]
        path = tmp_path / name
        path.write_bytes(raw if raw is not None else "".join(text + end for text in [header, *lines]).encode())
        return path

    return write


@pytest.fixture
def load(db, write):
    def load(*records, dry_run=False, max_withdrawn=None, **file):
        source = get_source("activities", path=str(write(*records, **file)))
        return sync(source, dry_run=dry_run, max_withdrawn=max_withdrawn)

    return load


def read(path):
    with get_source("activities", path=str(path)).open(lambda: None) as opened:
        return [found for found in opened.records() if found is not None]


def person(number, **changes):
    rpps = f"2{number:010}"
    return ALICE._replace(person_id=rpps, national_id=f"8{rpps}", **changes)


def many(number, **changes):
    return [person(n, **changes) for n in range(number)]


# --- The file ---------------------------------------------------------------------------------------------------------
FIFTY_TWO = "|".join(HEADER.split("|")[:52]) + "|"


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        HEADER.rstrip("|"),
        HEADER.upper(),
        HEADER.replace("é", "e").replace("É", "E"),
        HEADER.replace("'", "’"),
        HEADER.replace("Libellé civilité exercice", "Libellé civilité d'exercice"),
        HEADER.replace("(coord. structure)", "(coord. Structure)"),
        HEADER.replace("Département (structure)", "département (coord. structure)"),
        HEADER.replace("fonction", "rôle"),
        HEADER.replace("genre d'activité", "genre activité"),
        "\ufeff" + HEADER,
    ],
)
def test_the_header_is_known_by_its_normalised_names(write, header):
    assert read(write(ALICE, header=header)) == [ALICE]


def test_the_older_file_has_52_columns(write):
    line = "|".join(line_of(ALICE).split("|")[:52]) + "|"
    assert read(write(line, header=FIFTY_TWO)) == [
        ALICE._replace(function_code="", function="", genre_code="", genre="")
    ]


def test_columns_may_stand_in_any_order_beside_unknown_ones(write):
    line = dict(zip(HEADER.split("|"), line_of(ALICE).split("|"), strict=True))
    names = ["Nouveauté", *reversed(HEADER.rstrip("|").split("|"))]
    assert read(write("|".join(line.get(name, "") for name in names) + "|", header="|".join(names) + "|")) == [ALICE]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_trailing_bars_make_no_difference(write, end):
    assert read(write(ALICE, line_of(ALICE).rstrip("|") + "|" * 4 + "", end=end))[0] == ALICE
    bare = "|".join(line_of(ALICE).split("|")[:56])
    assert read(write(bare, end=end)) == [ALICE]


def test_the_last_line_needs_no_end(write):
    assert read(write(raw=f"{HEADER}\n{line_of(ALICE)}".encode())) == [ALICE]


def zip_of(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_of_the_three_members_of_the_zip_the_activities_are_read_and_date_it(write):
    good = f"{HEADER}\n{line_of(ALICE_ALONE)}\n{line_of(ALICE)}\n"
    names = ["Dipl_AutExerc", "Personne_activite", "SavoirFaire"]
    members = [(f"PS_LibreAcces_{name}_202611200300.txt", good if name == names[1] else "x|\n") for name in names]
    path = write(raw=zip_of(*members), name="a.zip")
    assert read(path) == [ALICE_ALONE, ALICE]
    with get_source("activities", path=str(path)).open(lambda: None) as opened:
        assert opened.generated_at == datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("8|x|", "2 champs au lieu de 56"),
        (line_of(ALICE) + "x|", "57 champs au lieu de 56"),
        (line_of(ALICE).replace("|Salarié|", "|"), "55 champs au lieu de 56"),
        (line_of(ALICE)[:-1] + "|x", "57 champs au lieu de 56"),
        (line_of(ALICE._replace(national_id="", person_id="", person_id_type="")), "identifiant de la personne absent"),
        (line_of(ALICE._replace(national_id="8" * 255)), "identifiant de plus de 254 caractères"),
    ],
)
def test_a_bad_line_is_put_aside_with_its_number_and_the_reason(write, text, reason):
    found = [line for line in read(write(ALICE, "", text, ALICE)) if isinstance(line, RejectedRecord)]
    assert [(line.number, line.reason) for line in found] == [(4, reason)]


def test_without_a_national_identifier_the_type_and_the_number_make_one(write):
    assert read(write(ALICE._replace(national_id=""))) == [ALICE]


GOOD = f"{HEADER}\n{line_of(ALICE)}\n" * 40
ZIP = zip_of(("Personne_activite.txt", GOOD))
UNREADABLE = {
    "empty": (b"", "Le fichier est vide."),
    "html": (b"<html>", "page web"),
    "latin1": (HEADER.encode("latin-1"), "UTF-8"),
    "another file": (b"a|b\n1|2\n", "colonne absente"),
    "double column": ((HEADER + "Identifiant PP|").encode(), "figure deux fois"),
    "cut in a line": (GOOD.encode()[:-40], "tronqué : il s’arrête au milieu de la ligne"),
    "truncated zip": (ZIP[:-30], "illisible ou tronquée"),
    "damaged zip": (ZIP[:70] + bytes(20) + ZIP[90:], "abîmée"),
    "none of the members": (
        zip_of(("a.txt", GOOD), ("b.txt", GOOD)),
        "ne contient pas de fichier «\u00a0Personne_activite\u00a0»",
    ),
    "twice the member": (
        zip_of(("personne_activite_1", GOOD), ("Personne_activite_2", "x")),
        "2 fichiers au",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_ends_with_2_and_a_sentence(db, write, case):
    raw, sentence = UNREADABLE[case]
    code, said, err = run("--file", write(raw=raw), "--json")
    assert (code, said["status"], Activity.objects.count()) == (2, "refused", 0)
    assert sentence in said["reason"]
    assert err.strip() == said["reason"]
    assert said["reason"].endswith((".", ")."))


def test_without_a_file_nor_an_address_the_setting_is_named():
    with pytest.raises(UnreadableSource, match="ACTIVITIES_URL"):
        with get_source("activities", url="").open(lambda: None):
            pass


def test_every_column_kept_has_its_field():
    assert list(COLUMNS) == list(ActivityRecord._fields)
    assert set(COLUMNS.values()) <= set(HEADER.split("|"))
    assert not [label for label in COLUMNS.values() if re.search("Télé|e-mail", label)], "of no use here"


# --- Who is kept ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "place",
    [
        {"finess_site": "690000013"},
        {"finess_ej": "690000013"},
        {"siret": "13001234500017"},
        {"siren": "130012345"},
        {"technical_id": "99700237045007"},
        {"technical_id": "499700237045007"},
    ],
    ids=str,
)
def test_one_activity_with_us_brings_all_of_the_person(write, place):
    with_us = ALICE._replace(**{"finess_site": "", **place})
    assert read(write(ALICE_ALONE, STRANGER, with_us, ALICE_ALONE)) == [ALICE_ALONE, with_us, ALICE_ALONE]


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u200b", "\u200e", "\ufeff", "\t", "\v", "\u202f", " \u00a0 "])
def test_padding_on_either_side_hides_nobody(write, blank):
    padded = ALICE._replace(finess_site=f"{blank}690000013{blank}", national_id=f"{blank}{ALICE.national_id}{blank}")
    assert read(write(line_of(padded).replace("|", f"{blank}|", 1))) == [ALICE]


def test_a_wrong_byte_costs_its_line_alone(write):
    lines = [line_of(ALICE), line_of(ALICE), line_of(ALICE_ALONE)]
    raw = "\n".join([HEADER, *lines, ""]).encode()
    first = raw.index("Zoé".encode())
    found = read(write(raw=raw[:first] + raw[first:].replace("Zoé".encode(), b"Zo\xe9", 1)))
    assert [type(one) for one in found] == [RejectedRecord, ActivityRecord, ActivityRecord]
    assert (found[0].number, found[0].reason[:28]) == (2, "ligne qui n’est pas en UTF-8")


def test_a_cabinet_is_also_known_by_its_former_identifier(write):
    values = line_of(ALICE._replace(finess_site="")).split("|")
    values[HEADER.split("|").index("Ancien identifiant de la structure")] = "499700237045007"
    assert len(read(write("|".join(values)))) == 1


def test_a_number_of_another_kind_is_not_ours(write):
    assert read(write(ALICE._replace(finess_site="130012345"), ALICE._replace(finess_site="", siren="690000013"))) == []


def test_without_a_managed_structure_nobody_is_kept(write):
    managed.structures = ManagedStructures()
    assert read(write(ALICE, STRANGER)) == []


# --- The runs ---------------------------------------------------------------------------------------------------------
def run(*words):
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("sync_annuaire", "activities", *map(str, words), stdout=out, stderr=err)
    except SystemExit as end:
        code = end.code
    return code, json.loads(out.getvalue()), err.getvalue()


def test_the_same_json_counts_people(db, write):
    code, said, _ = run("--file", write(ALICE, ALICE_ALONE, STRANGER, person(1), "x"), "--json")
    assert isinstance(said.pop("seconds"), float)
    assert said == {
        "status": "applied", "reason": None, "lines": 5, "rejected": 1, "addresses": 2,
        "appeared": 2, "changed": 0, "withdrawn": 0,
    }  # fmt: skip
    assert code == 0


def test_what_changes_for_a_person_is_written_and_told(load):
    load(ALICE, ALICE_ALONE, *many(20))
    moved = ALICE_ALONE._replace(structure_name="CABINET DU PORT")

    run = load(moved, ALICE, *many(19), person(50))

    assert (run.status, run.appeared, run.changed, run.withdrawn) == ("applied", 1, 1, 1)
    assert list(run.changes.order_by("address").values_list("address", "kind", "details")) == [
        ("810000000017", "changed", {"structure_name": ["CABINET MARTIN", "CABINET DU PORT"]}),
        (person(19).national_id, "withdrawn", {}),
        (person(50).national_id, "appeared", {}),
    ]
    assert Activity.objects.current().of_rpps([ALICE.person_id]).count() == 2
    assert load(moved, ALICE, *many(19), person(50)).status == "unchanged"


def test_who_leaves_our_structures_is_withdrawn_everywhere(load):
    load(ALICE, ALICE_ALONE, *many(20))
    run = load(ALICE._replace(finess_site="690000021"), ALICE_ALONE, *many(20))
    assert (run.status, run.withdrawn) == ("applied", 1)
    assert not Activity.objects.current().of_rpps([ALICE.person_id]).exists()
    assert Activity.objects.filter(national_id=ALICE.national_id).count() == 2, "withdrawn, never deleted"


def test_a_file_without_many_of_our_people_is_refused(load):
    load(*many(20))
    run = load(*many(17))
    assert run.status == "refused"
    assert "3 personnes sur 20" in run.reason
    assert load(STRANGER).reason.startswith("Fichier sans aucun professionnel des structures gérées")
    assert Activity.objects.current().count() == 20
    assert load(*many(5), max_withdrawn=1.0).status == "applied"


def test_a_structure_we_manage_no_more_is_not_a_shrunken_file(load):
    elsewhere = [person(100 + n, finess_site="690000021") for n in range(10)]
    managed.structures = ManagedStructures(finess=frozenset({"690000013", "690000021"}))
    assert load(*many(10), *elsewhere).addresses == 20

    managed.structures = OURS
    run = load(*many(10), *elsewhere)

    assert (run.status, run.withdrawn) == ("applied", 10)
    assert load(*many(10), *elsewhere).status == "unchanged"
    assert load(*many(8), *elsewhere).status == "refused", "the next run is judged as ever"


def test_when_our_structures_change_a_shorter_file_is_still_refused(load):
    load(*many(20))
    managed.structures = ManagedStructures(finess=frozenset({"690000021"}))
    run = load(*many(15))
    assert run.status == "refused"
    assert "5 lignes sur 20" in run.reason


def test_a_new_structure_brings_its_people_at_the_next_run(load):
    load(ALICE, STRANGER)
    managed.structures = OURS._replace(finess=OURS.finess | {"690000021"})
    run = load(ALICE, STRANGER)
    assert (run.status, run.appeared) == ("applied", 1)


def test_an_older_file_is_refused_and_a_dry_run_writes_nothing(load):
    load(ALICE, name="x_202611200300.txt")
    assert load(ALICE_ALONE, name="x_202611190300.txt").status == "refused"
    assert load(ALICE, person(1), name="x_202611210300.txt", dry_run=True).preview == [
        ["appeared", person(1).national_id, {}]
    ]
    assert Activity.objects.count() == 1
    assert SourceState.objects.get().generated_at.day == 20


def test_the_sources_do_not_see_each_other(load):
    load(ALICE)
    assert SyncRun.objects.latest_of() is None
    assert SyncRun.objects.latest_of("activities").addresses == 1
    assert Change.objects.count() == 0


def test_the_number_of_queries_does_not_grow_with_the_file(load):
    counts = []
    for number in (10, 2000):
        load(*many(number))
        with CaptureQueriesContext(connection) as queries:
            load(person(0, structure_name=f"Ailleurs {number}"), *many(number)[1:])
        counts.append(len(queries))
    assert counts[1] - counts[0] < 10  # two hundred times the lines: one portion more, with its sign of life


def test_a_long_file_shows_its_progress_while_nobody_in_it_is_ours(db, tmp_path, monkeypatch):
    monkeypatch.setattr("directory.sources.activities.PAUSE", 1)
    write_activities(tmp_path / "a.txt", 3000, extra_rows=[ALICE])
    seen = []
    done = sync(get_source("activities", path=str(tmp_path / "a.txt")), progress=lambda run: seen.append(run.percent))
    assert len(seen) > 6
    assert seen == sorted(seen)
    assert (done.lines, done.rejected, done.addresses, done.percent) == (3001, 0, 1, 100)


def test_an_invented_zip_holds_three_members_and_goes_through(db, tmp_path):
    call_command("make_activities", lines=2000, out=tmp_path / "a.zip")
    assert len(zipfile.ZipFile(tmp_path / "a.zip").namelist()) == 3
    managed.structures = ManagedStructures(siren=frozenset({f"{900_000_000 + n}" for n in range(200)}))
    said = run("--file", tmp_path / "a.zip", "--json")[1]
    assert (said["status"], said["lines"], said["rejected"]) == ("applied", 2000, 0)
    assert said["addresses"] > 20
    assert Activity.objects.count() > said["addresses"], "somebody practises at two places"
