"""How names become addresses, under every policy, for any text; and what is said of a bad name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailboxes.openings.naming import (
    DEFAULT,
    LONGEST_LOCAL,
    Apostrophes,
    Compounds,
    Default,
    Named,
    Particles,
    PersonPattern,
    SharedPattern,
    ascii_of,
    initials,
    name_warnings,
    proposals,
    written,
)

pytestmark = pytest.mark.sqlite_run

LOCAL = re.compile(r"[a-z0-9_]([a-z0-9_]|[.'-](?![.'-]))*(?<![.'-])")
policies = st.builds(
    Default,
    person_pattern=st.sampled_from(PersonPattern),
    shared_pattern=st.sampled_from(SharedPattern),
    compounds=st.sampled_from(Compounds),
    apostrophes=st.sampled_from(Apostrophes),
    particles=st.sampled_from(Particles),
    max_length=st.integers(8, LONGEST_LOCAL),
)
# Names as people have them, and any text at all.
names = st.text(st.sampled_from("abzéèçÉœŒßøłàï -'’.dlaeDUL"), max_size=30) | st.text(max_size=90)
subjects = st.builds(
    Named,
    given_name=names,
    family_name=names,
    detail=names,
    name=names,
    postcode=st.sampled_from(["", "93260", "97410", "01000"]),
    town=names,
)


@given(policies, st.sampled_from(["PER", "ORG", "CAB", "APP"]), subjects)
def test_every_proposal_is_an_address_that_any_mail_system_takes(policy, kind, about):
    found = proposals(policy, kind, about)
    assert len(found) == len(set(found))
    for local in found:
        assert LOCAL.fullmatch(local), local
        assert len(local) <= policy.max_length


@given(policies, st.sampled_from(["PER", "ORG", "CAB", "APP"]), subjects)
def test_what_the_policy_proposes_first_is_never_off_policy(policy, kind, about):
    codes = {warned.code for local in proposals(policy, kind, about)[:1]
             for warned in name_warnings(f"{local}@d.mssante.fr", policy, kind, about)}  # fmt: skip
    assert not codes & {"accents", "characters", "dots", "length", "apostrophe", "pattern"}


@given(st.text(max_size=200), policies, st.sampled_from(["", "PER", "ORG", "CAB", "APP"]), subjects | st.none())
def test_any_text_may_be_asked_about(address, policy, kind, about):
    for warned in name_warnings(address, policy, kind, about):
        assert warned.code
        assert warned.sentence.endswith(".")


@given(st.text())
def test_the_ascii_form_is_ascii_and_its_own(text):
    assert ascii_of(text).isascii()
    assert ascii_of(ascii_of(text)) == ascii_of(text)


@pytest.mark.parametrize(
    ("policy", "given_name", "family_name", "expected"),
    [
        (DEFAULT, "Jean-Marc", "N’Diaye", "jean-marc.ndiaye"),
        (Default(apostrophes=Apostrophes.KEPT), "Jean-Marc", "N’Diaye", "jean-marc.n'diaye"),
        (Default(apostrophes=Apostrophes.HYPHEN), "Jean-Marc", "N'Diaye", "jean-marc.n-diaye"),
        (Default(compounds=Compounds.JOINED), "Jean-Marc", "N’Diaye", "jeanmarc.ndiaye"),
        (Default(compounds=Compounds.JOINED), "Zoé", "Ben Salah", "zoe.bensalah"),
        (Default(person_pattern=PersonPattern.INITIAL_FAMILY), "Jean-Marc", "Saint-Amand", "jm.saint-amand"),
        (Default(person_pattern=PersonPattern.FAMILY_GIVEN), "Éric", "Lefœbvre", "lefoebvre.eric"),
        (Default(person_pattern=PersonPattern.FAMILY_INITIAL), "Éric", "Łukasz", "lukasz.e"),
        (Default(particles=Particles.DROPPED), "Honoré", "de Montbrun", "honore.montbrun"),
        (Default(particles=Particles.DROPPED), "Sabine", "d’Hautefort", "sabine.hautefort"),
        (Default(particles=Particles.DROPPED), "Anne", "de La Tour", "anne.tour"),
        (Default(particles=Particles.DROPPED), "Yann", "Le Goff", "yann.le-goff"),
        (Default(particles=Particles.DROPPED), "Yann", "L’Hostis", "yann.lhostis"),
        (Default(particles=Particles.DROPPED), "Zoé", "Du", "zoe.du"),
        (DEFAULT, "Honoré", "de Montbrun", "honore.de-montbrun"),
        (DEFAULT, "", "Martin", "martin"),
    ],
)
def test_a_professional_is_named_as_the_policy_says(policy, given_name, family_name, expected):
    assert proposals(policy, "PER", Named(given_name, family_name))[0] == expected


def test_what_tells_homonyms_apart_comes_before_a_number():
    found = proposals(DEFAULT, "PER", Named("Claire", "Martin", detail="Gériatrie"))
    assert found == [
        "claire.martin", "claire.martin.geriatrie", "c.martin", "martin.claire", "martin.c",
        "claire.martin2", "claire.martin3", "claire.martin4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (SharedPattern.POSTCODE, "cabinet-des-lilas.93260"),
        (SharedPattern.TOWN, "cabinet-des-lilas.les-lilas"),
        (SharedPattern.DEPARTMENT, "cabinet-des-lilas.93"),
        (SharedPattern.ALONE, "cabinet-des-lilas"),
    ],
)
def test_a_team_is_named_with_what_distinguishes_it(pattern, expected):
    about = Named(name="Cabinet des Lilas", postcode="93260", town="Les Lilas")
    assert proposals(Default(shared_pattern=pattern), "ORG", about)[0] == expected


def test_a_department_overseas_has_three_digits():
    policy = Default(shared_pattern=SharedPattern.DEPARTMENT)
    assert proposals(policy, "ORG", Named(name="Ssiad", postcode="97410"))[0] == "ssiad.974"


def test_a_software_does_not_answer():
    assert proposals(DEFAULT, "APP", Named(name="DUI", town="Roanne"))[:2] == ["no_reply.dui", "no_reply.dui.roanne"]


@pytest.mark.parametrize(("length", "fits"), [(63, True), (64, True), (65, False)])
def test_64_signs_before_the_at_and_no_more(length, fits):
    found = name_warnings("a" * length + "@d.mssante.fr", DEFAULT)
    assert [warned.code for warned in found] == ([] if fits else ["length"])
    assert all(warned.sentence == "65 signes avant le @ : 64 au plus sont acceptés." for warned in found)


@pytest.mark.parametrize(("length", "fits"), [(20, True), (21, False)])
def test_the_policy_may_want_it_shorter(length, fits):
    policy = Default(max_length=20)
    found = name_warnings("a" * length, policy)
    assert [warned.code for warned in found] == ([] if fits else ["length"])
    assert all(warned.sentence == "21 signes avant le @ : votre règle en veut 20 au plus." for warned in found)
    assert len(proposals(policy, "ORG", Named(name="b" * length))[0]) == 20


@pytest.mark.parametrize(
    ("address", "kind", "codes"),
    [
        ("réseau-cancérologie.villeurbanne@d.mssante.fr", "ORG", ["accents"]),
        ("jean marc@d.mssante.fr", "PER", ["characters"]),
        ("n’diaye@d.mssante.fr", "PER", ["characters", "apostrophe"]),
        (".jean@d.mssante.fr", "PER", ["dots"]),
        ("jean.@d.mssante.fr", "PER", ["dots"]),
        ("jean..marc@d.mssante.fr", "PER", ["dots"]),
        ("jean@marc@d.mssante.fr", "PER", ["characters"]),
        ("Max.XAVIER@d.mssante.fr", "PER", []),
        ("n'diaye@d.mssante.fr", "PER", ["apostrophe"]),
        ("secretariat@d.mssante.fr", "ORG", ["generic"]),
        ("cabinet.infirmier@d.mssante.fr", "CAB", ["generic"]),
        ("cabinet.93260@d.mssante.fr", "ORG", []),
        ("secretariat@d.mssante.fr", "PER", []),
        ("no_reply@d.mssante.fr", "ORG", ["no-reply"]),
        ("no_reply@d.mssante.fr", "APP", []),
        ("no_reply@d.mssante.fr", "", []),  # its kind is not known
        ("claire.martin2@d.mssante.fr", "PER", ["number"]),
        ("claire.martin@d.mssante.fr", "PER", []),
    ],
)
def test_what_is_said_of_a_bad_name(address, kind, codes):
    found = name_warnings(address, DEFAULT, kind) if kind else name_warnings(address, DEFAULT)
    assert [warned.code for warned in found] == codes
    assert all(warned.sentence.endswith(".") for warned in found)


@pytest.mark.parametrize(
    ("local", "named"),
    [
        ("jean marc", "espace"),
        ("n’diaye", "« ’ »"),
        ("jean+marc/pneumo", "« + », « / »"),
        ("urgences-pédiatriques", "« urgences-pediatriques »"),
    ],
)
def test_what_is_wrong_is_named(local, named):
    first = name_warnings(local, Default(apostrophes=Apostrophes.KEPT))[0]
    assert first.sentence.replace("\u00a0", " ").endswith(f" {named}.")


@pytest.mark.parametrize(
    ("local", "said"),
    [("claire.martin", False), ("claire.martin.geriatrie", False), ("c.martin", True), ("claire.martinez", True)],
)
def test_a_name_off_the_policy_is_told_what_it_would_be(local, said):
    warned = name_warnings(f"{local}@d.mssante.fr", DEFAULT, "PER", Named("Claire", "Martin"))
    assert [w.sentence for w in warned] == (
        ["Votre règle de nommage donnerait «\u00a0claire.martin\u00a0»."] if said else []
    )


@pytest.mark.parametrize("kind", ["ORG", "CAB"])
def test_a_team_s_name_off_the_policy_is_told_too(kind):
    about = Named(name="Cabinet des Lilas", postcode="93260")
    assert name_warnings("cabinet-des-lilas.93260", DEFAULT, kind, about) == []
    assert [warned.code for warned in name_warnings("cabinet-lilas.93260", DEFAULT, kind, about)] == ["pattern"]
    assert name_warnings("no_reply.lilas", DEFAULT, "APP", about) == []


def test_what_is_cut_ends_with_a_word():
    assert proposals(Default(max_length=7), "PER", Named("Claire", "Martin"))[0] == "claire"


def test_a_domain_of_ones_own_distinguishes_enough():
    assert name_warnings("accueil@d.mssante.fr", Default(shared_pattern=SharedPattern.ALONE), "ORG") == []


def test_written_and_initials_alone():
    assert written(DEFAULT, "Unité neuro-vasculaire", is_person=False) == "unite-neuro-vasculaire"
    assert initials(DEFAULT, "Marie-Ange") == "ma"


def test_the_words_of_a_team_stay_apart_and_whole_however_persons_are_written():
    policy = Default(shared_pattern=SharedPattern.TOWN, compounds=Compounds.JOINED, particles=Particles.DROPPED)
    about = Named("Anne-Marie", "de Montbrun", "De Nuit", "Des Lilas", postcode="20200", town="Du Port")
    assert proposals(policy, "ORG", about) == [
        "des-lilas.du-port", "des-lilas.20200", "des-lilas.2b", "des-lilas.de-nuit.du-port",
    ]  # fmt: skip
    assert proposals(policy, "APP", about) == ["no_reply.des-lilas", "no_reply.des-lilas.du-port", "no_reply"]
    assert proposals(policy, "PER", about)[:2] == ["annemarie.montbrun", "annemarie.montbrun.de-nuit"]


@pytest.mark.parametrize(("particles", "expected"), [(Particles.KEPT, "dm"), (Particles.DROPPED, "m")])
def test_the_initials_are_those_of_the_name_as_it_is_written(particles, expected):
    assert initials(Default(particles=particles), "de Montbrun") == expected


def test_an_apostrophe_that_is_kept_stands_inside_a_word():
    policy = Default(apostrophes=Apostrophes.KEPT)
    assert written(policy, "’Abd al-N’Diaye’") == "abd-al-n'diaye"
