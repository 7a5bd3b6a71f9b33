"""Structures and operators, entered and changed in the product: who may, what is refused, what the journal keeps."""

from html import unescape

import pytest
from django import forms
from django.contrib.auth import get_user_model
from django.urls import get_resolver, reverse
from django.utils import timezone

from balmanager.accounts.rules import check_take_charge
from mailboxes import actions
from mailboxes.forms.structure_field import StructureField, StructuresField
from mailboxes.lifecycle import Act
from mailboxes.models import JournalEntry, Membership, Operator, Person, Structure
from mailboxes.protocol.document import parts_of
from mailboxes.rules import NotAllowed, Refused
from mailboxes.software.actions import declare_software

pytestmark = pytest.mark.sqlite_run

STRUCTURE = {"name": "EHPAD des Lilas", "kind": "ehpad"}
OPERATOR = {
    "name": "Nouvel opérateur", "code": "nouvel", "domains": "lilas.mssante.fr\n@Lilas-2.mssante.fr", "answer_days": 15,
    "alert_after_months": 10, "end_after_months": 12,
}  # fmt: skip


@pytest.fixture
def root(db):
    return get_user_model().objects.create_superuser("root")


@pytest.fixture
def gisele(people):
    return people.gisele.user


def lines(**about):
    rows = JournalEntry.objects.filter(**about).order_by("pk")
    return [(row.what, row.before, row.after) for row in rows]


# --- Structures -------------------------------------------------------------------------------------------------------
def test_an_administrator_enters_a_structure_that_stands_alone(client, root):
    client.force_login(root)
    answer = client.post(reverse("structure-new"), {**STRUCTURE, "finess_et": "01 000 003 3"})
    structure = Structure.objects.get()
    assert answer.headers["Location"] == reverse("structure", args=[structure.pk])
    assert structure.finess_et == "010000033"
    assert lines(structure=structure) == [(Act.RECORD_STRUCTURE, "", "EHPAD des Lilas")]


def test_a_gestionnaire_enters_one_below_their_own_and_none_beside(gisele, structure, other_structure):
    actions.record_structure(Structure(name="Site Nord", parent=structure), by=gisele)
    for parent in (None, structure.parent, other_structure):
        with pytest.raises(NotAllowed):
            actions.record_structure(Structure(name="Ailleurs", parent=parent), by=gisele)


def test_a_gestionnaire_gives_a_structure_no_number_for_by_it_others_are_known(gisele, structure):
    with pytest.raises(NotAllowed, match="administrateur"):
        actions.describe_structure(structure, by=gisele, finess_et="020000009")
    with pytest.raises(NotAllowed, match="administrateur"):
        actions.record_structure(Structure(name="Site", parent=structure, siret="26690027300019"), by=gisele)


def test_the_form_of_a_gestionnaire_keeps_numbers_and_parent(client, gisele, structure):
    client.force_login(gisele)
    url = reverse("structure-edit", args=[structure.pk])
    facts = {"name": "CHU renommé", "kind": "hospital", "finess_et": "020000009", "parent": ""}
    assert "Dites pourquoi" in client.post(url, facts).text, "the annuaire knows a structure by its name"
    assert client.post(url, {**facts, "why": "Nouveau nom."}).status_code == 302
    was, parent = structure.finess_et, structure.parent
    structure.refresh_from_db()
    assert (structure.name, structure.finess_et, structure.parent) == ("CHU renommé", was, parent)


def test_each_changed_field_of_a_structure_leaves_its_line(root, structure):
    actions.describe_structure(structure, by=root, town="Lyon", kind="ehpad", name=structure.name)
    assert lines(structure=structure) == [
        (Act.DESCRIBE_STRUCTURE, "commune : –", "commune : Lyon"),
        (Act.DESCRIBE_STRUCTURE, "nature : établissement de santé", "nature : EHPAD"),
    ]


def test_a_structure_is_moved_by_who_manages_where_it_was_and_where_it_comes(root, people, structure, other_structure):
    eve = people.eve.user
    with pytest.raises(NotAllowed):  # she would take what is another's
        actions.describe_structure(structure, by=eve, parent=other_structure)
    Membership.objects.create(user=eve, structure=structure.parent, role="gestionnaire")
    actions.describe_structure(structure, by=get_user_model().objects.get(pk=eve.pk), parent=other_structure)
    structure.refresh_from_db()
    assert structure.parent == other_structure
    assert lines(structure=structure)[-1][1:] == ("rattachée à : Fondation", "rattachée à : Clinique voisine")


def test_no_structure_stands_under_itself_nor_on_a_fourth_level(root, structure):
    site = actions.record_structure(Structure(name="Site", parent=structure), by=root)
    with pytest.raises(Refused, match="3 niveaux au plus"):
        actions.record_structure(Structure(name="Étage", parent=site), by=root)
    with pytest.raises(Refused, match="dépend déjà de"):
        actions.describe_structure(structure.parent, by=root, parent=site)
    alone = Structure.objects.create(name="Groupe")
    with pytest.raises(Refused, match="3 niveaux au plus"):  # its own two below it come along
        actions.describe_structure(structure.parent, by=root, parent=alone)


