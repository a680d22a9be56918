"""Words, trend and colours for a mood between -1 (negative) and 1 (positive)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.ui.theme import Colours

Sentiment = Literal["negative", "neutral", "positive"]
Trend = Literal["up", "down", "steady"]

SENTIMENTS: tuple[Sentiment, ...] = ("negative", "neutral", "positive")
STRONG = 0.6
NOTICEABLE_CHANGE = 0.15
"""A smaller move of the mood between two messages is within the model's own noise."""

ARROWS: dict[Trend, str] = {"up": "↗", "down": "↘", "steady": "→"}


def trend_of(moods: Sequence[float]) -> Trend:
    """Where the mood went with the newest of ``moods`` (oldest first), against the two before."""
    if len(moods) < 2:
        return "steady"
    before = moods[-3:-1]
    change = moods[-1] - sum(before) / len(before)
    if abs(change) < NOTICEABLE_CHANGE:
        return "steady"
    return "up" if change > 0 else "down"


def mood_of(sentiment: str) -> float:
    """The middle of a sentiment's stretch of the scale; where a correction puts the marker."""
    return {"negative": -0.66, "positive": 0.66}.get(sentiment, 0.0)


def mood_words(sentiment: str, mood: float, trend: Trend) -> str:
    """For example "Unhappy, easing ↗", in the language of the window."""
    words = f"{_state(sentiment, mood)}{_direction(sentiment, trend)}"
    return f"{words} {ARROWS[trend]}"


def sentiment_title(sentiment: str) -> str:
    titles = {
        "negative": QCoreApplication.translate("Mood", "Negative"),
        "neutral": QCoreApplication.translate("Mood", "Neutral"),
        "positive": QCoreApplication.translate("Mood", "Positive"),
    }
    return titles.get(sentiment, sentiment)


def sentiment_colour(sentiment: str, colours: Colours) -> str:
    return {"negative": colours.negative, "positive": colours.positive}.get(
        sentiment, colours.neutral
    )


def draw_sentiment_mark(
    painter: QPainter, room: QRectF, sentiment: str, colours: Colours, ring: str
) -> None:
    """A triangle that points down, a bar, or a disc, so that colour is never the only sign.

    ``ring`` is the colour of the ground around the mark.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ring))
    painter.drawEllipse(room.adjusted(-2.5, -2.5, 2.5, 2.5))
    painter.setBrush(QColor(sentiment_colour(sentiment, colours)))
    if sentiment == "negative":
        bottom = QPointF(room.center().x(), room.bottom())
        top = room.top() + room.height() * 0.12
        painter.drawPolygon(
            QPolygonF([QPointF(room.left(), top), QPointF(room.right(), top), bottom])
        )
    elif sentiment == "positive":
        painter.drawEllipse(room)
    else:
        height = room.height() * 0.46
        bar = QRectF(room.left(), room.center().y() - height / 2, room.width(), height)
        painter.drawRoundedRect(bar, 1.5, 1.5)
    painter.restore()


def _state(sentiment: str, mood: float) -> str:
    if sentiment == "negative":
        if mood <= -STRONG:
            return QCoreApplication.translate("Mood", "Very unhappy")
        return QCoreApplication.translate("Mood", "Unhappy")
    if sentiment == "positive":
        if mood >= STRONG:
            return QCoreApplication.translate("Mood", "Very happy")
        return QCoreApplication.translate("Mood", "Happy")
    return QCoreApplication.translate("Mood", "Calm")


def _direction(sentiment: str, trend: Trend) -> str:
    if trend == "up" and sentiment == "negative":
        return QCoreApplication.translate("Mood", ", easing")
    if trend == "up":
        return QCoreApplication.translate("Mood", ", improving")
    if trend == "down":
        return QCoreApplication.translate("Mood", ", getting worse")
    return QCoreApplication.translate("Mood", ", steady")
