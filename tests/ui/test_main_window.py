from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop_assistant.errors import AssistantError, SettingsError, StoreError
from desktop_assistant.settings import Settings
from desktop_assistant.suggestion import KnowledgeHit
from desktop_assistant.ui.keys_dialog import KeysDialog
from desktop_assistant.ui.label_picker import LabelPicker
from desktop_assistant.ui.main_window import MainWindow
from desktop_assistant.ui.settings_dialog import SettingsDialog
from desktop_assistant.ui.theme import DARK
from tests.fakes import reply
from tests.ui.desk_room import DeskRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_assistant.pack import Pack

CONTROL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@dataclass
class Saved:
    """Where the window saves its settings."""

    settings: list[Settings] = field(default_factory=list)
    refuse_with: AssistantError | None = None

    def __call__(self, settings: Settings) -> None:
        if self.refuse_with is not None:
            raise self.refuse_with
        self.settings.append(settings)


@dataclass
class Office:
    """A window on a desk, with what lies behind both."""

    room: DeskRoom
    window: MainWindow
    saved: Saved

    @property
    def edit(self) -> QWidget:
        return self.window.chat.composer.edit

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        QTest.keyClick(self.window.focusWidget() or self.window, key, modifiers)


@pytest.fixture
def office(qtbot: QtBot, tmp_path: Path, pack: Pack) -> Iterator[Office]:
    room = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    saved = Saved()
    window = MainWindow(
        desk=room.desk,
        pack=pack,
        settings=Settings(language="en", colour_scheme="light"),
        save_settings=saved,
    )
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    yield Office(room, window, saved)
    room.close()
    window.translations.remove()


def test_a_customer_message_reaches_all_three_panes(office: Office) -> None:
    office.room.engine.retrieved = (reply("It is on its way."),)
    office.room.engine.hits = [KnowledgeHit("How long?", "Three days.", 0.8, "en/shipping")]

    office.room.chat("c1", "Where is my parcel?")

    window = office.window
    assert window.chat.header.name.text() == "Anna"
    assert [row.text for row in window.chat.transcript.messages.rows] == ["Where is my parcel?"]
    assert window.assist.chips.chips[0].text() == "Track an order  0.90"
    assert window.assist.sentiment.buttons["negative"].isChecked()
    assert len(window.assist.cards.cards) == 1
    assert len(window.assist.knowledge.cards) == 1
    office.room.wait(lambda: window.conversations.shown_ids == ("c1",))
    assert not window.grab().isNull()


def test_the_ghost_is_shown_taken_and_told_to_the_desk(office: Office) -> None:
    room, edit = office.room, office.window.chat.composer.edit
    room.chat()
    room.engine.completions = {"I am": " very sorry"}
    edit.setFocus()

    QTest.keyClicks(edit, "I am")
    room.wait(lambda: edit.ghost == " very sorry")
    QTest.keyClick(edit, Qt.Key.Key_Tab)
    QTest.keyClick(edit, Qt.Key.Key_Return, CONTROL)
    room.wait(lambda: bool(room.names("sent")))

    assert room.source.delivered[0].text == "I am very sorry"
    assert room.outcomes()[" very sorry"] == "accepted"


def test_escape_dismisses_the_ghost_for_the_desk_too(office: Office) -> None:
    room, edit = office.room, office.window.chat.composer.edit
    room.chat()
    room.engine.completions = {"I am": " very sorry"}
    edit.setFocus()
    QTest.keyClicks(edit, "I am")
    room.wait(lambda: edit.ghost == " very sorry")

    QTest.keyClick(edit, Qt.Key.Key_Escape)
    room.settle()

    assert edit.ghost == ""
    assert room.outcomes()[" very sorry"] == "dismissed"


def test_alt_and_a_number_take_a_card_into_the_composer(office: Office) -> None:
    office.room.engine.retrieved = (reply("first", 0.9), reply("something else", 0.8))
    office.room.chat()

    office.key(Qt.Key.Key_2, ALT)

    assert office.window.chat.composer.edit.draft == "something else"
    assert office.window.chat.composer.edit.hasFocus()


def test_alt_4_inserts_the_first_article(office: Office) -> None:
    office.room.engine.hits = [KnowledgeHit("How long?", "Three days.", 0.8, "en/shipping")]
    office.room.chat()

    office.key(Qt.Key.Key_4, ALT)

    assert office.window.chat.composer.edit.draft == "Three days."


