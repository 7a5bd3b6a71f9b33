"""Every verb that someone hears of has its words, and there are no others."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import BY_VERB, TRANSITIONS, Act, Party, RequestKind, State, Verb
from mailboxes.models import Bal, Delegataire, JournalEntry, Notice
from mailboxes.models.journal import REASONED
from mailboxes.notices.telling import JOININGS
from mailboxes.notices.writing import gestionnaires_of, notices_for

FOLDER = Path(settings.BASE_DIR) / "templates" / "mailboxes" / "notices" / "texts"
OF_VERBS = {f"{line.verb}.txt" for line in TRANSITIONS if Party.HOLDERS in line.tells}
OF_VERBS |= {f"{line.verb}_gestionnaire.txt" for line in TRANSITIONS if Party.GESTIONNAIRES in line.tells}
OF_ACTS = {
    f"{Act.CORRECT}.txt",
    f"{Act.ADD_COTITULAIRE}.txt",
    f"{Act.REMOVE_COTITULAIRE}.txt",
    f"{Act.DELEGATE}.txt",
    f"{Act.RECORD_ACCESS}.txt",
    f"{Act.REQUEST_ACCESS}.txt",
    f"{Act.OBJECT_ACCESS}.txt",
    f"{Act.OBJECT_ACCESS}_gestionnaire.txt",
    f"{Act.CORRECT_PERSON}.txt",
    f"{Act.REQUEST_OPENING}.txt",
    f"{Act.REQUEST_OPENING}_gestionnaire.txt",
    f"{Act.END_DELEGATION}.txt",
    f"{Act.ASK_EXTENSION}.txt",
    f"{Act.EXTEND_DELEGATION}.txt",
    f"{Act.TAKE_OVER}.txt",
    f"{Act.NAME_PRINCIPAL}.txt",
    f"{Act.TRANSFER_PRINCIPAL}.txt",
    f"{Act.ASK_HANDOVER}.txt",
    f"{Act.CANCEL_MOVEMENT}.txt",
    f"{Act.REMIND_MOVEMENT}_gestionnaire.txt",
    f"{Act.WARN_QUOTA}.txt",
    f"{Act.ESCALATE_REQUEST}_gestionnaire.txt",
    f"{Act.WARN_QUOTA}_gestionnaire.txt",
    f"{Act.ASK_PERSON}.txt",
    f"{Act.NOTE_ANOMALY}.txt",
    f"{Act.WARN_CERTIFICATE}_gestionnaire.txt",
    f"{Act.REMIND_PERSON}.txt",
    f"{Act.REMIND_IDLE}.txt",
    f"{Act.ESCALATE_IDLE}_gestionnaire.txt",
    f"{Act.ASK_USE}.txt",
    f"{Act.MIGRATE}.txt",
    f"{Act.LEAVE_MIGRATION}.txt",
    f"{Act.SWITCH_BAL}.txt",
    f"{Act.NOTE_REPLY}.txt",
    f"{Act.REMIND_ENGAGEMENT}_gestionnaire.txt",
    f"{Act.ASK_DELETION}.txt",
    f"{Act.ASK_CAMPAIGN}.txt",
    f"{Act.REMIND_CAMPAIGN}.txt",
    f"{Act.REMIND_USE}.txt",
    f"{Act.NOTE_USE}.txt",
    f"{Act.NOTE_USE}_gestionnaire.txt",
    f"{Act.PREFER_CHANNEL}.txt",
    f"{Act.IMPORT_ACCESSES}.txt",
    f"{Act.ASK_CONTACT}.txt",
    f"{Act.OBJECT_CONTACT}_gestionnaire.txt",
    f"{Act.ASK_JOINING}.txt",
    *(f"{act}_gestionnaire.txt" for act in JOININGS),
}


def test_every_verb_has_its_words_and_no_words_are_left_over():
    assert {path.name for path in FOLDER.iterdir()} == OF_VERBS | OF_ACTS


def test_a_reason_ends_its_text_for_it_may_have_no_full_stop():
    for path in FOLDER.iterdir():
        told = path.read_text().rstrip().removesuffix("{% endif %}")
        if path.stem.removesuffix("_gestionnaire") in REASONED:
            assert "entry.note }}" not in told.removesuffix("{{ entry.note }}"), path.name


def test_who_is_lent_a_bal_reads_what_they_may_do_and_until_when(per, people):
    lent = actions.delegate(
        per, people.delphine, under=people.paul, reason="secrétariat", can_send=True, by=people.paul.user,
        ends_on=timezone.localdate() + timedelta(days=30),
    )  # fmt: skip
    text = Notice.objects.get(stage=Act.DELEGATE).text
    assert f"en {lent.rights}" in text
    assert f" au {lent.ends_on:%d/%m/%Y}" in text


def test_every_letter_to_an_operator_has_its_words_and_no_words_are_left_over():
    letters = {f"{kind}.txt" for kind in RequestKind} | {"alter.txt", "cancel.txt", "remind.txt"}
    assert {path.name for path in (FOLDER.parents[1] / "requests" / "letters").iterdir()} == letters


@pytest.mark.parametrize("verb", Verb)
def test_each_notice_names_the_bal_and_leaves_nothing_unsaid(verb, per, people):
    Delegataire.objects.create(bal=per, person=people.delphine, under=people.paul, reason="x")
    bal = Bal.objects.with_holders().get(pk=per.pk)
    entry = JournalEntry(bal=bal, what=verb, before=State.ACTIVE, after=State.ACTIVE, note="Motif donné.")
    accounts = gestionnaires_of([bal])
    notices = notices_for(entry, bal, stage=verb, cycle="1", parties=BY_VERB[verb].tells, accounts=accounts)
    assert {notice.party for notice in notices} == BY_VERB[verb].tells
    for notice in notices:
        assert bal.address in notice.text
        assert "{" not in notice.text


def test_two_recipients_have_two_keys(org):
    bal = Bal.objects.with_holders().get(pk=org.pk)
    entry = JournalEntry(bal=bal, what=Verb.ACTIVATE)
    notices = notices_for(entry, bal, stage=Verb.ACTIVATE, cycle="1", parties=BY_VERB[Verb.ACTIVATE].tells)
    assert len({notice.key for notice in notices}) == len(notices) == 2
