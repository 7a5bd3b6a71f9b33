"""What an arrival and a departure take, step by step, as one table; and how far a file is.

Of some steps the register itself sees whether they are done: nobody ticks those, and they come undone with the fact.
The others are ticked by a person. The order is that of the field: who has no RPPS gets no card, who has no card no BAL.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.utils import timezone

from mailboxes.lifecycle import BEYOND_DELETION, BEYOND_DEPUBLICATION, LIVE, OPENED, Role
from mailboxes.models import Bal, Movement, Standing, Step, standings

Kind = Movement.Kind


class TaskSeen(NamedTuple):
    """What the register sees of a step, and in which words."""

    is_done: bool
    words: str


class Task(NamedTuple):
    kind: Kind
    name: str
    title: str
    how: str
    seen: Callable[[Standing], TaskSeen | None] | None = None  # None, or an answer of None: a person says
    may_skip: bool = True  # may be set aside as not applicable, with a reason
    by: frozenset[Role] = frozenset({Role.GESTIONNAIRE})


def _named(bals: Iterable[Bal]) -> str:
    return ", ".join(bal.address for bal in bals)


# --- Arrival ----------------------------------------------------------------------------------------------------------
def _rpps(standing: Standing) -> TaskSeen:
    number = standing.stay.person.rpps
    return TaskSeen(bool(number), f"RPPS {number}" if number else "Aucun numéro RPPS sur sa fiche.")


def _situation(standing: Standing) -> TaskSeen | None:
    """An activity that is not shown proves nothing: the file may be of before, or know the place by another number."""
    current = [activity for activity in standing.situations if activity.withdrawn_at is None]
    return TaskSeen(True, f"L’annuaire montre son activité : {current[0].place}.") if current else None


def _card(standing: Standing) -> TaskSeen:
    has = standing.stay.person.has_cps
    lacks = "Sa fiche ne dit pas qu’une CPS ou une e-CPS lui est remise."
    return TaskSeen(has, "CPS ou e-CPS connue." if has else lacks)


def _per(standing: Standing) -> TaskSeen:
    live = [bal for bal in standing.nominatives if bal.state in LIVE]
    opened = [bal for bal in live if bal.state in OPENED]
    if opened:
        return TaskSeen(True, _named(opened))
    return TaskSeen(False, f"Demandée : {_named(live)}." if live else "Aucune BAL nominative dans cette structure.")


# --- Departure --------------------------------------------------------------------------------------------------------
def _handed_over(standing: Standing) -> TaskSeen:
    rows = standing.blocking
    if rows:
        return TaskSeen(False, f"Son départ laisserait sans responsable : {_named(row.bal for row in rows)}.")
    return TaskSeen(True, "Aucune BAL partagée ne dépend de cette personne.")


def _out_of_shared(standing: Standing) -> TaskSeen:
    rows = standing.shared
    if rows:
        return TaskSeen(False, f"Encore cotitulaire de : {_named(row.bal for row in rows)}.")
    return TaskSeen(True, "Cotitulaire d’aucune BAL partagée.")


def _given(standing: Standing) -> TaskSeen:
    rows = [f"{row.person} ({row.bal})" for row in standing.given]
    return TaskSeen(not rows, f"Encore sous sa responsabilité : {', '.join(rows)}." if rows else "Aucune en cours.")


def _received(standing: Standing) -> TaskSeen:
    rows = [f"{row.bal} (sous {row.under})" for row in standing.received]
    return TaskSeen(not rows, f"Encore ouvertes : {', '.join(rows)}." if rows else "Aucune en cours.")


def _auto_reply(standing: Standing) -> TaskSeen | None:
    if any(bal.state in LIVE for bal in standing.nominatives):
        return None
    return TaskSeen(True, "Aucune BAL nominative.")


def _depublished(standing: Standing) -> TaskSeen:
    bals = [
        bal for bal in standing.nominatives if bal.is_expected_in_annuaire and bal.state not in BEYOND_DEPUBLICATION
    ]
    if bals:
        said = " ; ".join(f"{bal.address} : {bal.get_state_display()}" for bal in bals)
        return TaskSeen(False, f"{said}.")
    return TaskSeen(True, "Aucune BAL nominative n’est plus attendue à l’annuaire.")


def _deletion(standing: Standing) -> TaskSeen:
    bals = [bal for bal in standing.nominatives if bal.state not in BEYOND_DELETION]
    if bals:
        return TaskSeen(False, f"Pas encore demandée : {_named(bals)}.")
    return TaskSeen(True, "Demandée, ou rien à supprimer.")


def _activity(standing: Standing) -> TaskSeen | None:
    """Does the annuaire still show the activity? Only a fresh one that once showed it can tell."""
    if not standing.stay.person.rpps:
        return TaskSeen(True, "Sans RPPS : aucune activité à clore.")
    run = standing.run
    if not standing.situations or run is None or run.is_stale:
        return None
    current = [activity for activity in standing.situations if activity.withdrawn_at is None]
    day = timezone.localtime(run.as_of)
    if current:
        return TaskSeen(False, f"Au {day:%d/%m/%Y}, l’annuaire montre encore son activité : {current[0].place}.")
    return TaskSeen(True, f"L’annuaire du {day:%d/%m/%Y} ne montre plus d’activité dans cette structure.")


def _end(standing: Standing) -> TaskSeen:
    day = standing.stay.left_on
    return TaskSeen(day is not None, f"Départ au {day:%d/%m/%Y}." if day else "Le départ n’est pas enregistré.")


def _closed(standing: Standing) -> TaskSeen:
    """The register asked for each closing as it took the access away: what is left is the operators' word."""
    held = [row.bal for row in standing.shared]
    lent = [row.bal for row in [*standing.given, *standing.received]]
    if left := dict.fromkeys([*held, *lent]):
        return TaskSeen(False, f"Accès encore ouverts ici : {_named(left)}.")
    if standing.closings:
        words = [f"{row.address} ({row.operator})" for row in standing.closings]
        return TaskSeen(False, f"Demandée, sans réponse de l’opérateur : {', '.join(words)}.")
    return TaskSeen(True, "Aucune fermeture n’est attendue d’un opérateur.")


