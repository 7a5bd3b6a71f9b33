"""All settings, each read from the environment (or `.env`); docs/settings.md lists them.

A value that does not parse stops the start with its name; no secret has a default.
"""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(env("ENV_FILE", default=str(BASE_DIR / ".env")))

# --- Where we run -----------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
SITE_URL = env("SITE_URL", default="http://localhost:8000").rstrip("/")
HTTPS = env.bool("HTTPS", default=SITE_URL.startswith("https://"))
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

ROOT_URLCONF = "balmanager.urls"
WSGI_APPLICATION = "balmanager.wsgi.application"
ASGI_APPLICATION = "balmanager.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "balmanager.accounts",
    "mailboxes",
    "directory",
    "allauth",
    "allauth.account",
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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"equipment": "mailboxes.views.equipment"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mailboxes.views.frame.frame",
            ],
        },
    },
]
FORM_RENDERER = "balmanager.form_renderer.FormRenderer"

# --- Data -------------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'bal.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a transaction that will write takes its lock first, so that two writers wait instead of failing.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Compiling the plan of a page of many counts takes PostgreSQL half a minute, and saves it nothing.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")

# --- Who logs in ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_ADAPTER = "balmanager.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
ACCOUNT_SESSION_REMEMBER = False  # the session ends with the browser, or when idle for
SESSION_COOKIE_AGE = env.int("SESSION_SECONDS", default=2 * 3600)
SESSION_SAVE_EVERY_REQUEST = True  # the two hours are idle time, not time since log-in

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
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)
# Sub-domains and preload lists are the host's to decide, not one application's.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
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
vars().update(env.email_url("EMAIL_URL", default=f"filemail://{VAR_DIR / 'mails'}"))
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="BAL Manager <bal-manager@localhost>")
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)  # seconds
# The trusted space takes no mail from outside: an operator's own server, with a BAL of ours to send from.
_mssante = env.email_url("MSSANTE_EMAIL_URL") if env("MSSANTE_EMAIL_URL", default="") else {}
MSSANTE_MAIL = {name: _mssante.get(f"EMAIL_{key}") for name, key in {
    "backend": "BACKEND", "host": "HOST", "port": "PORT", "username": "HOST_USER", "password": "HOST_PASSWORD",
    "use_tls": "USE_TLS", "use_ssl": "USE_SSL", "file_path": "FILE_PATH",
}.items() if _mssante.get(f"EMAIL_{key}")}  # fmt: skip
MSSANTE_FROM_EMAIL = env("MSSANTE_FROM_EMAIL", default="")
if MSSANTE_MAIL and not MSSANTE_FROM_EMAIL:
    raise ImproperlyConfigured("MSSANTE_EMAIL_URL needs MSSANTE_FROM_EMAIL: the BAL that sends.")
MESSAGE_ID_DOMAIN = urlsplit(SITE_URL).hostname

# --- Jobs -------------------------------------------------------------------------------------------------------------
REDIS_URL = env("REDIS_URL", default="")
if REDIS_URL:
    # Shared by all web processes, so that a key's rate is counted once. Without it, there is but one process.
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    CELERY_BROKER_URL = REDIS_URL
    # A task whose worker died is given again after this; jobs are idempotent.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict = {"visibility_timeout": 3600}
else:
    _queue = VAR_DIR / "queue"
    for name in ("in", "control"):
        (_queue / name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "in"),
        "data_folder_out": str(_queue / "in"),  # the same folder: what is sent is what is received
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.1,
    }
