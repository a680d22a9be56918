"""One thread, numbered requests: the newest of a lane counts, older ones are cancelled and dropped.

The engine and the store each own one ``Worker``. Work is serialised by construction, so neither
needs a lock. A lane is a stream of requests in which only the newest matters (the completions of
the draft, say); requests without a lane always run, in order.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class CancelToken:
    """Tells running work that nobody waits for it any more; safe to ask from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    def __call__(self) -> bool:
        return self._event.is_set()


@dataclass(frozen=True, slots=True)
class _Request(Generic[Answer]):
    work: Callable[[CancelToken], Answer]
    on_done: Callable[[Answer], None]
    on_error: Callable[[Exception], None]
    token: CancelToken


class Worker:
    """A daemon thread that runs requests by priority (0 first), then by age."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._numbers = itertools.count(1)
        # By priority, then number, which no two have in common; None is the end.
        self._queue: queue.PriorityQueue[tuple[int, int, _Request[Any] | None]] = (
            queue.PriorityQueue()
        )
        self._lanes: dict[str, CancelToken] = {}
        self._lanes_lock = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(
        self,
        work: Callable[[CancelToken], Answer],
        on_done: Callable[[Answer], None],
        on_error: Callable[[Exception], None],
        *,
        lane: str | None = None,
        priority: int = 1,
    ) -> int:
        """Queue ``work`` and return its number; may be called from any thread.

        ``on_done`` or ``on_error`` is called on the worker's thread, and never for a request that
        a newer one of its lane has replaced.
        """
        token = CancelToken()
        if lane is not None:
            with self._lanes_lock:
                older = self._lanes.get(lane)
                self._lanes[lane] = token
            if older is not None:
                older.cancel()
        number = next(self._numbers)
        if not self._is_closed:
            self._queue.put((priority, number, _Request(work, on_done, on_error, token)))
        return number

    def cancel(self, lane: str) -> None:
        """Cancel what is queued or running in ``lane``."""
        with self._lanes_lock:
            token = self._lanes.pop(lane, None)
        if token is not None:
            token.cancel()

    @property
    def waiting(self) -> int:
        """How many requests are queued, about."""
        return self._queue.qsize()

    def close(self, timeout_s: float = 2.0, *, finish: bool = False) -> bool:
        """Stop the thread and say whether it ended in time.

        Args:
            timeout_s: how long to wait for running work.
            finish: whether what is queued is done first (the store) or dropped (the engine).
        """
        self._is_closed = True
        if not finish:
            with self._lanes_lock:
                for token in self._lanes.values():
                    token.cancel()
        self._queue.put((99 if finish else -1, next(self._numbers), None))
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            _, _, request = self._queue.get()
            if request is None:
                return
            if request.token():
                continue
            try:
                answer = request.work(request.token)
            except Exception as exc:  # noqa: BLE001  # whatever failed, the thread lives on
                if not request.token():
                    request.on_error(exc)
                continue
            if not request.token():
                request.on_done(answer)
