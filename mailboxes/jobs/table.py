"""The jobs, as one table: when each runs, and what it sweeps. A sweep is a QuerySet plus a verb: twice is as once.

A line of `JOBS` is all that a job takes: its Celery task, its place in the beat's schedule, the command
`manage.py job NAME` and its help are made from it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from celery.schedules import crontab
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from mailboxes.actions import (
    Tally,
    apply_contact,
    apply_departure,
    ask_people,
    ask_use_each,
    end_delegation,
    escalate_idle_each,
    expire_joining,
    note_sightings,
    remind_movements,
    remind_people,
    remind_use_each,
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
from mailboxes.imports.actions import drop_strays, forget_import
from mailboxes.imports.models import Import
from mailboxes.imports.work import carry_on
from mailboxes.inbox import digest
from mailboxes.inbox.actions import note_todos
from mailboxes.inbox.models import Todo
from mailboxes.jobs.acts import each, measure, moving, reminding, stepping, tell_anew, together
from mailboxes.jobs.due import absent, askable, preferences_shown, shown_as_done, to_remind_of
from mailboxes.jobs.outdated import OUTDATED
from mailboxes.lifecycle import Act, State, Verb
from mailboxes.lists.actions import take_up
from mailboxes.lists.models import Batch
from mailboxes.mailserver.actions import end_reply
from mailboxes.mailserver.visits import hand_out
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    ApplicativeFacts,
    AutoReply,
    Bal,
    Claim,
    ContactChange,
    Delegataire,
    Engagement,
    Joining,
    JournalEntry,
    MailServer,
    Movement,
    Request,
    Sighting,
    Structure,
)
from mailboxes.models.seals import unsealed_entries, unsealed_notices
from mailboxes.moves.reads import to_depublish, to_end, to_switch
from mailboxes.moves.switching import depublish_each, end_each, switch_each
from mailboxes.notices import idleness
from mailboxes.notices.hours import HOURS
from mailboxes.rules import CERTIFICATE_THRESHOLDS
from mailboxes.rules.thresholds import MOST_NUMBERS
from mailboxes.software.delivery import deliver_each, enlist_each
from mailboxes.software.models import Delivery, Webhook


class Sweep(NamedTuple):
    title: str
    due: Callable[[datetime], QuerySet]
    act: Callable[[QuerySet], Tally]


class ScheduledJob(NamedTuple):
    when: crontab | timedelta
    sweeps: list[Sweep]


def daily(job: str) -> crontab:
    """Every day, at the hour that the pages foretell."""
    return crontab(hour=HOURS[job].hour, minute=HOURS[job].minute)


# fmt: off
JOBS: dict[str, ScheduledJob] = {
    "apply_departures": ScheduledJob(daily("apply_departures"), [
        Sweep("accès retirés aux personnes parties",
              lambda now: Affiliation.objects.to_apply(timezone.localdate(now)), each(apply_departure)),
    ]),
    "end_delegations": ScheduledJob(daily("end_delegations"), [
        Sweep("délégations échues",
              lambda now: Delegataire.objects.expired(timezone.localdate(now)), each(end_delegation)),
    ]),
    "seal": ScheduledJob(crontab(minute=25), [
        Sweep("lignes du journal à sceller", unsealed_entries, seal),
        Sweep("avis remis à sceller", unsealed_notices, seal),
    ]),
    "purge": ScheduledJob(crontab(hour=3, minute=30), [
        *(Sweep(title, rows, delete) for title, rows in OUTDATED.items()),
        Sweep("personnes parties depuis longtemps", forgettable, each(forget_person)),
        Sweep("fichiers d’imports", lambda now: Import.objects.outdated(now), each(forget_import)),
        Sweep("fichiers qu’aucun import n’attend", lambda now: Import.objects.needing_file(), drop_strays),
    ]),
    "verify_absences": ScheduledJob(crontab(hour=6, minute=0), [
        Sweep("dépublications constatées à l’annuaire",
              lambda now: absent(State.DEPUBLICATION_REQUESTED), moving(Verb.VERIFY_DEPUBLICATION)),
        Sweep("suppressions constatées à l’annuaire",
              lambda now: absent(State.DELETION_CONFIRMED), moving(Verb.VERIFY_DELETION)),
    ]),
    "verify_requests": ScheduledJob(crontab(hour=6, minute=10), [
        Sweep("demandes constatées à l’annuaire", lambda now: shown_as_done(), stepping(Act.VERIFY_REQUEST)),
        Sweep("BAL privilégiées constatées à l’annuaire",
              lambda now: preferences_shown(), stepping(Act.VERIFY_REQUEST)),
    ]),
    "check_certificates": ScheduledJob(crontab(hour=6, minute=10), [
        Sweep("fins de certificat à signaler",
              lambda now: ApplicativeFacts.objects.to_warn(timezone.localdate(now), CERTIFICATE_THRESHOLDS),
              together(warn_certificates)),
    ]),
    "alert_idle": ScheduledJob(daily("alert_idle"), [
        Sweep("alertes d’inactivité", lambda now: Bal.objects.due_for_alert(now), moving(Verb.ALERT_IDLE)),
    ]),
    "follow_alerts": ScheduledJob(daily("follow_alerts"), [
        *(Sweep(f"rappels d’inactivité, rang {rank + 1} avant la fin", partial(to_remind_of, rank), reminding(rank))
          for rank in range(max(MOST_NUMBERS, len(settings.IDLE_REMINDERS)))),
        Sweep("alertes sans réponse, dites au gestionnaire", idleness.due_for_escalation, together(escalate_idle_each)),
    ]),
    "depublish_idle": ScheduledJob(daily("depublish_idle"), [
        Sweep("demandes de dépublication",
              lambda now: Bal.objects.due_for_depublication(now), moving(Verb.DEPUBLISH_IDLE)),
    ]),
    "ask_unidentified": ScheduledJob(crontab(hour=7, minute=0), [
        Sweep("rappels sur des adresses à identifier",
              lambda now: askable(Claim.objects.people_to_remind(now)), together(remind_people)),
        Sweep("questions sur des adresses à identifier",
              lambda now: askable(Claim.objects.people_to_ask(now)), together(ask_people)),
    ]),
    "ask_unknown": ScheduledJob(daily("ask_unknown"), [
        Sweep("rappels de la question « vous en servez-vous ? »",
              idleness.due_for_question_reminder, together(remind_use_each)),
        Sweep("questions « vous en servez-vous ? »", idleness.due_for_question, together(ask_use_each)),
    ]),
    "settle_waiting": ScheduledJob(crontab(minute=35), [
        Sweep("coordonnées que personne n’a refusées",
              lambda now: ContactChange.objects.to_apply(now), each(apply_contact)),
        Sweep("demandes de rattachement sans réponse",
              lambda now: Joining.objects.to_expire(now), each(expire_joining)),
    ]),
    "remind_movements": ScheduledJob(crontab(hour=7, minute=20), [
        Sweep("arrivées et départs à rappeler",
              lambda now: Movement.objects.to_remind(timezone.localdate(now)), together(remind_movements)),
    ]),
    "follow_engagements": ScheduledJob(crontab(hour=7, minute=25), [
        Sweep("engagements suivis et rappelés", lambda now: Engagement.objects.open(), follow_engagements),
    ]),
    "follow_campaigns": ScheduledJob(crontab(hour=7, minute=30), [
        Sweep("campagnes arrivées à leur dernier jour",
              lambda now: Campaign.objects.to_close(timezone.localdate(now)), each(close_campaign)),
        Sweep("campagnes à rappeler", lambda now: Campaign.objects.to_remind(now), each(remind_campaign)),
    ]),
    "review_accesses": ScheduledJob(crontab(hour=7, minute=40), [
        Sweep("revues périodiques des accès à commencer",
              lambda now: Recurrence.objects.due(timezone.localdate(now)), each(begin_review)),
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
              lambda now: Request.objects.to_remind(timezone.localdate(now)), stepping(Act.REMIND_OPERATOR)),
        Sweep("retards d’opérateurs signalés",
              lambda now: Request.objects.to_escalate(now), stepping(Act.ESCALATE_REQUEST)),
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
        Sweep("structures mesurées, avec leurs écarts", lambda now: Structure.objects.all(), measure),
    ]),
    "ask_campaigns": ScheduledJob(timedelta(minutes=10), [
        Sweep("campagnes dont l’envoi est à poursuivre", lambda now: Campaign.objects.to_ask(), each(ask_campaign)),
    ]),
    "note_todos": ScheduledJob(crontab(minute="7-59/15"), [
        Sweep("choses à faire relevées", lambda now: Todo.objects.all(), lambda rows: note_todos(FINDINGS)),
    ]),
    "send_digests": ScheduledJob(crontab(day_of_week=1, hour="7-11", minute=45), [  # again, of whom the server refused
        Sweep("résumés du lundi", digest.due, each(digest.send_digest)),
    ]),
    "visit_operators": ScheduledJob(timedelta(minutes=10), [
        Sweep("réponses automatiques arrivées à leur dernier jour",
              lambda now: AutoReply.objects.past(timezone.localdate(now)), each(end_reply)),
        Sweep("serveurs d’opérateurs à visiter", lambda now: MailServer.objects.due(now), hand_out),
    ]),
    "tell_again": ScheduledJob(timedelta(minutes=10), [
        Sweep("avis à transmettre", lambda now: JournalEntry.objects.untold(now), tell_anew),
    ]),
    "take_up_imports": ScheduledJob(timedelta(minutes=5), [
        Sweep("imports interrompus à reprendre", lambda now: Import.objects.interrupted(now), each(carry_on)),
    ]),
    "take_up_batches": ScheduledJob(timedelta(minutes=5), [
        Sweep("actes en lot interrompus à reprendre", lambda now: Batch.objects.forgotten(now), each(take_up)),
    ]),
    "deliver_webhooks": ScheduledJob(timedelta(minutes=1), [
        Sweep("webhooks à tenir au courant", lambda now: Webhook.objects.active(), enlist_each),
        Sweep("livraisons à faire", lambda now: Delivery.objects.due(now), deliver_each),
    ]),
}
# fmt: on
