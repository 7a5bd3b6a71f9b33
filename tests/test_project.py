"""The project keeps its own promises: direction of imports, documented settings, no dead template."""

import ast
import contextlib
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.contrib.staticfiles import finders
from packaging.requirements import Requirement

from directory.typography import quoted
from mailboxes import lifecycle
from mailboxes.views.menu import MENU
from tests.bench import page as bench_page
from tests.bench import programs
from tests.bench.row import Row
from tests.safety.routes import walk

ROOT = Path(__file__).parent.parent
MODULES = [
    path
    for app in ("balmanager", "directory", "mailboxes")
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts
]
KIT = ("_charts.html", "_empty.html", "_form.html", "_pagination.html")
TEMPLATES = sorted(path.relative_to(ROOT / "templates") for path in (ROOT / "templates").rglob("*.*"))


def list_files():
    """What git holds or would hold; outside a clone (in an archive) there is nothing to ask."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_imports_go_downwards():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def assigned_attributes(module):
    for node in ast.walk(ast.parse(module.read_text())):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            for part in getattr(target, "elts", [target]):
                if isinstance(part, ast.Attribute):
                    yield part.attr, node.lineno


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_actions_set_the_state(module):
    if module.is_relative_to(ROOT / "mailboxes" / "actions"):
        return
    assert [line for name, line in assigned_attributes(module) if name == "state"] == []


def test_no_import_inside_a_function():
    found = [
        f"{module.relative_to(ROOT)}:{inner.lineno}"
        for module in MODULES
        for function in ast.walk(ast.parse(module.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_no_two_public_classes_share_a_name():
    """In a trace or a search, `Line` or `Step` alone would not tell which one is meant; the demonstration is apart."""
    owners: dict[str, list[str]] = {}
    for module in MODULES:
        for node in ast.parse(module.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and "management" not in module.parts:
                owners.setdefault(node.name, []).append(str(module.relative_to(ROOT)))
    assert {name: places for name, places in owners.items() if len(places) > 1} == {}


# --- Sentences --------------------------------------------------------------------------------------------------------
def test_a_value_named_in_a_sentence_is_quoted_by_the_one_helper():
    ours = [path for app in ("balmanager", "directory", "mailboxes") for path in (ROOT / app).rglob("*.py")]
    assert [path.name for path in ours if "« {" in path.read_text() and "migrations" not in path.parts] == []
    assert [path.name for path in (ROOT / "templates").rglob("*.html") if "« {{" in path.read_text()] == []
    # `capitalize()` would write "Bal" and "Imap": sentences begin by `capfirst`.
    by_hand = re.compile(r"\.capitalize\(\)|\[(?:0|:1)\]\.upper\(\)")
    assert [path.name for path in ours if by_hand.search(path.read_text()) and "demo" not in path.parts] == []
    # `M` writes « 3 Jui 2027 », be it June or July; `N` « 3 juin 2027 », « 3 juil. 2027 ».
    short_month = re.compile(r'date:"[^"]*M')
    assert [path.name for path in (ROOT / "templates").rglob("*.html") if short_month.search(path.read_text())] == []
    assert quoted("x" * 200) == "«\u00a0" + "x" * 99 + "…\u00a0»"


# --- What the field sends ---------------------------------------------------------------------------------------------
def test_each_kind_of_input_of_the_field_names_a_test_that_stands():
    named = re.findall(r"^\| .+ \| .+ \| `(test_\w+)` \|$", (ROOT / "docs" / "field.md").read_text(), re.MULTILINE)
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 80
    assert [name for name in named if f"def {name}(" not in sources] == []


# --- Settings -----------------------------------------------------------------------------------------------------
def names_read():
    sources = [ROOT / "balmanager" / "settings.py", ROOT / "gunicorn.conf.py"]
    text = "".join(source.read_text() for source in sources)
    names = set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z_]+)["']""", text))
    return names | set(re.findall(r"""environ\.get\(["']([A-Z_]+)""", text))


def test_every_setting_read_is_documented_and_no_other():
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert names_read() == documented


def test_compose_names_only_settings_that_exist():
    environment = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]["environment"]
    assert {name.removesuffix("_FILE") for name in environment} <= names_read()


def test_the_example_of_settings_names_only_settings_that_exist():
    example = (ROOT / "deploy" / "bal.env.example").read_text()
    named = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert named
    assert named <= names_read()


# --- Containers, units --------------------------------------------------------------------------------------------
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = ("migrate", "web", "worker", "beat", "backup", "restore")


@pytest.mark.parametrize("name", OURS)
def test_a_container_gets_every_setting_and_may_write_in_its_volume_alone(name):
    service = COMPOSE["services"][name]
    assert service["env_file"] == "bal.env"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "SECRET_KEY" not in service["environment"]  # it comes as a file
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", [*OURS, "redis"])
def test_what_serves_does_not_know_the_password_of_the_owner_of_the_tables(name):
    service = COMPOSE["services"][name]
    is_owner = name in ("migrate", "restore")
    assert ("owner_password" in service.get("secrets", ())) == is_owner
    assert ("bal_owner" in service.get("environment", {}).get("DATABASE_URL", "")) == is_owner


UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_what_is_there(unit):
    commands = re.findall(r"^ExecStart=/srv/bal/app/\.venv/bin/(\S+)", unit.read_text(), re.MULTILINE)
    assert commands
    assert set(commands) <= {"python", "gunicorn", "celery"}
    if "Restart=always" in unit.read_text():
        assert "StartLimitIntervalSec=0" in unit.read_text()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_requires_no_other(unit):
    """What another unit fails once, or does again, must neither keep it from starting nor stop it."""
    assert re.findall(r"^(?:Requires|BindsTo|Requisite)=", unit.read_text(), re.MULTILINE) == []


def test_the_log_of_the_proxy_holds_no_token_and_no_address():
    shown = re.findall(r"^  ~(\^\S+) /\$opened/\*;", (ROOT / "deploy" / "nginx.conf").read_text(), re.MULTILINE)
    patterns = [re.compile(pattern.replace("(?<", "(?P<")) for pattern in shown]
    secret = [route.path for route in walk() if {"token", "key", "address"} & set(route.arguments)]
    paths = ["/" + re.sub(r"[(<].*?[>)]+", "x", path.replace("^", "")) for path in secret]
    assert len(paths) > 8
    assert [path for path in paths if not any(pattern.match(path) for pattern in patterns)] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_hardening_of_the_units_is_what_systemd_calls_ok(tmp_path):
    merged = (ROOT / "deploy/systemd/bal-web.service").read_text() + (
        ROOT / "deploy/systemd/hardening.conf"
    ).read_text()
    (tmp_path / "bal-web.service").write_text(merged)
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(tmp_path / "bal-web.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- Templates, static files --------------------------------------------------------------------------------------
def is_found_by_name(template):
    """allauth, Django's forms and Django's error pages look these up themselves."""
    own = ("account", "allauth", "mfa", "socialaccount", "django", "admin")
    # The notices have a name for each verb, the letters for each request, the kit for each piece: tests count them.
    named = {"notices", "letters", "kit"} & set(template.parts)
    return template.parts[0] in own or re.match(r"\d{3}", template.name) or named


def test_no_template_is_unused():
    sources = [path.read_text() for path in [*MODULES, *(ROOT / "templates").rglob("*.*")]]
    unused = [
        str(template)
        for template in TEMPLATES
        if not is_found_by_name(template)
        and not any(f'"{template}"' in text for text in sources)
        # the partials that pages may pick from
        and template.name not in KIT
    ]
    assert unused == []


def test_every_static_file_named_in_a_template_exists():
    named = {
        name
        for template in TEMPLATES
        for name in re.findall(r'{%\s*static "([^"]+)"', (ROOT / "templates" / template).read_text())
    }
    assert named
    assert sorted(name for name in named if not finders.find(name)) == []


def test_every_icon_named_in_a_template_is_in_the_sprite():
    sprite = (ROOT / "static" / "vendor" / "icons.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    pages = [page for entry in MENU for page in getattr(entry, "pages", (entry,))]
    named = {entry.icon for entry in [*MENU, *pages]}
    for template in TEMPLATES:
        text = (ROOT / "templates" / template).read_text()
        named |= set(re.findall(r'{% icon "([^"]+)"', text))
        named |= set(re.findall(r'"_empty.html" with[^%]*icon="([^"]+)"', text))
    assert sorted(named - drawn) == [], "add them to the icons of package.json, then make run"


@pytest.mark.parametrize("pattern", [r"<style", r"\sstyle=", r"<script(?![^>]*\ssrc=)", r"\son[a-z]+=", r"javascript:"])
def test_no_template_holds_what_the_content_policy_forbids(pattern):
    held = [str(t) for t in TEMPLATES if re.search(pattern, (ROOT / "templates" / t).read_text())]
    # Mail programs know no stylesheet of ours: the layout of mails alone has its styles in it.
    assert set(held) <= ({"mailboxes/notices/mail.html"} if "style=" in pattern else set())


def test_what_may_scroll_sideways_is_reached_by_keyboard_and_has_a_name():
    for template in sorted(ROOT.glob("templates/**/*.html")):
        for tag in re.findall(r'<[^>]*class="table-responsive[^>]*>', template.read_text()):
            assert 'tabindex="0"' in tag, template
            assert 'role="region"' in tag, template
            assert "aria-label" in tag, template


# --- Installing ---------------------------------------------------------------------------------------------------
def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {re.match(r"[\w-]+", line)[0] for line in wanted}
    locked = "\n".join((ROOT / "requirements" / f"{name}.txt").read_text() for name in ("runtime", "dev"))
    assert sorted(name for name in names if not re.search(rf"^{name}==", locked, re.MULTILINE)) == [], "make lock"


def test_both_locks_agree():
    def versions(name):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))

    runtime, dev = versions("runtime"), versions("dev")
    assert {name: dev.get(name) for name in runtime} == runtime
    image = versions("image")  # psycopg built there, for its wheel
    assert image["psycopg-c"] == runtime["psycopg-binary"]
    assert {name: runtime.get(name, image[name]) for name in image} == image


