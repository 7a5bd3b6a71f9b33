"""Templates as French is printed: authors type plain spaces, pages and mails show those at which no line breaks.

Done once for each template, when it is read: a page costs nothing more. What a template prints of its context is left
as it is, but for the sentences that Python writes: those are known by the names of `SENTENCES`, or pass by the filter
`typeset`.
"""

import re

from django.template.loaders.filesystem import Loader

from directory.typography import typeset

_TAG = r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"  # of Django
_VALUE = rf"\"(?:{_TAG}|[^\"])*\"|'(?:{_TAG}|[^'])*'"
PIECES = re.compile(
    rf"(?P<tag>{_TAG})"
    r"|(?P<not_words><!--.*?-->|<(?P<name>script|style|pre|code|textarea)\b.*?</(?P=name)\s*>)"
    rf"|(?P<element><[/!a-z](?:{_TAG}|{_VALUE}|[^\"'>])*>)",
    re.DOTALL | re.IGNORECASE,
)
TAGS = re.compile(_TAG, re.DOTALL)
# What is read or heard of an element; the words of a tag are between double quotes.
SHOWN = re.compile(
    rf"(?P<before>(?<![\w-])(?:title|alt|placeholder|aria-label|aria-description|data-label)=\")(?P<words>(?:{_TAG}|[^\"])*)",
    re.DOTALL,
)
QUOTED = re.compile(r"\"[^\"]*\"")
LINE_BREAK = re.compile(r"\s*\n\s*(?=[;!?:»](?!\w))")  # a space, to HTML


# What holds a sentence of ours wherever it is printed: `{{ finding.sentence }}`, `{{ refusal }}`.
SENTENCES = (
    "sentence", "says", "asks", "explains", "purpose", "warning", "refusal", "remark", "question", "help_text",
    "subject", "heading", "button", "get_delivery_display", "get_stage_display", "get_outcome_display",
    "get_before_display", "get_after_display",
)  # fmt: skip
PRINTED = re.compile(rf"(\{{\{{\s*(?:\w+\.)*(?:{'|'.join(SENTENCES)}))((?:\|[^}}]*?)?)(\s*\}}\}})")

# Texts that other software takes in, of which much knows neither space: letters to operators, what is pasted elsewhere.
PLAIN = re.compile(r"mailboxes/(requests/letters|kit/pieces)/\w+\.txt")


class TypesettingLoader(Loader):
    def get_contents(self, origin) -> str:
        contents = super().get_contents(origin)
        if PLAIN.fullmatch(origin.template_name):
            return contents
        return typeset_html(contents) if origin.template_name.endswith(".html") else typeset_text(contents)


def typeset_html(source: str) -> str:
    return _between(PIECES, source, lambda words: typeset(LINE_BREAK.sub(" ", words)), _piece)


def typeset_text(source: str) -> str:
    """A mail in text, or an attribute, as French is printed."""
    return _between(TAGS, source, typeset, lambda tag: _in_tag(tag[0]))


def _piece(piece: re.Match) -> str:
    if piece["tag"]:
        return _in_tag(piece[0])
    return (
        piece[0] if piece["not_words"] else SHOWN.sub(lambda one: one["before"] + typeset_text(one["words"]), piece[0])
    )


def _in_tag(tag: str) -> str:
    """Its words: `{% include "_empty.html" with text="Rien : …" %}`, `{{ name|default:"aucun : …" }}`."""
    if tag.startswith("{#"):
        return tag
    return PRINTED.sub(r"\1|typeset\2\3", QUOTED.sub(lambda words: typeset(words[0]), tag))


def _between(pieces: re.Pattern, source: str, words, piece) -> str:
    done, end = [], 0
    for found in pieces.finditer(source):
        done += [words(source[end : found.start()]), piece(found)]
        end = found.end()
    return "".join([*done, words(source[end:])])
