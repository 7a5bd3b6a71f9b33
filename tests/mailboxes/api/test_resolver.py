"""Which address, for this person or this team, here, now."""

import random
from collections import Counter

import pytest
from dateutil.relativedelta import relativedelta
from django.core.cache import cache
from django.http import QueryDict
from django.utils import timezone
from rest_framework.serializers import ValidationError

from directory.models import Entry, SyncRun
from mailboxes.api.candidates import ALTERNATIVES, FIRST, ResolverQuestion
from mailboxes.api.resolve import QuestionSerializer, _asked, question_of
from mailboxes.api.resolver import REASONS, _answers, _warn, freshness, resolve
from mailboxes.lifecycle import State
from mailboxes.models import Alias, Preference
from mailboxes.software.actions import declare_software

CHU, CLINIC = "010000002", "020000001"
ALICE, BRUNO = "10000000017", "10000000025"
URL = "/api/v1/resolve/"


@pytest.fixture(autouse=True)
def no_request_counted_yet():
    cache.clear()


@pytest.fixture
def publish(db):
    def go(local, kind="PER", rpps="", structure="", **facts):
        now = timezone.now()
        address = f"{local}@chu-exemple.mssante.fr"
        facts = {"family_name": "EXEMPLE" if rpps else "", "given_name": "Alice" if rpps else "", **facts}
        return Entry.objects.create(
            source="extraction", address=address, kind=kind, person_id=rpps, structure_id=structure, digest=local,
            ordinal=Entry.objects.count(), first_seen_at=now, changed_at=now, **facts,
        )  # fmt: skip

    return go


@pytest.fixture
def ask(people):
    """The local parts of the answers, the best first; and the codes of the reason and of the warnings."""

    def go(rpps="", structure="", service="", purpose="", by=None):
        (answer,) = resolve([ResolverQuestion(rpps, structure, service, purpose)], user=by or people.gisele.user)
        found = [one.candidate.address.partition("@")[0] for one in [*answer.ranked, *answer.proposed]]
        reason = answer.best.reason.code if answer.best else None
        return found, reason, [code for code, _ in answer.warnings]

    return go


def test_the_box_of_this_place_comes_before_that_of_another(publish, ask):
    publish("ailleurs", rpps=ALICE, structure=CLINIC)
    publish("ici", rpps=ALICE, structure=CHU)
    assert ask(ALICE, CHU) == (["ici", "ailleurs"], "here", [])


def test_the_box_the_annuaire_prefers_comes_first(publish, ask):
    publish("ici", rpps=ALICE, structure=CHU)
    publish("preferee", rpps=ALICE, structure=CHU, rank="1")
    assert ask(ALICE, CHU) == (["preferee", "ici"], "preferred", [])


def test_a_preference_for_another_place_does_not_rule_here(publish, ask):
    publish("preferee", rpps=ALICE, structure=CLINIC, rank="1")
    publish("ici", rpps=ALICE, structure=CHU)
    assert ask(ALICE, CHU)[:2] == (["ici", "preferee"], "here")


def test_a_preference_rules_where_no_place_is_asked_or_none_is_published(publish, ask):
    publish("ici", rpps=ALICE, structure=CHU)
    publish("preferee", rpps=ALICE, structure=CLINIC, rank="1")
    assert ask(ALICE)[:2] == (["preferee", "ici"], "preferred")
    publish("sans-lieu", rpps=ALICE, rank="1")
    assert ask(ALICE, CHU)[:2] == (["sans-lieu", "ici", "preferee"], "preferred")


def test_what_one_line_of_an_address_says_the_others_do_not_undo(publish, ask):
    publish("preferee", rpps=ALICE, structure=CHU, rank="1")
    publish("preferee", rpps=ALICE, structure=CHU, profession="Sage-femme")
    publish("ici", rpps=ALICE, structure=CHU)
    assert ask(ALICE, CHU)[:2] == (["preferee", "ici"], "preferred")


def test_a_box_without_structure_comes_before_the_team_and_another_place(publish, ask):
    publish("ailleurs", rpps=ALICE, structure=CLINIC)
    publish("accueil", kind="ORG", structure=CHU)
    publish("seule", rpps=ALICE)
    assert ask(ALICE, CHU)[:2] == (["seule", "accueil", "ailleurs"], "alone")


