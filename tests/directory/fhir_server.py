"""A server of the suite's own that answers as the FHIR API is documented to, faults included."""

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qs, urlsplit

ANS = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/"
NOS = "https://mos.esante.gouv.fr/NOS/"
KEY = "une-clef-de-test"


class FhirServer:
    """`resources`: what it holds, by type. `faults`: number of the request (from 1) -> what to answer instead."""

    def __init__(self):
        self.resources = {"Practitioner": [], "PractitionerRole": [], "Organization": []}
        self.faults: dict[int, Callable] = {}
        self.asked: list[str] = []
        self.tokens: dict[str, tuple] = {}
        self.total_of = len
        self.url = ""
        self._numbers = count(1)

    def hold(self, *resources):
        for resource in resources:
            own = self.resources[resource["resourceType"]]
            own[:] = [held for held in own if held["id"] != resource["id"]] + [resource]

    def forget_pages(self):
        self.tokens.clear()

    # --- Answers ------------------------------------------------------------------------------------------------------
    def answer(self, request):
        number = next(self._numbers)
        self.asked.append(request.path)
        if fault := self.faults.get(number):
            return fault(request)
        if request.headers["ESANTE-API-KEY"] != KEY:
            return say(request, 401, {"message": "Unauthorized"})
        url = urlsplit(request.path)
        query = parse_qs(url.query)
        if url.path.endswith("/_page"):
            if query["id"][0] not in self.tokens:
                return say(request, 410, outcome("HAPI-0418: Search does not exist or is expired"))
            return self.page(request, *self.tokens[query["id"][0]])
        resource_type = url.path.rsplit("/", 1)[1]
        since = query.get("_lastUpdated", ["ge"])[0].removeprefix("ge")
        found = [r for r in self.resources[resource_type] if r["meta"]["lastUpdated"] >= since]
        return self.page(request, found, 0, int(query.get("_count", ["50"])[0]), query.get("_include", []))

    def page(self, request, found, start, size, include):
        shown = found[start : start + size]
        entries = [{"resource": r, "search": {"mode": "match"}} for r in shown]
        if include:
            wanted = {
                (role.get(name) or {}).get("reference") for role in shown for name in ("practitioner", "organization")
            }
            held = [r for kind in ("Practitioner", "Organization") for r in self.resources[kind]]
            entries += [
                {"resource": r, "search": {"mode": "include"}}
                for r in held
                if f"{r['resourceType']}/{r['id']}" in wanted
            ]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": self.total_of(found), "entry": entries}
        bundle["link"] = [{"relation": "self", "url": self.url}]
        if start + size < len(found):
            token = f"token-{len(self.asked)}"
            self.tokens[token] = (found, start + size, size, include)
            bundle["link"].append({"relation": "next", "url": f"{self.url}/_page?id={token}"})
        say(request, 200, bundle)


def say(request, status, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(raw)))
    request.end_headers()
    request.wfile.write(raw)


def outcome(diagnostics):
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": diagnostics}]}


def fault(status, body=b"", **headers):
    return lambda request: say(request, status, body, **headers)


def cut_off(request):
    """Announce more than is sent, and hang up."""
    request.send_response(200)
    request.send_header("Content-Length", "5000")
    request.end_headers()
    request.wfile.write(b'{"resourceType": "Bundle", "entry": [')
    request.close_connection = True


@contextmanager
def run_fhir_server():
    server = FhirServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: apart, each answer would wait for an acknowledgement

        def do_GET(self):
            server.answer(self)

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.url = f"http://127.0.0.1:{http.server_port}/fhir/v2"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        http.shutdown()
        thread.join()


# --- Invented resources -----------------------------------------------------------------------------------------------
def mailbox(address, rank=None, metadata=None):
    coding = {"system": f"{NOS}TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie", "code": "MSSANTE"}
    extensions = [
        {
            "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type",
            "valueCoding": coding,
        }
    ]
    if metadata is not None:
        extensions.append({"url": f"{ANS}as-ext-mailbox-mss-metadata", "extension": metadata})
    telecom = {"system": "email", "value": address, "extension": extensions}
    return telecom | ({"rank": rank} if rank is not None else {})


def child(url, **value):
    return {"url": url, **value}


def bal_type(code):
    system = f"{NOS}TRE_R257-TypeBAL/FHIR/TRE-R257-TypeBAL"
    return child("type", valueCodeableConcept={"coding": [{"system": system, "code": code}]})


def resource(kind, pk, day="2026-11-01", **fields):
    meta = {"versionId": 2, "lastUpdated": f"{day}T10:00:00+01:00"}
    return {"resourceType": kind, "id": pk, "meta": meta, "active": True, **fields}


def practitioner(number, *telecom, day="2026-11-01", **fields):
    rpps = f"1{number:010}"
    identifier = [
        {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": f"8{rpps}"},
        {"system": "https://rpps.esante.gouv.fr", "value": rpps},
    ]
    coding = [
        {"system": f"{NOS}TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante", "code": "10", "display": "Médecin"},
        {"system": f"{NOS}TRE_R09-CategorieProfessionnelle/FHIR/x", "code": "C"},
    ]
    named = {"family": f"NOM{number}", "given": ["Ana", "Lou"], "prefix": ["MME"], "suffix": ["DR"]}
    said = {"identifier": identifier, "name": [named], "qualification": [{"code": {"coding": coding}}]}
    return resource("Practitioner", f"003-{number}", day, telecom=list(telecom), **said | fields)


def role(number, of, at, *telecom, day="2026-11-01", **fields):
    said = {
        "identifier": [{"system": "https://rpps.esante.gouv.fr", "value": f"R{number}"}],
        "practitioner": {"reference": f"Practitioner/003-{of}"},
        "organization": {"reference": f"Organization/001-{at}"},
        "telecom": list(telecom),
    }
    return resource("PractitionerRole", f"005-{number}", day, **said | fields)


def organization(number, *telecom, day="2026-11-01", **fields):
    def identifier(code, value, system):
        return {"type": {"coding": [{"code": code}]}, "system": system, "value": value}

    finess = f"69{number:07}"
    said = {
        "identifier": [
            identifier("IDNST", f"1{finess}", "urn:oid:1.2.250.1.71.4.2.2"),
            identifier("FINEJ", "690000000", "https://finess.esante.gouv.fr"),
            identifier("FINEG", finess, "https://finess.esante.gouv.fr"),
        ],
        "name": f"CENTRE {number}",
        "address": [{"line": ["3 RUE DU PARC"], "postalCode": "69003", "city": "LYON", "country": "FRA"}],
        "telecom": [{"system": "phone", "value": "0400000000"}, {"system": "email", "value": "a@b.fr"}, *telecom],
    }
    return resource("Organization", f"001-{number}", day, **said | fields)


def deleted(one, day):
    """As deleted items come back: inactive, with their id and identifiers alone."""
    meta = {"versionId": 3, "lastUpdated": f"{day}T10:00:00+01:00"}
    return {name: one[name] for name in ("resourceType", "id", "identifier")} | {"active": False, "meta": meta}
