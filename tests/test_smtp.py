"""Mail to a server that speaks TLS alone."""

import ssl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from django.core.mail import get_connection

from balmanager.env import Env
from tests.certificates import make_certificate
from tests.servers import free_port


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What a setting tells of a server of mail that stands, with a certificate by an authority of its own."""
    make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "s.pem", tmp_path / "s.key")
    server = Controller(Sink(), hostname="127.0.0.1", port=free_port(), ssl_context=context)
    server.start()
    monkeypatch.setenv("MAIL_OF_TESTS_URL", f"smtp+ssl://127.0.0.1:{server.port}")
    yield Env().email_url("MAIL_OF_TESTS_URL")
    server.stop()


def opened(told):
    where = {"host": told["EMAIL_HOST"], "port": told["EMAIL_PORT"], "use_ssl": told["EMAIL_USE_SSL"], "timeout": 20}
    with get_connection(told["EMAIL_BACKEND"], **where) as backend:
        return backend.connection is not None


def test_an_authority_of_a_hospital_s_own_is_believed_once_the_machine_knows_it(told, tmp_path, monkeypatch):
    with pytest.raises(ssl.SSLCertVerificationError):
        opened(told)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert opened(told)
