"""Each place of practice of our people, and its preferred BAL: wished, requested, observed; what lacks, what clashes.

A place is one *situation d'exercice*: a person at one place, whatever their functions there. Computed in SQL from
the annuaire's activities and entries; only the wish and the request are kept.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models.expressions import RawSQL
from django.utils import timezone

from directory.dates import day_of
from directory.folding import fold, folded_in_sql
from directory.models import Activity, Entry, current_in_sql, place_key_in_sql, published_in_sql
from mailboxes.gaps.lists import SqlList, literals, rows_of
from mailboxes.lifecycle import STANDING, UNFIT_TO_PREFER
from mailboxes.models import Bal, Claim, Person, Preference, Request, Structure
from mailboxes.models.numbers import is_at_in_sql
from mailboxes.models.presence import present_in_sql
from mailboxes.rules import allows, check_annuaire_fresh, check_ranks_known


class Sort(NamedTuple):
    name: str
    title: str
    sentence: str
    condition: str
    is_contradiction: bool = False


# fmt: off
SORTS = [
    Sort("sans", "Sans choix",
         "Leur titulaire n’a rien choisi. Demandez-le-lui : il choisit dans « Mes BAL ».",
         "wish IS NULL"),
    Sort("a-demander", "Choisies, à demander",
         "Le choix est fait et l’annuaire ne le montre pas. Demandez-le à l’opérateur.",
         "wish IS NOT NULL AND is_requested = 0 AND is_observed = 0"),
    Sort("demandees", "Demandées à l’opérateur",
         "La demande est faite ; elle sera close dès que l’annuaire montrera ce choix.",
         "is_requested = 1 AND is_observed = 0"),
    Sort("observees", "Constatées à l’annuaire",
         "L’annuaire montre le choix du titulaire.",
         "is_observed = 1"),
    Sort("deux", "Deux privilégiées à l’annuaire",
         "L’annuaire en donne plusieurs pour un même lieu. Demandez que le choix du titulaire reste seul.",
         "ranks > 1", True),
    Sort("autre", "Une autre à l’annuaire",
         "L’annuaire donne comme privilégiée une autre BAL que celle que le titulaire a choisie.",
         "wish IS NOT NULL AND ranks > 0 AND is_listed = 0 AND is_requested = 0", True),
    Sort("part", "Choisies, et qui s’en vont",
         "La BAL choisie est alertée pour inactivité, dépubliée ou supprimée. Le titulaire doit en choisir une autre.",
         "is_leaving = 1", True),
    Sort("pas-a-lui", "Choisies, et pas à lui",
         "La BAL choisie n’est pas, ou n’est plus, à son titulaire, d’après le registre, l’annuaire ou lui-même.",
         "is_own = 0", True),
]
# fmt: on
BY_NAME = {sort.name: sort for sort in SORTS}
QUERY = """
    found AS (
        SELECT f.person_id, min(f.structure_id) AS structure_id, p.rpps, min(a.id) AS activity_id,
            p.family_name, p.given_name, {key} AS situation
        FROM {affiliation} f JOIN {structure} s ON s.id = f.structure_id JOIN {person} p ON p.id = f.person_id
        JOIN {activity} a ON a.national_id = '8' || p.rpps AND {a_current}
        WHERE {f_present} AND f.structure_id IN (SELECT id FROM ours) AND {at_place}
        GROUP BY f.person_id, p.rpps, p.family_name, p.given_name, {key}),
    here AS (SELECT * FROM found {cut}),
    ranked AS (SELECT e.person_id, e.structure_id, e.address FROM {entry} e
               WHERE e.rank = '1' AND {published} AND {known} = 1),
    shown AS (
        SELECT h.person_id, h.situation, r.address FROM here h JOIN ranked r ON r.person_id = h.rpps
        WHERE r.structure_id IN ('', h.situation) GROUP BY h.person_id, h.situation, r.address),
    counted AS (SELECT person_id, situation, count(*) AS ranks FROM shown GROUP BY person_id, situation),
    judged AS (
        SELECT h.person_id, h.structure_id, h.activity_id, h.situation, h.family_name, h.given_name, w.id AS wish,
            w.address, coalesce(c.ranks, 0) AS ranks,
            CASE WHEN q.stage IN ({standing}) THEN 1 ELSE 0 END AS is_requested,
            CASE WHEN o.address IS NOT NULL THEN 1 ELSE 0 END AS is_listed,
            CASE WHEN o.address IS NOT NULL AND c.ranks = 1 THEN 1 ELSE 0 END AS is_observed,
            CASE WHEN b.state IN ({unfit}) THEN 1 ELSE 0 END AS is_leaving,
            CASE WHEN w.id IS NULL THEN 1
                 WHEN EXISTS (SELECT 1 FROM {claim} k WHERE k.person_id = h.person_id AND k.address = w.address
                              AND k.answer = 'not_mine') THEN 0
                 WHEN b.id IS NOT NULL THEN CASE WHEN t.id IS NULL THEN 0 ELSE 1 END
                 WHEN {fresh} = 1 AND NOT EXISTS (
                     SELECT 1 FROM {entry} e WHERE e.address = w.address AND e.person_id = h.rpps
                     AND {published}) THEN 0
                 ELSE 1 END AS is_own
        FROM here h
        LEFT JOIN {preference} w ON w.person_id = h.person_id AND w.situation = h.situation AND w.purpose = ''
        LEFT JOIN {request} q ON q.id = w.request_id
        LEFT JOIN {bal} b ON b.address = w.address
        LEFT JOIN {cotitulaire} t ON t.bal_id = b.id AND t.person_id = h.person_id
        LEFT JOIN counted c ON c.person_id = h.person_id AND c.situation = h.situation
        LEFT JOIN shown o ON o.person_id = h.person_id AND o.situation = h.situation AND o.address = w.address)"""
SEARCHED = "(family_name || ' ' || given_name || ' ' || coalesce(address, ''))"
ORDER = "ORDER BY family_name, given_name, person_id, situation"


@dataclass
class PracticePlace:
    """One situation d'exercice and its three values."""

    person: Person
    structure: Structure
    activity: Activity
    situation: str
    sorts: list[Sort]  # all that are true of it
    wish: Preference | None = None
    bal: Bal | None = None  # the one wished, if the register holds it
    observed: list[str] = field(default_factory=list)
    others: list[Preference] = field(default_factory=list)  # by sort of message

    def __str__(self):
        return f"{self.person}, {self.activity.place}"

    @property
    def contradictions(self) -> list[Sort]:
        return [sort for sort in self.sorts if sort.is_contradiction]

    @property
    def request(self) -> Request | None:
        return self.wish.request if self.wish else None


