"""What a campaign gave, for a direction or an inspection: on paper, and line by line in a spreadsheet."""

from collections.abc import Sequence
from datetime import date

from directory.dates import day_of
from directory.typography import how_many
from mailboxes.campaigns.models import OUTCOMES, Campaign, CampaignTarget
from mailboxes.campaigns.questions import QUESTIONS
from mailboxes.lifecycle import CampaignKind, State
from mailboxes.views.pdf import facts, heading, note, pdf, room, table

NAMED = 500  # lines without answer on paper; the spreadsheet has them all
SILENCE = "Le silence ne décide rien : une BAL sans réponse reste comme elle est."


def printed(campaign: Campaign, words: Sequence[str], day: date) -> bytes:
    question = QUESTIONS[campaign.kind]
    counts = campaign.targets.outcomes()
    total = sum(counts.values())
    shares = [
        [label, counts[name], f"{100 * counts[name] / total:.0f} %"]
        for name, label in OUTCOMES.items()
        if name in counts
    ]
    parts = [
        facts(_facts(campaign, words)),
        heading("Ce qui a été répondu"),
        table(["Réponse", "Nombre", "Part"], [*shares, ["Total", total, ""]], widths=[3, 1, 1]),
        *_became(campaign),
        *_left(campaign),
    ]
    return pdf(campaign.title, parts, structure=str(campaign.structure), day=day, subtitle=question.asks)


def _facts(campaign: Campaign, words: Sequence[str]) -> list[tuple[str, str]]:
    end = day_of(campaign.closed_at) if campaign.closed_at else "encore ouverte"
    return [
        ("Sorte", campaign.get_kind_display()),
        ("BAL choisies", " ; ".join(words) or "toutes celles de la structure"),
        ("Lancée le", f"{day_of(campaign.launched_at)}, par {campaign.by}"),
        ("Dernier rappel", day_of(campaign.reminded_at) if campaign.reminded_at else "aucun"),
        ("Close le", end),
    ]


def _became(campaign: Campaign) -> list:
    """What came of it: where the BAL stand today; for a recertification, the accesses that ended."""
    if campaign.kind == CampaignKind.PREFERRED:
        return []
    if campaign.kind == CampaignKind.RECERTIFICATION:
        return [note(f"Accès retirés : {campaign.targets.withdrawn()}.")]
    states = campaign.targets.states()
    rows = [[label, states[name]] for name, label in State.choices if name in states]
    return [room(40), heading("Où en sont ces BAL aujourd’hui"), table(["État", "BAL"], rows, widths=[3, 2])]


def _left(campaign: Campaign) -> list:
    left = campaign.targets.unanswered().select_related("bal", "person", "notice").order_by("bal__address", "pk")
    count = left.count()
    if not count:
        return [note("Tout le monde a répondu, ou n’avait plus à répondre.")]
    rows = [[target.bal or "", target.person or "personne", why(target)] for target in left[:NAMED]]
    more = [note(f"Et {how_many(count - NAMED, 'autre')}, dans le fichier de la campagne.")] if count > NAMED else []
    return [
        room(40),
        heading("Ce qui reste sans réponse"),
        note(SILENCE),
        table(["BAL", "Personne interrogée", "Pourquoi"], rows, widths=[3, 2, 2]),
        *more,
    ]


def why(target: CampaignTarget) -> str:
    """What became of a target, in words; of a row read by `with_outcome`."""
    reason = target.why_unreached if target.get_outcome_display() == OUTCOMES["unreached"] else ""
    return f"{target.get_outcome_display()} : {reason}" if reason else target.get_outcome_display()


# fmt: off
COLUMNS = [
    ("BAL",                 lambda target: target.bal.address if target.bal else ""),
    ("Type",                lambda target: target.bal.kind if target.bal else ""),
    ("Structure",           lambda target: target.bal.structure.name if target.bal else ""),
    ("Service",             lambda target: target.bal.service if target.bal else ""),
    ("Personne interrogée", lambda target: str(target.person or "")),
    ("RPPS",                lambda target: (target.person and target.person.rpps) or ""),
    ("Interrogée le",       lambda target: day_of(target.told_at)),
    ("Fois",                lambda target: target.told),
    ("Réponse",             lambda target: why(target)),
    ("Répondu le",          lambda target: day_of(target.answered_at)),
    ("Accès retirés",       lambda target: target.withdrawn),
    ("État de la BAL",      lambda target: target.bal.get_state_display() if target.bal else ""),
]
# fmt: on
