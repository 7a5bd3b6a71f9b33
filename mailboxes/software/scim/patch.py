"""PATCH of RFC 7644, 3.5.2: operations over a resource. Entra ID writes « Replace » and « "False" »; both are read."""

import re
from copy import deepcopy
from typing import Any

from directory.typography import quoted
from mailboxes.software.scim.users import ENTERPRISE, OURS, ScimError

SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST = 100  # operations
READ_ONLY = ("id", "meta")
# name, or name[attribute eq "value"], then .sub; before it, the schema of an extension.
PATH = re.compile(
    r"^(?:(?P<schema>urn:[^ ]+:User):)?(?P<name>[A-Za-z$][\w$-]*)"
    r"(?:\[(?P<filter>[A-Za-z]+) eq (?P<value>\"[^\"]*\"|true|false)\])?(?:\.(?P<sub>[A-Za-z]\w*))?$",
    re.IGNORECASE,
)
EXTENSIONS = {extension.lower(): extension for extension in (ENTERPRISE, OURS)}


def patched(resource: dict[str, Any], said: Any) -> dict[str, Any]:
    """The resource once these operations are done; all or none."""
    operations = _operations(said)
    former, resource = resource, deepcopy(resource)
    for operation in operations:
        op, path, value = operation["op"], operation.get("path"), operation.get("value")
        if path in (None, ""):
            _merge(resource, op, value)
        else:
            _apply(resource, op, str(path), value)
    for name in READ_ONLY:
        if resource.get(name) != former.get(name):
            raise ScimError(400, f"{name} ne se change pas : ôtez-le de vos opérations.", "mutability")
    return resource


def _operations(said: Any) -> list[dict]:
    said = {key.lower(): value for key, value in said.items()} if isinstance(said, dict) else {}
    rows = said.get("operations")
    if not isinstance(rows, list) or not rows or len(rows) > MOST:
        raise ScimError(400, f"Operations doit être une liste de 1 à {MOST} opérations.", "invalidSyntax")
    operations = []
    for row in rows:
        if not isinstance(row, dict):
            raise ScimError(400, "Chaque opération doit être un objet JSON.", "invalidSyntax")
        row = {key.lower(): value for key, value in row.items()}
        op = str(row.get("op", "")).lower()
        if op not in ("add", "replace", "remove"):
            raise ScimError(400, f"op doit être add, replace ou remove, au lieu de {quoted(op)}.", "invalidSyntax")
        if op == "remove" and not row.get("path"):
            raise ScimError(400, "Une opération remove doit dire son path : ce qui est à retirer.", "noTarget")
        operations.append({**row, "op": op})
    return operations


def _merge(resource: dict, op: str, value: Any) -> None:
    """Without a path, the value is a part of the resource; some write paths for its keys."""
    if not isinstance(value, dict):
        raise ScimError(400, "Sans path, value doit être un objet JSON.", "invalidValue")
    for name, part in value.items():
        if EXTENSIONS.get(name.lower()) and isinstance(part, dict):
            resource.setdefault(EXTENSIONS[name.lower()], {}).update(part)
        elif isinstance(part, dict) and isinstance(resource.get(name), dict):
            resource[name].update(part)
        else:
            _apply(resource, op, name, part)


def _apply(resource: dict, op: str, path: str, value: Any) -> None:
    if EXTENSIONS.get(path.lower()):
        _set(resource, EXTENSIONS[path.lower()], op, value)
        return
    found = PATH.match(path)
    if found is None:
        raise ScimError(
            400, f"Le path {quoted(path)} n’est pas lu ici : écrivez un attribut, comme name.familyName.", "invalidPath"
        )
    if schema := found["schema"]:
        target = resource.setdefault(EXTENSIONS.get(schema.lower(), schema), {}) if schema.lower() in EXTENSIONS \
            else resource  # fmt: skip
    else:
        target = resource
    name = _known(target, found["name"])
    if found["filter"]:
        _apply_filtered(target, name, found, op, value)
    elif found["sub"]:
        part = target.setdefault(name, {})
        if not isinstance(part, dict):
            raise ScimError(
                400,
                f'{name} est une liste : dites de quelle ligne par un filtre, comme emails[type eq "work"].value.',
                "invalidPath",
            )
        _set(part, _known(part, found["sub"]), op, value)
    else:
        _set(target, name, op, value)


def _apply_filtered(target: dict, name: str, found: re.Match, op: str, value: Any) -> None:
    """`emails[type eq "work"].value`: the rows that match; where none does, one that would."""
    rows = target.setdefault(name, [])
    if not isinstance(rows, list):
        raise ScimError(400, f"{name} n’est pas une liste : retirez le filtre entre crochets.", "invalidFilter")
    wanted: Any = found["value"].strip('"')
    wanted = {"true": True, "false": False}.get(wanted, wanted) if not found["value"].startswith('"') else wanted
    matching = [row for row in rows if isinstance(row, dict) and _is(row, found["filter"], wanted)]
    if op == "remove" and not found["sub"]:
        target[name] = [row for row in rows if row not in matching]
        return
    if not matching and op != "remove":
        matching = [{found["filter"]: wanted}]
        rows.extend(matching)
    for row in matching:
        if found["sub"]:
            _set(row, _known(row, found["sub"]), op, value)
        elif isinstance(value, dict):
            row.update(value)


def _is(row: dict, name: str, wanted: Any) -> bool:
    """As RFC 7643 has it: neither the names of attributes nor the types of addresses know capitals."""
    value = row.get(_known(row, name))
    return value == wanted or (isinstance(value, str) and value.lower() == str(wanted).lower())


def _set(target: dict, name: str, op: str, value: Any) -> None:
    if op == "remove":
        target.pop(name, None)
    elif op == "add" and isinstance(target.get(name), list) and isinstance(value, list):
        target[name] = [*target[name], *[one for one in value if one not in target[name]]]
    elif isinstance(target.get(name), dict) and isinstance(value, dict):
        target[name] = {**target[name], **value}
    else:
        target[name] = value


def _known(target: dict, name: str) -> str:
    """The attribute, as it is written there: the names of attributes are case-insensitive."""
    return next((one for one in target if one.lower() == name.lower()), name)
