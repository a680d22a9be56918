"""Draws messages as bubbles, from text layouts that are kept by message and width."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_assistant.ui.theme import TINY_PX, sized
from desktop_assistant.ui.transcript_model import ROW_ROLE, TranscriptRow

if TYPE_CHECKING:
    from desktop_assistant.ui.theme import Theme
    from desktop_assistant.ui.transcript_model import Delivery

AnyIndex = QModelIndex | QPersistentModelIndex

MAX_LAYOUTS = 1_200
"""Four conversations of 300 messages; a layout of two lines takes about 10 kB."""

MARGIN = 18
PAD_X, PAD_Y = 11, 9
RADIUS = 11
SMALL_RADIUS = 3
META_HEIGHT = 17
GAP = 10
DAY_HEIGHT = 34
MAX_WIDTH_SHARE = 0.76
MAX_BUBBLE = 620


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A laid out text and the size it took, in device-independent pixels."""

    layout: QTextLayout
    width: float
    height: float


class TranscriptDelegate(QStyledItemDelegate):
    """Bubbles of the customer to the left, the agent's to the right."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._layouts: OrderedDict[tuple[str, int], TextBlock] = OrderedDict()

    @property
    def cached_layouts(self) -> int:
        return len(self._layouts)

    def forget_layouts(self) -> None:
        """Lay everything out again: the font changed."""
        self._layouts.clear()

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        row = index.data(ROW_ROLE)
        width = _view_width(option)
        if not isinstance(row, TranscriptRow):
            return QSize(width, 0)
        block = self._block(row, width, option.font)
        height = block.height + 2 * PAD_Y + META_HEIGHT + GAP + (DAY_HEIGHT if row.day else 0)
        return QSize(width, ceil(height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, TranscriptRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font: QFont = option.font
        room = QRectF(option.rect)
        state: QStyle.StateFlag = option.state
        if row.day:
            self._draw_day(
                painter, QRectF(room.left(), room.top(), room.width(), DAY_HEIGHT), row, font
            )
            room.setTop(room.top() + DAY_HEIGHT)
        block = self._block(row, _view_width(option), font)
        width, height = block.width + 2 * PAD_X, block.height + 2 * PAD_Y
        left = room.left() + MARGIN if row.is_customer else room.right() - MARGIN - width
        bubble = QRectF(left, room.top(), width, height)
        has_focus = QStyle.StateFlag.State_HasFocus in state
        self._draw_bubble(painter, bubble, row, has_focus=has_focus)
        colours = self._theme.colours
        painter.setPen(QColor(colours.text if row.is_customer else colours.on_agent_bubble))
        block.layout.draw(painter, bubble.topLeft() + QPointF(PAD_X, PAD_Y))
        self._draw_meta(painter, bubble, row, font)
        painter.restore()

    def _block(self, row: TranscriptRow, view_width: int, font: QFont) -> TextBlock:
        key = (row.message_id, view_width)
        found = self._layouts.get(key)
        if found is not None:
            self._layouts.move_to_end(key)
            return found
        most = min(MAX_BUBBLE, (view_width - 2 * MARGIN) * MAX_WIDTH_SHARE) - 2 * PAD_X
        block = lay_out(row.text, max(most, 60.0), font)
        self._layouts[key] = block
        if len(self._layouts) > MAX_LAYOUTS:
            self._layouts.popitem(last=False)
        return block

    def _draw_day(self, painter: QPainter, room: QRectF, row: TranscriptRow, font: QFont) -> None:
        colours = self._theme.colours
        small = sized(font, TINY_PX, QFont.Weight.DemiBold)
        painter.setFont(small)
        wide = QFontMetricsF(small).horizontalAdvance(row.day) / 2 + 12
        middle = room.center()
        painter.setPen(QPen(QColor(colours.line), 1))
        y = middle.y()
        painter.drawLine(QPointF(room.left() + MARGIN, y), QPointF(middle.x() - wide, y))
        painter.drawLine(QPointF(middle.x() + wide, y), QPointF(room.right() - MARGIN, y))
        painter.setPen(QColor(colours.muted))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, row.day)

    def _draw_bubble(
        self, painter: QPainter, bubble: QRectF, row: TranscriptRow, *, has_focus: bool
    ) -> None:
        colours = self._theme.colours
        ground = colours.customer_bubble if row.is_customer else colours.agent_bubble
        painter.setBrush(QColor(ground))
        painter.setPen(Qt.PenStyle.NoPen)
        shape = bubble_path(bubble, tail_left=row.is_customer)
        painter.drawPath(shape)
        if has_focus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.text), 2))
            painter.drawPath(bubble_path(bubble.adjusted(-3, -3, 3, 3), tail_left=row.is_customer))

    def _draw_meta(
        self, painter: QPainter, bubble: QRectF, row: TranscriptRow, font: QFont
    ) -> None:
        colours = self._theme.colours
        painter.setFont(sized(font, TINY_PX))
        painter.setPen(QColor(colours.muted))
        text = f"{row.speaker} · {row.time}"
        line = QRectF(bubble.left(), bubble.bottom() + 1, 400, META_HEIGHT)
        if row.is_customer:
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, text)
            return
        line.moveRight(bubble.right() - (20 if row.delivery else 0))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        mark = QPointF(bubble.right() - 15, line.center().y())
        alarm = row.delivery == "failed"
        painter.setPen(QPen(QColor(colours.negative if alarm else colours.muted), 1.3))
        draw_delivery(painter, mark, row.delivery)


def lay_out(text: str, most_width: float, font: QFont) -> TextBlock:
    """Break ``text`` into lines of at most ``most_width``; each paragraph finds its direction."""
    layout = QTextLayout(text.replace("\n", "\u2028"), font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    layout.setTextOption(option)
    layout.setCacheEnabled(True)
    # A line as wide as the room would push a short right-to-left text to the room's right edge:
    # lay out once to learn the width, then within it.
    height, width = _break_lines(layout, most_width)
    width = min(most_width, ceil(width) + 1)
    height, _ = _break_lines(layout, width)
    return TextBlock(layout, width, height)


def bubble_path(room: QRectF, *, tail_left: bool) -> QPainterPath:
    """A rounded rectangle with one small corner at the bottom, on the speaker's side."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    path.addRoundedRect(room, RADIUS, RADIUS)
    corner = QRectF(0, 0, RADIUS + 2, RADIUS + 2)
    corner.moveBottom(room.bottom())
    if tail_left:
        corner.moveLeft(room.left())
    else:
        corner.moveRight(room.right())
    path.addRoundedRect(corner, SMALL_RADIUS, SMALL_RADIUS)
    return path.simplified()


