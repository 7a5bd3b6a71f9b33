"""What needs doing, as one table: each finding says which BAL, why it matters, and the way to mend it."""

from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextChoices
from django.utils import timezone

from directory.models import Entry
from mailboxes.lifecycle import LIVE, Act, State
from mailboxes.models import Bal, Claim, Cotitulaire, Delegataire, JournalEntry, Notice, Preference, Request
from mailboxes.models.bals import holder_has_left
from mailboxes.models.preferences import STANDING
from mailboxes.rules import MAX_COTITULAIRES, allows, check_annuaire_fresh, check_ranks_known

SOON = 30  # days


class Severity(TextChoices):
    URGENT = "urgent", "urgent"
    TODO = "todo", "à faire"
    WATCH = "watch", "à surveiller"


class Finding(NamedTuple):
    name: str
    severity: Severity
    title: str
    sentence: str
    bals: Callable[[QuerySet], QuerySet]


def _full(bals):
    return bals.filter(state__in=LIVE, percent_full__gte=95)


def _filling(bals):
    return bals.filter(state__in=LIVE, percent_full__gte=80, percent_full__lt=95)


def _soon_full(bals):
    """Those that are full or nearly are a finding of their own."""
    return bals.full_within(SOON, timezone.localdate()).filter(percent_full__lt=95)


def _orphan(bals):
    """Nobody is its principal, or who was has left."""
    principals = Cotitulaire.objects.filter(bal=OuterRef("pk"), is_principal=True)
    return bals.filter(~Q(Exists(principals)) | holder_has_left(), state__in=LIVE, kind__in=Bal.SHARED)


def _crowded(bals):
    return bals.filter(state__in=LIVE).annotate(holders=Count("cotitulaires")).filter(holders__gt=MAX_COTITULAIRES)


def _expired_delegation(bals):
    expired = Delegataire.objects.expired(timezone.localdate()).filter(bal=OuterRef("pk"))
    return bals.filter(Exists(expired))


def _alerted(bals):
    return bals.filter(state=State.IDLE_ALERTED)


def _unknown_activity(bals):
    return bals.filter(state=State.ACTIVE, clock_at=None).exclude(kind=Bal.Kind.APPLICATIVE)


def _undelivered(bals):
    stuck = Notice.objects.undelivered().filter(bal=OuterRef("pk"), created_at__gte=OuterRef("state_since"))
    return bals.filter(Exists(stuck), state__in=LIVE)


def _unanswered(bals):
    """Asked and reminded, and as long again without a word."""
    since = timezone.now() - settings.UNIDENTIFIED_REMIND_AFTER
    reminded = JournalEntry.objects.filter(bal=OuterRef("pk"), what=Act.REMIND_USE, at__lte=since)
    return _unknown_activity(bals).filter(Exists(reminded))


def _silent_app(bals):
    since = timezone.now() - settings.APP_SILENT_AFTER
    return bals.filter(kind=Bal.Kind.APPLICATIVE, state=State.ACTIVE, last_used_at__lte=since)


def _used_in_leaving(bals):
    leaving = [State.DEPUBLICATION_REQUESTED, State.DEPUBLISHED, State.DELETION_REQUESTED]
    return bals.filter(state__in=leaving, last_used_at__gt=F("state_since"))


def _absent(bals):
    if not allows(check_annuaire_fresh):
        return bals.none()
    expected = bals.expected_in_annuaire().filter(state__in=[State.ACTIVE, State.IDLE_ALERTED])
    return expected.with_publication().filter(is_published=False)


def _outside(bals):
    return bals.filter(state__in=LIVE).outside_trusted_space()


def _disowned(bals):
    """Said not to be his by one who holds it here, or whose RPPS bears it in the annuaire."""
    denied = Claim.objects.filter(address=OuterRef("address"), answer=Claim.Answer.NOT_MINE)
    holds = Cotitulaire.objects.filter(bal__address=OuterRef("address"), person=OuterRef("person"))
    listed = Entry.objects.published().filter(address=OuterRef("address"), person_id=OuterRef("person__rpps"))
    return bals.filter(Exists(denied.filter(Exists(holds) | Exists(listed))), state__in=LIVE)


def _overdue(bals):
    return bals.filter(Exists(Request.objects.overdue(timezone.localdate()).filter(bal=OuterRef("pk"))))


def _preferred_leaving(bals):
    preferred = Preference.objects.filter(address=OuterRef("address"))
    return bals.filter(Exists(preferred)).exclude(state__in=[State.ACTIVE, State.REQUESTED])


def _preferred_elsewhere(bals):
    """Wished by one who holds it no more; or the annuaire ranks another first, and nothing is asked."""
    wishes = Preference.objects.main().filter(address=OuterRef("address"))
    holds = Cotitulaire.objects.filter(bal__address=OuterRef("address"), person=OuterRef("person"))
    wrong = Q(~Exists(holds))
    if allows(check_ranks_known):
        ranked = Entry.objects.preferred().filter(person_id=OuterRef("person__rpps"))
        there = ranked.filter(Q(structure_id="") | Q(structure_id=OuterRef("situation")))
        is_asked = Q(request__stage__in=STANDING)
        wrong = wrong | (
            Exists(there.exclude(address=OuterRef("address")))
            & (Exists(there.filter(address=OuterRef("address"))) | ~is_asked)
        )
    return bals.filter(Exists(wishes.filter(wrong)), state=State.ACTIVE)


