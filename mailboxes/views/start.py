"""The first day: five steps from an empty installation to a register that serves."""

from collections.abc import Callable
from typing import NamedTuple

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from directory.models import SyncRun
from mailboxes import actions
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Domain, Membership, PassedStep, Person, Structure
from mailboxes.models.roles import platform_roles
from mailboxes.rules import allows, check_somewhere


class Link(NamedTuple):
    label: str
    view: str
    act: Act | None = None  # of a gestionnaire, whom an administrator need not be


class StartStep(NamedTuple):
    name: str
    title: str
    why: str
    is_done: Callable[[], bool]
    links: tuple[Link, ...]


STEPS = (
    StartStep(
        "structure",
        "Votre structure",
        "Inscrivez l’organisme ou l’établissement dont vous suivez les BAL, avec son FINESS, et ceux qui en "
        "dépendent ; puis devenez-en gestionnaire, ou invitez-en un.",
        lambda: Membership.objects.managing().exists(),
        (Link("Inscrire une structure", "structure-new"), Link("Voir les structures", "structure-list")),
    ),
    StartStep(
        "operateur",
        "Votre opérateur et ses domaines",
        "Inscrivez qui héberge vos BAL, et les domaines de vos adresses : une adresse d’un autre domaine est refusée.",
        lambda: Domain.objects.exists(),
        (Link("Inscrire un opérateur", "operator-new"), Link("Voir les opérateurs", "operators")),
    ),
    StartStep(
        "annuaire",
        "L’annuaire national",
        "Téléchargez les BAL publiées, ou chargez le fichier si votre réseau l’interdit. Ensuite, l’annuaire se relit "
        "seul chaque nuit. Les activités des professionnels viennent de la même page.",
        lambda: SyncRun.objects.latest_public() is not None,
        (Link("Lire l’annuaire", "directory:runs"),),
    ),
    StartStep(
        "liste",
        "Votre première liste de BAL",
        "Demandez à votre opérateur la liste de vos BAL, en CSV ou en tableur, et importez-la : rien n’est écrit avant "
        "que vous ayez vu ce que cela donne, et tout s’annule.",
        lambda: Bal.objects.exists(),
        (
            Link("Importer une liste", "import-new", Act.IMPORT_LIST),
            Link("Inscrire une BAL à la main", "bal-new", Act.REGISTER),
        ),
    ),
    StartStep(
        "personnes",
        "Les personnes et leurs droits",
        "Inscrivez les professionnels et le secrétariat, et invitez les gestionnaires et lecteurs qui travailleront "
        "avec vous.",
        lambda: Person.objects.exists(),
        (Link("Inscrire une personne", "person-new", Act.RECORD_PERSON), Link("Inviter un compte", "rights-invite")),
    ),
)
BY_NAME = {step.name: step for step in STEPS}


class StepStanding(NamedTuple):
    """The standing of a step: done by what the register holds, passed, or open."""

    step: StartStep
    is_done: bool
    is_passed: bool

    @property
    def is_open(self) -> bool:
        return not self.is_done and not self.is_passed


def standings() -> list[StepStanding]:
    passed = set(PassedStep.objects.values_list("name", flat=True))
    return [StepStanding(step, step.is_done(), step.name in passed) for step in STEPS]


def links_for(step: StartStep, user) -> list[Link]:
    return [link for link in step.links if link.act is None or allows(check_somewhere, link.act, by=user)]


def is_first_day(user) -> bool:
    """Is there a step that whoever looks after the installation has neither taken nor passed?"""
    return bool(platform_roles(user)) and any(standing.is_open for standing in standings())


def start(request):
    if not platform_roles(request.user):
        raise Http404
    found = standings()
    managed = Membership.objects.managing().values("structure")
    orphans = Structure.objects.filter(parent=None).exclude(pk__in=managed)
    context = {
        "standings": [(row, links_for(row.step, request.user)) for row in found],
        "current": next((row.step.name for row in found if row.is_open), ""),
        "done": sum(row.is_done for row in found),
        "unmanaged": orphans.order_by("name")[:5] if not found[0].is_done else (),
    }
    return render(request, "mailboxes/start.html", context)


@require_POST
def start_pass(request):
    """Leave one step for later, or all that are left."""
    if not platform_roles(request.user):
        raise Http404
    name = request.POST.get("step", "")
    if name and name not in BY_NAME:
        raise Http404
    actions.pass_steps([name] if name else BY_NAME, by=request.user)
    if name:
        messages.success(request, "L’étape est passée : elle reste ici, pour plus tard.")
        return redirect("start")
    messages.success(request, "La mise en route attend : elle se reprend par le menu de votre compte.")
    return redirect("dashboard")