CELERY_TASK_ALWAYS_EAGER = CELERY_TASK_EAGER_PROPAGATES = env.bool("CELERY_EAGER", default=False)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False  # broker down: the act stands, the row waits, `tell_again` takes it up
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 3600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    #  what runs                                              when
    name: {"task": task, "schedule": when, "args": args}
    for name, task, when, *args in [
        ("sync_annuaire",     "directory.tasks.sync_annuaire",     crontab(hour=5, minute=10)),
        ("sync_whitelist",    "directory.tasks.sync_annuaire",     crontab(hour=5, minute=0), "whitelist"),
        ("sync_activities",   "directory.tasks.sync_annuaire",     crontab(0, hour=2, day_of_week=0), "activities"),
        ("sync_fhir",         "directory.tasks.sync_if_due",       crontab(minute="*/30"), "fhir"),
        ("sync_ldap",         "directory.tasks.sync_if_due",       crontab(minute=40), "ldap"),
    ]
}  # fmt: skip

# --- The annuaire -----------------------------------------------------------------------------------------------------
ANNUAIRE_CA_FILE = env("ANNUAIRE_CA_FILE", default="")
DIRECTORY_SOURCES: dict[str, dict] = {
    "extraction": {
        "SOURCE": "directory.sources.extraction.Extraction",
        "OPTIONS": {
            "url": env("ANNUAIRE_URL", default=""),
            "ca_file": ANNUAIRE_CA_FILE,
        },
        "PUBLIC": True,  # what is in it is published
    },
    "activities": {
        "SOURCE": "directory.sources.activities.Activities",
        "OPTIONS": {
            "url": env("ACTIVITIES_URL", default=""),
            "ca_file": ANNUAIRE_CA_FILE,
            # The annuaire knows nothing of the register: it is told where to ask whose people are ours.
            "managed": "mailboxes.models.managed_identifiers",
        },
        "STALE_AFTER": timedelta(days=env.int("ACTIVITIES_STALE_AFTER_DAYS", default=14)),
    },
    "whitelist": {
        "SOURCE": "directory.sources.whitelist.WhiteList",
        "OPTIONS": {
            "url": env("WHITELIST_URL", default=""),
            "ca_file": ANNUAIRE_CA_FILE,
        },
    },
    "fhir": {
        "SOURCE": "directory.sources.fhir.Fhir",
        "OPTIONS": {
            "url": env("FHIR_URL", default="https://gateway.api.esante.gouv.fr/fhir/v2"),
            "key": env("ESANTE_API_KEY", default=""),
            "ca_file": ANNUAIRE_CA_FILE,
        },
        "PUBLIC": True,
        "RANKS": True,  # it tells which mailbox its holder prefers
    },
    "ldap": {
        "SOURCE": "directory.sources.ldap.Ldap",
        "OPTIONS": {
            "url": env("LDAP_URL", default=""),
            "ca_file": env("LDAP_CA_FILE", default=""),
            "user": env("LDAP_USER", default=""),
            "password": env("LDAP_PASSWORD", default=""),
            "base": env("LDAP_BASE", default="dc=mssante,dc=fr"),
            "filter": env("LDAP_FILTER", default="(mail=*)"),
            "attributes": env.dict("LDAP_ATTRIBUTES", default={}),
        },
        "PUBLIC": False,  # an operator's own directory does not prove that the public one shows an address
    },
}
# Of what two sources say, the first one's word is shown; a source left out is not looked at any more.
DIRECTORY_ORDER = env.list("DIRECTORY_ORDER", default=["extraction", "fhir", "ldap"])
if not set(DIRECTORY_ORDER) <= set(DIRECTORY_SOURCES) or len(set(DIRECTORY_ORDER)) < len(DIRECTORY_ORDER):
    raise ImproperlyConfigured(f"DIRECTORY_ORDER names, each once, sources among {', '.join(DIRECTORY_SOURCES)}.")
ANNUAIRE_MAX_WITHDRAWN = env.float("ANNUAIRE_MAX_WITHDRAWN", default=0.10)
if not 0 <= ANNUAIRE_MAX_WITHDRAWN <= 1:
    raise ImproperlyConfigured("ANNUAIRE_MAX_WITHDRAWN is a share, between 0 and 1.")
ANNUAIRE_STALE_AFTER = timedelta(days=env.int("ANNUAIRE_STALE_AFTER_DAYS", default=3))

