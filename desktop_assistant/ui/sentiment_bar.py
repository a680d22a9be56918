"""The mood of the customer: a scale with a marker, its word, its trend, and a way to correct it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_assistant.ui import mood
from desktop_assistant.ui.labels import plain_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.ui.theme import Theme

MAX_TREND_POINTS = 24


class SentimentBar(QWidget):
    """Word and trend, the scale, and under it three buttons that correct the sentiment.

    ``corrected`` carries negative, neutral or positive.
    """

    corrected = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentiment = ""
        self._mood = 0.0
        self._moods: tuple[float, ...] = ()
        self._is_corrected = False
        self.words = plain_label("mood", self)
        self.number = plain_label("mood", self)
        self.trend_line = TrendLine(theme, self)
        self.scale = Scale(theme, self)
        self.buttons: dict[str, QPushButton] = {
            name: self._button(name) for name in mood.SENTIMENTS
        }
        group = QButtonGroup(self)
        top = QHBoxLayout()
        top.addWidget(self.words, 1)
        top.addWidget(self.trend_line)
        top.addWidget(self.number)
        below = QHBoxLayout()
        below.setSpacing(0)
        for name, button in self.buttons.items():
            group.addButton(button)
            if name != "negative":
                below.addStretch(1)
            below.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self.scale)
        layout.addLayout(below)
        self.scale.pressed_at.connect(self._on_scale_pressed)
        self._retranslate()

    def show_mood(
        self, sentiment: str, value: float, moods: Sequence[float], *, is_corrected: bool = False
    ) -> None:
        """Show a sentiment, its mood (-1 to 1) and the moods of the conversation, oldest first.

        An empty ``sentiment`` means that nothing is known yet.
        """
        self._sentiment, self._mood = sentiment, value
        self._moods, self._is_corrected = tuple(moods), is_corrected
        self._retranslate()

    @Slot()
    def focus_buttons(self) -> None:
        """Go to the button of the sentiment on show; the arrow keys reach the others."""
        button = self.buttons.get(self._sentiment)
        if button is not None:
            button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

    def _retranslate(self) -> None:
        is_known = bool(self._sentiment)
        trend = mood.trend_of(self._moods)
        text = mood.mood_words(self._sentiment, self._mood, trend) if is_known else "–"
        if self._is_corrected:
            text = self.tr("{0} (corrected by you)").format(mood.sentiment_title(self._sentiment))
        self.words.setText(text)
        self.number.setText(f"{self._mood:+.2f}".replace("-", "−") if is_known else "")
        self.scale.show_value(self._mood if is_known else None)
        self.scale.setAccessibleName(self.tr("Sentiment: {0}").format(text))
        self.trend_line.show_values(self._moods[-MAX_TREND_POINTS:])
        self.trend_line.setAccessibleName(self.tr("Sentiment over the conversation"))
        for name, button in self.buttons.items():
            title = mood.sentiment_title(name)
            button.setText(title)
            button.setChecked(name == self._sentiment)
            button.setEnabled(is_known)
            button.setAccessibleName(self.tr("Correct the sentiment to {0}").format(title))
            button.setToolTip(self.tr("Click to correct"))

    def _button(self, name: str) -> QPushButton:
        button = QPushButton(self)
        button.setProperty("look", "scale")
        button.setCheckable(True)
        button.setProperty("sentiment", name)
        button.clicked.connect(self._on_button)
        return button

    @Slot()
    def _on_button(self) -> None:
        self._correct(str(self.sender().property("sentiment")))

    @Slot(float)
    def _on_scale_pressed(self, value: float) -> None:
        if self._sentiment:
            third = "negative" if value < -1 / 3 else "positive" if value > 1 / 3 else "neutral"
            self._correct(third)

    def _correct(self, sentiment: str) -> None:
        if sentiment == self._sentiment:
            return
        self.corrected.emit(sentiment)


class Scale(QWidget):
    """A bar from negative to positive with a marker; ``pressed_at`` carries -1 to 1."""

    pressed_at = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._value: float | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(20)
        theme.changed.connect(self.update)

    def show_value(self, value: float | None) -> None:
        self._value = value
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        share = event.position().x() / max(self.width(), 1)
        self.pressed_at.emit(max(-1.0, min(1.0, 2 * share - 1)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt's signature
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        bar = QRectF(1, self.height() / 2 - 4, self.width() - 2, 8)
        if self._value is None:
            painter.setBrush(QColor(colours.chip))
            painter.drawRoundedRect(bar, 4, 4)
            return
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        gradient.setColorAt(0, QColor(colours.negative))
        gradient.setColorAt(0.5, QColor(colours.neutral))
        gradient.setColorAt(1, QColor(colours.positive))
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, 4, 4)
        x = bar.left() + 8 + (self._value + 1) / 2 * (bar.width() - 16)
        painter.setPen(QPen(QColor(colours.text), 2))
        painter.setBrush(QColor(colours.panel))
        painter.drawEllipse(QPointF(x, self.height() / 2), 7, 7)


class TrendLine(QWidget):
    """A small line of the moods so far, its newest point marked."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values: tuple[float, ...] = ()
        self.setFixedSize(QSize(84, 22))
        theme.changed.connect(self.update)

    def show_values(self, values: Sequence[float]) -> None:
        self._values = tuple(values)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt's signature
        if len(self._values) < 2:
            return
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setPen(QPen(QColor(colours.line), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(2, middle), QPointF(self.width() - 8, middle))
        step = (self.width() - 12) / (len(self._values) - 1)
        points = [
            QPointF(3 + place * step, middle - value * (middle - 4))
            for place, value in enumerate(self._values)
        ]
        painter.setPen(QPen(QColor(colours.muted), 1.5))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.text))
        painter.drawEllipse(points[-1], 2.5, 2.5)
