"""French as it is printed: no line breaks before « ; » nor inside quotes; what is not words stays as it is typed."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from django.template import Context, Engine, Template, engines

from balmanager.typesetting import PLAIN, typeset_html, typeset_text
from directory.dates import day_in_words
from directory.typography import NARROW, NO_BREAK, typeset
from tests.servers import ROOT

TEMPLATES = ROOT / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file())
BREAKABLE = re.compile(r"[ \n]+[;!?»:](?![\w:])|«[ \n]")
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
SHOWN = {"title", "alt", "placeholder", "aria-label", "aria-description", "data-label"}


class Words(HTMLParser):
    """What is read or heard of a page."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], []

    def handle_starttag(self, tag, attrs):
        self.inside += [tag] if tag in ("script", "style", "pre", "code", "textarea") else []
        self.found += [value or "" for name, value in attrs if name in SHOWN]

    def handle_endtag(self, tag):
        if tag in self.inside:
            self.inside.remove(tag)

    def handle_data(self, data):
        self.found += [] if self.inside else [data]


def words_of(source: str, *, is_html: bool) -> list[str]:
    bare = TAG.sub("X", source)
    if not is_html:
        return [bare]
    reader = Words()
    reader.feed(bare)
    return reader.found


def as_loaded(name: str) -> str:
    loader = Engine.get_default().template_loaders[0].loaders[0]
    return loader.get_contents(next(loader.get_template_sources(name)))


@pytest.mark.parametrize("name", [name for name in NAMES if not PLAIN.fullmatch(name)])
def test_no_template_lets_a_line_break_before_a_sign(name):
    source = as_loaded(name)
    said = words_of(source, is_html=name.endswith(".html"))
    said += [
        words for tag in TAG.findall(source) if not tag.startswith("{#") for words in re.findall(r'"([^"]*)"', tag)
    ]
    assert [words.strip() for words in said if BREAKABLE.search(words)] == []


ELISION = re.compile(r"(?<![\w'])(?:[ldnsjcmt]|qu|jusqu|lorsqu|aujourd)'(?=[a-zéèêàîœh])", re.IGNORECASE)


@pytest.mark.parametrize("name", NAMES)
def test_an_elision_is_written_with_a_curved_apostrophe(name):
    said = words_of((TEMPLATES / name).read_text(), is_html=name.endswith(".html"))
    assert [words.strip() for words in said if ELISION.search(words)] == []


def test_the_templates_are_read_by_that_loader():
    """Else the test above would look at what no page shows."""
    assert f"{NO_BREAK}: non conforme" in Engine.get_default().get_template("base.html").source


def printed(text: str) -> str:
    """With the spaces as one can see them: ~ before a colon and inside quotes, ^ before the high signs."""
    return text.replace("~", NO_BREAK).replace("^", NARROW)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Vide : rien ; sûr ? oui !", "Vide~: rien^; sûr^? oui^!"),
        ("« Mes BAL »", "«~Mes BAL~»"),
        ("«~déjà~»", "«~déjà~»"),
        ("10:30, a:b, x ?y=1, :root, !important", "10:30, a:b, x ?y=1, :root, !important"),
        ("", ""),
    ],
)
def test_a_sentence(typed, shown):
    assert typeset(printed(typed)) == printed(shown)
    assert typeset(printed(shown)) == printed(shown)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("<b>a</b> : b", "<b>a</b>~: b"),
        ("{{ a }} : {{ b }}\n ; {% if c %}« c »{% endif %}", "{{ a }}~: {{ b }}^; {% if c %}«~c~»{% endif %}"),
        ('<a href="?a : b" title="{% url "x" %} ?">', '<a href="?a : b" title="{% url "x" %}^?">'),
        ('<p {% if a %}class="x : y"{% endif %} alt="a : b">', '<p {% if a %}class="x : y"{% endif %} alt="a~: b">'),
        ("<script>a ? b : c;</script><pre>a : b</pre><code>a : b</code>", None),
        ('<textarea name="a">{{ a }} : b</textarea><input value="a : b"><!-- a : b -->', None),
        ('{% include "a.html" with text="a : b" %}', '{% include "a.html" with text="a~: b" %}'),
        ('{{ a|default:"aucun : rien" }}', '{{ a|default:"aucun~: rien" }}'),
        ("{# a : b #}", None),
        ("{{ a.sentence }} {{ refusal|linebreaks }} {{ a.says.b }}",
         "{{ a.sentence|typeset }} {{ refusal|typeset|linebreaks }} {{ a.says.b }}"),
    ],
)  # fmt: skip
def test_a_page(typed, shown):
    assert typeset_html(typed) == (typed if shown is None else printed(shown))


def test_a_mail_keeps_its_lines():
    assert typeset_text("Motif : {{ a }}\n: b\n\n« c »") == printed("Motif~: {{ a }}\n: b\n\n«~c~»")


def test_what_a_template_prints_is_left_as_it_is_and_a_sentence_of_python_asks_for_it():
    page = Template("{{ a }}|{{ a|typeset }}|{{ b|typeset }}")
    said = page.render(Context({"a": "<x> : y", "b": "z ?"}))
    assert said == printed("&lt;x&gt; : y|&lt;x&gt;~: y|z^?")


@pytest.mark.parametrize(
    ("day", "shape", "said"),
    [
        (date(2026, 10, 1), "j F Y", "1er octobre 2026"),
        (date(2026, 8, 1), "l j F", "samedi 1er août"),
        (datetime(2026, 7, 31, 22, 30, tzinfo=UTC), "j N Y à H:i", "1er août 2026 à 00:30"),
        (date(2026, 10, 11), "j F Y", "11 octobre 2026"),
        (date(2026, 10, 21), "j F Y", "21 octobre 2026"),
        (date(2026, 10, 1), "d/m/Y", "01/10/2026"),
        (None, "j F Y", ""),
    ],
)
def test_the_first_of_a_month_is_an_ordinal(day, shape, said):
    page = engines["django"].from_string(f"{{{{ day|date:'{shape}' }}}}")
    assert page.render({"day": day}) == said
    if isinstance(day, date) and shape == "j F Y":
        assert day_in_words(day) == said


NAMED = re.compile(r"\bde \{\{ ?(?:[a-z_]+\.)*(?:structure|person|operator|into|under|organisme|former_operator) ?[|}]")


@pytest.mark.parametrize("name", NAMES)
def test_before_the_name_of_somebody_or_of_a_place_the_small_word_is_asked_of_it(name):
    """« la demande d’EHPAD Les Glycines »: `{{ structure|of }}`."""
    assert NAMED.findall((TEMPLATES / name).read_text()) == []


# Nobody says « ce lien fut envoyé » any more: a tense of books makes the reader stop.
OF_BOOKS = re.compile(r"\b(?:fut|furent|eurent|fîmes|fûmes)\b", re.IGNORECASE)
ROOMS = ("balmanager", "directory", "mailboxes", "templates")


def test_pages_and_sentences_are_in_the_tense_that_people_speak():
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in (".py", ".html", ".txt")]
    assert len(files) > 500
    told = {str(path.relative_to(ROOT)) for path in files if OF_BOOKS.search(path.read_text())}
    assert not told


@pytest.mark.parametrize(
    ("many", "said"), [(0, "0 personne reste"), (1, "1 personne reste"), (2, "2 personnes restent")]
)
def test_none_is_singular(many, said):
    words = "{{ n }} personne{{ n|pluralize }} {{ n|pluralize:'reste,restent' }}"
    assert Template(words).render(Context({"n": many})) == said
