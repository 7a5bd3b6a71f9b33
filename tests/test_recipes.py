"""CONTRIBUTING's recipes: what each tells to copy stands in the places it names, and nowhere else."""

import re

import pytest

from tests.servers import ROOT

SEARCHED = ("mailboxes", "directory", "balmanager", "templates", "docs")
LEFT_OUT = re.compile(r"/migrations/|/management/demo/|benchmarks\.md|glossary\.md")


def recipes():
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("<!-- recipes -->")[2].partition("<!-- /recipes -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    return [(what, re.findall(r"`([^`]+)`", places), example.strip("`")) for what, places, example in rows]


def files():
    yield ROOT / "README.md"
    for folder in SEARCHED:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".html", ".txt", ".md", ".json") and not LEFT_OUT.search(str(path)):
                yield path


@pytest.mark.parametrize(("what", "places", "example"), recipes(), ids=lambda value: str(value)[:20])
def test_a_recipe_names_every_place(what, places, example):
    word = re.compile(rf"(?<![\w-]){re.escape(example)}(?![\w-])")
    found = {str(path.relative_to(ROOT)) for path in files() if path.stem == example or word.search(path.read_text())}
    assert found == set(places)


def test_there_is_a_recipe_for_each_thing_that_is_often_added():
    assert len(recipes()) == 5
