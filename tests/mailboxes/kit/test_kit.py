"""What makes a BAL known: who may take it, of which BAL, what each piece says; nothing typed becomes markup."""

import re
from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import segno
from django.conf import settings
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone
from reportlab import rl_config

from directory.models import Entry, SyncRun
from mailboxes import actions
from mailboxes.kit import document as kits
from mailboxes.kit.document import BY_NAME, PIECES, Kit
from mailboxes.kit.rules import check_announce, check_successor
from mailboxes.lifecycle import OVER, TO_BE_LEFT, Act, State
from mailboxes.models import AccessTrace, Alias, Bal, Structure
from mailboxes.rules import NotAllowed, Refused, allows, check_make_known

pytestmark = pytest.mark.sqlite_run

FOLDER = Path(settings.BASE_DIR) / "templates" / "mailboxes" / "kit" / "pieces"
DAY = date(2026, 11, 21)
ODD = """Œ <img src=x onerror=alert(1)> d’Été; L'Hostis, \\ "Ana\""""


@pytest.fixture
def kit_of(db):
    def make(bal, **facts):
        return Kit(Bal.objects.with_holders().get(pk=bal.pk), DAY, **facts)

    return make


@pytest.fixture
def plain_pdf(monkeypatch):
    """Uncompressed, in which what is ASCII can be read."""
    monkeypatch.setattr(rl_config, "pageCompression", 0)


def words(content):
    """The ASCII that a PDF draws, in order; a letter of ours drawn from another font breaks a word in two."""
    drawn = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", content)
    return re.sub(rb"\\(.)", rb"\1", b"".join(drawn)).decode("latin-1")


# --- Who, and of which BAL --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "may"),
    [("alice", True), ("bruno", True), ("gisele", True), ("delphine", False), ("lea", False), ("paul", False)],
)
def test_holders_and_gestionnaires_make_a_bal_known_and_a_delegataire_does_not(people, org, name, may):
    by = getattr(people, name).user
    assert allows(check_make_known, org, by=by) is may
    if not may:
        with pytest.raises(NotAllowed):
            check_make_known(org, by=by)


@pytest.mark.parametrize("state", State)
def test_what_may_be_said_of_a_bal_in_each_state(people, per, state):
    Bal.objects.update(state=state)
    bal = Bal.objects.with_holders().get(pk=per.pk)
    is_open = state in (State.ACTIVE, State.IDLE_ALERTED)
    assert allows(check_announce, bal, by=people.paul.user) is is_open
    assert allows(check_make_known, bal, by=people.paul.user) is (state not in {*OVER, State.REQUESTED})
    assert allows(check_successor, bal, "") is (state not in TO_BE_LEFT)
    assert allows(check_successor, bal, "autre@chu-exemple.mssante.fr")


def test_an_app_is_read_by_nobody(people, app):
    with pytest.raises(Refused, match="lue par personne"):
        check_make_known(app, by=people.gisele.user)


# --- What it says -----------------------------------------------------------------------------------------------------
def test_every_text_has_its_piece_and_no_text_is_left_over():
    files = {f"{piece.name}.{form}" for piece in PIECES for form in piece.forms if form in ("txt", "html")}
    assert {path.name for path in FOLDER.iterdir()} == files | {"changement.txt", "page.html"}


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.name)
def test_every_piece_in_every_form_names_the_address(kit_of, org, plain_pdf, piece):
    kit = kit_of(org)
    for form in piece.forms:
        content = kits.draw(kit, piece.name, form)
        if form == "pdf":
            said = words(content)
        elif form in ("png", "svg"):
            continue  # its words are the vCard's: see the matrix
        else:
            said = content.decode()
        assert ("CHU" if piece.name == "affiche" else org.address) in said or form == "txt"
        assert "{" not in said


def test_the_patients_are_not_given_the_address(kit_of, org, plain_pdf):
    assert org.address not in kits.text_of(kit_of(org), "affiche")
    assert "@" not in words(kits.draw(kit_of(org), "affiche", "pdf"))


def test_a_poster_is_for_a_shared_bal_alone(kit_of, org, per):
    assert BY_NAME["affiche"] in kits.pieces_of(kit_of(org))
    assert BY_NAME["affiche"] not in kits.pieces_of(kit_of(per))


