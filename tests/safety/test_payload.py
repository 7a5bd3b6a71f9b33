"""A payload in every text that somebody may write (a person, a list, a push, the annuaire): wherever it is shown it
stays words."""

import csv
import io
import json
import re
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core import mail
from django.urls import reverse
from django.utils.html import escape
from openpyxl import load_workbook
from pypdf import PdfReader
from reportlab.platypus import Paragraph

from directory.csv_files import FORMULA
from mailboxes import jobs
from mailboxes.models import JournalEntry, Notice
from mailboxes.notices import links
from mailboxes.views.pdf import paragraph, pdf
from tests.safety import routes, world
from tests.safety.conftest import undone, visitor
from tests.servers import BROWSER_ARGS, find_chromium, or_skip

pytestmark = [pytest.mark.sqlite_run, pytest.mark.django_db]  # pages, words and doors

MARK = "zq"
DAY = date(2026, 11, 2)
# A formula where it begins a cell, an element and an attribute where it is not escaped, a link where it is read as
# marked-up text, an expression where it is taken for a template. What cuts it short keeps its beginning.
PAYLOAD = "='\"><zq on=1><a href=zq:x>zq</a>{{7}}"
# They change who is logged in, or hand over what is no page.
LEFT_OUT = re.compile(r"^(metrics|compte/logout|admin/(logout|autocomplete|jsi18n|r/|login|password_change))")
ROUTES = [route for route in routes.walk() if not LEFT_OUT.match(route.path)]


class Inert(HTMLParser):
    """Finds what a payload became, were it more than words."""

    URLS = ("href", "src", "action", "formaction", "data", "hx-get", "hx-post", "hx-put", "hx-delete", "xlink:href")

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.faults, self.shown = [], 0

    def handle_starttag(self, tag, attrs):
        if tag == MARK:
            self.faults.append(f"an element <{tag}>")
        for name, value in attrs:
            said = (value or "").strip().lower()
            if not re.fullmatch(r"[a-z][a-z0-9:_.-]*", name) or name.startswith("on"):
                self.faults.append(f"<{tag}> has an attribute {name}={value}")
            if name in self.URLS and said.startswith(("javascript:", "zq:", "data:text")):
                self.faults.append(f"<{tag} {name}={value}>")
            if name.startswith("hx-") and name not in self.URLS and MARK in said:
                self.faults.append(f"<{tag} {name}={value}>")

    def handle_data(self, data):
        self.shown += MARK in data


@pytest.fixture(scope="module")
def crawled(make_stage):
    """The establishment where the payload stands, and who looks: by name, a visitor."""
    with undone():
        stage = make_stage(PAYLOAD, PAYLOAD)
        assert world.fill(PAYLOAD, common=True) > 60
        here = stage.here
        yield (
            here,
            {
                "root": visitor(stage.root),
                "manager": visitor(here.users["gestionnaire"]),
                "holder": visitor(here.users["titulaire"]),
            },
        )


def who_looks(path):
    if path.startswith(("mes-", "bal/demander")):
        return "holder"
    return "root" if path.startswith(("admin/", "compte/", "annuaire/sync", "service")) else "manager"


def content(answer):
    return b"".join(answer) if answer.streaming else answer.content


def faults_of(kind, body):
    """By what it is said to be."""
    if kind == "text/html":
        page = Inert()
        page.feed(body.decode())
        page.close()
        yield from page.faults
    elif kind == "text/csv":
        rows = csv.reader(io.StringIO(body.decode("utf-8-sig")), delimiter=";")
        yield from (f"a formula: {cell}" for row in rows for cell in row if cell.lstrip().startswith(FORMULA))
    elif "spreadsheet" in kind:
        for sheet in load_workbook(io.BytesIO(body)).worksheets:
            cells = [cell for row in sheet.iter_rows() for cell in row]
            yield from (f"a formula: {cell.value}" for cell in cells if cell.data_type == "f")
    elif kind == "application/pdf":
        yield from faults_of_pdf(body)
    elif kind == "application/zip":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in archive.namelist():
                if ".." in name or name.startswith("/"):
                    yield f"a file named {name}"
                yield from (
                    f"{name}: {fault}"
                    for fault in faults_of(KINDS.get(name.rpartition(".")[2], ""), archive.read(name))
                )
    elif kind in ("application/json", "application/fhir+json"):
        json.loads(body)


