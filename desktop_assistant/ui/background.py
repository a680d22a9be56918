"""Brings what a worker's thread answers onto the main thread.

A ``Background`` owns one thing, the engine or the store, that is made on its worker's thread and
never leaves it. Whoever asks is on the main thread and is answered there. What fails
unexpectedly is logged without any text of a conversation and told once, as one calm sentence.
"""

from __future__ import annotations

import itertools
import logging
import traceback
from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from desktop_assistant.errors import AssistantError

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_assistant.worker import CancelToken, Worker

log = logging.getLogger(__name__)

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


class StumbleError(AssistantError):
    """A bug of ours, which has been logged and told already."""


class Courier(QObject):
    """Lives on the main thread and runs there what other threads hand it, in order.

    It has to outlive the workers that use it. ``stumbled`` tells that something of ours failed.
    """

    stumbled = Signal()
    _handed_over = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._handed_over.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def carry(self, call: Callable[[], None]) -> None:
        """May be called from any thread."""
        self._handed_over.emit(call)

    @Slot(object)
    def _run(self, call: Callable[[], None]) -> None:
        call()


class Background(Generic[Thing]):
    """A thing on its worker's thread, seen from the main thread."""

    def __init__(
        self, worker: Worker, make: Callable[[], Thing], courier: Courier, name: str
    ) -> None:
        """Nothing is made yet: the first request makes it, on the worker's thread.

        Args:
            worker: the only thread that touches the thing.
            make: makes it; if it raises, every request fails with what it raised.
            courier: carries the answers.
            name: what the log calls it.
        """
        self._worker = worker
        self._thing = _MadeOnce(make)
        self._courier = courier
        self._name = name
        self._numbers = itertools.count(1)
        self._latest: dict[str, int] = {}

    def ask(
        self,
        work: Callable[[Thing, CancelToken], Answer],
        on_done: Callable[[Answer], None] | None = None,
        on_failed: Callable[[AssistantError], None] | None = None,
        *,
        lane: str | None = None,
        priority: int = 1,
    ) -> None:
        """Have ``work`` done and its answer brought to ``on_done``.

        A request in a ``lane`` replaces the one before it, whose answer is dropped even when it
        is already on its way. A bug in ``work`` is logged, told by ``Courier.stumbled``, and
        reaches ``on_failed`` as StumbleError, so that nobody waits for ever.
        """
        number = next(self._numbers)
        if lane is not None:
            self._latest[lane] = number

        def is_stale() -> bool:
            return lane is not None and self._latest.get(lane) != number

        def done(answer: Answer) -> None:
            if on_done is not None and not is_stale():
                on_done(answer)

        def failed(exc: Exception) -> None:
            if not is_stale():
                self._fail(exc, on_failed)

        self._worker.submit(
            lambda token: work(self._thing.get(), token),
            lambda answer: self._courier.carry(lambda: done(answer)),
            lambda exc: self._courier.carry(lambda: failed(exc)),
            lane=lane,
            priority=priority,
        )

    def cancel(self, lane: str) -> None:
        """Stop what is queued or running in ``lane``, and drop its answer."""
        self._latest.pop(lane, None)
        self._worker.cancel(lane)

    def close(self, timeout_s: float = 2.0, *, finish: bool = False) -> bool:
        """Stop the worker; see ``Worker.close``."""
        return self._worker.close(timeout_s, finish=finish)

    def _fail(self, exc: Exception, on_failed: Callable[[AssistantError], None] | None) -> None:
        if isinstance(exc, AssistantError):
            log.warning("%s: %s", self._name, type(exc).__name__)
            if on_failed is not None:
                on_failed(exc)
            return
        log.error("%s failed\n%s", self._name, frames_of(exc))
        self._courier.stumbled.emit()
        if on_failed is not None:
            on_failed(StumbleError(f"The {self._name} failed unexpectedly; the log says where."))


def frames_of(exc: BaseException) -> str:
    """A traceback that names places and types only.

    The message of an exception may quote what a customer wrote, so it stays out.
    """
    parts: list[str] = []
    seen: BaseException | None = exc
    while seen is not None:
        frames = "".join(traceback.format_tb(seen.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{type(seen).__qualname__}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n\ncaused this:\n\n".join(reversed(parts))


class _MadeOnce(Generic[Thing]):
    """Makes its thing at the first ``get``, or fails the same way at each."""

    def __init__(self, make: Callable[[], Thing]) -> None:
        self._make = make
        self._made: list[Thing] = []
        self._failure: list[Exception] = []

    def get(self) -> Thing:
        if self._failure:
            raise self._failure[0]
        if not self._made:
            try:
                self._made.append(self._make())
            except Exception as exc:
                self._failure.append(exc)
                raise
        return self._made[0]
