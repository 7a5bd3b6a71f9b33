"""What one person chooses among: their places of practice, what they chose there, and the addresses they may choose."""

from collections import defaultdict
from dataclasses import dataclass

from directory.models import Entry
from mailboxes.gaps.preferred import observed_by_rpps
from mailboxes.models import Bal, Person, Preference, situations_by_rpps
from mailboxes.rules import allows, check_preferable


@dataclass
class OwnPlace:
    """A place of one's own: what one chose there, what the annuaire shows."""

    situation: str
    label: str
    is_current: bool
    chosen: dict[str, Preference]
    observed: list[str]

    @property
    def wish(self) -> Preference | None:
        return self.chosen.get("")

    @property
    def others(self) -> list[Preference]:
        return [wish for purpose, wish in self.chosen.items() if purpose]


def own_places(person: Person) -> list[OwnPlace]:
    """Places where the person practises by the annuaire, and the places they left where they had chosen a BAL."""
    chosen: dict[str, dict[str, Preference]] = defaultdict(dict)
    labels = {}
    for wish in person.preferences.select_related("request"):
        chosen[wish.situation][wish.purpose], labels[wish.situation] = wish, wish.place
    current: dict[str, str] = {}
    for activity in situations_by_rpps([person.rpps]).get(person.rpps or "", []):
        current.setdefault(activity.place_key, ", ".join(filter(None, [activity.place, activity.town])))
    ranks = observed_by_rpps([person]).get(person.rpps or "", [])
    return [
        OwnPlace(key, label or "Sans structure", key in current, chosen.get(key, {}),
                 sorted({address for where, address in ranks if where in ("", key)}))
        for key, label in {**current, **labels, **current}.items()  # whatever is chosen, in one order
    ]  # fmt: skip


def choices_of(person: Person) -> list[str]:
    """The addresses that the person may prefer: those that the annuaire gives them elsewhere, and their BAL."""
    mine = {bal.address: bal for bal in Bal.objects.with_holders().filter(cotitulaires__person=person)}
    listed = set(Entry.objects.published().filter(person_id=person.rpps or "-").values_list("address", flat=True))
    others = {bal.address: bal for bal in Bal.objects.with_holders().filter(address__in=listed - mine.keys())}
    answers = dict(person.claims.values_list("address", "answer"))
    bals = {**dict.fromkeys(listed), **others, **mine}
    return [
        address
        for address in sorted(bals)
        if allows(check_preferable, person, bals[address], is_listed=address in listed, answer=answers.get(address, ""))
    ]
