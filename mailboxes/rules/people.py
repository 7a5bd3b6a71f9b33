"""Who may write what about a person; when a stay may end."""

from datetime import date

from django.utils import timezone

from directory.typography import of, quoted
from mailboxes.lifecycle import Act, Role
from mailboxes.models import Affiliation, Movement, Person, Standing, Structure
from mailboxes.rules.joining import check_agreed
from mailboxes.rules.places import check_standing
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may, check_role


def check_record_person(structure: Structure, *, by) -> None:
    check_may(Act.RECORD_PERSON, structure=structure, by=by)
    check_standing(structure)


def check_rpps_free(rpps: str | None) -> None:
    if rpps and Person.objects.filter(rpps=rpps).exists():
        raise rpps_taken(rpps)


def rpps_taken(rpps: str | None) -> Refused:
    """Who inscribes somebody under a number that is another's learns no name by it."""
    return Refused(
        f"Le numéro RPPS {rpps} est déjà inscrit sous un autre nom. Vérifiez-le. Si c’est la même personne, qui a "
        "changé de nom : inscrivez-la sous le nom d’alors, puis corrigez son identité.",
        "rpps",
    )


def check_describe_person(person: Person, facts: dict, *, by) -> None:
    """Whoever manages a structure where the person is describes them. An RPPS is given once: the annuaire knows
    the person by it."""
    check_may(Act.DESCRIBE_PERSON, person=person, by=by)
    if person.rpps and facts.get("rpps", person.rpps) != person.rpps:
        raise Refused("Un numéro RPPS déjà inscrit ne se change pas ici : corrigez l’identité de la personne.", "rpps")


def check_describe_stay(stay: Affiliation, arrived_on: date | None, *, by) -> None:
    check_may(Act.DESCRIBE_PERSON, structure=stay.structure, person=stay.person, by=by)
    _check_order(arrived_on, stay.left_on)


def check_read_person(person: Person, *, by) -> None:
    """The journal and notices of a person, and all that is kept on them, are for them and for who manages a structure
    of theirs; of one that they left, what that structure did (`Portrait`)."""
    check_may(Act.EXPORT_PERSON, person=person, by=by)


def check_open_movement(stay: Affiliation, kind: str, *, by, is_open: bool | None = None) -> None:
    """`is_open`: such a file is, or is not, where it was read already."""
    check_may(Act.OPEN_MOVEMENT, structure=stay.structure, person=stay.person, by=by)
    if stay.is_over:
        raise Refused(f"{stay.person} a déjà quitté {quoted(stay.structure)}.", "left")
    if stay.movements.open().filter(kind=kind).exists() if is_open is None else is_open:
        raise Refused("Un dossier est déjà ouvert pour cette personne : poursuivez-le, depuis sa fiche.", "open")


def check_movement_open(movement: Movement) -> None:
    if movement.closed_at:
        raise Refused("Ce dossier est clos : ouvrez-en un nouveau depuis la fiche de la personne.", "closed")


def check_movement_step(act: Act, movement: Movement, line, *, by) -> None:
    """The role table, narrowed to the roles that this step is for."""
    check_may(act, structure=movement.stay.structure, person=movement.stay.person, by=by, only=line.task.by)


def check_settle_step(line, outcome: str, movement: Movement, *, by) -> None:
    """`line`: the step as it stands."""
    check_movement_step(Act.SETTLE_STEP, movement, line, by=by)
    check_movement_open(movement)
    if line.is_seen:
        raise Refused(f"{quoted(line.task.title)} est constaté par le registre : il n’y a rien à cocher.", "seen")
    if outcome == "done" and line.seen is not None:
        raise Refused(f"{quoted(line.task.title)} se constate, et ne se coche pas : {line.seen.words}", "seen")
    if outcome == "not_applicable" and not line.task.may_skip:
        raise Refused(f"{quoted(line.task.title)} n’est jamais sans objet.", "skip")


def check_close_movement(movement: Movement, unsettled: list[str], *, by) -> None:
    check_may(Act.CLOSE_MOVEMENT, structure=movement.stay.structure, person=movement.stay.person, by=by)
    check_movement_open(movement)
    if unsettled:
        raise Refused(f"Il reste à faire : {', '.join(unsettled)}.", "unsettled")


def check_depart(stay: Affiliation, *, by) -> None:
    check_may(Act.RECORD_DEPARTURE, structure=stay.structure, person=stay.person, by=by)
    if stay.left_on:
        raise Refused(f"Le départ {of(stay.person)} est déjà enregistré, au {stay.left_on:%d/%m/%Y}.", "recorded")


def check_record_departure(standing: Standing, left_on: date | None, *, by) -> None:
    """Nobody leaves a shared BAL without its principal, or without anybody: it would be an orphan."""
    stay = standing.stay
    check_depart(stay, by=by)
    if left_on is None:
        raise Refused("Donnez le jour du départ.", "left_on")
    _check_order(stay.arrived_on, left_on)
    if standing.blocking:
        named = ", ".join(row.bal.address for row in standing.blocking)
        raise Refused(
            f"{stay.person} est cotitulaire principal, ou seul cotitulaire, de : {named}. "
            "Ce rôle doit d’abord être transmis : sans lui la BAL serait orpheline.",
            "orphan",
        )


def is_back(stay: Affiliation) -> bool:
    """Did the person come back there, after this stay?"""
    stays = Affiliation.objects.lasting().filter(person=stay.person_id, structure=stay.structure_id)
    return stays.exclude(pk=stay.pk).exists()


def check_cancel_departure(stay: Affiliation, *, by) -> None:
    check_may(Act.CANCEL_DEPARTURE, structure=stay.structure, person=stay.person, by=by)
    if stay.left_on is None:
        raise Refused(f"Aucun départ {of(stay.person)} n’est enregistré.", "recorded")
    if is_back(stay):
        raise Refused(f"{stay.person} est déjà de retour dans {quoted(stay.structure)}.", "back")
    if stay.is_over:
        check_agreed(stay.person, stay.structure, by=by)


def check_apply_departure(stay: Affiliation, *, by) -> None:
    check_may(Act.LEAVE, structure=stay.structure, person=stay.person, by=by)
    if not stay.is_over:
        raise Refused(f"{stay.person} n’a pas encore quitté {quoted(stay.structure)}.", "present")


def check_ask_handover(standing: Standing, is_asked_today: bool = False, *, by) -> None:
    check_may(Act.ASK_HANDOVER, structure=standing.stay.structure, person=standing.stay.person, by=by)
    if not standing.blocking:
        raise Refused(f"Aucune BAL partagée ne dépend {of(standing.stay.person)}.", "nothing")
    if is_asked_today:
        raise Refused(
            f"C’est déjà demandé aujourd’hui à {standing.stay.person} : un avis par jour, au plus.",
            "asked",
        )


def _check_order(arrived_on: date | None, left_on: date | None) -> None:
    if arrived_on and left_on and left_on < arrived_on:
        raise Refused("Le départ ne peut pas précéder l’arrivée.", "order")
    if left_on and abs((left_on - timezone.localdate()).days) > 3660:
        raise Refused("Cette date est à plus de dix ans d’ici : vérifiez l’année.", "far")


def check_record_named(person, known, *, roles: frozenset[Role]) -> None:
    """Someone whom the register lacks is recorded when named, if the annuaire has them, under the annuaire's names."""
    check_role(Act.RECORD_PERSON, roles)
    if known is None:
        raise Refused(f"L’annuaire ne connaît pas le numéro RPPS {person.rpps} : vérifiez-le.", "unknown")