def test_a_service_that_nobody_publishes_is_told_with_what_is_proposed_instead(publish, people):
    def told():
        (answer,) = resolve([ResolverQuestion("", CHU, "Cardiologie", "")], user=people.gisele.user)
        return dict(answer.warnings)["service-not-found"]

    assert told().endswith("dans cette structure.")
    publish("accueil", kind="ORG", structure=CHU)
    assert told().endswith("dans cette structure. Les autres BAL de la structure sont proposées.")


def test_the_box_of_the_service_comes_before_the_others_of_the_house(publish, ask):
    publish("accueil", kind="ORG", structure=CHU)
    publish("cardio", kind="ORG", structure=CHU, service="Cardiologie")
    assert ask("", CHU, "cardiologie") == (["cardio", "accueil"], "service", [])


@pytest.mark.parametrize(
    ("asked", "published"),
    [
        ("Service de cardiologie", "Cardiologie"),
        ("cardio", "CARDIOLOGIE ET MALADIES VASCULAIRES"),
        ("Unité d’ORL", "Oto-rhino-laryngologie"),
        ("SAU", "Service d'accueil des urgences"),
        ("Pneumologie", "UF 3412 - Pneumologie"),
        ("EMSP", "Équipe mobile de soins palliatifs"),
        ("Secrétariat de gynéco-obstétrique", "Gynécologie obstétrique"),
        ("Maladies infectieuses", "Infectiologie"),
        ("Chirurgie ortho", "Orthopédie"),
        ("USC", "Unité de surveillance continue"),
        ("UNV", "Unité neuro-vasculaire"),
        ("UHCD", "Unité d'hospitalisation de courte durée"),
        ("Consultations externes de dermato", "Dermatologie"),
    ],
)
def test_a_service_is_found_in_other_words(publish, ask, asked, published):
    publish("addictologie", kind="ORG", structure=CHU, service="Addictologie")
    publish("zz", kind="ORG", structure=CHU, service=published)
    assert ask("", CHU, asked) == (["zz", "addictologie"], "service", [])


def test_a_service_that_only_the_address_names_is_found(publish, ask):
    publish("addictologie", kind="ORG", structure=CHU)
    publish("secretariat.cardiologie", kind="ORG", structure=CHU)
    assert ask("", CHU, "Cardiologie")[:2] == (["secretariat.cardiologie", "addictologie"], "service")


@pytest.mark.parametrize(
    ("asked", "published"),
    [
        ("cardiologie", "Addictologie"),
        ("Cardiologie", "Chirurgie cardiaque"),
        ("Cardiologie pédiatrique", "Cardiologie"),
        ("Médecine A", "Médecine B"),
        ("Réanimation", "Soins intensifs de cardiologie"),
        ("Secrétariat", "Accueil"),
        ("Réanimation médicale", "Réanimation chirurgicale"),
        ("Urgences adultes", "Urgences pédiatriques"),
        ("Gastro", "Gastroscopie"),
    ],
)
def test_another_service_is_proposed_and_never_the_answer(publish, ask, asked, published):
    publish("autre", kind="ORG", structure=CHU, service=published)
    assert ask("", CHU, asked) == (["autre"], None, ["service-not-found"])


def test_what_is_proposed_begins_with_what_is_nearest(publish, ask):
    publish("accueil", kind="ORG", structure=CHU)
    publish("medecine.b", kind="ORG", structure=CHU, service="Médecine B")
    assert ask("", CHU, "Médecine A")[0] == ["medecine.b", "accueil"]


def test_a_service_of_a_longer_name_is_given_with_a_warning_after_the_very_one(publish, ask):
    publish("enfants", kind="ORG", structure=CHU, service="Cardiologie pédiatrique")
    assert ask("", CHU, "cardiologie") == (["enfants"], "service", ["service-wider"])
    publish("le-service", kind="ORG", structure=CHU, service="Service de cardiologie")
    assert ask("", CHU, "cardiologie") == (["le-service", "enfants"], "service", [])


