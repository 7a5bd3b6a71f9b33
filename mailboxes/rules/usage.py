"""What a reading may say, and what follows from it."""

from collections.abc import Iterable

from django.utils import timezone

from directory.dates import day_of
from directory.readers.sizes import PLAUSIBLE_MB
from directory.typography import quoted
from mailboxes.lifecycle import BY_VERB, OPENED, Act, State, Verb
from mailboxes.models import Bal, Reading
from mailboxes.models.thresholds import chosen
from mailboxes.rules.moves import check_act
from mailboxes.rules.refusals import Refused


def check_declare_use(bal: Bal, *, by) -> None:
    check_act(bal, Act.DECLARE_USE, by=by)
    if bal.state not in OPENED:
        raise Refused("Cette BAL n’est pas encore ouverte : personne ne peut s’en servir.", "state")


def check_reading(bal: Bal, at, last_used_at, *, by) -> None:
    check_act(bal, Act.RECORD_USAGE, by=by)
    check_reading_dates(at, last_used_at)


def check_reading_dates(at, last_used_at) -> None:
    now = timezone.now()
    for label, when in (("date du relevé", at), ("dernière authentification", last_used_at)):
        if when and when > now:
            raise Refused(
                f"La {label} ({timezone.localtime(when):%d/%m/%Y %H:%M}) est dans le futur : vérifiez-la.", "future"
            )
    oldest = Reading.kept_since(now)
    if at and at < oldest:
        raise Refused(
            f"La date du relevé ({day_of(at)}) précède ce qui est gardé, depuis le {day_of(oldest)} : vérifiez-la.",
            "old",
        )


def check_reading_sizes(used_mb: int | None, quota_mb: int | None) -> None:
    for label, size in (("occupé", used_mb), ("accordé", quota_mb)):
        if size is not None and size > PLAUSIBLE_MB:
            raise Refused(
                f"L’espace {label} ({size} Mo) est invraisemblable : est-il compté en octets ou en Ko ?", "implausible"
            )


def check_more_space(bal: Bal, quota_mb: int) -> None:
    if bal.quota_mb and quota_mb <= bal.quota_mb:
        raise Refused(f"Cette BAL a déjà {bal.quota_mb} Mo : demandez-en davantage.", "space")


def is_new_activity(bal: Bal, last_used_at, now) -> bool:
    """Does this use stop the way out? It does, unless a holder asked for the way out: then they log in to save
    their messages, and only their own word ("garder la BAL", "je m'en sers") stops it. See `is_use_while_leaving`."""
    return _is_use_since(bal, last_used_at, now) and not bal.leaves_by_choice()


def is_use_while_leaving(bal: Bal, last_used_at, now) -> bool:
    """A use of a BAL whose holder asked for the way out: it goes on, and those concerned are told."""
    return _is_use_since(bal, last_used_at, now) and bal.leaves_by_choice()


def _is_use_since(bal: Bal, last_used_at, now) -> bool:
    """An alert falls as soon as the BAL is no longer idle; a later step, by a use made since it began."""
    if bal.state not in BY_VERB[Verb.WAKE].before:
        return False
    if bal.state == State.IDLE_ALERTED:
        return not bal.operator.is_long_ago(last_used_at, now)
    return last_used_at > bal.state_since


def quota_level(percent: int | None) -> int:
    """The highest threshold reached, 0 below the first."""
    return max((limit for limit in chosen.QUOTA_THRESHOLDS if percent is not None and percent >= limit), default=0)


def quota_level_after(warned: int, percent: int | None) -> int:
    """The threshold to be warned of, once `warned` was: down only well below it, and no further than the next."""
    return max(quota_level(percent), min(warned, quota_level((percent or 0) + chosen.QUOTA_HYSTERESIS)))


def check_pushed(bal: Bal | None, facts: Iterable[object], address: str, *, says_never: bool = False) -> None:
    """What a key pushes is read if it sees the BAL; of another BAL, not even that it exists is told."""
    if bal is None:
        raise Refused(f"Aucune BAL {quoted(address)} dans les structures de cette clé.", "unknown")
    if not says_never and all(fact is None for fact in facts):
        raise Refused("Ce relevé ne dit rien : ni utilisation, ni espace occupé, ni espace accordé.", "empty")


def check_said_once(is_same: bool) -> None:
    if not is_same:
        raise Refused("Cet envoi dit deux choses du même moment de cette BAL : seule la première est lue.", "twice")
