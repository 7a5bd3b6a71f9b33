"""The OpenAPI document as the tools that write clients from it want it: whole numbers, names without accents, tags that
are declared, headers, and no sentence that was meant for us."""

from typing import Any

HEADERS = {
    "X-Request-Id": ("Le numéro de cet appel dans notre journal : à citer dans une question.", {"type": "string"}),
    "RateLimit-Policy": ("Ce qui est accordé : q demandes en w secondes.", {"type": "string"}),
    "RateLimit": ("Ce qui reste : r demandes, pendant t secondes.", {"type": "string"}),
}
ID = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}
# tag -> what it is about; one of them, all of them.
TAGS = {
    "annuaire": ("L’annuaire public tel que nous le connaissons.", "une ligne de l’annuaire", "l’annuaire"),
    "bals": ("Les BAL du registre.", "une BAL", "les BAL"),
    "check": ("Une adresse est-elle publiée, et à qui ?", "", ""),
    "delegations": ("Les accès délégués.", "une délégation", "les délégations"),
    "findings": ("Ce qui est à faire.", "", "ce qui est à faire"),
    "holders": ("Les titulaires et cotitulaires.", "un titulaire", "les titulaires"),
    "journal": ("Ce qui s’est passé.", "une ligne du journal", "le journal"),
    "operators": ("Les opérateurs MSSanté.", "un opérateur", "les opérateurs"),
    "people": ("Les personnes des structures.", "une personne", "les personnes"),
    "readings": ("Les relevés d’utilisation et d’espace.", "un relevé", "les relevés"),
    "requests": ("Les demandes aux opérateurs.", "une demande", "les demandes"),
    "resolve": ("Quelle adresse, pour qui, où ?", "", ""),
    "structures": ("Les structures.", "une structure", "les structures"),
    "sync_runs": (
        "Les synchronisations de l’annuaire.",
        "une synchronisation",
        "les synchronisations",
    ),
    "webhooks": ("Être prévenu au lieu de relire.", "un webhook", "les webhooks"),
}
SUMMARIES = {
    "resolve": "Trouver la meilleure adresse",
    "resolve_batch": "Trouver les meilleures adresses, 500 questions au plus",
    "check": "Vérifier une adresse",
    "check_posted": "Vérifier une adresse, sans l’écrire dans l’URL",
}


def for_generators(result, generator, request, public):
    """A hook of drf-spectacular, the last one."""
    for path in result["paths"].values():
        for operation in path.values():
            _complete(operation)
    _without_titles(result["components"]["schemas"])
    used = {tag for path in result["paths"].values() for operation in path.values() for tag in operation["tags"]}
    result["tags"] = [{"name": name, "description": TAGS[name][0]} for name in sorted(used)]
    result["components"]["headers"] = {
        name: {"description": said, "schema": schema} for name, (said, schema) in HEADERS.items()
    }
    for answer in result["components"]["responses"].values():
        answer["headers"] = _headers()
    return result


def _complete(operation: dict[str, Any]) -> None:
    for one in operation.get("parameters", []):
        one["schema"].pop("title", None)  # a generator would name a class after it
        if one["in"] == "path":
            one["schema"] = dict(ID)
    operation.setdefault("summary", _summary(operation))
    for answer in operation["responses"].values():
        if "$ref" not in answer:
            answer["headers"] = {**_headers(), **answer.get("headers", {})}


def _headers() -> dict[str, dict]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}


def _summary(operation: dict[str, Any]) -> str:
    name = operation["operationId"]
    if name in SUMMARIES:
        return SUMMARIES[name]
    _, one, every = TAGS[operation["tags"][0]]
    return f"Lire {one}" if name.endswith("_retrieve") else f"Lister {every}"


def _without_titles(schemas: Any) -> None:
    """A title in French is no name for a class: it becomes the description, where there is none."""
    if isinstance(schemas, list):
        for one in schemas:
            _without_titles(one)
    elif isinstance(schemas, dict):
        if isinstance(title := schemas.get("title"), str) and not isinstance(schemas.get("properties"), dict):
            del schemas["title"]
            if "$ref" not in schemas:
                schemas.setdefault("description", title)
        for name, one in schemas.items():
            if name not in ("example", "examples", "default"):
                _without_titles(one)
