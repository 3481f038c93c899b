"""What outlives the dashboard, in one SQLite file: checkpoints, recoveries, failed jobs, alerts, TaskManagers' names.

Everything has an age limit, and the file has a size limit. Writing never stops the collector: what can't be written
waits in memory, bounded, and `error` says so until it has been written.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import orjson

from dashboard.collect.failed_jobs import FailedJob
from dashboard.collect.workers import Named
from dashboard.model import Checkpoint, SeenAlert
from flink_abnormal.core.errors import MachineError
from flink_abnormal.core.recovery import Recovery, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VERSION: Final = 1
DEFAULT_MAX_AGE_S: Final = 7 * 86_400.0
DEFAULT_MAX_BYTES: Final = 64 * 2**20
WAITING_KEPT: Final = 20_000
PRUNE_SECONDS: Final = 30.0
_BUSY_SECONDS: Final = 0.2
_OURS: Final = 0x666C616B  # says in the file's head whose it is
_PRUNED_SHARE: Final = 0.9
_TABLES: Final = {
    "checkpoints": "job_id TEXT, term INTEGER, id INTEGER, at REAL, body BLOB, PRIMARY KEY (job_id, term, id)",
    "recoveries": "id INTEGER PRIMARY KEY, at REAL, body BLOB",
    "alerts": "seq INTEGER PRIMARY KEY, at REAL, body BLOB",
    "taskmanagers": "id TEXT PRIMARY KEY, at REAL, number INTEGER",
    "failed_jobs": "name TEXT PRIMARY KEY, at REAL, standing INTEGER, body BLOB",
}
# The highest number is kept, so that none is given twice, and the failures that nobody has taken note of.
_NOT_KEPT: Final = {"taskmanagers": "number < (SELECT max(number) FROM taskmanagers)", "failed_jobs": "standing = 0"}


class History:
    """Reads and writes the file. `put_*` only remember; `flush` writes, at most once a second."""

    def __init__(
        self,
        path: Path,
        *,
        max_age_s: float = DEFAULT_MAX_AGE_S,
        max_bytes: int = DEFAULT_MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open or make the file; MachineError where it is another program's, another version's, or can't be made."""
        self.path: Final = path
        self.max_age_s, self.max_bytes, self._clock = max_age_s, max_bytes, clock
        self.error: str | None = None
        self._lock = threading.Lock()
        self._file_lock = threading.RLock()
        self._waiting: OrderedDict[tuple[Any, ...], tuple[Any, ...]] = OrderedDict()
        self._pruned_at = float("-inf")
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MachineError(
                f"The dashboard's history can't be kept in {path}: {error.strerror}. Name another file for it."
            ) from None
        with self._file_lock, self._failing():
            self._open()

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        try:
            ours, version = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
            )
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise self._foreign("is not an SQLite file") from None
        if tables == 0 and version == 0:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            with connection:
                connection.execute("BEGIN")
                _create_tables(connection)
                connection.execute(f"PRAGMA application_id = {_OURS}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
        elif ours != _OURS:
            raise self._foreign("belongs to another program")
        elif version != VERSION:
            raise self._foreign(f"was written by another version of the dashboard ({version}, not {VERSION})")
        else:
            _create_tables(connection)  # a table that came later
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 1048576")

    def _foreign(self, what: str) -> MachineError:
        return MachineError(f"{self.path} {what}. Move or delete it, or name another file for the dashboard's history.")

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Take note of a file that can't be used now: it is locked, or the disk is full."""
        try:
            yield
        except sqlite3.Error as error:
            self.error = (
                f"The dashboard's history is kept in memory only: {self.path} can't be written ({error}). "
                "Free disk space, or stop the program that locks the file."
            )

    def put_checkpoint(self, each: Checkpoint) -> None:
        """Remember a checkpoint."""
        key = (each.job_id, each.term, each.id)
        self._put("checkpoints", key, (*key, each.triggered, orjson.dumps(each)))

    def put_recovery(self, each: Recovery) -> None:
        """Remember a recovery."""
        self._put("recoveries", (each.id,), (each.id, each.began, orjson.dumps(each)))

    def put_alert(self, each: SeenAlert) -> None:
        """Remember an alert."""
        self._put("alerts", (each.seq,), (each.seq, each.at, orjson.dumps(each)))

    def put_name(self, each: Named) -> None:
        """Remember a TaskManager's number."""
        self._put("taskmanagers", (each.id,), (each.id, each.seen_at, each.number))

    def put_failed_job(self, each: FailedJob) -> None:
        """Remember what became of the jobs of a name."""
        at = max([each.settled, *each.failures.values()])
        self._put("failed_jobs", (each.name,), (each.name, at, int(bool(each.failures)), orjson.dumps(each)))

    def _put(self, table: str, key: tuple[Any, ...], row: tuple[Any, ...]) -> None:
        whole = (table, *key)
        with self._lock:
            self._waiting[whole] = row
            self._waiting.move_to_end(whole)
            while len(self._waiting) > WAITING_KEPT:
                self._waiting.popitem(last=False)

    def checkpoints(self, job_id: str, most: int) -> list[Checkpoint]:
        """Return a job's newest checkpoints, oldest first."""
        rows = self._rows("SELECT body FROM checkpoints WHERE job_id = ? ORDER BY at DESC LIMIT ?", job_id, most)
        return [Checkpoint(**orjson.loads(body)) for (body,) in reversed(rows)]

    def recoveries(self, most: int) -> list[Recovery]:
        """Return the newest recoveries, oldest first."""
        rows = self._rows("SELECT body FROM recoveries ORDER BY id DESC LIMIT ?", most)
        return [_recovery(orjson.loads(body)) for (body,) in reversed(rows)]

    def alerts(self, most: int) -> list[SeenAlert]:
        """Return the newest alerts, oldest first."""
        rows = self._rows("SELECT body FROM alerts ORDER BY seq DESC LIMIT ?", most)
        return [SeenAlert(**orjson.loads(body)) for (body,) in reversed(rows)]

    def names(self) -> list[Named]:
        """Return the numbers of all TaskManagers that are remembered."""
        return [Named(name, number, at) for name, number, at in self._rows("SELECT id, number, at FROM taskmanagers")]

    def failed_jobs(self) -> list[FailedJob]:
        """Return what became of the jobs of each name."""
        return [FailedJob(**orjson.loads(body)) for (body,) in self._rows("SELECT body FROM failed_jobs")]

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._file_lock, self._failing():
            return self._open().execute(query, values).fetchall()
        return []

    def flush(self) -> None:
        """Write what waits, in one transaction; then keep the limits, now and then."""
        if self._closed:
            return
        with self._lock:
            waiting = dict(self._waiting)
        with self._file_lock, self._failing():
            connection = self._open()
            if waiting:
                self._write(connection, waiting)
            now = time.monotonic()
            if now - self._pruned_at >= PRUNE_SECONDS or self.size() > self.max_bytes:
                self._pruned_at = now
                self._prune(connection)
            self.error = None

    def _write(self, connection: sqlite3.Connection, waiting: dict[tuple[Any, ...], tuple[Any, ...]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for key, row in waiting.items():
                places = ", ".join("?" * len(row))
                connection.execute(f"INSERT OR REPLACE INTO {key[0]} VALUES ({places})", row)  # noqa: S608
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        with self._lock:
            for key, row in waiting.items():
                if self._waiting.get(key) is row:
                    del self._waiting[key]

    def size(self) -> int:
        """Return the bytes of the file and its log."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Delete what is too old, and the oldest of what there is most of until the file is small enough."""
        oldest = self._clock() - self.max_age_s
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table} WHERE at < ? AND {_NOT_KEPT.get(table, True)}", (oldest,))  # noqa: S608
        while self._shrink(connection) and self.size() > self.max_bytes * _PRUNED_SHARE:
            before = connection.total_changes
            table = self._longest(connection)
            connection.execute(
                f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} ORDER BY at LIMIT "  # noqa: S608
                f"(SELECT count(*) / 10 FROM {table})) AND {_NOT_KEPT.get(table, True)}"
            )
            if connection.total_changes == before:
                return

    def _longest(self, connection: sqlite3.Connection) -> str:
        """Return the table with the most rows: a flood of alerts does not cost the few recoveries."""
        counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES}  # noqa: S608
        return max(counts, key=lambda table: counts[table])

    def _shrink(self, connection: sqlite3.Connection) -> bool:
        """Make the file as small as what is in it; return whether that could be done: somebody may read it."""
        connection.executescript("PRAGMA incremental_vacuum")  # execute() frees one page and no more
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    def close(self) -> None:
        """Write what waits, and close the file; nothing is written after that."""
        self.flush()
        self._closed = True
        with self._file_lock, self._failing():
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that are missing."""
    for name, columns in _TABLES.items():
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name}_at ON {name} (at)")


def _recovery(body: dict[str, Any]) -> Recovery:
    steps = tuple(Step(**step) for step in body.pop("steps"))
    return Recovery(**{**body, "steps": steps, "lost": tuple(body["lost"])})
