"""Each professional is asked about every address that bears their RPPS; their answers move the register."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from directory.models import SyncRun
from mailboxes import rules
from mailboxes.actions.batches import Tally, in_batches, sift
from mailboxes.actions.journal import entry_of, write_about, write_all
from mailboxes.actions.moves import move
from mailboxes.actions.usage import declare_use
from mailboxes.lifecycle import Act, Party, Verb
from mailboxes.models import Bal, Claim, JournalEntry, Person, Signatory, bulk
from mailboxes.models.people import read_homes
from mailboxes.notices.writing import notice_to_person


class Answered(NamedTuple):
    claim: Claim
    bal: Bal | None  # the BAL of the register that they hold
    moved: bool  # its depublication is asked


class ClaimRound(NamedTuple):
    """What is asked of some people, read for all of them at once."""

    check: Callable[[Person], None]  # is there still something to say?
    claims: Callable[[list[Person]], dict[int, list[Claim]]]  # of these, written down


def ask_person(person: Person, *, by) -> JournalEntry:
    """Ask about all the addresses that nobody has answered for; one notice covers them all."""
    return _say(person, Act.ASK_PERSON, _asking, by=by)


def ask_people(people: QuerySet[Person], *, by) -> Tally:
    return in_batches(people, partial(_say_batch, act=Act.ASK_PERSON, round_of=_asking, by=by))


def remind_people(people: QuerySet[Person], *, by) -> Tally:
    return in_batches(people, partial(_say_batch, act=Act.REMIND_PERSON, round_of=_reminding, by=by))


@transaction.atomic
def _say(person: Person, act: Act, round_of: Callable, *, by) -> JournalEntry:
    person = _locked(person)
    said = round_of([person], by=by)
    said.check(person)
    (entry,) = _tell([person], act, said.claims([person]), by=by)
    return entry


@transaction.atomic
def _say_batch(pks: list[int], act: Act, round_of: Callable, *, by) -> Tally:
    people = list(Person.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))
    said = round_of(people, by=by)
    ready, tally = sift(people, said.check)
    _tell(ready, act, said.claims(ready), by=by)
    return tally


def _asking(people: list[Person], *, by) -> ClaimRound:
    now = timezone.now()
    addresses, run = Claim.objects.to_ask(people, now), SyncRun.objects.latest_public()
    return ClaimRound(
        lambda person: rules.check_ask_person(person, addresses[person.pk], run, by=by),
        lambda ready: _ask({person.pk: addresses[person.pk] for person in ready}, now),
    )


def _reminding(people: list[Person], *, by) -> ClaimRound:
    now, run = timezone.now(), SyncRun.objects.latest_public()
    claims = _by_person(Claim.objects.to_remind(now).filter(bulk.among("person", [person.pk for person in people])))
    return ClaimRound(
        lambda person: rules.check_remind_person(person, claims[person.pk], run, by=by),
        lambda ready: _remind({person.pk: claims[person.pk] for person in ready}, now),
    )


def _ask(addresses: dict[int, list[str]], now: datetime) -> dict[int, list[Claim]]:
    """A claim for each of these addresses, old or new, asked now."""
    wanted = {(person, address) for person, each in addresses.items() for address in each}
    old = [
        claim
        for claim in Claim.objects.filter(bulk.among("person", addresses))
        if (claim.person_id, claim.address) in wanted
    ]
    Claim.objects.filter(bulk.among("pk", [claim.pk for claim in old])).update(
        cycle=F("cycle") + 1, asked_at=now, reminded_at=None
    )
    for claim in old:
        claim.cycle += 1
    missing = sorted(wanted - {(claim.person_id, claim.address) for claim in old})
    new = [Claim(person_id=person, address=address, cycle=1, asked_at=now) for person, address in missing]
    bulk.insert(new)
    return _by_person(sorted([*old, *new], key=lambda claim: claim.address))


def _remind(claims: dict[int, list[Claim]], now: datetime) -> dict[int, list[Claim]]:
    pks = [claim.pk for each in claims.values() for claim in each]
    Claim.objects.filter(bulk.among("pk", pks)).update(reminded_at=now)
    return claims


def _by_person(claims: Iterable[Claim]) -> dict[int, list[Claim]]:
    found: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        found[claim.person_id].append(claim)
    return found


def _tell(people: list[Person], act: Act, claims: dict[int, list[Claim]], *, by) -> list[JournalEntry]:
    read_homes(people)
    entries = []
    for person in people:
        addresses = ", ".join(claim.address for claim in claims[person.pk])
        entries.append(entry_of(None, act, by=by, person=person, after=addresses, parties=[Party.HOLDERS]))
    write_all(
        entries,
        lambda: [
            notice_to_person(entry, person, stage=act, cycle=_cycle(claims[person.pk][0]))
            for entry, person in zip(entries, people, strict=True)
        ],
    )
    return entries


def _cycle(claim: Claim) -> str:
    return f"claim-{claim.pk}-{claim.cycle}"


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
    bal = Bal.objects.live().filter(address=address).with_holders().first()
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
