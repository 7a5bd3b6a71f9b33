"""A Celery queue in an SQLite file of its own, for an installation without Redis: nothing to install, nothing lost.

A message is claimed by the process that works on it, and deleted when it is acknowledged. What a process had claimed
when it died is given back; no clock is asked who is dead (see `Presence`). All processes stand on one machine.
"""

import fcntl
import os
import secrets
import sqlite3
import threading
import time
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from queue import Empty

from kombu.log import get_logger
from kombu.transport import virtual
from kombu.utils.json import dumps, loads
from kombu.utils.scheduling import FairCycle

logger = get_logger(__name__)

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, payload TEXT NOT NULL,
    owner INTEGER, deaths INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS messages_by_queue ON messages (queue, owner, id);
CREATE INDEX IF NOT EXISTS messages_by_owner ON messages (owner) WHERE owner IS NOT NULL;
CREATE TABLE IF NOT EXISTS bindings (
    exchange TEXT, routing_key TEXT, pattern TEXT, queue TEXT, PRIMARY KEY (exchange, routing_key, pattern, queue)
);
"""
WAIT_FOR_LOCK = 20  # seconds
LOOK_FOR_DEAD_EVERY = 2  # seconds
# A message that so many processes did not outlive is set aside: it would stop all the others for ever.
MOST_DEATHS = 10
FREE = f"SELECT id FROM messages WHERE queue = ? AND owner IS NULL AND deaths < {MOST_DEATHS} ORDER BY id LIMIT 1"  # noqa: S608


class Presence:
    """A lock on one byte of a file, whose place is the number of the process: the kernel ends it with the process.

    These locks belong to a process, not to a file descriptor: closing any other one of this file would end them, so
    nobody else opens it.
    """

    def __init__(self, path: str):
        self.path = path
        self.process = 0
        self.guard = threading.Lock()

    def number(self) -> int:
        with self.guard:
            if self.process != os.getpid():  # new, or forked: the locks of the parent are not ours
                self.file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
                self.own = secrets.randbelow(2**62)
                fcntl.lockf(self.file, fcntl.LOCK_EX, 1, self.own)
                self.process = os.getpid()
        return self.own

    def is_dead(self, number: int) -> bool:
        if number == self.number():
            return False
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:  # it is held
            return False
        fcntl.lockf(self.file, fcntl.LOCK_UN, 1, number)
        return True


presence = cache(Presence)


def connect(path: str) -> sqlite3.Connection:
    """Open the queue, each statement a transaction; a file that is none any more is put aside, with what it held."""
    try:
        return _connect(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        aside = f"{path}.{time.time_ns()}"
        logger.error("%s is no longer a queue (%s): kept as %s; the sweeps take up what was asked", path, error, aside)
        os.replace(path, aside)
        for journal in ("-wal", "-shm"):
            Path(path + journal).unlink(missing_ok=True)
        return _connect(path)


def _connect(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=WAIT_FOR_LOCK, isolation_level=None, check_same_thread=False)
    database.executescript(SCHEMA)
    return database


class QoS(virtual.QoS):
    def ack(self, delivery_tag):
        self.channel.forget(delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag, requeue=False):
        super().reject(delivery_tag, requeue=requeue)
        if not requeue:
            self.channel.forget(delivery_tag)

    @property
    def holds_messages(self) -> bool:
        return len(self._delivered) > len(self._dirty)


class InOrder(FairCycle):
    """Asks the queues in the order in which they were declared: the first is the most urgent."""

    def get(self, callback, **kwargs):
        self.pos = 0
        return super().get(callback, **kwargs)


class Channel(virtual.Channel):
    QoS = QoS
    supports_fanout = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.path = self.connection.client.transport_options["path"]
        self.taken_for_good: set[str] = set()  # queues of which nobody acknowledges anything
        self.look_at = 0.0

    @cached_property
    def database(self) -> sqlite3.Connection:
        return connect(self.path)

    # --- Messages -----------------------------------------------------------------------------------------------------
    def _put(self, queue, message, **kwargs):
        self.database.execute("INSERT INTO messages (queue, payload) VALUES (?, ?)", (queue, dumps(message)))

    def _get(self, queue, timeout=None):
        # Read first: an idle worker that asks ten times a second must not take the writers' lock.
        if not self.database.execute(FREE, (queue,)).fetchone():
            raise Empty
        if queue in self.taken_for_good:
            values: tuple = (queue,)
            claim = f"DELETE FROM messages WHERE id = ({FREE}) RETURNING id, payload"  # noqa: S608
        else:
            claim = f"UPDATE messages SET owner = ? WHERE id = ({FREE}) RETURNING id, payload"  # noqa: S608
            values = (presence(f"{self.path}-owners").number(), queue)
        claimed = self.database.execute(claim, values).fetchall()  # all: the statement ends, and commits
        if not claimed:  # another process was quicker
            raise Empty
        [(number, payload)] = claimed
        message = loads(payload)
        message["properties"]["delivery_tag"] = number
        return message

    def forget(self, number: int) -> None:
        self.database.execute("DELETE FROM messages WHERE id = ?", (number,))

    def _restore(self, message):
        self.database.execute("UPDATE messages SET owner = NULL WHERE id = ?", (message.delivery_tag,))

    def _size(self, queue):
        return self.database.execute("SELECT count(*) FROM messages WHERE queue = ?", (queue,)).fetchone()[0]

    def _purge(self, queue):
        return self.database.execute("DELETE FROM messages WHERE queue = ? AND owner IS NULL", (queue,)).rowcount

    def _reset_cycle(self):
        self._cycle = InOrder(self._get_and_deliver, self._active_queues, Empty)

    def basic_consume(self, queue, no_ack, *args, **kwargs):
        (self.taken_for_good.add if no_ack else self.taken_for_good.discard)(queue)
        return super().basic_consume(queue, no_ack, *args, **kwargs)

    def basic_get(self, queue, no_ack=False, **kwargs):
        message = super().basic_get(queue, no_ack=no_ack, **kwargs)
        if message and no_ack:
            self.forget(message.delivery_tag)
        return message

    def drain_events(self, timeout=None, callback=None):
        if time.monotonic() >= self.look_at:
            self.look_at = time.monotonic() + LOOK_FOR_DEAD_EVERY
            self.give_back()
        return super().drain_events(timeout=timeout, callback=callback)

    def give_back(self) -> None:
        """Free what processes that no longer live had claimed."""
        owners = self.database.execute("SELECT DISTINCT owner FROM messages WHERE owner IS NOT NULL").fetchall()
        for (owner,) in owners:
            if presence(f"{self.path}-owners").is_dead(owner):
                freed = "UPDATE messages SET owner = NULL, deaths = deaths + 1 WHERE owner = ? RETURNING id, deaths"
                rows = self.database.execute(freed, (owner,)).fetchall()
                logger.warning("A process died with %s tasks, which are given again", len(rows))
                for number, deaths in rows:
                    if deaths >= MOST_DEATHS:
                        logger.error("Task %s outlived %s processes: it is set aside", number, deaths)

    # --- Who receives what --------------------------------------------------------------------------------------------
    def get_table(self, exchange):
        return self.database.execute(
            "SELECT routing_key, pattern, queue FROM bindings WHERE exchange = ?", (exchange,)
        ).fetchall()

    def _queue_bind(self, exchange, routing_key, pattern, queue):
        row = (exchange, routing_key or "", pattern or "", queue or "")
        if row[1:] not in self.get_table(exchange):
            self.database.execute("INSERT OR IGNORE INTO bindings VALUES (?, ?, ?, ?)", row)

    def _put_fanout(self, exchange, message, routing_key, **kwargs):
        for _, _, queue in self.get_table(exchange):
            self._put(queue, message)

    def _new_queue(self, queue, auto_delete=False, **kwargs):
        if auto_delete:  # what was said to a former process of this name is past
            self._purge(queue)

    def _delete(self, queue, exchange, routing_key, pattern, *args, **kwargs):
        super()._delete(queue)
        row = (exchange, routing_key or "", pattern or "", queue)
        self.database.execute(
            "DELETE FROM bindings WHERE exchange = ? AND routing_key = ? AND pattern = ? AND queue = ?", row
        )

    def close(self):
        super().close()
        if opened := self.__dict__.pop("database", None):
            opened.close()


class Transport(virtual.Transport):
    Channel = Channel
    cycle: FairCycle
    driver_type = driver_name = "sqlite"
    polling_interval = 0.1  # seconds
    connection_errors: tuple = (*virtual.Transport.connection_errors, sqlite3.OperationalError)
    implements = virtual.Transport.implements.extend(exchange_type=frozenset(["direct", "topic", "fanout"]))

    def driver_version(self):
        return sqlite3.sqlite_version

    def drain_events(self, connection, timeout=None, **kwargs):
        """Wait for a message; but shortly while tasks are done, for the worker acknowledges them between two calls."""
        if not any(channel.qos.holds_messages for channel in self.channels):
            return super().drain_events(connection, timeout=timeout)
        with suppress(Empty):
            return self.cycle.get(self._deliver, timeout=timeout)
        time.sleep(0.01)
        raise TimeoutError
