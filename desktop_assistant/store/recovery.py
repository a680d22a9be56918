"""What is done about a damaged database: everything that SQLite can still read moves to a new file.

The damaged file is set aside under a name that says when, never changed, never deleted. The steps
are ordered so that a crash between any two of them is finished at the next start: first the new
file is complete (``.recovered``), then the old one is set aside, then the new one takes its place.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Any

from desktop_assistant.store.connection import beside, connect, connect_read_only
from desktop_assistant.store.faults import UNREADABLE
from desktop_assistant.store.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlite_utils import Database

log = logging.getLogger(__name__)

MAX_FAILED_READS = 200_000
"""After this many unreadable ranges a table is given up; at some 20 us each, four seconds."""

_SMALLEST_ROW_BYTES = 32
_FILES_OF_A_DATABASE = ("", "-wal", "-shm", "-journal")

# A row may have outlived what it refers to. A message is kept under a conversation made up for it;
# what says something about a message or a suggestion that is gone says nothing any more.
_MEND = (
    """
    INSERT INTO conversations (conversation_id, customer_name, lang, channel, started_at)
    SELECT conversation_id, '?', 'en', 'web chat', MIN(at) FROM (
        SELECT conversation_id, sent_at AS at FROM messages
        UNION ALL SELECT conversation_id, shown_at FROM shown
    )
    WHERE conversation_id NOT IN (SELECT conversation_id FROM conversations)
    GROUP BY conversation_id
    """,
    "DELETE FROM analyses WHERE message_id NOT IN (SELECT message_id FROM messages)",
    "DELETE FROM corrections WHERE message_id NOT IN (SELECT message_id FROM messages)",
    "DELETE FROM approvals WHERE message_id NOT IN (SELECT message_id FROM messages)",
    "UPDATE shown SET message_id = NULL WHERE message_id NOT IN (SELECT message_id FROM messages)",
    "DELETE FROM decisions WHERE shown_id NOT IN (SELECT shown_id FROM shown)",
    """
    UPDATE decisions SET sent_message_id = NULL
    WHERE sent_message_id NOT IN (SELECT message_id FROM messages)
    """,
)


def recover(path: Path, at: datetime) -> str:
    """Replace a damaged database by what can be read of it, and say so in a sentence.

    Nobody else may have the database open.

    Raises: OSError and sqlite3.Error if the new file cannot be written; the old one is then as it
    was.
    """
    fresh = beside(path, ".recovering")
    remove_database(fresh)
    create_private(fresh)
    with closing(connect(fresh)) as target:
        migrate(target)
        count = _salvage(path, target)
    fresh.replace(beside(path, ".recovered"))
    aside = finish_recovery(path, at)
    log.warning("database was damaged, %d rows recovered", count)
    if not count:
        return (
            "The database was damaged and nothing in it could be read, so you start with an empty "
            f"one. The damaged file was kept as {aside.name}."
        )
    return (
        f"The database was damaged. {count} records could be read and are here again; look through "
        f"your latest chats. The damaged file was kept as {aside.name}."
    )


def finish_recovery(path: Path, at: datetime) -> Path:
    """Set the old database aside and put the recovered one, if there is one, in its place.

    Returns: where the old file is now.
    """
    stamp = f"{at:%Y%m%dT%H%M%S.%fZ}"
    aside = beside(path, f".damaged-{stamp}")
    recovered = beside(path, ".recovered")
    if recovered.exists():
        for ending in _FILES_OF_A_DATABASE:
            source = beside(path, ending)
            if source.exists():
                source.rename(beside(aside, ending))
        recovered.rename(path)
        sync_folder(path.parent)
    return aside


def create_private(path: Path) -> None:
    """Make an empty file that only this user can read: it will hold what customers wrote."""
    path.touch(mode=0o600)


def remove_database(path: Path) -> None:
    """Remove an unfinished file of our own, with its logs."""
    for ending in _FILES_OF_A_DATABASE:
        beside(path, ending).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename survive a power failure; Windows does so by itself."""
    if os.name != "nt":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _salvage(path: Path, target: Database) -> int:
    """Copy all rows that can be read into ``target``, and return how many it has then."""
    tables = [name for name in target.table_names() if not name.startswith("_")]
    if path.exists():
        with closing(connect_read_only(path)) as source:
            # Lets SQLite open a file that is shorter than its header says.
            source.execute("PRAGMA writable_schema = ON")
            largest_rowid = path.stat().st_size // _SMALLEST_ROW_BYTES
            target.execute("BEGIN")
            for table in tables:
                _copy_table(source, target, table, largest_rowid)
            for statement in _MEND:
                target.execute(statement)
            target.commit()
    return sum(target.table(table).count for table in tables)


def _copy_table(source: Database, target: Database, table: str, largest_rowid: int) -> None:
    wanted = [column.name for column in target.table(table).columns]
    try:
        found = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    except UNREADABLE:
        log.warning("table %s cannot be found", table)
        return
    columns = [name for name in wanted if name in found]
    if not columns:
        return
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    # Names cannot be bound; these are the schema's own.
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
    for row in _readable_rows(source, table, names, largest_rowid):
        try:
            target.execute(insert, row)
        except sqlite3.IntegrityError:
            log.warning("a row of %s is not what its columns ask for", table)


def _readable_rows(
    source: Database, table: str, names: str, largest_rowid: int
) -> Iterator[tuple[Any, ...]]:
    """Read a table around its damaged pages.

    A range of row numbers that cannot be read to its end is halved behind the last row that could
    be, and both halves are tried, the large ranges of the table before the small ones.
    """
    select = f"SELECT rowid, {names} FROM {table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid"  # noqa: S608
    ranges = deque([(1, _last_rowid(source, table, largest_rowid))])
    failed = 0
    while ranges and failed < MAX_FAILED_READS:
        low, high = ranges.popleft()
        try:
            for rowid, *row in source.execute(select, (low, high)):
                low = rowid + 1
                yield tuple(row)
        except UNREADABLE:
            failed += 1
            middle = (low + high) // 2
            if low < high:
                ranges += [(low, middle), (middle + 1, high)]


def _last_rowid(source: Database, table: str, guess: int) -> int:
    try:
        found: int | None = source.execute(f"SELECT MAX(rowid) FROM {table}").fetchone()[0]  # noqa: S608
    except UNREADABLE:
        return guess
    return found or 0