def _to_confirm(bals):
    return bals.filter(state__in=[State.REQUESTED, State.DELETION_REQUESTED])


class PeopleFinding(NamedTuple):
    """What needs doing of an arrival or a departure."""

    name: str
    severity: Severity
    title: str
    sentence: str
    movements: Callable[[QuerySet], QuerySet]


def _late_departure(movements):
    return movements.late_departures(timezone.localdate())


def _arrival_to_prepare(movements):
    return movements.arrivals_to_prepare(timezone.localdate())


_S = Severity

# fmt: off
FINDINGS = [
    Finding("pleine",        _S.URGENT, "BAL pleines ou presque",        "À 95 % et plus, une BAL va cesser de recevoir et d’envoyer. Donnez à ses titulaires les remèdes, dans l’ordre.", _full),
    Finding("orpheline",     _S.URGENT, "BAL sans cotitulaire principal","Personne ne peut en demander la suppression ni en répondre. Désignez un principal.",                        _orphan),
    Finding("trop",          _S.URGENT, "BAL de plus de 20 cotitulaires","La limite est de 20, le principal compris. Voyez qui peut devenir délégataire.",                              _crowded),
    Finding("non-remis",     _S.TODO,   "Avis non remis",                "Quelqu’un n’a pas pu être prévenu : corrigez son courriel, ou prévenez-le autrement et consignez-le.",        _undelivered),
    Finding("en-retard",     _S.TODO,   "Demandes en retard",            "L’opérateur n’a pas répondu à temps. Relancez-le depuis les demandes, ou joignez-le autrement, puis enregistrez sa réponse.", _overdue),
    Finding("bientot-pleine",_S.TODO,   "BAL bientôt pleines",           "Au rythme de leurs relevés, elles seront pleines d’ici 30 jours. Faites de la place avant qu’elles ne cessent de recevoir.", _soon_full),
    Finding("a-confirmer",   _S.TODO,   "Réponses attendues de l’opérateur", "Une ouverture ou une suppression est demandée. Enregistrez la réponse dès qu’elle arrive.",              _to_confirm),
    Finding("delegation",    _S.TODO,   "Délégations échues",            "Leur date de fin est passée ; elles se terminent d’elles-mêmes la nuit suivante.",                            _expired_delegation),
    Finding("inactive",      _S.TODO,   "BAL alertées pour inactivité",  "Sans usage ni opposition, leur dépublication sera demandée.",                                                 _alerted),
    Finding("pas-a-lui",     _S.TODO,   "BAL déclarées comme n’étant pas à leur titulaire", "Un professionnel dit que cette BAL n’est pas à lui. Corrigez la fiche, ou demandez la correction à l’opérateur.", _disowned),
    Finding("absente",       _S.TODO,   "BAL absentes de l’annuaire",    "Actives ici, absentes de l’annuaire public (supprimées, non publiées ou en liste rouge). Demandez à l’opérateur.", _absent),
    Finding("hors-liste",    _S.TODO,   "Domaines hors de la liste blanche", "Leur domaine n’est pas, ou n’est plus, de l’espace de confiance MSSanté : ce qu’on y envoie peut être refusé. Voyez avec l’opérateur.", _outside),
    Finding("choisie-part",  _S.TODO,   "BAL privilégiées qui s’en vont", "Un professionnel l’a choisie comme privilégiée, et elle est alertée, dépubliée ou supprimée. Qu’il en choisisse une autre.", _preferred_leaving),
    Finding("choisie-autre", _S.TODO,   "BAL privilégiées que contredit l’annuaire ou le registre", "Qui l’a choisie n’en est plus titulaire, ou l’annuaire en donne une autre. Voyez « BAL privilégiées ».", _preferred_elsewhere),
    Finding("se-remplit",    _S.WATCH,  "BAL qui se remplissent",        "De 80 à 94 % : c’est le moment de faire de la place.",                                                        _filling),
    Finding("sans-reponse",  _S.TODO,   "Questions sur l’usage restées sans réponse", "Demandé, rappelé, et personne n’a dit si cette BAL sert. Joignez un titulaire.",                _unanswered),
    Finding("sert-encore",   _S.WATCH,  "BAL en cours de retrait qui servent encore", "Le titulaire qui l’a demandé s’y connecte. Voyez avec lui s’il enregistre ses messages ou veut la garder.", _used_in_leaving),
    Finding("app-muette",    _S.WATCH,  "BAL applicatives muettes",      "Leur logiciel ne s’y connecte plus : jamais d’alerte d’inactivité, mais des documents peuvent s’y perdre. Voyez avec l’éditeur.", _silent_app),
    Finding("usage-inconnu", _S.WATCH,  "BAL dont l’usage est inconnu",  "Inconnue ne veut pas dire inactive : demandez à leurs titulaires s’ils s’en servent.",                        _unknown_activity),
]
# fmt: on

BY_NAME = {finding.name: finding for finding in FINDINGS}

# fmt: off
PEOPLE_FINDINGS = [
    PeopleFinding("depart-en-retard",   _S.URGENT, "Départs en retard",   "Le jour prévu est passé et le dossier est ouvert : des accès restent peut-être à quelqu’un qui est parti.", _late_departure),
    PeopleFinding("arrivee-a-preparer", _S.TODO,   "Arrivées à préparer", "RPPS, carte, BAL, accès : voyez ce qui manque encore.",                                                     _arrival_to_prepare),
]
# fmt: on