# --- The life of a BAL ------------------------------------------------------------------------------------------------
QUOTA_THRESHOLDS = env.list("QUOTA_THRESHOLDS", cast=int, default=[80, 90, 95])  # percent, rising
QUOTA_HYSTERESIS = env.int("QUOTA_HYSTERESIS", default=5)  # points below a threshold that clear its warning
IDLE_REMINDERS = env.list("IDLE_REMINDERS_DAYS", cast=int, default=[30, 7])  # before the end
IDLE_ESCALATE_BEFORE = timedelta(days=env.int("IDLE_ESCALATE_BEFORE_DAYS", default=7))
IDLE_UNREACHED_AFTER = timedelta(days=env.int("IDLE_UNREACHED_AFTER_DAYS", default=3))
USE_QUESTION_AFTER = timedelta(days=env.int("USE_QUESTION_AFTER_DAYS", default=30))
CLEANUP_IDLE_MONTHS = env.int("CLEANUP_IDLE_MONTHS", default=6)  # used since, nobody is asked whether it serves
CAMPAIGN_REMIND_AFTER = timedelta(days=env.int("CAMPAIGN_REMIND_AFTER_DAYS", default=14))
APP_SILENT_AFTER = timedelta(days=env.int("APP_SILENT_AFTER_DAYS", default=30))
UNIDENTIFIED_REMIND_AFTER = timedelta(days=env.int("UNIDENTIFIED_REMIND_AFTER_DAYS", default=14))
UNIDENTIFIED_CYCLE = timedelta(days=env.int("UNIDENTIFIED_CYCLE_DAYS", default=365))
ANSWER_LINK_VALID = timedelta(days=env.int("ANSWER_LINK_VALID_DAYS", default=30))
ARRIVAL_PREPARED_BEFORE = timedelta(days=env.int("ARRIVAL_PREPARED_BEFORE_DAYS", default=14))
MOVEMENT_REMIND_EVERY = timedelta(days=env.int("MOVEMENT_REMIND_EVERY_DAYS", default=7))
REQUEST_ESCALATE_AFTER = timedelta(days=env.int("REQUEST_ESCALATE_AFTER_DAYS", default=7))
DELETION_WAIT = timedelta(days=env.int("DELETION_WAIT_DAYS", default=30))
NOTICE_LEASE = timedelta(minutes=env.int("NOTICE_LEASE_MINUTES", default=10))
ACCESS_TRACES_KEPT = timedelta(days=env.int("ACCESS_TRACES_KEPT_DAYS", default=365))
DRAFTS_KEPT = timedelta(days=env.int("DRAFTS_KEPT_DAYS", default=90))
READINGS_KEPT = timedelta(days=env.int("READINGS_KEPT_DAYS", default=3 * 365))
IMPORTS_KEPT = timedelta(days=env.int("IMPORTS_KEPT_DAYS", default=180))
IMPORT_MAX_MB = env.int("IMPORT_MAX_MB", default=100)

# --- API --------------------------------------------------------------------------------------------------------------
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=1200)
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
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "mailboxes.api.schema.Schema",
    "EXCEPTION_HANDLER": "mailboxes.api.problems.exception_handler",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "BAL Manager",
    "DESCRIPTION": "Le registre des BAL MSSanté d’une structure, pour son DPI ou son DUI.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.1",  # plain JSON Schema: null is a type
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "mailboxes.api.schema.as_chosen",
        "mailboxes.api.schema.with_refusals",
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
WEBHOOK_NETWORKS = [ip_network(network) for network in env.list("WEBHOOK_NETWORKS", default=[])]
DELIVERIES_KEPT = timedelta(days=env.int("DELIVERIES_KEPT_DAYS", default=90))
CALLS_KEPT = timedelta(days=env.int("CALLS_KEPT_DAYS", default=1))

# --- What is written down ---------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # It tells every request: tens of thousands in a reading of the FHIR API.
    "loggers": {"httpx": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
