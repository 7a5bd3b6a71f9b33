"""A request as the FHIR PATCH that the ANS drafts for the annuaire: shown, never sent, for no such door is open yet.

The draft: guide "API MSS" 0.1.0-snapshot, `Parameters` with insert, replace or delete on `telecom`, the resource found
by a business identifier. It contradicts itself on the code system of the type of BAL; the value set is TRE_R257.
"""

from typing import Any

from mailboxes.lifecycle import OF_ACCESSES, RequestKind
from mailboxes.models import Bal, Request

METADATA = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata"
EMAIL_TYPE = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type"
MSSANTE = "https://mos.esante.gouv.fr/NOS/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie"
TYPES = "https://mos.esante.gouv.fr/NOS/TRE_R257-TypeBAL/FHIR/TRE-R257-TypeBAL"
IDNPS, FINESS, SIRET = "urn:oid:1.2.250.1.71.4.2.1", "https://finess.esante.gouv.fr", "https://sirene.fr"


def target_of(bal: Bal) -> tuple[str, str] | None:
    """(resource, identifier) that bears this BAL in the annuaire; None if we do not know its number."""
    if bal.kind in (Bal.Kind.NOMINATIVE, Bal.Kind.CABINET):
        holder = bal.principal()
        return ("Practitioner", f"{IDNPS}|8{holder.rpps}") if holder and holder.rpps else None
    structure = bal.structure
    if number := structure.finess:
        return "Organization", f"{FINESS}|{number}"
    return ("Organization", f"{SIRET}|{structure.siret}") if structure.siret else None


def patch_of(request: Request) -> dict[str, Any] | None:
    """{"request": the line of HTTP, "body": the resource `Parameters`}; None where the draft has no such patch."""
    bal = request.bal
    target = target_of(bal) if bal else None
    if bal is None or target is None or request.kind in OF_ACCESSES:  # who has access is not in the annuaire
        return None
    resource, identifier = target
    line = f"PATCH [base]/{resource}?identifier={identifier}"
    return {"request": line, "body": {"resourceType": "Parameters", "parameter": [_operation(request, bal, resource)]}}


def _operation(request: Request, bal: Bal, resource: str) -> dict[str, Any]:
    literal = bal.address.replace("'", r"\'")  # an apostrophe may stand in an address, and ends a FHIRPath string
    there = f"{resource}.telecom.where(value = '{literal}')"
    red_list = f"{there}.extension('{METADATA}').extension('listeRouge').value"
    point = {"name": "value", "valueContactPoint": contact_point(bal)}
    # fmt: off
    operations: dict[RequestKind, tuple[str, str, list[dict]]] = {
        RequestKind.OPEN:      ("insert",  f"{resource}.telecom", [{"name": "index", "valueInteger": 0}, point]),
        RequestKind.CHANGE:    ("replace", there,                 [point]),
        RequestKind.PREFER:    ("replace", f"{there}.rank",       [{"name": "value", "valueInteger": 1}]),
        RequestKind.PUBLISH:   ("replace", red_list,              [{"name": "value", "valueBoolean": False}]),
        RequestKind.DEPUBLISH: ("replace", red_list,              [{"name": "value", "valueBoolean": True}]),
        RequestKind.DELETE:    ("delete",  there,                 []),
    }
    # fmt: on
    verb, path, values = operations[RequestKind(request.kind)]
    part: list[dict] = [{"name": "type", "valueCode": verb}, {"name": "path", "valueString": path}, *values]
    return {"name": "operation", "part": part}


def contact_point(bal: Bal) -> dict[str, Any]:
    """The BAL as an element `telecom`; a field that is empty is left out."""
    described = [
        {"url": "type", "valueCodeableConcept": {"coding": [{"system": TYPES, "code": bal.kind}]}},
        {"url": "listeRouge", "valueBoolean": bal.liste_rouge},
    ]
    if bal.kind != Bal.Kind.NOMINATIVE:
        texts = {"description": bal.description, "service": bal.service, "responsible": str(bal.responsable or "")}
        described += [{"url": name, "valueString": value} for name, value in texts.items() if value]
    return {
        "extension": [
            {"url": EMAIL_TYPE, "valueCoding": {"system": MSSANTE, "code": "MSSANTE"}},
            {"url": METADATA, "extension": described},
        ],
        "system": "email",
        "value": bal.address,
    }
