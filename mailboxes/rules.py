"""What the domain refuses, each rule once.

A rule is a `check_…` function that raises `Refused` or returns nothing. Actions call it under a lock before they write;
screens ask `allows(check_…, …)` to know which buttons to show. No form, serializer, admin or task states one.
"""

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from directory.identifiers import domain_of
from directory.models import Entry, SyncRun
from mailboxes.lifecycle import BY_VERB, LIVE, WHO_MAY, Act, Role, State, Verb
from mailboxes.models import Bal, Operator, Structure
from mailboxes.models.bals import managed_structures
from mailboxes.models.system import SYSTEM, Signatory

MAX_COTITULAIRES = 20


class Refused(ValidationError):
    """The domain says no, in words fit for the user; `code` is stable."""


class NotAllowed(Refused):
    """No, because of who asks."""


def allows(check, *args, **kwargs) -> bool:
    try:
        check(*args, **kwargs)
    except Refused:
        return False
    return True


def check_row(row) -> None:
    """What is about one row alone is stated by its fields and constraints; this says it in the domain's voice."""
    try:
        row.full_clean()
    except ValidationError as error:
        labels = {field.name: field.verbose_name for field in row._meta.get_fields() if hasattr(field, "verbose_name")}
        sentences = [
            message if name not in labels else f"{str(labels[name]).capitalize()} : {message}"
            for name, messages in error.message_dict.items()
            for message in messages
        ]
        raise Refused(" ".join(sentences), "invalid") from error


# --- Who, and in which state ------------------------------------------------------------------------------------------
def check_move(bal: Bal, verb: Verb, *, by) -> None:
    """The lifecycle table alone: who may, from where. Costs no query after `with_holders`."""
    line = BY_VERB[verb]
    _check_role(verb, line.by, bal.roles_of(by))
    if bal.state not in line.before:
        raise Refused(f"« {verb.label} » est impossible pour une BAL {bal.get_state_display()}.", "state")
    if verb == Verb.REQUEST_DELETION:
        _check_depublished_first(bal)


def check_act(bal: Bal, act: Act, *, by) -> None:
    _check_role(act, WHO_MAY[act], bal.roles_of(by))
    if bal.state not in LIVE:
        raise Refused(f"« {act.label} » est impossible pour une BAL {bal.get_state_display()}.", "state")


def _check_role(what: Verb | Act, allowed: frozenset[Role], roles: frozenset[Role]) -> None:
    if not allowed & roles:
        who = ", ".join(sorted(role.label for role in allowed))
        raise NotAllowed(f"« {what.label} » est réservé à : {who}.", "role")


def check_read_history(bal: Bal, *, by) -> None:
    """Who sees a BAL sees its journal and its notices; a délégataire uses the box, its history is not his."""
    if bal.roles_of(by) == {Role.DELEGATAIRE}:
        raise NotAllowed("Le journal et les avis d’une BAL ne sont pas montrés à ses délégataires.", "role")


# --- The way out ------------------------------------------------------------------------------------------------------
def _check_depublished_first(bal: Bal) -> None:
    if bal.is_expected_in_annuaire and bal.state != State.DEPUBLISHED:
        raise Refused("Dépubliez d’abord cette BAL : ses correspondants doivent cesser de la trouver.", "published")


def check_attested(attested: bool) -> None:
    if not attested:
        raise Refused(
            "Attestez d’abord que les messages et documents utiles sont enregistrés : "
            "après la suppression, les courriers envoyés à cette adresse sont perdus.",
            "attestation",
        )


def check_seen_absent(bal: Bal, *, by) -> None:
    """What is said to be gone must have been seen gone, in an annuaire that is fresh."""
    if not bal.is_expected_in_annuaire:
        if by is SYSTEM:  # absence proves nothing here: a person registers the operator's answer
            raise Refused("Cette BAL n’est jamais à l’annuaire public : son absence ne prouve rien.", "unpublished")
        return
    check_annuaire_fresh()
    if Entry.objects.published().filter(address=bal.address).exists():
        raise Refused("Cette BAL figure encore à l’annuaire.", "published")


