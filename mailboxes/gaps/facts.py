"""One gap, and what is known of it on both sides."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import cached_property

from directory.models import Entry
from directory.typography import quoted
from mailboxes.gaps.comparison import ComparedLine, compare, differences, picture_of
from mailboxes.gaps.table import STATUSES, Situation
from mailboxes.models import Bal, Claim, GapDecision, Operator, Structure


@dataclass
class Gap:
    """One disagreement, and once `with_facts` what is known on both sides."""

    situation: Situation
    structure_id: int
    address: str
    bal_id: int | None
    status: str
    digest: str
    decision_id: int | None
    bal: Bal | None = None
    structure: Structure | None = None
    decision: GapDecision | None = None
    operator: Operator | None = None  # of its address, where it was asked for
    entries: list[Entry] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    todo: Any = None  # what was decided of it in the inbox, on whose pages it stands

    def __str__(self):
        return self.address

    @property
    def key(self) -> str:
        return f"{self.situation.name}:{self.structure_id}:{self.address}"

    @staticmethod
    def parts_of(key: str) -> tuple[str, int, str]:
        """Situation, structure and address, of a key that one of us made."""
        situation, structure, address = key.split(":", 2)
        return situation, int(structure), address

    @staticmethod
    def address_in(key: str) -> str:
        """The address within a key, even one that a page sent back with anything in it."""
        return key.split(":", 2)[-1]

    @property
    def status_label(self) -> str:
        return STATUSES[self.status]

    @cached_property
    def entry(self) -> Entry | None:
        """The line of the annuaire that agrees best with the register."""
        return min(self.entries, key=lambda entry: len(differences(self.bal, entry)), default=None)

    @property
    def differences(self) -> list[ComparedLine]:
        return differences(self.bal, self.entry) if self.entry else []

    @property
    def rpps(self) -> list[str]:
        return sorted({entry.person_id for entry in self.entries if entry.person_id_type == "8" and entry.person_id})


def request_for(gap: Gap) -> str:
    """What the operator is asked, field by field where fields differ."""
    lines = [gap.situation.request]
    if gap.situation.name == "differe":
        lines += [f"{line.label} : {quoted(line.ours)}, et non {quoted(line.theirs)}." for line in gap.differences]
    if gap.situation.name == "plusieurs" and gap.bal:
        lines += [f"{line.label} : {line.ours}." for line in compare(gap.bal, picture_of(gap.entries[0])) if line.ours]
    return "\n".join(lines)


def with_facts(gaps: list[Gap]) -> list[Gap]:
    """The gaps with both sides of each, in as many queries for a page as for one."""
    addresses = {gap.address for gap in gaps}
    entries, claims = defaultdict(list), defaultdict(list)
    for entry in Entry.objects.published().filter(address__in=addresses).order_by("ordinal", "pk"):
        entries[entry.address].append(entry)
    for claim in Claim.objects.filter(address__in=addresses).exclude(answer="").select_related("person"):
        claims[claim.address].append(claim)
    bals = Bal.objects.with_cotitulaires().in_bulk({gap.bal_id for gap in gaps if gap.bal_id})
    structures = Structure.objects.in_bulk({gap.structure_id for gap in gaps})
    decisions = GapDecision.objects.select_related("by").in_bulk({gap.decision_id for gap in gaps if gap.decision_id})
    for gap in gaps:
        gap.entries, gap.claims = entries[gap.address], claims[gap.address]
        gap.bal = bals.get(gap.bal_id) if gap.bal_id else None
        gap.structure = structures[gap.structure_id]
        gap.decision = decisions.get(gap.decision_id) if gap.decision_id else None
    return gaps


# fmt: off
COLUMNS = [
    ("Adresse",             lambda gap: gap.address),
    ("Écart",               lambda gap: gap.situation.title),
    ("Suite",               lambda gap: gap.status_label),
    ("Structure",           lambda gap: gap.structure.name),
    ("À l’annuaire",        lambda gap: " ; ".join(spoken(entry) for entry in gap.entries)),
    ("Ce qui diffère",
     lambda gap: " ; ".join(f"{line.label} : {line.ours} / {line.theirs}" for line in gap.differences)),
    ("Réponse du titulaire",
     lambda gap: " ; ".join(f"{claim.person} : {claim.get_answer_display()}" for claim in gap.claims)),
    ("Motif",               lambda gap: gap.decision.reason if gap.decision else ""),
    ("Jusqu’au",
     lambda gap: f"{gap.decision.until:%d/%m/%Y}" if gap.decision and gap.decision.until else ""),
]
# fmt: on


def spoken(entry: Entry) -> str:
    """An entry in one line."""
    who = f"{entry.given_name} {entry.family_name}".strip()
    return ", ".join(filter(None, [entry.kind, who, entry.service, entry.structure_name]))
