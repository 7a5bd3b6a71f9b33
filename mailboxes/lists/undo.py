"""The way back of each act on many rows, as one table: the act that undoes it, or why there is none and what to do.

What undoes an act is an act like any other: foreseen row by row, so that what has left outside is refused, and why.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mailboxes.gaps import Gap
from mailboxes.lifecycle import Act, RequestKind, Verb
from mailboxes.lists.models import Batch
from mailboxes.models import Request
from mailboxes.models.bulk import among


class WayBack(NamedTuple):
    """`kind`: of the rows that it is about; `keys`: which, of a batch that is over."""

    kind: str
    act: Act | Verb
    keys: Callable[[Batch], list]
    until: str  # until when it is possible


def _same_rows(batch: Batch) -> list:
    return batch.done_keys


def _requests_of(batch: Batch, column: str, values: Iterable, **which) -> list[int]:
    """The keys of the requests about these values that the batch made, and that no operator has answered."""
    about = Request.objects.filter(among(column, values)).values("pk")
    made = Request.objects.awaited().filter(by=batch.by, created_at__gte=batch.starts_at or batch.at, **which)
    return list(made.filter(pk__in=about).order_by("pk").values_list("pk", flat=True))


def _space_asked(batch: Batch) -> list[int]:
    return _requests_of(batch, "bal", batch.done_keys, kind=RequestKind.CHANGE)


def _asked_of_gaps(batch: Batch) -> list[int]:
    return _requests_of(batch, "address", {Gap.address_in(key) for key in batch.done_keys})


_UNANSWERED = "tant que l’opérateur n’a pas répondu"
_CORRECTED = "tant que rien d’autre n’a suivi ; le motif est demandé, et les titulaires en sont prévenus"
_V, _A = Verb, Act

# fmt: off
WAYS_BACK: dict[tuple[str, Act | Verb], WayBack | str] = {
    ("bals", _V.ACTIVATE): WayBack("bals", _V.RETRACT_OPENING, _same_rows, _CORRECTED),
    ("bals", _V.ABANDON): "Une demande d’ouverture abandonnée ne reprend pas : demandez de nouveau ces BAL.",
    ("bals", _V.OPPOSE):
        "Le retrait arrêté ne reprend pas de lui-même : si ces BAL ne servent vraiment plus, demandez de nouveau leur "
        "dépublication depuis la liste.",
    ("bals", _V.REQUEST_DEPUBLICATION): WayBack("bals", _V.CANCEL_DEPUBLICATION, _same_rows, _UNANSWERED),
    ("bals", _V.CANCEL_DEPUBLICATION):
        WayBack("bals", _V.REQUEST_DEPUBLICATION, _same_rows, "à tout moment, par une nouvelle demande"),
    ("bals", _V.VERIFY_DEPUBLICATION):
        "Elles ont quitté l’annuaire : leurs titulaires peuvent encore dire, depuis « Mes BAL », qu’ils les gardent.",
    ("bals", _V.CANCEL_DELETION):
        "Une suppression se redemande BAL par BAL : qui la demande atteste que ses messages sont enregistrés.",
    ("bals", _V.CONFIRM_DELETION): WayBack("bals", _V.RETRACT_DELETION, _same_rows, _CORRECTED),
    ("bals", _V.VERIFY_DELETION):
        "Une BAL supprimée ne revient pas. Si l’opérateur en rouvre une, enregistrez sur sa fiche que l’adresse revit.",
    ("bals", _A.ASK_USE):
        "Les questions sont parties. Qui a été interrogé à tort n’a rien à faire : sans réponse, sa BAL reste ouverte.",
    ("bals", _A.ASK_OPERATOR): WayBack("requests", _A.CANCEL_REQUEST, _space_asked, _UNANSWERED),

    ("requests", _A.MARK_SENT):
        "Ce qui est parti chez l’opérateur ne revient pas : annulez la demande, s’il n’a pas encore répondu.",
    ("requests", _A.RECORD_DONE):
        "Si l’opérateur ne l’avait pas fait, reprenez sa réponse sur chaque fiche, par « Corriger une erreur ».",
    ("requests", _A.RECORD_REFUSAL):
        "Un refus enregistré reste : ouvrez la demande et choisissez « Demander de nouveau ».",
    ("requests", _A.VERIFY_REQUEST):
        "Ce qui est vérifié à l’annuaire a eu lieu. Si c’était une erreur, corrigez la fiche de chaque BAL.",
    ("requests", _A.CANCEL_REQUEST):
        "Une demande annulée ne reprend pas : faites-la de nouveau depuis la fiche de chaque BAL, ou depuis son écart.",
    ("requests", _A.REMIND_OPERATOR): "La relance est partie chez l’opérateur : elle ne se reprend pas.",

    ("gaps", _A.ADOPT):
        "Une BAL inscrite à tort se corrige sur sa fiche : « Dire qu’elle n’a jamais existé ».",
    ("gaps", _A.ACCEPT_ANNUAIRE):
        "Ce que la fiche disait avant est à son journal : corrigez-la si c’est l’annuaire qui se trompe.",
    ("gaps", _A.ASK_OPERATOR): WayBack("requests", _A.CANCEL_REQUEST, _asked_of_gaps, _UNANSWERED),
    ("gaps", _A.ASK_PERSON):
        "Les questions sont parties. Qui a été interrogé à tort n’a rien à faire.",
    ("gaps", _A.IGNORE_GAP):
        WayBack("gaps", _A.RESUME_GAP, _same_rows, "à tout moment ; sinon ils reviennent d’eux-mêmes au jour dit"),
    ("gaps", _A.RESUME_GAP): WayBack("gaps", _A.IGNORE_GAP, _same_rows, "à tout moment ; le motif est redemandé"),
}
# fmt: on


def way_back(batch: Batch, act: Act | Verb) -> WayBack | None:
    found = WAYS_BACK.get((batch.kind, act))
    return found if isinstance(found, WayBack) else None


def why_none(kind: str, act: Act | Verb) -> str:
    """Why it cannot be undone, and what to do instead; nothing where it can. What undoes is not undone in its turn."""
    found = WAYS_BACK.get((kind, act), "C’était déjà un retour en arrière : recommencez l’acte depuis la liste.")
    return found if isinstance(found, str) else ""