def test_a_bal_that_leaves_gives_the_letter_of_change_alone(kit_of, per, plain_pdf):
    Bal.objects.update(state=State.DEPUBLICATION_REQUESTED)
    kit = kit_of(per, successor="paul.nouveau@chu-exemple.mssante.fr")
    assert [piece.name for piece in kits.pieces_of(kit)] == ["lettre"]
    letter = words(kits.draw(kit, "lettre", "pdf"))
    assert "changement de notre adresse" in letter
    assert letter.index(per.address) < letter.index("crivez d") < letter.rindex(kit.successor)
    assert kit.successor in kits.vcard(kit), "whoever reads the code writes to the one that stays"
    assert kits.pieces_of(kit_of(per)) == [], "without a successor it has nothing to say"


def test_the_code_is_the_vcard(kit_of, org):
    kit = kit_of(org)
    expected = segno.make(kits.vcard(kit), error="m", micro=False)
    assert kits.qr(kit).matrix == expected.matrix
    content = BytesIO()
    expected.save(content, kind="png", scale=8, border=4)
    assert kits.draw(kit, "qr", "png") == content.getvalue()
    assert kits.draw(kit, "qr", "svg").startswith(b"<?xml")
    assert b"http://" not in kits.draw(kit, "qr", "svg").replace(b"http://www.w3.org/2000/svg", b"")


# --- What people typed ------------------------------------------------------------------------------------------------
def test_a_name_is_escaped_in_the_vcard_and_never_makes_a_line(kit_of, people, per, structure):
    type(people.paul).objects.filter(pk=people.paul.pk).update(
        family_name="L’Hostis; de, \\Brito", given_name="Zoé\nNOTE:x"
    )
    Structure.objects.filter(pk=structure.pk).update(name="CHU, pôle; A\r\nEMAIL:pirate@exemple.invalid")
    lines = kits.vcard(kit_of(per)).split("\r\n")
    assert lines[0] == "BEGIN:VCARD"
    assert lines[-2:] == ["END:VCARD", ""]
    assert r"N:L’Hostis\; de\, \\Brito;Zoé NOTE:x" in lines
    assert r"FN:Zoé NOTE:x L’HOSTIS\; DE\, \\BRITO" in lines
    assert r"ORG:CHU\, pôle\; A EMAIL:pirate@exemple.invalid" in lines
    assert [line for line in lines if line.startswith("EMAIL")] == [f"EMAIL:{per.address}"]
    assert [line for line in lines if line.startswith("NOTE")] == ["NOTE:MSSanté : à écrire depuis une boîte MSSanté."]


def test_what_was_typed_is_text_in_every_form(kit_of, org, plain_pdf):
    Bal.objects.update(service=ODD)
    kit = kit_of(org)
    for name in ("signature", "entete", "ordonnance"):
        html = kits.draw(kit, name, "html").decode()
        assert "<img" not in html
        assert "&lt;img" in html or name == "ordonnance"
        assert not re.search(r"src=|url\(|style=", html.replace("src=x onerror", "")), "nothing is fetched"
    assert ODD in kits.text_of(kit, "signature"), "a text is not HTML"
    for name in ("entete", "lettre", "affiche"):
        assert kits.draw(kit, name, "pdf").startswith(b"%PDF")
    assert "<img src=x onerror=alert(1)>" in words(kits.draw(kit, "lettre", "pdf"))


def test_an_address_is_never_a_path(kit_of, make_bal, people):
    bal = make_bal("ORG", people.alice, address="../../etc/x@chu-exemple.mssante.fr")
    assert kit_of(bal).folder == "-..-etc-x@chu-exemple.mssante.fr"
    names = ZipFile(BytesIO(b"".join(kits.archive([kit_of(bal)])))).namelist()
    assert not [name for name in names if name.startswith(("/", ".")) or name.count("/") != 1]


