"""All settings, each read from the environment (or `.env`); docs/settings.md lists them.

A value that does not parse stops the start with its name; no secret has a default.
"""

import re
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from kombu import Queue

from balmanager.env import EXPECTED_FILE, Env, wrong
from balmanager.logs import for_sentry

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
ENV_FILE = Path(env.file("ENV_FILE") or BASE_DIR / ".env")
if ENV_FILE.exists():
    env.read_file(ENV_FILE)

# --- Where we run -----------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # former keys: what they signed still holds
for name, keys in () if DEBUG else (("SECRET_KEY", [SECRET_KEY]), ("SECRET_KEY_FALLBACKS", SECRET_KEY_FALLBACKS)):
    for key in keys:
        if len(key) < 50 or len(set(key)) < 10 or key.startswith("django-insecure-"):
            raise wrong(name, what="is too weak")
SITE_URL = env.web("SITE_URL", default=f"http://localhost:{env.port('PORT', default=8000)}").rstrip("/")
if urlsplit(SITE_URL).path or urlsplit(SITE_URL).query:
    raise wrong("SITE_URL")
IS_LOCAL = urlsplit(SITE_URL).hostname in ("localhost", "127.0.0.1", "::1")  # of this machine alone: a demonstration
_own_name = re.sub(r":\d+$", "", urlsplit(SITE_URL).netloc)
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", _own_name])
if "*" in ALLOWED_HOSTS and not DEBUG:
    raise wrong("ALLOWED_HOSTS", what="answers to any name")
HTTPS = env.bool("HTTPS", default=SITE_URL.startswith("https://"))
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

ROOT_URLCONF = "balmanager.urls"
WSGI_APPLICATION = "balmanager.wsgi.application"
ASGI_APPLICATION = "balmanager.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "balmanager.operations",
    "mailboxes",
    "directory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "balmanager.accounts",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "balmanager.operations.metrics.CountRequests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "balmanager.answers.ForSoftware",
    "balmanager.privacy.NothingKept",
    "balmanager.privacy.UsualPolicy",
    "directory.memory.per_request",
    "mailboxes.models.memory.per_request",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "balmanager.answers.KeepsTheBody",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "balmanager.accounts.sessions.SessionLasts",
    "django.contrib.messages.middleware.MessageMiddleware",
    "balmanager.accounts.middleware.SecondFactor",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["balmanager.typesetting.TypesettingLoader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "builtins": [
                "directory.templatetags.drawings",
                "directory.templatetags.french",
                "directory.templatetags.tables",
            ],
            "libraries": {"equipment": "mailboxes.views.equipment"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mailboxes.views.frame.frame",
                "balmanager.appearance.colours",
            ],
        },
    },
]
FORM_RENDERER = "balmanager.form_renderer.FormRenderer"

# --- Data -------------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'bal.sqlite3'}")}
if password := env("DATABASE_PASSWORD", default=""):  # not percent-encoded: as it is
    DATABASES["default"]["PASSWORD"] = password
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a transaction that will write takes its lock first, so that two writers wait instead of failing.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-48000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Compiling the plan of a page of many counts takes PostgreSQL half a minute, and saves it nothing. With 4 MB, its
    # own default, what joins the BAL of a hospital group to the annuaire would go by way of the disk.
    # A server that does not answer must not hold a page for minutes. DATABASE_URL may say otherwise.
    DATABASES["default"]["OPTIONS"] = {
        "options": "-c jit=off -c work_mem=16MB",
        "connect_timeout": 5,
        "prepare_threshold": 2,  # directory.prepared
        **DATABASES["default"].get("OPTIONS", {}),
    }

# That PostgreSQL may spend on one question of a page; 0: no limit.
PAGE_SECONDS = env.between("PAGE_SECONDS", 0, 24 * 3600, default=30)

RUNTIME_ROLE = env("RUNTIME_ROLE", default="")  # PostgreSQL's role that serves, where it does not own the tables

