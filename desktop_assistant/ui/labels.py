"""Labels that show what others wrote as plain text, never as markup."""

from __future__ import annotations

import html
import unicodedata

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from desktop_assistant.conversation import visible_text

FIRST_STRONG_ISOLATE = "\u2068"
POP_ISOLATE = "\u2069"


def plain_label(look: str, parent: QWidget | None = None) -> QLabel:
    """An empty label; ``look`` picks its rule in the style sheet."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("look", look)
    return label


def one_line(text: str) -> str:
    """Foreign text on a single line, without control characters, its direction kept inside."""
    joined = " ".join(visible_text(text).split())
    return isolated(joined) if is_right_to_left(joined) else joined


def isolated(text: str) -> str:
    """Keep a right-to-left text from turning its surroundings around."""
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def is_right_to_left(text: str) -> bool:
    """Whether any character is written from right to left."""
    return any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)


def tooltip_text(text: str) -> str:
    """Foreign text for a tooltip, which would else be taken for markup where it looks so."""
    return f"<qt>{html.escape(visible_text(text))}</qt>" if text else ""


class ElidedLabel(QLabel):
    """A label that shortens its text to its width with an ellipsis instead of growing."""

    def __init__(self, look: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("look", look)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(20, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt's signature
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, self.alignment() | Qt.AlignmentFlag.AlignVCenter, text)
