"""What needs doing, as one table: each finding says which BAL, why it matters, and the way to mend it."""

from collections.abc import Callable
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from directory.models import Entry
from mailboxes.lifecycle import LIVE, State
from mailboxes.models import Bal, Claim, Cotitulaire, Delegataire, Notice
from mailboxes.rules import MAX_COTITULAIRES, allows, check_annuaire_fresh
from mailboxes.severity import Severity


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


def _orphan(bals):
    principals = Cotitulaire.objects.filter(bal=OuterRef("pk"), is_principal=True)
    return bals.filter(~Q(Exists(principals)), state__in=LIVE, kind__in=Bal.SHARED)


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
    unsent = Notice.objects.filter(bal=OuterRef("pk"), sent_at=None, created_at__gte=OuterRef("state_since"))
    return bals.filter(Exists(unsent.filter(Q(channel=Notice.Channel.NONE) | Q(attempts__gt=0))), state__in=LIVE)


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


def _to_confirm(bals):
    return bals.filter(state__in=[State.REQUESTED, State.DELETION_REQUESTED])


_S = Severity

# fmt: off
FINDINGS = [
    Finding("pleine",        _S.URGENT, "BAL pleines ou presque",        "À 95 % et plus, une BAL va cesser de recevoir et d’envoyer. Donnez à ses titulaires les remèdes, dans l’ordre.", _full),
    Finding("orpheline",     _S.URGENT, "BAL sans cotitulaire principal","Personne ne peut en demander la suppression ni en répondre. Désignez un principal.",                        _orphan),
    Finding("trop",          _S.URGENT, "BAL de plus de 20 cotitulaires","La limite est de 20, le principal compris. Voyez qui peut devenir délégataire.",                              _crowded),
    Finding("non-remis",     _S.TODO,   "Avis non remis",                "Un titulaire n’a pas pu être prévenu : complétez son courriel ou joignez-le autrement.",                      _undelivered),
    Finding("a-confirmer",   _S.TODO,   "Réponses attendues de l’opérateur", "Une ouverture ou une suppression est demandée. Enregistrez la réponse dès qu’elle arrive.",              _to_confirm),
    Finding("delegation",    _S.TODO,   "Délégations échues",            "Leur date de fin est passée ; elles se terminent d’elles-mêmes la nuit suivante.",                            _expired_delegation),
    Finding("inactive",      _S.TODO,   "BAL alertées pour inactivité",  "Sans usage ni opposition, leur dépublication sera demandée.",                                                 _alerted),
    Finding("pas-a-lui",     _S.TODO,   "BAL déclarées comme n’étant pas à leur titulaire", "Un professionnel dit que cette BAL n’est pas à lui. Corrigez la fiche, ou demandez la correction à l’opérateur.", _disowned),
    Finding("absente",       _S.TODO,   "BAL absentes de l’annuaire",    "Actives ici, absentes de l’annuaire public (supprimées, non publiées ou en liste rouge). Demandez à l’opérateur.", _absent),
    Finding("hors-liste",    _S.TODO,   "Domaines hors de la liste blanche", "Leur domaine n’est pas, ou n’est plus, de l’espace de confiance MSSanté : ce qu’on y envoie peut être refusé. Voyez avec l’opérateur.", _outside),
    Finding("se-remplit",    _S.WATCH,  "BAL qui se remplissent",        "De 80 à 94 % : c’est le moment de faire de la place.",                                                        _filling),
    Finding("usage-inconnu", _S.WATCH,  "BAL dont l’usage est inconnu",  "Inconnue ne veut pas dire inactive : demandez à leurs titulaires s’ils s’en servent.",                        _unknown_activity),
]
# fmt: on

BY_NAME = {finding.name: finding for finding in FINDINGS}
