"""The preferred BAL of each place of practice: wished by its holder, requested from the operator, observed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory.models import Activity, Entry, SyncRun, place_key_in_sql
from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME as FINDINGS
from mailboxes.gaps.choices import choices_of, own_places
from mailboxes.gaps.preferred import PracticePlaces
from mailboxes.lifecycle import Act, RequestKind, RequestStage, State
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Bal,
    Claim,
    Cotitulaire,
    JournalEntry,
    Notice,
    Person,
    Preference,
    Request,
    Signatory,
    Structure,
)
from mailboxes.rules import NotAllowed, Refused
from mailboxes.views.preferences import MOST
from tests.mailboxes.conftest import make_professional

CHU, CABINET = "010000002", "81090000010101"  # the CHU's FINESS; a practice's RPPS-rang
ELSEWHERE = "paul@ailleurs.mssante.fr"


@pytest.fixture
def situate(db):
    """`situate(paul)`: the annuaire says that paul practises at the CHU; or elsewhere."""

    def enter(person, finess_site=CHU, name="CHU des Lilas", **facts):
        now = timezone.now()
        rank = Activity.objects.filter(national_id=f"8{person.rpps}").count() + 1
        return Activity.objects.create(
            source="activities", national_id=f"8{person.rpps}", ordinal=rank, finess_site=finess_site,
            structure_name=name, first_seen_at=now, changed_at=now, **facts,
        )  # fmt: skip

    return enter


@pytest.fixture
def practises(people, situate):
    situate(people.paul)
    return people.paul


@pytest.fixture
def ranks(db):
    """`ranks(paul, address)`: the FHIR API, read today, gives that mailbox rank 1 for paul at the CHU."""
    SyncRun.objects.create(source="fhir", status="applied", generated_at=timezone.now())

    def enter(person, address, rank="1", structure_id=CHU, source="fhir"):
        now = timezone.now()
        ordinal = Entry.objects.filter(address=address, source=source).count() + 1
        return Entry.objects.create(
            source=source, address=address, kind="PER", digest="x", person_id_type="8", person_id=person.rpps,
            structure_id=structure_id, rank=rank, ordinal=ordinal, first_seen_at=now, changed_at=now,
        )  # fmt: skip

    return enter


@pytest.fixture
def wished(people, practises, per):
    return actions.prefer(people.paul, CHU, per.address, by=people.paul.user)


@pytest.fixture
def requested(people, wished):
    return actions.request_preference(wished, by=people.gisele.user)


def sorts(people, name="gisele"):
    """The names of the sorts of the one place that gisele sees."""
    (place,) = list(PracticePlaces.visible_to(getattr(people, name).user))
    return [sort.name for sort in place.sorts]


# --- The wish ---------------------------------------------------------------------------------------------------------
def test_a_holder_chooses_changes_and_takes_back(people, practises, per, make_bal):
    other = make_bal("ORG", people.bruno, people.paul)
    first = actions.prefer(practises, CHU, per.address.upper(), by=practises.user)
    assert (first.address, first.place, first.by) == (per.address, "CHU des Lilas", practises.user)
    actions.prefer(practises, CHU, other.address, by=practises.user)
    assert Preference.objects.get().address == other.address
    assert actions.prefer(practises, CHU, "", by=practises.user) is None
    assert not Preference.objects.exists()
    lines = JournalEntry.objects.filter(what=Act.PREFER).order_by("pk")
    assert [(line.before, line.after) for line in lines] == [
        ("", per.address), (per.address, other.address), (other.address, ""),
    ]  # fmt: skip
    assert {line.person for line in lines} == {practises}


def test_the_same_choice_twice_is_one(people, wished, per):
    actions.prefer(people.paul, CHU, per.address, by=people.paul.user)
    assert JournalEntry.objects.filter(what=Act.PREFER).count() == 1
    assert actions.prefer(people.paul, CHU, "", purpose="letter", by=people.paul.user) is None


@pytest.mark.parametrize("name", ["gisele", "alice", "eve", "system", "signatory"])
def test_nobody_chooses_for_another(people, practises, per, name):
    by = {"system": SYSTEM, "signatory": Signatory(practises)}.get(name) or getattr(people, name).user
    with pytest.raises(NotAllowed, match=r"est réservé à : la personne elle-même|Connectez-vous"):
        actions.prefer(practises, CHU, per.address, by=by)


def test_a_place_that_the_annuaire_does_not_give_is_refused_and_an_old_choice_can_still_be_taken_back(people, wished):
    with pytest.raises(Refused, match="situation d’exercice"):
        actions.prefer(people.paul, "990000001", wished.address, by=people.paul.user)
    Activity.objects.update(withdrawn_at=timezone.now())
    with pytest.raises(Refused, match="situation d’exercice"):
        actions.prefer(people.paul, CHU, ELSEWHERE, by=people.paul.user)
    actions.prefer(people.paul, CHU, "", by=people.paul.user)
    assert not Preference.objects.exists()


@pytest.mark.parametrize("state", [state for state in State if state != State.ACTIVE])
def test_only_an_active_bal_is_preferred(people, practises, per, state):
    Bal.objects.update(state=state)
    with pytest.raises(Refused):
        actions.prefer(practises, CHU, per.address, by=practises.user)


def test_a_bal_of_another_is_refused_even_where_the_annuaire_gives_it_to_them(people, practises, make_bal, ranks):
    theirs = make_bal("PER", people.bruno)
    ranks(practises, theirs.address)
    with pytest.raises(Refused, match="pas à vous"):
        actions.prefer(practises, CHU, theirs.address, by=practises.user)
    assert theirs.address not in choices_of(practises)


def test_outside_the_register_the_annuaire_must_give_it_to_them(people, practises, ranks):
    with pytest.raises(Refused, match="ne donne pas"):
        actions.prefer(practises, CHU, ELSEWHERE, by=practises.user)
    ranks(practises, ELSEWHERE)
    assert choices_of(practises) == [ELSEWHERE]
    actions.prefer(practises, CHU, ELSEWHERE, by=practises.user)
    line = JournalEntry.objects.get(what=Act.PREFER)
    assert (line.bal, line.address) == (None, ELSEWHERE)


@pytest.mark.parametrize("answer", ["not_mine", "unused"])
def test_what_one_disowned_is_not_preferred(people, practises, per, answer):
    Claim.objects.create(person=practises, address=per.address, answer=answer)
    with pytest.raises(Refused, match="Vous avez dit"):
        actions.prefer(practises, CHU, per.address, by=practises.user)
    assert choices_of(practises) == []


def test_one_choice_for_each_sort_of_message(people, practises, per, make_bal):
    other = make_bal("ORG", people.paul)
    actions.prefer(practises, CHU, per.address, by=practises.user)
    actions.prefer(practises, CHU, other.address, purpose="result", by=practises.user)
    assert set(Preference.objects.values_list("purpose", "address")) == {("", per.address), ("result", other.address)}
    with pytest.raises(Refused, match="sortes de messages"):
        actions.prefer(practises, CHU, per.address, purpose="autre", by=practises.user)


# --- The place --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({"finess_site": CHU, "siret": "1", "technical_id": "R1"}, CHU),
        ({"finess_site": "", "finess_ej": "010000001", "siret": "1"}, "010000001"),
        ({"finess_site": "", "siret": "12345678900011", "siren": "123456789"}, "12345678900011"),
        ({"finess_site": "", "technical_id": "4" + CABINET}, CABINET),
        ({"finess_site": "", "technical_id": "C12"}, "C12"),
        ({"finess_site": "", "name": "CABINET DU DR N’DIAYE"}, "CABINET DU DR N’DIAYE"),
        ({"finess_site": "", "name": "É" * 300}, "É" * 254),
        ({"finess_site": "", "name": ""}, ""),
    ],
)
def test_a_place_has_one_key_in_python_and_in_sql(people, situate, facts, key):
    activity = situate(people.paul, **facts)
    assert activity.place_key == key
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {place_key_in_sql('a')} FROM directory_activity a")
        assert cursor.fetchone()[0] == key


def test_two_functions_at_one_place_are_one_place(people, practises, situate):
    situate(practises, function="chef de service")
    situate(practises, finess_site="", name="CABINET", technical_id="4" + CABINET)
    assert PracticePlaces.visible_to(people.gisele.user).counts()["total"] == 1, (
        "a practice of their own is not the CHU's affair"
    )


@pytest.mark.parametrize(
    ("ours", "facts"),
    [
        ({"siret": "12345678900011"}, {"finess_site": "", "siret": "12345678900011"}),
        ({"rpps_rang": CABINET}, {"finess_site": "", "technical_id": "4" + CABINET}),
        ({"rpps_rang": CABINET}, {"finess_site": "", "technical_id": CABINET}),
        ({"finess_et": "", "finess_ej": "010000009"}, {"finess_site": "", "finess_ej": "010000009"}),
    ],
)
def test_the_places_of_a_structure_are_known_by_any_of_its_numbers(people, structure, situate, ours, facts):
    Structure.objects.filter(pk=structure.pk).update(**ours)
    situate(people.paul, **facts)
    assert PracticePlaces.visible_to(people.gisele.user).count() == 1
    assert PracticePlaces.visible_to(people.eve.user).count() == 0


def test_the_pages_of_the_list_hold_each_place_once(people, structure, situate, ranks):
    for number in range(7):
        person = make_professional(number % 3 + 10 * number)
        Affiliation.objects.create(person=person, structure=structure)
        situate(person)
        ranks(person, f"{number}@ailleurs.mssante.fr")
    places = PracticePlaces.visible_to(people.gisele.user)
    whole = [str(place.person) for place in places]
    assert [str(place.person) for start in (0, 3, 6) for place in places[start : start + 3]] == whole
    assert [len(place.observed) for place in places[2:5]] == [1, 1, 1]
    assert len(places.narrowed(sort="sans")[5:10]) == 2


def test_who_left_has_no_place_here(people, practises):
    Affiliation.objects.filter(person=practises).update(left_on=timezone.localdate())
    assert PracticePlaces.visible_to(people.gisele.user).count() == 0


# --- The request ------------------------------------------------------------------------------------------------------
def test_a_gestionnaire_asks_the_operator_for_all_the_places_at_once(people, structure, wished, situate):
    situate(people.paul, finess_site="", siret="12345678900011", name="Consultations")
    second = actions.prefer(people.paul, "12345678900011", wished.address, by=people.paul.user)
    request = actions.request_preference(wished, by=people.gisele.user)
    assert request.kind == RequestKind.PREFER
    second.refresh_from_db()
    assert second.request == request
    text = Notice.objects.get(party="operator").text
    assert "rang 1" in text
    assert people.paul.rpps in text
    assert "CHU des Lilas" in text
    assert "Consultations" in text
    with pytest.raises(Refused, match="déjà faite"):
        actions.request_preference(second, by=people.gisele.user)


@pytest.mark.parametrize("name", ["paul", "alice", "lea", "eve"])
def test_the_operator_is_asked_by_a_gestionnaire_alone(people, wished, name):
    with pytest.raises(NotAllowed):
        actions.request_preference(wished, by=getattr(people, name).user)


def test_what_the_annuaire_cannot_show_is_not_asked(people, practises, per, ranks, wished):
    ranks(practises, ELSEWHERE, rank="")
    bare = actions.prefer(practises, CHU, ELSEWHERE, purpose="result", by=practises.user)
    for wish, sentence in ((bare, "sans distinguer"), (wished, "liste rouge")):
        Bal.objects.update(liste_rouge=True)
        with pytest.raises(Refused, match=sentence):
            actions.request_preference(wish, by=people.gisele.user)
    Bal.objects.update(liste_rouge=False, state=State.IDLE_ALERTED)
    with pytest.raises(Refused, match="en choisir une autre"):
        actions.request_preference(wished, by=people.gisele.user)
    Bal.objects.update(state=State.ACTIVE)
    outside = actions.prefer(practises, CHU, ELSEWHERE, by=practises.user)
    with pytest.raises(Refused, match="pas au registre"):
        actions.request_preference(outside, by=people.gisele.user)


def test_what_is_already_shown_is_not_asked(people, wished, ranks):
    ranks(people.paul, wished.address)
    with pytest.raises(Refused, match="montre déjà"):
        actions.request_preference(wished, by=people.gisele.user)


def test_another_choice_cancels_what_was_asked(people, requested, make_bal):
    other = make_bal("ORG", people.paul)
    actions.prefer(people.paul, CHU, other.address, by=people.paul.user)
    requested.refresh_from_db()
    assert requested.stage == RequestStage.CANCELLED
    assert Preference.objects.get().request is None


def test_what_was_refused_and_asked_again_is_what_the_wish_waits_for(people, wished, requested, make_bal):
    by = people.gisele.user
    actions.step(requested, Act.RECORD_REFUSAL, by=by, answer="Précisez le lieu.")
    again = actions.step(requested, Act.ASK_AGAIN, by=by)
    wished.refresh_from_db()
    assert wished.request == again
    with pytest.raises(Refused, match="déjà faite"):
        actions.request_preference(wished, by=by)
    actions.prefer(people.paul, CHU, make_bal("ORG", people.paul).address, by=people.paul.user)
    again.refresh_from_db()
    assert again.stage == RequestStage.CANCELLED


def test_what_its_titulaire_no_longer_prefers_is_not_asked_again(people, requested, make_bal):
    actions.step(requested, Act.RECORD_REFUSAL, by=people.gisele.user, answer="Précisez le lieu.")
    actions.prefer(people.paul, CHU, make_bal("ORG", people.paul).address, by=people.paul.user)
    with pytest.raises(Refused, match="Aucun choix ne l’attend plus"):
        actions.step(requested, Act.ASK_AGAIN, by=people.gisele.user)


def test_what_was_asked_for_another_place_too_still_stands(people, wished, situate, make_bal):
    situate(people.paul, finess_site="", siret="12345678900011")
    actions.prefer(people.paul, "12345678900011", wished.address, by=people.paul.user)
    request = actions.request_preference(wished, by=people.gisele.user)
    actions.prefer(people.paul, CHU, "", by=people.paul.user)
    request.refresh_from_db()
    assert request.stage == RequestStage.DRAFT


# --- What is seen -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("stage", RequestStage)
def test_a_request_is_verified_by_what_the_annuaire_shows(people, requested, ranks, stage):
    Request.objects.update(stage=stage)
    assert jobs.run("verify_requests").done == 0, "not shown yet"
    ranks(people.paul, requested.address)
    stands = stage in (RequestStage.DRAFT, RequestStage.SENT, RequestStage.DONE)
    assert jobs.run("verify_requests").done == stands
    requested.refresh_from_db()
    assert requested.stage == (RequestStage.VERIFIED if stands else stage)
    assert JournalEntry.objects.filter(what=Act.VERIFY_REQUEST).count() == stands
    assert jobs.run("verify_requests").done == 0, "once"


@pytest.mark.parametrize("facts", [{"rank": "2"}, {"rank": ""}, {"structure_id": "990000001"}])
def test_another_rank_or_another_place_proves_nothing(people, requested, ranks, facts):
    ranks(people.paul, requested.address, **facts)
    assert jobs.run("verify_requests").done == 0


def test_a_rank_without_a_place_is_for_all(people, requested, ranks):
    ranks(people.paul, requested.address, structure_id="")
    assert jobs.run("verify_requests").done == 1


def test_the_rank_of_another_person_proves_nothing(people, requested, ranks):
    ranks(people.bruno, requested.address)
    assert jobs.run("verify_requests").done == 0


def test_every_place_that_was_asked_for_must_be_seen(people, wished, situate, ranks):
    situate(people.paul, finess_site="", siret="12345678900011")
    actions.prefer(people.paul, "12345678900011", wished.address, by=people.paul.user)
    actions.request_preference(wished, by=people.gisele.user)
    ranks(people.paul, wished.address)
    assert jobs.run("verify_requests").done == 0
    ranks(people.paul, wished.address, structure_id="12345678900011")
    assert jobs.run("verify_requests").done == 1


def test_a_stale_source_and_the_public_file_verify_nothing(people, requested, ranks):
    ranks(people.paul, requested.address)
    SyncRun.objects.update(generated_at=timezone.now() - timedelta(days=3, minutes=1))
    assert jobs.run("verify_requests").done == 0
    SyncRun.objects.update(source="extraction", generated_at=timezone.now())
    assert jobs.run("verify_requests").done == 0
    with pytest.raises(Refused, match="extraction publique"):
        actions.step(requested, Act.VERIFY_REQUEST, by=SYSTEM)


def test_a_gestionnaire_may_say_that_they_have_seen_it_elsewhere(people, requested):
    assert actions.step(requested, Act.VERIFY_REQUEST, by=people.gisele.user).stage == RequestStage.VERIFIED
    with pytest.raises(Refused):
        actions.step(requested, Act.VERIFY_REQUEST, by=people.gisele.user)


def test_the_command_is_dry_until_told_for_real(people, requested, ranks, capsys):
    ranks(people.paul, requested.address)
    call_command("job", "verify_requests")
    assert requested.address in capsys.readouterr().out
    requested.refresh_from_db()
    assert requested.stage == RequestStage.DRAFT
    call_command("job", "verify_requests", for_real=True)
    requested.refresh_from_db()
    assert requested.stage == RequestStage.VERIFIED


# --- The sorts --------------------------------------------------------------------------------------------------------
def test_each_stage_is_one_sort(people, practises, per, ranks):
    assert sorts(people) == ["sans"]
    wish = actions.prefer(practises, CHU, per.address, by=practises.user)
    assert sorts(people) == ["a-demander"]
    request = actions.request_preference(wish, by=people.gisele.user)
    assert sorts(people) == ["demandees"]
    Request.objects.update(stage=RequestStage.REFUSED)
    assert sorts(people) == ["a-demander"], "the operator refused: it is to be asked again"
    Request.objects.filter(pk=request.pk).update(stage=RequestStage.SENT)
    entry = ranks(practises, per.address)
    assert sorts(people) == ["observees"]
    Entry.objects.filter(pk=entry.pk).update(source="ldap")
    assert sorts(people) == ["demandees"], "an operator's own directory proves nothing"


def test_two_ranks_are_a_contradiction(people, practises, per, ranks, wished):
    ranks(practises, per.address)
    ranks(practises, ELSEWHERE)
    assert sorts(people) == ["a-demander", "deux"]
    assert list(FINDINGS["choisie-autre"].bals(Bal.objects.all())) == [per]


def test_another_in_the_annuaire_is_a_contradiction_unless_asked(people, practises, per, ranks, wished):
    ranks(practises, ELSEWHERE)
    assert sorts(people) == ["a-demander", "autre"]
    assert list(FINDINGS["choisie-autre"].bals(Bal.objects.all())) == [per]
    actions.request_preference(wished, by=people.gisele.user)
    assert sorts(people) == ["demandees"]
    assert not FINDINGS["choisie-autre"].bals(Bal.objects.all())


def test_a_stale_source_contradicts_nobody(people, practises, ranks, wished):
    ranks(practises, ELSEWHERE)
    SyncRun.objects.update(generated_at=timezone.now() - timedelta(days=4))
    assert sorts(people) == ["a-demander"]
    assert not FINDINGS["choisie-autre"].bals(Bal.objects.all())


@pytest.mark.parametrize("state", State)
def test_a_preferred_bal_that_leaves_is_a_contradiction(people, wished, per, state):
    Bal.objects.update(state=state)
    leaves = state not in (State.ACTIVE, State.REQUESTED)
    assert ("part" in sorts(people)) is leaves
    assert list(FINDINGS["choisie-part"].bals(Bal.objects.all())) == ([per] if leaves else [])


def test_a_preferred_bal_that_is_no_more_theirs_is_a_contradiction(people, wished, per):
    assert "pas-a-lui" not in sorts(people)
    claim = Claim.objects.create(person=people.paul, address=per.address, answer="not_mine")
    assert "pas-a-lui" in sorts(people)
    claim.delete()
    Cotitulaire.objects.all().delete()
    assert "pas-a-lui" in sorts(people)
    assert list(FINDINGS["choisie-autre"].bals(Bal.objects.all())) == [per]


def test_outside_the_register_a_fresh_annuaire_must_still_give_it_to_them(people, practises, ranks):
    entry = ranks(practises, ELSEWHERE)
    actions.prefer(practises, CHU, ELSEWHERE, by=practises.user)
    assert sorts(people) == ["observees"]
    Entry.objects.filter(pk=entry.pk).update(withdrawn_at=timezone.now())
    assert sorts(people) == ["a-demander", "pas-a-lui"]
    SyncRun.objects.update(generated_at=timezone.now() - timedelta(days=4))
    assert sorts(people) == ["a-demander"]


# --- The pages --------------------------------------------------------------------------------------------------------
def said(answer):
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_my_bals_takes_the_choice(visit, people, practises, per):
    page = visit(practises, "my-bals").text
    assert "Ma BAL privilégiée" in page
    assert "CHU des Lilas" in page
    assert "L’annuaire public ne dit pas quelle BAL est privilégiée" in page
    assert f'<span class="form-check-label address">{per.address}</span>' in page, "whole, however narrow the screen"
    answer = visit(practises, "preference-choose", post={"situation": CHU, "address": per.address})
    assert f"vous privilégiez {per.address}" in said(answer)
    assert "retiré" in said(visit(practises, "preference-choose", post={"situation": CHU, "address": ""}))
    refused = visit(practises, "preference-choose", post={"situation": CHU, "address": ELSEWHERE})
    assert "ne donne pas" in said(refused)


def test_an_account_of_nobody_chooses_nothing(visit, people, practises, per):
    Person.objects.filter(pk=people.eve.pk).update(user=None)
    assert visit(people.eve, "preference-choose", post={"situation": CHU}).status_code == 404


def test_the_list_tells_coverage_and_says_what_is_unknown(visit, people, wished, situate):
    situate(people.alice)
    page = visit(people.gisele, "preference-list").text
    assert "1 (50 %)" in page
    assert "inconnu pour 2" in page
    assert "L’extraction publique de l’annuaire ne dit pas" in page
    assert "Alice" not in visit(people.gisele, "preference-list", query="?q=paul exemple").text
    assert "Paul EXEMPLE" not in visit(people.gisele, "preference-list", query="?sort=sans").text
    assert "Aucune situation d’exercice connue" in visit(people.eve, "preference-list").text


def test_the_search_forgives_accents_and_finds_an_address(people, wished):
    Person.objects.filter(pk=people.paul.pk).update(family_name="L’Hostis-Élan")
    found = PracticePlaces.visible_to(people.gisele.user).narrowed
    assert found(text="ELAN l'hostis").count() == found(text=wished.address).count() == 1
    assert found(text="%").count() == 1, "signs alone ask for nothing"
    assert found(text="bruno").count() == 0


def test_the_ticked_wishes_are_asked(visit, people, wished):
    answer = visit(people.gisele, "preference-request", post={"wishes": [wished.pk], "back": "/privilegiees/?page=2"})
    assert answer.url == "/privilegiees/?page=2"
    assert "Demandé à l’opérateur pour 1 BAL" in said(answer)
    again = visit(people.gisele, "preference-request", post={"wishes": [wished.pk], "back": "https://exemple.invalid/"})
    assert again.url == reverse("preference-list")
    assert "déjà faite" in said(again)
    assert "Cochez" in said(visit(people.gisele, "preference-request", post={"wishes": ["x", "²", "9" * 30]}))
    assert "Cochez" in said(visit(people.eve, "preference-request", post={"wishes": [wished.pk]})), "a stranger's"
    assert "réservé" in said(visit(people.lea, "preference-request", post={"wishes": [wished.pk]}))
    assert visit(people.gisele, "preference-request", post={"wishes": ["1"] * (MOST + 1)}).status_code == 400


def test_the_export_tells_the_day_of_a_choice_by_the_clock_of_paris(visit, people, wished):
    Preference.objects.update(wished_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    text = b"".join(visit(people.gisele, "preference-export")).decode()
    assert ";02/03/2026;" in text


def test_the_export_neutralises_formulas(visit, people, wished):
    Person.objects.filter(pk=people.paul.pk).update(given_name="=1+1")
    Activity.objects.update(structure_name='@CHU; "x"')
    text = b"".join(visit(people.gisele, "preference-export").streaming_content).decode()
    assert "'=1+1 EXEMPLE" in text
    assert '"\'@CHU; ""x"""' in text
    assert wished.address in text
    assert wished.address not in b"".join(visit(people.eve, "preference-export").streaming_content).decode()


