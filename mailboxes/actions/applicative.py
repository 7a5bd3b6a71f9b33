"""What a BAL applicative serves, and the warnings before its certificate ends."""

from collections import defaultdict
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from directory.dates import day_of
from mailboxes import rules
from mailboxes.actions.batches import Tally, in_batches, sift
from mailboxes.actions.journal import entry_of, locked, write, write_all
from mailboxes.lifecycle import Act, Party
from mailboxes.models import ApplicativeFacts, Bal, JournalEntry
from mailboxes.notices.writing import gestionnaires_of, notices_for

GESTIONNAIRES = frozenset({Party.GESTIONNAIRES})
DESCRIBED = ("software", "certificate_expires_on", "answers", "channel")
LABELS = {field.name: field.verbose_name for field in ApplicativeFacts._meta.fields}


@transaction.atomic
def describe_applicative(bal: Bal, *, by, replaces: bool = False, **facts) -> ApplicativeFacts:
    """Write down what changed. `replaces`: the former access is closed, and this channel takes its place."""
    bal = locked(bal)
    before = ApplicativeFacts.objects.filter(bal=bal).select_related("answers").first()
    after = ApplicativeFacts(bal=bal)
    if before:
        after.pk, after.certificate_warned = before.pk, before.certificate_warned
        after._state.adding = False  # or its own key would be taken
    for name in DESCRIBED:
        setattr(after, name, facts.get(name, getattr(before or after, name)))
    rules.check_describe_applicative(bal, before, after, replaces=replaces, by=by)
    rules.check_row(after)
    if before and before.certificate_expires_on != after.certificate_expires_on:
        after.certificate_warned = None  # another certificate: its warnings are still to come
    after.save()
    was, now = _shown(before), _shown(after)
    for name in DESCRIBED:
        if was[name] != now[name]:
            write(bal, Act.DESCRIBE_APPLICATIVE, by=by, before=was[name], after=now[name])
    return after


def _shown(facts: ApplicativeFacts | None) -> dict[str, str]:
    if facts is None:
        return dict.fromkeys(DESCRIBED, "")
    day = day_of(facts.certificate_expires_on)
    values = {**{name: getattr(facts, name) for name in DESCRIBED}, "certificate_expires_on": day}
    values["channel"] = facts.get_channel_display()
    return {name: f"{LABELS[name]} : {value or '–'}" for name, value in values.items()}


@transaction.atomic
def warn_certificate(facts: ApplicativeFacts, *, by) -> int | None:
    """Warn once per threshold and certificate; returns the threshold now warned of, in days before the end."""
    (facts,) = _held([facts.pk])
    rules.check_act(facts.bal, Act.WARN_CERTIFICATE, by=by)
    _warn([facts], by=by)
    return facts.certificate_warned


def warn_certificates(rows: QuerySet[ApplicativeFacts], *, by) -> Tally:
    return in_batches(rows, partial(_warn_batch, by=by))


@transaction.atomic
def _warn_batch(pks: list[int], *, by) -> Tally:
    ready, tally = sift(_held(pks), lambda facts: rules.check_act(facts.bal, Act.WARN_CERTIFICATE, by=by))
    _warn(ready, by=by)
    return tally


def _held(pks: list[int]) -> list[ApplicativeFacts]:
    """The facts as they stand now, with their BAL locked."""
    bals = {bal.pk: bal for bal in Bal.objects.locked().with_holders().filter(applicative__in=pks).order_by("pk")}
    rows = list(ApplicativeFacts.objects.filter(pk__in=pks).order_by("bal"))
    for facts in rows:
        facts.bal = bals[facts.bal_id]
    return rows


def _warn(rows: list[ApplicativeFacts], *, by) -> None:
    reached: dict[int, list[ApplicativeFacts]] = defaultdict(list)
    for facts in rows:
        level = rules.certificate_level(facts.certificate_expires_on, timezone.localdate())
        if level is not None and (facts.certificate_warned is None or facts.certificate_warned > level):
            facts.certificate_warned = level
            reached[level].append(facts)
    for level, passed in reached.items():
        ApplicativeFacts.objects.filter(pk__in=[facts.pk for facts in passed]).update(certificate_warned=level)
    warned = [facts for passed in reached.values() for facts in passed]
    entries = [_warning(facts, by=by) for facts in warned]
    accounts = gestionnaires_of([facts.bal for facts in warned]) if warned else {}
    write_all(
        entries,
        lambda: (
            notice
            for entry, facts in zip(entries, warned, strict=True)
            for notice in notices_for(
                entry,
                facts.bal,
                stage=f"{Act.WARN_CERTIFICATE}-{facts.certificate_warned}",
                cycle=f"certificate-{facts.certificate_expires_on:%Y%m%d}",
                parties=GESTIONNAIRES,
                accounts=accounts,
            )
        ),
    )


def _warning(facts: ApplicativeFacts, *, by) -> JournalEntry:
    after = f"{facts.software} : fin le {facts.certificate_expires_on:%d/%m/%Y}"
    return entry_of(facts.bal, Act.WARN_CERTIFICATE, by=by, after=after, parties=GESTIONNAIRES)
