from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlite_utils import Database

from desktop_assistant.errors import StoreError
from desktop_assistant.store.database import TABLES, Store
from desktop_assistant.store.migrations import STEPS, migrations
from tests.store import sample_values as sample

if TYPE_CHECKING:
    from pathlib import Path

SAID = sample.message(1, "customer", "hello")


def make_old_database(path: Path, steps: int, *, with_rows: bool) -> None:
    """Write a database as the version with that many steps left it."""
    path.parent.mkdir(parents=True)
    db = Database(path, execute_plugins=False)
    following = STEPS[steps].__name__ if steps < len(STEPS) else ()
    migrations().apply(db, stop_before=following)
    db.execute(f"PRAGMA user_version = {steps}")
    if with_rows:
        db.execute(
            "INSERT INTO conversations (conversation_id, customer_name, lang, channel, started_at)"
            " VALUES ('c1', 'Ada Byron', 'en', 'web chat', '2025-03-01T09:30:00.000000+00:00')"
        )
        db.execute(
            "INSERT INTO messages (message_id, conversation_id, role, text, sent_at)"
            " VALUES ('c1-m1', 'c1', 'customer', 'hello', '2025-03-01T09:31:00.000000+00:00')"
        )
    db.close()


def schema_of(path: Path) -> list[Any]:
    db = sqlite3.connect(path)
    rows = db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
    db.close()
    return rows


@pytest.mark.parametrize("steps", range(1, len(STEPS)))
@pytest.mark.parametrize("with_rows", [True, False])
def test_every_older_database_becomes_like_a_new_one(
    path: Path, tmp_path: Path, steps: int, with_rows: bool
) -> None:
    make_old_database(path, steps, with_rows=with_rows)
    Store(tmp_path / "new.sqlite").close()

    store = Store(path)

    expected = [replace(sample.conversation(), messages=(SAID,))] if with_rows else []
    assert store.notice == ""
    assert store.conversations() == expected
    assert store.connection.row("PRAGMA user_version") == (len(STEPS),)
    store.close()
    assert schema_of(path) == schema_of(tmp_path / "new.sqlite")


def test_older_database_is_copied_before_it_is_migrated(path: Path) -> None:
    make_old_database(path, 1, with_rows=True)
    before = schema_of(path)

    Store(path).close()

    (copy,) = path.parent.glob("*.before-update-*")
    assert schema_of(copy) == before
    db = sqlite3.connect(copy)
    assert db.execute("SELECT text FROM messages").fetchall() == [("hello",)]
    db.close()


def test_up_to_date_database_is_not_copied(path: Path) -> None:
    Store(path).close()

    Store(path).close()

    assert list(path.parent.glob("*.before-update-*")) == []


def test_failed_migration_leaves_the_old_database(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def m9999_break(db: Database) -> None:
        db.execute("CREATE TABLE half_done (name TEXT) STRICT")
        db.execute("CREATE TABLE messages (name TEXT) STRICT")

    make_old_database(path, 1, with_rows=True)
    before = schema_of(path)
    monkeypatch.setattr("desktop_assistant.store.migrations.STEPS", (*STEPS, m9999_break))

    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        Store(path)

    assert schema_of(path) == before


def test_higher_user_version_is_refused_untouched(path: Path) -> None:
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 9999")
    db.close()
    before, names = path.read_bytes(), sorted(path.parent.iterdir())

    with pytest.raises(StoreError, match="newer version"):
        Store(path)

    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == names


def test_unknown_migration_is_refused_untouched(path: Path) -> None:
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('desktop_assistant', 'm0999_of_tomorrow', '2030')"
    )
    db.commit()
    db.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="newer version"):
        Store(path)

    assert path.read_bytes() == before


def test_database_of_another_program_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE songs (title TEXT)")
    db.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="another program"):
        Store(path)

    assert path.read_bytes() == before


def test_migration_is_refused_while_another_program_has_the_database_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def m9998_add_notes(db: Database) -> None:
        db.execute("CREATE TABLE notes (name TEXT) STRICT")

    window = Store(path)
    monkeypatch.setattr("desktop_assistant.store.migrations.STEPS", (*STEPS, m9998_add_notes))

    with pytest.raises(StoreError, match="Close all windows"):
        Store(path)

    window.close()
    Store(path).close()


def test_every_step_is_numbered_and_every_table_strict_and_counted(store: Store) -> None:
    numbers = [int(step.__name__[1:5]) for step in STEPS]
    tables = {
        row[0]: row[1]
        for row in store.connection.rows(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
        )
    }

    assert numbers == list(range(1, len(STEPS) + 1))
    assert set(tables) == set(TABLES)
    assert all(sql.rstrip().endswith("STRICT") for sql in tables.values())
