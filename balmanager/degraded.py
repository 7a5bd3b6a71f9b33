"""Without Redis: limits are counted by each process, and no act waits for the queue.

The act stands, its rows wait in the database, and the sweeps take them up once Redis is back.
"""

import logging
import threading
import time
from datetime import timedelta

import redis
from celery import Task
from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

PATIENCE = 0.1  # seconds for one exchange with a Redis that stands near; connecting and asking are two
REST = 5  # seconds during which one that did not answer is not asked again
BEGUN_FOR = timedelta(minutes=5)  # a count that nobody began: longer than the windows of our limits
ANSWERS_AT_ONCE = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}


class Outage:
    """Whether Redis is away, as this process last saw it; said once when it goes, once when it is back."""

    def __init__(self) -> None:
        self.until = 0.0
        self.is_told = False
        self.guard = threading.Lock()

    @property
    def lasts(self) -> bool:
        return time.monotonic() < self.until

    def begin(self, error: Exception) -> None:
        with self.guard:
            self.until = time.monotonic() + REST
            told, self.is_told = self.is_told, True
        if not told:
            logger.error("Redis does not answer (%s): each process counts its own limits; jobs wait", error)

    def end(self) -> None:
        if self.is_told:
            with self.guard:
                told, self.is_told = self.is_told, False
            if told:
                logger.warning("Redis answers again")


outage = Outage()


def client_options() -> dict:
    return {**ANSWERS_AT_ONCE, "retry": Retry(NoBackoff(), 0)}


# --- The cache --------------------------------------------------------------------------------------------------------
class KeptClient(RedisCacheClient):
    """Django's makes a client for each exchange."""

    def get_client(self, key=None, *, write=False):
        if not hasattr(self, "_kept"):
            self._kept = super().get_client(key, write=True)
        return self._kept


class CountsAtOnce(RedisCache):
    def incr(self, key, delta=1, version=None):
        """One exchange, where Django's own first asks whether the count was begun; one that was not begins."""
        key = self.make_and_validate_key(key, version=version)
        client = self._cache.get_client(key, write=True)
        count = client.incr(key, delta)
        if count == delta and client.ttl(key) < 0:
            client.expire(key, BEGUN_FOR)
        return count


def or_local(name: str):
    """The method `name` of the cache in Redis; of the one in memory while Redis is away."""

    def call(self, *args, **kwargs):
        if not outage.lasts:
            try:
                result = getattr(CountsAtOnce, name)(self, *args, **kwargs)
            except RedisError as error:
                outage.begin(error)
            else:
                outage.end()
                return result
        return getattr(self.local, name)(*args, **kwargs)

    call.__name__ = name
    return call


class RedisOrLocalCache(CountsAtOnce):
    """A cache of the counts of limits, and of nothing else: they go on in each process, and are never lifted."""

    def __init__(self, server, params):
        params = {**params, "OPTIONS": {**client_options(), **params.get("OPTIONS", {})}}
        super().__init__(server, params)
        self._class = KeptClient
        self.local = LocMemCache("without-redis", {})

    add, get, set, touch, delete, has_key, clear = map(
        or_local, ("add", "get", "set", "touch", "delete", "has_key", "clear")
    )
    get_many, set_many, delete_many = map(or_local, ("get_many", "set_many", "delete_many"))
    _incr = or_local("incr")

    def incr(self, key, delta=1, version=None):
        try:
            return self._incr(key, delta, version)
        except ValueError:  # of the one in memory: Redis went since the count was begun
            self.add(key, 0, DEFAULT_TIMEOUT, version)
            return self._incr(key, delta, version)


# --- The queue --------------------------------------------------------------------------------------------------------
class SeldomWaits(Task):
    """A task whose sender first makes sure that Redis answers: Celery itself would wait for seconds, or for ever."""

    def apply_async(self, *args, **kwargs):
        if settings.REDIS_URL and not self.app.conf.task_always_eager:
            make_sure_redis_answers()
        return super().apply_async(*args, **kwargs)


def make_sure_redis_answers() -> None:
    if outage.lasts:
        raise OperationalError("Redis did not answer a moment ago.")
    try:
        _client().ping()
    except RedisError as error:
        outage.begin(error)
        raise OperationalError(f"Redis does not answer: {error}") from error
    outage.end()


_clients: dict[str, redis.Redis] = {}


def _client() -> redis.Redis:
    if settings.REDIS_URL not in _clients:
        _clients[settings.REDIS_URL] = redis.Redis.from_url(settings.REDIS_URL, **client_options())
    return _clients[settings.REDIS_URL]
