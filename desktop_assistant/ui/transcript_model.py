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
    """Rows of the conversation that was shown last; grows at the end without a reset."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._conversation_id = ""
        self._rows: tuple[TranscriptRow, ...] = ()

    @property
    def rows(self) -> tuple[TranscriptRow, ...]:
        return self._rows

    def show_conversation(
        self, conversation: Conversation | None, deliveries: Mapping[str, Delivery]
    ) -> bool:
        """Take up a conversation, or its newer state. Returns whether messages came at the end.

        ``deliveries`` tells by message id how far an agent's message got.
        """
        rows = rows_of(conversation, deliveries) if conversation else ()
        same = conversation is not None and conversation.conversation_id == self._conversation_id
        self._conversation_id = conversation.conversation_id if conversation else ""
        old = self._rows
        if rows == old:
            return False
        kept = [row.message_id for row in old]
        if same and kept == [row.message_id for row in rows[: len(old)]]:
            return self._grow(old, rows)
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()
        return True

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

    def _grow(self, old: tuple[TranscriptRow, ...], rows: tuple[TranscriptRow, ...]) -> bool:
        if len(rows) > len(old):
            self.beginInsertRows(QModelIndex(), len(old), len(rows) - 1)
            self._rows = rows
            self.endInsertRows()
        self._rows = rows
        if rows[: len(old)] != old:
            self.dataChanged.emit(self.index(0), self.index(len(old) - 1))
        return len(rows) > len(old)


def rows_of(
    conversation: Conversation, deliveries: Mapping[str, Delivery]
) -> tuple[TranscriptRow, ...]:
    """The newest ``MAX_MESSAGES`` messages, in local time, each day announced once."""
    customer = visible_text(conversation.customer_name).split()
    customer_name = (
        customer[0] if customer else QCoreApplication.translate("Transcript", "Customer")
    )
    you = QCoreApplication.translate("Transcript", "You")
    rows = []
    last_day: date | None = None
    for message in conversation.messages[-MAX_MESSAGES:]:
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
