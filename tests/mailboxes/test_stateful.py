"""Whatever anyone does in whatever order, the register stays true: hypothesis plays the cast, `held_true` looks."""

import logging
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from dateutil.relativedelta import relativedelta
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from mailboxes import actions, jobs
from mailboxes.lifecycle import ANSWERABLE, BY_VERB, EXPOSED, OVER, STEPS, Act, RequestKind, Verb
from mailboxes.models import SYSTEM, Bal, Claim, Delegataire, Notice, Person, Reading, Request, Signatory
from mailboxes.notices.telling import record_bounce
from mailboxes.openings.actions import request_opening
from mailboxes.rules import Refused
from tests.mailboxes.conftest import make_professional, record
from tests.mailboxes.stage import CAST, START, Mood, Stage

DOMAIN = "chu-exemple.mssante.fr"
JOBS = [
    "verify_absences", "verify_requests", "remind_operators", "alert_idle", "depublish_idle", "follow_alerts",
    "ask_unknown", "check_quotas", "end_delegations", "apply_departures", "settle_waiting", "tell_again",
]  # fmt: skip
NIGHT = [job for job in JOBS if job not in ("verify_absences", "verify_requests")]
BY_SYSTEM = [Verb.ACTIVATE, Verb.WAKE, Verb.VERIFY_DEPUBLICATION, Verb.CONFIRM_DELETION, Verb.VERIFY_DELETION]
PLAYED = {*EXPOSED, *BY_SYSTEM}
ORDER = list(Verb)
FORWARD = [
    Verb.ACTIVATE, Verb.CONFIRM_DELETION, Verb.VERIFY_DELETION, Verb.VERIFY_DEPUBLICATION, Verb.REQUEST_DEPUBLICATION,
    Verb.REQUEST_DELETION,
]  # fmt: skip
DAYS = [1, 4, 8, 23, 31, 62, 306, 366]

# "apt": someone whom the tables let do it on this BAL, if there is one; else few acts would be more than refused.
actors = st.sampled_from(["apt", "apt", "apt", "apt", "apt", "apt", *CAST])
nth = st.integers(0, 5)  # which of the rows, the newest first
sights = st.sampled_from(["gone", "gone", "there", "long ago"])  # what the annuaire shows of an address
people = st.integers(0, 22)
cast_people = st.sampled_from(CAST[:-1])


