"""A campaign from its launch to its end: its people are told round by round, and each answer acts at once.

A round is a number. Whoever was told fewer times than the campaign has rounds is still to be told: a job that dies in
the middle goes on where it was, and nobody is told twice.
"""

from collections.abc import Iterable

from celery import shared_task
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from directory.typography import how_many
from mailboxes import rules
from mailboxes.actions.claims import answer as claim_answer
from mailboxes.actions.delegations import end_delegation
from mailboxes.actions.holders import remove_cotitulaire
from mailboxes.actions.journal import entry_of, locked, tell_on_commit, write_about
from mailboxes.actions.moves import move
from mailboxes.actions.preferences import prefer
from mailboxes.actions.usage import declare_use
from mailboxes.campaigns.models import Campaign, CampaignTarget, Outcome, settled_elsewhere
from mailboxes.campaigns.questions import QUESTIONS, accesses, targets_among
from mailboxes.campaigns.rules import (
    check_accesses_read,
    check_answer_campaign,
    check_chosen,
    check_close_campaign,
    check_launch_campaign,
    check_remind_campaign,
    check_someone_to_ask,
    check_withdrawn,
)
from mailboxes.lifecycle import Act, CampaignKind, Verb
from mailboxes.models import SYSTEM, Bal, Claim, Cotitulaire, JournalEntry, Notice, Structure
from mailboxes.notices.writing import notice_to_person

PEOPLE = 200  # told together; what has no more is told at once, the rest by a job
NAMED = 3  # addresses in the line of the journal; the page has them all
Answer = CampaignTarget.Answer


# --- Launch -----------------------------------------------------------------------------------------------------------
@transaction.atomic
def launch_campaign(campaign: Campaign, bals: QuerySet[Bal], *, by, author=None) -> Campaign:
    """Launch `campaign`, unsaved, over those of `bals` that its table retains. A second click finds nobody left to
    ask.

    `author`: in whose name the automate launches it.
    """
    Structure.objects.select_for_update(no_key=True).get(pk=campaign.structure_id)
    check_launch_campaign(campaign, by=by)
    campaign.by, campaign.launched_at = author or by, timezone.now()
    rules.check_row(campaign)
    campaign.save()
    count = _enlist(campaign, bals)
    check_someone_to_ask(count)
    _note(campaign, Act.LAUNCH_CAMPAIGN, f"{campaign.get_kind_display()} : {how_many(count, 'question')}.", by=by)
    _begin_round(campaign)
    return campaign


