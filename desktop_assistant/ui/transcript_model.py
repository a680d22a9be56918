"""The newest messages of one conversation as a list model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QDate,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from desktop_assistant.conversation import MAX_MESSAGE_CHARS, utc_now, visible_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from desktop_assistant.conversation import Conversation, Message

MAX_MESSAGES = 300
"""Older messages stay in the store: laying out 5,000 costs 0.6 s at first show (measured)."""

FIRST_MESSAGES = 60
"""So many are laid out when a conversation is opened; older ones follow when one scrolls up.
Measured on 2 cores: opening takes about 9 ms with 60 messages, 30 ms with 300."""

ROW_ROLE = Qt.ItemDataRole.UserRole + 1

Delivery = Literal["", "sending", "stored", "delivered", "failed"]
AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """A message as it is drawn; ``day`` is the separator above it, or ""."""

    message_id: str
    is_customer: bool
    text: str
    speaker: str
    time: str
    day: str
    delivery: Delivery = ""


class TranscriptModel(QAbstractListModel):
    """Rows of one conversation; it grows at both ends without a reset."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._conversation: Conversation | None = None
        self._deliveries: Mapping[str, Delivery] = {}
        self._rows: tuple[TranscriptRow, ...] = ()

    @property
    def rows(self) -> tuple[TranscriptRow, ...]:
        return self._rows

    @property
    def has_older(self) -> bool:
        """Whether ``show_older`` has something to show."""
        there = len(self._conversation.messages) if self._conversation else 0
        return len(self._rows) < min(there, MAX_MESSAGES)

    def show_conversation(
        self, conversation: Conversation | None, deliveries: Mapping[str, Delivery]
    ) -> bool:
        """Take up a conversation, or its newer state. Returns whether it is another one.

        ``deliveries`` tells by message id how far an agent's message got.
        """
        before, self._conversation = self._conversation, conversation
        self._deliveries = deliveries
        added = _added(before, conversation)
        if added is None or not self._rows:
            self.beginResetModel()
            self._rows = self._rows_of_newest(FIRST_MESSAGES)
            self.endResetModel()
            return True
        self._drop_oldest(len(self._rows) + added - MAX_MESSAGES)
        self._grow(len(self._rows) + added, at_end=True)
        return False

    def show_older(self) -> None:
        """Show some more messages before the first one."""
        if self.has_older:
            self._grow(min(len(self._rows) + FIRST_MESSAGES, MAX_MESSAGES), at_end=False)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (row.day, row.speaker, row.time, delivery_title(row.delivery))
            return ", ".join(part for part in parts if part) + f": {row.text}"
        return None

    def _rows_of_newest(self, count: int) -> tuple[TranscriptRow, ...]:
        if self._conversation is None:
            return ()
        return rows_of(self._conversation, self._deliveries, count)

    def _drop_oldest(self, count: int) -> None:
        if count > 0:
            self.beginRemoveRows(QModelIndex(), 0, count - 1)
            self._rows = self._rows[count:]
            self.endRemoveRows()

    def _grow(self, count: int, *, at_end: bool) -> None:
        old, rows = self._rows, self._rows_of_newest(count)
        added = len(rows) - len(old)
        first = len(old) if at_end else 0
        if added > 0:
            self.beginInsertRows(QModelIndex(), first, first + added - 1)
            self._rows = rows
            self.endInsertRows()
        self._rows = rows
        kept = 0 if at_end else max(added, 0)
        if rows[kept : kept + len(old)] != old:
            self.dataChanged.emit(self.index(kept), self.index(kept + len(old) - 1))


def rows_of(
    conversation: Conversation, deliveries: Mapping[str, Delivery], count: int = MAX_MESSAGES
) -> tuple[TranscriptRow, ...]:
    """The newest ``count`` messages, in local time, each day announced once."""
    customer = visible_text(conversation.customer_name).split()
    customer_name = (
        customer[0] if customer else QCoreApplication.translate("Transcript", "Customer")
    )
    you = QCoreApplication.translate("Transcript", "You")
    rows = []
    last_day: date | None = None
    for message in conversation.messages[-count:]:
        sent_at = message.sent_at.astimezone()
        is_customer = message.role == "customer"
        rows.append(
            TranscriptRow(
                message_id=message.message_id,
                is_customer=is_customer,
                text=shown_text(message),
                speaker=customer_name if is_customer else you,
                time=sent_at.strftime("%H:%M"),
                day=day_title(sent_at.date()) if sent_at.date() != last_day else "",
                delivery="" if is_customer else deliveries.get(message.message_id, "delivered"),
            )
        )
        last_day = sent_at.date()
    return tuple(rows)


def _added(before: Conversation | None, after: Conversation | None) -> int | None:
    """How many messages came at the end, or None if it is not the same conversation gone on."""
    if before is None or after is None or before.conversation_id != after.conversation_id:
        return None
    known = len(before.messages)
    return len(after.messages) - known if after.messages[:known] == before.messages else None


def shown_text(message: Message) -> str:
    """The text without anything that could hide, reorder or move what surrounds it."""
    text = visible_text(message.text)
    return f"{text} …" if len(message.text) > MAX_MESSAGE_CHARS else text


def day_title(day: date) -> str:
    today = utc_now().astimezone().date()
    if day == today:
        return QCoreApplication.translate("Transcript", "Today")
    if day == today - timedelta(days=1):
        return QCoreApplication.translate("Transcript", "Yesterday")
    return QLocale().toString(QDate(day.year, day.month, day.day), QLocale.FormatType.LongFormat)


def delivery_title(delivery: Delivery) -> str:
    titles: dict[Delivery, str] = {
        "": "",
        "sending": QCoreApplication.translate("Transcript", "sending"),
        "stored": QCoreApplication.translate("Transcript", "saved"),
        "delivered": QCoreApplication.translate("Transcript", "delivered"),
        "failed": QCoreApplication.translate("Transcript", "not delivered"),
    }
    return titles[delivery]
