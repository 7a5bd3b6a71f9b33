"""Whatever one looks for is found with or without its accents and capitals, over SQLite and PostgreSQL alike."""

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from balmanager.accounts.models import User
from balmanager.accounts.rights import AccountFilterForm
from directory.folding import as_in_an_address, fold
from mailboxes.actions import open_request
from mailboxes.campaigns.forms import CampaignFilterForm
from mailboxes.campaigns.models import Campaign
from mailboxes.find.reads import bals_named, find
from mailboxes.forms.bal_filter import BalFilter
from mailboxes.forms.filters import OperatorFilter, RequestFilter, StructureFilter
from mailboxes.lifecycle import RequestKind
from mailboxes.models import Bal, Operator, Person, Request, Structure
from mailboxes.views.side_by_side import sorted_lines

NAME = "Établissement L’Étang-Salé (Œuvre)"
ASKED = ["établissement", "ÉTABLISSEMENT", "etablissement", "Etang", "l'etang", "étang-salé", "œuvre", "OEUVRE", "sale"]
OTHERS = ["etablissements", "ouvre", "%", "_", "etangs", "etablissement sale"]


@pytest.fixture
def etang(structure):
    Structure.objects.create(name="EHPAD des Lilas", kind="ehpad", town="Évry", parent=structure)
    return Structure.objects.create(name=NAME, kind="hospital", town="Saint-Étienne", parent=structure)


@pytest.mark.parametrize("said", ASKED)
def test_a_structure_is_found(etang, said):
    assert list(Structure.objects.named(said)) == [etang]
    assert list(Structure.objects.filter(name__holds=said)) == [etang]


@pytest.mark.parametrize("said", OTHERS)
def test_what_is_not_in_its_name_is_not_found(etang, said):
    assert " " in said or not Structure.objects.named(said).exists()
    assert not Structure.objects.filter(name__holds=said).exists()


def test_its_town_is_found_beside_its_name(etang):
    assert list(Structure.objects.named("SAINT-ETIENNE sale")) == [etang]
    assert [one.town for one in Structure.objects.named("evry")] == ["Évry"]


def test_an_address_that_has_accents_is_found_with_and_without_them(make_bal, people, rf):
    bal = make_bal("ORG", people.alice, address="réanimation@chu-exemple.mssante.fr")
    open_request(bal, RequestKind.CHANGE, by=people.gisele.user, detail="quota")
    request = rf.get("/")
    request.user = people.gisele.user
    for said in ("Réanimation", "réanimation@chu", "@chu-exemple"):
        assert bals_named(said, people.gisele.user, 8) == [bal], said
        assert list(BalFilter({"q": said}, Bal.objects.all(), request=request).qs) == [bal], said
        assert RequestFilter({"q": said}, Request.objects.all(), request=request).qs.count() == 1, said


def test_letters_that_no_address_has_find_no_request(make_bal, people):
    open_request(make_bal("ORG", people.alice), RequestKind.CHANGE, by=people.gisele.user, detail="quota")
    assert "Demandes" not in [section.title for section in find("привет", people.gisele.user, follows=True)]


@pytest.mark.parametrize("first", ["Sainte-Élodie", "Élodie"])
def test_a_person_is_found(structure, first):
    elodie = Person.objects.create(given_name=first, family_name="Noël")
    Person.objects.create(given_name="Léo", family_name="Noé")
    for said in ("élodie", "ELODIE", "Noel", "noël elodie"):
        assert list(Person.objects.named(said)) == [elodie], said


@pytest.mark.parametrize(
    ("family", "said"),
    [("O’Reilly", "oreilly"), ("N’Guessan", "nguessan"), ("Ben Salah", "BenSalah"), ("Bensalah", "ben salah"),
     ("d’Hautefort", "dhautefort"), ("Saint-Amand", "saintamand"), ("Le Goff", "legoff"), ("Legoff", "le goff"),
     ("Le Floc’h", "lefloch"), ("L’Helgouac’h", "lhelgouach"), ("Kerc’hoat", "kerchoat"), ("Lefloch", "le floc’h")],
)  # fmt: skip
def test_a_name_is_found_whether_what_begins_it_is_apart_or_not(structure, family, said):
    person = Person.objects.create(given_name="Léo", family_name=family)
    Person.objects.create(given_name="Léo", family_name="Morel")
    assert list(Person.objects.named(said)) == [person]


