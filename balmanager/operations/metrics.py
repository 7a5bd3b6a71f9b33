"""What Prometheus reads: the requests of all web processes, and the state of the service at the moment it asks."""

import os
import time

from django.conf import settings
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from balmanager.operations import checks
from balmanager.operations.models import Job
from directory.models import SyncRun

REQUESTS = CollectorRegistry()
ANSWERED = Counter("bal_requests", "Requests answered", ["method", "view", "status"], registry=REQUESTS)
TOOK = Histogram("bal_request_seconds", "Seconds to answer", ["view"], registry=REQUESTS)


class CountRequests:
    """The first middleware. A view is named as in `urls.py`: no address, which tells of people, becomes a label."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = match.view_name or "unnamed" if match else "none"
        ANSWERED.labels(request.method, view, response.status_code).inc()
        TOOK.labels(view).observe(time.perf_counter() - started)
        return response


class Service(Collector):
    def collect(self):
        outcomes = checks.look()
        well = GaugeMetricFamily("bal_check", "1 where it is well", labels=["check"])
        for outcome in outcomes:
            well.add_metric([outcome.check.name], outcome.is_well)
        yield well
        if settings.VAR_DIR.is_dir():
            yield GaugeMetricFamily("bal_disk_free_megabytes", "Free space of VAR_DIR", value=checks.free_megabytes())
        if outcomes[0].is_well:
            yield from jobs()
            yield from ages()


def jobs():
    now = timezone.now()
    runs = CounterMetricFamily("bal_job_runs", "Runs of a scheduled job", labels=["job"])
    failures = CounterMetricFamily("bal_job_failures", "Runs that failed", labels=["job"])
    seconds = GaugeMetricFamily("bal_job_seconds", "Duration of its last run", labels=["job"])
    age = GaugeMetricFamily("bal_job_success_age_seconds", "Since its last success", labels=["job"])
    for job in Job.objects.all():
        runs.add_metric([job.name], job.runs)
        failures.add_metric([job.name], job.failures)
        if job.seconds is not None:
            seconds.add_metric([job.name], job.seconds)
        if job.succeeded_at:
            age.add_metric([job.name], (now - job.succeeded_at).total_seconds())
    return runs, failures, seconds, age


def ages():
    now = timezone.now()
    sources = GaugeMetricFamily("bal_source_age_seconds", "Age of the picture each source gave", labels=["source"])
    for run in SyncRun.objects.latest_of_each():
        sources.add_metric([run.source], (now - run.as_of).total_seconds())
    yield sources
    yield GaugeMetricFamily(
        "bal_mails_waiting", "Notices unsent for half an hour", value=checks.waiting_mails().count()
    )
    yield GaugeMetricFamily(
        "bal_webhooks_failing", "Webhooks that do not answer", value=checks.failing_webhooks().count()
    )
    try:
        yield GaugeMetricFamily("bal_queue_length", "Tasks that wait", value=checks.queue_length())
    except Exception:  # it does not answer: `bal_check` tells it
        return


def text() -> bytes:
    registry = CollectorRegistry()
    registry.register(Service())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # gunicorn.conf.py
        MultiProcessCollector(registry)
        return generate_latest(registry)
    return generate_latest(registry) + generate_latest(REQUESTS)
