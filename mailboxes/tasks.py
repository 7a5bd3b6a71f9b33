"""The jobs. Each is a list of sweeps, a sweep is a QuerySet plus a verb; run twice, they do it once.

The beat schedule (`settings.CELERY_BEAT_SCHEDULE`) and the commands of the same names both read `JOBS`.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from directory.models import SyncRun
from mailboxes import idleness, webhooks
from mailboxes.actions import (
    Tally,
    apply_departure,
    ask_campaign,
    ask_person,
    ask_use,
    carry_on,
    close_campaign,
    end_delegation,
    escalate_idle,
    forget_import,
    keep_measures,
    move_each,
    remind_campaign,
    remind_idle,
    remind_movement,
    remind_person,
    remind_use,
    step_each,
    update_quota_warnings,
    warn_certificate,
)
from mailboxes.actions.traces import PURGEABLE, delete
from mailboxes.lifecycle import Act, RequestKind, State, Verb
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    ApplicativeFacts,
    Bal,
    Campaign,
    Claim,
    Delegataire,
    Delivery,
    Import,
    JournalEntry,
    Movement,
    Person,
    Preference,
    Request,
    Structure,
    Webhook,
)
from mailboxes.models.preferences import STANDING
from mailboxes.notices import tell
from mailboxes.rules import CERTIFICATE_THRESHOLDS, Refused, allows, check_annuaire_fresh, check_ranks_known

logger = logging.getLogger(__name__)


class Sweep(NamedTuple):
    title: str
    due: Callable[[datetime], QuerySet]
    act: Callable[[QuerySet], Tally]


def one_by_one(action: Callable, rows: QuerySet) -> Tally:
    """`action(row, by=SYSTEM)` for each, one transaction apiece; a refusal or a failure is counted and passed over."""
    tally = Tally()
    for row in list(rows):
        try:
            action(row, by=SYSTEM)
            tally.done += 1
        except Refused as refused:
            tally.refused[str(row)] = refused.messages[0]
        except DatabaseError as error:
            logger.exception("%s a échoué", row)
            tally.refused[str(row)] = str(error)
    return tally


def _tell(entries: QuerySet) -> Tally:
    pks = list(entries.order_by("at").values_list("pk", flat=True))
    told = tell(pks)
    return Tally(done=told, refused={f"ligne {pk}": "non transmise" for pk in pks[: len(pks) - told]})


def _enlist(hooks: QuerySet) -> Tally:
    return Tally(done=sum(webhooks.enlist(hook, timezone.now()) for hook in hooks))


def _deliver(deliveries: QuerySet) -> Tally:
    """One that does not answer is not asked again in this round: the others do not wait for it."""
    tally, silent = Tally(), set()
    for delivery in list(deliveries.select_related("webhook").order_by("next_at")):
        if delivery.webhook_id in silent:
            continue
        if webhooks.deliver(delivery):
            tally.done += 1
        else:
            silent.add(delivery.webhook_id)
            tally.refused[str(delivery)] = "non livrée"
    return tally


def _absent(state: State) -> QuerySet[Bal]:
    """Those in this state that a fresh annuaire no longer shows; a stale one concludes nothing."""
    if not allows(check_annuaire_fresh):
        return Bal.objects.none()
    return Bal.objects.filter(state=state).expected_in_annuaire().with_publication().filter(is_published=False)


def _seen() -> QuerySet[Request]:
    """What was asked before the fresh picture of the annuaire that shows it done."""
    run = SyncRun.objects.latest_public()
    return Request.objects.seen_in_annuaire(run.as_of) if run and not run.is_stale else Request.objects.none()


def _askable(people: QuerySet[Person]) -> QuerySet[Person]:
    """A stale annuaire asks nobody anything."""
    return people if allows(check_annuaire_fresh) else Person.objects.none()


def _preferences_seen() -> QuerySet[Request]:
    """Asked, and shown for every place they were asked for; where no fresh source tells, nothing is seen."""
    if not allows(check_ranks_known):
        return Request.objects.none()
    unseen = Preference.objects.filter(request=OuterRef("pk")).exclude(
        pk__in=Preference.objects.observed().values("pk")
    )
    asked = Request.objects.filter(kind=RequestKind.PREFER, stage__in=STANDING, preferences__isnull=False)
    return asked.filter(~Exists(unseen)).distinct()


def _moving(verb: Verb) -> Callable[[QuerySet], Tally]:
    return partial(move_each, verb=verb, by=SYSTEM)


# fmt: off
JOBS: dict[str, list[Sweep]] = {
    "verify_absences": [
        Sweep("dépublications constatées à l’annuaire", lambda now: _absent(State.DEPUBLICATION_REQUESTED), _moving(Verb.VERIFY_DEPUBLICATION)),
        Sweep("suppressions constatées à l’annuaire",   lambda now: _absent(State.DELETION_CONFIRMED),      _moving(Verb.VERIFY_DELETION)),
    ],
    "verify_requests": [
        Sweep("demandes constatées à l’annuaire",       lambda now: _seen(),                                partial(step_each, act=Act.VERIFY_REQUEST, by=SYSTEM)),
        Sweep("BAL privilégiées constatées à l’annuaire", lambda now: _preferences_seen(),                  partial(step_each, act=Act.VERIFY_REQUEST, by=SYSTEM)),
    ],
    "remind_operators": [
        Sweep("relances aux opérateurs",                lambda now: Request.objects.to_remind(timezone.localdate(now)), partial(step_each, act=Act.REMIND_OPERATOR, by=SYSTEM)),
        Sweep("retards d’opérateurs signalés",          lambda now: Request.objects.to_escalate(now),       partial(step_each, act=Act.ESCALATE_REQUEST, by=SYSTEM)),
    ],
    "alert_idle":      [Sweep("alertes d’inactivité",              lambda now: Bal.objects.due_for_alert(now),         _moving(Verb.ALERT_IDLE))],
    "depublish_idle":  [Sweep("demandes de dépublication",         lambda now: Bal.objects.due_for_depublication(now), _moving(Verb.DEPUBLISH_IDLE))],
    "follow_alerts": [
        *(Sweep(f"rappels d’inactivité, {days} jours avant", partial(idleness.due_for_reminder, days=days), partial(one_by_one, partial(remind_idle, days=days)))
          for days in sorted(settings.IDLE_REMINDERS)),
        Sweep("alertes sans réponse, dites au gestionnaire", idleness.due_for_escalation,                       partial(one_by_one, escalate_idle)),
    ],
    "ask_unknown": [
        Sweep("rappels de la question « vous en servez-vous ? »", idleness.due_for_question_reminder,           partial(one_by_one, remind_use)),
        Sweep("questions « vous en servez-vous ? »",       idleness.due_for_question,                           partial(one_by_one, ask_use)),
    ],
    "check_quotas":    [Sweep("seuils de remplissage franchis",    lambda now: Bal.objects.crossing_quota(),           partial(update_quota_warnings, by=SYSTEM))],
    "end_delegations": [Sweep("délégations échues",                lambda now: Delegataire.objects.expired(timezone.localdate(now)), partial(one_by_one, end_delegation))],
    "apply_departures": [Sweep("accès retirés aux personnes parties", lambda now: Affiliation.objects.to_apply(timezone.localdate(now)), partial(one_by_one, apply_departure))],
    "remind_movements": [Sweep("arrivées et départs à rappeler",   lambda now: Movement.objects.to_remind(timezone.localdate(now)),  partial(one_by_one, remind_movement))],
    "ask_unidentified": [
        Sweep("rappels sur des adresses à identifier",  lambda now: _askable(Claim.objects.people_to_remind(now)), partial(one_by_one, remind_person)),
        Sweep("questions sur des adresses à identifier", lambda now: _askable(Claim.objects.people_to_ask(now)),   partial(one_by_one, ask_person)),
    ],
    "check_certificates": [Sweep("fins de certificat à signaler",  lambda now: ApplicativeFacts.objects.to_warn(timezone.localdate(now), CERTIFICATE_THRESHOLDS), partial(one_by_one, warn_certificate))],
    "take_measures":   [Sweep("structures mesurées",               lambda now: Structure.objects.all(),                keep_measures)],
    "ask_campaigns":   [Sweep("campagnes dont l’envoi est à poursuivre", lambda now: Campaign.objects.to_ask(),          partial(one_by_one, ask_campaign))],
    "follow_campaigns": [
        Sweep("campagnes arrivées à leur dernier jour", lambda now: Campaign.objects.to_close(timezone.localdate(now)), partial(one_by_one, close_campaign)),
        Sweep("campagnes à rappeler",                   lambda now: Campaign.objects.to_remind(now),       partial(one_by_one, remind_campaign)),
    ],
    "tell_again":      [Sweep("avis à transmettre",                lambda now: JournalEntry.objects.untold(now),       _tell)],
    "deliver_webhooks": [
        Sweep("webhooks à tenir au courant", lambda now: Webhook.objects.active(),     _enlist),
        Sweep("livraisons à faire",          lambda now: Delivery.objects.due(now),    _deliver),
    ],
    "take_up_imports": [Sweep("imports interrompus à reprendre",   lambda now: Import.objects.interrupted(now),        partial(one_by_one, carry_on))],
    "purge":           [
        *(Sweep(title, rows, delete) for title, rows in PURGEABLE.items()),
        Sweep("fichiers d’imports",                     lambda now: Import.objects.outdated(now),                  partial(one_by_one, forget_import)),
    ],
}
# fmt: on


def run(name: str, now: datetime | None = None) -> Tally:
    """Do what is due at `now` (the present by default) for one job."""
    tally = Tally()
    for sweep in JOBS[name]:
        tally += sweep.act(sweep.due(now or timezone.now()))
    logger.info("%s : %s faits, %s refusés", name, tally.done, len(tally.refused))
    for what, reason in tally.refused.items():
        logger.warning("%s : %s : %s", name, what, reason)
    return tally


@shared_task
def verify_absences() -> None:
    run("verify_absences")


@shared_task
def verify_requests() -> None:
    run("verify_requests")


@shared_task
def remind_operators() -> None:
    run("remind_operators")


@shared_task
def alert_idle() -> None:
    run("alert_idle")


@shared_task
def depublish_idle() -> None:
    run("depublish_idle")


@shared_task
def follow_alerts() -> None:
    run("follow_alerts")


@shared_task
def ask_unknown() -> None:
    run("ask_unknown")


@shared_task
def check_quotas() -> None:
    run("check_quotas")


@shared_task
def end_delegations() -> None:
    run("end_delegations")


@shared_task
def apply_departures() -> None:
    run("apply_departures")


@shared_task
def remind_movements() -> None:
    run("remind_movements")


@shared_task
def ask_unidentified() -> None:
    run("ask_unidentified")


@shared_task
def check_certificates() -> None:
    run("check_certificates")


@shared_task
def take_measures() -> None:
    run("take_measures")


@shared_task
def ask_campaigns() -> None:
    run("ask_campaigns")


@shared_task
def follow_campaigns() -> None:
    run("follow_campaigns")


@shared_task
def tell_again() -> None:
    run("tell_again")


@shared_task
def take_up_imports() -> None:
    run("take_up_imports")


@shared_task
def deliver_webhooks() -> None:
    run("deliver_webhooks")


@shared_task
def purge() -> None:
    run("purge")
