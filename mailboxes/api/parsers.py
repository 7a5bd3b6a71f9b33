"""What is read of a body: no more than a bounded size and depth, and no character that nobody sees."""

from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import FormParser, JSONParser

from directory.controls import CONTROLS, SENTENCE

MAX_BYTES = 10_000_000  # ten thousand readings, generously laid out
MAX_DEPTH = 16


class TooLong(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_long"
    default_detail = f"Le corps dépasse {MAX_BYTES // 1_000_000} Mo : envoyez-le en plusieurs fois."


def check_length(context: dict | None) -> None:
    length = context["request"].META.get("CONTENT_LENGTH", "") if context else ""
    if length.isdecimal() and int(length[:12]) > MAX_BYTES:
        raise TooLong


class StrictParser(JSONParser):
    def parse(self, stream, media_type=None, parser_context=None):
        check_length(parser_context)
        try:
            said = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("Le corps est imbriqué trop profondément.") from None
        except ParseError:
            raise ParseError("Le corps n’est pas du JSON lisible.") from None
        check_said(said)
        return said


class SearchParser(FormParser):
    def parse(self, stream, media_type=None, parser_context=None):
        check_length(parser_context)
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
    raise ParseError("Le corps est imbriqué trop profondément.")


def _parts(said: Any) -> list:
    if isinstance(said, str):
        if CONTROLS.search(said):
            raise ParseError(SENTENCE, "control")
        return []
    if isinstance(said, dict):
        return [*said, *said.values()]
    return said if isinstance(said, list) else []
