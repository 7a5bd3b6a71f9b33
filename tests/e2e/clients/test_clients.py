"""Clients that nobody here wrote: made from docs/api/openapi.json by three generators, or of FHIR, and run against the
served application."""

import asyncio
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest
from django.utils import timezone
from fhirclient.models.organization import Organization
from fhirclient.models.practitioner import Practitioner
from fhirclient.server import FHIRServer
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from openapi_spec_validator import OpenAPIV31SpecValidator
from standardwebhooks import Webhook

from mailboxes.software.delivery import standard_headers
from tests.servers import ROOT, find_node, or_skip

pytestmark = pytest.mark.sqlite_run

DOCUMENT = ROOT / "docs" / "api" / "openapi.json"
HERE = Path(__file__).parent
ALICE, BRUNO, CHU = "10000000017", "10000000025", "010000002"
DATA = """
from django.contrib.auth import get_user_model
from django.utils import timezone
from directory.models import Entry, SyncRun
from directory.search_index import level
from mailboxes.lifecycle import Scope
from mailboxes.models import Bal, Cotitulaire, Membership, Operator, Structure
from mailboxes.models.people import Affiliation, Person
from mailboxes.software.actions import declare_software
now = timezone.now()
gisele = get_user_model().objects.create_user("gisele")
operator = Operator.objects.create(code="regional", name="Opérateur régional", request_email="demandes@op.invalid")
operator.domains.create(name="chu-exemple.mssante.fr")
chu = Structure.objects.create(name="CHU", kind="hospital", finess_et="010000002")
Membership.objects.create(user=gisele, structure=chu, role="gestionnaire")
for name, rpps in {"Alice": "10000000017", "Bruno": "10000000025"}.items():
    person = Person.objects.create(given_name=name, family_name="EXEMPLE", rpps=rpps, has_cps=True)
    Affiliation.objects.create(person=person, structure=chu)
    facts = {"structure": chu, "operator": operator, "state": "active", "read_at": now}
    bal = Bal.objects.create(kind="PER", address=f"{name.lower()}@chu-exemple.mssante.fr", **facts)
    Cotitulaire.objects.create(bal=bal, person=person, is_principal=True)
    Entry.objects.create(
        source="extraction", address=bal.address, kind="PER", person_id=rpps, person_id_type="8", digest=rpps,
        family_name="EXEMPLE", given_name=name, structure_id="010000002", structure_id_type="1", structure_name="CHU",
        first_seen_at=now, changed_at=now,
    )
SyncRun.objects.create(source="extraction", status="applied", generated_at=now)
level()
print(declare_software(by=gisele, name="DPI", structures=[chu], scopes=Scope.values, days=30)[1])
"""


def test_the_document_is_valid():
    OpenAPIV31SpecValidator(json.loads(DOCUMENT.read_text())).validate()


# --- The application, and the clients that are made meanwhile ---------------------------------------------------------
@pytest.fixture
def served(app_server):
    app = app_server()
    return SimpleNamespace(url=app.url, key=app.manage("shell", "-v", "0", "-c", DATA).split()[-1])


@pytest.fixture
def made(tmp_path):
    """The folder in which the three generators write, all at once."""
    shutil.copy(HERE / "client.ts", tmp_path)
    with or_skip():
        node = find_node()
    modules = ROOT / "node_modules"
    client = ["--path", str(DOCUMENT), "--output-path", str(tmp_path / "generated"), "--meta", "none"]
    of_models = ["--input", str(DOCUMENT), "--input-file-type", "openapi", "--formatters", "builtin"]
    kind = ["--output-model-type", "pydantic_v2.BaseModel", "--output", str(tmp_path / "models.py")]
    optional = ["--default-non-nullable=false"]  # what has a default need not be said
    run(
        tmp_path,
        [sys.executable, "-m", "openapi_python_client", "generate", *client],
        [sys.executable, "-m", "datamodel_code_generator", *of_models, *kind],
        [
            node,
            str(modules / "openapi-typescript" / "bin" / "cli.js"),
            str(DOCUMENT),
            "--output",
            "api.d.ts",
            *optional,
        ],
    )
    return SimpleNamespace(folder=tmp_path, node=node, modules=modules)