class Life(Stage):
    # --- The lifecycle ------------------------------------------------------------------------------------------------
    @rule(number=nth, verb=st.sampled_from(EXPOSED), who=actors, attested=st.booleans())
    def anyone_tries_any_verb(self, number, verb, who, attested):
        bal, self.before = self.bal(number), self.picture
        who = self.name(who, verb, bal)
        outcome = self.play(actions.move, bal, verb, by=self.by(who), attested=attested)
        assert attested or verb != Verb.REQUEST_DELETION or isinstance(outcome, Refused)
        self.check_by_table(verb, bal, who, outcome)

    @rule(number=nth, verb=st.sampled_from(BY_SYSTEM))
    def the_automate_tries_a_verb(self, number, verb):
        bal, self.before = self.bal(number), self.picture
        outcome = self.play(actions.move, bal, verb, by=SYSTEM)
        self.check_by_table(verb, bal, "system", outcome)

    @rule(number=nth, picks=st.lists(st.integers(0, 7), min_size=1, max_size=4), sight=sights)
    def those_who_may_take_it_on(self, number, picks, sight):
        """Without this, and the next, few examples would come as far as a deletion."""
        bal = self.bal(number)
        for pick in picks:
            self.take_on(bal, ORDER[pick:] + ORDER[:pick], sight, pick)

    @rule(number=nth, seen=st.lists(sights, min_size=1, max_size=6))
    def it_goes_towards_its_deletion(self, number, seen):
        bal = self.bal(number)
        for sight in seen:
            self.take_on(bal, FORWARD, sight, 0)
        bal.refresh_from_db()
        if bal.state in OVER:
            for verb in Verb:
                by = self.by(self.name("apt", verb, bal))
                assert isinstance(self.play(actions.move, bal, verb, by=by, attested=True), Refused), "came back"

    def take_on(self, bal, verbs, sight, turn):
        """The first of these verbs that the table has from where it is, by one of those who may."""
        bal.refresh_from_db()
        verb = next((verb for verb in verbs if verb in PLAYED and bal.state in BY_VERB[verb].before), None)
        if verb is None:
            return
        if verb in (Verb.VERIFY_DEPUBLICATION, Verb.VERIFY_DELETION):
            self.look_for(bal.address, sight)
        by = self.by(self.name("apt", verb, bal, turn=turn))
        if verb == Verb.REQUEST_DELETION:
            assert isinstance(self.play(actions.move, bal, verb, by=by), Refused), "deleted without an attestation"
        self.play(actions.move, bal, verb, by=by, attested=True)

    def look_for(self, address, sight):
        listed = self.annuaire.listed | {address} if sight == "there" else self.annuaire.listed - {address}
        self.annuaire.load(listed, self.now)
        if sight == "long ago":
            self.pass_time(days=5)

    @rule(number=nth, other=nth, who=actors)
    def anyone_asks_for_a_depublication(self, number, other, who):
        facts = {"replaced_by": self.bal(other).address, "auto_reply": "Écrivez ailleurs."}
        self.act(Verb.REQUEST_DEPUBLICATION, number, who, actions.request_depublication, **facts)

    @rule(kind=st.sampled_from(["PER", "ORG", "APP", "CAB"]), who=actors, holder=people, more=st.integers(0, 22))
    def anyone_asks_for_a_bal(self, kind, who, holder, more):
        facts = {"structure": self.cast["structure"], "operator": self.cast["operator"], "kind": kind}
        facts["address"] = f"bal{len(self.picture[Bal]) if len(self.picture[Bal]) < 9 else 8}@{DOMAIN}"
        others = [person for person in self.cast["people"][:more] if person != self.person(holder)]
        facts |= {"principal": None if kind == "APP" else self.person(holder), "by": self.by(self.name(who, "", None))}
        facts |= {"cotitulaires": others if kind in ("ORG", "CAB") else [], "purpose": "Avis urgents."}
        self.play(request_opening, **facts)

    @rule(number=nth, who=actors, liste_rouge=st.booleans(), quota_mb=st.sampled_from([100, 110, 200]))
    def anyone_describes(self, number, who, liste_rouge, quota_mb):
        facts = {"liste_rouge": liste_rouge, "quota_mb": quota_mb}
        self.act(Act.DESCRIBE, number, who, actions.describe_bal, **facts)

    # --- Who holds it -------------------------------------------------------------------------------------------------
    @rule(number=nth, who=actors, person=people)
    def anyone_adds_a_cotitulaire(self, number, who, person):
        self.act(Act.ADD_COTITULAIRE, number, who, actions.add_cotitulaire, self.person(person))

    @rule(number=nth, who=actors, count=st.integers(1, 22))
    def anyone_adds_many(self, number, who, count):
        bal = self.bal(number)
        by = self.by(self.name(who, Act.ADD_COTITULAIRE, bal))

        def add_each():
            for person in self.cast["people"][:count]:
                with suppress(Refused):
                    actions.add_cotitulaire(bal, person, by=by)

        self.play(add_each)

    @rule(number=nth, who=actors, person=people, whom=st.sampled_from(["principal", "holder", "anyone"]))
    def anyone_removes_a_cotitulaire(self, number, who, person, whom):
        held = self.picture.holders(self.bal(number).pk)
        chosen = sorted(one for one, is_principal in held.items() if is_principal or whom == "holder")
        one = self.person(person)
        if chosen and whom != "anyone":
            one = Person.objects.get(pk=chosen[person % len(chosen)])
        self.act(Act.REMOVE_COTITULAIRE, number, who, actions.remove_cotitulaire, one)

    @rule(number=nth, who=actors, person=people, hands_over=st.booleans())
    def anyone_makes_a_principal(self, number, who, person, hands_over):
        if hands_over:
            self.act(Act.TRANSFER_PRINCIPAL, number, who, actions.transfer_principal, self.person(person % 6))
        else:
            self.act(Act.NAME_PRINCIPAL, number, who, actions.name_principal, self.person(person))

    @rule(number=nth, who=actors, person=cast_people, under=st.integers(0, 2), days=st.sampled_from([None, -1, 0, 40]))
    def anyone_delegates(self, number, who, person, under, days):
        lent_to = self.cast[person]
        ends_on = None if days is None else timezone.localdate() + timedelta(days=days)
        facts = {"under": self.person(under), "reason": "Secrétariat", "ends_on": ends_on}
        who = CAST[under] if who == "apt" else who
        self.act(Act.DELEGATE, number, who, actions.delegate, lent_to, **facts)

    @rule(number=nth, who=actors)
    def anyone_ends_a_delegation(self, number, who):
        if delegation := self.newest(Delegataire, number):
            who = self.name(who, Act.END_DELEGATION, delegation.bal, turn=number)
            self.play(actions.end_delegation, delegation, by=self.by(who))

    @rule(person=cast_people, who=st.sampled_from(["gisele", *CAST]), days=st.sampled_from([None, 0, 0, 20]))
    def anyone_records_a_departure_or_cancels_it(self, person, who, days):
        stay = self.cast[person].affiliations.get()
        if days is None:
            self.play(actions.cancel_departure, stay, by=self.by(who))
        else:
            left_on = timezone.localdate() + timedelta(days=days)
            self.play(actions.record_departure, stay, left_on, by=self.by(who))

    # --- Its use ------------------------------------------------------------------------------------------------------
    @rule(number=nth, who=actors)
    def anyone_declares_a_use(self, number, who):
        self.act(Act.DECLARE_USE, number, who, actions.declare_use)

    @rule(
        number=nth, who=actors, ago=st.sampled_from([None, -1, 0, 20, 305, 400]),
        used_mb=st.sampled_from([None, 50, 74, 79, 80, 84, 86, 89, 90, 92, 95, 96, 120]),
    )  # fmt: skip
    def anyone_records_a_reading(self, number, who, ago, used_mb):
        last = None if ago is None else self.now - timedelta(days=ago)
        facts = {"at": self.now, "source": Reading.Source.IMPORT, "used_mb": used_mb, "last_used_at": last}
        self.act(Act.RECORD_USAGE, number, who, record, **facts)

    @rule(number=nth, fills=st.lists(st.sampled_from([50, 79, 80, 89, 90, 96]), min_size=6, max_size=9))
    def it_fills_and_empties(self, number, fills):
        for used_mb in fills:
            self.play(self.fill, self.bal(number), used_mb)

    def fill(self, bal, used_mb):
        record(bal, at=self.now, source=Reading.Source.PUSH, used_mb=used_mb, quota_mb=100, by=SYSTEM)
        jobs.run("check_quotas")

    # --- The operator -------------------------------------------------------------------------------------------------
    @rule(number=nth, act=st.sampled_from(sorted(STEPS)), who=actors, answer=st.sampled_from(["", "Dit au téléphone."]))
    def anyone_takes_a_step_of_a_request(self, number, act, who, answer):
        if request := self.newest(Request, number):
            self.play(actions.step, request, act, by=self.by(self.name(who, act, request.bal)), answer=answer)

    @rule(number=nth, act=st.sampled_from(sorted(STEPS)))
    def the_gestionnaire_takes_a_step_of_a_request(self, number, act):
        if request := self.newest(Request, number, stage__in=STEPS[act].before):
            self.play(actions.step, request, act, by=self.by("gisele"), answer="Dit au téléphone.")

    @rule(number=nth, who=actors, kind=st.sampled_from(RequestKind))
    def anyone_asks_the_operator(self, number, who, kind):
        self.act(Act.ASK_OPERATOR, number, who, actions.open_request, kind, detail="2 Go de plus")

    # --- The annuaire, the mails, the nights --------------------------------------------------------------------------
    @rule(shown=st.sets(st.integers(0, 8)), days_old=st.sampled_from([0, 0, 2, 5]))
    def the_annuaire_is_loaded(self, shown, days_old):
        pks = sorted(self.picture[Bal])
        listed = {self.picture[Bal][pks[one]]["address"] for one in shown if one < len(pks)}
        as_of = self.now - timedelta(days=days_old)
        if self.annuaire.as_of is None or as_of > self.annuaire.as_of:
            self.annuaire.load(listed, as_of)

    @rule(mood=st.sampled_from(["takes", "down", "refuses", "takes one in two"]))
    def the_mails_leave(self, mood):
        Mood.now = mood
        self.play(jobs.run, "tell_again")
        Mood.now = "takes"

    @rule(number=nth)
    def a_mail_comes_back(self, number):
        if notice := self.newest(Notice, number, sent_at__isnull=False):
            self.play(record_bounce, notice.pk, "550 5.1.1 unknown")

    @rule(number=nth, who=actors, again=st.booleans())
    def anyone_mends_a_notice(self, number, who, again):
        notice = self.newest(Notice, number)
        if notice is None:
            return
        who = "gisele" if who == "apt" else who
        if not again:
            facts = {"how": "par téléphone", "on": timezone.localdate()}
            self.play(actions.give_notice, notice, by=self.by(who), **facts)
        elif not isinstance(self.play(actions.resend_notice, notice, by=self.by(who)), Refused):
            self.resent[str(notice.pk)] += 1

    @rule(number=nth, is_theirs=st.booleans(), other=people, said=st.sampled_from([*Notice.Answer.values, "?"]))
    def a_notice_is_answered_by_its_link(self, number, is_theirs, other, said):
        """By whom it was sent to; or by another holder of the same BAL, who might do the same without the link."""
        facts = {"stage__in": ANSWERABLE} if other else {}
        if notice := self.newest(Notice, number, person__isnull=False, bal__isnull=False, **facts):
            others = sorted(self.picture.holders(notice.bal_id).keys() - {notice.person_id})
            who = notice.person_id if is_theirs or not others else others[other % len(others)]
            outcome = self.play(actions.answer_notice, notice, said, by=Signatory(Person.objects.get(pk=who)))
            assert who == notice.person_id or isinstance(outcome, Refused), "answered for another"

    @rule(number=nth, person=cast_people, said=st.sampled_from([*Claim.Answer.values, "?"]), who=st.sampled_from(CAST))
    def someone_says_whether_an_address_is_theirs(self, number, person, said, who):
        who = who if who == "eve" else person
        self.play(actions.answer, self.cast[person], self.bal(number).address, said, by=self.by(who))

    @rule(
        person=cast_people, who=st.sampled_from(CAST), channel=st.sampled_from(Person.Channel), has_mail=st.booleans()
    )
    def anyone_says_how_one_is_told(self, person, who, channel, has_mail):
        email = f"{person}.{channel}@exemple.invalid" if has_mail else ""
        say = actions.prefer_channel if who == person else actions.ask_contact
        self.play(say, self.cast[person], by=self.by(who), channel=channel, email=email)

    @rule(number=nth, who=actors)
    def anyone_asks_whether_it_serves(self, number, who):
        self.act(Act.ASK_USE, number, who, actions.ask_use)

    @rule(job=st.sampled_from(JOBS))
    def a_job_runs(self, job):
        if self.play(self.run, job):
            assert not self.play_now(self.run, job), f"{job} found more to do the second time"

    @rule(days=st.sampled_from(DAYS))
    def days_pass(self, days):
        self.pass_time(days=days)

    @rule(days=st.sampled_from(DAYS))
    def nights_pass(self, days):
        """All that runs by night, then what it wrote is mailed, then days pass."""
        self.play(self.run, *NIGHT)
        self.pass_time(days=days)

    @rule(weeks=st.sampled_from([14, 10, 5]), come_back=st.booleans())
    def weeks_pass(self, weeks, come_back):
        """Time for an alert to go by its stages; or for nothing, where each mail to a holder comes back."""
        for _ in range(weeks):
            self.play(self.run, *NIGHT)
            sent = Notice.objects.delivered().filter(person__isnull=False, sent_at=self.now)
            for pk in sent.values_list("pk", flat=True) if come_back else []:
                record_bounce(pk, "550 5.1.1 unknown")
            self.pass_time(days=7)


