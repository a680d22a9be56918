"""A person's word against the model's, on its way into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from desktop_assistant.decision import Correction, CorrectionTarget
    from desktop_assistant.store.database import Store
    from desktop_assistant.ui.background import Background
    from desktop_assistant.ui.chat import Chat
    from desktop_assistant.ui.clock import Clock


class Corrections(QObject):
    """``saved`` carries id and Correction, durable by then; ``failed`` the AssistantError."""

    saved = Signal(str, object)
    failed = Signal(object)

    def __init__(
        self, store: Background[Store], clock: Clock, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._clock = clock

    def correct(
        self, chat: Chat, message_id: str, target: CorrectionTarget, label: str, by: str
    ) -> None:
        """Nothing happens where the model has not said anything yet."""
        correction = chat.correction(message_id, target, label, by)
        if correction is None:
            return
        at = self._clock.now()
        self._store.ask(
            lambda store, _: store.save_correction(correction, at),
            lambda _: self._on_saved(chat, correction),
            self.failed.emit,
        )

    def _on_saved(self, chat: Chat, correction: Correction) -> None:
        chat.corrections.append(correction)
        self.saved.emit(chat.conversation_id, correction)