# --- Who logs in ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["balmanager.accounts.backend.AccountBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "balmanager.accounts.passwords.CommonWordsValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600  # seconds
# Django's own: allauth's copies the address into a table of its own, where it would outlive a change.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_ADAPTER = "balmanager.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is confirmed before it is an account's: see accounts.actions
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Of log-ins, the wrong ones alone are few: a whole hospital may come from one address. See accounts.throttle.
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "5/5m/key", "reset_password": "60/m/ip,5/m/key"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
ACCOUNT_SESSION_REMEMBER = False  # the session ends with the browser, or when idle for
SESSION_COOKIE_AGE = env.between("SESSION_SECONDS", 60, 10**7, default=2 * 3600)
SESSION_IDLE = timedelta(seconds=SESSION_COOKIE_AGE)
SESSION_LASTS = timedelta(seconds=env.between("SESSION_MAX_SECONDS", 60, 10**7, default=12 * 3600))  # however busy
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", default=not IS_LOCAL)  # of gestionnaires, administrators
MFA_ADAPTER = "balmanager.accounts.factors.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
ACCOUNT_FORMS = {
    "login": "balmanager.accounts.forms.LogInForm",
    "reset_password": "balmanager.accounts.forms.ForgottenPasswordForm",
    "reset_password_from_key": "balmanager.accounts.forms.NewPasswordForm",
    "change_password": "balmanager.accounts.forms.OtherPasswordForm",
    "reauthenticate": "balmanager.accounts.forms.PasswordAgainForm",
}
MFA_FORMS = {
    "authenticate": "balmanager.accounts.forms.CodeForm",
    "reauthenticate": "balmanager.accounts.forms.CodeAgainForm",
    "activate_totp": "balmanager.accounts.forms.FirstCodeForm",
    "add_webauthn": "balmanager.accounts.forms.AddPasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "BAL Manager"
MFA_TOTP_TOLERANCE = 1  # a code of the half-minute before or after still does
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers themselves allow passkeys over http on localhost alone
ADDRESS_LINK_VALID = timedelta(hours=24)
INVITATION_VALID = env.days("INVITATION_VALID_DAYS", default=7)
BROWSER_KNOWN = env.days("BROWSER_KNOWN_DAYS", default=180)
ACCOUNT_LOG_KEPT = env.days("ACCOUNT_LOG_KEPT_DAYS", default=365)

# Identity providers (OpenID Connect): Pro Santé Connect, and the hospital's own.
SOCIALACCOUNT_ADAPTER = "balmanager.accounts.identities.IdentityAccountAdapter"
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_LOGIN_ON_GET = True  # state and nonce bind the answer to who asked
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10  # seconds
SOCIALACCOUNT_UID_MAX_LENGTH = 191


def _whole(provider: dict) -> dict:
    """A provider whose address is given must have the rest too; one without is not there."""
    options = provider["settings"]
    if not options["server_url"]:
        return {}
    start, (certificate, key) = "PSC" if provider["provider_id"] == "psc" else "OIDC", options["certificate"]
    if not provider["client_id"] or not provider["secret"]:
        end = "SECRET" if provider["client_id"] else "ID"
        raise wrong(f"{start}_CLIENT_{end}", what="is missing", expected="what the provider gave, such as bal-manager")
    if bool(certificate) != bool(key):
        raise wrong(f"{start}_CLIENT_{'KEY' if certificate else 'CERT'}", what="is missing", expected=EXPECTED_FILE)
    options["certificate"] = options["certificate"] if certificate else None
    address = urlsplit(options["server_url"])
    return provider | {"settings": options | {"servers": [f"{address.scheme}://{address.netloc}/"]}}


_psc = _whole({
    "provider_id": "psc",
    "name": "Pro Santé Connect",
    "client_id": env("PSC_CLIENT_ID", default=""),
    "secret": env("PSC_CLIENT_SECRET", default=""),
    "settings": {
        "server_url": env.web("PSC_DISCOVERY_URL"),
        "scope": env("PSC_SCOPE", default="openid scope_all").split(),
        "uid_claim": "SubjectNameID",  # not "sub", which may change
        "rpps_claim": "SubjectNameID",
        "acr_values": env("PSC_ACR_VALUES", default="eidas1"),
        "strong": True,  # a card, or its electronic twin
        "certificate": (env.file("PSC_CLIENT_CERT"), env.file("PSC_CLIENT_KEY")),
        "authorities": env.file("PSC_CA_FILE"),
    },
})  # fmt: skip
_own = _whole({
    "provider_id": "sso",
    "name": env("OIDC_NAME", default="le compte de l’établissement"),
    "client_id": env("OIDC_CLIENT_ID", default=""),
    "secret": env("OIDC_CLIENT_SECRET", default=""),
    "settings": {
        "server_url": env.web("OIDC_DISCOVERY_URL"),
        "scope": env("OIDC_SCOPE", default="openid profile email").split(),
        "uid_claim": env("OIDC_UID_CLAIM", default="sub"),
        "rpps_claim": env("OIDC_RPPS_CLAIM", default=""),
        "acr_values": env("OIDC_ACR_VALUES", default=""),
        "strong": env.bool("OIDC_STRONG", default=False),
        "certificate": (env.file("OIDC_CLIENT_CERT"), env.file("OIDC_CLIENT_KEY")),
        "authorities": env.file("OIDC_CA_FILE"),
    },
})  # fmt: skip
IDENTITY_PROVIDERS = [provider for provider in (_psc, _own) if provider]
STRONG_PROVIDERS = [provider["provider_id"] for provider in IDENTITY_PROVIDERS if provider["settings"]["strong"]]
SOCIALACCOUNT_PROVIDERS = {"oidc": {"APPS": IDENTITY_PROVIDERS}}

# --- What the browser may do ------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [SITE_URL]  # a proxy may leave its port out of the name that it passes on
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)
# Sub-domains and preload lists are the host's to decide, not one application's.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many proxies of ours add to X-Forwarded-For: the client's address is the one that the first of them saw.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=1 if BEHIND_PROXY else 0)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from this machine, without TLS
METRICS_TOKEN = env("METRICS_TOKEN", default="")

STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Where they are collected once for all: an installation that collects at each start would do it all anew.
WHITENOISE_KEEP_ONLY_HASHED_FILES = env.bool("STATIC_HASHED_ONLY", default=False)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if not env.bool("STATIC_MANIFEST", default=not DEBUG)
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = VAR_DIR / "files"

# --- Language ---------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "français")]
TIME_ZONE = "Europe/Paris"
USE_TZ = True

# --- Mail -------------------------------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default=f"filemail:///{VAR_DIR / 'mails'}"))
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", default="BAL Manager <bal-manager@localhost>")
EMAIL_TIMEOUT = env.between("EMAIL_TIMEOUT", 1, 600, default=20)  # seconds
# The trusted space takes no mail from outside: an operator's own server, with a BAL of ours to send from.
_mssante = env.email_url("MSSANTE_EMAIL_URL") if env("MSSANTE_EMAIL_URL", default="") else {}
MSSANTE_MAIL = {name: _mssante.get(f"EMAIL_{key}") for name, key in {
    "backend": "BACKEND", "host": "HOST", "port": "PORT", "username": "HOST_USER", "password": "HOST_PASSWORD",
    "use_tls": "USE_TLS", "use_ssl": "USE_SSL", "file_path": "FILE_PATH",
}.items() if _mssante.get(f"EMAIL_{key}")}  # fmt: skip
MSSANTE_FROM_EMAIL = env.sender("MSSANTE_FROM_EMAIL", default="")
if MSSANTE_MAIL and not MSSANTE_FROM_EMAIL:
    raise wrong("MSSANTE_FROM_EMAIL", what="is missing")
SERVICE_EMAIL = env.list("SERVICE_EMAIL", default=[])  # of those who run it: what it finds amiss is mailed there
if not all("@" in address for address in SERVICE_EMAIL):
    raise wrong("SERVICE_EMAIL")
# Who answers for the service before the law: the declaration of accessibility names them, and where their plan is read.
ACCESSIBILITY_ORGANISME = env("ACCESSIBILITY_ORGANISME", default="").strip()
ACCESSIBILITY_PLAN_URL = env.web("ACCESSIBILITY_PLAN_URL")
MESSAGE_ID_DOMAIN = urlsplit(SITE_URL).hostname

# --- Jobs -------------------------------------------------------------------------------------------------------------
REDIS_URL = env.web("REDIS_URL", ("redis", "rediss", "unix"))
if REDIS_URL:
    # Shared by all web processes, so that a key's rate is counted once. Without it, there is but one process.
    CACHES = {"default": {"BACKEND": "balmanager.degraded.RedisOrLocalCache", "LOCATION": REDIS_URL}}
    CELERY_BROKER_URL = REDIS_URL
    # A task whose worker died is given again after this; jobs are idempotent.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict = {
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "queue_order_strategy": "priority",
    }