def test_a_finess_that_exists_already_is_one_french_sentence(client, root, structure):
    client.force_login(root)
    answer = client.post(reverse("structure-new"), {**STRUCTURE, "finess_et": structure.finess_et})
    assert "Ce FINESS d’établissement est déjà celui d’une autre structure." in unescape(answer.text)


def test_the_tree_shows_what_one_sees_each_under_its_own(client, people, structure, other_structure):
    Structure.objects.create(name="Antenne", parent=structure)
    client.force_login(people.lea.user)
    tree = client.get(reverse("structure-list")).context["page"]
    assert [(depth, row.name) for depth, row in tree] == [(0, "CHU"), (1, "Antenne")]
    assert client.get(reverse("structure", args=[other_structure.pk])).status_code == 404


def test_the_tree_takes_the_same_queries_for_any_number(client, root, django_assert_max_num_queries):
    top = Structure.objects.create(name="Groupe")
    Structure.objects.bulk_create(Structure(name=f"S{n}", parent=top) for n in range(40))
    client.force_login(root)
    with django_assert_max_num_queries(15):
        client.get(reverse("structure-list"))


# --- Operators --------------------------------------------------------------------------------------------------------
def test_an_operator_is_entered_with_its_domains_and_prices(client, root):
    client.force_login(root)
    assert client.post(reverse("operator-new"), {**OPERATOR, "price_PER": "12,50"}).status_code == 302
    operator = Operator.objects.get()
    assert operator.domain_names == {"lilas.mssante.fr", "lilas-2.mssante.fr"}
    assert [(row.offer, str(row.yearly_cost)) for row in operator.prices.all()] == [("PER", "12.50")]
    assert len(lines(operator=operator)) == 4


def test_what_changes_of_an_operator_is_told_field_by_field(root, operator):
    actions.describe_operator(operator, by=root, alert_after_months=8, domains=["autre.mssante.fr"], prices={"ORG": 30})
    actions.describe_operator(operator, by=root, alert_after_months=8, domains=["autre.mssante.fr"], prices={"ORG": 30})
    assert lines(operator=operator) == [
        (Act.DESCRIBE_OPERATOR, "alerte d’inactivité après (mois) : 10", "alerte d’inactivité après (mois) : 8"),
        (Act.DESCRIBE_OPERATOR, "domaine chu-exemple.mssante.fr", ""),
        (Act.DESCRIBE_OPERATOR, "", "domaine autre.mssante.fr"),
        (
            Act.DESCRIBE_OPERATOR,
            "coût annuel, BAL organisationnelle : –",
            "coût annuel, BAL organisationnelle : 30",
        ),
    ]


def test_the_page_of_a_structure_offers_the_administrator_what_they_may(client, root, structure, people):
    for user, may in ((root, True), (people.gisele.user, True), (people.lea.user, False)):
        client.force_login(user)
        assert client.get(reverse("structure", args=[structure.pk])).context["may_describe"] is may


def test_a_domain_in_use_stays_and_one_of_another_operator_is_not_taken(root, operator, org):
    with pytest.raises(Refused, match="1 BAL du registre"):
        actions.describe_operator(operator, by=root, domains=[])
    with pytest.raises(Refused, match=r"chu-exemple.mssante.fr.* est déjà celui d’Opérateur régional"):
        actions.record_operator(Operator(code="x", name="X"), by=root, domains=["chu-exemple.mssante.fr"])
    assert operator.domains.count() == 1


def test_an_end_before_the_alert_and_a_domain_that_is_none_are_refused(client, root):
    client.force_login(root)
    answer = client.post(reverse("operator-new"), {**OPERATOR, "end_after_months": 9, "domains": "gmail.com"})
    text = unescape(answer.text)
    assert "Ce ne sont pas des domaines MSSanté (….mssante.fr)\u00a0: gmail.com." in text
    assert "L’alerte d’inactivité doit précéder la dépublication." in text
    assert not Operator.objects.exists()


def test_a_domain_is_reserved_and_freed(client, root, operator, structure):
    client.force_login(root)
    domain = operator.domains.get()
    url = reverse("domain-reserve", args=[operator.pk, domain.pk])
    client.post(url, {"structure": structure.pk})
    domain.refresh_from_db()
    assert domain.structure == structure
    client.post(url, {"structure": ""})
    assert [line[2] for line in lines(operator=operator)] == [
        "chu-exemple.mssante.fr : réservé à CHU", "chu-exemple.mssante.fr : à tous",
    ]  # fmt: skip
    assert "réservé à CHU" in client.get(reverse("operator-edit", args=[operator.pk])).text


