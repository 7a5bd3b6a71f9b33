"""The guide names pages, menus and pictures that are there."""

import re
from pathlib import Path

import pytest

from mailboxes.views.menu import MENU
from tests.e2e.screenshots import ON_A_PHONE, PICTURES

GUIDE = Path("docs/guide")
PAGES = sorted(GUIDE.glob("*.md"))
TEXT = {page.name: page.read_text() for page in PAGES}


def labels():
    for entry in MENU:
        yield entry.label, {page.label for page in getattr(entry, "pages", ())}


@pytest.mark.parametrize("name", TEXT)
def test_its_links_and_pictures_lead_somewhere(name):
    targets = re.findall(r"\]\(([^)#]+)", TEXT[name])
    assert [target for target in targets if not (GUIDE / target).exists()] == []


def test_its_paths_are_those_of_the_menu():
    menu = dict(labels())
    told = [found for text in TEXT.values() for found in re.findall(r"\*\*([^*›]+) › ([^*]+)\*\*", text)]
    assert len(told) > 5
    assert [path for path in told if path[1] not in menu.get(path[0], ())] == []


def test_each_picture_is_shown_and_can_be_taken_anew():
    shown = {Path(target).stem for text in TEXT.values() for target in re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)}
    assert shown == PICTURES.keys() | ON_A_PHONE.keys()
