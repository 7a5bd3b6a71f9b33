"""The protocol of use of a structure: its parts, drawn from the register and the settings, beside its own words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth import get_user_model
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.text import capfirst
from reportlab.platypus import Flowable

from directory.dates import day_of
from directory.typography import how_many
from mailboxes.models import Anomaly, ApplicativeFacts, Bal, Delegataire, Domain, Membership, Operator, Structure
from mailboxes.models.thresholds import chosen
from mailboxes.protocol.models import ProtocolText
from mailboxes.rules import CERTIFICATE_THRESHOLDS, MAX_COTITULAIRES
from mailboxes.views.pdf import as_written, bullets, heading, note, paragraph, pdf, room, table

TITLE = "Protocole d’utilisation de la messagerie sécurisée de santé"
SHOWN = 500  # lines of a table
Section = ProtocolText.Section


@dataclass
class Part:
    """One part of the protocol, whatever it is drawn on."""

    section: Section
    sentences: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    numbered: bool = False
    header: list[str] = field(default_factory=list)
    rows: list[list] = field(default_factory=list)
    own: str = ""  # the structure's words

    @property
    def title(self) -> str:
        return str(self.section.label)

    @property
    def is_cut(self) -> bool:
        return len(self.rows) == SHOWN


def parts_of(structure: Structure) -> list[Part]:
    """The parts of a structure's protocol, in as many queries for any number of BAL."""
    own = dict(structure.protocol_texts.values_list("section", "text"))
    parts = [write(structure) for write in PARTS]
    for part in parts:
        part.own = own.get(part.section, "")
    return parts


def printed(structure: Structure, day: date) -> bytes:
    flowables: list[Flowable] = []
    for part in parts_of(structure):
        flowables += [room(35), heading(part.title), *map(paragraph, part.sentences)]
        if part.steps:
            flowables.append(bullets(part.steps, numbered=part.numbered))
        if part.rows:
            flowables.append(table(part.header, part.rows, widths=[1.6, *[1] * (len(part.header) - 1)]))
        if part.is_cut:
            flowables.append(note(f"Les {SHOWN} premières lignes ; le registre les contient toutes."))
        if part.own:
            flowables.append(as_written(part.own))
    return pdf(TITLE, flowables, structure=structure.name, day=day, subtitle=structure.name)


# --- The parts --------------------------------------------------------------------------------------------------------
def _purpose(structure: Structure) -> Part:
    return Part(
        Section.PURPOSE,
        [
            "La messagerie sécurisée de santé (MSSanté) sert à transmettre des données de santé à une personne "
            "clairement identifiée. Une messagerie ordinaire ne le permet pas.",
        ],
        [
            "Ce n’est pas un lieu de stockage : ce qui est reçu s’intègre au logiciel métier, puis s’efface.",
            "Les adresses en @interop-mssante.apicrypt.org sont dans l’espace de confiance ; "
            "la messagerie de Doctolib n’en est pas.",
            "Un usager s’écrit à son adresse en @patient.mssante.fr, lue dans Mon espace santé. "
            "C’est le professionnel qui ouvre et qui clôt l’échange.",
            "Avant un premier envoi, vérifier l’adresse et le nom à l’annuaire : des homonymes existent.",
        ],
    )


def _people(structure: Structure) -> Part:
    above = f", rattachée à {structure.parent}" if structure.parent else ""
    managing = Membership.objects.managing().filter(structure__in=structure.line())
    accounts = get_user_model().objects.filter(pk__in=managing.values("user")).order_by("last_name", "username")
    names = [account.get_full_name() or account.get_username() for account in accounts]
    live = _live(structure)
    kinds = dict(live.order_by().values_list("kind").annotate(Count("pk")))
    return Part(
        Section.PEOPLE,
        [
            f"Responsable juridique : {structure.name}{above}.",
            f"Gestionnaires MSSanté : {', '.join(names) or 'aucun compte pour l’instant'}.",
            f"{_whose(structure)} {_kinds(kinds)}.",
            "D’une BAL nominative, son titulaire répond seul : personne d’autre ne l’ouvre. D’une BAL "
            "organisationnelle répondent son cotitulaire principal et le responsable de structure, qui décident "
            "ensemble de qui y a accès.",
        ],
        header=["BAL partagée", "Service", "Cotitulaire principal", "Responsable", "Cotitulaires", "Délégataires"],
        rows=[
            [
                bal.address,
                bal.service,
                str(bal.principal() or "aucun : à désigner"),
                str(bal.responsable or ""),
                len(bal.cotitulaires.all()),
                bal.lent,
            ]
            for bal in _shared(live)[:SHOWN]
        ],
    )


