"""A list of who holds which BAL, and of who uses it under whom: accesses that exist at the operator, recorded.

On the word of the professionals who answer for them (`Import.vouched`); the holders of each BAL, and those who are
given an access, are told.
"""

from functools import partial
from typing import Any

from django.utils import timezone

from directory.dates import day_of
from directory.folding import name_key, name_key_of
from directory.models import Activity
from directory.readers.identifiers import read_identifier
from directory.readers.names import Name, read_person
from directory.readers.words import AccessRole, Rights
from mailboxes import rules
from mailboxes.actions.journal import entry_of, notices_besides, tell_all
from mailboxes.actions.people import by_annuaire, write_stays
from mailboxes.imports.judging import Judged, Outcome, RowBatch, day_told, numbers_of
from mailboxes.imports.reading import Line
from mailboxes.imports.rules import check_within
from mailboxes.imports.sorts import ListSort, labels_of
from mailboxes.imports.verdicts import not_taken
from mailboxes.lifecycle import Act, Party, Role
from mailboxes.models import Affiliation, Bal, Cotitulaire, Delegataire, JournalEntry, Notice, Person, bulk
from mailboxes.models.people import people_of_annuaire
from mailboxes.notices.writing import notices_for
from mailboxes.rules.holders import check_number


class AccessBatch(RowBatch):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        wanted = {line.address for line in self.lines if line.address}
        bals = Bal.objects.with_holders().filter(bulk.among("address", wanted)).order_by("pk")
        self.bals = {bal.address: bal for bal in (bals.locked() if self.for_real else bals)}
        lent = Delegataire.objects.standing().filter(bulk.among("bal", {bal.pk for bal in self.bals.values()}))
        self.lent: dict[int, list[Delegataire]] = {}  # by BAL
        for row in lent.select_related("person", "under"):
            self.lent.setdefault(row.bal_id, []).append(row)
        self._recall()
        self.by_activity = self._of_activities()
        self.stays: list[Affiliation] = []
        self.holders: list[Cotitulaire] = []
        self.principals: list[Cotitulaire] = []
        self.delegataires: list[Delegataire] = []
        self.entries: list[JournalEntry] = []
        self.given: list[tuple[Bal, Person]] = []  # an access, told of once for each BAL

    def _recall(self) -> None:
        """What a forecast would have written by now."""
        told = self.places.told
        for address, bal in self.bals.items():
            for person, is_principal in told.holders.get(address, []):
                holders = _holders_kept(bal)
                if here := next((one for one in holders if one.person == person), None):
                    here.is_principal = here.is_principal or is_principal
                else:
                    holders.append(Cotitulaire(bal=bal, person=person, is_principal=is_principal))
            lent = [Delegataire(bal=bal, person=who, under=under) for who, under in told.lent.get(address, [])]
            self.lent.setdefault(bal.pk, []).extend(lent)

    def remember(self) -> None:
        super().remember()
        if self.for_real:
            return
        told = self.places.told
        for holder in [*self.holders, *self.principals]:
            told.holders.setdefault(holder.bal.address, []).append((holder.person, holder.is_principal))
        for row in self.delegataires:
            told.lent.setdefault(row.bal.address, []).append((row.person, row.under))

    def _of_activities(self) -> dict[str, list[Person]]:
        """People whom the activities of the annuaire place in these structures, by folded names: of whom the lines name
        and nobody here is."""
        unknown = {key for key in self.keys() if not self.places.people_by_name.get(key)}
        if not unknown:
            return {}
        there = Activity.objects.current().annotate(key=name_key_of()).filter(key__in=unknown)
        numbers = {(row.key, row.national_id[1:]) for row in there if row.national_id[:1] == "8"}
        wanted = {number for _, number in numbers}
        known = people_of_annuaire(wanted)
        here = Person.objects.filter(bulk.among("rpps", wanted)).prefetch_related("affiliations")
        known |= {one.rpps or "": self.known.get(one.pk, one) for one in here}
        found: dict[str, list[Person]] = {}
        for key, number in numbers:
            if number in known:
                found.setdefault(key, []).append(self.people.get(number) or known[number])
        return found

    def subject(self, line: Line) -> str:
        who = ", ".join([*map(str, line.facts.get("holder", [])), *numbers_of(line)])
        role = line.facts["role"].value if "role" in line.facts else ""
        return " · ".join(filter(None, [line.address, who, role, line.facts.get("under", "")]))

    def judge(self, line: Line, judged: Judged) -> None:
        bal = self.bals.get(line.address)
        if bal is None:
            raise rules.Refused("Cette BAL n’est pas au registre : importez d’abord la liste des BAL.", "unknown")
        check_within(self.run, bal, self.places.by_pk)
        judged.bal = bal
        rules.check_act(bal, Act.IMPORT_ACCESSES, by=self.by)
        people = self._people(line, bal)
        told: list[Person] = []
        for person in people:
            role = self._role(line, bal, person)
            if role == Role.DELEGATAIRE:
                told += self._lend(line, bal, person, judged)
            else:
                told += self._hold(line, bal, person, role, judged)
        if told:
            judged.outcome = Outcome.CREATED
            for person in told:
                self.add(self.given, (bal, person))

    # --- Who ----------------------------------------------------------------------------------------------------------
    def _people(self, line: Line, bal: Bal) -> list[Person]:
        numbers, names = numbers_of(line), line.facts.get("holder", [])
        if numbers:
            return [self._of_number(number, bal) for number in numbers]
        if not names:
            raise rules.Refused("Ni RPPS ni nom : rien ne dit de qui il s’agit. Complétez la ligne.", "nobody")
        return [self._of_name(name, bal) for name in names]

    def _of_number(self, rpps: str, bal: Bal) -> Person:
        person = self.of_number(rpps)
        if person is None:
            raise rules.Refused(
                f"RPPS {rpps} : inconnu du registre et de l’annuaire. Inscrivez cette personne, ou importez-la.",
                "unknown",
            )
        return self._entered(person, bal)

    def _of_name(self, name: Name, bal: Bal) -> Person:
        """The person of that name in these structures; else the one whom the activities of the annuaire place in
        them."""
        found = self.by_activity.get(name_key(name.family, name.given), [])
        if len(found) == 1 and not self.staying(name):
            return self._entered(self.people.get(found[0].rpps or "", found[0]), bal)
        return self.of_name(name)

    def _entered(self, person: Person, bal: Bal) -> Person:
        """Known to the annuaire alone, they enter under its names; whoever vouches for the list, for their card too."""
        if person.pk or self.people.get(person.rpps or "") is person:
            return person
        rules.check_record_named(person, person, roles=bal.roles_of(self.by))
        self.put(person, has_cps=True)
        rules.check_values(person)
        self.add(self.stays, Affiliation(person=person, structure=bal.structure))
        self.note_entered(person)
        return person

    # --- What ---------------------------------------------------------------------------------------------------------
    def _role(self, line: Line, bal: Bal, person: Person) -> Role:
        said = line.facts.get("role")
        if said == AccessRole.DELEGATAIRE or (not said and ("under" in line.facts or not person.rpps)):
            return Role.DELEGATAIRE
        if not bal.is_shared:
            return Role.TITULAIRE
        return Role.PRINCIPAL if said == AccessRole.PRINCIPAL else Role.COTITULAIRE

    def _hold(self, line: Line, bal: Bal, person: Person, role: Role, judged: Judged) -> list[Person]:
        principal = bal.principal()
        if bal.is_held_by(person) and (role == Role.COTITULAIRE or principal == person):
            return []
        if role in (Role.PRINCIPAL, Role.TITULAIRE) and principal and principal != person:
            raise rules.Refused(
                f"{person} : le {role.label} de cette BAL est {principal}, qui transmet ce rôle lui-même."
                if bal.is_shared
                else f"{person} : une BAL nominative n’a qu’un titulaire, {principal}.",
                "principal",
            )
        rules.check_can_hold(person)
        rules.check_stays(bal, person)
        holder = next((one for one in bal.cotitulaires.all() if one.person == person), None)
        if holder is None:
            check_number(len(bal.cotitulaires.all()) + 1)
            holder = Cotitulaire(bal=bal, person=person, is_principal=role != Role.COTITULAIRE)
            self.add(self.holders, holder)
            judged.wrote.setdefault("cotitulaires", []).append(holder)
            self._now_held_by(bal, holder)
            if bal.is_shared:
                _say_retained(line, judged, role=role.label)
        else:
            self.put(holder, is_principal=True)
            self.add(self.principals, holder)
            judged.wrote.setdefault("principals", []).append(holder)
        return self._written(bal, person, role.label)

    def _now_held_by(self, bal: Bal, holder: Cotitulaire) -> None:
        """Among the holders that `with_holders` read, without reading them all again for each line."""
        self.add(_holders_kept(bal), holder)
        kept = _kept(bal)
        kept.pop("roles", None)
        self._backwards.append(partial(kept.pop, "roles", None))

    def _lend(self, line: Line, bal: Bal, person: Person, judged: Judged) -> list[Person]:
        under = self._under(line, bal)
        rules.check_lendable(bal, person, under)
        lent = self.lent.setdefault(bal.pk, [])
        right = line.facts.get("right", Rights(can_read=True, can_send=False))
        ends_on, today = day_told(line.facts.get("ends_on")), timezone.localdate()
        starts_on = day_told(line.facts.get("starts_on")) or min(today, ends_on or today)
        row = Delegataire(
            bal=bal, person=person, under=under, can_read=right.can_read, can_send=right.can_send, starts_on=starts_on,
            ends_on=ends_on, reason=line.facts.get("reason", "") or "Accès qui existait, repris d’une liste",
        )  # fmt: skip
        if known := next((one for one in lent if one.person == person and one.under == under), None):
            judged.remarks += _disagreements(line, row, known)
            return []
        rules.check_delegation(row)
        _say_retained(line, judged, role=Role.DELEGATAIRE.label, under=under)
        if row.is_past:
            judged.remarks.append(f"Jusqu’au : le {day_of(row.ends_on)} est passé, la fermeture sera demandée.")
        self.add(self.delegataires, row)
        self.add(lent, row)
        judged.wrote.setdefault("delegataires", []).append(row)
        return self._written(bal, person, f"délégataire, sous {under}")

    def _under(self, line: Line, bal: Bal) -> Person:
        said = line.facts.get("under", "")
        if not said:
            principal = bal.principal()
            if principal is None:
                raise rules.Refused("Personne ne tient cette BAL : donnez d’abord son titulaire.", "under")
            return principal
        if number := read_identifier("RPPS", said).value:
            found = next((one.person for one in bal.cotitulaires.all() if one.person.rpps == number), None)
        else:
            name = read_person(said).value
            found = self.of_name(name) if name else None
        if found is None:
            raise rules.Refused(
                f"Responsable : {said} n’est pas titulaire de cette BAL : donnez un de ses titulaires.", "under"
            )
        return found

    # --- Written ------------------------------------------------------------------------------------------------------
    def _written(self, bal: Bal, person: Person, what: str) -> list[Person]:
        facts: dict[str, Any] = {"after": f"{person}, {what}", "note": self._because(), "person": person}
        self.add(self.entries, entry_of(bal, Act.IMPORT_ACCESSES, by=self.by, **facts))
        return [person]

    def _because(self) -> str:
        return f"{self.note} {self.run.vouched}".strip()

    def write(self) -> None:
        write_stays(self.stays, by=self.by, note_of=by_annuaire)
        bulk.insert(self.holders)
        bulk.update(self.principals, ["is_principal"])
        bulk.insert(self.delegataires)
        bulk.insert(self.entries)
        self._tell()

    def _tell(self) -> None:
        """Who holds a BAL and who is given an access to it hear of all its lines at once."""
        by_bal: dict[Bal, list[Person]] = {}
        for bal, person in self.given:
            by_bal.setdefault(bal, []).append(person)
        entries = [
            entry_of(bal, Act.IMPORT_ACCESSES, by=self.by, parties=people, note=self._because(),
                     after=f"accès repris : {', '.join(map(str, people))}")
            for bal, people in by_bal.items()
        ]  # fmt: skip
        bulk.insert(entries)
        tell_all(
            entries,
            [
                notice
                for entry, (bal, people) in zip(entries, by_bal.items(), strict=True)
                for notice in _notices(entry, bal, people)
            ],
        )


