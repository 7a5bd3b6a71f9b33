"""What whoever follows several structures reads in Activité: whose each line is, and of whom."""

import pytest

from mailboxes import actions
from mailboxes.models import Anomaly, Membership

pytestmark = pytest.mark.sqlite_run


def test_a_line_says_whose_bal_it_is_where_there_are_several_structures(org, people, other_structure, visit):
    other_structure.name = "EHPAD des Lilas"
    other_structure.save()
    actions.note_anomaly(org, Anomaly.Kind.PASSWORD, by=people.gisele.user)
    named = f'· <span class="text-secondary">{org.structure}</span>'
    assert named not in visit(people.gisele, "activity").text, "there is one structure alone"
    Membership.objects.create(user=people.gisele.user, structure=other_structure, role="reader")
    assert named in visit(people.gisele, "activity").text
    narrowed = visit(people.gisele, "activity", query=f"?structure={org.structure.pk}").text
    assert org.address in narrowed
    assert named not in narrowed


def test_a_line_about_a_person_names_them(people, structure, visit):
    person = actions.record_person(structure, by=people.gisele.user, family_name="Nouveau", given_name="Nils")
    page = visit(people.gisele, "activity")
    assert f" · {person}" in page.text
    assert "L’automate" in page.text, "as the lines call it"


def test_a_page_narrowed_by_its_address_says_so(people, structure, visit):
    said = f"Ici, seulement <strong>{structure}</strong>"
    assert said in visit(people.gisele, "dashboard", query=f"?structure={structure.pk}").text
    assert said not in visit(people.gisele, "dashboard").text
    visit(people.gisele, "place-choose", post={"place": structure.pk})
    acting = visit(people.gisele, "dashboard")
    assert acting.context["place"] == structure
    assert said not in acting.text, "the header says it"