def check_annuaire_fresh() -> None:
    run = SyncRun.objects.latest_public()
    if run is None:
        raise Refused("L’annuaire n’a pas encore été chargé : on ne peut rien en conclure.", "annuaire")
    if run.is_stale:
        day = timezone.localtime(run.as_of)
        raise Refused(f"L’annuaire connu ici date du {day:%d/%m/%Y} : trop ancien pour en conclure.", "annuaire")


# --- Opening ----------------------------------------------------------------------------------------------------------
def check_register(structure: Structure, operator: Operator, kind: str, address: str, principal, *, by) -> None:
    """Who may open a BAL for this structure, and is the structure or the professional eligible."""
    if by is not SYSTEM and structure.pk not in managed_structures(by):
        raise NotAllowed(f"Seul un gestionnaire de « {structure} » inscrit une BAL pour elle.", "role")
    if not operator.domains.filter(name=domain_of(address.lower())).exists():
        raise Refused(f"Le domaine « {domain_of(address)} » n’est pas un domaine de {operator}.", "domain")
    if kind == Bal.Kind.APPLICATIVE:
        if principal is not None:
            raise Refused("Une BAL applicative n’a pas de titulaire : un logiciel l’utilise.", "kind")
        return
    if principal is not None:
        check_can_hold(principal)
    if kind == Bal.Kind.NOMINATIVE and principal is None:
        raise Refused("Une BAL nominative a un titulaire, avec un numéro RPPS.", "holder")
    if kind == Bal.Kind.CABINET and principal is None:
        raise Refused("Une BAL de cabinet a un responsable, avec un numéro RPPS.", "holder")
    if kind == Bal.Kind.ORGANISATIONNELLE and principal is None and not structure.has_national_id:
        raise Refused(
            "Une BAL organisationnelle demande un FINESS ou un SIRET de la structure, "
            "ou au moins un professionnel avec un numéro RPPS.",
            "eligibility",
        )


def check_register_somewhere(*, by) -> None:
    """Is there a structure for which this account may inscribe?"""
    if not managed_structures(by):
        raise NotAllowed("Seul un gestionnaire de structure inscrit une BAL ou une personne.", "role")


def check_record_person(structure: Structure, *, by) -> None:
    if by is not SYSTEM and structure.pk not in managed_structures(by):
        raise NotAllowed(f"Seul un gestionnaire de « {structure} » inscrit une personne pour elle.", "role")


# --- Holders ----------------------------------------------------------------------------------------------------------
def check_can_hold(person) -> None:
    if not person.can_hold:
        lacks = "un numéro RPPS" if not person.rpps else "une CPS ou une e-CPS"
        raise Refused(f"{person} ne peut pas être titulaire : il lui manque {lacks}.", "holder")


def check_add_cotitulaire(bal: Bal, person, *, by) -> None:
    check_act(bal, Act.ADD_COTITULAIRE, by=by)
    if not bal.is_shared:
        raise Refused("Seule une BAL organisationnelle ou de cabinet a des cotitulaires.", "kind")
    check_can_hold(person)
    if bal.is_held_by(person):
        raise Refused(f"{person} est déjà cotitulaire.", "duplicate")
    _check_place_left(bal)


def check_remove_cotitulaire(bal: Bal, person, *, by) -> None:
    oneself = by is not SYSTEM and person.user_id == by.pk
    if not oneself:
        check_act(bal, Act.REMOVE_COTITULAIRE, by=by)
    holder = _holder(bal, person)
    if not bal.is_shared:
        raise Refused("Le titulaire d’une BAL nominative ne peut pas en être retiré.", "kind")
    if holder.is_principal:
        raise Refused(
            "Transmettez d’abord le rôle de cotitulaire principal : sans lui la BAL serait orpheline.", "orphan"
        )


