"""What Python and SQL both say, said alike: on whatever rows the tool finds, each fact has one answer."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.folding import name_key
from directory.identifiers import APICRYPT_DOMAIN
from directory.models import Activity, Entry, SyncRun, TrustedDomain, outside_in_sql, published_in_sql
from mailboxes import actions
from mailboxes.api.candidates import AnnuaireLine, Candidate, ResolverQuestion, _tie_to_wishes
from mailboxes.findings import BY_NAME as FINDING
from mailboxes.gaps import Gaps
from mailboxes.gaps.comparison import differences
from mailboxes.gaps.preferred import PracticePlaces
from mailboxes.gaps.successors import successors_of
from mailboxes.lifecycle import PAID, SEEN_GONE, SHOWN_ONCE_DONE, Act, RequestKind, RequestStage, State
from mailboxes.models import (
    SYSTEM,
    Bal,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Person,
    Preference,
    Request,
    Structure,
    Use,
)
from mailboxes.models.numbers import (
    at_structure,
    is_at,
    is_at_in_sql,
    known_numbers,
    known_numbers_in_sql,
    own_numbers,
    own_numbers_in_sql,
)
from mailboxes.requests.wayout import candidates
from mailboxes.rules import allows, check_seen_absent, check_step
from mailboxes.rules.moves import check_replacement

TRIED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
NOW = {"digest": "d", "first_seen_at": timezone.now(), "changed_at": timezone.now()}


def holds(condition: str, *tables: str) -> bool:
    """Of the only rows of these tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {', '.join(tables)} WHERE {condition}")
        return bool(cursor.fetchone()[0])


# --- Whose number is this? --------------------------------------------------------------------------------------------
FINESS, RANGS = (
    st.sampled_from(["", "010000001", "010000002"]),
    st.sampled_from(["", "10000000017001", "12345678900011"]),
)


@TRIED
@given(
    ours=st.fixed_dictionaries({"finess_et": FINESS, "finess_ej": FINESS, "siret": RANGS, "rpps_rang": RANGS}),
    theirs=st.fixed_dictionaries({
        "finess_site": FINESS, "finess_ej": FINESS, "siret": RANGS,
        "technical_id": RANGS.flatmap(lambda rang: st.sampled_from([rang, f"4{rang}"])),
    }),
)  # fmt: skip
def test_python_the_orm_and_sql_agree_on_whose_number_it_is(db, ours, theirs):
    Structure.objects.all().delete()
    Activity.objects.all().delete()
    structure = Structure.objects.create(name="S", **ours)
    activity = Activity.objects.create(source="activities", national_id="8", **theirs, **NOW)
    table = Structure._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(own_numbers_in_sql(table))
        told = {number for _, number in cursor.fetchall()}
        cursor.execute(f"SELECT {known_numbers_in_sql('s')} FROM {table} s")
        known = set(cursor.fetchone()) - {""}
    assert own_numbers(structure) == told
    assert known_numbers(structure) == known
    for number in {*known, "010000001", ""}:
        assert Structure.objects.numbered(number).exists() == (number in told), number
    assert is_at(activity, structure) == holds(is_at_in_sql("a", "s"), f"{Activity._meta.db_table} a", f"{table} s")
    assert is_at(activity, structure) == Activity.objects.filter(at_structure(structure), pk=activity.pk).exists()


def test_the_number_of_a_legal_entity_is_that_of_none_of_its_establishments(structure):
    assert own_numbers(structure) == {"010000002"}
    Structure.objects.filter(pk=structure.pk).update(finess_ej="010000001")
    structure.refresh_from_db()
    assert own_numbers(structure) == {"010000002"}
    assert known_numbers(structure) == {"010000001", "010000002"}
    assert Structure.objects.numbered("010000001").get() == structure.parent


# --- The annuaire -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("withdrawn_at", [None, timezone.now()])
@pytest.mark.parametrize("source", ["extraction", "ldap", "fhir"])
def test_the_orm_and_sql_agree_on_what_is_published(db, source, withdrawn_at):
    Entry.objects.create(address="a@b.mssante.fr", kind="PER", source=source, withdrawn_at=withdrawn_at, **NOW)
    assert Entry.objects.published().exists() == holds(published_in_sql("e"), f"{Entry._meta.db_table} e")


