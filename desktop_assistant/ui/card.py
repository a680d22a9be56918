"""A card that can be taken by click, Space or Enter: a text, and a line about where it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyleOption,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_assistant.conversation import visible_text
from desktop_assistant.ui.labels import ElidedLabel, plain_label, tooltip_text

if TYPE_CHECKING:
    from desktop_assistant.ui.theme import Theme

MAX_SHOWN_CHARS = 280
"""More than this no agent reads in a card; the tooltip holds the whole."""


class Card(QAbstractButton):
    """``clicked`` means taken; ``dismissed`` that the agent put it away (its x, or Delete)."""

    dismissed = Signal()

    def __init__(
        self, text: str, origin: str, key: str, theme: Theme, parent: QWidget | None = None
    ) -> None:
        """``origin`` stands in small under the text; ``key`` names the shortcut, or is ""."""
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        shown = visible_text(text)
        body = plain_label("body", self)
        body.setWordWrap(True)
        body.setText(shown if len(shown) <= MAX_SHOWN_CHARS else f"{shown[:MAX_SHOWN_CHARS]}…")
        self.origin = ElidedLabel("muted", self)
        self.origin.setText(origin)
        self.score = plain_label("muted", self)
        self.key = plain_label("key", self)
        self.key.setText(key)
        self.key.setVisible(bool(key))
        self._foot = QHBoxLayout()
        self._foot.setSpacing(8)
        self._foot.addWidget(self.origin, 1)
        self._foot.addWidget(self.score)
        self._foot.addWidget(self.key, 0, Qt.AlignmentFlag.AlignVCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(body)
        layout.addLayout(self._foot)
        for label in (body, self.origin, self.score, self.key):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        if len(shown) > MAX_SHOWN_CHARS:
            self.setToolTip(tooltip_text(text))

    def add_dismiss_button(self, name: str) -> QToolButton:
        """Add the x at the end of the last line; ``name`` is what a screen reader says."""
        button = QToolButton(self)
        button.setProperty("look", "icon")
        button.setIcon(self._theme.icon("close", self._theme.colours.muted, 14))
        button.setAccessibleName(name)
        button.setToolTip(name)
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.clicked.connect(self.dismissed)
        self._foot.addWidget(button)
        return button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() == Qt.Key.Key_Delete:
            self.dismissed.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt's signature
        option = QStyleOption()
        option.initFrom(self)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
