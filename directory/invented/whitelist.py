"""An invented white list of domains, in the real format."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from directory.sources.whitelist import NAMESPACE

OPERATOR = "CN=MSSante,OU=399000000000017,O=Opérateur inventé,C=FR"


def write_whitelist(path: Path | str, names: Iterable[str], generated_at: datetime, operator: str = OPERATOR) -> None:
    entries = "".join(_entry(name, generated_at, operator) for name in names)
    Path(path).write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ListeBlancheMSSante xmlns="{NAMESPACE}">\n'
        f"<DateDeGeneration>{generated_at.isoformat()}</DateDeGeneration>\n<ListeDomaines>\n{entries}</ListeDomaines>\n"
        "</ListeBlancheMSSante>\n",
        encoding="utf-8",
    )


def _entry(name: str, generated_at: datetime, operator: str) -> str:
    return (
        f"<Domaine><Nom>{escape(name)}</Nom><Description>Domaine inventé</Description>"
        f"<DNCertificatOperateur>{escape(operator)}</DNCertificatOperateur>"
        "<ResponsableContact>responsable@exemple.invalid</ResponsableContact>"
        "<SupportContact>assistance@exemple.invalid</SupportContact>"
        f"<DateMAJ>{generated_at:%Y-%m-%d}</DateMAJ></Domaine>\n"
    )