@pytest.fixture
def cast(people, structure, operator):
    """Those of the other tests, 20 professionals without an account, and BAL of each kind at various ages."""
    pros = [people.alice, people.bruno, people.paul, *(make_professional(number) for number in range(20))]
    facts = {"structure": structure, "operator": operator, "by": SYSTEM}
    register = partial(actions.register_bal, exists=True, **facts)
    per = register(kind="PER", address=f"paul.exemple@{DOMAIN}", principal=people.paul, quota_mb=100)
    org = register(kind="ORG", address=f"accueil@{DOMAIN}", principal=people.alice, quota_mb=100)
    cab = register(kind="CAB", address=f"cabinet@{DOMAIN}", principal=people.alice)
    for person in pros[1:18]:
        actions.add_cotitulaire(cab, person, by=SYSTEM)
    actions.add_cotitulaire(org, people.bruno, by=SYSTEM)
    actions.delegate(org, people.delphine, under=people.alice, reason="Secrétariat", by=people.alice.user)
    orphan = register(kind="ORG", address=f"orpheline@{DOMAIN}")
    actions.add_cotitulaire(orphan, people.bruno, by=SYSTEM)
    register(kind="APP", address=f"no_reply@{DOMAIN}")
    actions.register_bal(kind="PER", address=f"nouvelle@{DOMAIN}", principal=people.alice, **facts)
    idle = START - relativedelta(months=9)
    for bal in (per, org):
        record(bal, at=START, source=Reading.Source.IMPORT, last_used_at=idle, by=SYSTEM)
    return {**vars(people), "people": pros, "structure": structure, "operator": operator}


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    return time_machine


@pytest.fixture
def mailed(settings, caplog):
    caplog.set_level(logging.CRITICAL)  # what the jobs tell of thousands of nights would bury the example that fails
    settings.EMAIL_BACKEND = f"{Mood.__module__}.{Mood.__name__}"


@pytest.mark.postgresql_run  # long: once, on the database of production
def test_no_sequence_of_acts_by_anyone_makes_the_register_false(clock, cast, mailed):
    run_state_machine_as_test(lambda: Life(cast, clock), settings=how_long())


def how_long() -> settings:
    is_deep = settings.get_current_profile_name() == "deep"
    return settings(
        max_examples=60 if is_deep else 12,
        stateful_step_count=80 if is_deep else 35,
        suppress_health_check=list(HealthCheck),
    )
