"""What holds of the register whatever anyone does: read from its rows before and after, and from the tables.

No rule and no method of the product is called here: what it refuses and who may do what are stated a second time.
"""

import re
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import groupby, pairwise

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from mailboxes.lifecycle import (
    ATTESTATION,
    AWAITED,
    AWAITS,
    BY_VERB,
    OVER,
    PUBLISHES_AGAIN,
    SETTLES,
    WHO_MAY,
    Act,
    Party,
    RequestKind,
    RequestStage,
    Role,
    State,
    Verb,
)
from mailboxes.models import (
    Affiliation,
    Bal,
    Claim,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Membership,
    Notice,
    Person,
    Reading,
    Request,
    Structure,
)

MOST_HOLDERS = 20
LINES = Request.lines.through
TABLES: list[type[Model]] = [
    Bal, Cotitulaire, Delegataire, Request, LINES, Notice, Reading, JournalEntry, Person, Affiliation, Claim,
]  # fmt: skip
SHARED = ("ORG", "CAB")
BIRTHS = (Act.REGISTER, Act.REQUEST_OPENING)
# What changes an access takes back what was asked of it before, and no operator has answered yet.
CHANGES_ACCESS = {
    Act.DELEGATE, Act.END_DELEGATION, Act.TAKE_OVER, Act.ADD_COTITULAIRE, Act.REMOVE_COTITULAIRE, Act.NAME_PRINCIPAL,
    Act.TRANSFER_PRINCIPAL, Act.LEAVE, Act.EXTEND_DELEGATION,
}  # fmt: skip
# A move brings these about, in the name of whoever moved; so do a removal and a departure.
FOLLOW = {
    Act.CANCEL_REQUEST: {*SETTLES, Verb.REQUEST_DEPUBLICATION, Verb.DEPUBLISH_IDLE, *CHANGES_ACCESS},
    Act.ASK_OPERATOR: PUBLISHES_AGAIN,
    Act.REMOVE_COTITULAIRE: {Act.NAME_PRINCIPAL, Act.RECORD_DEPARTURE},
    Act.END_DELEGATION: {Act.REMOVE_COTITULAIRE, Act.RECORD_DEPARTURE},
}
ONCE = {
    Act.REMIND_IDLE,
    Act.ESCALATE_IDLE,
    Act.NOTE_USE,
}  # in one state; of other acts one hears as often as they are done
USAGE = ("last_used_at", "last_used_source", "clock_at", "read_at", "used_mb", "quota_mb", "percent_full", "full_on")
FRENCH = re.compile(r"\b(le|la|les|de|du|des|un|une|est|à|au|pas|cette|ce|n’est|déjà|d’abord|il)\b|[ldnsc]’", re.I)
ENGLISH = re.compile(r"\b(the|this|is|not|already|exists|must|required|with|field|value|invalid|ensure)\b", re.I)


class Picture:
    """Every row as the database holds it at one moment, by table and primary key."""

    def __init__(self):
        self.at = timezone.now()
        self.rows = {table: {row["id"]: row for row in table.objects.order_by("pk").values()} for table in TABLES}

    def __getitem__(self, table) -> dict[int, dict]:
        return self.rows[table]

    def of(self, table, bal: int) -> list[dict]:
        return [row for row in self[table].values() if row["bal_id"] == bal]

    def since(self, before: "Picture", table) -> list[dict]:
        return [row for pk, row in self[table].items() if pk not in before[table]]

    def changed(self, before: "Picture", table) -> list[tuple[dict, dict]]:
        """Rows that were there and differ: (as it was, as it is)."""
        return [(before[table][pk], row) for pk, row in self[table].items() if before[table].get(pk, row) != row]

    def holders(self, bal: int) -> dict[int, bool]:
        """Person to "is the principal"."""
        return {row["person_id"]: row["is_principal"] for row in self.of(Cotitulaire, bal)}

    def roles(self, bal: int, user: int | None, person: int | None) -> set[Role]:
        """Of who wrote a line of the journal: an account, or else a person by a signed link, or else the automate."""
        if user is None and person is None:
            return {Role.SYSTEM}
        kind, held = self[Bal][bal]["kind"], self.holders(bal)
        people = {pk for pk, row in self[Person].items() if user is not None and row["user_id"] == user}
        people |= {person} if user is None else set()
        roles: set[Role] = set()
        for one in people & held.keys():
            roles |= {Role.COTITULAIRE} if kind in SHARED else {Role.TITULAIRE}
            roles |= {Role.PRINCIPAL} if kind in SHARED and held[one] else set()
        if user in self.managers(bal):
            roles |= {Role.GESTIONNAIRE} | ({Role.RESPONSABLE} if self.nobody_answers(bal) else set())
        return roles

    def managers(self, bal: int) -> set[int]:
        structure = Structure.objects.get(pk=self[Bal][bal]["structure_id"])
        managing = Membership.objects.filter(structure__in=[structure.pk, structure.parent_id], role="gestionnaire")
        return set(managing.values_list("user", flat=True))

    def nobody_answers(self, bal: int) -> bool:
        row = self[Bal][bal]
        if row["kind"] != "PER":
            return row["kind"] == "APP"
        (holder,) = self.holders(bal)
        stays = [
            stay
            for stay in self[Affiliation].values()
            if (stay["person_id"], stay["structure_id"]) == (holder, row["structure_id"])
        ]
        today = timezone.localdate(self.at)
        return bool(stays) and all(stay["left_on"] and stay["left_on"] <= today for stay in stays)


