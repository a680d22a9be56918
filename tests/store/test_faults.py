from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from desktop_assistant.errors import StoreError
from desktop_assistant.store.faults import store_errors

PATH = Path("/home/ada/assistant.sqlite")


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (sqlite3.SQLITE_FULL, "Free some space"),
        (sqlite3.SQLITE_READONLY, "Allow writing"),
        (sqlite3.SQLITE_READONLY | 8 << 8, "Allow writing"),
        (sqlite3.SQLITE_CANTOPEN, "Check that its folder exists"),
        (sqlite3.SQLITE_IOERR | 3 << 8, "Check that it is connected"),
        (sqlite3.SQLITE_BUSY | 2 << 8, "Close other windows"),
        (sqlite3.SQLITE_LOCKED, "Wait until"),
        (sqlite3.SQLITE_CORRUPT, "Restart"),
        (sqlite3.SQLITE_NOTADB, "Restart"),
        (sqlite3.SQLITE_NOMEM, "Close other programs"),
    ],
)
def test_what_the_world_did_is_told_with_advice(code: int, advice: str) -> None:
    with pytest.raises(StoreError, match=advice) as told, store_errors(PATH):
        raise sqlite_error(code)

    assert str(PATH) in str(told.value)


def test_mistakes_in_code_pass_unchanged() -> None:
    with pytest.raises(sqlite3.ProgrammingError), store_errors(PATH):
        raise sqlite3.ProgrammingError("no code")

    with pytest.raises(sqlite3.OperationalError), store_errors(PATH):
        raise sqlite_error(sqlite3.SQLITE_ERROR)


def test_files_that_cannot_be_made_are_told_too() -> None:
    with pytest.raises(StoreError, match="cannot be written"), store_errors(PATH):
        raise PermissionError(13, "Permission denied")

    with pytest.raises(StoreError, match="full"), store_errors(PATH):
        raise OSError(28, "No space left on device")
