"""What SCIM says of itself (RFC 7643, 5 to 7): the schemas of a User as it is read and written here, and no attribute
that is not."""

from typing import Any

from mailboxes.software.scim.users import CORE, ENTERPRISE, OURS

SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


def _attribute(name: str, said: str, **facts: Any) -> dict[str, Any]:
    """Of the characteristics that RFC 7643, 2.2 gives by default, those that differ."""
    return {
        "name": name,
        "type": "string",
        "multiValued": False,
        "description": said,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
        **facts,
    }


NAME = [
    _attribute("formatted", "Prénom et nom.", mutability="readOnly"),
    _attribute("familyName", "Nom. Celui du registre est corrigé par un gestionnaire.", required=True),
    _attribute("givenName", "Prénom. Celui du registre est corrigé par un gestionnaire.", required=True),
]
EMAIL = [
    _attribute("value", "L’adresse, proposée à la personne, qui la confirme."),
    _attribute("type", "work : une adresse est tenue.", canonicalValues=["work"]),
    _attribute("primary", "L’adresse retenue ; sinon la première.", type="boolean"),
]
OF_USER = [
    _attribute("userName", "Le nom de la personne dans l’annuaire.", required=True, uniqueness="server"),
    _attribute("name", "Son nom.", type="complex", subAttributes=NAME),
    _attribute("displayName", "Prénom et nom.", mutability="readOnly"),
    _attribute("title", "Profession."),
    _attribute("active", "Faux : un départ est proposé, aucun accès n’est retiré.", type="boolean"),
    _attribute("emails", "Une adresse est retenue.", type="complex", multiValued=True, subAttributes=EMAIL),
]
OF_ENTERPRISE = [
    _attribute("department", "Fonction dans la structure."),
    _attribute("organization", "FINESS ou SIRET de la structure ; lu à la création.", mutability="immutable"),
]
OF_OURS = [_attribute("rpps", "RPPS, 11 chiffres ; une fois inscrit, il ne change plus ici.")]
SCHEMAS = {
    CORE: ("User", "Une personne de l’établissement.", OF_USER),
    ENTERPRISE: ("EnterpriseUser", "Sa fonction, et sa structure.", OF_ENTERPRISE),
    OURS: ("SanteUser", "Son numéro.", OF_OURS),
}


def schema_told(schema: str, base: str) -> dict[str, Any]:
    """`base`: the address of all schemas."""
    name, said, attributes = SCHEMAS[schema]
    return {
        "schemas": [SCHEMA],
        "id": schema,
        "name": name,
        "description": said,
        "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": f"{base}/{schema}"},
    }


def user_type(base: str) -> dict[str, Any]:
    """`base`: the address of all types."""
    return {
        "schemas": [TYPE],
        "id": "User",
        "name": "User",
        "description": "Une personne de l’établissement.",
        "endpoint": "/Users",
        "schema": CORE,
        "schemaExtensions": [{"schema": schema, "required": False} for schema in (ENTERPRISE, OURS)],
        "meta": {"resourceType": "ResourceType", "location": f"{base}/User"},
    }