def test_the_service_asked_is_the_answer_even_on_its_way_out(publish, ask, make_bal):
    publish("accueil", kind="ORG", structure=CHU)
    publish("cardio", kind="ORG", structure=CHU, service="Cardiologie")
    make_bal("ORG", address="cardio@chu-exemple.mssante.fr", state=State.DEPUBLISHED)
    assert ask("", CHU, "cardiologie") == (["cardio", "accueil"], "service", ["leaving"])


def test_a_professional_s_own_box_answers_whatever_the_service(publish, ask):
    publish("accueil", kind="ORG", structure=CHU)
    publish("ici", rpps=ALICE, structure=CHU)
    assert ask(ALICE, CHU, "cardiologie") == (["ici", "accueil"], "here", [])


def test_several_as_good_are_told(publish, ask):
    publish("accueil", kind="ORG", structure=CHU)
    publish("bloc", kind="ORG", structure=CHU)
    assert ask("", CHU) == (["accueil", "bloc"], "structure", ["several"])


def test_a_team_s_box_is_no_answer_for_a_professional_elsewhere(publish, ask):
    publish("accueil", kind="ORG", structure=CLINIC)
    publish("autre", rpps=BRUNO, structure=CHU)
    assert ask(ALICE, CHU) == ([], None, ["nothing"])


def test_what_is_withdrawn_answers_nothing(publish, ask):
    entry = publish("partie", rpps=ALICE, structure=CHU)
    Entry.objects.filter(pk=entry.pk).update(withdrawn_at=timezone.now())
    assert ask(ALICE, CHU) == ([], None, ["nothing"])


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"state": State.IDLE_ALERTED}, "idle"),
        ({"state": State.ACTIVE, "percent_full": 95}, "full"),
        ({"state": State.ACTIVE, "percent_full": 94}, None),
        ({"state": State.DEPUBLICATION_REQUESTED}, "leaving"),
        ({"state": State.ACTIVE, "clock_at": None}, None),
    ],
)
def test_what_the_register_knows_is_told(publish, ask, people, make_bal, facts, code):
    publish("ici", rpps=ALICE, structure=CHU)
    make_bal("PER", people.alice, address="ici@chu-exemple.mssante.fr", **facts)
    assert ask(ALICE, CHU)[2] == [code] * bool(code)


@pytest.mark.parametrize(("kind", "code"), [("ORG", ["idle"]), ("APP", [])])
def test_a_silent_software_is_never_idle(publish, ask, make_bal, kind, code):
    publish("ici", kind=kind, structure=CHU)
    make_bal(kind, address="ici@chu-exemple.mssante.fr", clock_at=timezone.now() - relativedelta(years=3))
    assert ask("", CHU)[2] == code


def test_a_box_on_its_way_out_comes_last(publish, ask, people, make_bal):
    publish("ici", rpps=ALICE, structure=CHU)
    publish("ailleurs", rpps=ALICE, structure=CLINIC)
    make_bal("PER", people.alice, address="ici@chu-exemple.mssante.fr", state=State.DEPUBLISHED)
    assert ask(ALICE, CHU)[:2] == (["ailleurs", "ici"], "elsewhere")


def test_what_another_structure_s_register_knows_is_not_told(publish, ask, people, make_bal):
    publish("ici", rpps=ALICE, structure=CHU)
    make_bal("PER", people.alice, address="ici@chu-exemple.mssante.fr", state=State.IDLE_ALERTED)
    assert ask(ALICE, CHU, by=people.eve.user) == (["ici"], "here", [])


def test_a_homonym_in_the_same_house_is_told(publish, ask):
    publish("ici", rpps=ALICE, structure=CHU)
    publish("autre", rpps=BRUNO, structure=CHU)
    assert ask(ALICE, CHU)[2] == ["homonym"]
    assert ask(ALICE)[2] == ["homonym"]


def test_a_homonym_in_another_house_is_not(publish, ask):
    publish("ici", rpps=ALICE, structure=CHU)
    publish("autre", rpps=BRUNO, structure=CLINIC)
    assert ask(ALICE, CHU)[2] == []


