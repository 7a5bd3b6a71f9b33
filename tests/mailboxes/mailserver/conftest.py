import pytest

from mailboxes.mailserver.actions import set_mail_server
from mailboxes.models import MailServer
from tests.mailboxes.mailserver.dovecot import LOGIN, PASSWORD, run_dovecot
from tests.servers import or_skip, private_folder


@pytest.fixture(scope="session")
def _dovecot():
    with or_skip(), private_folder() as folder, run_dovecot(folder) as dovecot:
        yield dovecot


@pytest.fixture
def dovecot(_dovecot, settings):
    """A Dovecot without a box, whose authority is known to us."""
    settings.OPERATORS_CA_FILE = _dovecot.ca_file
    yield _dovecot
    _dovecot.clear()


@pytest.fixture
def set_server(operator, root):
    """`set_server(dovecot)`: the operator's server is opened to us; `facts` as the page has them."""

    def make(dovecot=None, **facts) -> MailServer:
        ports = {"imap_port": dovecot.imaps, "sieve_port": dovecot.sieve} if dovecot else {}
        facts = {"host": "127.0.0.1", "login": LOGIN, "password": PASSWORD, "reads_space": True, "is_apart": True,
                 "sets_replies": True, **ports, **facts}  # fmt: skip
        return set_mail_server(operator, by=root, **facts)

    return make


@pytest.fixture
def root(django_user_model):
    return django_user_model.objects.create_superuser("root")
