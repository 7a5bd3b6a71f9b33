"""One question put to all that one may see: BAL, people, accesses, requests, acts, pages. Exact answers first."""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse

from directory.folding import as_in_an_address, fold, in_address
from directory.typography import quoted
from mailboxes.lifecycle import BY_VERB, OVER, WHO_MAY, Act, Role, Verb
from mailboxes.models import Alias, Bal, Delegataire, JournalEntry, Person, Request
from mailboxes.views.menu import MENU, MenuGroup, MenuPage

SHORTEST = 2  # characters: one letter finds everything
SHOWN = 8  # of each kind
RECENT = 6


class Hit(NamedTuple):
    label: str
    said: str  # beside it, in grey
    url: str
    is_address: bool = False


class Section(NamedTuple):
    title: str
    hits: list[Hit]
    more: str = ""  # the list that holds them all


class Phrase(NamedTuple):
    """An act that one may type: « déléguer cardiologie »."""

    words: str  # folded; the first letters of one are enough
    act: Act | Verb
    view: str
    of_bal: bool = True


PHRASES = [
    Phrase("deleguer delegation secretaire acces", Act.DELEGATE, "bal-delegate"),
    Phrase("cotitulaire ajouter", Act.ADD_COTITULAIRE, "bal-holder-add"),
    Phrase("principal designer nommer", Act.NAME_PRINCIPAL, "bal-principal-name"),
    Phrase("modifier corriger fiche", Act.DESCRIBE, "bal-edit"),
    Phrase("espace place quota", Act.ASK_OPERATOR, "bal-space"),
    Phrase("depublier retirer annuaire", Verb.REQUEST_DEPUBLICATION, "bal-depublish"),
    Phrase("supprimer fermer suppression", Verb.REQUEST_DELETION, "bal-verb"),
    Phrase("garder opposer", Verb.OPPOSE, "bal-verb"),
    Phrase("anomalie signaler", Act.NOTE_ANOMALY, "bal-anomaly"),
    Phrase("connaitre carte signature affiche kit", Act.MAKE_KNOWN, "bal-kit"),
    Phrase("inscrire ajouter nouvelle", Act.REGISTER, "bal-new", of_bal=False),
    Phrase("demander ouvrir creer nouvelle", Act.REQUEST_OPENING, "opening", of_bal=False),
    Phrase("importer import liste", Act.IMPORT_LIST, "import-new", of_bal=False),
    Phrase("campagne lancer interroger", Act.LAUNCH_CAMPAIGN, "campaign-new", of_bal=False),
    Phrase("personne inscrire arrivee", Act.RECORD_PERSON, "person-new", of_bal=False),
]


def find(text: str, user, *, follows: bool) -> list[Section]:
    """`follows`: does the account follow a structure, or only its own BAL?"""
    text = " ".join(text.split())
    if len(text) < SHORTEST and not text.isdecimal():  # a request has a short number
        return [section for section in (_recents(user),) if section.hits]
    kinds: list[Callable[[str, object], Section]] = [_bals, _people, _accesses]
    sections = [kind(text, user) for kind in kinds]
    if follows:
        sections.append(_requests(text, user))
    sections += [_acts(text, user, follows=follows), _pages(text, follows=follows), _annuaire(text)]
    return [section for section in sections if section.hits]


# --- BAL --------------------------------------------------------------------------------------------------------------
def _bals(text: str, user) -> Section:
    hits = [_of_bal(bal) for bal in bals_named(text, user, SHOWN)]
    return Section("BAL", hits, _list("bal-list", text) if len(hits) == SHOWN else "")


def bals_named(text: str, user, limit: int) -> list[Bal]:
    """The address itself, those that begin so, then those that hold every word."""
    bals = Bal.objects.visible_to(user).select_related("structure")
    word = as_in_an_address(text).replace(" ", "")
    # `cardiologie@…` before `cardiologie-pediatrique@…`: the address or the local part that is the whole word.
    whole = bals.filter(Q(address=word) | Q(address__startswith=f"{word}@")) if word else bals.none()
    found = list(whole.order_by("address", "pk")[:limit])
    if word and len(found) < limit:
        begins = bals.filter(address__startswith=word).exclude(pk__in=[bal.pk for bal in found])
        found += begins.order_by("address", "pk")[: limit - len(found)]
    if len(found) < limit:
        held = bals.exclude(pk__in=[bal.pk for bal in found])
        for part in text.split():
            # Read beforehand, for they are few: PostgreSQL then takes the indexes of the addresses and of the numbers.
            also = list(Alias.objects.filter(in_address("address", part)).values_list("bal", flat=True))
            held = held.filter(
                in_address("address", part) | Q(service__in=Bal.objects.services_with(part)) | Q(pk__in=also)
            )
        found += held.order_by("address", "pk")[: limit - len(found)]
    return found[:limit]


def _of_bal(bal: Bal) -> Hit:
    service = f", {bal.service}" if bal.service else ""
    return Hit(
        bal.address, f"{bal.kind}, {bal.structure}{service}, {bal.get_state_display()}", bal.get_absolute_url(), True
    )