def test_two_preferred_boxes_contradict_each_other(publish, ask):
    publish("une", rpps=ALICE, structure=CHU, rank="1")
    publish("deux", rpps=ALICE, structure=CHU, rank="1")
    assert ask(ALICE, CHU)[2] == ["contradiction"]


def test_an_address_on_several_lines_is_one_answer_by_its_best(publish, ask):
    publish("equipe", kind="ORG", rpps=ALICE, structure=CHU, service="Cardiologie")
    publish("equipe", kind="ORG", rpps=BRUNO, structure=CHU, service="Cardiologie")
    assert ask(ALICE, CHU, "Cardiologie")[:2] == (["equipe"], "service")
    assert ask(BRUNO)[:2] == (["equipe"], "held")


def test_every_reason_is_given_once(publish, ask):
    assert len({reason.code for reason in REASONS}) == len(REASONS)


def test_five_hundred_questions_ask_as_many_queries_as_one(publish, people, django_assert_max_num_queries):
    numbers = [f"{n:011}" for n in range(500)]
    for number in numbers[:50]:
        publish(f"box{number}", rpps=number, structure=CHU, family_name=f"NOM{number}")
    counts = []
    for some in (numbers[:1], numbers):
        with django_assert_max_num_queries(100) as captured:
            resolve([ResolverQuestion(number, CHU) for number in some], user=people.gisele.user)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def drawn_place(draw, publish, make_bal, operator, finess: str) -> list[ResolverQuestion]:
    """A house with so many shared boxes, some on their way out, some by an alias alone; and who is asked there."""
    names = [f"{draw.choice('aaab')}{draw.choice('-._')}{n}" for n in range(draw.choice([0, 9, 15, 16, 17, 24, 40]))]
    leaving, bals = draw.choice([0, 0.1, 0.6]), []
    for name in names:
        for _ in range(draw.choice([1, 1, 3])):
            publish(f"{name}{finess}", "ORG", rpps=f"{draw.randrange(10**11):011}", structure=finess)
        address = f"{name}{finess}@chu-exemple.mssante.fr"
        if bals and draw.random() < 0.1:
            Alias.objects.create(bal=draw.choice(bals), address=address, operator=operator)
        else:
            state = State.DEPUBLISHED if draw.random() < leaving else State.ACTIVE
            bals.append(make_bal("ORG", address=address, state=state))
    own = [f"2{finess}{n}" for n in range(5)]
    publish(f"p-nominative{finess}", rpps=own[0], structure=finess)
    publish(f"p-elsewhere{finess}", rpps=own[1], structure=CLINIC)
    publish(f"z-shared{finess}", "ORG", rpps=own[2], structure=finess)
    publish(f"p-both{finess}", rpps=own[3], structure=finess)
    if names:
        publish(f"{names[-1]}{finess}", "ORG", rpps=own[3], structure=finess)
    return [ResolverQuestion(rpps, finess) for rpps in own]


def told(answer):
    return (
        *(one and (one.candidate.address, one.reason.code) for one in [answer.best, *answer.alternatives]),
        answer.why,
        *answer.warnings,
    )


def test_what_is_read_of_a_place_in_part_answers_as_the_whole_does(publish, people, make_bal, operator):
    draw = random.Random(3)
    questions = [question for n in range(25) for question in drawn_place(draw, publish, make_bal, operator, f"0{n:08}")]
    user = people.gisele.user
    in_part = dict(_answers(questions, user, at_length=False))
    whole = dict(_answers(questions, user, at_length=True))
    kinds = Counter((one.is_settled, len(in_part[q].ranked) < len(whole[q].ranked)) for q, one in in_part.items())
    assert min(kinds[True, True], kinds[True, False], kinds[False, True]) > 9, "each is met, or nothing is shown"
    _warn(whole.values())
    assert [told(answer) for answer in resolve(questions, user=user)] == [told(whole[one]) for one in questions]