def test_a_gestionnaire_reads_why_an_operator_is_not_theirs_to_change(client, gisele, operator):
    client.force_login(gisele)
    page = reverse("operator-new")
    assert "administrateur de la plateforme" in client.get(page).context["refusal"]
    client.post(page, OPERATOR)
    assert client.get(reverse("operator-edit", args=[operator.pk])).status_code == 404
    assert Operator.objects.count() == 1
    assert "Inscrire un opérateur" not in client.get(reverse("operators")).text


def test_a_professional_sees_neither(client, people, operator):
    client.force_login(people.alice.user)
    for name in ("structure-list", "operator-new"):
        assert client.get(reverse(name)).status_code == 404


def test_software_that_writes_manages_nothing(structure, people, client, root):
    """It is no gestionnaire on the page of the structure, in its protocol, nor for who would take it in charge."""
    declare_software(name="DPI", structures=[structure], scopes=["manage"], days=30, by=people.gisele.user)
    Membership.objects.filter(user=people.gisele.user).delete()
    assert not Membership.objects.managing().filter(structure__in=structure.line()).exists()
    client.force_login(root)
    assert "Personne ne gère encore ses BAL" in client.get(reverse("structure", args=[structure.pk])).text
    assert "DPI" not in str(parts_of(structure))
    check_take_charge(structure, by=root)


def forms_of(kind=forms.BaseForm):
    for one in kind.__subclasses__():
        yield one
        yield from forms_of(one)


def test_no_form_lists_structures_by_the_hundred():
    """Whoever follows 300 types a name; `StructureField` shows a list where they are few."""
    assert get_resolver().url_patterns, "all of them are loaded"
    chosen = {
        f"{form.__name__}.{name}": field
        for form in forms_of()
        if form.__module__.startswith(("balmanager.", "directory.", "mailboxes."))
        for name, field in form.base_fields.items()
        if isinstance(field, forms.ModelChoiceField)
        if field.queryset is not None and field.queryset.model is Structure
    }
    assert len(chosen) > 15
    assert [name for name, field in chosen.items() if not isinstance(field, (StructureField, StructuresField))] == []


def test_a_structure_among_hundreds_is_typed(client, people, structure):
    Structure.objects.bulk_create(Structure(name=f"Maison n° {rank}", parent=structure) for rank in range(45))
    client.force_login(people.gisele.user)
    page = client.get(reverse("person-new")).text
    assert 'placeholder="Nom, commune ou numéro"' in page
    assert "Maison n° 7" not in page
    said = {"structure": "Maison n° 7", "given_name": "Zoé", "family_name": "Nouvelle"}
    client.post(reverse("person-new"), said)
    assert Person.objects.get(given_name="Zoé").affiliations.get().structure.name == "Maison n° 7"
    said |= {"structure": "Maison", "given_name": "Anne"}
    assert "Plusieurs structures répondent" in client.post(reverse("person-new"), said).text


def test_who_may_not_leave_a_new_structure_on_its_own_is_not_offered_to(visit, people, structure):
    field = visit(people.gisele, "structure-new").context["form"].fields["parent"]
    assert (field.required, field.empty_label) == (True, "Choisir…")
    page = visit(people.gisele, "structure-new", post={"name": "Antenne", "kind": "other"})
    assert list(page.context["form"].errors) == ["parent"]
    field = visit(people.gisele, "structure-edit", structure.pk).context["form"].fields["parent"]
    assert not field.required
    people.lea.user.is_superuser = True
    people.lea.user.save()
    field = visit(people.lea, "structure-new").context["form"].fields["parent"]
    assert (field.required, field.empty_label) == (False, "aucune")


def test_from_a_structure_s_page_somebody_is_invited_to_manage_it(client, people, gisele, structure):
    client.force_login(gisele)
    url = f"{reverse('rights-invite')}?structure={structure.pk}"
    assert url in client.get(reverse("structure", args=[structure.pk])).text
    form = client.get(url).context["form"]
    assert form["structure"].value() == str(structure.pk)
    client.force_login(people.lea.user)
    assert url not in client.get(reverse("structure", args=[structure.pk])).text


@pytest.mark.parametrize("page", ["bal-new", "person-new", "structure-new", "import-new", "engagement-new"])
def test_a_closed_structure_is_offered_for_nothing_new(client, people, structure, page):
    sites = [Structure.objects.create(name=name, parent=structure) for name in ("Site ouvert", "Site fermé")]
    Structure.objects.filter(pk=sites[1].pk).update(closed_on=timezone.localdate())
    client.force_login(people.gisele.user)
    form = client.get(reverse(page)).context["form"]
    offered = str(form["parent" if page == "structure-new" else "structure"])
    assert "Site ouvert" in offered
    assert "Site fermé" not in offered
    assert ["Y inscrire" in client.get(reverse("structure", args=[site.pk])).text for site in sites] == [True, False]
