"""Software lets itself in by a key, which opens what it was given for, as long as it was given for."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from mailboxes.models import AccessTrace, JournalEntry, Membership
from mailboxes.notices.writing import gestionnaires_of
from mailboxes.rules import NotAllowed, Refused
from mailboxes.software.actions import declare_software, revoke_key, rotate_key
from mailboxes.software.models import Software, SoftwareKey

pytestmark = pytest.mark.sqlite_run

BALS = "/api/v1/bals/"


@pytest.fixture(autouse=True)
def no_request_counted_yet():
    cache.clear()


@pytest.fixture
def declare(people, structure):
    def go(*scopes, by=None, structures=None, days=30, name="DPI"):
        facts = {"name": name, "structures": structures or [structure], "scopes": scopes or ["read"], "days": days}
        return declare_software(by=by or people.gisele.user, **facts)

    return go


@pytest.fixture
def ask(client):
    def go(token, path=BALS, method="get", body=None):
        facts = {"headers": {"Authorization": f"Bearer {token}"}}
        if body is not None:
            facts |= {"data": body, "content_type": "application/json"}
        return getattr(client, method)(path, **facts)

    return go


def test_a_key_opens_the_structures_it_was_given_for(ask, declare, org, other_structure, make_bal):
    make_bal("ORG", structure=other_structure, address="ailleurs@chu-exemple.mssante.fr")
    _, token = declare()
    assert [bal["address"] for bal in ask(token).json()["results"]] == [org.address]


def test_only_the_digest_of_a_key_is_kept(declare, db):
    software, token = declare()
    kept = SoftwareKey.objects.values().get(software=software)
    assert token not in str(kept)
    assert token.startswith(f"balm_{kept['prefix']}_")


def test_a_key_that_reads_does_not_write(ask, declare, org):
    _, token = declare("read")
    answer = ask(token, f"{BALS}{org.pk}/request_depublication/", "post", {})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")
    assert "agir comme un gestionnaire" in answer.json()["detail"]


def test_a_key_that_manages_acts_as_a_gestionnaire_and_is_named_in_the_journal(ask, declare, org):
    software, token = declare("manage")
    assert ask(token, f"{BALS}{org.pk}/request_depublication/", "post", {}).status_code == 200
    assert org.journal.get().by == software.user
    assert str(software.user) == "DPI"


def test_a_key_that_resolves_reads_no_register(ask, declare, org):
    _, token = declare("resolve")
    assert ask(token).status_code == 403


@pytest.mark.parametrize("token", ["", "balm_12345678_unknown", "a b", "é"])
def test_an_unknown_key_opens_nothing(client, db, token):
    answer = client.get(BALS, headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_revoked_key_opens_nothing_at_once(ask, declare, people):
    software, token = declare()
    revoke_key(software.keys.get(), by=people.gisele.user)
    assert ask(token).status_code == 401


def test_a_key_ends_on_its_day(ask, declare, time_machine):
    _, token = declare(days=30)
    time_machine.move_to(timezone.now() + timedelta(days=29, hours=23), tick=False)
    assert ask(token).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(hours=2), tick=False)
    assert ask(token).status_code == 401


def test_two_keys_stand_while_one_replaces_the_other(ask, declare, people, time_machine):
    software, old = declare(days=365)
    new = rotate_key(software.keys.get(), days=365, overlap_days=7, by=people.gisele.user)
    assert [ask(token).status_code for token in (old, new)] == [200, 200]
    time_machine.move_to(timezone.now() + timedelta(days=8), tick=False)
    assert [ask(token).status_code for token in (old, new)] == [401, 200]


def test_rotation_never_lengthens_the_life_of_the_old_key(declare, people):
    software, _ = declare(days=2)
    key = software.keys.get()
    rotate_key(key, days=30, overlap_days=90, by=people.gisele.user)
    assert SoftwareKey.objects.get(pk=key.pk).expires_at == key.expires_at


def test_a_dead_key_is_not_renewed(declare, people):
    software, _ = declare()
    key = revoke_key(software.keys.get(), by=people.gisele.user)
    with pytest.raises(Refused, match="donnez-en une nouvelle"):
        rotate_key(key, days=30, by=people.gisele.user)


@pytest.mark.parametrize(("days", "code"), [(0, "days"), (1, None), (730, None), (731, "days")])
def test_a_key_lasts_two_years_at_most(declare, days, code):
    if code is None:
        declare(days=days)
        return
    with pytest.raises(Refused) as refused:
        declare(days=days)
    assert refused.value.code == code


def test_who_does_not_manage_a_structure_gives_no_key_for_it(declare, people, structure, other_structure):
    for by, structures in ((people.lea, [structure]), (people.gisele, [structure, other_structure])):
        with pytest.raises(NotAllowed):
            declare(by=by.user, structures=structures)
    assert not Software.objects.exists()


def test_a_key_opens_some_structure(people):
    with pytest.raises(Refused, match="au moins une structure") as refusal:
        declare_software(name="DPI", structures=[], scopes=["read"], days=30, by=people.gisele.user)
    assert refusal.value.code == "structures"


def test_a_software_of_two_structures_is_seen_only_by_who_manages_both(declare, people, structure, other_structure):
    Membership.objects.create(user=people.gisele.user, structure=other_structure, role="gestionnaire")
    software, _ = declare(structures=[structure, other_structure])
    assert list(Software.objects.visible_to(people.gisele.user)) == [software]
    assert not Software.objects.visible_to(people.eve.user).exists()


def test_a_scope_that_does_not_exist_is_refused(declare):
    with pytest.raises(Refused, match="Choisissez au moins un droit"):
        declare("everything")


def test_the_uses_of_a_key_are_traced_without_what_was_looked_for(ask, declare):
    software, token = declare()
    ask(token, f"{BALS}?q=martin")
    trace = AccessTrace.objects.get(user=software.user)
    assert BALS in trace.target
    assert "martin" not in trace.target
    assert software.keys.get().last_used_at is not None


def test_the_journal_says_who_gave_changed_and_revoked_a_key(declare, people, structure):
    software, _ = declare()
    rotate_key(software.keys.get(), days=30, by=people.gisele.user)
    revoke_key(software.keys.latest("pk"), by=people.gisele.user)
    lines = JournalEntry.objects.filter(structure=structure).order_by("pk")
    assert [line.what for line in lines] == ["declare_software", "rotate_key", "revoke_key"]
    assert all(line.by == people.gisele.user for line in lines)


def test_a_software_gets_no_notice_meant_for_gestionnaires(declare, org, people):
    declare("manage")
    assert gestionnaires_of([org]) == {org.structure_id: [people.gisele.user]}


def test_too_many_requests_are_told_when_to_come_back(ask, declare, monkeypatch, time_machine):
    time_machine.move_to(datetime(2026, 11, 20, 8, 0, 20, tzinfo=UTC), tick=False)
    monkeypatch.setattr("mailboxes.api.keys.KeyThrottle.THROTTLE_RATES", {"api": "2/min"})
    _, token = declare()
    answers = [ask(token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "40"
    assert answers[-1].json()["detail"] == "Trop de demandes : attendez 40 secondes, puis recommencez."
    assert answers[-1]["Content-Type"] == "application/problem+json"
    time_machine.shift(40)
    assert ask(token).status_code == 200


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_the_token_is_shown_once_and_kept_by_no_browser(client, people, structure):
    client.force_login(people.gisele.user)
    body = {"name": "DUI", "structures": [structure.pk], "scopes": ["read", "usage"], "days": 30}
    answer = client.post("/logiciels/declarer/", body)
    assert "balm_" in answer.text
    assert "no-store" in answer["Cache-Control"]
    page = client.get("/logiciels/")
    assert "DUI" in page.text
    assert answer.text.partition("balm_")[2][:30] not in page.text


def test_a_key_is_revoked_from_its_page_and_a_stranger_finds_none(client, declare, people):
    software, _ = declare()
    path = f"/logiciels/cles/{software.keys.get().pk}/revoquer/"
    client.force_login(people.eve.user)
    assert client.post(path).status_code == 404
    client.force_login(people.gisele.user)
    assert client.post(path).status_code == 302
    assert not software.keys.get().is_valid


def test_the_list_asks_as_many_queries_for_ten_as_for_one(client, declare, people, django_assert_max_num_queries):
    client.force_login(people.gisele.user)
    counts = []
    for more in (1, 9):
        for number in range(more):
            declare(name=f"DPI {more}.{number}")
        with django_assert_max_num_queries(100) as captured:
            client.get("/logiciels/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_reader_is_told_that_they_give_no_key(client, people):
    client.force_login(people.lea.user)
    assert "réservé à\u00a0: gestionnaire" in client.get("/logiciels/declarer/").text


def test_a_second_window_makes_no_second_key(declare, structure, other_structure, people):
    software, _ = declare("read", "resolve")
    with pytest.raises(Refused) as refused:
        declare("resolve", "read")
    assert refused.value.code == "twice"
    declare("read")  # the same software, for less: another key, told apart by what it opens
    declare("read", "resolve", by=people.eve.user, structures=[other_structure])
    Software.objects.filter(pk=software.pk).update(name=" dpi ")
    with pytest.raises(Refused):
        declare("read", "resolve")
    revoke_key(software.keys.get(), by=people.gisele.user)
    declare("read", "resolve")
