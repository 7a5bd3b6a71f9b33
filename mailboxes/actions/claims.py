"""Each professional is asked about every address that bears their RPPS; their answers move the register."""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.actions.moves import move
from mailboxes.actions.usage import declare_use
from mailboxes.lifecycle import LIVE, Act, Verb
from mailboxes.models import Bal, Claim, JournalEntry, Person, Signatory


class Answered(NamedTuple):
    claim: Claim
    bal: Bal | None  # the BAL of the register that they hold
    moved: bool  # its depublication is asked


@transaction.atomic
def ask_person(person: Person, *, by) -> JournalEntry:
    """Ask about all the addresses that nobody has answered for; one notice covers them all."""
    person = _locked(person)
    now = timezone.now()
    addresses = Claim.objects.to_ask(person, now)
    rules.check_ask_person(person, addresses, by=by)
    claims = [_ask(person, address, now) for address in addresses]
    return _tell(person, Act.ASK_PERSON, claims, by=by)


def _ask(person: Person, address: str, now: datetime) -> Claim:
    claim, _ = Claim.objects.get_or_create(person=person, address=address)
    claim.cycle, claim.asked_at, claim.reminded_at = claim.cycle + 1, now, None
    claim.save()
    return claim


@transaction.atomic
def remind_person(person: Person, *, by) -> JournalEntry:
    person = _locked(person)
    now = timezone.now()
    claims = list(Claim.objects.to_remind(now).filter(person=person).order_by("pk"))
    rules.check_remind_person(person, claims, by=by)
    Claim.objects.filter(pk__in=[claim.pk for claim in claims]).update(reminded_at=now)
    return _tell(person, Act.REMIND_PERSON, claims, by=by)


def _tell(person: Person, act: Act, claims: list[Claim], *, by) -> JournalEntry:
    cycle = f"claim-{claims[0].pk}-{claims[0].cycle}"
    addresses = ", ".join(claim.address for claim in claims)
    return write_about(act, by=by, about={"person": person}, after=addresses, to=person, cycle=cycle)


@transaction.atomic
def answer(person: Person, address: str, said: str, *, by) -> Answered:
    """Write the answer down and act on it: "used" dates the last use; "unused" asks for the depublication."""
    person, address = _locked(person), address.strip().lower()
    claim = Claim.objects.filter(person=person, address=address).first() or Claim(person=person, address=address)
    rules.check_answer(claim, said, by=by)
    before = claim.get_answer_display() if claim.answer else ""
    is_signed = isinstance(by, Signatory)
    claim.answer, claim.at = said, timezone.now()
    claim.channel = Claim.Channel.LINK if is_signed else Claim.Channel.APP
    claim.save()
    note = "Répondu par le lien signé d’un courriel." if is_signed else ""
    bal = Bal.objects.filter(address=address, state__in=LIVE).with_holders().first()
    about = {"person": person, "bal": bal} if bal else {"person": person, "address": address}
    write_about(Act.ANSWER, by=by, about=about, before=before, after=claim.get_answer_display(), note=note)
    held = bal if bal and bal.is_held_by(person) else None
    return Answered(claim, held, held is not None and _act_on(held, said, by=by))


def _act_on(bal: Bal, said: str, *, by) -> bool:
    if said == Claim.Answer.USED and rules.allows(rules.check_declare_use, bal, by=by):
        declare_use(bal, by=by)
    if said != Claim.Answer.UNUSED or not rules.allows(rules.check_move, bal, Verb.REQUEST_DEPUBLICATION, by=by):
        return False
    move(bal, Verb.REQUEST_DEPUBLICATION, by=by, note="Son titulaire ne s’en sert pas.")
    return True


def _locked(person: Person) -> Person:
    return Person.objects.select_for_update(no_key=True).get(pk=person.pk)
