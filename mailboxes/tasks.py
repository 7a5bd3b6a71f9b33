"""The jobs. Each is a list of sweeps, a sweep is a QuerySet plus a verb; run twice, they do it once.

The beat schedule (`settings.CELERY_BEAT_SCHEDULE`) and the commands of the same names both read `JOBS`.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from celery import shared_task
from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from mailboxes.actions import (
    Tally,
    ask_person,
    carry_on,
    end_delegation,
    forget_import,
    move_each,
    remind_person,
    update_quota_warning,
)
from mailboxes.actions.traces import PURGEABLE, delete
from mailboxes.lifecycle import State, Verb
from mailboxes.models import SYSTEM, Bal, Claim, Delegataire, Import, JournalEntry, Person
from mailboxes.notices import tell
from mailboxes.rules import Refused, allows, check_annuaire_fresh

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


def _absent(state: State) -> QuerySet[Bal]:
    """Those in this state that a fresh annuaire no longer shows; a stale one concludes nothing."""
    if not allows(check_annuaire_fresh):
        return Bal.objects.none()
    return Bal.objects.filter(state=state).expected_in_annuaire().with_publication().filter(is_published=False)


def _askable(people: QuerySet[Person]) -> QuerySet[Person]:
    """A stale annuaire asks nobody anything."""
    return people if allows(check_annuaire_fresh) else Person.objects.none()


def _moving(verb: Verb) -> Callable[[QuerySet], Tally]:
    return partial(move_each, verb=verb, by=SYSTEM)


# fmt: off
JOBS: dict[str, list[Sweep]] = {
    "verify_absences": [
        Sweep("dépublications constatées à l’annuaire", lambda now: _absent(State.DEPUBLICATION_REQUESTED), _moving(Verb.VERIFY_DEPUBLICATION)),
        Sweep("suppressions constatées à l’annuaire",   lambda now: _absent(State.DELETION_CONFIRMED),      _moving(Verb.VERIFY_DELETION)),
    ],
    "alert_idle":      [Sweep("alertes d’inactivité",              lambda now: Bal.objects.due_for_alert(now),         _moving(Verb.ALERT_IDLE))],
    "depublish_idle":  [Sweep("demandes de dépublication",         lambda now: Bal.objects.due_for_depublication(now), _moving(Verb.DEPUBLISH_IDLE))],
    "check_quotas":    [Sweep("seuils de remplissage franchis",    lambda now: Bal.objects.crossing_quota(),           partial(one_by_one, update_quota_warning))],
    "end_delegations": [Sweep("délégations échues",                lambda now: Delegataire.objects.expired(timezone.localdate(now)), partial(one_by_one, end_delegation))],
    "ask_unidentified": [
        Sweep("rappels sur des adresses à identifier",  lambda now: _askable(Claim.objects.people_to_remind(now)), partial(one_by_one, remind_person)),
        Sweep("questions sur des adresses à identifier", lambda now: _askable(Claim.objects.people_to_ask(now)),   partial(one_by_one, ask_person)),
    ],
    "tell_again":      [Sweep("avis à transmettre",                lambda now: JournalEntry.objects.untold(now),       _tell)],
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
def alert_idle() -> None:
    run("alert_idle")


@shared_task
def depublish_idle() -> None:
    run("depublish_idle")


@shared_task
def check_quotas() -> None:
    run("check_quotas")


@shared_task
def end_delegations() -> None:
    run("end_delegations")


@shared_task
def ask_unidentified() -> None:
    run("ask_unidentified")


@shared_task
def tell_again() -> None:
    run("tell_again")


@shared_task
def take_up_imports() -> None:
    run("take_up_imports")


@shared_task
def purge() -> None:
    run("purge")