def check_transfer_principal(bal: Bal, person, *, by) -> None:
    check_act(bal, Act.TRANSFER_PRINCIPAL, by=by)
    if _holder(bal, person).is_principal:
        raise Refused(f"{person} est déjà le cotitulaire principal.", "duplicate")
    check_can_hold(person)


def check_name_principal(bal: Bal, person, *, by) -> None:
    check_repair_orphan(bal, by=by)
    check_can_hold(person)
    if not bal.is_held_by(person):
        _check_place_left(bal)


def check_repair_orphan(bal: Bal, *, by) -> None:
    """A gestionnaire names the principal of an orphan; where there is a principal, he alone hands over."""
    check_act(bal, Act.NAME_PRINCIPAL, by=by)
    if not bal.is_shared:
        raise Refused("Seule une BAL organisationnelle ou de cabinet a un cotitulaire principal.", "kind")
    if bal.principal():
        raise Refused("Cette BAL a un cotitulaire principal : lui seul peut transmettre ce rôle.", "principal")


def _check_place_left(bal: Bal) -> None:
    if len(bal.cotitulaires.all()) >= MAX_COTITULAIRES:
        raise Refused(f"Une BAL a au plus {MAX_COTITULAIRES} cotitulaires, le principal compris.", "full")


def _holder(bal: Bal, person):
    for holder in bal.cotitulaires.all():
        if holder.person_id == person.pk:
            return holder
    raise Refused(f"{person} n’est pas cotitulaire de cette BAL.", "holder")


# --- Delegations ------------------------------------------------------------------------------------------------------
def check_delegate(bal: Bal, person, under, *, by) -> None:
    check_act(bal, Act.DELEGATE, by=by)
    if bal.kind == Bal.Kind.APPLICATIVE:
        raise Refused("Une BAL applicative ne se délègue pas : un logiciel l’utilise.", "kind")
    if under.user_id != by.pk:
        raise NotAllowed("Chacun délègue en son propre nom : il répond des accès qu’il ouvre.", "under")
    if not bal.is_held_by(under):
        raise Refused(f"{under} n’est pas titulaire de cette BAL : il ne peut pas y déléguer l’accès.", "under")
    if bal.is_held_by(person):
        raise Refused(f"{person} est déjà titulaire de cette BAL.", "duplicate")


def check_end_delegation(delegation, *, by) -> None:
    _check_role(Act.END_DELEGATION, WHO_MAY[Act.END_DELEGATION], delegation.bal.roles_of(by))
    if delegation.ended_at:
        raise Refused("Cette délégation est déjà terminée.", "state")


# --- Usage ------------------------------------------------------------------------------------------------------------
def check_reading(bal: Bal, at, last_used_at, *, by) -> None:
    check_act(bal, Act.RECORD_USAGE, by=by)
    now = timezone.now()
    for label, when in (("date du relevé", at), ("dernière authentification", last_used_at)):
        if when and when > now:
            raise Refused(f"La {label} ({timezone.localtime(when):%d/%m/%Y %H:%M}) est dans le futur.", "future")


def is_new_activity(bal: Bal, last_used_at, now) -> bool:
    """Does this use stop the way out? An alert falls as soon as the BAL is no longer idle; a later step, by a use
    made since it began."""
    if bal.state not in BY_VERB[Verb.WAKE].before:
        return False
    if bal.state == State.IDLE_ALERTED:
        return last_used_at > now - relativedelta(months=bal.operator.alert_after_months)
    return last_used_at > bal.state_since


def quota_level(percent: int | None) -> int:
    """The highest threshold reached, 0 below the first."""
    return max((limit for limit in settings.QUOTA_THRESHOLDS if percent is not None and percent >= limit), default=0)