else:
    CELERY_BROKER_URL = "sqlitequeue://localhost"  # balmanager.broker
    CELERY_BROKER_TRANSPORT_OPTIONS = {"path": str(VAR_DIR / "queue.sqlite3")}
CELERY_TASK_ALWAYS_EAGER = CELERY_TASK_EAGER_PROPAGATES = env.bool("CELERY_EAGER", default=False)
CELERY_TASK_IGNORE_RESULT = True
# Asked in this order: what somebody waits for goes before what the schedule sends and the reading of the annuaire.
BACKGROUND = "background"
CELERY_TASK_QUEUES = [Queue("celery"), Queue(BACKGROUND)]
CELERY_TASK_ROUTES = {"directory.tasks.*": {"queue": BACKGROUND}}
# Broker down: the act stands, the row waits, `tell_again` takes it up. Tried twice at once: a connection may be stale.
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 3600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_DB_REUSE_MAX = 1000  # tasks on one connection: a new one costs more than most of them
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "balmanager.schedule:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict] = {
    #  what runs                                              when
    str(name): {"task": task, "schedule": when, "args": args}
    for name, task, when, *args in [
        ("sync_annuaire",     "directory.tasks.sync_annuaire",     crontab(hour=5, minute=10)),
        ("sync_annuaire_again", "directory.tasks.sync_if_due",     crontab(minute=30, hour="7-22/3"), "extraction"),
        ("sync_whitelist",    "directory.tasks.sync_annuaire",     crontab(hour=5, minute=0), "whitelist"),
        ("sync_whitelist_again", "directory.tasks.sync_if_due",    crontab(minute=20, hour="7-22/3"), "whitelist"),
        ("sync_activities",   "directory.tasks.sync_annuaire",     crontab(0, hour=2, day_of_week=0), "activities"),
        ("sync_activities_again", "directory.tasks.sync_if_due",   crontab(minute=50, hour="7-22/3"), "activities"),
        ("sync_fhir",         "directory.tasks.sync_if_due",       crontab(minute="*/30"), "fhir"),
        ("sync_ldap",         "directory.tasks.sync_if_due",       crontab(minute=40), "ldap"),
        ("read_establishment", "mailboxes.imports.establishment.read_establishment", crontab(hour=4, minute=20)),
        ("take_up_uploads",   "directory.tasks.take_up_uploads",   timedelta(minutes=5)),
        ("tell_troubles",     "balmanager.operations.tasks.tell_troubles", timedelta(minutes=5)),
        ("purge_account_log", "balmanager.accounts.tasks.purge_account_log", crontab(hour=3, minute=40)),
    ]
}  # fmt: skip

# --- The annuaire -----------------------------------------------------------------------------------------------------
_OPEN_DATA = "https://www.data.gouv.fr/api/1/datasets/r"
_WHITELIST = "https://espacedeconfiance.mssante.fr/listeblanchemssante.xml"


def _published(url: str) -> str:
    """The address where the file is published; none for a demonstration, whose invented annuaire the real one would
    replace."""
    return "" if (VAR_DIR / "demo.txt").exists() else url


