from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from desktop_assistant.conversation import MAX_MESSAGE_CHARS, utc_now
from desktop_assistant.ui import transcript_delegate
from desktop_assistant.ui.theme import body_font
from desktop_assistant.ui.transcript_delegate import lay_out
from desktop_assistant.ui.transcript_model import (
    FIRST_MESSAGES,
    MAX_MESSAGES,
    TranscriptModel,
    day_title,
)
from desktop_assistant.ui.transcript_view import ChatHeader, TranscriptView

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from pytestqt.qtbot import QtBot

    from desktop_assistant.conversation import Conversation
    from desktop_assistant.ui.theme import Theme

    Talk = Callable[..., Conversation]


def shown(qtbot: QtBot, theme: Theme) -> TranscriptView:
    view = TranscriptView(theme)
    view.resize(600, 400)
    qtbot.addWidget(view)
    view.show()
    return view


def test_newest_messages_are_shown_when_there_are_many(qtbot: QtBot, talk: Talk) -> None:
    model = TranscriptModel()

    model.show_conversation(talk([("customer", f"line {n}") for n in range(1_000)]), {})
    first = model.rowCount()
    while model.has_older:
        model.show_older()

    assert first == FIRST_MESSAGES
    assert model.rowCount() == MAX_MESSAGES
    assert model.rows[-1].text == "line 999"
    assert model.rows[0].text == "line 700"


def test_the_number_of_messages_stays_bounded_while_a_chat_goes_on(
    qtbot: QtBot, talk: Talk
) -> None:
    model = TranscriptModel()
    turns = [("customer", f"line {n}") for n in range(MAX_MESSAGES)]
    model.show_conversation(talk(turns), {})
    while model.has_older:
        model.show_older()

    model.show_conversation(talk([*turns, ("agent", "one"), ("customer", "two")]), {})

    assert model.rowCount() == MAX_MESSAGES
    assert model.rows[0].text == "line 2"
    assert model.rows[0].day
    assert model.rows[-1].text == "two"


def test_older_messages_come_when_one_scrolls_up(qtbot: QtBot, theme: Theme, talk: Talk) -> None:
    view = shown(qtbot, theme)
    view.show_conversation(talk([("customer", f"line {n}") for n in range(200)]), {})

    view.verticalScrollBar().setValue(1)
    before = view.visualRect(view.model().index(1, 0)).top()

    view.verticalScrollBar().setValue(view.verticalScrollBar().minimum())

    assert view.messages.rowCount() == 2 * FIRST_MESSAGES
    after = view.visualRect(view.model().index(FIRST_MESSAGES + 1, 0)).top()
    assert after == before + 1


def test_a_new_message_is_added_without_a_reset(qtbot: QtBot, talk: Talk) -> None:
    model = TranscriptModel()
    model.show_conversation(talk([("customer", "one")]), {})
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))

    is_other = model.show_conversation(talk([("customer", "one"), ("agent", "two")]), {})

    assert not is_other
    assert [row.text for row in model.rows] == ["one", "two"]
    assert resets == []


def test_delivery_changes_without_a_reset(qtbot: QtBot, talk: Talk) -> None:
    model = TranscriptModel()
    conversation = talk([("customer", "one"), ("agent", "two")])
    model.show_conversation(conversation, {"c1-1": "sending"})

    is_other = model.show_conversation(conversation, {"c1-1": "delivered"})

    assert not is_other
    assert model.rows[1].delivery == "delivered"


def test_each_day_is_announced_once(qtbot: QtBot, talk: Talk) -> None:
    model = TranscriptModel()
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    first = talk([("customer", "one"), ("customer", "two")], start=noon)
    later = talk([("customer", "three")], start=noon + timedelta(days=2)).messages[0]

    model.show_conversation(first.with_message(later), {})

    days = [row.day for row in model.rows]
    assert days[0]
    assert days[1] == ""
    assert days[2] not in ("", days[0])


def test_today_and_yesterday_have_names(qtbot: QtBot) -> None:
    today = utc_now().astimezone().date()

    assert day_title(today) == "Today"
    assert day_title(today - timedelta(days=1)) == "Yesterday"
    assert "2020" in day_title(today.replace(year=2020, month=5, day=3))


def test_control_and_override_characters_are_not_shown(qtbot: QtBot, talk: Talk) -> None:
    model = TranscriptModel()

    model.show_conversation(talk([("customer", "pay \u202eevil\u202c \x07\x1b[31m now")]), {})

    assert model.rows[0].text == "pay evil [31m now"


