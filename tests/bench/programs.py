"""The programs that the sections run, beside the servers that all of them want."""

import sys
from typing import NamedTuple

from tests.servers import Missing, find_program


class Program(NamedTuple):
    name: str
    package: str
    folders: tuple[str, ...] = ()  # beside those of PATH

    def path(self) -> str:
        return find_program(self.name, *self.folders, package=self.package)


WRK = Program("wrk", "wrk")
SLAPD, SLAPADD = (Program(name, "slapd", ("/usr/sbin",)) for name in ("slapd", "slapadd"))
OF = {"rest": [WRK], "sources": [SLAPD, SLAPADD]}


def check(sections: list[str]) -> None:
    """Say now what is missing: minutes later, all that was measured would be lost."""
    missing = []
    for program in (program for section in sections for program in OF.get(section, ())):
        try:
            program.path()
        except Missing as error:
            missing.append(str(error))
    if missing:
        sys.exit("\n".join(missing))
