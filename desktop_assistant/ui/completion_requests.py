"""Asks for the grey text while the agent types, and lets through only what still fits.

Every change of the draft restarts a short timer; when it ends, the newest draft is asked about
and older questions are cancelled. What is on show is not asked for again while the agent types
along with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from desktop_assistant.completion import Completion, NoCompletion, type_through

if TYPE_CHECKING:
    from desktop_assistant.conversation import Conversation
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.ui.background import Background
    from desktop_assistant.ui.clock import Clock

DEBOUNCE_MS = 12
"""Keys that come together (a paste, an input method, auto-repeat) become one question."""

LANE = "complete"


@dataclass(frozen=True, slots=True)
class Offer:
    """A completion that was let through for ``draft``."""

    conversation_id: str
    message_id: str | None
    draft: str
    completion: Completion
    latency_ms: float


@dataclass(frozen=True, slots=True)
class _Wanted:
    conversation: Conversation
    draft: str
    pressed_s: float


class CompletionRequests(QObject):
    """``offered`` carries an Offer that fits the draft of this moment; its text may be empty.

    ``failed`` carries the AssistantError.
    """

    offered = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        engine: Background[Engine],
        clock: Clock,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._clock = clock
        self._wanted: _Wanted | None = None
        self._offer: Offer | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DEBOUNCE_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._ask)
        self._deadline_ms = 0

    def follow(
        self, conversation: Conversation, draft: str, *, caret_at_end: bool, deadline_ms: int
    ) -> None:
        """Take up the draft after a change. Nothing is offered that comes after the deadline."""
        self._deadline_ms = deadline_ms
        self._wanted = _Wanted(conversation, draft, self._clock.seconds())
        if not draft.strip() or not caret_at_end:
            self.forget()
        elif self._is_typed_through(conversation.conversation_id, draft):
            self._stop()
        else:
            self._timer.start()

    def forget(self) -> None:
        """Nothing is wanted any more."""
        self._stop()
        self._wanted = None
        self._offer = None

    def withdraw(self) -> None:
        """The agent does not want what is on show; the next change asks again."""
        self._offer = None

    def _stop(self) -> None:
        self._timer.stop()
        self._engine.cancel(LANE)

    def _is_typed_through(self, conversation_id: str, draft: str) -> bool:
        offer = self._offer
        if offer is None or offer.conversation_id != conversation_id:
            return False
        return bool(type_through(offer.draft, offer.completion.text, draft))

    @Slot()
    def _ask(self) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        chat, draft = wanted.conversation, wanted.draft
        self._engine.ask(
            lambda engine, token: engine.complete(chat.conversation_id, chat.turns, draft, token),
            partial(self._answer, wanted),
            self.failed.emit,
            lane=LANE,
        )

    def _answer(self, asked: _Wanted, completion: Completion) -> None:
        wanted = self._wanted
        if wanted is None or wanted.conversation.conversation_id != (
            asked.conversation.conversation_id
        ):
            return
        if wanted.draft != asked.draft:
            rest = type_through(asked.draft, completion.text, wanted.draft)
            if not rest:
                return
            self._stop()
            completion = replace(completion, text=rest)
        latency_ms = (self._clock.seconds() - wanted.pressed_s) * 1000
        if latency_ms > self._deadline_ms:
            completion = Completion.none(NoCompletion.TOO_LATE, latency_ms)
        newest = wanted.conversation.last_customer_message
        self._offer = Offer(
            conversation_id=wanted.conversation.conversation_id,
            message_id=newest.message_id if newest else None,
            draft=wanted.draft,
            completion=completion,
            latency_ms=latency_ms,
        )
        self.offered.emit(self._offer)
