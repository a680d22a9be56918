from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_assistant.ui.conversation_delegate import initial_of
from desktop_assistant.ui.conversation_list import ConversationList
from desktop_assistant.ui.conversation_model import ConversationRow
from desktop_assistant.ui.conversation_rows import ConversationRows
from desktop_assistant.ui.conversation_view import ConversationView

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from desktop_assistant.conversation import Conversation
    from desktop_assistant.ui.theme import Theme

ROWS = [
    ConversationRow("a", "Anna Keller", "09:42", "Where is it?", 2, "negative", "anna parcel"),
    ConversationRow("w", "王小明", "09:41", "退款呢？", 1, "neutral", "王小明 退款"),
    ConversationRow("m", "Marco Rossi", "09:38", "Thanks", 0, "positive", "marco rossi thanks"),
]


@pytest.fixture
def pane(qtbot: QtBot, theme: Theme) -> ConversationList:
    pane = ConversationList(theme)
    pane.resize(290, 500)
    qtbot.addWidget(pane)
    pane.show()
    pane.show_rows(ROWS, "a")
    return pane


def test_rows_show_in_order_and_the_current_one_is_selected(pane: ConversationList) -> None:
    assert pane.shown_ids == ("a", "w", "m")
    assert pane.view.currentIndex().row() == 0
    assert pane.count.text() == "3 open"
    assert not pane.grab().isNull()


def test_a_search_keeps_what_holds_every_word(pane: ConversationList) -> None:
    pane.search.setText("THANKS marco")

    assert pane.shown_ids == ("m",)


def test_a_search_without_a_hit_says_so(pane: ConversationList) -> None:
    pane.search.setText("nobody")

    assert pane.nothing.isVisible()
    assert pane.nothing.text() == "Nothing found"


def test_enter_in_the_search_goes_to_the_first_hit(qtbot: QtBot, pane: ConversationList) -> None:
    pane.search.setText("退款")

    with qtbot.waitSignal(pane.chosen) as chosen:
        QTest.keyClick(pane.search, Qt.Key.Key_Return)

    assert chosen.args == ["w"]
    assert pane.search.text() == ""


def test_arrow_keys_choose_another_conversation(qtbot: QtBot, pane: ConversationList) -> None:
    with qtbot.waitSignal(pane.chosen) as chosen:
        QTest.keyClick(pane.view, Qt.Key.Key_Down)

    assert chosen.args == ["w"]


def test_showing_rows_anew_chooses_nothing(pane: ConversationList) -> None:
    chosen: list[str] = []
    pane.chosen.connect(chosen.append)

    pane.show_rows([ROWS[2], ROWS[0], ROWS[1]], "a")

    assert chosen == []
    assert pane.view.currentIndex().row() == 1


def test_a_row_is_spoken_with_its_mood_and_unread_messages(pane: ConversationList) -> None:
    spoken = str(pane.filter.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole))

    assert spoken == "Anna Keller, 09:42, 2 unread, Negative: Where is it?"


def test_initials_are_letters_of_any_script() -> None:
    assert [initial_of(name) for name in ("anna", "王小明", " -tom", "…")] == ["A", "王", "T", "?"]


def test_foreign_names_and_lines_are_made_harmless(talk: Callable[..., Conversation]) -> None:
    conversation = talk([("customer", "one\ntwo \u202eevil\x00")], name="An\u202ena\n")

    row = ConversationRows().of([ConversationView(conversation, sentiment="neutral")])[0]

    assert row.name == "Anna"
    assert row.last_line == "one two evil"


def test_search_looks_through_messages_and_keeps_them_until_they_change(
    talk: Callable[..., Conversation],
) -> None:
    rows = ConversationRows()
    first = ConversationView(talk([("customer", "My PARCEL is late")]))
    later = ConversationView(talk([("customer", "My PARCEL is late"), ("agent", "Sorry")]))

    before = rows.of([first])[0].search_text
    after = rows.of([later])[0].search_text

    assert "my parcel is late" in before
    assert "sorry" in after
