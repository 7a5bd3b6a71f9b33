"""How an operator is asked: names that exist, lines that say something, the nearest layout; and the draft of FHIR."""

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse
from fhir.resources.R4B.contactpoint import ContactPoint
from fhir.resources.R4B.parameters import Parameters

from mailboxes import actions
from mailboxes.lifecycle import OF_ACCESSES, Act, RequestKind
from mailboxes.models import Bal, JournalEntry, Request, RequestLayout
from mailboxes.models.layouts import PLACEHOLDERS, check_columns, check_placeholders, fill
from mailboxes.notices.telling import tell
from mailboxes.requests.fhir_patch import patch_of
from mailboxes.requests.letters import SAMPLE, words_of
from mailboxes.rules import NotAllowed, Refused

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def layout(structure, operator, people):
    """`layout(subject=…)`: written by the gestionnaire."""

    def write(**facts):
        facts = {"structure": structure, "operator": operator, "subject": "Objet", "body": "Texte", **facts}
        return actions.write_layout(RequestLayout(**facts), by=people.gisele.user)

    return write


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{adresse} {titulair}", "{titulair} : ce nom n’existe pas"),
        ("{adresse.__class__}", "ce nom n’existe pas"),
        ("{adresse[0]}", "ce nom n’existe pas"),
        ("{adresse!r}", "ce nom n’existe pas"),
        ("{adresse:>999999999}", "ce nom n’existe pas"),
        ("{}", "ce nom n’existe pas"),
        ("{{adresse}}", "Une accolade est seule"),
        ("{adresse", "Une accolade est seule"),
        ("a } b", "Une accolade est seule"),
    ],
)
def test_what_is_not_a_known_name_is_refused_and_named(text, said):
    with pytest.raises(ValidationError, match=said.replace("{", r"\{").replace("}", r"\}")):
        check_placeholders(text)


def test_every_name_is_known_and_has_a_sample():
    check_placeholders(" ".join(f"{{{name}}}" for name in PLACEHOLDERS))
    assert set(SAMPLE) == set(PLACEHOLDERS)


@pytest.mark.parametrize("columns", ["Adresse", "A = {x}"])
def test_a_column_has_a_title_and_known_names(columns):
    with pytest.raises(ValidationError):
        check_columns(columns)


def test_a_line_whose_names_are_all_empty_is_left_out_and_no_value_is_read_again():
    text = "Bonjour,\n{titulaire}, RPPS {rpps}\n{motif}"
    assert fill(text, {"titulaire": "", "rpps": "", "motif": "{adresse} {0}"}) == "Bonjour,\n{adresse} {0}"
    assert fill(text, {"titulaire": "A", "rpps": ""}) == "Bonjour,\nA, RPPS "


def test_the_layout_is_what_the_operator_reads(layout, per, people):
    layout(kind="depublish", subject="Retrait {adresse}", body="RPPS {rpps}\nMotif {motif}\nFINESS {finess}")
    actions.move(per, "request_depublication", by=people.paul.user, note="Départ.")
    tell(list(JournalEntry.objects.filter(told_at=None).values_list("pk", flat=True)))
    (sent,) = [sent for sent in mail.outbox if sent.to == ["demandes@op.invalid"]]
    assert (sent.subject, sent.body) == (f"Retrait {per.address}", "RPPS 10000000033\nMotif Départ.\nFINESS 010000002")


def test_a_value_with_a_line_break_makes_no_header(layout, org, people):
    layout(subject="{detail}")
    request = actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="a\nBcc: x@y.invalid")
    assert request.letter.subject == "a Bcc: x@y.invalid"


def test_a_layout_of_which_nothing_is_left_asks_in_our_words(layout, org, people):
    layout(subject="{motif}", body="{personne}\n \n{motif}")
    letter = actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user).letter
    assert org.address in letter.subject
    assert org.address in letter.text


def test_the_nearest_structure_comes_first_then_the_kind(layout, structure, org, people, operator):
    people.gisele.user.memberships.create(structure=structure.parent, role="gestionnaire")

    def subject():
        Request.objects.update(stage="cancelled")
        return actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user).letter.subject

    layout(structure=structure.parent, kind="change", subject="fondation, modification")
    assert subject() == "fondation, modification"
    layout(subject="CHU")
    assert subject() == "CHU"
    layout(kind="change", subject="CHU, modification")
    assert subject() == "CHU, modification"
    layout(kind="publish", subject="CHU, publication")
    assert subject() == "CHU, modification"


def test_another_structure_s_layout_is_not_ours(org, people, operator, other_structure):
    RequestLayout.objects.create(structure=other_structure, operator=operator, subject="ailleurs", body="x")
    assert "ailleurs" not in actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user).letter.subject


@pytest.mark.parametrize("name", ["lea", "alice", "eve"])
def test_a_gestionnaire_alone_writes_the_layouts_of_their_structure(structure, operator, people, name):
    layout = RequestLayout(structure=structure, operator=operator, subject="x", body="y")
    with pytest.raises(NotAllowed):
        actions.write_layout(layout, by=getattr(people, name).user)


def test_a_layout_is_not_taken_to_a_structure_of_others(layout, other_structure, people):
    with pytest.raises(NotAllowed):
        actions.write_layout(layout(), by=people.gisele.user, structure=other_structure)


def test_one_layout_for_one_operator_and_kind(layout):
    layout()
    with pytest.raises(Refused, match="a déjà un modèle"):
        layout()


