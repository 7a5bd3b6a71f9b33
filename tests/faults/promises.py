"""What must hold once the faults are over: each promise is a count that must be 0."""

import json

COUNT = """
import json
from mailboxes.lifecycle import RequestStage, State
from mailboxes.models import *
from mailboxes.notices import links
from mailboxes.software.models import Delivery
mailed = Notice.objects.filter(channel__in=Notice.MAILED, bounced_at=None)
moves = JournalEntry.objects.filter(what__in=["request_depublication", "cancel_depublication"]).order_by("pk")
last, lines = {}, {}
for bal, after in moves.values_list("bal", "after"):
    last[bal], lines[bal] = after, lines.get(bal, 0) + 1
delivered = Delivery.objects.filter(stage="delivered", entry__in=moves)
letters = Notice.objects.filter(party="operator").exclude(sent_at=None).values("entry")
print(json.dumps({
    "unsent": mailed.filter(sent_at=None).count(),
    "sent": [links.message_id(notice) for notice in mailed.exclude(sent_at=None)],
    "lines": lines,
    "unlike": sum(last.get(pk, State.ACTIVE) != state for pk, state in Bal.objects.values_list("pk", "state")),
    "untold": JournalEntry.objects.filter(told_at=None).count(),
    "sent without letter": Request.objects.filter(stage=RequestStage.SENT).exclude(entry__in=letters).count(),
    "drafts whose letter left": Request.objects.filter(stage=RequestStage.DRAFT, entry__in=letters).count(),
    "webhook lines": moves.count(),
    "delivered": list(map(str, delivered.values_list("pk", flat=True))),
    "waiting": Delivery.objects.filter(stage="waiting").count(),
}))
"""


def look(manage) -> dict:
    return json.loads(manage("shell", "--no-imports", "--verbosity", "0", "-c", COUNT))


def is_settled(seen: dict) -> bool:
    return not (seen["untold"] or seen["unsent"] or seen["waiting"])


def judge(seen: dict, clients, mails, hooks, kills: int) -> tuple[dict, dict]:
    """The promises, each a count that must be 0; and what is told beside them."""
    lines = {int(bal): count for bal, count in seen["lines"].items()}
    mails_twice = sum(count - 1 for count in mails.accepted.values())
    hooks_twice = sum(count - 1 for count in hooks.accepted.values())
    promises = {
        "notices lost": seen["unsent"] + len(set(seen["sent"]) - set(mails.accepted)),
        "mails sent twice, beyond the cuts": max(0, mails_twice - mails.dropped_after - kills),
        "acknowledged writes without a line of the journal": sum(
            max(0, count - lines.get(bal, 0)) for bal, count in clients.written.items()
        ),
        "writes done twice": sum(max(0, count - clients.written[bal]) for bal, count in lines.items()),
        "states without a line of the journal": seen["unlike"],
        "rows claimed and never released": seen["untold"] + seen["waiting"],
        "requests sent without letter": seen["sent without letter"],
        "drafts whose letter left": seen["drafts whose letter left"],
        "webhook calls lost": seen["webhook lines"] - len(set(seen["delivered"]) & set(hooks.accepted)),
        "webhook calls made twice, beyond the cuts": max(0, hooks_twice - hooks.dropped_after - kills),
        "answers 500": clients.statuses[500],
    }
    told = {
        "notices delivered": len(seen["sent"]),
        "mails accepted twice, same Message-ID": mails_twice,
        "mails cut by the server after it accepted them": mails.dropped_after,
        "writes acknowledged": clients.written.total(),
        "webhook calls delivered": len(hooks.accepted),
        "webhook calls taken twice, same id": hooks_twice,
        "webhook calls cut after they were taken": hooks.dropped_after,
        "answers": {str(status): count for status, count in clients.statuses.items()},
        "longest wait for an answer (s)": round(clients.longest, 1),
    }
    return promises, told
