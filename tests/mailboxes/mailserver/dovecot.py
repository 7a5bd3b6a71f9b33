"""A real Dovecot, with quota and Pigeonhole (Sieve), on free ports and under an account other than root."""

import contextlib
import grp
import json
import os
import pwd
import shutil
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
    _boxes: dict[str, dict] = field(default_factory=dict)

    @property
    def ca_file(self) -> str:
        return str(self.folder / "ca.pem")

    def home(self, address: str) -> Path:
        return self.folder / "mail" / address

    def add(self, address: str, password: str = "pw", *, storage_mb: int | None = 2) -> None:
        """A box, of so many MB; None: without a limit."""
        limit = {"quota_rule": f"*:storage={storage_mb}M"} if storage_mb else {}
        self._boxes |= {f"passdb/{address}": {"password": f"{{PLAIN}}{password}"}, f"userdb/{address}": limit}
        self._write()

    def _write(self) -> None:
        """A new file in the place of the former: Dovecot sees that at once, and a change within it once a second."""
        half = self.folder / "boxes.half"
        half.write_text("".join(f"shared/{key}\n{json.dumps(facts)}\n" for key, facts in self._boxes.items()))
        half.replace(self.folder / "boxes")

    def fill(self, address: str, kilobytes: int) -> None:
        """A message lies in the box."""
        for name in ("cur", "new", "tmp"):
            (self.home(address) / "Maildir" / name).mkdir(parents=True, exist_ok=True)
        size = kilobytes * 1024
        message = self.home(address) / "Maildir" / "new" / f"1.M1P1.tests,S={size}"
        message.write_bytes(b"Subject: essai\r\n\r\n".ljust(size, b"x"))
        if self.account:
            for path in (self.folder / "mail").rglob("*"):
                os.chown(path, self.account["user"], self.account["group"])

    def clear(self) -> None:
        self._boxes.clear()
        self._write()
        for box in (self.folder / "mail").iterdir():
            shutil.rmtree(box)

    def told(self) -> str:
        """What it logged."""
        return (self.folder / "log").read_text()


@contextlib.contextmanager
def run_dovecot(folder: Path, *, ssl: str = "yes", make=make_certificate):
    """`ssl`: "no" has no STARTTLS. `make` writes its certificate."""
    program = find_program("dovecot", "/usr/sbin", package="dovecot-imapd")
    find_program("managesieve", "/usr/lib/dovecot", package="dovecot-managesieved")
    find_program("openssl", package="openssl")
    account = unprivileged_account()
    user, group = account.get("user", os.geteuid()), account.get("group", os.getegid())
    home = folder / f"dovecot-{free_port()}"
    (home / "run").mkdir(parents=True)
    (home / "mail").mkdir()
    make(home)
    dovecot = Dovecot(home, free_port(), free_port(), free_port(), account)
    dovecot.clear()
    (home / "masters").write_text(f"{LOGIN}:{{PLAIN}}{PASSWORD}\n")
    facts = {
        "DIR": home, "USER": pwd.getpwuid(user).pw_name, "GROUP": grp.getgrgid(group).gr_name, "UID": user,
        "GID": group, "SSL": ssl, "IMAP": dovecot.imap, "IMAPS": dovecot.imaps, "SIEVE": dovecot.sieve,
    }  # fmt: skip
    for name in ("dovecot.conf", "boxes.conf"):
        (home / name).write_text(Template(Path(__file__).with_name(name).read_text()).substitute(facts))
    for path in [home, *home.rglob("*")]:
        os.chown(path, user, group)
    with run([program, "-F", "-c", str(home / "dovecot.conf")], home / "out", port_answers(dovecot.sieve)):
        yield dovecot