def _whose(structure: Structure) -> str:
    below = Structure.objects.under(structure).standing().exclude(pk=structure.pk).count()
    return f"La structure et {how_many(below, 'autre')} au-dessous ont" if below else "La structure a"


def _kinds(counts: dict[str, int]) -> str:
    """« 2 BAL nominatives, 1 organisationnelle, 0 de cabinet et 1 applicative »."""
    named = how_many(counts.get("PER", 0), "BAL nominative")
    shared = how_many(counts.get("ORG", 0), "organisationnelle")
    return f"{named}, {shared}, {counts.get('CAB', 0)} de cabinet et {how_many(counts.get('APP', 0), 'applicative')}"


def _live(structure: Structure) -> QuerySet[Bal]:
    """Live BAL of the structure, and of those below."""
    return Bal.objects.live().filter(structure__in=Structure.objects.under(structure).values("pk"))


def _operators(structure: Structure):
    return Operator.objects.filter(pk__in=_live(structure).values("operator")).order_by("name")


def _shared(live):
    lent = Delegataire.objects.current().filter(bal=OuterRef("pk")).order_by().values("bal").annotate(n=Count("pk"))
    return (
        live.filter(kind__in=Bal.SHARED)
        .with_cotitulaires()
        .select_related("responsable")
        .annotate(lent=Coalesce(Subquery(lent.values("n")), 0))
        .order_by("address")
    )


def _access(structure: Structure) -> Part:
    facts = ApplicativeFacts.objects.filter(bal__in=_live(structure).values("pk"))
    days = ", ".join(map(str, CERTIFICATE_THRESHOLDS))
    return Part(
        Section.ACCESS,
        steps=[
            "Chacun a son propre accès, par CPS ou e-CPS, ou par le moyen que l’opérateur lui donne.",
            f"Une BAL partagée a au plus {MAX_COTITULAIRES} cotitulaires, le principal compris ; "
            "chacun a un numéro RPPS et une CPS ou une e-CPS.",
            "Un délégataire consulte ou envoie sous un professionnel nommé, pour une mission et jusqu’à une date ; "
            "il ne délègue pas à son tour. Le professionnel répond des accès qu’il donne et les revoit.",
            "Une BAL applicative a un seul canal d’accès, et une BAL organisationnelle qui répond à sa place ; "
            f"la fin de son certificat est rappelée {days} jours avant.",
        ],
        header=["BAL applicative", "Logiciel", "Fin du certificat", "BAL qui répond"],
        rows=[
            [row.bal.address, row.software, day_of(row.certificate_expires_on), str(row.answers or "")]
            for row in facts.select_related("bal", "answers").order_by("bal__address")[:SHOWN]
        ],
    )


def _names(structure: Structure) -> Part:
    used = _operators(structure).values("pk")
    domains = Domain.objects.filter(operator__in=used).select_related("operator").order_by("name")
    return Part(
        Section.NAMES,
        steps=[
            "Le domaine est celui de l’opérateur ; il ne se choisit pas.",
            "Une BAL nominative : prénom.nom. La structure décide des noms composés et des apostrophes, et s’y tient.",
            "Une BAL partagée : un nom explicite, l’équipe et un élément distinctif comme le lieu.",
            "Sans accent : bien des messageries les refusent.",
            "Deux homonymes se distinguent par le service et la description.",
        ],
        header=["Domaine", "Opérateur"],
        rows=[[domain.name, domain.operator.name] for domain in domains[:SHOWN]],
    )


