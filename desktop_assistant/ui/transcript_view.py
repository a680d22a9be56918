"""The middle pane: who the chat is with, and what was said, newest at the bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop_assistant.ui.labels import ElidedLabel, one_line
from desktop_assistant.ui.transcript_delegate import TranscriptDelegate
from desktop_assistant.ui.transcript_model import ROW_ROLE, TranscriptModel, TranscriptRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_assistant.conversation import Conversation
    from desktop_assistant.ui.theme import Theme
    from desktop_assistant.ui.transcript_model import Delivery


class TranscriptView(QListView):
    """Bubbles; the arrow keys walk them, and copying copies the plain text of one."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_placing = False
        self.setObjectName("transcript")
        self.messages = TranscriptModel(self)
        self.bubbles = TranscriptDelegate(theme, self)
        self.setModel(self.messages)
        self.setItemDelegate(self.bubbles)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(24)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        theme.changed.connect(self._on_theme_changed)
        self._retranslate()

    def show_conversation(
        self, conversation: Conversation | None, deliveries: Mapping[str, Delivery]
    ) -> None:
        """Show a conversation or its newer state.

        The view follows to the newest message, unless the agent has scrolled up to read.
        """
        bar = self.verticalScrollBar()
        was_at_end = bar.value() >= bar.maximum() - 8
        self._is_placing = True
        if self.messages.show_conversation(conversation, deliveries) or was_at_end:
            self.doItemsLayout()
            self.scrollToBottom()
        self._is_placing = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().data(ROW_ROLE)
        if event.matches(QKeySequence.StandardKey.Copy) and isinstance(row, TranscriptRow):
            QGuiApplication.clipboard().setText(row.text)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        bar = self.verticalScrollBar()
        was_at_end = bar.value() >= bar.maximum() - 8
        super().resizeEvent(event)
        if was_at_end:
            QTimer.singleShot(0, self, self.scrollToBottom)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() == QEvent.Type.FontChange:
            self.bubbles.forget_layouts()
        super().changeEvent(event)

    def _retranslate(self) -> None:
        self.setAccessibleName(self.tr("Messages"))

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        """Bring older messages when the top is reached, without moving what is on show."""
        bar = self.verticalScrollBar()
        if value > bar.minimum() or self._is_placing or not self.messages.has_older:
            return
        self._is_placing = True
        below = bar.maximum() - value
        self.messages.show_older()
        self.doItemsLayout()
        bar.setValue(bar.maximum() - below)
        self._is_placing = False

    @Slot()
    def _on_theme_changed(self) -> None:
        self.viewport().update()


class ChatHeader(QWidget):
    """Name, order, channel and waiting time; ``resolved`` that the chat is done."""

    resolved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chatHeader")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.name = ElidedLabel("title", self)
        self.details = ElidedLabel("muted", self)
        self.resolve_button = QPushButton(self)
        self.resolve_button.setProperty("look", "flat")
        lines = QVBoxLayout()
        lines.setSpacing(1)
        lines.addWidget(self.name)
        lines.addWidget(self.details)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(18, 9, 14, 9)
        layout.addLayout(lines, 1)
        layout.addWidget(self.resolve_button)
        self.resolve_button.clicked.connect(self.resolved)
        self._retranslate()

    def show_details(self, name: str, details: tuple[str, ...], *, is_open: bool) -> None:
        """``details`` stand side by side under the name; foreign text is made harmless here."""
        self.name.setText(one_line(name))
        self.details.setText(" · ".join(one_line(part) for part in details if part))
        self.resolve_button.setEnabled(is_open)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

    def _retranslate(self) -> None:
        self.resolve_button.setText(self.tr("Resolve"))
        self.resolve_button.setAccessibleName(self.tr("Resolve this conversation"))
        self.resolve_button.setToolTip(self.tr("Resolve (Ctrl+Shift+R)"))
