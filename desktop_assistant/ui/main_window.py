"""The window: three panes, one line for messages, one for the models, and the keys of it all."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMainWindow, QSplitter, QVBoxLayout, QWidget

from desktop_assistant import paths
from desktop_assistant.errors import AssistantError
from desktop_assistant.ui.assist_panel import AssistPanel
from desktop_assistant.ui.chat_pane import ChatPane
from desktop_assistant.ui.conversation_list import ConversationList
from desktop_assistant.ui.conversation_rows import ConversationRows
from desktop_assistant.ui.keys_dialog import KeysDialog
from desktop_assistant.ui.language import Translations
from desktop_assistant.ui.message_bar import MessageBar
from desktop_assistant.ui.settings_dialog import SettingsDialog
from desktop_assistant.ui.status_bar import StatusBar
from desktop_assistant.ui.theme import Theme
from desktop_assistant.ui.window_actions import (
    CARD_KEYS,
    CONVERSATION_KEYS,
    WindowActions,
    key_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_assistant.pack import Pack
    from desktop_assistant.settings import Settings
    from desktop_assistant.ui.desk import Desk

LEVELS = ("error", "warning", "notice")


class MainWindow(QMainWindow):
    """Arranges the views of a desk; keeps no state of a conversation itself."""

    def __init__(
        self,
        desk: Desk,
        pack: Pack,
        settings: Settings,
        save_settings: Callable[[Settings], None],
    ) -> None:
        """``save_settings`` may raise AssistantError, which the message bar then shows."""
        super().__init__()
        self._desk = desk
        self._settings = settings
        self._save_settings = save_settings
        self._resolved_id = ""
        self._rows = ConversationRows()
        self.theme = Theme(settings.colour_scheme, self)
        self.translations = Translations(settings.language, self)
        self.conversations = ConversationList(self.theme, self)
        self.chat = ChatPane(desk, self.theme, self)
        self.assist = AssistPanel(
            desk, self.theme, pack, self.translations.lang, settings.confidence_floor / 100, self
        )
        self.messages = MessageBar(self.theme, self)
        self.status = StatusBar(self)
        self.actions_ = WindowActions(self)
        self._refresh_soon = QTimer(self)
        self._refresh_soon.setSingleShot(True)
        self._refresh_soon.setInterval(0)
        self._arrange()
        self._add_actions()
        self._connect()
        self._retranslate()
        self._show_conversations()

    @property
    def settings(self) -> Settings:
        return self._settings

    def use_settings(self, settings: Settings) -> None:
        """Take up and save settings; language and colours change at once."""
        if settings == self._settings:
            return
        self._settings = settings
        self.theme.set_scheme(settings.colour_scheme)
        self.translations.use(settings.language)
        self.assist.set_language(self.translations.lang)
        self.assist.set_floor(settings.confidence_floor / 100)
        self._desk.apply_settings(settings)
        self.actions_.show_choices(settings)
        try:
            self._save_settings(settings)
        except AssistantError as exc:
            self.messages.show_message(str(exc))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
            self._refresh_soon.start()
        super().changeEvent(event)

    def _arrange(self) -> None:
        self.setWindowIcon(QIcon(str(paths.resources_dir() / "icons" / "app.svg")))
        panes = QSplitter(Qt.Orientation.Horizontal, self)
        panes.setObjectName("panes")
        panes.setHandleWidth(1)
        panes.setChildrenCollapsible(False)
        for pane, least in ((self.conversations, 210), (self.chat, 350), (self.assist, 290)):
            pane.setMinimumWidth(least)
            panes.addWidget(pane)
        panes.setStretchFactor(1, 1)
        panes.setSizes([290, 620, 370])
        middle = QWidget(self)
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.messages)
        layout.addWidget(panes, 1)
        self.setCentralWidget(middle)
        self.setStatusBar(self.status)
        self.setMinimumSize(900, 600)
        self.resize(1280, 800)

    def _add_actions(self) -> None:
        add = self.actions_.add
        add("resolve", "Ctrl+Shift+R", self.chat.resolve)
        add("reopen", "Ctrl+Shift+T", self._reopen).setEnabled(False)
        add("correct_intent", "Ctrl+I", self.assist.chips.open_picker)
        add("settings", "Ctrl+,", self._open_settings)
        add("keys", "F1", self._open_keys)
        add("quit", "Ctrl+Q", self.close)
        add("menu", "F10", self.conversations.menu_button.showMenu)
        add("search", "Ctrl+K", self._search)
        add("search_knowledge", "Ctrl+Shift+K", self._search_knowledge)
        add("correct_sentiment", "Ctrl+M", self.assist.sentiment.focus_buttons)
        add("reply", "Ctrl+L", self.chat.composer.edit.setFocus)
        add("next_pane", "F6", self._next_pane)
        add("next", "Ctrl+Tab|Ctrl+PgDown", self._next_conversation)
        add("previous", "Ctrl+Shift+Tab|Ctrl+PgUp", self._previous_conversation)
        add("article", "Alt+4", self.assist.knowledge.take_first)
        for place in range(CARD_KEYS):
            add(f"card {place}", f"Alt+{place + 1}", self._take_card).setData(place)
        for place in range(CONVERSATION_KEYS):
            add(f"chat {place}", f"Ctrl+{place + 1}", self._go_to_place).setData(place)
        self.actions_.fill_menu()
        self.actions_.show_choices(self._settings)
        self.conversations.menu_button.setMenu(self.actions_.menu)

    def _connect(self) -> None:
        desk = self._desk
        for changed in (
            desk.conversation_added,
            desk.conversation_changed,
            desk.message_added,
            desk.order_changed,
            desk.selected,
        ):
            changed.connect(self._refresh_soon.start)
        self._refresh_soon.timeout.connect(self._show_conversations)
        desk.notice.connect(self._on_notice)
        desk.send_failed.connect(self._on_failed)
        desk.undelivered.connect(self._on_failed)
        desk.engine_status.connect(self.status.show_status)
        self.conversations.chosen.connect(self._on_chosen)
        self.chat.resolved.connect(self._on_resolved)
        self.assist.reply_taken.connect(self.chat.composer.take_suggestion)
        self.assist.answer_taken.connect(self.chat.composer.insert_text)
        self.actions_.languages.triggered.connect(self._on_language)
        self.actions_.schemes.triggered.connect(self._on_scheme)

    def _retranslate(self) -> None:
        self.actions_.retranslate()
        self.setWindowTitle(self.tr("Desktop Assistant"))

    @Slot()
    def _show_conversations(self) -> None:
        views = self._desk.conversations()
        if views and not self._desk.selected_id:
            self._desk.select(views[0].conversation_id)
            self.chat.composer.edit.setFocus()
            views = self._desk.conversations()
        self.conversations.show_rows(self._rows.of(views), self._desk.selected_id)
        unread = sum(view.unread for view in views)
        title = self.tr("Desktop Assistant")
        self.setWindowTitle(f"({unread}) {title}" if unread else title)

    @Slot(str)
    def _on_chosen(self, conversation_id: str) -> None:
        self._desk.select(conversation_id)

    @Slot(str)
    def _on_resolved(self, conversation_id: str) -> None:
        self._resolved_id = conversation_id
        self.actions_.by_name["reopen"].setEnabled(True)

    @Slot()
    def _reopen(self) -> None:
        if self._resolved_id:
            self._desk.reopen(self._resolved_id)
            self._desk.select(self._resolved_id)
            self._resolved_id = ""
            self.actions_.by_name["reopen"].setEnabled(False)

    @Slot(str, str)
    def _on_notice(self, level: str, sentence: str) -> None:
        for known in LEVELS:
            if known == level:
                self.messages.show_message(sentence, known)  # type: ignore[arg-type]

    @Slot(str, str, str)
    def _on_failed(self, _conversation_id: str, _what: str, sentence: str) -> None:
        self.messages.show_message(sentence)

    @Slot()
    def _take_card(self) -> None:
        self.assist.take_reply(self._sent_place())

    @Slot()
    def _go_to_place(self) -> None:
        self._go_to(self._sent_place())

    def _sent_place(self) -> int:
        action = self.sender()
        return int(action.data()) if isinstance(action, QAction) else 0

    @Slot()
    def _next_conversation(self) -> None:
        self._step(1)

    @Slot()
    def _previous_conversation(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        shown = self.conversations.shown_ids
        if shown:
            here = shown.index(self._desk.selected_id) if self._desk.selected_id in shown else -by
            self._go_to((here + by) % len(shown))

    def _go_to(self, place: int) -> None:
        shown = self.conversations.shown_ids
        if place < len(shown):
            self._desk.select(shown[place])

    @Slot()
    def _search(self) -> None:
        self.conversations.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.conversations.search.selectAll()

    @Slot()
    def _search_knowledge(self) -> None:
        self.assist.knowledge.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.assist.knowledge.search.selectAll()

    @Slot()
    def _next_pane(self) -> None:
        """Go from pane to pane: conversations, messages, reply, assist."""
        chips = self.assist.chips.chips
        stops: list[QWidget] = [
            self.conversations.view,
            self.chat.transcript,
            self.chat.composer.edit,
            chips[0] if chips else self.assist.knowledge.search,
        ]
        here = self.focusWidget()
        assist = stops[-1] if here is not None and self.assist.isAncestorOf(here) else here
        at = stops.index(assist) if assist in stops else -1
        stops[(at + 1) % len(stops)].setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot(QAction)
    def _on_language(self, action: QAction) -> None:
        self.use_settings(dataclasses.replace(self._settings, language=action.data()))

    @Slot(QAction)
    def _on_scheme(self, action: QAction) -> None:
        self.use_settings(dataclasses.replace(self._settings, colour_scheme=action.data()))

    @Slot()
    def _open_settings(self) -> None:
        packs = [folder.name for folder in sorted(paths.pack_dir().parent.glob("*/"))]
        dialog = SettingsDialog(self._settings, {"pack": packs}, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted_settings.connect(self.use_settings)
        dialog.open()

    @Slot()
    def _open_keys(self) -> None:
        dialog = KeysDialog(key_table(), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
