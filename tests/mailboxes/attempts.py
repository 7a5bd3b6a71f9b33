"""How each line of the tables is attempted by someone: the call with valid arguments, the page, the API.

A new verb has its attempt already; a new act needs one line in `ATTEMPTS`, or `test_matrix` fails.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from mailboxes import actions, rules
from mailboxes.actions.forgetting import forget_person
from mailboxes.actions.people import recorded
from mailboxes.campaigns.actions import answer_campaign, ask_campaign, close_campaign, launch_campaign, remind_campaign
from mailboxes.campaigns.models import Campaign
from mailboxes.campaigns.reviews import set_recurrence
from mailboxes.engagements.actions import close_engagement, set_engagement
from mailboxes.findings import BY_NAME as FINDINGS
from mailboxes.imports.actions import receive_import, undo_import
from mailboxes.inbox.actions import follow, say_done
from mailboxes.lifecycle import (
    BY_HAND,
    EXPOSED,
    REOPENS,
    Act,
    CampaignKind,
    RequestKind,
    RequestStage,
    Verb,
)
from mailboxes.lists.actions import share_view
from mailboxes.lists.models import SavedView
from mailboxes.mailserver.actions import ask_reply, end_reply, give_secret, note_set
from mailboxes.models import (
    Anomaly,
    Bal,
    Delegataire,
    Engagement,
    Movement,
    Operator,
    Person,
    Reading,
    RequestLayout,
    Structure,
)
from mailboxes.models.thresholds import BY_NAME
from mailboxes.moves.actions import leave_migration, prepare_migration
from mailboxes.moves.models import Migration
from mailboxes.moves.rules import check_close_former, check_end, check_switch
from mailboxes.moves.structures import change_finess, close_structure, merge_structures, move_service, undo_move
from mailboxes.offers.actions import rate_operator
from mailboxes.openings.actions import request_opening, set_naming
from mailboxes.protocol.actions import write_protocol
from mailboxes.protocol.models import ProtocolText
from mailboxes.software.actions import add_webhook, change_webhook, declare_software, revoke_key, rotate_key
from tests.mailboxes.before import (
    CHU,
    DOMAIN,
    ELSEWHERE,
    ENGAGED,
    UNKNOWN,
    Stage,
    alerted,
    applied_import,
    asked_of,
    asked_person,
    campaign,
    certified,
    closed_by_mistake,
    closing_former,
    contact_asked,
    contact_due,
    depublished,
    engaged,
    gap,
    gone_long_ago,
    in_state,
    joining_asked,
    joining_late,
    leaving,
    lent_by_a_third,
    lent_until_soon,
    let_in,
    let_in_by_bal,
    listed_for,
    migrated,
    migrating,
    movement,
    noted,
    practising,
    question,
    question_to_person,
    reply_asked,
    set_aside,
    sighted,
    site_below,
    software_key,
    stay,
    stuck,
    unreached,
    use_asked,
    webhook,
    with_a_third,
    with_alias,
)


# --- What is called ---------------------------------------------------------------------------------------------------
def read(bal: Bal, by, stage: Stage):
    pushed = actions.Pushed(bal.address, timezone.now(), used_mb=5)
    verdict = actions.record_readings([pushed], source=Reading.Source.PUSH, by=by)[0]
    if verdict.code == "unknown":
        raise rules.NotAllowed("Not even that it exists is told.", "role")
    if verdict.refused:
        raise verdict.refused


def warn(bal: Bal, by, stage: Stage):
    """A sweep: it counts what is refused, and goes on."""
    rules.check_act(bal, Act.WARN_QUOTA, by=by)
    actions.update_quota_warnings(Bal.objects.filter(pk=bal.pk), by=by)


def swept(action: Callable, **facts):
    """A sweep counts what is refused, and goes on: here nothing is wrong but who asks."""

    def do(row, by, stage: Stage):
        tally = action(type(row).objects.filter(pk=row.pk), by=by, **facts)
        for sentence in tally.refused.values():
            raise rules.NotAllowed(sentence, "role")

    return do


def import_list(structure: Structure, by, stage: Stage):
    receive_import([b"Adresse;Type\na@b.fr;ORG"], "l.csv", operator=stage.operator, structure=structure, by=by)


def opening(kind: str, name: str):
    def do(structure: Structure, by, stage: Stage):
        facts = {"kind": kind, "address": f"nouvelle@{DOMAIN}", "purpose": "Avis urgents"}
        principal = getattr(stage.people, name)
        request_opening(structure=structure, operator=stage.operator, principal=principal, by=by, **facts)

    return do


def take_step(act: Act):
    return lambda row, by, stage: actions.step(row, act, by=by, answer="Dit au téléphone.")


def layout(structure: Structure, by, stage: Stage):
    facts = {"operator": stage.operator, "kind": RequestKind.OPEN, "subject": "Ouverture", "body": "{adresse}"}
    actions.write_layout(RequestLayout(structure=structure, **facts), by=by)


def share(structure: Structure, by, stage: Stage):
    owner = by if isinstance(by, get_user_model()) else get_user_model().objects.first()
    share_view(SavedView.objects.create(owner=owner, listing="bals", title="Pleines"), structure, by=by)


def launch(structure: Structure, by, stage: Stage):
    row = Campaign(kind=CampaignKind.CLEANUP, structure=structure, title="Point d’automne")
    launch_campaign(row, Bal.objects.all(), by=by, author=stage.people.gisele.user)


def extend(bal: Bal, by, stage: Stage):
    """What they lent themselves: nobody extends what another answers for."""
    under = stage.whose(by) or stage.people.alice
    soon = timezone.localdate() + timedelta(days=5)
    facts = {"person": stage.people.lea, "reason": "Secrétariat", "ends_on": soon}
    actions.extend_delegation(Delegataire.objects.create(bal=bal, under=under, **facts), None, by=by)


def reply(bal: Bal, by, stage: Stage):
    today = timezone.localdate()
    ask_reply(bal, text="Je suis en congé.", starts_on=today, ends_on=today, by=by)


def prepared(structure: Structure, by, stage: Stage):
    operator, _ = Operator.objects.get_or_create(code="nouveau", name="Nouveau")
    row = Migration(structure=structure, operator=operator, planned_on=timezone.localdate())
    bal = stage.bals["CAB"]
    prepare_migration(row, {bal.pk: bal.address}, by=by)


# --- The table of attempts --------------------------------------------------------------------------------------------
def as_it_is(stage: Stage, subject):
    return subject


@dataclass(frozen=True)
class Attempt:
    """`before` makes what is acted upon out of the subject; `do(it, by, stage)` must succeed for whoever may."""

    on: tuple[str, ...]
    do: Callable
    before: Callable = as_it_is
    page: Callable | None = None  # `page(it)`: the name and arguments of its address
    api: Callable | None = None  # `api(it)`: the same, of what is posted to, without anything said
    is_anywhere: bool = False  # its page is for whoever may this in any structure


def page(name: str, *more: str) -> Callable:
    return lambda it: (name, it.pk, *more)


def said() -> dict:
    """On somebody's word."""
    return {"told_on": timezone.localdate(), "told_how": "par téléphone", "reason": "Secrétariat"}


