"""A list of people: each entered, made to join, or described anew, by the same acts as on the pages."""

from typing import Any

from directory.folding import name_key
from directory.readers.names import Name
from mailboxes import actions, rules
from mailboxes.imports.judging import Judged, Outcome, RowBatch, day_told
from mailboxes.imports.reading import Line
from mailboxes.models import Affiliation, Movement, Person, Structure

OF_PERSON = ("profession", "has_cps")


class PeopleBatch(RowBatch):
    def subject(self, line: Line) -> str:
        name, rpps = line.facts.get("holder"), line.facts.get("rpps")
        known = self.of_number(rpps) if rpps and not name else None
        said = str(name or known or "")
        return f"{said}, RPPS {rpps}".removeprefix(", ") if rpps else said

    def judge(self, line: Line, judged: Judged) -> None:
        structure, rpps, name = self.places.of(line), line.facts.get("rpps"), line.facts.get("holder")
        if not rpps and not name:
            raise rules.Refused("Ni RPPS ni nom : rien ne dit de qui il s’agit.", "nobody")
        person = self._known(rpps, name, judged)
        if person is None:
            self._record(line, structure, judged)
            return
        judged.person = person
        stay = person.affiliations.filter(structure=structure).current().first()
        if stay:
            self._describe(line, person, stay, judged)
            return
        stay = actions.welcome_person(person, structure, by=self.by, **self._of_stay(line))
        judged.outcome, judged.wrote = Outcome.CREATED, {"stays": [stay.pk]}
        judged.remarks.append(f"Déjà connue ici : rejoint {structure}.")

    def _known(self, rpps: str | None, name: Name | None, judged: Judged) -> Person | None:
        """In the register: by the RPPS; without one, by the name among those who stay in these structures."""
        if rpps:
            person = self.people.get(rpps)
            if person and name and name_key(person.family_name, person.given_name) != name_key(name.family, name.given):
                judged.remarks.append(f"Nom : {name} n’est pas repris, ce RPPS est celui de {person}.")
            return person
        assert name  # noqa: S101 - the caller has seen to it
        return self.staying(name)

    def _record(self, line: Line, structure: Structure, judged: Judged) -> None:
        if "left_on" in line.facts:
            judged.remarks.append("Partie, et inconnue ici : rien à inscrire.")
            return
        told: tuple[str, ...] = ("rpps", "profession", "has_cps", "email")
        facts = self._named(line, judged) | {name: line.facts[name] for name in told if name in line.facts}
        judged.person = actions.record_person(structure, by=self.by, **self._of_stay(line), **facts)
        stays = judged.person.affiliations.values_list("pk", flat=True)
        judged.outcome, judged.wrote = Outcome.CREATED, {"stays": list(stays)}
        self.note_entered(judged.person)

    def _named(self, line: Line, judged: Judged) -> dict[str, Any]:
        """As the list names them; whom it names by the RPPS alone, as the annuaire does."""
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

    def _describe(self, line: Line, person: Person, stay: Affiliation, judged: Judged) -> None:
        told = {name: line.facts[name] for name in OF_PERSON if name in line.facts}
        new = {name: value for name, value in told.items() if getattr(person, name) != value}
        of_stay = {name: value for name, value in self._of_stay(line).items() if value}
        other = {name: value for name, value in of_stay.items() if getattr(stay, name) != value}
        if "left_on" in line.facts:
            self._propose_departure(stay, line, judged)
        if line.facts.get("email") and line.facts["email"] != person.email:
            judged.remarks.append("Courriel : n’est pas repris, ses coordonnées se changent depuis sa fiche.")
        if new:
            judged.before |= {name: getattr(person, name) for name in new}
            actions.describe_person(person, by=self.by, **new)
        if other:
            befores = {name: getattr(stay, name) for name in other}
            judged.before["stay"] = {"pk": stay.pk, **{k: v.isoformat() if hasattr(v, "isoformat") else v
                                                       for k, v in befores.items()}}  # fmt: skip
            actions.describe_stay(stay, by=self.by, **other)
        judged.outcome = Outcome.UPDATED if judged.before or judged.wrote else Outcome.UNCHANGED

    def _propose_departure(self, stay: Affiliation, line: Line, judged: Judged) -> None:
        """A file says that they left: a departure is prepared, and takes nothing away before somebody records it."""
        if stay.movements.open().filter(kind=Movement.Kind.DEPARTURE).exists():
            judged.remarks.append("Départ : un dossier est déjà ouvert.")
            return
        day = day_told(line.facts["left_on"])
        assert day  # noqa: S101 - it was read
        movement = actions.open_movement(stay, Movement.Kind.DEPARTURE, by=self.by, planned_on=day)
        judged.wrote["movements"] = [movement.pk]
        judged.remarks.append("Départ proposé : un dossier s’ouvre, rien n’est retiré avant que vous l’enregistriez.")
