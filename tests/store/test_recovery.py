from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.errors import StoreError
from desktop_assistant.store.database import Store
from desktop_assistant.training_example import FaqEntry
from tests.store import sample_values as sample

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 4096
MESSAGES = 1500


@pytest.fixture
def filled(path: Path) -> Path:
    """A closed database of some hundred pages."""
    store = Store(path)
    said = tuple(
        sample.message(number, "agent" if number % 2 else "customer", f"{number} " * 60)
        for number in range(MESSAGES)
    )
    store.save_conversation(replace(sample.conversation(), messages=said))
    store.save_shown(*(sample.shown(f"s{number}") for number in range(200)))
    for number in range(200):
        store.save_decision(f"s{number}", sample.decision())
    store.save_correction(sample.correction("get_refund"), sample.START)
    store.add_knowledge([FaqEntry(f"q{number}", "a", "en", "faq") for number in range(50)])
    store.close()
    return path


def overwrite(path: Path, start: int, end: int, filling: bytes = b"\x00") -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write((filling * (end - start))[: end - start])


def set_aside(path: Path) -> Path:
    (aside,) = [
        found
        for found in path.parent.glob(f"{path.name}.damaged-*")
        if not found.name.endswith(("-wal", "-shm"))
    ]
    return aside


@pytest.mark.parametrize("filling", [b"\x00", b"\xff", b"garbage "])
def test_pages_overwritten_in_the_middle_cost_only_their_own_rows(
    filled: Path, filling: bytes
) -> None:
    middle = filled.stat().st_size // PAGE // 2
    overwrite(filled, middle * PAGE, (middle + 6) * PAGE, filling)
    damaged = filled.read_bytes()

    store = Store(filled)

    counts = store.counts()
    assert MESSAGES * 0.9 < counts["messages"] <= MESSAGES
    assert counts["conversations"] == 1
    assert sum(counts.values()) > (MESSAGES + 452) * 0.9
    assert store.check() == ()
    assert set_aside(filled).read_bytes() == damaged
    assert "damaged" in store.notice
    assert set_aside(filled).name in store.notice
    store.close()


