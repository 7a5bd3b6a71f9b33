"""What the file may look like, what is put aside, and what cannot be read."""

import gzip
import io
import zipfile
from datetime import UTC, datetime

import pytest

from directory.readers.address import OF_PATIENT
from directory.records import EntryRecord, RejectedRecord
from directory.sources import UnreadableSource, get_source
from directory.sources.extraction import COLUMNS, HEADER
from tests.directory.conftest import ALICE, line


def read(path, **options):
    with get_source("extraction", path=str(path), **options).open(lambda: None) as opened:
        return list(opened.records())


def refusal(path):
    with pytest.raises(UnreadableSource) as refused:
        read(path)
    return str(refused.value)


def test_a_line_becomes_a_record(write):
    assert read(write(line())) == [ALICE]


@pytest.mark.parametrize(
    "header",
    [
        HEADER.upper(),
        HEADER.replace("é", "e").replace("É", "E"),
        HEADER.replace("'", "’"),
        HEADER.replace("d'exercice", "exercice"),
        HEADER.replace("Libellé de catégorie", "Libellé catégorie"),
        HEADER.replace("NL4TYPEVOIE", "L4TYPEVOIE"),
        HEADER.replace(" ", "_"),
        HEADER + "|",
        "\ufeff" + HEADER,
    ],
)
def test_the_header_is_known_by_its_normalised_names(write, header):
    assert read(write(line(), header=header)) == [ALICE]


def test_columns_may_stand_in_any_order_beside_unknown_ones(write):
    header = "|".join(["Nouveauté", *reversed(COLUMNS)])
    assert read(write("|".join(["x", *reversed(ALICE[: len(COLUMNS)])]), header=header)) == [ALICE]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["annuaire.txt", "annuaire.zip"])
def test_line_ends_and_zip_make_no_difference(write, end, name):
    assert read(write(line(), end=end, name=name)) == [ALICE]


def test_what_a_mac_adds_to_a_zip_is_passed_over(write):
    members = ("a.txt", GOOD), ("__MACOSX/._a.txt", "x"), (".DS_Store", "x"), ("dossier/Thumbs.db", "x")
    assert read(write(raw=zip_of(*members))) == [ALICE] * 50


def test_a_gzip_is_read(write):
    assert read(write(raw=gzip.compress(GOOD.encode()))) == [ALICE] * 50
    assert "abîmée ou tronquée" in refusal(write(raw=gzip.compress(GOOD.encode())[:-20]))


def test_a_zip_is_known_by_its_content_not_by_its_name(write):
    assert read(write(line(), name="annuaire.zip").rename(write().with_name("renamed.csv"))) == [ALICE]


def test_the_last_line_needs_no_end(write):
    assert read(write(raw=f"{HEADER}\n{line()}".encode())) == [ALICE]


def test_a_32nd_field_is_one_too_many_unless_the_header_has_it(write):
    """A bar within a name and an empty country make one as well: every value after it would slip by a column."""
    texts = [line() + "|", line() + "|x", line(structure_name="CABINET A|B", country="")]
    reason = "32 champs au lieu de 31"
    assert read(write(*texts)) == [RejectedRecord(number, reason, text) for number, text in enumerate(texts, 2)]
    good, without, full, slipped = read(
        write(line() + "|", line(), line() + "|x", line(country="").removesuffix("|") + "|", header=HEADER + "|")
    )
    assert good == without == ALICE
    assert full.reason == "32 champs au lieu de 31"
    assert slipped.reason == "31 champs au lieu de 31"


@pytest.mark.parametrize("cut", [3, 9, 40, 120])
def test_a_file_cut_in_its_last_line_is_refused_whatever_the_share_lost(write, cut):
    raw = f"{HEADER}\n{f'{line()}{chr(10)}' * 200}".encode()
    assert refusal(write(raw=raw[:-cut])) == "Le fichier est tronqué : il s’arrête au milieu de la ligne 201."


@pytest.mark.parametrize(
    "written", ["<nb@", "'nb@", "nb\u00a0@", "n\u200bb@", "\ufeffnb@", "nb\u2060@", " NB@", "mailto:nb@", "smtp:NB@"]
)
def test_an_address_is_taken_without_what_nobody_sees(write, written):
    (record,) = read(write(line(address=f"{written}aura.mssante.fr\u00a0", person_id="10000000017\u00a0")))
    assert (record.address, record.person_id) == ("nb@aura.mssante.fr", "10000000017")


@pytest.mark.parametrize("address", ["279035121518989@patient.mssante.fr", "279035121518989@aura.mssante.fr"])
def test_a_patient_s_address_is_never_kept_not_even_among_what_is_refused(write, address):
    assert read(write(line(address=address))) == [RejectedRecord(2, OF_PATIENT, "")]


