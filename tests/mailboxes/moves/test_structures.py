"""A service moved, two structures merged, one closed, a FINESS changed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.typography import quoted
from mailboxes import actions
from mailboxes.campaigns.actions import launch_campaign
from mailboxes.campaigns.models import Campaign
from mailboxes.lifecycle import Act, CampaignKind, RequestKind
from mailboxes.models import Affiliation, Bal, JournalEntry, Membership, Request, Structure
from mailboxes.moves.models import PlaceMove
from mailboxes.moves.structures import change_finess, close_structure, merge_structures, move_service, undo_move
from mailboxes.moves.table import RELATIONS, relations
from mailboxes.rules import NotAllowed, Refused
from mailboxes.software.actions import declare_software

pytestmark = pytest.mark.django_db
WHY = "Les deux établissements se regroupent."


@pytest.fixture
def twin(structure, people):
    """Another establishment of the same foundation, which gisele manages too."""
    Membership.objects.create(user=people.gisele.user, structure=structure.parent, role="gestionnaire")
    return Structure.objects.create(name="EHPAD des Tilleuls", parent=structure.parent, finess_et="010000077")


@pytest.fixture
def cardio(make_bal, people):
    return make_bal("ORG", people.alice, address="cardio@chu-exemple.mssante.fr", service="Cardiologie")


def test_every_relation_to_a_structure_is_told_and_nothing_else():
    assert {one.key for one in relations()} == set(RELATIONS), "a new one: say in moves/table.py what becomes of it"


# --- Merger -----------------------------------------------------------------------------------------------------------
def test_all_that_a_structure_has_goes_to_the_other_and_it_is_closed(structure, twin, cardio, per, people, by):
    request = actions.open_request(cardio, RequestKind.CHANGE, by=by, detail="Un détail.")
    asked = Campaign(structure=structure, kind=CampaignKind.CLEANUP, title="Ménage")
    campaign = launch_campaign(asked, Bal.objects.filter(pk=per.pk), by=by)
    below = Structure.objects.create(name="Antenne", parent=structure)
    merge_structures(structure, twin, by=by, why=WHY)
    for row in (cardio, per, request, campaign):
        row.refresh_from_db()
        assert row.structure == twin
    structure.refresh_from_db()
    below.refresh_from_db()
    assert (structure.closed_on, structure.merged_into, below.parent) == (timezone.localdate(), twin, twin)
    assert set(Membership.objects.filter(structure=twin).values_list("user__username", flat=True)) == {"gisele", "lea"}
    assert Affiliation.objects.current().filter(structure=twin).count() == 6
    assert cardio.journal.get(what=Act.MERGE_STRUCTURES).note == WHY
    facts = {"kind": "ORG", "operator": per.operator, "exists": True, "by": by}
    with pytest.raises(Refused, match=r"est fermée depuis le .* et réunie à"):
        actions.register_bal(structure=structure, address="x@chu-exemple.mssante.fr", **facts)


def test_homonymous_services_are_a_choice(client, structure, twin, cardio, make_bal, by):
    theirs = make_bal("ORG", address="cardio.t@chu-exemple.mssante.fr", service="Cardiologie", structure=twin)
    client.force_login(by)
    url = f"{reverse('structure-merge', args=[structure.pk])}?into={twin.pk}"
    assert f"Les deux structures ont un service {quoted('Cardiologie')}" in client.get(url).text
    page = client.post(url, {"why": WHY})
    assert page.status_code == 200, "no choice, no merger"
    page = client.post(url, {"why": WHY, "same0": "two", "name0": "Cardiologie"})
    assert "Donnez à ce service un autre nom" in page.text
    assert not PlaceMove.objects.exists()
    client.post(url, {"why": WHY, "same0": "two", "name0": "Cardiologie (CHU)"})
    cardio.refresh_from_db()
    theirs.refresh_from_db()
    assert (cardio.service, theirs.service) == ("Cardiologie (CHU)", "Cardiologie")


def test_one_service_where_both_are_the_same(structure, twin, cardio, by):
    merge_structures(structure, twin, by=by, why=WHY)
    cardio.refresh_from_db()
    assert cardio.service == "Cardiologie"


def test_who_is_in_both_leaves_the_former_and_accounts_keep_one_right(structure, twin, people, by):
    Affiliation.objects.create(person=people.alice, structure=twin)
    Membership.objects.create(user=people.lea.user, structure=twin, role="gestionnaire")
    merge_structures(structure, twin, by=by, why=WHY)
    assert people.alice.affiliations.current().get().structure == twin
    assert Membership.objects.get(user=people.lea.user, structure=twin).role == "gestionnaire"


def test_a_merger_is_taken_back_whole_as_long_as_nothing_followed(structure, twin, cardio, per, people, by):
    def picture():
        return (
            set(Bal.objects.values_list("pk", "structure", "service")),
            set(Affiliation.objects.values_list("person", "structure", "left_on")),
            set(Membership.objects.values_list("user", "structure")),
            set(Structure.objects.values_list("pk", "closed_on", "merged_into", "parent")),
        )

    Affiliation.objects.create(person=people.alice, structure=twin)
    before = picture()
    move = merge_structures(structure, twin, by=by, why=WHY, names={"Cardiologie": "Cardiologie (CHU)"})
    assert picture() != before
    undo_move(move, by=by, why="Le regroupement est abandonné.")
    assert picture() == before
    with pytest.raises(Refused, match="C’est déjà repris"):
        undo_move(move, by=by, why="Encore.")


def test_no_undo_after_a_later_change_nor_after_an_effect_outside(structure, twin, cardio, by):
    request = actions.open_request(cardio, RequestKind.CHANGE, by=by, detail="Un détail.")
    move = merge_structures(structure, twin, by=by, why=WHY)
    Request.objects.filter(pk=request.pk).update(stage="sent", sent_at=timezone.now())
    with pytest.raises(Refused, match="une demande est partie à Opérateur régional"):
        undo_move(move, by=by, why="Abandonné.")
    Request.objects.filter(pk=request.pk).update(stage="draft", sent_at=None)
    actions.describe_bal(cardio, by=by, description="Accueil")
    with pytest.raises(Refused, match="Modifier la fiche, cardio@chu-exemple"):
        undo_move(move, by=by, why="Abandonné.")
    assert Bal.objects.get(pk=cardio.pk).structure == twin


def test_who_manages_one_of_the_two_alone_merges_nothing(structure, other_structure, people, by):
    with pytest.raises(NotAllowed, match="Clinique voisine"):
        merge_structures(structure, other_structure, by=by, why=WHY)
    with pytest.raises(NotAllowed):
        merge_structures(structure, structure, by=people.lea.user, why=WHY)
    with pytest.raises(Refused, match="c’est la même"):
        merge_structures(structure, structure, by=by, why=WHY)
    assert not JournalEntry.objects.filter(what=Act.MERGE_STRUCTURES).exists()


def test_a_parent_is_merged_into_its_child_without_standing_under_itself(structure, twin, by):
    parent = structure.parent
    merge_structures(parent, structure, by=by, why=WHY)
    structure.refresh_from_db()
    twin.refresh_from_db()
    assert (structure.parent, twin.parent) == (None, structure)


def test_lists_that_still_name_a_merged_structure_are_understood(structure, twin, cardio, by, bring_in):
    merge_structures(structure, twin, by=by, why=WHY)
    run = bring_in(f"Adresse;Type;FINESS\n{cardio.address};ORG;010000002\n", structure=twin.parent)
    (line,) = run.lines.exclude(number=None)
    assert (line.outcome, line.remark) == ("unchanged", "")


def test_a_merger_costs_as_many_statements_for_many_bal(structure, twin, by, make_bal, django_assert_max_num_queries):
    for _ in range(40):
        make_bal("ORG", service="Accueil")
    with django_assert_max_num_queries(120):
        merge_structures(structure, twin, by=by, why=WHY)


# --- A service --------------------------------------------------------------------------------------------------------
def test_a_service_goes_with_its_bal_their_requests_and_who_holds_them(structure, twin, cardio, per, people, by):
    request = actions.open_request(cardio, RequestKind.CHANGE, by=by, detail="Un détail.")
    move = move_service(structure, "Cardiologie", twin, by=by, why=WHY, people_follow=True)
    for row in (cardio, request):
        row.refresh_from_db()
        assert row.structure == twin
    per.refresh_from_db()
    assert per.structure == structure
    assert people.alice.affiliations.current().get().structure == twin
    undo_move(move, by=by, why="Abandonné.")
    cardio.refresh_from_db()
    assert cardio.structure == structure
    assert people.alice.affiliations.get().structure == structure


def test_who_holds_another_bal_there_stays_there_too(structure, twin, cardio, org, people, by):
    move_service(structure, "Cardiologie", twin, by=by, why=WHY, people_follow=True)
    assert {stay.structure for stay in people.alice.affiliations.current()} == {structure, twin}


@pytest.mark.parametrize(("service", "why", "match"), [("Néant", WHY, "n’a pas de BAL"), ("Cardiologie", " ", "Dites")])
def test_a_service_that_is_none_or_a_move_without_reason_is_refused(structure, twin, cardio, by, service, why, match):
    with pytest.raises(Refused, match=match):
        move_service(structure, service, twin, by=by, why=why)


def test_the_page_of_a_service_shows_what_goes_and_asks_for_a_name(client, structure, twin, cardio, make_bal, by):
    make_bal("ORG", address="t@chu-exemple.mssante.fr", service="cardiologie", structure=twin)
    client.force_login(by)
    url = reverse("service-move", args=[structure.pk])
    assert "Cardiologie (1 BAL)" in client.get(url).text
    url = f"{url}?service=Cardiologie&into={twin.pk}"
    assert "BAL\u00a0: 1" in client.get(url).text
    client.post(url, {"why": WHY, "same0": "two", "name0": "Cardiologie du CHU"})
    cardio.refresh_from_db()
    assert (cardio.structure, cardio.service) == (twin, "Cardiologie du CHU")


# --- Closing ----------------------------------------------------------------------------------------------------------
def test_a_structure_closes_once_nothing_of_it_lives(client, structure, per, by):
    with pytest.raises(Refused, match="1 BAL y est encore"):
        close_structure(structure, by=by, why=WHY)
    Bal.objects.update(state="deleted")
    below = Structure.objects.create(name="Antenne", parent=structure)
    with pytest.raises(Refused, match="Antenne"):
        close_structure(structure, by=by, why=WHY)
    below.delete()
    client.force_login(by)
    client.post(reverse("structure-close", args=[structure.pk]), {"why": WHY})
    structure.refresh_from_db()
    assert structure.closed_on == timezone.localdate()
    facts = {"kind": "ORG", "operator": per.operator, "exists": True, "by": by}
    with pytest.raises(Refused, match=r"est fermée depuis le \d+/\d+/\d+ : choisissez"):
        actions.register_bal(structure=structure, address="x@chu-exemple.mssante.fr", **facts)
    assert not Affiliation.objects.current().filter(structure=structure).exists()
    undo_move(PlaceMove.objects.get(), by=by, why="Rouverte.")
    structure.refresh_from_db()
    assert structure.closed_on is None
    assert Affiliation.objects.current().filter(structure=structure).count() == 6


def _offered_to(client):
    """For which structures one declares software, adds a webhook, launches a campaign."""
    for name, form, field in (
        ("software-new", "form", "structures"),
        ("webhook-new", "form", "structure"),
        ("campaign-new", "scope", "for_structure"),
    ):
        yield client.get(reverse(name)).context[form].fields[field].queryset


def test_what_is_closed_is_told_as_such_and_invites_nobody(client, structure, twin, by):
    client.force_login(by)
    assert "Inviter quelqu’un" in client.get(reverse("structure", args=[twin.pk])).text
    assert all(twin in offered for offered in _offered_to(client))
    move = merge_structures(twin, structure, by=by, why=WHY)
    assert not any(twin in offered for offered in _offered_to(client))
    assert "Inviter quelqu’un" not in client.get(reverse("structure", args=[twin.pk])).text
    assert f"{twin}</a>, fermée le" in client.get(reverse("structure", args=[structure.pk])).text
    undo_move(move, by=by, why=WHY)
    again = client.get(reverse("place-move-undo", args=[move.pk])).text
    assert "C’est déjà repris" in again
    assert 'name="why"' not in again


def test_closing_says_whose_stay_ends_and_whose_departure_keeps_its_day(structure, people, by, client):
    stay = Affiliation.objects.get(structure=structure, person=people.paul)
    Affiliation.objects.filter(pk=stay.pk).update(left_on=timezone.localdate() + timedelta(days=9))
    lasting = Affiliation.objects.lasting().filter(structure=structure).count()
    client.force_login(by)
    warning = client.get(reverse("structure-close", args=[structure.pk])).text
    assert f"prennent fin aujourd’hui\u00a0: {lasting}. Départs déjà prévus, qui gardent leur jour\u00a0: 1." in warning
    close_structure(structure, by=by, why=WHY)
    stay.refresh_from_db()
    assert stay.left_on > timezone.localdate()


def test_closing_revokes_the_keys_of_software_that_open_it_alone(structure, twin, people, by, client):
    scopes = {"scopes": ["read"], "days": 90, "by": by}
    alone, token = declare_software(name="DPI du CHU", structures=[structure], **scopes)
    _, shared = declare_software(name="Annuaire interne", structures=[structure, twin], **scopes)
    client.force_login(by)
    warning = client.get(reverse("structure-close", args=[structure.pk])).text
    assert f"révoquées\u00a0: DPI du CHU ({alone.keys.get().prefix}…)" in warning
    assert "qui ouvre d’autres structures\u00a0: Annuaire interne" in warning
    close_structure(structure, by=by, why=WHY)
    assert client_of_software(token) == 401
    assert client_of_software(shared) == 200
    line = JournalEntry.objects.get(what=Act.REVOKE_KEY)
    assert (line.structure, line.before, line.by) == (structure, alone.keys.get().prefix, by)
    undo_move(PlaceMove.objects.get(), by=by, why="Rouverte.")
    assert client_of_software(token) == 200
    back = JournalEntry.objects.get(what=Act.UNDO_MOVE, after=alone.keys.get().prefix)
    assert (back.structure, back.by, back.note) == (structure, by, "DPI du CHU : la clé ouvre de nouveau.")


def client_of_software(token):
    return Client().get("/api/v1/bals/", headers={"Authorization": f"Bearer {token}"}).status_code


# --- FINESS -----------------------------------------------------------------------------------------------------------
def test_a_finess_changes_with_its_reason_and_lists_by_the_former_one_are_understood(
    structure, admin_user, by, per, bring_in
):
    with pytest.raises(NotAllowed):
        change_finess(structure, "010000093", by=by, why=WHY)
    change_finess(structure, "010000093", by=admin_user, why=WHY)
    structure.refresh_from_db()
    assert (structure.finess_et, structure.former_finess) == ("010000093", "010000002")
    run = bring_in(f"Adresse;Type;FINESS\n{per.address};PER;010000002\n")
    assert run.rejected == 0
    entry = JournalEntry.objects.get(what=Act.CHANGE_FINESS)
    assert (entry.before, entry.note) == ("FINESS établissement : 010000002", WHY)


def test_a_finess_that_exists_already_is_one_sentence_and_nothing_changes(
    client, structure, other_structure, admin_user
):
    client.force_login(admin_user)
    url = reverse("structure-finess", args=[structure.pk])
    page = client.post(url, {"finess_et": other_structure.finess_et, "why": WHY}).text
    assert f"Le FINESS {other_structure.finess_et} est déjà celui de" in page
    assert "fusionnez-les" in page
    structure.refresh_from_db()
    assert structure.finess_et == "010000002"
    client.post(url, {"finess_et": "010000093", "why": WHY})
    undo_move(PlaceMove.objects.get(), by=admin_user, why="Coquille.")
    structure.refresh_from_db()
    assert (structure.finess_et, structure.former_finess) == ("010000002", "")


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_the_pages_of_a_structure_lead_there_and_a_reader_reads(client, structure, twin, people, by):
    client.force_login(by)
    page = client.get(reverse("structure", args=[structure.pk])).text
    for name in ("structure-merge", "structure-close", "service-move", "migration-new"):
        assert reverse(name, args=[structure.pk]) in page
    move = merge_structures(structure, twin, by=by, why=WHY)
    assert reverse("place-move-undo", args=[move.pk]) in client.get(reverse("place-moves", args=[twin.pk])).text
    client.force_login(people.lea.user)
    page = client.get(reverse("place-moves", args=[structure.pk])).text
    assert WHY in page
    assert reverse("place-move-undo", args=[move.pk]) not in page
    assert "réservé à" in client.get(reverse("structure-merge", args=[twin.pk])).text
