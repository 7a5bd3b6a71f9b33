"""What people come for most, by hand in a real browser on the demonstration: the clicks that each costs, counted.

A click is a press of the mouse, keys are those pressed; a list to choose from costs two clicks, a file one. The table
of docs/tasks.md is written from here: `TASKS=write`.
"""

import os
import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.screenshots import become, open_sessions
from tests.servers import ROOT

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough
TABLE = ROOT / "docs" / "tasks.md"
# By task: the clicks of the review before, and the most that it may cost today.
TARGETS = {
    "Qui lit cette boîte ?": (3, 2),
    "Répondre à une alerte, par le lien du courriel": (1, 1),
    "Transmettre le rôle de principal": (3, 3),
    "Déléguer jusqu’à un jour": (6, 4),
    "Importer une liste déjà connue, deux lignes à corriger": (11, 6),
    "Tout sur une personne": (3, 1),
    "Ce qui a changé depuis hier": (None, 1),
    "Faire fermer les BAL payées et dépubliées": (8, 5),
    "Un départ, d’un bout à l’autre": (15, 4),
    "La preuve des avis d’une BAL": (4, 3),
}
COUNTING = """
    addEventListener("pointerdown", (event) => event.isTrusted && tally("clicks"), true);
    addEventListener("keydown", (event) => event.isTrusted && !event.repeat && tally("keys"), true);
"""


class Hand:
    """Somebody at the page: what they press is counted by the page itself."""

    def __init__(self, page: Page):
        self.page, self.counts, self.pages = page, {"clicks": 0, "keys": 0}, set()
        page.context.expose_binding("tally", lambda _, what: self.press(what))
        page.context.add_init_script(COUNTING)
        page.on("framenavigated", lambda frame: self.pages.add(frame.url.partition("?")[0]))

    def press(self, what: str, times: int = 1) -> None:
        self.counts[what] += times

    def type(self, text: str) -> None:
        """Where the focus is."""
        self.page.keyboard.type(text)

    def choose(self, field: Locator, **which) -> None:
        field.select_option(**which)
        self.press("clicks", 2)

    def hand_in(self, field: Locator, path) -> None:
        field.set_input_files(path)
        self.press("clicks")

    @contextmanager
    def counted(self):
        """What is done within, and nothing of what came before."""
        self.counts.update(clicks=0, keys=0)
        self.pages.clear()
        yield
        self.page.evaluate("0")  # what was pressed last has been told


LIST = """\
Adresse;Type;RPPS du titulaire;Service;Dernière connexion;Espace occupé (Mo);Quota (Mo)
alice.morel@trois-rivieres.mssante.fr;PER;81090000019;Cardiologie;{day};400;1000
cardiologie@trois-rivieres.mssante.fr;ORG;81090000019;Cardiologie;{day};500;1000
{first};ORG;81090000019;Cardiologie;{day};10;1000
{second};ORG;81090000019;Cardiologie;{day};10;1000
"""
GOOD = {"first": "consultation.rythme@trois-rivieres.mssante.fr", "second": "holter@trois-rivieres.mssante.fr"}
BAD = {"first": "consultation.rythme@trois-rivieres", "second": "holter"}


def search(hand: Hand, words: str, result: str) -> None:
    """By the field of every page: what is wanted is found as one types."""
    hand.page.keyboard.press("/")
    hand.type(words)
    hand.page.locator("#found").get_by_role("link", name=re.compile(result)).first.click()


def who_reads(hand: Hand) -> None:
    search(hand, "cardiologie", r"^cardiologie@")
    expect(hand.page.get_by_role("heading", name="Qui y a accès")).to_be_visible()
    expect(hand.page.get_by_text("Delphine CARADEC").first).to_be_visible()


def answer_an_alert(hand: Hand) -> None:
    """By the link of the mail."""
    hand.page.get_by_role("button", name=re.compile("^Garder|m’en sers")).first.click()
    hand.page.get_by_text("C’est noté").first.wait_for()


def hand_over(hand: Hand) -> None:
    page = hand.page
    page.get_by_role("link", name="cardiologie@").first.click()
    page.get_by_text("Rendre principal").first.click()
    page.get_by_role("button", name=re.compile("Transmettre")).click()
    page.get_by_text("est maintenant principal de cardiologie@").wait_for()


def delegate(hand: Hand) -> None:
    page = hand.page
    search(hand, "deleguer alice.morel", "^Déléguer l’accès")
    expect(page.get_by_label("Personne", exact=True)).to_be_focused()
    hand.type("Inès Kerbrat")
    page.get_by_label("Jusqu’au").click()
    page.get_by_label("Jusqu’au").fill("2027-06-30")
    page.get_by_label("Motif de l’accès").click()
    hand.type("Secrétariat")
    page.get_by_role("button", name="Déléguer l’accès").click()
    page.get_by_text("est prié d’ouvrir l’accès").wait_for()


def import_a_list(hand: Hand, path) -> None:
    page = hand.page
    search(hand, "importer", "^Importer la liste")
    hand.hand_in(page.get_by_label(re.compile("^Fichier")), path)
    page.get_by_role("button", name="Déposer le fichier").click()
    page.get_by_role("link", name="Corriger les rejets ici").click()
    for field, address in zip(page.get_by_label("Adresse").all(), GOOD.values(), strict=True):
        while not field.evaluate("field => field === document.activeElement"):
            page.keyboard.press("Tab")
        page.keyboard.press("Control+A")
        hand.type(address)
    page.get_by_role("button", name="Réessayer ces lignes").click()
    page.get_by_role("button", name="Appliquer au registre").click()
    page.get_by_role("link", name="Annuler l’import").wait_for()