@pytest.mark.parametrize("listed", [[], ["chu-exemple.mssante.fr"], ["autre.mssante.fr"]])
@pytest.mark.parametrize("domain", ["chu-exemple.mssante.fr", APICRYPT_DOMAIN, "ailleurs.fr"])
@pytest.mark.parametrize("withdrawn_at", [None, timezone.now()])
def test_python_and_sql_agree_on_what_is_outside_the_white_list(db, operator, domain, listed, withdrawn_at):
    for name in listed:
        TrustedDomain.objects.create(name=name, source="whitelist", withdrawn_at=withdrawn_at, **NOW)
    is_outside = TrustedDomain.objects.is_held() and not TrustedDomain.objects.is_trusted(f"x@{domain}")
    assert is_outside == holds(outside_in_sql(f"'{domain}'"), "mailboxes_operator")


@TRIED
@given(
    kind=st.sampled_from(Bal.Kind.values), state=st.sampled_from(State.values), red=st.booleans(), shown=st.booleans()
)
def test_the_gap_the_sweep_and_the_rule_agree_on_what_is_absent_and_on_what_is_shown_wrongly(
    make_bal, make_entry, people, fresh, kind, state, red, shown
):
    bal = make_bal(kind, state=state, liste_rouge=red)
    entry = make_entry(bal.address, kind, structure_id="010000002") if shown else None
    gaps = Gaps.visible_to(people.gisele.user)
    is_absent = Bal.objects.absent().filter(pk=bal.pk).exists()
    assert is_absent == (bal.is_expected_in_annuaire and allows(check_seen_absent, bal, by=SYSTEM))
    assert gaps.narrowed(situation="absente").count() == (is_absent and bal in Bal.objects.in_service())
    assert gaps.narrowed(situation="a-tort").count() == (shown and (red or state in SEEN_GONE))
    bal.delete()
    if entry:
        entry.delete()


# --- What differs -----------------------------------------------------------------------------------------------------
def words(*some):
    return st.sampled_from(["", *some])


@TRIED
@given(
    kind=st.sampled_from(Bal.Kind.values), service=words("Accueil", "Médecine"), rpps=st.booleans(),
    theirs=st.fixed_dictionaries({
        "kind": st.sampled_from(Bal.Kind.values), "service": words("ACCUEIL", "MEDECINE", "Urgences"),
        "structure_id": words("010000001", "010000002", "020000001"), "structure_name": words("CHU", "chu.", "Autre"),
        "trade_name": words("CHU", "Enseigne"), "family_name": words("EXEMPLE", "Éxemple", "AUTRE"),
        "given_name": words("PAUL", "Autre"), "person_id": words("10000000033", "10000000041"),
    }),
)  # fmt: skip
def test_python_and_sql_agree_on_what_differs(make_bal, make_entry, people, kind, service, rpps, theirs):
    Person.objects.filter(pk=people.paul.pk).update(rpps="10000000033" if rpps else None)
    bal = make_bal(kind, people.paul, service=service)
    entry = make_entry(bal.address, **theirs)
    bal = Bal.objects.with_holders().get(pk=bal.pk)
    found = Gaps.visible_to(people.gisele.user).narrowed(situation="differe").count()
    assert found == bool(differences(bal, entry)), differences(bal, entry)
    bal.delete()
    entry.delete()


