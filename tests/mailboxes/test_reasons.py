"""“Motif” stands before what somebody gave as a reason, and before no other note of the journal."""

import pytest

from mailboxes import actions
from mailboxes.actions.notices import answer_notice
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import JournalEntry, Notice, Signatory
from mailboxes.models.journal import LABELS, REASONED
from mailboxes.software.actions import declare_software

pytestmark = pytest.mark.sqlite_run


def last(what) -> JournalEntry:
    return JournalEntry.objects.filter(what=what).latest("pk")


def test_a_reason_is_said_to_be_one(visit, per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user, note="Doublon.")
    assert last(Verb.REQUEST_DEPUBLICATION).says_why
    assert "Motif\xa0: Doublon." in visit(people.paul, "bal", per.pk).text
    assert "Motif\xa0: Doublon." in visit(people.gisele, "bal-journal", per.pk).text


def test_what_is_attested_is_none(app, people):
    actions.move(app, Verb.REQUEST_DELETION, by=people.gisele.user, attested=True, note="Doublon.")
    assert not last(Verb.REQUEST_DELETION).says_why


def test_nor_is_what_a_key_may_do(people, structure):
    declare_software(name="DPI", structures=[structure], scopes=["read"], days=30, by=people.gisele.user)
    line = last(Act.DECLARE_SOFTWARE)
    assert line.note
    assert not line.says_why


def test_nor_by_which_way_an_answer_came(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.gisele.user, note="Doublon.")
    notice = Notice.objects.filter(bal=per, person=people.paul).latest("pk")
    answer_notice(notice, Notice.Answer.KEPT, by=Signatory(people.paul))
    line = last(Verb.OPPOSE)
    assert line.note.startswith("Répondu par le lien")
    assert not line.says_why


def test_nor_what_the_application_did_of_itself(org, people):
    line = JournalEntry(bal=org, what=Act.END_DELEGATION, note="Alice n’est plus cotitulaire.", by=None)
    assert not line.says_why
    line.by = people.gisele.user
    assert line.says_why


def test_only_acts_of_the_journal_are_named():
    assert set(LABELS) >= REASONED


def test_a_line_about_an_address_that_the_register_does_not_hold_names_it(visit, structure, people):
    address = "ancienne@chu-exemple.mssante.fr"
    JournalEntry.objects.create(structure=structure, address=address, what=Act.REMIND_OPERATOR)
    assert f'<span class="address">{address}</span>' in visit(people.gisele, "activity").text