def faults_of_pdf(body):
    """Its words are read as they are drawn: what was taken for markup is drawn no more."""
    reader = PdfReader(io.BytesIO(body))
    if "/JavaScript" in str(reader.root_object.get("/Names", "")) or "/OpenAction" in reader.root_object:
        yield "a script of the PDF"
    for page in reader.pages:
        for note in page.get("/Annots", []):
            if str(note.get_object().get("/A", {}).get("/URI", "")).startswith((f"{MARK}:", "javascript:")):
                yield "a link of the PDF"
        words = "".join(page.extract_text().split())
        drawn = "".join(PAYLOAD.split())
        for end in range(len(drawn), drawn.index(MARK), -1):  # whole, or cut by its cell
            words = words.replace(drawn[:end], "")
        if MARK in words:
            yield f"taken for markup by the PDF: {words}"


KINDS = {"html": "text/html", "csv": "text/csv", "pdf": "application/pdf", "txt": "text/plain"}


@pytest.mark.parametrize("around", ["<p>{}</p>", "<p title='{}'></p>", '<a href="/{}">x</a>'])
def test_the_eyes_see_it_where_it_is_not_escaped(around):
    assert list(faults_of("text/html", around.format(PAYLOAD).encode()))
    assert list(faults_of("text/html", around.format(PAYLOAD[:14]).encode())), "cut by a short column"
    assert not list(faults_of("text/html", around.format(escape(PAYLOAD)).encode()))


def test_the_eyes_see_it_where_it_begins_a_cell():
    assert list(faults_of("text/csv", f'"{PAYLOAD.replace(chr(34), chr(34) * 2)}"'.encode()))


def test_the_eyes_see_it_where_a_document_takes_it_for_markup():
    assert list(faults_of("application/pdf", pdf("Titre", [Paragraph(PAYLOAD[2:].replace("<zq on=1>", ""))], day=DAY)))
    assert not list(faults_of("application/pdf", pdf("Titre", [paragraph(PAYLOAD), paragraph(PAYLOAD[:20])], day=DAY)))


class Answer(NamedTuple):
    url: str
    kind: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def answers(crawled):
    """What every page and export answers to who looks at it."""
    here, visitors = crawled
    found = []
    for route in ROUTES:
        if route.path.startswith("admin/") and route.arguments:
            continue  # below
        url = routes.address(route, here)
        if "(?P" in url or "<" in url:
            continue
        with undone():
            answer = visitors[who_looks(route.path)].get(url)
            body = content(answer)
        if answer.status_code in (200, 404, 403, 410):
            kind = answer.headers["Content-Type"].partition(";")[0]
            found.append(Answer(url, kind, dict(answer.headers), body))
    return found


def test_every_page_and_export_shows_it_as_words(answers, record_property):
    faults = []
    for url, kind, headers, body in answers:
        assert headers["X-Content-Type-Options"] == "nosniff", url
        if kind == "text/html" and not headers.get("Content-Security-Policy"):
            faults.append(f"{url}: no policy")
        faults += [f"{url}: {fault}" for fault in faults_of(kind, body)]
    assert not faults, "\n".join(dict.fromkeys(faults))
    shown = sum(MARK.encode() in answer.body for answer in answers)
    assert (len(answers) > 110, shown > 50) == (True, True), (
        f"hardly anything was tried: {len(answers)}, {shown} show it"
    )
    record_property("pages", f"{len(answers)} answers, {shown} show it")


# --- In a real browser ------------------------------------------------------------------------------------------------
# What the browser made of it, and its own scripts: they run, and may write what they read in the page.
LOOK = """() => {
    const faults = [];
    for (const element of document.querySelectorAll("*")) {
        if (element.localName === "zq") faults.push("an element");
        for (const { name, value } of element.attributes)
            if (name.startsWith("on") || /^(zq|javascript):/i.test(value.trim()))
                faults.push(`<${element.localName} ${name}=${value}>`);
    }
    return { faults, isShown: document.documentElement.textContent.includes("zq") };
}"""
REFUSED = re.compile(r"(event handler|script).*Content Security Policy")  # not the styles that the API's own page has
HAS_SETTLED = "document.readyState === 'complete' && !document.querySelector('.htmx-request')"


