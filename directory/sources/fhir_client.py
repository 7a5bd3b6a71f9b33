"""One page of a FHIR API at a time: paced, retried, and whatever is not a Bundle told in plain words."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from directory.sources import UnreadableSource
from directory.sources.download import certificate_sentence, tls_context
from directory.typography import cut, quoted

KEY_HEADER = "ESANTE-API-KEY"
CALLS_PER_SECOND = 17  # what the ANS allows an application
TRIES = 6
TIMEOUT = 40  # seconds without a byte; the API itself gives up after 30
SLOWEST = 120  # seconds for a whole answer: a byte now and then would pass the other
LONGEST_WAIT = 120  # under the lease of a run, so that a waiting one is not taken for dead
MAX_BYTES = 64 * 1024**2
TRANSIENT = {429, 500, 502, 503, 504}

Sleep = Callable[[float], None]


class Faulty(Exception):
    """An answer that another try may mend."""

    def __init__(self, sentence: str, retry_after: float | None = None):
        super().__init__(sentence)
        self.retry_after = retry_after


class PageExpired(Exception):
    """The link to this page is no longer good: its search is to be made anew."""


class BadAnswer(UnreadableSource):
    """The link to this page leads nowhere good, and would again."""


class Pace:
    """`wait()` before each call keeps them under so many a second."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic, sleep: Sleep = time.sleep):
        self._gap, self._clock, self._sleep = 1 / per_second, clock, sleep
        self._next = 0.0

    def wait(self) -> None:
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._gap


class Client:
    """Gets Bundles from `base`; the key goes there and nowhere else."""

    def __init__(self, base: str, key: str, ca_file: str, *, alive: Callable[[], None], sleep: Sleep, pace: Pace):
        self._base, self._alive, self._sleep, self._pace = httpx.URL(base), alive, sleep, pace
        if self._base.scheme != "https" and self._base.host not in ("localhost", "127.0.0.1"):
            raise UnreadableSource(f"{quoted(base)} n’est pas une adresse https : la clé y passerait en clair.")
        try:
            self._http = httpx.Client(
                headers={KEY_HEADER: key, "Accept": "application/fhir+json", "User-Agent": "BAL-Manager"},
                timeout=TIMEOUT,
                verify=tls_context(ca_file),
            )
        except (ImportError, ValueError) as error:  # SOCKS, or no scheme that it knows
            raise UnreadableSource("HTTPS_PROXY n’est pas un proxy HTTP : écrivez http://nom:port.") from error

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def get(self, url: str) -> dict[str, Any]:
        """The Bundle at `url`; Expired or UnreadableSource when it cannot be had."""
        if not self._is_ours(url):
            raise BadAnswer(f"{self._base.host} renvoie vers une autre adresse, {cut(url, 200)} : refusé.")
        retrying = Retrying(
            retry=retry_if_exception_type(Faulty),
            stop=stop_after_attempt(TRIES),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._try, url)
        except Faulty as fault:
            raise UnreadableSource(f"{fault} Après {TRIES} essais, la lecture s’arrête ; elle reprendra là.") from fault

    def _is_ours(self, link: str) -> bool:
        try:
            url = httpx.URL(link)
        except httpx.InvalidURL:
            return False
        return (url.scheme, url.host, url.port) == (self._base.scheme, self._base.host, self._base.port)

    def _try(self, url: str) -> dict[str, Any]:
        self._alive()
        self._pace.wait()
        host = self._base.host
        try:
            with self._http.stream("GET", url) as response:
                return _judge(host, response, _receive(response), is_page="/_page" in url)
        except httpx.TimeoutException as error:
            raise Faulty(f"{host} n’a pas répondu à temps.") from error
        except httpx.HTTPError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise UnreadableSource(certificate_sentence(host, str(error))) from error
            raise Faulty(f"La connexion avec {host} s’est interrompue ({error}).") from error


def _receive(response: httpx.Response) -> bytes:
    deadline, body = time.monotonic() + SLOWEST, bytearray()
    for block in response.iter_bytes():
        body += block
        if len(body) > MAX_BYTES:
            raise UnreadableSource(f"Une page de plus de {MAX_BYTES} octets : elle est refusée par prudence.")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("too slow", request=response.request)
    return bytes(body)


def _judge(host: str, response: httpx.Response, body: bytes, *, is_page: bool) -> dict[str, Any]:
    status = response.status_code
    if status in (401, 403):
        raise UnreadableSource(f"{host} refuse la clé (réponse {status}) : vérifiez ESANTE_API_KEY.")
    if status == 410 or (status == 404 and is_page):
        raise PageExpired
    if status in TRANSIENT:
        raise Faulty(f"{host} a répondu {status}.", _retry_after(response))
    try:
        answer = json.loads(body)
    except ValueError as error:
        if status != 200:
            raise BadAnswer(f"{host} a répondu {status}.") from error
        what = "une page web" if body.lstrip().startswith(b"<") else "un JSON tronqué ou abîmé"
        raise Faulty(f"{host} a donné {what} au lieu d’une réponse FHIR.") from error
    kind = answer.get("resourceType") if isinstance(answer, dict) else None
    if status != 200 or kind == "OperationOutcome":
        raise BadAnswer(f"{host} a répondu {status} : {_diagnostics(answer)}.")
    if kind != "Bundle":
        raise BadAnswer(f"{host} a donné {quoted(kind)} au lieu d’une liste FHIR (Bundle).")
    _check_bundle(host, answer)
    return answer


def _check_bundle(host: str, bundle: dict[str, Any]) -> None:
    """A Bundle may be 200 and tell, among its entries, that the search failed: what it holds is then a part."""
    entries = bundle.get("entry") or []
    if bundle.get("type", "searchset") != "searchset" or not isinstance(entries, list):
        raise BadAnswer(f"{host} a donné une liste FHIR qui n’est pas la réponse à une recherche.")
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or resource.get("resourceType") != "OperationOutcome":
            continue
        issues = [issue for issue in resource.get("issue") or [] if isinstance(issue, dict)]
        if any(issue.get("severity") in ("error", "fatal") for issue in issues):
            raise BadAnswer(f"{host} dit que sa réponse est incomplète : {_diagnostics(resource)}.")


def _diagnostics(answer: Any) -> str:
    try:
        return cut(" ; ".join(str(issue.get("diagnostics") or issue.get("code")) for issue in answer["issue"]), 500)
    except (AttributeError, KeyError, TypeError):
        return "sans explication"


def _retry_after(response: httpx.Response) -> float | None:
    """Retry-After is a number of seconds or a date."""
    text = response.headers.get("Retry-After", "")
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _wait(state: RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome else None
    asked = fault.retry_after if isinstance(fault, Faulty) else None
    return min(2.0**state.attempt_number if asked is None else asked, LONGEST_WAIT)