@pytest.mark.parametrize("name", ["preference-list", "preference-export"])
def test_the_queries_do_not_grow_with_the_places(client, people, situate, ranks, make_bal, structure, name):
    client.force_login(people.gisele.user)
    client.get(reverse("preference-list"))
    counts = []
    for number in range(22):
        person = make_professional(number)
        Affiliation.objects.create(person=person, structure=structure)
        bal = make_bal("PER", person)
        situate(person)
        ranks(person, bal.address)
        Preference.objects.create(person=person, situation=CHU, address=bal.address, by=people.gisele.user)
        if number in (1, 21):
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(reverse(name))
                assert b"".join(answer.streaming_content) if answer.streaming else answer.content
            counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_queries_of_my_bals_do_not_grow_with_places_and_addresses(client, people, situate, ranks, make_bal):
    client.force_login(people.paul.user)
    client.get(reverse("my-bals"))
    counts = []
    for number in range(10):
        situate(people.paul, finess_site=f"01000{number:04}")
        ranks(people.paul, f"paul{number}@ailleurs.mssante.fr", structure_id=f"01000{number:04}")
        actions.prefer(people.paul, f"01000{number:04}", f"paul{number}@ailleurs.mssante.fr", by=people.paul.user)
        if number in (1, 9):
            with CaptureQueriesContext(connection) as captured:
                client.get(reverse("my-bals"))
            counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_places_stand_in_one_order_whatever_is_chosen(people, situate, per):
    situate(people.paul)
    situate(people.paul, finess_site="", name="CABINET", technical_id="4" + CABINET)
    before = [place.situation for place in own_places(people.paul)]
    assert len(before) == 2
    actions.prefer(people.paul, before[1], per.address, by=people.paul.user)
    assert [place.situation for place in own_places(people.paul)] == before