def run(folder, *commands):
    told = [subprocess.Popen(one, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for one in commands]
    for command, process in zip(commands, told, strict=True):
        said = process.communicate()[0].decode()
        assert process.returncode == 0, f"{command}\n{said}"
    return said


@pytest.fixture
def part(made, monkeypatch):
    """`part("api.bals.bals_list")` of the generated Python client."""
    monkeypatch.syspath_prepend(made.folder)
    return lambda name: importlib.import_module(f"generated.{name}")


def test_clients_made_by_others_read_write_and_verify(served, made, part):
    """One test: what takes time is to make them, and to serve the application."""
    models = part("models")

    def call(path, *args, **said):
        answer = part(f"api.{path}").sync_detailed(*args, client=client, **said)
        assert answer.status_code < 400, answer.content
        return answer.parsed

    with part("client").AuthenticatedClient(served.url, served.key, raise_on_unexpected_status=True) as client:
        read(call, part)
        bal = create_and_move(call, models)
        push_and_resolve(call, models, bal)
        hear(call, models, bal)
    check_models(served)
    check_types(served, made)
    read_by_fhirclient(f"{served.url}/fhir", {"ESANTE-API-KEY": served.key})
    read_by_fhirpy(f"{served.url}/fhir", {"ESANTE-API-KEY": served.key})


def read(call, part):
    page = call("bals.bals_list", page_size=1, total=True)
    assert (page.total, len(page.results)) == (2, 1)
    cursor = httpx.QueryParams(urlsplit(page.next_).query)["cursor"]
    following = call("bals.bals_list", page_size=1, cursor=cursor)
    assert [page.results[0].address, following.results[0].address] == [
        "alice@chu-exemple.mssante.fr", "bruno@chu-exemple.mssante.fr",
    ]  # fmt: skip
    (found,) = call("bals.bals_list", rpps=BRUNO, kind="PER", ordering=part("models").BalsListOrdering.VALUE_1).results
    bal = call("bals.bals_retrieve", found.id)
    assert bal.cotitulaires[0].rpps == BRUNO
    assert bal.abilities["describe"] is True


def create_and_move(call, models):
    structure = call("structures.structures_list", finess=CHU).results[0]
    wanted = {"structure": structure.id, "operator": "regional", "kind": models.BalKind.ORG, "exists": True}
    bal = call("bals.bals_create", body=models.Register(address="cardio@chu-exemple.mssante.fr", **wanted))
    assert (bal.state, bal.structure) == ("active", structure.id)
    asked = call("bals.bals_request_depublication", bal.id, body=models.Depublish(note="Service fermé"))
    assert asked.state == "depublication_requested"
    return asked


def push_and_resolve(call, models, bal):
    known = models.Pushed(address=bal.address, at=timezone.now(), used_mb=12)
    unknown = models.Pushed(address="inconnue@exemple.mssante.fr", at=timezone.now())
    told = call("readings.readings_bulk", body=models.Bulk(readings=[known, unknown]))
    assert (told.accepted, told.rejected) == (1, 1)
    answer = call("resolve.resolve", rpps=ALICE)
    assert (answer.best.address, answer.best.reason) == ("alice@chu-exemple.mssante.fr", "here") or answer.best.reason
    batch = call("resolve.resolve_batch", body=models.Batch(questions=[models.Question(rpps=BRUNO, finess=CHU)]))
    assert batch.answers[0].best.address == "bruno@chu-exemple.mssante.fr"
    assert batch.statement.count(".") == 2


def hear(call, models, bal):
    """A webhook is declared, and what it would be sent is verified by the library of the standard."""
    wanted = models.AddWebhook(
        structure=bal.structure, url="https://dpi.exemple.fr/bal", events=[models.EventsEnum.STATE]
    )
    hook = call("webhooks.webhooks_create", body=wanted)
    secret = call("webhooks.webhooks_secret", hook.id).secret
    call("webhooks.webhooks_test", hook.id)
    payload = json.dumps(call("webhooks.webhooks_deliveries", hook.id).results[0].payload.to_dict()).encode()
    assert (
        Webhook(secret).verify(payload, standard_headers([secret], "msg_1", payload, timezone.now()))["event"] == "test"
    )


def check_models(served):
    """The models of datamodel-codegen read what is answered."""
    models = importlib.import_module("models")
    headers = {"Authorization": f"Bearer {served.key}"}
    for path, model in [
        ("bals/", "PaginatedBalList"),
        ("people/", "PaginatedPersonList"),
        ("structures/", "PaginatedStructureList"),
        ("readings/", "PaginatedReadingList"),
        ("journal/", "PaginatedJournalLineList"),
        ("webhooks/", "PaginatedWebhookList"),
        (f"resolve/?rpps={ALICE}", "SignedAnswer"),
    ]:
        told = httpx.get(f"{served.url}/api/v1/{path}", headers=headers).raise_for_status().json()
        model = getattr(models, model).model_validate(told)
        assert getattr(model, "results", True)


def check_types(served, made):
    """The types of openapi-typescript hold, and the program that relies on them runs."""
    strict = ["--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom", "--typeRoots", "none"]
    run(made.folder, [made.node, str(made.modules / "typescript" / "bin" / "tsc"), *strict, "client.ts"])
    said = run(made.folder, [made.node, "client.js", served.url, served.key])
    assert said.strip() == " | ".join(
        ["alice@chu-exemple.mssante.fr", "Alice EXEMPLE", "alice@chu-exemple.mssante.fr", "3"]
    )


# --- Clients of FHIR --------------------------------------------------------------------------------------------------
def read_by_fhirclient(base, headers):
    server = FHIRServer(None, base_uri=base)
    with server.session:
        server.session.headers.update(headers)
        ask_by_fhirclient(server)


def ask_by_fhirclient(server):
    assert server.capabilityStatement.fhirVersion == "4.0.1"
    (alice,) = Practitioner.where({"name:contains": "lice"}).perform_resources_iter(server)
    assert (alice.name[0].family, alice.identifier[-1].value) == ("EXEMPLE", ALICE)
    assert Organization.read(CHU, server).name == "CHU"
    pages = list(Practitioner.where({"family": "exemple", "_count": "1"}).perform_iter(server))
    assert [(page.total, len(page.entry)) for page in pages] == [(2, 1), (2, 1)]


def read_by_fhirpy(base, headers):
    client = SyncFHIRClient(base, extra_headers=headers)
    people = client.resources("Practitioner").search(family="exemple")
    assert people.count() == 2
    assert [one["id"] for one in people.limit(1).fetch_all()] == [ALICE, BRUNO]
    roles = client.resources("PractitionerRole").search(practitioner__identifier=ALICE)
    role = roles.include("PractitionerRole", "organization").first()
    assert role["telecom"][0]["value"] == "alice@chu-exemple.mssante.fr"
    assert role["organization"].to_resource()["name"] == "CHU"
    assert client.resources("Practitioner").search(_id=ALICE).get()["active"]

    async def count():
        return await AsyncFHIRClient(base, extra_headers=headers).resources("Organization").count()

    assert asyncio.run(count()) == 1