# --- Gaps with the annuaire -------------------------------------------------------------------------------------------
def check_gap(structure: Structure, act: Act, remedies, *, by) -> None:
    """Who may mend it, and is this act a remedy there."""
    if structure.pk not in managed_structures(by):
        raise NotAllowed(f"« {act.label} » est réservé à un gestionnaire de « {structure} ».", "role")
    if act not in remedies:
        raise Refused(f"« {act.label} » ne répond pas à cet écart.", "remedy")


def check_gap_stands(stands: bool) -> None:
    if not stands:
        raise Refused("Cet écart n’existe plus : l’annuaire ou le registre a changé.", "gone")


def _check_operator(address: str, operator: Operator | None) -> None:
    if operator is None:
        raise Refused(f"Aucun opérateur du registre n’a le domaine « {domain_of(address)} ».", "domain")


def check_adopt(gap, operator: Operator | None) -> None:
    _check_operator(gap.address, operator)
    if gap.entry.kind == Bal.Kind.NOMINATIVE and len(gap.rpps) > 1:
        raise Refused(
            "L’annuaire donne plusieurs titulaires à cette BAL nominative : inscrivez-la vous-même.", "holder"
        )


def check_accept(differences) -> None:
    """The service alone is ours to change; who holds the BAL, its type and its structure are facts to be mended."""
    if not any(line.label == "Service de rattachement" for line in differences):
        raise Refused(
            "Seul le service se reprend de l’annuaire. Pour le type, la structure ou le titulaire, "
            "demandez la correction à l’opérateur ou corrigez la fiche.",
            "field",
        )


def check_ask_operator(gap, operator: Operator | None) -> None:
    check_annuaire_fresh()
    _check_operator(gap.address, operator)
    if gap.status == "asked":
        raise Refused("C’est déjà demandé à l’opérateur, et l’annuaire n’a pas changé depuis.", "asked")


def check_ignore(reason: str, until) -> None:
    if not reason.strip():
        raise Refused("Dites pourquoi cet écart est laissé de côté.", "reason")
    if until and until <= timezone.localdate():
        raise Refused("La date jusqu’à laquelle l’écart est laissé de côté doit être à venir.", "until")


# --- Addresses under one's RPPS ---------------------------------------------------------------------------------------
def check_ask_person(person, addresses: list[str], *, by) -> None:
    if by is not SYSTEM and not person.affiliations.filter(left_on=None, structure__in=managed_structures(by)).exists():
        raise NotAllowed(f"« {Act.ASK_PERSON.label} » est réservé à un gestionnaire de sa structure.", "role")
    check_annuaire_fresh()
    if not addresses:
        raise Refused(f"Il n’y a rien de nouveau à demander à {person} : c’est demandé, ou répondu.", "asked")


def check_remind_person(claims: list, *, by) -> None:
    if by is not SYSTEM:
        raise NotAllowed("Les rappels partent d’eux-mêmes.", "role")
    check_annuaire_fresh()
    if not claims:
        raise Refused("Il n’y a rien à rappeler.", "asked")


def check_answer(claim, said: str, *, by) -> None:
    """One answers for oneself, of an address that the annuaire lists under one's RPPS; by a link, once."""
    person = claim.person
    if by is SYSTEM or not person.is_actor(by):
        raise NotAllowed(f"Seul {person} dit si cette adresse est la sienne.", "role")
    if said not in claim.Answer.values:
        raise Refused("Choisissez une des trois réponses.", "answer")
    if isinstance(by, Signatory) and (claim.pk is None or claim.asked_at is None):
        raise Refused("Ce lien ne porte pas sur cette adresse.", "link")
    if isinstance(by, Signatory) and claim.answer:
        raise Refused("Vous avez déjà répondu pour cette adresse. Pour changer d’avis, connectez-vous.", "answered")
    if claim.pk is None and not Entry.objects.current().filter(address=claim.address, person_id=person.rpps).exists():
        raise Refused("L’annuaire ne donne pas cette adresse à votre numéro RPPS.", "unknown")