def draw_delivery(painter: QPainter, at: QPointF, delivery: Delivery) -> None:
    """A clock while sending, one tick when saved, two when delivered, a cross when it failed."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y = at.x(), at.y()
    if delivery == "sending":
        painter.drawEllipse(QPointF(x + 7, y), 4.5, 4.5)
        painter.drawPolyline(
            QPolygonF([QPointF(x + 7, y - 3), QPointF(x + 7, y), QPointF(x + 9, y)])
        )
    elif delivery == "failed":
        painter.drawLine(QPointF(x + 4, y - 4), QPointF(x + 12, y + 4))
        painter.drawLine(QPointF(x + 12, y - 4), QPointF(x + 4, y + 4))
    elif delivery:
        for shift in (0.0, 4.5) if delivery == "delivered" else (4.5,):
            tick = [(0.0, 0.5), (2.8, 3.2), (8.0, -3.0)]
            painter.drawPolyline(QPolygonF([QPointF(x + shift + dx, y + dy) for dx, dy in tick]))


def _break_lines(layout: QTextLayout, width: float) -> tuple[float, float]:
    """Returns: height and the width of the longest line."""
    height = longest = 0.0
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        line.setPosition(QPointF(0, height))
        height += line.height()
        longest = max(longest, line.naturalTextWidth())
    layout.endLayout()
    return height, longest


def _view_width(option: QStyleOptionViewItem) -> int:
    """The width of the view; ``option.rect`` is empty while sizes are asked for."""
    view = option.widget
    return view.viewport().width() if isinstance(view, QAbstractItemView) else option.rect.width()