# --- Seen in the annuaire ---------------------------------------------------------------------------------------------
@TRIED
@given(
    kind=st.sampled_from([kind for kind in SHOWN_ONCE_DONE if kind != RequestKind.DELETE]),
    stage=st.sampled_from(RequestStage.values), shown=st.booleans(), late=st.booleans(),
    state=st.sampled_from([None, State.ACTIVE, State.REQUESTED, State.DEPUBLICATION_REQUESTED, State.DEPUBLISHED]),
)  # fmt: skip
def test_the_sweep_finds_the_requests_that_the_rule_lets_verify(
    make_bal, make_entry, operator, structure, fresh, kind, stage, shown, late, state
):
    """Those that move no BAL by what is no longer shown: its own verb sees to that."""
    bal = make_bal("PER", state=state) if state else None
    address = bal.address if bal else "inconnue@chu-exemple.mssante.fr"
    entry = JournalEntry.objects.create(structure=structure, what=Act.ASK_OPERATOR)
    asked = Request.objects.create(
        structure=structure, operator=operator, bal=bal, address=address, kind=kind, stage=stage, entry=entry,
        created_at=fresh.as_of + timezone.timedelta(hours=1 if late else -1),
    )  # fmt: skip
    line = make_entry(address) if shown else None
    found = Request.objects.seen_in_annuaire(fresh.as_of).filter(pk=asked.pk).exists()
    moves_by_absence = asked.moves_bal and kind == RequestKind.DEPUBLISH
    assert found == (allows(check_step, asked, Act.VERIFY_REQUEST, by=SYSTEM) and not moves_by_absence)
    asked.delete()
    if line:
        line.delete()


# --- The preferred BAL, observed --------------------------------------------------------------------------------------
@pytest.fixture
def practised(people, make_entry):
    """Paul practises at the CHU, and chose there the BAL of paul."""
    SyncRun.objects.create(source="fhir", status="applied", generated_at=timezone.now())
    SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())
    Activity.objects.create(
        source="activities", national_id=f"8{people.paul.rpps}", finess_site="010000002", ordinal=1, **NOW
    )
    wish = Preference.objects.create(
        person=people.paul, situation="010000002", address="paul@chu-exemple.mssante.fr", by=people.paul.user
    )
    return SimpleNamespace(wish=wish, rpps=people.paul.rpps)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["paul@chu-exemple.mssante.fr", "paul@ailleurs.mssante.fr"]),
        st.sampled_from(["", "010000002", "020000001"]),
        st.sampled_from(["", "1", "2"]),
    ),
    max_size=3,
)


@TRIED
@given(lines=LINES)
def test_the_orm_and_sql_agree_on_the_preferred_bal_that_is_observed(practised, people, lines):
    Entry.objects.all().delete()
    for ordinal, (address, place, rank) in enumerate(lines):
        Entry.objects.create(
            source="fhir", address=address, kind="PER", structure_id=place, rank=rank, ordinal=ordinal,
            person_id=practised.rpps, person_id_type="8", **NOW,
        )  # fmt: skip
    (place,) = list(PracticePlaces.visible_to(people.gisele.user))
    is_shown = Preference.objects.observed().filter(pk=practised.wish.pk).exists()
    assert is_shown == (practised.wish.address in place.observed)
    assert (is_shown and len(place.observed) == 1) == ("observees" in [sort.name for sort in place.sorts])


# --- Homonyms ---------------------------------------------------------------------------------------------------------
NAMES = st.sampled_from(["Martin", "MARTIN", "Martín", "Ndiaye", "N’Diaye", "Le Goff", "Le-Goff"])


@TRIED
@given(one=st.tuples(NAMES, NAMES), other=st.tuples(NAMES, NAMES))
def test_python_and_sql_agree_on_who_bears_the_same_name(make_bal, people, one, other):
    for person, (family, given_name) in ((people.paul, one), (people.bruno, other)):
        Person.objects.filter(pk=person.pk).update(family_name=family, given_name=given_name)
        bal = Bal.objects.filter(cotitulaires__person=person).first() or make_bal("PER", person)
        Cotitulaire.objects.get_or_create(bal=bal, person=person, is_principal=True)
    assert FINDING["homonyme"].bals(Bal.objects.all()).exists() == (name_key(*one) == name_key(*other))


