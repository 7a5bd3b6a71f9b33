"""What an identity manager tells: who is there, what changed of them, who is there no more.

Nobody leaves by its word: an account that is closed proposes a departure, which a gestionnaire opens or sets aside.
"""

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from directory.folding import fold
from directory.typography import quoted
from mailboxes import actions, rules
from mailboxes.actions.sightings import see_disabled, see_enabled
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, JournalEntry, Person, Structure
from mailboxes.software.models import Software
from mailboxes.software.scim.models import ScimUser
from mailboxes.software.scim.users import ScimError, UserFacts

TAKEN = "Le userName {} est déjà pris par une autre personne : donnez-en un autre, ou modifiez celle-là."
DESCRIBED = "{} a déjà un autre userName : modifiez la ressource qui le porte, au lieu d’en créer une."
NOT_OPENED = "organization : {} n’est le FINESS ni le SIRET d’aucune structure de cette clé."
MOVED = (
    "organization ne change pas ici : la personne est inscrite à {}. Demandez à un gestionnaire de la faire passer "
    "de l’une à l’autre."
)
KEPT = ("user_name", "external_id", "family_name", "given_name", "email", "title", "department", "active")


@transaction.atomic
def provision(software: Software, facts: UserFacts) -> ScimUser:
    """Enter a person, or recognise one who is there already: by their RPPS, or told of before and deleted since."""
    by = software.user
    _hold(software)
    if ScimUser.objects.of(software).filter(user_name__iexact=facts.user_name).exists():
        raise ScimError(409, TAKEN.format(quoted(facts.user_name)), "uniqueness")
    structure = _structure(software, facts.organization)
    stay = _stay(structure, facts, by)
    if ScimUser.objects.of(software).filter(stay=stay).exists():
        raise ScimError(409, DESCRIBED.format(stay.person), "uniqueness")
    row = ScimUser(software=software, stay=stay, **_kept(facts))
    _check(row)
    row.save(force_insert=True)
    _follow(row, by)
    return row


@transaction.atomic
def change(row: ScimUser, facts: UserFacts) -> ScimUser:
    """Take what the directory says now; what did not change leaves no line."""
    _hold(row.software)
    rows = ScimUser.objects.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("software__user", "stay__person", "stay__structure__parent").get(pk=row.pk)
    by, person = row.software.user, row.stay.person
    others = ScimUser.objects.of(row.software).exclude(pk=row.pk)
    if others.filter(user_name__iexact=facts.user_name).exists():
        raise ScimError(409, TAKEN.format(quoted(facts.user_name)), "uniqueness")
    _check_rpps(person, facts.rpps)
    _check_place(row, facts.organization)
    kept = _kept(facts)
    if kept == {name: getattr(row, name) for name in KEPT} and facts.rpps in ("", person.rpps):
        return row
    stay = _stay_of_today(row)
    if stay.is_over and facts.active and not row.active:  # an account that opens again: they come back
        stay = actions.welcome_person(person, row.structure, by=by, function=facts.department[:100])
    if others.filter(stay=stay).exists():
        raise ScimError(409, DESCRIBED.format(person), "uniqueness")
    row.stay = stay
    for name, value in kept.items():
        setattr(row, name, value)
    row.changed_at = timezone.now()
    _check(row)
    row.save()
    if not stay.is_over:
        _describe(stay, facts, by)
    _follow(row, by)
    return row


@transaction.atomic
def forget(row: ScimUser) -> None:
    """Deleted there: as an account that is closed, and no longer known by its name."""
    see_disabled(_stay_of_today(row), by=row.software.user)
    row.delete()


def _stay_of_today(row: ScimUser) -> Affiliation:
    """Where they left and came back, or their structure was merged into another, not the stay they were told by."""
    if not row.stay.is_over:
        return row.stay
    return row.stay.person.affiliations.current().filter(structure__in=_places(row)).first() or row.stay


def _places(row: ScimUser) -> set[int]:
    """Their structure, and the one that it is now."""
    return {row.structure.pk, row.structure.merged_into_id or row.structure.pk}


