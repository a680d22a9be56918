"""Turns what the desk knows of conversations into the rows of the left pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QLocale

from desktop_assistant.conversation import utc_now
from desktop_assistant.ui.conversation_model import ConversationRow
from desktop_assistant.ui.labels import one_line
from desktop_assistant.ui.transcript_model import MAX_MESSAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from desktop_assistant.conversation import Conversation
    from desktop_assistant.ui.conversation_view import ConversationView

MAX_LINE_CHARS = 160


class ConversationRows:
    """Keeps the searchable text of each conversation until a message is added to it."""

    def __init__(self) -> None:
        self._search_texts: dict[str, tuple[Conversation, str]] = {}

    def of(self, views: Sequence[ConversationView]) -> list[ConversationRow]:
        self._search_texts = {
            view.conversation_id: self._search_text(view.conversation) for view in views
        }
        return [_row(view, self._search_texts[view.conversation_id][1]) for view in views]

    def _search_text(self, conversation: Conversation) -> tuple[Conversation, str]:
        known = self._search_texts.get(conversation.conversation_id)
        if known is not None and known[0] is conversation:
            return known
        texts = [message.text for message in conversation.messages[-MAX_MESSAGES:]]
        return conversation, "\n".join([conversation.customer_name, *texts]).casefold()


def _row(view: ConversationView, search_text: str) -> ConversationRow:
    conversation = view.conversation
    newest = conversation.messages[-1] if conversation.messages else None
    return ConversationRow(
        conversation_id=conversation.conversation_id,
        name=one_line(conversation.customer_name) or "?",
        time=short_time(newest.sent_at if newest else conversation.started_at),
        last_line=one_line(newest.text[:MAX_LINE_CHARS]) if newest else "",
        unread=view.unread,
        sentiment=view.sentiment,
        search_text=search_text,
    )


def short_time(moment: datetime) -> str:
    """The hour for today, the date for any other day, in local time."""
    local = moment.astimezone()
    if local.date() == utc_now().astimezone().date():
        return local.strftime("%H:%M")
    day = QDate(local.year, local.month, local.day)
    return QLocale().toString(day, QLocale.FormatType.ShortFormat)