@pytest.mark.postgresql_run
def test_names_are_read_folded_from_their_index(db):
    """To fold those of 100 000 people takes a quarter of a second: an index that no longer says what `name_key_of`
    says would be of no use, and nobody would see it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    assert "Index Only Scan using person_folded" in FINDING["homonyme"].bals(Bal.objects.all()).explain()


# --- What a professional chose, told to software ----------------------------------------------------------------------
PLACES = ["", "010000002", "020000001"]
WISHES = st.sets(
    st.tuples(
        st.sampled_from(["paul", "eve"]),
        st.sampled_from(["paul@chu-exemple.mssante.fr", "paul@ailleurs.mssante.fr"]),
        st.sampled_from(PLACES),
        st.sampled_from(["", "letter"]),
    ),
    max_size=4,
)


@TRIED
@given(wishes=WISHES, asker=st.sampled_from(["gisele", "eve"]))
def test_python_and_sql_agree_on_the_wishes_that_an_asker_is_told(people, wishes, asker):
    """Of whom the asker sees; of nobody where the annuaire names nobody."""
    user = getattr(people, asker).user
    Preference.objects.all().delete()
    for name, address, situation, purpose in wishes:
        facts = {"person": getattr(people, name), "situation": situation, "purpose": purpose}
        Preference.objects.get_or_create(**facts, defaults={"address": address, "by": user})
    lines = [
        Candidate(AnnuaireLine(address, "PER", rpps, "", "", "", "010000002", "CHU", ""), set())
        for address in ("paul@chu-exemple.mssante.fr", "paul@ailleurs.mssante.fr")
        for rpps in (people.paul.rpps, people.eve.rpps, "")
    ]
    _tie_to_wishes(lines, user)
    for line in lines:
        told = Preference.objects.filter(
            person__in=Person.objects.visible_to(user), person__rpps=line.entry.person_id, address=line.address
        )
        assert line.wishes == set(told.values_list("situation", "purpose"))
        for place in PLACES:
            asked = ResolverQuestion(rpps=people.paul.rpps, structure=place)
            here = told.filter(person=people.paul, purpose="letter", **({"situation": place} if place else {}))
            assert line.is_chosen(asked, "letter") == here.exists()


# --- Delegations ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_ended", [False, True])
@pytest.mark.parametrize(("starts", "ends"), [(-5, None), (-5, -1), (-5, 0), (-5, 1), (0, None), (1, None), (1, 1)])
def test_python_and_sql_agree_on_whether_a_delegation_stands_is_of_today_or_past(per, people, starts, ends, is_ended):
    today = timezone.localdate()
    row = Delegataire.objects.create(
        bal=per, person=people.lea, under=people.paul, reason="secrétariat", starts_on=today + timedelta(days=starts),
        ends_on=None if ends is None else today + timedelta(days=ends), ended_at=timezone.now() if is_ended else None,
    )  # fmt: skip
    assert Delegataire.objects.standing().exists() is not is_ended
    assert Delegataire.objects.current().exists() == row.is_current
    assert Delegataire.objects.expired(today).exists() == row.is_past
    assert row.is_current == (not is_ended and starts <= 0 and (ends is None or ends >= 0))
    assert row.is_past == (not is_ended and ends is not None and ends < 0)


# --- In which states --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", State)
def test_correspondents_are_led_to_an_active_bal_alone_whoever_proposes_it(per, make_bal, people, state):
    other = make_bal("PER", people.paul, state=state)
    per.replaced_by = other.address
    is_led_to = state == State.ACTIVE
    assert allows(check_replacement, per) == is_led_to
    assert [address for address, _ in candidates(per)] == [other.address] * is_led_to
    per.replaced_by = ""
    assert successors_of([per])[per.pk] == [other.address] * is_led_to


@pytest.mark.parametrize("state", sorted(set(State) - {State.DELETED, State.ABANDONED}))
def test_the_operator_is_asked_to_close_an_access_until_they_have_confirmed_the_end(org, people, state):
    Bal.objects.filter(pk=org.pk).update(state=state)
    actions.remove_cotitulaire(org, people.bruno, by=people.alice.user)
    asked = Request.objects.filter(bal=org, kind=RequestKind.WITHDRAW, person=people.bruno)
    assert asked.exists() == (state != State.DELETION_CONFIRMED)


@pytest.mark.parametrize("kind", Bal.Kind.values)
@pytest.mark.parametrize("state", sorted(PAID))
def test_python_and_sql_agree_on_an_unknown_use_and_costs_count_it_so(make_bal, people, state, kind):
    bal = make_bal(kind, people.alice, state=state)
    is_unknown = Bal.objects.of_unknown_use().exists()
    assert is_unknown == bal.is_of_unknown_use == (state == State.ACTIVE and kind != "APP")
    assert not is_unknown or Bal.objects.with_use(timezone.now()).get().use == Use.UNKNOWN
