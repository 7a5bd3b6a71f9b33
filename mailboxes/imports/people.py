"""A list of people: each entered, made to join, or described anew, as on the pages, and so many at once."""

from datetime import date
from typing import Any

from django.utils import timezone

from directory.folding import name_key
from directory.readers.names import Name
from directory.typography import of
from mailboxes import rules
from mailboxes.actions.changes import differing
from mailboxes.actions.movements import write_movements
from mailboxes.actions.people import DESCRIBED, STAY, description_of, write_stays
from mailboxes.imports.judging import Judged, Outcome, RowBatch, day_told
from mailboxes.imports.reading import Line
from mailboxes.imports.rules import check_no_namesake
from mailboxes.models import SYSTEM, Affiliation, JournalEntry, Movement, Person, Structure, bulk

OF_PERSON = ("profession", "has_cps")


class PeopleBatch(RowBatch):
    locks_people = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.hosts = rules.hosts_of(self.known.values())
        here = Affiliation.objects.current().filter(bulk.among("person", set(self.known))).select_related("structure")
        here = here.filter(structure__in=self.places.by_pk).order_by("-pk")
        stays = list(here.select_for_update(of=("self",)) if self.for_real else here)
        for stay in stays:
            stay.person = self.known[stay.person_id]
        self.here = {(stay.person_id, stay.structure_id): stay for stay in stays}
        leaving = Movement.objects.departures().filter(bulk.among("stay", {stay.pk for stay in stays}))
        self.leaving = set(leaving.values_list("stay", flat=True))
        self.given: dict[int, tuple[Person, int | None]] = {}  # by identity, the line that told of them
        self.stays: list[Affiliation] = []
        self.movements: list[Movement] = []
        self.entries: list[JournalEntry] = []
        self.described: dict[int, Person] = {}
        self.stays_described: dict[int, Affiliation] = {}

    def subject(self, line: Line) -> str:
        name, rpps = line.facts.get("holder"), line.facts.get("rpps")
        known = self.of_number(rpps) if rpps and not name else None
        said = str(name or known or "")
        return f"{said}, RPPS {rpps}".removeprefix(", ") if rpps else said

    def judge(self, line: Line, judged: Judged) -> None:
        structure, rpps, name = self.places.of(line), line.facts.get("rpps"), line.facts.get("holder")
        if not rpps and not name:
            raise rules.Refused("Ni RPPS ni nom : rien ne dit de qui il s’agit. Complétez la ligne.", "nobody")
        person = judged.person = self._known(rpps, name, judged)
        is_here = person is not None and (person.pk, structure.pk) in self.here
        if not is_here and self._is_gone(line, judged):
            return
        if person is None:
            person = self._record(line, structure, judged)
        elif former := self._line_of(person):
            raise rules.Refused(f"{person} : la ligne {former} parle déjà de cette personne.", "twice")
        elif stay := self.here.get((person.pk, structure.pk)):
            self._describe(line, person, stay, judged)
        else:
            self._welcome(line, person, structure, judged)
        if person:
            self.given[id(person)] = person, line.number

    def _line_of(self, person: Person) -> int | None:
        """The line that told of them already, in this batch or before."""
        if id(person) in self.given:
            return self.given[id(person)][1]
        return self.places.told.lines.get(person.pk or -id(person))

    def remember(self) -> None:
        super().remember()
        self.places.told.lines |= {person.pk or -id(person): number for person, number in self.given.values()}

    def _known(self, rpps: str | None, name: Name | None, judged: Judged) -> Person | None:
        """The person in the register: by the RPPS; without one, by the name among those who stay in these
        structures."""
        if rpps:
            person = self.people.get(rpps)
            if person and name and name_key(person.family_name, person.given_name) != name_key(name.family, name.given):
                judged.remarks.append(f"Nom : {name} n’est pas repris, ce RPPS est celui {of(person)}.")
            if name and not person:
                check_no_namesake(self.bearing(name))
            return person
        assert name  # noqa: S101 - the caller has seen to it
        return self.staying(name)

    def _is_gone(self, line: Line, judged: Judged) -> bool:
        """Did this person, who is not here, leave already by the list? It may name for years who left."""
        day = day_told(line.facts.get("left_on"))
        if day and day < timezone.localdate():
            judged.remarks.append("Partie, et absente d’ici : rien à inscrire.")
        elif day:
            judged.remarks.append(f"Départ : prévu le {day:%d/%m/%Y}, il se prépare depuis la fiche de la personne.")
        return day is not None and day < timezone.localdate()

    # --- Entered ------------------------------------------------------------------------------------------------------
    def _record(self, line: Line, structure: Structure, judged: Judged) -> Person:
        rules.check_record_person(structure, by=self.by)
        told: tuple[str, ...] = ("rpps", "profession", "has_cps", "email")
        facts = self._named(line, judged) | {name: line.facts[name] for name in told if name in line.facts}
        judged.person = person = Person(**facts)
        person.clean()
        rules.check_values(person)
        self._stay(line, person, structure, judged)
        self.note_entered(person)
        return person

    def _welcome(self, line: Line, person: Person, structure: Structure, judged: Judged) -> None:
        rules.check_record_person(structure, by=self.by)
        rules.check_agreed(person, structure, by=self.by, hosts=self.hosts.get(person.pk, set()))
        self._stay(line, person, structure, judged)
        judged.remarks.append(f"Déjà connue ici : rejoint {structure}.")

    def _stay(self, line: Line, person: Person, structure: Structure, judged: Judged) -> None:
        stay = Affiliation(person=person, structure=structure, **self._of_stay(line))
        rules.check_values(stay, only=STAY)
        self.add(self.stays, stay)
        judged.outcome, judged.wrote = Outcome.CREATED, {"stays": [stay]}

    def _named(self, line: Line, judged: Judged) -> dict[str, Any]:
        """The person's names by the list; by the annuaire where the list gives the RPPS alone."""
        name, known = line.facts.get("holder"), self.annuaire.get(line.facts.get("rpps", ""))
        if name is None and known is None:
            raise rules.Refused(
                "Ce RPPS n’est connu ni du registre ni de l’annuaire : ajoutez le nom et le prénom.", "unknown"
            )
        if name is None and known is not None:
            judged.remarks.append("Nom et profession : d’après l’annuaire.")
            return {"family_name": known.family_name, "given_name": known.given_name, "profession": known.profession}
        assert name  # noqa: S101 - one of the two is there
        if known and name_key(known.family_name, known.given_name) != name_key(name.family, name.given):
            judged.remarks.append(f"Nom : l’annuaire dit {known} pour ce RPPS, vérifiez.")
        facts = {"family_name": name.family, "given_name": name.given}
        return facts | ({"profession": known.profession} if known and known.profession else {})

    def _of_stay(self, line: Line) -> dict[str, Any]:
        return {"function": line.facts.get("function", ""), "arrived_on": day_told(line.facts.get("arrived_on"))}

    # --- Described anew -----------------------------------------------------------------------------------------------
    def _describe(self, line: Line, person: Person, stay: Affiliation, judged: Judged) -> None:
        told = {name: line.facts[name] for name in OF_PERSON if name in line.facts}
        of_stay = {name: value for name, value in self._of_stay(line).items() if value}
        if "left_on" in line.facts:
            self._propose_departure(stay, line, judged)
        if line.facts.get("email") and line.facts["email"] != person.email:
            judged.remarks.append("Courriel : n’est pas repris, ses coordonnées se changent depuis sa fiche.")
        if new := differing(person, told, DESCRIBED):
            rules.check_describe_person(person, new, by=self.by)
            judged.before |= self._change(person, new, {"person": person})
            self.described[person.pk] = person
        if other := differing(stay, of_stay, STAY):
            rules.check_describe_stay(stay, other.get("arrived_on", stay.arrived_on), by=self.by)
            befores = self._change(stay, other, {"person": person, "structure": stay.structure})
            judged.before["stay"] = {"pk": stay.pk, **{name: _plain(value) for name, value in befores.items()}}
            self.stays_described[stay.pk] = stay
        judged.outcome = Outcome.UPDATED if judged.before or judged.wrote else Outcome.UNCHANGED

    def _change(self, row: Person | Affiliation, new: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
        befores = self.put(row, **new)
        rules.check_values(row, only=new)
        for entry in description_of(row, befores, about, by=self.by):
            self.add(self.entries, entry)
        return befores

    def _propose_departure(self, stay: Affiliation, line: Line, judged: Judged) -> None:
        """A file says that they left: a departure is prepared, and takes nothing away before somebody records it."""
        if stay.pk in self.leaving:
            judged.remarks.append("Départ : un dossier est déjà ouvert.")
            return
        day = day_told(line.facts["left_on"])
        assert day  # noqa: S101 - it was read
        rules.check_open_movement(stay, Movement.Kind.DEPARTURE, by=self.by, is_open=False)
        opener = None if self.by is SYSTEM else self.by
        movement = Movement(stay=stay, kind=Movement.Kind.DEPARTURE, planned_on=day, opened_by=opener)
        self.add(self.movements, movement)
        judged.wrote["movements"] = [movement]
        judged.remarks.append("Départ proposé : un dossier s’ouvre, rien n’est retiré avant que vous l’enregistriez.")

    # --- Written ------------------------------------------------------------------------------------------------------
    def write(self) -> None:
        write_stays(self.stays, by=self.by)
        bulk.update(list(self.described.values()), OF_PERSON)
        bulk.update(list(self.stays_described.values()), STAY)
        write_movements(self.movements, by=self.by)
        bulk.insert(self.entries)


def _plain(value: Any) -> Any:
    """The facts as JSON holds them."""
    return value.isoformat() if isinstance(value, date) else value
