"""What a change of structures demands, and when it may be taken back."""

from copy import copy

from django.utils import timezone

from directory.dates import day_of
from directory.typography import quoted
from mailboxes.lifecycle import AWAITED, Act, RequestStage
from mailboxes.models import Bal, JournalEntry, Request, Structure
from mailboxes.moves.models import MigratedBal, PlaceMove
from mailboxes.rules import (
    NAMED,
    Refused,
    check_finess_free,
    check_may,
    check_number_structure,
    check_place,
    check_standing,
)
from mailboxes.rules.places import check_still_eligible

LONGEST_SERVICE = 90


def check_told(why: str) -> None:
    if not why.strip():
        raise Refused("Dites pourquoi, dans le motif : le journal le garde à côté de ce qui était écrit.", "reason")


def check_both(act: Act, structure: Structure, into: Structure, *, by) -> None:
    for one in (structure, into):
        check_may(act, structure=one, by=by)
        check_standing(one)
    if structure == into:
        raise Refused("Choisissez une autre structure : c’est la même.", "same")


def check_move_service(structure: Structure, service: str, into: Structure, why: str, *, by) -> None:
    check_both(Act.MOVE_SERVICE, structure, into, by=by)
    check_told(why)
    bals = Bal.objects.live().filter(structure=structure, service=service)
    if not service or not bals.exists():
        raise Refused(f"{quoted(structure)} n’a pas de BAL du service {quoted(service)}.", "service")
    alone = bals.filter(kind=Bal.Kind.ORGANISATIONNELLE, cotitulaires=None)
    if not into.has_national_id and (named := list(alone.values_list("address", flat=True)[:NAMED])):
        raise Refused(
            f"{quoted(into)} n’a ni FINESS ni SIRET : elle ne peut pas avoir {', '.join(named)}, que personne ne "
            "tient. Désignez-leur d’abord un principal.",
            "eligibility",
        )


def check_service_names(names: dict[str, str]) -> None:
    for former, name in names.items():
        if len(name) > LONGEST_SERVICE:
            raise Refused(
                f"Service {quoted(former)} : son nouveau nom a {len(name)} caractères, {LONGEST_SERVICE} au plus.",
                "service",
            )


def check_merge(structure: Structure, into: Structure, why: str, *, by) -> None:
    check_both(Act.MERGE_STRUCTURES, structure, into, by=by)
    check_told(why)
    if structure.pk in into.line() and into.parent_id != structure.pk:
        raise Refused(
            f"{quoted(into)} dépend de {quoted(structure)} à deux niveaux : rattachez-la d’abord plus haut.", "cycle"
        )
    for child in Structure.objects.filter(parent=structure).exclude(pk=into.pk):
        check_place(child, into if into.parent_id != structure.pk else _lifted(into, structure))


def _lifted(into: Structure, structure: Structure) -> Structure:
    """The structure as it will stand: in place of the one above it, which it takes in."""
    lifted = copy(into)
    lifted.parent = structure.parent
    return lifted


def check_close_structure(structure: Structure, why: str, *, by) -> None:
    """What it has must have gone first."""
    check_may(Act.CLOSE_STRUCTURE, structure=structure, by=by)
    check_standing(structure)
    check_told(why)
    for sentence in what_remains(structure):
        raise Refused(sentence, "remains")


def what_remains(structure: Structure) -> list[str]:
    """What keeps it from being closed, one sentence each, with the way round."""
    said = []
    bals = Bal.objects.live().filter(structure=structure)
    if count := bals.count():
        named = ", ".join(bals.order_by("address").values_list("address", flat=True)[:NAMED])
        said.append(
            f"{count} BAL y {'sont' if count > 1 else 'est'} encore ({named}{' …' if count > NAMED else ''}) : "
            "fusionnez la structure avec celle qui la reprend, déplacez ses services, ou menez ses BAL à leur fin."
        )
    if count := Request.objects.filter(structure=structure, stage__in=AWAITED).count():
        said.append(f"Des opérateurs ont encore à répondre à {count} de ses demandes : enregistrez-le, ou annulez-les.")
    if children := list(Structure.objects.standing().filter(parent=structure)[:NAMED]):
        named = ", ".join(map(str, children))
        said.append(f"Des structures en dépendent encore ({named}) : rattachez-les ailleurs, ou fermez-les d’abord.")
    if MigratedBal.objects.standing().filter(migration__structure=structure).exists():
        said.append("Une de ses migrations est en cours : menez-la à son terme.")
    if structure.campaigns.open().exists():
        said.append("Une de ses campagnes est en cours : closez-la d’abord.")
    return said


def check_change_finess(structure: Structure, number: str, why: str, *, by) -> None:
    check_may(Act.CHANGE_FINESS, structure=structure, by=by)
    check_number_structure(by=by)
    check_standing(structure)
    check_told(why)
    if number == structure.finess_et:
        raise Refused("C’est déjà son FINESS : donnez le nouveau.", "same")
    check_finess_free(structure, number, by=by)
    check_still_eligible(structure, {"finess_et": number})


def check_undo_move(move: PlaceMove, why: str, *, by) -> None:
    act = Act.CHANGE_FINESS if move.kind == PlaceMove.Kind.FINESS else Act.UNDO_MOVE
    for one in (move.structure, move.into):
        if one:
            check_may(act, structure=one, by=by)
    check_told(why)
    check_not_undone(move)


def check_not_undone(move: PlaceMove) -> None:
    if move.undone_at:
        raise Refused(f"C’est déjà repris, depuis le {day_of(move.undone_at)}.", "undone")


def check_nothing_since(move: PlaceMove, bals: list[int]) -> None:
    """What was seen outside, or done since, stands on it."""
    sent = Request.objects.filter(bal__in=bals, sent_at__gt=move.at).exclude(stage=RequestStage.DRAFT).first()
    if sent:
        raise Refused(
            f"Depuis, une demande est partie à {sent.operator} ({sent}) : ce changement ne se reprend plus d’un coup. "
            "Corrigez la structure des BAL une à une.",
            "outside",
        )
    from_then = JournalEntry.objects.filter(pk__gt=move.mark)
    places = [pk for pk in (move.structure_id, move.into_id) if pk]
    later = from_then.filter(bal__in=bals) | from_then.filter(bal=None, structure__in=places)
    if entry := later.order_by("pk").first():
        day = timezone.localtime(entry.at)
        raise Refused(
            f"Depuis, quelque chose a suivi ({entry.get_what_display()}, {entry.subject}, le {day:%d/%m/%Y}) : ce "
            "changement ne se reprend plus d’un coup. Corrigez la structure des BAL une à une.",
            "later",
        )
