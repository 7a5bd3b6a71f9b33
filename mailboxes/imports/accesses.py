"""A list of who holds which BAL, and of who uses it under whom: accesses that exist at the operator, recorded.

On the word of the professionals who answer for them (`Import.vouched`); the holders of each BAL, and those who are
given an access, are told.
"""

from typing import Any

from django.utils import timezone

from directory.folding import fold
from directory.models import Activity
from directory.readers.identifiers import read_identifier
from directory.readers.names import Name, read_person
from mailboxes import rules
from mailboxes.actions.journal import locked, write
from mailboxes.actions.people import recorded
from mailboxes.imports.judging import Judged, Outcome, RowBatch, day_told, numbers_of
from mailboxes.imports.reading import Line
from mailboxes.imports.rules import check_within
from mailboxes.lifecycle import Act, Party, Role
from mailboxes.models import Bal, Cotitulaire, Delegataire, Person, bulk
from mailboxes.models.people import people_of_annuaire
from mailboxes.rules.holders import check_number


class AccessBatch(RowBatch):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        wanted = {line.address for line in self.lines if line.address}
        bals = Bal.objects.locked().with_holders().filter(bulk.among("address", wanted)).order_by("pk")
        self.bals = {bal.address: bal for bal in bals}

    def forget(self, line: Line) -> None:
        """What was written of it is no more: it is read again."""
        if bal := self.bals.get(line.address):
            self.bals[line.address] = locked(bal)

    def subject(self, line: Line) -> str:
        who = ", ".join([*map(str, line.facts.get("holder", [])), *numbers_of(line)])
        return " · ".join(filter(None, [line.address, who, line.facts.get("role", ""), line.facts.get("under", "")]))

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
                told += self._hold(bal, person, role, judged)
        if told:
            judged.outcome = Outcome.CREATED
            self._tell(bal, judged, told)

    # --- Who ----------------------------------------------------------------------------------------------------------
    def _people(self, line: Line, bal: Bal) -> list[Person]:
        numbers, names = numbers_of(line), line.facts.get("holder", [])
        if numbers:
            return [self._of_number(number, bal) for number in numbers]
        if not names:
            raise rules.Refused("Ni RPPS ni nom : rien ne dit de qui il s’agit.", "nobody")
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
        """In these structures; else the one whom the activities of the annuaire place in them."""
        try:
            return self.of_name(name)
        except rules.Refused:
            there = Activity.objects.current().filter(family_name__iexact=name.family, given_name__iexact=name.given)
            numbers = {activity.national_id[1:] for activity in there if activity.national_id[:1] == "8"}
            if len(numbers) != 1:
                raise
            rpps = numbers.pop()
            known = Person.objects.filter(rpps=rpps).first() or people_of_annuaire([rpps]).get(rpps)
            if known is None:
                raise
            return self._entered(known, bal)

    def _entered(self, person: Person, bal: Bal) -> Person:
        """Known to the annuaire alone, they enter under its names; whoever vouches for the list, for their card too."""
        if person.pk:
            return person
        person.has_cps = True
        entered = recorded(person, bal.structure, roles=bal.roles_of(self.by), by=self.by)
        self.note_entered(entered)
        return entered

    # --- What ---------------------------------------------------------------------------------------------------------
    def _role(self, line: Line, bal: Bal, person: Person) -> Role:
        said = fold(line.facts.get("role", ""))
        if "delegat" in said or "delegue" in said or (not said and ("under" in line.facts or not person.rpps)):
            return Role.DELEGATAIRE
        if not bal.is_shared:
            return Role.TITULAIRE
        is_principal = "principal" in said or "responsable" in said
        return Role.PRINCIPAL if is_principal else Role.COTITULAIRE

    def _hold(self, bal: Bal, person: Person, role: Role, judged: Judged) -> list[Person]:
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
        holder = next((one for one in bal.cotitulaires.all() if one.person_id == person.pk), None)
        if holder is None:
            check_number(len(bal.cotitulaires.all()) + 1)
            holder = Cotitulaire.objects.create(bal=bal, person=person, is_principal=role != Role.COTITULAIRE)
            judged.wrote.setdefault("cotitulaires", []).append(holder.pk)
            _now_held_by(bal, holder)
        else:
            holder.is_principal = True
            holder.save(update_fields=["is_principal"])
            judged.wrote.setdefault("principals", []).append(holder.pk)
        return self._written(bal, person, role.label)

    def _lend(self, line: Line, bal: Bal, person: Person, judged: Judged) -> list[Person]:
        under = self._under(line, bal, judged)
        rules.check_lendable(bal, person, under)
        if bal.delegataires.filter(person=person, under=under, ended_at=None).exists():
            return []
        right = fold(line.facts.get("right", ""))
        can_send = any(word in right for word in ("envo", "emett", "ecri", "send", "redig", "full", "total"))
        reads = not right or not can_send or any(word in right for word in ("lec", "lire", "lit", "consult", "read"))
        row = Delegataire(
            bal=bal, person=person, under=under, can_read=reads or "full" in right or "total" in right,
            can_send=can_send, starts_on=day_told(line.facts.get("starts_on")) or timezone.localdate(),
            ends_on=day_told(line.facts.get("ends_on")),
            reason=line.facts.get("reason", "") or "Accès qui existait, repris d’une liste",
        )  # fmt: skip
        rules.check_row(row)
        row.save()
        judged.wrote.setdefault("delegataires", []).append(row.pk)
        return self._written(bal, person, f"délégataire, sous {under}")

    def _under(self, line: Line, bal: Bal, judged: Judged) -> Person:
        said = line.facts.get("under", "")
        if not said:
            principal = bal.principal()
            if principal is None:
                raise rules.Refused("Personne ne tient cette BAL : donnez d’abord son titulaire.", "under")
            judged.remarks.append(f"Responsable : le fichier n’en dit rien, {principal} est retenu.")
            return principal
        if number := read_identifier("RPPS", said).value:
            found = next((one.person for one in bal.cotitulaires.all() if one.person.rpps == number), None)
        else:
            name = read_person(said).value
            found = self.of_name(name) if name else None
        if found is None:
            raise rules.Refused(f"Responsable : {said} n’est pas titulaire de cette BAL.", "under")
        return found

    # --- Written ------------------------------------------------------------------------------------------------------
    def _written(self, bal: Bal, person: Person, what: str) -> list[Person]:
        facts: dict[str, Any] = {"after": f"{person}, {what}", "note": self._because(), "person": person}
        write(bal, Act.IMPORT_ACCESSES, by=self.by, **facts)
        return [person]

    def _tell(self, bal: Bal, judged: Judged, people: list[Person]) -> None:
        """Once for each line: who holds the BAL, and who is given an access."""
        named = ", ".join(map(str, people))
        facts: dict[str, Any] = {"after": f"accès repris : {named}", "note": self._because()}
        write(bal, Act.IMPORT_ACCESSES, by=self.by, parties=frozenset({Party.HOLDERS}), to=people, **facts)

    def _because(self) -> str:
        return f"{self.note} {self.run.vouched}".strip()


def _now_held_by(bal: Bal, holder: Cotitulaire) -> None:
    """Among the holders that `with_holders` read, without reading them all again for each line."""
    kept = getattr(bal, "_prefetched_objects_cache")  # noqa: B009 - Django's own, which its types do not tell
    kept["cotitulaires"]._result_cache.append(holder)
    kept.pop("roles", None)
