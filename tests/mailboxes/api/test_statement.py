"""What the resolver told, signed: verified by a library of tokens that knows our public keys alone."""

from datetime import datetime

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from directory.models import SyncRun
from mailboxes.models import Bal
from mailboxes.software.models import Software
from tests.mailboxes.api.conftest import make_entry

pytestmark = pytest.mark.sqlite_run

ALICE = "10000000017"
BATCH = {"questions": [{"rpps": ALICE}, {"finess": "990000001"}]}
BEFORE = "former-secret-key-of-at-least-fifty-characters-0123456789"


@pytest.fixture
def annuaire(people, make_bal):
    bal = make_bal("PER", people.alice, address="alice@chu-exemple.mssante.fr")
    Bal.objects.filter(pk=bal.pk).update(read_at=timezone.now())
    make_entry(bal.address, person_id=ALICE, family_name="EXEMPLE", given_name="Alice")
    SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())
    return bal


def keys():
    """Asked for without a key."""
    answer = Client().get("/.well-known/jwks.json")
    assert answer.status_code == 200
    return jwt.PyJWKSet.from_dict(answer.json())


def read(statement):
    key = keys()[jwt.get_unverified_header(statement)["kid"]]
    return jwt.decode(statement, key, algorithms=["EdDSA"], options={"require": ["iss", "iat", "jti"]})


def test_it_says_what_was_told_of_which_annuaire_to_whom_and_when(ask, key, annuaire, settings):
    told = ask(key, f"resolve/?rpps={ALICE}").json()
    said = read(told["statement"])
    assert (said["iss"], said["client_id"]) == (settings.SITE_URL, str(Software.objects.get().pk))
    assert abs(said["iat"] - timezone.now().timestamp()) < 60
    assert said["annuaire"] == told["freshness"]
    assert said["told"] == [
        {
            "question": told["question"],
            "address": annuaire.address,
            "reason": told["best"]["reason"],
            "read_at": told["best"]["read_at"],
            "warnings": [],
        }
    ]


def test_a_batch_has_one_statement_in_the_order_of_its_questions(ask, key, annuaire):
    said = read(ask(key, "resolve/", "post", BATCH).json()["statement"])
    assert [one["address"] for one in said["told"]] == [annuaire.address, None]
    assert said["told"][1]["warnings"] == ["nothing"]


def test_the_date_of_its_reading_is_told_to_who_sees_the_bal(ask, key, foreign_key, annuaire):
    mine, theirs = (ask(token, f"resolve/?rpps={ALICE}").json()["best"]["read_at"] for token in (key, foreign_key))
    assert datetime.fromisoformat(mine) == Bal.objects.get().read_at
    assert theirs is None


def test_one_that_was_changed_proves_nothing(ask, key, annuaire):
    head, claims, signature = ask(key, f"resolve/?rpps={ALICE}").json()["statement"].split(".")
    other = ask(key, "resolve/?finess=990000001").json()["statement"].split(".")[1]
    with pytest.raises(jwt.InvalidSignatureError):
        read(".".join([head, other, signature]))
    assert read(".".join([head, claims, signature]))


def test_one_of_before_a_new_secret_holds_as_long_as_the_former_is_kept(ask, key, annuaire, settings):
    present, settings.SECRET_KEY = settings.SECRET_KEY, BEFORE
    statement = ask(key, f"resolve/?rpps={ALICE}").json()["statement"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = present, [BEFORE]
    assert read(statement)["told"]
    assert jwt.get_unverified_header(ask(key, f"resolve/?rpps={ALICE}").json()["statement"]) == {
        "alg": "EdDSA", "typ": "JWT", "kid": keys().keys[0].key_id,
    }  # fmt: skip
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(KeyError):
        read(statement)


def test_nothing_secret_stands_among_the_keys(settings):
    settings.SECRET_KEY_FALLBACKS = [BEFORE]
    shown = Client().get("/.well-known/jwks.json").json()["keys"]
    assert len({one["kid"] for one in shown}) == 2
    assert {name for one in shown for name in one} == {"kty", "crv", "x", "kid", "alg", "use"}
    assert Client().post("/.well-known/jwks.json").status_code == 405


@pytest.mark.parametrize(
    ("path", "method", "body"), [(f"resolve/?rpps={ALICE}", "get", None), ("resolve/", "post", BATCH)]
)
def test_the_answer_known_already_is_not_sent_nor_signed_again(ask, key, annuaire, path, method, body):
    first, second = (ask(key, path, method, body) for _ in range(2))
    assert first["ETag"] == second["ETag"]
    assert first["ETag"].startswith("W/"), "for the statement differs"
    assert first.json()["statement"] != second.json()["statement"]
    again = ask(key, path, method, body, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again["ETag"], again.content) == (304, first["ETag"], b"")
    Bal.objects.update(percent_full=100)
    assert ask(key, path, method, body, **{"If-None-Match": first["ETag"]}).status_code == 200