# --- People and their accesses ----------------------------------------------------------------------------------------
def _people(text: str, user) -> Section:
    people = Person.objects.visible_to(user).named(text).order_by("family_name", "given_name", "pk")[:SHOWN]
    hits = [Hit(str(one), one.profession, reverse("person", args=[one.pk])) for one in people]
    return Section("Personnes", hits, _list("person-list", text) if len(hits) == SHOWN else "")


def _accesses(text: str, user) -> Section:
    """Who reads or sends for somebody: found by the délégataire's name, led to the BAL."""
    people = Person.objects.named(text).values("pk")
    rows = Delegataire.objects.current().filter(person__in=people, bal__in=Bal.objects.visible_to(user).values("pk"))
    rows = rows.select_related("person", "under", "bal").order_by("person__family_name", "bal__address", "pk")[:SHOWN]
    hits = [
        Hit(
            f"{row.person} → {row.bal.address}",
            f"sous {row.under}" + (f", jusqu’au {row.ends_on:%d/%m/%Y}" if row.ends_on else ", sans date de fin"),
            row.bal.get_absolute_url(),
        )
        for row in rows
    ]
    return Section("Délégataires", hits)


# --- Requests, acts, pages --------------------------------------------------------------------------------------------
def _requests(text: str, user) -> Section:
    rows: QuerySet[Request] = Request.objects.visible_to(user)
    number = text.lower().removeprefix("demande").removeprefix(" n°").strip(" °n")
    by_number = Q(pk=int(number)) if number.isascii() and number.isdecimal() and len(number) < 10 else Q()
    about = by_number or in_address("address", text, "icontains")
    found = rows.filter(about).order_by("-pk")[:SHOWN]
    hits = [
        Hit(f"Demande n° {row.pk}, {row.get_kind_display()}", f"{row.address}, {row.get_stage_display()}",
            reverse("request", args=[row.pk]))
        for row in found
    ]  # fmt: skip
    return Section("Demandes", hits, _list("request-list", text) if len(hits) == SHOWN else "")


def _acts(text: str, user, *, follows: bool) -> Section:
    """The acts that a word names, each on the BAL that the other words name. What is not one's to do is refused there,
    in a sentence."""
    hits: list[Hit] = []
    first, _, rest = text.partition(" ")
    for phrase in PHRASES:
        if not _names(first, phrase):
            continue
        if not phrase.of_bal:
            if follows and not rest:
                hits.append(Hit(str(phrase.act.label), "", reverse(phrase.view)))
            continue
        if len(rest) >= SHORTEST:
            hits += [
                Hit(f"{phrase.act.label} : {bal.address}", str(bal.structure), _address(phrase, bal))
                for bal in _may_act(phrase.act, Bal.objects.with_holders(), bals_named(rest, user, 3), user)
            ]
    return Section("Actes", hits[:SHOWN])


def _names(word: str, phrase: Phrase) -> bool:
    return len(word) > 2 and any(said.startswith(fold(word)) for said in phrase.words.split())


def _may_act(act: Act | Verb, rows: QuerySet[Bal], bals: list[Bal], user) -> Iterator[Bal]:
    """The BAL on which the table lets `user` do it."""
    may: frozenset[Role] = BY_VERB[act].by if isinstance(act, Verb) else WHO_MAY[act]
    loaded = rows.in_bulk([bal.pk for bal in bals])
    for bal in bals:
        if bal.state not in OVER and may & loaded[bal.pk].roles_of(user):
            yield bal


def _address(phrase: Phrase, bal: Bal) -> str:
    return reverse(phrase.view, args=[bal.pk, phrase.act] if phrase.view == "bal-verb" else [bal.pk])


def _pages(text: str, *, follows: bool) -> Section:
    word = fold(text)
    hits = []
    for entry in MENU:
        pages: tuple[MenuPage, ...] = entry.pages if isinstance(entry, MenuGroup) else (entry,)
        hits += [
            Hit(page.label, entry.label if isinstance(entry, MenuGroup) else "", page.url)
            for page in pages
            if word in fold(page.label) and (follows or not page.of_structures)
        ]
    return Section("Pages", hits[:SHOWN])


def _annuaire(text: str) -> Section:
    url = _list("directory:search", text)
    return Section(
        "Annuaire national", [Hit(f"Chercher {quoted(text)} dans l’annuaire", "toutes les BAL publiées", url)]
    )


def _list(view: str, text: str) -> str:
    return f"{reverse(view)}?{urlencode({'q': text})}"


def _recents(user) -> Section:
    """The BAL on which one acted last."""
    lines = JournalEntry.objects.filter(by=user, bal__in=Bal.objects.visible_to(user).values("pk"))
    seen = dict.fromkeys(lines.order_by("-pk").values_list("bal", flat=True)[:100])
    bals = Bal.objects.select_related("structure").in_bulk(list(seen)[:RECENT])
    return Section("Récemment", [_of_bal(bals[pk]) for pk in list(seen)[:RECENT] if pk in bals])
