"""The findings: which they are, why each matters, what to do in which order, and the act that mends it."""

from collections.abc import Callable
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.functional import lazy

from directory.dates import day_of
from mailboxes.findings import sets
from mailboxes.gaps import SITUATIONS, Situation
from mailboxes.lifecycle import Act, Severity, Verb
from mailboxes.models import Anomaly, Bal
from mailboxes.models.fill import filling_from, full_from
from mailboxes.rules import MAX_COTITULAIRES, allows, check_annuaire_fresh


class Elsewhere(NamedTuple):
    """Another list, where a finding is mended."""

    label: str  # of the link
    view: str
    query: str = ""  # how that list is asked


class Finding(NamedTuple):
    """About BAL (`bals`), gaps with the annuaire (`situation`), comings and goings (`movements`), what the annuaire no
    longer shows (`sightings`), programmes (`engagements`), requests of no BAL (`requests`), or all (`holds`)."""

    name: str
    severity: Severity
    title: str
    sentence: str
    remedy: Verb | Act | None
    bals: sets.Narrows | None = None
    steps: tuple[str, ...] = ()
    is_kept: bool = False  # too long to count at each visit: the latest measure is shown
    situation: Situation | None = None
    holds: Callable[[], bool] | None = None
    movements: Callable[[QuerySet], QuerySet] | None = None
    sightings: Callable[[QuerySet], QuerySet] | None = None
    engagements: Callable[[QuerySet], QuerySet] | None = None
    requests: Callable[[QuerySet], QuerySet] | None = None
    place: Elsewhere | None = None
    call: str = ""  # the remedy in the words of this finding, where the act's own are too general

    @property
    def about(self) -> str:
        """What it counts: `bals`, `gaps`, `movements`, `sightings`, `engagements`, `requests`, or the
        `installation` as a whole."""
        if self.situation:
            return "gaps"
        counted = {
            "bals": self.bals,
            "movements": self.movements,
            "sightings": self.sightings,
            "engagements": self.engagements,
            "requests": self.requests,
        }
        return next((name for name, rows in counted.items() if rows), "installation")

    @property
    def remedy_label(self) -> str:
        return self.call or (str(self.remedy.label) if self.remedy else self.place.label if self.place else "")


def _server_fails() -> bool:
    return sets.failing_servers().exists()


def _failing_servers() -> str:
    told = [f"{server.operator}, depuis le {day_of(server.failing_since)}" for server in sets.failing_servers()]
    return f"Relevés ou réponses automatiques impossibles : {', '.join(told)}. La page de l’opérateur dit pourquoi."


def _annuaire_is_old() -> bool:
    return not allows(check_annuaire_fresh)


_S, _A, _V, _K = Severity, Act, Verb, Anomaly.Kind
_FREE_SPACE = (
    "Vérifier que les informations utiles sont dans le logiciel métier, puis vider la corbeille.",
    "Trier les messages par date et supprimer les anciens.",
    "Chercher et supprimer les pièces jointes lourdes.",
    "Demander de l’espace à l’opérateur.",
)
_SPACE = "Demander de l’espace"
_NAME_PRINCIPAL = (
    "Choisir avec le responsable de structure un professionnel qui a un numéro RPPS et une CPS ou une e-CPS.",
    "Le désigner : il répondra des accès et pourra demander la suppression.",
    "Revoir avec lui qui d’autre a accès.",
)
_RENEW = (
    "Demander le renouvellement du certificat à l’éditeur du logiciel ou à l’opérateur.",
    "Le faire installer avant la date de fin, et vérifier un envoi.",
    "Enregistrer ici la nouvelle date.",
)

_said = lazy(lambda said: said(), str)  # read when shown: the thresholds are those of the installation
_FULL = _said(
    lambda: (
        f"À {full_from()} % et plus, une BAL va cesser de recevoir et d’envoyer. "
        "Donnez à ses titulaires les remèdes, dans l’ordre."
    )
)
_FILLING = _said(lambda: f"À {filling_from()} % et plus, sans être pleines : c’est le moment de faire de la place.")

