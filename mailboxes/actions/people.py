"""Someone named on a BAL whom the register does not have yet."""

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act, Role
from mailboxes.models import Affiliation, Person, Structure
from mailboxes.models.people import people_of_annuaire


@transaction.atomic
def recorded(person: Person, structure: Structure, *, roles: frozenset[Role], by) -> Person:
    """The person as a row, among those of the structure: one whom the annuaire has enters under its names.

    `roles`: those of `by` on the BAL on which the person is named; whether he has a card is attested by who names him.
    """
    if here := person if person.pk else Person.objects.filter(rpps=person.rpps or "-").first():
        return here
    known = people_of_annuaire([person.rpps or ""]).get(person.rpps or "")
    rules.check_record_named(person, known, roles=roles)
    assert known  # noqa: S101 - the rule has seen to it
    known.has_cps = person.has_cps
    rules.check_row(known)
    known.save()
    Affiliation.objects.create(person=known, structure=structure)
    card = "CPS ou e-CPS attestée" if known.has_cps else "sans attestation de CPS"
    about = {"person": known, "structure": structure}
    write_about(Act.RECORD_PERSON, by=by, about=about, after=known, note=f"D’après l’annuaire ; {card}.")
    return known