def _enlist(campaign: Campaign, bals: QuerySet[Bal]) -> int:
    """Add the targets, in one statement for any number; the database skips a BAL that another campaign has taken
    meanwhile."""
    rows = targets_among(QUESTIONS[campaign.kind], bals, campaign.launched_at).order_by().values_list("about", "asked")
    chosen, values = rows.query.sql_with_params()
    table = CampaignTarget._meta.db_table
    columns = "campaign_id, bal_id, person_id, open_kind, told, answer, withdrawn"
    statement = (
        f"WITH chosen(bal, person) AS ({chosen}) INSERT INTO {table} ({columns})"  # noqa: S608 - our own names
        " SELECT %s, bal, person, %s, 0, '', 0 FROM chosen WHERE 1 = 1 ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, campaign.pk, campaign.kind])
    return campaign.targets.count()  # SQLite gives no rowcount of what begins by WITH


def _begin_round(campaign: Campaign) -> None:
    """Begin a round: a few people are told in this very transaction, many by the job, and `ask_campaigns` goes on if it
    dies."""
    if campaign.targets.due().count() <= PEOPLE:
        tell_some(campaign)
        return

    def tell_the_others():  # a function, not a partial: Django wants its name when it logs a failure
        carry_on.delay(campaign.pk)

    transaction.on_commit(tell_the_others, robust=True)


@shared_task
def carry_on(pk: int) -> int:
    """Tell all that are still to be told; returns how many people were."""
    told = 0
    while campaign := Campaign.objects.open().filter(pk=pk).first():
        people = tell_some(campaign)
        if not people:
            break
        told += people
    return told


def ask_campaign(campaign: Campaign, *, by) -> int:
    """Tell those whom a job that died left untold; the author is whoever launched or reminded."""
    rules.check_may(Act.ASK_CAMPAIGN, structure=campaign.structure, by=by)
    return carry_on(campaign.pk)


@transaction.atomic
def tell_some(campaign: Campaign) -> int:
    """Tell the next people of this round, one notice each for all their BAL; returns how many were told."""
    campaign = _held(campaign)
    people = list(campaign.targets.due().order_by("person").values_list("person", flat=True).distinct()[:PEOPLE])
    if not people:
        return 0
    targets = list(campaign.targets.due().filter(person__in=people).select_related("bal", "person").order_by("pk"))
    mine: dict[int | None, list[CampaignTarget]] = {pk: [] for pk in people}
    for target in targets:
        mine[target.person_id].append(target)
    _write_questions(campaign, mine.values())
    return len(people)


def _write_questions(campaign: Campaign, batches: Iterable[list[CampaignTarget]]) -> None:
    act = Act.ASK_CAMPAIGN if campaign.rounds == 1 else Act.REMIND_CAMPAIGN
    stage, cycle, now = f"{act}-{campaign.kind}", f"campaign-{campaign.pk}-{campaign.rounds}", timezone.now()
    by = campaign.by if act == Act.ASK_CAMPAIGN else SYSTEM
    to_people, about_bals, told = [], [], []
    for targets in batches:
        person = targets[0].person
        facts = {"before": QUESTIONS[campaign.kind].asks, "after": _named(targets), "note": campaign.title}
        to_people.append(
            entry_of(None, act, by=by, parties=[person], person=person, structure=campaign.structure, **facts)
        )
        about_bals += [
            entry_of(target.bal, act, by=by, person=person, **{**facts, "after": str(person)})
            for target in targets
            if target.bal
        ]
        told.append(targets)
    JournalEntry.objects.bulk_create([*to_people, *about_bals])
    asked: dict = {"stage": stage, "cycle": cycle, "until": campaign.closes_on}
    notices = [notice_to_person(entry, entry.person, **asked) for entry in to_people if entry.person]
    Notice.objects.bulk_create(notices)
    for targets, notice in zip(told, notices, strict=True):
        for target in targets:
            target.told, target.told_at, target.notice = campaign.rounds, now, notice
    every = [target for targets in told for target in targets]
    CampaignTarget.objects.bulk_update(every, ["told", "told_at", "notice"], batch_size=500)
    tell_on_commit(to_people)


def _named(targets: list[CampaignTarget]) -> str:
    names = [str(target.bal) for target in targets if target.bal]
    more = f" et {how_many(len(names) - NAMED, 'autre')}" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


# --- Remind, close ----------------------------------------------------------------------------------------------------
@transaction.atomic
def remind_campaign(campaign: Campaign, *, by) -> Campaign:
    """Remind those who were reached and have not answered."""
    campaign = _held(campaign)
    waiting = campaign.targets.with_outcome().filter(outcome=Outcome.PENDING)
    count = waiting.count()
    check_remind_campaign(campaign, bool(count), by=by)
    campaign.rounds, campaign.reminded_at = campaign.rounds + 1, timezone.now()
    campaign.save(update_fields=["rounds", "reminded_at"])
    _note(campaign, Act.REMIND_CAMPAIGN, f"{count} sans réponse.", by=by)
    _begin_round(campaign)
    return campaign


@transaction.atomic
def close_campaign(campaign: Campaign, *, by) -> Campaign:
    """End a campaign: what was settled elsewhere is written down as such; what nobody answered stays so, and decides
    nothing."""
    campaign = _held(campaign)
    check_close_campaign(campaign, by=by)
    now = timezone.now()
    campaign.targets.filter(settled_elsewhere(), answer="").update(answer=Answer.ELSEWHERE, answered_at=now)
    campaign.targets.update(open_kind="")
    campaign.closed_at = now
    campaign.save(update_fields=["closed_at"])
    left, total = campaign.targets.filter(answer="").count(), campaign.targets.count()
    _note(campaign, Act.CLOSE_CAMPAIGN, f"Réglées : {total - left} sur {total}. Sans réponse : {left}.", by=by)
    return campaign


def _note(campaign: Campaign, act: Act, note: str, *, by) -> None:
    write_about(act, by=by, about={"structure": campaign.structure}, after=campaign.title, note=note)


def _held(campaign: Campaign) -> Campaign:
    rows = Campaign.objects.select_for_update(of=("self",), no_key=True).select_related("structure", "by")
    return rows.get(pk=campaign.pk)


# --- Answer -----------------------------------------------------------------------------------------------------------
@transaction.atomic
def answer_campaign(
    target: CampaignTarget,
    said: str,
    *,
    by,
    withdrawn: Iterable[str] = (),
    shown: Iterable[str] = (),
    chosen: dict[str, str] | None = None,
) -> CampaignTarget:
    """Write the answer down and let it act, by the very actions that the same person could do on the BAL's page.

    Of a recertification: the keys of the accesses that were `shown`, and of those to be `withdrawn`.
    Of the preferred BAL: the address `chosen` for each place of practice.
    """
    bal = locked(target.bal) if target.bal else None
    rows = CampaignTarget.objects.select_for_update(of=("self",), no_key=True).select_related("campaign", "person")
    target = rows.get(pk=target.pk)
    target.bal = bal
    question = QUESTIONS[target.campaign.kind]
    check_answer_campaign(target, said, question.answers, by_link=question.by_link, by=by)
    target.answer, target.answered_at = said, timezone.now()
    note = target.campaign.title
    if bal and target.campaign.kind == CampaignKind.RECERTIFICATION:
        target.withdrawn = _withdraw(bal, said, frozenset(withdrawn), frozenset(shown), by=by)
    elif bal:
        _clean_up(target, bal, said, by=by)
    else:
        _choose(target, said, chosen or {}, by=by)
    target.save(update_fields=["answer", "answered_at", "withdrawn"])
    about = {"bal": bal, "person": target.person} if bal else {"person": target.person}
    write_about(Act.ANSWER_CAMPAIGN, by=by, about=about, after=target.get_answer_display(), note=note)
    return target


def _clean_up(target: CampaignTarget, bal: Bal, said: str, *, by) -> None:
    if said == Answer.USED:
        declare_use(bal, by=by)
    elif said == Answer.UNUSED:
        move(bal, Verb.REQUEST_DEPUBLICATION, by=by, note=f"Son titulaire ne s’en sert plus ({target.campaign}).")
    else:
        assert target.person  # noqa: S101 - they answer
        _disown(target.person, bal, by=by)


def _choose(target: CampaignTarget, said: str, chosen: dict[str, str], *, by) -> None:
    """What they had chosen already is shown as chosen: they may keep it, or decline to choose for another place."""
    assert target.person  # noqa: S101 - they answer
    had = dict(target.person.preferences.main().values_list("situation", "address"))
    wished = {place: address for place, address in chosen.items() if address}
    new = {place: address for place, address in wished.items() if address != had.get(place)}
    check_chosen(said, wished, new)
    for situation, address in new.items():
        prefer(target.person, situation, address, by=by)


def _disown(person, bal: Bal, *, by) -> None:
    """Note that the address is not theirs. The finding of disowned BAL shows it if the annuaire bears it out; else only
    the campaign does."""
    try:
        claim_answer(person, bal.address, Claim.Answer.NOT_MINE, by=by)
    except rules.Refused:
        return


def _withdraw(bal: Bal, said: str, withdrawn: frozenset[str], shown: frozenset[str], *, by) -> int:
    """End the accesses that were ticked, and those that whoever is removed gave; returns how many."""
    standing = {access.key: access.row for access in accesses(bal)}
    check_accesses_read(shown, frozenset(standing))
    check_withdrawn(said, withdrawn, frozenset(standing))
    ended = [row for key, row in standing.items() if key in withdrawn] if said == Answer.WITHDRAWN else []
    for row in ended:
        if not isinstance(row, Cotitulaire):
            end_delegation(row, by=by)
    for row in ended:  # after: whoever is removed takes along the delegations that they gave
        if isinstance(row, Cotitulaire):
            remove_cotitulaire(bal, row.person, by=by)
    return len(standing) - len(accesses(locked(bal))) if ended else 0