def _say_retained(line: Line, judged: Judged, **supposed: object) -> None:
    """Of these facts, by their field, those that the line does not give."""
    label = labels_of(ListSort.ACCESSES)
    judged.remarks += [
        f"{label[name]} : rien n’en est dit, {value} est retenu."
        for name, value in supposed.items()
        if name not in line.facts
    ]


def _disagreements(line: Line, row: Delegataire, known: Delegataire) -> list[str]:
    """What the line says otherwise of an access that is written already."""
    label = labels_of(ListSort.ACCESSES)
    said = [("right", row.rights, known.rights)]
    said += [("starts_on", day_of(row.starts_on), day_of(known.starts_on))]
    said += [("ends_on", day_of(row.ends_on), day_of(known.ends_on) or "sans date de fin")]
    return [
        not_taken(label[name], theirs, ours) for name, theirs, ours in said if name in line.facts and theirs != ours
    ]


def _kept(bal: Bal) -> dict[str, Any]:
    return getattr(bal, "_prefetched_objects_cache")  # noqa: B009 - Django's own, which its types do not tell


def _holders_kept(bal: Bal) -> list[Cotitulaire]:
    return _kept(bal)["cotitulaires"]._result_cache


def _notices(entry: JournalEntry, bal: Bal, people: list[Person]) -> list[Notice]:
    stage, cycle, parties = Act.IMPORT_ACCESSES, f"entry-{entry.pk}", frozenset({Party.HOLDERS})
    holders = [one.person for one in bal.cotitulaires.all()]
    notices = notices_for(entry, bal, stage=stage, cycle=cycle, parties=parties, holders=holders)
    return notices + notices_besides(entry, notices, people, stage=stage, cycle=cycle)
