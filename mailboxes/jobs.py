"""The jobs, as one table: when each runs, and what it sweeps. A sweep is a QuerySet plus a verb: twice is as once.

A line of `JOBS` is all that a job takes: its Celery task, its place in the beat's schedule, the command
`manage.py job NAME` and its help are made from it.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from celery import Task, current_app, shared_task
from celery.schedules import crontab
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from directory.models import SyncRun
from mailboxes.actions import (
    Tally,
    apply_contact,
    apply_departure,
    ask_people,
    ask_use_each,
    end_delegation,
    escalate_idle_each,
    expire_joining,
    keep_gaps,
    keep_measures,
    move_each,
    note_sightings,
    remind_idle_each,
    remind_movements,
    remind_people,
    remind_use_each,
    step_each,
    update_quota_warnings,
    warn_certificates,
)
from mailboxes.actions.forgetting import forget_person, forgettable
from mailboxes.actions.seals import seal
from mailboxes.actions.traces import delete
from mailboxes.campaigns.actions import ask_campaign, close_campaign, remind_campaign
from mailboxes.campaigns.models import Campaign, Recurrence
from mailboxes.campaigns.reviews import begin_review
from mailboxes.engagements.actions import follow_engagements
from mailboxes.findings import FINDINGS
from mailboxes.imports.actions import forget_import
from mailboxes.imports.models import Import
from mailboxes.imports.work import carry_on
from mailboxes.inbox import digest
from mailboxes.inbox.actions import note_todos
from mailboxes.inbox.models import Todo
from mailboxes.lifecycle import Act, RequestKind, State, Verb
from mailboxes.lists.actions import take_up
from mailboxes.lists.models import Batch
from mailboxes.mailserver.actions import end_reply
from mailboxes.mailserver.visits import hand_out
from mailboxes.models import (
    SYSTEM,
    AccessTrace,
    Affiliation,
    ApplicativeFacts,
    AutoReply,
    Bal,
    Call,
    Claim,
    ContactChange,
    Delegataire,
    Engagement,
    Joining,
    JournalEntry,
    MailServer,
    Movement,
    Person,
    Preference,
    Reading,
    Request,
    Sighting,
    Structure,
)
from mailboxes.models.preferences import STANDING
from mailboxes.models.seals import unsealed_entries, unsealed_notices
from mailboxes.models.thresholds import chosen
from mailboxes.moves.reads import to_depublish, to_end, to_switch
from mailboxes.moves.switching import depublish_each, end_each, switch_each
from mailboxes.notices import idleness
from mailboxes.notices.hours import HOURS
from mailboxes.notices.telling import tell
from mailboxes.openings.models import OpeningDraft
from mailboxes.rules import CERTIFICATE_THRESHOLDS, Refused, allows, check_annuaire_fresh, check_ranks_known
from mailboxes.rules.thresholds import MOST_NUMBERS
from mailboxes.software.delivery import deliver_each, enlist_each
from mailboxes.software.models import Delivery, Webhook

logger = logging.getLogger(__name__)


class Sweep(NamedTuple):
    title: str
    due: Callable[[datetime], QuerySet]
    act: Callable[[QuerySet], Tally]


class ScheduledJob(NamedTuple):
    when: crontab | timedelta
    sweeps: list[Sweep]


def one_by_one(action: Callable, rows: QuerySet) -> Tally:
    """`action(row, by=SYSTEM)` for each, one transaction apiece; a refusal or a failure is counted and passed over."""
    tally = Tally()
    for row in list(rows):
        try:
            action(row, by=SYSTEM)
            tally.done += 1
        except Refused as refused:
            tally.refused[str(row)] = refused.messages[0]
        except Exception as error:  # whatever it is: one bad row must not hold up the others
            logger.exception("%s a échoué", row)
            tally.refused[str(row)] = str(error)
    return tally


def _tell(entries: QuerySet) -> Tally:
    pks = list(entries.order_by("at").values_list("pk", flat=True))
    told = tell(pks)
    return Tally(done=told, refused={f"ligne {pk}": "non transmise" for pk in pks[: len(pks) - told]})


def _measure(structures: QuerySet[Structure]) -> Tally:
    """Each is counted once."""
    keep_gaps(structures)
    return keep_measures(structures)


def _absent(state: State) -> QuerySet[Bal]:
    """The BAL in this state that a fresh annuaire no longer shows; a stale one proves nothing."""
    if not allows(check_annuaire_fresh):
        return Bal.objects.none()
    return Bal.objects.filter(state=state).absent()


def _seen() -> QuerySet[Request]:
    """The requests asked before a fresh picture of the annuaire that shows them done."""
    run = SyncRun.objects.latest_public()
    return Request.objects.seen_in_annuaire(run.as_of) if run and not run.is_stale else Request.objects.none()


def _askable(people: QuerySet[Person]) -> QuerySet[Person]:
    """The people with addresses to be asked about; with a stale annuaire, nobody."""
    return people if allows(check_annuaire_fresh) else Person.objects.none()


def _preferences_seen() -> QuerySet[Request]:
    """The wishes asked of operators and now shown for every place; where no fresh source tells ranks, none is."""
    if not allows(check_ranks_known):
        return Request.objects.none()
    unseen = Preference.objects.filter(request=OuterRef("pk")).exclude(
        pk__in=Preference.objects.observed().values("pk")
    )
    asked = Request.objects.filter(kind=RequestKind.PREFER, stage__in=STANDING, preferences__isnull=False)
    return asked.filter(~Exists(unseen)).distinct()


def daily(job: str) -> crontab:
    """Every day, at the hour that the pages foretell."""
    return crontab(hour=HOURS[job].hour, minute=HOURS[job].minute)


def _moving(verb: Verb) -> Callable[[QuerySet], Tally]:
    return _all(move_each, verb=verb)


def _stepping(act: Act) -> Callable[[QuerySet], Tally]:
    return _all(step_each, act=act)


def _all(action: Callable[..., Tally], **facts) -> Callable[[QuerySet], Tally]:
    """An action that takes all the rows, in batches."""
    return partial(action, by=SYSTEM, **facts)


def _each(action: Callable) -> Callable[[QuerySet], Tally]:
    return partial(one_by_one, action)


def _days_of(rank: int) -> int | None:
    """How long before the end this reminder goes, the last being of rank 0; None where there are fewer."""
    return dict(enumerate(sorted(chosen.IDLE_REMINDERS))).get(rank)


def _to_remind_of(rank: int, now: datetime) -> QuerySet[Bal]:
    days = _days_of(rank)
    return Bal.objects.none() if days is None else idleness.due_for_reminder(now, days=days)


def _reminding(rank: int) -> Callable[[QuerySet], Tally]:
    return lambda rows: _all(remind_idle_each, days=_days_of(rank) or 0)(rows)


# What the retention settings no longer keep. The journal is not among it: its decisions are a record, whose words the
# owner of the tables alone takes out (`manage.py forget_records`).
OUTDATED: dict[str, Callable[[datetime], QuerySet]] = {
    "journal de l’administration": lambda now: LogEntry.objects.filter(action_time__lt=now - settings.ADMIN_LOG_KEPT),
    "traces d’accès": lambda now: AccessTrace.objects.filter(at__lt=AccessTrace.kept_since(now)),
    "brouillons": lambda now: OpeningDraft.objects.filter(changed_at__lt=now - chosen.DRAFTS_KEPT),
    "réponses automatiques terminées": lambda now: AutoReply.objects.filter(
        ended_at__lt=now - chosen.ACCESS_TRACES_KEPT
    ),
    "relevés": lambda now: Reading.objects.filter(at__lt=Reading.kept_since(now)),
    "appels de l’API": lambda now: Call.objects.filter(at__lt=now - settings.CALLS_KEPT),
    "livraisons": lambda now: Delivery.objects.filter(created_at__lt=now - settings.DELIVERIES_KEPT),
    "actes en lot": lambda now: Batch.objects.filter(at__lt=now - chosen.IMPORTS_KEPT),
    "sessions": lambda now: Session.objects.filter(expire_date__lt=now),
}


# fmt: off
JOBS: dict[str, ScheduledJob] = {
    "apply_departures": ScheduledJob(daily("apply_departures"), [
        Sweep("accès retirés aux personnes parties",
              lambda now: Affiliation.objects.to_apply(timezone.localdate(now)), _each(apply_departure)),
    ]),
    "end_delegations": ScheduledJob(daily("end_delegations"), [
        Sweep("délégations échues",
              lambda now: Delegataire.objects.expired(timezone.localdate(now)), _each(end_delegation)),
    ]),
    "seal": ScheduledJob(crontab(minute=25), [
        Sweep("lignes du journal à sceller", unsealed_entries, seal),
        Sweep("avis remis à sceller", unsealed_notices, seal),
    ]),
    "purge": ScheduledJob(crontab(hour=3, minute=30), [
        *(Sweep(title, rows, delete) for title, rows in OUTDATED.items()),
        Sweep("personnes parties depuis longtemps", forgettable, _each(forget_person)),
        Sweep("fichiers d’imports", lambda now: Import.objects.outdated(now), _each(forget_import)),
    ]),
    "verify_absences": ScheduledJob(crontab(hour=6, minute=0), [
        Sweep("dépublications constatées à l’annuaire",
              lambda now: _absent(State.DEPUBLICATION_REQUESTED), _moving(Verb.VERIFY_DEPUBLICATION)),
        Sweep("suppressions constatées à l’annuaire",
              lambda now: _absent(State.DELETION_CONFIRMED), _moving(Verb.VERIFY_DELETION)),
    ]),
    "verify_requests": ScheduledJob(crontab(hour=6, minute=10), [
        Sweep("demandes constatées à l’annuaire", lambda now: _seen(), _stepping(Act.VERIFY_REQUEST)),
        Sweep("BAL privilégiées constatées à l’annuaire",
              lambda now: _preferences_seen(), _stepping(Act.VERIFY_REQUEST)),
    ]),
    "check_certificates": ScheduledJob(crontab(hour=6, minute=10), [
        Sweep("fins de certificat à signaler",
              lambda now: ApplicativeFacts.objects.to_warn(timezone.localdate(now), CERTIFICATE_THRESHOLDS),
              _all(warn_certificates)),
    ]),
    "alert_idle": ScheduledJob(daily("alert_idle"), [
        Sweep("alertes d’inactivité", lambda now: Bal.objects.due_for_alert(now), _moving(Verb.ALERT_IDLE)),
    ]),
    "follow_alerts": ScheduledJob(daily("follow_alerts"), [
        *(Sweep(f"rappels d’inactivité, rang {rank + 1} avant la fin", partial(_to_remind_of, rank), _reminding(rank))
          for rank in range(max(MOST_NUMBERS, len(settings.IDLE_REMINDERS)))),
        Sweep("alertes sans réponse, dites au gestionnaire", idleness.due_for_escalation, _all(escalate_idle_each)),
    ]),
    "depublish_idle": ScheduledJob(daily("depublish_idle"), [
        Sweep("demandes de dépublication",
              lambda now: Bal.objects.due_for_depublication(now), _moving(Verb.DEPUBLISH_IDLE)),
    ]),
    "ask_unidentified": ScheduledJob(crontab(hour=7, minute=0), [
        Sweep("rappels sur des adresses à identifier",
              lambda now: _askable(Claim.objects.people_to_remind(now)), _all(remind_people)),
        Sweep("questions sur des adresses à identifier",
              lambda now: _askable(Claim.objects.people_to_ask(now)), _all(ask_people)),
    ]),
    "ask_unknown": ScheduledJob(daily("ask_unknown"), [
        Sweep("rappels de la question « vous en servez-vous ? »",
              idleness.due_for_question_reminder, _all(remind_use_each)),
        Sweep("questions « vous en servez-vous ? »", idleness.due_for_question, _all(ask_use_each)),
    ]),
    "settle_waiting": ScheduledJob(crontab(minute=35), [
        Sweep("coordonnées que personne n’a refusées",
              lambda now: ContactChange.objects.to_apply(now), _each(apply_contact)),
        Sweep("demandes de rattachement sans réponse",
              lambda now: Joining.objects.to_expire(now), _each(expire_joining)),
    ]),
    "remind_movements": ScheduledJob(crontab(hour=7, minute=20), [
        Sweep("arrivées et départs à rappeler",
              lambda now: Movement.objects.to_remind(timezone.localdate(now)), _all(remind_movements)),
    ]),
    "follow_engagements": ScheduledJob(crontab(hour=7, minute=25), [
        Sweep("engagements suivis et rappelés", lambda now: Engagement.objects.open(), follow_engagements),
    ]),
    "follow_campaigns": ScheduledJob(crontab(hour=7, minute=30), [
        Sweep("campagnes arrivées à leur dernier jour",
              lambda now: Campaign.objects.to_close(timezone.localdate(now)), _each(close_campaign)),
        Sweep("campagnes à rappeler", lambda now: Campaign.objects.to_remind(now), _each(remind_campaign)),
    ]),
    "review_accesses": ScheduledJob(crontab(hour=7, minute=40), [
        Sweep("revues périodiques des accès à commencer",
              lambda now: Recurrence.objects.due(timezone.localdate(now)), _each(begin_review)),
    ]),
    "follow_migrations": ScheduledJob(crontab(minute="12-59/15"), [
        Sweep("BAL migrées à basculer", lambda now: to_switch(timezone.localdate(now)),
              partial(switch_each, by=SYSTEM)),
        Sweep("anciennes adresses à retirer de l’annuaire", lambda now: to_depublish(),
              partial(depublish_each, by=SYSTEM)),
        Sweep("anciennes BAL fermées", lambda now: to_end(), partial(end_each, by=SYSTEM)),
    ]),
    "remind_operators": ScheduledJob(daily("remind_operators"), [
        Sweep("relances aux opérateurs",
              lambda now: Request.objects.to_remind(timezone.localdate(now)), _stepping(Act.REMIND_OPERATOR)),
        Sweep("retards d’opérateurs signalés",
              lambda now: Request.objects.to_escalate(now), _stepping(Act.ESCALATE_REQUEST)),
    ]),
    "check_quotas": ScheduledJob(crontab(minute=50), [
        Sweep("seuils de remplissage franchis",
              lambda now: Bal.objects.crossing_quota(), partial(update_quota_warnings, by=SYSTEM)),
    ]),
    "note_sightings": ScheduledJob(crontab(minute=45), [
        Sweep("ce que l’annuaire ne montre plus",
              lambda now: Sighting.objects.all(), lambda rows: note_sightings()),
    ]),
    "take_measures": ScheduledJob(crontab(minute="*/15"), [  # of one day the last one stands
        Sweep("structures mesurées, avec leurs écarts", lambda now: Structure.objects.all(), _measure),
    ]),
    "ask_campaigns": ScheduledJob(timedelta(minutes=10), [
        Sweep("campagnes dont l’envoi est à poursuivre", lambda now: Campaign.objects.to_ask(), _each(ask_campaign)),
    ]),
    "note_todos": ScheduledJob(crontab(minute="7-59/15"), [
        Sweep("choses à faire relevées", lambda now: Todo.objects.all(), lambda rows: note_todos(FINDINGS)),
    ]),
    "send_digests": ScheduledJob(crontab(day_of_week=1, hour=7, minute=45), [
        Sweep("résumés du lundi", digest.due, _each(digest.send_digest)),
    ]),
    "visit_operators": ScheduledJob(timedelta(minutes=10), [
        Sweep("réponses automatiques arrivées à leur dernier jour",
              lambda now: AutoReply.objects.past(timezone.localdate(now)), _each(end_reply)),
        Sweep("serveurs d’opérateurs à visiter", lambda now: MailServer.objects.due(now), hand_out),
    ]),
    "tell_again": ScheduledJob(timedelta(minutes=10), [
        Sweep("avis à transmettre", lambda now: JournalEntry.objects.untold(now), _tell),
    ]),
    "take_up_imports": ScheduledJob(timedelta(minutes=5), [
        Sweep("imports interrompus à reprendre", lambda now: Import.objects.interrupted(now), _each(carry_on)),
    ]),
    "take_up_batches": ScheduledJob(timedelta(minutes=5), [
        Sweep("actes en lot interrompus à reprendre", lambda now: Batch.objects.forgotten(now), _each(take_up)),
    ]),
    "deliver_webhooks": ScheduledJob(timedelta(minutes=1), [
        Sweep("webhooks à tenir au courant", lambda now: Webhook.objects.active(), enlist_each),
        Sweep("livraisons à faire", lambda now: Delivery.objects.due(now), deliver_each),
    ]),
}
# fmt: on


def run(name: str, now: datetime | None = None) -> Tally:
    """Do what is due at `now` (the present by default) for one job."""
    chosen.refresh_if_old()
    tally = Tally()
    for sweep in JOBS[name].sweeps:
        tally += sweep.act(sweep.due(now or timezone.now()))
    logger.info("%s : %s faits, %s refusés", name, tally.done, len(tally.refused))
    for what, reason in tally.refused.items():
        logger.warning("%s : %s : %s", name, what, reason)
    return tally


def _task_of(name: str) -> Task:
    @shared_task(name=f"{__name__}.{name}")
    def task() -> Tally:
        return run(name)

    return task


TASKS: dict[str, Task] = {name: _task_of(name) for name in JOBS}
# The beat reads its schedule once the tasks are imported.
current_app.conf.beat_schedule.update(
    {name: {"task": task.name, "schedule": JOBS[name].when} for name, task in TASKS.items()}
)
