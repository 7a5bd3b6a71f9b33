"""What blocks and what warns, identifier by identifier; every number here is invented or the ANS's own example."""

import pytest

from directory.identifiers import department_of, domain_of, doubtful, is_mssante, is_patient, malformed


@pytest.mark.parametrize(
    ("name", "value", "blocks", "warns"),
    [
        ("RPPS", "10000000017", False, False),
        ("RPPS", "10102727017", False, True),  # a demonstration number of the ANS: its key is wrong
        ("RPPS", "1000000001", True, False),
        ("RPPS", "1000000001A", True, False),
        ("FINESS", "2A0000012", False, False),
        ("FINESS", "010000001", False, True),
        ("FINESS", "A10000001", True, False),
        ("SIREN", "732829320", False, False),
        ("SIREN", "732829321", True, False),
        ("SIRET", "73282932000074", False, False),
        ("SIRET", "73282932000075", True, False),
        ("RPPS-rang", "10000000017010", False, False),
        ("RPPS-rang", "100000000170", True, False),
    ],
)
def test_what_blocks_and_what_warns(name, value, blocks, warns):
    assert (bool(malformed(name, value)), bool(doubtful(name, value)) and not blocks) == (blocks, warns)
    assert not blocks or value in malformed(name, value)
    assert not warns or value in doubtful(name, value)


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("a.b@chu-lyon.aura.mssante.fr", True),
        ("jean.dupont@ehpad_dumoulin.mssante.fr", True),
        ("a.b@interop-mssante.apicrypt.org", True),
        ("a.b@medical12.apicrypt.org", False),
        ("a.b@mssante.fr", False),
        ("a.b@chu.mssante.fr.exemple.org", False),
        ("a b@chu.mssante.fr", False),
        ("a@b@chu.mssante.fr", False),
    ],
)
def test_what_is_an_mssante_address(address, trusted):
    assert is_mssante(address) == trusted


def test_the_domain_is_what_follows_the_last_at():
    assert domain_of("jean.marc@chu.mssante.fr") == "chu.mssante.fr"
    assert domain_of("jean@marc@chu.mssante.fr") == "chu.mssante.fr"
    assert domain_of("chu.mssante.fr") == "chu.mssante.fr"


def test_a_patient_is_no_structure_s_bal():
    assert is_patient("279035121518989@patient.mssante.fr")
    assert not is_patient("accueil@patients.mssante.fr")


@pytest.mark.parametrize(
    ("postcode", "code"),
    [("42000", "42"), ("01000", "01"), ("97110", "971"), ("98800", "988"), ("20000", "2A"), ("20137", "2A"),
     ("20200", "2B"), ("20600", "2B"), ("", "")],
)  # fmt: skip
def test_a_postcode_tells_the_departement(postcode, code):
    assert department_of(postcode) == code
