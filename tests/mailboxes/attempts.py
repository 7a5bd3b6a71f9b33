"""How each line of the tables is attempted by someone: what stands before, the call with valid arguments, the page.

A new verb has its attempt already; a new act needs one line in `ATTEMPTS`, or `test_matrix` fails.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import time_machine
from django.test import Client
from django.utils import timezone

from directory.models import Activity, Entry, SyncRun
from mailboxes import actions, rules
from mailboxes.actions.people import recorded
from mailboxes.actions.requests import ask
from mailboxes.campaigns.actions import answer_campaign, ask_campaign, close_campaign, launch_campaign, remind_campaign
from mailboxes.campaigns.models import Campaign
from mailboxes.gaps import Gaps
from mailboxes.imports.actions import receive_import, undo_import
from mailboxes.imports.models import Import, ImportLine
from mailboxes.lifecycle import (
    BY_HAND,
    BY_VERB,
    EXPOSED,
    Act,
    CampaignKind,
    RequestKind,
    RequestStage,
    Role,
    State,
    Verb,
)
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Anomaly,
    Bal,
    ContactChange,
    Cotitulaire,
    Delegataire,
    Joining,
    JournalEntry,
    Membership,
    Movement,
    Notice,
    Operator,
    Person,
    Reading,
    RequestLayout,
    Step,
    Structure,
)
from mailboxes.models.checklists import STEPS
from mailboxes.openings.actions import request_opening, set_naming
from mailboxes.protocol.actions import write_protocol
from mailboxes.protocol.models import ProtocolText
from mailboxes.software.actions import add_webhook, change_webhook, declare_software, revoke_key, rotate_key
from mailboxes.software.models import Software
from tests.mailboxes.conftest import make_people, make_professional

CHU, DOMAIN, ELSEWHERE, UNKNOWN = "010000002", "chu-exemple.mssante.fr", "paul@ailleurs.mssante.fr", "10000000090"
_R = Role
BOTH = {_R.PRINCIPAL, _R.COTITULAIRE}
HERE = {"gisele": {_R.GESTIONNAIRE}, "lea": set(), "eve": set(), "system": {_R.SYSTEM}}
BOXES = {"robot": {_R.LOGICIEL}, "stray": set()}  # the software of the structure, and that of the other one

# Whoever acts, by what is acted upon, and the roles that they have there: said here anew, not asked of the product.
CAST: dict[str, dict[str, set[Role]]] = {
    "ORG": {"alice": BOTH, "bruno": {_R.COTITULAIRE}, "delphine": {_R.DELEGATAIRE}, "paul": set(), **HERE, **BOXES},
    "PER": {"paul": {_R.TITULAIRE}, "delphine": {_R.DELEGATAIRE}, "alice": set(), **HERE, **BOXES},
    "APP": {**HERE, "gisele": {_R.GESTIONNAIRE, _R.RESPONSABLE}, "alice": set(), **BOXES},
    "orphan": {"alice": {_R.COTITULAIRE}, "bruno": {_R.COTITULAIRE}, **HERE},
    "PER to be": {"paul": {_R.TITULAIRE}, "alice": set(), **HERE},
    "ORG to be": {"alice": BOTH, "bruno": set(), **HERE},
    "structure": {"alice": set(), "robot": set(), **HERE},
    "paul": {"paul": {_R.TITULAIRE}, "alice": set(), "robot": set(), **HERE},
    "alice": {"alice": {_R.TITULAIRE}, "paul": set(), "robot": set(), **HERE},
}


# --- The stage --------------------------------------------------------------------------------------------------------
@dataclass
class Stage:
    """Two structures, their people, a BAL of each kind; an annuaire of today that lists none of them."""

    structure: Structure
    operator: Operator
    people: SimpleNamespace
    bals: dict[str, Bal]
    users: dict[str, Any] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)

    def by(self, name: str):
        return SYSTEM if name == "system" else self.users[name]

    def whose(self, by) -> Person:
        return next((person for person in vars(self.people).values() if person.is_actor(by)), self.people.alice)

    def subject(self, on: str):
        if on == "orphan":
            self.bals["ORG"].cotitulaires.update(is_principal=False)
        bal = self.bals.get("ORG" if on == "orphan" else on)
        return bal or getattr(self.people, on, self.structure)


def set_stage() -> Stage:
    parent = Structure.objects.create(name="Fondation", kind=Structure.Kind.ORGANISME, finess_ej="010000001")
    here = Structure.objects.create(name="CHU", kind=Structure.Kind.HOSPITAL, parent=parent, finess_et=CHU)
    there = Structure.objects.create(name="Clinique voisine", finess_et="020000001")
    operator = Operator.objects.create(code="regional", name="Régional", request_email="demandes@op.invalid")
    operator.domains.create(name=DOMAIN)
    whose = dict.fromkeys(["alice", "bruno", "delphine", "paul", "gisele", "lea"], here) | {"eve": there}
    people = SimpleNamespace(**dict(zip(whose, make_people(whose), strict=True)))
    for name, role in {"gisele": "gestionnaire", "lea": "reader", "eve": "gestionnaire"}.items():
        Membership.objects.create(user=getattr(people, name).user, structure=whose[name], role=role)
    facts = {"structure": here, "operator": operator, "state": State.ACTIVE}
    kinds = Bal.Kind.values
    bals = {kind: Bal.objects.create(kind=kind, address=f"{kind.lower()}@{DOMAIN}", **facts) for kind in kinds}
    for kind, person, is_principal in [
        ("ORG", people.alice, True), ("ORG", people.bruno, False), ("PER", people.paul, True),
    ]:  # fmt: skip
        Cotitulaire.objects.create(bal=bals[kind], person=person, is_principal=is_principal)
    for kind, under in {"ORG": people.alice, "PER": people.paul}.items():
        Delegataire.objects.create(bal=bals[kind], person=people.delphine, under=under, reason="Secrétariat")
    SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now() + timedelta(hours=1))
    users = {name: person.user for name, person in vars(people).items()}
    for name, structure, manager in [("robot", here, people.gisele), ("stray", there, people.eve)]:
        keyed = {"name": name, "structures": [structure], "scopes": ["usage"], "days": 30}
        users[name] = declare_software(by=manager.user, **keyed)[0].user
    return Stage(here, operator, people, bals, users)


# --- What stands before -----------------------------------------------------------------------------------------------
def contact_asked(stage: Stage, person: Person) -> ContactChange:
    given = {"channel": "email", "email": "nouvelle@exemple.invalid"}
    return actions.ask_contact(person, by=stage.people.gisele.user, **given)


def contact_due(stage: Stage, person: Person) -> ContactChange:
    change = contact_asked(stage, person)
    ContactChange.objects.update(due_at=timezone.now())
    return change


def joining_asked(stage: Stage, person: Person) -> Joining:
    """By the structure of eve, where nobody of the other may answer."""
    there = stage.people.eve.affiliations.get().structure
    return actions.ask_joining(person, there, by=stage.people.eve.user)


def joining_late(stage: Stage, person: Person) -> Joining:
    joining = joining_asked(stage, person)
    Joining.objects.update(expires_at=timezone.now())
    return joining


def listed(stage: Stage, address: str, kind="PER", **facts) -> None:
    now = timezone.now()
    facts |= {"digest": address[:32], "first_seen_at": now, "changed_at": now}
    if facts.get("person_id"):
        facts["person_id_type"] = "8"
    Entry.objects.create(source="extraction", address=address, kind=kind, **facts)


def practising(stage: Stage, rpps: str) -> None:
    now = timezone.now()
    Activity.objects.create(
        source="activities", national_id=f"8{rpps}", ordinal=1, finess_site=CHU, structure_name="CHU",
        family_name="NOUVEAU", given_name="Nils", first_seen_at=now, changed_at=now,
    )  # fmt: skip


def days_ago(days: int):
    return timezone.now() - timedelta(days=days)


def in_state(verb: Verb):
    """From where the table lets it start: of a deletion, from where the BAL is no longer published."""

    def make(stage: Stage, bal: Bal) -> Bal:
        state = sorted(BY_VERB[verb].before)[0]
        if verb == Verb.REQUEST_DELETION and bal.kind != "APP":
            state = State.DEPUBLISHED
        Bal.objects.filter(pk=bal.pk).update(state=state, clock_at=timezone.now())
        return bal

    return make


def unreached(stage: Stage, bal: Bal) -> Bal:
    """Alerted so long ago that its reminder is due; nobody was told."""
    since = days_ago(50)
    Bal.objects.filter(pk=bal.pk).update(state=State.IDLE_ALERTED, state_since=since, clock_at=days_ago(355))
    JournalEntry.objects.create(bal=bal, what=Verb.ALERT_IDLE, at=since)
    return bal


def alerted(stage: Stage, bal: Bal) -> Bal:
    """And delivered; so far without an answer."""
    entry = unreached(stage, bal).journal.latest("pk")
    facts = {"entry": entry, "bal": bal, "party": "holders", "stage": Verb.ALERT_IDLE, "sent_at": days_ago(49)}
    Notice.objects.create(person=stage.people.alice, key=f"alert-{bal.pk}", created_at=entry.at, **facts)
    return bal


def asked_of(kind: RequestKind, stage_of: RequestStage):
    """A request of this kind that the operator was sent long ago, and its BAL in the annuaire."""

    def make(stage: Stage, subject):
        listed(stage, getattr(subject, "address", ELSEWHERE), "ORG")
        by = stage.people.gisele.user
        about: dict = {"bal": subject}
        if not isinstance(subject, Bal):
            about = {"structure": subject, "operator": stage.operator, "address": ELSEWHERE}
        request = ask(kind, by=by, detail="2 Go de plus", **about)
        past = timezone.localdate() - timedelta(days=20)
        request.stage, request.due_on, request.reminded_at = stage_of, past, days_ago(9)
        request.save()
        return request

    return make


def with_a_third(stage: Stage, bal: Bal) -> Cotitulaire:
    return Cotitulaire.objects.create(bal=bal, person=make_professional(1))


def lent_by_a_third(stage: Stage, bal: Bal) -> Delegataire:
    under = with_a_third(stage, bal).person
    return Delegataire.objects.create(bal=bal, person=stage.people.lea, under=under, reason="Secrétariat")


def gap(situation: str, *, address: str = "", **facts):
    def make(stage: Stage, structure: Structure):
        Bal.objects.filter(kind="ORG").update(service="Cardiologie")
        listed(stage, address or stage.bals["ORG"].address, "ORG", structure_id=CHU, **facts)
        return next(iter(Gaps(Structure.objects.filter(pk=structure.pk)).narrowed(situation=situation)))

    return make


def asked_person(stage: Stage, person: Person) -> Person:
    listed(stage, ELSEWHERE, person_id=person.rpps)
    actions.ask_person(person, by=SYSTEM)
    person.claims.update(asked_at=days_ago(20))
    return person


def listed_for(stage: Stage, person: Person) -> Person:
    listed(stage, ELSEWHERE, person_id=person.rpps)
    return person


def use_asked(stage: Stage, bal: Bal) -> Bal:
    with time_machine.travel(days_ago(20), tick=False):
        actions.ask_use(bal, by=SYSTEM)
    return bal


def stuck(stage: Stage, subject) -> Notice:
    """A notice that did not reach them."""
    if isinstance(subject, Bal):
        actions.note_anomaly(subject, Anomaly.Kind.PASSWORD, by=stage.people.gisele.user)
    else:
        asked_person(stage, subject)
    Notice.objects.update(attempts=1, created_at=days_ago(1))
    return Notice.objects.exclude(address="").latest("pk")


def noted(stage: Stage, bal: Bal) -> Anomaly:
    return Anomaly.objects.create(bal=bal, kind=Anomaly.Kind.PASSWORD, noted_on=timezone.localdate())


def certified(stage: Stage, bal: Bal):
    ends = timezone.localdate() + timedelta(days=5)
    return actions.describe_applicative(bal, by=stage.people.gisele.user, software="DPI", certificate_expires_on=ends)


def campaign(stage: Stage, subject) -> Campaign:
    """Launched two days ago, its people told."""
    structure = subject if isinstance(subject, Structure) else stage.structure
    row = Campaign(kind=CampaignKind.CLEANUP, structure=structure, title="Point d’automne")
    launch_campaign(row, Bal.objects.all(), by=stage.people.gisele.user)
    Notice.objects.update(sent_at=timezone.now())
    Campaign.objects.update(launched_at=days_ago(2))
    return Campaign.objects.get(pk=row.pk)


def question(stage: Stage, bal: Bal):
    return campaign(stage, bal).targets.get(bal=bal)


def question_to_person(stage: Stage, person: Person):
    practising(stage, person.rpps)
    row = Campaign(kind=CampaignKind.PREFERRED, structure=stage.structure, title="Privilégiées")
    row.launched_at = timezone.now()
    row.by = stage.people.gisele.user
    row.save()
    return row.targets.create(person=person, told=1)


def applied_import(stage: Stage, structure: Structure) -> Import:
    run = Import.objects.create(structure=structure, operator=stage.operator, file_name="x", stage=Import.Stage.APPLIED)
    ImportLine.objects.create(run=run, number=1, outcome=ImportLine.Outcome.CREATED, mark=1)
    return run


def stay(stage: Stage, person: Person) -> Affiliation:
    return person.affiliations.get()


def leaving(days: int):
    def make(stage: Stage, person: Person) -> Affiliation:
        left_on = timezone.localdate() + timedelta(days=days)
        person.affiliations.update(left_on=left_on)
        return stay(stage, person)

    return make


def movement(*, settled: bool = False):
    def make(stage: Stage, person: Person) -> Movement:
        facts = {"kind": Movement.Kind.ARRIVAL, "planned_on": timezone.localdate()}
        row = actions.open_movement(stay(stage, person), by=SYSTEM, **facts)
        for task in STEPS if settled else ():
            if task.kind == row.kind:
                Step.objects.create(movement=row, name=task.name, outcome=Step.State.DONE)
        return row

    return make


def software_key(stage: Stage, structure: Structure):
    return Software.objects.get(user=stage.users["robot"]).keys.get()


def webhook(stage: Stage, structure: Structure):
    facts = {"url": "https://dpi.exemple.fr/", "events": ["state"]}
    return add_webhook(structure=structure, by=stage.people.gisele.user, **facts)


# --- What is called ---------------------------------------------------------------------------------------------------
def read(bal: Bal, by, stage: Stage):
    pushed = actions.Pushed(bal.address, timezone.now(), used_mb=5)
    verdict = actions.record_readings([pushed], source=Reading.Source.PUSH, by=by)[0]
    if verdict.code == "unknown":
        raise rules.NotAllowed("not even that it exists is told", "role")
    if verdict.refused:
        raise verdict.refused


def warn(bal: Bal, by, stage: Stage):
    """A sweep: it counts what is refused, and goes on."""
    rules.check_act(bal, Act.WARN_QUOTA, by=by)
    actions.update_quota_warnings(Bal.objects.filter(pk=bal.pk), by=by)


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


def launch(structure: Structure, by, stage: Stage):
    row = Campaign(kind=CampaignKind.CLEANUP, structure=structure, title="Point d’automne")
    launch_campaign(row, Bal.objects.all(), by=by)


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


BOX, ALL, P, S = ("ORG", "PER"), ("ORG", "PER", "APP"), ("paul",), ("structure",)
SELF_LISTED = {"address": f"nouvelle@{DOMAIN}"}
_K, _G, _M = RequestKind, RequestStage, Movement.Kind


def of_verb(verb: Verb) -> Attempt:
    no_app = {Verb.ALERT_IDLE, Verb.CANCEL_DELETION, Verb.VERIFY_DEPUBLICATION, Verb.VERIFY_DELETION}
    return Attempt(
        BOX if verb in no_app else ALL,
        lambda bal, by, stage: actions.move(bal, verb, by=by, attested=True),
        in_state(verb),
        page("bal-verb", verb) if verb in EXPOSED and verb != Verb.REQUEST_DEPUBLICATION else None,
        page(f"api-bal-{verb.replace('_', '-')}") if verb in EXPOSED else None,
    )


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
    Act.WRITE_LAYOUT: [Attempt(S, layout, page=lambda it: ("layout-new",), is_anywhere=True)],
    Act.ASK_PERSON: [Attempt(P, lambda it, by, s: actions.ask_person(it, by=by), listed_for)],
    Act.REMIND_PERSON: [Attempt(P, lambda it, by, s: actions.remind_person(it, by=by), asked_person)],
    Act.REMIND_IDLE: [Attempt(("ORG",), lambda it, by, s: actions.remind_idle(it, 15, by=by), alerted)],
    Act.ESCALATE_IDLE: [Attempt(("ORG",), lambda it, by, s: actions.escalate_idle(it, by=by), unreached)],
    Act.ASK_USE: [Attempt(BOX, lambda it, by, s: actions.ask_use(it, by=by), page=page("bal-ask-use"))],
    Act.REMIND_USE: [Attempt(BOX, lambda it, by, s: actions.remind_use(it, by=by), use_asked)],
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
    Act.ANSWER: [Attempt(P, lambda it, by, s: actions.answer(it, ELSEWHERE, "not_mine", by=by), listed_for)],
    Act.LAUNCH_CAMPAIGN: [Attempt(S, launch, page=lambda it: ("campaign-new",), is_anywhere=True)],
    Act.ASK_CAMPAIGN: [Attempt(S, lambda it, by, s: ask_campaign(it, by=by), campaign)],
    Act.REMIND_CAMPAIGN: [Attempt(S, lambda it, by, s: remind_campaign(it, by=by), campaign, page("campaign-remind"))],
    Act.ANSWER_CAMPAIGN: [
        Attempt(BOX, lambda it, by, s: answer_campaign(it, "used", by=by), question),
        Attempt(P, lambda it, by, s: answer_campaign(it, "declined", by=by), question_to_person),
    ],
    Act.CLOSE_CAMPAIGN: [Attempt(S, lambda it, by, s: close_campaign(it, by=by), campaign, page("campaign-close"))],
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
    Act.MAKE_KNOWN: [Attempt(BOX, lambda it, by, s: rules.check_make_known(it, by=by), page=page("bal-kit"))],
}


def unreminded(request):
    request.reminded_at = None
    request.save()
    return request


def webhook_by(structure: Structure, by):
    return add_webhook(structure=structure, url="https://dpi.exemple.fr/", events=["state"], by=by)