def test_the_name_of_a_file_keeps_out_of_the_header(visit, people, make_bal):
    bal = make_bal("ORG", people.alice, address='a"b;c@chu-exemple.mssante.fr')
    answer = visit(people.alice, "bal-kit-piece", bal.pk, "carte", "vcf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="carte-a-b-c@chu-exemple.mssante.fr.vcf"'


# --- The pages --------------------------------------------------------------------------------------------------------
def said(answer):
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_the_page_shows_every_piece_and_its_files(visit, people, org):
    page = visit(people.bruno, "bal-kit", org.pk).text
    for piece in PIECES:
        assert piece.title in page
        for form in piece.forms:
            assert reverse("bal-kit-piece", args=[org.pk, piece.name, form]) in page


def test_every_link_of_the_page_is_answered_by_a_file(visit, people, org):
    for piece in PIECES:
        for form in piece.forms:
            answer = visit(people.alice, "bal-kit-piece", org.pk, piece.name, form)
            assert answer.headers["Content-Type"] == kits.TYPES[form]
            assert "attachment" in answer.headers["Content-Disposition"], "never a page of ours"
            assert answer.content
    assert visit(people.alice, "bal-kit-piece", org.pk, "signature", "pdf").status_code == 404
    assert visit(people.alice, "bal-kit-piece", org.pk, "rien", "txt").status_code == 404


@pytest.mark.parametrize("name", ["delphine", "lea"])
def test_who_may_not_reads_why_and_gets_no_file(visit, people, org, name):
    person = getattr(people, name)
    answer = visit(person, "bal-kit", org.pk)
    assert answer.status_code == 403
    assert Act.MAKE_KNOWN.label in answer.text
    assert visit(person, "bal-kit-piece", org.pk, "carte", "vcf").status_code == 404
    assert visit(person, "bal-kit-zip", org.pk).status_code == 404


def test_the_page_warns_of_a_bal_that_is_not_in_the_annuaire(visit, people, per):
    run = SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())
    assert "n’est pas à l’annuaire public" in visit(people.paul, "bal-kit", per.pk).text
    now = timezone.now()
    Entry.objects.create(source="extraction", address=per.address, digest="x", first_seen_at=now, changed_at=now)
    assert "n’est pas à l’annuaire public" not in visit(people.paul, "bal-kit", per.pk).text
    Entry.objects.all().delete()
    SyncRun.objects.filter(pk=run.pk).update(generated_at=now - timezone.timedelta(days=10))
    assert "n’est pas à l’annuaire public" not in visit(people.paul, "bal-kit", per.pk).text, "nothing is concluded"


def test_the_page_warns_of_an_address_that_is_about_to_change(visit, people, per):
    due = {"due_on": timezone.localdate(), "operator": per.operator}
    alias = Alias.objects.create(bal=per, address="paul@nouveau.mssante.fr", nature=Alias.Nature.COMING, **due)
    assert "Cette BAL va changer d’adresse" in visit(people.paul, "bal-kit", per.pk).text
    Alias.objects.filter(pk=alias.pk).update(nature=Alias.Nature.KEPT, due_on=None)
    assert "va changer d’adresse" not in visit(people.paul, "bal-kit", per.pk).text


def test_a_bal_that_leaves_asks_which_one_replaces_it(visit, people, per, make_bal):
    new = make_bal("PER", people.paul, address="nouveau@chu-exemple.mssante.fr")
    other = make_bal("PER", people.paul, address="autre@chu-exemple.mssante.fr")
    make_bal("PER", people.bruno, address="pas-a-lui@chu-exemple.mssante.fr")
    actions.move(per, "request_depublication", by=people.paul.user)
    page = visit(people.paul, "bal-kit", per.pk)
    assert "quitte l’annuaire" in page.text
    assert "Annoncer la BAL qui remplace celle-ci" in page.text
    assert "Annoncer sa remplaçante" in visit(people.paul, "bal", per.pk).text
    assert "pas-a-lui@" not in page.text
    assert page.context["kit"].successor == other.address
    assert visit(people.paul, "bal-kit", per.pk, query=f"?vers={new.address}").context["kit"].successor == new.address
    forged = visit(people.paul, "bal-kit", per.pk, query="?vers=pas-a-lui@chu-exemple.mssante.fr")
    assert forged.context["kit"].successor == other.address
    letter = visit(people.paul, "bal-kit-piece", per.pk, "lettre", "txt", query=f"?vers={new.address}").text
    assert new.address in letter
    assert visit(people.paul, "bal-kit-piece", per.pk, "signature", "txt").status_code == 404


def test_a_bal_that_leaves_for_nowhere_has_no_letter(visit, people, per):
    Bal.objects.update(state=State.DEPUBLISHED)
    assert "Aucune autre BAL active" in visit(people.paul, "bal-kit", per.pk).text
    assert visit(people.paul, "bal-kit-piece", per.pk, "lettre", "pdf").status_code == 404


