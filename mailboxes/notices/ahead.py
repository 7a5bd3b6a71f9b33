"""What comes next in the life of one BAL, and on which day, if nobody does anything.

No date is worked out here: each is that of the rule which the job of that night asks.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from django.utils import timezone

from directory.dates import day_of, start_of
from directory.typography import of
from mailboxes.lifecycle import IN_SERVICE, RequestStage, State
from mailboxes.models import Affiliation, Alias, AutoReply, Bal, Delegataire, Request
from mailboxes.notices.hours import first_pass
from mailboxes.notices.idleness import alert_of, question_of
from mailboxes.requests.wayout import deletable_at


class Ahead(NamedTuple):
    day: date | None  # None: as soon as it is seen
    title: str
    why: str = ""


def ahead_of(
    bal: Bal,
    *,
    delegations: Iterable[Delegataire],
    stays: Iterable[Affiliation],
    reply: AutoReply | None = None,
    aliases: Iterable[Alias] = (),
) -> list[Ahead]:
    """The nearest first; `bal` with its requests, `stays` those of who hold it in its structure."""
    found = [
        *_life(bal),
        *(line for request in bal.requests.all() if request.is_awaited for line in _answer(request)),
        *_accesses(delegations, stays),
        *_readings(bal),
        *_reply(reply),
        *_migration(aliases),
    ]
    return sorted(found, key=lambda line: line.day or date.max)


def _life(bal: Bal) -> Iterator[Ahead]:
    if bal.state == State.IDLE_ALERTED:
        yield from _alert(bal)
    elif bal.is_of_unknown_use:
        yield from _question(bal)
    elif bal.state == State.ACTIVE and bal.has_users and bal.clock_at and bal.watched_until:
        day = first_pass("alert_idle", bal.operator.idle_from(bal.clock_at))
        yield Ahead(day, "Alerte d’inactivité à ses titulaires", "Si elle ne sert pas d’ici là.")
    elif bal.state == State.DEPUBLICATION_REQUESTED and bal.is_expected_in_annuaire:
        yield Ahead(None, "Dépublication constatée", "Dès que l’annuaire ne la montrera plus.")
    elif bal.state == State.DEPUBLISHED:
        why = "Ses correspondants auront eu le temps de l’apprendre. Qui la tient la demande ; rien ne part seul."
        yield Ahead(timezone.localdate(deletable_at(bal)), "Suppression à demander à partir de ce jour", why)
    elif bal.state == State.DELETION_CONFIRMED and bal.is_expected_in_annuaire:
        yield Ahead(None, "Suppression constatée", "Dès que l’annuaire ne la montrera plus.")


def _alert(bal: Bal) -> Iterator[Ahead]:
    if bal.watched_until is None or bal.watched_until < timezone.now():
        yield Ahead(None, "Suite de l’alerte d’inactivité", "Dès qu’un relevé récent confirmera qu’elle ne sert pas.")
        return
    alert = alert_of(bal)
    # Of two reminders due by the same night, the one nearer to the end is given.
    left = sorted(alert.reminders.items(), reverse=True)
    for day, days in {first_pass("follow_alerts", at): days for days, at in left}.items():
        yield Ahead(day, "Rappel à ses titulaires", f"{days} jours avant la fin.")
    if alert.escalates_at:
        why = "Aucun titulaire n’aura répondu." if alert.ends_at else "Aucun titulaire n’a pu être prévenu."
        yield Ahead(first_pass("follow_alerts", alert.escalates_at), "Signalement au gestionnaire", why)
    if alert.ends_at:
        day = first_pass("depublish_idle", alert.ends_at)
        yield Ahead(day, "Retrait de l’annuaire demandé à l’opérateur", "Sans usage ni opposition d’ici là.")
    else:
        why = "L’alerte n’a été remise à aucun titulaire : prévenez-en un autrement, et consignez-le."
        yield Ahead(None, "Aucun retrait de l’annuaire", why)


def _question(bal: Bal) -> Iterator[Ahead]:
    question = question_of(bal)
    if question is None:
        return
    if question.reminds_at:
        day = first_pass("ask_unknown", question.reminds_at)
        yield Ahead(day, "Rappel de la question « vous en servez-vous ? »", "Sans réponse, elle reste ouverte.")
    day = first_pass("ask_unknown", question.asks_at)
    yield Ahead(day, "Question à ses titulaires : « vous en servez-vous ? »", "Personne n’a dit si elle sert.")


def _answer(request: Request) -> Iterator[Ahead]:
    if request.stage == RequestStage.DRAFT:
        yield Ahead(None, f"Demande à envoyer à {request.operator} : {request.asks}")
    elif request.due_on and not request.is_overdue:
        yield Ahead(request.due_on, f"Réponse attendue {of(request.operator)} : {request.asks}")
    if request.reminder_on:
        day = first_pass("remind_operators", start_of(request.reminder_on))
        yield Ahead(day, f"Relance {of(request.operator)} : {request.asks}", "Sans réponse.")
    if request.escalates_at:
        day = first_pass("remind_operators", request.escalates_at)
        yield Ahead(day, f"Retard {of(request.operator)} signalé au gestionnaire : {request.asks}")


def _accesses(delegations: Iterable[Delegataire], stays: Iterable[Affiliation]) -> Iterator[Ahead]:
    today = timezone.localdate()
    for row in delegations:
        if row.starts_on > today:
            yield Ahead(row.starts_on, f"Début de la délégation {of(row.person)}")
        if row.ends_on and row.ends_on >= today:
            yield Ahead(row.ends_on, f"Dernier jour de la délégation {of(row.person)}", "L’accès prend fin la nuit.")
    for stay in stays:
        if stay.left_on and not stay.is_over:
            yield Ahead(stay.left_on, f"Départ {of(stay.person)}", "Ses accès prennent fin ce jour-là.")


def _readings(bal: Bal) -> Iterator[Ahead]:
    until, today = bal.watched_until, timezone.localdate()
    if until and bal.clock_at and bal.has_users and bal.state in IN_SERVICE and until > timezone.now():
        why = f"Sans nouveau relevé {of(bal.operator)}, ni alerte ni retrait ne part."
        yield Ahead(timezone.localdate(until), "Relevé trop ancien pour conclure", why)
    if bal.full_on and bal.full_on >= today and not bal.is_over:
        yield Ahead(bal.full_on, "Pleine vers ce jour", "Au rythme de ses relevés, si personne ne fait de place.")


def _reply(reply: AutoReply | None) -> Iterator[Ahead]:
    if reply and not reply.is_over and reply.ends_on >= timezone.localdate():
        yield Ahead(reply.ends_on, "Dernier jour de la réponse automatique", f"En place du {day_of(reply.starts_on)}.")


def _migration(aliases: Iterable[Alias]) -> Iterator[Ahead]:
    for alias in aliases:
        if alias.due_on is None or alias.due_on < timezone.localdate():
            continue
        if alias.nature == Alias.Nature.COMING:
            yield Ahead(alias.due_on, f"Bascule vers {alias.address}", "Si la nouvelle BAL est ouverte ce jour-là.")
        else:
            why = "Ce qui lui est écrit arrive jusque-là. Le gestionnaire demande sa fermeture ; rien ne part seul."
            yield Ahead(alias.due_on, f"Ancienne adresse à faire fermer à partir de ce jour : {alias.address}", why)