@pytest.mark.parametrize("domain", ["patient.mssante.fr", "aura.mssante.fr"])
def test_of_a_patient_nothing_is_kept_whatever_else_is_wrong_with_the_line(load, domain):
    (kept,) = load(line(), f"{line(address=f'279035121518989@{domain}')}|x").rejected_lines.all()
    assert (kept.text, kept.reason) == ("", OF_PATIENT)


def test_what_a_spreadsheet_put_around_values_or_into_numbers_is_taken_off(write):
    quoted_values = "|".join(f'"{value}"' for value in ALICE[: len(COLUMNS)])
    assert read(write(quoted_values, line(person_id=f"{ALICE.person_id}.0"))) == [ALICE, ALICE]
    (lost,) = read(write(line(person_id="1.00E+10")))
    assert lost.reason == "identifiant abîmé par un tableur : des chiffres en sont perdus"


def test_lines_that_end_as_on_an_old_mac_are_read(write):
    assert read(write(line(), line(), end="\r")) == [ALICE, ALICE]


def test_a_header_whose_accents_are_encoded_twice_condemns_the_file(write):
    header = HEADER.encode().decode("cp1252", errors="replace")
    assert "encodés deux fois" in refusal(write(line(), header=header))


def test_a_wrong_byte_costs_its_line_alone(write):
    raw = "\n".join([HEADER, line(), line(given_name="Zoé"), line(), ""]).encode().replace("Zoé".encode(), b"Zo\xe9")
    good, bad, last = read(write(raw=raw))
    assert good == last == ALICE
    assert (bad.number, bad.reason) == (3, "ligne qui n’est pas en UTF-8 : octet 0xE9 en position 86")


def test_a_file_of_another_encoding_is_refused_as_a_whole(write):
    raw = f"{HEADER}\n".encode() + f"{line(given_name='Zoé')}\n".encode("cp1252") * 30
    assert "Le fichier n’est pas en UTF-8 : octet 0xE9" in refusal(write(raw=raw))


def test_a_column_that_can_be_done_without_is_lost_alone_and_told(write):
    lost, record = read(write(line().replace("|Médecin|", "|"), header=HEADER.replace("|Libellé Profession|", "|")))
    assert lost.number == 1
    assert "«\u00a0Libellé Profession\u00a0»" in lost.reason
    assert record == ALICE._replace(profession="")


def test_quotes_are_ordinary_characters(write):
    assert read(write(line(structure_name='CABINET "LES LILAS'), line()))[0].structure_name == 'CABINET "LES LILAS'


@pytest.mark.parametrize(
    ("field", "said", "kept"),
    [
        ("structure_id_type", "FINESS", "1"),
        ("structure_id_type", "siren", "2"),
        ("structure_id_type", "SIRET", "3"),
        ("structure_id_type", "1", "1"),
        ("structure_id_type", "Inconnu", "Inconnu"),
        ("person_id_type", "RPPS", "8"),
        ("paperless", "true", "O"),
        ("paperless", "1", "O"),
        ("paperless", "False", "N"),
        ("paperless", "0", "N"),
        ("paperless", "n", "N"),
        ("paperless", "", ""),
        ("kind", "org", "ORG"),
        ("kind", "XYZ", "XYZ"),
        ("address", "Alice.Martin@AURA.mssante.FR", "alice.martin@aura.mssante.fr"),
        ("family_name", "  MARTIN ", "MARTIN"),
        ("service", "a\tb\x00c", "a b c"),
    ],
)
def test_codes_labels_and_oddities(write, field, said, kept):
    (record,) = read(write(line(**{field: said})))
    assert getattr(record, field) == kept


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("PER|x@aura.mssante.fr", "2 champs au lieu de 31"),
        (line(address=""), "adresse absente"),
        (line(address="   "), "adresse absente"),
        (line(address="alice@gmail.com"), "«\u00a0alice@gmail.com\u00a0» n’est pas une adresse MSSanté"),
        (line(address="alice@mssante.fr"), "«\u00a0alice@mssante.fr\u00a0» n’est pas une adresse MSSanté"),
        (line(address="a b@aura.mssante.fr"), "«\u00a0a b@aura.mssante.fr\u00a0» n’est pas une adresse MSSanté"),
        (
            line(address="alice@aura.mssante.fr.evil.com"),
            "«\u00a0alice@aura.mssante.fr.evil.com\u00a0» n’est pas une adresse MSSanté",
        ),
        (line(person_id="1" * 255), "identifiant de plus de 254 caractères"),
    ],
)
def test_a_bad_line_is_put_aside_with_its_number_and_the_reason(write, text, reason):
    assert read(write(line(), "", text, line()))[1] == RejectedRecord(4, reason, text)