# --- A refusal --------------------------------------------------------------------------------------------------------
def check_refusal(refused, before: Picture, after: Picture) -> None:
    for table in TABLES:
        assert after[table] == before[table], f"« {refused} » wrote to {table.__name__}"
    for sentence in refused.messages:
        assert FRENCH.search(sentence), sentence
        assert not ENGLISH.search(sentence), sentence


# --- What stands ------------------------------------------------------------------------------------------------------
def check_register(now: Picture) -> None:
    for pk, bal in now[Bal].items():
        held = list(now.holders(pk).values())
        assert held.count(True) <= 1, "two principals"
        assert len(held) <= MOST_HOLDERS, f"{len(held)} cotitulaires"
        if bal["kind"] == "PER":
            assert held == [True], "a PER has its holder, and nobody else"
        if bal["kind"] == "APP":
            assert held == []
        check_awaited(now, pk, bal["state"])


def check_awaited(now: Picture, pk: int, state: str) -> None:
    """A request is awaited in the states that await it, and in no other."""
    requests = now.of(Request, pk)
    for kind, states in AWAITS.items():
        stages = [request["stage"] for request in requests if request["kind"] == kind]
        waiting = [request for request in requests if request["kind"] == kind and request["stage"] in AWAITED]
        assert len(waiting) <= 1, f"{kind} asked twice at once"
        asked_beside = [one for one in waiting if now[JournalEntry][one["entry_id"]]["what"] == Act.ASK_AGAIN]
        if state not in states and not (kind == RequestKind.DEPUBLISH and asked_beside):
            assert not waiting, f"{kind} awaited of a BAL {state}"
        if state in states:
            assert stages, f"a BAL {state} without its request"
            expected = {State.DELETION_CONFIRMED: {RequestStage.DONE}}.get(
                State(state), {*AWAITED, RequestStage.DONE, RequestStage.REFUSED}
            )
            assert expected & set(stages), f"a BAL {state}, whose request is {stages}"


# --- What was done ----------------------------------------------------------------------------------------------------
def check_done(before: Picture, after: Picture, annuaire) -> None:
    """Of any act that was not refused. `annuaire.shows(address)`: True, False, or None where it is too old to say."""
    lines = after.since(before, JournalEntry)
    by_bal = defaultdict(list)
    for line in lines:
        if line["bal_id"]:
            by_bal[line["bal_id"]].append(line)
    for pk, bal in after[Bal].items():
        check_moves(before, after, bal, by_bal[pk], annuaire)
        check_who(before, after, pk, by_bal[pk], {line["what"] for line in lines if not line["bal_id"]})
        check_every_change_has_its_line(before, after, pk, Counter(line["what"] for line in by_bal[pk]))
    check_requests(before, after, {line["id"] for line in lines})
    check_notices(before, after, {line["id"] for line in lines})
    for table in (Bal, JournalEntry, Notice, Reading, Request, Delegataire):
        assert before[table].keys() <= after[table].keys(), f"{table.__name__}: a row is gone"


def check_moves(before: Picture, after: Picture, bal: dict, lines: list[dict], annuaire) -> None:
    """From state to state by lines of the table, without a gap, and not one more."""
    old = before[Bal].get(bal["id"])
    state, moved = (old["state"], False) if old else ("", False)
    for line in lines:
        if line["what"] in BIRTHS:
            assert not old, "born twice"
            state = line["after"]
        if line["what"] not in Verb.values:
            continue
        verb = BY_VERB[Verb(line["what"])]
        assert line["before"] == state, f"a gap: {state}, then {line['what']} from {line['before']}"
        assert state in verb.before, f"{line['what']} from {state}"
        assert state not in OVER, f"{bal['address']} came back from {state}"
        assert line["after"] == verb.after
        check_move(before, after, bal, line, annuaire)
        state, moved = line["after"], True
    assert bal["state"] == state, f"{bal['address']}: {state}, then {bal['state']} without a line"
    if old and not moved:
        assert bal["state_since"] == old["state_since"]
    if moved:
        assert bal["state_since"] == after.at


