from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop_assistant.ui.composer import LEAST_HEIGHT, MOST_HEIGHT, Composer

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_assistant.ui.theme import Theme


@pytest.fixture
def composer(qtbot: QtBot, theme: Theme) -> Composer:
    composer = Composer(theme)
    composer.resize(600, 130)
    qtbot.addWidget(composer)
    composer.show()
    composer.edit.setFocus()
    return composer


def test_a_blank_reply_cannot_be_sent(composer: Composer) -> None:
    sent: list[str] = []
    composer.sent.connect(sent.append)

    composer.edit.insertPlainText("  \n ")
    QTest.keyClick(composer.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    assert not composer.send_button.isEnabled()
    assert sent == []


def test_control_enter_sends_and_keeps_the_text_until_it_is_stored(composer: Composer) -> None:
    sent: list[str] = []
    composer.sent.connect(sent.append)

    QTest.keyClicks(composer.edit, "Hello Anna ")
    QTest.keyClick(composer.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    assert sent == ["Hello Anna"]
    assert composer.edit.draft == "Hello Anna "


def test_a_second_reply_waits_until_the_first_is_stored(composer: Composer) -> None:
    sent: list[str] = []
    composer.sent.connect(sent.append)
    composer.edit.insertPlainText("Hello")

    composer.set_sending(is_sending=True)
    composer.send_button.click()
    QTest.keyClick(composer.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    assert sent == []


def test_nothing_is_sent_while_an_input_method_composes(composer: Composer) -> None:
    sent: list[str] = []
    composer.sent.connect(sent.append)
    composer.edit.insertPlainText("您好")

    QApplication.sendEvent(composer.edit, QInputMethodEvent("qing", []))
    QTest.keyClick(composer.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    assert sent == []


def test_a_suggestion_replaces_the_draft_and_selects_its_first_gap(composer: Composer) -> None:
    composer.edit.insertPlainText("half")

    composer.take_suggestion("😀 Your order {order_number} leaves on {date}.")

    assert composer.edit.draft == "😀 Your order {order_number} leaves on {date}."
    assert composer.edit.textCursor().selectedText() == "{order_number}"
    composer.edit.undo()
    assert composer.edit.draft == "half"


def test_an_answer_goes_to_the_caret_with_a_blank_between_words(composer: Composer) -> None:
    composer.edit.insertPlainText("Good news.")

    composer.insert_text("It arrives tomorrow.")

    assert composer.edit.draft == "Good news. It arrives tomorrow."


def test_the_box_grows_with_text_and_ghost_up_to_a_bound(composer: Composer) -> None:
    assert composer.edit.height() == LEAST_HEIGHT

    composer.edit.insertPlainText("Hi")
    composer.edit.offer_ghost("Hi", " there and welcome" * 30)
    with_ghost = composer.edit.height()
    composer.edit.insertPlainText("\n" * 40)

    assert with_ghost > LEAST_HEIGHT
    assert composer.edit.height() == MOST_HEIGHT


def test_hints_give_way_where_there_is_no_room(composer: Composer) -> None:
    composer.resize(260, 130)
    narrow = [key.isVisible() for key, _ in composer.hints]

    composer.resize(700, 130)

    assert not all(narrow)
    assert all(key.isVisible() for key, _ in composer.hints)
