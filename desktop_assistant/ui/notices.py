"""Turns what went wrong into one calm sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop_assistant.ui.background import StumbleError

if TYPE_CHECKING:
    from desktop_assistant.errors import AssistantError


class Notices(QObject):
    """``told`` carries the level (error, warning, notice) and the sentence."""

    told = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._told_once: set[str] = set()

    @Slot(object)
    def tell(self, exc: AssistantError) -> None:
        """Say it each time; a bug was told already when it was logged."""
        if not isinstance(exc, StumbleError):
            self.told.emit("error", str(exc))

    @Slot(object)
    def tell_once(self, exc: AssistantError) -> None:
        """Say what would come back with every message or key only the first time."""
        if str(exc) not in self._told_once:
            self._told_once.add(str(exc))
            self.tell(exc)

    @Slot()
    def tell_stumble(self) -> None:
        """Something of ours failed and was logged."""
        sentence = self.tr(
            "Something unexpected happened and was written to the log. You can go on working."
        )
        if sentence not in self._told_once:
            self._told_once.add(sentence)
            self.told.emit("warning", sentence)
