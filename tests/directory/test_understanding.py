"""What the words of a question mean, before anything is looked for."""

import pytest

from directory.likeness import Likeness, likeness
from directory.understanding import understand
from directory.vocabulary import MEANINGS, PARTICLES, TITLES, WEAK, WordKind, stands
from directory.words import distance, one_away


def typed(text):
    return [token.typed for token in understand(text).tokens]


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: " ".join(meaning.same[0]))
def test_each_way_of_saying_a_row_is_met_by_each_other(meaning):
    for said in meaning.forms:
        tokens = understand(" ".join(said).replace("*", "")).tokens
        for written in meaning.forms:
            words = {word.rstrip("*") for word in written}
            assert any(stands(form, words) for token in tokens for form in token.forms), (said, written)


def test_no_row_holds_a_word_that_is_left_out_of_what_is_compared():
    words = {word for meaning in MEANINGS for form in meaning.forms for word in form}
    assert words & (PARTICLES | TITLES) == set()
    assert {form[0] for meaning in MEANINGS for form in meaning.forms if len(form) == 1} & WEAK == set()


@pytest.mark.parametrize(
    ("text", "tokens", "initials"),
    [
        ("Dr Alice MOREL", ["alice", "morel"], []),
        ("Mme le docteur MOREL", ["morel"], []),
        ("le goff f", ["le goff"], ["f"]),
        ("f. le goff", ["le goff"], ["f"]),
        ("M. Martin", ["martin"], []),
        ("martin m", ["martin"], ["m"]),
        ("hopital d angers", ["hopital", "d angers"], []),
        ("l’hôpital", ["hopital"], []),
        ("médecine a toulon", ["medecine", "toulon"], []),
        ("C.H.U. de Brest", ["chu", "de brest"], []),
        ("Centre hospitalier universitaire de Brest", ["centre hospitalier universitaire", "de brest"], []),
        ("service de cardiologie", ["cardiologie"], []),
        ("Dr Le, dentiste", ["le", "dentiste"], []),
        ("martin val de marne", ["martin", "val de marne"], []),
        ("paris 13e", ["paris", "13e"], []),
        ("service", ["service"], []),
        ("docteur", ["docteur"], []),
        ("de la", ["de la"], []),
        ("f", ["f"], []),
    ],
)  # fmt: skip
def test_words_are_told_apart(text, tokens, initials):
    words = understand(text)
    assert (typed(text), words.initials) == (tokens, initials)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("RPPS 81090000019", "81090000019"),
        ("n° RPPS : 1 0000 0000 33", "10000000033"),
        ("rpps10000000033", "10000000033"),
        ("8 10000000033", "10000000033"),
        ("81090001587.0", "81090001587"),  # a decimal is no figure: it is not somebody else's number
        ("8109000158.70", ""),
        ('="81090001587"', "81090001587"),
        ("RPPS 810 900 015 87 Dr Morel", "81090001587"),
        ("1Z2345678", "1Z2345678"),
        ("10000002", "010000002"),
        ("FINESS 69 000 001 3", "690000013"),
        ("finess : 2b 000 001 1", "2B0000011"),
        ("SIRET 123 456 789 00012", "12345678900012"),
        ("04 72 00 00 00", ""),
        ("69003", ""),
    ],
)
def test_a_number_is_read_behind_its_label_and_with_its_spaces(text, number):
    assert understand(text).number == number


@pytest.mark.parametrize(
    ("text", "address", "domain"),
    [
        ("Alice MOREL <alice.morel@aura.mssante.fr>", "alice.morel@aura.mssante.fr", ""),
        ("mailto:alice.morel@aura.mssante.fr", "alice.morel@aura.mssante.fr", ""),
        ("alice.morel@aura.mssante.fr.", "alice.morel@aura.mssante.fr", ""),
        ("jm.ndiaye@pro", "jm.ndiaye@pro", ""),
        ("@ch-lilas.mssante.fr", "", "ch-lilas.mssante.fr"),
        ("urgences ch-lilas.mssante.fr", "", "ch-lilas.mssante.fr"),
        ("@", "", ""),
    ],
)
def test_an_address_and_a_domain_are_found_among_words(text, address, domain):
    words = understand(text)
    assert (words.address, words.domain) == (address, domain)


def test_what_is_left_out_is_kept_to_be_told():
    assert understand("Bonjour, le Dr Morel du service de cardiologie").ignored == ["bonjour", "dr", "service"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("cardio", WordKind.SPECIALITY), ("chu", WordKind.HOUSE), ("st", WordKind.SPELLING), ("morel", None)],
)
def test_a_word_of_the_field_is_of_a_kind(text, kind):
    assert understand(text).tokens[0].kind is kind


@pytest.mark.parametrize(
    ("asked", "service", "how"),
    [
        ("Cardiologie", "CARDIOLOGIE", Likeness.IDENTICAL),
        ("Service de cardiologie", "Cardiologie", Likeness.SAME),
        ("urgence adulte", "Urgences adultes", Likeness.SAME),
        ("MPR", "Médecine physique et de réadaptation", Likeness.SAME),
        ("cardiologie", "Cardiologie pédiatrique", Likeness.WIDER),
        ("Médecine A", "Médecine B", Likeness.SHARED),
        ("UF 3412", "Cardiologie", Likeness.NONE),
        ("cardiologie", "Addictologie", Likeness.NONE),
        ("", "", Likeness.NONE),
    ],
)
def test_how_alike_two_services_are(asked, service, how):
    assert likeness(asked, service) is how


def test_every_spelling_one_away_is_one_away():
    near = one_away("orl", "abcorl")
    assert {"ol", "rol", "orlc", "aorl", "arl"} <= near
    assert {distance("orl", word, 2) for word in near} == {1}