@contextmanager
def given_again(answers):
    """The pages at a real address, with their headers, their scripts and their styles; nothing behind them."""
    kept = {answer.url: answer for answer in answers}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            status, headers, body = self._answer()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": len(body)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _answer(self):
            path = self.path.partition("?")[0]
            if answer := kept.get(self.path) or kept.get(path):
                return 200, {k: v for k, v in answer.headers.items() if k != "Content-Length"}, answer.body
            if path.startswith(settings.STATIC_URL) and (file := finders.find(path.removeprefix(settings.STATIC_URL))):
                kind = guess_type(file)[0] or "application/octet-stream"
                return 200, {"Content-Type": kind, "Cache-Control": "max-age=600"}, Path(file).read_bytes()
            return 404, {"Content-Type": "text/plain"}, b""

        def log_message(self, *_):
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def seen_in_chromium(base, urls, chromium):
    """By page, what is wrong in it; and how many show the payload."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    faults, shown = {}, 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGS)
        page, told = browser.new_page(locale="fr-FR"), []
        page.on("dialog", lambda dialog: (told.append(f"it says {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda said: told.append(said.text) if REFUSED.search(said.text) else None)
        for url in urls:
            page.goto(base + url, wait_until="load")
            page.wait_for_function(HAS_SETTLED)
            looked = page.evaluate(LOOK)
            shown += looked["isShown"]
            if found := [*told, *looked["faults"]]:
                faults[url] = list(found)
            told.clear()
        browser.close()
    return faults, shown


def in_chromium(answers):
    """In a thread of its own: that of the tests would have other connections to the database from then on."""
    with or_skip():
        chromium = find_chromium()
    with given_again(answers) as base, ThreadPoolExecutor(1) as thread:
        return thread.submit(seen_in_chromium, base, [one.url for one in answers], chromium).result()


def test_chromium_finds_it_inert_on_every_page(answers, record_property):
    pages = [answer for answer in answers if answer.kind == "text/html"]
    faults, shown = in_chromium(pages)
    assert not faults, "\n".join(f"{url}: {', '.join(said)}" for url, said in faults.items())
    told = f"{len(pages)} pages, {shown} show it"
    assert (len(pages) > 100, shown > 50) == (True, True), f"hardly anything was tried: {told}"
    record_property("pages in Chromium", told)


@pytest.mark.parametrize(
    "markup",
    [
        f"<p>{PAYLOAD}</p>",
        "<p title='' onclick=zq()>zq</p>",
        "<script>zq()</script>",
        "<script src='data:text/javascript,zq()'></script>",
    ],
)
def test_chromium_sees_it_where_it_is_not_inert(markup):
    policy = {"Content-Type": "text/html", "Content-Security-Policy": "default-src 'self'"}
    faults, _ = in_chromium([Answer("/page/", "text/html", policy, markup.encode())])
    assert faults["/page/"]


def test_the_pieces_of_the_kit_and_the_signed_links_show_it_as_words(crawled):
    here, visitors = crawled
    notice = Notice.objects.filter(key__startswith="told1").get()
    urls = [reverse("notice-link", args=[links.sign_notice(notice)])]
    urls.append(reverse("claims-link", args=[links.sign_notice(here.rows["asked"], links.CLAIMS)]))
    from mailboxes.kit.document import PIECES  # noqa: PLC0415

    urls += [
        reverse("bal-kit-piece", args=[here.rows["org"].pk, piece.name, form])
        for piece in PIECES
        for form in piece.forms
    ]
    for url in urls:
        answer = visitors["manager"].get(url)
        assert answer.status_code == 200, url
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert list(faults_of(kind, content(answer))) == [], url


def test_the_administration_shows_it_as_words(crawled):
    here, visitors = crawled
    for model in ("bal", "person", "structure", "journalentry", "notice", "request", "requestlayout", "movement"):
        rows = {"person": here.people["principal"], "structure": here.structure, "bal": here.rows["org"]}
        pk = rows[model].pk if model in rows else None
        for path in (f"/admin/mailboxes/{model}/", *([f"/admin/mailboxes/{model}/{pk}/change/"] if pk else ())):
            body = content(visitors["root"].get(path))
            assert list(faults_of("text/html", body)) == [], path
            assert MARK.encode() in body


@pytest.mark.usefixtures("crawled")
def test_every_mail_says_it_as_words():
    with undone():
        mail.outbox = []
        JournalEntry.objects.update(told_at=None, leased_until=None)
        Notice.objects.filter(channel="email").update(sent_at=None, bounced_at=None)
        jobs.run("tell_again")
        assert len(mail.outbox) > 4
        for message in mail.outbox:
            assert message.content_subtype == "plain"
            for html, kind in getattr(message, "alternatives", []):
                assert list(faults_of(kind, html.encode())) == []
            assert "\n" not in message.subject
            headers = "".join(f"{name}: {value}" for name, value in message.message().items())
            assert "<zq" not in headers
