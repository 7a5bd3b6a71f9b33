"""What the annuaire says of where the holders practise, and of the domains that may be trusted."""

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Activity, TrustedDomain
from directory.records import ManagedStructures
from mailboxes.gaps import Gaps
from mailboxes.models import Structure, managed_identifiers

FACTS = {"source": "activities", "profession": "Médecin", "mode": "Salarié", "town": "Lilas"}


@pytest.fixture
def situate(db):
    """`situate(alice, "CHU")`: the annuaire says that alice practises there."""

    def situate(person, *places, **facts):
        now = timezone.now()
        known = Activity.objects.filter(national_id=f"8{person.rpps}").count()
        for rank, place in enumerate(places, start=known + 1):
            Activity.objects.create(
                national_id=f"8{person.rpps}", structure_name=place, ordinal=rank, first_seen_at=now, changed_at=now,
                **FACTS, **facts,
            )  # fmt: skip

    return situate


@pytest.fixture
def trust(db):
    def trust(*names, **facts):
        now = timezone.now()
        for name in names:
            TrustedDomain.objects.create(name=name, source="whitelist", first_seen_at=now, changed_at=now, **facts)

    return trust


def test_a_person_has_their_situations_and_no_other(people, situate):
    situate(people.alice, "CHU des Lilas", "Cabinet Martin")
    situate(people.bruno, "Clinique")
    situate(people.alice, "Ancien poste", withdrawn_at=timezone.now())
    assert {situation.place for situation in people.alice.situations()} == {"CHU des Lilas", "Cabinet Martin"}
    assert people.delphine.situations() == [], "delphine has no RPPS"


def test_the_page_of_a_bal_shows_those_of_its_holders(client, people, org, situate):
    situate(people.alice, "CHU des Lilas")
    situate(people.bruno, "Clinique du Parc")
    situate(people.paul, "Ailleurs")
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal", args=[org.pk])).text
    assert "Situations d’exercice" in page
    assert "CHU des Lilas" in page
    assert "Clinique du Parc" in page
    assert "Ailleurs" not in page


def test_nothing_is_shown_while_nothing_is_known(client, people, org, per):
    for person, url in ((people.gisele, reverse("bal", args=[org.pk])), (people.paul, reverse("my-bals"))):
        client.force_login(person.user)
        assert "ituations d’exercice" not in client.get(url).text


def test_my_bals_shows_mine(client, people, per, situate):
    situate(people.paul, "Maison de santé")
    client.force_login(people.paul.user)
    page = client.get(reverse("my-bals")).text
    assert "Mes situations d’exercice" in page
    assert "Maison de santé" in page


def test_the_queries_do_not_grow_with_holders_and_situations(
    client, people, org, crowd, situate, django_assert_max_num_queries
):
    client.force_login(people.gisele.user)
    counts = []
    for holders in (2, 20):
        for holder in crowd(holders).cotitulaires.all():
            situate(holder.person, "CHU", "Cabinet")
        with django_assert_max_num_queries(60) as captured:
            client.get(reverse("bal", args=[org.pk]))
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- What the source of activities is asked ---------------------------------------------------------------------------
def test_the_managed_structures_are_known_by_all_their_identifiers(structure):
    Structure.objects.create(name="Siège", siret="13001234500017")
    Structure.objects.create(name="Cabinet", rpps_rang="99700237045007")
    assert managed_identifiers() == ManagedStructures(
        finess=frozenset({"010000001", "010000002"}),
        siret=frozenset({"13001234500017"}),
        siren=frozenset({"130012345"}),
        technical=frozenset({"99700237045007"}),
    )


# --- The white list ---------------------------------------------------------------------------------------------------
def outside():
    return {gap.address for gap in Gaps(Structure.objects.all()).narrowed(situation="hors-liste")}


def test_without_a_white_list_no_domain_is_doubted(client, people, org, per):
    assert outside() == set()
    client.force_login(people.gisele.user)
    assert "liste blanche" not in client.get(reverse("bal", args=[org.pk])).text


def test_a_bal_of_a_domain_that_the_list_does_not_name_is_flagged(client, people, make_bal, trust):
    inside = make_bal("ORG", address="a@chu.mssante.fr")
    below = make_bal("ORG", address="a@service.chu.mssante.fr")
    gone = make_bal("ORG", address="a@ancien.mssante.fr")
    make_bal("ORG", address="a@interop-mssante.apicrypt.org")
    make_bal("ORG", address="b@ancien.mssante.fr", state="deleted")
    trust("chu.mssante.fr")
    trust("ancien.mssante.fr", withdrawn_at=timezone.now())

    assert outside() == {below.address, gone.address}

    client.force_login(people.gisele.user)
    assert "Hors de la liste blanche" in client.get(reverse("bal", args=[gone.pk])).text
    assert "Hors de la liste blanche" not in client.get(reverse("bal", args=[inside.pk])).text
