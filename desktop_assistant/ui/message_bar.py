"""One calm line over the window for what went wrong and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from desktop_assistant.ui.labels import plain_label

if TYPE_CHECKING:
    from desktop_assistant.ui.theme import Theme

Level = Literal["error", "warning", "notice"]


class MessageBar(QFrame):
    """Hidden until there is something to say; the newest message stays until it is closed.

    The kind of a message shows in its icon and its first word, never in the colour alone.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._level: Level = "notice"
        self._message = ""
        self.setObjectName("messageBar")
        self._icon = QLabel(self)
        self._text = plain_label("body", self)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QToolButton(self)
        self.close_button.setProperty("look", "icon")
        self.close_button.clicked.connect(self.clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 10, 6)
        layout.setSpacing(8)
        layout.addWidget(self._icon)
        layout.addWidget(self._text, 1)
        layout.addWidget(self.close_button)
        theme.changed.connect(self._refresh)
        self.hide()
        self._refresh()

    @property
    def message(self) -> str:
        """The sentence on show, or ""."""
        return self._message

    def show_message(self, message: str, level: Level = "error") -> None:
        self._level, self._message = level, message
        self._refresh()
        self.setVisible(bool(message))
        if message and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self._text.text()))

    @Slot()
    def clear(self) -> None:
        self._message = ""
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._refresh()
        super().changeEvent(event)

    @Slot()
    def _refresh(self) -> None:
        colours = self._theme.colours
        colour = {
            "error": colours.negative,
            "warning": colours.neutral,
            "notice": colours.accent_text,
        }[self._level]
        words = {
            "error": self.tr("Problem"),
            "warning": self.tr("Note"),
            "notice": self.tr("Hint"),
        }
        self._icon.setPixmap(self._theme.icon(self._level, colour, 18).pixmap(18, 18))
        self._text.setText(f"{words[self._level]}: {self._message}" if self._message else "")
        self.setAccessibleName(self._text.text())
        self.close_button.setIcon(self._theme.icon("close", colours.text, 14))
        self.close_button.setAccessibleName(self.tr("Close this message"))
        self.close_button.setToolTip(self.tr("Close this message"))
        self.setProperty("level", self._level)
        self.style().polish(self)
