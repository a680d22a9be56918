"""Sends: first onto the disk, with what became of the suggestions, then to the chat platform."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_assistant.conversation import Message
from desktop_assistant.errors import AssistantError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.sources import ChatSource
    from desktop_assistant.store.database import Store
    from desktop_assistant.ui.background import Background
    from desktop_assistant.ui.chat import Chat
    from desktop_assistant.ui.clock import Clock
    from desktop_assistant.ui.shown_log import Pending, ShownLog


class Outbox(QObject):
    """``stored`` carries id, Message and whether it answers all that the customer has said.

    It is emitted before the platform gets the message, and the chat has it in its place by then.
    The other signals are the desk's own.
    """

    sending = Signal(str, object)
    stored = Signal(str, object, bool)
    send_failed = Signal(str, str, str)
    undelivered = Signal(str, str, str)

    def __init__(
        self,
        store: Background[Store],
        source: ChatSource,
        shown: ShownLog,
        clock: Clock,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._source = source
        self._shown = shown
        self._clock = clock

    def send(self, chat: Chat, text: str) -> None:
        """Hand a message to the store, with the decision on everything that is open in the chat.

        Until it is stored, nothing else is sent there: a second press must not send twice.
        """
        if chat.outgoing is not None:
            return
        message = Message(
            str(uuid.uuid4()), chat.conversation_id, "agent", text.strip(), self._clock.now()
        )
        chat.begin_sending(message)
        pending = self._shown.pending(chat.conversation_id)
        self.sending.emit(chat.conversation_id, message)
        self._store.ask(
            lambda store, _: store.send(
                message, [(one.shown_id, one.decide(message.text)) for one in pending]
            ),
            lambda _: self._on_stored(chat, message, pending),
            lambda exc: self._on_not_stored(chat, text, exc),
        )

    def _on_stored(self, chat: Chat, message: Message, pending: Sequence[Pending]) -> None:
        self._shown.forget(chat.conversation_id, pending)
        answers_all = chat.end_sending(message)
        self.stored.emit(chat.conversation_id, message, answers_all)
        try:
            self._source.send(message)
        except AssistantError as exc:
            self.undelivered.emit(chat.conversation_id, message.message_id, str(exc))

    def _on_not_stored(self, chat: Chat, text: str, exc: AssistantError) -> None:
        chat.outgoing = None
        self.send_failed.emit(chat.conversation_id, text, str(exc))
