"""The cast: alice is the principal, bruno a cotitulaire, delphine a délégataire of alice, paul has a PER,
gisele is the gestionnaire, lea only reads, eve belongs to another structure."""

import re
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.urls import reverse
from django.utils import timezone

from directory.models import Entry, SyncRun
from mailboxes import actions
from mailboxes.imports.actions import apply_import, forecast_import, read_columns, receive_import
from mailboxes.imports.models import Import
from mailboxes.imports.work import carry_on
from mailboxes.lifecycle import State
from mailboxes.models import SYSTEM, Affiliation, Bal, Cotitulaire, Delegataire, Membership, Operator, Person, Structure

RPPS = {"alice": "10000000017", "bruno": "10000000025", "paul": "10000000033", "eve": "10000000041"}


def make_person(name, structure, rpps=None, **facts):
    (person,) = make_people({name: structure}, {name: rpps}, **facts)
    return person


def make_people(whose, rpps=RPPS, **facts):
    """Those named in `whose`, each with an account, in their structure; in three statements, for they are made
    often."""
    password = make_password(None)
    users = get_user_model().objects.bulk_create(
        get_user_model()(username=name, email=f"{name}@exemple.invalid", first_name=name.title(), password=password)
        for name in whose
    )
    people = Person.objects.bulk_create(
        Person(
            user=user, given_name=user.first_name, family_name="Exemple", rpps=rpps.get(user.username),
            has_cps=bool(rpps.get(user.username)), **{"email": user.email, **facts},
        )
        for user in users
    )  # fmt: skip
    Affiliation.objects.bulk_create(
        Affiliation(person=person, structure=structure)
        for person, structure in zip(people, whose.values(), strict=True)
    )
    return people


def record(bal, *, source="import", by=SYSTEM, **facts):
    """The one reading, kept as if it were pushed alone."""
    (verdict,) = actions.record_readings([actions.Pushed(bal.address, **facts)], source=source, by=by)
    if verdict.refused:
        raise verdict.refused
    return verdict.reading


def pressed_by_enter(page, field):
    """The button that Enter presses in a field: the first of its form."""
    (form,) = (form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'id="{field}"' in form)
    return re.search(r'<button type="submit"[^>]*>', form)[0]


def make_professional(number, **facts):
    """One more person who may hold a BAL; `number` tells them apart."""
    rpps = f"2{number:010}"
    return Person.objects.create(family_name=f"Nom{number}", given_name="Pro", rpps=rpps, has_cps=True, **facts)


@pytest.fixture
def operator(db):
    operator = Operator.objects.create(code="regional", name="Opérateur régional", request_email="demandes@op.invalid")
    operator.domains.create(name="chu-exemple.mssante.fr")
    return operator


@pytest.fixture
def structure(db):
    parent = Structure.objects.create(name="Fondation", kind=Structure.Kind.ORGANISME, finess_ej="010000001")
    return Structure.objects.create(name="CHU", kind=Structure.Kind.HOSPITAL, parent=parent, finess_et="010000002")


@pytest.fixture
def other_structure(db):
    return Structure.objects.create(name="Clinique voisine", finess_et="020000001")


@pytest.fixture
def people(structure, other_structure):
    """Persons by first name; each has an account, `.user`."""
    whose = dict.fromkeys(["alice", "bruno", "delphine", "paul", "gisele", "lea"], structure) | {"eve": other_structure}
    cast = dict(zip(whose, make_people(whose), strict=True))
    roles = {"gisele": "gestionnaire", "lea": "reader", "eve": "gestionnaire"}
    Membership.objects.bulk_create(
        Membership(user=cast[name].user, structure=whose[name], role=role) for name, role in roles.items()
    )
    return SimpleNamespace(**cast)


@pytest.fixture
def make_bal(structure, operator):
    """`make_bal("ORG", principal)`: a BAL as the register holds it, written without the actions."""

    def make(kind, *holders, address="", **facts):
        number = Bal.objects.count()
        facts = {"state": State.ACTIVE, "structure": structure, "operator": operator, **facts}
        facts = {"read_at": timezone.now(), **facts}  # its source is looking
        bal = Bal.objects.create(
            kind=kind, address=address or f"{kind.lower()}{number}@chu-exemple.mssante.fr", **facts
        )
        for index, person in enumerate(holders):
            Cotitulaire.objects.create(bal=bal, person=person, is_principal=index == 0)
        return bal

    return make


@pytest.fixture
def org(make_bal, people):
    bal = make_bal("ORG", people.alice, people.bruno, address="accueil@chu-exemple.mssante.fr")
    Delegataire.objects.create(bal=bal, person=people.delphine, under=people.alice, reason="secrétariat")
    return bal


@pytest.fixture
def per(make_bal, people):
    return make_bal("PER", people.paul, address="paul.exemple@chu-exemple.mssante.fr")


@pytest.fixture
def app(make_bal):
    return make_bal("APP", address="no_reply@chu-exemple.mssante.fr")


@pytest.fixture
def crowd(org):
    """`crowd(19)`: the ORG brought to 19 cotitulaires."""

    def fill(count):
        here = org.cotitulaires.count()
        Cotitulaire.objects.bulk_create(Cotitulaire(bal=org, person=make_professional(n)) for n in range(here, count))
        return org

    return fill


@pytest.fixture
def bring_in(tmp_path, settings, structure, operator, people):
    """`bring_in("Adresse;Type\\n…")`: gisele brings in a list, up to `stage`."""
    settings.VAR_DIR = tmp_path

    def go(content, *, stage="applied", columns=None, by=None, name="liste.csv", unit=None, kind=None, **facts):
        by = by or people.gisele.user
        raw = content if isinstance(content, bytes) else content.encode()
        run = receive_import([raw], name, **{"operator": operator, "structure": structure, "by": by} | facts)
        if stage == Import.Stage.RECEIVED:
            return run
        kind = run.default_kind if kind is None else kind
        run = read_columns(run, columns or run.columns, size_unit=unit or run.size_unit, default_kind=kind, by=by)
        carry_on(run := forecast_import(run, by=by), by=SYSTEM)
        if stage == Import.Stage.APPLIED and run.stage == Import.Stage.PREVIEWED:
            carry_on(run := apply_import(run, by=by), by=SYSTEM)
        return run

    return go


@pytest.fixture
def fresh(operator):
    """A public annuaire loaded just now."""
    return SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())


@pytest.fixture
def make_entry(db):
    """`make_entry(address, "ORG")`: a line of the public annuaire."""

    def make(address, kind="PER", **facts):
        now = timezone.now()
        facts = {"digest": f"{address}{facts}"[:32], "first_seen_at": now, "changed_at": now, **facts}
        if facts.get("person_id"):
            facts["person_id_type"] = "8"
        return Entry.objects.create(source="extraction", address=address, kind=kind, **facts)

    return make


@pytest.fixture
def visit(client):
    """`visit(alice, "bal", 1)` gets a page as her; `visit(alice, "bal-verb", 1, "oppose", post={})` posts to it."""

    def go(person, name, *args, post=None, query="", **options):
        client.force_login(person.user)
        url = reverse(name, args=args) + query
        return client.get(url, **options) if post is None else client.post(url, post, **options)

    return go