def check_move(before: Picture, after: Picture, bal: dict, line: dict, annuaire) -> None:
    verb, is_expected = Verb(line["what"]), bal["kind"] != "APP" and not bal["liste_rouge"]
    if verb == Verb.REQUEST_DELETION:
        assert ATTESTATION in line["note"], "a deletion requested without the attestation"
        assert line["before"] == State.DEPUBLISHED or not is_expected, "deleted while published"
    if verb in (Verb.VERIFY_DEPUBLICATION, Verb.VERIFY_DELETION):
        assert is_expected or line["by_id"], "concluded from an absence that proves nothing"
        assert not is_expected or annuaire.shows(bal["address"]) is False, "not seen to be gone"
    if verb == Verb.ALERT_IDLE:
        was = before[Bal][bal["id"]]
        assert was["clock_at"] is not None, "unknown is not idle"
        assert was["kind"] != "APP"
        assert was["clock_at"] <= after.at - relativedelta(months=10)
    if verb in (Verb.ALERT_IDLE, Verb.DEPUBLISH_IDLE):
        was = before[Bal][bal["id"]]
        place = (was["structure_id"], was["operator_id"])
        read = [one["read_at"] for one in before[Bal].values() if (one["structure_id"], one["operator_id"]) == place]
        assert any(at and at >= after.at - timedelta(days=35) for at in read), "a silent source proves nothing"
    if verb == Verb.DEPUBLISH_IDLE:
        told = [notice for notice in before.of(Notice, bal["id"]) if is_alert_of(notice, before[Bal][bal["id"]])]
        assert any(notice["sent_at"] <= after.at - relativedelta(months=2) for notice in told), "nobody was warned"
    if Party.HOLDERS in BY_VERB[verb].tells:
        notices = [row for row in after.of(Notice, bal["id"]) if row["entry_id"] == line["id"]]
        told = sorted(row["person_id"] for row in notices if row["party"] == Party.HOLDERS)
        others = [person for person in after.holders(bal["id"]) if not is_own(after, line, person)]
        assert told == sorted(others), f"{verb}: not every holder is told, once"


def is_alert_of(notice: dict, bal: dict) -> bool:
    is_given = notice["sent_at"] is not None and notice["bounced_at"] is None
    return notice["stage"] == Verb.ALERT_IDLE and is_given and notice["sent_at"] >= bal["state_since"]


def is_own(after: Picture, line: dict, person: int) -> bool:
    """Nobody is told of what they did themselves."""
    account = after[Person][person]["user_id"]
    return person == line["signatory_id"] or bool(account and account == line["by_id"])


def check_who(before: Picture, after: Picture, pk: int, lines: list[dict], done: set[str]) -> None:
    for line in lines:
        what = line["what"]
        if what in BIRTHS or done & FOLLOW.get(what, set()):
            continue
        done.add(what)
        roles = before.roles(pk, line["by_id"], line["signatory_id"])
        allowed = BY_VERB[Verb(what)].by if what in Verb.values else WHO_MAY[Act(what)]
        if what == Act.REMOVE_COTITULAIRE and removed_themselves(before, after, pk, line["by_id"]):
            continue
        if what == Act.ANSWER:  # one answers of any address that is said to be one's own
            assert after[Person][line["person_id"]]["user_id"] == line["by_id"]
            continue
        assert roles & allowed, f"{what} by {roles or 'a stranger'}"


def removed_themselves(before: Picture, after: Picture, pk: int, user: int | None) -> bool:
    gone = before.holders(pk).keys() - after.holders(pk).keys()
    return user is not None and {before[Person][one]["user_id"] for one in gone} == {user}


def check_every_change_has_its_line(before: Picture, after: Picture, pk: int, done: Counter) -> None:
    old, new = before[Bal].get(pk), after[Bal][pk]
    if old is None:
        assert done[Act.REGISTER] + done[Act.REQUEST_OPENING] == 1
        return
    changed = {name for name in new if new[name] != old[name]}
    moves = sum(done[verb] for verb in Verb)
    explained = {"state", "state_since", "replaced_by", "auto_reply"} if moves else set()
    explained |= {"clock_at"} if done[Verb.OPPOSE] else set()
    explained |= set(USAGE) if len(after.of(Reading, pk)) > len(before.of(Reading, pk)) else set()
    explained |= {"quota_warned", "quota_cycle"} if done[Act.WARN_QUOTA] == 1 else set()
    explained |= {"liste_rouge", "service", "quota_mb", "percent_full", "full_on"} if done[Act.DESCRIBE] else set()
    assert changed <= explained, f"{changed - explained} without a line"
    was, held = before.holders(pk), after.holders(pk)
    named = done[Act.NAME_PRINCIPAL] + done[Act.TRANSFER_PRINCIPAL]
    assert len(held.keys() - was.keys()) <= done[Act.ADD_COTITULAIRE] + done[Act.NAME_PRINCIPAL]
    assert len(was.keys() - held.keys()) == done[Act.REMOVE_COTITULAIRE]
    assert (principal(was) != principal(held)) == (named == 1)
    assert principal(was) is None or principal(held), "an orphan was made"
    lent = len(after.of(Delegataire, pk)) - len(before.of(Delegataire, pk))
    ended = [a for b, a in after.changed(before, Delegataire) if a["bal_id"] == pk and a["ended_at"] != b["ended_at"]]
    assert (lent, len(ended)) == (done[Act.DELEGATE], done[Act.END_DELEGATION])


