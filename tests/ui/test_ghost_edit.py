from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QInputMethodEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from desktop_assistant.ui.ghost_edit import GhostEdit

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_assistant.ui.theme import Theme


@pytest.fixture
def edit(qtbot: QtBot, theme: Theme) -> GhostEdit:
    edit = GhostEdit(theme)
    edit.resize(400, 120)
    qtbot.addWidget(edit)
    edit.show()
    edit.setFocus()
    return edit


def compose(edit: GhostEdit, preedit: str, commit: str = "") -> None:
    event = QInputMethodEvent(preedit, [])
    event.setCommitString(commit)
    QApplication.sendEvent(edit, event)


def test_ghost_is_shown_after_the_caret_and_is_no_part_of_the_text(
    qtbot: QtBot, edit: GhostEdit
) -> None:
    QTest.keyClicks(edit, "I am")
    edits: list[str] = []
    edit.draft_edited.connect(edits.append)

    edit.offer_ghost("I am", " sorry")

    assert edit.ghost == " sorry"
    assert edit.draft == "I am"
    assert edit.document().lastBlock().layout().preeditAreaText() == " sorry"
    assert edits == []


def test_tab_takes_the_whole_ghost_as_one_undo_step(qtbot: QtBot, edit: GhostEdit) -> None:
    taken: list[tuple[str, bool]] = []
    edit.ghost_taken.connect(lambda text, whole: taken.append((text, whole)))
    QTest.keyClicks(edit, "I am")
    edit.offer_ghost("I am", " sorry for this")

    QTest.keyClick(edit, Qt.Key.Key_Tab)
    QTest.keyClicks(edit, " delay")
    edit.undo()

    assert taken == [(" sorry for this", True)]
    assert edit.draft == "I am sorry for this"
    edit.undo()
    assert edit.draft == "I am"
    edit.redo()
    assert edit.draft == "I am sorry for this"


def test_control_right_takes_one_word_and_leaves_the_rest(qtbot: QtBot, edit: GhostEdit) -> None:
    taken: list[tuple[str, bool]] = []
    edit.ghost_taken.connect(lambda text, whole: taken.append((text, whole)))
    QTest.keyClicks(edit, "I am")
    edit.offer_ghost("I am", " very sorry")

    QTest.keyClick(edit, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)

    assert edit.draft == "I am very "
    assert edit.ghost == "sorry"
    assert taken == [(" very ", False)]


def test_chinese_is_taken_by_one_or_two_characters(qtbot: QtBot, edit: GhostEdit) -> None:
    edit.insertPlainText("您好")
    edit.offer_ghost("您好", "包裹已经发出")

    QTest.keyClick(edit, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)

    assert edit.draft == "您好包裹"
    assert edit.ghost == "已经发出"


def test_escape_dismisses_the_ghost(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "I am")
    edit.offer_ghost("I am", " sorry")

    with qtbot.waitSignal(edit.ghost_dismissed):
        QTest.keyClick(edit, Qt.Key.Key_Escape)

    assert edit.ghost == ""
    assert edit.draft == "I am"


def test_typing_along_the_ghost_consumes_it(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "I am")
    edit.offer_ghost("I am", " sorry")

    seen = []
    for key in " sor":
        QTest.keyClicks(edit, key)
        seen.append(edit.ghost)

    assert seen == ["sorry", "orry", "rry", "ry"]


def test_typing_something_else_hides_the_ghost(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "I am")
    edit.offer_ghost("I am", " sorry")

    QTest.keyClicks(edit, " here")

    assert edit.ghost == ""
    assert edit.document().lastBlock().layout().preeditAreaText() == ""


def test_a_completion_of_another_draft_is_not_shown(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "I am glad")

    edit.offer_ghost("I am s", "orry")

    assert edit.ghost == ""


def test_ghost_hides_while_the_caret_is_not_at_the_end(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "I am")
    edit.offer_ghost("I am", " sorry")

    QTest.keyClick(edit, Qt.Key.Key_Home)
    away = edit.ghost
    QTest.keyClick(edit, Qt.Key.Key_End)

    assert away == ""
    assert edit.ghost == " sorry"


