"""The connection that everything in the store reads and writes through.

A commit is on the disk when it returns: WAL with ``synchronous = FULL`` calls fsync once a commit,
and ``fullfsync`` makes that mean the platter on macOS too.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlite_utils import Database

from desktop_assistant.store.faults import store_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_TIMEOUT_S = 5.0
"""How long to wait for another process; its writes take milliseconds, a migration seconds."""

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "fullfsync = ON",
    "checkpoint_fullfsync = ON",
    # Sorting must not leave customers' words in the system's temporary folder.
    "temp_store = MEMORY",
)


def connect(path: Path) -> Database:
    """Open for reading and writing, without checking what is in the file."""
    # Without an isolation level Python opens no transactions behind our back.
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.text_factory = _decode
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return Database(connection, execute_plugins=False)
    except BaseException:
        connection.close()
        raise


def connect_read_only(path: Path) -> Database:
    """Open so that not a byte of the file changes, not even by folding its log into it."""
    posix = path.absolute().as_posix()
    slashes = "//" if posix.startswith("/") else "///"
    # A write-ahead log beside the file can only be read with locks; without one nothing is created.
    mode = "mode=ro" if beside(path, "-wal").exists() else "mode=ro&immutable=1"
    connection = sqlite3.connect(
        f"file:{slashes}{quote(posix)}?{mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
    )
    connection.text_factory = _decode
    return Database(connection, execute_plugins=False)


def beside(path: Path, ending: str) -> Path:
    """The file of the same name with something added."""
    return path.with_name(path.name + ending)


class Connection:
    """An open, up-to-date database, for the modules of this package.

    Used only on the thread that made it; every method raises StoreError for what disk and other
    programs do.
    """

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self._db = db
        self._thread = threading.get_ident()
        with store_errors(path), ExitStack() as on_failure:
            on_failure.callback(db.close)
            self._db.execute("PRAGMA foreign_keys = ON")
            # Writing is tried now, and taken back: a file that may only be read is found out
            # before work is lost. BEGIN IMMEDIATE alone succeeds on such a file.
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute("UPDATE conversations SET draft = draft WHERE FALSE")
            finally:
                self._db.rollback()
            on_failure.pop_all()

    def rows(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
        """Read one row after the other; nothing is held in memory."""
        with self._using():
            yield from self._db.execute(sql, _bindable(values))

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:  # noqa: ANN401
        """The first row, or None."""
        with self._using():
            found: tuple[Any, ...] | None = self._db.execute(sql, _bindable(values)).fetchone()
            return found

    def write(self, sql: str, *values: Any) -> int:  # noqa: ANN401
        """Run one statement and return how many rows it changed; durable outside a transaction."""
        with self._using():
            count: int = self._db.execute(sql, _bindable(values)).rowcount
            return count

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are durable when it ends, or none has happened."""
        with self._using(), self._db.atomic():
            yield

    def close(self) -> None:
        with self._using():
            self._db.close()

    @contextmanager
    def _using(self) -> Iterator[None]:
        assert threading.get_ident() == self._thread, "the store belongs to another thread"
        with store_errors(self.path):
            yield


def _decode(raw: bytes) -> str:
    """Read text even where damage made it something else than UTF-8."""
    return raw.decode("utf-8", "replace")


def _bindable(values: tuple[Any, ...]) -> list[Any]:
    """Replace lone surrogates, which JSON can smuggle in and UTF-8 cannot hold."""
    return [
        value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if isinstance(value, str) and not value.isascii()
        else value
        for value in values
    ]