def test_each_change_of_a_layout_is_in_the_journal(layout, people, structure):
    written = layout(subject="Avant")
    for _ in range(2):
        actions.write_layout(written, by=people.gisele.user, subject="Après")
    actions.delete_layout(written, by=people.gisele.user)
    lines = JournalEntry.objects.filter(what=Act.WRITE_LAYOUT, structure=structure).order_by("pk")
    assert [(line.before, line.after) for line in lines] == [("", "Avant"), ("Avant", "Après"), ("Après", "")]


# --- Pages ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def filled(structure, operator):
    return {
        "structure": structure.pk, "operator": operator.pk, "kind": "delete", "subject": "Suppr {adresse}",
        "body": "Merci de supprimer {adresse}.", "columns": "BAL = {adresse}", "separator": ";",
    }  # fmt: skip


def test_a_new_layout_begins_with_our_words(visit, people):
    form = visit(people.gisele, "layout-new", query="?kind=delete").context["form"]
    assert "Merci de supprimer" in form["body"].value()


def test_a_layout_is_tried_on_a_sample_and_nothing_is_saved(visit, people, filled):
    page = visit(people.gisele, "layout-new", post={**filled, "preview": "1"})
    assert page.context["sample"].text == f"Merci de supprimer {SAMPLE['adresse']}."
    assert page.context["sample_columns"] == [("BAL", SAMPLE["adresse"])]
    assert not RequestLayout.objects.exists()


def test_a_layout_is_written_then_deleted(visit, people, filled):
    answer = visit(people.gisele, "layout-new", post=filled)
    assert "enregistré" in str(next(iter(get_messages(answer.wsgi_request))))
    row = RequestLayout.objects.get()
    visit(people.gisele, "layout-delete", row.pk, post={})
    assert not RequestLayout.objects.exists()


def test_an_unknown_name_is_said_beside_its_field(visit, people, filled):
    page = visit(people.gisele, "layout-new", post={**filled, "body": "{adrese}"})
    assert "{adrese} : ce nom n’existe pas" in page.context["form"].errors["body"][0]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["layout", "layout-delete"])
def test_a_stranger_gets_404(client, people, layout, name, method):
    row = layout()
    client.force_login(people.eve.user)
    assert getattr(client, method)(reverse(name, args=[row.pk])).status_code == 404


def test_a_reader_reads_and_changes_nothing(visit, people, layout, filled):
    row = layout()
    assert "réservé à\u00a0: gestionnaire" in visit(people.lea, "layout", row.pk).content.decode()
    visit(people.lea, "layout", row.pk, post=filled)
    visit(people.lea, "layout-delete", row.pk, post={})
    row.refresh_from_db()
    assert row.subject == "Objet"


# --- The draft of FHIR ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", sorted(OF_ACCESSES))
def test_an_access_is_no_patch_of_the_annuaire(kind, per):
    assert patch_of(Request(bal=Bal.objects.with_holders().get(pk=per.pk), kind=kind, address=per.address)) is None


@pytest.mark.parametrize("kind", [kind for kind in RequestKind if kind not in OF_ACCESSES])
@pytest.mark.parametrize("bal", ["per", "org"])
def test_the_patch_is_a_fhir_resource_of_the_draft_s_shape(kind, bal, request):
    row = Bal.objects.with_holders().get(pk=request.getfixturevalue(bal).pk)
    patch = patch_of(Request(bal=row, kind=kind, address=row.address))
    resource = Parameters.model_validate(patch["body"])
    (operation,) = resource.parameter
    parts = {part.name: part for part in operation.part}
    assert parts["type"].valueCode in ("insert", "replace", "delete")
    where = {
        "per": "Practitioner?identifier=urn:oid:1.2.250.1.71.4.2.1|810000000033",
        "org": "Organization?identifier=https://finess.esante.gouv.fr|010000002",
    }
    assert patch["request"] == f"PATCH [base]/{where[bal]}"
    assert parts["path"].valueString.startswith(where[bal].split("?")[0] + ".telecom")
    if "value" in parts and parts["value"].valueContactPoint:
        assert isinstance(parts["value"].valueContactPoint, ContactPoint)
        assert parts["value"].valueContactPoint.value == row.address


def test_a_withdrawal_is_the_red_list_of_the_draft(per):
    row = Bal.objects.with_holders().get(pk=per.pk)
    (operation,) = patch_of(Request(bal=row, kind=RequestKind.DEPUBLISH))["body"]["parameter"]
    path = (
        f"Practitioner.telecom.where(value = '{per.address}')"
        ".extension('https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata')"
        ".extension('listeRouge').value"
    )
    assert operation["part"] == [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": path},
        {"name": "value", "valueBoolean": True},
    ]


def test_an_apostrophe_does_not_end_the_path(make_bal, people):
    bal = make_bal("PER", people.paul, address="jean.n'diaye@chu-exemple.mssante.fr")
    row = Bal.objects.with_holders().get(pk=bal.pk)
    (operation,) = patch_of(Request(bal=row, kind=RequestKind.DELETE))["body"]["parameter"]
    assert r"jean.n\'diaye@" in operation["part"][1]["valueString"]


def test_an_address_that_is_no_bal_of_ours_has_no_patch():
    assert patch_of(Request(address="x@y.mssante.fr", kind=RequestKind.CHANGE)) is None


@pytest.mark.parametrize("kind", ["²", "../../kit/pieces/carte", ""])
def test_an_address_that_names_no_kind_begins_with_a_change(client, people, kind):
    client.force_login(people.gisele.user)
    page = client.get("/demandes/modeles/nouveau/", {"kind": kind})
    assert page.context["form"].initial["subject"] == words_of(RequestKind.CHANGE)[0]
