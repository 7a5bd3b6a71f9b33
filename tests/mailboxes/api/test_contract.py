"""What a client may depend on, line by line: what goes away asks for another major version, what comes for a minor one.

The failing test says which lines to add.
"""

import re

from django.conf import settings

from tests.mailboxes.api.conftest import document, operations

FOLDER = settings.BASE_DIR / "docs" / "api"
CONTRACT = FOLDER / "contract.txt"
VERSION = re.compile(r"^## (\d+)(?:\.(\d+))?$", re.MULTILINE)


def contract() -> set[str]:
    """Each address, parameter, answer, and field with its type."""
    lines = set()
    for path, method, said in operations():
        name = f"{method.upper()} {path}"
        lines.add(name)
        lines |= {f"{name} {one['in']} {one['name']}" for one in said.get("parameters", [])}
        lines |= {f"{name} answers {code}" for code in said["responses"]}
    for name, schema in document()["components"]["schemas"].items():
        lines |= {f"{name}.{one}: {type_of(facts)}" for one, facts in schema.get("properties", {}).items()}
        lines |= {f"{name} is {value!r}" for value in schema.get("enum", [])}
    return lines | {f"event {name}" for name in document()["webhooks"]}


def type_of(schema: dict) -> str:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if parts := next((schema[one] for one in ("allOf", "oneOf", "anyOf") if one in schema), None):
        return " or ".join(type_of(part) for part in parts)
    kinds = schema.get("type", "any")
    kind = " or ".join(kinds) if isinstance(kinds, list) else kinds
    return f"{kind} of {type_of(schema['items'])}" if "items" in schema else kind


def versions() -> list[tuple[int, int]]:
    found = VERSION.findall((FOLDER / "changelog.md").read_text())
    return [(int(major), int(minor or 0)) for major, minor in found]


def kept() -> tuple[tuple[int, int], set[str]]:
    first, *lines = CONTRACT.read_text().splitlines()
    major, _, minor = first.removeprefix("version ").partition(".")
    return (int(major), int(minor or 0)), set(lines)


def test_what_goes_away_asks_for_a_major_version_and_what_comes_for_a_minor_one():
    (version, lines), now = kept(), contract()
    latest = versions()[0]
    if gone := lines - now:
        assert latest[0] > version[0], f"A breaking change: bump the major version. Gone: {sorted(gone)}"
    assert latest == version, "docs/api/contract.txt is of another version than the changelog"
    assert lines == now, "New: add to docs/api/contract.txt, under a new minor version:\n" + "\n".join(
        sorted(now - lines)
    )


def test_the_document_bears_the_version_of_its_changelog():
    major, minor = versions()[0]
    assert document()["info"]["version"] == (f"{major}.{minor}" if minor else str(major))
    assert versions() == sorted(versions(), reverse=True)