def test_every_readable_message_is_recovered_whole_and_in_order(filled: Path) -> None:
    pages = filled.stat().st_size // PAGE
    overwrite(filled, (pages // 3) * PAGE, (pages // 3 + 1) * PAGE)
    overwrite(filled, (pages // 2) * PAGE, (pages // 2 + 1) * PAGE)

    store = Store(filled)

    (conversation,) = store.conversations(newest_messages=MESSAGES)
    numbers = [int(message.message_id.rpartition("m")[2]) for message in conversation.messages]
    assert numbers == sorted(numbers)
    assert all(
        message.text == f"{number} " * 60
        for number, message in zip(numbers, conversation.messages, strict=True)
    )
    store.close()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_file_gives_back_what_is_left(filled: Path, share: float) -> None:
    whole = filled.read_bytes()
    filled.write_bytes(whole[: int(len(whole) * share)])

    store = Store(filled)

    assert store.counts()["messages"] > 0
    assert store.check() == ()
    assert set_aside(filled).read_bytes() == whole[: int(len(whole) * share)]
    store.close()


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 9000, b"this is not a database " * 999, b"SQLite format 3\x00"]
)
def test_file_without_anything_readable_is_kept_and_a_new_one_begun(
    path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    store = Store(path)

    store.save_conversation(sample.conversation())
    assert "nothing in it could be read" in store.notice
    assert set_aside(path).read_bytes() == content
    store.close()
    again = Store(path)
    assert again.notice == ""
    assert again.conversations() == [sample.conversation()]
    again.close()


def test_rows_whose_conversation_is_lost_are_kept_under_a_new_one(filled: Path) -> None:
    db = sqlite3.connect(filled)
    (page,) = db.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'conversations'"
    ).fetchone()
    db.close()
    overwrite(filled, (page - 1) * PAGE, page * PAGE)

    store = Store(filled)

    (conversation,) = store.conversations(newest_messages=MESSAGES)
    assert conversation.conversation_id == "c1"
    assert len(conversation.messages) == MESSAGES
    assert store.counts()["decisions"] == 200
    assert store.check() == ()
    store.close()


def test_what_speaks_of_lost_messages_goes_with_them(filled: Path) -> None:
    db = sqlite3.connect(filled)
    (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'").fetchone()
    db.close()
    overwrite(filled, (page - 1) * PAGE, page * PAGE)

    store = Store(filled)

    assert store.counts()["messages"] == 0
    assert store.counts()["corrections"] == 0
    assert {shown.message_id for shown, _ in store.decisions("c1")} == {None}
    assert store.counts()["decisions"] == 200
    assert store.check() == ()
    store.close()


def test_messages_still_in_the_log_of_a_killed_process_are_recovered(
    filled: Path, tmp_path: Path
) -> None:
    store = Store(filled)
    store.send(sample.message(9000, "agent", "sent just before the end"))
    ending = tmp_path / "killed" / filled.name
    ending.parent.mkdir()
    for extra in ("", "-wal"):
        ending.with_name(ending.name + extra).write_bytes(
            filled.with_name(filled.name + extra).read_bytes()
        )
    store.close()
    middle = ending.stat().st_size // PAGE // 2
    overwrite(ending, middle * PAGE, (middle + 2) * PAGE)

    recovered = Store(ending)

    (conversation,) = recovered.conversations(newest_messages=1)
    assert "damaged" in recovered.notice
    assert conversation.messages[0].text == "sent just before the end"
    recovered.close()


def test_log_without_its_database_is_kept(path: Path) -> None:
    path.parent.mkdir()
    path.with_name(path.name + "-wal").write_bytes(b"log" * 100)

    store = Store(path)

    assert "damaged" in store.notice
    assert [found.read_bytes() for found in path.parent.glob("*.damaged-*-wal")] == [b"log" * 100]
    store.close()


@pytest.mark.parametrize("is_old_one_moved", [True, False])
def test_recovery_cut_short_by_a_crash_is_finished_at_the_next_start(
    filled: Path, tmp_path: Path, *, is_old_one_moved: bool
) -> None:
    recovered = Store(tmp_path / "recovered.sqlite")
    recovered.save_conversation(sample.conversation("c7"))
    recovered.close()
    (tmp_path / "recovered.sqlite").rename(filled.with_name(filled.name + ".recovered"))
    overwrite(filled, 0, PAGE)
    if is_old_one_moved:
        filled.rename(filled.with_name(filled.name + ".damaged-then"))

    store = Store(filled)

    assert store.conversations() == [sample.conversation("c7")]
    assert set_aside(filled).stat().st_size > PAGE
    store.close()


def test_damaged_database_is_left_alone_while_another_program_has_it_open(filled: Path) -> None:
    window = Store(filled)
    middle = filled.stat().st_size // PAGE // 2
    overwrite(filled, middle * PAGE, (middle + 6) * PAGE)

    with pytest.raises(StoreError, match="Close all windows"):
        Store(filled)

    assert list(filled.parent.glob("*.damaged-*")) == []
    window.close()


def test_damage_met_while_working_is_told(filled: Path) -> None:
    store = Store(filled)
    overwrite(filled, PAGE, filled.stat().st_size, b"\xff")

    with pytest.raises(StoreError, match=r"damaged.*Restart"):
        store.conversations(newest_messages=MESSAGES)

    store.close()


def test_failed_recovery_leaves_the_damaged_file_in_its_place(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overwrite(filled, 0, PAGE)
    damaged = filled.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("desktop_assistant.store.recovery.create_private", refuse)

    with pytest.raises(StoreError, match="full"):
        Store(filled)

    assert filled.read_bytes() == damaged


@pytest.mark.parametrize(
    ("table", "column", "garbage"),
    [
        ("messages", "sent_at", "2025-03-01T09:3\x00:00"),
        ("messages", "text", b"half a character \xe4\xbd"),
        ("conversations", "started_at", "soon"),
        ("conversations", "lang", "e\x00"),
        ("analyses", "intents", "[[1"),
        ("analyses", "entities", '[{"begin": 3}]'),
        ("decisions", "outcome", "accep\x7fed"),
    ],
)
def test_damage_inside_a_value_keeps_nothing_else_from_the_agent(
    path: Path, table: str, column: str, garbage: str | bytes
) -> None:
    store = Store(path)
    said = tuple(sample.message(number, "customer", "hello") for number in range(3))
    store.save_conversation(replace(sample.conversation(), messages=said))
    store.save_analysis("c1-m1", sample.analysis())
    store.save_shown(sample.shown("s1"))
    store.save_decision("s1", sample.decision())
    store.close()
    db = sqlite3.connect(path)
    db.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT)", (garbage,))
    db.commit()
    db.close()

    store = Store(path)

    (conversation,) = store.conversations()
    assert len(conversation.messages) == 3
    assert conversation.lang == "en"
    assert len(store.analyses("c1")) == (table != "analyses")
    assert len(store.decisions("c1")) == (table != "decisions")
    store.close()


def test_too_old_sqlite_is_told_before_the_file_is_looked_at(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled.read_bytes()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))

    with pytest.raises(StoreError, match="too old"):
        Store(filled)

    assert filled.read_bytes() == before
