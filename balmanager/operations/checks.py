"""What must be well for the service to be: one table, read by `/readyz`, `/metrics` and the page *État du service*."""

import os
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, F
from django.utils import timezone

from balmanager.celery import app
from balmanager.degraded import make_sure_redis_answers, outage
from balmanager.operations import backup, halfway
from balmanager.operations.models import Job
from balmanager.operations.partitions import FEW_MONTHS, fewest_months_ahead
from balmanager.operations.records import schedules
from balmanager.operations.roles import owns_tables
from directory.dates import minute_of
from directory.models import SyncRun
from directory.typography import grouped, how_many
from mailboxes.models import MailAccess, MailServer, Notice, RestingServer
from mailboxes.software.models import Delivery

LATE_AFTER = timedelta(minutes=5)
BACKUP_OLD_AFTER = timedelta(days=2)  # one is made each night
WAITS_TOO_LONG = timedelta(minutes=30)
MANY_ATTEMPTS = 3
LONG_QUEUE = 1000
MEGABYTE = 1024 * 1024


class Unwell(Exception):
    """Said in French, to whoever runs the service; nothing of it is secret."""


class Check(NamedTuple):
    name: str
    label: str
    look: Callable[[], str]  # gives what there is to say; raises what is unwell
    is_needed: bool = False  # without it, no page can be served


class CheckOutcome(NamedTuple):
    check: Check
    is_well: bool
    says: str


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if connection.vendor != "postgresql":
        return connection.vendor
    return "postgresql, " + ("un seul rôle : voir docs/deploy.md" if owns_tables() else "deux rôles")


def migrations() -> str:
    if missing := halfway.missing_of():
        raise Unwell(halfway.told(missing))
    executor = MigrationExecutor(connection)
    if waiting := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Unwell(f"{len(waiting)} à appliquer : « manage.py migrate »")
    return "à jour"


def months() -> str:
    """How many months ahead are prepared, where tables are laid out by month."""
    ahead = fewest_months_ahead()
    if ahead is None:
        return "aucune"
    if ahead < FEW_MONTHS:
        raise Unwell(f"{how_many(ahead, 'mois')} d’avance : « manage.py partition », par le propriétaire des tables")
    return f"{how_many(ahead, 'mois')} d’avance"


def shared_counts() -> str:
    """The cache: its own way without Redis keeps pages going, but what it counts is of one process."""
    cache.get("health")
    if settings.REDIS_URL and outage.lasts:
        raise Unwell("Redis ne répond pas : chaque processus compte ses propres limites")
    return "Redis" if settings.REDIS_URL else "en mémoire"


def queue_length() -> int:
    if settings.REDIS_URL:
        make_sure_redis_answers()
    with app.connection_for_read() as queue:
        return sum(queue.default_channel._size(one.name) for one in app.conf.task_queues)


def queue() -> str:
    if (length := queue_length()) > LONG_QUEUE:
        raise Unwell(f"{length} tâches attendent")
    return f"{length} en attente"


def free_megabytes() -> int:
    return shutil.disk_usage(settings.VAR_DIR).free // MEGABYTE


def disk() -> str:
    if not os.access(settings.VAR_DIR, os.W_OK):
        raise Unwell("VAR_DIR manque, ou ne peut pas être écrit")
    if (free := free_megabytes()) < settings.DISK_FREE_MB:
        raise Unwell(f"{grouped(free)} Mo libres : moins que DISK_FREE_MB")
    return f"{grouped(free)} Mo libres"


def backups() -> str:
    """The age of the latest archive; where none was ever made here, something else may save the database."""
    made = backup.latest()
    if made is None:
        return "aucune dans BACKUP_DIR"
    told = f"la dernière est du {minute_of(made)}"
    if timezone.now() - made > BACKUP_OLD_AFTER:
        raise Unwell(f"{told} : « manage.py backup » dit pourquoi")
    return told


def late_jobs(now: datetime | None = None) -> list[Job]:
    """Jobs whose next run is past by more than a few minutes, and that are not at it."""
    now = now or timezone.now()
    return [
        job
        for job in Job.objects.filter(name__in=schedules())
        if schedules()[job.name].remaining_estimate(job.started_at) < -LATE_AFTER
    ]


def jobs() -> str:
    if not Job.objects.exists():
        raise Unwell("aucune n’a encore tourné : le processus « worker » et le processus « beat » tournent-ils ?")
    if late := late_jobs():
        raise Unwell(f"en retard : {', '.join(job.name for job in late)}")
    return "à l’heure"


def failing_jobs() -> list[Job]:
    """The jobs whose last run failed."""
    return [job for job in Job.objects.exclude(ended_at=None) if job.succeeded_at != job.ended_at]