def _hold(software: Software) -> None:
    """Of two calls at once with the same userName, the second finds it taken."""
    Software.objects.select_for_update(no_key=True).get(pk=software.pk)


def _follow(row: ScimUser, by) -> None:
    if row.active:
        see_enabled(row.stay)
    else:
        see_disabled(row.stay, by=by)


def _kept(facts: UserFacts) -> dict:
    return {name: getattr(facts, name) for name in KEPT}


def _check(row: ScimUser) -> None:
    try:
        rules.check_row(row)
    except rules.Refused as refused:
        raise ScimError(400, refused.messages[0], "invalidValue") from refused


def _structure(software: Software, number: str) -> Structure:
    """That of the key; where it opens several, the one whose number is said."""
    opened = Structure.objects.visible_to(software.user)
    found = list((opened.numbered(number) if number else opened)[:2])
    if len(found) == 1:
        return found[0]
    if number:
        raise ScimError(400, NOT_OPENED.format(quoted(number)), "invalidValue")
    raise ScimError(400, "Cette clé ouvre plusieurs structures : donnez le FINESS ou le SIRET de l’une dans "
                    "organization.",
                    "invalidValue")  # fmt: skip


def _stay(structure: Structure, facts: UserFacts, by) -> Affiliation:
    known = Person.objects.filter(rpps=facts.rpps).first() if facts.rpps else None
    known = known or _told_before(facts, by)
    if known is None:
        if not (facts.family_name and facts.given_name):
            raise ScimError(
                400,
                "name.familyName ou name.givenName manque : donnez les deux, ou un RPPS déjà au registre.",
                "invalidValue",
            )
        names: dict = {"family_name": facts.family_name[:100], "given_name": facts.given_name[:100]}
        person = actions.record_person(
            structure, by=by, function=facts.department[:100], profession=facts.title[:100], rpps=facts.rpps or None,
            email=facts.email, **names,
        )  # fmt: skip
        return person.affiliations.get()
    here = known.affiliations.current().filter(structure=structure).first()
    if here:
        _describe(here, facts, by)
        return here
    return actions.welcome_person(known, structure, by=by, function=facts.department[:100])


def _told_before(facts: UserFacts, by) -> Person | None:
    """Whom this software entered, deleted and tells of again: an account closed, then opened for the same one."""
    if not facts.email:
        return None
    entered = JournalEntry.objects.filter(what=Act.RECORD_PERSON, by=by, person=OuterRef("pk"))
    told = ScimUser.objects.filter(software__user=by, stay__person=OuterRef("pk"))
    people = Person.objects.filter(~Exists(told), Exists(entered), email__iexact=facts.email)
    names = fold(f"{facts.given_name} {facts.family_name}")
    same = [one for one in people if fold(f"{one.given_name} {one.family_name}") == names]
    same = [one for one in same if not (one.rpps and facts.rpps)]  # by another number: somebody else
    return same[0] if len(same) == 1 else None


def _check_rpps(person: Person, rpps: str) -> None:
    if rpps and person.rpps and rpps != person.rpps:
        raise ScimError(
            409,
            "Cette personne a un autre RPPS au registre : demandez à un gestionnaire de corriger son identité.",
            "mutability",
        )


def _check_place(row: ScimUser, number: str) -> None:
    """Passed over, a move from one of the key's structures to another would be thought done."""
    opened = Structure.objects.visible_to(row.software.user).standing()
    named = set(opened.numbered(number).values_list("pk", flat=True)) if number else set()
    if named and named.isdisjoint(_places(row)):
        raise ScimError(400, MOVED.format(quoted(row.structure)), "mutability")


def _describe(stay: Affiliation, facts: UserFacts, by) -> None:
    """Describe by what is said alone: an empty value takes nothing away from the register."""
    told = {"profession": facts.title[:100], "rpps": "" if stay.person.rpps else facts.rpps}
    if said := {name: value for name, value in told.items() if value}:
        actions.describe_person(stay.person, by=by, **said)
    if facts.department:
        actions.describe_stay(stay, by=by, function=facts.department[:100])
