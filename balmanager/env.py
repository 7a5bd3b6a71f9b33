"""Settings from the environment. One that is missing or makes no sense stops the start: its name, what is expected, an
example; never its value, for it may be a secret.

`NAME_FILE` may name a file that holds the value of NAME, as containers give secrets. A value that is empty is as none.
"""

import os
import re
from datetime import timedelta
from email.utils import parseaddr
from io import StringIO
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

HIGHEST_PORT = 65535
HIGHEST = 10**9  # of any number
MOST_DAYS = 100 * 365
YES_OR_NO = {"true", "on", "ok", "y", "yes", "1", "false", "off", "n", "no", "0"}
MEANT_EMPTY: set[str] = set()  # of which nothing is a value
EXPECTED = {
    "SECRET_KEY": "50 random characters or more, such as those of: openssl rand -base64 48",
    "ALLOWED_HOSTS": "the names it is reached by, separated by commas, such as bal.example.fr (never *)",
    "DATABASE_URL": "an address, such as postgresql://bal:password@localhost:5432/bal (“#”, “/”, “@” in a password "
    "are written %23, %2F, %40)",
    "EMAIL_URL": "an address, such as smtp+tls://user:password@host:587, or smtp+ssl://user:password@host:465 (“#”, "
    "“/”, “@” in a password are written %23, %2F, %40)",
    "SITE_URL": "the address of a whole site, without a path, such as https://bal.example.fr",
    "ENV_FILE": "the path of a file that can be read, such as /etc/bal.env",
    "REDIS_URL": "an address, such as redis://localhost:6379/0",
    "LDAP_URL": "an address, such as ldaps://annuaire.example.fr",
    "WEBHOOK_NETWORKS": "networks separated by commas, such as 10.1.0.0/16,192.168.4.7",
    "SERVICE_EMAIL": "addresses separated by commas, such as exploitation@example.fr",
    "BACKUP_RECIPIENT": "a public key of age, such as the age1… that manage.py backup --new-key prints",
    "BIND": "an address and a port, such as 127.0.0.1:8000, or a socket, such as unix:/run/bal/web.sock",
    "LOG_FORMAT": "line or json",
    "LOG_LEVEL": "DEBUG, INFO, WARNING, ERROR or CRITICAL",
    "QUOTA_THRESHOLDS": "percentages separated by commas, rising, such as 80,90,95",
    "IDLE_REMINDERS_DAYS": "days before the day separated by commas, falling, such as 30,7",
    "ENGAGEMENT_REMINDERS_DAYS": "days before the day separated by commas, falling, such as 60,30,7",
    "ANNUAIRE_MAX_WITHDRAWN": "a number, a share between 0 and 1, such as 0.1",
    "DEFAULT_FROM_EMAIL": "the address that sends, such as BAL Manager <bal@example.fr>",
    "MSSANTE_FROM_EMAIL": "the BAL that sends by it, such as avis@hopital.mssante.fr",
    "SENTRY_DSN": "nothing, or the package sentry-sdk installed (pip install sentry-sdk)",
}
EXPECTED["MSSANTE_EMAIL_URL"] = EXPECTED["EMAIL_URL"]
EXPECTED["SECRET_KEY_FALLBACKS"] = f"former keys separated by commas, each of {EXPECTED['SECRET_KEY']}"
WEB = ("http", "https")
EXPECTED_WEB = "an address, such as https://annuaire.example.fr/extraction"
EXPECTED_FILE = "the path of a file that can be read, such as /etc/ssl/certs/igc-sante.pem"
EXPECTED_OF = {
    bool: "true or false",
    int: "a whole number from 0 to a thousand million, such as 30",
    float: "a number, such as 0.1",
    list: "values separated by commas, such as a,b",
    dict: "pairs separated by commas, such as field=attribute,other=name",
}
OUR_BACKENDS = {"django.core.mail.backends.smtp.EmailBackend": "balmanager.smtp.EmailBackend"}
MAIL_SCHEMES = ("smtp", "smtp+tls", "smtp+ssl", "filemail", "consolemail", "memorymail", "dummymail")


