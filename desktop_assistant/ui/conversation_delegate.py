"""Draws a conversation: avatar, mark of the mood, name, time, last line, unread badge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_assistant.ui.conversation_model import ROW_ROLE, ConversationRow
from desktop_assistant.ui.mood import draw_sentiment_mark
from desktop_assistant.ui.theme import BODY_PX, SMALL_PX, TINY_PX, avatar_colour, sized

if TYPE_CHECKING:
    from desktop_assistant.ui.theme import Colours, Theme

AnyIndex = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 68
AVATAR = 38


class ConversationDelegate(QStyledItemDelegate):
    """One row of 68 pixels; the selected one stands on a tinted ground with a bar at its edge."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: ARG002
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, ConversationRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self._theme.colours
        state: QStyle.StateFlag = option.state
        room = QRectF(option.rect).adjusted(6, 2, -6, -2)
        ground = colours.panel
        if QStyle.StateFlag.State_Selected in state:
            ground = colours.accent_soft
        elif QStyle.StateFlag.State_MouseOver in state:
            ground = colours.chip
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(room, 8, 8)
        if QStyle.StateFlag.State_Selected in state:
            painter.setBrush(QColor(colours.accent))
            painter.drawRoundedRect(
                QRectF(room.left(), room.top() + 18, 3, room.height() - 36), 1.5, 1.5
            )
        if QStyle.StateFlag.State_HasFocus in state:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRoundedRect(room.adjusted(1, 1, -1, -1), 8, 8)
        font: QFont = option.font
        self._draw_avatar(painter, room, row, font, ground)
        self._draw_lines(painter, room, row, font)
        painter.restore()

    def _draw_avatar(
        self, painter: QPainter, room: QRectF, row: ConversationRow, font: QFont, ground: str
    ) -> None:
        disc = QRectF(room.left() + 10, room.center().y() - AVATAR / 2, AVATAR, AVATAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(avatar_colour(row.name)))
        painter.drawEllipse(disc)
        painter.setPen(QColor("#ffffff"))
        painter.setFont(sized(font, 14, QFont.Weight.DemiBold))
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, initial_of(row.name))
        if row.sentiment:
            mark = QRectF(disc.right() - 8, disc.bottom() - 9, 10, 10)
            draw_sentiment_mark(painter, mark, row.sentiment, self._theme.colours, ground)

    def _draw_lines(
        self, painter: QPainter, room: QRectF, row: ConversationRow, font: QFont
    ) -> None:
        colours = self._theme.colours
        left = room.left() + 10 + AVATAR + 11
        upper = QRectF(left, room.top() + 10, room.right() - 12 - left, 22)
        lower = QRectF(left, room.top() + 33, room.right() - 12 - left, 20)
        time_font = sized(font, TINY_PX)
        time_width = QFontMetricsF(time_font).horizontalAdvance(row.time) + 8
        painter.setFont(time_font)
        painter.setPen(QColor(colours.muted))
        painter.drawText(
            upper, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.time
        )
        name_font = sized(font, BODY_PX, QFont.Weight.DemiBold)
        draw_elided(
            painter, upper.adjusted(0, 0, -time_width, 0), row.name, name_font, colours.text
        )
        if row.unread:
            lower.setRight(self._draw_badge(painter, lower, row.unread, font, colours) - 8)
        weight = QFont.Weight.Medium if row.unread else QFont.Weight.Normal
        line_colour = colours.text if row.unread else colours.muted
        draw_elided(painter, lower, row.last_line, sized(font, SMALL_PX, weight), line_colour)

    def _draw_badge(
        self, painter: QPainter, line: QRectF, unread: int, font: QFont, colours: Colours
    ) -> float:
        """Draw the count at the end of ``line`` and return where it begins."""
        text = str(unread) if unread < 100 else "99+"
        bold = sized(font, TINY_PX, QFont.Weight.DemiBold)
        width = max(20.0, QFontMetricsF(bold).horizontalAdvance(text) + 12)
        badge = QRectF(line.right() - width, line.center().y() - 9, width, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent))
        painter.drawRoundedRect(badge, 9, 9)
        painter.setPen(QColor(colours.on_accent))
        painter.setFont(bold)
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
        return badge.left()


def draw_elided(painter: QPainter, room: QRectF, text: str, font: QFont, colour: str) -> None:
    """One line of text in ``room``, always from its left edge, shortened with an ellipsis."""
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(
        room,
        Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine,
        shown,
    )


def initial_of(name: str) -> str:
    """The first letter or character of a name, in capitals; "?" where there is none."""
    return next((char.upper() for char in name if char.isalnum()), "?")