def unfinished_jobs() -> list[Job]:
    """The jobs that begin and do not end: a process killed for its memory or its time notes nothing."""
    longest = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT) + LATE_AFTER
    return [
        job
        for job in Job.objects.filter(name__in=schedules(), started_at__gt=F("ended_at"))
        if schedules()[job.name].remaining_estimate(job.ended_at) < -longest
    ]


def outcomes_of_jobs() -> str:
    told = []
    if failing := failing_jobs():
        told.append(f"dernier passage en échec : {', '.join(job.name for job in failing)}")
    if unfinished := unfinished_jobs():
        told.append(f"commencé et jamais fini, faute de mémoire ou de temps : {', '.join(map(str, unfinished))}")
    if told:
        raise Unwell(" ; ".join(told))
    return "sans échec"


def annuaire() -> str:
    run = SyncRun.objects.latest_public()
    if run is None:
        raise Unwell("jamais chargé")
    shown = f"du {timezone.localtime(run.as_of):%d/%m/%Y à %H:%M}"
    if run.is_stale:
        raise Unwell(f"{shown} : trop ancien")
    return shown


def waiting_mails():
    old = timezone.now() - WAITS_TOO_LONG
    return Notice.objects.filter(
        sent_at=None, bounced_at=None, channel__in=Notice.MAILED, entry__told_at=None, created_at__lt=old
    )


MAIL_SERVERS = {"email": "courriel ordinaire", "mssante": "MSSanté"}


def resting_servers() -> str:
    """Our own mail servers that failed at the last try, in words."""
    rows = RestingServer.objects.order_by("name")
    return ", ".join(
        f"le serveur {MAIL_SERVERS.get(row.name, row.name)} est laissé au repos : il échoue depuis le "
        f"{minute_of(row.since)}"
        for row in rows
    )


def mail() -> str:
    if not (settings.IS_LOCAL or settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend")):
        raise Unwell("aucun ne part : sans serveur dans EMAIL_URL, les avis ne sont remis à personne")
    if resting := resting_servers():
        raise Unwell(resting)
    if waiting := waiting_mails().count():
        raise Unwell(f"{waiting} avis attendent depuis plus d’une demi-heure : le serveur de courriel répond-il ?")
    return "rien n’attend"


def failing_webhooks() -> int:
    waiting = Delivery.objects.filter(stage=Delivery.Stage.WAITING, attempts__gte=MANY_ATTEMPTS)
    return waiting.aggregate(hooks=Count("webhook", distinct=True))["hooks"]


def webhooks() -> str:
    if failing := failing_webhooks():
        raise Unwell(f"{failing} ne répondent pas")
    return "tous répondent"


def operators() -> str:
    """The operators' own mail servers, where they opened them to us."""
    servers = MailServer.objects.used().select_related("operator")
    failing = [
        f"{server.operator}, visites en échec depuis le {minute_of(server.failing_since)} : {server.failure}"
        for server in servers
        if server.failing_since
    ]
    if failing:
        raise Unwell(" ; ".join(failing))
    refused = MailAccess.objects.failing().filter(bal__operator__mail_server__in=servers).count()
    told = how_many(len(servers), "visité") if servers else "aucun n’est réglé"
    return f"{told}, {how_many(refused, 'BAL non relevée')}" if refused else told


CHECKS = (
    Check("database", "Base de données", database, is_needed=True),
    Check("migrations", "Tables de la base", migrations, is_needed=True),
    Check("months", "Tables rangées par mois", months),
    Check("cache", "Comptes partagés des limites", shared_counts),
    Check("broker", "File des tâches", queue),
    Check("disk", "Place sur le disque", disk),
    Check("backups", "Sauvegardes", backups),
    Check("jobs", "Tâches planifiées", jobs),
    Check("failures", "Échecs des tâches", outcomes_of_jobs),
    Check("annuaire", "Annuaire national", annuaire),
    Check("mail", "Courriels", mail),
    Check("webhooks", "Logiciels prévenus", webhooks),
    Check("operators", "Serveurs des opérateurs", operators),
)
ALL = tuple(check.name for check in CHECKS)
READINESS = ("database", "migrations", "cache", "broker", "disk")


def look_at(check: Check) -> CheckOutcome:
    try:
        return CheckOutcome(check, True, check.look())
    except Unwell as unwell:
        return CheckOutcome(check, False, str(unwell))
    except Exception as error:  # whatever it raises: this is what is asked
        return CheckOutcome(check, False, f"ne répond pas ({type(error).__name__})")


def look(names: Iterable[str] = ALL) -> list[CheckOutcome]:
    """Each in turn; once the database does not answer, what asks it is not asked."""
    found: list[CheckOutcome] = []
    for check in CHECKS:
        if check.name not in names:
            continue
        found.append(look_at(check))
        if check.name == "database" and not found[-1].is_well:
            return found
    return found
