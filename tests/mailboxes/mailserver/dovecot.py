"""A real Dovecot, with quota and Pigeonhole (Sieve), on free ports and under an account other than root."""

import contextlib
import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from tests.certificates import make_certificate
from tests.servers import find_program, free_port, port_answers, run, unprivileged_account

LOGIN, PASSWORD = "releve", "secret-releve"  # of its service account


@dataclass
class Dovecot:
    folder: Path
    imap: int  # STARTTLS
    imaps: int
    sieve: int
    account: dict
    is_24: bool
    _boxes: dict[str, tuple[str, int | None]] = field(default_factory=dict)  # by address: its password, its MB

    @property
    def ca_file(self) -> str:
        return str(self.folder / "ca.pem")

    def home(self, address: str) -> Path:
        return self.folder / "mail" / address

    def add(self, address: str, password: str = "pw", *, storage_mb: int | None = 2) -> None:
        """A box, of so many MB; None: without a limit. To be added before the test first logs in."""
        self._boxes[address] = password, storage_mb
        self._write()

    def _write(self) -> None:
        """A new file in the place of the former: Dovecot 2.3 sees that at once, and a change within it once a second;
        2.4 looks once a second at most, and `clear` waits for that one to be over."""
        half = self.folder / "boxes.half"
        lines_of = _account_lines if self.is_24 else _dictionary_lines
        half.write_text("".join(lines_of(address, *facts) for address, facts in self._boxes.items()))
        half.replace(self.folder / "boxes")

    def fill(self, address: str, kilobytes: int) -> None:
        """A message lies in the box."""
        for name in ("cur", "new", "tmp"):
            (self.home(address) / "Maildir" / name).mkdir(parents=True, exist_ok=True)
        size = kilobytes * 1024
        message = self.home(address) / "Maildir" / "new" / f"1.M1P1.tests,S={size}"
        message.write_bytes(b"Subject: essai\r\n\r\n".ljust(size, b"x"))
        self.own_boxes()

    def own_boxes(self) -> None:
        """What a test wrote in them is Dovecot's."""
        if self.account:
            for path in (self.folder / "mail").rglob("*"):
                os.chown(path, self.account["user"], self.account["group"])

    def clear(self) -> None:
        self._boxes.clear()
        self._write()
        for box in (self.folder / "mail").iterdir():
            shutil.rmtree(box)
        if self.is_24:
            time.sleep(1 - (self.folder / "boxes").stat().st_mtime % 1)  # the clock may be a test's own

    def told(self) -> str:
        """What it logged."""
        return (self.folder / "log").read_text()

    def names_given(self) -> list[str]:
        """Under which name each tried to log in; "": it came to none, as whoever waited for its start."""
        return re.findall(r"-login: Info: .* user=<(.*?)>", self.told())


def _dictionary_lines(address: str, password: str, storage_mb: int | None) -> str:
    """A box as dovecot.conf has it looked up."""
    limit = {"quota_rule": f"*:storage={storage_mb}M"} if storage_mb else {}
    facts = {f"passdb/{address}": {"password": f"{{PLAIN}}{password}"}, f"userdb/{address}": limit}
    return "".join(f"shared/{key}\n{json.dumps(value)}\n" for key, value in facts.items())


def _account_lines(address: str, password: str, storage_mb: int | None) -> str:
    """A box as dovecot-2.4.conf has it looked up."""
    limit = f"userdb_quota_storage_size={storage_mb}M" if storage_mb else ""
    return f"{address}:{{PLAIN}}{password}::::::{limit}\n"


@contextlib.contextmanager
def run_dovecot(folder: Path, *, ssl: str = "yes", counted: str = "user", make=make_certificate):
    """`ssl`: "no" has no STARTTLS. `counted`: to whom a log-in counts as a use. `make` writes its certificate."""
    program = find_program("dovecot", "/usr/sbin", package="dovecot-imapd")
    find_program("managesieve", "/usr/lib/dovecot", package="dovecot-managesieved")
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    is_24 = not version.startswith("2.3.")
    account = unprivileged_account()
    user, group = account.get("user", os.geteuid()), account.get("group", os.getegid())
    home = folder / f"dovecot-{free_port()}"
    (home / "run").mkdir(parents=True)
    (home / "mail").mkdir()
    make(home)
    dovecot = Dovecot(home, free_port(), free_port(), free_port(), account, is_24)
    dovecot.clear()
    (home / "masters").write_text(f"{LOGIN}:{{PLAIN}}{PASSWORD}\n")
    facts = {
        "DIR": home, "USER": pwd.getpwuid(user).pw_name, "GROUP": grp.getgrgid(group).gr_name, "UID": user,
        "GID": group, "SSL": ssl, "COUNTED": counted, "IMAP": dovecot.imap, "IMAPS": dovecot.imaps,
        "SIEVE": dovecot.sieve,
    }  # fmt: skip
    configuration = "dovecot-2.4.conf" if is_24 else "dovecot.conf"
    for name in (configuration, "boxes.conf"):
        (home / name).write_text(Template(Path(__file__).with_name(name).read_text()).substitute(facts))
    for path in [home, *home.rglob("*")]:
        os.chown(path, user, group)
    with run([program, "-F", "-c", str(home / configuration)], home / "out", port_answers(dovecot.sieve)):
        yield dovecot