def _idle(structure: Structure) -> Part:
    return Part(
        Section.IDLE,
        [
            "Une BAL est inactive quand aucun utilisateur ne s’y est authentifié pendant le délai de l’opérateur ; "
            "un message qui arrive n’est pas une utilisation. Le titulaire est prévenu avant, et peut s’y opposer "
            "d’un clic. Quand l’usage est inconnu, on le demande : rien n’est retiré pour cela.",
        ],
        header=["Opérateur", "Alerte après", "Dépublication après", "Réponse automatique", "Notification"],
        rows=[
            [
                operator.name,
                f"{operator.alert_after_months} mois",
                f"{operator.end_after_months} mois",
                "oui" if operator.can_auto_reply else "non",
                "oui" if operator.can_notify else "non",
            ]
            for operator in _operators(structure)
        ],
    )


def _space(structure: Structure) -> Part:
    thresholds = ", ".join(f"{limit} %" for limit in chosen.QUOTA_THRESHOLDS)
    return Part(
        Section.SPACE,
        [
            "Une BAL pleine ne reçoit et n’envoie plus rien. Les titulaires sont prévenus à "
            f"{thresholds}. Les remèdes, dans l’ordre :"
        ],
        [
            "Vérifier que les informations sont dans le logiciel métier, puis vider la corbeille.",
            "Trier les messages par date et supprimer les anciens.",
            "Chercher et supprimer les pièces jointes lourdes.",
            "Demander de l’espace à l’opérateur.",
        ],
        numbered=True,
    )


def _way_out(structure: Structure) -> Part:
    return Part(
        Section.WAY_OUT,
        steps=[
            "Identifier la BAL, et celle qui la remplace.",
            "Demander sa dépublication : elle n’est plus à l’annuaire.",
            "Y mettre une réponse automatique qui donne l’adresse active.",
            "Enregistrer ailleurs les messages et documents utiles, et l’attester.",
            "Le titulaire ou le principal demande la suppression ; l’opérateur la confirme ; l’annuaire la montre.",
            "Après la suppression, les courriers envoyés à cette adresse sont perdus.",
        ],
        numbered=True,
    )


def _moves(structure: Structure) -> Part:
    return Part(
        Section.MOVES,
        [
            "À l’arrivée : inscription au RPPS ou au RPPS+ (par l’administrateur de l’établissement, avec une carte "
            "CPE), e-CPS, BAL nominative et accès, délégations, information.",
            "Au départ : fin de l’activité au RPPS+, transmission du rôle de principal avant tout, retrait de chaque "
            "BAL partagée, réponse automatique, dépublication, demande de suppression. La BAL nominative n’est "
            "ouverte par personne d’autre.",
        ],
    )


def _forbidden(structure: Structure) -> Part:
    noted = Anomaly.objects.open().filter(bal__in=_live(structure).values("pk")).order_by()
    counts = dict(noted.values_list("kind").annotate(Count("pk")))
    return Part(
        Section.FORBIDDEN,
        [
            "Pour savoir qu’un message est arrivé, la bonne manière est la notification sur un courriel ordinaire, "
            "qui ne dit rien du message. Qui constate une anomalie la signale sur la fiche de la BAL."
        ],
        header=["Anomalie", "En cours"],
        rows=[[capfirst(str(kind.label)), counts.get(kind.value, 0)] for kind in Anomaly.Kind],
    )


def _traces(structure: Structure) -> Part:
    days = chosen.ACCESS_TRACES_KEPT.days
    return Part(
        Section.TRACES,
        [
            "Chaque acte sur une BAL est gardé : qui, quand, avant et après, et les avis envoyés. Aucun message, "
            f"aucun objet, aucune identité d’usager ne l’est. Les traces de consultation sont gardées {days} jours.",
        ],
    )


def _contacts(structure: Structure) -> Part:
    return Part(
        Section.CONTACTS,
        ["Au gestionnaire MSSanté de la structure ; pour l’annuaire : monserviceclient.mssante@esante.gouv.fr."],
        header=["Opérateur", "Demandes"],
        rows=[[one.name, one.request_email] for one in _operators(structure).exclude(request_email="")],
    )


PARTS: list[Callable[[Structure], Part]] = [
    _purpose, _people, _access, _names, _idle, _space, _way_out, _moves, _forbidden, _traces, _contacts,
]  # fmt: skip