def principal(held: dict[int, bool]) -> int | None:
    return next((person for person, is_principal in held.items() if is_principal), None)


def check_requests(before: Picture, after: Picture, new_lines: set[int]) -> None:
    """Each is born with a line, and each step of it leaves one; its sending is proven by its letter."""
    noted = {row["request_id"] for row in after.since(before, LINES)}
    for request in after.since(before, Request):
        assert request["entry_id"] in new_lines
    for old, new in after.changed(before, Request):
        if old["stage"] == new["stage"] or new["id"] in noted:
            continue
        letters = [row for row in after[Notice].values() if row["entry_id"] == new["entry_id"]]
        letters = [row for row in letters if row["party"] == Party.OPERATOR]
        is_replaced = new["stage"] == RequestStage.CANCELLED and bool(new_lines)
        is_sent = new["stage"] == RequestStage.SENT and any(row["sent_at"] for row in letters)
        assert is_sent or is_replaced or new_lines, f"{old['stage']} to {new['stage']} without a line"


def check_notices(before: Picture, after: Picture, new_lines: set[int]) -> None:
    new = after.since(before, Notice)
    assert {notice["entry_id"] for notice in new} <= new_lines
    keys = [notice["key"] for notice in after[Notice].values()]
    assert len(keys) == len(set(keys))
    told = Counter((row["entry_id"], row["party"], row["person_id"], row["recipient"], row["address"]) for row in new)
    assert not told or max(told.values()) == 1, "twice of one act"
    for bal in {after[JournalEntry][line]["bal_id"] for line in new_lines} - {None}:
        check_told_once(after, bal)


def check_told_once(after: Picture, bal: int) -> None:
    """Never twice the same word, nor to the same person, while the BAL is in one state."""
    moves = [line["id"] for line in after.of(JournalEntry, bal) if line["what"] in Verb.values]
    told: Counter[tuple] = Counter()
    for line in after.of(JournalEntry, bal):
        if line["what"] in ONCE:
            told[line["what"], line["after"], sum(move <= line["id"] for move in moves)] += 1
    for notice in after.of(Notice, bal):
        act = notice["stage"].partition("-")[0]
        if act not in ONCE:
            continue
        period = sum(move <= notice["entry_id"] for move in moves)
        told[notice["stage"], notice["party"], notice["recipient"], period] += 1
    assert not [what for what, times in told.items() if times > 1], told.most_common(1)
    asked = [row for row in after.of(Notice, bal) if row["stage"] in (Act.ASK_USE, Act.REMIND_USE)]
    asked.sort(key=lambda row: (row["stage"], row["recipient"], row["created_at"]))
    for _, rows in groupby(asked, key=lambda row: (row["stage"], row["recipient"])):
        days = [row["created_at"] for row in rows]
        gaps = [later - sooner for sooner, later in pairwise(days)]
        assert all(gap >= timedelta(days=365) for gap in gaps), "asked twice in a year"


class Quotas:
    """One warning per threshold crossed; a second one only after the fill was well below it."""

    def __init__(self):
        self.lowest: dict[tuple[int, int], int] = {}  # since the last warning of this BAL of this threshold

    def check(self, before: Picture, after: Picture) -> None:
        for pk, bal in after[Bal].items():
            for limit in settings.QUOTA_THRESHOLDS:
                if (pk, limit) in self.lowest:
                    self.lowest[pk, limit] = min(self.lowest[pk, limit], bal["percent_full"] or 0)
        warned = {(row["bal_id"], row["stage"]) for row in after.since(before, Notice) if "warn_quota" in row["stage"]}
        for pk, stage in warned:
            limit, percent = int(stage.partition("-")[2]), after[Bal][pk]["percent_full"]
            assert percent >= limit, f"warned of {limit} % at {percent} %"
            lowest = self.lowest.get((pk, limit), 0)
            assert lowest < limit - settings.QUOTA_HYSTERESIS, f"{limit} % twice: {lowest} % at the lowest between"
            self.lowest[pk, limit] = percent
