"""The one place where SQLite's errors become sentences an agent can act on."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from desktop_assistant.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading a damaged file raises; the second when SQLite's own message quotes the damage."""

_DISK_FULL = "The disk that holds {path} is full. Free some space and try again; nothing was lost."
_NOT_WRITABLE = (
    "{path} cannot be written. Allow writing to this file and its folder, or choose another "
    "folder with --home."
)
_SENTENCES = {
    sqlite3.SQLITE_FULL: _DISK_FULL,
    sqlite3.SQLITE_READONLY: _NOT_WRITABLE,
    sqlite3.SQLITE_PERM: _NOT_WRITABLE,
    sqlite3.SQLITE_CANTOPEN: (
        "{path} cannot be opened. Check that its folder exists and may be written, or choose "
        "another folder with --home."
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk reported an error while {path} was read or written. Check that it is connected "
        "and has free space, then try again."
    ),
    sqlite3.SQLITE_BUSY: (
        "Another program keeps {path} locked. Close other windows of the assistant and try again."
    ),
    sqlite3.SQLITE_LOCKED: (
        "Another task keeps {path} locked. Wait until it has finished and try again."
    ),
    sqlite3.SQLITE_CORRUPT: (
        "{path} is damaged. Restart the assistant: it keeps the file and recovers what can be read."
    ),
    sqlite3.SQLITE_NOTADB: (
        "{path} is not a database any more. Restart the assistant: it keeps the file and recovers "
        "what can be read."
    ),
    sqlite3.SQLITE_NOMEM: "There is not enough memory to work with {path}. Close other programs.",
}
_FULL_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what the world did to the database at ``path`` into a StoreError.

    Errors that only wrong code can cause (syntax, constraints, the wrong thread) pass unchanged.
    """
    try:
        yield
    except sqlite3.Error as exc:
        sentence = _SENTENCES.get(primary_code(exc))
        if sentence is None:
            raise
        raise StoreError(sentence.format(path=path)) from exc
    except OSError as exc:
        is_full = exc.errno in _FULL_DISK_ERRORS
        sentence = _DISK_FULL if is_full else _NOT_WRITABLE
        raise StoreError(sentence.format(path=path)) from exc


def is_damage(error: Exception) -> bool:
    """Whether an error met while looking at a file says that the file itself is broken.

    Looking asks nothing that a sound file could refuse, so whatever disk, memory or other programs
    are not to blame for is damage.
    """
    code = primary_code(error)
    return code not in _SENTENCES or code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def primary_code(error: Exception) -> int:
    """SQLite's primary result code, or 0 for errors of the Python module itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
