from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.worker import CancelToken, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Diary:
    """What a worker answered, in order; ``wait_for`` waits for so many entries."""

    def __init__(self) -> None:
        self.entries: list[object] = []
        self._changed = threading.Condition()

    def write(self, entry: object) -> None:
        with self._changed:
            self.entries.append(entry)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[object]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.entries) >= count, timeout=5)
        return self.entries


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker("test")
    yield worker
    worker.close()


@pytest.fixture
def diary() -> Diary:
    return Diary()


def saying(name: str) -> Callable[[CancelToken], str]:
    return lambda _: name


def hold(worker: Worker) -> threading.Event:
    """Keep the worker busy until the event is set."""
    is_running, go_on = threading.Event(), threading.Event()

    def work(_: CancelToken) -> None:
        is_running.set()
        go_on.wait(5)

    worker.submit(work, lambda _: None, lambda _: None)
    assert is_running.wait(5)
    return go_on


def test_work_runs_on_the_workers_own_thread(worker: Worker, diary: Diary) -> None:
    worker.submit(lambda _: threading.current_thread().name, diary.write, diary.write)

    assert diary.wait_for(1) == ["test"]


def test_urgent_work_goes_first_and_equals_keep_their_order(worker: Worker, diary: Diary) -> None:
    go_on = hold(worker)
    for name, priority in (("late", 3), ("first", 1), ("second", 1), ("urgent", 0)):
        worker.submit(saying(name), diary.write, diary.write, priority=priority)

    go_on.set()

    assert diary.wait_for(4) == ["urgent", "first", "second", "late"]


def test_only_the_newest_of_a_lane_is_answered(worker: Worker, diary: Diary) -> None:
    go_on = hold(worker)
    for name in ("old", "older", "newest"):
        worker.submit(saying(name), diary.write, diary.write, lane="lane")
    worker.submit(lambda _: "other", diary.write, diary.write)

    go_on.set()

    assert diary.wait_for(2) == ["newest", "other"]


def test_running_work_is_cancelled_by_a_newer_request_of_its_lane(
    worker: Worker, diary: Diary
) -> None:
    is_running = threading.Event()

    def patient(token: CancelToken) -> str:
        is_running.set()
        while not token():
            is_running.wait(0.001)
        return "cancelled"

    worker.submit(patient, diary.write, diary.write, lane="lane")
    assert is_running.wait(5)
    worker.submit(lambda _: "newer", diary.write, diary.write, lane="lane")

    assert diary.wait_for(1) == ["newer"]


def test_a_failure_reaches_on_error_and_the_thread_lives_on(worker: Worker, diary: Diary) -> None:
    def fail(_: CancelToken) -> None:
        raise ValueError("broken")

    worker.submit(fail, diary.write, lambda exc: diary.write(type(exc)))
    worker.submit(lambda _: "alive", diary.write, diary.write)

    assert diary.wait_for(2) == [ValueError, "alive"]


def test_a_cancelled_failure_is_not_told(worker: Worker, diary: Diary) -> None:
    is_running = threading.Event()

    def fail(token: CancelToken) -> None:
        is_running.set()
        while not token():
            is_running.wait(0.001)
        raise ValueError("broken")

    worker.submit(fail, diary.write, diary.write, lane="lane")
    assert is_running.wait(5)
    worker.cancel("lane")
    worker.submit(lambda _: "next", diary.write, diary.write)

    assert diary.wait_for(1) == ["next"]


def test_closing_with_finish_does_what_is_queued_first(diary: Diary) -> None:
    worker = Worker("store")
    go_on = hold(worker)
    for name in ("a", "b", "c"):
        worker.submit(saying(name), diary.write, diary.write)
    assert worker.waiting == 3

    go_on.set()

    assert worker.close(finish=True)
    assert diary.entries == ["a", "b", "c"]


def test_closing_without_finish_drops_what_is_queued(diary: Diary) -> None:
    worker = Worker("engine")
    go_on = hold(worker)
    worker.submit(lambda _: "queued", diary.write, diary.write)
    closer = threading.Timer(0.02, go_on.set)
    closer.start()

    has_ended = worker.close()
    closer.join()

    assert has_ended
    assert diary.entries == []


def test_closing_says_when_the_thread_did_not_end_in_time() -> None:
    worker = Worker("stuck")
    go_on = hold(worker)

    has_ended = worker.close(timeout_s=0.01)
    go_on.set()

    assert not has_ended


def test_nothing_is_taken_in_after_closing(diary: Diary) -> None:
    worker = Worker("closed")
    worker.close()

    worker.submit(lambda _: "late", diary.write, diary.write)

    assert worker.waiting == 0