# --- Many -------------------------------------------------------------------------------------------------------------
def opened(answer):
    return ZipFile(BytesIO(b"".join(answer.streaming_content)))


def test_the_whole_kit_is_one_archive(visit, people, org):
    archive = opened(visit(people.alice, "bal-kit-zip", org.pk))
    assert archive.testzip() is None
    assert set(archive.namelist()) == {f"{org.address}/{p.name}.{form}" for p in PIECES for form in p.forms}


def test_the_kits_of_many_say_which_could_not_be_made(visit, people, org, per, app):
    leaving = Bal.objects.filter(pk=per.pk)
    leaving.update(state=State.DEPUBLISHED)
    archive = opened(visit(people.gisele, "bal-kits", post={"bals": [org.pk, per.pk, app.pk]}))
    assert {name.split("/")[0] for name in archive.namelist()} == {org.address, "A-LIRE.txt"}
    note = archive.read("A-LIRE.txt").decode()
    assert f"{app} : Une BAL applicative" in note
    assert f"{per} : Choisissez d’abord la BAL active" in note
    assert AccessTrace.objects.get().target == "kits de communication de 1 BAL"


def test_a_stranger_takes_no_kit(visit, people, org):
    answer = visit(people.eve, "bal-kits", post={"bals": [org.pk]})
    assert answer.status_code == 302
    assert "n’existe pas" in said(answer)
    assert "Cochez" in said(visit(people.gisele, "bal-kits", post={}))


def test_not_more_than_a_hundred_at_once(visit, people, make_bal, monkeypatch):
    monkeypatch.setattr("mailboxes.kit.views.KITS_AT_ONCE", 2)
    bals = [make_bal("ORG", people.alice).pk for _ in range(3)]
    assert visit(people.gisele, "bal-kits", post={"bals": bals[:2]}).status_code == 200
    assert "Pas plus de 2" in said(visit(people.gisele, "bal-kits", post={"bals": bals}))


def test_the_queries_do_not_grow_with_the_kits(client, people, make_bal, django_assert_max_num_queries):
    counts = []
    bals = []
    client.force_login(people.gisele.user)
    client.get(reverse("my-bals"))
    for size in (2, 8):
        bals += [make_bal("ORG", people.alice, state=State.DEPUBLISHED if n % 2 else "active").pk for n in range(size)]
        with django_assert_max_num_queries(60) as captured:
            list(client.post(reverse("bal-kits"), {"bals": bals}).streaming_content)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_markup_that_somebody_wrote_into_a_bal_is_shown_as_text(client, people, org):
    Bal.objects.filter(pk=org.pk).update(service='<i hx-post="/compte/" hx-trigger="load">Cardio</i>')
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-kit", args=[org.pk])).text
    assert "<i hx-post" not in page
    assert "&lt;i hx-post" in page


def test_no_page_hands_its_token_down_to_what_stands_in_it(client, people):
    client.force_login(people.gisele.user)
    page = client.get(reverse("bal-list")).text
    assert "hx-headers" not in page
    assert re.search(r"<main[^>]* hx-disable", page)


# --- After a change of address ----------------------------------------------------------------------------------------
def test_the_kit_tells_of_the_former_address_until_it_is_closed(client, org, people, operator):
    facts = {"bal": org, "operator": operator}
    former = Alias.objects.create(
        address="ancien@chu-exemple.mssante.fr", nature="former", due_on=date(2026, 12, 31), **facts
    )
    client.force_login(people.alice.user)
    page = client.get(reverse("bal-kit", args=[org.pk])).text
    assert "Cette BAL a changé d’adresse" in page
    assert "Elle remplace ancien@chu-exemple.mssante.fr, qui sera fermée à partir du 31 décembre 2026" in page
    assert "(remplace ancien@chu-exemple.mssante.fr)" in page
    former.nature, former.due_on = "kept", None
    former.save()
    page = client.get(reverse("bal-kit", args=[org.pk])).text
    assert "Ce qui est envoyé à ancien@chu-exemple.mssante.fr y arrive encore" in page
    assert "a changé d’adresse" not in page
    former.delete()
    Alias.objects.create(address="futur@chu-exemple.mssante.fr", nature="coming", **facts)
    assert "futur@" not in client.get(reverse("bal-kit", args=[org.pk])).text, "not before it serves"
