"""Where each finding is mended: the page with its rows, and the act that mends one BAL."""

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from directory.prepared import prepared
from mailboxes.findings import OF_BALS, Finding, as_of, what_findings_rest_on
from mailboxes.findings.of_one import OF_ONE, OfOne, said_to_users
from mailboxes.gaps import BY_NAME as SITUATIONS
from mailboxes.gaps import Gaps, Situation
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import Bal, Structure
from mailboxes.models.roles import managed_structures, seen_structures
from mailboxes.rules import allows, check_act, check_move, check_repair_orphan

# The page of an act that is about the BAL alone; another is done from the BAL's own page, where its people stand.
PAGES = {
    Act.NAME_PRINCIPAL: "bal-principal-name",
    Act.CORRECT: "bal-correct",
    Act.DESCRIBE_APPLICATIVE: "bal-applicative",
    Act.ASK_USE: "bal-ask-use",
    Act.ASK_OPERATOR: "bal-space",
    Act.MIGRATE: "bal-migration",
}
ANCHORS = {
    Act.REMOVE_COTITULAIRE: "#people-title",
    Act.END_DELEGATION: "#people-title",
    Act.RESOLVE_ANOMALY: "#anomalies-title",
}


def address_of(finding: Finding) -> str:
    """The address of the page with its rows and remedies."""
    if finding.situation:
        return f"{reverse('gap-list')}?situation={finding.name}"
    if finding.requests and finding.place:
        return f"{reverse(finding.place.view)}?{finding.place.query}"
    if finding.engagements:
        return reverse("engagement-list")
    if finding.sightings:
        return f"{reverse('sighting-list')}?point={finding.name}"
    if finding.movements:
        return f"{reverse('movement-list')}?point={finding.name}"
    return reverse("finding", args=[finding.name]) if finding.bals else reverse("directory:runs")


def remedy_for(finding: Finding, bal: Bal, user) -> str:
    """The address of the act that mends it, if `user` may do it; costs no query after `with_holders`."""
    act = finding.remedy
    if finding.place and finding.place.view == "notice-list":  # its own notices, each with what mends it
        return reverse("bal-notices", args=[bal.pk]) if allows(check_act, bal, Act.GIVE_NOTICE, by=user) else ""
    if isinstance(act, Verb):
        return reverse("bal-verb", args=[bal.pk, act]) if allows(check_move, bal, act, by=user) else ""
    check = check_repair_orphan if act == Act.NAME_PRINCIPAL else check_act
    asked = (bal,) if act == Act.NAME_PRINCIPAL else (bal, act)
    if act is None or not allows(check, *asked, by=user):
        return ""
    return reverse(PAGES[act], args=[bal.pk]) if act in PAGES else bal.get_absolute_url() + ANCHORS.get(act, "")


def attention(bal: Bal, user) -> list[dict]:
    """What needs doing about this BAL alone, in as many queries whatever it is."""
    (hold,) = _which_hold(*what_findings_rest_on(), pk=bal.pk, now=timezone.now())
    return [_point(finding, bal, user) for finding, holds in zip(QUICK, hold, strict=True) if holds] + _gaps_of(
        bal, user
    )


def _point(finding: Finding, bal: Bal, user) -> dict:
    url = remedy_for(finding, bal, user) or _requests_of(finding, bal, user)
    manages = user.is_superuser or bal.structure_id in managed_structures(user)
    said = OF_ONE[finding.name] if url or manages else said_to_users(finding.name)
    return {"finding": finding, "said": said, "url": url, "label": finding.remedy_label}


def _requests_of(finding: Finding, bal: Bal, user) -> str:
    """The requests of this BAL that a finding is about, for who follows its structure."""
    place = finding.place
    if place is None or place.view != "request-list" or bal.structure_id not in seen_structures(user):
        return ""
    return f"{reverse(place.view)}?{place.query}&{urlencode({'q': bal.address})}"


QUICK = [finding for finding in OF_BALS if not finding.is_kept]


@prepared
def _which_hold(*_, pk, now):
    """Of `QUICK`, in its order."""
    itself = Bal.objects.filter(pk=OuterRef("pk"))
    with as_of(now):
        asked = {f"holds_{place}": Exists(finding.bals(itself)) for place, finding in enumerate(QUICK) if finding.bals}
    return Bal.objects.filter(pk=pk).annotate(**asked).values_list(*asked)


def said_of_one(name: str) -> OfOne | Situation:
    """A gap on the page that is about one."""
    return OF_ONE.get(name, SITUATIONS[name])


def _gaps_of(bal: Bal, user) -> list[dict]:
    """The gaps of one BAL; who does not follow the structure reads what is wrong, and is led nowhere."""
    gaps = Gaps(Structure.objects.filter(pk=bal.structure_id)).narrowed(addresses=(bal.address,)).counts()
    follows = bool(gaps) and Structure.objects.visible_to(user).filter(pk=bal.structure_id).exists()
    return [
        {
            "finding": SITUATIONS[name],
            "said": said_of_one(name),
            "status": status,
            "url": reverse("gap", args=[name, bal.structure_id, bal.address]) if follows else "",
            "label": "Traiter l’écart",
        }
        for name, status in gaps
        if status == "open"
    ]