ANNUAIRE_CA_FILE = env.file("ANNUAIRE_CA_FILE")
DIRECTORY_SOURCES: dict[str, dict] = {
    "extraction": {
        "SOURCE": "directory.sources.extraction.Extraction",
        "OPTIONS": {
            "url": env.source("ANNUAIRE_URL", _published(f"{_OPEN_DATA}/afe01105-d9a1-41fe-921f-e40ea48b2ba6")),
            "ca_file": ANNUAIRE_CA_FILE,
        },
        "PUBLIC": True,  # what is in it is published
    },
    "activities": {
        "SOURCE": "directory.sources.activities.Activities",
        "OPTIONS": {
            "url": env.source("ACTIVITIES_URL", _published(f"{_OPEN_DATA}/fffda7e9-0ea2-4c35-bba0-4496f3af935d")),
            "ca_file": ANNUAIRE_CA_FILE,
            # The annuaire knows nothing of the register: it is told where to ask whose people are ours.
            "managed": "mailboxes.models.managed_identifiers",
        },
        "STALE_AFTER": env.days("ACTIVITIES_STALE_AFTER_DAYS", default=14),
        "EVERY": timedelta(days=6, hours=12),
    },
    "whitelist": {
        "SOURCE": "directory.sources.whitelist.WhiteList",
        "OPTIONS": {
            "url": env.source("WHITELIST_URL", _published(_WHITELIST)),
            "ca_file": ANNUAIRE_CA_FILE,
        },
    },
    "fhir": {
        "SOURCE": "directory.sources.fhir.Fhir",
        "OPTIONS": {
            "url": env.web("FHIR_URL", default="https://gateway.api.esante.gouv.fr/fhir/v2"),
            "key": env("ESANTE_API_KEY", default=""),
            "ca_file": ANNUAIRE_CA_FILE,
        },
        "PUBLIC": True,
        "RANKS": True,  # it tells which mailbox its holder prefers
    },
    "ldap": {
        "SOURCE": "directory.sources.ldap.Ldap",
        "OPTIONS": {
            "url": env.web("LDAP_URL", ("ldap", "ldaps")),
            "ca_file": env.file("LDAP_CA_FILE"),
            "user": env("LDAP_USER", default=""),
            "password": env("LDAP_PASSWORD", default=""),
            "base": env("LDAP_BASE", default="dc=mssante,dc=fr"),
            "filter": env("LDAP_FILTER", default="(mail=*)"),
            "attributes": env.dict("LDAP_ATTRIBUTES", default={}),
        },
        "PUBLIC": False,  # an operator's own directory does not prove that the public one shows an address
    },
}
# The establishment's own directory (LDAP or Active Directory), of its people.
PEOPLE_LDAP: dict = {
    "url": env.web("PEOPLE_LDAP_URL", ("ldap", "ldaps")),
    "ca_file": env.file("PEOPLE_LDAP_CA_FILE"),
    "user": env("PEOPLE_LDAP_USER", default=""),
    "password": env("PEOPLE_LDAP_PASSWORD", default=""),
    "base": env("PEOPLE_LDAP_BASE", default=""),
    "filter": env("PEOPLE_LDAP_FILTER", default="(&(objectClass=person)(sn=*)(givenName=*))"),
}
for name, ldap in ("LDAP", DIRECTORY_SOURCES["ldap"]["OPTIONS"]), ("PEOPLE_LDAP", PEOPLE_LDAP):
    if ldap["user"] and not ldap["password"]:  # a bind without one is that of nobody, and many servers take it
        raise wrong(f"{name}_PASSWORD", what="is missing", expected="that of the account, such as UnMotDePasse")
PEOPLE_LDAP_ATTRIBUTES = env.dict("PEOPLE_LDAP_ATTRIBUTES", default={})
# Names of groups and the services that they stand for: "cn=cardio" or "cardio".
PEOPLE_LDAP_GROUPS = env.dict("PEOPLE_LDAP_GROUPS", default={})
PEOPLE_LDAP_STRUCTURE = env("PEOPLE_LDAP_STRUCTURE", default="")  # the FINESS or SIRET of where they stay
if PEOPLE_LDAP["url"] and not PEOPLE_LDAP_STRUCTURE:
    raise wrong("PEOPLE_LDAP_STRUCTURE", what="is missing", expected="its FINESS or SIRET, such as 130786049")
# Of what two sources say, the first one's word is shown; a source left out is not looked at any more.
DIRECTORY_ORDER = env.list("DIRECTORY_ORDER", default=["extraction", "fhir", "ldap"])
# As `managed`: where to ask whether an address that is checked is a second one of a mailbox of ours.
DIRECTORY_ALIASES = "mailboxes.models.aliases.alias_told"
if not set(DIRECTORY_ORDER) <= set(DIRECTORY_SOURCES) or len(set(DIRECTORY_ORDER)) < len(DIRECTORY_ORDER):
    raise wrong(
        "DIRECTORY_ORDER", expected=f"each once, sources among {','.join(DIRECTORY_SOURCES)}, such as extraction,fhir"
    )
ANNUAIRE_MAX_WITHDRAWN = env.float("ANNUAIRE_MAX_WITHDRAWN", default=0.10)
if not 0 <= ANNUAIRE_MAX_WITHDRAWN <= 1:
    raise wrong("ANNUAIRE_MAX_WITHDRAWN")
ANNUAIRE_STALE_AFTER = env.days("ANNUAIRE_STALE_AFTER_DAYS", default=3)

