"""Where each open step of a departure or an arrival is mended, for who may do it there and then."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from django.urls import reverse

from mailboxes.lifecycle import Act, Verb
from mailboxes.models import Bal
from mailboxes.models.checklists import MovementFile, TaskLine
from mailboxes.rules import allows, check_may, check_move

SHOWN = 4  # buttons of one step; its words name the others


class StepRemedy(NamedTuple):
    label: str
    url: str


Finds = Callable[[MovementFile, object], Iterable[StepRemedy]]


def remedies(file: MovementFile, line: TaskLine, *, by) -> list[StepRemedy]:
    """Remedies of a step that is neither seen done nor ticked, in a file that is still open."""
    found = REMEDIES.get(line.task.name)
    if found is None or line.is_settled or file.movement.closed_at:
        return []
    return list(found(file, by))[:SHOWN]


def _manages(file: MovementFile, by) -> bool:
    stay = file.movement.stay
    return allows(check_may, Act.RECORD_DEPARTURE, structure=stay.structure, person=stay.person, by=by)


def _hand_over(file: MovementFile, by) -> Iterator[StepRemedy]:
    person = file.movement.stay.person
    if _manages(file, by) or person.is_actor(by):
        yield StepRemedy("Transmettre ses BAL", reverse("person-roles", args=[person.pk]))


def _open(bals: Iterable[Bal]) -> Iterator[StepRemedy]:
    for bal in dict.fromkeys(bals):
        yield StepRemedy(f"Ouvrir {bal}", bal.get_absolute_url())


def _depublish(file: MovementFile, by) -> Iterator[StepRemedy]:
    for bal in file.standing.nominatives:
        if allows(check_move, bal, Verb.REQUEST_DEPUBLICATION, by=by):
            yield StepRemedy("Demander la dépublication", reverse("bal-depublish", args=[bal.pk]))


def _delete(file: MovementFile, by) -> Iterator[StepRemedy]:
    for bal in file.standing.nominatives:
        if allows(check_move, bal, Verb.REQUEST_DELETION, by=by):
            yield StepRemedy("Demander la suppression", reverse("bal-verb", args=[bal.pk, Verb.REQUEST_DELETION]))


def _record(file: MovementFile, by) -> Iterator[StepRemedy]:
    if not file.movement.stay.left_on and _manages(file, by):
        yield StepRemedy("Enregistrer le départ", reverse("departure-record", args=[file.movement.stay_id]))


def _answers(file: MovementFile, by) -> Iterator[StepRemedy]:
    for request in file.standing.closings:
        yield StepRemedy(f"Voir la demande n° {request.pk}", reverse("request", args=[request.pk]))


def _describe(file: MovementFile, by) -> Iterator[StepRemedy]:
    if _manages(file, by):
        yield StepRemedy("Modifier sa fiche", reverse("person-edit", args=[file.movement.stay.person_id]))


REMEDIES: dict[str, Finds] = {
    "card": _describe,
    "per": lambda file, by: [StepRemedy("Demander une BAL", reverse("opening"))] if _manages(file, by) else [],
    "principal": _hand_over,
    "shared": lambda file, by: _open(holder.bal for holder in file.standing.shared),
    "given": lambda file, by: _open(row.bal for row in file.standing.given),
    "received": lambda file, by: _open(row.bal for row in file.standing.received),
    "auto_reply": lambda file, by: _open(file.standing.nominatives),
    "depublished": _depublish,
    "deletion": _delete,
    "end": _record,
    "operator": _answers,
}