# --- What production has is what it asks for --------------------------------------------------------------------------
NAMED_ELSEWHERE = {"gunicorn"}  # by the command that serves


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def production_asks_for():
    """Our direct dependencies, each with its extras."""
    lines = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return {plain(asked.name): asked.extras for asked in map(Requirement, lines)}


def test_each_dependency_of_production_is_imported_by_it_or_named_in_its_settings():
    sources = [*MODULES, ROOT / "gunicorn.conf.py"]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source.read_text()))]
    used = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    used |= {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    used |= {name.split(".")[0] for name in (*settings.INSTALLED_APPS, *settings.MIDDLEWARE)}
    owners = {}
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            owners.setdefault(plain(distribution), set()).add(module)
    unused = {name for name in production_asks_for() if not owners[name] & used}
    assert unused == NAMED_ELSEWHERE


def test_nothing_is_locked_for_production_that_no_dependency_of_it_asks_for():
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / "runtime.txt").read_text(), re.MULTILINE))
    asked = {(name, extra) for name, extras in production_asks_for().items() for extra in ("", *extras)}
    wanted = set()
    while asked:
        name, extra = part = asked.pop()
        wanted.add(part)
        with contextlib.suppress(PackageNotFoundError):  # of another system or Python: it asks for nothing here
            for needed in map(Requirement, requires(name) or ()):
                of_extra = re.search(r'extra == "([^"]+)"', str(needed.marker or ""))
                if (of_extra[1] if of_extra else "") == extra:
                    asked |= {(plain(needed.name), more) for more in ("", *needed.extras)} - wanted
    assert {plain(name) for name in locked} - {name for name, _ in wanted} == set()


def test_nothing_names_a_package_registry():
    hosts = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "deb." + "debian.org"]
    hosts += ["registry." + "yarnpkg"]
    text_files = [path for path in list_files() if path.suffix not in (".png", ".zip", ".gz", ".xlsx", ".xls")]
    named = [str(path) for path in text_files if any(host.encode() in path.read_bytes() for host in hosts)]
    assert named == []


def test_no_large_file_is_kept():
    large = [str(path.relative_to(ROOT)) for path in list_files() if path.stat().st_size > 1_000_000]
    assert large == []


# --- Documents ----------------------------------------------------------------------------------------------------
def test_the_diagram_of_the_readme_is_the_lifecycle():
    between = re.search(r"<!-- lifecycle -->\n(.*?)\n<!-- /lifecycle -->", (ROOT / "README.md").read_text(), re.DOTALL)
    moves = [(before, line.after, line.verb) for line in lifecycle.TRANSITIONS for before in sorted(line.before)]
    drawn = [f"    {before} --> {after}: {verb}" for before, after, verb in moves]
    start = f"    [*] --> {lifecycle.State.REQUESTED}"
    assert between[1].split("\n") == ["```mermaid", "stateDiagram-v2", start, *drawn, "```"]


def test_the_readme_names_every_room():
    folders = {path.parent.name for path in (ROOT / "mailboxes").glob("*/__init__.py")} - {"migrations", "management"}
    layout = (ROOT / "README.md").read_text().partition("## How the code is laid out")[2].partition("\n## ")[0]
    assert folders - set(re.findall(r"\w+", layout)) == set()


# --- Benchmarks -------------------------------------------------------------------------------------------------------
def test_a_program_that_a_section_of_the_benchmarks_wants_is_named_before_it_begins(monkeypatch, tmp_path):
    there = {path.stem for path in (ROOT / "tests" / "bench").glob("*.py")}
    assert programs.OF.keys() <= there
    monkeypatch.setenv("PATH", str(tmp_path))
    programs.check(["row"])
    with pytest.raises(SystemExit, match="apt install wrk"):
        programs.check(["rest"])


def test_a_section_of_the_benchmarks_is_written_in_its_place_and_leaves_the_others():
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    titles = re.findall("^## (.*)$", page, re.MULTILINE)
    new = bench_page.section(titles[3], "2 cores", [Row("a page", 200, "ms CPU", limit=120)])
    after = bench_page.written(page, new, titles[:-1])
    assert re.findall("^## (.*)$", after, re.MULTILINE) == titles
    assert new in after
    former = f"## {titles[3]}" + page.partition(f"## {titles[3]}")[2].partition("\n## ")[0]
    assert bench_page.written(after, former, titles[:-1]) == page