# --- The life of a BAL ------------------------------------------------------------------------------------------------
# The administrator's choices of what follows, on the page of thresholds: read again so often. 0: at the start alone.
CHOSEN_FRESH_SECONDS = env.int("CHOSEN_FRESH_SECONDS", default=10)
QUOTA_THRESHOLDS = env.numbers("QUOTA_THRESHOLDS", [80, 90, 95], most=100)  # percent, rising
QUOTA_HYSTERESIS = env.between("QUOTA_HYSTERESIS", 0, 100, default=5)  # points below a threshold that clear its warning
READING_FRESH_DAYS = env.days("READING_FRESH_DAYS", default=35).days  # an older reading concludes no idleness
IDLE_REMINDERS = env.numbers("IDLE_REMINDERS_DAYS", [30, 7], most=365, falling=True)  # before the end
IDLE_ESCALATE_BEFORE = env.days("IDLE_ESCALATE_BEFORE_DAYS", default=7)
IDLE_UNREACHED_AFTER = env.days("IDLE_UNREACHED_AFTER_DAYS", default=3)
USE_QUESTION_AFTER = env.days("USE_QUESTION_AFTER_DAYS", default=30)
CLEANUP_IDLE_MONTHS = env.between("CLEANUP_IDLE_MONTHS", 1, 120, default=6)  # used since: not asked whether it serves
CAMPAIGN_REMIND_AFTER = env.days("CAMPAIGN_REMIND_AFTER_DAYS", default=14)
REFUSAL_SHOWN = env.days("REFUSAL_SHOWN_DAYS", default=60)
APP_SILENT_AFTER = env.days("APP_SILENT_AFTER_DAYS", default=30)
UNIDENTIFIED_REMIND_AFTER = env.days("UNIDENTIFIED_REMIND_AFTER_DAYS", default=14)
UNIDENTIFIED_CYCLE = env.days("UNIDENTIFIED_CYCLE_DAYS", default=365)
ANSWER_LINK_VALID = env.days("ANSWER_LINK_VALID_DAYS", default=30)
CONTACT_DELAY = env.days("CONTACT_DELAY_DAYS", default=7, least=0)
JOINING_VALID = env.days("JOINING_VALID_DAYS", default=30)
ARRIVAL_PREPARED_BEFORE = env.days("ARRIVAL_PREPARED_BEFORE_DAYS", default=14)
ENGAGEMENT_REMINDERS = env.numbers("ENGAGEMENT_REMINDERS_DAYS", [60, 30, 7], most=365, falling=True)  # before the day
MOVEMENT_REMIND_EVERY = env.days("MOVEMENT_REMIND_EVERY_DAYS", default=7)
REQUEST_ESCALATE_AFTER = env.days("REQUEST_ESCALATE_AFTER_DAYS", default=7)
DELETION_WAIT = env.days("DELETION_WAIT_DAYS", default=30, least=0)
SEALS_FILE = env("SEALS_FILE", default="")
NOTICE_LEASE = timedelta(minutes=env.between("NOTICE_LEASE_MINUTES", 0, 24 * 60, default=10))
ACCESS_TRACES_KEPT = env.days("ACCESS_TRACES_KEPT_DAYS", default=365)
ADMIN_LOG_KEPT = env.days("ADMIN_LOG_KEPT_DAYS", default=365)
PEOPLE_KEPT = env.days("PEOPLE_KEPT_DAYS", default=5 * 365)  # after they left every structure
RECORD_KEPT = env.days("RECORD_KEPT_DAYS", default=10 * 365, least=0)  # 0: for good
DRAFTS_KEPT = env.days("DRAFTS_KEPT_DAYS", default=90)
READINGS_KEPT = env.days("READINGS_KEPT_DAYS", default=3 * 365)
IMPORTS_KEPT = env.days("IMPORTS_KEPT_DAYS", default=180)
IMPORT_MAX_MB = env.between("IMPORT_MAX_MB", 1, 10_000, default=100)
OPERATORS_CA_FILE = env.file("OPERATORS_CA_FILE")  # who signed the certificates of the operators' mail servers
MAILBOX_READ_EVERY = timedelta(hours=env.between("MAILBOX_READ_EVERY_HOURS", 1, 365 * 24, default=24))  # by IMAP QUOTA
MAIL_VISIT_LEASE = timedelta(minutes=15)  # a visit ends within five; one whose process died is made again