def test_a_sent_reply_empties_the_composer_and_stands_in_the_transcript(office: Office) -> None:
    composer = office.window.chat.composer
    office.room.engine.retrieved = (reply("first", 0.9),)
    office.room.chat()
    composer.edit.insertPlainText("On its way")

    composer.send_button.click()
    office.room.wait(lambda: bool(office.room.names("sent")))

    assert composer.edit.draft == ""
    row = office.window.chat.transcript.messages.rows[-1]
    assert (row.text, row.delivery) == ("On its way", "delivered")
    assert office.window.assist.cards.cards == []


def test_a_reply_that_was_not_stored_stays_in_the_composer(office: Office) -> None:
    composer = office.window.chat.composer
    office.room.chat()
    office.room.store.refuse_with = StoreError("The disk is full.")
    composer.edit.insertPlainText("On its way")

    composer.send_button.click()
    office.room.wait(lambda: bool(office.room.names("send_failed")))

    assert composer.edit.draft == "On its way"
    assert composer.send_button.isEnabled()
    assert office.window.messages.message == "The disk is full."


def test_a_refused_delivery_is_marked_and_told(office: Office) -> None:
    office.room.chat()
    office.room.source.refuse_with = AssistantError("The chat was closed.")
    office.window.chat.composer.edit.insertPlainText("Hello?")

    office.window.chat.composer.send_button.click()
    office.room.wait(lambda: bool(office.room.names("undelivered")))

    assert office.window.chat.transcript.messages.rows[-1].delivery == "failed"
    assert office.window.messages.message == "The chat was closed."


def test_drafts_belong_to_their_conversations(office: Office) -> None:
    edit = office.window.chat.composer.edit
    office.room.chat("c1")
    edit.insertPlainText("for c1")

    office.room.chat("c2")
    in_the_other = edit.draft
    office.room.desk.select("c1")

    assert in_the_other == ""
    assert edit.draft == "for c1"


def test_keys_switch_between_conversations(office: Office) -> None:
    room, window = office.room, office.window
    for name in ("c1", "c2", "c3"):
        room.chat(name)
    room.wait(lambda: len(window.conversations.shown_ids) == 3)
    order = window.conversations.shown_ids

    office.key(Qt.Key.Key_1, CONTROL)
    first = room.desk.selected_id
    office.key(Qt.Key.Key_Tab, CONTROL)
    second = room.desk.selected_id
    office.key(Qt.Key.Key_Tab, CONTROL | SHIFT)
    office.key(Qt.Key.Key_Tab, CONTROL | SHIFT)

    assert (first, second, room.desk.selected_id) == (order[0], order[1], order[2])


def test_control_k_searches_even_from_the_composer(office: Office) -> None:
    office.room.chat()
    office.window.chat.composer.edit.setFocus()

    office.key(Qt.Key.Key_K, CONTROL)

    assert office.window.conversations.search.hasFocus()


def test_a_corrected_intent_is_stored_and_shown(office: Office) -> None:
    office.room.chat()

    office.key(Qt.Key.Key_I, CONTROL)
    picker = office.window.findChild(LabelPicker)
    assert isinstance(picker, LabelPicker)
    QTest.keyClicks(picker.search, "refund")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    office.room.wait(lambda: bool(office.room.names("correction_saved")))

    assert [c.corrected for c in office.room.desk.corrections("c1")] == ["get_refund"]
    assert office.window.assist.chips.chips[0].text() == "✓ Refund"


def test_a_corrected_sentiment_is_stored_and_shown(office: Office) -> None:
    office.room.chat()

    office.window.assist.sentiment.buttons["positive"].click()
    office.room.wait(lambda: bool(office.room.names("correction_saved")))

    assert office.room.desk.view("c1").sentiment == "positive"
    assert "corrected by you" in office.window.assist.sentiment.words.text()


def test_a_dismissed_card_goes_away(office: Office) -> None:
    office.room.engine.retrieved = (reply("first", 0.9), reply("something else", 0.8))
    office.room.chat()

    QTest.keyClick(office.window.assist.cards.cards[0], Qt.Key.Key_Delete)

    assert [card.accessibleName() for card in office.window.assist.cards.cards] == [
        "Suggested reply 1: something else"
    ]