@dataclass(frozen=True)
class PracticePlaces(SqlList[PracticePlace]):
    """The places of practice within some structures, each with its three values."""

    sort: str = ""
    text: str = ""

    def counts(self) -> dict[str, int]:
        """How many places in all, and how many of each sort; a place may be of several."""
        sums = [f"coalesce(sum(CASE WHEN {sort.condition} THEN 1 ELSE 0 END), 0)" for sort in SORTS]
        any_of = " OR ".join(f"({sort.condition})" for sort in SORTS if sort.is_contradiction)
        sums += ["coalesce(sum(CASE WHEN wish IS NOT NULL THEN 1 ELSE 0 END), 0)"]
        sums += [f"coalesce(sum(CASE WHEN {any_of} THEN 1 ELSE 0 END), 0)"]
        query, values = self.narrowed(sort="", text="")._query(", ".join(["count(*)", *sums]))
        names = ["total", *BY_NAME, "wished", "contradicted"]
        return dict(zip(names, rows_of(query, values)[0], strict=True))

    def people(self) -> RawSQL:
        """The primary keys of those who practise there, to be looked up by another query."""
        return RawSQL(*self._query("person_id"))  # our own words; what is asked goes as parameters

    def _complete(self, rows: list[tuple]) -> list[PracticePlace]:
        return _with_facts(rows)

    def _read(self, start: int, stop: int | None) -> list[tuple]:
        flags = [f"CASE WHEN {sort.condition} THEN 1 ELSE 0 END" for sort in SORTS]
        columns = ", ".join(["person_id", "structure_id", "activity_id", "situation", *flags])
        cut = "" if stop is None else f"LIMIT {int(stop - start)} OFFSET {int(start)}"
        if self.sort in BY_NAME or fold(self.text):
            query, values = self._query(columns)
            return rows_of(f"{query} {ORDER} {cut}", values)
        query, values = self._query(columns, cut=f"{ORDER} {cut}")  # only what is shown is judged
        return rows_of(f"{query} {ORDER}", values)

    def _query(self, columns: str, cut: str = "") -> tuple[str, list]:
        ours, values = self._ours()
        conditions, asked = ["1 = 1"], []
        if self.sort in BY_NAME:
            conditions.append(f"({BY_NAME[self.sort].condition})")
        for word in fold(self.text).split():
            conditions.append(f"{folded_in_sql(SEARCHED)} LIKE %s")
            asked.append(f"%{word}%")
        query = f"WITH ours(id) AS ({ours}), {QUERY.format(**_names(), cut=cut)} SELECT {columns} FROM judged"
        return f"{query} WHERE {' AND '.join(conditions)}", [*values, *asked]