# --- API --------------------------------------------------------------------------------------------------------------
API_REQUESTS_PER_MINUTE = env.between("API_REQUESTS_PER_MINUTE", 1, 1_000_000, default=1200)
KEY_USE_PRECISION = timedelta(minutes=1)  # of the last use that is shown of a key
REST_FRAMEWORK = {
    # The key first: who comes with nothing is told by 401 what they lack.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "mailboxes.software.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "mailboxes.api.keys.ScopeOpens"],
    "DEFAULT_THROTTLE_CLASSES": ["mailboxes.api.keys.KeyThrottle"],
    "DEFAULT_THROTTLE_RATES": {"api": f"{API_REQUESTS_PER_MINUTE}/min"},
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PARSER_CLASSES": ["mailboxes.api.parsers.StrictParser"],
    "DEFAULT_SCHEMA_CLASS": "mailboxes.api.schema.Schema",
    "EXCEPTION_HANDLER": "mailboxes.api.problems.exception_handler",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "BAL Manager",
    "DESCRIPTION": "Le registre des BAL MSSanté d’une structure, pour son DPI ou son DUI.",
    "VERSION": "1.2",  # docs/api/changelog.md
    "CONTACT": {"name": "La personne qui administre cette instance de BAL Manager"},
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVERS": [{"url": "/", "description": "L’instance qui sert ce document"}],
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.1",  # plain JSON Schema: null is a type
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "mailboxes.api.schema.with_refusals",
        "mailboxes.api.document.for_generators",
        "mailboxes.software.document.with_webhooks",
    ],
    "ENUM_NAME_OVERRIDES": {
        "BalKind": "mailboxes.models.Bal.Kind",
        "BalState": "mailboxes.lifecycle.State",
        "RequestKind": "mailboxes.lifecycle.RequestKind",
        "RequestStage": "mailboxes.lifecycle.RequestStage",
        "StructureKind": "mailboxes.models.Structure.Kind",
        "ReadingSource": "mailboxes.models.Reading.Source",
        "ReadingResult": "mailboxes.actions.Result",
        "RunStatus": "directory.models.SyncRun.Status",
    },
    "SWAGGER_UI_DIST": "SIDECAR",  # our own copy: nothing loads from elsewhere
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
# Inner networks whose software may be called; any other inner address never is.
WEBHOOK_NETWORKS = env.networks("WEBHOOK_NETWORKS")
DELIVERIES_KEPT = env.days("DELIVERIES_KEPT_DAYS", default=90)
CALLS_KEPT = env.days("CALLS_KEPT_DAYS", default=1)

# --- What is written down ---------------------------------------------------------------------------------------------
LOG_FORMAT = env("LOG_FORMAT", default="line")
if LOG_FORMAT not in ("line", "json"):
    raise wrong("LOG_FORMAT")
BACKUP_DIR = Path(env("BACKUP_DIR", default=str(VAR_DIR / "backups")))
BACKUP_RECIPIENT = env("BACKUP_RECIPIENT", default="")  # an age public key
if BACKUP_RECIPIENT and not BACKUP_RECIPIENT.startswith("age1"):
    raise wrong("BACKUP_RECIPIENT")
BACKUPS_KEPT = env.between("BACKUPS_KEPT", 1, 10_000, default=14)
DISK_FREE_MB = env.int("DISK_FREE_MB", default=500)  # less is told
LOGGING: dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "balmanager.logs.LogLine",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {
            "()": "balmanager.logs.Json",
            "format": "{asctime}{levelname}{name}{message}",
            "style": "{",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
            "json_ensure_ascii": False,
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    # It tells every request: tens of thousands in a reading of the FHIR API.
    # imapclient and imaplib tell, at DEBUG, what a server says of a box.
    "loggers": {"httpx": {"level": "WARNING"}, "imapclient": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
if LOGGING["root"]["level"] not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
    raise wrong("LOG_LEVEL")
if SENTRY_DSN := env("SENTRY_DSN", default=""):
    if find_spec("sentry_sdk") is None:
        raise wrong("SENTRY_DSN", what="needs a package that is not installed")
    # Neither who asked, nor what they sent, nor the values of variables: the trace of the error alone.
    import_module("sentry_sdk").init(
        SENTRY_DSN,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,  # what the log said before: its words are cleared of people only once written
        before_send=for_sentry,
    )
