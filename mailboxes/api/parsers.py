"""What is read of a body: no more than a bounded depth, and no character that nobody sees. Its size is bounded by
DATA_UPLOAD_MAX_MEMORY_SIZE."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import FormParser, JSONParser

from directory.controls import CONTROLS, SENTENCE

MAX_DEPTH = 16
TOO_DEEP = f"Le corps est imbriqué trop profondément : {MAX_DEPTH} niveaux au plus."


class StrictParser(JSONParser):
    def parse(self, stream, media_type=None, parser_context=None):
        try:
            said = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(TOO_DEEP) from None
        except ParseError:
            raise ParseError(
                "Le corps n’est pas du JSON lisible : vérifiez ses guillemets et ses virgules, et qu’il est en UTF-8."
            ) from None
        check_said(said)
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
