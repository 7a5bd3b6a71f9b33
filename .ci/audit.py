"""Are advisories published against a version we lock? Asks OSV (https://osv.dev), or the mirror that OSV_URL names.

Found ones fail the check, those of pyproject.toml ([tool.audit] ignore = {"GHSA-…" = "why"}) aside. Where no base is
reached nothing was audited: it is said in capitals, and does not fail, for a machine without a network checks the rest.
"""

import json
import os
import re
import sys
import tomllib
import urllib.request
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).parent.parent
URL = os.environ.get("OSV_URL", "https://api.osv.dev/v1/querybatch")
SECONDS = 15
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


def locked() -> list[tuple[str, str, str]]:
    """(ecosystem, name, version) of all that is locked, what only developers install included."""
    found = {("PyPI", *pin) for file in (ROOT / "requirements").glob("*.txt") for pin in PIN.findall(file.read_text())}
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for place, facts in packages.items():
        if place and "version" in facts:
            found.add(("npm", facts.get("name") or place.rpartition("node_modules/")[2], facts["version"]))
    return sorted(found)


def advisories(parts: list[tuple[str, str, str]]) -> dict[tuple[str, str, str], list[str]]:
    queries = [{"package": {"ecosystem": kind, "name": name}, "version": version} for kind, name, version in parts]
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(URL, body, {"Content-Type": "application/json"})  # noqa: S310 - ours, or a mirror
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        results = json.load(answer)["results"]
    told = zip(parts, results, strict=True)
    return {part: [one["id"] for one in said["vulns"]] for part, said in told if said.get("vulns")}


def main() -> int:
    parts = locked()
    ignored = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"].get("audit", {}).get("ignore", {})
    try:
        found = advisories(parts)
    except (URLError, OSError, ValueError, KeyError) as error:
        bar = "#" * 88
        print(f"{bar}\n### DEPENDENCIES NOT AUDITED: no advisory base answered ({type(error).__name__}: {error})")
        print(f"### {len(parts)} locked versions are unchecked. Run `make audit` where there is a network.\n{bar}")
        return 0
    news = [(part, name) for part, names in found.items() for name in names if name not in ignored]
    for (kind, name, version), advisory in news:
        print(f"{kind} {name} {version}: {advisory} (https://osv.dev/vulnerability/{advisory})")
    print(f"Dependencies audited: {len(parts)} locked versions, {len(news)} advisories, {len(ignored)} ignored.")
    return bool(news)


if __name__ == "__main__":
    sys.exit(main())
