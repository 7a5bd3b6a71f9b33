"""The parts that pages are made of, in both schemes, and every mail that people receive, with invented facts: for those
who run the service to look at."""

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from mailboxes.findings import BY_NAME, Counted
from mailboxes.inbox.digest import digest_of
from mailboxes.lifecycle import Act, RequestStage, Severity, State
from mailboxes.models import Bal, JournalEntry, Operator, Structure
from mailboxes.models.journal import LABELS
from mailboxes.models.thresholds import chosen
from mailboxes.notices.mails import Mail, sample_mail, subject_of
from mailboxes.notices.wordings import WORDINGS

DIGEST = "resume"


def styleguide(request):
    _check_shown(request.user)
    mails = [(name, title_of(name), sample(name)) for name in (*WORDINGS, DIGEST)]
    context = {"mails": mails, **COMPONENTS}
    return render(request, "mailboxes/inbox/styleguide.html", context)


@csp_update({"style-src": [UNSAFE_INLINE]})  # type: ignore[arg-type]
def styleguide_mail(request, name):
    """The mail as a mail program shows it: its styles stand in it."""
    _check_shown(request.user)
    if name not in (*WORDINGS, DIGEST):
        raise Http404
    return HttpResponse(sample(name).html)


def _check_shown(user) -> None:
    if not (user.is_superuser or settings.DEBUG):
        raise Http404


def title_of(name: str) -> str:
    if name == DIGEST:
        return "Résumé du lundi"
    act = name.partition("-")[0].removesuffix("_gestionnaire")
    return LABELS.get(act, act)


def sample(name: str) -> Mail:
    if name == DIGEST:
        counted = [Counted(BY_NAME[key], number, None) for key, number in SAMPLE_COUNTS.items()]
        return digest_of("Gisèle Fournel", "CH Trois Rivières", counted)
    now, is_to_gestionnaire = timezone.now(), name.endswith("_gestionnaire")
    structure = Structure(name="CH Trois Rivières", referent="Gisèle Fournel", referent_phone="04 77 00 21 12")
    bal = Bal(
        structure=structure,
        operator=Operator(alert_after_months=10, end_after_months=12),
        state=State.IDLE_ALERTED,
        state_since=now,
        clock_at=now - relativedelta(months=11),
    )
    entry = JournalEntry(bal=bal, at=now, what=name.partition("-")[0])
    until = timezone.localdate(now + chosen.ANSWER_LINK_VALID)
    asked = until if name in (Act.ASK_CAMPAIGN, Act.REMIND_CAMPAIGN) else None
    stage = name.removesuffix("_gestionnaire")
    subject = subject_of(entry, stage, to_gestionnaire=is_to_gestionnaire, until=asked)
    return sample_mail(WORDINGS[name], subject, structure, to_gestionnaire=is_to_gestionnaire)


COMPONENTS = {
    "schemes": [("light", "Présentation claire"), ("dark", "Présentation sombre")],
    "states": State.choices,
    "severities": Severity.choices,
    "stages": RequestStage.choices,
    "alerts": [
        ("info", "Aperçu : rien n’a encore été modifié."),
        ("success", "Bruno Lefort-Diallo est maintenant principal de cardiologie@…"),
        ("warning", "L’annuaire a plus de deux jours."),
        ("danger", "Cette BAL a encore un titulaire : demandez-lui d’abord."),
    ],
}
SAMPLE_COUNTS = {"pleine": 3, "orpheline": 2, "en-retard": 6, "inactive": 14}
