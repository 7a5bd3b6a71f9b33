"""The search field: exact answers first, of what one sees alone, and the acts that a word names."""

import pytest
from django.urls import reverse

from mailboxes import actions
from mailboxes.find.reads import PHRASES, find
from mailboxes.lifecycle import Act


def found(text, person, *, follows=True):
    return {section.title: section.hits for section in find(text, person.user, follows=follows)}


def labels(text, person, title, **facts):
    return [hit.label for hit in found(text, person, **facts).get(title, [])]


def test_the_exact_address_comes_first_then_what_begins_so_then_what_holds_it(make_bal, people):
    domain = "@chu-exemple.mssante.fr"
    for name in ("secretariat-cardiologie", "cardiologie-pediatrique", "cardiologie"):
        make_bal("ORG", people.alice, address=name + domain)
    make_bal("ORG", people.alice, address="coeur" + domain, service="Cardiologie")
    names = ["cardiologie", "cardiologie-pediatrique", "coeur", "secretariat-cardiologie"]
    assert labels("Cardiologie", people.gisele, "BAL") == [name + domain for name in names]
    assert labels("cardiologie@chu-exemple.mssante.fr", people.gisele, "BAL")[0] == names[0] + domain


def test_accents_and_several_words(make_bal, people):
    bal = make_bal("ORG", people.alice, address="reeducation.roanne@chu-exemple.mssante.fr")
    assert labels("rééducation", people.gisele, "BAL") == [bal.address]
    assert labels("roanne reeducation", people.gisele, "BAL") == [bal.address]


def test_a_person_is_found_by_name_and_number_and_a_delegataire_by_whom_they_serve(org, people):
    assert str(people.alice) in labels("alice", people.gisele, "Personnes")
    assert labels(people.alice.rpps, people.gisele, "Personnes") == [str(people.alice)]
    (hit,) = found("delphine", people.gisele)["Délégataires"]
    assert hit.label == f"{people.delphine} → {org.address}"
    assert str(people.alice) in hit.said


def test_a_request_is_found_by_its_number_and_its_address(per, people):
    actions.move(per, "request_depublication", by=people.paul.user)
    number = per.requests.get().pk
    for text in (str(number), f"demande {number}", f"demande n° {number}", per.address):
        assert len(found(text, people.gisele)["Demandes"]) == 1, text


@pytest.mark.parametrize("text", ["accueil", "alice", "delphine", "déléguer accueil"])
def test_what_one_does_not_see_is_not_found(org, people, text):
    for title in ("BAL", "Personnes", "Délégataires", "Demandes", "Actes"):
        assert labels(text, people.eve, title) == [], title


def test_an_act_is_offered_on_the_bal_that_one_names_to_who_may(org, people):
    (hit,) = found("déléguer accueil", people.alice, follows=False)["Actes"]
    assert hit.url == reverse("bal-delegate", args=[org.pk])
    assert labels("déléguer accueil", people.gisele, "Actes") == [], "a gestionnaire does not delegate"
    assert labels("supprimer accueil", people.bruno, "Actes", follows=False) == [], "nor a cotitulaire delete"
    assert labels("importer", people.gisele, "Actes") == [Act.IMPORT_LIST.label]
    assert labels("importer", people.paul, "Actes", follows=False) == []


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.view + phrase.act)
def test_each_phrase_leads_to_a_page_that_opens(client, admin_user, org, people, phrase):
    word = phrase.words.split()[0]
    who = people.alice if phrase.of_bal else people.gisele
    asked = f"{word} {org.address}" if phrase.of_bal else word
    client.force_login(who.user)
    for hit in found(asked, who).get("Actes", []):
        assert client.get(hit.url).status_code == 200


def test_pages_and_the_annuaire(people):
    assert "Écarts" in labels("ecart", people.gisele, "Pages")
    assert labels("ecart", people.paul, "Pages", follows=False) == []
    (hit,) = found("ecart & co", people.paul, follows=False)["Annuaire national"]
    assert hit.url.endswith("?q=ecart+%26+co")


def test_before_anything_is_typed_what_one_did_last(org, per, people):
    actions.note_anomaly(per, "password", by=people.gisele.user)
    actions.note_anomaly(org, "password", by=people.gisele.user)
    assert labels("", people.gisele, "Récemment") == [org.address, per.address]
    assert find("a", people.lea.user, follows=True) == []


@pytest.mark.parametrize("name", ["find", "find-suggestions"])
@pytest.mark.parametrize("text", ["", "a", "1", "accueil", "%", "_", "'", "<b>", "x" * 500, "\x00", "é" * 50, "²"])
def test_the_pages_bear_whatever_is_typed(client, people, org, name, text):
    client.force_login(people.gisele.user)
    answer = client.get(reverse(name), {"q": text})
    assert answer.status_code == 200
    assert "<b>" not in answer.text


def test_the_field_stands_on_every_page_and_works_without_javascript(client, people, org):
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-list")).text
    assert f'action="{reverse("find")}"' in page
    assert org.address in client.get(reverse("find"), {"q": "accueil"}).text


def test_it_costs_as_many_queries_whatever_is_found(client, people, make_bal, django_assert_max_num_queries):
    client.force_login(people.gisele.user)
    for number in range(30):
        make_bal("ORG", people.alice, address=f"service{number}@chu-exemple.mssante.fr")
    with django_assert_max_num_queries(25):
        client.get(reverse("find-suggestions"), {"q": "service"})
