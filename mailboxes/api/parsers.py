"""What is read of a body: no more than a bounded depth, and no character that nobody sees. Its size is bounded by
DATA_UPLOAD_MAX_MEMORY_SIZE."""

import json
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import FormParser, JSONParser
from rest_framework.utils.json import strict_constant

from directory.controls import CONTROLS, SENTENCE, without_controls
from directory.typography import quoted

MAX_DEPTH = 16
UNREADABLE = "Le corps n’est pas du JSON lisible : vérifiez ses guillemets et ses virgules, et qu’il est en UTF-8."
TOO_DEEP = f"Le corps est imbriqué trop profondément : {MAX_DEPTH} niveaux au plus."


class StrictParser(JSONParser):
    is_object = True  # what every body of ours is

    def parse(self, stream, media_type=None, parser_context=None):
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            text = stream.read().decode(encoding).removeprefix("\ufeff")  # PowerShell begins a file so
            said = json.loads(text, parse_constant=strict_constant, object_pairs_hook=_once)
        except RecursionError:
            raise ParseError(TOO_DEEP) from None
        except (ValueError, LookupError):  # a charset of no text: hex, or one that inflates its bytes
            raise ParseError(UNREADABLE) from None
        if self.is_object and not isinstance(said, dict):
            raise ParseError("Le corps doit être un objet JSON : ses champs, entre accolades.")
        check_said(said)
        return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a field given twice one value would be passed over, and not the same by every reader of JSON (RFC 8259, 4)."""
    said = dict(pairs)
    if len(said) < len(pairs):
        names = [name for name, _ in pairs]
        name = next(name for name in names if names.count(name) > 1)
        raise ParseError(
            f"Le champ {quoted(without_controls(name))} est donné plusieurs fois : gardez le bon.", "twice"
        )
    return said


class SearchParser(FormParser):
    def parse(self, stream, media_type=None, parser_context=None):
        said = super().parse(stream, media_type, parser_context)
        check_said(dict(said.lists()))
        return said


def check_said(said: Any) -> None:
    """Level by level, so that no depth is ours to climb."""
    level = [said]
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [part for one in level for part in _parts(one)]
    raise ParseError(TOO_DEEP)


def _parts(said: Any) -> list:
    if isinstance(said, str):
        if CONTROLS.search(said):
            raise ParseError(SENTENCE, "control")
        return []
    if isinstance(said, dict):
        return [*said, *said.values()]
    return said if isinstance(said, list) else []