BOX, ALL, P, S = ("ORG", "PER"), ("ORG", "PER", "APP"), ("paul",), ("structure",)
SELF_LISTED = {"address": f"nouvelle@{DOMAIN}"}
_K, _G, _M = RequestKind, RequestStage, Movement.Kind


def of_verb(verb: Verb) -> Attempt:
    no_app = {Verb.ALERT_IDLE, Verb.CANCEL_DELETION, Verb.VERIFY_DEPUBLICATION, Verb.VERIFY_DELETION}
    return Attempt(
        BOX if verb in no_app else ALL,
        lambda bal, by, stage: actions.move(bal, verb, by=by, attested=True, note="Il le fallait."),
        answered(verb) if verb in REOPENS else in_state(verb),
        page("bal-verb", verb) if verb in EXPOSED and verb != Verb.REQUEST_DEPUBLICATION else None,
        page(f"api-bal-{verb.replace('_', '-')}") if verb in EXPOSED else None,
    )


def answered(verb: Verb):
    """The operator's answer was recorded."""

    def make(stage: Stage, bal: Bal) -> Bal:
        asked_of(REOPENS[verb], RequestStage.DONE)(stage, bal)
        return in_state(verb)(stage, bal)

    return make


def of_step(act: Act, stage_of: RequestStage, *on: str) -> Attempt:
    is_by_hand = act in BY_HAND
    api = page(f"api-request-{act.replace('_', '-')}") if is_by_hand else None
    name = page("request-step", act) if is_by_hand else None
    return Attempt(on or ("ORG", "structure"), take_step(act), asked_of(_K.PUBLISH, stage_of), name, api)


