"""Yes and no, states, types and names in the field's own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.readers.names import Name, NameTally, read_name, read_part, read_person
from directory.readers.texts import is_nothing, read_text, tidy, unguarded
from directory.readers.words import (
    AccessRole,
    Said,
    read_kind,
    read_right,
    read_role,
    read_state,
    read_yes_no,
    state_key,
)


@pytest.mark.parametrize(
    ("yes", "no"),
    [("oui", "non"), ("O", "N"), ("Y", "N"), ("1", "0"), ("VRAI", "FAUX"), ("True", "False"), ("on", "off")],
)
def test_both_poles_of_every_pair_are_known(yes, no):
    assert (read_yes_no(yes).value, read_yes_no(no).value) == (True, False)
    assert (read_state(yes).value, read_state(no).value) == (Said.OPEN, Said.SUSPENDED)
    assert read_state(no).remark, "a bare no is a guess of what was asked"


@pytest.mark.parametrize(
    ("header", "yes", "no"),
    [("Actif", Said.OPEN, Said.SUSPENDED), ("Compte bloqué", Said.SUSPENDED, Said.OPEN),
     ("AccountDisabled", Said.SUSPENDED, Said.OPEN), ("accountdisabled", Said.SUSPENDED, Said.OPEN),
     ("Account disabled", Said.SUSPENDED, Said.OPEN), ("Supprimée ?", Said.DELETED, Said.OPEN),
     ("IsSuspended", Said.SUSPENDED, Said.OPEN), ("Non active", Said.SUSPENDED, Said.OPEN),
     ("Archivée", Said.SUSPENDED, Said.OPEN), ("Débloquée", Said.OPEN, Said.SUSPENDED),
     ("Non supprimée", Said.OPEN, Said.DELETED), ("Hors service", Said.SUSPENDED, Said.OPEN)],
)  # fmt: skip
def test_what_a_yes_answers_is_the_header_s_question(header, yes, no):
    assert (read_state("oui", header).value, read_state("non", header).value) == (yes, no)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Activé", Said.OPEN), ("Désactivé", Said.SUSPENDED), ("En service", Said.OPEN), ("Publiée", Said.OPEN),
        ("Non publiée", Said.OPEN), ("A supprimer", Said.LEAVING), ("Suppression demandée", Said.LEAVING),
        ("Clos", Said.DELETED), ("Bloqué temporairement", Said.SUSPENDED), ("enabled", Said.OPEN), ("disabled",
        Said.SUSPENDED),
        ("À créer", Said.PENDING), ("Archivée", Said.UNCLEAR), ("Compte actif", Said.OPEN),
        ("Active (liste rouge)", Said.OPEN), ("BAL suspendue depuis le 12/01/2026", Said.SUSPENDED),
        ("Fermée définitivement", Said.DELETED), ("Compte", Said.UNCLEAR),
        ("Non supprimée", Said.OPEN), ("Débloqué", Said.OPEN), ("Réactivée le 12/01/2026", Said.OPEN),
        ("Suspendue temporairement", Said.SUSPENDED), ("Non active", Said.UNCLEAR),
        ("Active (suspendue)", Said.UNCLEAR), ("inactif depuis 6 mois", Said.SUSPENDED),
    ],
)  # fmt: skip
def test_states_in_operators_words(text, said):
    assert read_state(text).value == said
    assert bool(read_state(text).remark) == (said == Said.UNCLEAR)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("BAL ORG", "ORG"), ("Organisationnelle", "ORG"), ("SharedMailbox", "ORG"), ("UserMailbox", "PER"), ("APP", "APP"),
     ("Boîte nominative", "PER"), ("Cabinet", "CAB"), ("Boîte de service", "ORG"), ("BAL applicative (DPI)", "APP"),
     ("ORG (service)", "ORG"), ("verte", None), ("ORG/CAB", None), ("PER ou APP", None), ("ORG.", "ORG")],
)  # fmt: skip
def test_types_in_operators_words(text, kind):
    assert read_kind(text).value == kind


def test_a_day_below_a_header_that_asks_is_a_yes():
    assert read_state("12/03/2026", "Supprimée le").value == Said.DELETED
    assert read_state("12/03/2026", "Statut").value == Said.UNCLEAR
    assert read_state("12/03/2026", "Date d’activation").value == Said.UNCLEAR, "it may be closed since"
    assert read_state("12/03/2096", "Date de suppression").value == Said.LEAVING, "what is to come is not done"


def test_a_word_that_a_person_explained_is_read_as_they_said():
    answers = {state_key("Verte"): "OPEN", state_key("★"): "UNCLEAR"}
    assert read_state("VERTE", answers=answers) == (Said.OPEN, "", "")
    assert read_state("★", answers=answers) == (Said.UNCLEAR, "", "")
    assert read_state("rouge", answers=answers).remark


@pytest.mark.parametrize(("text", "yes"), [("☑", True), ("[x]", True), ("1.0", True), ("[ ]", False), ("0,0", False)])
def test_ticks_and_what_a_spreadsheet_leaves_of_them_say_yes_or_no(text, yes):
    assert read_yes_no(text).value is yes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dr Alice MOREL", Name("MOREL", "Alice", "DR")),
        ("Mme MOREL Alice née DUPONT", Name("MOREL", "Alice", "MME", "DUPONT")),
        ("MOREL, Alice", Name("MOREL", "Alice")),
        ("Pr. Jean-Marc N’DIAYE", Name("N’DIAYE", "Jean-Marc", "PR")),
        ("LE GOFF Françoise", Name("LE GOFF", "Françoise")),
        ("Alice de la TOUR", Name("de la TOUR", "Alice")),
        ("DE LA TOUR Alice", Name("DE LA TOUR", "Alice")),
        ("Dr von TRAPP Anne", Name("von TRAPP", "Anne", "DR")),
        ("Anne-Marie du PLESSIS de GRENÉDAN", Name("du PLESSIS de GRENÉDAN", "Anne-Marie")),
        ("alice morel", Name("morel", "alice", is_sure=False)),
        ("MARTIN JEAN", Name("JEAN", "MARTIN", is_sure=False)),
        ("Mme DUPONT ép. MOREL Alice", Name("MOREL", "Alice", "MME", "DUPONT")),
        ("Mme veuve MARTIN née DURAND Paulette", Name("MARTIN", "Paulette", "MME", "DURAND")),
        ("MOREL (DUPONT) Alice", Name("MOREL", "Alice", birth="DUPONT")),
        ("M. le Pr Jean MARTIN", Name("MARTIN", "Jean", "M")),
        ("Jean MARTIN, cardiologue", Name("MARTIN", "Jean")),
        ("Dr MARTIN Jean (remplaçant)", Name("MARTIN", "Jean", "DR")),
        ("Van den BERG Lisa", Name("Van den BERG", "Lisa")),
        ("MOREL Alice - cardiologue", Name("MOREL", "Alice")),
        ("MOREL Alice dite LILI", Name("MOREL", "Alice")),
        ("Melle MARTIN Anne", Name("MARTIN", "Anne", "MLLE")),
        ("IDE MOREL Alice", Name("MOREL", "Alice")),
        ("MARTIN Jean PH", Name("MARTIN", "Jean")),
        ("Ben MARTIN", Name("MARTIN", "Ben")),
    ],
)
def test_a_name_is_told_from_its_titles(text, name):
    assert read_name(text) == name


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["MOREL Alice", "martin jean"], Name("martin", "jean", is_sure=False)),
        (["Alice MOREL", "Jean Martin"], Name("Martin", "Jean", is_sure=False)),
    ],
)
def test_a_name_that_does_not_tell_its_family_name_is_read_as_the_rest_of_its_column(cells, name):
    tally = NameTally()
    for cell in cells:
        tally.add(cell)
    value, remark, _ = read_person(cells[-1], tally.verdict())
    assert value == name
    assert "comme le reste de la colonne" in remark


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Alice Morel", "lequel de ces mots est le nom"), ("Mme", "pas un nom"), ("MOREL", "pas un nom"),
        ("MOREL Alice 81090001587", "pas un nom"), ("", "pas un nom"), ("Service de PÉDIATRIE", "pas un nom"),
        ("MOREL Alice et MARTIN Jean", "plusieurs personnes"), ("MOREL Alice;MARTIN Jean", "plusieurs personnes"),
        ("MOREL Alice\nMARTIN Jean", "plusieurs personnes"), ("Alice Morel\nJean Martin", "plusieurs personnes"),
        ("MOREL Alice, MARTIN Jean", "plusieurs personnes"), ("Alice Morel, Jean Martin", "plusieurs personnes"),
        ("MOREL Alice / MARTIN Jean", "plusieurs personnes"), ("MOREL Alice - Dr MARTIN Jean", "plusieurs personnes"),
    ],
)  # fmt: skip
def test_a_name_is_set_aside_where_nothing_tells_it(text, why):
    value, _, problem = read_person(text)
    assert value is None
    assert why in problem


@pytest.mark.parametrize(
    "text",
    ["MOREL Alice – CHU Lyon", "MOREL Alice - cardiologue", "MOREL, Alice", "MOREL\nAlice", "Alice MOREL, PH",
     "MOREL Alice (Dr)", "MOREL Alice : Urgences ADULTES"],
)  # fmt: skip
def test_what_stands_beside_a_name_is_no_second_person(text):
    assert read_person(text).value[:2] == ("MOREL", "Alice")


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Cotitulaire principal", AccessRole.PRINCIPAL), ("Cotitulaire (principal)", AccessRole.PRINCIPAL),
        ("Principale", AccessRole.PRINCIPAL), ("Responsable", AccessRole.PRINCIPAL),
        ("co-titulaire", AccessRole.COTITULAIRE), ("Titulaire", AccessRole.TITULAIRE), ("Owner", AccessRole.TITULAIRE),
        ("Délégataire de la titulaire", AccessRole.DELEGATAIRE), ("Délégué(e)", AccessRole.DELEGATAIRE),
        ("Delegate", AccessRole.DELEGATAIRE), ("Lecteur", None), ("Secrétaire", None), ("Ancien titulaire", None),
        ("Cotitulaire (partie)", None), ("Responsable juridique", None), ("Non titulaire", None), ("oui", None),
    ],
)  # fmt: skip
def test_a_role_is_known_by_the_word_it_begins_with(text, role):
    value, _, problem = read_role(text)
    assert (value, bool(problem)) == (role, role is None)


@pytest.mark.parametrize(
    ("text", "rights"),
    [("lecture", (True, False)), ("Lecture seule", (True, False)), ("lecture et envoi", (True, True)),
     ("Lecture/Écriture", (True, True)), ("envoi", (False, True)), ("SendAs", (False, True)),
     ("{FullAccess}", (True, False)), ("FullAccess, SendAs", (True, True)),
     ("Accès total", (True, True)), ("Lecture, sans envoi", (True, False)),
     ("Consultation (pas d’envoi)", (True, False)), ("Aucun", None), ("Aucun accès en lecture", None),
     ("Niveau 2", None), ("Non", None), ("Lecture : non", None), ("Lecture : oui, envoi : non", None)],
)  # fmt: skip
def test_a_right_is_what_is_given_before_what_is_refused(text, rights):
    value, _, problem = read_right(text)
    assert (value, bool(problem)) == (rights, rights is None)


@pytest.mark.parametrize(("text", "told"), [("{FullAccess}", True), ("FullAccess, SendAs", False), ("lecture", False)])
def test_a_full_access_that_lets_nobody_send_is_told(text, told):
    assert ("sans l’envoi" in read_right(text).remark) == told


@pytest.mark.parametrize(
    ("text", "part"),
    [("Mme MOREL née DUPONT", "MOREL"), ("Dr Alice", "Alice"), ("DUPONT ép. MOREL", "MOREL"), ("LE GOFF", "LE GOFF")],
)
def test_a_part_of_a_name_is_read_without_what_stands_around(text, part):
    assert read_part(text) == part


@given(st.text())
def test_any_text_is_a_name_or_a_problem(text):
    name = read_person(text)
    assert (name.value is None) == bool(name.problem)


def test_titles_are_no_part_of_a_part_of_a_name():
    assert read_part("Monsieur le goff f") == "le goff f"
    assert read_part("Pr") == "Pr"


def test_what_keeps_a_spreadsheet_from_reading_is_taken_off():
    guarded = ['="0123"', "'0123", "'-Urgences", "l'été"]
    assert [unguarded(text) for text in guarded] == ["0123", "0123", "-Urgences", "l'été"]


def test_a_text_too_long_is_cut_and_told():
    assert read_text("x" * 91, 90) == ("x" * 90, "coupé à 90 caractères", "")


@pytest.mark.parametrize("text", ["", "-", "N/A", "néant", "(vide)"])
def test_some_texts_say_nothing(text):
    assert is_nothing(text)


@given(st.text())
def test_tidying_twice_is_tidying_once(text):
    assert tidy(tidy(text)) == tidy(text)
    assert tidy(text).isprintable() or "\ufffd" in tidy(text) or not tidy(text).isascii()


@given(st.text())
def test_any_text_is_read(text):
    for read in (read_yes_no, read_kind, read_state, read_role, read_right, read_name):
        read(text)
