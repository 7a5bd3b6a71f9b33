"""What a BAL applicative serves, and the warnings before its certificate ends."""

from django.db import transaction
from django.utils import timezone

from directory.dates import day_of
from mailboxes import rules
from mailboxes.actions.journal import locked, write
from mailboxes.lifecycle import Act, Party
from mailboxes.models import ApplicativeFacts, Bal

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
    bal = locked(facts.bal)
    rules.check_act(bal, Act.WARN_CERTIFICATE, by=by)
    facts = ApplicativeFacts.objects.get(pk=facts.pk)
    level = rules.certificate_level(facts.certificate_expires_on, timezone.localdate())
    if level is None or (facts.certificate_warned is not None and facts.certificate_warned <= level):
        return facts.certificate_warned
    facts.certificate_warned = level
    facts.save(update_fields=["certificate_warned"])
    write(
        bal,
        Act.WARN_CERTIFICATE,
        by=by,
        after=f"{facts.software} : fin le {facts.certificate_expires_on:%d/%m/%Y}",
        parties=frozenset({Party.GESTIONNAIRES}),
        stage=f"{Act.WARN_CERTIFICATE}-{level}",
        cycle=f"certificate-{facts.certificate_expires_on:%Y%m%d}",
    )
    return level