ATTEMPTS: dict[Verb | Act, list[Attempt]] = {verb: [of_verb(verb)] for verb in Verb} | {
    Act.REGISTER: [
        Attempt(
            S,
            lambda it, by, s: actions.register_bal(
                structure=it, operator=s.operator, kind="APP", address=f"n@{DOMAIN}", by=by
            ),
            page=lambda it: ("bal-new",),
            is_anywhere=True,
        )
    ],
    Act.REQUEST_OPENING: [
        Attempt(("PER to be",), opening("PER", "paul")),
        Attempt(("ORG to be",), opening("ORG", "alice")),
    ],
    Act.SET_NAMING: [Attempt(S, lambda it, by, s: set_naming(it, by=by, max_length=40), page=page("naming"))],
    Act.RECORD_PERSON: [
        Attempt(
            S,
            lambda it, by, s: actions.record_person(it, by=by, family_name="Nouveau", given_name="Nils"),
            page=lambda it: ("person-new",),
            is_anywhere=True,
        ),
        Attempt(
            BOX,
            lambda it, by, s: recorded(Person(rpps=UNKNOWN), it.structure, roles=it.roles_of(by), by=by),
            lambda s, it: practising(s, UNKNOWN) or it,
        ),
    ],
    Act.DESCRIBE: [
        Attempt(ALL, lambda it, by, s: actions.describe_bal(it, by=by, service="Accueil"), page=page("bal-edit"))
    ],
    Act.CORRECT: [
        Attempt(
            ALL,
            lambda it, by, s: actions.correct_bal(it, by=by, why="Coquille", address=f"juste@{DOMAIN}"),
            page=page("bal-correct"),
        )
    ],
    Act.CORRECT_PERSON: [
        Attempt(
            P,
            lambda it, by, s: actions.correct_person(it, by=by, why="Coquille", family_name="Juste"),
            page=page("person-correct"),
        )
    ],
    Act.ADD_COTITULAIRE: [
        Attempt(
            ("ORG",), lambda it, by, s: actions.add_cotitulaire(it, s.people.paul, by=by), page=page("bal-holder-add")
        )
    ],
    Act.REMOVE_COTITULAIRE: [
        Attempt(
            ("ORG",),
            lambda it, by, s: actions.remove_cotitulaire(it.bal, it.person, by=by),
            with_a_third,
            lambda it: ("bal-holder-remove", it.bal_id, it.person_id),
        )
    ],
    Act.TRANSFER_PRINCIPAL: [
        Attempt(
            ("ORG",),
            lambda it, by, s: actions.transfer_principal(it.bal, it.person, by=by),
            with_a_third,
            lambda it: ("bal-principal-transfer", it.bal_id, it.person_id),
        )
    ],
    Act.NAME_PRINCIPAL: [
        Attempt(
            ("orphan",),
            lambda it, by, s: actions.name_principal(it, s.people.bruno, by=by),
            page=page("bal-principal-name"),
        )
    ],
    Act.DELEGATE: [
        Attempt(
            BOX,
            lambda it, by, s: actions.delegate(it, s.people.lea, under=s.whose(by), reason="Secrétariat", by=by),
            page=page("bal-delegate"),
        )
    ],
    Act.END_DELEGATION: [
        Attempt(
            BOX,
            lambda it, by, s: actions.end_delegation(it, by=by),
            lambda s, it: it.delegataires.get(),
            page("delegation-end"),
        )
    ],
    **{
        act: [
            Attempt(
                BOX,
                lambda it, by, s, do=do: do(it, s.people.lea, under=it.principal(), by=by, **said()),
                page=page("bal-access"),
            )
        ]
        for act, do in (
            (Act.RECORD_ACCESS, actions.record_access),
            (Act.REQUEST_ACCESS, actions.request_access),
        )
    },
    Act.OBJECT_ACCESS: [
        Attempt(
            ("PER",),
            lambda it, by, s: actions.object_access(it, by=by),
            lambda s, it: actions.record_access(
                it, s.people.lea, under=s.people.paul, by=s.people.gisele.user, **said()
            ),
            lambda it: ("bal-access-object", it.bal_id, it.person_id),
        )
    ],
    Act.DECLARE_USE: [
        Attempt(
            BOX,
            lambda it, by, s: actions.declare_use(it, by=by),
            page=page("bal-declare-use"),
            api=page("api-bal-declare-use"),
        )
    ],
    Act.RECORD_USAGE: [Attempt(ALL, read)],
    Act.WARN_QUOTA: [Attempt(ALL, warn)],
    Act.ADOPT: [Attempt(S, lambda it, by, s: actions.adopt(it, by=by), gap("inconnue", **SELF_LISTED))],
    Act.ACCEPT_ANNUAIRE: [
        Attempt(S, lambda it, by, s: actions.accept_annuaire(it, by=by), gap("differe", service="Urgences"))
    ],
    Act.ASK_OPERATOR: [
        Attempt(ALL, lambda it, by, s: actions.open_request(it, _K.CHANGE, by=by, detail="2 Go")),
        Attempt(S, lambda it, by, s: actions.ask_operator(it, by=by), gap("inconnue", **SELF_LISTED)),
    ],
    Act.MARK_SENT: [of_step(Act.MARK_SENT, _G.DRAFT)],
    Act.RECORD_DONE: [of_step(Act.RECORD_DONE, _G.SENT)],
    Act.RECORD_REFUSAL: [of_step(Act.RECORD_REFUSAL, _G.SENT)],
    Act.VERIFY_REQUEST: [of_step(Act.VERIFY_REQUEST, _G.DONE)],
    Act.CANCEL_REQUEST: [of_step(Act.CANCEL_REQUEST, _G.SENT, *ALL, "structure")],
    Act.ASK_AGAIN: [of_step(Act.ASK_AGAIN, _G.REFUSED)],
    Act.REMIND_OPERATOR: [
        Attempt(
            ("ORG", "structure"),
            take_step(Act.REMIND_OPERATOR),
            lambda s, it: unreminded(asked_of(_K.PUBLISH, _G.SENT)(s, it)),
            page("request-step", Act.REMIND_OPERATOR),
            page("api-request-remind-operator"),
        )
    ],
    Act.ESCALATE_REQUEST: [of_step(Act.ESCALATE_REQUEST, _G.SENT)],
    Act.RECORD_STRUCTURE: [
        Attempt(
            S,
            lambda it, by, s: actions.record_structure(Structure(name="Un site", parent=it), by=by),
            page=lambda it: ("structure-new",),
            is_anywhere=True,
        )
    ],
    Act.DESCRIBE_STRUCTURE: [
        Attempt(S, lambda it, by, s: actions.describe_structure(it, by=by, town="Lyon"), page=page("structure-edit"))
    ],
    Act.NUMBER_STRUCTURE: [Attempt(S, lambda it, by, s: rules.check_number_structure(by=by))],
    Act.RECORD_OPERATOR: [
        Attempt(
            S,
            lambda it, by, s: actions.record_operator(Operator(code="autre", name="Autre"), by=by),
            page=lambda it: ("operator-new",),
        )
    ],
    Act.DESCRIBE_OPERATOR: [
        Attempt(
            S,
            lambda it, by, s: actions.describe_operator(it, by=by, answer_days=3),
            before=lambda s, it: s.operator,
            page=page("operator-edit"),
        )
    ],
    Act.CHOOSE_THRESHOLD: [
        Attempt(
            S,
            lambda it, by, s: actions.choose_threshold(BY_NAME["READING_FRESH_DAYS"], 40, by=by, why="Listes rares."),
            page=lambda it: ("threshold", "READING_FRESH_DAYS"),
            is_anywhere=True,
        )
    ],
    Act.IMPORT_ACCESSES: [Attempt(BOX, lambda it, by, s: rules.check_act(it, Act.IMPORT_ACCESSES, by=by))],
    Act.SET_ENGAGEMENT: [
        Attempt(
            S,
            lambda it, by, s: set_engagement(Engagement(structure=it), by=by, **ENGAGED),
            page=lambda it: ("engagement-new",),
            is_anywhere=True,
        )
    ],
    Act.CLOSE_ENGAGEMENT: [
        Attempt(S, lambda it, by, s: close_engagement(it, by=by), engaged, page("engagement-close"))
    ],
    # A sweep: that the automate alone may is asked in its name.
    Act.REMIND_ENGAGEMENT: [Attempt(S, lambda it, by, s: rules.check_may(Act.REMIND_ENGAGEMENT, structure=it, by=by))],
    Act.RATE_OPERATOR: [
        Attempt(
            S,
            lambda it, by, s: rate_operator(it, s.operator, {"price": {"mark": 3}}, by=by),
            page=lambda it: ("operator-rate", it.pk, Operator.objects.get().pk),
        )
    ],
    Act.PASS_STEP: [Attempt(S, lambda it, by, s: actions.pass_steps(["liste"], by=by))],
    Act.WRITE_LAYOUT: [Attempt(S, layout, page=lambda it: ("layout-new",), is_anywhere=True)],
    Act.ASK_PERSON: [Attempt(P, lambda it, by, s: actions.ask_person(it, by=by), listed_for)],
    Act.REMIND_PERSON: [Attempt(P, swept(actions.remind_people), asked_person)],
    Act.REMIND_IDLE: [Attempt(("ORG",), swept(actions.remind_idle_each, days=15), alerted)],
    Act.ESCALATE_IDLE: [Attempt(("ORG",), swept(actions.escalate_idle_each), unreached)],
    Act.FOLLOW: [Attempt(ALL, lambda it, by, s: follow(FINDINGS["nom"], [it.pk], say_done(), by=by))],
    Act.ASK_DELETION: [
        Attempt(BOX, lambda it, by, s: actions.ask_deletion(it, by=by), depublished, page("bal-ask-deletion"))
    ],
    Act.SHARE_VIEW: [Attempt(S, share)],
    Act.ASK_USE: [Attempt(BOX, lambda it, by, s: actions.ask_use(it, by=by), page=page("bal-ask-use"))],
    Act.REMIND_USE: [Attempt(BOX, swept(actions.remind_use_each), use_asked)],
    # What follows from a reading, by the automate alone: its action asks the rule in its name.
    Act.NOTE_USE: [Attempt(BOX, lambda it, by, s: rules.check_act(it, Act.NOTE_USE, by=by))],
    Act.GIVE_NOTICE: [
        Attempt(
            ("ORG", "paul"),
            lambda it, by, s: actions.give_notice(it, by=by, how="par téléphone", on=timezone.localdate()),
            stuck,
            page("notice-give"),
        )
    ],
    Act.RESEND_NOTICE: [
        Attempt(("ORG", "paul"), lambda it, by, s: actions.resend_notice(it, by=by), stuck, page("notice-resend"))
    ],
    Act.PREFER_CHANNEL: [
        Attempt(P, lambda it, by, s: actions.prefer_channel(it, by=by, channel="hand")),
    ],
    Act.ASK_CONTACT: [
        Attempt(P, lambda it, by, s: actions.ask_contact(it, by=by, channel="hand"), page=page("person-preferences")),
    ],
    Act.CONFIRM_CONTACT: [Attempt(P, lambda it, by, s: actions.confirm_contact(it, by=by), contact_asked)],
    Act.OBJECT_CONTACT: [Attempt(P, lambda it, by, s: actions.object_contact(it, by=by), contact_asked)],
    Act.APPLY_CONTACT: [Attempt(P, lambda it, by, s: actions.apply_contact(it, by=by), contact_due)],
    Act.ASK_JOINING: [Attempt(S, lambda it, by, s: actions.ask_joining(s.people.eve, it, by=by))],
    Act.ACCEPT_JOINING: [Attempt(P, lambda it, by, s: actions.accept_joining(it, by=by), joining_asked)],
    Act.REFUSE_JOINING: [Attempt(P, lambda it, by, s: actions.refuse_joining(it, by=by), joining_asked)],
    Act.EXPIRE_JOINING: [Attempt(P, lambda it, by, s: actions.expire_joining(it, by=by), joining_late)],
    Act.IGNORE_GAP: [
        Attempt(S, lambda it, by, s: actions.ignore_gap(it, by=by, reason="Connu"), gap("inconnue", **SELF_LISTED))
    ],
    Act.RESUME_GAP: [Attempt(S, lambda it, by, s: actions.resume_gap(it, by=by), set_aside("inconnue", **SELF_LISTED))],
    Act.NOTE_ANOMALY: [
        Attempt(ALL, lambda it, by, s: actions.note_anomaly(it, Anomaly.Kind.PASSWORD, by=by), page=page("bal-anomaly"))
    ],
    Act.RESOLVE_ANOMALY: [
        Attempt(ALL, lambda it, by, s: actions.resolve_anomaly(it, by=by), noted, page("anomaly-resolve"))
    ],
    Act.DESCRIBE_APPLICATIVE: [
        Attempt(
            ("APP",),
            lambda it, by, s: actions.describe_applicative(it, by=by, software="DPI"),
            page=page("bal-applicative"),
        )
    ],
    Act.WARN_CERTIFICATE: [Attempt(("APP",), lambda it, by, s: actions.warn_certificate(it, by=by), certified)],
    Act.WRITE_PROTOCOL: [
        Attempt(
            S,
            lambda it, by, s: write_protocol(it, {ProtocolText.Section.values[0]: "Nos mots"}, by=by),
            page=page("protocol-edit"),
        )
    ],
    Act.WRITE_WORDS: [
        Attempt(
            S,
            lambda it, by, s: actions.write_words(it, Verb.ALERT_IDLE, "Poste 4212.", by=by),
            page=lambda it: ("own-words", it.pk, Verb.ALERT_IDLE),
        )
    ],
    Act.ANSWER: [Attempt(P, lambda it, by, s: actions.answer(it, ELSEWHERE, "not_mine", by=by), listed_for)],
    Act.LAUNCH_CAMPAIGN: [Attempt(S, launch, page=lambda it: ("campaign-new",), is_anywhere=True)],
    Act.ASK_CAMPAIGN: [Attempt(S, lambda it, by, s: ask_campaign(it, by=by), campaign)],
    Act.REMIND_CAMPAIGN: [Attempt(S, lambda it, by, s: remind_campaign(it, by=by), campaign, page("campaign-remind"))],
    Act.ANSWER_CAMPAIGN: [
        Attempt(BOX, lambda it, by, s: answer_campaign(it, "used", by=by), question),
        Attempt(P, lambda it, by, s: answer_campaign(it, "declined", by=by), question_to_person),
    ],
    Act.CLOSE_CAMPAIGN: [Attempt(S, lambda it, by, s: close_campaign(it, by=by), campaign, page("campaign-close"))],
    Act.SET_RECURRENCE: [
        Attempt(S, lambda it, by, s: set_recurrence(it, by=by, every="year", next_on=soon()), page=page("recurrence"))
    ],
    Act.IMPORT_LIST: [Attempt(S, import_list, page=lambda it: ("import-new",), is_anywhere=True)],
    Act.UNDO_IMPORT: [Attempt(S, lambda it, by, s: undo_import(it, by=by), applied_import, page("import-undo"))],
    Act.TAKE_OVER: [
        Attempt(
            ("ORG",),
            lambda it, by, s: actions.take_over_delegation(it, by=by),
            lent_by_a_third,
            page("delegation-take-over"),
        )
    ],
    Act.ASK_EXTENSION: [
        Attempt(("ORG",), lambda it, by, s: actions.ask_extension(it, by=by), lent_until_soon, page("delegation-ask"))
    ],
    Act.EXTEND_DELEGATION: [
        Attempt(
            ("PER",),
            lambda it, by, s: actions.extend_delegation(it, None, by=by),
            lent_until_soon,
            page("delegation-extend"),
        ),
        Attempt(("ORG",), extend),
    ],
    Act.DESCRIBE_PERSON: [
        Attempt(
            P, lambda it, by, s: actions.describe_person(it, by=by, profession="Médecin"), page=page("person-edit")
        ),
        Attempt(P, lambda it, by, s: actions.describe_stay(it, by=by, function="Chef de service"), stay),
    ],
    Act.EXPORT_PERSON: [Attempt(P, lambda it, by, s: actions.note_export(it, by=by))],
    Act.OPEN_MOVEMENT: [
        Attempt(
            P,
            lambda it, by, s: actions.open_movement(it, _M.DEPARTURE, by=by, planned_on=timezone.localdate()),
            stay,
            page("movement-open", _M.DEPARTURE),
        )
    ],
    Act.SETTLE_STEP: [
        Attempt(
            P,
            lambda it, by, s: actions.settle_step(it, "information", "done", by=by),
            movement(),
            page("movement-step", "information"),
        )
    ],
    Act.REOPEN_STEP: [
        Attempt(
            P,
            lambda it, by, s: actions.reopen_step(it, "information", by=by),
            movement(settled=True),
            page("movement-step-reopen", "information"),
        )
    ],
    Act.CLOSE_MOVEMENT: [
        Attempt(P, lambda it, by, s: actions.close_movement(it, by=by), movement(settled=True), page("movement-close"))
    ],
    Act.CANCEL_MOVEMENT: [
        Attempt(P, lambda it, by, s: actions.cancel_movement(it, by=by), movement(), page("movement-cancel"))
    ],
    Act.REMIND_MOVEMENT: [Attempt(P, lambda it, by, s: actions.remind_movement(it, by=by), movement())],
    Act.ASK_HANDOVER: [
        Attempt(("alice",), lambda it, by, s: actions.ask_handover(it, by=by), stay, page("handover-ask"))
    ],
    Act.RECORD_DEPARTURE: [
        Attempt(
            P,
            lambda it, by, s: actions.record_departure(it, timezone.localdate(), by=by),
            stay,
            page("departure-record"),
        )
    ],
    Act.CANCEL_DEPARTURE: [
        Attempt(P, lambda it, by, s: actions.cancel_departure(it, by=by), leaving(20), page("departure-cancel"))
    ],
    Act.LEAVE: [Attempt(P, lambda it, by, s: actions.apply_departure(it, by=by), leaving(0))],
    Act.FORGET_PERSON: [Attempt(P, lambda it, by, s: forget_person(it, by=by), gone_long_ago)],
    # A sweep: that the automate alone may is asked in its name.
    Act.NOTE_SIGHTING: [Attempt(S, lambda it, by, s: rules.check_may(Act.NOTE_SIGHTING, structure=it, by=by))],
    Act.DISMISS_SIGHTING: [
        Attempt(
            S,
            lambda it, by, s: actions.dismiss_sighting(it, by=by, reason="Congé"),
            sighted,
            page("sighting-dismiss"),
        )
    ],
    Act.DECLARE_SOFTWARE: [
        Attempt(
            S,
            lambda it, by, s: declare_software(name="DPI", structures=[it], scopes=["read"], days=30, by=by),
            page=lambda it: ("software-new",),
            is_anywhere=True,
        )
    ],
    Act.ROTATE_KEY: [Attempt(S, lambda it, by, s: rotate_key(it, days=30, by=by), software_key, page("key-rotate"))],
    Act.REVOKE_KEY: [Attempt(S, lambda it, by, s: revoke_key(it, by=by), software_key, page("key-revoke"))],
    Act.ADD_WEBHOOK: [
        Attempt(S, lambda it, by, s: webhook_by(it, by), page=lambda it: ("webhook-new",), is_anywhere=True)
    ],
    Act.CHANGE_WEBHOOK: [
        Attempt(
            S,
            lambda it, by, s: change_webhook(it, url=it.url, events=["quota"], paused=False, by=by),
            webhook,
            page("webhook-edit"),
        )
    ],
    Act.PREFER: [
        Attempt(
            P,
            lambda it, by, s: actions.prefer(it, CHU, s.bals["PER"].address, by=by),
            lambda s, it: practising(s, it.rpps) or it,
        )
    ],
    Act.ASK_REPLY: [Attempt(BOX, reply, let_in, page("bal-reply"))],
    Act.END_REPLY: [
        Attempt(BOX, lambda it, by, s: end_reply(it, by=by), reply_asked, lambda it: ("bal-reply-end", it.bal_id))
    ],
    Act.NOTE_REPLY: [Attempt(BOX, lambda it, by, s: note_set(it, by=by), reply_asked)],
    Act.GIVE_SECRET: [
        Attempt(BOX, lambda it, by, s: give_secret(it, "un-secret", by=by), let_in_by_bal, page("bal-secret"))
    ],
    Act.ADD_ALIAS: [
        Attempt(BOX, lambda it, by, s: actions.add_alias(it, f"autre@{DOMAIN}", by=by), page=page("bal-alias"))
    ],
    Act.DROP_ALIAS: [Attempt(BOX, lambda it, by, s: actions.drop_alias(it, by=by), with_alias)],
    Act.MIGRATE: [Attempt(S, prepared, page=page("migration-new"))],
    Act.SWITCH_BAL: [Attempt(BOX, lambda it, by, s: check_switch(it, {}, by=by), migrating)],
    Act.LEAVE_MIGRATION: [Attempt(BOX, lambda it, by, s: leave_migration(it, why="Elle reste.", by=by), migrating)],
    Act.CLOSE_FORMER: [Attempt(BOX, lambda it, by, s: check_close_former(it, by=by), migrated)],
    Act.END_MIGRATION: [Attempt(BOX, lambda it, by, s: check_end(it, by=by), closing_former)],
    Act.MOVE_SERVICE: [
        Attempt(
            S,
            lambda it, by, s: move_service(it.parent, "Cardiologie", it, by=by, why="Regroupement"),
            site_below,
            lambda it: ("service-move", it.parent_id),
        )
    ],
    Act.MERGE_STRUCTURES: [
        Attempt(
            S,
            lambda it, by, s: merge_structures(it, it.parent, by=by, why="Regroupement"),
            site_below,
            lambda it: ("structure-merge", it.parent_id),
        )
    ],
    Act.CLOSE_STRUCTURE: [
        Attempt(S, lambda it, by, s: close_structure(it, by=by, why="Elle ferme"), site_below, page("structure-close"))
    ],
    Act.CHANGE_FINESS: [
        Attempt(
            S,
            lambda it, by, s: change_finess(it, "010000093", by=by, why="Nouvel arrêté"),
            page=page("structure-finess"),
        )
    ],
    Act.UNDO_MOVE: [
        Attempt(S, lambda it, by, s: undo_move(it, by=by, why="Erreur"), closed_by_mistake, page("place-move-undo"))
    ],
    Act.MAKE_KNOWN: [Attempt(BOX, lambda it, by, s: rules.check_make_known(it, by=by), page=page("bal-kit"))],
}


def soon():
    return timezone.localdate() + timedelta(days=30)


def unreminded(request):
    request.reminded_at = None
    request.save()
    return request


def webhook_by(structure: Structure, by):
    return add_webhook(structure=structure, url="https://dpi.exemple.fr/", events=["state"], by=by)
