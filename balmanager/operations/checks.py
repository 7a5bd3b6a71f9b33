"""What must be well for the service to be: one table, read by `/readyz`, `/metrics` and the page *État du service*."""

import os
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F, QuerySet
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
from mailboxes.software.models import Delivery, Webhook

LATE_AFTER = timedelta(minutes=5)
BACKUP_OLD_AFTER = timedelta(days=2)  # one is made each night
WAITS_TOO_LONG = timedelta(minutes=30)
MANY_ATTEMPTS = 3
LONG_QUEUE = 1000
MEGABYTE = 1024 * 1024


class Unwell(Exception):
    """Said in French, to whoever runs the service; nothing of it is secret. Given by what each sentence is about, they
    come and go one by one."""

    def __init__(self, said: str | dict[str, str]):
        self.troubles = {"": said} if isinstance(said, str) else said
        super().__init__(" ; ".join(self.troubles.values()))


class Check(NamedTuple):
    name: str
    label: str
    look: Callable[[], str]  # gives what there is to say; raises what is unwell
    is_needed: bool = False  # without it, no page can be served


class CheckOutcome(NamedTuple):
    check: Check
    says: str
    troubles: dict[str, str]  # of what is unwell: what it is about, "" where the check tells of one thing alone

    @property
    def is_well(self) -> bool:
        return not self.troubles


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
    """The age of the latest archive; where none was ever asked for here, something else may save the database."""
    made, folder = backup.latest(), settings.BACKUP_DIR
    if made is None:
        if folder.exists() or folder.parent != settings.VAR_DIR:  # the first one makes it; a setting names another
            raise Unwell("aucune n’a encore abouti dans BACKUP_DIR : « manage.py backup » dit pourquoi")
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
        raise Unwell({job.name: f"{job.name} : en retard" for job in late})
    return "à l’heure"


def failing_jobs() -> list[Job]:
    """The jobs whose last run failed."""
    ended = Job.objects.filter(name__in=schedules()).exclude(ended_at=None)
    return [job for job in ended if job.succeeded_at != job.ended_at]


def unfinished_jobs() -> list[Job]:
    """The jobs that begin and do not end: a process killed for its memory or its time notes nothing."""
    longest = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT) + LATE_AFTER
    return [
        job
        for job in Job.objects.filter(name__in=schedules(), started_at__gt=F("ended_at"))
        if schedules()[job.name].remaining_estimate(job.ended_at) < -longest
    ]


def outcomes_of_jobs() -> str:
    told = {job.name: f"{job.name} : dernier passage en échec" for job in failing_jobs()}
    for job in unfinished_jobs():
        told[job.name] = f"{job.name} : commencé et jamais fini, faute de mémoire ou de temps"
    if told:
        raise Unwell(told)
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


def resting_servers() -> dict[str, str]:
    """Our own mail servers that failed at the last try, each in words."""
    return {
        row.name: f"le serveur {MAIL_SERVERS.get(row.name, row.name)} est laissé au repos : il échoue depuis le "
        f"{minute_of(row.since)}"
        for row in RestingServer.objects.order_by("name")
    }


def mail() -> str:
    if not (settings.IS_LOCAL or settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend")):
        raise Unwell("aucun ne part : sans serveur dans EMAIL_URL, les avis ne sont remis à personne")
    if resting := resting_servers():
        raise Unwell(resting)
    if waiting := waiting_mails().count():
        raise Unwell(f"{waiting} avis attendent depuis plus d’une demi-heure : le serveur de courriel répond-il ?")
    return "rien n’attend"


def failing_webhooks() -> QuerySet[Webhook]:
    waiting = Delivery.objects.filter(stage=Delivery.Stage.WAITING, attempts__gte=MANY_ATTEMPTS)
    return Webhook.objects.active().filter(pk__in=waiting.values("webhook"))


def webhooks() -> str:
    """Each by its server alone: the rest of such an address may open something."""
    if failing := failing_webhooks():
        raise Unwell({str(hook.pk): f"{urlsplit(hook.url).hostname} ne répond pas" for hook in failing})
    return "tous répondent"


def operators() -> str:
    """The operators' own mail servers, where they opened them to us."""
    servers = MailServer.objects.used().select_related("operator")
    failing = {
        str(server.pk): f"{server.operator}, visites en échec depuis le {minute_of(server.failing_since)} : "
        f"{server.failure}"
        for server in servers
        if server.failing_since
    }
    if failing:
        raise Unwell(failing)
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
        return CheckOutcome(check, check.look(), {})
    except Unwell as unwell:
        return CheckOutcome(check, str(unwell), unwell.troubles)
    except Exception as error:  # whatever it raises: this is what is asked
        says = f"ne répond pas ({type(error).__name__})"
        return CheckOutcome(check, says, {"": says})


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
