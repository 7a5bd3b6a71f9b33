"""The doors of those who run the service: `/healthz`, `/readyz`, `/metrics` for machines, *État du service* for us."""

from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from balmanager.operations import checks, metrics
from balmanager.operations.models import Failure, Job
from balmanager.retention import KEPT


@login_not_required
@csrf_exempt
@require_safe
@never_cache
def healthz(request):
    """This process answers; it asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@csrf_exempt
@require_safe
@never_cache
def readyz(request):
    """503 where no page could be served; what goes on without its neighbour is 200, and says `degraded`."""
    outcomes = checks.look(checks.READINESS)
    is_down = any(outcome.check.is_needed and not outcome.is_well for outcome in outcomes)
    is_well = all(outcome.is_well for outcome in outcomes)
    told = {
        "status": "unavailable" if is_down else "ready" if is_well else "degraded",
        "checks": {outcome.check.name: outcome.is_well for outcome in outcomes},
    }
    return JsonResponse(told, status=503 if is_down else 200)


@login_not_required
@csrf_exempt
@require_safe
@never_cache
def metrics_text(request):
    if not may_read_metrics(request):
        raise Http404
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


def may_read_metrics(request) -> bool:
    """Allowed with the token; where there is none, from this machine, and not through a proxy that stands on it."""
    if settings.METRICS_TOKEN:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
    address = request.META.get("REMOTE_ADDR", "")
    is_local = not address or ip_address(address).is_loopback  # none: a Unix socket
    return is_local and not {"X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"} & request.headers.keys()


def kept(request):
    """To everybody who logs in: it says nothing of anyone."""
    return render(request, "operations/kept.html", {"kept": KEPT})


@login_not_required
def accessibility(request):
    """The declaration that the law asks for, to whoever comes."""
    context = {
        "contact": next(iter(settings.SERVICE_EMAIL), "") if request.user.is_authenticated else "",
        "organisme": settings.ACCESSIBILITY_ORGANISME,
        "plan": settings.ACCESSIBILITY_PLAN_URL,
    }
    return render(request, "operations/accessibility.html", context)


@never_cache
def service(request):
    if not request.user.is_superuser:
        raise Http404
    outcomes = checks.look()
    context = {
        "outcomes": outcomes,
        "unwell": [outcome for outcome in outcomes if not outcome.is_well],
        "jobs": Job.objects.all(),
        "late": {job.name for job in checks.late_jobs()},
        "failures": Failure.objects.all()[: Failure.KEPT],
    }
    return render(request, "operations/service.html", context)