def test_apicrypt_v2_is_inside_the_trusted_space(write):
    assert isinstance(read(write(line(address="a.b@interop-mssante.apicrypt.org")))[0], EntryRecord)


def zip_of(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD = f"{HEADER}\n" + f"{line()}\n" * 50
ZIP = zip_of(("a.txt", GOOD))
UNREADABLE = {
    "empty": (b"", "Le fichier est vide."),
    "blank": (b"\xef\xbb\xbf\n\n", "Le fichier est vide."),
    "html": (b"\n<!DOCTYPE html><html>", "page web"),
    "latin1": (
        f"{HEADER}\n{line()}\n{line(given_name='Zoé')}\n".encode("latin-1"),
        "octet 0xE9 en position 171, ligne 1.",
    ),
    "utf-16": (HEADER.encode("utf-16"), "octet 0xFF en position 1, ligne 1."),
    "no column": (HEADER.replace("|Identifiant PP|", "|Truc|").encode(), "«\u00a0Identifiant PP\u00a0»"),
    "another file": (b"a;b;c\n1;2;3\n", "et 2 autres"),
    "double column": ((HEADER + "|Adresse BAL").encode(), "«\u00a0Adresse BAL\u00a0» figure deux fois"),
    "endless line": (b"x" * 3_000_000, "La ligne 1 dépasse"),
    "truncated zip": (ZIP[:-30], "illisible ou tronquée"),
    "half a zip": (ZIP[: len(ZIP) // 2], "illisible ou tronquée"),
    "damaged zip": (ZIP[:60] + bytes(20) + ZIP[80:], "abîmée"),
    "no member": (zip_of(), "ne contient aucun fichier"),
    "two members": (zip_of(("a.txt", GOOD), ("b.txt", GOOD)), "2 fichiers au lieu d’un seul (a.txt, b.txt…)"),
    "bomb": (zip_of(("a.txt", b"\0" * 60_000_000)), "par prudence"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_said_in_one_sentence(write, case):
    raw, sentence = UNREADABLE[case]
    said = refusal(write(raw=raw))
    assert sentence in said
    assert said.endswith(".")


def test_a_wrong_byte_far_in_the_file_is_found_by_line_and_position(write):
    raw = "\n".join([HEADER, *[line()] * 9000]).encode() + b"\nPER|\xff\n"
    assert read(write(raw=raw))[-1].number == 9002


def test_a_missing_file_is_said(tmp_path):
    assert "ne peut pas être ouvert" in refusal(tmp_path / "nowhere.txt")


def test_without_a_file_nor_an_address_the_setting_is_named():
    with pytest.raises(UnreadableSource, match="ANNUAIRE_URL"), get_source("extraction", url="").open(lambda: None):
        pass


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Extraction_Correspondance_MSSante_202611200300.txt", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
        ("Extraction_Correspondance_MSSante_202607010300.txt", datetime(2026, 7, 1, 1, 0, tzinfo=UTC)),
        ("annuaire.zip", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),  # its member's name
        ("Extraction_Correspondance_MSSante_202611200300 (1).txt", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
        ("Extraction_202611200300_copie.txt", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
        ("Copie de 20261120030000.TXT", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
        ("Extraction_20261120_0300.txt", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
        ("Extraction_2026-11-20_03h00.txt", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
        ("Extraction du 20.11.2026 03h00.txt", datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
        ("Extraction_2026-11-20.txt", datetime(2026, 11, 19, 23, 0, tzinfo=UTC)),
        ("Extraction_20261340.txt", None),
        ("Extraction_202699999999.txt", None),
        ("Extraction_1202611200300.txt", None),
        ("annuaire.txt", None),
    ],
)
def test_the_date_of_the_file_is_read_from_its_name_in_paris_time(write, name, expected):
    with get_source("extraction", path=str(write(line(), name=name))).open(lambda: None) as opened:
        assert opened.generated_at == expected


def test_an_upload_is_dated_by_the_name_it_had(write):
    source = get_source("extraction", path=str(write(line())), filename="x_202611200300.zip")
    with source.open(lambda: None) as opened:
        assert opened.generated_at == datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def test_the_reading_says_how_far_it_is(write):
    path = write(line())
    with get_source("extraction", path=str(path)).open(lambda: None) as opened:
        list(opened.records())
        assert opened.bytes_read == opened.bytes_total == path.stat().st_size


def test_the_header_and_the_record_go_together():
    assert len(COLUMNS) == 31
    assert list(EntryRecord._fields[31:]) == ["rank", "holder"]  # which the file does not tell