@pytest.mark.parametrize("leaving", [FIRST - ALTERNATIVES, FIRST - ALTERNATIVES + 1])
def test_the_rest_of_a_place_is_read_where_fewer_of_the_first_stand_than_are_shown(publish, people, make_bal, leaving):
    publish("zoe", rpps=ALICE, structure=CHU)
    for n in range(FIRST + 1):
        publish(f"box{n:02}", "ORG", structure=CHU)
        make_bal(
            "ORG", address=f"box{n:02}@chu-exemple.mssante.fr", state=State.DEPUBLISHED if n < leaving else State.ACTIVE
        )
    ((_, answer),) = _answers([ResolverQuestion(ALICE, CHU)], people.gisele.user, at_length=False)
    assert answer.is_settled == (FIRST - leaving >= ALTERNATIVES)


# --- The API ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def call(client, people, structure):
    _, token = declare_software(name="DPI", structures=[structure], scopes=["resolve"], days=30, by=people.gisele.user)

    def go(path=URL, body=None, **query):
        headers = {"Authorization": f"Bearer {token}"}
        if body is None:
            return client.get(path, query, headers=headers)
        return client.post(path, body, content_type="application/json", headers=headers)

    return go


def test_the_api_answers_with_reason_and_freshness(call, publish):
    SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())
    publish("ici", rpps=ALICE, structure=CHU)
    body = call(rpps=ALICE, finess=CHU).json()
    assert body["best"]["address"] == "ici@chu-exemple.mssante.fr"
    assert body["why"] == "Seule BAL publiée de ce professionnel"
    assert body["freshness"]["is_stale"] is False


@pytest.mark.parametrize(
    ("query", "field"),
    [({}, "non_field_errors"), ({"rpps": "12"}, "rpps"), ({"finess": "12"}, "finess"), ({"rpps": "é"}, "rpps")],
)
def test_a_question_that_makes_no_sense_is_told_where(call, db, query, field):
    answer = call(**query)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_the_api_proposes_where_the_service_is_not_found(call, publish):
    publish("addictologie", kind="ORG", structure=CHU, service="Addictologie")
    body = call(finess=CHU, service="Service de cardiologie").json()
    assert (body["best"], body["why"]) == (None, "")
    assert [one["address"] for one in body["alternatives"]] == ["addictologie@chu-exemple.mssante.fr"]
    (warning,) = body["warnings"]
    assert warning["code"] == "service-not-found"
    assert "« Service de cardiologie »" in warning["detail"]


def test_a_batch_answers_in_the_order_of_the_questions(call, publish):
    publish("ici", rpps=ALICE, structure=CHU)
    body = call(body={"questions": [{"rpps": BRUNO}, {"rpps": ALICE}]}).json()
    assert [answer["question"]["rpps"] for answer in body["answers"]] == [BRUNO, ALICE]
    assert [answer["best"] is None for answer in body["answers"]] == [True, False]


def test_each_answer_of_a_batch_has_its_own_warnings(publish, people, make_bal):
    make_bal("ORG", people.alice, address="accueil@chu-exemple.mssante.fr", percent_full=99)
    publish("accueil", kind="ORG", structure=CHU)
    asked = [ResolverQuestion(structure=place) for place in (CLINIC, CHU)]
    codes = [[code for code, _ in answer.warnings] for answer in resolve(asked, user=people.gisele.user)]
    assert codes == [["nothing"], ["full"]]


@pytest.mark.parametrize(("count", "status"), [(0, 400), (500, 200), (501, 400)])
def test_a_batch_has_500_questions_at_most(call, db, count, status):
    assert call(body={"questions": [{"rpps": ALICE}] * count}).status_code == status


def test_an_address_is_checked_and_a_patient_s_is_masked(call, publish):
    publish("ici", rpps=ALICE, structure=CHU)
    body = call("/api/v1/check/", address="ici@chu-exemple.mssante.fr").json()
    assert (body["verdict"], body["is_inside"], body["holders"][0]["family_name"]) == ("published", True, "EXEMPLE")
    body = call("/api/v1/check/", address="279035121518989@patient.mssante.fr").json()
    assert body["verdict"] == "patient"
    assert "279035121518989" not in str(body)


def test_an_address_must_be_given_to_be_checked(call, db):
    assert call("/api/v1/check/").status_code == 400
    assert call("/api/v1/check/", address="a" * 255).status_code == 400


