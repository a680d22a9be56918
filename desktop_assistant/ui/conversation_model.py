"""The open conversations as a list model, with a filter over name and text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from desktop_assistant.ui.mood import sentiment_title

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW_ROLE = Qt.ItemDataRole.UserRole + 1
AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation as it is drawn; ``sentiment`` is "" before the first analysis.

    ``search_text`` is everything a search looks through, case folded.
    """

    conversation_id: str
    name: str
    time: str
    last_line: str
    unread: int = 0
    sentiment: str = ""
    search_text: str = ""


class ConversationModel(QAbstractListModel):
    """Rows in the order they are given; a change of order is a reset."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ConversationRow, ...] = ()

    @property
    def rows(self) -> tuple[ConversationRow, ...]:
        return self._rows

    def show_rows(self, rows: Sequence[ConversationRow]) -> None:
        fresh, old = tuple(rows), self._rows
        ids = [row.conversation_id for row in fresh]
        if ids != [row.conversation_id for row in old]:
            self.beginResetModel()
            self._rows = fresh
            self.endResetModel()
            return
        self._rows = fresh
        for place, (before, after) in enumerate(zip(old, fresh, strict=True)):
            if before != after:
                self.dataChanged.emit(self.index(place), self.index(place))

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken_row(row)
        return None


class ConversationFilter(QSortFilterProxyModel):
    """Keeps the rows whose name or messages hold every word that is looked for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()

    def look_for(self, text: str) -> None:
        self._words = tuple(text.casefold().split())
        # invalidateFilter() is deprecated in Qt 6.11, and its successor is not in 6.8.
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: AnyIndex) -> bool:
        row = self.sourceModel().index(source_row, 0, source_parent).data(ROW_ROLE)
        if not isinstance(row, ConversationRow):
            return False
        return all(word in row.search_text for word in self._words)


def spoken_row(row: ConversationRow) -> str:
    """What a screen reader says of a conversation."""
    parts = [row.name, row.time]
    if row.unread:
        unread = QCoreApplication.translate("Conversations", "{0} unread")
        parts.append(unread.format(row.unread))
    if row.sentiment:
        parts.append(sentiment_title(row.sentiment))
    return ", ".join(part for part in parts if part) + f": {row.last_line}"
