"""The protocol of use: drawn from the register, of a structure and those below it, beside the structure's own words."""

import io

import pytest
from django.urls import reverse
from pypdf import PdfReader

from mailboxes import actions
from mailboxes.lifecycle import Act, State
from mailboxes.models import Anomaly, ApplicativeFacts, JournalEntry, Operator
from mailboxes.protocol.actions import write_protocol
from mailboxes.protocol.document import parts_of
from mailboxes.protocol.models import ProtocolText
from mailboxes.rules import NotAllowed

pytestmark = pytest.mark.django_db
Section = ProtocolText.Section


def part(structure, section):
    return next(part for part in parts_of(structure) if part.section == section)


def test_it_has_each_part_once_in_their_order(structure):
    assert [part.section for part in parts_of(structure)] == list(Section)


def test_a_foundation_counts_the_structures_below_and_one_is_no_plural(structure, org, per, app, make_bal, people):
    make_bal("PER", people.alice)
    make_bal("PER", people.bruno, state=State.DELETED)
    said = "2\u00a0BAL nominatives, 1\u00a0organisationnelle, 0 de cabinet et 1\u00a0applicative."
    assert f"La structure a {said}" in part(structure, Section.PEOPLE).sentences
    above = part(structure.parent, Section.PEOPLE)
    assert f"La structure et 1\u00a0autre au-dessous ont {said}" in above.sentences
    assert [row[0] for row in above.rows] == [org.address]
    assert above.rows[0][2:] == [str(people.alice), "", 2, 1]


def test_what_stands_elsewhere_is_in_no_part(other_structure, org, app, operator):
    ApplicativeFacts.objects.create(bal=app, software="DPI Secret", answers=org)
    for one in (org.address, app.address, operator.name, "DPI Secret"):
        assert one not in str(parts_of(other_structure))


def test_the_parts_say_what_the_register_holds(structure, org, app, operator, people):
    ApplicativeFacts.objects.create(bal=app, software="DPI Orbis", answers=org)
    Anomaly.objects.create(bal=org, kind=Anomaly.Kind.PASSWORD, noted_on="2026-11-01")
    Operator.objects.create(code="autre", name="Opérateur sans BAL", request_email="a@autre.invalid")
    for place in (structure, structure.parent):
        assert part(place, Section.ACCESS).rows == [[app.address, "DPI Orbis", "", org.address]]
        assert part(place, Section.NAMES).rows == [["chu-exemple.mssante.fr", operator.name]]
        assert part(place, Section.IDLE).rows == [[operator.name, "10 mois", "12 mois", "non", "non"]]
        assert part(place, Section.CONTACTS).rows == [[operator.name, operator.request_email]]
        assert 1 in [row[1] for row in part(place, Section.FORBIDDEN).rows]
    assert "Gestionnaires MSSanté : Gisele." in str(part(structure, Section.PEOPLE).sentences)
    assert "aucun compte" in str(part(structure.parent, Section.PEOPLE).sentences)


def test_own_words_stand_beside_ours_and_the_journal_keeps_the_former(structure, people):
    gisele = people.gisele.user
    assert write_protocol(structure, {Section.CONTACTS: " Poste 4212. ", Section.SPACE: ""}, by=gisele) == ["contacts"]
    assert write_protocol(structure, {Section.CONTACTS: "Poste 4212."}, by=gisele) == [], "nothing changed"
    assert write_protocol(structure, {Section.CONTACTS: "Poste 4213."}, by=gisele) == ["contacts"]
    assert part(structure, Section.CONTACTS).own == "Poste 4213."
    line = JournalEntry.objects.filter(what=Act.WRITE_PROTOCOL).latest("pk")
    assert (line.before, line.after, line.note) == ("Poste 4212.", "Poste 4213.", "À qui s’adresser")
    with pytest.raises(NotAllowed):
        write_protocol(structure, {Section.CONTACTS: "Moi."}, by=people.lea.user)


def test_of_long_words_the_journal_keeps_all_and_says_where_it_cuts(structure, people):
    first, second = ("La salle des actes. " * 200).strip(), ("Le poste de garde. " * 200).strip()
    for words in (first, second):
        write_protocol(structure, {Section.CONTACTS: words}, by=people.gisele.user)
    line = JournalEntry.objects.filter(what=Act.WRITE_PROTOCOL).latest("pk")
    assert (line.before, line.after) == (f"{first[:299]}…", f"{second[:299]}…")
    assert line.note == f"À qui s’adresser\nAvant, en entier : {first}\nAprès, en entier : {second}"


def test_the_page_of_a_journal_shows_what_it_could_not_show_before_and_after(client, org, people):
    words = ("Les demandes d’avis du poste. " * 20).strip()
    actions.describe_bal(org, by=people.gisele.user, purpose=words)
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-journal", args=[org.pk])).content.decode()
    assert f"<div>Après, en entier\u00a0: usage\u00a0: {words}</div>" in page


def test_the_page_and_its_document_say_the_same(client, structure, org, people):
    write_protocol(structure, {Section.CONTACTS: "Poste 4212."}, by=people.gisele.user)
    client.force_login(people.lea.user)
    text = client.get(reverse("protocol", args=[structure.pk])).text
    assert reverse("protocol-edit", args=[structure.pk]) not in text, "a reader writes nothing"
    pdf = client.get(reverse("protocol-pdf", args=[structure.pk])).content
    printed = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    for said in (org.address, "Poste 4212.", "Retirer une BAL, dans l’ordre", str(people.alice)):
        assert said in text
        assert "".join(said.split()) in "".join(printed.split()), "cells cut their words"
    client.force_login(people.eve.user)
    for name in ("protocol", "protocol-pdf", "protocol-edit"):
        assert client.get(reverse(name, args=[structure.pk])).status_code == 404


def test_the_form_writes_and_shows_what_was_written(client, structure, people):
    client.force_login(people.gisele.user)
    page = reverse("protocol-edit", args=[structure.pk])
    assert client.post(page, {"space": "Nos 2 Go."}).url == reverse("protocol", args=[structure.pk])
    assert "Nos 2 Go." in client.get(page).text
    client.post(page, {"space": ""})
    assert part(structure, Section.SPACE).own == ""


def test_it_costs_the_same_for_any_number_of_bal(structure, make_bal, people, django_assert_max_num_queries):
    for _ in range(2):
        make_bal("ORG", people.alice, people.bruno)
    with django_assert_max_num_queries(13):
        parts_of(structure)
    for _ in range(10):
        make_bal("ORG", people.alice, people.bruno)
    with django_assert_max_num_queries(13):
        parts_of(structure)
