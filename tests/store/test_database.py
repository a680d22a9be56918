from __future__ import annotations

import logging
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_assistant.decision import Decision, Outcome
from desktop_assistant.errors import StoreError
from desktop_assistant.store import connection
from desktop_assistant.store.database import TABLES, Store
from desktop_assistant.store.rows import time_text
from desktop_assistant.training_example import Dialogue, FaqEntry
from tests.store import sample_values as sample

if TYPE_CHECKING:
    from pathlib import Path

ASKED = sample.message(1, "customer", "where is NW-1234?")
REPLIED = sample.message(2, "agent", "It is on its way.")


@pytest.fixture
def chat(store: Store) -> Store:
    store.save_conversation(replace(sample.conversation(), messages=(ASKED,)))
    return store


def test_conversation_comes_back_as_it_was(store: Store) -> None:
    conversation = replace(sample.conversation(), messages=(ASKED, REPLIED), channel="app")

    store.save_conversation(conversation)

    assert store.conversations() == [conversation]


def test_a_message_saved_twice_is_there_once(chat: Store) -> None:
    later = replace(ASKED, text="something else")

    was_new = [chat.save_message(REPLIED), chat.save_message(REPLIED), chat.save_message(later)]

    assert was_new == [True, False, False]
    assert chat.conversations()[0].messages == (ASKED, REPLIED)


def test_known_conversation_keeps_its_draft_status_and_start(chat: Store) -> None:
    chat.save_draft("c1", "Dear")
    chat.set_status("c1", "resolved")

    chat.save_conversation(
        replace(
            sample.conversation(), customer_name="Ada", started_at=sample.START + timedelta(days=1)
        )
    )

    assert chat.drafts() == {"c1": "Dear"}
    assert chat.statuses() == {"c1": "resolved"}
    assert chat.conversations()[0].customer_name == "Ada"
    assert chat.conversations()[0].started_at == sample.START


def test_only_the_newest_messages_of_a_long_chat_are_read(store: Store) -> None:
    said = [sample.message(number, "customer", f"{number}") for number in range(10)]
    store.save_conversation(replace(sample.conversation(), messages=tuple(said)))

    (found,) = store.conversations(newest_messages=3)

    assert found.messages == tuple(said[-3:])


def test_messages_are_in_the_order_in_which_they_arrived(chat: Store) -> None:
    with_slow_clock = replace(REPLIED, sent_at=ASKED.sent_at - timedelta(hours=1))

    chat.save_message(with_slow_clock)

    assert chat.conversations()[0].messages == (ASKED, with_slow_clock)


def test_conversations_can_be_chosen_by_status(store: Store) -> None:
    store.save_conversation(sample.conversation("c1"))
    store.save_conversation(sample.conversation("c2"))
    store.set_status("c2", "resolved")

    open_ones = store.conversations(status="open")

    assert [found.conversation_id for found in open_ones] == ["c1"]
    assert len(store.conversations()) == 2


def test_sending_keeps_message_and_decisions_and_clears_the_draft(chat: Store) -> None:
    taken, left = sample.shown("s1"), replace(sample.shown("s2"), position=1)
    chat.save_shown(taken, left)
    chat.save_draft("c1", "It is on")

    chat.send(
        REPLIED,
        [("s1", sample.decision()), ("s2", Decision(Outcome.IGNORED))],
    )

    assert chat.conversations()[0].messages == (ASKED, REPLIED)
    assert chat.drafts() == {}
    assert chat.decisions("c1") == [
        (taken, sample.decision()),
        (left, Decision(Outcome.IGNORED)),
    ]


def test_first_decision_on_a_suggestion_counts(chat: Store) -> None:
    chat.save_shown(sample.shown("s1"))
    dismissed = Decision(Outcome.DISMISSED, reason="wrong")

    chat.save_decision("s1", dismissed)
    chat.send(REPLIED, [("s1", sample.decision())])

    assert chat.decisions("c1") == [(sample.shown("s1"), dismissed)]


def test_suggestion_without_decision_is_listed_as_undecided(chat: Store) -> None:
    chat.save_shown(sample.shown("s1"))
    chat.save_shown(replace(sample.shown("s1"), text="other"))

    assert chat.decisions("c1") == [(sample.shown("s1"), None)]