@pytest.fixture
def wish(people):
    def go(local, structure="", purpose=""):
        address = f"{local}@chu-exemple.mssante.fr"
        wisher = {"person": people.alice, "by": people.alice.user}
        Preference.objects.create(address=address, situation=structure, purpose=purpose, **wisher)

    return go


def test_what_one_chose_for_a_sort_of_message_comes_before_what_one_chose_for_all(publish, ask, wish):
    for local in ("annuaire", "tout", "resultats"):
        publish(local, rpps=ALICE, structure=CHU, rank="1" if local == "annuaire" else "")
    wish("tout", CHU)
    wish("resultats", CHU, "result")
    assert ask(ALICE, CHU, purpose="result")[:2] == (["resultats", "tout", "annuaire"], "purpose")
    assert ask(ALICE, CHU, purpose="letter")[:2] == (["tout", "annuaire", "resultats"], "chosen")
    assert ask(ALICE)[1] == "chosen", "asked of nowhere, what was chosen anywhere"


@pytest.mark.parametrize(("purpose", "reason"), [("result", "purpose"), ("", "chosen")])
def test_what_was_chosen_for_each_place_is_not_doubtful(publish, wish, ask, purpose, reason):
    for local, structure in {"ici": CHU, "ailleurs": CLINIC}.items():
        publish(local, rpps=ALICE, structure=structure)
        wish(local, structure, purpose)
    assert ask(ALICE, purpose=purpose)[1:] == (reason, [])


def test_a_choice_made_for_another_place_does_not_rule_here(publish, ask, wish):
    publish("la-bas", rpps=ALICE, structure=CLINIC)
    publish("ici", rpps=ALICE, structure=CHU)
    wish("la-bas", CLINIC)
    assert ask(ALICE, CHU)[:2] == (["ici", "la-bas"], "here")


def test_a_choice_is_of_who_made_it_not_of_all_who_ask_for_the_team(publish, ask, wish):
    publish("accueil", kind="ORG", rpps=ALICE, structure=CHU)
    wish("accueil", CHU)
    assert ask(ALICE, CHU)[1] == "chosen"
    assert ask("", CHU)[1] == "structure"


def test_how_fresh_the_annuaire_is(db):
    assert freshness() == (None, True)
    at = timezone.now()
    SyncRun.objects.create(source="extraction", status="applied", generated_at=at)
    assert freshness() == (at, False)


def test_a_choice_is_not_told_to_who_does_not_see_the_person(publish, ask, wish, people):
    publish("autre", rpps=ALICE, structure=CHU)
    publish("choisie", rpps=ALICE, structure=CHU)
    wish("choisie", CHU)
    assert ask(ALICE, CHU, by=people.eve.user)[1] == "here"


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"rpps": "8 81090001587"}, "81090001587"), ({"rpps": "81090001587,0"}, "81090001587"),
        ({"finess": "SIRET 990 000 010 00027"}, "99000001000027"), ({"finess": "10000002"}, "010000002"),
        ({"finess": "12345678901234"}, "12345678901234"),
    ],
)  # fmt: skip
def test_numbers_are_asked_about_however_they_are_written(asked, number):
    question = QuestionSerializer(data=asked)
    assert question.is_valid()
    assert number in question.validated_data.values()


# --- How it is read ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "query",
    [
        f"rpps={ALICE}",
        f"rpps=8 {ALICE}&purpose=&service= Cardiologie ",
        f"rpps=1&rpps={ALICE}&finess=",
        "finess=010 000 002",
        "rpps=&finess= ",
        "",
        "rpps=12",
        f"rpps={ALICE}&purpose=autre",
        f"rpps=douze&service={'x' * 300}",
    ],
)
def test_one_reader_for_all_questions_reads_as_one_made_for_each(query):
    """And keeps nothing of the one before."""

    def own(params):
        serializer = QuestionSerializer(data=params)
        serializer.is_valid(raise_exception=True)
        return question_of(serializer.validated_data)

    def told(read):
        try:
            return read(QueryDict(query))
        except ValidationError as refused:
            return refused.get_full_details()

    assert told(_asked) == told(own)
    assert told(_asked) == told(own)
