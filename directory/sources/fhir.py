"""The FHIR API "Annuaire Santé en libre accès", version 2: all of it once, then what changed.

A mailbox stands on a professional, on a situation d’exercice or on a structure: all three are read, every page to the
spool first, and only then handed on, so that nothing of a run that breaks off is ever compared with our copy.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NoReturn
from urllib.parse import urlencode, urljoin, urlsplit

from django.conf import settings
from django.utils import timezone

from directory.readers.address import OF_PATIENT
from directory.records import EntryRecord, RejectedRecord, Retold
from directory.sources import Heartbeat, UnreadableSource
from directory.sources.fhir_client import CALLS_PER_SECOND, BadAnswer, Client, Pace, PageExpired, Sleep
from directory.sources.fhir_records import Resource, entries_of, holder_of
from directory.sources.spool import Page, Spool, take
from directory.sources.values import refuse
from directory.typography import cut

SEARCHES: dict[str, list[tuple[str, str]]] = {
    "Practitioner": [],
    "PractitionerRole": [("_include", "PractitionerRole:practitioner"), ("_include", "PractitionerRole:organization")],
    "Organization": [],
}
PAGE = 200  # the most the ANS advises: beyond, its gateway answers 502 or 504
FARTHEST = timedelta(days=30)  # how far back the API tells what changed
MARGIN = timedelta(days=1)  # asked for twice rather than missed: `_lastUpdated` is a day here, and their clock another
RESTARTS = 2  # of one search whose next link has expired
MISSING = 0.01  # share of the announced resources that may be gone by the time their page is read


@dataclass
class Fhir:
    """`since` is the date of the picture we hold; without it, or too old, or with `full`, everything is read."""

    name: str = "fhir"
    url: str = ""
    key: str = ""
    ca_file: str = ""
    full: bool = False
    max_seconds: int = 0  # a run stops after these, and the next one goes on from there; 0: never
    count: int = PAGE
    sleep: Sleep = time.sleep
    since: datetime | None = None
    is_delta: bool = False
    whole = True  # what a delta does not tell stands: with it, the picture is whole
    record = EntryRecord
    unit = "pages"

    @property
    def origin(self) -> str:
        return self.url if self.key else ""

    @contextmanager
    def open(self, heartbeat: Heartbeat) -> Iterator["OpenedFhir"]:
        if not self.url or not self.key:
            raise UnreadableSource("L’API FHIR n’est pas configurée : renseignez FHIR_URL et ESANTE_API_KEY.")
        now = timezone.now()
        asked = self._changed_since(now)
        self.is_delta = asked is not None
        signature = f"{self.url} {self.count} {asked}"
        with take(settings.VAR_DIR / "spool" / self.name, signature, now) as spool:
            fetched = self._fetch_all(spool, asked, heartbeat)
            yield OpenedFhir(spool, self.is_delta, fetched)
            spool.clear()

    def _changed_since(self, now: datetime) -> str | None:
        """The day from which to ask what changed; None to ask for everything."""
        if self.full or self.since is None or now - (self.since - MARGIN) >= FARTHEST:
            return None
        return timezone.localtime(self.since - MARGIN).date().isoformat()

    def _fetch_all(self, spool: Spool, asked: str | None, heartbeat: Heartbeat) -> int:
        reading = _Reading(heartbeat, self.max_seconds)
        pace = Pace(CALLS_PER_SECOND, sleep=self.sleep)
        with Client(self.url, self.key, self.ca_file, alive=heartbeat, sleep=self.sleep, pace=pace) as client:
            for search in SEARCHES:
                _Search(search, self._first_url(search, asked), spool, client).fetch(reading, self.count, asked is None)
        return reading.done

    def _first_url(self, search: str, asked: str | None) -> str:
        # Their number is asked for, to know that the reading is whole.
        options = [("_total", "accurate"), *([("_lastUpdated", f"ge{asked}")] if asked else [])]
        query = urlencode([("_count", str(self.count)), *options, *SEARCHES[search]])
        return f"{self.url.rstrip('/')}/{search}?{query}"


class _Reading:
    """How far the reading is, over all searches."""

    def __init__(self, heartbeat: Heartbeat, max_seconds: int):
        self.done = self.total = 0
        self._heartbeat = heartbeat
        self._deadline = time.monotonic() + max_seconds if max_seconds else None

    def expect(self, pages: int) -> None:
        self.total += pages

    def advance(self, pages: int = 1) -> None:
        self.done += pages
        self.total = max(self.total, self.done)
        self._heartbeat(self.done, self.total)

    def check_time(self) -> None:
        if self._deadline and time.monotonic() > self._deadline:
            raise UnreadableSource(f"Lecture inachevée : {self.done} pages sur {self.total} ; la suite reprendra là.")


class _Search:
    """One search, from its first page or from the last one in the spool, to its end."""

    def __init__(self, name: str, first_url: str, spool: Spool, client: Client):
        self.name, self.first_url, self.spool, self.client = name, first_url, spool, client

    def fetch(self, reading: _Reading, per_page: int, is_whole: bool) -> None:
        for restarts in count():
            try:
                return self._fetch(reading, per_page, is_whole)
            except PageExpired as error:
                self.spool.forget(self.name)
                if restarts == RESTARTS:
                    host = urlsplit(self.first_url).netloc
                    raise UnreadableSource(f"{host} a encore oublié la suite de la recherche {self.name} : réessayez "
                                           "plus tard.") from error  # fmt: skip

    def _fetch(self, reading: _Reading, per_page: int, is_whole: bool) -> None:
        announced, matches, seen, prints = None, 0, set(), set()
        for number, page in enumerate(self._pages(reading)):
            if number == 0 and page["total"] is not None:
                announced = page["total"]
                reading.expect(-(-announced // per_page))
            reading.advance()
            if (fingerprint := page.get("print")) and fingerprint in prints:
                self._give_up(f"La recherche {self.name} tourne en rond : la page {number + 1} a déjà été donnée.")
            prints.add(fingerprint)
            matches += page["matches"]
            if page["next"] in seen:
                self._give_up(f"La recherche {self.name} tourne en rond : la même suite est donnée deux fois.")
            seen.add(page["next"])
            if number and not page["matches"] and (announced is None or matches < announced):
                self._give_up(f"{self.name} : la page {number + 1}, promise par la précédente, est vide.")
        # Over hours some are deleted before their page is read; a delta is short, and what it lacks is lost for good.
        if announced and matches < (1 - MISSING if is_whole else 1) * announced:
            self._give_up(f"{self.name} : {announced} annoncés, {matches} reçus. La lecture est incomplète.")

    def _give_up(self, sentence: str) -> NoReturn:
        """Its pages are worth nothing: the next run makes this search anew."""
        self.spool.forget(self.name)
        raise UnreadableSource(sentence)

    def _pages(self, reading: _Reading) -> Iterator[Page]:
        url: str | None = self.first_url
        for page in self.spool.pages(self.name):
            url = page["next"]
            yield page
        while url:
            reading.check_time()
            page = self._ask(url)
            self.spool.append(self.name, page)
            url = page["next"]
            yield page

    def _ask(self, url: str) -> Page:
        try:
            page = _page_of(self.client.get(url), self.name)
        except BadAnswer:
            if url != self.first_url:
                self.spool.forget(self.name)  # else the next run would be led there again
            raise
        page["next"] = _joined(url, page["next"])
        return page


# --- From an answer to what is kept of it -----------------------------------------------------------------------------


def _page_of(bundle: dict[str, Any], search: str) -> Page:
    entries = [entry for entry in bundle.get("entry") or [] if isinstance(entry, dict)]
    resources = [(entry, entry["resource"]) for entry in entries if isinstance(entry.get("resource"), dict)]
    included = {f"{r.get('resourceType')}/{r.get('id')}": r for _, r in resources}
    matches = [resource for entry, resource in resources if _is_match(entry, resource, search)]
    page: Page = {"next": _next(bundle), "total": _total(bundle), "matches": len(matches)}
    page |= {"records": [], "holders": [], "rejected": [], "print": _fingerprint(matches)}
    for resource in matches:
        _add(page, resource, included)
    return page


def _fingerprint(resources: list[Resource]) -> str:
    """What tells that a page is given twice; "" where it names nothing."""
    named = [(str(one.get("id")), str(one.get("meta"))) for one in resources if one.get("id")]
    return hashlib.sha256(repr(named).encode()).hexdigest()[:16] if named else ""


def _joined(url: str, link: str | None) -> str | None:
    try:
        return urljoin(url, link) if link else None
    except ValueError:  # no address at all: the client refuses it in plain words
        return link


def _is_match(entry: Resource, resource: Resource, search: str) -> bool:
    """True unless it was merely included: that one comes in its own search, perhaps with more."""
    mode = (entry.get("search") or {}).get("mode", "match")
    return mode == "match" and resource.get("resourceType") == search


def _add(page: Page, resource: Resource, included: dict[str, Resource]) -> None:
    if not (holder := holder_of(resource)):
        page["rejected"].append(["ressource sans identifiant", cut(str(resource), 500)])
        return
    page["holders"].append(holder)
    for record in entries_of(resource, included):
        if reason := refuse(record):
            page["rejected"].append([reason, "" if reason == OF_PATIENT else "|".join(record)])
        else:
            page["records"].append(record)


def _next(bundle: dict[str, Any]) -> str | None:
    links = [link for link in bundle.get("link") or [] if isinstance(link, dict)]
    urls = (link.get("url") for link in links if link.get("relation") == "next")
    return next((url for url in urls if url and isinstance(url, str)), None)


def _total(bundle: dict[str, Any]) -> int | None:
    total = bundle.get("total")
    if isinstance(total, str) and total.isascii() and total.isdigit():
        return int(total)
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


class OpenedFhir:
    """The spool, read back; `generated_at` is the moment from which the next run must ask what changed."""

    def __init__(self, spool: Spool, is_delta: bool, pages: int):
        self.generated_at: datetime | None = spool.started_at
        self.bytes_total = self.bytes_read = pages  # all were fetched before
        self.lines, self.scope = 0, ""
        self._spool, self._is_delta = spool, is_delta

    def records(self) -> Iterator[EntryRecord | RejectedRecord | Retold]:
        for search in SEARCHES:
            for number, page in enumerate(self._spool.pages(search), start=1):
                if self._is_delta:
                    yield from map(Retold, page["holders"])
                self.lines += len(page["records"]) + len(page["rejected"])
                for record in page["records"]:
                    yield EntryRecord._make(record)
                for reason, text in page["rejected"]:
                    yield RejectedRecord(number, f"{search}, page {number} : {reason}", text)
