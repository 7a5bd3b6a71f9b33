"""What is written to whom: the notices that an entry of the journal calls for, unsaved; `telling` sends them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from directory.plain import plain_text
from mailboxes.lifecycle import Letter, Party
from mailboxes.models import Affiliation, Bal, JournalEntry, Membership, Notice, Person, Request, Structure
from mailboxes.notices.mails import deadline_of, structure_of, subject_of, words_about
from mailboxes.requests.letters import Layouts


def notices_for(
    entry: JournalEntry,
    bal: Bal,
    *,
    stage: str,
    cycle: str,
    parties: Iterable[Party],
    accounts: dict | None = None,
    holders: Iterable[Person] | None = None,
    until: date | None = None,
) -> list[Notice]:
    """The notices that `entry` calls for, unsaved: one per holder, one per délégataire of today, one per gestionnaire.

    The operator's is the letter of a request (`letter_to_operator`), for they hear of nothing else.
    `accounts`: the gestionnaires by structure, as `gestionnaires_of` finds them for a night's worth of BAL at once.
    `holders`: those of then, where others came since. `until`: the last day of their answer, where the caller alone
    knows it.
    """
    notices = []
    if Party.HOLDERS in parties:
        text = _text_to_people(stage, entry=entry, bal=bal)
        held_by = [holder.person for holder in bal.cotitulaires.all()] if holders is None else holders
        notices += [
            _to_person(entry, person, text, stage=stage, cycle=cycle, until=until)
            for person in held_by
            if not is_own_act(entry, person)
        ]
    if Party.DELEGATAIRE in parties:
        lent_to = {one.person_id: one.person for one in bal.current_delegations() if not bal.is_held_by(one.person)}
        notices += [
            notice_to_person(entry, person, stage=stage, cycle=cycle, party=Party.DELEGATAIRE)
            for person in lent_to.values()
            if not is_own_act(entry, person)
        ]
    if Party.GESTIONNAIRES in parties:
        text = _text_to_gestionnaires(stage, entry=entry, bal=bal)
        managing = [one for one in (accounts or {}).get(bal.structure_id, []) if one.pk != entry.by_id]
        notices += [_to_account(entry, account, text, stage=stage, cycle=cycle) for account in managing]
    return notices


def gestionnaires_of(bals: Iterable[Bal | Request | Affiliation]) -> dict[int, list]:
    """The accounts that manage the structures of these BAL, those above included: by structure, in two queries."""
    structures = Structure.objects.filter(pk__in={bal.structure_id for bal in bals})
    lines = structures.lines()
    managing = Membership.objects.managing()
    found: dict[int, dict] = defaultdict(dict)
    for row in managing.filter(structure__in=set().union(*lines.values())).select_related("user").order_by("user"):
        for pk, line in lines.items():
            if row.structure_id in line:
                found[pk][row.user_id] = row.user
    return {pk: list(accounts.values()) for pk, accounts in found.items()}


def letter_to_operator(entry: JournalEntry, request: Request, letter: Letter, layouts: Layouts) -> Notice:
    """The letter to the operator: one per request, kind of letter and cycle of reminders, whatever runs twice."""
    written, operator = layouts.write(request, letter), request.operator
    facts = {"party": Party.OPERATOR, "recipient": operator.name, "address": operator.request_email}
    cycle = f"request-{request.pk}-{request.cycle}"
    return _notice(entry, operator.pk, stage=f"{entry.what}-{letter}", cycle=cycle, **facts, **written._asdict())


def notices_of_delay(entry: JournalEntry, request: Request, accounts: dict[int, list]) -> list[Notice]:
    """The notices to those who manage the structure, among `accounts` by structure: the operator does not answer."""
    text = _text_to_gestionnaires(entry.what, request=request)
    cycle = f"request-{request.pk}-{request.cycle}"
    told = accounts.get(request.structure_id, [])
    return [_to_account(entry, account, text, stage=entry.what, cycle=cycle) for account in told]


def is_own_act(entry: JournalEntry, person: Person) -> bool:
    """Did they do it themselves, logged in or by a signed link? Nobody is written about what they just did."""
    return entry.signatory_id == person.pk or (entry.by_id is not None and entry.by_id == person.user_id)


def notice_to_person(
    entry: JournalEntry,
    person: Person,
    *,
    stage: str,
    cycle: str,
    party: Party = Party.HOLDERS,
    until: date | None = None,
) -> Notice:
    """The notice to a person about themselves, their addresses, or an access they have or gave.

    `until`: the last day of an answer, where the caller alone knows it."""
    text = _text_to_people(stage, entry=entry, bal=entry.bal)
    return _to_person(entry, person, text, stage=stage, cycle=cycle, party=party, until=until)


def notices_to_addresses(entry: JournalEntry, person: Person, addresses: dict[str, str], *, stage: str) -> list[Notice]:
    """The notices about the person's contact details, to each of these addresses (with its channel): not to where other
    notices go."""
    text = _text_to_people(stage, entry=entry)
    facts: dict[str, Any] = {"party": Party.HOLDERS, "person": person, "recipient": str(person), "text": text}
    facts |= {"subject": subject_of(entry, stage)}
    return [
        _notice(
            entry, person.pk, stage=stage, cycle=f"entry-{entry.pk}-{number}", channel=channel, address=address, **facts
        )
        for number, (address, channel) in enumerate(addresses.items())
    ]


def notice_to_account(entry: JournalEntry, account, *, stage: str) -> Notice:
    """The notice to one gestionnaire, of what became of what they had asked."""
    text = _text_to_gestionnaires(stage, entry=entry)
    return _to_account(entry, account, text, stage=stage, cycle=f"entry-{entry.pk}")


def notices_to_gestionnaires(
    entry: JournalEntry, managing, *, stage: str, cycle: str, accounts: dict | None = None
) -> list[Notice]:
    """The notices to the gestionnaires of one structure: `managing` has its `structure_id`. `accounts`: as in
    `notices_for`."""
    text = _text_to_gestionnaires(stage, entry=entry)
    told = (gestionnaires_of([managing]) if accounts is None else accounts).get(managing.structure_id, [])
    return [_to_account(entry, account, text, stage=stage, cycle=cycle) for account in told]


def _to_person(
    entry: JournalEntry,
    person: Person,
    text: str,
    *,
    stage: str,
    cycle: str,
    party: Party = Party.HOLDERS,
    until: date | None = None,
) -> Notice:
    channel, address = person.reached_by(entry.bal)
    facts = {"party": party, "person": person, "recipient": str(person), "text": text}
    facts |= {"channel": channel, "address": address, "subject": subject_of(entry, stage, until=until)}
    return _notice(entry, person.pk, stage=stage, cycle=cycle, **facts)


def _to_account(entry: JournalEntry, account, text: str, *, stage: str, cycle: str) -> Notice:
    name = account.get_full_name() or account.get_username()
    subject = subject_of(entry, stage, to_gestionnaire=True)
    facts = {"party": Party.GESTIONNAIRES, "recipient": name, "address": account.email, "text": text}
    facts |= {"subject": subject}
    return _notice(entry, account.pk, stage=stage, cycle=cycle, **facts)


def _notice(entry: JournalEntry, who: int, *, stage: str, cycle: str, **facts) -> Notice:
    notice = Notice(entry=entry, bal=entry.bal, stage=stage, **facts)
    about = entry.bal_id or (f"person-{entry.person_id}" if entry.person_id else f"structure-{entry.structure_id}")
    notice.key = f"{about}:{stage}:{cycle}:{notice.party}:{who}"
    notice.channel = notice.channel or Notice.Channel.EMAIL
    if notice.channel in Notice.MAILED and not notice.address:
        notice.channel = Notice.Channel.NONE
    return notice


def _text_to_people(stage: str, *, entry: JournalEntry, **about) -> str:
    """Ours, then what the structure adds."""
    facts = {"stage": stage, "entry": entry, "until": deadline_of(entry, stage), **about}
    text = plain_text(f"mailboxes/notices/texts/{template_of(stage)}.txt", facts)
    words = words_about(entry, stage)
    return f"{text}\n\n{structure_of(entry)} ajoute : {words}" if words else text


def _text_to_gestionnaires(stage: str, **about) -> str:
    return plain_text(f"mailboxes/notices/texts/{template_of(stage)}_gestionnaire.txt", about)


def template_of(stage: str) -> str:
    """The template of a stage; some stages carry a number (`warn_quota-90`, `remind_idle-30`) and share one text."""
    return stage.partition("-")[0]
