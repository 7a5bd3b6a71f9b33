"""A User of RFC 7643, read and written: what of it is a person of the register.

| SCIM | here |
| `userName`, `externalId` | the directory's own names, kept as they are |
| `name.familyName`, `name.givenName` | of a person who is not known yet |
| `title`, enterprise `department` | profession, and function of the stay |
| `emails` (the primary, else the first) | contact details proposed to the person |
| enterprise `organization` | FINESS or SIRET of the structure, where the key opens several |
| our extension, `rpps` | the RPPS |
| `active` | false proposes a departure |
"""

from typing import Any, NamedTuple

from django.urls import reverse

from mailboxes.software.scim.models import ScimUser

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OURS = "urn:balmanager:params:scim:schemas:extension:sante:2.0:User"
LONGEST = 254


class ScimError(Exception):
    """A refusal of RFC 7644, 3.12."""

    def __init__(self, status: int, detail: str, scim_type: str = ""):
        self.status, self.detail, self.scim_type = status, detail, scim_type
        super().__init__(detail)


class UserFacts(NamedTuple):
    user_name: str
    external_id: str = ""
    family_name: str = ""
    given_name: str = ""
    email: str = ""
    title: str = ""
    department: str = ""
    organization: str = ""
    rpps: str = ""
    active: bool = True


def read_user(said: Any) -> UserFacts:
    """The facts of a resource; an attribute of the standard that is of no use here is passed over, as RFC 7644, 3.3
    lets a provider do."""
    if not isinstance(said, dict):
        raise ScimError(400, "Le corps doit être un objet JSON : une ressource User.", "invalidSyntax")
    said = {key.lower(): value for key, value in said.items()}  # attribute names are case-insensitive
    name, enterprise, ours = _part(said, "name"), _part(said, ENTERPRISE.lower()), _part(said, OURS.lower())
    facts = UserFacts(
        user_name=_text(said, "userName"),
        external_id=_text(said, "externalId"),
        family_name=_text(name, "familyName"),
        given_name=_text(name, "givenName"),
        email=_email(said.get("emails")),
        title=_text(said, "title"),
        department=_text(enterprise, "department"),
        organization=_text(enterprise, "organization"),
        rpps=_text(ours, "rpps"),
        active=as_bool(said.get("active", True), "active"),
    )
    if not facts.user_name:
        raise ScimError(400, "userName manque : donnez le nom de la personne dans votre annuaire.", "invalidValue")
    return facts


def _part(said: dict, name: str) -> dict:
    part = said.get(name) or {}
    if not isinstance(part, dict):
        raise ScimError(400, f"{name} doit être un objet JSON.", "invalidSyntax")
    return {key.lower(): value for key, value in part.items()}


def _text(said: dict, name: str) -> str:
    value = said.get(name.lower())
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ScimError(400, f"{name} doit être un texte.", "invalidValue")
    if len(value) > LONGEST:
        raise ScimError(400, f"{name} a {len(value)} caractères : {LONGEST} au plus.", "invalidValue")
    return " ".join(value.split())


def as_bool(value: Any, name: str) -> bool:
    """Entra ID writes « "False" »."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ScimError(400, f"{name} doit être true ou false.", "invalidValue")


def _email(said: Any) -> str:
    """The primary address, else the first."""
    if not isinstance(said, list | None):
        raise ScimError(400, "emails doit être une liste d’objets JSON, chacun avec son value.", "invalidValue")
    rows = [row for row in said or [] if isinstance(row, dict) and row.get("value")]
    chosen = next((row for row in rows if row.get("primary") in (True, "true", "True")), rows[0] if rows else {})
    return _text({"value": chosen.get("value")}, "value")


def shown(row: ScimUser, base: str) -> dict[str, Any]:
    """The resource as it is answered; `base` is the address of this service."""
    given, family = row.given_name, row.family_name
    resource: dict[str, Any] = {
        "schemas": [CORE, ENTERPRISE, OURS],
        "id": str(row.pk),
        "userName": row.user_name,
        "name": {"familyName": family, "givenName": given, "formatted": f"{given} {family}".strip()},
        "displayName": f"{given} {family}".strip(),
        "active": row.active,
        "meta": {
            "resourceType": "User",
            "created": row.created_at.isoformat(),
            "lastModified": row.changed_at.isoformat(),
            "location": f"{base}{reverse('scim-user', args=[row.pk])}",
        },
        ENTERPRISE: {"department": row.department, "organization": row.structure.finess or row.structure.siret},
        OURS: {"rpps": row.stay.person.rpps or ""},
    }
    if row.external_id:
        resource["externalId"] = row.external_id
    if row.title:
        resource["title"] = row.title
    if row.email:
        resource["emails"] = [{"value": row.email, "type": "work", "primary": True}]
    for extension in (ENTERPRISE, OURS):
        resource[extension] = {name: value for name, value in resource[extension].items() if value}
    return resource


def chosen(resource: dict[str, Any], attributes: str, excluded: str) -> dict[str, Any]:
    """The attributes asked for, or all but those excluded; `schemas` and `id` always. A part of one brings it whole."""
    wanted, unwanted = _tops(attributes), _tops(excluded)
    if not wanted and not unwanted:
        return resource
    return {
        name: value
        for name, value in resource.items()
        if name in ("schemas", "id") or (name.lower() in wanted if wanted else name.lower() not in unwanted)
    }


def _tops(said: str) -> set[str]:
    """Of each name, the attribute that stands in the resource itself: of `name.familyName`, `name`."""
    tops = set()
    for name in filter(None, (one.strip().lower() for one in said.split(","))):
        extension = next((one for one in (ENTERPRISE.lower(), OURS.lower()) if name.startswith(one)), None)
        tops.add(extension or name.removeprefix(f"{CORE.lower()}:").partition(".")[0])
    return tops
