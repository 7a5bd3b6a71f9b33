"""Settings from the environment. One that is missing or makes no sense stops the start: its name, what is expected, an
example; never its value, for it may be a secret.

`NAME_FILE` may name a file that holds the value of NAME, as containers give secrets.
"""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

HIGHEST_PORT = 65535
YES_OR_NO = {"true", "on", "ok", "y", "yes", "1", "false", "off", "n", "no", "0", ""}
EXPECTED = {
    "SECRET_KEY": "50 random characters or more, such as those of: openssl rand -base64 48",
    "ALLOWED_HOSTS": "the names it is reached by, separated by commas, such as bal.example.fr (never *)",
    "DATABASE_URL": "an address, such as postgresql://bal:password@localhost:5432/bal (“#”, “/”, “@” in a password "
    "are written %23, %2F, %40)",
    "EMAIL_URL": "an address, such as smtp+tls://user:password@host:587, or smtp+ssl://user:password@host:465 (“#”, "
    "“/”, “@” in a password are written %23, %2F, %40)",
    "SITE_URL": "an address, such as https://bal.example.fr",
    "REDIS_URL": "an address, such as redis://localhost:6379/0",
    "LDAP_URL": "an address, such as ldaps://annuaire.example.fr",
    "WEBHOOK_NETWORKS": "networks separated by commas, such as 10.1.0.0/16,192.168.4.7",
    "SERVICE_EMAIL": "addresses separated by commas, such as exploitation@example.fr",
    "BACKUP_RECIPIENT": "a public key of age, such as the age1… that manage.py backup --new-key prints",
    "BACKUPS_KEPT": "1 or more, such as 14",
    "WEB_WORKERS": "1 or more, such as 4",
    "WEB_THREADS": "1 or more, such as 8",
    "PORT": "a port from 1 to 65535, such as 8000",
    "BIND": "an address and a port, such as 127.0.0.1:8000, or a socket, such as unix:/run/bal/web.sock",
    "LOG_FORMAT": "line or json",
    "LOG_LEVEL": "DEBUG, INFO, WARNING, ERROR or CRITICAL",
    "ANNUAIRE_MAX_WITHDRAWN": "a number, a share between 0 and 1, such as 0.1",
    "MSSANTE_FROM_EMAIL": "the BAL that sends by it, such as avis@hopital.mssante.fr",
    "SENTRY_DSN": "nothing, or the package sentry-sdk installed (pip install sentry-sdk)",
}
EXPECTED["MSSANTE_EMAIL_URL"] = EXPECTED["EMAIL_URL"]
WEB = ("http", "https")
EXPECTED_WEB = "an address, such as https://annuaire.example.fr/extraction"
EXPECTED_FILE = "the path of a file that can be read, such as /etc/ssl/certs/igc-sante.pem"
EXPECTED_OF = {
    bool: "true or false",
    int: "a whole number from 0 up, such as 30",
    float: "a number, such as 0.1",
    list: "values separated by commas, such as a,b",
    dict: "pairs separated by commas, such as field=attribute,other=name",
}
MAIL_SCHEMES = ("smtp", "smtp+tls", "smtp+ssl", "filemail", "consolemail", "memorymail", "dummymail")


class Env(environ.Env):
    def get_value(self, var, cast=None, default=environ.Env.NOTSET, parse_default=False):
        self.take_file(var)
        raw = self.ENVIRON.get(var)
        if raw is None and default is self.NOTSET:
            raise wrong(var, cast, "is missing")
        if raw is not None and raw.startswith("$"):  # the library would look for a variable of that name
            raise wrong(var, cast, "begins with “$”, which stands for another variable")
        if cast is bool and raw is not None and raw.strip().lower() not in YES_OR_NO:
            raise wrong(var, cast)
        try:
            value = super().get_value(var, cast, default, parse_default)
        except Exception:
            raise wrong(var, cast) from None
        numbers = value if isinstance(value, list) else [value]
        if raw is not None and any(isinstance(number, int | float) and number < 0 for number in numbers):
            raise wrong(var, cast)
        return value

    def take_file(self, var: str) -> None:
        if not (path := self.ENVIRON.get(f"{var}_FILE")):
            return
        try:
            self.ENVIRON[var] = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise ImproperlyConfigured(f"{var}_FILE: expected the path of a file that can be read.") from None

    def web(self, var: str, schemes: tuple[str, ...] = WEB, default: str = "") -> str:
        """An address of one of these schemes, with its host; or nothing."""
        value = self(var, default=default)
        try:
            is_whole = urlsplit(value).scheme in schemes and bool(urlsplit(value).netloc or urlsplit(value).path)
        except ValueError:
            is_whole = False
        if value and not is_whole:
            raise wrong(var, expected=EXPECTED.get(var, EXPECTED_WEB))
        return value

    def file(self, var: str) -> str:
        """The path of a file that is there; or nothing."""
        value = self(var, default="")
        if value and not os.access(value, os.R_OK):
            raise wrong(var, expected=EXPECTED_FILE)
        return value

    def count(self, var: str, default: int) -> int:
        """One or more."""
        if not (value := self.int(var, default=default)):
            raise wrong(var)
        return value

    def port(self, var: str, default: int) -> int:
        if not 1 <= (value := self.int(var, default=default)) <= HIGHEST_PORT:
            raise wrong(var)
        return value

    def web_address(self, var: str) -> str:
        """The place where the web process listens: an address and a port, or a socket."""
        value = self(var, default=f"127.0.0.1:{self.port('PORT', default=8000)}")
        host, _, port = value.rpartition(":")
        is_address = bool(host) and port.isascii() and port.isdigit() and 1 <= int(port) <= HIGHEST_PORT
        if not (is_address or re.fullmatch(r"unix:.+|fd://\d+", value)):
            raise wrong(var)
        return value

    def networks(self, var: str) -> list:
        try:
            return [ip_network(network) for network in self.list(var, default=[])]
        except ValueError:
            raise wrong(var) from None

    def db_url(self, var="DATABASE_URL", *args, **kwargs):
        return self.address(super().db_url, var, *args, **kwargs)

    db = db_url

    def email_url(self, var="EMAIL_URL", *args, **kwargs):
        self.take_file(var)
        scheme = self.ENVIRON.get(var, "").partition("://")[0]
        if scheme and scheme not in MAIL_SCHEMES:
            raise wrong(var)
        return self.address(super().email_url, var, *args, **kwargs)

    email = email_url

    def address(self, read, var, *args, **kwargs):
        self.take_file(var)
        if "#" in self.ENVIRON.get(var, ""):  # what follows would be dropped in silence
            raise wrong(var)
        try:
            return read(var, *args, **kwargs)
        except ImproperlyConfigured:
            raise
        except Exception:
            raise wrong(var) from None


def wrong(var: str, cast=None, what: str = "makes no sense", expected: str = "") -> ImproperlyConfigured:
    kind = type(cast) if isinstance(cast, list | dict) else cast  # the library's way to say a list of numbers
    expected = expected or EXPECTED.get(var) or EXPECTED_OF.get(kind) or "another value (docs/settings.md)"
    return ImproperlyConfigured(f"{var} {what}: expected {expected}.")