def test_the_register_is_asked_as_one_speaks(org, make_bal, people, rf):
    make_bal("ORG", people.bruno, address="autre@chu-exemple.mssante.fr")
    request = rf.get("/")
    request.user = people.gisele.user
    spaced = f"{people.alice.rpps[:2]} {people.alice.rpps[2:6]} {people.alice.rpps[6:]}"
    for said in ("Dr Alice", "Mme alice exemple", people.alice.rpps, spaced):
        assert list(BalFilter({"q": said}, Bal.objects.all(), request=request).qs) == [org], said


def test_a_bal_is_found_by_its_service_and_by_its_address_as_one_says_it(make_bal, people, rf):
    bal = make_bal("ORG", people.alice, address="reanimation.sud@chu-exemple.mssante.fr", service="Soins de l’Été")
    make_bal("ORG", people.alice, address="accueil@chu-exemple.mssante.fr", service="Accueil")
    request = rf.get("/")
    request.user = people.gisele.user
    for said in ("été", "ETE", "réanimation", "Réanimation.Sud@", "soins ete"):
        assert bals_named(said, people.gisele.user, 8) == [bal], said
        found = BalFilter({"q": said}, type(bal).objects.all(), request=request).qs
        assert list(found) == [bal], said
    assert list(BalFilter({"service": "l'ete"}, type(bal).objects.all(), request=request).qs) == [bal]


def test_so_are_operators_structures_requests_campaigns_and_accounts(org, etang, people):
    operator = Operator.objects.create(name="Hébergeur du Rhône")
    assert list(OperatorFilter({"q": "hebergeur du rhone"}, Operator.objects.all()).qs) == [operator]
    assert list(StructureFilter({"q": "ETANG SALE"}, Structure.objects.all()).qs) == [etang]
    campaign = Campaign.objects.create(structure=etang, title="Revue d’été", kind="cleanup", by=people.gisele.user)
    assert list(CampaignFilterForm({"q": "ETE"}).asked(Campaign.objects.all())) == [campaign]
    account = User.objects.create(username="zz", first_name="Zoé", last_name="Élan")
    assert list(AccountFilterForm({"q": "elan ZOE"}).asked(User.objects.all())) == [account]
    row = open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="quota")
    assert list(RequestFilter({"q": "Accueil"}, Request.objects.all()).qs) == [row]
    assert list(RequestFilter({"q": "Àccueil"}, Request.objects.all()).qs) == [row]


def test_the_whole_name_of_one_is_that_one_though_others_begin_so(client, etang, people, structure):
    Structure.objects.create(name=f"{NAME}, annexe", kind="hospital", parent=structure)
    client.force_login(people.gisele.user)
    client.post(reverse("place-choose"), {"named": "etablissement l etang sale (oeuvre)"})
    assert client.session["place"] == etang.pk


def test_lines_are_sorted_as_one_reads_them(structure):
    class Line:
        def __init__(self, label):
            self.label = label

    said = [line.label for line in sorted_lines(map(Line, ["Zone", "Étang", "foyer", "Abri"]), "label")]
    assert said == ["Abri", "Étang", "foyer", "Zone"]


def test_what_is_folded_in_python_and_asked_in_sql_agree(db, structure):
    def check(name, said):
        rows = Structure.objects.filter(pk=structure.pk)
        rows.update(name=name)
        asked = fold(said)
        assert rows.filter(name__holds=said).exists() == (asked != "" and asked in fold(name))

    letters = st.text("aAéÉœŒ'’ -_%.1½ß\u0301", min_size=1, max_size=6)
    given(letters, letters)(check)()


def test_an_address_is_looked_for_as_it_is_written():
    assert as_in_an_address("Cœur.Été-Sud@") == "coeur.ete-sud@"