_BOTH = frozenset({Role.GESTIONNAIRE, Role.TITULAIRE})
_A, _D = Kind.ARRIVAL, Kind.DEPARTURE

# fmt: off
STEPS = [
    Task(_A, "rpps", "Numéro RPPS",
         ("L’administrateur de l’établissement, muni d’une carte CPE, l’enregistre dans RPPS+ s’il n’a pas d’ordre "
          "; notez le numéro sur sa fiche."), _rpps),
    Task(_A, "situation", "Activité déclarée dans la structure",
         "L’employeur déclare l’activité dans RPPS+, l’ordre celle d’un libéral. Elle paraît ensuite à l’annuaire.",
         _situation),
    Task(_A, "card", "CPS ou e-CPS",
         "La personne active son e-CPS ; notez-le sur sa fiche. Sans carte, ni titulaire ni cotitulaire.", _card),
    Task(_A, "per", "BAL nominative",
         ("Inscrivez celle qui existe, ou demandez-la à l’opérateur. Elle n’est pas nécessaire pour utiliser une "
          "BAL partagée."), _per),
    Task(_A, "access", "Accès aux BAL partagées",
         "Un cotitulaire de chaque BAL de son service autorise cette personne."),
    Task(_A, "delegations", "Délégations",
         "Celles qu’on lui donne, celles que cette personne donne : sous qui, pour quelle mission, jusqu’à quand.",
         by=_BOTH),
    Task(_A, "information", "Information de la personne",
         "Usage des BAL, inactivité, secret professionnel, partage : remettez le protocole d’usage.", by=_BOTH),

    Task(_D, "principal", "Rôles de principal transmis",
         "Le principal seul transmet, jusqu’au jour prévu ; ce jour venu, le gestionnaire désigne.", _handed_over,
         may_skip=False),
    Task(_D, "shared", "Retrait des BAL partagées",
         "Le principal de chaque BAL retire cette personne ; sinon cela se fait le jour du départ.", _out_of_shared,
         may_skip=False),
    Task(_D, "given", "Délégations données",
         "Un autre cotitulaire les reprend en son nom, ou elles prennent fin.", _given, may_skip=False),
    Task(_D, "received", "Délégations reçues",
         "Elles prennent fin au plus tard le jour du départ.", _received, may_skip=False),
    Task(_D, "auto_reply", "Réponse automatique",
         "Le titulaire seul ouvre sa BAL : il y met une réponse qui donne la bonne adresse.", _auto_reply, by=_BOTH),
    Task(_D, "depublished", "BAL nominative retirée de l’annuaire",
         "Demandez sa dépublication ; elle est constatée à l’annuaire.", _depublished),
    Task(_D, "deletion", "Suppression de la BAL nominative",
         ("Le titulaire la demande, ses messages utiles enregistrés ; après un départ enregistré, la structure le "
          "peut. Sans objet s’il l’emporte avec lui."), _deletion),
    Task(_D, "activity", "Activité close dans RPPS+",
         "L’employeur y met fin ; l’annuaire cesse alors de la montrer.", _activity),
    Task(_D, "end", "Départ enregistré",
         "Le jour venu, ses derniers accès sont retirés.", _end, may_skip=False),
    Task(_D, "operator", "Accès fermés par l’opérateur",
         ("Chaque accès retiré est une demande à l’opérateur, qui seul le ferme : enregistrez sa réponse dès qu’elle "
          "arrive, ou importez sa liste."), _closed),
]
# fmt: on

BY_NAME = {(step.kind, step.name): step for step in STEPS}


@dataclass
class TaskLine:
    """One step of one file, as it stands."""

    task: Task
    seen: TaskSeen | None
    row: Step | None

    @property
    def is_seen(self) -> bool:
        return bool(self.seen and self.seen.is_done)

    @property
    def is_settled(self) -> bool:
        return self.is_seen or self.row is not None


@dataclass
class MovementFile:
    """A file with all its steps."""

    movement: Movement
    standing: Standing
    lines: list[TaskLine]

    @property
    def settled(self) -> int:
        return sum(line.is_settled for line in self.lines)

    @property
    def percent(self) -> int:
        return 100 * self.settled // len(self.lines)

    @property
    def is_complete(self) -> bool:
        return self.settled == len(self.lines)

    def line(self, name: str) -> TaskLine:
        return next(line for line in self.lines if line.task.name == name)


def file_of(movement: Movement) -> MovementFile:
    return files(Movement.objects.filter(pk=movement.pk))[0]


def files(movements) -> list[MovementFile]:
    """The files of these movements, in as many queries for a thousand as for one."""
    rows = list(movements.select_related("stay__person", "stay__structure__parent").prefetch_related("steps__by"))
    found = standings(row.stay for row in rows)
    return [MovementFile(row, found[row.stay_id], _lines(row, found[row.stay_id])) for row in rows]


def _lines(movement: Movement, standing: Standing) -> list[TaskLine]:
    """The steps of one file. A closed one is not looked at again: its rows tell how it was."""
    ticked = {step.name: step for step in movement.steps.all()}
    is_open = movement.closed_at is None
    return [
        TaskLine(task, task.seen(standing) if is_open and task.seen else None, ticked.get(task.name))
        for task in STEPS
        if task.kind == movement.kind
    ]