def all_about(hand: Hand) -> None:
    search(hand, "morel", r"^Alice MOREL")
    expect(hand.page.get_by_role("heading", name="Alice MOREL")).to_be_visible()
    expect(hand.page.get_by_role("link", name="cardiologie@").first).to_be_visible()


def since_yesterday(hand: Hand) -> None:
    hand.page.get_by_role("link", name="Activité", exact=True).click()
    expect(hand.page.get_by_role("heading", name="Activité", exact=True)).to_be_visible()


def close_many(hand: Hand) -> None:
    page = hand.page
    search(hand, "économies", "^Coûts et économies")
    page.get_by_role("link", name="Économies", exact=True).click()
    page.get_by_role("link", name=re.compile("^Demander aux titulaires de supprimer")).click()
    page.get_by_role("button", name="Envoyer les demandes").click()
    page.locator("main").get_by_role("status").first.wait_for()


def departure(hand: Hand) -> None:
    page = hand.page
    search(hand, "hamidi", r"^Chloé HAMIDI")
    page.get_by_role("link", name="Préparer le départ").click()
    page.get_by_role("button", name="Voir ce qui va se passer").click()
    page.get_by_role("button", name=re.compile("^(Enregistrer le départ|Demander de transmettre)")).click()
    page.locator("main").get_by_role("status").first.wait_for()


def proof(hand: Hand) -> None:
    page = hand.page
    search(hand, "karim.ozanne", r"^karim.ozanne@")
    page.get_by_role("link", name="Les preuves, à imprimer").first.click()
    expect(page.get_by_role("heading", name="Preuve des avis donnés")).to_be_visible()


def bring_in_once(page: Page, path) -> None:
    """A first list, whose columns are checked: the next one of the same console is known."""
    page.get_by_label("Opérateur").select_option(label="Confluences e-santé (GRADeS)")
    page.get_by_label(re.compile("^Fichier")).set_input_files(path)
    page.get_by_role("button", name="Déposer le fichier").click()
    page.get_by_role("link", name="Vérifier les colonnes").click()
    page.get_by_role("button", name="Simuler l’import").click()
    page.get_by_role("button", name="Appliquer au registre").click()
    page.get_by_role("link", name="Annuler l’import").wait_for()


def list_of(folder, name: str, **facts):
    (path := folder / name).write_text(LIST.format(**facts))
    return path


def test_the_ten_tasks_cost_no_more_clicks_than_they_should(demonstration, serve, page, tmp_path):
    app, printed = demonstration(CELERY_EAGER="true")
    serve(app)
    link = re.search(r"/avis/repondre/\S+", printed)[0]
    sessions = open_sessions(app, "gisele", "alice")
    hand, counted = Hand(page), {}
    become(page, app, sessions["gisele"])
    page.goto(f"{app.url}/imports/nouveau/")
    bring_in_once(page, list_of(tmp_path, "octobre.csv", day="01/10/2026", **GOOD))
    novembre = list_of(tmp_path, "novembre.csv", day="28/11/2026", **BAD)
    tasks = [
        ("gisele", "/", who_reads),
        ("", link, answer_an_alert),
        ("alice", "/mes-bal/", delegate),
        ("alice", "/mes-bal/", hand_over),
        ("gisele", "/", lambda hand: import_a_list(hand, novembre)),
        ("gisele", "/", all_about),
        ("gisele", "/", since_yesterday),
        ("gisele", "/", close_many),
        ("gisele", "/", departure),
        ("gisele", "/", proof),
    ]
    names = list(TARGETS)
    names[2], names[3] = names[3], names[2]  # who has handed over lends what is hers still
    for name, (account, path, do) in zip(names, tasks, strict=True):
        page.context.clear_cookies()
        if account:
            become(page, app, sessions[account])
        page.goto(app.url + path)
        with hand.counted():
            do(hand)
        counted[name] = {**hand.counts, "pages": len(hand.pages)}
    if os.environ.get("TASKS") == "write":
        TABLE.write_text(table_of(counted))
    too_many = {name: counts["clicks"] for name, counts in counted.items() if counts["clicks"] > TARGETS[name][1]}
    assert too_many == {}
    said = dict(re.findall(r"^\| ([^|]+) \| [^|]+ \| (\d+) \|", TABLE.read_text(), re.MULTILINE))
    assert said == {name: str(counts["clicks"]) for name, counts in counted.items()}, "TASKS=write"


def table_of(counted: dict[str, dict[str, int]]) -> str:
    lines = [
        f"| {name} | {'impossible' if before is None else before} | {counted[name]['clicks']} | {target} "
        f"| {counted[name]['keys']} | {counted[name]['pages']} |"
        for name, (before, target) in TARGETS.items()
    ]
    return "\n".join([HEAD, *lines, ""])


HEAD = """\
# Ten tasks, counted
What people come for most, played by `tests/e2e/test_ten_tasks.py` on the demonstration, in Chromium: presses of the
mouse as the page hears them, from the page on which the day begins. A list to choose from counts two, a file one; what
is typed, and Tab from field to field, stands under keys. `TASKS=write` writes this table anew; the test fails when a
task costs more than its target, or when the table no longer says what is counted.

| task | clicks at the review | clicks today | target | keys | pages |
|---|---|---|---|---|---|"""