class Env(environ.Env):
    def get_value(self, var, cast=None, default=environ.Env.NOTSET, parse_default=False):
        raw = self.tidy(var)
        if raw is None or (raw == "" and var not in MEANT_EMPTY):
            if default is self.NOTSET:
                raise wrong(var, cast, "is missing")
            return default
        if raw.startswith("$"):  # the library would look for a variable of that name
            raise wrong(var, cast, "begins with “$”, which stands for another variable")
        if cast is bool and raw.lower() not in YES_OR_NO:
            raise wrong(var, cast)
        try:
            value = without_spaces(super().get_value(var, cast, default, parse_default))
        except Exception:
            raise wrong(var, cast) from None
        numbers = value if isinstance(value, list) else [value]
        if any(isinstance(number, int | float) and not 0 <= number <= HIGHEST for number in numbers):
            raise wrong(var, cast)
        return value

    def tidy(self, var: str) -> str | None:
        """What it says, without the spaces around. Quotes around it stay where `docker --env-file` read it: nobody
        meant them."""
        self.take_file(var)
        if (raw := self.ENVIRON.get(var)) is None:
            return None
        self.ENVIRON[var] = raw = raw.strip()
        if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'":
            raise wrong(var, what="stands between quotes, which do not belong to it")
        return raw

    def take_file(self, var: str) -> None:
        if not (path := self.ENVIRON.get(f"{var}_FILE")):
            return
        try:
            self.ENVIRON[var] = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise ImproperlyConfigured(f"{var}_FILE: expected the path of a file that can be read.") from None

    def read_file(self, path: Path) -> None:
        """A setting a line, blanks and quotes around its value taken off as systemd does. The library leaves out in
        silence what it does not understand, and shows it, though it may be a secret."""
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise wrong("ENV_FILE", what="cannot be read as UTF-8 by this account") from None
        lines = []
        for number, line in enumerate(text.splitlines(), 1):
            name, _, value = (part.strip() for part in line.partition("="))
            if re.fullmatch(r"(export )?\w+", name) and "=" in line:
                lines.append(f"{name}={value}")
            elif line.strip() and line.strip()[0] not in "#;":
                what = f"has on line {number} neither a setting nor a comment"
                raise wrong("ENV_FILE", what=what, expected="NAME=value, such as SITE_URL=https://bal.example.fr")
        self.read_env(StringIO("\n".join(lines)))

    def web(self, var: str, schemes: tuple[str, ...] = WEB, default: str = "") -> str:
        """An address of one of these schemes, with its host; or nothing."""
        value = self(var, default=default)
        try:
            parts = urlsplit(value)
            has_place = bool(parts.hostname or (parts.scheme not in WEB and parts.path))
            is_whole = parts.scheme in schemes and has_place and parts.port != 0
        except ValueError:
            is_whole = False
        if value and not is_whole:
            raise wrong(var, expected=EXPECTED.get(var, EXPECTED_WEB))
        return value

    def source(self, var: str, default: str) -> str:
        """Where something is downloaded from; empty: nowhere."""
        MEANT_EMPTY.add(var)
        return self.web(var, default=default)

    def file(self, var: str) -> str:
        """The path of a file that is there; or nothing."""
        value = self(var, default="")
        if value and not os.access(value, os.R_OK):
            raise wrong(var, expected=EXPECTED.get(var, EXPECTED_FILE))
        return value

    def names(self, var: str, default: list[str]) -> list[str]:
        """Names of hosts: what a browser says before the port, and no address."""
        names = self.list(var, default=default)
        if not all(re.fullmatch(r"\*|\.?[\w.-]+|\[[0-9a-fA-F:.]+\]", name) for name in names):
            raise wrong(var)
        return names

    def sender(self, var: str, default: str) -> str:
        """An address that sends mail, with or without a name; or nothing."""
        value = self(var, default=default)
        if value and "@" not in parseaddr(value)[1]:
            raise wrong(var)
        return value

    def between(self, var: str, least: int, most: int, default: int) -> int:
        EXPECTED[var] = f"a whole number from {least} to {most}, such as {default}"
        if not least <= (value := self.int(var, default=default)) <= most:
            raise wrong(var)
        return value

    def days(self, var: str, default: int, least: int = 1) -> timedelta:
        return timedelta(days=self.between(var, least, MOST_DAYS, default))

    def numbers(self, var: str, default: list[int], most: int, falling: bool = False) -> list[int]:
        """In order, each once."""
        values = self.list(var, cast=int, default=default)
        if values != sorted(set(values), reverse=falling) or max(values) > most:
            raise wrong(var)
        return values

    def port(self, var: str, default: int) -> int:
        return self.between(var, 1, HIGHEST_PORT, default)

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
        facts = self.address(super().db_url, var, *args, **kwargs)
        if facts.get("ENGINE", "").rpartition(".")[2] not in ("postgresql", "sqlite3"):
            raise wrong(var)
        return facts

    db = db_url

    def email_url(self, var="EMAIL_URL", *args, **kwargs):
        scheme = (self.tidy(var) or "").partition("://")[0]
        if scheme and scheme not in MAIL_SCHEMES:
            raise wrong(var)
        said = self.address(super().email_url, var, *args, **kwargs)
        return {**said, "EMAIL_BACKEND": OUR_BACKENDS.get(said["EMAIL_BACKEND"], said["EMAIL_BACKEND"])}

    email = email_url

    def address(self, read, var, *args, **kwargs):
        if "#" in (self.tidy(var) or ""):  # what follows would be dropped in silence
            raise wrong(var)
        try:
            return read(var, *args, **kwargs)
        except ImproperlyConfigured:
            raise
        except Exception:
            raise wrong(var) from None


def without_spaces(value):
    """Around each of several, as people write them after a comma."""
    if isinstance(value, list):
        return [one.strip() if isinstance(one, str) else one for one in value]
    if isinstance(value, dict):
        return {name.strip(): one.strip() for name, one in value.items()}
    return value


def wrong(var: str, cast=None, what: str = "makes no sense", expected: str = "") -> ImproperlyConfigured:
    kind = type(cast) if isinstance(cast, list | dict) else cast  # the library's way to say a list of numbers
    expected = expected or EXPECTED.get(var) or EXPECTED_OF.get(kind) or "another value (docs/settings.md)"
    return ImproperlyConfigured(f"{var} {what}: expected {expected}.")