def test_message_is_sent_even_if_its_suggestion_was_never_stored(
    chat: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        chat.send(REPLIED, [("unknown", sample.decision())])

    assert chat.conversations()[0].messages[-1] == REPLIED
    assert "unknown" in caplog.text
    assert REPLIED.text not in caplog.text


def test_a_failed_send_leaves_nothing_behind(chat: Store) -> None:
    chat.save_shown(sample.shown("s1"))
    bad_time = replace(REPLIED, sent_at=REPLIED.sent_at.replace(tzinfo=None))

    with pytest.raises(ValueError, match="time zone"):
        chat.send(bad_time, [("s1", sample.decision())])

    assert chat.conversations()[0].messages == (ASKED,)
    assert chat.decisions("c1") == [(sample.shown("s1"), None)]


def test_newer_analysis_replaces_the_older(chat: Store) -> None:
    chat.save_analysis(ASKED.message_id, sample.analysis("get_refund"))
    chat.save_analysis(ASKED.message_id, sample.analysis("track_order"))

    found = chat.analyses("c1")

    assert found == {ASKED.message_id: sample.analysis("track_order")}
    assert found[ASKED.message_id].latency_ms == 12


def test_corrections_of_several_people_are_all_kept(chat: Store) -> None:
    words = [sample.correction("get_refund", by="Bo"), sample.correction("complaint", by="Cy")]

    for minute, word in enumerate(words):
        chat.save_correction(word, sample.START + timedelta(minutes=minute))

    assert chat.corrections("c1") == words


def test_knowledge_is_unique_by_question_and_source(store: Store) -> None:
    first = FaqEntry("How long?", "Two days.", "en", "faq", ("when",))
    elsewhere = replace(first, source="wiki")
    newer = replace(first, answer="Three days.")

    added = [store.add_knowledge([first, elsewhere]), store.add_knowledge([newer])]

    assert added == [2, 0]
    assert store.knowledge() == [newer, elsewhere]


def test_transcripts_are_imported_once(store: Store) -> None:
    dialogue = Dialogue("1", (ASKED.turn, REPLIED.turn), "en", "shop", "Ada")
    of_another_system = replace(dialogue, turns=(ASKED.turn,))

    added = [
        store.add_transcripts([dialogue, of_another_system]),
        store.add_transcripts([dialogue]),
    ]

    assert added == [2, 0]
    assert list(store.transcripts()) == [dialogue, of_another_system]


def test_sent_replies_are_paired_with_what_the_customer_last_said(store: Store) -> None:
    said = (
        sample.message(1, "agent", "Welcome!"),
        sample.message(2, "customer", "hi"),
        sample.message(3, "customer", "where is it?"),
        sample.message(4, "agent", "On its way."),
        sample.message(5, "agent", "It comes on Monday."),
    )
    store.save_conversation(replace(sample.conversation(), messages=said))

    assert store.sent_replies(10) == [
        ("where is it?", "It comes on Monday."),
        ("where is it?", "On its way."),
    ]
    assert len(store.sent_replies(1)) == 1


def test_counts_name_every_table(chat: Store) -> None:
    counts = chat.counts()

    assert set(counts) == set(TABLES)
    assert counts["messages"] == 1


def test_sound_database_has_no_problems(chat: Store) -> None:
    assert chat.check() == ()


def test_everything_is_there_after_reopening(path: Path) -> None:
    first = Store(path)
    first.save_conversation(replace(sample.conversation(), messages=(ASKED, REPLIED)))
    first.save_draft("c1", "And")
    first.close()

    again = Store(path)

    assert again.notice == ""
    assert again.conversations()[0].messages == (ASKED, REPLIED)
    assert again.drafts() == {"c1": "And"}
    again.close()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_any_text_comes_back(store: Store, text: str) -> None:
    store.save_conversation(sample.conversation())

    store.save_draft("c1", text)

    assert store.drafts().get("c1", "") == text


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "ok \ud83d", "\ud83dx"])
def test_half_a_character_is_stored_as_a_replacement(store: Store, text: str) -> None:
    store.save_conversation(sample.conversation())

    store.save_draft("c1", text)

    assert "\ufffd" in store.drafts()["c1"]


def test_times_sort_as_text_does() -> None:
    moments = [sample.START + timedelta(microseconds=shift) for shift in (0, 1, 999_999, 1_000_000)]

    texts = [time_text(moment) for moment in moments]

    assert texts == sorted(texts)
    assert len({len(text) for text in texts}) == 1


def test_a_commit_waits_for_the_disk(store: Store) -> None:
    assert store.connection.row("PRAGMA journal_mode") == ("wal",)
    assert store.connection.row("PRAGMA synchronous") == (2,)
    assert store.connection.row("PRAGMA foreign_keys") == (1,)


def test_another_thread_is_refused(store: Store) -> None:
    refused: list[BaseException] = []

    def read() -> None:
        try:
            store.drafts()
        except AssertionError as exc:
            refused.append(exc)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()

    assert len(refused) == 1


def test_full_disk_is_told_and_loses_nothing(chat: Store) -> None:
    pages = chat.connection.row("PRAGMA page_count")
    assert pages is not None
    chat.connection.row(f"PRAGMA max_page_count = {pages[0] + 5}")

    def send_until_full() -> None:
        for number in range(2, 100):
            chat.send(sample.message(number, "agent", "x" * 2000))

    with pytest.raises(StoreError, match=r"full.*Free some space"):
        send_until_full()

    sent = len(chat.conversations()[0].messages)
    chat.connection.row("PRAGMA max_page_count = 100000")
    chat.send(sample.message(200, "agent", "after making room"))
    assert sent > 1
    assert len(chat.conversations()[0].messages) == sent + 1
    assert chat.check() == ()


def test_lock_of_another_program_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_S", 0.05)
    store = Store(path)
    store.save_conversation(sample.conversation())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="locked"):
        store.send(REPLIED)
    other.execute("ROLLBACK")
    store.send(REPLIED)

    assert store.conversations()[0].messages == (REPLIED,)
    other.close()
    store.close()


def test_two_programs_share_the_database(path: Path) -> None:
    window, command = Store(path), Store(path)

    window.save_conversation(sample.conversation())

    assert command.conversations() == [sample.conversation()]
    window.close()
    command.close()


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")

    with pytest.raises(StoreError, match="cannot be written"):
        Store(in_the_way / "assistant.sqlite")


def test_folder_in_place_of_the_database_is_told(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(StoreError, match=str(path)):
        Store(path)


def test_file_that_may_only_be_read_is_told_at_opening(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(path).close()
    really = sqlite3.connect

    def connect_for_reading(target: str | Path, **options: object) -> sqlite3.Connection:
        uri = target if str(target).startswith("file:") else f"file:{target}?mode=ro"
        return really(uri, **{**options, "uri": True})  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", connect_for_reading)

    with pytest.raises(StoreError, match=r"cannot be written.*--home"):
        Store(path)


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no such permissions")
def test_only_the_user_can_read_what_customers_wrote(chat: Store, path: Path) -> None:
    modes = {file.name: file.stat().st_mode & 0o077 for file in path.parent.iterdir()}

    assert chat.notice == ""
    assert set(modes.values()) == {0}
