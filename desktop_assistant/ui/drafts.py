"""Keeps what stands in the composers: soon after the last key, and whenever a chat is left."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

if TYPE_CHECKING:
    from desktop_assistant.store.database import Store
    from desktop_assistant.ui.background import Background
    from desktop_assistant.worker import CancelToken

SAVE_AFTER_MS = 500


class Drafts(QObject):
    """Writes drafts that changed; ``failed`` carries the AssistantError."""

    failed = Signal(object)

    def __init__(self, store: Background[Store], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._unsaved: dict[str, str] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self.save)

    def follow(self, conversation_id: str, text: str) -> None:
        self._unsaved[conversation_id] = text
        self._timer.start()

    def forget(self, conversation_id: str) -> None:
        """The store has cleared this one itself."""
        self._unsaved.pop(conversation_id, None)

    @Slot()
    def save(self) -> None:
        """Write now what has changed."""
        self._timer.stop()
        for conversation_id, text in self._unsaved.items():
            self._store.ask(partial(_save_draft, conversation_id, text), on_failed=self.failed.emit)
        self._unsaved = {}


def _save_draft(conversation_id: str, text: str, store: Store, _: CancelToken) -> None:
    store.save_draft(conversation_id, text)