def test_a_resolved_conversation_can_be_reopened(office: Office) -> None:
    office.room.chat("c1")

    office.key(Qt.Key.Key_R, CONTROL | SHIFT)
    resolved = [view.conversation_id for view in office.room.desk.conversations()]
    office.key(Qt.Key.Key_T, CONTROL | SHIFT)

    assert resolved == []
    assert office.room.desk.selected_id == "c1"
    assert office.room.desk.view("c1").status == "open"


def test_an_empty_desk_says_so_and_takes_no_text(office: Office) -> None:
    assert office.window.chat.header.name.text() == "No conversation is open"
    assert not office.window.chat.composer.isEnabled()
    for key in (Qt.Key.Key_1, Qt.Key.Key_4):
        office.key(key, ALT)
    office.key(Qt.Key.Key_Tab, CONTROL)
    office.key(Qt.Key.Key_R, CONTROL | SHIFT)


def test_language_and_colours_change_at_once_and_are_saved(office: Office) -> None:
    office.room.chat()
    wanted = dataclasses.replace(office.window.settings, language="zh_CN", colour_scheme="dark")

    office.window.use_settings(wanted)

    assert office.window.theme.colours is DARK
    assert office.saved.settings == [wanted]
    office.room.wait(lambda: office.window.chat.composer.send_button.text() == "发送")
    assert office.window.assist.chips.chips[0].text().startswith("查询订单")


def test_the_menu_changes_the_colours(office: Office) -> None:
    action = next(a for a in office.window.actions_.schemes.actions() if a.data() == "dark")

    action.trigger()

    assert office.window.theme.is_dark
    assert office.saved.settings[-1].colour_scheme == "dark"


def test_settings_that_cannot_be_saved_are_told(office: Office) -> None:
    office.saved.refuse_with = SettingsError("The settings cannot be saved.")

    office.window.use_settings(Settings(threads=1))

    assert office.window.messages.message == "The settings cannot be saved."


def test_f1_shows_the_keys_and_control_comma_the_settings(office: Office) -> None:
    office.key(Qt.Key.Key_F1, Qt.KeyboardModifier.NoModifier)
    keys = office.window.findChild(KeysDialog)
    assert keys is not None
    keys.close()

    office.key(Qt.Key.Key_Comma, CONTROL)
    settings = office.window.findChild(SettingsDialog)

    assert settings is not None
    settings.close()


def test_the_window_fits_a_small_screen(office: Office) -> None:
    office.room.chat()

    office.window.resize(900, 600)

    assert (office.window.width(), office.window.height()) == (900, 600)


def test_every_stop_of_the_tab_key_has_a_name_and_every_pane_is_reached(office: Office) -> None:
    office.room.engine.retrieved = (reply("first", 0.9),)
    office.room.engine.hits = [KnowledgeHit("How long?", "Three days.", 0.8, "en/shipping")]
    office.room.chat()
    office.window.chat.composer.edit.setFocus()

    stops: list[QWidget] = []
    for _ in range(60):
        stop = QApplication.focusWidget()
        if stop is None or stop in stops:
            break
        stops.append(stop)
        QTest.keyClick(stop, Qt.Key.Key_Tab)

    nameless = [stop for stop in stops if not _spoken_name(stop)]
    assert nameless == []
    window = office.window
    for pane in (window.conversations, window.chat, window.assist):
        assert any(pane.isAncestorOf(stop) for stop in stops)
    for control in (
        window.conversations.view,
        window.chat.transcript,
        window.chat.composer.edit,
        window.assist.chips.chips[0],
        window.assist.cards.cards[0],
        window.assist.knowledge.search,
    ):
        assert control in stops


def test_f6_goes_from_pane_to_pane(office: Office) -> None:
    office.room.chat()
    office.window.conversations.view.setFocus()

    seen = []
    for _ in range(4):
        office.key(Qt.Key.Key_F6, Qt.KeyboardModifier.NoModifier)
        seen.append(office.window.focusWidget())

    assert seen[1] is office.window.chat.composer.edit
    assert seen[3] is office.window.conversations.view
    assert len(set(seen)) == 4


def _spoken_name(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface else ""