def test_ghost_is_not_copied(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "I am")
    edit.offer_ghost("I am", " sorry")

    edit.selectAll()
    copied = edit.createMimeDataFromSelection().text()

    assert copied == "I am"


def test_ghost_is_silent_while_an_input_method_composes(qtbot: QtBot, edit: GhostEdit) -> None:
    edit.insertPlainText("您")
    edit.offer_ghost("您", "好，请稍等")

    compose(edit, "hao")
    while_composing = edit.ghost
    edit.offer_ghost("您", "的订单")
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    still_composing = edit.ghost
    compose(edit, "", commit="的")

    assert (while_composing, still_composing) == ("", "")
    assert edit.draft == "您的"
    assert edit.ghost == "订单"


def test_enter_and_backspace_leave_no_stale_ghost(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "I am")
    edit.offer_ghost("I am", " sorry")

    QTest.keyClick(edit, Qt.Key.Key_Return)
    after_enter = edit.ghost
    areas = [
        edit.document().findBlockByNumber(n).layout().preeditAreaText()
        for n in range(edit.document().blockCount())
    ]
    QTest.keyClick(edit, Qt.Key.Key_Backspace)

    assert after_enter == ""
    assert areas == ["", ""]
    assert edit.ghost == " sorry"


def test_tab_without_a_ghost_leaves_the_box(qtbot: QtBot, theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    edit = GhostEdit(theme, window)
    after = QLineEdit(window)
    layout.addWidget(edit)
    layout.addWidget(after)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    edit.setFocus()

    QTest.keyClick(edit, Qt.Key.Key_Tab)

    assert edit.draft == ""
    assert window.focusWidget() is after


def test_paste_is_plain_text(edit: GhostEdit) -> None:
    rich = QMimeData()
    rich.setHtml("<b>Hello</b> <img src='https://example.com/x.png'>")
    rich.setText("Hello")
    rich.setUrls([QUrl("https://example.com/x.png")])

    edit.insertFromMimeData(rich)

    assert edit.draft == "Hello"
    assert "<b>" not in edit.toHtml()
    assert "img" not in edit.toHtml()


def test_control_enter_asks_to_send(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "Hello")

    with qtbot.waitSignal(edit.send_requested):
        QTest.keyClick(edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    assert edit.draft == "Hello"


def test_a_loaded_draft_is_not_an_edit_and_cannot_be_undone(qtbot: QtBot, edit: GhostEdit) -> None:
    edits: list[str] = []
    QTest.keyClicks(edit, "to Anna")
    edit.draft_edited.connect(edits.append)

    edit.load_draft("to Wang")
    edit.undo()

    assert edit.draft == "to Wang"
    assert edits == []


def test_a_replaced_draft_is_one_undo_step(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "half a thou")

    edit.replace_draft("A whole reply")
    QTest.keyClicks(edit, "!")
    edit.undo()
    edit.undo()

    assert edit.draft == "half a thou"


def test_a_long_ghost_grows_the_document(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "I am")
    before = edit.document().size().height()

    edit.offer_ghost("I am", " very sorry" * 20)

    assert edit.document().size().height() > before


def test_a_click_on_the_ghost_puts_the_caret_within_the_text(qtbot: QtBot, edit: GhostEdit) -> None:
    QTest.keyClicks(edit, "Hi")
    edit.offer_ghost("Hi", " and welcome to the shop")
    spot = edit.cursorRect().center()
    spot.setX(spot.x() + 80)

    QTest.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=spot)

    assert edit.textCursor().position() <= len("Hi")
    assert edit.draft == "Hi"


def test_ghost_may_hold_characters_beyond_the_basic_plane(edit: GhostEdit) -> None:
    edit.insertPlainText("好👍")

    for round_ in range(100):
        edit.offer_ghost("好👍", f" 谢谢{round_}😀")

    assert edit.ghost == " 谢谢99😀"
    edit.moveCursor(QTextCursor.MoveOperation.Start)
    assert edit.ghost == ""
