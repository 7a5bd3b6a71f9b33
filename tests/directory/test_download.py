"""Addresses, against a real server on this machine."""

import contextlib
import io
import ssl
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from directory.models import SyncRun
from directory.sources import UnreadableSource, download, get_source
from directory.sync import sync
from directory.tasks import sync_annuaire
from tests.certificates import make_certificate
from tests.directory.conftest import ALICE, line

pytestmark = pytest.mark.sqlite_run


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers, body = self.server.answers[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that refuses our certificate is what some tests are about."""


@contextlib.contextmanager
def serve(answers, context=None):
    server = Server(("127.0.0.1", 0), Handler)
    server.answers = answers
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder)
    return folder


def by(certificate):
    """The context of a server whose certificate stands in this folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "s.pem", certificate / "s.key")
    return context


@pytest.fixture
def tls(certificate):
    return by(certificate)


def read(url, ca_file=""):
    with get_source("extraction", url=url, ca_file=str(ca_file)).open(lambda done, total: None) as opened:
        return list(opened.records()), opened.generated_at


def test_a_zip_is_fetched_and_dated_by_content_disposition(write):
    named = {"Content-Disposition": "attachment; filename=Extraction_Correspondance_MSSante_202611190300.zip"}
    with serve({"/x": (200, named, write(line(), name="a.zip").read_bytes())}) as url:
        records, generated_at = read(f"{url}/x")
    assert records == [ALICE]
    assert generated_at == datetime(2026, 11, 19, 2, 0, tzinfo=UTC)


def test_a_disk_without_room_is_no_fault_of_the_network(write):
    with serve({"/x": (200, {}, b"x" * 10_000_000)}) as url, open("/dev/full", "wb") as full:
        with pytest.raises(UnreadableSource, match="plus de place"):
            download.download(f"{url}/x", "", full, lambda done, total: None)


def test_a_redirect_is_followed_and_its_address_dates_the_file(write):
    answers = {
        "/stable": (302, {"Location": "/20261119-030712/extraction.txt"}, b""),
        "/20261119-030712/extraction.txt": (200, {}, write(line()).read_bytes()),
    }
    with serve(answers) as url:
        records, generated_at = read(f"{url}/stable")
    assert records == [ALICE]
    assert generated_at == datetime(2026, 11, 19, 2, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((503, {}, b"busy"), "a répondu 503"),
        ((200, {"Content-Length": "1000"}, b"half"), "Téléchargement tronqué : 4 octets reçus sur 1000."),
        ((200, {}, b"<html>maintenance</html>"), "page web"),
    ],
)
def test_what_a_server_may_answer_instead_is_said(answer, sentence):
    with serve({"/x": answer}) as url, pytest.raises(UnreadableSource, match=sentence):
        read(f"{url}/x")


def test_a_server_that_sends_too_slowly_is_left_and_told(monkeypatch):
    monkeypatch.setattr(download, "SLOWEST", 0)
    with (
        serve({"/x": (200, {}, b"x")}) as url,
        pytest.raises(UnreadableSource, match="trop lentement : 1 octets"),
    ):
        read(f"{url}/x")


def test_what_comes_drop_by_drop_gives_signs_of_life():
    class Drops:
        headers = {"Content-Length": "3"}

        def __init__(self):
            self.drops = [b"", b"c", b"b", b"a"]

        def read1(self, amount):
            return self.drops.pop()

        read = None  # it would wait for the whole block

    told = []
    download._receive("h", Drops(), io.BytesIO(), lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (3, 3)]


def test_a_server_that_is_not_there_is_said():
    with serve({}) as url:
        pass
    with pytest.raises(UnreadableSource, match="n’atteint pas"):
        read(f"{url}/x")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "nowhere"])
def test_only_http_addresses_are_opened(url):
    with pytest.raises(UnreadableSource, match="n’est pas une adresse http"):
        read(url)


def test_an_unknown_authority_is_refused_with_the_way_out(tls, write):
    with serve({"/x": (200, {}, write(line()).read_bytes())}, tls) as url, pytest.raises(UnreadableSource) as refused:
        read(f"{url}/x")
    assert "ANNUAIRE_CA_FILE" in str(refused.value)
    assert "IGC-SANTE" in str(refused.value)


@pytest.mark.parametrize(("days", "address", "said"), [(-1, "127.0.0.1", "expiré"), (1, "127.0.0.2", "d’un autre nom")])
def test_a_certificate_of_a_known_authority_that_is_refused_says_why(tmp_path, days, address, said):
    make_certificate(tmp_path, days=days, address=address)
    with serve({"/x": (200, {}, b"x")}, by(tmp_path)) as url, pytest.raises(UnreadableSource, match=said) as refused:
        read(f"{url}/x", tmp_path / "ca.pem")
    assert "IGC" not in str(refused.value)


def test_a_given_authority_is_trusted(tls, certificate, write):
    with serve({"/x": (200, {}, write(line()).read_bytes())}, tls) as url:
        assert read(f"{url}/x", certificate / "ca.pem")[0] == [ALICE]


def test_a_redirect_from_https_to_http_is_refused(tls, certificate):
    with serve({"/x": (302, {"Location": "http://127.0.0.1:9/y"}, b"")}, tls) as url:
        with pytest.raises(UnreadableSource, match="Redirection refusée"):
            read(f"{url}/x", certificate / "ca.pem")


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_wrong_authority_file_is_said(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(UnreadableSource, match="ANNUAIRE_CA_FILE"):
        read("https://127.0.0.1:9/x", path)


def test_a_run_from_an_address_is_remembered_with_it(db, write):
    with serve({"/x": (200, {}, write(line()).read_bytes())}) as url:
        run = sync(get_source("extraction", url=f"{url}/x"))
    assert (run.status, run.origin) == ("applied", f"{url}/x")


# --- The nightly task -------------------------------------------------------------------------------------------------


def use_url(settings, url):
    conf = settings.DIRECTORY_SOURCES["extraction"]
    settings.DIRECTORY_SOURCES = {"extraction": {**conf, "OPTIONS": {**conf["OPTIONS"], "url": url}}}


def test_the_task_does_nothing_without_an_address(db, settings):
    use_url(settings, "")
    sync_annuaire()
    assert not SyncRun.objects.exists()


def test_the_task_does_not_fail_on_an_unreadable_source(db, settings):
    with serve({"/x": (404, {}, b"")}) as url:
        use_url(settings, f"{url}/x")
        sync_annuaire()
    assert SyncRun.objects.get().status == "failed"