def test_markup_of_a_customer_stays_text(qtbot: QtBot, theme: Theme, talk: Talk) -> None:
    view = shown(qtbot, theme)

    view.show_conversation(talk([("customer", "<b>bold</b> <img src=x>")]), {})

    index = view.model().index(0, 0)
    assert index.data() == "<b>bold</b> <img src=x>"
    view.grab()


def test_a_very_long_message_is_cut_and_says_so(qtbot: QtBot, talk: Talk) -> None:
    model = TranscriptModel()

    model.show_conversation(talk([("customer", "x" * (MAX_MESSAGE_CHARS + 1))]), {})

    assert model.rows[0].text.endswith("x …")


def test_right_to_left_text_is_laid_out_within_its_bubble(qtbot: QtBot) -> None:
    block = lay_out("שלום, איפה החבילה שלי?", 400, body_font())

    line = block.layout.lineAt(0)
    assert block.width < 400
    assert line.naturalTextRect().left() >= 0
    assert line.naturalTextRect().right() <= block.width + 1


def test_an_unbroken_word_wraps_within_the_width(qtbot: QtBot) -> None:
    block = lay_out("x" * 500, 200, body_font())

    assert block.width <= 200
    assert block.layout.lineCount() > 5


def test_layouts_are_kept_by_message_and_width_and_bounded(
    qtbot: QtBot, theme: Theme, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript_delegate, "MAX_LAYOUTS", 50)
    view = shown(qtbot, theme)

    view.show_conversation(talk([("customer", f"line {n}") for n in range(120)]), {})
    view.grab()
    view.resize(500, 400)
    view.grab()

    assert 0 < view.bubbles.cached_layouts <= 50


def test_the_view_follows_the_newest_message(qtbot: QtBot, theme: Theme, talk: Talk) -> None:
    view = shown(qtbot, theme)
    turns = [("customer", f"line {n}") for n in range(40)]
    view.show_conversation(talk(turns), {})

    view.show_conversation(talk([*turns, ("customer", "newest")]), {})

    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    assert bar.maximum() > 0


def test_the_view_stays_where_the_agent_reads(qtbot: QtBot, theme: Theme, talk: Talk) -> None:
    view = shown(qtbot, theme)
    turns = [("customer", f"line {n}") for n in range(40)]
    view.show_conversation(talk(turns), {})
    view.setCurrentIndex(view.model().index(2, 0))
    view.verticalScrollBar().setValue(30)

    view.show_conversation(talk([*turns, ("customer", "newest")]), {})

    assert view.verticalScrollBar().value() == 30


def test_another_conversation_begins_at_its_newest_message(
    qtbot: QtBot, theme: Theme, talk: Talk
) -> None:
    view = shown(qtbot, theme)
    view.show_conversation(talk([("customer", f"line {n}") for n in range(40)]), {})
    view.setCurrentIndex(view.model().index(2, 0))
    view.verticalScrollBar().setValue(0)

    view.show_conversation(talk([("customer", f"line {n}") for n in range(50)], "c2"), {})

    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)


def test_copying_takes_the_plain_text_of_a_message(qtbot: QtBot, theme: Theme, talk: Talk) -> None:
    view = shown(qtbot, theme)
    view.show_conversation(talk([("customer", "Where is <b>4711</b>?")]), {})
    view.setCurrentIndex(view.model().index(0, 0))

    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    assert QGuiApplication.clipboard().text() == "Where is <b>4711</b>?"


def test_a_message_is_spoken_with_speaker_time_and_delivery(qtbot: QtBot, talk: Talk) -> None:
    model = TranscriptModel()
    model.show_conversation(talk([("agent", "Hello")]), {"c1-0": "failed"})

    spoken = str(model.index(0).data(Qt.ItemDataRole.AccessibleTextRole))

    assert "You" in spoken
    assert "not delivered" in spoken
    assert spoken.endswith("Hello")


def test_the_header_shows_foreign_names_on_one_harmless_line(qtbot: QtBot) -> None:
    header = ChatHeader()
    qtbot.addWidget(header)

    header.show_details("Anna\n\u202eKeller", ("Order 4711", "", "Web chat"), is_open=True)

    assert header.name.text() == "Anna Keller"
    assert header.details.text() == "Order 4711 · Web chat"
