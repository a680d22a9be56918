"""Brings the database at a path into a state that can be worked with, whatever is found there.

Nothing there: it is made. From an older version: copied, then migrated. Damaged: set aside, and
recovered as far as it can be read. From a newer version: refused, untouched. A new file is
made under another name and takes its place when it is complete, so that an empty file always means
that something was lost.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from enum import Enum, auto
from typing import TYPE_CHECKING

from desktop_assistant.conversation import utc_now
from desktop_assistant.errors import StoreError
from desktop_assistant.store.connection import Connection, beside, connect, connect_read_only
from desktop_assistant.store.faults import UNREADABLE, is_damage, store_errors
from desktop_assistant.store.migrations import is_up_to_date, migrate, refuse_foreign
from desktop_assistant.store.recovery import (
    create_private,
    finish_recovery,
    recover,
    remove_database,
    sync_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_assistant.store.presence import Presence


OLDEST_SQLITE = (3, 37, 0)
"""The first with strict tables: older ones take every database of ours for damaged."""

_TOO_OLD = (
    f"SQLite {sqlite3.sqlite_version} is too old for the assistant's database. Install a Python "
    f"that comes with SQLite {'.'.join(map(str, OLDEST_SQLITE))} or newer."
)


class Condition(Enum):
    """What a look at the file shows."""

    MISSING = auto()
    DAMAGED = auto()
    OLDER = auto()
    UP_TO_DATE = auto()


def open_connection(path: Path, presence: Presence) -> tuple[Connection, str]:
    """Open the database, and say in a sentence what had to be done to it, or "".

    Raises: StoreError if it cannot be opened, is from a newer version, or needs work that
    other programs which have it open do not allow, or if SQLite itself is too old.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(_TOO_OLD)
    notice = ""
    with store_errors(path):
        if presence.is_alone and beside(path, ".recovered").exists():
            finish_recovery(path, utc_now())
        condition = inspect(path)
        if condition is not Condition.UP_TO_DATE:
            if not presence.is_alone:
                raise StoreError(_needs_solitude(path, condition))
            notice = _prepare(path, condition)
        presence.join()
        return Connection(path, connect(path)), notice


def inspect(path: Path) -> Condition:
    """Look at the file without changing it.

    Raises: StoreError if it is from a newer version or another program; sqlite3.Error if it cannot
    be read for a reason other than damage.
    """
    log = beside(path, "-wal")
    if not path.exists():
        return Condition.DAMAGED if log.exists() and log.stat().st_size else Condition.MISSING
    # SQLite would take an empty file for a new database, and delete the log beside it.
    if not path.stat().st_size:
        return Condition.DAMAGED
    try:
        with closing(connect_read_only(path)) as db:
            refuse_foreign(db, path)
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                return Condition.DAMAGED
            return Condition.UP_TO_DATE if is_up_to_date(db) else Condition.OLDER
    except UNREADABLE as exc:
        if is_damage(exc):
            return Condition.DAMAGED
        raise


def _prepare(path: Path, condition: Condition) -> str:
    if condition is Condition.DAMAGED:
        return recover(path, utc_now())
    if condition is Condition.MISSING:
        _create(path)
    else:
        _update(path)
    return ""


def _create(path: Path) -> None:
    fresh = beside(path, ".new")
    remove_database(fresh)
    create_private(fresh)
    with closing(connect(fresh)) as db:
        migrate(db)
    fresh.rename(path)
    sync_folder(path.parent)


def _update(path: Path) -> None:
    copy = beside(path, f".before-update-{utc_now():%Y%m%dT%H%M%S.%fZ}")
    create_private(copy)
    with closing(connect(path)) as db:
        with closing(sqlite3.connect(copy)) as target:
            db.conn.backup(target)
        migrate(db)


def _needs_solitude(path: Path, condition: Condition) -> str:
    what = "is damaged" if condition is Condition.DAMAGED else "has to be brought up to date"
    return f"{path} {what}. Close all windows of the assistant, then start it again."
