"""The lines of an operator's list, judged by the rules, so many at once, under the locks of their BAL.

A forecast and an application judge alike; the forecast then writes nothing but what became of each line.
"""

from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.text import capfirst

from directory.folding import name_key
from directory.readers.words import Said
from directory.typography import quoted
from mailboxes import rules
from mailboxes.actions.register import describe_anew, given_up
from mailboxes.actions.usage import LEARNT, RECKONED, fresh_readings, teach
from mailboxes.imports.holders import Holders, may_hold
from mailboxes.imports.models import Import, ImportLine
from mailboxes.imports.places import Places
from mailboxes.imports.reading import Line
from mailboxes.imports.rules import check_not_gone_yet, check_same_holder, check_within
from mailboxes.imports.verdicts import DESCRIBED, Verdict, kept, not_taken, write
from mailboxes.lifecycle import Act, RequestKind, State, Verb
from mailboxes.models import (
    Alias,
    Bal,
    JournalEntry,
    Reading,
    bulk,
    read_together,
)

Outcome = ImportLine.Outcome


class LinesBatch:
    """So many lines, and what the register knows of them."""

    def __init__(self, run: Import, places: Places, lines: list[Line], *, for_real: bool):
        assert run.operator  # noqa: S101 - of a list of BAL there is one
        self.run, self.operator, self.places, self.lines, self.for_real = run, run.operator, places, lines, for_real
        self.by = run.actor
        self.wanted = wanted = {line.address for line in lines if line.address}
        aliases = list(Alias.objects.told_by(wanted).select_related("bal", "operator"))
        self.aliases = {alias.address: alias for alias in aliases}
        self.beside: dict[int, list[Alias]] = {}  # by BAL, its other addresses
        for alias in aliases:
            self.beside.setdefault(alias.bal_id, []).append(alias)
        known = wanted | {alias.bal.address for alias in aliases}
        bals = Bal.objects.filter(bulk.among("address", known)).order_by("pk")
        self.bals = {bal.address: bal for bal in read_together(bals.locked() if for_real else bals)}
        self.former = given_up([one.address for one in self.bals.values() if one.state == State.ABANDONED], by=self.by)
        self.holders = Holders(lines, places, known=self.bals.values(), by=self.by)
        earlier = run.lines.filter(bulk.among("address", wanted)).exclude(outcome=Outcome.REJECTED)
        self.seen: dict[str, int | None] = dict(earlier.values_list("address", "number"))

    def treat(self) -> list[Verdict]:
        verdicts = [verdict for line in self.lines for verdict in self._judge_with_others(line)]
        taken = [verdict for verdict in verdicts if not verdict.why]
        fresh = {id(r) for r in fresh_readings([verdict.reading for verdict in taken if verdict.reading])}
        for verdict in taken:
            if verdict.reading and id(verdict.reading) not in fresh:
                verdict.reading = None
        teach([verdict.reading for verdict in taken if verdict.reading])
        for verdict in taken:
            if verdict.is_new:
                verdict.outcome = Outcome.CREATED
            elif verdict.bal and (verdict.verb or verdict.answers or verdict.changes()):
                verdict.outcome = Outcome.UPDATED
        changed = {id(verdict): verdict.changes() for verdict in taken if verdict.bal and not verdict.is_new}
        if self.for_real:
            write(taken, self.holders, self.run)
        mark = JournalEntry.objects.aggregate(last=Max("pk"))["last"] if self.for_real else None
        bulk.insert([kept(self.run, v, changed.get(id(v), {}), mark) for v in verdicts])
        return verdicts

    # --- Judging --------------------------------------------------------------------------------------------------
    def _judge_with_others(self, line: Line) -> list[Verdict]:
        """Lines that follow and name other holders of the same BAL share its fate."""
        verdict = self._judge(line)
        if not line.others:
            return [verdict]
        if verdict.why:
            why = f"Ligne {line.number}, de la même BAL : {verdict.why}"
            return [verdict, *(Verdict(other, Outcome.REJECTED, why=why) for other in line.others)]
        return [verdict, *(self._judge_other(verdict, other) for other in line.others)]

    def _judge_other(self, verdict: Verdict, other: Line) -> Verdict:
        (person, why), found = self.holders.named(other), Verdict(other, remarks=list(other.remarks))
        found.remarks += [why] if why else []
        held = {one.pk for one in [verdict.principal, *verdict.cotitulaires] if one}
        if not verdict.is_new:
            if verdict.bal and not (person and verdict.bal.is_held_by(person)):
                found.remarks.append("Cotitulaire : n’est pas repris, la BAL est déjà au registre sans lui.")
        elif person and person.pk in held:
            found.remarks.append(f"{person} est titulaire de la BAL de la ligne {verdict.line.number}.")
        else:
            found.remarks.append(self._why_no_holder(verdict, other))
        return found

    def _why_no_holder(self, verdict: Verdict, other: Line) -> str:
        if "role" in other.aside:
            return "Titulaire : n’est pas repris, son rôle n’est pas compris."
        if not may_hold(other):
            return "Délégataire : n’est pas repris, une délégation se donne par le professionnel qui en répond."
        if not verdict.bal or not verdict.bal.is_shared:
            return "Cotitulaire : n’est pas repris, une BAL nominative n’a qu’un titulaire."
        return "Cotitulaire : n’est pas repris, ce n’est pas une personne inscrite ici avec une CPS ou une e-CPS."

    def _judge(self, line: Line) -> Verdict:
        verdict = Verdict(line, remarks=list(line.remarks))
        try:
            if line.faults:
                raise rules.Refused(" ".join(line.faults), "unread")
            if line.address in self.seen:
                raise rules.Refused(f"Adresse : déjà donnée à la ligne {self.seen[line.address]}.", "twice")
            bal, alias = self.bals.get(line.address), self.aliases.get(line.address)
            if alias and (bal is None or alias.operator_id == self.operator.pk):
                self._judge_alias(verdict, alias)
            elif bal is None or line.address in self.former:
                self._judge_unknown(verdict, self.former.get(line.address))
            else:
                self._judge_known(verdict, bal)
        except rules.Refused as refused:
            # What was left aside may be why: « BOF » is no type, so the type is missing.
            return Verdict(line, Outcome.REJECTED, why=" ".join([*refused.messages, *line.remarks]))
        self.seen[line.address] = line.number
        return verdict

    def _judge_unknown(self, verdict: Verdict, former: Bal | None) -> None:
        line, facts = verdict.line, verdict.line.facts
        said = facts.get("state", Said.OPEN)
        if said in (Said.DELETED, Said.PENDING):
            verdict.remarks.append(f"{capfirst(said.value)} chez l’opérateur et inconnue ici : rien à inscrire.")
            return
        structure, kind = self.places.of(line), facts.get("kind") or self.run.default_kind
        if not kind:
            raise rules.Refused("Type : absent, alors que la BAL est inconnue ici. Donnez un type par défaut.", "kind")
        verdict.forgive_account(kind)
        verdict.principal, verdict.cotitulaires = self.holders.of(line, kind)
        if said_of_name := self.holders.named(line)[1]:
            verdict.remarks.append(said_of_name)
        if not may_hold(line):
            verdict.remarks.append(self._why_no_holder(verdict, line))
        rules.check_register(structure, self.operator, kind, line.address, verdict.principal, by=self.by)
        verdict.bal, verdict.is_new = former or Bal(address=line.address), True
        described = {name: facts[name] for name in DESCRIBED if name in facts}
        described.setdefault("quota_mb", self.operator.default_quota_mb)
        where = {"structure": structure, "operator": self.operator, "kind": kind, "state": State.ACTIVE}
        describe_anew(verdict.bal, **where, **described)
        rules.check_values(verdict.bal, only=("address", *described))
        if told := _told(line):
            rules.check_reading_dates(line.facts.get("at", self.run.as_of), told.get("last_used_at"))
        if self.for_real:  # of a new BAL, a forecast needs none
            verdict.reading = self._reading(verdict.bal, line)

    def _judge_alias(self, verdict: Verdict, alias: Alias) -> None:
        """Another address of a BAL of the register is that BAL, once; of one that it leaves or will have, nothing is
        learnt of its use."""
        bal, said = self.bals[alias.bal.address], verdict.line.facts.get("state", Said.OPEN)
        check_within(self.run, bal, self.places.by_pk, at=alias.operator)
        what = f"{quoted(alias.address)}, {alias.get_nature_display()} de {quoted(bal.address)}"
        verdict.remarks.append(f"Adresse : {what}. C’est cette BAL, comptée une fois.")
        if alias.nature == Alias.Nature.KEPT and bal.address not in self.seen and bal.address not in self.wanted:
            self._judge_known(verdict, bal)
            return
        verdict.bal = bal
        if (alias.nature, said) == (Alias.Nature.COMING, Said.OPEN):
            verdict.answers = RequestKind.OPEN
        elif (alias.nature, said) == (Alias.Nature.FORMER, Said.DELETED):
            verdict.answers = RequestKind.DELETE

    def _judge_known(self, verdict: Verdict, bal: Bal) -> None:
        line = verdict.line
        said = Said.OPEN if verdict.forgive_account(bal.kind) else line.facts.get("state", Said.OPEN)
        check_within(self.run, bal, self.places.by_pk)
        verdict.bal = bal
        if moving := [one for one in self.beside.get(bal.pk, []) if one.nature == Alias.Nature.COMING]:
            check_not_gone_yet(bal, moving[0], is_gone=said == Said.DELETED)
            verdict.remarks.append(f"En migration vers {quoted(moving[0].address)}, chez {moving[0].operator}.")
        verdict.remarks += self._disagreements(line, bal)
        if said == Said.DELETED:
            if bal.state not in (State.DELETION_CONFIRMED, State.DELETED):
                is_asked = bal.state == State.DELETION_REQUESTED
                verb = Verb.CONFIRM_DELETION if is_asked else Verb.OPERATOR_DELETED
                verdict.verb = self._confirmed(bal, said, verb)
            return
        if bal.state == State.DELETED and said == Said.OPEN:
            check_same_holder(bal, line.facts.get("rpps"))
            verdict.verb = self._confirmed(bal, said, Verb.REVIVE)
            return
        if bal.state == State.REQUESTED and said == Said.PENDING:
            return
        if bal.state == State.REQUESTED and said == Said.OPEN:  # on their list is open, unless they say else
            verdict.verb = self._confirmed(bal, said, Verb.ACTIVATE)
        self._check_living(bal, said)
        facts = {name: line.facts[name] for name in DESCRIBED if name in line.facts}
        verdict.befores = {name: getattr(bal, name) for name, value in facts.items() if getattr(bal, name) != value}
        verdict.known = {name: getattr(bal, name) for name in LEARNT if name not in RECKONED}
        verdict.reading = self._reading(bal, line)
        if verdict.reading:
            rules.check_reading(bal, verdict.reading.at, verdict.reading.last_used_at, by=self.by)
        for name in verdict.befores:
            setattr(bal, name, facts[name])
        if verdict.befores:
            rules.check_values(bal, only=verdict.befores)

    def _confirmed(self, bal: Bal, said: Said, verb: Verb) -> Verb:
        try:
            rules.check_move(bal, verb, by=self.by)
        except rules.Refused as refused:
            raise self._against(bal, said, refused) from refused
        return verb

    def _check_living(self, bal: Bal, said: Said) -> None:
        try:
            rules.check_act(bal, Act.DESCRIBE, by=self.by)
        except rules.Refused as refused:
            raise self._against(bal, said, refused) from refused

    @staticmethod
    def _against(bal: Bal, said: Said, refused: rules.Refused) -> rules.Refused:
        state = f"l’opérateur la dit {said.value}, le registre {bal.get_state_display()}"
        return rules.Refused(f"État : {state}. {refused.messages[0]}", "state")

    def _disagreements(self, line: Line, bal: Bal) -> list[str]:
        """What the file says otherwise and an import does not change: who holds it, what it is, whose it is."""
        said: list[tuple[str, object, object]] = []
        if "kind" in line.facts:
            said.append(("Type", line.facts["kind"], bal.kind))
        structure = self.places.said(line)
        if structure:
            said.append(("Structure", structure, self.places.by_pk.get(bal.structure_id)))
        if "rpps" in line.facts:
            principal = bal.principal()
            said.append(("RPPS du titulaire", line.facts["rpps"], principal.rpps if principal else "sans titulaire"))
        elif name := line.facts.get("holder"):
            principal = bal.principal()
            key = name_key(principal.family_name, principal.given_name) if principal else ""
            if key != name_key(name.family, name.given):
                said.append(("Titulaire", name, principal or "sans titulaire"))
        return [not_taken(label, theirs, ours) for label, theirs, ours in said if theirs != ours]

    def _reading(self, bal: Bal, line: Line) -> Reading | None:
        at: datetime = line.facts.get("at", self.run.as_of)
        told = _told(line)
        return Reading(bal=bal, at=at, source=Reading.Source.IMPORT, **told) if told else None


def _told(line: Line) -> dict[str, Any]:
    """What the line says of the BAL's use."""
    return {name: line.facts[name] for name in ("last_used_at", "used_mb", "quota_mb") if name in line.facts}