def _names() -> dict[str, Any]:
    tables = [Bal, Structure, Claim, Person, Preference, Request, Activity, Entry]
    return {
        **{str(model._meta.model_name): model._meta.db_table for model in tables},
        **{name: f"mailboxes_{name}" for name in ("affiliation", "cotitulaire")},
        "f_present": present_in_sql("f", timezone.localdate()),
        "key": place_key_in_sql("a"),
        "a_current": current_in_sql("a"),
        "at_place": is_at_in_sql("a", "s"),
        "published": published_in_sql("e"),
        "standing": literals(STANDING),
        "unfit": literals(UNFIT_TO_PREFER),
        "known": int(allows(check_ranks_known)),
        "fresh": int(allows(check_annuaire_fresh)),
    }


def _with_facts(rows: list[tuple]) -> list[PracticePlace]:
    """Each place with its people, BAL and wishes, in as many queries for a page as for one."""
    people = Person.objects.in_bulk({row[0] for row in rows})
    structures = Structure.objects.in_bulk({row[1] for row in rows})
    activities = Activity.objects.in_bulk({row[2] for row in rows})
    wishes = Preference.objects.filter(person__in=people).select_related("request")
    by_place: dict[tuple, dict[str, Preference]] = defaultdict(dict)
    for each in wishes:
        by_place[each.person_id, each.situation][each.purpose] = each
    bals = Bal.objects.filter(address__in={wish.address for wish in wishes})
    bals_by_address = {bal.address: bal for bal in bals}
    shown = observed_by_rpps(people.values())
    places = []
    for person_id, structure_id, activity_id, situation, *flags in rows:
        chosen: dict[str, Preference] = dict(by_place[person_id, situation])
        wish = chosen.pop("") if "" in chosen else None
        person = people[person_id]
        ranks = shown.get(person.rpps or "", [])
        place = PracticePlace(person, structures[structure_id], activities[activity_id], situation, [], wish)
        place.sorts = [sort for sort, is_true in zip(SORTS, flags, strict=True) if is_true]
        place.bal = bals_by_address.get(wish.address) if wish else None
        place.observed = sorted({address for where, address in ranks if where in ("", situation)})
        place.others = list(chosen.values())
        places.append(place)
    return places


def observed_by_rpps(people) -> dict[str, list[tuple[str, str]]]:
    """RPPS -> the places and addresses of rank 1, where a fresh source tells."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if allows(check_ranks_known):
        entries = Entry.objects.preferred().filter(person_id__in={person.rpps for person in people if person.rpps})
        for rpps, where, address in entries.values_list("person_id", "structure_id", "address"):
            found[rpps].append((where, address))
    return found


# fmt: off
COLUMNS = [
    ("Nom",                    lambda place: place.person),
    ("RPPS",                   lambda place: place.person.rpps),
    ("Lieu d’exercice",        lambda place: place.activity.place),
    ("Identifiant du lieu",    lambda place: place.situation),
    ("Structure",              lambda place: place.structure.name),
    ("BAL choisie",            lambda place: place.wish.address if place.wish else ""),
    ("Choisie le",             lambda place: day_of(place.wish and place.wish.wished_at)),
    ("Demande à l’opérateur",  lambda place: place.request.get_stage_display() if place.request else ""),
    ("Constatée à l’annuaire", lambda place: ", ".join(place.observed)),
    ("Contradictions",         lambda place: ", ".join(sort.title for sort in place.contradictions)),
    ("Par sorte de message",
     lambda place: " ; ".join(f"{wish.get_purpose_display()} : {wish.address}" for wish in place.others)),
]
# fmt: on