# fmt: off
FINDINGS = [
    Finding("pleine", _S.URGENT, "BAL pleines ou presque",
            _FULL,
            _A.ASK_OPERATOR, sets.full, _FREE_SPACE, call=_SPACE),
    Finding("orpheline", _S.URGENT, "BAL orphelines",
            ("Personne n’y est inscrit : personne ne peut en demander la suppression ni en répondre. Désignez un "
             "principal."),
            _A.NAME_PRINCIPAL, sets.orphan, _NAME_PRINCIPAL),
    Finding("sans-principal", _S.URGENT, "BAL sans cotitulaire principal",
            "Elles ont des cotitulaires, et aucun n’est responsable : personne ne peut en demander la suppression.",
            _A.NAME_PRINCIPAL, sets.without_principal, _NAME_PRINCIPAL),
    Finding("trop", _S.URGENT, f"BAL de plus de {MAX_COTITULAIRES} cotitulaires",
            f"La limite est de {MAX_COTITULAIRES}, le principal compris. Voyez qui peut devenir délégataire.",
            _A.REMOVE_COTITULAIRE, sets.crowded,
            ("Demander au principal qui se sert encore de la BAL.",
             "Retirer les cotitulaires partis ; faire des autres des délégataires, sous un cotitulaire.")),
    Finding("mot-de-passe", _S.URGENT, "Mots de passe partagés",
            "Un même mot de passe sert à plusieurs : on ne sait plus qui lit ni qui envoie.",
            _A.RESOLVE_ANOMALY, sets.with_anomaly(_K.PASSWORD), call="Faire changer le mot de passe", steps=
            ("Faire changer le mot de passe par l’opérateur.",
             "Donner à chacun son propre accès : cotitulaire, ou délégataire sous un cotitulaire.",
             "Enregistrer ici que c’est corrigé.")),
    Finding("double-connexion", _S.URGENT, "Doubles connexions",
            ("Une même BAL ne peut pas être connectée à la fois au logiciel métier (DUI) et à Office 365 : chacun "
             "relève une partie des messages."),
            _A.RESOLVE_ANOMALY, sets.with_anomaly(_K.CONNECTION),
            ("Choisir le canal qui reste, d’ordinaire le logiciel métier.",
             "Faire fermer l’autre accès par l’opérateur.",
             "Enregistrer ici que c’est corrigé.")),
    Finding("certificat-7", _S.URGENT, "Certificats à leur fin",
            "Dans moins de 7 jours, ou déjà : sans certificat valable, le logiciel n’envoie plus rien.",
            _A.DESCRIBE_APPLICATIVE, sets.certificate_within(7), _RENEW, call="Enregistrer le nouveau certificat"),
    Finding("annuaire-ancien", _S.URGENT, "Annuaire trop ancien",
            "L’annuaire connu ici n’est plus à jour : rien n’est conclu d’une absence, et personne n’est relancé.",
            None, None,
            ("Voir pourquoi les dernières synchronisations ont échoué.",
             "Relancer la synchronisation, ou déposer le fichier d’extraction."), holds=_annuaire_is_old),
    Finding("serveur-operateur", _S.TODO, "Serveurs d’opérateurs injoignables",
            _said(_failing_servers), None, holds=_server_fails, place=Elsewhere("Voir les opérateurs", "operators")),
    Finding("releve-impossible", _S.WATCH, "BAL impossibles à relever",
            ("Depuis plus d’un jour, leur opérateur ne nous laisse pas demander leur espace : l’adresse n’y existe "
             "plus, ou son mot de passe a changé. La fiche dit depuis quand."),
            None, sets.unreadable,
            ("Vérifier l’adresse auprès de l’opérateur.",
             "Si le relevé se fait par un secret propre à la BAL, demander à son titulaire de le donner de nouveau.")),
    Finding("non-remis", _S.TODO, "BAL dont un avis n’est pas remis",
            "Quelqu’un n’a pas pu être prévenu : corrigez son courriel, ou prévenez-le autrement et consignez-le.",
            None, sets.undelivered, place=Elsewhere("Voir les avis", "notice-list")),
    Finding("en-retard", _S.TODO, "BAL dont une demande est en retard",
            ("L’opérateur n’a pas répondu à temps. Relancez-le depuis les demandes, ou joignez-le autrement, puis "
             "enregistrez sa réponse."),
            None, sets.overdue, place=Elsewhere("Voir les demandes en retard", "request-list", "overdue=oui")),
    Finding("en-retard-ailleurs", _S.TODO, "Demandes en retard, hors du registre",
            ("L’opérateur n’a pas répondu à temps pour une adresse qui n’est pas, ou n’est plus, celle d’une BAL du "
             "registre. Relancez-le, ou joignez-le autrement, puis enregistrez sa réponse."),
            None, requests=sets.overdue_elsewhere,
            place=Elsewhere("Relancer, ou enregistrer une réponse", "request-list", "overdue=oui&registered=non")),
    Finding("migration", _S.TODO, "Migrations en retard",
            ("Leur nouvelle BAL n’est pas en service, ou l’ancienne n’est pas fermée, au jour prévu. Voyez ce qui "
             "manque : une réponse de l’opérateur, la bascule, la demande de fermeture."),
            _A.MIGRATE, sets.migrating_late, call="Voir sa migration"),
    Finding("bientot-pleine", _S.TODO, "BAL bientôt pleines",
            ("Au rythme de leurs relevés, elles seront pleines d’ici 30 jours. Faites de la place avant qu’elles ne "
             "cessent de recevoir."),
            _A.ASK_OPERATOR, sets.soon_full, _FREE_SPACE, call=_SPACE),
    Finding("choisie-part", _S.TODO, "BAL privilégiées qui s’en vont",
            ("Un professionnel l’a choisie comme privilégiée, et elle est alertée, dépubliée ou supprimée. Qu’il en "
             "choisisse une autre."),
            None, sets.preferred_leaving, place=Elsewhere("Voir les BAL privilégiées", "preference-list")),
    Finding("choisie-autre", _S.TODO, "Choix différent à l’annuaire",
            "Qui l’a choisie n’en est plus titulaire, ou l’annuaire en donne une autre. Voyez « BAL privilégiées ».",
            None, sets.preferred_elsewhere, place=Elsewhere("Voir les BAL privilégiées", "preference-list")),
    Finding("depart-en-retard", _S.URGENT, "Départs en retard",
            "Le jour prévu est passé et le dossier est ouvert : des accès restent peut-être à quelqu’un qui est parti.",
            None, movements=sets.late_departures, place=Elsewhere("Voir les dossiers", "movement-list")),
    Finding("depart-vu", _S.TODO, "Départs à confirmer",
            ("L’annuaire, ou celui de l’établissement, ne montre plus l’activité de ces personnes. Rien n’est fait "
             "d’office : préparez leur départ, ou dites pourquoi elles restent."),
            None, sightings=sets.departures_seen, place=Elsewhere("Voir les départs à confirmer", "sighting-list")),
    Finding("liste-rouge-vue", _S.TODO, "Listes rouges à confirmer",
            ("Ces BAL ont quitté l’annuaire public et leur opérateur les connaît toujours : si c’est un choix de leurs "
             "titulaires, notez la liste rouge."),
            None, sightings=sets.red_listed, place=Elsewhere("Voir les listes rouges à confirmer", "sighting-list")),
    Finding("engagement", _S.TODO, "Engagements à échéance",
            ("La date approche ou est passée, et le nombre de BAL prévu n’est pas atteint. Voyez ce qui manque, ou "
             "convenez d’une autre date avec le financeur."),
            None, engagements=sets.pressing_engagements, place=Elsewhere("Voir les engagements", "engagement-list")),
    Finding("arrivee-a-preparer", _S.TODO, "Arrivées à préparer",
            "RPPS, carte, BAL, accès : voyez ce qui manque encore.",
            None, movements=sets.arrivals_to_prepare, place=Elsewhere("Voir les dossiers", "movement-list")),
    Finding("refusee", _S.TODO, "BAL dont une demande est refusée",
            ("L’opérateur a dit non, et rien ne bouge. Lisez sa réponse, puis demandez de nouveau, ou arrêtez la "
             "démarche, depuis la fiche de la BAL ou depuis sa migration."),
            None, sets.refused, place=Elsewhere("Voir les demandes refusées", "request-list", "stage=refused")),
    Finding("refusee-ailleurs", _S.TODO, "Demandes refusées, hors du registre",
            ("L’opérateur a dit non, pour une adresse qui n’est pas, ou n’est plus, celle d’une BAL du registre. Lisez "
             "sa réponse, puis demandez de nouveau, ou dites ici que c’est fait."),
            None, requests=sets.refused_elsewhere,
            place=Elsewhere("Voir les demandes refusées", "request-list", "stage=refused&registered=non")),
    Finding("a-confirmer", _S.TODO, "BAL en attente d’une réponse de l’opérateur",
            "Une ouverture ou une suppression est demandée. Enregistrez la réponse dès qu’elle arrive.",
            None, sets.to_confirm, place=Elsewhere("Voir les demandes sans réponse", "request-list", "stage=awaited")),
    Finding("delegation", _S.TODO, "Délégations échues",
            "Leur date de fin est passée ; elles se terminent d’elles-mêmes la nuit suivante.",
            _A.END_DELEGATION, sets.expired_delegation),
    Finding("inactive", _S.TODO, "BAL alertées pour inactivité",
            "Leur dépublication sera demandée si un titulaire a reçu l’alerte, sans usage ni opposition depuis.",
            _V.REQUEST_DEPUBLICATION, sets.alerted),
    Finding("pas-a-lui", _S.TODO, "BAL déclarées comme n’étant pas à leur titulaire",
            ("Un professionnel dit que cette BAL n’est pas à lui. Corrigez son titulaire, ou demandez la correction à "
             "l’opérateur si c’est lui qui se trompe."),
            _A.CORRECT, sets.disowned),
    Finding("homonyme", _S.TODO, "Homonymes",
            "Deux titulaires de la structure portent le même nom : des documents peuvent partir au mauvais confrère.",
            _A.CORRECT, sets.homonyms,
            ("Si c’est la même personne inscrite deux fois, ou un nom mal écrit : le corriger.",
             "Distinguer leurs fiches par le service et la description.",
             "Demander à l’opérateur que les adresses se distinguent par plus qu’un chiffre.",
             "Prévenir les deux titulaires et les secrétariats."), True),
    Finding("sans-rpps", _S.TODO, "Titulaires sans RPPS ou sans CPS",
            ("Un titulaire ou un cotitulaire doit avoir un numéro RPPS et une CPS ou une e-CPS. L’un d’eux n’a pas, ou "
             "n’a plus, l’un des deux à sa fiche."),
            _A.CORRECT, sets.unable_to_hold,
            ("Si c’est un oubli de sa fiche : y noter le numéro, ou la carte remise.",
             "Si ce n’était pas la bonne personne : corriger le titulaire de la BAL.",
             ("Sinon, pour une BAL partagée : que le principal en fasse un délégataire, sous un cotitulaire qui a les "
              "deux."))),
    Finding("liste", _S.TODO, "Listes de diffusion",
            "Les listes de diffusion sont interdites dans l’espace de confiance MSSanté.",
            _A.RESOLVE_ANOMALY, sets.with_anomaly(_K.LIST),
            ("Faire supprimer la liste par l’opérateur.",
             "Ouvrir une BAL organisationnelle à l’équipe, avec ses cotitulaires.",
             "Pour prévenir d’une arrivée : la notification sur un courriel ordinaire.",
             "Enregistrer ici que c’est corrigé.")),
    Finding("routage", _S.TODO, "Routages vers des BAL nominatives",
            "Une BAL organisationnelle renvoyée à des BAL nominatives perd la trace de qui a traité quoi.",
            _A.RESOLVE_ANOMALY, sets.with_anomaly(_K.FORWARD),
            ("Faire supprimer le routage par l’opérateur.",
             "Donner accès à la BAL elle-même : cotitulaires ou délégataires.",
             "Pour prévenir d’une arrivée : la notification sur un courriel ordinaire.",
             "Enregistrer ici que c’est corrigé.")),
    Finding("certificat-30", _S.TODO, "Certificats à renouveler",
            "Ils finissent dans 30 jours ou moins. Lancez le renouvellement.",
            _A.DESCRIBE_APPLICATIVE, sets.certificate_within(30), _RENEW, call="Enregistrer le nouveau certificat"),
    Finding("certificat-60", _S.WATCH, "Certificats bientôt à leur fin",
            "Ils finissent dans 60 jours ou moins : c’est le moment de prévenir l’éditeur.",
            _A.DESCRIBE_APPLICATIVE, sets.certificate_within(60), _RENEW, call="Enregistrer le nouveau certificat"),
    Finding("se-remplit", _S.WATCH, "BAL qui se remplissent",
            _FILLING,
            _A.ASK_OPERATOR, sets.filling, _FREE_SPACE, call=_SPACE),
    Finding("sans-releve", _S.TODO, "BAL sans relevé récent de leur opérateur",
            ("Leur opérateur ne dit plus rien de leur utilisation : elle est inconnue depuis. Aucune alerte ne part "
             "et rien ne sera retiré de l’annuaire tant qu’un relevé ne revient pas."),
            None, sets.unwatched,
            ("Demander la liste des BAL à l’opérateur ou à la DSI, avec les dates de dernière connexion.",
             "L’importer, ou rétablir l’envoi des relevés par le logiciel qui s’en charge.",
             "Si elle ne peut plus venir : demander aux titulaires s’ils se servent de leur BAL, par une campagne."),
            place=Elsewhere("Importer une liste", "import-new")),
    Finding("sans-reponse", _S.TODO, "Questions sur l’usage restées sans réponse",
            "Demandé, rappelé, et personne n’a dit si cette BAL sert. Joignez un titulaire.",
            _A.ASK_USE, sets.unanswered),
    Finding("sert-encore", _S.WATCH, "BAL en cours de retrait qui servent encore",
            "Le titulaire qui l’a demandé s’y connecte. Voyez avec lui s’il enregistre ses messages ou veut la garder.",
            None, sets.used_in_leaving),
    Finding("usage-inconnu", _S.WATCH, "BAL dont l’usage est inconnu",
            "Inconnue ne veut pas dire inactive : demandez à leurs titulaires s’ils s’en servent.",
            _A.ASK_USE, sets.unknown_activity),
    Finding("nom", _S.WATCH, "Adresses mal nommées",
            "Un accent que bien des messageries refusent, ou un nom partagé qui ne dit ni le lieu ni l’équipe.",
            _A.CORRECT, sets.badly_named,
            ("Si c’est une coquille du registre : corriger l’adresse.",
             "Sinon, convenir d’un nom explicite : l’équipe et le lieu, sans accent.",
             ("Demander à l’opérateur la nouvelle adresse, et prévenir les correspondants avant de quitter "
              "l’ancienne."),
             "Sur l’ancienne : une réponse automatique qui donne la nouvelle."), True),
    Finding("app-a-decrire", _S.WATCH, "BAL applicatives à décrire",
            "On ne sait pas de chacune le logiciel, la fin du certificat et la BAL organisationnelle qui répond.",
            _A.DESCRIBE_APPLICATIVE, sets.undescribed),
    Finding("app-muette", _S.WATCH, "BAL applicatives muettes",
            ("Leur logiciel ne s’y connecte plus : jamais d’alerte d’inactivité, mais des documents peuvent s’y "
             "perdre. Voyez avec l’éditeur."),
            _A.DESCRIBE_APPLICATIVE, sets.silent,
            ("Demander à l’éditeur si le logiciel envoie encore.",
             "Vérifier le certificat.",
             "Si elle ne sert plus : demander sa dépublication puis sa suppression.")),
    # What the register and the annuaire do not agree on is stated by the gaps, and only counted here.
    *[Finding(s.name, s.severity, s.title, s.sentence, s.remedies[0], is_kept=True, situation=s) for s in SITUATIONS],
]
# fmt: on

BY_NAME = {finding.name: finding for finding in FINDINGS}


def narrow(bals: QuerySet[Bal], name: str) -> QuerySet[Bal]:
    """The BAL that the finding of that name is about; a finding that is not about BAL narrows nothing."""
    about = BY_NAME[name].bals
    return about(bals) if about else bals


def narrowed(finding: Finding, rows: QuerySet) -> QuerySet:
    """The rows that the finding is about."""
    return getattr(finding, finding.about)(rows)


def about_these(rows: dict[str, QuerySet]) -> list[tuple[Finding, QuerySet]]:
    """The findings about these, by the name of what they are about, each with its own of them."""
    return [(finding, narrowed(finding, rows[finding.about])) for finding in FINDINGS if finding.about in rows]


OF_BALS = [finding for finding in FINDINGS if finding.bals]
OF_MOVEMENTS = [finding for finding in FINDINGS if finding.movements]
OF_SIGHTINGS = [finding for finding in FINDINGS if finding.sightings]
